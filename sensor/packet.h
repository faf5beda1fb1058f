/* packet.h: one packet after capture and decapsulation, and batches of them.
 *
 * A frame borrows libpcap's buffer and is valid only inside the call that gives it; a packet in a
 * batch points into the batch's own arena. */
#ifndef SENSOR_PACKET_H
#define SENSOR_PACKET_H

#include "protocols/slice.h"
#include "sensor/flow_key.h"

/* Link layers we open; capture.c maps libpcap's DLT numbers to these. */
enum link {
	LINK_ETHERNET,
	LINK_COOKED1, /* Linux "any" device, DLT_LINUX_SLL */
	LINK_COOKED2, /* DLT_LINUX_SLL2 */
	LINK_RAW,     /* IPv4 or IPv6 by its first nibble; also DLT_IPV4 and DLT_IPV6 */
	LINK_NULL, /* BSD loopback: 4-byte family in the capturing host's order, or its reverse */
	LINK_LOOP  /* the same in network order */
};

/* One frame as captured. */
struct frame {
	uint64_t time_ns; /* since the epoch; never less than the frame before */
	uint64_t number;  /* 1 for the first frame of the run */
	uint32_t wire_len;
	enum link link;
	struct slice bytes; /* captured bytes; fewer than wire_len when the snaplen cut it */
};

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20
};

#define IP_PROTO_ICMP   1
#define IP_PROTO_TCP    6
#define IP_PROTO_UDP    17
#define IP_PROTO_ICMPV6 58
#define IP_PROTO_SCTP   132

struct packet {
	uint64_t time_ns;
	uint64_t number;
	struct flow_key key;
	bool from_high;        /* the sender is side 1 of the key */
	uint8_t tcp_flags;     /* 0 for all but TCP */
	uint16_t ip_packets;   /* 1; for a reassembled datagram its fragments */
	uint32_t ip_bytes;     /* innermost IP length by its header; sum over fragments */
	uint32_t payload_wire; /* L4 payload bytes that were sent; more than payload.len when cut */
	uint32_t tcp_seq;
	uint32_t tcp_ack;
	struct slice l3;      /* innermost packet from its IP header on */
	struct slice payload; /* inside l3; link padding is not part of it */
};

/* Packets on their way from the reader to one worker. */
struct packet_batch {
	size_t count;
	size_t used; /* arena bytes */
	size_t size;
	uint64_t tick_ns; /* packet time up to which the worker may expire; 0: no tick */
	uint64_t upto_ns; /* nothing before this packet time will follow; 0: not said */
	uint8_t *arena;
	struct packet packets[LIMIT_BATCH_PACKETS];
};

/* arena_bytes >= the largest packet. NULL when out of memory. */
struct packet_batch *packet_batch_new(size_t arena_bytes);
void packet_batch_free(struct packet_batch *batch);

/* Where the next packet may be made; NULL: the batch is full. */
struct packet *packet_batch_next(struct packet_batch *batch);
/* Takes the packet that was made there: its bytes are copied into the arena, and its slices moved.
 * False when there is no room for them: hand the batch over first, and copy the packet. */
bool packet_batch_take(struct packet_batch *batch);

/* Copies a packet and its bytes. False when there is no room: hand the batch over first. */
bool packet_batch_add(struct packet_batch *batch, const struct packet *packet);
void packet_batch_clear(struct packet_batch *batch);

#endif
