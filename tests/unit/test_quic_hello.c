/* test_quic_hello.c: the packets that the RFCs print, packets that are built here, and damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/quic_hello.h"
#include "sensor/quic_crypto.h"
#include "tests/unit/guard.h"
#include "tests/unit/quic_build.h"
#include "tests/unit/quic_vectors.h"

static struct quic_openssl *openssl;
static struct quic_hello state;
static struct guard guard;

static int set_up(void **unused)
{
	(void)unused;
	openssl = quic_crypto_new();
	if (openssl == NULL)
		return -1;
	crypto = quic_crypto_table(openssl);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	quic_crypto_free(openssl);
	quic_crypto_free(NULL);
	guard_free(&guard);
	return 0;
}

static void assert_hex(const uint8_t *bytes, const char *text)
{
	uint8_t expected[64];

	assert_memory_equal(bytes, expected, unhex(text, expected));
}

static void forget(void)
{
	memset(&state, 0, sizeof(state));
}

static enum quic_result feed(const struct build *b)
{
	return quic_hello_feed(&state, crypto, guard_put(&guard, b->bytes, b->len));
}

/* One datagram with one packet of these frames, by the plain recipe. */
static enum quic_result feed_frames(const struct build *frames)
{
	static struct build out;

	out.len = 0;
	put_packet(&out, &plain_recipe, 0, frames);
	return feed(&out);
}

static void assert_name(const char *name)
{
	const struct tls_hello *tls = quic_hello_tls(&state);

	assert_non_null(tls);
	assert_string_equal(tls->sni, name);
	assert_true(tls->is_quic);
}

static void test_keys(void **unused)
{
	static const uint8_t dcid[] = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 };
	struct quic_keys keys;

	(void)unused;
	assert_true(quic_keys_derive(crypto, QUIC_VERSION_1, slice_of(dcid, 8), &keys));
	assert_hex(keys.key, "1f369613dd76d5467730efcbe3b1a22d");
	assert_hex(keys.iv, "fa044b2f42a3fd3b46fb255c");
	assert_hex(keys.hp, "9f50449e04a0e810283a1e9933adedd2");
	assert_true(quic_keys_derive(crypto, QUIC_VERSION_2, slice_of(dcid, 8), &keys));
	assert_hex(keys.key, "8b1a0bc121284290a29e0971b5cd045d");
	assert_hex(keys.iv, "91f73e2351d8fa91660e909f");
	assert_hex(keys.hp, "45b95e15235d6f45a6b19cbcb0294ba9");
	assert_false(quic_keys_derive(crypto, 2, slice_of(dcid, 8), &keys));
}

/* RFC 9001 appendix A.1 and A.2, value by value. */
static void test_crypto(void **unused)
{
	uint8_t key[32];
	uint8_t in[32];
	uint8_t out[32];

	(void)unused;
	(void)unhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a", key);
	(void)unhex("8394c8f03e515708", in);
	assert_true(crypto->hmac_sha256(crypto->self, slice_of(key, 20), slice_of(in, 8), out));
	assert_hex(out, "7db5df06e7a69e432496adedb00851923595221596ae2ae9fb8115c1e9ed0a44");
	memcpy(key, out, 32);
	size_t len = unhex("00200f746c73313320636c69656e7420696e0001", in);

	assert_true(crypto->hmac_sha256(crypto->self, slice_of(key, 32), slice_of(in, len), out));
	assert_hex(out, "c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea");
	(void)unhex("9f50449e04a0e810283a1e9933adedd2", key);
	(void)unhex("d1b1c98dd7689fb8ec11d242b123dc9b", in);
	assert_true(crypto->aes_block(crypto->self, key, in, out));
	assert_hex(out, "437b9aec36");
}

static void check_vector(const char *hex, uint32_t version)
{
	static struct build b;
	char ja4[TLS_JA4_BYTES];

	b.len = unhex(hex, b.bytes);
	assert_int_equal(b.len, DATAGRAM);
	assert_true(quic_is_initial(slice_of(b.bytes, b.len)));
	forget();
	assert_int_equal(feed(&b), QUIC_READ);
	assert_name("example.com");
	const struct tls_hello *tls = quic_hello_tls(&state);

	assert_int_equal(state.version, version);
	assert_string_equal(tls->alpn, "alpn");
	assert_int_equal(tls->best_version, 0x0304);
	assert_false(tls->is_cut);
	assert_true(tls_hello_ja4(tls, ja4));
	assert_memory_equal(ja4, "q13d0211an_", 11);
	assert_int_equal(feed(&b), QUIC_READ); /* once more changes nothing */
	assert_name("example.com");
}

static void test_vectors(void **unused)
{
	(void)unused;
	check_vector(quic_vector_v1, QUIC_VERSION_1);
	check_vector(quic_vector_v2, QUIC_VERSION_2);
}

/* Any bit that is not what it was: nothing is read, whatever it was. */
static void test_every_damage(void **unused)
{
	static struct build b;
	size_t bad = 0;

	(void)unused;
	b.len = unhex(quic_vector_v1, b.bytes);
	for (size_t at = 0; at < b.len; at++) {
		b.bytes[at] ^= (uint8_t)(1u << at % 8);
		forget();
		enum quic_result result = feed(&b);

		assert_true(result == QUIC_NONE || result == QUIC_BAD);
		assert_null(quic_hello_tls(&state));
		bad += result == QUIC_BAD ? 1 : 0;
		b.bytes[at] ^= (uint8_t)(1u << at % 8);
	}
	assert_in_range(bad, 1180, 1200);
	for (size_t len = 0; len < b.len; len++) {
		forget();
		assert_int_equal(quic_hello_feed(&state, crypto, guard_put(&guard, b.bytes, len)),
				 QUIC_NONE);
	}
}

/* Pieces of any size from the back to the front, with all that may stand between them. */
static void test_pieces(void **unused)
{
	static struct build hello;
	static struct build frames;
	static const size_t sizes[] = { 7, 64, 100, 500 };

	(void)unused;
	build_hello(&hello, "pool.example.net", 200);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t size = sizes[i];

		frames.len = 0;
		for (size_t n = (hello.len + size - 1) / size; n > 0; n--) {
			size_t at = (n - 1) * size;

			put_crypto(&frames, &hello, at,
				   hello.len - at < size ? hello.len - at : size);
			put_bytes(&frames, "\1\0\0", 3);
			put_bytes(&frames, "\2\5\0\1\0\1\1", 7);
			put_bytes(&frames, "\3\5\0\0\0\1\2\3", 8);
		}
		forget();
		assert_int_equal(feed_frames(&frames), QUIC_READ);
		assert_name("pool.example.net");
		assert_false(quic_hello_tls(&state)->is_cut);
	}
}

/* A hello of today's size: two datagrams, either one first, one of them twice. */
static void test_two_datagrams(void **unused)
{
	static struct build hello;
	static struct build frames[2];

	(void)unused;
	build_hello(&hello, "pool.example.net", 1700);
	for (size_t i = 0; i < 2; i++) {
		frames[i].len = 0;
		put_crypto(&frames[i], &hello, i == 0 ? 0 : 1000, i == 0 ? 1000 : hello.len - 1000);
	}
	for (size_t first = 0; first < 2; first++) {
		forget();
		assert_int_equal(feed_frames(&frames[first]), QUIC_MORE);
		assert_null(quic_hello_tls(&state));
		assert_int_equal(feed_frames(&frames[first]), QUIC_MORE);
		assert_int_equal(feed_frames(&frames[1 - first]), QUIC_READ);
		assert_name("pool.example.net");
		assert_false(quic_hello_tls(&state)->is_cut);
	}
}

/* Only a part ever comes: what it says counts, and it says that it is one. */
static void test_part(void **unused)
{
	static struct build hello;
	static struct build frames;

	(void)unused;
	build_hello(&hello, "pool.example.net", 100);
	frames.len = 0;
	put_crypto(&frames, &hello, 0, hello.len - 1);
	forget();
	assert_int_equal(feed_frames(&frames), QUIC_MORE);
	assert_true(quic_hello_finish(&state));
	assert_string_equal(quic_hello_tls(&state)->sni, "");
	assert_true(quic_hello_tls(&state)->is_cut);
	assert_true(quic_hello_tls(&state)->is_quic);

	frames.len = 0;
	put_crypto(&frames, &hello, 60, hello.len - 60); /* the start is missing */
	forget();
	assert_int_equal(feed_frames(&frames), QUIC_MORE);
	assert_false(quic_hello_finish(&state));
	assert_null(quic_hello_tls(&state));
	assert_int_equal(feed_frames(&frames), QUIC_BAD);

	forget();
	assert_false(quic_hello_finish(&state));
}

/* More than there is room for: the beginning is read as cut. */
static void test_too_long(void **unused)
{
	static struct build hello;
	static struct build frames;
	enum quic_result result = QUIC_NONE;

	(void)unused;
	build_hello(&hello, "pool.example.net", 6000);
	forget();
	for (size_t at = 0; at < hello.len && result != QUIC_READ; at += 1000) {
		assert_true(at < QUIC_HELLO_MAX);
		frames.len = 0;
		put_crypto(&frames, &hello, at, 1000);
		result = feed_frames(&frames);
	}
	assert_int_equal(result, QUIC_READ);
	assert_true(quic_hello_tls(&state)->is_cut);
	assert_int_equal(quic_hello_tls(&state)->cipher_count, 1);

	/* offsets beyond the room, up to the largest number there is, are no place to write */
	frames.len = 0;
	put_bytes(&frames, "\6\xff\xff\xff\xff\xff\xff\xff\xff\4evil", 14);
	put_crypto(&frames, &hello, QUIC_HELLO_MAX - 2, 100);
	forget();
	assert_int_equal(feed_frames(&frames), QUIC_MORE);
	assert_false(quic_hello_finish(&state));
}

static void test_recipes(void **unused)
{
	static struct build hello;
	static struct build frames;
	static struct build out;

	(void)unused;
	build_hello(&hello, "pool.example.net", 10);
	frames.len = 0;
	put_crypto(&frames, &hello, 0, hello.len);
	for (unsigned number_len = 1; number_len <= 4; number_len++) {
		struct recipe recipe = plain_recipe;

		recipe.number_len = number_len;
		recipe.number = 0x7f7e7d7cu & (uint32_t)(0xffffffffu >> (32 - 8 * number_len));
		recipe.token_len = number_len == 4 ? 300 : number_len;
		recipe.version = number_len % 2 == 0 ? QUIC_VERSION_2 : QUIC_VERSION_1;
		recipe.dcid = number_len == 3 ? "twenty-byte-long-id!" : "connect8";
		out.len = 0;
		put_packet(&out, &recipe, number_len % 2 == 0 ? 1 : 0, &frames);
		forget();
		assert_int_equal(feed(&out), QUIC_READ);
		assert_name("pool.example.net");
	}
}

/* Retry: the server gives the client another id, and with it other keys. */
static void test_new_keys(void **unused)
{
	static struct build hello;
	static struct build frames;
	static struct build out;
	struct recipe recipe = plain_recipe;

	(void)unused;
	build_hello(&hello, "pool.example.net", 1300);
	frames.len = 0;
	put_crypto(&frames, &hello, 0, 900);
	forget();
	assert_int_equal(feed_frames(&frames), QUIC_MORE);
	recipe.dcid = "new";
	recipe.token_len = 30;
	frames.len = 0;
	put_crypto(&frames, &hello, 0, 900);
	out.len = 0;
	put_packet(&out, &recipe, 0, &frames);
	assert_int_equal(feed(&out), QUIC_MORE);
	/* and an id that is new while the keys are not, as after the server's first answer */
	recipe.dcid = "server-id";
	recipe.keys_from = "new";
	frames.len = 0;
	put_crypto(&frames, &hello, 900, hello.len - 900);
	out.len = 0;
	put_packet(&out, &recipe, 0, &frames);
	assert_int_equal(feed(&out), QUIC_READ);
	assert_name("pool.example.net");
}

/* Several packets in a datagram: two Initials, and early data between them. */
static void test_coalesced(void **unused)
{
	static struct build hello;
	static struct build frames;
	static struct build out;
	struct recipe recipe = plain_recipe;

	(void)unused;
	build_hello(&hello, "pool.example.net", 10);
	recipe.size = 0;
	out.len = 0;
	frames.len = 0;
	put_crypto(&frames, &hello, 0, 50);
	put_packet(&out, &recipe, 0, &frames);
	recipe.keys_from = "others"; /* early data has keys that nobody else knows */
	put_packet(&out, &recipe, 1, &frames);
	recipe.keys_from = NULL;
	recipe.size = DATAGRAM - out.len;
	recipe.number = 1;
	frames.len = 0;
	put_crypto(&frames, &hello, 50, hello.len - 50);
	put_packet(&out, &recipe, 0, &frames);
	forget();
	assert_int_equal(feed(&out), QUIC_READ);
	assert_name("pool.example.net");

	/* more of them than are looked at */
	recipe.size = 0;
	out.len = 0;
	for (size_t i = 0; i < QUIC_PACKETS_MAX + 1; i++) {
		frames.len = 0;
		put_crypto(&frames, &hello, 20 * i, i < QUIC_PACKETS_MAX ? 20 : hello.len - 20 * i);
		put_packet(&out, &recipe, 0, &frames);
	}
	memset(&out.bytes[out.len], 0, DATAGRAM);
	out.len += DATAGRAM;
	forget();
	assert_int_equal(feed(&out), QUIC_MORE);
}

static enum quic_result feed_head(const void *head, size_t len)
{
	static struct build b;

	memset(b.bytes, 0x31, DATAGRAM);
	memcpy(b.bytes, head, len);
	b.len = DATAGRAM;
	forget();
	return feed(&b);
}

#define HEAD(text) text, sizeof(text) - 1

static void test_others(void **unused)
{
	static const struct {
		const char *head;
		size_t len;
		enum quic_result result;
	} rows[] = {
		/* the right one, with rubbish inside */
		{ HEAD("\xc3\0\0\0\1\bconnect8\0\0\x44\x90"), QUIC_BAD },
		/* short header, no fixed bit, another version, version negotiation, draft 29 */
		{ HEAD("\x43\0\0\0\1\bconnect8\0\0\x44\x90"), QUIC_NONE },
		{ HEAD("\x83\0\0\0\1\bconnect8\0\0\x44\x90"), QUIC_NONE },
		{ HEAD("\xc3\0\0\0\2\bconnect8\0\0\x44\x90"), QUIC_NONE },
		{ HEAD("\xc3\0\0\0\0\bconnect8\0\0\x44\x90"), QUIC_NONE },
		{ HEAD("\xc3\xff\0\0\x1d\bconnect8\0\0\x44\x90"), QUIC_NONE },
		/* 0-RTT, Handshake, Retry; in version 2 the numbers are others */
		{ HEAD("\xd3\0\0\0\1\bconnect8\0\0\x44\x90"), QUIC_NONE },
		{ HEAD("\xe3\0\0\0\1\bconnect8\0\0\x44\x90"), QUIC_NONE },
		{ HEAD("\xf3\0\0\0\1\bconnect8\0\0\x44\x90"), QUIC_NONE },
		{ HEAD("\xc3k3C\xcf\bconnect8\0\0\x44\x90"), QUIC_NONE },
		{ HEAD("\xd3k3C\xcf\bconnect8\0\0\x44\x90"), QUIC_BAD },
		/* ids too short for a first one, and too long for any */
		{ HEAD("\xc3\0\0\0\1\aconnect\0\0\x44\x90"), QUIC_NONE },
		{ HEAD("\xc3\0\0\0\1\25twenty-byte-long-id!!\0\0\x44\x90"), QUIC_NONE },
		{ HEAD("\xc3\0\0\0\1\bconnect8\x15"), QUIC_NONE },
		/* a token and a packet that run past the end, one too small for its sample */
		{ HEAD("\xc3\0\0\0\1\bconnect8\0\x7f\xff"), QUIC_NONE },
		{ HEAD("\xc3\0\0\0\1\bconnect8\0\xff\xff\xff\xff\xff\xff\xff\xff"), QUIC_NONE },
		{ HEAD("\xc3\0\0\0\1\bconnect8\0\0\x44\xa0"), QUIC_NONE },
		{ HEAD("\xc3\0\0\0\1\bconnect8\0\0\x13"), QUIC_NONE },
		{ HEAD("\xc3\0\0\0\1\bconnect8\0\0\x14"), QUIC_BAD },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(feed_head(rows[i].head, rows[i].len), rows[i].result);
}

static enum quic_result feed_bytes(const void *bytes, size_t len)
{
	static struct build frames;

	frames.len = 0;
	put_bytes(&frames, bytes, len);
	forget();
	return feed_frames(&frames);
}

static void test_bad_frames(void **unused)
{
	static const uint8_t server_hello[] = { 6, 0, 4, 2, 0, 0, 40 };
	static const uint8_t no_hello[] = { 6, 0, 8, 1, 0, 0, 4, 9, 9, 9, 9 };

	(void)unused;
	assert_int_equal(feed_bytes("\1", 1), QUIC_MORE);
	assert_int_equal(feed_bytes("\x1c\0\0\0\x08", 5), QUIC_MORE);
	assert_int_equal(feed_bytes("\x08\1x", 3), QUIC_BAD);
	assert_int_equal(feed_bytes("\x40\6\0\1x", 5), QUIC_BAD);
	assert_int_equal(feed_bytes("\6\0\x7f\xff", 4), QUIC_BAD);
	assert_int_equal(feed_bytes("\6\0\xff\xff\xff\xff\xff\xff\xff\xff", 10), QUIC_BAD);
	assert_int_equal(feed_bytes("\2\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0", 12), QUIC_BAD);
	assert_int_equal(feed_bytes("\2\0\0\x43\xe8\0", 6), QUIC_BAD);
	assert_int_equal(feed_bytes(server_hello, sizeof(server_hello)), QUIC_BAD);
	assert_int_equal(feed_bytes(no_hello, sizeof(no_hello)), QUIC_BAD);
}

static bool opens(const struct quic_crypto *by, const struct build *b)
{
	struct quic_packet packet;
	struct quic_keys keys;
	uint8_t plain[QUIC_PACKET_MAX];
	struct slice frames;

	assert_true(quic_packet_read(guard_put(&guard, b->bytes, b->len), &packet));
	assert_true(packet.is_initial);
	assert_true(quic_keys_derive(crypto, packet.version, packet.dcid, &keys));
	return quic_packet_open(by, &keys, &packet, plain, &frames);
}

/* Larger than is opened, and the largest that is. */
static void test_packet_size(void **unused)
{
	static struct build hello;
	static struct build frames;
	static struct build out;
	struct recipe recipe = plain_recipe;

	(void)unused;
	build_hello(&hello, "pool.example.net", 10);
	frames.len = 0;
	put_crypto(&frames, &hello, 0, hello.len);
	for (size_t more = 0; more < 2; more++) {
		recipe.size = QUIC_PACKET_MAX + more;
		out.len = 0;
		put_packet(&out, &recipe, 0, &frames);
		assert_int_equal(opens(crypto, &out), more == 0);
		forget();
		assert_int_equal(feed(&out), more == 0 ? QUIC_READ : QUIC_BAD);
	}
}

/* After so many datagrams what there is is read, and that is all. */
static void test_datagram_cap(void **unused)
{
	static struct build hello;
	static struct build frames;

	(void)unused;
	build_hello(&hello, "pool.example.net", 10);
	frames.len = 0;
	put_crypto(&frames, &hello, 0, 50);
	forget();
	for (unsigned i = 0; i < QUIC_DATAGRAMS_MAX - 1; i++)
		assert_int_equal(feed_frames(&frames), QUIC_MORE);
	assert_int_equal(feed_frames(&frames), QUIC_READ);
	assert_true(quic_hello_tls(&state)->is_cut);
	frames.len = 0;
	put_crypto(&frames, &hello, 0, hello.len);
	assert_int_equal(feed_frames(&frames), QUIC_READ);
	assert_string_equal(quic_hello_tls(&state)->sni, "");
}

/* The smallest packet: a number of four bytes and a tag, no frames. */
static void test_smallest(void **unused)
{
	static struct build frames;
	static struct build out;
	struct recipe recipe = plain_recipe;

	(void)unused;
	recipe.size = 0;
	recipe.number_len = 4;
	frames.len = 0;
	out.len = 0;
	put_packet(&out, &recipe, 0, &frames);
	assert_true(opens(crypto, &out));
	out.bytes[out.len - 1] ^= 1;
	assert_false(opens(crypto, &out));
}

static bool no_hmac(void *self, struct slice key, struct slice text, uint8_t *out)
{
	(void)self;
	(void)key;
	(void)text;
	(void)out;
	return false;
}

/* Fails at the call that the counter says. */
static bool some_hmac(void *self, struct slice key, struct slice text, uint8_t *out)
{
	unsigned *left = self;

	return --*left > 0 && crypto->hmac_sha256(crypto->self, key, text, out);
}

static bool no_block(void *self, const uint8_t *key, const uint8_t *in, uint8_t *out)
{
	(void)self;
	(void)key;
	(void)in;
	(void)out;
	return false;
}

/* A library that fails is no reason to believe anything. */
static void test_failing_crypto(void **unused)
{
	static struct build b;
	struct quic_crypto broken = *crypto;

	(void)unused;
	b.len = unhex(quic_vector_v1, b.bytes);
	broken.hmac_sha256 = no_hmac;
	forget();
	assert_int_equal(quic_hello_feed(&state, &broken, slice_of(b.bytes, b.len)), QUIC_BAD);
	for (unsigned call = 1; call <= 6; call++) {
		struct quic_keys keys;
		unsigned left = call;

		broken.hmac_sha256 = some_hmac;
		broken.self = &left;
		assert_int_equal(
			quic_keys_derive(&broken, QUIC_VERSION_1, slice_str("connect8"), &keys),
			call == 6);
	}
	broken = *crypto;
	broken.aes_block = no_block;
	assert_true(opens(crypto, &b));
	assert_false(opens(&broken, &b));
	forget();
	assert_int_equal(quic_hello_feed(&state, &broken, slice_of(b.bytes, b.len)), QUIC_BAD);
	assert_int_equal(feed(&b), QUIC_READ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),           cmocka_unit_test(test_crypto),
		cmocka_unit_test(test_vectors),        cmocka_unit_test(test_every_damage),
		cmocka_unit_test(test_pieces),         cmocka_unit_test(test_two_datagrams),
		cmocka_unit_test(test_part),           cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_recipes),        cmocka_unit_test(test_new_keys),
		cmocka_unit_test(test_coalesced),      cmocka_unit_test(test_others),
		cmocka_unit_test(test_bad_frames),     cmocka_unit_test(test_packet_size),
		cmocka_unit_test(test_datagram_cap),   cmocka_unit_test(test_smallest),
		cmocka_unit_test(test_failing_crypto),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
