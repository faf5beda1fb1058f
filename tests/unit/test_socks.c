/* test_socks.c: SOCKS 4, 4a and 5, both directions and each alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/carrier_talk.h"

#define LOGIN "{\"id\":1}\n"

static struct carrier_talk talk;
static const struct carrier *const socks = &carrier_socks;

static void check(const char *up, const char *down, const char *told)
{
	assert_string_equal(carrier_up(&talk), up);
	assert_string_equal(carrier_down(&talk), down);
	assert_string_equal(talk.told.text, told);
}

static void test_v5_name(void **unused)
{
	const struct turn turns[] = {
		UP("\5\1\0"),
		DOWN("\5\0"),
		UP("\5\1\0\3\x10pool.example.com\x0d\x05"),
		DOWN("\5\0\0\1\xc0\0\2\7\x1f\x90"),
		UP(LOGIN),
		DOWN("{\"result\":true}\n"),
	};

	(void)unused;
	carrier_talk_all(&talk, socks, TURNS(turns));
	check("!" LOGIN, "!{\"result\":true}\n", "pool.example.com:3333 ");
}

static void test_v5_addresses(void **unused)
{
	const struct turn v4[] = { UP("\5\2\0\1\5\1\0\1\xc6\x33\x64\x09\x1f\x90" LOGIN) };
	const struct turn v6[] = {
		UP("\5\1\0\5\1\0\4\x20\1\x0d\xb8\0\0\0\0\0\1\0\0\0\0\0\x0a\0\x50" LOGIN),
		DOWN("\5\0\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0ok")
	};
	const struct turn loopback[] = { UP(
		"\5\1\0\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\x50") };
	const struct turn tail[] = { UP("\5\1\0\5\1\0\4\x20\1\0\1\0\2\0\3\0\4\0\5\0\0\0\0\0\x50") };

	(void)unused;
	carrier_talk_all(&talk, socks, TURNS(v4));
	check("!" LOGIN, "", "198.51.100.9:8080 ");
	carrier_talk_all(&talk, socks, TURNS(v6));
	check("!" LOGIN, "!ok", "[2001:db8::1:0:0:a]:80 ");
	carrier_talk_all(&talk, socks, TURNS(loopback));
	check("!", "", "[::1]:80 ");
	carrier_talk_all(&talk, socks, TURNS(tail));
	check("!", "", "[2001:1:2:3:4:5::]:80 ");
}

static void test_v5_password(void **unused)
{
	const struct turn turns[] = {
		UP("\5\2\0\2"),
		DOWN("\5\2"),
		UP("\1\5alice\6secret"),
		DOWN("\1\0"),
		UP("\5\1\0\3\x07"
		   "a.b.org\0\x50" LOGIN),
		DOWN("\5\0\0\3\2ab\0\0{}"),
	};
	const struct turn empty[] = { UP("\5\1\2\1\0\0\5\1\0\1\xc0\0\2\1\0\x50x") };

	(void)unused;
	carrier_talk_all(&talk, socks, TURNS(turns));
	check("!" LOGIN, "!{}", "a.b.org:80 ");
	/* what was kept of the password: nothing */
	assert_null(memmem(talk.state, sizeof(talk.state), "secret", 6));
	carrier_talk_all(&talk, socks, TURNS(empty));
	check("!x", "", "192.0.2.1:80 ");
}

static void test_v4(void **unused)
{
	const struct turn v4[] = { UP("\4\1\x0d\x05\xc0\0\2\x07miner\0" LOGIN),
				   DOWN("\0\x5a\0\0\0\0\0\0{}") };
	const struct turn v4a[] = { UP("\4\1\x0d\x05\0\0\0\1\0pool.example.com\0" LOGIN),
				    DOWN("\0\x5b\0\0\0\0\0\0{}") };

	(void)unused;
	carrier_talk_all(&talk, socks, TURNS(v4));
	check("!" LOGIN, "!{}", "192.0.2.7:3333 ");
	carrier_talk_all(&talk, socks, TURNS(v4a));
	check("!" LOGIN, "", "pool.example.com:3333 ");
}

static void test_refusals(void **unused)
{
	const struct turn refused[] = { UP("\5\1\0"), DOWN("\5\xff{}") };
	const struct turn failed[] = { UP("\5\1\0\5\1\0\3\1a\0\1"),
				       DOWN("\5\0\5\5\0\1\0\0\0\0\0\0{}") };
	const struct turn udp[] = { UP("\5\1\0\5\3\0\1\0\0\0\0\0\0{}") };
	const struct turn gssapi[] = { UP("\5\1\1\1\1\0\4abcd{}"), DOWN("\5\1\1\1\0\4abcd") };
	const struct turn denied[] = { UP("\5\1\2\1\1a\1b"), DOWN("\5\2\1\1{}") };
	const struct turn bare[] = { UP("\5\1\0"), DOWN("{\"error\":1}\n") };
	const struct turn evil[] = { UP("\5\1\0\5\1\0\3\4a\nb:\0\1x") };
	const struct turn zero[] = { UP("\5\1\0\5\1\0\3\0\0\1x") };

	(void)unused;
	carrier_talk_all(&talk, socks, TURNS(refused));
	check("", "", "");
	carrier_talk_all(&talk, socks, TURNS(failed));
	check("!", "", "a:1 ");
	carrier_talk_all(&talk, socks, TURNS(udp));
	check("", "", "");
	carrier_talk_all(&talk, socks, TURNS(gssapi));
	check("", "", "");
	carrier_talk_all(&talk, socks, TURNS(denied));
	check("", "", "");
	carrier_talk_all(&talk, socks, TURNS(bare));
	check("", "?{\"error\":1}\n", "");
	carrier_talk_all(&talk, socks, TURNS(evil));
	check("!x", "", "");
	carrier_talk_all(&talk, socks, TURNS(zero));
	check("", "", "");
}

static void test_endless_user(void **unused)
{
	char text[1200];
	const struct turn turns[] = { { DIR_TO_SERVER, text, sizeof(text) } };

	(void)unused;
	memset(text, 'u', sizeof(text));
	memcpy(text, "\4\1\x0d\x05\0\0\0\1", 8);
	carrier_talk_all(&talk, socks, TURNS(turns));
	check("", "", "");
	text[9] = '\0';
	carrier_talk_all(&talk, socks, TURNS(turns));
	check("", "", "");
}

static void test_probe(void **unused)
{
	(void)unused;
	assert_int_equal(PROBE_UP(socks, "\5\1\0"), PROBE_MAYBE);
	assert_int_equal(PROBE_UP(socks, "\5\1\0\5\1\0"), PROBE_YES);
	assert_int_equal(PROBE_UP(socks, "\5\2\0\2\1"), PROBE_YES);
	assert_int_equal(PROBE_UP(socks, "\5\1\0{"), PROBE_NO);
	assert_int_equal(PROBE_UP(socks, "\5\2\0\0\5"), PROBE_NO);
	assert_int_equal(PROBE_UP(socks, "\5\1\x40"), PROBE_NO);
	assert_int_equal(PROBE_UP(socks, "\5\0"), PROBE_NO);
	assert_int_equal(PROBE_UP(socks, "\4\1\x0d\x05\xc0\0\2\7\0"), PROBE_YES);
	assert_int_equal(PROBE_UP(socks, "\4\1\0\0\xc0\0\2\7\0"), PROBE_NO);
	assert_int_equal(PROBE_UP(socks, "\4\1\x0d\x05\0\0\0\0"), PROBE_NO);
	assert_int_equal(PROBE_UP(socks, "\4\1\x0d\x05\xc0\0\2\7\x01"), PROBE_NO);
	assert_int_equal(PROBE_UP(socks, "\4\2"), PROBE_NO);
	assert_int_equal(
		PROBE_UP(socks, "\4\1\x0d\x05\xc0\0\2\7aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
		PROBE_NO);
	assert_int_equal(PROBE_UP(socks, "\4\1\x0d\x05\xc0\0\2\7qqqqqqqqqqqqqqqqqqqqqqqqqqqqqq\0x"),
			 PROBE_NO);
	assert_int_equal(PROBE_UP(socks, "{"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(socks, "\5\0"), PROBE_MAYBE);
	assert_int_equal(PROBE_DOWN(socks, "\5\0\5\0\0\1"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(socks, "\5\2\1\0\5\0\0\3"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(socks, "\5\0\x93"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(socks, "\0\x5a\0\0\0\0\0\0"), PROBE_MAYBE);
	assert_int_equal(PROBE_DOWN(socks, "\0\x5a\0\0\0\0\0\0{"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(socks, "\0\x5a\x12\x34\x81\x80\0\1\0"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(socks, "\0\x5a\0\0\0\0\0\0\0"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(socks, "\0\x5a\0\0\0\0\0\0q"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(socks, "\0\x5b"), PROBE_NO);
}

/* After a hole behind `first`, whole and byte by byte. */
static void check_rest(enum direction dir, struct slice first, struct slice rest, const char *given,
		       const char *told)
{
	for (size_t step = 1; step <= rest.len; step += rest.len > 1 ? rest.len - 1 : 1) {
		carrier_talk_begin(&talk, socks);
		if (first.len > 0)
			carrier_talk_say(&talk, dir, first);
		assert_false(socks->gap(talk.state, dir));
		for (size_t at = 0; at < rest.len; at += step)
			carrier_talk_say(&talk, dir, slice_sub(rest, at, step));
		assert_string_equal(talk.given[dir].text, given);
		assert_string_equal(talk.told.text, told);
	}
}

#define REST_UP(first, rest, given, told) \
	check_rest(DIR_TO_SERVER, slice_of(first, sizeof(first) - 1), \
		   slice_of(rest, sizeof(rest) - 1), given, told)
#define REST_DOWN(first, rest, given) \
	check_rest(DIR_TO_CLIENT, slice_of(first, sizeof(first) - 1), \
		   slice_of(rest, sizeof(rest) - 1), given, "")

static void test_rest_of_a_handshake(void **unused)
{
	(void)unused;
	REST_UP("\5\1", "\5\1\0\3\4a.io\x0d\x05" LOGIN, "!" LOGIN, "a.io:3333 ");
	REST_UP("\5\1", "\0\5\1\0\3\4a.io\x0d\x05" LOGIN, "!" LOGIN, "a.io:3333 ");
	REST_UP("\5\1\0\5\1", "ample.net\x0d\x05" LOGIN, "!" LOGIN, "");
	REST_UP("\4\1\x0d", "user\0" LOGIN, "!" LOGIN, "");
	REST_UP("\4\1\x0d", "user\0pool.example.net\0" LOGIN, "!" LOGIN, "");
	REST_UP("\5\1\0", LOGIN, "!" LOGIN, "");
	/* words of somebody else's are given on: they say what follows is quoted */
	REST_UP("\5\1\0", "NICK ann\r\n" LOGIN, "NICK! ann\r\n" LOGIN, "");
	REST_DOWN("\5", "\5\0\0\1\xc0\0\2\7\x1f\x90{}", "!{}");
	REST_DOWN("\5\0", "\xef\xbb\xbf{}", "!\xef\xbb\xbf{}");
}

static void test_rest_without_end(void **unused)
{
	static char text[600];

	(void)unused;
	memset(text, 'a', sizeof(text) - 1);
	carrier_talk_begin(&talk, socks);
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_of("\5\1", 2));
	assert_false(socks->gap(talk.state, DIR_TO_SERVER));
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_str(text));
	assert_int_equal(strlen(carrier_up(&talk)), sizeof(text) - 1 + 1);
}

/* The greeting and the choice were lost before anything was heard. */
static void test_begun_behind_the_greeting(void **unused)
{
	const struct turn turns[] = {
		UP("\5\1\0\3\x10pool.example.com\x0d\x05"),
		DOWN("\5\0\0\1\xc0\0\2\7\x1f\x90"),
		UP(LOGIN),
		DOWN("{\"result\":true}\n"),
	};

	(void)unused;
	carrier_talk_all(&talk, socks, TURNS(turns));
	check("!" LOGIN, "!{\"result\":true}\n", "pool.example.com:3333 ");
	assert_int_equal(PROBE_UP(socks, "\5\1\0\3\x10p"), PROBE_YES);
	assert_int_equal(PROBE_UP(socks, "\5\1\0\2"), PROBE_NO);
	assert_int_equal(PROBE_UP(socks, "\5\1\2\3"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(socks, "\5\0\0\1"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(socks, "\5\0\0\2"), PROBE_NO);
}

/* Of the greeting only the end was seen. */
static void test_begun_inside_the_greeting(void **unused)
{
	static const char *const ends[] = { "\0\5\1\0\3\x10", "\1\0\5\1\0\3\x10" };

	(void)unused;
	for (size_t i = 0; i < 2; i++) {
		const struct turn turns[] = {
			{ DIR_TO_SERVER, ends[i], 6 + i },
			UP("pool.example.com\x0d\x05" LOGIN),
		};

		carrier_talk_all(&talk, socks, TURNS(turns));
		check("!" LOGIN, "", "pool.example.com:3333 ");
	}
	assert_int_equal(PROBE_UP(socks, "\0\5\1\0\3"), PROBE_YES);
	assert_int_equal(PROBE_UP(socks, "\2\0\2\5\1\0\1"), PROBE_YES);
	assert_int_equal(PROBE_UP(socks, "\0\0\0\x2e"), PROBE_NO);
	assert_int_equal(PROBE_UP(socks, "\0\0\0\0\5\1\0\1"), PROBE_NO);
}

static void test_gap(void **unused)
{
	(void)unused;
	carrier_talk_begin(&talk, socks);
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_of("\5\1\0\5", 4));
	assert_false(socks->gap(talk.state, DIR_TO_SERVER));
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_str("{}"));
	check("!{}", "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v5_name),
		cmocka_unit_test(test_v5_addresses),
		cmocka_unit_test(test_v5_password),
		cmocka_unit_test(test_v4),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_endless_user),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_rest_of_a_handshake),
		cmocka_unit_test(test_rest_without_end),
		cmocka_unit_test(test_begun_behind_the_greeting),
		cmocka_unit_test(test_begun_inside_the_greeting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
