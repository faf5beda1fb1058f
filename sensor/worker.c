/* worker.c: from packets to facts.
 *
 * The packet path is: touch the flow, and for flows that are still undecided look at the payload.
 * A flow whose payload could begin a dialect's message is taken under inspection (a `watch`); all
 * others cost their counters only. Facts are pushed when they become known; one that a full ring
 * refuses live waits in the backlog, in order, and is offered again at each tick. */
#include "sensor/worker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/candidate.h"
#include "sensor/watch.h"

#define CLASSIFY_DONE  UINT8_MAX
#define CLASSIFY_HELD  (UINT8_MAX - 1) /* for nDPI only once it is under inspection */
#define CLASSIFY_CPU   50              /* percent, live */
#define FINISH_WAIT_MS 1000            /* for room in the ring, at the end */
#define BEGUN_MESSAGES 64              /* of flows that were given up, kept at once */

/* --- nDPI ----------------------------------------------------------------------------------- */

static void classify_store(void *ctx, uint32_t index, const struct classify_label *label)
{
	struct worker *self = ctx;
	struct flow *hot = flow_hot(self->flows, index);
	struct flow_cold *cold = flow_cold(self->flows, index);

	hot->flags &= (uint8_t)~FLOW_CLASSIFYING;
	hot->classified = CLASSIFY_DONE;
	cold->label = classify_intern(self->classify, label);
	if (label->is_mining && (hot->flags & FLOW_MINING)) {
		struct watch *watch = worker_watch(self, cold);

		(void)session_witness(inspect_session(watch->inspect), EVIDENCE_NDPI_MINING);
		watch_settle(self, watch);
	}
}

static void classify_flow_packet(struct worker *self, uint32_t index, enum direction dir,
				 const struct packet *packet)
{
	struct flow *hot = flow_hot(self->flows, index);
	struct flow_cold *cold = flow_cold(self->flows, index);
	struct classify_label label;

	if ((hot->flags & FLOW_CLASSIFYING) == 0) {
		uint32_t state = classify_begin(self->classify, index, packet->time_ns);

		if (state == 0) {
			hot->classified = CLASSIFY_DONE;
			return;
		}
		cold->classify = state;
		hot->flags |= FLOW_CLASSIFYING;
	}
	hot->classified++;
	if (classify_packet(self->classify, cold->classify, dir, packet, &label))
		classify_store(self, index, &label);
}

/* nDPI wants the headers of what was sent: a reassembled datagram no longer has them. */
static bool is_for_ndpi(const struct packet *packet)
{
	return packet->payload.len > 0 && packet->ip_packets == 1;
}

static bool wants_label(struct worker *self, struct flow *hot, const struct packet *packet)
{
	if (hot->classified >= CLASSIFY_HELD || self->classify == NULL || !is_for_ndpi(packet))
		return false;
	if (hot->classified == 0 &&
	    (self->config->classify != CLASSIFY_ALL || !classify_admits(self->classify)))
		hot->classified = CLASSIFY_HELD;
	return hot->classified != CLASSIFY_HELD;
}

/* A flow held back is under inspection now, and a message may begin in this packet. */
static void classify_candidate(struct worker *self, uint32_t index, enum direction dir,
			       const struct packet *packet)
{
	struct flow *hot = flow_hot(self->flows, index);

	if (hot->classified != CLASSIFY_HELD || !is_for_ndpi(packet) ||
	    !dialects_candidate(packet->payload))
		return;
	hot->classified = 0;
	classify_flow_packet(self, index, dir, packet);
}

/* --- inspection ----------------------------------------------------------------------------- */

/* Looks again at a flow that was given up. Few come here, so the many need no room for it. */
static __attribute__((noinline)) bool look_again(struct worker *self, uint32_t index,
						 enum direction dir, const struct packet *packet)
{
	const struct candidate_kept kept = { self->begun, index };

	return candidate_look_again(flow_hot(self->flows, index), dir, packet, &kept);
}

/* Begins an inspection with the message that this packet is of, where it began before. */
static __attribute__((noinline)) struct watch *
begin_watch(struct worker *self, uint32_t index, enum direction dir, const struct packet *packet)
{
	const struct candidate_kept kept = { self->begun, index };
	struct flow *hot = flow_hot(self->flows, index);
	struct packet part = *packet;
	size_t number = 0;

	part.payload = candidate_part(hot, dir, &kept, number, &part.tcp_seq);
	struct watch *watch = watch_begin(self, index, dir, part.payload.len == 0 ? packet : &part);

	part.tcp_flags = TCP_ACK;
	while (watch != NULL && part.payload.len > 0) {
		part.payload_wire = (uint32_t)part.payload.len;
		if (number == 0 && dir == DIR_TO_SERVER)
			watch_hear(watch, &part);
		inspect_packet(watch->inspect, dir, &part);
		part.payload = candidate_part(hot, dir, &kept, ++number, &part.tcp_seq);
	}
	candidate_drop_parts(hot, &kept);
	return watch;
}

static inline __attribute__((always_inline)) void
inspect_tcp(struct worker *self, uint32_t index, enum direction dir, const struct packet *packet)
{
	struct flow *hot = flow_hot(self->flows, index);
	struct watch *watch;

	if (hot->flags & FLOW_INSPECTED) {
		watch = worker_watch(self, flow_cold(self->flows, index));
	} else {
		if (packet->payload.len == 0)
			return;
		bool is_worth = (hot->late & CANDIDATE_GIVEN_UP) != 0 &&
				look_again(self, index, dir, packet);

		watch = is_worth || candidate_look(hot, dir, packet)
				? begin_watch(self, index, dir, packet)
				: NULL;
	}
	candidate_advance(hot, dir, packet);
	if (watch == NULL)
		return;
	if (watch->said == 0 && dir == DIR_TO_SERVER && packet->payload.len > 0)
		watch_hear(watch, packet);
	classify_candidate(self, index, dir, packet);
	inspect_packet(watch->inspect, dir, packet);
	watch_follow(self, watch);
	watch_settle(self, watch);
	watch_close(self, watch);
}

/* --- elephants ------------------------------------------------------------------------------ */

/* The flow's packets pass again; what the kernel counted is added to the cold part. */
static void shunt_stop(struct worker *self, uint32_t index)
{
	struct flow *hot = flow_hot(self->flows, index);
	struct flow_cold *cold = flow_cold(self->flows, index);
	bool is_client_high = (hot->flags & FLOW_CLIENT_HIGH) != 0;
	uint64_t packets[2];
	uint64_t bytes[2];

	shunt_end(self->options.shunt, &cold->key, packets, bytes);
	for (int sender = 0; sender < 2; sender++) {
		int dir = (sender == 1) == is_client_high ? DIR_TO_SERVER : DIR_TO_CLIENT;

		cold->packets[dir] += packets[sender];
		cold->bytes[dir] += bytes[sender];
		stats_add(self->stats.shunted_packets, packets[sender]);
		if (packets[sender] > 0)
			hot->contact |= FLOW_BYPASSED;
	}
	hot->contact &= ~(uint32_t)FLOW_SHUNTED;
}

static bool is_looked_at(const struct flow *hot)
{
	return (hot->flags & (FLOW_INSPECTED | FLOW_CLASSIFYING | FLOW_MINING)) != 0 ||
	       (hot->contact & (FLOW_CONTACT_ID | FLOW_WATCHED)) != 0;
}

/* Shunted is what nobody looks at and what has said enough to be recognised. Of what still passes
 * candidate.c takes its sparse look, for which the flow comes back for a moment. */
static void shunt_consider(struct worker *self, uint32_t index, const struct packet *packet)
{
	struct flow *hot = flow_hot(self->flows, index);
	/* Its payload is still, or again, being looked at for a dialect. */
	bool is_open = packet->key.proto == IP_PROTO_TCP && (hot->flags & FLOW_DECIDED) == 0;

	if ((hot->contact & FLOW_SHUNTED) != 0) {
		if (is_open || is_looked_at(hot))
			shunt_stop(self, index);
		return;
	}
	if ((uint64_t)hot->bytes[0] + hot->bytes[1] < self->config->shunt_bytes || is_open ||
	    is_looked_at(hot) || !shunt_takes(self->options.shunt, &packet->key))
		return;
	if (!shunt_begin(self->options.shunt, &packet->key)) {
		stats_add(self->stats.shunt_refused, 1);
		return;
	}
	hot->contact |= FLOW_SHUNTED;
	stats_add(self->stats.flows_shunted, 1);
}

/* --- flow table hooks ----------------------------------------------------------------------- */

static void on_opened(void *ctx, uint32_t index, const struct packet *packet)
{
	struct worker *self = ctx;

	self->now_ns = packet->time_ns;
	worker_check_contact(self, index, packet);
}

static void on_ended(void *ctx, uint32_t index, enum flow_end end)
{
	struct worker *self = ctx;
	struct flow *hot = flow_hot(self->flows, index);
	struct flow_cold *cold = flow_cold(self->flows, index);

	if ((hot->contact & FLOW_SHUNTED) != 0)
		shunt_stop(self, index);
	if (end == FLOW_END_ACTIVE) {
		worker_push_record(self, index, end);
		hot->contact &= ~(uint32_t)FLOW_BYPASSED;
		return;
	}
	names_end(self->names, index, hot, &cold->key);
	candidate_drop_parts(hot, &(struct candidate_kept){ self->begun, index });
	if (hot->flags & FLOW_CLASSIFYING) {
		struct classify_label label;

		classify_end(self->classify, cold->classify, &label);
		classify_store(self, index, &label);
	}
	if (hot->flags & FLOW_INSPECTED) {
		struct watch *watch = worker_watch(self, cold);

		inspect_flush(watch->inspect, hot->last_ns);
		watch_follow(self, watch);
		if (watch->is_reported)
			worker_push_session(self, watch, SESSION_END);
	}
	worker_push_record(self, index, end);
	if (hot->flags & FLOW_INSPECTED)
		watch_drop(self, worker_watch(self, cold));
}

static bool is_home(const struct worker *self, const struct flow_key *key, int side)
{
	const struct config_nets *home = &self->config->home;

	return net_prefixes_contain(home->items, home->count, key->ip_version, key->addr[side]);
}

/* A listed endpoint is a server. Where the ports do not tell, a home network's host is the client:
 * what it asks for is what we are here to see. */
static int on_guess_client(void *ctx, const struct flow_key *key)
{
	const struct worker *self = ctx;

	for (int side = 0; side < 2; side++)
		if (lists_match_address(self->lists, LIST_WATCHED, key->ip_version, key->addr[side],
					key->port[side]) != 0)
			return 1 - side;
	if (key->port[0] < 1024 || key->port[1] < 1024)
		return -1;
	bool low = is_home(self, key, 0);
	bool high = is_home(self, key, 1);

	return low == high ? -1 : high;
}

/* --- life ----------------------------------------------------------------------------------- */

static size_t share(uint64_t total, const struct config *config, size_t least)
{
	size_t part = (size_t)(total / config->workers);

	return part < least ? least : part;
}

/* A replay is to label everything: nothing is lost while it takes its time. */
static uint32_t classify_cpu(const struct worker *self)
{
	if (self->config->classify_cpu != 0)
		return self->config->classify_cpu;
	return self->options.is_lossless ? 100 : CLASSIFY_CPU;
}

static int worker_tables(struct worker *self)
{
	const struct config *config = self->config;
	struct flow_table_options flows = {
		.capacity = share(config->flows, config, 64),
		.timeouts = { config->idle_s, config->idle_tcp_s, config->closed_s,
			      config->active_s },
		.hooks = { on_opened, on_ended, on_guess_client, self },
		.is_touched = !self->options.is_lossless,
		.has_fixed_key = config->deterministic,
	};
	struct classify_options classify = { .max_states = config->classify_states,
					     .max_packets = config->classify_packets,
					     .deadline_ms = config->classify_deadline_ms,
					     .cpu_percent = classify_cpu(self),
					     .is_touched = !self->options.is_lossless };
	struct names_hooks names = worker_names_hooks(self);
	struct fact_outlet_options outlet = { .feed = self->options.feed,
					      .worker = self->options.index,
					      .is_lossless = self->options.is_lossless,
					      .stall_timeout_s = config->stall_timeout_s,
					      .lost = self->options.lost,
					      .stats = &self->stats };

	self->watch_max = share(config->inspected_flows, config, 16);
	self->flows = flow_table_new(&flows, &self->stats);
	self->inspects =
		inspect_pool_new(self->watch_max, share(config->message_memory, config, 1u << 20),
				 share(config->held_memory, config, 1u << 20), &self->stats);
	self->watches = calloc(self->watch_max, sizeof(*self->watches));
	self->watched = calloc(self->watch_max, sizeof(struct watch *));
	self->due_ns = calloc(self->watch_max, sizeof(uint64_t));
	self->outlet = fact_outlet_new(&outlet);
	self->names = names_new(&names, &self->stats);
	self->begun = opening_table_new(BEGUN_MESSAGES, &self->stats);
	if (self->flows == NULL || self->inspects == NULL || self->watches == NULL ||
	    self->watched == NULL || self->due_ns == NULL || self->outlet == NULL ||
	    self->names == NULL || self->begun == NULL)
		return -1;
	for (size_t i = 0; i < self->watch_max; i++)
		self->watched[i] = &self->watches[i];
	if (config->classify == CLASSIFY_OFF)
		return 0;
	self->classify = classify_new(&classify, &self->stats);
	return self->classify == NULL ? -1 : 0;
}

struct worker *worker_new(const struct worker_options *options)
{
	struct worker *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->options = *options;
	self->config = options->config;
	self->sensor = flow_id_sensor(options->config->sensor_id);
	if (worker_tables(self) != 0) {
		worker_free(self);
		return NULL;
	}
	return self;
}

void worker_free(struct worker *self)
{
	if (self == NULL)
		return;
	classify_free(self->classify);
	inspect_pool_free(self->inspects);
	flow_table_free(self->flows);
	free(self->watches);
	free(self->watched);
	free(self->due_ns);
	names_free(self->names);
	opening_table_free(self->begun);
	fact_outlet_free(self->outlet);
	free(self);
}

static void handle_packet(struct worker *self, const struct packet *packet, struct flow_tag tag)
{
	enum direction dir;
	uint32_t index;

	self->now_ns = packet->time_ns;
	index = flow_touch(self->flows, packet, tag, &dir);
	if (index == FLOW_NONE)
		return;

	struct flow *hot = flow_hot(self->flows, index);

	/* The label first: it is a witness when the session opens with this very packet. */
	if (wants_label(self, hot, packet))
		classify_flow_packet(self, index, dir, packet);
	if (packet->key.proto == IP_PROTO_TCP) {
		if (packet->payload.len > 0 && !names_is_done(hot, dir))
			names_tcp(self->names, index, hot, dir, packet);
		inspect_tcp(self, index, dir, packet);
	} else if (packet->key.proto == IP_PROTO_UDP && !names_is_done(hot, dir)) {
		names_udp(self->names, index, hot, dir, packet);
	}
	if (self->options.shunt != NULL)
		shunt_consider(self, index, packet);
}

/* All facts before time_ns have been pushed, unless some wait in the backlog. Nobody is woken: a
 * tick does that, or a fact. */
static void watermark(struct worker *self, uint64_t time_ns)
{
	atomic_store_explicit(&self->options.feed->watermark_ns, time_ns, memory_order_release);
}

/* Live, what has come due is told now. A file's seconds pass in no time: there the correlator is
 * woken by what waits for it, and wakes by itself for what does not fill a ring. */
static void wake_correlator(struct worker *self)
{
	if (!self->options.is_lossless)
		ring_bell_ring(self->options.feed->bell);
}

static void read_lists(struct worker *self)
{
	if (self->options.lists != NULL)
		self->lists = lists_board_read(self->options.lists, self->options.index);
	names_use(self->names, self->lists);
}

/* A packet that opens a flow: its server's address will be looked up. Mostly it is the receiver. */
static void expect_contact(const struct worker *self, const struct packet *packet)
{
	const struct flow_key *key = &packet->key;

	lists_expect_address(self->lists, LIST_WATCHED, key->ip_version,
			     key->addr[packet->from_high ? 0 : 1]);
}

void worker_batch(struct worker *self, const struct packet_batch *batch)
{
	struct flow_tag tags[LIMIT_BATCH_PACKETS];

	assert(batch->count <= LIMIT_BATCH_PACKETS);
	read_lists(self);
	for (size_t i = 0; i < batch->count; i++) {
		tags[i] = flow_tag_of(self->flows, &batch->packets[i].key);
		flow_prefetch_bucket(self->flows, tags[i]);
	}
	for (size_t i = 0; i < batch->count; i++)
		if (!flow_prefetch_line(self->flows, tags[i]))
			expect_contact(self, &batch->packets[i]);
	for (size_t i = 0; i < batch->count; i++)
		handle_packet(self, &batch->packets[i], tags[i]);
	stats_set(self->stats.flows_active, flow_count(self->flows));
	stats_add(self->stats.handled, batch->count);
	if (batch->count > 0)
		watermark(self, batch->packets[batch->count - 1].time_ns);
	if (batch->tick_ns != 0)
		worker_tick(self, batch->tick_ns);
	if (batch->upto_ns != 0) {
		watermark(self, batch->upto_ns);
		wake_correlator(self);
	}
}

void worker_tick(struct worker *self, uint64_t now_ns)
{
	self->now_ns = now_ns;
	read_lists(self);
	fact_outlet_retry(self->outlet);
	if (self->classify != NULL) {
		classify_lost(self->classify,
			      atomic_load_explicit(&self->packets_lost, memory_order_relaxed));
		classify_tick(self->classify, now_ns, classify_store, self);
	}
	/* Backwards: dropping a watch moves the last one into its place. */
	for (size_t i = self->watch_count; i-- > 0;)
		if (self->due_ns[i] <= now_ns)
			watch_tick(self, self->watched[i], now_ns);
	flow_advance(self->flows, now_ns);
	stats_set(self->stats.flows_active, flow_count(self->flows));
	watermark(self, now_ns);
	wake_correlator(self);
}

void worker_lost(struct worker *self, uint64_t packets)
{
	atomic_store_explicit(&self->packets_lost, packets, memory_order_relaxed);
}

void worker_finish(struct worker *self, uint64_t now_ns)
{
	if (now_ns > self->now_ns) /* others may have had the last packet */
		self->now_ns = now_ns;
	read_lists(self);
	flow_flush(self->flows);
	(void)fact_outlet_drain(self->outlet, FINISH_WAIT_MS);
	stats_set(self->stats.flows_active, flow_count(self->flows));
	ring_close(self->options.feed->urgent);
	ring_close(self->options.feed->bulk);
	watermark(self, UINT64_MAX);
	ring_bell_ring(self->options.feed->bell);
	self->lists = NULL;
	if (self->options.lists != NULL)
		lists_board_leave(self->options.lists, self->options.index);
}

struct stats *worker_stats(struct worker *self)
{
	return &self->stats;
}
