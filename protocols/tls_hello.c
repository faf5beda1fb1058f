/* tls_hello.c: ClientHello to lists, lists to fingerprints.
 *
 *   version u16, random [32], session u8+.., ciphers u16+u16.., compressions u8+..,
 *   extensions u16 + (type u16, length u16, data)..
 *
 * JA3 is the MD5 of "771,4866-4867,0-11-10,29-23,0-1-2". JA4 is
 *
 *   t13d1516h2_8daaf6152771_b0da82dd1658
 *   |||| | |   SHA-256 of the sorted ciphers   SHA-256 of the sorted extensions without the name
 *   |||| | first and last byte of ALPN         and ALPN, "_", signature algorithms as they stand
 *   |||| extensions
 *   |||ciphers
 *   ||d: has a name, i: has none
 *   |version   t: over TCP, q: over QUIC */
#include "protocols/tls_hello.h"

#include <stdlib.h>

#include "protocols/cursor.h"
#include "protocols/hash.h"

enum {
	EXTENSION_NAME = 0,
	EXTENSION_GROUPS = 10,
	EXTENSION_FORMATS = 11,
	EXTENSION_SCHEMES = 13,
	EXTENSION_ALPN = 16,
	EXTENSION_VERSIONS = 43,
	EXTENSION_ECH = 0xfe0d
};

#define JA4_LIST_TEXT 1024 /* of sorted values: 5 bytes each, and of the signature algorithms */
#define JA4_DIGITS    12   /* of a SHA-256 */
#define JA4_COUNT_MAX 99

/* A text that is written piece by piece, and cut at its size. */
struct text {
	char *at;
	size_t size;
	size_t len;
};

static bool is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* A list whose length in bytes was read; true when it was whole and had room. */
static bool read_list(struct slice bytes, uint16_t *list, size_t max, uint16_t *count)
{
	struct cursor in = cursor_of(bytes);

	*count = 0; /* of an extension that came twice the last one counts */
	while (cursor_left(&in) >= 2) {
		uint16_t value = cursor_u16be(&in);

		if (is_grease(value))
			continue;
		if (*count == max)
			return false;
		list[(*count)++] = value;
	}
	return true;
}

static void read_name(struct cursor *in, struct tls_hello *hello)
{
	(void)cursor_u16be(in); /* of the list; there is never more than one */
	uint8_t type = cursor_u8(in);
	struct slice name = cursor_take(in, cursor_u16be(in));

	hello->has_sni = true;
	if (!in->bad && type == 0)
		slice_copy(name, hello->sni, sizeof(hello->sni));
}

static void read_alpn(struct cursor *in, struct tls_hello *hello)
{
	(void)cursor_u16be(in);
	struct slice first = cursor_take(in, cursor_u8(in));

	hello->has_alpn = true;
	if (!in->bad)
		slice_copy(first, hello->alpn, sizeof(hello->alpn));
}

static void read_versions(struct cursor *in, struct tls_hello *hello)
{
	struct cursor list = cursor_of(cursor_take(in, cursor_u8(in)));

	while (cursor_left(&list) >= 2) {
		uint16_t version = cursor_u16be(&list);

		if (!is_grease(version) && version > hello->best_version)
			hello->best_version = version;
	}
}

static void read_formats(struct cursor *in, struct tls_hello *hello)
{
	struct slice list = cursor_take(in, cursor_u8(in));

	hello->format_count = 0;
	if (list.len > sizeof(hello->formats))
		hello->is_cut = true;
	list = slice_head(list, sizeof(hello->formats));
	if (list.len > 0)
		memcpy(hello->formats, list.ptr, list.len);
	hello->format_count = (uint16_t)list.len;
}

/* What is inside may be damaged: the extension counts all the same. */
static void read_extension(uint16_t type, struct slice body, struct tls_hello *hello)
{
	struct cursor in = cursor_of(body);
	bool is_whole = true;

	switch (type) {
	case EXTENSION_NAME:
		read_name(&in, hello);
		break;
	case EXTENSION_ALPN:
		read_alpn(&in, hello);
		break;
	case EXTENSION_VERSIONS:
		read_versions(&in, hello);
		break;
	case EXTENSION_ECH:
		hello->has_ech = true;
		break;
	case EXTENSION_FORMATS:
		read_formats(&in, hello);
		break;
	case EXTENSION_GROUPS:
		is_whole = read_list(cursor_take(&in, cursor_u16be(&in)), hello->groups,
				     TLS_GROUPS_MAX, &hello->group_count);
		break;
	case EXTENSION_SCHEMES:
		is_whole = read_list(cursor_take(&in, cursor_u16be(&in)), hello->schemes,
				     TLS_SCHEMES_MAX, &hello->scheme_count);
		break;
	default:
		break;
	}
	hello->is_cut = hello->is_cut || !is_whole;
}

static void read_extensions(struct cursor *in, struct tls_hello *hello)
{
	while (cursor_left(in) > 0) {
		uint16_t type = cursor_u16be(in);
		struct slice body = cursor_take(in, cursor_u16be(in));

		if (in->bad)
			return;
		if (!is_grease(type)) {
			if (hello->extension_count == TLS_EXTENSIONS_MAX) {
				hello->is_cut = true;
				return;
			}
			hello->extensions[hello->extension_count++] = type;
			read_extension(type, body, hello);
		}
	}
}

bool tls_hello_read(struct slice body, bool is_cut, struct tls_hello *out)
{
	struct cursor in = cursor_of(body);

	*out = (struct tls_hello){ .version = cursor_u16be(&in), .is_cut = is_cut };
	cursor_skip(&in, 32);
	cursor_skip(&in, cursor_u8(&in));
	struct slice ciphers = cursor_take(&in, cursor_u16be(&in));
	cursor_skip(&in, cursor_u8(&in));
	if (in.bad || out->version >> 8 != 3 || ciphers.len < 2)
		return false;
	if (!read_list(ciphers, out->ciphers, TLS_CIPHERS_MAX, &out->cipher_count))
		out->is_cut = true;
	if (cursor_left(&in) > 0) {
		size_t len = cursor_u16be(&in);

		/* Of a list that runs past the end what is there is read. */
		out->is_cut = out->is_cut || in.bad || len > cursor_left(&in);
		struct cursor extensions = cursor_of(slice_head(cursor_rest(&in), len));

		read_extensions(&extensions, out);
		out->is_cut = out->is_cut || extensions.bad;
	}
	if (out->best_version == 0)
		out->best_version = out->version;
	return true;
}

static void put_bytes(struct text *text, struct slice piece)
{
	text->len += slice_copy(piece, text->at + text->len, text->size - text->len);
}

static void put(struct text *text, const char *piece)
{
	put_bytes(text, slice_str(piece));
}

static void put_byte(struct text *text, char byte)
{
	put_bytes(text, slice_of(&byte, 1));
}

/* At least so many digits, in that base. */
static void put_number(struct text *text, unsigned number, unsigned base, unsigned digits)
{
	char piece[12];
	size_t at = sizeof(piece);

	for (unsigned left = number; at > 0 && (left > 0 || digits > 0); left /= base) {
		piece[--at] = "0123456789abcdef"[left % base];
		digits -= digits > 0 ? 1 : 0;
	}
	put_bytes(text, slice_of(&piece[at], sizeof(piece) - at));
}

/* Returns where the next one goes. */
static char *put_decimal(char *at, uint16_t number)
{
	char digits[5];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

/* The longest part of what is written for every hello; all of it has room. */
static void put_decimals(struct text *text, const uint16_t *list, size_t count)
{
	char *at = text->at + text->len;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			*at++ = '-';
		at = put_decimal(at, list[i]);
	}
	*at = '\0';
	text->len = (size_t)(at - text->at);
}

static void put_hex(struct text *text, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		put_byte(text, "0123456789abcdef"[bytes[i] >> 4]);
		put_byte(text, "0123456789abcdef"[bytes[i] & 0x0f]);
	}
}

struct slice tls_hello_ja3_text(const struct tls_hello *hello, char out[TLS_JA3_TEXT])
{
	struct text text = { .at = out, .size = TLS_JA3_TEXT };
	uint16_t formats[TLS_FORMATS_MAX];

	out[0] = '\0';
	if (hello->is_cut)
		return slice_of(out, 0);
	for (size_t i = 0; i < hello->format_count; i++)
		formats[i] = hello->formats[i];
	put_number(&text, hello->version, 10, 1);
	put(&text, ",");
	put_decimals(&text, hello->ciphers, hello->cipher_count);
	put(&text, ",");
	put_decimals(&text, hello->extensions, hello->extension_count);
	put(&text, ",");
	put_decimals(&text, hello->groups, hello->group_count);
	put(&text, ",");
	put_decimals(&text, formats, hello->format_count);
	return slice_of(out, text.len);
}

bool tls_hello_ja3(const struct tls_hello *hello, tls_hello_md5 md5, char out[TLS_JA3_BYTES])
{
	char ja3[TLS_JA3_TEXT];
	uint8_t digest[TLS_MD5_BYTES];
	struct slice source = tls_hello_ja3_text(hello, ja3);
	struct text text = { .at = out, .size = TLS_JA3_BYTES };

	out[0] = '\0';
	if (source.len == 0 || !md5(source, digest))
		return false;
	put_hex(&text, digest, sizeof(digest));
	return true;
}

static int compare_values(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* Values as four hex digits each, with commas between. */
static void put_values(struct text *text, const uint16_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			put_byte(text, ',');
		put_number(text, list[i], 16, 4);
	}
}

/* Half a hash; zeros stand for an empty list. */
static void put_hash(struct text *text, const struct text *source, bool is_empty)
{
	uint8_t digest[HASH_BYTES];

	hash_sha256(slice_of(source->at, source->len), digest);
	if (is_empty)
		memset(digest, 0, sizeof(digest));
	put_hex(text, digest, JA4_DIGITS / 2);
}

static void put_cipher_hash(struct text *text, const struct tls_hello *hello)
{
	uint16_t list[TLS_CIPHERS_MAX];
	char sorted[JA4_LIST_TEXT];
	struct text source = { .at = sorted, .size = sizeof(sorted) };

	memcpy(list, hello->ciphers, sizeof(list));
	qsort(list, hello->cipher_count, sizeof(list[0]), compare_values);
	put_values(&source, list, hello->cipher_count);
	put_hash(text, &source, hello->cipher_count == 0);
}

static void put_extension_hash(struct text *text, const struct tls_hello *hello)
{
	uint16_t list[TLS_EXTENSIONS_MAX] = { 0 };
	char sorted[JA4_LIST_TEXT];
	struct text source = { .at = sorted, .size = sizeof(sorted) };
	size_t count = 0;

	for (size_t i = 0; i < hello->extension_count; i++)
		if (hello->extensions[i] != EXTENSION_NAME &&
		    hello->extensions[i] != EXTENSION_ALPN)
			list[count++] = hello->extensions[i];
	qsort(list, count, sizeof(list[0]), compare_values);
	put_values(&source, list, count);
	if (hello->scheme_count > 0)
		put(&source, "_");
	put_values(&source, hello->schemes, hello->scheme_count);
	put_hash(text, &source, count == 0);
}

static const char *version_name(uint16_t version)
{
	static const char *const names[] = { "s3", "10", "11", "12", "13" };

	return version >> 8 == 3 && (version & 0xff) < sizeof(names) / sizeof(names[0])
		       ? names[version & 0xff]
		       : "00";
}

static bool is_alnum(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z');
}

/* First and last byte of the protocol's name; of bytes that are no text the outer hex digits. */
static void put_alpn(struct text *text, const char *alpn)
{
	size_t len = strlen(alpn);

	if (len == 0) {
		put(text, "00");
		return;
	}
	char first = alpn[0];
	char last = alpn[len - 1];

	if (is_alnum(first) && is_alnum(last)) {
		put_byte(text, first);
		put_byte(text, last);
	} else {
		put_number(text, (uint8_t)first >> 4, 16, 1);
		put_number(text, (uint8_t)last & 0x0f, 16, 1);
	}
}

static unsigned capped(unsigned count)
{
	return count < JA4_COUNT_MAX ? count : JA4_COUNT_MAX;
}

bool tls_hello_ja4(const struct tls_hello *hello, char out[TLS_JA4_BYTES])
{
	struct text text = { .at = out, .size = TLS_JA4_BYTES };

	out[0] = '\0';
	if (hello->is_cut)
		return false;
	put(&text, hello->is_quic ? "q" : "t");
	put(&text, version_name(hello->best_version));
	put(&text, hello->has_sni ? "d" : "i");
	put_number(&text, capped(hello->cipher_count), 10, 2);
	put_number(&text, capped(hello->extension_count), 10, 2);
	put_alpn(&text, hello->alpn);
	put(&text, "_");
	put_cipher_hash(&text, hello);
	put(&text, "_");
	put_extension_hash(&text, hello);
	return true;
}

_Static_assert(5 * TLS_CIPHERS_MAX <= JA4_LIST_TEXT &&
		       5 * (TLS_EXTENSIONS_MAX + TLS_SCHEMES_MAX) <= JA4_LIST_TEXT,
	       "a list that is hashed must be whole");
_Static_assert(6 * (TLS_CIPHERS_MAX + TLS_EXTENSIONS_MAX + TLS_GROUPS_MAX) + 4 * TLS_FORMATS_MAX +
			       16 <=
		       TLS_JA3_TEXT,
	       "a list that is hashed must be whole");
