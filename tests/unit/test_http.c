/* test_http.c: HTTP heads and bodies, whole and in pieces, and who follows behind them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/carrier_talk.h"

#define WORK "{\"method\":\"getwork\",\"id\":0}"

static struct carrier_talk talk;
static const struct carrier *const http = &carrier_http;

static void check(const char *up, const char *down)
{
	assert_string_equal(carrier_up(&talk), up);
	assert_string_equal(carrier_down(&talk), down);
}

/* One direction alone. */
static const char *said(enum direction dir, const char *text, size_t len)
{
	const struct turn turns[] = { { dir, text, len } };

	carrier_talk_all(&talk, http, TURNS(turns));
	return talk.given[dir].text;
}

#define SAID_UP(text)   said(DIR_TO_SERVER, text, sizeof(text) - 1)
#define SAID_DOWN(text) said(DIR_TO_CLIENT, text, sizeof(text) - 1)

static void test_getwork(void **unused)
{
	const struct turn turns[] = {
		UP("POST / HTTP/1.1\r\nHost: pool.example.com:8332\r\n"
		   "Authorization: Basic d29ya2VyOng=\r\nContent-Length: 27\r\n"
		   "X-Mining-Extensions: longpoll midstate\r\nUser-Agent: cgminer "
		   "3.7.2\r\n\r\n" WORK),
		DOWN("HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-Roll-NTime: expire=10\r\n\r\n"
		     "{\"result\":1"),
	};

	(void)unused;
	carrier_talk_all(&talk, http, TURNS(turns));
	check("<POST|" WORK ">", "<200|{\"result\":1>");
	assert_true(talk.head.is_asked);
	assert_true(talk.head.has_mining_word);
	carrier_talk_all(&talk, http, turns, 1);
	assert_string_equal(talk.head.host, "pool.example.com:8332");
	assert_string_equal(talk.head.user, "worker");
	assert_string_equal(talk.head.agent, "cgminer 3.7.2");
	assert_string_equal(talk.head.target, "/");
	assert_true(talk.head.has_password);
	assert_true(talk.head.has_mining_word);
	assert_false(talk.head.is_response);
}

/* bcoin and hsd say it to every wallet. */
static void test_a_long_poll_is_no_mining_word(void **unused)
{
	const struct turn turns[] = {
		UP("POST / HTTP/1.1\r\nHost: node\r\nContent-Length: 2\r\n\r\n{}"),
		DOWN("HTTP/1.1 200 OK\r\nX-Long-Polling: /?longpoll=1\r\n"
		     "Content-Length: 2\r\n\r\n{}"),
	};

	(void)unused;
	carrier_talk_all(&talk, http, TURNS(turns));
	check("<POST|{}>", "<200|{}>");
	assert_false(talk.head.has_mining_word);
}

static void test_keep_alive_and_pipeline(void **unused)
{
	const struct turn turns[] = {
		UP("GET /getheight HTTP/1.1\r\n\r\n\r\nHEAD /x HTTP/1.1\r\n\r\n"
		   "POST /json_rpc HTTP/1.1\r\ncontent-LENGTH:2\r\n\r\n{}GET / HTTP/1.0\r\n\r\n"),
		DOWN("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
		     "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"
		     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
		     "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"
		     "HTTP/1.0 200\r\n\r\n [1,2]"),
	};

	(void)unused;
	carrier_talk_all(&talk, http, TURNS(turns));
	check("<GET|><HEAD|><POST|{}><GET|>", "<200|{}><200|><100|><204|><304|><200|[1,2]");
	assert_false(talk.head.is_asked); /* 304 answered the last request */
}

static void test_chunks(void **unused)
{
	(void)unused;
	assert_string_equal(
		SAID_DOWN(
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
			"1\r\n{\r\n1;x=y\r\n\"\r\n1 "
			"\r\na\r\n001\n\"\n1\r\n:\r\n1\r\n1\r\n1\r\n}\r\n"
			"0\r\nTrailer: x\r\nOther: y\r\n\r\nHTTP/1.1 204 x\r\n\r\n"),
		"<200|{\"a\":1}><204|>");
	assert_string_equal(
		SAID_UP("POST / HTTP/1.1\r\nTransfer-Encoding: gzip,\r\n chunked\r\n\r\n"
			"3\r\n\x1f\x8b\x08\r\n2\r\nab\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
		"<POST|gzip:\x1f\x8b\x08"
		"ab><GET|>");
	/* sizes of nobody */
	assert_string_equal(SAID_UP("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n{}"),
			    "<POST|");
	assert_string_equal(
		SAID_UP("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n{}"), "<POST|");
	assert_string_equal(SAID_UP("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
				    "fffffffffffffffffffff\r\n{}"),
			    "<POST|{}");
	assert_string_equal(SAID_UP("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}"),
			    "<POST|{");
}

static void test_bodies_that_are_skipped(void **unused)
{
	(void)unused;
	assert_string_equal(
		SAID_DOWN("HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n"
			  "<pre>{\"id\":1}</pre>HTTP/1.1 404 x\r\nContent-Length: 4\r\n\r\n"
			  " \r\n{HTTP/1.1 204 x\r\n\r\n"),
		"<200|><404|{><204|>");
	assert_string_equal(SAID_DOWN("HTTP/1.1 200 OK\r\n\r\n<html>{\"id\":1}\n"), "<200|");
	assert_string_equal(SAID_DOWN("HTTP/1.1 200 OK\r\n\r\n\xef\xbb\xbf\n[]"), "<200|[]");
	assert_string_equal(SAID_DOWN("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n{}"),
			    "<200|");
	assert_string_equal(
		SAID_DOWN("HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\n\x1f\x8b"),
		"<200|");
}

static void test_codings(void **unused)
{
	(void)unused;
	assert_string_equal(SAID_DOWN("HTTP/1.1 200 OK\r\nContent-Encoding: x-gzip\r\n"
				      "Content-Length: 3\r\n\r\n\x1f\x8b\x08"),
			    "<200|gzip:\x1f\x8b\x08>");
	assert_string_equal(
		SAID_DOWN("HTTP/1.1 200 OK\r\nCONTENT-ENCODING: Deflate\r\n\r\n\x78\x9c"),
		"<200|zlib:\x78\x9c");
	assert_string_equal(
		SAID_DOWN("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n\xab\x56"),
		"<200|deflate:\xab\x56");
	assert_string_equal(SAID_UP("POST / HTTP/1.1\r\nContent-Encoding: gzip\r\n"
				    "Content-Length: 2\r\n\r\n\x1f\x8b"),
			    "<POST|gzip:\x1f\x8b>");
	/* announced, and not there */
	assert_string_equal(SAID_DOWN("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n {}"),
			    "<200|{}");
	assert_string_equal(SAID_DOWN("HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\n{}"),
			    "<200|{}");
}

static void test_heads_of_any_form(void **unused)
{
	char text[3000];
	int len;

	(void)unused;
	assert_string_equal(
		SAID_UP("POST http://u:p@pool.example.com:8332/a?b HTTP/1.1\nhOST: other\n"
			"USER-agent:\n  folded\n\tagain \nno colon\n: none\n"
			"X-Stratum: stratum+tcp://bob:pw@pool.example.com:3333\n"
			"Content-Length: 2\nContent-Length: 9\n\n{}"),
		"<POST|{}>");
	assert_string_equal(talk.head.host, "pool.example.com:8332");
	assert_string_equal(talk.head.target, "/a?b");
	assert_string_equal(talk.head.agent, "folded again");
	assert_string_equal(talk.head.stratum, "stratum+tcp://pool.example.com:3333");
	assert_string_equal(talk.head.user, "u");
	assert_true(talk.head.has_password);
	assert_null(memmem(talk.state, sizeof(talk.state), ":p@", 3));
	assert_null(memmem(talk.state, sizeof(talk.state), ":pw", 3));

	assert_string_equal(
		SAID_UP("POST /burst?requestType=submitNonce&secretPhrase=open+sesame&nonce=5"
			" HTTP/1.1\r\nX-Capacity: 1000\r\nX-Miner: m\r\nX-Minername: n\r\n"
			"X-Mining-Hashrate: 5000\r\nX-Hash-Difficulty: 412345\r\n\r\n"),
		"<POST|>");
	assert_string_equal(talk.head.target,
			    "/burst?requestType=submitNonce&secretPhrase=&nonce=5");
	assert_true(talk.head.has_password);
	assert_null(memmem(talk.state, sizeof(talk.state), "sesame", 6));
	assert_string_equal(talk.head.capacity, "1000");
	assert_string_equal(talk.head.miner, "m");
	assert_string_equal(talk.head.miner_name, "n");
	assert_string_equal(talk.head.mining_hashrate, "5000");
	assert_string_equal(talk.head.hash_difficulty, "412345");

	assert_string_equal(SAID_DOWN("HTTP/1.1 200 OK\r\nX-Reject-Reason: stale-work\r\n"
				      "Content-Length: 0\r\n\r\n"),
			    "<200|>");
	assert_string_equal(talk.head.reject_reason, "stale-work");
	assert_int_equal(talk.head.status, 200);
	assert_false(talk.head.is_asked);

	len = snprintf(text, sizeof(text),
		       "GET /%0900d HTTP/1.1\r\nX-%0500d: 1\r\nHost: %0900d\r\n\r\n", 1, 2, 3);
	assert_string_equal(said(DIR_TO_SERVER, text, (size_t)len), "<GET|>");
	assert_int_equal(strlen(talk.head.target), sizeof(talk.head.target) - 1);
	assert_int_equal(strlen(talk.head.host), sizeof(talk.head.host) - 1);
}

static void test_credentials(void **unused)
{
	static const struct {
		const char *coded;
		const char *user;
		bool has_password;
	} rows[] = {
		{ "Basic d29ya2VyOng=", "worker", true },
		{ "basic  d29ya2VyOg==", "worker", false },
		{ "Basic YWI6eA==", "ab", true },
		{ "Basic YWI6", "ab", false },
		{ "Basic YTp4", "a", true },
		{ "Basic YTo=", "a", false },
		{ "Basic YWI=", "ab", false },
		{ "Basic Onh5", "", true },
		{ "Basic !!!!", "", false },
		{ "Bearer YWI6eA==", "", false },
		{ "Basic", "", false },
	};
	char text[256];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int len = snprintf(text, sizeof(text),
				   "GET / HTTP/1.1\r\nAuthorization: %s\r\n\r\n", rows[i].coded);

		assert_string_equal(said(DIR_TO_SERVER, text, (size_t)len), "<GET|>");
		assert_string_equal(talk.head.user, rows[i].user);
		assert_int_equal(talk.head.has_password, rows[i].has_password);
		assert_null(memmem(talk.state, sizeof(talk.state), "Basic", 5));
	}
}

static void test_connect(void **unused)
{
	const struct turn good[] = {
		UP("CONNECT pool.example.com:3333 HTTP/1.1\r\nHost: x\r\n\r\n{\"id\":1}\n"),
		DOWN("HTTP/1.1 407 x\r\nContent-Length: 2\r\n\r\n{}HTTP/1.0 200 Fine\r\n\r\n{}\n"),
	};
	const struct turn six[] = { UP("CONNECT [2001:db8::7]:443 HTTP/1.0\r\n\r\n\x16\x03\x01") };
	const struct turn evil[] = { UP("CONNECT pool:99999 HTTP/1.0\r\n\r\n{}"),
				     UP("CONNECT a b:1 HTTP/1.0\r\n\r\n") };
	const struct turn alone[] = { DOWN("HTTP/1.1 200 Connection Established\r\n\r\n{}\n") };
	const struct turn page[] = { UP("GET / HTTP/1.1\r\n\r\n"),
				     DOWN("HTTP/1.1 200 Connection Established\r\n\r\n{}\n") };

	(void)unused;
	carrier_talk_all(&talk, http, TURNS(good));
	check("<CONNECT|>!{\"id\":1}\n", "<407|{}><200|>!{}\n");
	assert_string_equal(talk.told.text, "pool.example.com:3333 ");
	assert_null(talk.inner);
	carrier_talk_all(&talk, http, TURNS(six));
	check("<CONNECT|>!\x16\x03\x01", "");
	assert_string_equal(talk.told.text, "[2001:db8::7]:443 ");
	carrier_talk_all(&talk, http, TURNS(evil));
	check("<CONNECT|>!{}CONNECT a b:1 HTTP/1.0\r\n\r\n", "");
	assert_string_equal(talk.told.text, "");
	carrier_talk_all(&talk, http, TURNS(alone));
	check("", "<200|>!{}\n");
	carrier_talk_all(&talk, http, TURNS(page));
	check("<GET|>", "<200|{}\n");
}

#define UPGRADE \
	"GET /proxy HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define SWITCHED "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"

static void test_upgrade(void **unused)
{
	const struct turn good[] = { UP(UPGRADE), DOWN(SWITCHED "\x81\x02{}"),
				     UP("A\x82\1\2\3\4zz") };
	const struct turn early[] = { UP(UPGRADE "\x81\x82\1\2\3\4zz") };
	const struct turn alone[] = { DOWN(SWITCHED "\x81\x02{}") };
	const struct turn refused[] = { UP(UPGRADE),
					DOWN("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
					UP("\r\nPOST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}") };
	const struct turn unseen[] = { UP(UPGRADE "GET / HTTP/1.1\r\n\r\n") };
	const struct turn other[] = { UP("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"),
				      DOWN("HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n{}") };

	(void)unused;
	carrier_talk_all(&talk, http, TURNS(good));
	check("<GET|>!A\x82\1\2\3\4zz", "<101|>!\x81\x02{}");
	assert_ptr_equal(talk.inner, &carrier_websocket);
	carrier_talk_all(&talk, http, TURNS(early));
	check("<GET|>!\x81\x82\1\2\3\4zz", "");
	assert_ptr_equal(talk.inner, &carrier_websocket);
	carrier_talk_all(&talk, http, TURNS(alone));
	check("", "<101|>!\x81\x02{}");
	assert_ptr_equal(talk.inner, &carrier_websocket);
	carrier_talk_all(&talk, http, TURNS(refused));
	check("<GET|><POST|{}>", "<200|{}>");
	carrier_talk_all(&talk, http, TURNS(unseen));
	check("<GET|><GET|>", "");
	carrier_talk_all(&talk, http, TURNS(other));
	check("<GET|>", "<101|>!{}");
	assert_null(talk.inner);
}

static void test_not_http(void **unused)
{
	(void)unused;
	assert_string_equal(SAID_DOWN("{\"error\":1}\n"), "?{\"error\":1}\n");
	assert_string_equal(SAID_DOWN("HTTP/1.1 x\r\n{}"), "?\n{}");
	assert_string_equal(SAID_UP("GET key\r\n{}"), "?\n{}");
	assert_string_equal(SAID_UP("PUT x HTTP/2.0\r\n{}"), "?\n{}");
	assert_string_equal(SAID_DOWN("HTTP/1.1 204 x\r\n\r\nxyz {\"id\":1}"), "<204|>");
	assert_string_equal(SAID_DOWN("HTTP/1.1 204 x\r\n\r\n{\"id\":1}"), "<204|>?{\"id\":1}");
}

/* Both lengths, both codings, odd numbers: never a crash, always an end. */
static void test_ambiguous(void **unused)
{
	(void)unused;
	assert_string_equal(
		SAID_UP("POST / HTTP/1.1\r\nContent-Length: 1x\r\nContent-Length: 2\r\n\r\n{}"),
		"<POST|{}>");
	assert_string_equal(
		SAID_UP("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n{}"),
		"<POST|{}");
	assert_string_equal(SAID_UP("POST / HTTP/1.1\r\nContent-Length: -2\r\n\r\n{}"),
			    "<POST|>?{}");
	assert_string_equal(SAID_UP("POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n{}"),
			    "<POST|");
	assert_string_equal(
		SAID_UP("POST / HTTP/1.1\r\nContent-Length: 2, 2\r\n\r\n{}GET / HTTP/1.1\n\n"),
		"<POST|{}><GET|>");
}

static void test_probe(void **unused)
{
	(void)unused;
	assert_int_equal(PROBE_UP(http, "GET /"), PROBE_YES);
	assert_int_equal(PROBE_UP(http, "POST HTTP://pool.example.com/"), PROBE_YES);
	assert_int_equal(PROBE_UP(http, "GET ht"), PROBE_MAYBE);
	assert_int_equal(PROBE_UP(http, "GET key"), PROBE_NO);
	assert_int_equal(PROBE_UP(http, "CONNECT pool.example.com:3333"), PROBE_YES);
	assert_int_equal(PROBE_UP(http, "OPTIONS * HTTP/1.1"), PROBE_YES);
	assert_int_equal(PROBE_UP(http, "PO"), PROBE_MAYBE);
	assert_int_equal(PROBE_UP(http, "POX"), PROBE_NO);
	assert_int_equal(PROBE_UP(http, "{"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(http, "HTTP/1.1 200"), PROBE_YES);
	assert_int_equal(PROBE_DOWN(http, "HTTP/1.1 x"), PROBE_NO);
	assert_int_equal(PROBE_DOWN(http, "HTTP/2"), PROBE_NO);
}

static void test_gap(void **unused)
{
	(void)unused;
	carrier_talk_begin(&talk, http);
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_str("POST / HTTP/1.1\r\nContent-Le"));
	assert_true(http->gap(talk.state, DIR_TO_SERVER));
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_str(UPGRADE));
	assert_false(http->gap(talk.state, DIR_TO_SERVER));
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_str("x"));
	assert_string_equal(carrier_up(&talk), "<GET|>!x");
}

#define CONNECT "CONNECT pool.example.net:3333 HTTP/1.1\r\n\r\n"

/* After a hole in the answer to CONNECT, whole and byte by byte. */
static void check_rest(const char *rest, const char *given)
{
	size_t len = strlen(rest);

	for (size_t step = 1; step <= len; step += len - 1) {
		carrier_talk_begin(&talk, http);
		carrier_talk_say(&talk, DIR_TO_SERVER, slice_str(CONNECT));
		carrier_talk_say(&talk, DIR_TO_CLIENT, slice_str("HTTP/1"));
		assert_false(http->gap(talk.state, DIR_TO_CLIENT));
		for (size_t at = 0; at < len; at += step)
			carrier_talk_say(&talk, DIR_TO_CLIENT,
					 slice_sub(slice_str(rest), at, step));
		assert_string_equal(carrier_down(&talk), given);
	}
}

static void test_rest_of_a_tunnels_head(void **unused)
{
	static char endless[1000];

	(void)unused;
	check_rest("ablished\r\nVia: 1.1 proxy\r\n\r\n{\"id\":1}", "!{\"id\":1}");
	check_rest("\r\n{\"id\":1}", "!{\"id\":1}");
	check_rest("{\"id\":1}\n\n{}", "!{\"id\":1}\n\n{}");
	/* what the tunnel carries is given whole */
	check_rest("NICK ann\r\nPRIVMSG #x :{\"id\":1}", "NICK ann\r\nPRIVMSG #x :!{\"id\":1}");
	check_rest("HTTP/1.1 200 OK\r\n\r\n{}", "HTTP/1.1 !200 OK\r\n\r\n{}");
	check_rest("\x16\x03\x01", "!\x16\x03\x01");
	memset(endless, 'a', sizeof(endless) - 1);
	carrier_talk_begin(&talk, http);
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_str(CONNECT));
	assert_false(http->gap(talk.state, DIR_TO_CLIENT));
	carrier_talk_say(&talk, DIR_TO_CLIENT, slice_str(endless));
	assert_int_equal(strlen(carrier_down(&talk)), sizeof(endless) - 1 + 1);
}

/* The head that asks for a tunnel lost its end: what comes is the rest of it, or in the tunnel. */
static void test_gap_while_asking_for_a_tunnel(void **unused)
{
	static const char *const heads[] = {
		"CONNECT pool.exa", "CONNECT pool.example.net:3333 HT",
		"CONNECT pool.example.net:3333 HTTP/1.1\r\nHost: poo"
	};
	static const char *const rests[] = { "{\"id\":1}", "live\r\n\r\n{\"id\":1}" };

	(void)unused;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		for (size_t j = 0; j < sizeof(rests) / sizeof(rests[0]); j++) {
			carrier_talk_begin(&talk, http);
			carrier_talk_say(&talk, DIR_TO_SERVER, slice_str(heads[i]));
			assert_false(http->gap(talk.state, DIR_TO_SERVER));
			carrier_talk_say(&talk, DIR_TO_SERVER, slice_str(rests[j]));
			assert_string_equal(carrier_up(&talk), "!{\"id\":1}");
		}
	carrier_talk_begin(&talk, http);
	carrier_talk_say(&talk, DIR_TO_SERVER, slice_str("GET /CONNECT HTTP/1.1\r\nHost: poo"));
	assert_true(http->gap(talk.state, DIR_TO_SERVER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_getwork),
		cmocka_unit_test(test_a_long_poll_is_no_mining_word),
		cmocka_unit_test(test_keep_alive_and_pipeline),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_bodies_that_are_skipped),
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_heads_of_any_form),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_upgrade),
		cmocka_unit_test(test_not_http),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_gap_while_asking_for_a_tunnel),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_rest_of_a_tunnels_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
