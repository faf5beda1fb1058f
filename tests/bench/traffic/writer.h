/* writer.h: frames into a pcap file: Ethernet, IPv4, TCP and UDP, as a sensor wants to see them.
 *
 *	begin_payload, add_...           the payload, behind room for the headers
 *	write_segment, write_datagram    the headers and the record */
#ifndef BENCH_TRAFFIC_WRITER_H
#define BENCH_TRAFFIC_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define START_S     1772704680u /* 2026-03-05T09:58:00Z */
#define STEP_US     10
#define FRAME_MAX   1514
#define ETHER_BYTES 14
#define IP_BYTES    20
#define TCP_BYTES   20
#define UDP_BYTES   8
#define TCP_HEAD    (ETHER_BYTES + IP_BYTES + TCP_BYTES)
#define UDP_HEAD    (ETHER_BYTES + IP_BYTES + UDP_BYTES)

enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

/* Two ends that talk. */
struct talk {
	uint32_t client;
	uint32_t server;
	uint16_t client_port;
	uint16_t server_port;
	uint32_t seq[2]; /* next of TCP, by sender: client, server */
};

struct writer {
	FILE *file;
	uint64_t seed;
	uint64_t time_us; /* of the next frame, since START_S */
	uint64_t step_us; /* from one frame to the next, where nobody sets the time */
	size_t at;        /* end of what is being written into frame */
	uint8_t frame[FRAME_MAX];
};

/* Path "-" is standard output. 0 or a negative errno. */
int writer_open(struct writer *self, const char *path);
int writer_close(struct writer *self);

uint64_t next_random(struct writer *self);
/* 1 to most, exponential with that mean but cut. */
uint64_t random_gap(struct writer *self, uint64_t mean, uint64_t most);
/* The same number for the same argument, always. */
uint64_t scatter(uint64_t number);

void put_u16(uint8_t *out, unsigned value);
void put_u32(uint8_t *out, uint32_t value);
void fill_random(struct writer *self, size_t from, size_t to);

void add_bytes(struct writer *self, const void *bytes, size_t len);
void add_text(struct writer *self, const char *text);
void add_u8(struct writer *self, unsigned value);
void add_u16(struct writer *self, unsigned value);
void add_u32(struct writer *self, uint32_t value);
void add_random(struct writer *self, size_t len);

/* One of 2^24 clients in 10.0.0.0/8. */
uint32_t client_of(uint64_t number);
void put_addresses(struct writer *self, uint32_t client, uint32_t server, bool is_reply,
		   uint8_t proto, size_t ip_len);
/* seq: next ones, by sender. */
void put_tcp(struct writer *self, uint32_t seq[2], bool is_reply, unsigned flags, size_t len);

void write_frame(struct writer *self, size_t len);
/* Any bytes, as they are. */
void write_bytes(struct writer *self, const uint8_t *bytes, size_t len, size_t wire_len);

void begin_segment(struct writer *self);
void write_segment(struct writer *self, struct talk *talk, bool is_reply, unsigned flags);
void begin_datagram(struct writer *self);
void write_datagram(struct writer *self, const struct talk *talk, bool is_reply);

#endif
