/* candidate.c: a cheap look at each payload packet, dearer ones only where it pays.
 *
 * The first LIMIT_HINT_BYTES of each direction are searched for the beginning of a message. After
 * that the flow is decided: only packets that look like one whole message are searched, and every
 * LIMIT_RECHECK_BYTES the next few kilobytes, so that a tunnel opened late is still found. Of HTTP
 * and WebSocket that were given up, what speaks of mining is: messages that begin and do not tell
 * yet are kept until they do. */
#include "sensor/candidate.h"

#include <string.h>

#include "protocols/late.h"
#include "protocols/limits.h"

#define LOOK_UNIT     64   /* bytes, of flow.looked */
#define LATE_BYTES    4096 /* of payload that a late look takes in */
#define JOIN_BYTES    2048 /* of a client whose server is silent: no question of a dialogue's */
#define TAIL_BYTES    16   /* of a packet in mid-stream: enough to know how it ends */
#define OPEN_BYTES    16   /* in which a body begins that comes without its head, or chunked */
#define GO_ON_BYTES   64   /* more than it takes to say "go on" */
#define HINT_UNITS    (2 * LIMIT_HINT_BYTES / LOOK_UNIT)
#define RECHECK_UNITS (LIMIT_RECHECK_BYTES / LOOK_UNIT)

_Static_assert(RECHECK_UNITS + LIMIT_SNAPLEN / LOOK_UNIT < UINT16_MAX, "flow.looked has 16 bits");

/* flow.inspections counts up to LIMIT_INSPECTIONS what began, above it what was refused. */
#define REFUSALS 64
#define ENDED    UINT8_MAX

_Static_assert(LIMIT_INSPECTIONS + REFUSALS < ENDED, "flow.inspections has 8 bits");

/* flow.seq_known, shifted by the direction: next_seq is valid; payload has been seen. */
#define SEQ_KNOWN 1u
#define SEQ_DATA  4u

/* flow.late */
#define LATE_GIVEN_UP CANDIDATE_GIVEN_UP
#define LATE_ANSWERED 2u  /* the server spoke last: the client is free to begin something */
#define LATE_WORDS    4u  /* words of mining were in a body that came without its head */
#define LATE_REQUEST  8u  /* is there and worth another look, or a reply */
#define LATE_FRAME    16u /* likewise */
#define LATE_BEGUN    32u /* shifted by the direction: a message that does not tell yet is kept */

static bool looks_whole(struct slice payload)
{
	uint8_t last = payload.ptr[payload.len - 1];

	return payload.ptr[0] == '{' && (last == '\n' || last == '}');
}

/* Counts the payload; false when the flow is decided and the packet is nothing special. */
static bool is_due(struct flow *flow, struct slice payload)
{
	flow->looked = (uint16_t)(flow->looked + (payload.len + LOOK_UNIT - 1) / LOOK_UNIT);
	if ((flow->flags & FLOW_DECIDED) == 0) {
		if (flow->looked > HINT_UNITS)
			flow->flags |= FLOW_DECIDED;
		return true;
	}
	if (flow->looked >= RECHECK_UNITS) {
		flow->flags &= (uint8_t)~FLOW_DECIDED;
		flow->looked = HINT_UNITS - LATE_BYTES / LOOK_UNIT;
		candidate_forget(flow);
		return true;
	}
	return looks_whole(payload);
}

/* The preface begins in the middle when the first packet was no SYN. */
static struct preface preface_of(const struct flow *flow, enum direction dir)
{
	struct preface preface = preface_unpack(flow->preface[dir]);

	if (flow->flags & FLOW_MIDSTREAM)
		preface.is_start = false;
	return preface;
}

/* The direction's preface, packed, with what stands before a message in this payload. */
static uint8_t preface_with(const struct flow *flow, enum direction dir, struct slice payload)
{
	struct preface preface = preface_of(flow, dir);

	/* At a start all of the first line counts; in the middle only what a message would follow.
	 */
	if (preface.is_start)
		payload = slice_head(payload, LIMIT_JUNK_BYTES + 1);
	else if (payload.len > TAIL_BYTES)
		payload = slice_tail(payload, payload.len - TAIL_BYTES);
	preface_feed(&preface, payload);
	return preface_pack(&preface);
}

/* Of random bytes, which most payload is, two packets in a hundred hold what looks like a
 * beginning: what stands before it tells, where the direction's start was seen. In the middle it
 * may be a binary message of the same miner. */
static bool may_hold_message(const struct flow *flow, enum direction dir, struct slice payload)
{
	size_t at = dialects_find(payload);

	if (at == payload.len)
		return false;
	return !preface_of(flow, dir).is_start ||
	       !preface_is_final(preface_with(flow, dir, slice_head(payload, at)));
}

bool candidate_is_heard(const struct flow *flow, enum direction dir)
{
	return (flow->seq_known & SEQ_DATA << dir) != 0;
}

size_t candidate_repeats(const struct flow *flow, enum direction dir, const struct packet *packet)
{
	uint32_t old = flow->next_seq[dir] - packet->tcp_seq;

	if (old == 0 || old >= packet->payload.len || !candidate_is_heard(flow, dir) ||
	    (flow->late & (LATE_REQUEST | LATE_FRAME)) != 0 || dialects_find(packet->payload) < old)
		return 0;
	return old;
}

/* A client that says so much, and was joined in the middle, may be in an upload: as if it had been
 * given up, until the server's first words tell. */
static void join(struct flow *flow)
{
	if ((flow->flags & FLOW_MIDSTREAM) != 0 && flow->looked > JOIN_BYTES / LOOK_UNIT &&
	    !candidate_is_heard(flow, DIR_TO_CLIENT))
		flow->late |= LATE_GIVEN_UP;
}

bool candidate_look(struct flow *flow, enum direction dir, const struct packet *packet)
{
	/* The first data is not the first byte: the beginning comes later, out of order. */
	bool is_early = (flow->seq_known & (SEQ_KNOWN | SEQ_DATA) << dir) == SEQ_KNOWN << dir &&
			packet->tcp_seq != flow->next_seq[dir];

	/* What the direction said makes any message in it a quotation. */
	if (!is_due(flow, packet->payload))
		return false;
	join(flow);
	if (preface_is_final(flow->preface[dir]))
		return false;
	bool is_first = !candidate_is_heard(flow, dir);
	struct slice new = slice_tail(packet->payload, candidate_repeats(flow, dir, packet));

	if (is_early || may_hold_message(flow, dir, new) || (is_first && dialects_begin(new, dir)))
		return true;
	if ((flow->flags & FLOW_DECIDED) == 0)
		flow->preface[dir] = preface_with(flow, dir, new);
	return false;
}

/* --- late looks ----------------------------------------------------------------------------- */

/* Neighbours in the flow table are neighbours there: the direction is far from the index's low
 * bits. */
static uint32_t kept_key(const struct candidate_kept *kept, enum direction dir)
{
	return kept->index | (uint32_t)dir << 31;
}

static bool is_begun(const struct flow *flow, enum direction dir)
{
	return (flow->late & LATE_BEGUN << dir) != 0;
}

static void drop_part(struct flow *flow, enum direction dir, const struct candidate_kept *kept)
{
	if (is_begun(flow, dir))
		opening_end(kept->table, kept_key(kept, dir));
	flow->late &= (uint8_t) ~(LATE_BEGUN << dir);
}

void candidate_drop_parts(struct flow *flow, const struct candidate_kept *kept)
{
	drop_part(flow, DIR_TO_SERVER, kept);
	drop_part(flow, DIR_TO_CLIENT, kept);
}

struct slice candidate_part(const struct flow *flow, enum direction dir,
			    const struct candidate_kept *kept, size_t number, uint32_t *seq)
{
	if (!is_begun(flow, dir) || (flow->late & (LATE_REQUEST | LATE_FRAME)) == 0)
		return slice_of("", 0);
	return opening_part(kept->table, kept_key(kept, dir), number, seq);
}

/* The other side had the last word; what is not heard of it, this one acknowledges. Of a server
 * that is heard with its client nothing is asked: the request tells. */
static bool is_answered(const struct flow *flow, enum direction dir, const struct packet *packet)
{
	enum direction other = dir == DIR_TO_SERVER ? DIR_TO_CLIENT : DIR_TO_SERVER;
	uint32_t said = packet->tcp_ack - flow->next_seq[other];

	if (candidate_is_heard(flow, other))
		return dir == DIR_TO_SERVER && (flow->late & LATE_ANSWERED) != 0;
	return (flow->seq_known & SEQ_KNOWN << other) != 0 && said > GO_ON_BYTES &&
	       said <= INT32_MAX;
}

/* Keeps what begins with the next byte that is expected, and of this packet what is of it. */
static void keep_part(struct flow *flow, enum direction dir, const struct packet *packet,
		      const struct candidate_kept *kept)
{
	uint32_t next = flow->next_seq[dir];
	uint32_t old = next - packet->tcp_seq;
	bool is_ahead = old > INT32_MAX;

	opening_begin(kept->table, kept_key(kept, dir), next, packet->time_ns);
	(void)opening_add(kept->table, kept_key(kept, dir), is_ahead ? packet->tcp_seq : next,
			  slice_tail(packet->payload, is_ahead ? 0 : old));
	flow->late |= (uint8_t)(LATE_BEGUN << dir);
}

/* A body whose head was lost, or had no place to be kept: the next request is as good. */
static void note_body(struct flow *flow, enum direction dir, struct slice payload)
{
	struct slice begin = slice_head(payload, OPEN_BYTES);
	struct slice inner = slice_tail(begin, slice_find(begin, '{') + 1);

	if (dir == DIR_TO_SERVER && inner.len > 0 && (inner.ptr[0] == '"' || inner.ptr[0] <= ' ') &&
	    late_body_words(payload))
		flow->late |= LATE_WORDS;
}

/* A message may begin with the next byte that is expected: a frame, or where the other side had the
 * last word one of HTTP, for then it is not quoted. */
static enum late_words begin_part(struct flow *flow, enum direction dir,
				  const struct packet *packet, const struct candidate_kept *kept)
{
	uint32_t old = flow->next_seq[dir] - packet->tcp_seq;
	bool is_ahead = old > INT32_MAX;
	struct slice bytes = slice_tail(packet->payload, is_ahead ? 0 : old);
	bool is_frame = late_is_frame(bytes) && !is_ahead;
	enum late_words words = LATE_WORDS_AWAITED;

	if (bytes.len == 0)
		return LATE_WORDS_NONE;
	drop_part(flow, dir, kept);
	if ((flow->seq_known & SEQ_KNOWN << dir) == 0 || (is_ahead && 0 - old >= OPENING_BYTES) ||
	    (!is_frame && !is_answered(flow, dir, packet))) {
		note_body(flow, dir, packet->payload);
		return LATE_WORDS_NONE;
	}
	if (!is_ahead)
		words = late_look(bytes, 0);
	if (is_ahead || words == LATE_WORDS_NONE)
		note_body(flow, dir, packet->payload);
	if (words != LATE_WORDS_NONE)
		keep_part(flow, dir, packet, kept);
	return words;
}

/* The packet goes on with what is kept. */
static enum late_words go_on(struct flow *flow, enum direction dir, const struct packet *packet,
			     const struct candidate_kept *kept)
{
	uint32_t key = kept_key(kept, dir);
	size_t seen = opening_bytes(kept->table, key).len;
	struct slice bytes = opening_add(kept->table, key, packet->tcp_seq, packet->payload);
	enum late_words words = LATE_WORDS_AWAITED;

	if (bytes.len > seen)
		words = late_look(bytes, seen);
	else
		note_body(flow, dir, packet->payload);
	if (words == LATE_WORDS_NONE ||
	    (words == LATE_WORDS_AWAITED && opening_is_over(kept->table, key, packet->time_ns))) {
		drop_part(flow, dir, kept);
		return LATE_WORDS_NONE;
	}
	return words;
}

/* What is kept of a frame goes on whatever the other side says; of HTTP, until it answers. */
static bool is_going(const struct flow *flow, enum direction dir, const struct packet *packet,
		     const struct candidate_kept *kept)
{
	return is_begun(flow, dir) &&
	       (!is_answered(flow, dir, packet) ||
		late_is_frame(opening_bytes(kept->table, kept_key(kept, dir))));
}

bool candidate_look_again(struct flow *flow, enum direction dir, const struct packet *packet,
			  const struct candidate_kept *kept)
{
	enum late_words words = is_going(flow, dir, packet, kept)
					? go_on(flow, dir, packet, kept)
					: begin_part(flow, dir, packet, kept);

	flow->late &= (uint8_t) ~(LATE_REQUEST | LATE_FRAME);
	if (words == LATE_WORDS_FOUND || (words == LATE_WORDS_AWAITED && dir == DIR_TO_SERVER &&
					  (flow->late & LATE_WORDS) != 0)) {
		struct slice bytes = opening_bytes(kept->table, kept_key(kept, dir));

		flow->late |= late_is_frame(bytes) ? LATE_FRAME : LATE_REQUEST;
		return true;
	}
	if (!late_is_frame(packet->payload) || late_look(packet->payload, 0) != LATE_WORDS_FOUND)
		return false;
	drop_part(flow, dir, kept); /* bytes are missing before this one */
	flow->late |= LATE_FRAME;
	return true;
}

/* --- inspections ---------------------------------------------------------------------------- */

void candidate_before(const struct flow *flow, struct preface before[2])
{
	for (int dir = 0; dir < 2; dir++) {
		if ((flow->late & (LATE_REQUEST | LATE_FRAME)) != 0)
			preface_begin(&before[dir], (flow->late & LATE_REQUEST) != 0);
		else
			before[dir] = preface_of(flow, (enum direction)dir);
	}
}

bool candidate_is_seen(const struct flow *flow)
{
	return (flow->flags & FLOW_MIDSTREAM) == 0 &&
	       (flow->tcp_flags[0] & flow->tcp_flags[1] & TCP_SYN) != 0;
}

bool candidate_may_begin(struct flow *flow)
{
	if (flow->inspections == ENDED)
		return false;
	flow->inspections++;
	if (flow->inspections <= LIMIT_INSPECTIONS)
		return true;
	if (flow->inspections <= LIMIT_INSPECTIONS + REFUSALS)
		return false;
	flow->inspections = LIMIT_INSPECTIONS;
	return true;
}

void candidate_end(struct flow *flow)
{
	flow->inspections = ENDED;
}

void candidate_forget(struct flow *flow)
{
	struct preface nothing;

	preface_begin(&nothing, false);
	flow->preface[0] = flow->preface[1] = preface_pack(&nothing);
	flow->late &= (uint8_t) ~(LATE_WORDS | LATE_REQUEST | LATE_FRAME);
}

void candidate_shut(struct flow *flow, enum direction dir)
{
	const struct preface foreign = { .is_binary = true };

	flow->preface[dir] = preface_pack(&foreign);
	flow->late |= LATE_GIVEN_UP;
}

/* The first words of a direction. A server that was joined in the middle and speaks HTTP had been
 * asked for something. */
static void take_first(struct flow *flow, enum direction dir, struct slice payload)
{
	flow->seq_known |= (uint8_t)(SEQ_DATA << dir);
	if (dir == DIR_TO_SERVER || (flow->flags & FLOW_MIDSTREAM) == 0 || flow->inspections > 0)
		return;
	flow->late &= (uint8_t)~LATE_GIVEN_UP;
	if (slice_starts(payload, "HTTP/1."))
		flow->late |= LATE_GIVEN_UP;
}

/* Who speaks now. A server that only says "go on" does not. */
static inline void take_turn(struct flow *flow, enum direction dir, const struct packet *packet)
{
	enum direction other = dir == DIR_TO_SERVER ? DIR_TO_CLIENT : DIR_TO_SERVER;

	if ((flow->late & LATE_GIVEN_UP) != 0) {
		if (slice_starts(packet->payload, "HTTP/1.1 100"))
			return;
		if (!candidate_is_heard(flow, other)) {
			flow->next_seq[other] = packet->tcp_ack;
			flow->seq_known |= (uint8_t)(SEQ_KNOWN << other);
		}
	}
	flow->late = (uint8_t)((flow->late & ~LATE_ANSWERED) |
			       (dir == DIR_TO_CLIENT ? LATE_ANSWERED : 0));
}

void candidate_advance(struct flow *flow, enum direction dir, const struct packet *packet)
{
	uint32_t end = packet->tcp_seq + packet->payload_wire;
	bool is_new = (flow->seq_known & SEQ_KNOWN << dir) == 0 ||
		      (int32_t)(end - flow->next_seq[dir]) > 0;

	if (is_new) {
		flow->next_seq[dir] = end;
		flow->seq_known |= (uint8_t)(SEQ_KNOWN << dir);
	}
	if (packet->payload_wire == 0)
		return;
	if (!candidate_is_heard(flow, dir))
		take_first(flow, dir, packet->payload);
	if (is_new) /* what is sent again is no answer */
		take_turn(flow, dir, packet);
}

bool candidate_next_seq(const struct flow *flow, enum direction dir, uint32_t *seq)
{
	*seq = flow->next_seq[dir];
	return (flow->seq_known & SEQ_KNOWN << dir) != 0;
}
