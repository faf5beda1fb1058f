/* lists_name.h: the hashes of a name's suffixes, one label after another from its end.
 *
 *	list_name_begin() -> list_name_next() for each label: .hash is of what stands from .begin on
 *
 * Asked for every name that is seen. It takes up to eight bytes a step and asks no byte whether it
 * is a dot: how long labels are cannot be predicted, and a wrong guess costs more than a step.
 * Letters of either case are alike, and a few bytes that no name has; equality is for the asker to
 * find out. Keyed: strangers do not know what meets. */
#ifndef SENSOR_LISTS_NAME_H
#define SENSOR_LISTS_NAME_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sensor/hash_mix.h"
#include "sensor/siphash.h"

#define LISTS_NAME_MAX 253 /* RFC 1035, section 2.3.4, as text */

#define LIST_NAME_STEP 8
#define LIST_NAME_DOTS UINT64_C(0x2e2e2e2e2e2e2e2e)
#define LIST_NAME_LOW  UINT64_C(0x7f7f7f7f7f7f7f7f)
#define LIST_NAME_CASE UINT64_C(0x2020202020202020)

struct list_name {
	uint64_t hash;
	uint64_t key;
	uint64_t first; /* up to eight bytes of text */
	const char *text;
	size_t begin;
	ptrdiff_t next; /* where the label before begin ends; not above 0: there is none */
};

static inline uint64_t list_name_load(const char *eight)
{
	uint64_t word;

	memcpy(&word, eight, LIST_NAME_STEP);
	return le64toh(word);
}

/* use tells kinds of lists apart. The name is looked at while it is stepped through. */
static inline void list_name_begin(struct list_name *self, const struct siphash_key *key,
				   unsigned use, const char *name, size_t len)
{
	self->hash = key->k[0] + use * 0x9e3779b97f4a7c15u;
	self->key = key->k[1] ^ 0xd6e8feb86659fd93u;
	self->first = 0;
	self->text = name;
	self->begin = len;
	self->next = (ptrdiff_t)len;
	if (len >= LIST_NAME_STEP)
		self->first = list_name_load(name);
	else
		for (size_t i = len; i-- > 0;)
			self->first = self->first << 8 | (uint8_t)name[i];
}

/* The eight bytes before at; before the name stand dots. */
static inline uint64_t list_name_before(const struct list_name *self, size_t at)
{
	if (at >= LIST_NAME_STEP)
		return list_name_load(self->text + at - LIST_NAME_STEP);
	if (at == 0)
		return LIST_NAME_DOTS;
	return self->first << 8 * (LIST_NAME_STEP - at) | LIST_NAME_DOTS >> 8 * at;
}

/* The last bytes of a name, up to eight and no more than it has, for a first look. */
static inline uint64_t list_name_tail(const char *name, size_t len, unsigned bytes)
{
	uint64_t word = 0;

	if (len >= LIST_NAME_STEP)
		word = list_name_load(name + len - LIST_NAME_STEP);
	else
		for (size_t i = len; i-- > 0;)
			word = word >> 8 | (uint64_t)(uint8_t)name[len - 1 - i] << 56;
	return (word | LIST_NAME_CASE) >> 8 * (LIST_NAME_STEP - bytes);
}

/* How many of these eight bytes stand behind the last dot. */
static inline unsigned list_name_behind_dot(uint64_t word)
{
	uint64_t other = word ^ LIST_NAME_DOTS;
	uint64_t dots = ~(((other & LIST_NAME_LOW) + LIST_NAME_LOW) | other | LIST_NAME_LOW);

	return dots == 0 ? LIST_NAME_STEP : (unsigned)__builtin_clzll(dots) / 8;
}

/* False: no label is left, or an empty one. */
static inline bool list_name_next(struct list_name *self)
{
	size_t at = (size_t)self->next;
	unsigned taken;

	if (self->next <= 0)
		return false;
	do {
		uint64_t word = list_name_before(self, at);

		taken = list_name_behind_dot(word);
		word = taken == 0 ? 0 : (word | LIST_NAME_CASE) >> 8 * (LIST_NAME_STEP - taken);
		self->hash = hash_mix(self->hash ^ word, self->key ^ taken);
		at -= taken;
	} while (taken == LIST_NAME_STEP);
	if (at == (size_t)self->next)
		return false;
	self->begin = at;
	self->next = (ptrdiff_t)at - 1;
	return true;
}

#endif
