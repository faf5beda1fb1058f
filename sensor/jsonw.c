/* jsonw.c: a bounded writer of one JSON line.
 *
 * Reference: RFC 8259 (JSON), RFC 3629 (UTF-8, whose table of well-formed sequences is checked here
 * byte by byte). Besides what JSON demands, DEL and the C1 controls are escaped too, so that a line
 * may be shown on a terminal. Numbers never go through the locale. */
#include "sensor/jsonw.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sensor/textw.h"

#define NS_PER_S  UINT64_C(1000000000)
#define EXACT_INT 9007199254740992.0 /* 2^53: above it a double has no fraction */

static const uint64_t powers_of_ten[] = { 1,      10,      100,      1000,      10000,
					  100000, 1000000, 10000000, 100000000, 1000000000 };
#define EACH(byte)   (UINT64_C(0x0101010101010101) * (byte)) /* of eight */
#define DECIMALS_MAX (sizeof(powers_of_ten) / sizeof(powers_of_ten[0]) - 1)

void jsonw_init(struct jsonw *w, char *out, size_t size)
{
	*w = (struct jsonw){ .out = out, .size = size, .is_full = size == 0 };
}

/* Room for n bytes and the final NUL. */
static bool has_room(struct jsonw *w, size_t n)
{
	if (w->is_full || n >= w->size - w->len)
		w->is_full = true;
	return !w->is_full;
}

static void put_char(struct jsonw *w, char c)
{
	if (has_room(w, 1))
		w->out[w->len++] = c;
}

static void put(struct jsonw *w, const char *bytes, size_t len)
{
	if (has_room(w, len)) {
		memcpy(w->out + w->len, bytes, len);
		w->len += len;
	}
}

static void put_uint(struct jsonw *w, uint64_t value)
{
	char digits[TEXTW_DIGITS];

	if (!w->is_full && w->size - w->len > sizeof(digits))
		w->len += textw_digits(value, w->out + w->len);
	else
		put(w, digits, textw_digits(value, digits));
}

static void put_unicode_escape(struct jsonw *w, unsigned code)
{
	static const char hex[] = "0123456789abcdef";
	char escape[6] = { '\\', 'u' };

	for (size_t i = 0; i < 4; i++)
		escape[2 + i] = hex[code >> (12 - 4 * i) & 15];

	put(w, escape, sizeof(escape));
}

static void put_control(struct jsonw *w, unsigned byte)
{
	switch (byte) {
	case '"':
		put(w, "\\\"", 2);
		break;
	case '\\':
		put(w, "\\\\", 2);
		break;
	case '\n':
		put(w, "\\n", 2);
		break;
	case '\r':
		put(w, "\\r", 2);
		break;
	case '\t':
		put(w, "\\t", 2);
		break;
	default:
		put_unicode_escape(w, byte);
		break;
	}
}

size_t jsonw_utf8_len(const uint8_t *bytes, size_t len)
{
	uint8_t low = 0x80;
	uint8_t high = 0xbf;
	size_t need;

	if (len == 0)
		return 0;
	if (bytes[0] < 0x80)
		return 1;
	if (bytes[0] >= 0xc2 && bytes[0] <= 0xdf)
		need = 2;
	else if (bytes[0] >= 0xe0 && bytes[0] <= 0xef)
		need = 3;
	else if (bytes[0] >= 0xf0 && bytes[0] <= 0xf4)
		need = 4;
	else
		return 0;
	if (len < need)
		return 0;
	if (bytes[0] == 0xe0)
		low = 0xa0; /* overlong */
	else if (bytes[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (bytes[0] == 0xf0)
		low = 0x90; /* overlong */
	else if (bytes[0] == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if (bytes[i] < 0x80 || bytes[i] > 0xbf)
			return 0;
	return need;
}

static bool is_plain(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

bool jsonw_is_deceiving(const uint8_t *bytes, size_t len)
{
	if (len == 2)
		return bytes[0] == 0xc2 && bytes[1] < 0xa0; /* C1 controls */
	if (len != 3 || bytes[0] != 0xe2)
		return false;
	if (bytes[1] == 0x80)
		return bytes[2] == 0x8e || bytes[2] == 0x8f ||
		       (bytes[2] >= 0xa8 && bytes[2] <= 0xae);
	return bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9;
}

/* The code of a sequence of two or three bytes. */
static unsigned decode(const uint8_t *bytes, size_t len)
{
	unsigned last = bytes[len - 1] & 0x3fu;

	if (len == 2)
		return (bytes[0] & 0x1fu) << 6 | last;
	return (bytes[0] & 0x0fu) << 12 | (bytes[1] & 0x3fu) << 6 | last;
}

/* Whether one of eight bytes is not plain. */
static bool has_odd(uint64_t word)
{
	uint64_t quote = word ^ EACH('"');
	uint64_t backslash = word ^ EACH('\\');
	/* The top bit of a byte: not ASCII, below 0x20, DEL, a zero where they differ. */
	uint64_t odd = word | (word - EACH(0x20)) | (word + EACH(1));

	odd |= ((quote - EACH(1)) & ~quote) | ((backslash - EACH(1)) & ~backslash);
	return (odd & EACH(0x80)) != 0;
}

/* One to seven bytes, some of them twice. */
static uint64_t few_bytes(const uint8_t *bytes, size_t len)
{
	uint32_t first;
	uint32_t last;

	if (len < sizeof(first))
		return EACH(' ') << 24 | (uint32_t)bytes[0] << 16 | (uint32_t)bytes[len / 2] << 8 |
		       bytes[len - 1];
	memcpy(&first, bytes, sizeof(first));
	memcpy(&last, bytes + len - sizeof(last), sizeof(last));
	return (uint64_t)first << 32 | last;
}

/* Nothing but plain bytes, eight at a time, the last ones together with those before: nearly every
 * string. */
static bool is_all_plain(const uint8_t *bytes, size_t len)
{
	bool is_odd = false;
	uint64_t word;

	if (len == 0)
		return true;
	if (len < sizeof(word))
		return !has_odd(few_bytes(bytes, len));
	for (size_t i = 0; i < len - sizeof(word); i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		is_odd |= has_odd(word);
	}
	memcpy(&word, bytes + len - sizeof(word), sizeof(word));
	return !is_odd && !has_odd(word);
}

static void put_escaped(struct jsonw *w, const uint8_t *bytes, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t run = i;

		while (run < len && is_plain(bytes[run]))
			run++;
		if (run > i) {
			put(w, (const char *)bytes + i, run - i);
			i = run;
			continue;
		}

		size_t sequence = jsonw_utf8_len(bytes + i, len - i);

		if (sequence == 0)
			put(w, "\xef\xbf\xbd", 3);
		else if (sequence == 1)
			put_control(w, bytes[i]);
		else if (jsonw_is_deceiving(bytes + i, sequence))
			put_unicode_escape(w, decode(bytes + i, sequence));
		else
			put(w, (const char *)bytes + i, sequence);
		i += sequence == 0 ? 1 : sequence;
	}
}

void jsonw_put_bytes(struct jsonw *w, const void *bytes, size_t len)
{
	if (len > JSONW_STRING_MAX)
		len = JSONW_STRING_MAX;
	if (!is_all_plain(bytes, len)) {
		put_char(w, '"');
		put_escaped(w, bytes, len);
		put_char(w, '"');
	} else if (has_room(w, len + 2)) {
		char *at = w->out + w->len;

		at[0] = '"';
		if (len > 0)
			memcpy(at + 1, bytes, len);
		at[len + 1] = '"';
		w->len += len + 2;
	}
}

void jsonw_begin(struct jsonw *w, const char *key, size_t key_len)
{
	char *at;

	if (!has_room(w, key_len + 4))
		return;
	at = w->out + w->len;
	if (w->has_member[w->depth])
		*at++ = ',';
	w->has_member[w->depth] = true;
	if (key != NULL) {
		*at++ = '"';
		memcpy(at, key, key_len);
		at += key_len;
		*at++ = '"';
		*at++ = ':';
	}
	w->len = (size_t)(at - w->out);
}

void jsonw_add_text(struct jsonw *w, const char *key, size_t key_len, const char *text)
{
	jsonw_begin(w, key, key_len);
	jsonw_put_bytes(w, text, strlen(text));
}

void jsonw_add_uint(struct jsonw *w, const char *key, size_t key_len, uint64_t value)
{
	jsonw_begin(w, key, key_len);
	put_uint(w, value);
}

void jsonw_put_open(struct jsonw *w, char bracket)
{
	put_char(w, bracket);
	assert(w->depth < JSONW_DEPTH - 1); /* our own nesting, never the wire's */
	w->has_member[++w->depth] = false;
}

static void close_level(struct jsonw *w, char bracket)
{
	assert(w->depth > 0);
	w->depth--;
	put_char(w, bracket);
}

void jsonw_close_object(struct jsonw *w)
{
	close_level(w, '}');
}

void jsonw_close_array(struct jsonw *w)
{
	close_level(w, ']');
}

void jsonw_put_fixed(struct jsonw *w, double value, unsigned decimals)
{
	uint64_t scale;
	uint64_t whole;
	uint64_t fraction;
	char digits[400]; /* the largest double has 309 digits */

	if (!isfinite(value))
		value = 0;
	if (decimals > DECIMALS_MAX)
		decimals = DECIMALS_MAX;
	scale = powers_of_ten[decimals];
	if (value < 0) {
		value = -value;
		/* No "-0.0": what rounds to zero is zero. */
		if (value >= EXACT_INT || value * (double)scale >= 0.5)
			put_char(w, '-');
	}
	if (value >= EXACT_INT) {
		int len = snprintf(digits, sizeof(digits), "%.0f", value);

		put(w, digits, (size_t)len);
		fraction = 0;
	} else {
		whole = (uint64_t)value;
		fraction = (uint64_t)((value - (double)whole) * (double)scale + 0.5);
		if (fraction >= scale) {
			whole++;
			fraction = 0;
		}
		put_uint(w, whole);
	}
	if (decimals == 0)
		return;
	put_char(w, '.');
	for (uint64_t place = scale / 10; place > 0; place /= 10)
		put_char(w, (char)('0' + fraction / place % 10));
}

size_t jsonw_fixed_text(double value, unsigned decimals, char *out, size_t size)
{
	struct jsonw w;

	jsonw_init(&w, out, size);
	jsonw_put_fixed(&w, value, decimals);
	return jsonw_finish(&w);
}

void jsonw_put_bool(struct jsonw *w, bool value)
{
	if (value)
		put(w, "true", 4);
	else
		put(w, "false", 5);
}

/* Two digits and what stands behind them. */
static char *put_pair(char *out, uint32_t value, char behind)
{
	textw_pair(out, value);
	out[2] = behind;
	return out + 3;
}

/* Year, month and day of a day since 1970-01-01, Gregorian, by eras of 400 years that begin on
 * 1 March, so that the leap day is the last of its year. */
static void civil_date(uint32_t day, uint32_t *year, uint32_t *month, uint32_t *mday)
{
	uint32_t shifted = day + 719468; /* days from 0000-03-01 to 1970-01-01 */
	uint32_t era = shifted / 146097;
	uint32_t era_day = shifted % 146097;
	uint32_t era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	uint32_t year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	uint32_t march_month = (5 * year_day + 2) / 153;

	*mday = year_day - (153 * march_month + 2) / 5 + 1;
	*month = march_month < 10 ? march_month + 3 : march_month - 9;
	*year = era * 400 + era_year + (*month <= 2);
}

void jsonw_time_text(uint64_t time_ns, char *out, size_t size)
{
	uint64_t seconds = time_ns / NS_PER_S; /* 64 bits of them end in the year 2554 */
	uint32_t micros = (uint32_t)(time_ns % NS_PER_S / 1000);
	uint32_t of_day = (uint32_t)(seconds % 86400);
	uint32_t year;
	uint32_t month;
	uint32_t mday;
	char *at = out;

	if (size <= JSONW_TIME_LEN) {
		if (size > 0)
			out[0] = '\0';
		return;
	}
	civil_date((uint32_t)(seconds / 86400), &year, &month, &mday);
	textw_pair(at, year / 100);
	at = put_pair(at + 2, year % 100, '-');
	at = put_pair(at, month, '-');
	at = put_pair(at, mday, 'T');
	at = put_pair(at, of_day / 3600, ':');
	at = put_pair(at, of_day / 60 % 60, ':');
	at = put_pair(at, of_day % 60, '.');
	textw_pair(at, micros / 10000);
	textw_pair(at + 2, micros / 100 % 100);
	textw_pair(at + 4, micros % 100);
	memcpy(at + 6, "+0000", 6);
}

void jsonw_put_time(struct jsonw *w, uint64_t time_ns)
{
	char text[JSONW_TIME_LEN + 1];

	jsonw_time_text(time_ns, text, sizeof(text));
	put_char(w, '"');
	put(w, text, JSONW_TIME_LEN);
	put_char(w, '"');
}

size_t jsonw_finish(struct jsonw *w)
{
	assert(w->depth == 0 || w->is_full);
	if (w->is_full) {
		if (w->size > 0)
			w->out[0] = '\0';
		return 0;
	}
	w->out[w->len] = '\0';
	return w->len;
}
