/* parts.c: from alerts, findings and detections to the identities behind them. */
#include "sensor/trail/parts.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/parts_seeds.h"

#define NS_PER_S UINT64_C(1000000000)

static int order_texts(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

/* Doubles a list when it is full. */
static int make_room(void **list, size_t *room, size_t count, size_t size)
{
	size_t wanted = *room == 0 ? 32 : *room * 2;
	void *grown;

	if (count < *room)
		return 0;
	grown = realloc(*list, wanted * size);
	if (grown == NULL)
		return -ENOMEM;
	*list = grown;
	*room = wanted;
	return 0;
}

static int add_part(struct parts *self, const struct part *part)
{
	void *list = self->parts;
	int result = make_room(&list, &self->part_room, self->part_count, sizeof(*part));

	self->parts = list;
	if (result == 0)
		self->parts[self->part_count++] = *part;
	return result;
}

static int add_member(struct parts *self, const struct member *member)
{
	void *list = self->members;
	int result = make_room(&list, &self->member_room, self->member_count, sizeof(*member));

	self->members = list;
	if (result == 0)
		self->members[self->member_count++] = *member;
	return result;
}

/* --- roots ---------------------------------------------------------------------------------- */

/* The seeds of one identity: a run of self->seeds. */
struct run {
	size_t begin;
	size_t end;
};

static bool next_run(const struct parts *self, struct run *run)
{
	run->begin = run->end;
	if (run->begin >= self->seed_count)
		return false;
	while (run->end < self->seed_count &&
	       self->seeds[run->end].identity == self->seeds[run->begin].identity)
		run->end++;
	return true;
}

/* Each rule counts once; an alert or finding is enough by itself. */
static bool opens_incident(const struct parts *self, const struct run *run)
{
	uint64_t rules_seen = 0;
	uint64_t weight = 0;

	for (size_t i = run->begin; i < run->end; i++) {
		const struct seed *seed = &self->seeds[i];

		if (seed->rule == RULE_COUNT) {
			weight += seed->weight;
		} else if ((rules_seen >> seed->rule & 1) == 0) {
			rules_seen |= UINT64_C(1) << seed->rule;
			weight += seed->weight;
		}
	}
	return weight >= self->store->settings->incident_weight;
}

/* The first call of the identity from the address. */
static uint64_t first_use(const struct parts *self, const struct identity *identity,
			  const char *address)
{
	uint64_t first_ns = UINT64_MAX;

	STORE_EACH (self->store->uses, const struct use, use) {
		if (use->identity == identity && use->address == address &&
		    use->first.time_ns < first_ns)
			first_ns = use->first.time_ns;
	}
	return first_ns;
}

/* Was the identity there long before? Then its owner was. */
static bool is_home(const struct parts *self, const struct seed *seed, uint64_t first_ns)
{
	return first_ns <= seed->time_ns &&
	       first_ns + self->store->settings->habit_s * NS_PER_S <= seed->time_ns;
}

/* Where the owner is at home the incident begins with what is suspicious; elsewhere with the first
 * call. */
static uint64_t onset_at(const struct parts *self, const struct seed *seed)
{
	uint64_t first_ns = first_use(self, seed->identity, seed->address);
	uint64_t before_ns = self->store->settings->onset_s * NS_PER_S;

	if (first_ns > seed->time_ns)
		return seed->time_ns;
	if (!is_home(self, seed, first_ns))
		return first_ns;
	return seed->time_ns > before_ns ? seed->time_ns - before_ns : 0;
}

/* Does any of the seeds speak of an address that is not the owner's? */
static bool has_foreign(const struct parts *self, const struct run *run)
{
	for (size_t i = run->begin; i < run->end; i++) {
		const struct seed *seed = &self->seeds[i];

		if (i > run->begin && self->seeds[i - 1].address == seed->address)
			continue;
		if (!is_home(self, seed, first_use(self, seed->identity, seed->address)))
			return true;
	}
	return false;
}

/* At the owner's address, with a foreign one known, only what was seen mining counts: what is
 * merely unusual there may be the owner's own. */
static bool is_owners(const struct parts *self, const struct run *run, size_t at)
{
	const struct seed *seed = &self->seeds[at];

	if (!is_home(self, seed, first_use(self, seed->identity, seed->address)))
		return false;
	for (size_t i = at; i < run->end && self->seeds[i].address == seed->address; i++)
		if (self->seeds[i].rule == RULE_COUNT)
			return false;
	return true;
}

static int add_root(struct parts *self, const struct run *run)
{
	const struct identity *identity = self->seeds[run->begin].identity;
	bool is_stolen = has_foreign(self, run);
	struct member root = { .identity = identity,
			       .id = identity->id,
			       .incident = self->incident_count };

	for (size_t i = run->begin; i < run->end; i++) {
		struct part part = { .identity = identity,
				     .address = self->seeds[i].address,
				     .incident = self->incident_count };

		if ((i > run->begin && self->seeds[i - 1].address == part.address) ||
		    (is_stolen && is_owners(self, run, i)))
			continue;
		part.onset_ns = onset_at(self, &self->seeds[i]);
		if (add_part(self, &part) != 0)
			return -ENOMEM;
	}
	self->incident_count++;
	return add_member(self, &root);
}

static int add_roots(struct parts *self)
{
	struct run run = { 0, 0 };
	int result = 0;

	while (result == 0 && next_run(self, &run) && self->incident_count < TRAIL_INCIDENTS)
		if (opens_incident(self, &run))
			result = add_root(self, &run);
	return result;
}

/* --- identities that were made -------------------------------------------------------------- */

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a;
	const struct part *y = b;
	int order = order_texts(x->identity->id, y->identity->id);

	if (order == 0)
		order = order_texts(x->address != NULL ? x->address : "",
				    y->address != NULL ? y->address : "");
	if (order == 0 && x->onset_ns != y->onset_ns)
		order = x->onset_ns < y->onset_ns ? -1 : 1;
	return order;
}

/* The part that holds a call; sorted lists are not asked for while they grow. */
static const struct part *find_part(const struct parts *self, const struct identity *identity,
				    const char *address, uint64_t time_ns)
{
	for (size_t i = 0; i < self->part_count; i++) {
		const struct part *part = &self->parts[i];

		if (part->identity == identity &&
		    (part->address == NULL || part->address == address) &&
		    time_ns >= part->onset_ns)
			return part;
	}
	return NULL;
}

static bool is_member(const struct parts *self, uint32_t incident, const char *id)
{
	for (size_t i = 0; i < self->member_count; i++)
		if (self->members[i].incident == incident && strcmp(self->members[i].id, id) == 0)
			return true;
	return false;
}

/* Everybody who acts by what the edge gave: the key itself, a user's keys, a role's sessions. */
static int add_actors(struct parts *self, const struct edge *edge, uint32_t incident)
{
	int result = 0;

	STORE_EACH (self->store->identities, const struct identity, identity) {
		struct member member = { .identity = identity,
					 .id = identity->id,
					 .made_by = edge,
					 .incident = incident };
		struct part part = { .identity = identity,
				     .onset_ns = edge->first.time_ns,
				     .incident = incident };

		if (identity->id != edge->child && identity->arn != edge->child &&
		    identity->issuer != edge->child)
			continue;
		if (is_member(self, incident, identity->id))
			continue;
		result = add_member(self, &member);
		if (result == 0)
			result = add_part(self, &part);
		if (result != 0)
			break;
	}
	return result;
}

static int compare_edges(const void *a, const void *b)
{
	const struct edge *x = *(const struct edge *const *)a;
	const struct edge *y = *(const struct edge *const *)b;
	int order;

	if (moment_before(&x->first, &y->first))
		return -1;
	if (moment_before(&y->first, &x->first))
		return 1;
	order = order_texts(x->child, y->child);
	return order != 0 ? order : order_texts(x->parent->id, y->parent->id);
}

static int sort_edges(struct parts *self)
{
	self->edges = calloc(self->store->edges.count + 1, sizeof(struct edge *));
	if (self->edges == NULL)
		return -ENOMEM;
	STORE_EACH (self->store->edges, const struct edge, edge) {
		self->edges[self->edge_count++] = edge;
	}
	if (self->edge_count > 1)
		qsort(self->edges, self->edge_count, sizeof(struct edge *), compare_edges);
	return 0;
}

static int follow_edge(struct parts *self, const struct edge *edge, bool *has_grown)
{
	struct member member = { .id = edge->child, .made_by = edge };
	const struct part *part = find_part(self, edge->parent, edge->address, edge->first.time_ns);

	if (part == NULL || is_member(self, part->incident, edge->child))
		return 0;
	*has_grown = true;
	/* The parts may move while they grow. */
	member.incident = part->incident;
	if (add_actors(self, edge, member.incident) != 0)
		return -ENOMEM;
	if (is_member(self, member.incident, edge->child))
		return 0;
	return add_member(self, &member);
}

/* One round over all edges; *has_grown when one led further. */
static int follow_edges(struct parts *self, bool *has_grown)
{
	int result = 0;

	*has_grown = false;
	for (size_t i = 0; i < self->edge_count && result == 0; i++) {
		assert(self->edges[i] != NULL);
		result = follow_edge(self, self->edges[i], has_grown);
	}
	return result;
}

/* A root that another root made is no root: its incident is that one's. */
static void drop_incident(struct parts *self, uint32_t incident)
{
	size_t kept = 0;

	for (size_t i = 0; i < self->part_count; i++)
		if (self->parts[i].incident != incident)
			self->parts[kept++] = self->parts[i];
	self->part_count = kept;
	kept = 0;
	for (size_t i = 0; i < self->member_count; i++)
		if (self->members[i].incident != incident)
			self->members[kept++] = self->members[i];
	self->member_count = kept;
}

static bool is_made_by_other(const struct parts *self, const struct member *root)
{
	for (size_t i = 0; i < self->member_count; i++) {
		const struct member *member = &self->members[i];

		if (member->made_by != NULL && member->identity == root->identity &&
		    member->incident != root->incident)
			return true;
	}
	return false;
}

static void merge_roots(struct parts *self)
{
	for (uint32_t incident = 0; incident < self->incident_count; incident++)
		for (size_t i = 0; i < self->member_count; i++) {
			const struct member *root = &self->members[i];

			if (root->incident != incident || root->made_by != NULL)
				continue;
			if (is_made_by_other(self, root))
				drop_incident(self, incident);
			break;
		}
}

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a;
	const struct member *y = b;

	if (x->incident != y->incident)
		return x->incident < y->incident ? -1 : 1;
	if ((x->made_by == NULL) != (y->made_by == NULL))
		return x->made_by == NULL ? -1 : 1;
	if (x->made_by != NULL && x->made_by->first.time_ns != y->made_by->first.time_ns)
		return x->made_by->first.time_ns < y->made_by->first.time_ns ? -1 : 1;
	return strcmp(x->id, y->id);
}

int parts_build(struct parts *self, const struct store *store, const struct detections *detections)
{
	bool has_grown = true;
	int result;

	*self = (struct parts){ .store = store };
	result = join_build(&self->join, store);
	if (result == 0)
		result = seeds_collect(self, detections);
	if (result == 0)
		result = add_roots(self);
	if (result == 0)
		result = sort_edges(self);
	while (result == 0 && has_grown)
		result = follow_edges(self, &has_grown);
	if (result != 0)
		return result;
	merge_roots(self);
	if (self->member_count > 1)
		qsort(self->members, self->member_count, sizeof(*self->members), compare_members);
	if (self->part_count > 1)
		qsort(self->parts, self->part_count, sizeof(*self->parts), compare_parts);
	return 0;
}

void parts_free(struct parts *self)
{
	join_free(&self->join);
	free(self->alerts);
	free(self->findings);
	free(self->sightings);
	free(self->adopted);
	free(self->edges);
	free(self->seeds);
	free(self->parts);
	free(self->members);
	memset(self, 0, sizeof(*self));
}

/* The first part of the identity. */
static size_t find_identity(const struct parts *self, const struct identity *identity)
{
	size_t low = 0;
	size_t high = self->part_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (order_texts(self->parts[middle].identity->id, identity->id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t parts_onset(const struct parts *self, const struct identity *identity, const char *address)
{
	uint64_t onset_ns = UINT64_MAX;

	for (size_t i = find_identity(self, identity);
	     i < self->part_count && self->parts[i].identity == identity; i++)
		if ((self->parts[i].address == NULL || self->parts[i].address == address) &&
		    self->parts[i].onset_ns < onset_ns)
			onset_ns = self->parts[i].onset_ns;
	return onset_ns;
}

int64_t parts_find(const struct parts *self, const struct identity *identity, const char *address,
		   uint64_t time_ns)
{
	for (size_t i = find_identity(self, identity);
	     i < self->part_count && self->parts[i].identity == identity; i++)
		if ((self->parts[i].address == NULL || self->parts[i].address == address) &&
		    self->parts[i].onset_ns <= time_ns)
			return self->parts[i].incident;
	return -1;
}
