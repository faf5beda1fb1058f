/* test_name_memo.c: names that are asked again, other lists, other ports. */
#include "tests/unit/lists_rig.h"

#include "sensor/name_memo.h"

static const char *memo_tag(struct name_memo *memo, const struct lists *lists, const char *name,
			    uint16_t port)
{
	return tag_of(name_memo_match(memo, lists, slice_str(name), port));
}

static void test_same_answer_again(void **state)
{
	struct lists *lists = lists_of("pool pool.example.net first\npool =example.org second\n");
	struct name_memo *memo = name_memo_new();

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_string_equal(memo_tag(memo, lists, "eu.pool.example.net", 0), "first");
		assert_string_equal(memo_tag(memo, lists, "example.org", 0), "second");
		assert_string_equal(memo_tag(memo, lists, "www.example.org", 0), "-");
		assert_string_equal(memo_tag(memo, lists, "", 0), "-");
	}
	name_memo_free(memo);
	lists_free(lists);
}

static void test_ports_are_apart(void **state)
{
	struct lists *lists = lists_of("pool pool.example.net:3333 stratum\n");
	struct name_memo *memo = name_memo_new();

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_string_equal(memo_tag(memo, lists, "pool.example.net", 443), "-");
		assert_string_equal(memo_tag(memo, lists, "pool.example.net", 3333), "stratum");
		assert_string_equal(memo_tag(memo, lists, "pool.example.net", 0), "stratum");
	}
	name_memo_free(memo);
	lists_free(lists);
}

/* Loaded, asked and freed in turn: the next one may have the address of the one before. */
static void test_other_lists(void **state)
{
	struct name_memo *memo = name_memo_new();

	(void)state;
	for (int i = 0; i < 8; i++) {
		bool is_odd = i % 2 != 0;
		struct lists *lists =
			lists_of(is_odd ? "pool a.example.net odd\n" : "pool b.example.net even\n");

		assert_string_equal(memo_tag(memo, lists, "a.example.net", 0),
				    is_odd ? "odd" : "-");
		assert_string_equal(memo_tag(memo, lists, "b.example.net", 0),
				    is_odd ? "-" : "even");
		lists_free(lists);
	}
	name_memo_free(memo);
}

static void test_no_lists(void **state)
{
	struct lists *lists = lists_of("pool pool.example.net one\n");
	struct lists *empty = lists_of("");
	struct name_memo *memo = name_memo_new();

	(void)state;
	assert_string_equal(memo_tag(memo, lists, "pool.example.net", 0), "one");
	assert_int_equal(name_memo_match(memo, NULL, slice_str("pool.example.net"), 0), 0);
	assert_string_equal(memo_tag(memo, empty, "pool.example.net", 0), "-");
	assert_string_equal(memo_tag(memo, lists, "pool.example.net", 0), "one");
	name_memo_free(memo);
	lists_free(lists);
	lists_free(empty);
}

/* More names than it has slots, twice: each is what the lists say. */
static void test_more_names_than_slots(void **state)
{
	struct lists *lists = lists_of("pool n7.example.net seven\npool n10000.example.net far\n");
	struct name_memo *memo = name_memo_new();

	(void)state;
	for (unsigned i = 0; i < 40000; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "n%u.example.net", i % 20000);
		assert_int_equal(name_memo_match(memo, lists, slice_str(name), 0),
				 lists_match_name(lists, LIST_WATCHED, name, strlen(name), 0));
	}
	name_memo_free(memo);
	lists_free(lists);
}

static void test_strange_bytes(void **state)
{
	struct lists *lists = lists_of("pool pool.example.net one\n");
	struct name_memo *memo = name_memo_new();
	const char bytes[] = "\xff\0\x80.pool.example.net";
	struct slice strange = slice_of(bytes, sizeof(bytes) - 1);
	char longest[400];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	for (int i = 0; i < 2; i++) {
		assert_string_equal(tag_of(name_memo_match(memo, lists, strange, 0)), "one");
		assert_int_equal(
			name_memo_match(memo, lists, slice_of(longest, sizeof(longest)), 0), 0);
	}
	name_memo_free(memo);
	lists_free(lists);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_answer_again),
		cmocka_unit_test(test_ports_are_apart),
		cmocka_unit_test(test_other_lists),
		cmocka_unit_test(test_no_lists),
		cmocka_unit_test(test_more_names_than_slots),
		cmocka_unit_test(test_strange_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
