/* stream.c: TCP reassembly of connections under inspection. Reference: RFC 9293.
 *
 *        delivered          hole            held (sorted, never overlapping)
 *   ...#############|.................|#######|....|####|
 *                   next_seq          head->seq
 *
 * In-order bytes are handed on where they are; only what waits behind a hole is copied, in chunks
 * of a pool that is cut once. Sequence numbers are compared by their distance modulo 2^32. */
#include "sensor/stream.h"

#include <stdlib.h>

#include "sensor/limits.h"

#define CHUNK_BYTES 1500 /* a full Ethernet segment fits */
#define ACKS        8    /* remembered of each direction; a power of two */

/* Further from what is expected than any window: another connection's, or forged. */
#define FAR_BYTES (16 << 20)
/* Segments in a row that continue each other out there before we follow them. */
#define FAR_SEGMENTS 3
#define FAR_STEP     65536

/* A mirror port may reorder: a hole that is acknowledged gets this much more time or segments. */
#define REORDER_NS       100000000ull
#define REORDER_SEGMENTS 3
#define HOLE_NS          3000000000ull

struct chunk {
	struct chunk *next;
	uint64_t first_ns; /* of the packets whose bytes it holds: that is when they are given */
	uint64_t time_ns;  /* of the last of them */
	uint64_t until_ns; /* all before it was on its way before */
	uint32_t seq;
	uint32_t len;
	uint32_t cut; /* bytes after these that the snaplen took */
	uint8_t bytes[CHUNK_BYTES];
};

/* The other side acknowledged all bytes before seq. */
struct ack {
	uint64_t time_ns;
	uint32_t seq;
};

struct side {
	struct chunk *head; /* held, by sequence */
	uint32_t next_seq;  /* valid when is_started */
	uint32_t acked;     /* highest the other side acknowledged; valid when is_acked */
	uint32_t fin_seq;   /* of the FIN; valid when has_fin */
	uint32_t hole_seq;  /* of the hole given up last, up to hole_end; both 0: none */
	uint32_t hole_end;
	uint32_t promise_seq; /* expected, but the first data was far from it; valid when
				 has_promise */
	uint32_t far_seq;     /* where the next far segment would continue */
	uint32_t held_bytes;
	uint16_t held_count; /* chunks */
	uint16_t behind;     /* segments that came since the first hole opened */
	uint8_t far_count;
	bool is_started;
	bool is_acked;
	bool has_fin;
	bool has_promise;
	bool has_data;   /* bytes were delivered or lost: next_seq is more than a promise */
	bool has_lost;   /* a gap was declared */
	bool is_resumed; /* what is before the promise was read, if not by us */
	uint8_t ack_next;
	uint8_t ack_count;
	struct ack acks[ACKS]; /* ring of the last ones, each higher than the one before */
};

struct stream {
	struct stream_pool *pool;
	struct stream *next_free;
	struct side sides[2];
};

struct stream_pool {
	struct stream *streams;
	struct chunk *chunks;
	struct stream *free_streams; /* given back; before the fresh ones */
	struct chunk *free_chunks;
	size_t stream_count;
	size_t chunk_count;
	size_t fresh_stream; /* from here on never used: their pages are not even there yet */
	size_t fresh_chunk;
	struct stats *stats;
};

/* Bytes on their way into one direction. */
struct segment {
	struct slice bytes;
	uint32_t seq;
	uint32_t cut; /* lost bytes that follow */
	uint64_t time_ns;
};

struct reader {
	struct stream *stream;
	struct side *side;
	const struct stream_out *out;
	enum direction dir;
	bool is_held; /* the segment brought bytes that have to wait */
	uint64_t now_ns;
};

static int32_t distance(uint32_t to, uint32_t from)
{
	return (int32_t)(to - from);
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

struct stream_pool *stream_pool_new(size_t streams, size_t held_bytes, struct stats *stats)
{
	size_t chunks = held_bytes / CHUNK_BYTES;
	struct stream_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->stats = stats;
	pool->streams = calloc(streams + 1, sizeof(*pool->streams));
	pool->chunks = calloc(chunks + 1, sizeof(*pool->chunks));
	if (pool->streams == NULL || pool->chunks == NULL) {
		stream_pool_free(pool);
		return NULL;
	}
	pool->stream_count = streams;
	pool->chunk_count = chunks;
	return pool;
}

void stream_pool_free(struct stream_pool *pool)
{
	if (pool == NULL)
		return;
	free(pool->streams);
	free(pool->chunks);
	free(pool);
}

struct stream *stream_new(struct stream_pool *pool)
{
	struct stream *self = pool->free_streams;

	if (self != NULL)
		pool->free_streams = self->next_free;
	else if (pool->fresh_stream < pool->stream_count)
		self = &pool->streams[pool->fresh_stream++];
	else
		return NULL;
	memset(self, 0, sizeof(*self));
	self->pool = pool;
	return self;
}

static void drop_head(struct stream *self, struct side *side)
{
	struct chunk *chunk = side->head;

	side->head = chunk->next;
	side->held_count--;
	side->held_bytes -= chunk->len;
	chunk->next = self->pool->free_chunks;
	self->pool->free_chunks = chunk;
}

void stream_free(struct stream *self)
{
	if (self == NULL)
		return;
	for (int dir = 0; dir < 2; dir++)
		while (self->sides[dir].head != NULL)
			drop_head(self, &self->sides[dir]);
	self->next_free = self->pool->free_streams;
	self->pool->free_streams = self;
}

void stream_expect(struct stream *self, enum direction dir, uint32_t seq)
{
	struct side *side = &self->sides[dir];

	if (side->has_data)
		return;
	side->next_seq = seq;
	side->is_started = true;
}

void stream_resume(struct stream *self, enum direction dir, uint32_t seq)
{
	stream_expect(self, dir, seq);
	self->sides[dir].is_resumed = !self->sides[dir].has_data;
}

/* --- giving bytes on ------------------------------------------------------------------------ */

static void deliver(struct reader *r, struct slice bytes, uint64_t time_ns)
{
	if (bytes.len == 0)
		return;
	r->side->next_seq += (uint32_t)bytes.len;
	r->side->has_data = true;
	stats_add(r->stream->pool->stats->stream_bytes, bytes.len);
	r->out->data(r->out->ctx, r->dir, bytes, time_ns);
}

static void declare_gap(struct reader *r, uint32_t missing, uint64_t until_ns)
{
	r->side->next_seq += missing;
	r->side->has_data = true;
	r->side->has_lost = true;
	stats_add(r->stream->pool->stats->stream_gaps, 1);
	r->out->gap(r->out->ctx, r->dir, missing, until_ns);
}

/* A FIN takes one number once something comes behind it. Not before: data at the FIN's own number
 * shows that the receiver never saw it. */
static void pass_fin(struct side *side, uint32_t seq)
{
	if (side->has_fin && side->next_seq == side->fin_seq && seq == side->fin_seq + 1) {
		side->next_seq++;
		side->has_fin = false;
	}
}

/* Delivers what is held and continues what was read. */
static void drain(struct reader *r)
{
	struct side *side = r->side;

	while (side->head != NULL) {
		struct chunk *chunk = side->head;

		pass_fin(side, chunk->seq);
		if (chunk->seq != side->next_seq)
			return;
		deliver(r, slice_of(chunk->bytes, chunk->len), chunk->first_ns);
		if (chunk->cut > 0)
			declare_gap(r, chunk->cut, chunk->time_ns + 1);
		drop_head(r->stream, side);
		side->behind = 0;
	}
}

/* All bytes before seq, which come now, were on their way before that time. Who acknowledged them
 * had them: that tells more than the segment behind them, which may come much later. */
static uint64_t until(const struct reader *r, uint32_t seq)
{
	const struct side *side = r->side;
	uint64_t until_ns = r->now_ns + 1;

	for (size_t i = 1; i <= side->ack_count; i++) {
		const struct ack *ack = &side->acks[(side->ack_next + ACKS - i) % ACKS];

		if (distance(ack->seq, seq) < 0)
			break;
		until_ns = ack->time_ns;
	}
	return until_ns;
}

/* Reading goes on at seq, behind what is missing. */
static void give_up_hole(struct reader *r, uint32_t seq, uint64_t until_ns)
{
	r->side->hole_seq = r->side->next_seq;
	r->side->hole_end = seq;
	declare_gap(r, seq - r->side->next_seq, until_ns);
}

/* The hole before the first held segment will not be filled. */
static void skip_hole(struct reader *r)
{
	give_up_hole(r, r->side->head->seq, r->side->head->until_ns);
	drain(r);
}

/* --- holding ------------------------------------------------------------------------------- */

static struct chunk *take_chunk(struct reader *r)
{
	struct stream_pool *pool = r->stream->pool;
	struct chunk *chunk = pool->free_chunks;

	if (r->side->held_count == LIMIT_STREAM_HELD_SEGMENTS ||
	    r->side->held_bytes > LIMIT_STREAM_HELD_BYTES - CHUNK_BYTES)
		return NULL;
	if (chunk != NULL)
		pool->free_chunks = chunk->next;
	else if (pool->fresh_chunk < pool->chunk_count)
		chunk = &pool->chunks[pool->fresh_chunk++];
	return chunk;
}

static void trim(struct segment *segment, uint32_t bytes)
{
	uint32_t len = (uint32_t)segment->bytes.len;

	segment->seq += bytes;
	if (bytes > len)
		segment->cut -= min_u32(bytes - len, segment->cut);
	segment->bytes = slice_tail(segment->bytes, bytes);
}

/* A chunk for the bytes at seq: the one that ends there, while it has room, or a new one at *link.
 * NULL: no room. */
static struct chunk *chunk_at(struct reader *r, struct chunk *before, struct chunk **link,
			      uint32_t seq)
{
	struct chunk *chunk = before;

	if (chunk != NULL && chunk->seq + chunk->len == seq && chunk->cut == 0 &&
	    chunk->len < CHUNK_BYTES && r->now_ns < chunk->first_ns + LIMIT_TIME_SLACK_NS)
		return chunk;
	chunk = take_chunk(r);
	if (chunk == NULL)
		return NULL;
	chunk->seq = seq;
	chunk->len = 0;
	chunk->cut = 0;
	chunk->first_ns = r->now_ns;
	chunk->until_ns = until(r, seq);
	chunk->next = *link;
	*link = chunk;
	r->side->held_count++;
	return chunk;
}

/* Copies the part of a segment that nothing held covers, up to one chunk. False: no room. */
static bool hold_part(struct reader *r, struct segment *segment)
{
	struct chunk **link = &r->side->head;
	struct chunk *before = NULL;
	struct chunk *chunk;
	uint32_t room = UINT32_MAX; /* up to what is held behind it */

	for (; *link != NULL; link = &(*link)->next) {
		uint32_t covered = (*link)->len + (*link)->cut;
		int32_t into = distance(segment->seq, (*link)->seq);

		if (into < 0)
			break;
		if ((uint32_t)into < covered) {
			trim(segment, covered - (uint32_t)into);
			return true; /* first data wins */
		}
		before = *link;
	}
	if (*link != NULL)
		room = (*link)->seq - segment->seq;
	chunk = chunk_at(r, before, link, segment->seq);
	if (chunk == NULL)
		return false;

	struct slice part =
		slice_head(segment->bytes, min_u32(room, (uint32_t)CHUNK_BYTES - chunk->len));
	if (part.len > 0)
		memcpy(chunk->bytes + chunk->len, part.ptr, part.len);
	chunk->len += (uint32_t)part.len;
	if (part.len == segment->bytes.len)
		chunk->cut = min_u32(segment->cut, room - (uint32_t)part.len);
	chunk->time_ns = segment->time_ns;
	r->side->held_bytes += (uint32_t)part.len;
	r->is_held = true;
	trim(segment, (uint32_t)part.len + chunk->cut);
	return true;
}

/* --- one segment ---------------------------------------------------------------------------- */

/* In order: up to what is held, which came first. */
static void deliver_part(struct reader *r, struct segment *segment)
{
	uint32_t room = UINT32_MAX;
	struct slice part;

	if (r->side->head != NULL)
		room = r->side->head->seq - r->side->next_seq;
	part = slice_head(segment->bytes, room);
	deliver(r, part, segment->time_ns);
	trim(segment, (uint32_t)part.len);
	if (segment->bytes.len == 0) {
		uint32_t lost = min_u32(segment->cut, room - (uint32_t)part.len);

		if (lost > 0)
			declare_gap(r, lost, segment->time_ns + 1);
		trim(segment, lost);
	}
	drain(r);
}

static void read_segment(struct reader *r, struct segment *segment)
{
	struct side *side = r->side;

	pass_fin(side, segment->seq);
	while (segment->bytes.len > 0 || segment->cut > 0) {
		int32_t ahead = distance(segment->seq, side->next_seq);

		if (ahead < 0) {
			uint32_t old = (uint32_t)0 - (uint32_t)ahead;

			if (old >= segment->bytes.len + segment->cut)
				break;
			trim(segment, old);
		} else if (ahead == 0) {
			deliver_part(r, segment);
		} else if (!hold_part(r, segment)) {
			stats_add(r->stream->pool->stats->stream_held_capped, 1);
			if (side->head != NULL && distance(side->head->seq, segment->seq) < 0)
				skip_hole(r);
			else
				give_up_hole(r, segment->seq, until(r, segment->seq));
		}
	}
	if (r->is_held && side->behind < UINT16_MAX)
		side->behind++;
}

/* True for bytes that were never read although they come before what we read next: in a hole that
 * was given up, or before a number that was only promised. Of one that was promised because all
 * before it was read, what goes on behind it is believed. */
static bool is_missed(const struct side *side, uint32_t seq, uint32_t len)
{
	if (len == 0 || distance(seq, side->next_seq) >= 0)
		return false;
	if (!side->has_data)
		return !side->is_resumed || distance(seq + len, side->next_seq) <= 0;
	return side->hole_seq != side->hole_end && distance(seq, side->hole_seq) >= 0 &&
	       distance(seq + len, side->hole_end) <= 0;
}

/* True when the segment belongs to what we read. One that is far away does not, nor one that comes
 * too late, unless others went before it there: then reading goes on where they are. A forged
 * segment may have led us astray. */
static bool is_near(struct reader *r, uint32_t seq, uint32_t len)
{
	struct side *side = r->side;
	int32_t ahead = distance(seq, side->next_seq);
	int32_t step = distance(seq, side->far_seq);
	bool goes_on = side->far_count > 0 && step >= 0 && step < FAR_STEP;
	bool is_far = ahead >= FAR_BYTES || ahead <= -FAR_BYTES;

	if (!is_far && !is_missed(side, seq, len)) {
		side->far_count = 0;
		return true;
	}
	side->far_count = goes_on ? (uint8_t)(side->far_count + 1) : 1;
	side->far_seq = seq + len;
	bool is_promised = side->has_promise && seq == side->promise_seq;

	if (side->far_count < FAR_SEGMENTS && (side->has_data || !is_far) && !is_promised)
		return false;
	while (side->head != NULL)
		skip_hole(r);
	side->has_promise = !side->has_data;
	side->promise_seq = side->next_seq;
	side->next_seq = seq;
	side->far_count = 0;
	side->hole_seq = side->hole_end = 0;
	side->is_resumed = false;
	side->has_fin = false;
	side->is_acked = false;
	side->ack_count = 0;
	declare_gap(r, 0, r->now_ns + 1);
	return true;
}

/* Where a direction begins whose SYN was not seen: with its first segment, or where the other side
 * said before that it waits for the next byte. What is between them is missing. */
static uint32_t first_seq(const struct side *side, uint32_t seq)
{
	const struct ack *first = &side->acks[(side->ack_next + ACKS - side->ack_count) % ACKS];
	int32_t ahead = side->ack_count > 0 ? distance(seq, first->seq) : 0;

	return ahead > 0 && ahead < FAR_BYTES ? first->seq : seq;
}

static void read_payload(struct reader *r, const struct packet *packet, uint32_t seq)
{
	struct side *side = r->side;
	uint32_t len = (uint32_t)packet->payload.len;
	uint32_t wire = packet->payload_wire > len ? packet->payload_wire : len;
	struct segment segment = {
		.bytes = packet->payload, .seq = seq, .cut = wire - len, .time_ns = packet->time_ns
	};

	if (!side->is_started) {
		side->next_seq = first_seq(side, seq);
		side->is_started = true;
	}
	if (!is_near(r, seq, wire))
		return;
	if ((packet->tcp_flags & TCP_FIN) != 0) {
		side->fin_seq = seq + wire;
		side->has_fin = distance(side->fin_seq, side->next_seq) >= 0;
	}
	read_segment(r, &segment);
	drain(r);
}

/* The number after a SYN starts a direction; in one that runs it announces a restart far away. One
 * close by is a late copy: the flow table ends a connection that is really used again. */
static void read_syn(struct side *side, uint32_t seq)
{
	if (!side->has_data && !side->is_resumed && side->head == NULL) {
		side->next_seq = seq;
		side->is_started = true;
	} else {
		side->far_seq = seq;
		side->far_count = FAR_SEGMENTS - 1;
	}
}

static void read_ack(struct side *side, uint32_t ack, uint64_t time_ns)
{
	if (side->is_acked && distance(ack, side->acked) <= 0)
		return;
	side->acked = ack;
	side->acks[side->ack_next] = (struct ack){ .time_ns = time_ns, .seq = ack };
	side->ack_next = (uint8_t)((side->ack_next + 1) % ACKS);
	if (side->ack_count < ACKS)
		side->ack_count++;
	side->is_acked = true;
}

/* Goes on behind holes that nothing will fill any more. */
static void give_up_holes(struct reader *r)
{
	struct side *side = r->side;

	while (side->head != NULL) {
		uint64_t age =
			r->now_ns > side->head->first_ns ? r->now_ns - side->head->first_ns : 0;
		bool is_acked = side->is_acked && distance(side->acked, side->head->seq) >= 0;

		if (age < HOLE_NS &&
		    (!is_acked || (age < REORDER_NS && side->behind <= REORDER_SEGMENTS)))
			return;
		skip_hole(r);
	}
}

static struct reader reader_of(struct stream *self, enum direction dir, uint64_t now_ns,
			       const struct stream_out *out)
{
	return (struct reader){
		.stream = self, .side = &self->sides[dir], .out = out, .dir = dir, .now_ns = now_ns
	};
}

void stream_packet(struct stream *self, enum direction dir, const struct packet *packet,
		   const struct stream_out *out)
{
	enum direction other = dir == DIR_TO_SERVER ? DIR_TO_CLIENT : DIR_TO_SERVER;
	struct reader mine = reader_of(self, dir, packet->time_ns, out);
	struct reader theirs = reader_of(self, other, packet->time_ns, out);
	uint32_t seq = packet->tcp_seq;

	if ((packet->tcp_flags & TCP_RST) != 0)
		return;
	if ((packet->tcp_flags & TCP_ACK) != 0)
		read_ack(theirs.side, packet->tcp_ack, packet->time_ns);
	give_up_holes(&theirs);
	if ((packet->tcp_flags & TCP_SYN) != 0) {
		seq++;
		read_syn(mine.side, seq);
	}
	if (packet->payload_wire > 0 || packet->payload.len > 0 ||
	    ((packet->tcp_flags & TCP_FIN) != 0 && mine.side->is_started))
		read_payload(&mine, packet, seq);
	give_up_holes(&mine);
}

void stream_tick(struct stream *self, uint64_t now_ns, const struct stream_out *out)
{
	for (int dir = 0; dir < 2; dir++) {
		struct reader reader = reader_of(self, (enum direction)dir, now_ns, out);

		give_up_holes(&reader);
	}
}

bool stream_misses(const struct stream *self, enum direction dir)
{
	const struct side *side = &self->sides[dir];
	uint32_t next = side->next_seq;

	if (!side->is_started)
		return false;
	if (side->has_fin && side->fin_seq == next)
		next++;
	return side->has_lost || (side->is_acked && distance(side->acked, next) > 0);
}

bool stream_is_waiting(const struct stream *self)
{
	return self->sides[0].head != NULL || self->sides[1].head != NULL;
}

void stream_flush(struct stream *self, const struct stream_out *out)
{
	for (int dir = 0; dir < 2; dir++) {
		struct reader reader = reader_of(self, (enum direction)dir, 0, out);

		while (reader.side->head != NULL) {
			reader.now_ns = reader.side->head->time_ns;
			skip_hole(&reader);
		}
	}
}
