/* flow.c: from a packet to its flow.
 *
 * A packet of a known flow reads and writes its bucket and its hot line, nothing else. What decides
 * about the end of a flow is the gap between its own packets, compared exactly; the wheel only
 * finds flows for which that gap has already passed, so a record is the same whoever found it.
 *
 * The active time-out needs the start of the record, which is cold. The wheel therefore marks the
 * flow's bucket entry well before, and marked flows compare at every packet; when the wheel has not
 * run for a while, every flow compares. A silent flow is left to its idle time-out: there is no
 * record without packets.
 *
 * Reference: RFC 9293 for the states, as far as a bystander can follow them. */
#include "sensor/flow.h"

#include "sensor/flow_roles.h"
#include "sensor/flow_table.h"

#define ISN_WINDOW 65535 /* a SYN this far behind what came after it is the same SYN */

/* When the wheel must look at the flow again, at the latest. Established flows are visited more
 * often than their time-out asks for, so that no other state has to be moved within the wheel when
 * a flow leaves it for a shorter time-out, but for the shortest one. */
void flow_table_schedule(struct flow_table *self, uint32_t index, bool is_due)
{
	const struct flow *flow = &self->hot[index];
	uint64_t begin_ns = flow->last_ns > self->now_ns ? flow->last_ns : self->now_ns;
	uint64_t due_ns = flow->last_ns + self->timeout_ns[flow->tcp_state];

	if (due_ns > begin_ns + self->visit_ns)
		due_ns = begin_ns + self->visit_ns;
	if (!is_due && self->active_ns > FLOW_ACTIVE_MARGIN_NS) {
		uint64_t mark_ns =
			self->cold[index].start_ns + self->active_ns - FLOW_ACTIVE_MARGIN_NS;

		if (due_ns > mark_ns)
			due_ns = mark_ns;
	}
	flow_wheel_schedule(&self->wheel, index, due_ns);
}

/* Starts a record of the flow at start_ns. */
static void begin_record(struct flow_table *self, uint32_t index, uint64_t start_ns,
			 const struct flow_place *place)
{
	struct flow_cold *cold = &self->cold[index];
	bool is_due = self->active_ns != 0 && self->active_ns <= FLOW_ACTIVE_MARGIN_NS;

	memset(cold->packets, 0, sizeof(cold->packets));
	memset(cold->bytes, 0, sizeof(cold->bytes));
	cold->start_ns = start_ns;
	flow_place_set_due(place, is_due);
	flow_table_schedule(self, index, is_due);
}

/* Starts a flow in a slot that is in the index already. */
static void begin_flow(struct flow_table *self, uint32_t index, const struct packet *packet,
		       struct flow_tag tag, const struct flow_place *place)
{
	struct flow_cold *cold = &self->cold[index];

	self->hot[index] = (struct flow){
		.tag = tag,
		.last_ns = packet->time_ns,
		.flags = flow_roles_first(packet, &self->hooks),
		.tcp_state = FLOW_TCP_NONE,
	};
	cold->key = packet->key;
	cold->first_ns = packet->time_ns;
	cold->isn[0] = 0;
	cold->isn[1] = 0;
	cold->watch = 0;
	cold->label = 0;
	begin_record(self, index, packet->time_ns, place);
	stats_add(self->stats->flows, 1);
	self->hooks.opened(self->hooks.ctx, index, packet);
}

static uint32_t take_slot(struct flow_table *self)
{
	uint32_t index;

	if (self->freed == FLOW_NONE && self->fresh < self->capacity) {
		index = self->fresh++;
		self->cold[index].wheel_slot = FLOW_NONE;
		return index;
	}
	if (self->freed == FLOW_NONE && !flow_table_evict(self))
		return FLOW_NONE;
	index = self->freed;
	self->freed = self->cold[index].wheel_next;
	if (self->freed != FLOW_NONE)
		flow_table_prefetch(self, self->freed);
	return index;
}

static uint32_t open_flow(struct flow_table *self, const struct packet *packet, struct flow_tag tag,
			  struct flow_place *place)
{
	uint32_t index = take_slot(self);

	if (index == FLOW_NONE) {
		stats_add(self->stats->flow_table_full, 1);
		return FLOW_NONE;
	}
	if (!flow_index_insert(&self->index, tag, index, place)) {
		self->cold[index].wheel_next = self->freed;
		self->freed = index;
		stats_add(self->stats->flow_table_full, 1);
		return FLOW_NONE;
	}
	if (!self->is_started) {
		flow_wheel_init(&self->wheel, self->cold, packet->time_ns);
		self->is_started = true;
	}
	self->count++;
	stats_set(self->stats->flows_active, self->count);
	begin_flow(self, index, packet, tag, place);
	return index;
}

static enum direction direction_of(const struct flow *flow, const struct packet *packet)
{
	bool is_client_high = (flow->flags & FLOW_CLIENT_HIGH) != 0;

	return packet->from_high == is_client_high ? DIR_TO_SERVER : DIR_TO_CLIENT;
}

static uint64_t gap_ns(const struct flow *flow, const struct packet *packet)
{
	return packet->time_ns > flow->last_ns ? packet->time_ns - flow->last_ns : 0;
}

/* The SYN (again) to which what was seen of this direction belongs. next_seq may be past the first
 * data, hence a window; a new connection's number is never a little behind the old one's. */
static bool is_known_syn(const struct flow *flow, enum direction dir, const struct packet *packet)
{
	uint32_t behind = flow->next_seq[dir] - (packet->tcp_seq + 1);

	return (flow->seq_known >> dir & 1) != 0 && behind <= ISN_WINDOW;
}

static bool is_syn_on_closed(const struct flow *flow, const struct packet *packet)
{
	return flow->tcp_state == FLOW_TCP_CLOSED &&
	       (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

/* True for every packet that could end a record, and for few others. */
static bool may_end_record(const struct flow_table *self, const struct flow *flow,
			   const struct packet *packet, const struct flow_place *place)
{
	return gap_ns(flow, packet) > self->timeout_ns[flow->tcp_state] ||
	       flow_place_is_due(place) || packet->time_ns > self->trusted_ns ||
	       is_syn_on_closed(flow, packet);
}

static void apply_gaps(struct flow_table *self, uint32_t index, const struct packet *packet,
		       const struct flow_place *place)
{
	struct flow *flow = &self->hot[index];
	struct flow_tag tag = flow->tag;

	if (gap_ns(flow, packet) > self->timeout_ns[flow->tcp_state]) {
		flow_table_finish(self, index, flow_table_silence(flow));
		begin_flow(self, index, packet, tag, place);
	} else if (is_syn_on_closed(flow, packet) &&
		   !is_known_syn(flow, direction_of(flow, packet), packet)) {
		flow_table_finish(self, index, FLOW_END_REUSED);
		begin_flow(self, index, packet, tag, place);
	} else if (self->active_ns != 0 && packet->time_ns > self->cold[index].start_ns &&
		   packet->time_ns - self->cold[index].start_ns > self->active_ns) {
		flow_table_finish(self, index, FLOW_END_ACTIVE);
		begin_record(self, index, packet->time_ns, place);
	}
}

static void count_packet(struct flow_table *self, uint32_t index, const struct packet *packet,
			 enum direction dir)
{
	struct flow *flow = &self->hot[index];

	if (packet->ip_bytes > UINT32_MAX - flow->bytes[dir] ||
	    packet->ip_packets > UINT32_MAX - flow->packets[dir])
		flow_table_spill(self, index);
	flow->packets[dir] += packet->ip_packets;
	flow->bytes[dir] += packet->ip_bytes;
	if (packet->time_ns > flow->last_ns)
		flow->last_ns = packet->time_ns;
	if (packet->payload_wire > packet->payload.len)
		flow->flags |= FLOW_TRUNCATED;
}

static uint8_t at_least(uint8_t state, uint8_t least)
{
	return state > least ? state : least;
}

/* The packet's own flags are in flow->tcp_flags already. */
static uint8_t next_tcp_state(const struct flow *flow, const struct packet *packet,
			      enum direction dir)
{
	unsigned flags = packet->tcp_flags;
	uint8_t state = flow->tcp_state;
	bool is_answer;

	if (flags & TCP_RST)
		return FLOW_TCP_CLOSED;
	if (flags & TCP_FIN)
		return (flow->tcp_flags[!dir] & TCP_FIN) ? FLOW_TCP_CLOSED
							 : at_least(state, FLOW_TCP_FIN_ONE);
	if (flags & TCP_SYN)
		return at_least(state, flags & TCP_ACK ? FLOW_TCP_SYN_RECV : FLOW_TCP_SYN_SENT);
	if (!(flags & TCP_ACK))
		return state;
	/* Mid-stream one bare ACK may be a stray or a scan; data, or both sides, is a connection.
	 * After a SYN the client's ACK completes it. */
	is_answer = state == FLOW_TCP_NONE ? (flow->tcp_flags[!dir] & TCP_ACK) != 0
					   : dir == DIR_TO_SERVER;
	if (packet->payload_wire > 0 || is_answer)
		return at_least(state, FLOW_TCP_ESTABLISHED);
	return state;
}

/* From a SYN on, the first byte of data is expected at the number after it. */
static void learn_from_syn(struct flow *flow, struct flow_cold *cold, const struct packet *packet,
			   enum direction dir)
{
	bool is_client = !(packet->tcp_flags & TCP_ACK);

	if (is_client == (dir == DIR_TO_SERVER))
		flow->flags |= FLOW_ROLES_PROVEN;
	if (!is_known_syn(flow, dir, packet)) {
		cold->isn[dir] = packet->tcp_seq;
		flow->next_seq[dir] = packet->tcp_seq + 1;
		flow->seq_known |= (uint8_t)(1u << dir);
	}
}

static void move_tcp(struct flow_table *self, uint32_t index, const struct packet *packet,
		     enum direction dir, const struct flow_place *place)
{
	struct flow *flow = &self->hot[index];
	unsigned flags = packet->tcp_flags;
	uint8_t before = flow->tcp_state;

	flow->tcp_flags[dir] |= packet->tcp_flags;
	if (before >= FLOW_TCP_ESTABLISHED && !(flags & (TCP_FIN | TCP_RST)))
		return;
	if ((flags & (TCP_SYN | TCP_RST)) == TCP_SYN && before < FLOW_TCP_ESTABLISHED)
		learn_from_syn(flow, &self->cold[index], packet, dir);
	flow->tcp_state = next_tcp_state(flow, packet, dir);
	if (self->timeout_ns[flow->tcp_state] < self->timeout_ns[before] &&
	    self->timeout_ns[flow->tcp_state] < self->visit_ns)
		flow_table_schedule(self, index, flow_place_is_due(place));
}

uint32_t flow_touch(struct flow_table *self, const struct packet *packet, struct flow_tag tag,
		    enum direction *dir)
{
	struct flow_place place;
	uint32_t index = flow_index_find(&self->index, self->hot, tag, &place);

	*dir = DIR_TO_SERVER;
	if (index == FLOW_NONE) {
		index = open_flow(self, packet, tag, &place);
		if (index == FLOW_NONE)
			return FLOW_NONE;
	} else if (may_end_record(self, &self->hot[index], packet, &place)) {
		apply_gaps(self, index, packet, &place);
	}
	*dir = direction_of(&self->hot[index], packet);
	count_packet(self, index, packet, *dir);
	if (packet->key.proto == IP_PROTO_TCP)
		move_tcp(self, index, packet, *dir, &place);
	return index;
}
