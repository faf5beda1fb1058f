/* dns.c: header, question, and the records that answer it.
 *
 *   id u16, flags u16, counts of questions, answers, authorities, additionals u16 each
 *           QR(1) opcode(4) AA TC RD RA Z AD CD rcode(4)
 *   question  name, type u16, class u16
 *   record    name, type u16, class u16, ttl u32, length u16, data
 *             HTTPS, SVCB data: priority u16, target name, (key u16, length u16, value)..
 *             OPT: the top byte of ttl is the upper part of rcode
 *
 * Records may stand in any order, so they are listed first and then taken in rounds, as long as a
 * round finds a new name. Owners are compared by where their labels lie, which is enough for nearly
 * all; a few are read and compared as text. */
#include "protocols/dns.h"

#include "protocols/cursor.h"

#define HEADER_BYTES   12
#define QUESTION_BYTES 5  /* the least: the root, type and class */
#define RECORD_BYTES   11 /* the least: the root and no data */
#define MESSAGE_MAX    65535
#define RECORDS_MAX    64 /* listed of one message */
#define TEXTS_MAX      40 /* owners that are compared as text in one message */
#define NOBODY         DNS_NAMES

enum { OPCODE_QUERY = 0, OPCODE_NOTIFY = 4, CLASS_INTERNET = 1 };
enum { PARAM_IPV4HINT = 4, PARAM_IPV6HINT = 6 };

struct header {
	uint16_t id;
	uint16_t flags;
	uint16_t questions;
	uint16_t answers;
	uint16_t authorities;
	uint16_t additionals;
};

/* Offsets are of the message. */
struct record {
	uint16_t type;
	uint16_t cls;
	uint32_t ttl;
	uint16_t owner; /* origin of its name */
	uint16_t at;    /* of the data */
	uint16_t len;   /* of the data */
	bool is_taken;
};

struct reader {
	struct slice message;
	struct dns_message *out;
	uint16_t origin[DNS_NAMES]; /* where the names have their labels */
	uint8_t texts_left;
	uint8_t record_count;
	struct dns_name scratch;
	struct record records[RECORDS_MAX];
};

static bool is_response(const struct header *header)
{
	return header->flags >> 15 == 1;
}

static unsigned opcode(const struct header *header)
{
	return header->flags >> 11 & 0x0f;
}

static bool read_header(struct slice message, struct header *out)
{
	struct cursor in = cursor_of(message);

	out->id = cursor_u16be(&in);
	out->flags = cursor_u16be(&in);
	out->questions = cursor_u16be(&in);
	out->answers = cursor_u16be(&in);
	out->authorities = cursor_u16be(&in);
	out->additionals = cursor_u16be(&in);
	return !in.bad;
}

bool dns_is_plausible(struct slice payload)
{
	struct header header;

	if (payload.len < HEADER_BYTES + QUESTION_BYTES || !read_header(payload, &header))
		return false;
	size_t records = (size_t)header.answers + header.authorities + header.additionals;
	bool is_query = !is_response(&header);

	if (header.questions != 1 || opcode(&header) != OPCODE_QUERY ||
	    (header.flags & 0x0040) != 0)
		return false;
	if (is_query && (header.answers != 0 || (header.flags & 0x000f) != 0))
		return false;
	return payload.ptr[HEADER_BYTES] <= DNS_LABEL &&
	       RECORD_BYTES * records <= payload.len - HEADER_BYTES - QUESTION_BYTES;
}

static void ignore(struct dns_message *out)
{
	if (out->ignored_count < UINT16_MAX)
		out->ignored_count++;
}

/* Index of the name; NOBODY when it is none of ours. */
static size_t find_text(struct reader *self, const struct dns_name *name)
{
	for (size_t i = 0; i < self->out->name_count; i++)
		if (dns_name_eq(&self->out->names[i], name))
			return i;
	return NOBODY;
}

static size_t find_owner(struct reader *self, const struct record *record)
{
	size_t end;

	for (size_t i = 0; i < self->out->name_count; i++)
		if (self->origin[i] == record->owner)
			return i;
	if (self->texts_left == 0)
		return NOBODY;
	self->texts_left--;
	if (!dns_name_read(self->message, record->owner, &self->scratch, &end))
		return NOBODY;
	return find_text(self, &self->scratch);
}

/* The name at an offset, which is added unless it is known; NOBODY when it cannot be read, does not
 * end where it may (from least to most), or there is no room. */
static size_t add_name(struct reader *self, size_t at, size_t least, size_t most, size_t *end)
{
	struct dns_message *out = self->out;
	bool has_room = out->name_count < DNS_NAMES;
	struct dns_name *name = has_room ? &out->names[out->name_count] : &self->scratch;

	if (!dns_name_read(self->message, at, name, end) || *end < least || *end > most)
		return NOBODY;
	size_t known = find_text(self, name);

	if (known != NOBODY || !has_room)
		return known;
	self->origin[out->name_count] = (uint16_t)dns_name_origin(self->message, at);
	return out->name_count++;
}

/* The next row; NULL when there is no room, which is counted. */
static struct dns_answer *add_answer(struct dns_message *out, uint16_t type, size_t owner,
				     const struct record *record)
{
	if (out->answer_count == DNS_ANSWERS) {
		ignore(out);
		return NULL;
	}
	struct dns_answer *answer = &out->answers[out->answer_count++];

	answer->type = type;
	answer->owner = (uint8_t)owner;
	answer->target = 0;
	answer->is_hint = false;
	answer->ttl = record->ttl;
	return answer;
}

static void take_address(struct reader *self, const struct record *record, size_t owner)
{
	struct slice data = slice_sub(self->message, record->at, record->len);
	struct dns_answer *answer;

	if (data.len != (record->type == DNS_TYPE_A ? 4 : 16)) {
		ignore(self->out);
		return;
	}
	answer = add_answer(self->out, record->type, owner, record);
	if (answer != NULL)
		memcpy(answer->addr, data.ptr, data.len);
}

static void take_alias(struct reader *self, const struct record *record, size_t owner)
{
	size_t end;
	size_t limit = (size_t)record->at + record->len;
	size_t target = add_name(self, record->at, limit, limit, &end);

	if (target == NOBODY) {
		ignore(self->out);
		return;
	}
	struct dns_answer *answer = add_answer(self->out, DNS_TYPE_CNAME, owner, record);

	if (answer != NULL)
		answer->target = (uint8_t)target;
	if (owner == self->out->canonical)
		self->out->canonical = (uint8_t)target;
}

static void take_hints(struct reader *self, const struct record *record, size_t owner,
		       struct slice list, size_t size)
{
	while (list.len >= size) {
		struct dns_answer *answer = add_answer(
			self->out, size == 4 ? DNS_TYPE_A : DNS_TYPE_AAAA, owner, record);

		if (answer != NULL) {
			answer->is_hint = true;
			memcpy(answer->addr, list.ptr, size);
		}
		list = slice_tail(list, size);
	}
}

/* HTTPS or SVCB. A target "." is the owner itself. */
static void take_service(struct reader *self, const struct record *record, size_t owner)
{
	size_t at = (size_t)record->at + 2;
	size_t limit = (size_t)record->at + record->len;
	size_t end = at + 1;
	size_t target = owner;

	if (at < limit && self->message.ptr[at] != 0)
		target = add_name(self, at, at, limit, &end);
	if (target == NOBODY || end > limit) {
		ignore(self->out);
		return;
	}
	struct cursor in = cursor_of(slice_sub(self->message, end, limit - end));

	while (cursor_left(&in) > 0) {
		uint16_t key = cursor_u16be(&in);
		struct slice value = cursor_take(&in, cursor_u16be(&in));

		if (key == PARAM_IPV4HINT)
			take_hints(self, record, target, value, 4);
		else if (key == PARAM_IPV6HINT)
			take_hints(self, record, target, value, 16);
	}
}

static void take(struct reader *self, const struct record *record, size_t owner)
{
	switch (record->type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		take_address(self, record, owner);
		break;
	case DNS_TYPE_CNAME:
		take_alias(self, record, owner);
		break;
	default:
		take_service(self, record, owner);
		break;
	}
}

/* One round; true when it found a new name, so that another may find more. */
static bool take_round(struct reader *self)
{
	uint8_t name_count = self->out->name_count;

	for (size_t i = 0; i < self->record_count; i++) {
		struct record *record = &self->records[i];
		size_t owner = record->is_taken ? NOBODY : find_owner(self, record);

		if (owner == NOBODY)
			continue;
		record->is_taken = true;
		take(self, record, owner);
	}
	return self->out->name_count > name_count;
}

static void take_all(struct reader *self)
{
	while (take_round(self))
		;
	for (size_t i = 0; i < self->record_count; i++)
		if (!self->records[i].is_taken)
			ignore(self->out);
}

static bool is_listed_type(uint16_t type)
{
	return type == DNS_TYPE_A || type == DNS_TYPE_AAAA || type == DNS_TYPE_CNAME ||
	       type == DNS_TYPE_HTTPS || type == DNS_TYPE_SVCB;
}

/* All but the owner. */
static bool read_record(struct cursor *in, size_t *owner, struct record *out)
{
	size_t end = dns_name_skip(in->in, in->pos);

	*owner = in->pos;
	if (end == 0)
		return false;
	cursor_skip(in, end - in->pos);
	out->type = cursor_u16be(in);
	out->cls = cursor_u16be(in);
	out->ttl = cursor_u32be(in);
	out->len = cursor_u16be(in);
	out->at = (uint16_t)in->pos;
	out->is_taken = false;
	cursor_skip(in, out->len);
	return !in->bad;
}

static void list_answer(struct reader *self, const struct record *record, size_t owner)
{
	if (!is_listed_type(record->type) || record->cls != CLASS_INTERNET ||
	    self->record_count == RECORDS_MAX) {
		ignore(self->out);
		return;
	}
	struct record *row = &self->records[self->record_count++];

	*row = *record;
	row->ttl = record->ttl > INT32_MAX ? 0 : record->ttl;
	row->owner = (uint16_t)dns_name_origin(self->message, owner);
}

static bool read_answers(struct reader *self, struct cursor *in, unsigned count)
{
	struct record record;
	size_t owner;

	for (unsigned i = 0; i < count; i++) {
		if (!read_record(in, &owner, &record))
			return false;
		list_answer(self, &record, owner);
	}
	return true;
}

static bool read_additionals(struct reader *self, struct cursor *in, unsigned count)
{
	bool is_service = self->out->question_type == DNS_TYPE_HTTPS ||
			  self->out->question_type == DNS_TYPE_SVCB;
	struct record record;
	size_t owner;

	for (unsigned i = 0; i < count; i++) {
		if (!read_record(in, &owner, &record))
			return false;
		if (record.type == DNS_TYPE_OPT && !self->out->has_edns) {
			self->out->has_edns = true;
			self->out->rcode |= (uint16_t)(record.ttl >> 24 << 4);
		} else if (is_service &&
			   (record.type == DNS_TYPE_A || record.type == DNS_TYPE_AAAA)) {
			list_answer(self, &record, owner);
		}
	}
	return true;
}

static bool read_sections(struct reader *self, struct cursor *in, const struct header *header)
{
	struct record record;
	size_t owner;

	if (!read_answers(self, in, header->answers))
		return false;
	for (unsigned i = 0; i < header->authorities; i++)
		if (!read_record(in, &owner, &record))
			return false;
	return read_additionals(self, in, header->additionals);
}

static bool read_question(struct reader *self, struct cursor *in)
{
	struct dns_message *out = self->out;
	size_t end;

	if (!dns_name_read(self->message, HEADER_BYTES, &out->names[0], &end))
		return false;
	self->origin[0] = HEADER_BYTES;
	cursor_skip(in, end);
	out->question_type = cursor_u16be(in);
	out->question_class = cursor_u16be(in);
	return !in->bad;
}

/* The lists stay as they are: nothing of them is looked at before it is written. */
static void begin_reader(struct reader *self, struct slice message, struct dns_message *out)
{
	self->message = message;
	self->out = out;
	self->texts_left = TEXTS_MAX;
	self->record_count = 0;
}

static void begin_message(struct dns_message *out, const struct header *header)
{
	out->id = header->id;
	out->rcode = header->flags & 0x0f;
	out->opcode = (uint8_t)opcode(header);
	out->is_response = is_response(header);
	out->is_truncated = (header->flags & 0x0200) != 0;
	out->has_edns = false;
	out->name_count = 1;
	out->answer_count = 0;
	out->canonical = 0;
	out->ignored_count = 0;
}

enum dns_result dns_read(struct slice message, struct dns_message *out)
{
	struct reader self;
	struct header header;

	message = slice_head(message, MESSAGE_MAX);
	if (!read_header(message, &header) || header.questions != 1 ||
	    opcode(&header) > OPCODE_NOTIFY)
		return DNS_NONE;
	struct cursor in = cursor_of(message);

	begin_reader(&self, message, out);
	begin_message(out, &header);
	if (!read_question(&self, &in))
		return DNS_NONE;
	bool is_whole = read_sections(&self, &in, &header);

	take_all(&self);
	return is_whole ? DNS_WHOLE : DNS_CUT;
}

enum dns_frame dns_tcp_frame(struct slice bytes, struct slice *message, size_t *used)
{
	struct cursor in = cursor_of(bytes);
	uint16_t len = cursor_u16be(&in);

	if (in.bad)
		return DNS_FRAME_MORE;
	if (len < HEADER_BYTES)
		return DNS_FRAME_BAD;
	*message = cursor_take(&in, len);
	if (in.bad)
		return DNS_FRAME_MORE;
	*used = in.pos;
	return DNS_FRAME_WHOLE;
}

_Static_assert(TEXTS_MAX <= UINT8_MAX && RECORDS_MAX <= UINT8_MAX && DNS_ANSWERS <= UINT8_MAX,
	       "a count must fit its field");
