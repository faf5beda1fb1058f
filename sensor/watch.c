/* watch.c: a flow under inspection, from what could be a message to the end of its session.
 *
 * Watches in use come first in worker.watched, each with the tick that has something to do for it
 * at the same place in worker.due_ns. One that goes leaves its place to the last. */
#include "sensor/watch.h"

#include "sensor/candidate.h"
#include "sensor/tcp_options.h"

#define NS_PER_S   1000000000u
#define WATCH_SCAN 16 /* watches compared when the pool is full */

void watch_drop(struct worker *self, struct watch *watch)
{
	struct flow *hot = flow_hot(self->flows, watch->index);
	size_t last = --self->watch_count;
	uint32_t place = watch->place;

	flow_cold(self->flows, watch->index)->watch = 0;
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
		if (d == (int)dir && (int32_t)(packet->tcp_seq - seq) < 0 &&
		    candidate_repeats(hot, dir, packet) == 0)
			continue; /* seen before, now interesting: begin with it */
		if (candidate_is_heard(hot, (enum direction)d))
			inspect_resume(inspect, (enum direction)d, seq);
		else
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

struct watch *watch_begin(struct worker *self, uint32_t index, enum direction dir,
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
	if (candidate_is_seen(hot))
		inspect_see(watch->inspect);
	if ((hot->flags & FLOW_MIDSTREAM) == 0)
		inspect_know_caller(watch->inspect);
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
	flow_cold(self->flows, index)->watch = (uint32_t)(watch - self->watches) + 1;
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
void watch_follow(struct worker *self, struct watch *watch)
{
	struct session *session = inspect_session(watch->inspect);
	struct flow *hot = flow_hot(self->flows, watch->index);

	if (session_roles_swapped(session, (hot->flags & FLOW_ROLES_PROVEN) != 0)) {
		names_end(self->names, watch->index, hot,
			  &flow_cold(self->flows, watch->index)->key);
		flow_swap_roles(self->flows, watch->index);
		inspect_swap_roles(watch->inspect);
		worker_check_contact(self, watch->index, NULL);
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

void watch_settle(struct worker *self, const struct watch *watch)
{
	if (watch->inspect != NULL)
		self->due_ns[watch->place] = watch_due(watch);
}

/* What the client says first is the same on both sides of a NAT, whatever it rewrites. */
void watch_hear(struct watch *watch, const struct packet *packet)
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
void watch_close(struct worker *self, struct watch *watch)
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

void watch_tick(struct worker *self, struct watch *watch, uint64_t now_ns)
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
