/* Unit tests of flow_hash.h: every bit of a key counts, and tags are spread evenly. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "sensor/flow_hash.h"

#define KEYS    20000u
#define BUCKETS 256u

static const struct siphash_key secret = { { 1, 2 } };

/* The n-th of many neighbours: what a scan of a network looks like. */
static struct flow_key neighbour(uint8_t ip_version, uint32_t n)
{
	struct flow_key key;

	memset(&key, 0, sizeof(key));
	key.ip_version = ip_version;
	key.proto = 6;
	key.port[0] = 3333;
	key.port[1] = (uint16_t)(n & 0xff);
	key.addr[1][ip_version == 4 ? 3 : 15] = (uint8_t)(n >> 8);
	key.addr[1][ip_version == 4 ? 2 : 14] = (uint8_t)(n >> 16);
	return key;
}

static bool is_same(struct flow_tag a, struct flow_tag b)
{
	return a.h[0] == b.h[0] || a.h[1] == b.h[1];
}

/* Another bit, another tag, in both halves; of IPv4, the addresses' zeros are no part of the key.
 */
static void every_bit_counts(void **state)
{
	struct flow_hash hash = flow_hash_of(secret);

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct flow_key key = neighbour(version, 77);
		struct flow_tag tag = flow_hash(&hash, &key);

		for (size_t bit = 0; bit < sizeof(key) * 8; bit++) {
			struct flow_key other = key;
			size_t byte = bit / 8;
			bool is_zero = version == 4 && byte < 32 && byte % 16 >= 4;

			((uint8_t *)&other)[byte] ^= (uint8_t)(1u << bit % 8);
			if (!is_zero)
				assert_false(is_same(tag, flow_hash(&hash, &other)));
			else
				assert_true(is_same(tag, flow_hash(&hash, &other)));
		}
	}
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct flow_tag));
}

static void no_two_neighbours_meet_and_they_are_spread(void **state)
{
	struct flow_hash hash = flow_hash_of(secret);
	struct flow_tag *tags = calloc(2 * KEYS, sizeof(*tags));
	unsigned low[BUCKETS] = { 0 };
	unsigned high[BUCKETS] = { 0 };

	(void)state;
	assert_non_null(tags);
	for (uint32_t i = 0; i < 2 * KEYS; i++) {
		struct flow_key key = neighbour(i < KEYS ? 4 : 6, i % KEYS);

		tags[i] = flow_hash(&hash, &key);
		low[tags[i].h[0] % BUCKETS]++;
		high[tags[i].h[0] >> 56]++;
	}
	for (size_t i = 0; i < BUCKETS; i++) {
		/* 156 on average, with a deviation of 12. */
		assert_in_range(low[i], 80, 240);
		assert_in_range(high[i], 80, 240);
	}
	qsort(tags, 2 * KEYS, sizeof(*tags), compare);
	for (size_t i = 1; i < 2 * KEYS; i++)
		assert_int_not_equal(compare(&tags[i - 1], &tags[i]), 0);
	free(tags);
}

static void another_secret_makes_other_tags(void **state)
{
	struct flow_hash a = flow_hash_of(secret);
	struct flow_hash b = flow_hash_of((struct siphash_key){ { 1, 3 } });
	struct flow_key key = neighbour(6, 9);

	(void)state;
	assert_false(is_same(flow_hash(&a, &key), flow_hash(&b, &key)));
	assert_true(is_same(flow_hash(&a, &key), flow_hash(&a, &key)));
}

/* By the formula of the head comment, for words that make the products easy. */
static void the_words_are_summed_as_said(void **state)
{
	struct flow_hash hash = { .k = { 1, 2, 3, 4, 5, 6 } };
	const uint64_t words[] = { 10, 20, 30, UINT64_MAX };
	struct flow_tag tag;

	(void)state;
	/* sum[0] = 11 * 22 + 33 * 3 = 341; sum[1] = 13 * 24 + 35 * 5 = 487 */
	hash.fold[0][1] = (__uint128_t)1 << 64;
	hash.fold[1][0] = (__uint128_t)1000 << 64;
	hash.fold[1][1] = (__uint128_t)2 << 64;
	tag = flow_hash_words(&hash, words, 4);
	assert_int_equal(tag.h[0], 341);
	assert_int_equal(tag.h[1], 1000 + 2 * 487);
	/* (2^63 + 1) 4 = 2 * 2^64 + 4 */
	hash = (struct flow_hash){ .k = { 1, 4 } };
	hash.fold[0][2] = (__uint128_t)1 << 64;
	tag = flow_hash_words(&hash, (const uint64_t[]){ UINT64_C(1) << 63, 0 }, 2);
	assert_int_equal(tag.h[0], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(no_two_neighbours_meet_and_they_are_spread),
		cmocka_unit_test(another_secret_makes_other_tags),
		cmocka_unit_test(the_words_are_summed_as_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
