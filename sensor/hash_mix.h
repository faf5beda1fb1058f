/* hash_mix.h: a step of the cheap keyed hashes, for tables that are asked so often that SipHash
 * would be most of the cost.
 *
 * One multiplication, folded. Words of the key go into a or b of every chain of steps, so that
 * strangers cannot know what meets, nor what makes a factor 0. */
#ifndef SENSOR_HASH_MIX_H
#define SENSOR_HASH_MIX_H

#include <stdint.h>

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
