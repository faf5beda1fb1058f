/* fuzz_decap.c: frames of any bytes through one decapsulation, fragments and all.
 *
 * Input: frames, each link(1) missing(1) length(2) bytes. `missing` bytes were sent and not
 * captured; it also moves the time, so that reassembly times out. Every frame lies in a block of
 * its own. */
#include <stdlib.h>

#include "protocols/cursor.h"
#include "sensor/decap.h"
#include "sensor/tcp_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_packet(const struct packet *packet)
{
	static const uint8_t zeros[12];
	static volatile uint8_t sum;
	size_t offset = (size_t)(packet->payload.ptr - packet->l3.ptr);

	require(packet->key.ip_version == 4 || packet->key.ip_version == 6);
	for (int side = 0; side < 2 && packet->key.ip_version == 4; side++)
		require(memcmp(packet->key.addr[side] + 4, zeros, sizeof(zeros)) == 0);
	require(packet->key.reserved == 0);
	require(packet->key.scope.vlan_count <= LIMIT_VLAN_TAGS);
	require(packet->key.scope.tunnel <= TUNNEL_GENEVE);
	require(packet->l3.len >= 20 && packet->l3.ptr[0] >> 4 == packet->key.ip_version);
	require(offset <= packet->l3.len && packet->payload.len <= packet->l3.len - offset);
	require(packet->payload.len <= packet->payload_wire);
	require(packet->payload_wire < packet->ip_bytes);
	require(packet->ip_packets > 0);
	if (packet->key.proto == IP_PROTO_TCP) {
		uint32_t stamps[2];

		require(tcp_syn_options(packet) != 0);
		(void)tcp_stamps(packet, stamps);
	}
	for (size_t i = 0; i < packet->l3.len; i++)
		sum = (uint8_t)(sum ^ packet->l3.ptr[i]);
}

static uint64_t skipped(const struct stats *stats)
{
	return stats->decap_not_ip + stats->decap_malformed + stats->decap_too_deep +
	       stats->fragments_dropped;
}

static void feed(struct decap *decap, struct stats *stats, struct frame *frame)
{
	struct packet packet;
	struct stats before = *stats;
	struct slice bytes = frame->bytes;
	uint8_t *copy = malloc(bytes.len + (bytes.len == 0));

	require(copy != NULL);
	if (bytes.len > 0)
		memcpy(copy, bytes.ptr, bytes.len);
	frame->bytes = slice_of(copy, bytes.len);
	switch (decap_frame(decap, frame, &packet)) {
	case DECAP_PACKET:
		require(stats->decap_packets == before.decap_packets + 1);
		check_packet(&packet);
		break;
	case DECAP_HELD:
		require(stats->fragments > before.fragments);
		break;
	case DECAP_SKIPPED:
		require(skipped(stats) > skipped(&before));
		break;
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct stats stats;
	static struct decap *decap; /* one for all: its memory costs more than an input */
	static uint64_t time_ns;
	struct cursor c = cursor_of(slice_of(bytes, size));
	struct frame frame = { .number = 1 };

	if (decap == NULL)
		decap = decap_new(&stats);
	require(decap != NULL);
	time_ns +=
		2 * LIMIT_FRAGMENT_TIMEOUT_S * 1000000000ull; /* nothing is left of the last one */
	while (cursor_left(&c) > 0) {
		frame.link = (enum link)(cursor_u8(&c) % (LINK_LOOP + 1));
		uint8_t missing = cursor_u8(&c);

		frame.bytes = cursor_take(&c, cursor_u16be(&c));
		if (c.bad)
			break;
		time_ns += missing * 100000000ull;
		frame.time_ns = time_ns;
		frame.wire_len = (uint32_t)frame.bytes.len + missing;
		frame.number++;
		feed(decap, &stats, &frame);
	}
	return 0;
}
