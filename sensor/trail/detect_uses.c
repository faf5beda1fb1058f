/* detect_uses.c: rules about who was where: new addresses, and sweeps over regions. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/cloud.h"
#include "sensor/trail/detect_rules.h"

#define NS_PER_S UINT64_C(1000000000)
/* Bits of an address that make a place: all of it for a machine's key, but people are handed others
 * by their provider. */
#define KEY_BITS_4  32u
#define KEY_BITS_6  64u
#define USER_BITS_4 24u
#define USER_BITS_6 48u

/* One identity at one address, all regions together. */
struct place {
	const struct identity *identity;
	const char *address;
	uint8_t addr[17]; /* version (0: a service's name), then the address */
	struct moment first;
};

struct places {
	struct place *items;
	size_t count;
};

static void read_address(struct place *place)
{
	memset(place->addr, 0, sizeof(place->addr));
	if (inet_pton(AF_INET, place->address, place->addr + 1) == 1)
		place->addr[0] = 4;
	else if (inet_pton(AF_INET6, place->address, place->addr + 1) == 1)
		place->addr[0] = 6;
}

static int compare_texts(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

static int by_identity(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;
	int order = compare_texts(x->identity->id, y->identity->id);

	if (order == 0)
		order = compare_texts(x->address, y->address);
	if (order == 0)
		order = moment_before(&x->first, &y->first) ? -1 : 1;
	return order;
}

static int by_network(const void *a, const void *b)
{
	const struct place *x = *(const struct place *const *)a;
	const struct place *y = *(const struct place *const *)b;
	int order = compare_texts(x->identity->account, y->identity->account);

	if (order == 0)
		order = memcmp(x->addr, y->addr, sizeof(x->addr));
	if (order == 0 && x->first.time_ns != y->first.time_ns)
		order = x->first.time_ns < y->first.time_ns ? -1 : 1;
	return order;
}

/* All uses, the regions of one address put together; sorted by identity and address. */
static int collect(const struct history *history, struct places *out)
{
	size_t kept = 0;

	out->count = 0;
	out->items = calloc(history->store->uses.count + 1, sizeof(*out->items));
	if (out->items == NULL)
		return -ENOMEM;
	STORE_EACH (history->store->uses, const struct use, use) {
		struct place *place = &out->items[out->count++];

		place->identity = use->identity;
		place->address = use->address;
		place->first = use->first;
		read_address(place);
	}
	if (out->count > 1)
		qsort(out->items, out->count, sizeof(*out->items), by_identity);
	for (size_t i = 0; i < out->count; i++)
		if (kept == 0 || out->items[kept - 1].identity != out->items[i].identity ||
		    out->items[kept - 1].address != out->items[i].address)
			out->items[kept++] = out->items[i];
	out->count = kept;
	return 0;
}

/* --- a new address -------------------------------------------------------------------------- */

/* Sessions of roles come from wherever their machine is: only users' own keys and passwords have
 * usual addresses. */
static bool has_usual_addresses(const struct identity *identity)
{
	return strcmp(identity->type, "IAMUser") == 0 || strcmp(identity->type, "Root") == 0;
}

static bool is_given(const struct settings *settings, const struct place *place)
{
	for (size_t i = 0; i < settings->network_count; i++) {
		struct net_prefix prefix;

		if (net_prefix_parse(settings->networks[i], &prefix) == 0 &&
		    net_prefix_contains(&prefix, place->addr[0], place->addr + 1))
			return true;
	}
	return false;
}

/* Bytes of the address, with its version, that others must share to be of the same place. */
static size_t shared_bytes(const struct place *place)
{
	bool is_key = place->identity->key[0] != '\0';

	if (place->addr[0] == 4)
		return 1 + (is_key ? KEY_BITS_4 : USER_BITS_4) / 8;
	return 1 + (is_key ? KEY_BITS_6 : USER_BITS_6) / 8;
}

/* Was nobody of the account there long before? */
static bool is_new_place(const struct history *history, const struct place *const *sorted,
			 size_t count, const struct place *place)
{
	size_t bytes = shared_bytes(place);
	struct place wanted = { .identity = place->identity };
	const struct place *first = &wanted;
	size_t low = 0;
	size_t high = count;

	memcpy(wanted.addr, place->addr, bytes);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_network(&sorted[middle], &first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count; low++) {
		const struct place *other = sorted[low];

		if (compare_texts(other->identity->account, place->identity->account) != 0 ||
		    memcmp(other->addr, place->addr, bytes) != 0)
			break;
		if (history_is_long_before(history, other->first.time_ns, place->first.time_ns))
			return false;
	}
	return true;
}

/* Addresses from which the identity called long before: 0 while nothing is known of it. */
static size_t count_usual(const struct history *history, const struct places *places,
			  const struct place *place)
{
	size_t at = (size_t)(place - places->items);
	size_t usual = 0;

	while (at > 0 && places->items[at - 1].identity == place->identity)
		at--;
	for (; at < places->count && places->items[at].identity == place->identity; at++)
		if (places->items[at].addr[0] != 0 &&
		    history_is_long_before(history, places->items[at].first.time_ns,
					   place->first.time_ns))
			usual++;
	return usual;
}

static int judge_places(const struct history *history, const struct places *places,
			const struct place *const *sorted, struct detections *out)
{
	for (size_t i = 0; i < places->count; i++) {
		const struct place *place = &places->items[i];
		const struct identity *identity = place->identity;
		struct detection *found;
		size_t usual;

		if (place->addr[0] == 0 || !has_usual_addresses(identity) ||
		    !history_is_learnt(history, identity->account, place->first.time_ns) ||
		    is_given(history->settings, place) ||
		    !is_new_place(history, sorted, places->count, place))
			continue;
		usual = count_usual(history, places, place);
		if (usual == 0 || usual > history->settings->usual_addresses)
			continue;
		found = detections_get(out, RULE_NEW_ADDRESS,
				       &(const struct detection_key){ identity, identity->account,
								      "", "", place->address });
		if (found == NULL)
			return detect_no_place(out);
		detection_prove(found, place->first.time_ns, place->first.event);
		found->value = usual;
		(void)snprintf(found->text, sizeof(found->text),
			       "%.80s called from %.46s, never before from there",
			       identity->user[0] != '\0' ? identity->user : identity->id,
			       place->address);
	}
	return 0;
}

int detect_new_address(const struct history *history, struct detections *out)
{
	const struct place **sorted = NULL;
	struct places places;
	int result = collect(history, &places);

	if (result == 0) {
		sorted = calloc(places.count + 1, sizeof(struct place *));
		result = sorted != NULL ? 0 : -ENOMEM;
	}
	if (result == 0) {
		for (size_t i = 0; i < places.count; i++)
			sorted[i] = &places.items[i];
		if (places.count > 1)
			qsort(sorted, places.count, sizeof(struct place *), by_network);
		result = judge_places(history, &places, sorted, out);
	}
	free(sorted);
	free(places.items);
	return result;
}

/* --- sweeps --------------------------------------------------------------------------------- */

static int by_look(const void *a, const void *b)
{
	const struct use *x = *(const struct use *const *)a;
	const struct use *y = *(const struct use *const *)b;
	int order = compare_texts(x->identity->id, y->identity->id);

	if (order == 0)
		order = compare_texts(x->address, y->address);
	if (order == 0 && x->first_look.time_ns != y->first_look.time_ns)
		order = x->first_look.time_ns < y->first_look.time_ns ? -1 : 1;
	if (order == 0)
		order = compare_texts(x->region, y->region);
	return order;
}

static bool is_same_looker(const struct use *a, const struct use *b)
{
	return a->identity == b->identity && a->address == b->address;
}

/* A scanner that looks everywhere each day, be it by a new session each time. */
static bool sweeps_always(const struct history *history, const struct use *use)
{
	const char *seen[64];
	size_t count = 0;

	STORE_EACH (history->store->uses, const struct use, other) {
		size_t known = 0;

		if (other->first_look.time_ns == 0 ||
		    !history_is_same(other->identity, use->identity) ||
		    !history_is_long_before(history, other->first_look.time_ns,
					    use->first_look.time_ns))
			continue;
		while (known < count && seen[known] != other->region)
			known++;
		if (known == count && count < sizeof(seen) / sizeof(seen[0]))
			seen[count++] = other->region;
	}
	return count >= history->settings->sweep_regions;
}

static int prove_sweep(const struct history *history, const struct use *const *uses, size_t count,
		       struct detections *out)
{
	const struct use *first = uses[0];
	struct detection *found;

	if (!history_is_learnt(history, first->identity->account, first->first_look.time_ns) ||
	    sweeps_always(history, first))
		return 0;
	found = detections_get(out, RULE_SWEEP,
			       &(const struct detection_key){ first->identity,
							      first->identity->account, "", "",
							      first->address });
	if (found == NULL)
		return detect_no_place(out);
	for (size_t i = 0; i < count; i++)
		detection_prove(found, uses[i]->first_look.time_ns, uses[i]->first_look.event);
	found->value = found->event_count;
	(void)snprintf(found->text, sizeof(found->text), "%llu regions looked into within %llu s",
		       (unsigned long long)found->value,
		       (unsigned long long)((found->last_ns - found->first_ns) / NS_PER_S));
	return 0;
}

/* Looks into new regions by one identity from one address, by time: those in windows with enough.
 */
static int judge_looks(const struct history *history, const struct use *const *uses, size_t count,
		       struct detections *out)
{
	uint64_t window_ns = history->settings->sweep_window_s * NS_PER_S;
	size_t first = count;
	size_t last = 0;
	size_t begin = 0;

	for (size_t end = 0; end < count; end++) {
		while (uses[end]->first_look.time_ns - uses[begin]->first_look.time_ns > window_ns)
			begin++;
		if (end - begin + 1 < history->settings->sweep_regions)
			continue;
		first = begin < first ? begin : first;
		last = end;
	}
	return first == count ? 0 : prove_sweep(history, uses + first, last - first + 1, out);
}

int detect_sweep(const struct history *history, struct detections *out)
{
	const struct use **uses = calloc(history->store->uses.count + 1, sizeof(struct use *));
	size_t count = 0;
	int result = 0;

	if (uses == NULL)
		return -ENOMEM;
	STORE_EACH (history->store->uses, const struct use, use) {
		if (use->first_look.time_ns != 0)
			uses[count++] = use;
	}
	if (count > 1)
		qsort(uses, count, sizeof(struct use *), by_look);
	for (size_t begin = 0; begin < count && result == 0;) {
		size_t end = begin + 1;

		while (end < count && is_same_looker(uses[begin], uses[end]))
			end++;
		result = judge_looks(history, uses + begin, end - begin, out);
		begin = end;
	}
	free(uses);
	return result;
}
