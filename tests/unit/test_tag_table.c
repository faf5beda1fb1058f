/* Unit tests of tag_table.c: entries are found through every growth, in order of last use. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "sensor/tag_table.h"

#define MANY 5000u

struct entry {
	struct tag_link link; /* first: found by it */
	unsigned number;
};

static struct siphash_tag tag_of(unsigned number)
{
	static const struct siphash_key key = { { 1, 2 } };

	return siphash128(&number, sizeof(number), key);
}

static struct entry *find(const struct tag_table *table, unsigned number)
{
	return (struct entry *)tag_table_find(table, tag_of(number));
}

static void add(struct tag_table *table, unsigned number)
{
	struct entry *entry = malloc(sizeof(*entry));

	assert_non_null(entry);
	entry->number = number;
	entry->link.tag = tag_of(number);
	tag_table_add(table, &entry->link);
}

static void drop(struct tag_table *table, unsigned number)
{
	struct entry *entry = find(table, number);

	assert_non_null(entry);
	tag_table_remove(table, &entry->link);
	free(entry);
}

/* Sized for many or for one, all are found, and only they. */
static void all_are_found_through_every_growth(void **state)
{
	static const size_t capacities[] = { 1, 1000, MANY, 1 << 20 };

	(void)state;
	for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
		struct tag_table table;

		assert_int_equal(tag_table_init(&table, capacities[c]), 0);
		for (unsigned i = 0; i < MANY; i++) {
			assert_null(find(&table, i));
			add(&table, i);
			assert_int_equal(find(&table, i)->number, i);
			assert_int_equal(find(&table, i / 2)->number, i / 2);
		}
		assert_int_equal(table.count, MANY);
		for (unsigned i = 0; i < MANY; i++)
			assert_int_equal(find(&table, i)->number, i);
		for (unsigned i = 0; i < MANY; i += 2)
			drop(&table, i);
		for (unsigned i = 0; i < MANY; i++)
			assert_true((find(&table, i) != NULL) == (i % 2 == 1));
		assert_int_equal(table.count, MANY / 2);
		tag_table_fini(&table);
	}
}

static void few_entries_take_few_buckets(void **state)
{
	struct tag_table table;
	size_t few;

	(void)state;
	assert_int_equal(tag_table_init(&table, 1 << 20), 0);
	for (unsigned i = 0; i < 10; i++)
		add(&table, i);
	few = table.bucket_count;
	assert_true(few < 1000);
	for (unsigned i = 10; i < MANY; i++)
		add(&table, i);
	assert_true(table.bucket_count >= MANY);
	assert_true(table.bucket_count <= 4 * MANY);
	tag_table_fini(&table);
	assert_int_equal(tag_table_init(&table, few), 0);
	for (unsigned i = 0; i < MANY; i++)
		add(&table, i);
	assert_int_equal(table.bucket_count, few); /* more than it was sized for */
	tag_table_fini(&table);
}

/* The oldest one is the one not used for longest, whatever grew or went in between. */
static void the_order_is_that_of_last_use(void **state)
{
	struct tag_table table;

	(void)state;
	assert_int_equal(tag_table_init(&table, MANY), 0);
	for (unsigned i = 0; i < 300; i++)
		add(&table, i);
	for (unsigned i = 0; i < 300; i += 3)
		tag_table_touch(&table, &find(&table, i)->link);
	for (unsigned i = 1; i < 300; i += 3)
		drop(&table, i);
	for (unsigned i = 300; i < 400; i++)
		add(&table, i);
	for (unsigned i = 2; i < 300; i += 3) {
		assert_int_equal(((struct entry *)table.oldest)->number, i);
		drop(&table, i);
	}
	for (unsigned i = 0; i < 300; i += 3) {
		assert_int_equal(((struct entry *)table.oldest)->number, i);
		drop(&table, i);
	}
	assert_int_equal(((struct entry *)table.oldest)->number, 300);
	assert_int_equal(((struct entry *)table.newest)->number, 399);
	assert_int_equal(table.count, 100);
	tag_table_fini(&table);
}

/* As a full table does for each new entry. Marks of what went stay until a bucket is empty. */
static void the_oldest_ones_leave_no_marks(void **state)
{
	struct tag_table table;
	uint64_t marks = 0;

	(void)state;
	assert_int_equal(tag_table_init(&table, MANY), 0);
	for (unsigned i = 0; i < 2 * MANY; i++) {
		if (table.count == MANY)
			drop(&table, i - MANY);
		add(&table, i);
		assert_int_equal(find(&table, i)->number, i);
	}
	for (unsigned i = 0; i < 2 * MANY; i++)
		assert_true((find(&table, i) != NULL) == (i >= MANY));
	while (table.count > 0)
		drop(&table, ((struct entry *)table.oldest)->number);
	for (size_t i = 0; i < table.bucket_count; i++)
		marks |= table.buckets[i].marks;
	assert_true(marks == 0);
	tag_table_fini(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_found_through_every_growth),
		cmocka_unit_test(few_entries_take_few_buckets),
		cmocka_unit_test(the_order_is_that_of_last_use),
		cmocka_unit_test(the_oldest_ones_leave_no_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
