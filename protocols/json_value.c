/* json_value.c: what the values of a tokenised document say: text, numbers, hex, ids. */
#include "protocols/json.h"

#include <errno.h>

#include "protocols/json_text.h"
#include "protocols/number.h"

struct slice json_text(const struct json *doc, json_value value, char *out, size_t size)
{
	if (size > 0)
		out[0] = '\0';
	if (json_type(doc, value) != JSON_STRING)
		return slice_of(NULL, 0);
	struct slice raw = json_raw(doc, value);
	if (slice_find(raw, '\\') == raw.len)
		return raw;

	struct cursor in = cursor_of(raw);
	uint8_t bytes[JSON_TEXT_CHAR_MAX];
	size_t used = 0;
	size_t len;
	while ((len = json_text_char(&in, bytes)) > 0) {
		if (size == 0 || len > size - 1 - used)
			break;
		memcpy(out + used, bytes, len);
		used += len;
	}
	if (size > 0)
		out[used] = '\0';
	return slice_of(out, used);
}

bool json_is(const struct json *doc, json_value value, const char *text)
{
	return json_type(doc, value) == JSON_STRING &&
	       json_text_equal(json_raw(doc, value), slice_str(text));
}

static int read_number(const struct json *doc, json_value value, struct number *out)
{
	enum json_type type = json_type(doc, value);

	if (type != JSON_NUMBER && type != JSON_STRING)
		return -EINVAL;
	return number_read(json_raw(doc, value), out) ? 0 : -EINVAL;
}

int json_number(const struct json *doc, json_value value, double *out)
{
	struct number number;

	int rc = read_number(doc, value, &number);
	return rc != 0 ? rc : number_double(&number, out);
}

int json_unsigned(const struct json *doc, json_value value, uint64_t max, uint64_t *out)
{
	struct number number;

	int rc = read_number(doc, value, &number);
	return rc != 0 ? rc : number_unsigned(&number, max, out);
}

struct slice json_hex(const struct json *doc, json_value value)
{
	const struct json_token *token = json_token_at(doc, value);

	if (token == NULL || !token->is_hex)
		return slice_of(NULL, 0);
	struct slice raw = json_raw(doc, value);
	bool is_prefixed = raw.len > 2 && (raw.ptr[1] | 0x20) == 'x';

	return is_prefixed ? slice_tail(raw, 2) : raw;
}

/* Hashes a whole number as its plain digits, so that 4.0 meets "4". */
static uint64_t hash_number(struct slice raw)
{
	char digits[21]; /* 2^64 has 20 digits, and a sign */
	size_t at = sizeof(digits);
	struct number number;
	uint64_t value;

	if (!number_read(raw, &number))
		return slice_hash(raw);
	bool is_negative = number.is_negative;
	number.is_negative = false;
	if (number_unsigned(&number, UINT64_MAX, &value) != 0)
		return slice_hash(raw);
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	if (is_negative)
		digits[--at] = '-';
	return slice_hash(slice_of(&digits[at], sizeof(digits) - at));
}

uint64_t json_id(const struct json *doc, json_value value)
{
	char text[LIMIT_TEXT_BYTES];

	switch (json_type(doc, value)) {
	case JSON_NONE:
	case JSON_NULL:
		return 0;
	case JSON_STRING:
		return slice_hash(json_text(doc, value, text, sizeof(text)));
	case JSON_NUMBER:
		return hash_number(json_raw(doc, value));
	default:
		return slice_hash(json_raw(doc, value));
	}
}
