/* decap_rig.h: one decapsulation with its counters, a frame under construction and its packet.
 *
 * Include after cmocka.h. */
#ifndef TESTS_UNIT_DECAP_RIG_H
#define TESTS_UNIT_DECAP_RIG_H

#include <stdlib.h>

#include "sensor/decap.h"
#include "tests/unit/wire.h"

#define TEXT "{\"id\":1}"

struct rig {
	struct stats stats;
	struct decap *decap;
	struct packet out;
	struct wire wire;
	enum link link;
	uint32_t wire_len; /* 0: what is there */
	uint64_t time_ns;
};

static struct rig rig;

static inline int setup(void **state)
{
	(void)state;
	memset(&rig.stats, 0, sizeof(rig.stats));
	rig.link = LINK_ETHERNET;
	rig.wire_len = 0;
	rig.time_ns = 1000;
	wire_clear(&rig.wire);
	rig.decap = decap_new(&rig.stats);
	return rig.decap == NULL ? -1 : 0;
}

static inline int teardown(void **state)
{
	(void)state;
	decap_free(rig.decap);
	return 0;
}

static inline enum decap_result feed(struct slice bytes)
{
	struct frame frame = { .time_ns = rig.time_ns,
			       .number = 12,
			       .link = rig.link,
			       .wire_len = rig.wire_len == 0 ? (uint32_t)bytes.len : rig.wire_len,
			       .bytes = bytes };

	memset(&rig.out, 0xa5, sizeof(rig.out));
	return decap_frame(rig.decap, &frame, &rig.out);
}

static inline enum decap_result feed_wire(void)
{
	return feed(wire_slice(&rig.wire));
}

static inline void start(const char *text)
{
	wire_clear(&rig.wire);
	wire_text(&rig.wire, text);
}

/* IPv4, TCP from 10.0.0.from, with TEXT in it. */
static inline void start_ipv4(uint8_t from, uint8_t to)
{
	start(TEXT);
	wire_tcp(&rig.wire, 40000, 3333, 5, TCP_PSH | TCP_ACK);
	wire_ipv4(&rig.wire, from, to, IP_PROTO_TCP);
}

static inline void start_ipv6(void)
{
	start(TEXT);
	wire_tcp(&rig.wire, 40000, 3333, 5, TCP_PSH | TCP_ACK);
}

static inline void assert_text_of(uint8_t version)
{
	assert_true(slice_is(rig.out.payload, TEXT));
	assert_int_equal(rig.out.payload_wire, strlen(TEXT));
	assert_int_equal(rig.out.key.ip_version, version);
	assert_int_equal(rig.out.key.proto, IP_PROTO_TCP);
	assert_int_equal(rig.out.key.port[rig.out.from_high], 40000);
	assert_int_equal(rig.out.key.port[!rig.out.from_high], 3333);
	assert_int_equal(rig.out.ip_packets, 1);
	assert_int_equal(rig.out.l3.ptr[0] >> 4, version);
}

static inline void assert_tunnel(enum tunnel tunnel, uint32_t id)
{
	assert_int_equal(rig.out.key.scope.tunnel, tunnel);
	assert_int_equal(rig.out.key.scope.id, id);
}

/* The frame in rig.wire is a packet whole, and none of its beginnings makes a payload longer than
 * it had or reads past its end (each is fed in a block of its own, so that the sanitizer sees). */
static inline void assert_every_cut(void)
{
	struct slice whole = wire_slice(&rig.wire);
	size_t packets = 0;

	assert_int_equal(feed(whole), DECAP_PACKET);
	for (size_t len = 0; len < whole.len; len++) {
		uint8_t *copy = malloc(len + (len == 0));

		assert_non_null(copy);
		memcpy(copy, whole.ptr, len);
		rig.wire_len = (uint32_t)whole.len;
		if (feed(slice_of(copy, len)) == DECAP_PACKET) {
			packets++;
			assert_int_equal(rig.out.payload_wire, strlen(TEXT));
			assert_int_equal(rig.out.payload.len, strlen(TEXT) - (whole.len - len));
		}
		free(copy);
	}
	assert_int_equal(packets, strlen(TEXT)); /* only cuts in the payload leave a packet */
	rig.wire_len = 0;
	assert_int_equal(feed(whole), DECAP_PACKET);
}

/* Ethernet, IPv4, UDP to port around what is there. */
static inline void wrap_udp(uint16_t port)
{
	wire_udp(&rig.wire, 50000, port);
	wire_ipv4(&rig.wire, 100, 101, IP_PROTO_UDP);
	wire_ethernet(&rig.wire, 0x0800);
}

#endif
