/* test_tcp_options.c: hashes of SYNs' options. */
#include "sensor/tcp_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* MSS 1460, SACK permitted, time stamp, padding, window scale 7: as Linux sends them. */
static const uint8_t linux_options[20] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 0x12, 0x34,
					   5, 6, 0, 0,    0, 0, 1, 3,  3,    7 };

/* The hash of a SYN with these options behind an IP header. The packet is in memory of its own, so
 * that a sanitizer sees a read past its end. */
static uint16_t hash_cut(uint8_t version, const uint8_t *options, size_t len, size_t cut)
{
	size_t ip = version == 4 ? 20 : 40;
	size_t padded = (len + 3) / 4 * 4;
	size_t size = ip + 20 + padded;
	uint8_t *bytes = calloc(1, size);
	struct packet packet = { .tcp_flags = TCP_SYN };
	uint8_t *kept;
	uint16_t hash;

	assert_non_null(bytes);
	bytes[0] = version == 4 ? 0x45 : 0x60;
	if (version == 6)
		bytes[6] = IP_PROTO_TCP;
	bytes[ip + 12] = (uint8_t)((20 + padded) / 4 << 4);
	memcpy(bytes + ip + 20, options, len);
	size = size > cut ? size - cut : 0;
	kept = malloc(size > 0 ? size : 1);
	assert_non_null(kept);
	memcpy(kept, bytes, size);
	packet.key.ip_version = version;
	packet.l3 = slice_of(kept, size);
	hash = tcp_syn_options(&packet);
	free(kept);
	free(bytes);
	return hash;
}

static uint16_t hash_of(const uint8_t *options, size_t len)
{
	return hash_cut(4, options, len, 0);
}

static void a_lower_segment_size_is_the_same(void **state)
{
	uint8_t options[20];

	(void)state;
	memcpy(options, linux_options, sizeof(options));
	options[2] = 4; /* clamped */
	assert_int_equal(hash_of(options, 20), hash_of(linux_options, 20));
	assert_int_equal(hash_cut(6, options, 20, 0), hash_of(linux_options, 20));
	assert_true(hash_of(options, 20) > TCP_OPTIONS_UNREADABLE);
}

static void everything_else_is_not(void **state)
{
	uint8_t options[20];

	(void)state;
	for (size_t at = 4; at < sizeof(options); at++) {
		memcpy(options, linux_options, sizeof(options));
		options[at] ^= 0x40;
		assert_int_not_equal(hash_of(options, 20), hash_of(linux_options, 20));
	}
	assert_int_not_equal(hash_of(linux_options, 16), hash_of(linux_options, 20));
}

static void what_follows_the_end_is_not_read(void **state)
{
	static const uint8_t one[8] = { 4, 2, 0, 9, 9, 9, 9, 9 };
	static const uint8_t two[8] = { 4, 2, 0, 0, 0, 0, 0, 0 };
	static const uint8_t none[1] = { 0 };

	(void)state;
	assert_int_equal(hash_of(one, 8), hash_of(two, 8));
	assert_int_equal(hash_of(none, 0), hash_of(none, 1));
	assert_true(hash_of(none, 0) > TCP_OPTIONS_UNREADABLE);
}

static void damaged_options_end_where_they_are(void **state)
{
	static const uint8_t zero_len[8] = { 4, 2, 8, 0, 1, 1, 1, 1 };
	static const uint8_t one_len[8] = { 4, 2, 8, 1, 1, 1, 1, 1 };
	static const uint8_t too_long[8] = { 4, 2, 8, 7, 1, 1, 1, 1 };
	static const uint8_t lone_kind[4] = { 4, 2, 1, 8 };

	(void)state;
	assert_int_equal(hash_of(zero_len, 8), hash_of(one_len, 8));
	assert_int_equal(hash_of(zero_len, 8), hash_of(too_long, 8));
	assert_true(hash_of(lone_kind, 4) > TCP_OPTIONS_UNREADABLE);
}

static void stamps_are_read(void **state)
{
	static const uint8_t plain[12] = { 1, 1, 8, 10, 0, 0, 1, 2, 0xff, 0, 0, 3 };
	static const uint8_t bad_len[12] = { 1, 1, 8, 9, 0, 0, 1, 2, 0xff, 0, 0, 1 };
	uint8_t bytes[20 + 20 + 12] = { 0x45 };
	struct packet packet = { .tcp_flags = TCP_ACK, .key = { .ip_version = 4 } };
	uint32_t stamps[2] = { 0, 0 };

	(void)state;
	bytes[32] = 0x80;
	memcpy(bytes + 40, plain, sizeof(plain));
	packet.l3 = slice_of(bytes, sizeof(bytes));
	assert_true(tcp_stamps(&packet, stamps));
	assert_int_equal(stamps[0], 258);
	assert_int_equal(stamps[1], 0xff000003);
	memcpy(bytes + 40, bad_len, sizeof(bad_len));
	assert_false(tcp_stamps(&packet, stamps));
	bytes[32] = 0x50; /* no options */
	assert_false(tcp_stamps(&packet, stamps));
	packet.l3.len = 51;
	bytes[32] = 0x80; /* cut */
	assert_false(tcp_stamps(&packet, stamps));
}

static void cut_headers_are_unreadable(void **state)
{
	struct packet packet = { .tcp_flags = TCP_SYN, .key = { .ip_version = 4 } };
	uint8_t bytes[40] = { 0x45 };

	(void)state;
	for (size_t cut = 1; cut <= 60; cut++)
		assert_int_equal(hash_cut(4, linux_options, 20, cut), TCP_OPTIONS_UNREADABLE);
	for (size_t cut = 1; cut <= 80; cut++)
		assert_int_equal(hash_cut(6, linux_options, 20, cut), TCP_OPTIONS_UNREADABLE);
	assert_int_equal(tcp_syn_options(&packet), TCP_OPTIONS_UNREADABLE);
	packet.l3 = slice_of(bytes, sizeof(bytes));
	bytes[32] = 0x40; /* a TCP header shorter than its least */
	assert_int_equal(tcp_syn_options(&packet), TCP_OPTIONS_UNREADABLE);
	bytes[32] = 0xf0; /* longer than the packet */
	assert_int_equal(tcp_syn_options(&packet), TCP_OPTIONS_UNREADABLE);
	packet.key.ip_version = 6; /* no TCP directly behind the header */
	assert_int_equal(tcp_syn_options(&packet), TCP_OPTIONS_UNREADABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lower_segment_size_is_the_same),
		cmocka_unit_test(everything_else_is_not),
		cmocka_unit_test(what_follows_the_end_is_not_read),
		cmocka_unit_test(damaged_options_end_where_they_are),
		cmocka_unit_test(stamps_are_read),
		cmocka_unit_test(cut_headers_are_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
