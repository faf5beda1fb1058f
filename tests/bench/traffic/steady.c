/* steady.c: packets of flows picked at random, none of which ever ends.
 *
 *	small   frames of 60 to 76 bytes, half UDP, half TCP
 *	imix    TLS-shaped TCP, frames of 60, 590 and 1514 bytes 7:4:1, a fifth of the flows carries
 *	        four fifths of the packets */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shape.h"

struct flow_state {
	uint32_t seq[2]; /* next, by sender: client, server */
	uint32_t packets;
};

struct flows {
	struct flow_state *states;
	uint64_t count;
};

static void put_ip(struct writer *self, uint64_t flow, bool is_reply, uint8_t proto, size_t ip_len)
{
	uint32_t server = 0xc6336400u | (uint32_t)(flow % 251); /* 198.51.100.0/24 */

	put_addresses(self, client_of(flow), server, is_reply, proto, ip_len);
}

static void put_ports(uint8_t *l4, uint64_t flow, bool is_reply, unsigned server_port)
{
	unsigned client_port = 32768u + (unsigned)(flow / 251 % 28000);

	put_u16(l4, is_reply ? server_port : client_port);
	put_u16(l4 + 2, is_reply ? client_port : server_port);
}

static void write_small(struct writer *self, const struct flows *flows)
{
	uint64_t pick = next_random(self);
	uint64_t flow = pick % flows->count;
	bool is_reply = (pick >> 40 & 1) != 0;
	bool is_tcp = flow % 2 == 0;
	size_t len = 60 + (pick >> 41) % 17;
	size_t head = ETHER_BYTES + IP_BYTES + (is_tcp ? TCP_BYTES : UDP_BYTES);
	uint8_t *l4 = self->frame + ETHER_BYTES + IP_BYTES;

	put_ip(self, flow, is_reply, is_tcp ? 6 : 17, len - ETHER_BYTES);
	put_ports(l4, flow, is_reply, is_tcp ? 8443 : 4433);
	if (is_tcp) {
		put_tcp(self, flows->states[flow].seq, is_reply, ACK | PSH, len - head);
	} else {
		put_u16(l4 + 4, (unsigned)(len - ETHER_BYTES - IP_BYTES));
		put_u16(l4 + 6, 0);
	}
	fill_random(self, head, len);
	write_frame(self, len);
}

/* Handshake first; then acknowledgements of 60 bytes and data whose records look like TLS. */
static void write_imix(struct writer *self, const struct flows *flows)
{
	static const size_t sizes[12] = { 60, 60, 60, 60, 60, 60, 60, 590, 590, 590, 590, 1514 };
	uint64_t pick = next_random(self);
	uint64_t busy = flows->count / 5 + 1;
	uint64_t flow = pick % 5 == 0 ? (pick >> 8) % flows->count : (pick >> 8) % busy;
	struct flow_state *state = &flows->states[flow];
	size_t len = sizes[(pick >> 40) % 12];
	size_t head = ETHER_BYTES + IP_BYTES + TCP_BYTES;
	bool is_reply = len == 60 ? (pick >> 48 & 3) == 0 : (pick >> 48 & 3) != 0;
	unsigned flags = len == 60 ? ACK : ACK | PSH;

	if (state->packets < 3) {
		len = 60;
		is_reply = state->packets == 1;
		flags = state->packets == 0 ? SYN : state->packets == 1 ? SYN | ACK : ACK;
	} else if (state->packets == 3) {
		len = 590;
		is_reply = false;
		flags = ACK | PSH;
	}
	put_ip(self, flow, is_reply, 6, len == 60 ? IP_BYTES + TCP_BYTES : len - ETHER_BYTES);
	put_ports(self->frame + ETHER_BYTES + IP_BYTES, flow, is_reply, 443);
	put_tcp(self, state->seq, is_reply, flags, len == 60 ? 0 : len - head);
	if (len == 60) {
		memset(self->frame + head, 0, len - head);
	} else {
		fill_random(self, head, len);
		memcpy(self->frame + head, state->packets == 3 ? "\x16\x03\x01" : "\x17\x03\x03",
		       3);
		put_u16(self->frame + head + 3, (unsigned)(len - head - 5));
		if (state->packets == 3)
			self->frame[head + 5] = 1; /* ClientHello */
	}
	state->packets++;
	write_frame(self, len);
}

static int write_steady(struct writer *self, const struct shape_sizes *sizes,
			void (*write_one)(struct writer *, const struct flows *))
{
	struct flows flows = { .count = sizes->second };

	flows.states = calloc(flows.count, sizeof(*flows.states));
	if (flows.states == NULL)
		return -ENOMEM;
	for (uint64_t i = 0; i < sizes->first; i++)
		write_one(self, &flows);
	free(flows.states);
	return 0;
}

static int write_all_small(struct writer *self, const struct shape_sizes *sizes)
{
	return write_steady(self, sizes, write_small);
}

static int write_all_imix(struct writer *self, const struct shape_sizes *sizes)
{
	return write_steady(self, sizes, write_imix);
}

const struct shape shape_small = { "small", "PACKETS FLOWS", write_all_small };
const struct shape shape_imix = { "imix", "PACKETS FLOWS", write_all_imix };
