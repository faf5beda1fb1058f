/* What is done in one step for most frames comes to the same as layer by layer: a tag of VLAN 0, a
 * priority and no VLAN, sends the same packet the long way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/decap_rig.h"

#define FRAMES    200000
#define HEAD      60 /* bytes in which something may be wrong */
#define ADDRESSES 12

static uint64_t seed = 1;

static uint32_t any(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static void any_packet(void)
{
	static const uint16_t ports[] = { 3333, 53, 4789, 6081, 443 };

	wire_clear(&rig.wire);
	wire_fill(&rig.wire, (uint8_t)any(256), any(80));
	if (any(2) == 0) {
		wire_tcp(&rig.wire, ports[any(5)], ports[any(5)], any(1000), (uint8_t)any(64));
		wire_ipv4(&rig.wire, (uint8_t)any(4), (uint8_t)any(4), IP_PROTO_TCP);
	} else {
		wire_udp(&rig.wire, ports[any(5)], ports[any(5)]);
		wire_ipv4(&rig.wire, (uint8_t)any(4), (uint8_t)any(4), IP_PROTO_UDP);
	}
	wire_ethernet(&rig.wire, 0x0800);
}

/* One to three wrong bytes, and a cut. */
static size_t spoil(uint8_t *frame, size_t len)
{
	for (uint32_t i = any(4); i > 0; i--)
		frame[any(len < HEAD ? (uint32_t)len : HEAD)] = (uint8_t)any(256);
	return any(4) == 0 ? any((uint32_t)len + 1) : len;
}

static void assert_same(const struct packet *one, const struct packet *other)
{
	assert_memory_equal(&one->key, &other->key, sizeof(one->key));
	assert_int_equal(one->from_high, other->from_high);
	assert_int_equal(one->tcp_flags, other->tcp_flags);
	assert_int_equal(one->tcp_seq, other->tcp_seq);
	assert_int_equal(one->tcp_ack, other->tcp_ack);
	assert_int_equal(one->ip_packets, other->ip_packets);
	assert_int_equal(one->ip_bytes, other->ip_bytes);
	assert_int_equal(one->payload_wire, other->payload_wire);
	assert_int_equal(one->l3.len, other->l3.len);
	assert_int_equal(one->payload.len, other->payload.len);
	assert_memory_equal(one->l3.ptr, other->l3.ptr, one->l3.len);
	if (one->payload.len > 0)
		assert_int_equal(one->payload.ptr - one->l3.ptr,
				 other->payload.ptr - other->l3.ptr);
}

static void test_one_step(void **state)
{
	struct decap *straight = rig.decap;
	struct stats stats = { 0 };
	struct decap *tagged = decap_new(&stats);
	size_t packets = 0;

	(void)state;
	assert_non_null(tagged);
	for (size_t i = 0; i < FRAMES; i++) {
		uint8_t frame[300];
		uint8_t longer[300];

		any_packet();
		size_t sent = wire_len(&rig.wire);

		memcpy(frame, wire_slice(&rig.wire).ptr, sent);
		size_t len = spoil(frame, sent);

		if (len < ADDRESSES)
			continue;
		memcpy(longer, frame, ADDRESSES);
		memcpy(longer + ADDRESSES, "\x81\x00\x60\x00", 4);
		memcpy(longer + ADDRESSES + 4, frame + ADDRESSES, len - ADDRESSES);
		rig.wire_len = (uint32_t)sent;
		enum decap_result result = feed(slice_of(frame, len));
		struct packet out = rig.out;

		rig.decap = tagged;
		rig.wire_len = (uint32_t)sent + 4;
		enum decap_result expected = feed(slice_of(longer, len + 4));

		rig.decap = straight;
		/* 802.3 has no tag in it; what is too short for either is told apart */
		if (len >= ADDRESSES + 2 && frame[ADDRESSES] < 6)
			continue;
		assert_int_equal(result, expected);
		if (result != DECAP_PACKET)
			continue;
		packets++;
		assert_same(&out, &rig.out);
	}
	assert_true(packets > FRAMES / 2);
	decap_free(tagged);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_one_step) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
