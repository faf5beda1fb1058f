/* test_flow_index.c: buckets that overflow, which a keyed hash hardly ever does, with forged tags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sensor/flow_index.h"

#define BUCKETS 16
#define TAGS    (FLOW_BUCKET_ENTRIES * BUCKETS)

static struct flow_bucket buckets[BUCKETS];
static struct flow_index table = { buckets, BUCKETS - 1 };
static struct flow flows[TAGS];

/* Tags of one bucket; neighbours differ in the fragment, or only in the rest. */
static struct flow_tag tag_of(uint64_t bucket, uint64_t fragment, uint64_t rest)
{
	return (struct flow_tag){ { fragment << 48 | rest << 16 | bucket, rest } };
}

static int setup(void **state)
{
	(void)state;
	memset(buckets, 0, sizeof(buckets));
	memset(flows, 0, sizeof(flows));
	return 0;
}

static bool insert(uint32_t index, struct flow_tag tag)
{
	struct flow_place place = { 0 };

	flows[index].tag = tag;
	return flow_index_insert(&table, tag, index, &place);
}

static void expect_at(uint32_t index)
{
	struct flow_place place = { 0 };

	assert_int_equal(flow_index_find(&table, flows, flows[index].tag, &place), index);
	assert_int_equal(flow_bucket_slot(place.bucket, place.entry), index);
}

static void expect_missing(struct flow_tag tag)
{
	struct flow_place place = { 0 };

	assert_int_equal(flow_index_find(&table, flows, tag, &place), FLOW_NONE);
}

static void take_out(uint32_t index)
{
	struct flow_place place = { 0 };

	assert_int_equal(flow_index_find(&table, flows, flows[index].tag, &place), index);
	flow_index_remove(&table, flows[index].tag, &place);
}

static void equal_fragments_are_told_apart(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		assert_true(insert(i, tag_of(3, 9, i)));
	for (uint32_t i = 0; i < 5; i++)
		expect_at(i);
	expect_missing(tag_of(3, 9, 5));
	expect_missing(tag_of(3, 8, 0));
}

static void one_too_many_goes_to_the_next_bucket(void **state)
{
	const uint32_t last = FLOW_BUCKET_ENTRIES;
	struct flow_place place = { 0 };

	(void)state;
	for (uint32_t i = 0; i < last; i++)
		assert_true(insert(i, tag_of(15, i, 0)));
	for (uint32_t i = 0; i < last; i++)
		expect_at(i);
	assert_int_equal(buckets[15].passed, 0);
	assert_true(insert(last, tag_of(15, last, 0)));
	assert_int_equal(buckets[15].passed, 1);
	assert_int_equal(flow_index_find(&table, flows, flows[last].tag, &place), last);
	assert_ptr_equal(place.bucket, &buckets[0]);
	assert_int_equal(place.steps, 1);
	take_out(2); /* a hole at home does not hide the one that went on */
	expect_at(last);
	take_out(last);
	assert_int_equal(buckets[15].passed, 0);
	expect_missing(tag_of(15, last, 0));
}

/* A bucket's counters lie behind its fragments and are compared with them. */
static void counters_are_no_fragments(void **state)
{
	(void)state;
	for (uint32_t i = 0; i <= FLOW_BUCKET_ENTRIES; i++)
		assert_true(insert(i, tag_of(4, 100 + i, 0)));
	assert_int_equal(buckets[4].passed, 1);
	expect_missing(tag_of(4, buckets[4].passed, 0));
	expect_missing(tag_of(4, buckets[4].used, 0));
}

static void a_full_table_fills_and_empties_in_any_order(void **state)
{
	uint32_t at = 0;

	(void)state;
	for (uint32_t i = 0; i < TAGS; i++)
		assert_true(insert(i, tag_of(i % 3, i, i)));
	assert_false(flow_index_insert(&table, tag_of(0, 1000, 0), 0, &(struct flow_place){ 0 }));
	for (uint32_t i = 0; i < TAGS; i++)
		expect_at(i);
	for (uint32_t i = 0; i < TAGS; i++) {
		take_out(at);
		expect_missing(tag_of(at % 3, at, at));
		at = (at + 37) % TAGS; /* 37 and 160 are coprime */
		if (i + 1 < TAGS)
			expect_at(at);
	}
	for (size_t i = 0; i < BUCKETS; i++) {
		assert_int_equal(buckets[i].used, 0);
		assert_int_equal(buckets[i].passed, 0);
	}
}

static void marks_do_not_outlive_their_flow(void **state)
{
	struct flow_place place = { 0 };

	(void)state;
	flows[0].tag = tag_of(1, 1, 1);
	assert_true(flow_index_insert(&table, flows[0].tag, 0, &place));
	assert_false(flow_place_is_due(&place));
	flow_place_set_due(&place, true);
	assert_true(flow_place_is_due(&place));
	assert_int_equal(flow_index_find(&table, flows, flows[0].tag, &place), 0);
	assert_true(flow_place_is_due(&place));
	flow_index_remove(&table, flows[0].tag, &place);
	assert_true(flow_index_insert(&table, flows[0].tag, 0, &place));
	assert_false(flow_place_is_due(&place));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(equal_fragments_are_told_apart, setup),
		cmocka_unit_test_setup(one_too_many_goes_to_the_next_bucket, setup),
		cmocka_unit_test_setup(counters_are_no_fragments, setup),
		cmocka_unit_test_setup(a_full_table_fills_and_empties_in_any_order, setup),
		cmocka_unit_test_setup(marks_do_not_outlive_their_flow, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
