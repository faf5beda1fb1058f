/* cnwork.c: the fields that CryptoNote work has in every protocol that carries it.
 *
 *   block, blob  major varint, minor varint, time varint, previous hash [32], nonce [4], .. */
#include "protocols/cnwork.h"

#include "protocols/cursor.h"
#include "protocols/rpc.h"
#include "protocols/target.h"

#define BLOB_DIGITS_MIN 140
#define BLOB_DIGITS_MAX 816
#define HEAD_BYTES      16 /* the three varints fit */
#define HASH_DIGITS     64
#define TIME_MIN        1388534400u /* 2014: the oldest CryptoNote chain */
#define TIME_MAX        2524608000u /* 2050: we have no clock here */
#define VERSION_MAX     255

static uint64_t read_varint(struct cursor *in)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 63; shift += 7) {
		uint8_t byte = cursor_u8(in);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
	in->bad = true;
	return 0;
}

/* Bytes before the previous hash; 0: no block. */
static size_t head_bytes(struct slice digits)
{
	uint8_t head[HEAD_BYTES];
	size_t len;

	if (!target_hex_bytes(slice_head(digits, 2 * sizeof(head)), head, sizeof(head), &len))
		return 0;
	struct cursor in = cursor_of(slice_of(head, len));
	uint64_t major = read_varint(&in);
	uint64_t minor = read_varint(&in);
	uint64_t time = read_varint(&in);

	if (in.bad || major == 0 || major > VERSION_MAX || minor > VERSION_MAX || time < TIME_MIN ||
	    time > TIME_MAX)
		return 0;
	return len - cursor_left(&in);
}

bool cnwork_is_block(struct slice digits)
{
	return head_bytes(digits) > 0;
}

struct slice cnwork_previous(struct slice digits)
{
	size_t head = head_bytes(digits);
	struct slice hash = slice_sub(digits, 2 * head, HASH_DIGITS);

	return head > 0 && hash.len == HASH_DIGITS ? hash : slice_of(digits.ptr, 0);
}

enum proof cnwork_job(const struct json *doc, json_value fields, struct finding *finding,
		      char text[LIMIT_TEXT_BYTES])
{
	struct slice blob = json_hex(doc, json_member(doc, fields, "blob"));
	struct slice target = json_hex(doc, json_member(doc, fields, "target"));
	uint64_t job = json_id(doc, json_member(doc, fields, "job_id"));
	double work = 0;

	if (target.len == 8 || target.len == 16)
		work = target_work_cryptonote(target);
	if (job == 0 || work <= 0 || blob.len < BLOB_DIGITS_MIN || blob.len > BLOB_DIGITS_MAX ||
	    blob.len % 2 != 0)
		return PROOF_NONE;
	finding->job = job;
	finding->work = work;
	finding->difficulty = work;
	finding->algo = json_text(doc, json_member(doc, fields, "algo"), text, LIMIT_TEXT_BYTES);
	if (finding->algo.len == 0 &&
	    rpc_is_hex(doc, json_member(doc, fields, "seed_hash"), HASH_DIGITS))
		finding->algo = slice_str("randomx"); /* nobody else has one */
	return cnwork_is_block(blob) ? PROOF_CONFIRMED : PROOF_LIKELY;
}

enum proof cnwork_share(const struct json *doc, json_value fields, struct finding *finding)
{
	struct slice nonce = json_hex(doc, json_member(doc, fields, "nonce"));
	struct slice result = json_hex(doc, json_member(doc, fields, "result"));
	uint64_t job = json_id(doc, json_member(doc, fields, "job_id"));

	if (job == 0 || nonce.len != 8 ||
	    (result.len != HASH_DIGITS && !(doc->is_cut && result.len == 0)))
		return PROOF_NONE;
	finding->job = job;
	finding->nonce = rpc_hash_hex(job, nonce);
	finding->difficulty = target_work_result(result);
	return result.len == HASH_DIGITS ? PROOF_CONFIRMED : PROOF_LIKELY;
}
