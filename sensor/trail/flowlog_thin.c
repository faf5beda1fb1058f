/* flowlog_thin.c: from talks to sightings, and the rule for pools that nobody knows.
 *
 * One endpoint, at least flow-hosts hosts that are long and thin there, all begun within
 * flow-window; the rest of the hosts that are alike there must be fewer, else it is what every
 * machine talks to: an agent's server, a queue. The port does not count. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/flowlog_state.h"

#define PROOF_TEXT 160

/* --- sightings ------------------------------------------------------------------------------ */

static void addr_text(const struct flowlog_addr *addr, char out[INET6_ADDRSTRLEN])
{
	out[0] = '\0';
	(void)inet_ntop(addr->ip_version == 6 ? AF_INET6 : AF_INET, addr->bytes, out,
			INET6_ADDRSTRLEN);
}

enum sighting_kind flowlog_talk_kind(const struct flowlog *self, const struct flowlog_talk *talk)
{
	const struct list_entry *entry = lists_entry(talk->listed);

	if (entry != NULL)
		return list_kind_is_hostile((enum list_kind)entry->kind) ? SIGHTING_HOSTILE
									 : SIGHTING_LISTED;
	if (flowlog_is_confirmed(self, &talk->remote, talk->remote_port))
		return SIGHTING_CONFIRMED;
	return (enum sighting_kind)0;
}

static const char *tag_of(const struct flowlog_talk *talk)
{
	const struct list_entry *entry = lists_entry(talk->listed);

	if (entry == NULL)
		return "";
	return entry->tag[0] != '\0' ? entry->tag : list_kind_text((enum list_kind)entry->kind);
}

int flowlog_store_talk(struct flowlog *self, const struct flowlog_talk *talk,
		       enum sighting_kind kind)
{
	char local[INET6_ADDRSTRLEN];
	char remote[INET6_ADDRSTRLEN];
	char proof[PROOF_TEXT];
	struct sighting sighting = { .account = talk->place.account,
				     .region = talk->place.region,
				     .vpc = talk->place.vpc,
				     .instance = talk->place.instance,
				     .eni = talk->place.eni,
				     .local_ip = local,
				     .remote_ip = remote,
				     .tag = tag_of(talk),
				     .proof = proof,
				     .first_ns = talk->first_s * NS_PER_S,
				     .last_ns = talk->last_s * NS_PER_S,
				     .bytes = talk->bytes,
				     .remote_port = talk->remote_port,
				     .kind = (uint8_t)kind };

	addr_text(&talk->local, local);
	addr_text(&talk->remote, remote);
	(void)snprintf(proof, sizeof(proof), "%s:%u", talk->proof.source->name, talk->proof.number);
	return store_sighting(self->store, &sighting);
}

/* --- long and thin -------------------------------------------------------------------------- */

struct thin {
	const struct flowlog_talk *talk;
	uint64_t launch_s; /* 0: not known */
	bool is_new_host;  /* not the host of the one before */
};

/* Hosts that began together: of a group's items, from begin to end. */
struct cluster {
	size_t begin;
	size_t end;
	size_t hosts;
};

static const struct instance *find_instance(const struct flowlog *self, const struct join *join,
					    const struct flowlog_talk *talk)
{
	const struct flowlog_place *place = &talk->place;
	const char *const parts[] = { place->account, place->region, place->vpc };
	enum cloud_confidence confidence;
	char scope[LEASE_SCOPE_TEXT] = "";
	char ip[INET6_ADDRSTRLEN];
	size_t len = 0;

	if (place->instance[0] != '\0')
		return store_find_instance(self->store, place->instance);
	for (size_t i = 0; i < 3; i++) {
		int part = parts[i][0] == '\0' ? 0
					       : snprintf(scope + len, sizeof(scope) - len,
							  "%s%.60s", len > 0 ? "/" : "", parts[i]);

		len += part > 0 ? (size_t)part : 0;
	}
	addr_text(&talk->local, ip);
	return join_find(join, scope, ip, talk->first_s * NS_PER_S, &confidence);
}

/* 0: not known. */
static uint64_t launch_of(const struct flowlog *self, const struct join *join,
			  const struct flowlog_talk *talk)
{
	const struct instance *instance = find_instance(self, join, talk);
	uint64_t first_s;
	uint64_t begin_s;

	if (instance != NULL && instance->launch.time_ns != 0)
		return instance->launch.time_ns / NS_PER_S;
	first_s = flowlog_host_first(self, &talk->place, &talk->local);
	begin_s = flowlog_host_first(self, &talk->place, NULL);
	if (first_s == UINT64_MAX || begin_s == UINT64_MAX || first_s < begin_s + FLOWLOG_CENSOR_S)
		return 0;
	return first_s;
}

static int compare_endpoint(const struct flowlog_talk *a, const struct flowlog_talk *b)
{
	int order = strcmp(a->place.account, b->place.account);

	if (order == 0)
		order = memcmp(&a->remote, &b->remote, sizeof(a->remote));
	if (order == 0)
		order = (int)a->remote_port - (int)b->remote_port;
	return order;
}

static int compare_host(const struct flowlog_talk *a, const struct flowlog_talk *b)
{
	int order = strcmp(a->place.region, b->place.region);

	return order != 0 ? order : memcmp(&a->local, &b->local, sizeof(a->local));
}

static int compare_thin(const void *a, const void *b)
{
	const struct thin *x = a;
	const struct thin *y = b;
	int order = compare_endpoint(x->talk, y->talk);

	if (order == 0 && x->launch_s != y->launch_s)
		order = x->launch_s < y->launch_s ? -1 : 1;
	return order != 0 ? order : compare_host(x->talk, y->talk);
}

static size_t collect(const struct flowlog *self, const struct join *join, struct thin *items)
{
	size_t count = 0;

	STORE_EACH (self->talks, const struct flowlog_talk, talk) {
		if (!talk->is_thin || flowlog_is_nat(self, &talk->place, &talk->local) ||
		    flowlog_talk_kind(self, talk) != 0)
			continue;
		items[count].talk = talk;
		items[count++].launch_s = launch_of(self, join, talk);
	}
	if (count > 1)
		qsort(items, count, sizeof(*items), compare_thin);
	for (size_t i = 0; i < count; i++)
		items[i].is_new_host = i == 0 ||
				       compare_endpoint(items[i].talk, items[i - 1].talk) != 0 ||
				       items[i].launch_s != items[i - 1].launch_s ||
				       compare_host(items[i].talk, items[i - 1].talk) != 0;
	return count;
}

/* The most hosts within one window of launches, by two marks that only move on. */
static struct cluster find_cluster(const struct thin *items, size_t count, uint64_t window_s)
{
	struct cluster best = { 0 };
	struct cluster at = { 0 };

	while (at.end < count) {
		if (items[at.end].launch_s == 0) {
			at.begin = ++at.end;
			continue;
		}
		at.hosts += items[at.end].is_new_host;
		at.end++;
		while (items[at.end - 1].launch_s - items[at.begin].launch_s > window_s) {
			at.begin++;
			at.hosts -= items[at.begin].is_new_host;
		}
		if (at.hosts > best.hosts)
			best = at;
		else if (at.begin == best.begin && at.hosts == best.hosts)
			best.end = at.end;
	}
	return best;
}

static int store_group(struct flowlog *self, const struct thin *items, size_t count)
{
	const struct settings *settings = self->store->settings;
	struct cluster cluster = find_cluster(items, count, settings->flow_window_s);
	size_t hosts = 0;
	int result = 0;

	for (size_t i = 0; i < count; i++)
		hosts += items[i].is_new_host;
	if (cluster.hosts < settings->flow_hosts || hosts - cluster.hosts >= cluster.hosts)
		return 0;
	for (size_t i = cluster.begin; i < cluster.end && result >= 0; i++)
		result = flowlog_store_talk(self, items[i].talk, SIGHTING_THIN);
	return result < 0 ? result : 0;
}

static int store_groups(struct flowlog *self, const struct thin *items, size_t count)
{
	size_t begin = 0;
	int result = 0;

	while (begin < count && result == 0) {
		size_t end = begin + 1;

		while (end < count && compare_endpoint(items[end].talk, items[begin].talk) == 0)
			end++;
		result = store_group(self, items + begin, end - begin);
		begin = end;
	}
	return result;
}

int flowlog_store_thin(struct flowlog *self)
{
	struct thin *items = calloc(self->talks.count + 1, sizeof(*items));
	struct join join = { 0 };
	int result = items != NULL ? join_build(&join, self->store) : -ENOMEM;

	if (result == 0)
		result = store_groups(self, items, collect(self, &join, items));
	join_free(&join);
	free(items);
	return result;
}
