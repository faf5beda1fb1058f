/* test_websocket.c: frames of every form, fragments, masks, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/carrier_talk.h"

static struct carrier_talk talk;
static const struct carrier *const websocket = &carrier_websocket;

/* One direction alone. */
static const char *said(enum direction dir, const char *text, size_t len)
{
	const struct turn turns[] = { { dir, text, len } };

	carrier_talk_all(&talk, websocket, TURNS(turns));
	assert_string_equal(talk.told.text, "");
	return talk.given[dir].text;
}

#define SAID_UP(text)   said(DIR_TO_SERVER, text, sizeof(text) - 1)
#define SAID_DOWN(text) said(DIR_TO_CLIENT, text, sizeof(text) - 1)

static void test_frames(void **unused)
{
	(void)unused;
	assert_string_equal(SAID_DOWN("\x81\x02{}\x82\x03[1]\x81\x00\x81\x01x"), "<{}><[1]><><x>");
	assert_string_equal(SAID_UP("\x81\x82\1\2\3\4zy\x81\x85\0\0\0\0hello"), "<{{><hello>");
	assert_string_equal(SAID_UP("\x81\x87\1\1\1\1`bcdefg"), "<acbedgf>");
	/* the long forms, needlessly long */
	assert_string_equal(SAID_DOWN("\x81\x7e\0\2{}\x81\x7f\0\0\0\0\0\0\0\2[]"), "<{}><[]>");
	assert_string_equal(SAID_UP("\x82\xfe\0\2\0\0\0\0{}\x82\xff\0\0\0\0\0\0\0\2\1\1\1\1z|"),
			    "<{}><{}>");
}

static void test_long_frames(void **unused)
{
	static char text[6000];
	static char want[6100];
	size_t len = 5000;

	(void)unused;
	memset(text, 'a' ^ 1, sizeof(text));
	memcpy(text, "\x81\xfe\x13\x88\1\1\1\1", 8);
	memset(want, 'a', sizeof(want));
	want[0] = '<';
	memcpy(&want[1 + len], ">", 2);
	carrier_talk_begin(&talk, websocket);
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_of(text, 8 + len));
	assert_string_equal(carrier_up(&talk), want);
	carrier_talk_begin(&talk, websocket);
	for (size_t at = 0; at < 8 + len; at += 7)
		carrier_talk_say(&talk, DIR_TO_SERVER, slice_sub(slice_of(text, 8 + len), at, 7));
	assert_string_equal(carrier_up(&talk), want);
}

static void test_fragments_and_control(void **unused)
{
	(void)unused;
	assert_string_equal(
		SAID_DOWN("\x01\x01{\x89\x02pi\x00\x03\"a\"\x8a\x00\x80\x03:1}\x81\x02[]"),
		"<{\"a\":1}><[]>");
	assert_string_equal(SAID_DOWN("\x01\x02{}\x00\x00\x80\x00"), "<{}>");
	/* picked up inside a message */
	assert_string_equal(SAID_DOWN("\x80\x02:1\x81\x02{}"), ":1><{}>");
	/* nothing follows a close */
	assert_string_equal(SAID_UP("\x81\x82\0\0\0\0{}\x88\x82\0\0\0\0\3\xe8\x81\x82\0\0\0\0{}"),
			    "<{}>");
}

static void test_deflate(void **unused)
{
	(void)unused;
	assert_string_equal(SAID_DOWN("\xc1\x03\xaa\x56\x01\x81\x02{}\x41\x01\xaa\x80\x01\x02"),
			    "<deflate:\xaa\x56\x01><{}><deflate:\xaa\x02>");
	assert_string_equal(SAID_UP("\xc2\x82\1\1\1\1\xab\x57"), "<deflate:\xaa\x56>");
}

static void test_no_frames(void **unused)
{
	(void)unused;
	assert_string_equal(SAID_DOWN("{\"id\":1}"), "?{\"id\":1}");
	assert_string_equal(SAID_DOWN("\x83\x02{}"), "?\x83\x02{}");
	assert_string_equal(SAID_DOWN("\x91\x02{}"), "?\x91\x02{}");
	assert_string_equal(SAID_DOWN("\x09\x00{}"), "?\x09");
	assert_string_equal(SAID_DOWN("\xc9\x02{}"), "?\xc9\x02{}");
	assert_string_equal(SAID_DOWN("\xc0\x02{}"), "?\xc0\x02{}");
	assert_string_equal(SAID_DOWN("\x89\x7e\1\1{}"), "?~\1\1{}");
	assert_string_equal(SAID_DOWN("\x81\x7f\x80\1{}"), "?\x80\1{}");
	/* behind a good one the rest is nobody's */
	assert_string_equal(SAID_DOWN("\x81\x02{}\x83\x02{}\x81\x02{}"), "<{}>");
	assert_string_equal(SAID_DOWN("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff{}"), "<{}");
}

static void test_probe(void **unused)
{
	(void)unused;
	assert_int_equal(PROBE_UP(websocket, "\x81\x82\1\2\3\4z"), PROBE_YES);
	assert_int_equal(PROBE_UP(websocket, "\x82\xfe\1\0\1\2\3\4\x5a"), PROBE_YES);
	assert_int_equal(PROBE_UP(websocket, "\x81\xff\0\0\0\0\0\1\0\0\1\2\3\4\x0b"), PROBE_YES);
	assert_int_equal(PROBE_UP(websocket, "\x81\x82\1\2\3\4a"), PROBE_NO);
	assert_int_equal(PROBE_UP(websocket, "\x81\x82\1\2\3"), PROBE_MAYBE);
	assert_int_equal(PROBE_DOWN(websocket, "\x81\x02{"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(websocket, "\x01\x02\n"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(websocket, "\x81\x02h"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(websocket, "\x81\x00"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(websocket, "\x80\x02{"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(websocket, "\xc1\x7e\1\0\xaa"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(websocket, "\xc1\x7e\1\0\xab"), PROBE_NO);
	/* control frames are crossed */
	assert_int_equal(PROBE_DOWN(websocket, "\x89\x02hi\x81\x02{"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(websocket, "\x89\x02hi"), PROBE_MAYBE);
	assert_int_equal(PROBE_DOWN(websocket, "\x89\x7d"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(websocket, "\x89\x02hi{"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(websocket, "\x8b"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(websocket, "\x89\x10qqqqqqqqqqqqqqqq\x89\x10qqqqqqqqqqqqqqqq"),
			 PROBE_NO);
	/* what begins behind the bytes that a probe may ask for is not asked for */
	assert_int_equal(PROBE_DOWN(websocket, "\x89\x1cqqqqqqqqqqqqqqqqqqqqqqqqqqqq\x81\x02{}"),
			 PROBE_NO);
	/* a flow that is the wrong way round */
	assert_int_equal(PROBE_UP(websocket, "\x81\x02{"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(websocket, "\x81\x82\1\2\3\4z"), PROBE_YES);
	assert_int_equal(PROBE_UP(websocket, "\x81\x02 "), PROBE_NO);
	assert_int_equal(PROBE_UP(websocket, "\x89\x00"), PROBE_NO);
	assert_int_equal(PROBE_UP(websocket, "{"), PROBE_NO);
	assert_int_equal(PROBE_UP(websocket, "\x16\3\1"), PROBE_NO);
}

static void test_gap(void **unused)
{
	(void)unused;
	carrier_talk_begin(&talk, websocket);
	carrier_talk_say(&talk, DIR_TO_CLIENT, slice_of("\x81\x10{", 3));
	assert_true(websocket->gap(talk.state, DIR_TO_CLIENT));
	carrier_talk_say(&talk, DIR_TO_CLIENT, slice_of("\x81\x02{}", 4));
	assert_string_equal(carrier_down(&talk), "<{<{}>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_long_frames),
		cmocka_unit_test(test_fragments_and_control),
		cmocka_unit_test(test_deflate),
		cmocka_unit_test(test_no_frames),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
