/* stream.h: in-order bytes of the two directions of one TCP connection.
 *
 * Out-of-order segments wait in a capped window; retransmissions and overlaps give each byte once
 * (first data wins); a keep-alive byte below the next sequence number is no data. When the missing
 * bytes cannot come any more (the other side acknowledged them, the window is full, or time passed)
 * a gap is declared and reading goes on behind it. Each direction works without the other. Memory
 * comes from a pool of fixed size owned by the worker. RFC 9293. */
#ifndef SENSOR_STREAM_H
#define SENSOR_STREAM_H

#include "protocols/dialect.h"
#include "sensor/packet.h"
#include "sensor/stats.h"

struct stream_pool;
struct stream;

/* Receives the bytes of one direction, in order. time_ns is that of the packet they came in. */
struct stream_out {
	void (*data)(void *ctx, enum direction dir, struct slice bytes, uint64_t time_ns);
	/* missing bytes were lost (0: unknown how many); what follows does not continue the past.
	 * They were on their way before until_ns: nothing that the other side said from then on is
	 * answered in them. */
	void (*gap)(void *ctx, enum direction dir, uint32_t missing, uint64_t until_ns);
	void *ctx;
};

/* streams: how many at most; held_bytes: for out-of-order segments of all of them together. */
struct stream_pool *stream_pool_new(size_t streams, size_t held_bytes, struct stats *stats);
void stream_pool_free(struct stream_pool *pool);

/* NULL when the pool is exhausted. */
struct stream *stream_new(struct stream_pool *pool);
void stream_free(struct stream *self);

/* The next sequence number of a direction, when it is known from before (SYN, flow table). Without
 * it the direction begins where the other side waited for it, or with its first segment. */
void stream_expect(struct stream *self, enum direction dir, uint32_t seq);

/* The same of a direction whose bytes before seq somebody else has read: a segment that repeats
 * some of them and goes on begins at seq for us. */
void stream_resume(struct stream *self, enum direction dir, uint32_t seq);

/* One TCP packet of the connection, whatever it carries (its ACK number may free a gap). */
void stream_packet(struct stream *self, enum direction dir, const struct packet *packet,
		   const struct stream_out *out);

/* Packet time moves on: gives up waiting for old holes. */
void stream_tick(struct stream *self, uint64_t now_ns, const struct stream_out *out);

/* True when bytes of that direction, of which something was seen, are known to have been sent and
 * did not come: they were given up, or the other side has acknowledged them. */
bool stream_misses(const struct stream *self, enum direction dir);

/* True while segments are held behind a hole: packet time may end the wait. */
bool stream_is_waiting(const struct stream *self);

/* End of the flow: delivers what is held, with gaps. */
void stream_flush(struct stream *self, const struct stream_out *out);

#endif
