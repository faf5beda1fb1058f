/* test_flow_names.c: what a flow said of its server, which of it counts, and for how long. */
#include "sensor/flow_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/facts.h"

#define CAPACITY 4

static struct flow_names *names;
static struct stats stats;

static int setup(void **state)
{
	(void)state;
	memset(&stats, 0, sizeof(stats));
	names = flow_names_new(CAPACITY, &stats);
	return names == NULL;
}

static int teardown(void **state)
{
	(void)state;
	flow_names_free(names);
	return 0;
}

static void name(uint64_t flow_id, enum name_source source, uint32_t listed, const char *text)
{
	struct name_fact fact = { .flow_id = flow_id, .listed = listed, .source = (uint8_t)source };

	snprintf(fact.name, sizeof(fact.name), "%s", text);
	flow_names_name(names, &fact);
}

static void hello(uint64_t flow_id, const char *sni)
{
	struct hello_fact fact = { .flow_id = flow_id, .view = { .fingerprint = 12 } };

	snprintf(fact.view.sni, sizeof(fact.view.sni), "%s", sni);
	flow_names_hello(names, &fact);
}

static void assert_name(uint64_t flow_id, enum name_source source, uint32_t listed,
			const char *text)
{
	const struct flow_name *flow = flow_names_find(names, flow_id);

	assert_non_null(flow);
	assert_int_equal(flow->source, source);
	assert_int_equal(flow->listed, listed);
	assert_string_equal(flow->name, text);
}

static void test_a_name_is_kept_until_it_is_dropped(void **state)
{
	(void)state;
	assert_null(flow_names_find(names, 1));
	name(1, NAME_SNI, 5, "pool.example.net");
	assert_name(1, NAME_SNI, 5, "pool.example.net");
	assert_int_equal(flow_names_find(names, 1)->has_hello, 0);
	assert_null(flow_names_find(names, 2));
	flow_names_drop(names, 2);
	flow_names_drop(names, 1);
	assert_null(flow_names_find(names, 1));
	flow_names_drop(names, 1);
}

static void test_sources_of_more_weight_win(void **state)
{
	(void)state;
	name(1, NAME_HOST, 5, "host.example.net");
	name(1, NAME_SNI, 6, "sni.example.net");
	assert_name(1, NAME_HOST, 5, "host.example.net");
	name(1, NAME_HOST, 7, "host2.example.net");
	assert_name(1, NAME_HOST, 7, "host2.example.net");
	name(1, NAME_TUNNEL, 8, "tunnel.example.net");
	assert_name(1, NAME_TUNNEL, 8, "tunnel.example.net");
}

/* The hello's own fact may come on either side of the one that says the name is listed. */
static void test_a_hello_names_what_nobody_named(void **state)
{
	(void)state;
	hello(1, "front.example.org");
	assert_name(1, NAME_SNI, 0, "front.example.org");
	name(1, NAME_SNI, 5, "pool.example.net");
	assert_name(1, NAME_SNI, 5, "pool.example.net");
	name(2, NAME_SNI, 5, "pool.example.net");
	hello(2, "pool.example.net");
	assert_name(2, NAME_SNI, 5, "pool.example.net");
	assert_int_equal(flow_names_find(names, 2)->has_hello, 1);
	assert_int_equal(flow_names_find(names, 2)->hello.fingerprint, 12);
	hello(3, "");
	assert_name(3, NAME_NONE, 0, "");
	assert_int_equal(flow_names_find(names, 3)->has_hello, 1);
}

static void test_long_names_are_cut(void **state)
{
	char text[LIMIT_DOMAIN_TEXT];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	name(1, NAME_HOST, 5, text);
	text[LIMIT_POOL_TEXT - 1] = '\0';
	assert_name(1, NAME_HOST, 5, text);
}

static void test_the_one_silent_for_longest_makes_room(void **state)
{
	(void)state;
	for (uint64_t id = 1; id <= CAPACITY; id++)
		name(id, NAME_SNI, 5, "pool.example.net");
	hello(1, "pool.example.net"); /* speaks again */
	assert_int_equal(stats.correlator_capped, 0);
	name(9, NAME_SNI, 5, "pool.example.net");
	assert_int_equal(stats.correlator_capped, 1);
	assert_non_null(flow_names_find(names, 1));
	assert_null(flow_names_find(names, 2));
	assert_non_null(flow_names_find(names, 9));
}

int main(void)
{
#define WITH_NAMES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_NAMES(test_a_name_is_kept_until_it_is_dropped),
		WITH_NAMES(test_sources_of_more_weight_win),
		WITH_NAMES(test_a_hello_names_what_nobody_named),
		WITH_NAMES(test_long_names_are_cut),
		WITH_NAMES(test_the_one_silent_for_longest_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
