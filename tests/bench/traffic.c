/* traffic.c: writes deterministic traffic as a pcap file.
 *
 *   traffic small PACKETS FLOWS FILE   frames of 60 to 76 bytes, half UDP, half TCP, the flow of
 *                                      every packet picked at random
 *   traffic imix PACKETS FLOWS FILE    TLS-shaped TCP, frames of 60, 590 and 1514 bytes 7:4:1, a
 *                                      fifth of the flows carries four fifths of the packets
 *
 * The same arguments give the same bytes. Ethernet, IPv4, microseconds, 100 000 packets a second.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_S     1772704680u /* 2026-03-05T09:58:00Z */
#define STEP_US     10
#define FRAME_MAX   1514
#define ETHER_BYTES 14
#define IP_BYTES    20
#define TCP_BYTES   20
#define UDP_BYTES   8
#define FILE_BUFFER (1 << 20)

enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

struct flow_state {
	uint32_t seq[2]; /* next, by sender: client, server */
	uint32_t packets;
};

struct writer {
	FILE *file;
	uint64_t seed;
	uint64_t written;
	struct flow_state *flows;
	uint64_t flow_count;
	uint8_t frame[FRAME_MAX];
};

static uint64_t next_random(struct writer *self)
{
	uint64_t x = self->seed += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void put_u16(uint8_t *out, unsigned value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static void put_u32(uint8_t *out, uint32_t value)
{
	put_u16(out, value >> 16);
	put_u16(out + 2, value & 0xffff);
}

static void put_ip(struct writer *self, uint64_t flow, bool is_reply, uint8_t proto, size_t ip_len)
{
	uint8_t *ip = self->frame + ETHER_BYTES;
	uint32_t client = 0x0a000000u | (uint32_t)(flow * 2654435761u & 0xffffff);
	uint32_t server = 0xc6336400u | (uint32_t)(flow % 251); /* 198.51.100.0/24 */
	uint32_t sum = 0;

	memset(self->frame, 0, ETHER_BYTES + IP_BYTES);
	self->frame[is_reply ? 5 : 11] = 2;
	self->frame[is_reply ? 11 : 5] = 1;
	put_u16(self->frame + 12, 0x0800);
	ip[0] = 0x45;
	put_u16(ip + 2, (unsigned)ip_len);
	put_u16(ip + 6, 0x4000);
	ip[8] = 64;
	ip[9] = proto;
	put_u32(ip + 12, is_reply ? server : client);
	put_u32(ip + 16, is_reply ? client : server);
	for (size_t i = 0; i < IP_BYTES; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum >> 16) + (sum & 0xffff);
	put_u16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
}

static void put_ports(uint8_t *l4, uint64_t flow, bool is_reply, unsigned server_port)
{
	unsigned client_port = 32768u + (unsigned)(flow / 251 % 28000);

	put_u16(l4, is_reply ? server_port : client_port);
	put_u16(l4 + 2, is_reply ? client_port : server_port);
}

static void put_tcp(struct writer *self, uint64_t flow, bool is_reply, unsigned flags, size_t len)
{
	struct flow_state *state = &self->flows[flow];
	uint8_t *tcp = self->frame + ETHER_BYTES + IP_BYTES;

	put_u32(tcp + 4, state->seq[is_reply]);
	put_u32(tcp + 8, flags & ACK ? state->seq[!is_reply] : 0);
	tcp[12] = 0x50;
	tcp[13] = (uint8_t)flags;
	put_u16(tcp + 14, 65535);
	put_u32(tcp + 16, 0);
	state->seq[is_reply] += (uint32_t)len + (flags & SYN ? 1 : 0);
}

static void fill_random(struct writer *self, size_t from, size_t to)
{
	for (size_t at = from; at < to; at += 8) {
		uint64_t word = next_random(self);

		memcpy(self->frame + at, &word, to - at < 8 ? to - at : 8);
	}
}

static void write_frame(struct writer *self, size_t len)
{
	uint64_t time_us = self->written++ * STEP_US;
	uint32_t header[4] = { START_S + (uint32_t)(time_us / 1000000),
			       (uint32_t)(time_us % 1000000), (uint32_t)len, (uint32_t)len };

	fwrite(header, sizeof(header), 1, self->file);
	fwrite(self->frame, len, 1, self->file);
}

static void write_small(struct writer *self)
{
	uint64_t pick = next_random(self);
	uint64_t flow = pick % self->flow_count;
	bool is_reply = (pick >> 40 & 1) != 0;
	bool is_tcp = flow % 2 == 0;
	size_t len = 60 + (pick >> 41) % 17;
	size_t head = ETHER_BYTES + IP_BYTES + (is_tcp ? TCP_BYTES : UDP_BYTES);
	uint8_t *l4 = self->frame + ETHER_BYTES + IP_BYTES;

	put_ip(self, flow, is_reply, is_tcp ? 6 : 17, len - ETHER_BYTES);
	put_ports(l4, flow, is_reply, is_tcp ? 8443 : 4433);
	if (is_tcp) {
		put_tcp(self, flow, is_reply, ACK | PSH, len - head);
	} else {
		put_u16(l4 + 4, (unsigned)(len - ETHER_BYTES - IP_BYTES));
		put_u16(l4 + 6, 0);
	}
	fill_random(self, head, len);
	write_frame(self, len);
}

/* Handshake first; then acknowledgements of 60 bytes and data whose records look like TLS. */
static void write_imix(struct writer *self)
{
	static const size_t sizes[12] = { 60, 60, 60, 60, 60, 60, 60, 590, 590, 590, 590, 1514 };
	uint64_t pick = next_random(self);
	uint64_t busy = self->flow_count / 5 + 1;
	uint64_t flow = pick % 5 == 0 ? (pick >> 8) % self->flow_count : (pick >> 8) % busy;
	struct flow_state *state = &self->flows[flow];
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
	put_tcp(self, flow, is_reply, flags, len == 60 ? 0 : len - head);
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

static int write_all(struct writer *self, const char *shape, uint64_t packets, const char *path)
{
	const uint32_t header[6] = { 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1 };
	void (*write_one)(struct writer *) = strcmp(shape, "imix") == 0 ? write_imix : write_small;
	int rc = 0;

	self->file = fopen(path, "wb");
	if (self->file == NULL)
		return -errno;
	setvbuf(self->file, NULL, _IOFBF, FILE_BUFFER);
	fwrite(header, sizeof(header), 1, self->file);
	for (uint64_t i = 0; i < packets; i++)
		write_one(self);
	if (ferror(self->file))
		rc = -EIO;
	if (fclose(self->file) != 0)
		rc = -errno;
	return rc;
}

int main(int argc, char **argv)
{
	struct writer self = { .seed = 3 };
	int rc;

	if (argc != 5 || (strcmp(argv[1], "small") != 0 && strcmp(argv[1], "imix") != 0) ||
	    (self.flow_count = strtoull(argv[3], NULL, 10)) == 0) {
		fprintf(stderr, "usage: traffic small|imix PACKETS FLOWS FILE\n");
		return 2;
	}
	self.flows = calloc(self.flow_count, sizeof(*self.flows));
	if (self.flows == NULL) {
		fprintf(stderr, "traffic: out of memory\n");
		return 1;
	}
	rc = write_all(&self, argv[1], strtoull(argv[2], NULL, 10), argv[4]);
	if (rc < 0)
		fprintf(stderr, "traffic: %s: %s\n", argv[4], strerror(-rc));
	free(self.flows);
	return rc < 0;
}
