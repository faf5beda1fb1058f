/* candidate.c: a cheap look at each payload packet, dearer ones only where it pays.
 *
 * The first LIMIT_HINT_BYTES of each direction are searched for the beginning of a message. After
 * that the flow is decided: only packets that look like one whole message are searched, and every
 * LIMIT_RECHECK_BYTES the next few kilobytes, so that a tunnel opened late is still found. Of HTTP
 * and WebSocket that were given up, what speaks of mining is. */
#include "sensor/candidate.h"

#include "protocols/late.h"
#include "protocols/limits.h"

#define LOOK_UNIT     64   /* bytes, of flow.looked */
#define LATE_BYTES    4096 /* of payload that a late look takes in */
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
#define LATE_GIVEN_UP 1u  /* it was read as a carrier's, and held nothing */
#define LATE_ANSWERED 2u  /* the server spoke last: the client is free to begin something */
#define LATE_WORDS    4u  /* words of mining were in a body that came without its head */
#define LATE_REQUEST  8u  /* begins here and is worth another look */
#define LATE_FRAME    16u /* likewise */

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

static bool is_heard(const struct flow *flow, enum direction dir)
{
	return (flow->seq_known & SEQ_DATA << dir) != 0;
}

/* The server had the last word; what is not heard of it, the client acknowledges. */
static bool is_answered(const struct flow *flow, const struct packet *packet)
{
	uint32_t said = packet->tcp_ack - flow->next_seq[DIR_TO_CLIENT];

	if (is_heard(flow, DIR_TO_CLIENT))
		return (flow->late & LATE_ANSWERED) != 0;
	return (flow->seq_known & SEQ_KNOWN << DIR_TO_CLIENT) != 0 && said > GO_ON_BYTES &&
	       said <= INT32_MAX;
}

/* A request that speaks of mining, or follows one whose body did. One that begins where the server
 * had the last word, and nothing is missing, is not quoted. */
static bool is_late_request(struct flow *flow, const struct packet *packet)
{
	bool is_request = is_answered(flow, packet) &&
			  packet->tcp_seq == flow->next_seq[DIR_TO_SERVER] &&
			  late_request(packet->payload);
	struct slice begin = slice_head(packet->payload, OPEN_BYTES);

	if (is_request ? late_request_words(packet->payload)
		       : slice_find(begin, '{') < begin.len && late_body_words(packet->payload))
		flow->late |= LATE_WORDS;
	return is_request && (flow->late & LATE_WORDS) != 0;
}

/* Is this packet of a flow that was given up worth another look? Few flows come here. */
static __attribute__((noinline)) bool is_late(struct flow *flow, enum direction dir,
					      const struct packet *packet)
{
	flow->late &= (uint8_t) ~(LATE_REQUEST | LATE_FRAME);
	if (dir == DIR_TO_SERVER && is_late_request(flow, packet))
		flow->late |= LATE_REQUEST;
	else if (late_frame(packet->payload))
		flow->late |= LATE_FRAME;
	return (flow->late & (LATE_REQUEST | LATE_FRAME)) != 0;
}

bool candidate_look(struct flow *flow, enum direction dir, const struct packet *packet)
{
	/* The first data is not the first byte: the beginning comes later, out of order. */
	bool is_early = (flow->seq_known & (SEQ_KNOWN | SEQ_DATA) << dir) == SEQ_KNOWN << dir &&
			packet->tcp_seq != flow->next_seq[dir];

	/* What the direction said makes any message in it a quotation. */
	if (!is_due(flow, packet->payload) || preface_is_final(flow->preface[dir]))
		return (flow->late & LATE_GIVEN_UP) != 0 && is_late(flow, dir, packet);
	bool is_first = !is_heard(flow, dir);

	if (is_early || may_hold_message(flow, dir, packet->payload) ||
	    (is_first && dialects_begin(packet->payload, dir)))
		return true;
	if ((flow->flags & FLOW_DECIDED) == 0)
		flow->preface[dir] = preface_with(flow, dir, packet->payload);
	return false;
}

void candidate_before(const struct flow *flow, struct preface before[2])
{
	for (int dir = 0; dir < 2; dir++) {
		if ((flow->late & (LATE_REQUEST | LATE_FRAME)) != 0)
			preface_begin(&before[dir], (flow->late & LATE_REQUEST) != 0);
		else
			before[dir] = preface_of(flow, (enum direction)dir);
	}
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
	flow->late &= LATE_ANSWERED | LATE_GIVEN_UP;
}

void candidate_shut(struct flow *flow, enum direction dir)
{
	const struct preface foreign = { .is_binary = true };

	flow->preface[dir] = preface_pack(&foreign);
	flow->late |= LATE_GIVEN_UP;
}

/* Who speaks now. A server that only says "go on" does not. */
static inline void take_turn(struct flow *flow, enum direction dir, const struct packet *packet)
{
	if ((flow->late & LATE_GIVEN_UP) != 0) {
		if (slice_starts(packet->payload, "HTTP/1.1 100"))
			return;
		if (dir == DIR_TO_SERVER && !is_heard(flow, DIR_TO_CLIENT)) {
			flow->next_seq[DIR_TO_CLIENT] = packet->tcp_ack;
			flow->seq_known |= (uint8_t)(SEQ_KNOWN << DIR_TO_CLIENT);
		}
	}
	flow->late = (uint8_t)((flow->late & ~LATE_ANSWERED) |
			       (dir == DIR_TO_CLIENT ? LATE_ANSWERED : 0));
}

void candidate_advance(struct flow *flow, enum direction dir, const struct packet *packet)
{
	uint32_t end = packet->tcp_seq + packet->payload_wire;

	if ((flow->seq_known & SEQ_KNOWN << dir) == 0 || (int32_t)(end - flow->next_seq[dir]) > 0) {
		flow->next_seq[dir] = end;
		flow->seq_known |= (uint8_t)(SEQ_KNOWN << dir);
	}
	if (packet->payload_wire == 0)
		return;
	flow->seq_known |= (uint8_t)(SEQ_DATA << dir);
	take_turn(flow, dir, packet);
}

bool candidate_next_seq(const struct flow *flow, enum direction dir, uint32_t *seq)
{
	*seq = flow->next_seq[dir];
	return (flow->seq_known & SEQ_KNOWN << dir) != 0;
}
