/* test_proxy_header.c: the PROXY protocol in front of a stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/proxy_header.h"
#include "tests/unit/carrier_talk.h"

#define V2_MAGIC "\r\n\r\n\0\r\nQUIT\n"

#define V1_LONGEST 107

static struct carrier_talk talk;
static const struct carrier *const proxy = &carrier_proxy_header;

static void say(const char *text, size_t len)
{
	const struct turn turns[] = { { DIR_TO_SERVER, text, len }, DOWN("PONG {}\n") };

	carrier_talk_all(&talk, proxy, TURNS(turns));
	assert_string_equal(carrier_down(&talk), "!PONG {}\n");
}

#define SAY(text) say(text, sizeof(text) - 1)

static void test_v1(void **unused)
{
	(void)unused;
	SAY("PROXY TCP4 192.0.2.7 198.51.100.9 51000 3333\r\n{\"id\":1}\n");
	assert_string_equal(carrier_up(&talk), "!{\"id\":1}\n");
	SAY("PROXY UNKNOWN\r\n{}");
	assert_string_equal(carrier_up(&talk), "!{}");
	SAY("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\n{}");
	assert_string_equal(carrier_up(&talk), "!{}");
}

static void test_v2(void **unused)
{
	(void)unused;
	SAY(V2_MAGIC "\x21\x11\0\x0c\xc0\0\2\7\xc6\x33\x64\x09\xc7\x38\x0d\x05{\"id\":1}\n");
	assert_string_equal(carrier_up(&talk), "!{\"id\":1}\n");
	SAY(V2_MAGIC "\x20\0\0\0{}");
	assert_string_equal(carrier_up(&talk), "!{}");
	SAY(V2_MAGIC "\x21\x11\0\x13\xc0\0\2\7\xc6\x33\x64\x09\xc7\x38\x0d\x05\4\0\4abcd{}");
	assert_string_equal(carrier_up(&talk), "!{}");
}

static void test_hostile(void **unused)
{
	char line[300];

	(void)unused;
	SAY("PROXY TCP4 \x01{}");
	assert_string_equal(carrier_up(&talk), "?\x01{}");
	SAY("{\"id\":1}\n");
	assert_string_equal(carrier_up(&talk), "?{\"id\":1}\n");
	SAY(V2_MAGIC "\x31\x11\0\x0c{}");
	assert_string_equal(carrier_up(&talk), "?1\x11");
	SAY(V2_MAGIC "\x21\x11\xff\xff{}");
	assert_string_equal(carrier_up(&talk), "?\xff\xff{}");
	SAY(V2_MAGIC "\x21\x11\x10\x01{}");
	assert_string_equal(carrier_up(&talk), "?\x01{}");
	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY ", 6);
	line[106] = '\n';
	say(line, 107);
	assert_string_equal(carrier_up(&talk), "!");
	line[106] = 'x';
	line[107] = '\n';
	say(line, 108);
	assert_string_equal(carrier_up(&talk), "?x\n");
}

static void test_probe(void **unused)
{
	(void)unused;
	assert_int_equal(PROBE_UP(proxy, "PROXY TCP4"), PROBE_YES);
	assert_int_equal(PROBE_UP(proxy, "PRO"), PROBE_MAYBE);
	assert_int_equal(PROBE_UP(proxy, "PROPFIND /"), PROBE_NO);
	assert_int_equal(PROBE_UP(proxy, "\r\n\r\n"), PROBE_MAYBE);
	assert_int_equal(PROBE_UP(proxy, V2_MAGIC "\x21"), PROBE_YES);
	assert_int_equal(PROBE_UP(proxy, "\r\n{"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(proxy, "PROXY TCP4"), PROBE_NO);
}

static void test_gap(void **unused)
{
	(void)unused;
	carrier_talk_begin(&talk, proxy);
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_str("PROXY TCP4 192"));
	assert_false(proxy->gap(talk.state, DIR_TO_SERVER));
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_str("{}"));
	assert_string_equal(carrier_up(&talk), "!{}");
}

/* The end of a header of version 1, as a hole leaves it. */
static void test_rest(void **unused)
{
	static const char *const none[] = { "", "3333", "3333\n", "TCP4 1\r\n", "{}\r\n" };
	char text[V1_LONGEST + 2];

	(void)unused;
	assert_int_equal(proxy_header_rest(slice_str(" 198.51.100.9 51000 3333\r\nCONNECT")), 26);
	assert_int_equal(proxy_header_rest(slice_str("db8::2 1 2\r\n")), 12);
	assert_int_equal(proxy_header_rest(slice_str("\r\n")), 2);
	assert_int_equal(proxy_header_rest(slice_str("\n")), 1);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(proxy_header_rest(slice_str(none[i])), 0);
	for (size_t len = V1_LONGEST - 1; len <= V1_LONGEST + 1; len++) {
		memset(text, '1', sizeof(text));
		memcpy(text + len - 2, "\r\n", 2);
		assert_int_equal(proxy_header_rest(slice_of(text, len)),
				 len <= V1_LONGEST ? len : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v1),      cmocka_unit_test(test_v2),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_probe),
		cmocka_unit_test(test_gap),     cmocka_unit_test(test_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
