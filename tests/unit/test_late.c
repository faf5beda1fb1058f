/* test_late.c: which requests and frames of a connection that was given up are worth a look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "protocols/late.h"
#include "tests/unit/guard.h"

#define MASK "\x11\x22\x33\x44"

static struct guard guard;

static void test_requests_have_a_whole_first_line(void **state)
{
	static const char *const good[] = {
		"POST / HTTP/1.1\r\n",
		"GET /lp HTTP/1.0\r\nHost: a\r\n\r\n",
		"CONNECT pool.example.com:3333 HTTP/1.1\r\n\r\n",
	};
	static const char *const bad[] = {
		"",
		"POST ",
		"POST / HTTP/1.1",
		"POST /\r\nHost: HTTP/1.1\r\n",
		"\r\n",
		"POST HTTP/2.0\r\n",
		"xPOST / HTTP/1.1\r\n",
		"PUT / HTTP/1.1\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(late_request(guard_str(&guard, good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(late_request(guard_str(&guard, bad[i])));
}

static void test_requests_of_mining_have_words(void **state)
{
#define POST "POST /api HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET  "GET /api HTTP/1.1\r\nHost: a\r\n"
	static const char *const good[] = {
		POST "{\"method\":\"getwork\"}",
		POST "{\"method\":\"eth_submitWork\"}",
		POST "{\"method\":\"getblocktemplate\"}",
		POST "{\"method\":\"get_miner_data\"}",
		"POST /start_mining HTTP/1.1\r\n\r\n",
		"POST /burst?requestType=submitNonce HTTP/1.1\r\n\r\n",
		"GET /burst?requestType=getMiningInfo HTTP/1.1\r\n\r\n",
		GET "Sec-WebSocket-Key: x\r\n\r\n",
		"CONNECT a:1 HTTP/1.1\r\n\r\n",
	};
	static const char *const bad[] = {
		POST,
		POST "{\"method\":\"getnetworkinfo\"}",
		POST "{\"method\":\"eth_mining\"}",
		"GET /training HTTP/1.1\r\n\r\n",
		GET "\r\n{\"method\":\"getwork\"}",
		"POST / HTTP/1.1\r\nReferer: getwork\r\n",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!late_request_words(guard_str(&guard, good[i])))
			fail_msg("no word in %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (late_request_words(guard_str(&guard, bad[i])))
			fail_msg("a word in %s", bad[i]);
	assert_true(late_body_words(guard_str(&guard, "{\"method\":\"getwork\"}")));
	assert_false(late_body_words(guard_str(&guard, "{\"method\":\"getinfo\"}")));
}

/* A frame of that text, masked or not; 0: it does not fit. */
static size_t put_frame(char *out, uint8_t first, const char *text, bool is_masked)
{
	size_t len = strlen(text);
	size_t at = 0;

	out[at++] = (char)first;
	out[at++] = (char)((len < 126 ? len : 126) | (is_masked ? 0x80 : 0));
	if (len >= 126) {
		out[at++] = (char)(len >> 8);
		out[at++] = (char)len;
	}
	if (is_masked) {
		memcpy(out + at, MASK, 4);
		at += 4;
	}
	for (size_t i = 0; i < len; i++)
		out[at++] = is_masked ? (char)(text[i] ^ MASK[i & 3]) : text[i];
	return at;
}

static void test_frames_of_mining_are_whole_and_have_words(void **state)
{
	static const char job[] = "{\"type\":\"job\",\"params\":{\"job_id\":\"7\"}}";
	char text[400];
	char frame[512];
	size_t len;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, job, sizeof(job) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int is_masked = 0; is_masked < 2; is_masked++)
		for (uint8_t first = 0x81; first <= 0x82; first++) {
			len = put_frame(frame, first, job, is_masked != 0);
			assert_true(late_frame(guard_put(&guard, frame, len)));
			for (size_t cut = 0; cut < len; cut++)
				assert_false(late_frame(guard_put(&guard, frame, cut)));
			assert_false(late_frame(guard_put(&guard, frame, len + 1)));
			len = put_frame(frame, first, text, is_masked != 0);
			assert_true(late_frame(guard_put(&guard, frame, len)));
		}
	len = put_frame(frame, 0xc1, job, false); /* compressed */
	assert_false(late_frame(guard_put(&guard, frame, len)));
	len = put_frame(frame, 0x81, "{\"type\":\"chat\",\"text\":\"hello\"}", true);
	assert_false(late_frame(guard_put(&guard, frame, len)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_have_a_whole_first_line),
		cmocka_unit_test(test_requests_of_mining_have_words),
		cmocka_unit_test(test_frames_of_mining_are_whole_and_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
