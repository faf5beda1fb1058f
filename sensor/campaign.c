/* campaign.c: the rules of campaigns: who joins, when one is raised, and what is told when. */
#include "sensor/campaign.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/wallet.h"
#include "sensor/campaign_table.h"
#include "sensor/textw.h"

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull
#define GROWTH_S  600

struct campaign_table {
	struct campaign_options options;
	struct stats *stats;
	struct campaign_store store;
	uint64_t now_ns; /* of the sighting that is being taken */
};

/* What is summed over the members when something is told. */
struct tally {
	double hashrate;
	uint32_t growth_10m;
};

static uint64_t seconds(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (to_ns - from_ns) / NS_PER_S : 0;
}

static struct tally tally_members(const struct campaign *campaign, uint64_t now_ns)
{
	struct tally sum = { 0 };

	for (const struct campaign_member *one = campaign->oldest; one != NULL; one = one->newer) {
		if (one->pending != NULL)
			continue;
		if (seconds(one->last_ns, now_ns) < LIMIT_CAMPAIGN_QUIET_S)
			sum.hashrate += one->hashrate;
		if (seconds(one->joined_ns, now_ns) < GROWTH_S)
			sum.growth_10m++;
	}
	return sum;
}

/* --- what is told --------------------------------------------------------------------------- */

/* Times of others are whole milliseconds. */
static bool is_earlier(uint64_t shared_ns, uint64_t local_ns)
{
	return shared_ns != 0 && shared_ns / NS_PER_MS < local_ns / NS_PER_MS;
}

static void set_members(struct decision_campaign *out, const struct campaign *campaign)
{
	const struct campaign_shared *shared = &campaign->shared;
	const char *first_member = campaign->first_member;

	out->local_members = campaign->members;
	out->members = campaign->members;
	if (shared->members > out->members)
		out->members =
			shared->members < UINT32_MAX ? (uint32_t)shared->members : UINT32_MAX;
	out->first_ns = campaign->first_ns;
	if (is_earlier(shared->first_ns, campaign->first_ns)) {
		out->first_ns = shared->first_ns;
		first_member = shared->first_member;
	}
	memcpy(out->first_member, first_member, sizeof(out->first_member));
	out->last_join_ns = campaign->last_join_ns;
	if (is_earlier(campaign->last_join_ns, shared->last_join_ns))
		out->last_join_ns = shared->last_join_ns;
}

static enum evidence_word shared_word(uint8_t kind)
{
	static const enum evidence_word words[CAMPAIGN_KINDS] = {
		[CAMPAIGN_POOL] = EVIDENCE_SHARED_POOL,
		[CAMPAIGN_HOSTILE] = EVIDENCE_SHARED_HOSTILE,
		[CAMPAIGN_WALLET] = EVIDENCE_SHARED_WALLET
	};

	return words[kind];
}

static void write_member(const struct campaign_table *self, const struct decision_parties *parties,
			 char out[DECISION_MEMBER_TEXT])
{
	uint32_t number = parties->client_cloud;
	const struct cloud_row *row = number != 0 && number <= self->options.cloud_count
					      ? &self->options.cloud[number - 1]
					      : NULL;
	char scope[CLOUD_SCOPE_TEXT];
	char address[INET6_ADDRSTRLEN];
	struct textw w;

	cloud_scope_text(row, &parties->key, self->options.tap, scope, sizeof(scope));
	flow_key_addr_text(&parties->key, parties->client_side, address, sizeof(address));
	textw_init(&w, out, DECISION_MEMBER_TEXT);
	textw_text(&w, scope);
	textw_text(&w, "/");
	textw_text(&w, address);
}

static void tell(struct campaign_table *self, struct campaign *campaign, enum campaign_event event,
		 const struct campaign_member *joined, uint64_t now_ns,
		 const struct campaign_sighting *sighting)
{
	struct tally sum = { 0 };
	struct decision_campaign out;

	/* A join is worth no walk over all members: they may be many, and many may join. */
	if (joined == NULL)
		sum = tally_members(campaign, now_ns);
	memset(&out, 0, sizeof(out));
	out.decision.time_ns = now_ns;
	out.decision.size = sizeof(out);
	out.decision.kind = DECISION_CAMPAIGN;
	out.event = (uint8_t)event;
	out.parties = joined != NULL ? sighting->parties : campaign->parties;
	if (joined != NULL) {
		out.joined_ns = joined->joined_ns;
		write_member(self, &sighting->parties, out.member);
	}
	out.campaign_id = campaign->id;
	set_members(&out, campaign);
	out.last_ns = campaign->last_ns;
	memcpy(out.packets, joined != NULL ? sighting->packets : campaign->packets,
	       sizeof(out.packets));
	memcpy(out.bytes, joined != NULL ? sighting->bytes : campaign->bytes, sizeof(out.bytes));
	out.hashrate = sum.hashrate;
	out.growth_10m = sum.growth_10m;
	out.revision = campaign->revision;
	out.wave_members = campaign->wave_members;
	out.wave_s = (uint32_t)seconds(campaign->first_ns, campaign->wave_end_ns);
	out.threshold = self->options.hosts;
	out.kind = campaign->kind;
	out.level = campaign->level;
	out.wallet_check = campaign->wallet_check;
	evidence_add(&out.evidence, shared_word(campaign->kind));
	memcpy(out.key, campaign->key, sizeof(out.key));
	memcpy(out.unit, campaign->unit, sizeof(out.unit));
	memcpy(out.coin, campaign->coin, sizeof(out.coin));
	pattern_text(&campaign->workers, out.worker_pattern);
	pattern_text(&campaign->agents, out.agent);
	pattern_text(&campaign->pools, out.pool);
	self->options.publish(self->options.ctx, &out);
}

/* A revision of the alert when there is news for one, else an update of the totals. */
static void tell_totals(struct campaign_table *self, struct campaign *campaign, uint64_t now_ns)
{
	bool is_alert = campaign->is_raised && campaign->is_grown;

	alert_heap_remove(&self->store.heap, &campaign->timer);
	campaign->paced_ns = now_ns;
	campaign->is_grown = false;
	if (campaign->members == 0)
		return; /* all were forgotten to make room */
	if (is_alert) {
		campaign->revision++;
		if (campaign->revision == 1)
			stats_add(self->stats->alerts, 1);
		stats_add(self->stats->alert_revisions, 1);
	}
	tell(self, campaign, is_alert ? CAMPAIGN_ALERT : CAMPAIGN_UPDATE, NULL, now_ns, NULL);
}

/* At once when the last time was long ago, or when no timer can be had. */
static void tell_totals_later(struct campaign_table *self, struct campaign *campaign,
			      uint64_t now_ns)
{
	if (campaign->timer.place != 0)
		return;
	campaign->timer.due_ns = campaign->paced_ns + LIMIT_REVISION_S * NS_PER_S;
	if (campaign->timer.due_ns <= now_ns ||
	    alert_heap_add(&self->store.heap, &campaign->timer) < 0)
		tell_totals(self, campaign, now_ns);
}

/* --- which memberships count ---------------------------------------------------------------- */

/* The host is in a raised campaign that is stronger than kind. */
static bool is_outranked(const struct campaign_host *host, uint8_t kind)
{
	for (const struct campaign_member *one = host->members; one != NULL;
	     one = one->next_of_host)
		if (one->campaign->is_raised && one->campaign->kind > kind && one->pending == NULL)
			return true;
	return false;
}

/* A raised campaign's host counts no more for weaker ones. */
static void supersede_weaker(struct campaign_table *self, const struct campaign_member *by)
{
	struct campaign_member *next;

	for (struct campaign_member *one = by->host->members; one != NULL; one = next) {
		next = one->next_of_host;
		if (one->campaign->kind >= by->campaign->kind || one->is_superseded)
			continue;
		if (one->pending != NULL) {
			campaign_store_drop_member(&self->store, one);
			continue;
		}
		one->is_superseded = true;
		one->campaign->superseded++;
	}
}

/* Members that count, here or on all sensors; 0 when none here does. */
static uint64_t size_of(const struct campaign *campaign)
{
	uint64_t size = campaign->members - campaign->superseded;
	uint64_t shared = campaign->shared.members;

	if (size == 0 || shared <= campaign->superseded)
		return size;
	shared -= campaign->superseded;
	return shared > size ? shared : size;
}

static void raise_campaign(struct campaign_table *self, struct campaign *campaign, uint64_t now_ns)
{
	campaign->is_raised = true;
	campaign->is_grown = true;
	for (const struct campaign_member *one = campaign->oldest; one != NULL; one = one->newer)
		if (one->pending == NULL)
			supersede_weaker(self, one);
	tell_totals(self, campaign, now_ns);
}

static void take_growth(struct campaign_table *self, struct campaign *campaign, uint64_t now_ns)
{
	campaign->is_grown = true;
	if (campaign->is_raised)
		tell_totals_later(self, campaign, now_ns);
	else if (size_of(campaign) >= self->options.hosts)
		raise_campaign(self, campaign, now_ns);
}

/* --- members -------------------------------------------------------------------------------- */

/* The weaker the kind, the longer it waits for a stronger one. */
static uint64_t grace_ns(uint8_t kind)
{
	return ((uint64_t)CAMPAIGN_WALLET - kind) * LIMIT_CONTACT_GRACE_S * NS_PER_S;
}

static bool is_first_flow(const struct campaign *campaign, const struct campaign_sighting *sighting)
{
	return campaign->parties.flow_id == sighting->parties.flow_id;
}

/* What a member says of itself goes into what is said of all. */
static void note_traits(struct campaign *campaign, struct campaign_member *member,
			const struct campaign_sighting *sighting)
{
	pattern_add(&campaign->workers, sighting->worker);
	pattern_add(&campaign->agents, sighting->agent);
	pattern_add(&campaign->pools, sighting->pool);
	if (sighting->wallet_check > campaign->wallet_check)
		campaign->wallet_check = sighting->wallet_check;
	if (campaign->coin[0] == '\0')
		memcpy(campaign->coin, sighting->coin, sizeof(campaign->coin));
	if (is_first_flow(campaign, sighting)) {
		memcpy(campaign->packets, sighting->packets, sizeof(campaign->packets));
		memcpy(campaign->bytes, sighting->bytes, sizeof(campaign->bytes));
	}
	if (!(sighting->hashrate > 0))
		return;
	if (!campaign->has_unit)
		memcpy(campaign->unit, sighting->unit, sizeof(campaign->unit));
	campaign->has_unit = true;
	/* Rates of two units have no sum. */
	if (strcmp(campaign->unit, sighting->unit) == 0)
		member->hashrate = sighting->hashrate;
}

static void note_join(struct campaign_table *self, struct campaign *campaign,
		      const struct campaign_member *member,
		      const struct campaign_sighting *sighting)
{
	uint64_t joined_ns = member->joined_ns;

	if (campaign->first_ns == 0 || joined_ns < campaign->first_ns) {
		campaign->first_ns = joined_ns;
		campaign->parties = sighting->parties;
		write_member(self, &sighting->parties, campaign->first_member);
	}
	if (campaign->wave_members > 0 &&
	    seconds(campaign->wave_end_ns, joined_ns) > LIMIT_CAMPAIGN_WAVE_S)
		campaign->has_wave_ended = true;
	if (!campaign->has_wave_ended) {
		campaign->wave_members++;
		if (joined_ns > campaign->wave_end_ns)
			campaign->wave_end_ns = joined_ns;
	}
	if (joined_ns > campaign->last_join_ns)
		campaign->last_join_ns = joined_ns;
}

/* The host is a member from here on. */
static void admit(struct campaign_table *self, struct campaign_member *member,
		  const struct campaign_sighting *sighting, uint64_t now_ns)
{
	struct campaign *campaign = member->campaign;

	if (campaign->paced_ns == 0)
		campaign->paced_ns = now_ns; /* the join tells what there is to tell */
	campaign->members++;
	stats_add(self->stats->campaign_members, 1);
	note_join(self, campaign, member, sighting);
	note_traits(campaign, member, sighting);
	if (sighting->level > campaign->level)
		campaign->level = sighting->level;
	tell(self, campaign, CAMPAIGN_JOIN, member, now_ns, sighting);
	if (campaign->is_raised)
		supersede_weaker(self, member);
	take_growth(self, campaign, now_ns);
}

static void admit_pending(struct campaign_table *self, struct campaign_pending *pending,
			  uint64_t now_ns)
{
	struct campaign_sighting sighting = pending->sighting;
	struct campaign_member *member = pending->member;

	campaign_store_end_wait(&self->store, pending);
	admit(self, member, &sighting, now_ns);
}

/* The host has a stronger key, which others may come to share. */
static bool has_stronger(const struct campaign_host *host, uint8_t kind)
{
	for (const struct campaign_member *one = host->members; one != NULL;
	     one = one->next_of_host)
		if (one->campaign->kind > kind && one->pending == NULL)
			return true;
	return false;
}

/* A grace is over: one more for who has a stronger key, until patience ends. */
static void take_pending(struct campaign_table *self, struct campaign_pending *pending,
			 uint64_t now_ns)
{
	struct campaign_sighting sighting = pending->sighting;
	struct campaign_member *member = pending->member;

	if (!has_stronger(member->host, sighting.kind) ||
	    seconds(sighting.time_ns, now_ns) >= LIMIT_CAMPAIGN_PATIENCE_S) {
		admit_pending(self, pending, now_ns);
		return;
	}
	campaign_store_end_wait(&self->store, pending);
	if (campaign_store_wait(&self->store, member, now_ns + grace_ns(sighting.kind), &sighting) <
	    0)
		admit(self, member, &sighting, now_ns);
}

/* A campaign that must make room tells what it held back. */
static void about_to_forget(void *ctx, struct campaign *campaign)
{
	struct campaign_table *self = ctx;

	if (campaign->timer.place != 0)
		tell_totals(self, campaign, self->now_ns);
}

static void note_dropped(struct campaign_table *self, uint64_t before)
{
	if (self->store.dropped != before)
		stats_add(self->stats->campaigns_capped, self->store.dropped - before);
}

static void join(struct campaign_table *self, const struct campaign_sighting *sighting, uint64_t id,
		 const char *host_text)
{
	const struct campaign_host *host = campaign_store_host(&self->store, host_text);
	uint64_t before = self->store.dropped;
	struct campaign_member *member;

	if (host != NULL && is_outranked(host, sighting->kind))
		return;
	self->now_ns = sighting->time_ns;
	member = campaign_store_add(&self->store, id, host_text, sighting->time_ns, about_to_forget,
				    self);
	note_dropped(self, before);
	if (member == NULL) {
		stats_add(self->stats->correlator_capped, 1);
		return;
	}
	member->campaign->kind = sighting->kind;
	memcpy(member->campaign->key, sighting->key, sizeof(member->campaign->key));
	if (sighting->kind == CAMPAIGN_WALLET ||
	    campaign_store_wait(&self->store, member, sighting->time_ns + grace_ns(sighting->kind),
				sighting) < 0)
		admit(self, member, sighting, sighting->time_ns);
}

/* A member gives another sign of life. */
static void refresh(struct campaign_table *self, struct campaign_member *member,
		    const struct campaign_sighting *sighting)
{
	struct campaign *campaign = member->campaign;
	bool is_higher = sighting->level > campaign->level;

	campaign_store_touch(&self->store, member, sighting->time_ns);
	if (member->pending != NULL)
		return;
	note_traits(campaign, member, sighting);
	if (is_higher) {
		campaign->level = sighting->level;
		campaign->is_grown = true;
	}
	if (is_higher && campaign->is_raised)
		tell_totals(self, campaign, sighting->time_ns);
	else
		tell_totals_later(self, campaign, sighting->time_ns);
}

void campaign_sight(struct campaign_table *self, const struct campaign_sighting *sighting)
{
	char host[DECISION_MEMBER_TEXT];
	struct campaign_member *member;
	uint64_t id;

	if (sighting->key[0] == '\0' || sighting->kind >= CAMPAIGN_KINDS)
		return;
	id = campaign_id((enum campaign_kind)sighting->kind, sighting->key);
	write_member(self, &sighting->parties, host);
	member = campaign_store_member(&self->store, id, host);
	if (member != NULL)
		refresh(self, member, sighting);
	else
		join(self, sighting, id, host);
}

void campaign_forgive(struct campaign_table *self, const struct decision_parties *parties)
{
	char text[DECISION_MEMBER_TEXT];
	struct campaign_host *host;
	struct campaign_member *next;

	write_member(self, parties, text);
	host = campaign_store_host(&self->store, text);
	for (struct campaign_member *one = host != NULL ? host->members : NULL; one != NULL;
	     one = next) {
		next = one->next_of_host;
		if (one->pending != NULL && one->campaign->kind == CAMPAIGN_POOL)
			campaign_store_drop_member(&self->store, one);
	}
}

/* --- sessions ------------------------------------------------------------------------------- */

static void write_pool(const struct session_view *view, const struct decision_parties *parties,
		       char out[LIMIT_POOL_TEXT])
{
	if (view->pool[0] != '\0')
		memcpy(out, view->pool, LIMIT_POOL_TEXT);
	else
		flow_key_endpoint_text(&parties->key, !parties->client_side, out, LIMIT_POOL_TEXT);
}

void campaign_session(struct campaign_table *self, const struct session_fact *fact,
		      const struct decision_parties *parties)
{
	const struct session_view *view = &fact->view;
	struct campaign_sighting sighting;

	if (view->level < LEVEL_LIKELY || view->is_donation || view->role == ROLE_NODE)
		return;
	memset(&sighting, 0, sizeof(sighting));
	if (!campaign_key(CAMPAIGN_WALLET, view->wallet, view->wallet_check != WALLET_NONE,
			  sighting.key))
		return;
	sighting.time_ns = fact->fact.time_ns;
	sighting.parties = *parties;
	memcpy(sighting.packets, fact->packets, sizeof(sighting.packets));
	memcpy(sighting.bytes, fact->bytes, sizeof(sighting.bytes));
	sighting.hashrate = view->hashrate;
	sighting.kind = CAMPAIGN_WALLET;
	sighting.level = view->level;
	sighting.wallet_check = view->wallet_check;
	memcpy(sighting.unit, view->unit, sizeof(sighting.unit));
	memcpy(sighting.coin, view->coin, sizeof(sighting.coin));
	memcpy(sighting.worker, view->worker, sizeof(sighting.worker));
	memcpy(sighting.agent, view->agent, sizeof(sighting.agent));
	write_pool(view, parties, sighting.pool);
	campaign_sight(self, &sighting);
}

/* --- other sensors, time -------------------------------------------------------------------- */

void campaign_shared(struct campaign_table *self, uint64_t id, const struct campaign_shared *totals,
		     uint64_t now_ns)
{
	struct campaign *campaign = campaign_store_find(&self->store, id);
	struct campaign_shared *shared;
	uint32_t local;
	bool is_grown;

	if (campaign == NULL)
		return;
	local = campaign->members;
	shared = &campaign->shared;
	is_grown = totals->members > shared->members && totals->members > local;
	if (totals->members > shared->members)
		shared->members = totals->members;
	if (totals->last_join_ns > shared->last_join_ns)
		shared->last_join_ns = totals->last_join_ns;
	if (totals->first_ns != 0 &&
	    (shared->first_ns == 0 || totals->first_ns < shared->first_ns)) {
		shared->first_ns = totals->first_ns;
		memcpy(shared->first_member, totals->first_member, sizeof(shared->first_member));
	}
	if (is_grown && size_of(campaign) > 0)
		take_growth(self, campaign, now_ns);
}

static void end_silent(struct campaign_table *self, uint64_t now_ns)
{
	while (self->store.campaigns.oldest != NULL) {
		struct campaign *oldest = (struct campaign *)(void *)self->store.campaigns.oldest;

		if (seconds(oldest->last_ns, now_ns) <= LIMIT_EPISODE_S)
			return;
		campaign_store_drop(&self->store, oldest);
	}
}

/* Does the first thing that is due before now_ns; false: there is none. */
static bool do_next(struct campaign_table *self, uint64_t now_ns)
{
	struct campaign_pending *pending = campaign_store_next(&self->store);
	struct alert_timer *timer = alert_heap_first(&self->store.heap);
	uint64_t pending_ns = pending != NULL ? pending->due_ns : UINT64_MAX;
	uint64_t timer_ns = timer != NULL ? timer->due_ns : UINT64_MAX;

	if (pending_ns >= now_ns && timer_ns >= now_ns)
		return false;
	if (pending_ns <= timer_ns)
		take_pending(self, pending, pending_ns);
	else
		tell_totals(self, timer->owner, timer_ns);
	return true;
}

void campaign_advance(struct campaign_table *self, uint64_t now_ns)
{
	while (do_next(self, now_ns))
		;
	end_silent(self, now_ns);
}

void campaign_flush(struct campaign_table *self, uint64_t end_ns)
{
	struct alert_timer *timer;

	campaign_advance(self, end_ns);
	/* Nobody has time any more to wait for a stronger one: those go first. */
	for (size_t kind = CAMPAIGN_WALLET; kind-- > 0;)
		while (self->store.queues[kind].first != NULL)
			admit_pending(self, self->store.queues[kind].first, end_ns);
	while ((timer = alert_heap_first(&self->store.heap)) != NULL)
		tell_totals(self, timer->owner, end_ns);
}

size_t campaign_count(const struct campaign_table *self)
{
	return self->store.campaigns.count;
}

struct campaign_table *campaign_table_new(const struct campaign_options *options,
					  struct stats *stats)
{
	struct campaign_table *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->options = *options;
	self->stats = stats;
	if (campaign_store_init(&self->store, &options->caps) < 0) {
		campaign_table_free(self);
		return NULL;
	}
	return self;
}

void campaign_table_free(struct campaign_table *self)
{
	if (self == NULL)
		return;
	campaign_store_fini(&self->store);
	free(self);
}
