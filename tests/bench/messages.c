/* messages.c: what a decoded message costs: ns of CPU from payload to session, dialect by dialect.
 *
 *   messages [ROUNDS [DIALECT]]   default: 5, all
 *
 * One flow per dialect under inspection, without capture and flow table: its login once, then a
 * job, a share and its answer again and again, a message a packet, so that segments, framing,
 * tokens, fields and accounting are all in it. The median of the rounds is printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sensor/inspect.h"

#define CYCLES     100000u
#define ROUNDS_MAX 25
#define T0         UINT64_C(1772704680000000000)

#define H8   "00112233"
#define H64  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define LOW  "00000000ffffffff99aabbccddeeff00112233445566778899aabbccddeeff00"
#define BLOB "1010a8a7a5cd06" H64 "00000000" H64 "01"
#define WALLET \
	"42GcvFXaX6p3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6i8totRApfb6i8totRApfb6i8totRApf" \
	"b4rNoqE7"

/* %08x is a number that rises with each cycle. */
struct talk {
	const char *name;
	const char *login;
	const char *job;
	const char *share;
	const char *answer;
};

static const struct talk talks[] = {
	{ "stratum-v1",
	  "{\"id\":2,\"method\":\"mining.authorize\",\"params\":"
	  "[\"12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig07\",\"x\"]}\n",
	  "{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"%08x\",\"" H64
	  "\",\"01000000" H64 H64 H64 "\",\"ffff" H64 "\",[\"" H64 "\",\"" H64 "\",\"" H64
	  "\",\"" H64 "\",\"" H64 "\",\"" H64 "\",\"" H64 "\",\"" H64 "\",\"" H64 "\",\"" H64
	  "\"],\"20000000\",\"1703a30c\",\"66b1f0aa\",true]}\n",
	  "{\"params\":[\"12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig07\",\"2861\",\"00000003\","
	  "\"66b1f0ab\",\"%08x\"],\"id\":4,\"method\":\"mining.submit\"}\n",
	  "{\"id\":4,\"result\":true,\"error\":null}\n" },
	{ "cryptonote",
	  "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"" WALLET
	  ".w1\",\"pass\":\"x\",\"agent\":\"XMRig/6.26.0 (Linux x86_64)\",\"algo\":[\"rx/0\"]}}\n",
	  "{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{\"blob\":\"" BLOB
	  "\",\"job_id\":\"%08x\",\"target\":\"b88d0600\",\"algo\":\"rx/0\",\"height\":3300001,"
	  "\"seed_hash\":\"" H64 "\"}}\n",
	  "{\"id\":7,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{\"id\":\"a1\",\"job_"
	  "id\":"
	  "\"j1\",\"nonce\":\"%08x\",\"result\":\"" H64 "\"}}\n",
	  "{\"id\":7,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"status\":\"OK\"}}\n" },
	{ "ethproxy",
	  "{\"id\":1,\"method\":\"eth_submitLogin\",\"params\":"
	  "[\"0x101112131415161718191a1b1c1d1e1f20212223.rig1\",\"x\"]}\n",
	  "{\"id\":0,\"jsonrpc\":\"2.0\",\"result\":["
	  "\"0x00000000000000000000000000000000000000000000"
	  "000000000000%08x\",\"0x" H64 "\",\"0x" LOW "\"]}\n",
	  "{\"id\":4,\"method\":\"eth_submitWork\",\"params\":[\"0x" H8 "%08x\",\"0x" H64
	  "\",\"0x" H64 "\"]}\n",
	  "{\"id\":4,\"jsonrpc\":\"2.0\",\"result\":true}\n" },
};

struct flow {
	struct inspect *inspect;
	uint32_t seq[2];
	uint64_t now_ns;
};

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* inspect NULL: only makes the packet, to know what that costs. */
static void say(struct flow *flow, enum direction dir, const char *form, uint32_t number)
{
	char text[2048];
	int len;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	len = snprintf(text, sizeof(text), form, number);
#pragma GCC diagnostic pop
	if (len < 0 || len >= (int)sizeof(text))
		abort();
	struct packet packet = { .time_ns = flow->now_ns,
				 .tcp_flags = TCP_ACK,
				 .tcp_seq = flow->seq[dir],
				 .tcp_ack = flow->seq[1 - dir],
				 .payload = slice_of(text, (size_t)len),
				 .payload_wire = (uint32_t)len };

	flow->seq[dir] += (uint32_t)len;
	flow->now_ns += 1000000;
	if (flow->inspect != NULL)
		inspect_packet(flow->inspect, dir, &packet);
}

static void cycles(struct flow *flow, const struct talk *talk)
{
	say(flow, DIR_TO_SERVER, talk->login, 0);
	for (uint32_t i = 0; i < CYCLES; i++) {
		say(flow, DIR_TO_CLIENT, talk->job, i);
		say(flow, DIR_TO_SERVER, talk->share, i);
		say(flow, DIR_TO_CLIENT, talk->answer, i);
	}
}

/* ns per message, or -1 when not every share was counted. */
static double measure(const struct talk *talk)
{
	static const struct preface at_start[2] = { { .is_start = true }, { .is_start = true } };
	struct stats stats = { 0 };
	struct inspect_pool *pool = inspect_pool_new(1, 1 << 18, 1 << 18, &stats);
	struct flow bare = { .now_ns = T0 };
	struct flow flow = { .now_ns = T0 };
	double begin = cpu_ns();

	if (pool == NULL)
		return -1;
	cycles(&bare, talk);
	double making = cpu_ns() - begin;

	flow.inspect = inspect_new(pool, at_start);
	begin = cpu_ns();
	cycles(&flow, talk);
	double all = cpu_ns() - begin;
	bool is_right = inspect_session(flow.inspect)->view.accepted == CYCLES;

	inspect_free(flow.inspect);
	inspect_pool_free(pool);
	return is_right ? (all - making) / (3.0 * CYCLES) : -1;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 5;
	double results[ROUNDS_MAX];
	int rc = 0;

	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "messages: 1 to %d rounds\n", ROUNDS_MAX);
		return 2;
	}
	for (size_t i = 0; i < sizeof(talks) / sizeof(talks[0]); i++) {
		if (argc > 2 && strcmp(argv[2], talks[i].name) != 0)
			continue;
		for (long round = 0; round < rounds; round++)
			results[round] = measure(&talks[i]);
		qsort(results, (size_t)rounds, sizeof(results[0]), by_size);
		if (results[0] < 0) {
			fprintf(stderr, "messages: %s: not every share was counted\n",
				talks[i].name);
			rc = 1;
			continue;
		}
		printf("  %-12s %6.0f ns a message\n", talks[i].name, results[rounds / 2]);
	}
	return rc;
}
