/* flow_index.h: from a tag to a slot of the flow table; private to flow.c.
 *
 * A bucket is one cache line of ten entries, 16 bits of the tag and 28 bits of slot number:
 *
 *   0              20       22     24          64
 *   | fragment[10] | passed | used | index[10] |
 *
 * An entry whose bucket is full goes to one of the next ones, and every bucket it passes counts it,
 * so a search ends at the first bucket that nothing has passed: mostly the first. There are 8 bytes
 * for each flow, so that a full table fills 4/5 of the entries. */
#ifndef SENSOR_FLOW_INDEX_H
#define SENSOR_FLOW_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sensor/flow.h"

#define FLOW_BUCKET_ENTRIES 10
#define FLOW_BUCKET_FULL    ((1u << FLOW_BUCKET_ENTRIES) - 1)
#define FLOW_BUCKET_FLOWS   8   /* flows of the table per bucket */
#define FLOW_INDEX_STEPS    256 /* buckets an entry may be away from its own; reached by no one */
#define FLOW_INDEX_DUE      (1u << 31)

struct flow_bucket {
	uint16_t fragment[FLOW_BUCKET_ENTRIES];
	uint16_t passed; /* entries that belong here or before and were put behind */
	uint16_t used;   /* bit per entry */
	/* With FLOW_INDEX_DUE: the flow's active time-out is near, compare at every packet. */
	uint32_t index[FLOW_BUCKET_ENTRIES];
};

_Static_assert(sizeof(struct flow_bucket) == 64, "a bucket is one cache line");
_Static_assert(offsetof(struct flow_bucket, index) == 24, "what is compared at once is in front");

struct flow_index {
	struct flow_bucket *buckets;
	size_t mask; /* buckets - 1 */
};

/* Where an entry is. */
struct flow_place {
	struct flow_bucket *bucket;
	unsigned entry;
	unsigned steps; /* buckets passed on the way */
};

static inline struct flow_bucket *flow_index_bucket(const struct flow_index *self,
						    struct flow_tag tag, unsigned steps)
{
	return &self->buckets[((size_t)tag.h[0] + steps) & self->mask];
}

/* Of bits that choose no bucket. */
static inline uint16_t flow_index_fragment(struct flow_tag tag)
{
	return (uint16_t)(tag.h[0] >> 48);
}

/* Eight words that are compared at once; the compiler knows how, on any machine. */
typedef uint16_t flow_words __attribute__((vector_size(16)));

/* Bit per entry whose fragment is the tag's. Two overlapping vectors: the last two words of the
 * second are no fragments, and their bits are never in use. */
static inline unsigned flow_bucket_match(const struct flow_bucket *bucket, uint16_t fragment)
{
	const flow_words wanted = { fragment, fragment, fragment, fragment,
				    fragment, fragment, fragment, fragment };
	const flow_words low_bits = { 1, 2, 4, 8, 16, 32, 64, 128 };
	const flow_words high_bits = { 16, 32, 64, 128, 256, 512, 1024, 2048 };
	flow_words low;
	flow_words high;
	uint64_t halves[2];

	memcpy(&low, bucket, sizeof(low));
	memcpy(&high, (const uint8_t *)bucket + sizeof(low) / 2, sizeof(high));
	low = ((flow_words)(low == wanted) & low_bits) | ((flow_words)(high == wanted) & high_bits);
	memcpy(halves, &low, sizeof(halves));
	halves[0] |= halves[1];
	halves[0] |= halves[0] >> 32;
	return (unsigned)(halves[0] | halves[0] >> 16) & bucket->used;
}

/* The slot number of an entry. */
static inline uint32_t flow_bucket_slot(const struct flow_bucket *bucket, unsigned entry)
{
	return bucket->index[entry] & ~FLOW_INDEX_DUE;
}

/* The slot of the tag, or FLOW_NONE; flows is the array of hot lines. */
static inline uint32_t flow_index_find(const struct flow_index *self, const struct flow *flows,
				       struct flow_tag tag, struct flow_place *place)
{
	uint16_t fragment = flow_index_fragment(tag);

	for (unsigned steps = 0; steps < FLOW_INDEX_STEPS; steps++) {
		struct flow_bucket *bucket = flow_index_bucket(self, tag, steps);

		for (unsigned hits = flow_bucket_match(bucket, fragment); hits != 0;
		     hits &= hits - 1) {
			unsigned entry = (unsigned)__builtin_ctz(hits);
			uint32_t index = flow_bucket_slot(bucket, entry);

			if (flows[index].tag.h[0] == tag.h[0] &&
			    flows[index].tag.h[1] == tag.h[1]) {
				*place = (struct flow_place){ bucket, entry, steps };
				return index;
			}
		}
		if (bucket->passed == 0)
			break;
	}
	return FLOW_NONE;
}

/* The tag must not be there. False when FLOW_INDEX_STEPS buckets in a row are full. */
static inline bool flow_index_insert(struct flow_index *self, struct flow_tag tag, uint32_t index,
				     struct flow_place *place)
{
	unsigned steps = 0;
	struct flow_bucket *bucket = flow_index_bucket(self, tag, 0);
	unsigned entry;

	while (bucket->used == FLOW_BUCKET_FULL) {
		if (++steps == FLOW_INDEX_STEPS)
			return false;
		bucket = flow_index_bucket(self, tag, steps);
	}
	for (unsigned i = 0; i < steps; i++)
		flow_index_bucket(self, tag, i)->passed++;
	entry = (unsigned)__builtin_ctz(~(unsigned)bucket->used);
	bucket->fragment[entry] = flow_index_fragment(tag);
	bucket->index[entry] = index;
	bucket->used |= (uint16_t)(1u << entry);
	*place = (struct flow_place){ bucket, entry, steps };
	return true;
}

static inline void flow_index_remove(struct flow_index *self, struct flow_tag tag,
				     const struct flow_place *place)
{
	place->bucket->used &= (uint16_t) ~(1u << place->entry);
	for (unsigned i = 0; i < place->steps; i++)
		flow_index_bucket(self, tag, i)->passed--;
}

static inline bool flow_place_is_due(const struct flow_place *place)
{
	return (place->bucket->index[place->entry] & FLOW_INDEX_DUE) != 0;
}

static inline void flow_place_set_due(const struct flow_place *place, bool is_due)
{
	uint32_t *index = &place->bucket->index[place->entry];

	*index = is_due ? *index | FLOW_INDEX_DUE : *index & ~FLOW_INDEX_DUE;
}

#endif
