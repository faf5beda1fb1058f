/* flowlog_line.c: the fields of flow logs and how each is read. */
#include "sensor/trail/flowlog_line.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#define TIME_MAX       UINT64_C(9999999999) /* 2286: what is beyond is no time in seconds */
#define AMOUNT_MAX     (UINT64_C(1) << 50)  /* bytes and packets of one window */
#define PORT_MAX       65535
#define DEFAULT_FIELDS 14
#define NAME_MAX_BYTES 64
#define TCP_SYN        2
#define BLANKS         " \t\r"

/* X(id, name) */
#define FIELDS(X) \
	X(VERSION, "version") \
	X(ACCOUNT, "account-id") \
	X(ENI, "interface-id") \
	X(SRC, "srcaddr") \
	X(DST, "dstaddr") \
	X(SRC_PORT, "srcport") \
	X(DST_PORT, "dstport") \
	X(PROTOCOL, "protocol") \
	X(PACKETS, "packets") \
	X(BYTES, "bytes") \
	X(START, "start") \
	X(END, "end") \
	X(ACTION, "action") \
	X(STATUS, "log-status") \
	X(VPC, "vpc-id") \
	X(INSTANCE, "instance-id") \
	X(TCP_FLAGS, "tcp-flags") \
	X(PACKET_SRC, "pkt-srcaddr") \
	X(PACKET_DST, "pkt-dstaddr") \
	X(REGION, "region") \
	X(SRC_SERVICE, "pkt-src-aws-service") \
	X(DST_SERVICE, "pkt-dst-aws-service") \
	X(DIRECTION, "flow-direction")

enum field {
	FIELD_OTHER,
#define FIELD_ENUM(id, name) FIELD_##id,
	FIELDS(FIELD_ENUM)
#undef FIELD_ENUM
		FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = { [FIELD_OTHER] = "",
#define FIELD_NAME(id, name) [FIELD_##id] = (name),
						      FIELDS(FIELD_NAME)
#undef FIELD_NAME
};

/* The fields of version 2, in order: the first rows of FIELDS. */
static const struct flowlog_layout default_layout = {
	.count = DEFAULT_FIELDS,
	.fields = { FIELD_VERSION, FIELD_ACCOUNT, FIELD_ENI, FIELD_SRC, FIELD_DST, FIELD_SRC_PORT,
		    FIELD_DST_PORT, FIELD_PROTOCOL, FIELD_PACKETS, FIELD_BYTES, FIELD_START,
		    FIELD_END, FIELD_ACTION, FIELD_STATUS },
	.is_usable = true
};

/* Cuts the text at blanks. The number of words, at most max + 1. */
static size_t cut_words(char *text, char *words[], size_t max)
{
	size_t count = 0;

	for (;;) {
		text += strspn(text, BLANKS);
		if (*text == '\0')
			return count;
		if (count == max)
			return max + 1;
		words[count++] = text;
		text += strcspn(text, BLANKS);
		if (*text != '\0')
			*text++ = '\0';
	}
}

/* --- header --------------------------------------------------------------------------------- */

/* srcaddr, pkt_srcaddr, ${pkt-srcaddr}: without what surrounds the name. */
static void plain_name(const char *word, size_t len, char out[NAME_MAX_BYTES])
{
	size_t used = 0;

	for (size_t i = 0; i < len && used + 1 < NAME_MAX_BYTES; i++) {
		if (strchr("${}", word[i]) != NULL)
			continue;
		out[used++] = (char)(word[i] == '_' ? '-' : tolower((unsigned char)word[i]));
	}
	out[used] = '\0';
}

static enum field find_field(const char *word, size_t len)
{
	char name[NAME_MAX_BYTES];

	plain_name(word, len, name);
	for (enum field field = FIELD_VERSION; field < FIELD_COUNT; field++)
		if (strcmp(name, field_names[field]) == 0)
			return field;
	return FIELD_OTHER;
}

static bool has_field(const struct flowlog_layout *layout, enum field field)
{
	return memchr(layout->fields, (int)field, layout->count) != NULL;
}

static bool is_usable(const struct flowlog_layout *layout)
{
	return (has_field(layout, FIELD_SRC) || has_field(layout, FIELD_PACKET_SRC)) &&
	       (has_field(layout, FIELD_DST) || has_field(layout, FIELD_PACKET_DST)) &&
	       has_field(layout, FIELD_SRC_PORT) && has_field(layout, FIELD_DST_PORT) &&
	       has_field(layout, FIELD_START) && has_field(layout, FIELD_END);
}

/* No value of a field is spelled like a name, so that two names make a header. A name that stands
 * twice takes the first column. */
bool flowlog_header_read(struct flowlog_layout *layout, const char *text)
{
	struct flowlog_layout read = { 0 };
	size_t known = 0;
	size_t len;

	text += strspn(text, BLANKS);
	/* Nearly all lines begin with a number, or with an id that tells by itself. */
	if (*text != '$' && !isalpha((unsigned char)*text))
		return false;
	if (find_field(text, strcspn(text, BLANKS)) == FIELD_OTHER && strstr(text, "addr") == NULL)
		return false;
	for (; *text != '\0' && read.count < FLOWLOG_COLUMNS; text += strspn(text, BLANKS)) {
		enum field field;

		len = strcspn(text, BLANKS);
		field = find_field(text, len);
		if (field != FIELD_OTHER && !has_field(&read, field)) {
			read.fields[read.count] = (uint8_t)field;
			known++;
		}
		read.count++;
		text += len;
	}
	if (known < 2)
		return false;
	read.is_usable = is_usable(&read);
	*layout = read;
	return true;
}

/* --- values --------------------------------------------------------------------------------- */

static bool read_uint(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || value > max / 10)
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*out = value;
	return value <= max;
}

static bool read_addr(const char *text, struct flowlog_addr *out)
{
	bool is_ip6 = strchr(text, ':') != NULL;

	if (inet_pton(is_ip6 ? AF_INET6 : AF_INET, text, out->bytes) != 1)
		return false;
	out->ip_version = is_ip6 ? 6 : 4;
	return true;
}

static bool read_port(const char *text, uint16_t *out)
{
	uint64_t value;

	if (!read_uint(text, PORT_MAX, &value))
		return false;
	*out = (uint16_t)value;
	return true;
}

/* One of several words; the index, or -1. */
static int find_word(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return (int)i;
	return -1;
}

static const char *read_status(const char *text, struct flowlog_line *out)
{
	static const char *const words[] = { "OK", "NODATA", "SKIPDATA" };
	int found = find_word(text, words, 3);

	if (found < 0)
		return "log-status is none";
	out->status = (uint8_t)found;
	return NULL;
}

static const char *read_action(const char *text, struct flowlog_line *out)
{
	static const char *const words[] = { "ACCEPT", "REJECT" };
	int found = find_word(text, words, 2);

	if (found < 0)
		return "action is none";
	out->is_rejected = found == 1;
	return NULL;
}

static const char *read_direction(const char *text, struct flowlog_line *out)
{
	static const char *const words[] = { "", "ingress", "egress" };
	int found = find_word(text, words, 3);

	if (found < 0)
		return "flow-direction is none";
	out->direction = (uint8_t)found;
	return NULL;
}

static const char *read_flags(const char *text, struct flowlog_line *out)
{
	uint64_t flags;

	if (!read_uint(text, UINT8_MAX, &flags))
		return "tcp-flags is no number";
	out->has_syn = (flags & TCP_SYN) != 0;
	return NULL;
}

static const char *read_protocol(const char *text, struct flowlog_line *out)
{
	uint64_t value;

	if (!read_uint(text, UINT8_MAX, &value))
		return "protocol is no number";
	out->protocol = (uint8_t)value;
	return NULL;
}

/* Where a text goes; NULL: not a text. */
static const char **text_of(enum field field, struct flowlog_line *out)
{
	switch ((int)field) {
	case FIELD_ACCOUNT:
		return &out->account;
	case FIELD_REGION:
		return &out->region;
	case FIELD_VPC:
		return &out->vpc;
	case FIELD_INSTANCE:
		return &out->instance;
	case FIELD_ENI:
		return &out->eni;
	case FIELD_SRC_SERVICE:
		return &out->src_service;
	case FIELD_DST_SERVICE:
		return &out->dst_service;
	default:
		return NULL;
	}
}

/* NULL, or what is wrong. */
static const char *read_field(enum field field, const char *text, struct flowlog_line *out)
{
	uint64_t number;

	switch ((int)field) {
	case FIELD_VERSION:
		return read_uint(text, UINT8_MAX, &number) ? NULL : "version is no number";
	case FIELD_SRC:
		return read_addr(text, &out->src) ? NULL : "srcaddr is no address";
	case FIELD_DST:
		return read_addr(text, &out->dst) ? NULL : "dstaddr is no address";
	case FIELD_PACKET_SRC:
		return read_addr(text, &out->packet_src) ? NULL : "pkt-srcaddr is no address";
	case FIELD_PACKET_DST:
		return read_addr(text, &out->packet_dst) ? NULL : "pkt-dstaddr is no address";
	case FIELD_SRC_PORT:
		return read_port(text, &out->src_port) ? NULL : "srcport is no port";
	case FIELD_DST_PORT:
		return read_port(text, &out->dst_port) ? NULL : "dstport is no port";
	case FIELD_PACKETS:
		return read_uint(text, AMOUNT_MAX, &out->packets) ? NULL : "packets is no number";
	case FIELD_BYTES:
		return read_uint(text, AMOUNT_MAX, &out->bytes) ? NULL : "bytes is no number";
	case FIELD_START:
		return read_uint(text, TIME_MAX, &out->start_s) ? NULL : "start is no time";
	case FIELD_END:
		return read_uint(text, TIME_MAX, &out->end_s) ? NULL : "end is no time";
	case FIELD_PROTOCOL:
		return read_protocol(text, out);
	case FIELD_ACTION:
		return read_action(text, out);
	case FIELD_STATUS:
		return read_status(text, out);
	case FIELD_TCP_FLAGS:
		return read_flags(text, out);
	case FIELD_DIRECTION:
		return read_direction(text, out);
	default:
		return NULL;
	}
}

/* --- lines ---------------------------------------------------------------------------------- */

/* "2026-03-05T10:00:00.000Z" of an export of CloudWatch Logs. */
static bool is_time(const char *word)
{
	return strlen(word) >= 20 && word[4] == '-' && word[10] == 'T' &&
	       word[strlen(word) - 1] == 'Z';
}

static const char *read_words(const struct flowlog_layout *layout, char *const words[],
			      struct flowlog_line *out)
{
	for (size_t i = 0; i < layout->count; i++) {
		enum field field = (enum field)layout->fields[i];
		const char **text = text_of(field, out);
		const char *why = NULL;

		if (strcmp(words[i], "-") == 0)
			continue;
		if (text != NULL)
			*text = words[i];
		else
			why = read_field(field, words[i], out);
		if (why != NULL)
			return why;
	}
	return NULL;
}

/* The packet's addresses where the log has them, else the hop's; and the other way round. */
static const char *settle(struct flowlog_line *out)
{
	if (out->packet_src.ip_version == 0)
		out->packet_src = out->src;
	if (out->packet_dst.ip_version == 0)
		out->packet_dst = out->dst;
	if (out->src.ip_version == 0)
		out->src = out->packet_src;
	if (out->dst.ip_version == 0)
		out->dst = out->packet_dst;
	if (out->end_s < out->start_s)
		return "end is before start";
	out->has_traffic = out->status == FLOWLOG_OK && out->src.ip_version != 0 &&
			   out->dst.ip_version != 0 && out->start_s != 0;
	if (!out->has_traffic)
		return NULL;
	if (out->packet_src.ip_version != out->packet_dst.ip_version)
		return "addresses of different IP versions";
	return NULL;
}

int flowlog_line_read(const struct flowlog_layout *layout, char *text, struct flowlog_line *out,
		      const char **why)
{
	char *words[FLOWLOG_COLUMNS];
	char **first = words;
	size_t count = cut_words(text, words, FLOWLOG_COLUMNS);

	*out = (struct flowlog_line){ .account = "",
				      .region = "",
				      .vpc = "",
				      .instance = "",
				      .eni = "",
				      .src_service = "",
				      .dst_service = "" };
	*why = "not as many fields as the header has";
	if (layout->count == 0) {
		*why = "no header, and not the 14 fields of version 2";
		layout = &default_layout;
	}
	if (count > 0 && count == layout->count + 1 && count <= FLOWLOG_COLUMNS &&
	    is_time(words[0])) {
		first++;
		count--;
	}
	if (count != layout->count)
		return -EBADMSG;
	*why = read_words(layout, first, out);
	if (*why == NULL)
		*why = settle(out);
	return *why == NULL ? 0 : -EBADMSG;
}

/* --- addresses ------------------------------------------------------------------------------ */

bool flowlog_addr_equal(const struct flowlog_addr *a, const struct flowlog_addr *b)
{
	return a->ip_version == b->ip_version && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool is_inside_ip4(const uint8_t a[4])
{
	return a[0] == 0 || a[0] == 10 || a[0] == 127 || a[0] >= 224 ||
	       (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168) ||
	       (a[0] == 169 && a[1] == 254) || (a[0] == 100 && (a[1] & 0xc0) == 64);
}

bool flowlog_addr_is_inside(const struct flowlog_addr *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t zero[15] = { 0 };
	const uint8_t *a = addr->bytes;

	if (addr->ip_version == 4)
		return is_inside_ip4(a);
	if (memcmp(a, mapped, sizeof(mapped)) == 0)
		return is_inside_ip4(a + 12);
	return (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || a[0] == 0xff ||
	       (memcmp(a, zero, sizeof(zero)) == 0 && a[15] <= 1);
}
