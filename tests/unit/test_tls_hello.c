/* test_tls_hello.c: ClientHellos through the carrier: names, lists and fingerprints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "protocols/tls_hello.h"
#include "tests/unit/carrier_talk.h"

#define HELLO_BYTES 20000

/* A hello that grows. */
struct build {
	uint8_t bytes[HELLO_BYTES];
	size_t len;
};

static struct carrier_talk talk;
static const struct carrier *const tls = &carrier_tls;

static void put8(struct build *build, unsigned value)
{
	build->bytes[build->len++] = (uint8_t)value;
}

static void put16(struct build *build, unsigned value)
{
	put8(build, value >> 8);
	put8(build, value & 0xff);
}

static void put_bytes(struct build *build, const void *bytes, size_t len)
{
	memcpy(&build->bytes[build->len], bytes, len);
	build->len += len;
}

/* A list of u16 behind its length in bytes. */
static void put_list(struct build *build, const uint16_t *list, size_t count)
{
	put16(build, (unsigned)(2 * count));
	for (size_t i = 0; i < count; i++)
		put16(build, list[i]);
}

static void put_name(struct build *build, const char *name)
{
	size_t len = strlen(name);

	put16(build, 0);
	put16(build, (unsigned)len + 5);
	put16(build, (unsigned)len + 3);
	put8(build, 0);
	put16(build, (unsigned)len);
	put_bytes(build, name, len);
}

static void put_empty(struct build *build, unsigned type)
{
	put16(build, type);
	put16(build, 0);
}

static void put_head(struct build *build, const uint16_t *ciphers, size_t count)
{
	build->len = 0;
	put16(build, 0x0303);
	for (size_t i = 0; i < 32; i++)
		put8(build, 0xa5);
	put8(build, 32);
	for (size_t i = 0; i < 32; i++)
		put8(build, 0x5a);
	put_list(build, ciphers, count);
	put16(build, 0x0100); /* one compression: none */
}

/* Body, with its extensions behind it, as a handshake message in records of so many bytes. */
static void wrap(struct build *out, const struct build *head, const struct build *extensions,
		 size_t record)
{
	struct build whole = { .len = 0 };

	put8(&whole, 1);
	put8(&whole, 0);
	put16(&whole, (unsigned)(head->len + 2 + extensions->len));
	put_bytes(&whole, head->bytes, head->len);
	put16(&whole, (unsigned)extensions->len);
	put_bytes(&whole, extensions->bytes, extensions->len);
	out->len = 0;
	for (size_t at = 0; at < whole.len; at += record) {
		size_t n = whole.len - at < record ? whole.len - at : record;

		put8(out, 0x16);
		put16(out, 0x0301);
		put16(out, (unsigned)n);
		put_bytes(out, &whole.bytes[at], n);
	}
}

static bool md5(struct slice in, uint8_t out[TLS_MD5_BYTES])
{
	unsigned len = 0;

	return EVP_Digest(in.ptr, in.len, out, &len, EVP_md5(), NULL) == 1 && len == TLS_MD5_BYTES;
}

static bool no_md5(struct slice in, uint8_t out[TLS_MD5_BYTES])
{
	(void)in;
	(void)out;
	return false;
}

/* Whole, byte by byte and at every cut. */
static const struct tls_hello *say(const struct build *build)
{
	const struct turn turns[] = { { DIR_TO_SERVER, (const char *)build->bytes, build->len },
				      UP("\x17\3\3\0\2{}"),
				      DOWN("\x16\3\3\0\4\2\0\0\0{}") };

	carrier_talk_all(&talk, tls, TURNS(turns));
	assert_string_equal(carrier_up(&talk), "");
	assert_string_equal(carrier_down(&talk), "");
	return carrier_tls_hello(talk.state);
}

static const uint16_t openssl_ciphers[] = {
	4866,  4867,  4865,  49196, 49200, 159,   52393, 52392, 52394, 49195, 49199,
	158,   49188, 49192, 107,   49187, 49191, 103,   49162, 49172, 57,    49161,
	49171, 51,    157,   156,   61,    60,    53,    47,    255,
};
static const uint16_t openssl_groups[] = { 29, 23, 30, 25, 24, 256, 257, 258, 259, 260 };
static const uint16_t openssl_schemes[] = {
	0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x0804, 0x0805,
	0x0806, 0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602,
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* The hello of a program with a well known library and nothing set. */
static void build_openssl(struct build *out, const char *name, size_t record)
{
	static struct build head;
	static struct build extensions;

	put_head(&head, openssl_ciphers, COUNT(openssl_ciphers));
	extensions.len = 0;
	if (name != NULL)
		put_name(&extensions, name);
	put_bytes(&extensions, "\0\x0b\0\4\3\0\1\2", 8);
	put16(&extensions, 10);
	put16(&extensions, 2 + 2 * COUNT(openssl_groups));
	put_list(&extensions, openssl_groups, COUNT(openssl_groups));
	put_empty(&extensions, 35);
	put_empty(&extensions, 22);
	put_empty(&extensions, 23);
	put16(&extensions, 13);
	put16(&extensions, 2 + 2 * COUNT(openssl_schemes));
	put_list(&extensions, openssl_schemes, COUNT(openssl_schemes));
	put_bytes(&extensions, "\0\x2b\0\x09\x08\3\4\3\3\3\2\3\1", 13);
	put_bytes(&extensions, "\0\x2d\0\2\1\1", 6);
	put16(&extensions, 51);
	put_bytes(&extensions,
		  "\0\x26\0\x24\0\x1d\0\x20"
		  "01234567890123456789012345678901",
		  40);
	wrap(out, &head, &extensions, record);
}

static void test_known_fingerprints(void **unused)
{
	static struct build hello;
	char ja3[TLS_JA3_BYTES];
	char ja4[TLS_JA4_BYTES];

	(void)unused;
	build_openssl(&hello, NULL, 16384);
	assert_int_equal(hello.len, 297);
	const struct tls_hello *read = say(&hello);

	assert_non_null(read);
	assert_true(tls_hello_ja3(read, md5, ja3));
	assert_string_equal(ja3, "c216e752cae6f8755fd27f561d031636");
	assert_true(tls_hello_ja4(read, ja4));
	assert_memory_equal(ja4, "t13i310900_", 11);
	assert_string_equal(read->sni, "");
	assert_false(tls_hello_ja3(read, no_md5, ja3));
	assert_string_equal(ja3, "");

	build_openssl(&hello, "pool.example.com", 16384);
	assert_int_equal(hello.len, 322);
	read = say(&hello);
	assert_non_null(read);
	assert_true(tls_hello_ja3(read, md5, ja3));
	assert_string_equal(ja3, "a3afc2c46ba4a7d7fbe1cfb7a3031c2f");
	assert_string_equal(read->sni, "pool.example.com");
	assert_int_equal(read->version, 0x0303);
	assert_int_equal(read->best_version, 0x0304);
}

static void test_records_of_any_size(void **unused)
{
	static struct build hello;
	char ja3[TLS_JA3_BYTES];

	(void)unused;
	for (size_t record = 1; record < 12; record += 5) {
		build_openssl(&hello, "pool.example.com", record);
		const struct tls_hello *read = say(&hello);

		assert_non_null(read);
		assert_string_equal(read->sni, "pool.example.com");
		assert_true(tls_hello_ja3(read, md5, ja3));
		assert_string_equal(ja3, "a3afc2c46ba4a7d7fbe1cfb7a3031c2f");
	}
}

/* The example of the JA4 specification: a browser, with GREASE in every list. */
static void build_browser(struct build *out, size_t share)
{
	static const uint16_t ciphers[] = { 0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
					    0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
					    0x009c, 0x009d, 0x002f, 0x0035 };
	static const uint16_t empties[] = { 0x001b, 0x0033, 0x4469, 0x0017, 0x002d,
					    0x0005, 0x0023, 0x0012, 0xff01, 0x0015 };
	static const uint16_t groups[] = { 0x3a3a, 29, 23, 24 };
	static const uint16_t schemes[] = { 0x0403, 0x0804, 0x0401, 0x0503,
					    0x0805, 0x0501, 0x0806, 0x0601 };
	static struct build head;
	static struct build extensions;

	put_head(&head, ciphers, COUNT(ciphers));
	extensions.len = 0;
	put_empty(&extensions, 0x5a5a);
	for (size_t i = 0; i < COUNT(empties); i++) {
		put16(&extensions, empties[i]);
		size_t len = empties[i] == 0x0033 ? share : 0;

		put16(&extensions, (unsigned)len);
		memset(&extensions.bytes[extensions.len], 0x77, len);
		extensions.len += len;
	}
	put_name(&extensions, "example.com");
	put_bytes(&extensions, "\0\x0b\0\2\1\0", 6);
	put16(&extensions, 10);
	put16(&extensions, 2 + 2 * COUNT(groups));
	put_list(&extensions, groups, COUNT(groups));
	put_bytes(&extensions, "\0\x10\0\x0e\0\x0c\2h2\x08http/1.1", 18);
	put16(&extensions, 13);
	put16(&extensions, 2 + 2 * COUNT(schemes));
	put_list(&extensions, schemes, COUNT(schemes));
	put_bytes(&extensions, "\0\x2b\0\x07\x06\x7a\x7a\3\4\3\3", 11);
	put_empty(&extensions, 0x1a1a);
	wrap(out, &head, &extensions, 16384);
}

static void test_browser(void **unused)
{
	static struct build hello;
	char ja4[TLS_JA4_BYTES];
	char text[TLS_JA3_TEXT];

	(void)unused;
	build_browser(&hello, 0);
	const struct tls_hello *read = say(&hello);

	assert_non_null(read);
	assert_string_equal(read->alpn, "h2");
	assert_true(tls_hello_ja4(read, ja4));
	assert_string_equal(ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	struct slice ja3 = tls_hello_ja3_text(read, text);

	assert_true(slice_is(ja3, "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-"
				  "49172-156-157-47-53,27-51-17513-23-45-5-35-18-65281-21-0-11-10-"
				  "16-13-43,29-23-24,0"));
}

/* The name of a front, and a hello inside that nobody can read. */
static void test_encrypted_hello(void **unused)
{
	static struct build hello;
	static struct build head;
	static struct build extensions;

	(void)unused;
	for (unsigned type = 0xfe0c; type <= 0xfe0e; type++) {
		put_head(&head, openssl_ciphers, COUNT(openssl_ciphers));
		extensions.len = 0;
		put_bytes(&extensions, "\x3a\x3a\0\1\0", 5);
		put16(&extensions, type);
		put_bytes(&extensions, "\0\x0a\0\0\1\0\1\x2a\0\0\0\0", 12);
		put_name(&extensions, "front.example.net");
		wrap(&hello, &head, &extensions, 100);
		const struct tls_hello *read = say(&hello);

		assert_non_null(read);
		assert_int_equal(read->has_ech, type == 0xfe0d);
		assert_string_equal(read->sni, "front.example.net");
		assert_int_equal(read->extension_count, 2);
		assert_false(read->is_quic);
	}
}

/* Key shares of today make 1800 bytes; of more than there is room for the name is still read when
 * it came first. */
static void test_large(void **unused)
{
	static struct build hello;
	static struct build head;
	static struct build extensions;
	char ja4[TLS_JA4_BYTES];

	(void)unused;
	build_browser(&hello, 2400);
	carrier_talk_begin(&talk, tls);
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_of(hello.bytes, hello.len));
	const struct tls_hello *read = carrier_tls_hello(talk.state);

	assert_non_null(read);
	assert_true(tls_hello_ja4(read, ja4));
	assert_string_equal(ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");

	put_head(&head, openssl_ciphers, COUNT(openssl_ciphers));
	extensions.len = 0;
	put_name(&extensions, "pool.example.com");
	put16(&extensions, 51);
	put16(&extensions, 9000);
	memset(&extensions.bytes[extensions.len], 1, 9000);
	extensions.len += 9000;
	wrap(&hello, &head, &extensions, 4000);
	carrier_talk_begin(&talk, tls);
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_of(hello.bytes, hello.len));
	read = carrier_tls_hello(talk.state);
	assert_non_null(read);
	assert_string_equal(read->sni, "pool.example.com");
	assert_true(read->is_cut);
	assert_false(tls_hello_ja4(read, ja4));
	assert_string_equal(ja4, "");
	assert_false(tls_hello_ja3(read, md5, (char[TLS_JA3_BYTES]){ 0 }));
}

/* A list longer than any client's, and one extension too many. */
static void test_long_lists(void **unused)
{
	static struct build hello;
	static struct build head;
	static struct build extensions;
	uint16_t ciphers[TLS_CIPHERS_MAX + 1];
	char text[TLS_JA3_TEXT];
	char ja4[TLS_JA4_BYTES];

	(void)unused;
	for (size_t i = 0; i < COUNT(ciphers); i++)
		ciphers[i] = (uint16_t)(40000 + i);
	put_head(&head, ciphers, TLS_CIPHERS_MAX);
	extensions.len = 0;
	for (unsigned i = 0; i < TLS_EXTENSIONS_MAX; i++)
		put_empty(&extensions, 50000 + i);
	wrap(&hello, &head, &extensions, 16384);
	const struct tls_hello *read = say(&hello);

	assert_non_null(read);
	assert_false(read->is_cut);
	assert_true(tls_hello_ja3_text(read, text).len > 0);
	assert_true(tls_hello_ja4(read, ja4));
	assert_memory_equal(ja4, "t12i996400_", 11);

	put_empty(&extensions, 1);
	wrap(&hello, &head, &extensions, 16384);
	read = say(&hello);
	assert_non_null(read);
	assert_true(read->is_cut);
	put_head(&head, ciphers, COUNT(ciphers));
	extensions.len = 0;
	wrap(&hello, &head, &extensions, 16384);
	read = say(&hello);
	assert_non_null(read);
	assert_true(read->is_cut);
}

/* Every beginning of a hello, cut by a hole: no overread, and the name once it was there. */
static void test_gap(void **unused)
{
	static struct build hello;

	(void)unused;
	build_openssl(&hello, "pool.example.com", 16384);
	for (size_t len = 1; len < hello.len; len++) {
		carrier_talk_begin(&talk, tls);
		carrier_talk_say(&talk, DIR_TO_SERVER, slice_of(hello.bytes, len));
		assert_false(tls->gap(talk.state, DIR_TO_SERVER));
		carrier_talk_say(&talk, DIR_TO_SERVER, slice_str("{}"));
		assert_string_equal(carrier_up(&talk), "");
		const struct tls_hello *read = carrier_tls_hello(talk.state);

		assert_true(len < 200 || read != NULL);
		assert_true(read == NULL || read->is_cut);
		assert_true(len < 200 || strcmp(read->sni, "pool.example.com") == 0);
	}
}

static void test_others(void **unused)
{
	const struct turn json[] = { UP("\x16\3\1\0\1\1"), DOWN("{\"error\":1}\n") };
	const struct turn plain[] = { UP("{\"id\":1}\n") };
	const struct turn data[] = { UP("\x17\3\3\0\2xy{}"), DOWN("\x15\3\3\0\2\2\x28") };
	const struct turn zero[] = { UP("\x16\3\1\0\0{}") };
	const struct turn short_body[] = { UP("\x16\3\1\0\x06\1\0\0\2\3\3{}") };

	(void)unused;
	carrier_talk_all(&talk, tls, TURNS(json));
	assert_string_equal(carrier_down(&talk), "?{\"error\":1}\n");
	carrier_talk_all(&talk, tls, TURNS(plain));
	assert_string_equal(carrier_up(&talk), "?{\"id\":1}\n");
	carrier_talk_all(&talk, tls, TURNS(data));
	assert_string_equal(carrier_up(&talk), "");
	assert_null(carrier_tls_hello(talk.state));
	carrier_talk_all(&talk, tls, TURNS(zero));
	assert_string_equal(carrier_up(&talk), "?");
	carrier_talk_all(&talk, tls, TURNS(short_body));
	assert_string_equal(carrier_up(&talk), "");
	assert_null(carrier_tls_hello(talk.state));
}

static void test_probe(void **unused)
{
	(void)unused;
	assert_int_equal(PROBE_UP(tls, "\x16\3\1\1\x24\1"), PROBE_YES);
	assert_int_equal(PROBE_UP(tls, "\x16\3\1\1\x24"), PROBE_MAYBE);
	assert_int_equal(PROBE_UP(tls, "\x16\3\1\1\x24\3"), PROBE_NO);
	assert_int_equal(PROBE_UP(tls, "\x16\3\5"), PROBE_NO);
	assert_int_equal(PROBE_UP(tls, "\x16\3\1\x50"), PROBE_NO);
	assert_int_equal(PROBE_UP(tls, "\x17\3\3"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(tls, "\x16\3\3\0\x40\2"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(tls, "{"), PROBE_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_fingerprints),
		cmocka_unit_test(test_records_of_any_size),
		cmocka_unit_test(test_browser),
		cmocka_unit_test(test_encrypted_hello),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_long_lists),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
