/* Batches: copies, room, boundaries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "sensor/packet.h"

static struct packet packet_over(uint8_t *bytes, size_t len, size_t header_len)
{
	struct packet packet = { .number = len, .payload_wire = 77 };

	packet.l3 = slice_of(bytes, len);
	packet.payload = slice_tail(packet.l3, header_len);
	return packet;
}

static void test_copies_bytes(void **state)
{
	struct packet_batch *batch = packet_batch_new(64);
	uint8_t bytes[] = "HEADpayload";
	struct packet packet = packet_over(bytes, 11, 4);
	struct packet bare = packet_over(bytes, 4, 4);

	(void)state;
	assert_non_null(batch);
	assert_true(packet_batch_add(batch, &packet));
	assert_true(packet_batch_add(batch, &bare));
	memset(bytes, 'x', sizeof(bytes)); /* as libpcap does */
	assert_int_equal(batch->count, 2);
	assert_int_equal(batch->used, 15);
	assert_true(slice_is(batch->packets[0].l3, "HEADpayload"));
	assert_true(slice_is(batch->packets[0].payload, "payload"));
	assert_int_equal(batch->packets[0].number, 11);
	assert_int_equal(batch->packets[0].payload_wire, 77);
	assert_true(slice_is(batch->packets[1].l3, "HEAD"));
	assert_int_equal(batch->packets[1].payload.len, 0);
	packet_batch_free(batch);
}

static void test_arena_is_full(void **state)
{
	struct packet_batch *batch = packet_batch_new(20);
	uint8_t bytes[21] = { 0 };
	struct packet one = packet_over(bytes, 1, 0);
	struct packet most = packet_over(bytes, 19, 0);
	struct packet all = packet_over(bytes, 20, 0);
	struct packet over = packet_over(bytes, 21, 0);

	(void)state;
	assert_non_null(batch);
	assert_false(packet_batch_add(batch, &over));
	assert_int_equal(batch->count, 0);
	assert_true(packet_batch_add(batch, &most));
	assert_false(packet_batch_add(batch, &most));
	assert_true(packet_batch_add(batch, &one));
	assert_false(packet_batch_add(batch, &one));
	assert_int_equal(batch->count, 2);
	batch->tick_ns = 5;
	batch->upto_ns = 5;
	packet_batch_clear(batch);
	assert_int_equal(batch->tick_ns, 0);
	assert_int_equal(batch->upto_ns, 0);
	assert_true(packet_batch_add(batch, &all));
	assert_int_equal(batch->used, 20);
	packet_batch_free(batch);
}

static void test_packets_are_full(void **state)
{
	struct packet_batch *batch = packet_batch_new(1024);
	struct packet empty = { 0 };

	(void)state;
	assert_non_null(batch);
	for (size_t i = 0; i < LIMIT_BATCH_PACKETS; i++)
		assert_true(packet_batch_add(batch, &empty));
	assert_false(packet_batch_add(batch, &empty));
	assert_int_equal(batch->count, LIMIT_BATCH_PACKETS);
	packet_batch_clear(batch);
	assert_true(packet_batch_add(batch, &empty));
	packet_batch_free(batch);
	packet_batch_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies_bytes),
		cmocka_unit_test(test_arena_is_full),
		cmocka_unit_test(test_packets_are_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
