/* test_wrapping.c: messages inside carriers, from packets to sessions: tunnels, bodies, compressed
 * ones, bombs, answers that nobody asked for, gaps, and memory that runs out. What the carriers
 * themselves make of every cut is theirs to test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "sensor/inspect.h"

#define SECOND 1000000000ull
#define UP     DIR_TO_SERVER
#define DOWN   DIR_TO_CLIENT

#define H64       "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define LOGIN     "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"acct.rig07\",\"secret\"]}\n"
#define LOGGED_IN "{\"id\":2,\"result\":true,\"error\":null}\n"
#define SUBMIT(nonce) \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"acct.rig07\",\"2861\",\"00000003\"," \
	"\"66b1f0ab\",\"" nonce "\"]}\n"
#define GETWORK "{\"method\":\"getwork\",\"params\":[],\"id\":0}"
#define MINER_HEAD \
	"POST / HTTP/1.1\r\nHost: pool.example.com:8332\r\nX-Mining-Extensions: midstate\r\n" \
	"Authorization: Basic dXNlcjp4\r\nUser-Agent: cgminer 3.7.2\r\n"

static struct stats stats;
static const struct preface in_middle[2];
static const struct preface at_start[2] = { { .is_start = true }, { .is_start = true } };
static struct inspect_pool *pool;
static struct inspect *flow;
static uint32_t seqs[2];
static uint64_t now_ns;

static int setup(void **state)
{
	(void)state;
	memset(&stats, 0, sizeof(stats));
	pool = inspect_pool_new(2, 1 << 18, 1 << 18, &stats);
	assert_non_null(pool);
	flow = inspect_new(pool, at_start);
	assert_non_null(flow);
	seqs[UP] = 0xfffffff0u;
	seqs[DOWN] = 7;
	now_ns = 1772704680ull * SECOND;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	inspect_free(flow);
	inspect_pool_free(pool);
	return 0;
}

static void send_bytes(enum direction dir, const void *bytes, size_t len)
{
	struct packet packet = { .time_ns = now_ns,
				 .tcp_flags = TCP_ACK,
				 .tcp_seq = seqs[dir],
				 .tcp_ack = seqs[1 - dir],
				 .payload = slice_of(bytes, len),
				 .payload_wire = (uint32_t)len };

	now_ns += SECOND / 10;
	seqs[dir] += (uint32_t)len;
	inspect_packet(flow, dir, &packet);
}

static void send(enum direction dir, const char *text)
{
	send_bytes(dir, text, strlen(text));
}

static void lose(enum direction dir, uint32_t bytes)
{
	seqs[dir] += bytes;
}

static const struct session_view *view(void)
{
	return &inspect_session(flow)->view;
}

/* A head with the length of its body, and the body. */
static void send_body(enum direction dir, const char *head, const void *body, size_t len)
{
	char text[1024];
	int head_len = snprintf(text, sizeof(text), "%sContent-Length: %zu\r\n\r\n", head, len);

	assert_in_range(head_len, 1, sizeof(text) - 1);
	send(dir, text);
	send_bytes(dir, body, len);
}

static size_t pack(const void *data, size_t len, int bits, int flush, uint8_t *out, size_t size)
{
	z_stream stream = { 0 };

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (z_const Bytef *)(uintptr_t)data;
	stream.avail_in = (uInt)len;
	stream.next_out = out;
	stream.avail_out = (uInt)size;
	(void)deflate(&stream, flush);
	assert_int_equal(stream.avail_in, 0);
	(void)deflateEnd(&stream);
	return size - stream.avail_out;
}

static void a_tunnel_names_the_pool(void **state)
{
	(void)state;
	send(UP, "CONNECT pool.example.com:3333 HTTP/1.1\r\nHost: pool.example.com:3333\r\n\r\n");
	assert_int_equal(view()->level, LEVEL_NONE); /* a name alone is nobody's guilt */
	send(DOWN, "HTTP/1.1 200 Connection established\r\n\r\n");
	send(UP, LOGIN);
	assert_int_equal(view()->level, LEVEL_LIKELY);
	assert_string_equal(view()->pool, "pool.example.com:3333");
	assert_string_equal(view()->carrier, "http");
	assert_string_equal(view()->wallet, "acct");
	send(DOWN, LOGGED_IN);
	send(UP, SUBMIT("00000001"));
	send(DOWN, "{\"id\":4,\"result\":true,\"error\":null}\n");
	assert_int_equal(view()->accepted, 1);
}

static void carriers_lie_in_each_other(void **state)
{
	(void)state;
	send(UP, "PROXY TCP4 192.0.2.7 198.51.100.9 51000 1080\r\n");
	send_bytes(UP, "\5\1\0", 3);
	send_bytes(DOWN, "\5\0", 2);
	send_bytes(UP, "\5\1\0\3\10pool.exa\x0d\x05", 15);
	send_bytes(DOWN, "\5\0\0\1\0\0\0\0\0\0", 10);
	send(UP, LOGIN);
	assert_int_equal(view()->level, LEVEL_LIKELY);
	assert_string_equal(view()->pool, "pool.exa:3333");
	assert_string_equal(view()->carrier, "proxy+socks");
}

static void a_tunnel_whose_opening_was_lost(void **state)
{
	(void)state;
	send(UP, "CONNECT pool.example.com:3333 HTTP/1.1\r\n\r\n");
	lose(DOWN, 39);
	send(UP, LOGIN);
	send(DOWN, LOGGED_IN);
	inspect_tick(flow, now_ns + 10 * SECOND);
	assert_int_equal(view()->level, LEVEL_CONFIRMED);
}

/* The head that opens a tunnel breaks off in a hole, and so may the one that asks for it. */
static void a_tunnel_whose_opening_is_torn(void **state)
{
	static const char *const answers[] = { "HTTP/1.1 200 Connection est",
					       "HTTP/1.1 200 Connection established\r\nVia: 1.1" };

	for (size_t i = 0; i < 4; i++) {
		(void)teardown(state);
		(void)setup(state);
		inspect_expect(flow, UP, seqs[UP]);
		if (i % 2 != 0)
			lose(UP, 31);
		send(UP, i % 2 != 0 ? ":3333\r\n\r\n" : "CONNECT pool.example.com:3333 HT");
		if (i % 2 == 0)
			lose(UP, 12);
		now_ns -= SECOND / 20; /* the answer is read while the hole may yet be filled */
		send(DOWN, answers[i / 2]);
		lose(DOWN, 9);
		send(UP, LOGIN);
		send(DOWN, LOGGED_IN);
		send(UP, SUBMIT("00000001"));
		inspect_tick(flow, now_ns + 10 * SECOND);
		assert_int_equal(view()->level, LEVEL_CONFIRMED);
		assert_int_equal(view()->submitted, 1);
	}
}

/* The side that is in no carrier, because its opening was torn, joins the one that the other side
 * is in with its next head. */
static void a_side_joins_the_carrier_of_the_other_one(void **state)
{
	static const char ask[] = "POST /?miner=30@0x101112131415161718191a1b1c1d1e1f20212223@rig1 "
				  "HTTP/1.1\r\nContent-Type: application/json\r\n";
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
	static const char get[] = "{\"id\":1,\"method\":\"eth_getWork\",\"params\":[]}";
	static const char work[] =
		"{\"id\":1,\"result\":[\"0x" H64 "\",\"0x" H64
		"\",\"0x0000000112e0be826d694b2e62d01511f12a6061fbaec8bc02357593e7"
		"0e52ba\"]}";

	(void)state;
	inspect_expect(flow, DOWN, seqs[DOWN]);
	send_bytes(UP, "\4\1\x0d\5\0\0\0\1\0pool.example.com", 26);
	lose(DOWN, 4);
	send_bytes(DOWN, "\0\0\0", 4);
	send_body(UP, ask, get, sizeof(get) - 1);
	now_ns += 4 * SECOND;
	send_body(DOWN, answer, work, sizeof(work) - 1);
	send_body(UP, ask, get, sizeof(get) - 1);
	send_body(DOWN, answer, work, sizeof(work) - 1);
	assert_string_equal(view()->carrier, "socks+http");
	assert_string_equal(view()->dialect, "ethgetwork");
	assert_int_equal(view()->level, LEVEL_CONFIRMED);
	assert_int_not_equal(view()->first_job_ns, 0);
}

/* The tunnel's request is whole behind what is left of a PROXY header. */
static void a_torn_header_hides_no_tunnel(void **state)
{
	(void)state;
	for (int is_quick = 0; is_quick < 2; is_quick++) {
		inspect_expect(flow, UP, seqs[UP]);
		inspect_expect(flow, DOWN, seqs[DOWN]);
		lose(UP, 21);
		send(UP, " 198.51.100.9 51000 3333\r\nCONNECT pool.example.com:3333 HTTP/1.1\r\n"
			 "Host: pool.example.com:3333\r\n\r\n");
		if (is_quick) /* the answer is read while the hole may yet be filled */
			now_ns -= SECOND / 20;
		send(DOWN, "HTTP/1.1 200 Connection established\r\n\r\n");
		send(UP, LOGIN);
		send(DOWN, LOGGED_IN);
		inspect_tick(flow, now_ns + 10 * SECOND);
		assert_int_equal(view()->level, LEVEL_CONFIRMED);
		assert_string_equal(view()->pool, "pool.example.com:3333");
		inspect_free(flow);
		flow = inspect_new(pool, at_start);
	}
}

/* A tap that joins one side of a connection at a body: the next head begins the carrier. */
static void a_body_without_its_head_is_not_the_end(void **state)
{
	static const struct preface in_the_middle[2] = { { .is_start = false },
							 { .is_start = false } };
	static const char head[] = "POST / HTTP/1.1\r\nHost: pool.example.com:8332\r\n";
	char share[400];

	(void)state;
	inspect_free(flow);
	flow = inspect_new(pool, in_the_middle);
	assert_non_null(flow);
	for (int i = 0; i < 3; i++) {
		int len =
			snprintf(share, sizeof(share),
				 "{\"method\":\"getwork\",\"params\":[\"%0160d%096d\"],\"id\":%d}",
				 i + 1, 0, i);

		assert_in_range(len, 1, sizeof(share) - 1);
		if (i == 0)
			send(UP, share);
		else
			send_body(UP, head, share, (size_t)len);
	}
	assert_int_equal(view()->level, LEVEL_CONFIRMED);
	assert_string_equal(view()->dialect, "getwork");
	assert_string_equal(view()->carrier, "http");
	assert_int_equal(view()->submitted, 3);
}

/* Its first bytes are a carrier's, as far as they go: what follows the hole is the rest of its
 * handshake, and not somebody's words before a message. */
static void a_hole_breaks_off_the_first_bytes(void **state)
{
	(void)state;
	send_bytes(UP, "\5\1\0", 3);
	send_bytes(DOWN, "\5\0", 2);
	lose(UP, 12);
	send_bytes(UP, "xample.net\x0d\x05", 12);
	send_bytes(DOWN, "\5\0\0\1\0\0\0\0\0\0", 10);
	now_ns += 4 * SECOND;
	send(UP, LOGIN);
	send(UP, SUBMIT("00000001"));
	assert_string_equal(view()->carrier, "socks");
	assert_int_equal(view()->level, LEVEL_CONFIRMED);
	assert_string_equal(view()->wallet, "acct");
	assert_int_equal(view()->submitted, 1);
}

/* A page about mining behind a PROXY header: the answer's head is lost, not the page's nature. That
 * something is lost is known by the request's acknowledgement. */
static void a_hole_goes_through_to_the_carrier_inside(void **state)
{
	(void)state;
	send(UP, "PROXY TCP4 192.0.2.7 198.51.100.9 51000 80\r\nGET / HTTP/1.1\r\n"
		 "Host: docs.example.org\r\n\r\n");
	lose(DOWN, 100);
	send(DOWN, "\"x\"]}\n" LOGIN LOGGED_IN SUBMIT("00000001") SUBMIT("00000002"));
	inspect_tick(flow, now_ns + 10 * SECOND);
	assert_string_equal(view()->carrier, "proxy+http");
	assert_int_equal(view()->level, LEVEL_NONE);
	send(DOWN, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
	assert_int_equal(view()->level, LEVEL_NONE);
}

static void bodies_are_inflated(void **state)
{
	static const struct {
		const char *name;
		int bits;
	} codings[] = { { "gzip", 31 }, { "deflate", 15 }, { "deflate", -15 } };
	uint8_t packed[512];
	char head[512];

	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
		(void)teardown(state);
		(void)setup(state);
		(void)snprintf(head, sizeof(head), MINER_HEAD "Content-Encoding: %s\r\n",
			       codings[i].name);
		send_body(UP, head, packed,
			  pack(GETWORK, strlen(GETWORK), codings[i].bits, Z_FINISH, packed,
			       sizeof(packed)));
		assert_string_equal(view()->dialect, "getwork");
		assert_string_equal(view()->wallet, "user");
		assert_int_equal(stats.inflate_refused, 0);
	}
}

static void a_bomb_is_not_read(void **state)
{
	static uint8_t zeros[4 << 20];
	static uint8_t packed[1 << 14];

	(void)state;
	memset(zeros, ' ', sizeof(zeros));
	send_body(UP, MINER_HEAD "Content-Encoding: gzip\r\n", packed,
		  pack(zeros, sizeof(zeros), 31, Z_FINISH, packed, sizeof(packed)));
	assert_int_equal(stats.inflate_refused, 1);
	send_body(UP, MINER_HEAD, GETWORK, strlen(GETWORK)); /* the next one is */
	assert_string_equal(view()->dialect, "getwork");
}

/* A body is a message or is offered to no dialect, whatever it is said to be: a miner may lie. */
static void pictures_are_left_alone(void **state)
{
	static const char *const types[] = { "image/png", "application/octet-stream",
					     "application/json" };
	static const char picture[] = "\x89PNG\r\n\x1a\n{\"id\x01{\"method\xff{\"\x02";
	static const char spaced[] = " \r\n\xef\xbb\xbf" GETWORK;
	uint8_t packed[512];
	char head[256];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		for (int bits = 15; bits <= 31; bits += 16) {
			const char *coding = bits == 15 ? "deflate" : "gzip";

			(void)teardown(state);
			(void)setup(state);
			(void)snprintf(head, sizeof(head),
				       "POST / HTTP/1.1\r\nContent-Type: %s\r\n", types[i]);
			send_body(UP, head, picture, sizeof(picture) - 1);
			(void)snprintf(head, sizeof(head),
				       "POST / HTTP/1.1\r\nContent-Type: %s\r\n"
				       "Content-Encoding: %s\r\n",
				       types[i], coding);
			send_body(UP, head, packed,
				  pack(picture, sizeof(picture) - 1, bits, Z_FINISH, packed,
				       sizeof(packed)));
			assert_int_equal(stats.messages_bad, 0);
			assert_false(inspect_is_idle(flow));
			assert_string_equal(view()->dialect, "");
			send_body(UP, head, packed,
				  pack(spaced, sizeof(spaced) - 1, bits, Z_FINISH, packed,
				       sizeof(packed)));
			assert_string_equal(view()->dialect, "getwork");
		}
	}
}

/* A file of messages that is sent up is somebody's log; a single one is a miner's, whatever it is
 * said to be. */
static void uploads_are_left_alone(void **state)
{
	static const char two[] = GETWORK "\n" GETWORK "\n";
	static const struct {
		const char *head;
		bool is_read[2]; /* one, two messages */
	} rows[] = {
		{ "POST /upload HTTP/1.1\r\nContent-Type: text/plain\r\n", { true, false } },
		{ "POST /upload HTTP/1.1\r\n", { true, false } },
		{ "POST / HTTP/1.1\r\nContent-Type: application/json\r\n", { true, true } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t count = 1; count <= 2; count++) {
			(void)teardown(state);
			(void)setup(state);
			send_body(UP, rows[i].head, two,
				  count == 1 ? strlen(GETWORK) : sizeof(two) - 1);
			assert_string_equal(view()->dialect,
					    rows[i].is_read[count - 1] ? "getwork" : "");
		}
	}
}

static void restart(void **state)
{
	(void)teardown(state);
	(void)setup(state);
}

#define RECORD_HEAD "POST /stratum.log HTTP/1.1\r\nContent-Type: application/json\r\n"
#define ANSWER_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

/* A record that is sent to a log server is a message, too: what comes back must speak as well. */
static void records_are_no_messages(void **state)
{
	static const char *const records[] = { LOGIN, SUBMIT("00000001"), SUBMIT("00000002"),
					       LOGIN SUBMIT("00000003") };
	static const char *const answers[] = { "", "{\"success\":true}",
					       "{\"errors\":false,\"items\":[]}",
					       "{\"id\":\"5\",\"result\":\"created\"}" };

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		restart(state);
		inspect_see(flow);
		for (size_t j = 0; j < sizeof(records) / sizeof(records[0]); j++) {
			send_body(UP, RECORD_HEAD, records[j], strlen(records[j]));
			send_body(DOWN, ANSWER_HEAD, answers[i], strlen(answers[i]));
			assert_int_equal(view()->level, LEVEL_NONE);
		}
	}
}

static void what_is_answered_in_kind_is_a_message(void **state)
{
	static const char accepted[] = "{\"id\":4,\"result\":true,\"error\":null}";
	static const char refused[] = "{\"id\":2,\"result\":false,\"error\":null}";

	inspect_see(flow);
	send_body(UP, RECORD_HEAD, LOGIN, strlen(LOGIN));
	assert_int_equal(view()->level, LEVEL_NONE);
	send_body(DOWN, ANSWER_HEAD, LOGGED_IN, strlen(LOGGED_IN));
	assert_int_equal(view()->level, LEVEL_CONFIRMED);
	assert_string_equal(view()->dialect, "stratum-v1");
	send_body(UP, RECORD_HEAD, SUBMIT("00000001"), strlen(SUBMIT("00000001")));
	send_body(DOWN, ANSWER_HEAD, accepted, strlen(accepted));
	assert_int_equal(view()->submitted, 1);
	assert_int_equal(view()->accepted, 1);
	/* picked up at a share */
	restart(state);
	inspect_see(flow);
	send_body(UP, RECORD_HEAD, SUBMIT("00000001"), strlen(SUBMIT("00000001")));
	send_body(DOWN, ANSWER_HEAD, accepted, strlen(accepted));
	assert_int_equal(view()->level, LEVEL_CONFIRMED);
	assert_int_equal(view()->submitted, 1);
	assert_int_equal(view()->accepted, 1);
	/* a refusal is an answer: what comes next counts */
	restart(state);
	inspect_see(flow);
	send_body(UP, RECORD_HEAD, LOGIN, strlen(LOGIN));
	send_body(DOWN, ANSWER_HEAD, refused, strlen(refused));
	assert_int_equal(view()->level, LEVEL_NONE);
	send_body(UP, RECORD_HEAD, LOGIN, strlen(LOGIN));
	assert_int_equal(view()->level, LEVEL_LIKELY);
}

/* Bodies of two kinds are more than a record, when nobody is seen who could answer; those of one
 * kind are counted and suspected. */
static void who_is_not_answered_says_more_than_one_kind(void **state)
{
	static const char both[] = LOGIN SUBMIT("00000001");

	(void)state;
	send_body(UP, RECORD_HEAD, SUBMIT("00000001"), strlen(SUBMIT("00000001")));
	assert_int_equal(view()->level, LEVEL_SUSPECT); /* no server's SYN was seen either */
	send_body(UP, RECORD_HEAD, SUBMIT("00000002"), strlen(SUBMIT("00000002")));
	assert_int_equal(view()->level, LEVEL_SUSPECT);
	assert_int_equal(view()->submitted, 2);
	assert_string_equal(view()->dialect, "stratum-v1");
	send_body(UP, RECORD_HEAD, LOGIN, strlen(LOGIN));
	assert_int_equal(view()->level, LEVEL_LIKELY);
	send_body(UP, RECORD_HEAD, SUBMIT("00000003"), strlen(SUBMIT("00000003")));
	assert_int_equal(view()->level, LEVEL_CONFIRMED);
	assert_int_equal(view()->submitted, 3);
	/* in one body it is a file */
	restart(state);
	send_body(UP, RECORD_HEAD, both, sizeof(both) - 1);
	assert_int_equal(view()->level, LEVEL_SUSPECT);
	/* a login by itself looks likely */
	restart(state);
	send_body(UP, RECORD_HEAD, LOGIN, strlen(LOGIN));
	assert_int_equal(view()->level, LEVEL_LIKELY);
	assert_string_equal(view()->dialect, "stratum-v1");
	assert_string_equal(view()->wallet, "acct");
	send_body(UP, RECORD_HEAD, SUBMIT("00000001"), strlen(SUBMIT("00000001")));
	assert_int_equal(view()->submitted, 1);
}

/* Who may yet be seen to answer is waited for. */
static void a_suspicion_waits_for_the_other_side(void **state)
{
	(void)state;
	inspect_see(flow);
	for (int i = 0; i < 2; i++) {
		send_body(UP, RECORD_HEAD, SUBMIT("00000001"), strlen(SUBMIT("00000001")));
		assert_int_equal(view()->level, i == 0 ? LEVEL_NONE : LEVEL_SUSPECT);
	}
	inspect_free(flow);
	flow = inspect_new(pool, in_middle);
	assert_non_null(flow);
	for (int i = 0; i < 2; i++) {
		send_body(UP, RECORD_HEAD, SUBMIT("00000001"), strlen(SUBMIT("00000001")));
		assert_int_equal(view()->level, i == 0 ? LEVEL_NONE : LEVEL_SUSPECT);
	}
}

/* A log of what a pool said: nobody sends that up to mine, in bodies of however many kinds. */
static void a_pool_posts_nothing(void **state)
{
	static const char *const said[] = {
		"{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1024]}",
		"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"2861\",\"" H64
		"\",\"01000000\",\"ffff\",[],\"20000000\",\"1703a30c\",\"66b1f0aa\",true]}",
		"{\"id\":1,\"result\":[\"0x" H64 "\",\"0x" H64
		"\",\"0x0000000112e0be826d694b2e62d01511f12a6061fbaec8bc02357593e70e52ba\"]}",
	};

	(void)state;
	for (size_t i = 0; i < 3 * sizeof(said) / sizeof(said[0]); i++) {
		const char *text = said[i % (sizeof(said) / sizeof(said[0]))];

		send_body(UP, RECORD_HEAD, text, strlen(text));
		assert_int_equal(view()->level, LEVEL_NONE);
	}
}

/* One WebSocket text frame, masked with zeros when it goes up. */
static void send_frame(enum direction dir, uint8_t first, const uint8_t *body, size_t len)
{
	uint8_t frame[256] = { first, (uint8_t)(len | (dir == UP ? 0x80 : 0)) };
	size_t head = dir == UP ? 6 : 2;

	assert_in_range(len, 1, 125);
	memcpy(frame + head, body, len);
	send_bytes(dir, frame, head + len);
}

static void websocket_messages_refer_to_each_other(void **state)
{
	z_stream stream = { 0 };
	uint8_t packed[256];

	(void)state;
	send(UP, "GET /proxy HTTP/1.1\r\nHost: ws.example.com\r\nUpgrade: websocket\r\n"
		 "Connection: Upgrade\r\n\r\n");
	send(DOWN, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		   "Connection: Upgrade\r\n\r\n");
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	for (int i = 0; i < 3; i++) {
		char text[256];

		(void)snprintf(text, sizeof(text), SUBMIT("0000000%d"), i);
		stream.next_in = (uint8_t *)text;
		stream.avail_in = (uInt)strlen(text);
		stream.next_out = packed;
		stream.avail_out = sizeof(packed);
		assert_int_equal(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
		size_t len = sizeof(packed) - stream.avail_out - 4; /* sent without its end */

		if (i > 0)
			assert_true(len < 30);
		send_frame(UP, 0xc1, packed, len);
	}
	(void)deflateEnd(&stream);
	assert_int_equal(view()->submitted, 3);
	assert_string_equal(view()->carrier, "http+websocket");
}

/* The length of a database's row, behind a hole, may be the head of a frame by chance. */
static void who_quotes_begins_no_carrier(void **state)
{
	static const char row[] = "D\0\0\1" SUBMIT("00000001");
	static const char next[] = "\1\x38" SUBMIT("00000002");

	(void)state;
	send(UP, "PROXY TCP4 192.0.2.77 198.51.100.9 51000 3333\r\n");
	for (int is_quoting = 0; is_quoting < 2; is_quoting++) {
		if (is_quoting)
			send_bytes(DOWN, row, sizeof(row) - 1);
		lose(DOWN, 7);
		send_bytes(DOWN, next, sizeof(next) - 1);
		inspect_tick(flow, now_ns + 10 * SECOND);
		assert_string_equal(view()->carrier, is_quoting ? "proxy" : "proxy+websocket");
		inspect_free(flow);
		flow = inspect_new(pool, at_start);
		seqs[DOWN] = 7;
		send(UP, "PROXY TCP4 192.0.2.77 198.51.100.9 51000 3333\r\n");
	}
}

static void pages_and_files_say_nothing(void **state)
{
	static const char *const heads[] = {
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n",
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		for (int is_asked = 0; is_asked < 2; is_asked++) {
			(void)teardown(state);
			(void)setup(state);
			if (is_asked)
				send(UP, "GET /rules HTTP/1.1\r\nHost: files.example.com\r\n\r\n");
			send_body(DOWN, heads[i], SUBMIT("00000001"), strlen(SUBMIT("00000001")));
			send_body(DOWN, heads[i], LOGIN LOGIN, strlen(LOGIN LOGIN));
			assert_int_equal(view()->level, LEVEL_NONE);
		}
	}
}

static void without_memory_a_carrier_is_left_alone(void **state)
{
	static char begin[5001] = "{\"";

	(void)state;
	memset(begin + 2, 'a', sizeof(begin) - 3);
	inspect_free(flow);
	inspect_pool_free(pool);
	pool = inspect_pool_new(2, 1, 0, &stats); /* one large block */
	flow = inspect_new(pool, at_start);
	send(UP, begin);
	struct inspect *first = flow;
	flow = inspect_new(pool, at_start);
	seqs[UP] = 1;
	send_body(UP, MINER_HEAD, GETWORK, strlen(GETWORK));
	assert_int_equal(stats.carriers_capped, 1);
	assert_int_equal(view()->level, LEVEL_NONE);
	inspect_free(first);
}

static void a_direction_inside_a_carrier_is_known(void **state)
{
	(void)state;
	assert_false(inspect_is_wrapped(flow, UP));
	send(UP, "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n");
	assert_true(inspect_is_wrapped(flow, UP));
	send(DOWN, LOGGED_IN); /* no HTTP: read as it is */
	assert_false(inspect_is_wrapped(flow, DOWN));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tunnel_names_the_pool),
		TEST(carriers_lie_in_each_other),
		TEST(a_tunnel_whose_opening_was_lost),
		TEST(a_tunnel_whose_opening_is_torn),
		TEST(a_side_joins_the_carrier_of_the_other_one),
		TEST(a_torn_header_hides_no_tunnel),
		TEST(a_body_without_its_head_is_not_the_end),
		TEST(a_hole_breaks_off_the_first_bytes),
		TEST(a_hole_goes_through_to_the_carrier_inside),
		TEST(bodies_are_inflated),
		TEST(pictures_are_left_alone),
		TEST(uploads_are_left_alone),
		TEST(records_are_no_messages),
		TEST(what_is_answered_in_kind_is_a_message),
		TEST(who_is_not_answered_says_more_than_one_kind),
		TEST(a_suspicion_waits_for_the_other_side),
		TEST(a_pool_posts_nothing),
		TEST(a_bomb_is_not_read),
		TEST(websocket_messages_refer_to_each_other),
		TEST(who_quotes_begins_no_carrier),
		TEST(pages_and_files_say_nothing),
		TEST(without_memory_a_carrier_is_left_alone),
		TEST(a_direction_inside_a_carrier_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
