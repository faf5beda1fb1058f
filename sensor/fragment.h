/* fragment.h: IP fragments back into datagrams, within bounds.
 *
 * At most LIMIT_FRAGMENT_DATAGRAMS at a time with LIMIT_FRAGMENT_PIECES fragments each, in 16 MiB
 * that are allocated once; the oldest makes room. A datagram has LIMIT_FRAGMENT_TIMEOUT_S of packet
 * time from its first fragment. Fragments may come in any order. One that repeats bytes already
 * here, all of them and all equal, is a retransmission and ignored; any other overlap condemns the
 * datagram, for it means that two receivers could read it in two ways (RFC 5722 asks the same).
 * What is lost is counted in stats.fragments_dropped. Used by one thread. */
#ifndef SENSOR_FRAGMENT_H
#define SENSOR_FRAGMENT_H

#include "protocols/slice.h"
#include "sensor/flow_key.h"
#include "sensor/stats.h"

struct fragment_table;

/* One fragment. Everything is borrowed for the call. */
struct fragment {
	uint64_t time_ns;    /* of its frame */
	struct scope scope;  /* around its IP header */
	struct slice header; /* its IP header without options: 20 or 40 bytes */
	struct slice bytes;  /* captured payload behind the IP headers */
	size_t wire;         /* payload length by the header; more than bytes.len when cut */
	size_t offset;       /* bytes */
	uint32_t id;
	uint32_t ip_bytes; /* IP length by its header */
	bool has_more;
	uint8_t version; /* 4 or 6 */
	uint8_t proto;   /* IPv6: the fragment header's next header */
};

/* A whole datagram, valid until the next fragment_add(). Its header is the first fragment's without
 * options or extension headers; lengths and protocol are made to fit, an IPv4 checksum is zero. */
struct datagram {
	struct slice packet;  /* from the IP header on */
	struct slice payload; /* inside packet */
	uint32_t ip_bytes;    /* sum over the fragments */
	uint16_t packets;     /* fragments, retransmitted ones too */
	uint8_t proto;
};

enum fragment_result {
	FRAGMENT_HELD,
	FRAGMENT_JOINED,   /* *out is filled */
	FRAGMENT_DROPPED,  /* cut by the snaplen, or its datagram is condemned or over a cap */
	FRAGMENT_MALFORMED /* lengths that no sender makes */
};

/* NULL when out of memory. stats is the caller's thread's, and outlives the table. */
struct fragment_table *fragment_table_new(struct stats *stats);
void fragment_table_free(struct fragment_table *self);
enum fragment_result fragment_add(struct fragment_table *self, const struct fragment *fragment,
				  struct datagram *out);

#endif
