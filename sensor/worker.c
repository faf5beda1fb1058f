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
#include "sensor/tcp_options.h"
#include "sensor/worker_facts.h"

#define NS_PER_S       1000000000u
#define CLASSIFY_DONE  UINT16_MAX
#define CLASSIFY_HELD  (UINT16_MAX - 1) /* for nDPI only once it is under inspection */
#define CLASSIFY_CPU   50               /* percent, live */
#define FINISH_WAIT_MS 1000             /* for room in the ring, at the end */
#define WATCH_SCAN     16               /* watches compared when the pool is full */

/* --- inspection ----------------------------------------------------------------------------- */

static void watch_drop(struct worker *self, struct watch *watch)
{
	struct flow *hot = flow_hot(self->flows, watch->index);
	size_t last = --self->watch_count;
	uint32_t place = watch->place;

	flow_cold(self->flows, watch->index)->inspect = NULL;
	hot->flags &= (uint8_t)~FLOW_INSPECTED;
	candidate_forget(hot);
	for (int dir = 0; dir < 2; dir++)
		if (inspect_is_wrapped(watch->inspect, (enum direction)dir))
			candidate_shut(hot, (enum direction)dir);
	inspect_free(watch->inspect);
	watch->inspect = NULL;
	self->watched[place] = self->watched[last];
	self->watched[place]->place = place;
	self->due_ns[place] = self->due_ns[last];
	self->watched[last] = watch;
}

/* Sequence numbers known from before let the stream see a hole where one is. */
static void watch_expect(struct inspect *inspect, const struct flow *hot, enum direction dir,
			 const struct packet *packet)
{
	for (int d = 0; d < 2; d++) {
		uint32_t seq;

		if (!candidate_next_seq(hot, (enum direction)d, &seq))
			continue;
		if (d == (int)dir && (int32_t)(packet->tcp_seq - seq) < 0)
			continue; /* seen before, now interesting: begin with it */
		inspect_expect(inspect, (enum direction)d, seq);
	}
}

/* Of the next few watches without a miner's session the one that has been silent longest. */
static bool watch_make_room(struct worker *self)
{
	struct watch *oldest = NULL;

	for (int i = 0; i < WATCH_SCAN; i++) {
		struct watch *one = self->watched[self->watch_hand++ % self->watch_count];

		if (!inspect_session(one->inspect)->is_open &&
		    (oldest == NULL || flow_hot(self->flows, one->index)->last_ns <
					       flow_hot(self->flows, oldest->index)->last_ns))
			oldest = one;
	}
	if (oldest == NULL)
		return false;
	if (oldest->is_reported)
		worker_push_session(self, oldest, SESSION_END);
	watch_drop(self, oldest);
	return true;
}

static struct watch *watch_begin(struct worker *self, uint32_t index, enum direction dir,
				 const struct packet *packet)
{
	struct flow *hot = flow_hot(self->flows, index);
	struct preface before[2];
	struct watch *watch;
	bool is_full = self->watch_count == self->watch_max;
	bool may_begin = candidate_may_begin(hot);

	if (!may_begin || is_full)
		stats_add(self->stats.inspect_capped, 1);
	if (!may_begin || (is_full && !watch_make_room(self)))
		return NULL;
	candidate_before(hot, before);
	watch = self->watched[self->watch_count];
	watch->inspect = inspect_new(self->inspects, before);
	if (watch->inspect == NULL)
		return NULL;
	watch->index = index;
	watch->is_reported = false;
	watch->leak_told = 0;
	watch->is_hello_told = false;
	watch->said = 0;
	watch->said_ns = 0;
	watch->has_stamps = false;
	watch->place = (uint32_t)self->watch_count++;
	self->due_ns[watch->place] = UINT64_MAX;
	hot->flags |= FLOW_INSPECTED;
	flow_cold(self->flows, index)->inspect = watch;
	stats_add(self->stats.inspected, 1);
	watch_expect(watch->inspect, hot, dir, packet);
	return watch;
}

/* A weak entry may be anybody's address, but a session there is at a pool. */
static bool is_listed_pool(const struct flow *hot)
{
	const struct list_entry *entry = lists_entry(hot->contact & FLOW_CONTACT_ID);

	return entry != NULL && entry->kind == LIST_POOL;
}

/* The first time that a session is reported: what else is known of its flow. */
static void session_begin(struct worker *self, struct watch *watch, struct session *session)
{
	const struct flow *hot = flow_hot(self->flows, watch->index);
	const struct flow_cold *cold = flow_cold(self->flows, watch->index);

	watch->is_reported = true;
	if (is_listed_pool(hot))
		(void)session_witness(session, EVIDENCE_LISTED_ENDPOINT);
	if (hot->flags & FLOW_MIDSTREAM)
		(void)session_witness(session, EVIDENCE_MIDSTREAM);
	if (self->classify != NULL && (hot->flags & FLOW_CLASSIFYING) == 0 &&
	    classify_label_at(self->classify, cold->label).is_mining)
		(void)session_witness(session, EVIDENCE_NDPI_MINING);
}

static void check_contact(struct worker *self, uint32_t index, const struct packet *first)
{
	struct flow *hot = flow_hot(self->flows, index);
	const struct flow_cold *cold = flow_cold(self->flows, index);
	const struct flow_key *key = &cold->key;
	int server = (hot->flags & FLOW_CLIENT_HIGH) != 0 ? 0 : 1;

	hot->contact &= FLOW_NAMED | FLOW_SHUNTED | FLOW_BYPASSED;
	hot->contact |= lists_match_address(self->lists, LIST_WATCHED, key->ip_version,
					    key->addr[server], key->port[server]);
	if ((hot->contact & FLOW_CONTACT_ID) == 0 && worker_is_watched(self, hot, cold))
		hot->contact |= FLOW_WATCHED;
	if ((hot->contact & (FLOW_CONTACT_ID | FLOW_WATCHED)) != 0)
		worker_push_contact(self, index, first);
}

/* What a session's carriers or messages say in clear of where it leads: once for each. */
static void check_leak(struct worker *self, struct watch *watch)
{
	const char *pool = inspect_session(watch->inspect)->view.pool;
	const struct tls_hello *hello = watch->is_hello_told ? NULL : inspect_hello(watch->inspect);

	if (hello != NULL) {
		watch->is_hello_told = true;
		names_hello(self->names, watch->index, hello);
	}
	if (pool[0] == '\0' || watch->leak_told == slice_hash(slice_str(pool)))
		return;
	watch->leak_told = slice_hash(slice_str(pool));
	names_leaked(self->names, watch->index, pool);
}

/* After anything that may have moved a session: roles, opening, reports, giving up. */
static void watch_follow(struct worker *self, struct watch *watch)
{
	struct session *session = inspect_session(watch->inspect);
	struct flow *hot = flow_hot(self->flows, watch->index);

	if (session_roles_swapped(session, (hot->flags & FLOW_ROLES_PROVEN) != 0)) {
		names_end(self->names, watch->index, hot,
			  &flow_cold(self->flows, watch->index)->key);
		flow_swap_roles(self->flows, watch->index);
		inspect_swap_roles(watch->inspect);
		check_contact(self, watch->index, NULL);
	}
	check_leak(self, watch);
	if (!session->is_reported) {
		if (inspect_is_foreign(watch->inspect))
			candidate_end(hot);
		if (inspect_is_idle(watch->inspect))
			watch_drop(self, watch);
		return;
	}
	if (session->is_open && (hot->flags & FLOW_MINING) == 0) {
		hot->flags |= FLOW_MINING;
		stats_add(self->stats.sessions, 1);
	}
	if (!watch->is_reported) {
		session_begin(self, watch, session);
		worker_push_session(self, watch, SESSION_BEGIN);
	} else if (session->changed & (SESSION_CHANGED_LEVEL | SESSION_CHANGED_IDENTITY)) {
		worker_push_session(self, watch, SESSION_CHANGE);
	}
}

/* When a tick has something to do for the watch. Most are quiet, and a tick that visited them all
 * would wait for the memory of each. */
static uint64_t watch_due(const struct watch *watch)
{
	const struct session *session = inspect_session(watch->inspect);

	if (inspect_is_waiting(watch->inspect) ||
	    (session->changed & (SESSION_CHANGED_LEVEL | SESSION_CHANGED_IDENTITY)) != 0)
		return 0;
	if (session->changed == 0)
		return UINT64_MAX;
	return session->last_report_ns + (uint64_t)LIMIT_SESSION_REPORT_S * NS_PER_S;
}

static void watch_settle(struct worker *self, const struct watch *watch)
{
	if (watch->inspect != NULL)
		self->due_ns[watch->place] = watch_due(watch);
}

/* What the client says first is the same on both sides of a NAT, whatever it rewrites. */
static void watch_hear(struct watch *watch, const struct packet *packet)
{
	struct {
		uint64_t words;
		uint32_t stamps[2];
	} said = { 0, { 0, 0 } };

	said.words = siphash_id(packet->payload.ptr, packet->payload.len);
	watch->has_stamps = tcp_stamps(packet, said.stamps);
	watch->said = siphash_id(&said, sizeof(said)) | 1;
	watch->said_ns = packet->time_ns;
}

/* A connection that has ended without a session says nothing more. Its flow waits for late packets,
 * and thousands of states with it, each cold when the next flow takes it. */
static void watch_close(struct worker *self, struct watch *watch)
{
	const struct flow *hot = flow_hot(self->flows, watch->index);

	if (watch->inspect == NULL || watch->is_reported || hot->tcp_state != FLOW_TCP_CLOSED ||
	    inspect_is_waiting(watch->inspect))
		return;
	inspect_flush(watch->inspect, hot->last_ns);
	watch_follow(self, watch);
	watch_settle(self, watch);
	if (watch->inspect != NULL && !watch->is_reported)
		watch_drop(self, watch);
}

static void classify_candidate(struct worker *self, uint32_t index, enum direction dir,
			       const struct packet *packet);

static void inspect_tcp(struct worker *self, uint32_t index, enum direction dir,
			const struct packet *packet)
{
	struct flow *hot = flow_hot(self->flows, index);
	struct watch *watch;

	if (hot->flags & FLOW_INSPECTED) {
		watch = flow_cold(self->flows, index)->inspect;
	} else {
		if (packet->payload.len == 0)
			return;
		watch = candidate_look(hot, dir, packet) ? watch_begin(self, index, dir, packet)
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
		struct watch *watch = cold->inspect;

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
		struct classify_flow *state =
			classify_begin(self->classify, index, packet->time_ns);

		if (state == NULL) {
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
	check_contact(self, index, packet);
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
	if (hot->flags & FLOW_CLASSIFYING) {
		struct classify_label label;

		classify_end(self->classify, cold->classify, &label);
		classify_store(self, index, &label);
	}
	if (hot->flags & FLOW_INSPECTED) {
		struct watch *watch = cold->inspect;

		inspect_flush(watch->inspect, hot->last_ns);
		watch_follow(self, watch);
		if (watch->is_reported)
			worker_push_session(self, watch, SESSION_END);
	}
	worker_push_record(self, index, end);
	if (hot->flags & FLOW_INSPECTED)
		watch_drop(self, cold->inspect);
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
					     .cpu_percent = classify_cpu(self) };
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
	if (self->flows == NULL || self->inspects == NULL || self->watches == NULL ||
	    self->watched == NULL || self->due_ns == NULL || self->outlet == NULL ||
	    self->names == NULL)
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
	fact_outlet_free(self->outlet);
	free(self);
}

static void handle_packet(struct worker *self, const struct packet *packet, struct siphash_tag tag)
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

static void read_lists(struct worker *self)
{
	if (self->options.lists != NULL)
		self->lists = lists_board_read(self->options.lists, self->options.index);
	names_use(self->names, self->lists);
}

void worker_batch(struct worker *self, const struct packet_batch *batch)
{
	struct siphash_tag tags[LIMIT_BATCH_PACKETS];

	assert(batch->count <= LIMIT_BATCH_PACKETS);
	read_lists(self);
	for (size_t i = 0; i < batch->count; i++) {
		tags[i] = flow_tag(self->flows, &batch->packets[i].key);
		flow_prefetch_bucket(self->flows, tags[i]);
	}
	for (size_t i = 0; i < batch->count; i++)
		flow_prefetch_line(self->flows, tags[i]);
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
		ring_bell_ring(self->options.feed->bell);
	}
}

static void watch_tick(struct worker *self, struct watch *watch, uint64_t now_ns)
{
	struct session *session = inspect_session(watch->inspect);

	inspect_tick(watch->inspect, now_ns);
	(void)session_tick(session, now_ns);
	watch_follow(self, watch);
	if (watch->inspect != NULL && session->is_reported && session->changed != 0 &&
	    now_ns - session->last_report_ns >= (uint64_t)LIMIT_SESSION_REPORT_S * NS_PER_S)
		worker_push_session(self, watch, SESSION_REPORT);
	watch_settle(self, watch);
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
	ring_bell_ring(self->options.feed->bell);
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
