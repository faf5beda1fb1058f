/* Reassembly: order, overlap, caps, time-out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "sensor/fragment.h"
#include "sensor/limits.h"

#define SECOND 1000000000ull

struct rig {
	struct stats stats;
	struct fragment_table *table;
	struct fragment fragment;
	struct datagram out;
	uint8_t header[40];
	uint8_t bytes[65535];
};

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.table = fragment_table_new(&rig.stats);
	memcpy(rig.header, (uint8_t[]){ 0x46, 0, 0, 99, 0, 9, 0x20, 0, 64, 17, 1, 2 }, 12);
	memcpy(rig.header + 12, (uint8_t[]){ 192, 0, 2, 1, 192, 0, 2, 2 }, 8);
	for (size_t i = 0; i < sizeof(rig.bytes); i++)
		rig.bytes[i] = (uint8_t)(i * 7 + i / 251);
	rig.fragment = (struct fragment){ .time_ns = 100 * SECOND,
					  .header = slice_of(rig.header, 20),
					  .id = 9,
					  .version = 4,
					  .proto = 17 };
	return rig.table == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	fragment_table_free(rig.table);
	return 0;
}

static enum fragment_result add_bytes(size_t offset, const uint8_t *bytes, size_t len,
				      bool has_more)
{
	rig.fragment.offset = offset;
	rig.fragment.bytes = slice_of(bytes, len);
	rig.fragment.wire = len;
	rig.fragment.has_more = has_more;
	rig.fragment.ip_bytes = (uint32_t)len + 20;
	return fragment_add(rig.table, &rig.fragment, &rig.out);
}

/* The datagram's own bytes at that place. */
static enum fragment_result add(size_t offset, size_t len, bool has_more)
{
	return add_bytes(offset, rig.bytes + offset, len, has_more);
}

static void assert_joined(size_t len, unsigned packets)
{
	assert_int_equal(rig.out.payload.len, len);
	assert_memory_equal(rig.out.payload.ptr, rig.bytes, len);
	assert_int_equal(rig.out.packets, packets);
	assert_int_equal(rig.out.proto, 17);
	assert_int_equal(rig.stats.fragments_joined, 1);
}

static void test_in_order(void **state)
{
	(void)state;
	assert_int_equal(add(0, 16, true), FRAGMENT_HELD);
	assert_int_equal(add(16, 8, true), FRAGMENT_HELD);
	assert_int_equal(add(24, 3, false), FRAGMENT_JOINED);
	assert_joined(27, 3);
	assert_int_equal(rig.out.ip_bytes, 27 + 3 * 20);
	assert_int_equal(rig.stats.fragments, 3);
	assert_int_equal(rig.stats.fragments_dropped, 0);
	/* The header fits the whole: no options, new length, no fragment bits. */
	assert_int_equal(rig.out.packet.len, 47);
	assert_memory_equal(rig.out.packet.ptr, "\x45\0\0\x2f\0\x09\0\0\x40\x11\0\0", 12);
	assert_memory_equal(rig.out.packet.ptr + 12, rig.header + 12, 8);
	assert_ptr_equal(rig.out.payload.ptr, rig.out.packet.ptr + 20);
}

static void test_any_order(void **state)
{
	static const size_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		for (size_t k = 0; k < 3; k++) {
			size_t part = orders[i][k];
			enum fragment_result result =
				add(part * 4096, part == 2 ? 5 : 4096, part != 2);

			assert_int_equal(result, k == 2 ? FRAGMENT_JOINED : FRAGMENT_HELD);
		}
		assert_joined(8197, 3);
		rig.stats.fragments_joined = 0;
	}
}

static void test_repeated_is_ignored(void **state)
{
	(void)state;
	assert_int_equal(add(0, 16, true), FRAGMENT_HELD);
	assert_int_equal(add(0, 16, true), FRAGMENT_HELD);
	assert_int_equal(add(0, 8, true), FRAGMENT_HELD); /* a part of it, equal */
	assert_int_equal(add(16, 8, false), FRAGMENT_JOINED);
	assert_joined(24, 4);
	assert_int_equal(rig.stats.fragments_dropped, 0);
}

static void test_conflict_condemns(void **state)
{
	uint8_t other[16] = { 0 };

	(void)state;
	assert_int_equal(add(0, 16, true), FRAGMENT_HELD);
	assert_int_equal(add_bytes(0, other, 16, true), FRAGMENT_DROPPED);
	assert_int_equal(rig.stats.fragments_dropped, 2);
	/* What comes later is dropped too, until the time-out. */
	assert_int_equal(add(0, 16, true), FRAGMENT_DROPPED);
	assert_int_equal(add(16, 8, false), FRAGMENT_DROPPED);
	assert_int_equal(rig.stats.fragments_dropped, 4);
	assert_int_equal(rig.stats.fragments_joined, 0);
	rig.fragment.time_ns += LIMIT_FRAGMENT_TIMEOUT_S * SECOND;
	assert_int_equal(add(0, 16, true), FRAGMENT_HELD);
	assert_int_equal(add(16, 8, false), FRAGMENT_JOINED);
	assert_int_equal(rig.stats.fragments_dropped, 4);
}

static void test_partial_overlap_condemns(void **state)
{
	(void)state;
	assert_int_equal(add(8, 16, true), FRAGMENT_HELD);
	assert_int_equal(add(16, 16, true), FRAGMENT_DROPPED); /* equal, but not a repetition */
	rig.fragment.id++;
	assert_int_equal(add(8, 16, true), FRAGMENT_HELD);
	assert_int_equal(add(0, 16, true), FRAGMENT_DROPPED);
	rig.fragment.id++;
	assert_int_equal(add(8, 16, true), FRAGMENT_HELD);
	assert_int_equal(add(0, 32, true), FRAGMENT_DROPPED);
}

static void test_ends_must_agree(void **state)
{
	(void)state;
	assert_int_equal(add(16, 8, false), FRAGMENT_HELD);
	assert_int_equal(add(24, 8, false), FRAGMENT_DROPPED); /* another end */
	rig.fragment.id++;
	assert_int_equal(add(24, 8, true), FRAGMENT_HELD);
	assert_int_equal(add(16, 8, false), FRAGMENT_DROPPED); /* an end before known bytes */
	rig.fragment.id++;
	assert_int_equal(add(16, 8, false), FRAGMENT_HELD);
	assert_int_equal(add(16, 8, true), FRAGMENT_DROPPED); /* more behind the end */
}

static void test_malformed(void **state)
{
	(void)state;
	assert_int_equal(add(0, 0, true), FRAGMENT_MALFORMED);
	assert_int_equal(add(0, 9, true), FRAGMENT_MALFORMED);
	assert_int_equal(add(65528, 8, false), FRAGMENT_MALFORMED);
	assert_int_equal(add(65512, 4, false), FRAGMENT_MALFORMED); /* 20 + 65516 */
	assert_int_equal(rig.stats.fragments_dropped, 4);
	assert_int_equal(add(65512, 3, false), FRAGMENT_HELD);
}

static void test_cut_is_dropped(void **state)
{
	(void)state;
	rig.fragment.bytes = slice_of(rig.bytes, 15);
	rig.fragment.wire = 16;
	rig.fragment.has_more = true;
	assert_int_equal(fragment_add(rig.table, &rig.fragment, &rig.out), FRAGMENT_DROPPED);
	assert_int_equal(rig.stats.fragments_dropped, 1);
}

static void test_time_out(void **state)
{
	(void)state;
	assert_int_equal(add(0, 8, true), FRAGMENT_HELD);
	rig.fragment.time_ns += LIMIT_FRAGMENT_TIMEOUT_S * SECOND - 1;
	assert_int_equal(add(8, 8, false), FRAGMENT_JOINED);

	rig.fragment.id++;
	assert_int_equal(add(0, 8, true), FRAGMENT_HELD);
	rig.fragment.time_ns += LIMIT_FRAGMENT_TIMEOUT_S * SECOND;
	assert_int_equal(add(8, 8, false), FRAGMENT_HELD); /* of a new datagram */
	assert_int_equal(rig.stats.fragments_dropped, 1);
	assert_int_equal(rig.stats.fragments_joined, 1);
}

static void test_keys_differ(void **state)
{
	(void)state;
	assert_int_equal(add(0, 8, true), FRAGMENT_HELD);
	rig.fragment.scope.id = 1;
	assert_int_equal(add(8, 8, false), FRAGMENT_HELD);
	rig.fragment.scope.id = 0;
	rig.fragment.proto = 1;
	assert_int_equal(add(8, 8, false), FRAGMENT_HELD);
	rig.fragment.proto = 17;
	rig.header[15] = 3;
	assert_int_equal(add(8, 8, false), FRAGMENT_HELD);
	rig.header[15] = 1;
	rig.fragment.id = 10;
	assert_int_equal(add(8, 8, false), FRAGMENT_HELD);
	rig.fragment.id = 9;
	assert_int_equal(add(8, 8, false), FRAGMENT_JOINED);
}

static void test_piece_cap(void **state)
{
	(void)state;
	for (size_t i = 0; i < LIMIT_FRAGMENT_PIECES; i++)
		assert_int_equal(add(i * 8, 8, true), FRAGMENT_HELD);
	assert_int_equal(add(LIMIT_FRAGMENT_PIECES * 8, 8, false), FRAGMENT_DROPPED);
	assert_int_equal(rig.stats.fragments_dropped, LIMIT_FRAGMENT_PIECES + 1);

	rig.fragment.id++;
	for (size_t i = 0; i < LIMIT_FRAGMENT_PIECES - 1; i++)
		assert_int_equal(add(i * 8, 8, true), FRAGMENT_HELD);
	assert_int_equal(add((LIMIT_FRAGMENT_PIECES - 1) * 8, 8, false), FRAGMENT_JOINED);
	assert_joined(LIMIT_FRAGMENT_PIECES * 8, LIMIT_FRAGMENT_PIECES);
}

static void test_datagram_cap_evicts_oldest(void **state)
{
	(void)state;
	for (uint32_t id = 0; id < LIMIT_FRAGMENT_DATAGRAMS; id++) {
		rig.fragment.id = id;
		assert_int_equal(add(0, 8, true), FRAGMENT_HELD);
	}
	assert_int_equal(rig.stats.fragments_dropped, 0);
	rig.fragment.id = LIMIT_FRAGMENT_DATAGRAMS;
	assert_int_equal(add(0, 8, true), FRAGMENT_HELD);
	assert_int_equal(rig.stats.fragments_dropped, 1);
	rig.fragment.id = 1;
	assert_int_equal(add(8, 8, false), FRAGMENT_JOINED); /* the second oldest is here */
	rig.fragment.id = 0;
	assert_int_equal(add(8, 8, false), FRAGMENT_HELD); /* the oldest is not */
	assert_int_equal(rig.stats.fragments_dropped, 1);
}

/* 16 MiB hold 256 datagrams of 64 KiB less their last bytes. */
static void test_pool_evicts_oldest(void **state)
{
	const size_t part = 65504;

	(void)state;
	for (uint32_t id = 0; id < 256; id++) {
		rig.fragment.id = id;
		assert_int_equal(add(0, part, true), FRAGMENT_HELD);
	}
	assert_int_equal(rig.stats.fragments_dropped, 0);
	rig.fragment.id = 256;
	assert_int_equal(add(0, part, true), FRAGMENT_HELD);
	assert_int_equal(rig.stats.fragments_dropped, 1);
	/* One more block costs the oldest that is left, which is this one itself. */
	rig.fragment.id = 1;
	assert_int_equal(add(part, 8, false), FRAGMENT_DROPPED);
	assert_int_equal(rig.stats.fragments_dropped, 3);
	rig.fragment.id = 256;
	assert_int_equal(add(part, 8, false), FRAGMENT_JOINED);
	assert_joined(part + 8, 2);
}

static void test_ipv6(void **state)
{
	(void)state;
	memset(rig.header, 0, sizeof(rig.header));
	memcpy(rig.header, (uint8_t[]){ 0x60, 0, 0, 0, 0, 99, 44, 64, 0x20, 1, 0x0d, 0xb8 }, 12);
	rig.header[23] = 1;
	rig.header[39] = 2;
	rig.fragment.version = 6;
	rig.fragment.header = slice_of(rig.header, 40);
	rig.fragment.proto = 99; /* only the first fragment's counts */
	assert_int_equal(add(65528, 7, false), FRAGMENT_HELD);
	rig.fragment.proto = 17;
	assert_int_equal(add(0, 65520, true), FRAGMENT_HELD);
	rig.fragment.proto = 98;
	assert_int_equal(add(65520, 8, true), FRAGMENT_JOINED);
	assert_joined(65535, 3);
	assert_int_equal(rig.out.packet.len, 65575);
	assert_memory_equal(rig.out.packet.ptr, "\x60\0\0\0\xff\xff\x11\x40\x20\x01\x0d\xb8", 12);
	assert_memory_equal(rig.out.packet.ptr + 8, rig.header + 8, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeated_is_ignored, setup, teardown),
		cmocka_unit_test_setup_teardown(test_conflict_condemns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_partial_overlap_condemns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends_must_agree, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys_differ, setup, teardown),
		cmocka_unit_test_setup_teardown(test_piece_cap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_datagram_cap_evicts_oldest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_evicts_oldest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ipv6, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
