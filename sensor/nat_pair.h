/* nat_pair.h: the sides of one connection that are known, and the table that finds them.
 *
 * A pair is found by a tag (nat_leg.h) that both sides give. Flat, allocated and freed here; one
 * thread. */
#ifndef SENSOR_NAT_PAIR_H
#define SENSOR_NAT_PAIR_H

#include "sensor/nat_leg.h"
#include "sensor/tag_table.h"

#define NAT_NO_LEG 2

/* One side, or both sides of one connection. */
struct nat_pair {
	struct tag_link link; /* first: found by it */
	struct nat_leg legs[2];
	uint64_t decide_ns; /* until then the first one may have to wait; later: when it ended */
	uint32_t queued[2]; /* facts that wait */
	uint16_t options;   /* of a contact's SYN */
	uint8_t count;      /* sides that are known */
	uint8_t inside;     /* index of the inner one, when both are */
	bool is_taken[2];   /* a fact of it went on */
	bool has_ended[2];
	bool is_doubted; /* counted among those that waited in vain */
};

/* The pair becomes the latest one used. NULL: none. */
struct nat_pair *nat_pair_find(struct tag_table *table, struct siphash_tag tag);

/* A pair of which one side is known, at now_ns. Beyond max the one that was not used for longest
 * goes, as do those that ended LIMIT_NAT_WINDOW_MS ago. NULL: out of memory. */
struct nat_pair *nat_pair_add(struct tag_table *table, size_t max, struct siphash_tag tag,
			      const struct nat_leg *leg, uint64_t now_ns);

/* The other side is known as well: which one is inside is settled with that. */
void nat_pair_join(struct nat_pair *self, const struct nat_leg *leg);

/* Index of a flow's side, NAT_NO_LEG: it is none of them. */
size_t nat_pair_leg(const struct nat_pair *self, uint64_t flow_id);
bool nat_pair_is_outer(const struct nat_pair *self, size_t leg);

/* One more side of a pair that has both: behind a second NAT, or mirrored in another network. */
bool nat_pair_is_further(const struct nat_pair *self, const struct nat_leg *leg);

#endif
