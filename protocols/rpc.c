/* rpc.c: what the JSON-RPC dialects share. JSON-RPC 1.0 and 2.0 as pools speak them:
 *
 *   request   {"id":4,"method":"name","params":[...]}      also {"params":..,"method":..,"id":..}
 *   push      {"id":null,"method":"name","params":[...]}   id may be absent
 *   reply     {"id":4,"result":true,"error":null}
 *   refusal   "error":[21,"Job not found",null] | [21,"..."] | {"code":-1,"message":"..."} | "..."
 *             "result":false,"reject-reason":"Above target" | "result":{"status":"..."}
 *   batch     [{...},{...}]
 */
#include "protocols/rpc.h"

#include <stdio.h>

#include "protocols/hex.h"

#define RPC_CODE_STALE 21.0 /* "job not found" in every pool that numbers its errors */

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

bool rpc_starts_with(struct slice text, struct slice prefix)
{
	if (prefix.len > text.len)
		return false;
	if (slice_eq(slice_head(text, prefix.len), prefix)) /* it is said as we write it */
		return true;
	for (size_t i = 0; i < prefix.len; i++)
		if (lower(text.ptr[i]) != lower(prefix.ptr[i]))
			return false;
	return true;
}

bool rpc_contains(struct slice text, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; text.len - i >= len && i < text.len; i++)
		if (rpc_starts(slice_tail(text, i), word))
			return true;
	return false;
}

bool rpc_is_hex(const struct json *doc, json_value value, size_t digits)
{
	size_t len = json_raw(doc, value).len; /* with 0x or without */

	return (len == digits || len == digits + 2) && json_hex(doc, value).len == digits;
}

bool rpc_is_0x(const struct json *doc, json_value value, size_t digits)
{
	struct slice raw = json_raw(doc, value);

	return raw.len == digits + 2 && rpc_starts(raw, "0x") && rpc_is_hex(doc, value, digits);
}

uint64_t rpc_hash_hex(uint64_t hash, struct slice hex)
{
	const uint64_t lowered = 0x2020202020202020u; /* digits have that bit already */

	if (hash == 0)
		hash = 0xcbf29ce484222325u;
	for (; hex.len >= sizeof(uint64_t); hex = slice_tail(hex, sizeof(uint64_t))) {
		uint64_t word;

		memcpy(&word, hex.ptr, sizeof(word));
		hash = (hash ^ (word | lowered)) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32; /* a product only carries upwards */
	}
	for (size_t i = 0; i < hex.len; i++)
		hash = (hash ^ lower(hex.ptr[i])) * 0x100000001b3u;
	hash = (hash ^ '.') * 0x100000001b3u; /* "ab","c" is not "a","bc" */
	return hash == 0 ? 1 : hash;
}

static bool is_host(struct slice host)
{
	if (host.len == 0 || host.len > 253)
		return false;
	for (size_t i = 0; i < host.len; i++) {
		uint8_t byte = lower(host.ptr[i]);
		bool is_name = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
			       byte == '.' || byte == '-' || byte == '_';

		if (!is_name && byte != ':' && byte != '[' && byte != ']')
			return false;
	}
	return true;
}

struct slice rpc_pool(const struct rpc_call *call, struct slice host, json_value port,
		      char out[RPC_POOL_BYTES])
{
	uint64_t number = 0;

	if (json_unsigned(call->doc, port, UINT16_MAX, &number) != 0)
		return slice_of(out, 0);
	return rpc_pool_port(host, (unsigned)number, out);
}

struct slice rpc_pool_port(struct slice host, unsigned port, char out[RPC_POOL_BYTES])
{
	host = rpc_pool_url(host);
	if (host.len == 0 || port == 0 || port > UINT16_MAX)
		return slice_of(out, 0);
	bool is_bare_v6 = host.ptr[0] != '[' && slice_find(host, ':') < host.len;
	int len = snprintf(out, RPC_POOL_BYTES, "%s%.*s%s:%u", is_bare_v6 ? "[" : "", (int)host.len,
			   (const char *)host.ptr, is_bare_v6 ? "]" : "", port);
	return slice_of(out, len < 0 || len >= RPC_POOL_BYTES ? 0 : (size_t)len);
}

struct slice rpc_pool_url(struct slice url)
{
	size_t colon = slice_find(url, ':');

	if (slice_starts(slice_tail(url, colon), "://"))
		url = slice_tail(url, colon + 3);
	url = slice_head(url, slice_find(url, '/'));
	for (size_t at = slice_find(url, '@'); at < url.len; at = slice_find(url, '@'))
		url = slice_tail(url, at + 1);
	return is_host(url) ? url : slice_of(url.ptr, 0);
}

double rpc_hex_number(struct slice digits)
{
	double value = 0;

	if (!hex_is(digits))
		return 0;
	for (size_t i = 0; i < digits.len && i < 64; i++)
		value = value * 16 + hex_values[digits.ptr[i]];
	return value;
}

struct finding rpc_finding(const struct rpc_call *call, enum finding_kind kind, enum sender sender,
			   enum proof proof)
{
	return (struct finding){
		.kind = kind, .sender = sender, .proof = proof, .request = call->id
	};
}

void rpc_emit(const struct rpc_call *call, const struct finding *finding)
{
	call->out->emit(call->out->ctx, finding);
}

const struct rpc_method *rpc_method_find(const struct rpc_method *rows, size_t count,
					 struct slice method, bool any_case)
{
	for (size_t i = 0; i < count; i++)
		if (any_case ? rpc_equals(method, rows[i].name) : slice_is(method, rows[i].name))
			return &rows[i];
	return NULL;
}

/* Families that speak JSON-RPC over TCP but are never mining. */
static bool is_foreign(struct slice method)
{
	return rpc_starts(method, "server.") || rpc_starts(method, "blockchain.") ||
	       rpc_starts(method, "mempool.") || slice_find(method, '/') < method.len;
}

/* {"id":40}, perhaps with a version or an empty error: in one dialect that is a yes. */
static bool is_bare(const struct rpc_call *call)
{
	return call->id != 0 && call->method.len == 0 && call->params == JSON_ABSENT &&
	       !call->doc->is_cut &&
	       json_size(call->doc, call->object) ==
		       1 + (json_member(call->doc, call->object, "jsonrpc") != JSON_ABSENT);
}

/* What a message may be made of. */
struct reader {
	bool (*handle)(struct rpc_call *call);
	bool takes_nameless; /* params without a method as well */
};

/* Reads one object; false when it cannot be a call of any dialect. */
static bool read_call(struct rpc_call *call, json_value object, bool takes_nameless)
{
	const struct slice names[] = { slice_str("method"), slice_str("params"),
				       slice_str("result"), slice_str("error"), slice_str("id") };
	json_value members[sizeof(names) / sizeof(names[0])];
	const struct json *doc = call->doc;

	json_members(doc, object, names, members, sizeof(names) / sizeof(names[0]));
	json_value method = members[0];

	call->object = object;
	call->params = members[1];
	call->result = members[2];
	call->error = members[3];
	call->id = json_id(doc, members[4]);
	call->method = slice_of(NULL, 0);
	if (json_type(doc, method) == JSON_STRING) {
		struct slice name =
			json_text(doc, method, call->method_text, sizeof(call->method_text));

		call->method = slice_head(name, slice_find(name, '('));
		if (call->method.len == 0 || is_foreign(call->method))
			return false;
	} else if (method != JSON_ABSENT && json_type(doc, method) != JSON_NULL) {
		return false;
	}
	/* Some servers repeat the method in the reply. */
	call->is_reply = (call->result != JSON_ABSENT || call->error != JSON_ABSENT) &&
			 (call->method.len == 0 || call->params == JSON_ABSENT);
	call->is_reply = call->is_reply || is_bare(call);
	return call->is_reply || call->method.len > 0 ||
	       (takes_nameless && call->params != JSON_ABSENT);
}

static bool decode_calls(void *state, struct message *msg, const struct finding_out *out,
			 struct reader reader)
{
	const struct json *doc = message_json(msg);
	json_value root = doc == NULL ? JSON_ABSENT : json_root(doc);
	struct rpc_text text;
	struct rpc_call call = {
		.doc = doc, .out = out, .state = state, .text = &text, .dir = msg->dir
	};
	bool is_mine = false;

	if (root == JSON_ABSENT)
		return false;
	if (json_type(doc, root) == JSON_OBJECT)
		return read_call(&call, root, reader.takes_nameless) && reader.handle(&call);
	if (json_type(doc, root) != JSON_ARRAY)
		return false;
	for (size_t i = 0; i < LIMIT_BATCH && i < json_size(doc, root); i++) {
		json_value object = json_element(doc, root, i);

		if (json_type(doc, object) == JSON_OBJECT &&
		    read_call(&call, object, reader.takes_nameless) && reader.handle(&call))
			is_mine = true;
	}
	return is_mine;
}

bool rpc_decode(void *state, struct message *msg, const struct finding_out *out,
		bool (*handle)(struct rpc_call *call))
{
	return decode_calls(state, msg, out, (struct reader){ .handle = handle });
}

bool rpc_decode_nameless(void *state, struct message *msg, const struct finding_out *out,
			 bool (*handle)(struct rpc_call *call))
{
	return decode_calls(state, msg, out,
			    (struct reader){ .handle = handle, .takes_nameless = true });
}

static bool emit_verdict(struct rpc_call *call)
{
	struct rpc_reply reply;

	if (!call->is_reply || call->id == 0 || !rpc_reply_read(call, &reply))
		return false;
	struct finding finding = rpc_reply_finding(call, &reply, PROOF_NONE);

	if (reply.is_ok && json_type(call->doc, call->result) == JSON_TRUE)
		finding.reply_to = REPLY_TO_LOGIN_OR_SHARE;
	rpc_emit(call, &finding);
	return true;
}

bool dialects_reply(struct message *msg, const struct finding_out *out)
{
	return msg->http == NULL && rpc_decode(NULL, msg, out, emit_verdict);
}

enum frame_result rpc_frame(struct json *doc, struct slice in, size_t *skip, size_t *len)
{
	switch (json_read(doc, in, skip, len)) {
	case JSON_FRAME_WHOLE:
		return FRAME_WHOLE;
	case JSON_FRAME_MORE:
		return FRAME_MORE;
	case JSON_FRAME_BAD:
		break;
	}
	return FRAME_BAD;
}

static void emit_nothing(void *ctx, const struct finding *finding)
{
	(void)ctx;
	(void)finding;
}

enum probe_result rpc_probe(struct slice first, enum direction dir, const struct dialect *dialect)
{
	const struct finding_out nowhere = { .emit = emit_nothing, .ctx = NULL };
	uint64_t state[DIALECT_STATE_MAX / sizeof(uint64_t)] = { 0 };
	struct json scratch;
	size_t skip = 0;
	size_t len = 0;
	size_t junk = 0;
	enum frame_result framed = rpc_frame(&scratch, first, &skip, &len);

	while (framed == FRAME_BAD && skip > 0 && junk <= LIMIT_JUNK_BYTES) {
		junk += skip;
		first = slice_tail(first, skip);
		framed = rpc_frame(&scratch, first, &skip, &len);
	}
	if (framed == FRAME_BAD || junk + skip > LIMIT_JUNK_BYTES)
		return PROBE_NO;
	if (framed == FRAME_MORE)
		return PROBE_MAYBE;
	struct message msg = { .bytes = slice_sub(first, skip, len),
			       .dir = dir,
			       .json = &scratch,
			       .is_parsed = scratch.count > 0 };
	/* A reply says nothing by itself, and another dialect may have opened the stream. */
	return dialect->decode(state, &msg, &nowhere) ? PROBE_YES : PROBE_MAYBE;
}

static bool contains_any(struct slice text, const char *const *words, size_t count)
{
	text = slice_head(text, LIMIT_TEXT_BYTES);
	for (size_t i = 0; i < count; i++)
		if (rpc_contains(text, words[i]))
			return true;
	return false;
}

/* "Job not found", "Invalid JobID", "Unknown job_id": it is the job that is wrong, mostly as it was
 * replaced. */
static bool is_lost_job(struct slice reason)
{
	static const char *const before[] = { "invalid job", "unknown job", "no such job",
					      "old job",     "expired job", "outdated job" };
	static const char *const behind[] = { "not found", "expired", "outdated", "unknown" };
	size_t at = 0;

	if (contains_any(reason, before, sizeof(before) / sizeof(before[0])))
		return true;
	while (at < reason.len && !rpc_starts(slice_tail(reason, at), "job"))
		at++;
	return contains_any(slice_tail(reason, at), behind, sizeof(behind) / sizeof(behind[0]));
}

static bool is_stale_reason(struct slice reason)
{
	static const char *const words[] = { "stale", "block expired", "block outdated",
					     "outdated share", "too late" };

	return contains_any(reason, words, sizeof(words) / sizeof(words[0])) || is_lost_job(reason);
}

bool rpc_is_share_reason(struct slice reason)
{
	static const char *const words[] = { "share",     "low diff",  "duplicate",
					     "high-hash", "high hash", "above target",
					     "nonce",     "solution",  "not accepted" };

	return is_stale_reason(reason) ||
	       contains_any(reason, words, sizeof(words) / sizeof(words[0]));
}

static struct slice reply_text(const struct rpc_call *call, struct rpc_reply *reply,
			       json_value value)
{
	return json_text(call->doc, value, reply->text, sizeof(reply->text));
}

/* [code, "message", trace] in any order and length, also in a list of its own. */
static void read_error_array(const struct rpc_call *call, struct rpc_reply *reply)
{
	json_value inner = json_element(call->doc, call->error, 0);
	json_value list = json_type(call->doc, inner) == JSON_ARRAY ? inner : call->error;
	double code;

	for (size_t i = 0; i < 3 && i < json_size(call->doc, list); i++) {
		json_value part = json_element(call->doc, list, i);

		if (json_type(call->doc, part) == JSON_STRING && reply->reason.len == 0)
			reply->reason = reply_text(call, reply, part);
		else if (i == 0 && json_number(call->doc, part, &code) == 0)
			reply->is_stale = code == RPC_CODE_STALE;
	}
}

static void read_error_object(const struct rpc_call *call, struct rpc_reply *reply)
{
	json_value message = json_member(call->doc, call->error, "message");
	double code;

	reply->reason = reply_text(call, reply, message);
	if (json_number(call->doc, json_member(call->doc, call->error, "code"), &code) == 0)
		reply->is_stale = code == RPC_CODE_STALE;
}

/* True when the call carries an error; what it says goes to reply. Some write null as a text. */
static bool read_error(const struct rpc_call *call, struct rpc_reply *reply)
{
	double number;

	switch (json_type(call->doc, call->error)) {
	case JSON_ARRAY:
		read_error_array(call, reply);
		return json_size(call->doc, call->error) > 0;
	case JSON_OBJECT:
		read_error_object(call, reply);
		return json_size(call->doc, call->error) > 0;
	case JSON_STRING:
		if (json_is(call->doc, call->error, "null"))
			return false;
		reply->reason = reply_text(call, reply, call->error);
		return reply->reason.len > 0;
	case JSON_NUMBER:
		return json_number(call->doc, call->error, &number) == 0 && number != 0.0;
	case JSON_TRUE:
		return true;
	case JSON_FALSE:
	case JSON_NULL:
	case JSON_NONE:
		break;
	}
	return false;
}

bool rpc_reply_read(const struct rpc_call *call, struct rpc_reply *reply)
{
	const struct json *doc = call->doc;
	enum json_type type = json_type(doc, call->result);
	json_value status = json_member(doc, call->result, "status");

	reply->is_ok = false;
	reply->is_stale = false;
	reply->reply_to = REPLY_TO_ANYTHING;
	reply->reason = slice_of(NULL, 0);
	if (read_error(call, reply)) {
		reply->is_stale = reply->is_stale || is_stale_reason(reply->reason);
		if (reply->is_stale || rpc_is_share_reason(reply->reason))
			reply->reply_to = REPLY_TO_SHARE;
		return true;
	}
	if (type == JSON_NONE)
		return false;
	if (doc->is_cut && (type == JSON_NULL || (type == JSON_OBJECT && status == JSON_ABSENT)))
		return false; /* the error, or the status, was in the part we lost */
	reply->is_ok = type != JSON_FALSE && type != JSON_NULL;
	if (json_type(doc, status) == JSON_STRING) {
		struct slice word = reply_text(call, reply, status);

		reply->is_ok = rpc_equals(word, "OK") || rpc_equals(word, "KEEPALIVED");
		reply->reason = reply->is_ok ? slice_of(NULL, 0) : word;
	}
	if (!reply->is_ok && reply->reason.len == 0)
		reply->reason =
			reply_text(call, reply, json_member(doc, call->object, "reject-reason"));
	reply->is_stale = !reply->is_ok && is_stale_reason(reply->reason);
	if (!reply->is_ok && rpc_is_share_reason(reply->reason))
		reply->reply_to = REPLY_TO_SHARE;
	return true;
}

struct finding rpc_reply_finding(const struct rpc_call *call, const struct rpc_reply *reply,
				 enum proof proof)
{
	struct finding finding = rpc_finding(call, FINDING_REPLY, SENDER_POOL, proof);

	finding.is_ok = reply->is_ok;
	finding.is_stale = reply->is_stale;
	finding.reply_to = reply->reply_to;
	finding.reason = reply->reason;
	return finding;
}

bool rpc_reply_emit(const struct rpc_call *call, enum proof proof)
{
	struct rpc_reply reply;

	if (!rpc_reply_read(call, &reply))
		return false;
	struct finding finding = rpc_reply_finding(call, &reply, proof);

	rpc_emit(call, &finding);
	return true;
}
