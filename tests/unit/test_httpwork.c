/* test_httpwork.c: the words of a request head, as any stranger writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/httpwork.h"

static struct http_head head;

static void assert_query(const char *target, const char *name, const char *value)
{
	char out[16];

	(void)slice_copy(slice_str(target), head.target, sizeof(head.target));
	assert_true(slice_is(httpwork_query(&head, name, out, sizeof(out)), value));
}

static void test_query(void **unused)
{
	(void)unused;
	assert_query("/a?x=1&y=2", "y", "2");
	assert_query("/a?x=1&y=2", "z", "");
	assert_query("/a", "a", "");
	assert_query("", "", "");
	assert_query("/a?", "", "");
	assert_query("/a?x", "x", "");
	assert_query("/a?X=a%2Fb+c", "x", "a/b c");
	assert_query("/a?x=%", "x", "%");
	assert_query("/a?x=%4", "x", "%4");
	assert_query("/a?x=%4g", "x", "%4g");
	assert_query("/a?&&x=1", "x", "1");
	assert_query("/a?x=0123456789abcdefghij", "x", "0123456789abcde");
	assert_query("http://node.example.org/a?x=1", "x", "1");
	assert_query("http://node.example.org?x=1", "x", "");
}

static void assert_path(const char *target, const char *path)
{
	(void)slice_copy(slice_str(target), head.target, sizeof(head.target));
	assert_true(slice_is(httpwork_path(&head), path));
}

static void test_path(void **unused)
{
	(void)unused;
	assert_path("/a/b?x=/c", "/a/b");
	assert_path("HTTP://node.example.org:80/a", "/a");
	assert_path("http://node.example.org", "");
	assert_path("*", "*");
	assert_path("", "");
}

static void test_numbers(void **unused)
{
	(void)unused;
	assert_true(httpwork_number(slice_str("30.5"), 100) == 30.5);
	assert_true(httpwork_number(slice_str("101"), 100) == 0);
	assert_true(httpwork_number(slice_str("-1"), 100) == 0);
	assert_true(httpwork_number(slice_str("1e999"), 100) == 0);
	assert_true(httpwork_number(slice_str(""), 100) == 0);
	assert_true(httpwork_number(slice_str("7x"), 100) == 0);
	assert_true(httpwork_is_digits(slice_str("18446744073709551615")));
	assert_false(httpwork_is_digits(slice_str("184467440737095516150")));
	assert_false(httpwork_is_digits(slice_str("")));
	assert_false(httpwork_is_digits(slice_str("1 ")));
}

static void test_fill(void **unused)
{
	struct finding finding = { .kind = FINDING_LOGIN };

	(void)unused;
	httpwork_fill(NULL, &finding);
	head = (struct http_head){ .user = "ann.rig7", .agent = "cgminer", .is_response = true };
	httpwork_fill(&head, &finding);
	assert_int_equal(finding.login.len, 0);
	head.is_response = false;
	httpwork_fill(&head, &finding);
	assert_true(slice_is(finding.login, "ann.rig7") && slice_is(finding.worker, "rig7"));
	assert_true(slice_is(finding.agent, "cgminer"));
	assert_true(httpwork_is_miner(slice_str("BFGMiner/5")));
	assert_false(httpwork_is_miner(slice_str("Mozilla/5.0 cgminer")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
