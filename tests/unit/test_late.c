/* test_late.c: which messages and frames of a connection that was given up are worth a look. */
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

#define POST "POST /api HTTP/1.1\r\nHost: a\r\n"
#define GET  "GET /api HTTP/1.1\r\nHost: a\r\n"
#define OK   "HTTP/1.1 200 OK\r\nServer: a\r\n"
#define SIZE "Content-Length: 40\r\n\r\n"
#define CODE "Content-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n"
#define PART "Transfer-Encoding: chunked\r\n\r\n"

static enum late_words look(const char *text)
{
	return late_look(guard_str(&guard, text), 0);
}

static void all_are(enum late_words expected, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (look(texts[i]) != expected)
			fail_msg("%d, expected %d: %s", look(texts[i]), expected, texts[i]);
}

#define ALL_ARE(expected, texts) all_are(expected, texts, sizeof(texts) / sizeof((texts)[0]))

static const char *const mining[] = {
	POST SIZE "{\"method\":\"getwork\",\"params\":[],\"id\":1}..",
	POST SIZE "\r\n{\"method\":\"eth_submitWork\"}",
	POST "content-length: 33\r\n\r\n{\"method\":\"getblocktemplate\"}",
	POST SIZE "[{\"method\":\"get_miner_data\"}",
	POST PART "14\r\n{\"method\":\"getwork\"}\r\n0\r\n\r\n",
	POST SIZE "{\"method\":\"g\\u0065twork\"}",
	POST SIZE "{\"a\":\"\\u003c\\u00e9\",\"b\":\"\\u002E\"}",
	POST PART "1\r\n{\r\n8;a=b\r\n\"method\"\r\n4\r\n:\"ge\r\n7\r\ntwork\"}\r\n0\r\n\r\n",
	POST PART "c\r\n{\"method\":\"\\\r\n7\r\nu0067et\r\n6\r\nwork\"}\r\n0\r\n\r\n",
	POST CODE "\x1f\x8b",
	POST "content-encoding: deflate\r\ncontent-type: text/json\r\n" PART "2\r\n\x78\x9c",
	"POST /start_mining HTTP/1.1\r\n\r\n",
	"POST /burst?requestType=submitNonce HTTP/1.1\r\n\r\n",
	"GET /burst?requestType=getMiningInfo HTTP/1.1\r\n\r\n",
	GET "Sec-WebSocket-Key: x\r\n\r\n",
	"CONNECT a:1 HTTP/1.1\r\n\r\n",
	OK SIZE "{\"result\":{\"target\":\"00\"}}",
	OK SIZE "{\"previousblockhash\":\"00\"}",
	OK SIZE "{\"blocktemplate_blob\":\"00\"}",
	OK SIZE "{\"result\":[\"0x00\"]}",
	OK SIZE "{\"generationSignature\":\"00\"}",
	OK SIZE "{\"result\":{\"t\\u0061rget\":\"00\"}}",
	OK PART "4\r\n{\"ta\r\nA\r\nrget\":\"00\"\r\n1\r\n}\r\n0\r\n\r\n",
	"HTTP/1.1 101 Switching Protocols\r\n\r\n",
};

static void test_messages_of_mining_have_words(void **state)
{
	(void)state;
	ALL_ARE(LATE_WORDS_FOUND, mining);
	assert_true(late_body_words(guard_str(&guard, "{\"method\":\"getwork\"}")));
	assert_false(late_body_words(guard_str(&guard, "{\"method\":\"getinfo\"}")));
}

/* Cut anywhere they are waited for, and the word is found, whatever was seen before. */
static void test_messages_may_come_in_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mining) / sizeof(mining[0]); i++) {
		struct slice whole = slice_str(mining[i]);
		enum late_words words = LATE_WORDS_AWAITED;
		size_t len = 0;

		while (words == LATE_WORDS_AWAITED && len < whole.len) {
			len++;
			words = late_look(guard_put(&guard, whole.ptr, len), len - 1);
		}
		if (words != LATE_WORDS_FOUND)
			fail_msg("%d after %zu bytes of %s", words, len, mining[i]);
		for (size_t seen = 0; seen < len; seen++)
			assert_int_equal(late_look(guard_put(&guard, whole.ptr, whole.len), seen),
					 LATE_WORDS_FOUND);
	}
}

static void test_other_messages_are_let_go(void **state)
{
	static const char *const others[] = {
		"xPOST / HTTP/1.1\r\n",
		"POST HTTP/2.0\r\n",
		"POST /\r\nHost: HTTP/1.1\r\n",
		"PUT / HTTP/1.1\r\n",
		"\r\n",
		"{\"method\":\"getwork\"}",
		"GET /training HTTP/1.1\r\n\r\n",
		GET "\r\n",
		POST "Content-Length: 4\r\n\r\n{\"a\"",
		POST SIZE "a page that says getwork",
		POST "Content-Length: 27\r\n\r\n{\"method\":\"getnetworkinfo\"}",
		POST "Content-Length: 22\r\n\r\n{\"method\":\"eth_mining\"}",
		POST PART "2\r\n{}\r\n0\r\n\r\n",
		POST PART "5\r\n{\"get\r\n3\r\n \":\r\n8\r\n\"work\"}\r\n\r\n0\r\n\r\n",
		POST "Content-Length: 32\r\n\r\n{\"a\":\"\\u003cb\\u00e9\\u4f60\\u00zz\\u0\"}",
		POST "Content-Encoding: gzip\r\n" SIZE "\x1f\x8b", /* of what? */
		OK CODE "\x1f\x8b",
		OK "Content-Length: 20\r\n\r\n{\"method\":\"getwork\"}",
		"H\r\n",
		"HTTP/2 101 \r\n",
	};

	(void)state;
	ALL_ARE(LATE_WORDS_NONE, others);
}

static void test_what_is_not_whole_is_awaited(void **state)
{
	static const char *const parts[] = {
		"P",
		"POST ",
		"POST / HTTP/1.1",
		"POST / HTTP/1.1\r\nReferer: getwork\r\n",
		"HTTP",
		GET,
		POST SIZE,
		POST CODE,
		POST SIZE "{\"method\":\"getw",
		POST PART "2\r\n{}\r\n",
		POST PART "ffffffffffffffffffff\r\n{\"a\"",
		POST PART "1\r\n{\r\n",
		POST SIZE "{\"a\":\"\\u006",
		POST "\r\n{}", /* of unknown length */
		POST "Content-Length: 99999999999999999999\r\n\r\n{",
		POST "Content-Length:",
		OK SIZE "{",
	};

	(void)state;
	ALL_ARE(LATE_WORDS_AWAITED, parts);
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

static enum late_words look_at(const char *bytes, size_t len)
{
	struct slice frame = guard_put(&guard, bytes, len);

	return late_look(frame, 0);
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
			assert_int_equal(look_at(frame, len), LATE_WORDS_FOUND);
			for (size_t cut = 1; cut < len; cut++)
				assert_int_equal(look_at(frame, cut), LATE_WORDS_AWAITED);
			assert_int_equal(look_at(frame, len + 1), LATE_WORDS_NONE);
			len = put_frame(frame, first, text, is_masked != 0);
			assert_int_equal(look_at(frame, len), LATE_WORDS_FOUND);
			assert_int_equal(look_at(frame, len - 1), LATE_WORDS_AWAITED);
			memset(text, 'x', sizeof(text) - 1);
			len = put_frame(frame, first, text, is_masked != 0);
			assert_int_equal(look_at(frame, 200), LATE_WORDS_AWAITED);
			assert_int_equal(look_at(frame, len - 1), LATE_WORDS_NONE);
			memcpy(text, job, sizeof(job) - 1);
		}
	len = put_frame(frame, 0x81, "{\"type\":\"j\\u006Fb\"}", true);
	assert_int_equal(look_at(frame, len), LATE_WORDS_FOUND);
	assert_int_equal(look_at(frame, len - 1), LATE_WORDS_AWAITED);
	len = put_frame(frame, 0x81, "{\"type\":\"chat\",\"text\":\"\\u003c\"}", true);
	assert_int_equal(look_at(frame, len), LATE_WORDS_NONE);
	len = put_frame(frame, 0xc1, job, false); /* compressed */
	assert_int_equal(look_at(frame, len), LATE_WORDS_NONE);
	len = put_frame(frame, 0x81, "{\"type\":\"chat\",\"text\":\"hello\"}", true);
	assert_int_equal(look_at(frame, len), LATE_WORDS_NONE);
}

/* The same text in frames of so many bytes, with a ping behind the first one. */
static size_t put_frames(char *out, const char *text, size_t size, bool is_masked)
{
	size_t len = strlen(text);
	size_t at = 0;

	for (size_t done = 0; done < len; done += size) {
		char part[64] = "";
		bool is_last = done + size >= len;

		memcpy(part, text + done, is_last ? len - done : size);
		at += put_frame(out + at, (uint8_t)((done == 0 ? 1 : 0) | (is_last ? 0x80 : 0)),
				part, is_masked);
		if (done == 0 && !is_last)
			at += put_frame(out + at, 0x89, "share", is_masked);
	}
	return at;
}

static void test_a_message_may_have_many_frames(void **state)
{
	static const char job[] = "{\"type\":\"job\",\"params\":{\"job_id\":\"7\"}}";
	static const char chat[] = "{\"type\":\"chat\",\"text\":\"hello\"}";
	char frames[4096];
	size_t len;

	(void)state;
	for (size_t size = 1; size <= sizeof(job); size++) {
		len = put_frames(frames, job, size, size % 2 == 0);
		assert_int_equal(look_at(frames, len), LATE_WORDS_FOUND);
		for (size_t cut = 1; cut < len; cut++)
			assert_int_equal(look_at(frames, cut), LATE_WORDS_AWAITED);
		assert_int_equal(look_at(frames, len + 1), LATE_WORDS_NONE);
		len = put_frames(frames, chat, size, size % 2 == 0);
		assert_int_equal(look_at(frames, len), LATE_WORDS_NONE);
	}
	len = put_frame(frames, 0x01, "{\"type\":", false);
	len += put_frame(frames + len, 0x81, "\"job\"}", false); /* a message in a message */
	assert_int_equal(look_at(frames, len), LATE_WORDS_NONE);
	len = put_frame(frames, 0x01, "{\"type\":\"job\"", false);
	for (size_t i = 0; i < 299; i++)
		len += put_frame(frames + len, 0x00, "", false);
	assert_int_equal(look_at(frames, len), LATE_WORDS_AWAITED);
	len += put_frame(frames + len, 0x80, "}", false);
	assert_int_equal(look_at(frames, len), LATE_WORDS_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_of_mining_have_words),
		cmocka_unit_test(test_messages_may_come_in_parts),
		cmocka_unit_test(test_other_messages_are_let_go),
		cmocka_unit_test(test_what_is_not_whole_is_awaited),
		cmocka_unit_test(test_frames_of_mining_are_whole_and_have_words),
		cmocka_unit_test(test_a_message_may_have_many_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
