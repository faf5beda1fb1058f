/* inspect_rig.h: one flow under inspection and the segments it is sent, for the tests of what is
 * understood. Included once per test program, behind cmocka.h. */
#ifndef TESTS_UNIT_INSPECT_RIG_H
#define TESTS_UNIT_INSPECT_RIG_H

#include <stdlib.h>
#include <string.h>

#include "sensor/inspect.h"
#include "tests/unit/guard.h"

#define SECOND 1000000000ull
#define START  (1772704680ull * SECOND)
#define UP     DIR_TO_SERVER
#define DOWN   DIR_TO_CLIENT

#define H8   "00112233"
#define H64  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define BLOB "1010a8a7a5cd06" H64 "00000000" H64 "01"
#define WALLET \
	"42GcvFXaX6p3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6i8totRApfb6i8totRApfb6i8totRApf" \
	"b4rNoqE7"
#define XMR_LOGIN \
	"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"" WALLET \
	".w1\",\"pass\":\"x\",\"agent\":\"XMRig/6.26.0 (Linux x86_64)\",\"algo\":[\"rx/0\"]}}\n"
#define XMR_JOB(id) \
	"{\"blob\":\"" BLOB "\",\"job_id\":\"" id "\",\"target\":\"b88d0600\",\"algo\":\"rx/0\"}"
#define XMR_LOGGED_IN \
	"{\"id\":1,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"id\":\"a1\",\"job\":" XMR_JOB( \
		"j1") ",\"status\":\"OK\"}}\n"
#define XMR_PUSH "{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":" XMR_JOB("j2") "}\n"
#define XMR_SUBMIT(id, job, nonce) \
	"{\"id\":" id ",\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{\"id\":\"a1\"," \
	"\"job_id\":\"" job "\",\"nonce\":\"" nonce "\",\"result\":\"" H64 "\"}}\n"
#define XMR_OK(id) \
	"{\"id\":" id ",\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"status\":\"OK\"}}\n"
#define XMR_LOW(id) \
	"{\"id\":" id ",\"jsonrpc\":\"2.0\",\"error\":{\"code\":-1,\"message\":\"Low difficulty " \
	"share\"}}\n"

#define V1_SUBSCRIBE "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cgminer/4.9\"]}\n"
#define V1_AUTHORIZE \
	"{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"acct.rig07\",\"x\"]}\n"
#define V1_SUBMIT \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"acct.rig07\",\"2861\",\"00000001\"," \
	"\"66b1f0ab\",\"5c1e0f2a\"]}\n"
#define V1_NOTIFY \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"2861\",\"" H64 \
	"\",\"01000000\",\"ffff\",[\"" H64 "\"],\"20000000\",\"1703a30c\",\"66b1f0aa\",true]}\n"

static struct stats stats;
static const struct preface at_start[2] = { { .is_start = true }, { .is_start = true } };
static const struct preface in_middle[2];
static struct inspect_pool *pool;
static struct inspect *flow;
static uint32_t seqs[2];
static uint64_t now_ns;
static struct guard guard;

static inline int setup(void **state)
{
	(void)state;
	memset(&stats, 0, sizeof(stats));
	pool = inspect_pool_new(2, 1 << 18, 1 << 18, &stats);
	assert_non_null(pool);
	flow = inspect_new(pool, at_start);
	assert_non_null(flow);
	seqs[UP] = 0xfffffff0u; /* wraps soon */
	seqs[DOWN] = 7;
	now_ns = START;
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	inspect_free(flow);
	inspect_pool_free(pool);
	guard_free(&guard);
	return 0;
}

static inline void restart(void)
{
	teardown(NULL);
	setup(NULL);
}

static inline void send_bytes(enum direction dir, const char *text, size_t len, size_t wire)
{
	struct packet packet = { .time_ns = now_ns,
				 .tcp_flags = TCP_ACK,
				 .tcp_seq = seqs[dir],
				 .tcp_ack = seqs[1 - dir],
				 .payload_wire = (uint32_t)wire,
				 .payload = guard_put(&guard, text, len) };

	seqs[dir] += (uint32_t)wire;
	inspect_packet(flow, dir, &packet);
}

static inline void send(enum direction dir, const char *text)
{
	send_bytes(dir, text, strlen(text), strlen(text));
}

/* In segments of at most `step` bytes. */
static inline void send_steps(enum direction dir, const char *text, size_t step)
{
	size_t len = strlen(text);

	for (size_t at = 0; at < len; at += step) {
		size_t n = len - at < step ? len - at : step;

		send_bytes(dir, text + at, n, n);
	}
}

/* Bytes that the mirror port lost. */
static inline void lose(enum direction dir, uint32_t len)
{
	seqs[dir] += len;
}

static inline struct session_view view(void)
{
	struct session_view out;

	session_view_at(inspect_session(flow), now_ns, &out);
	return out;
}

#endif
