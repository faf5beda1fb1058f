/* test_http_owners.c: who has a message that several dialects could read. Every one of the table is
 * asked, as a flow that is not decided does; look-alikes in HTTP and WebSocket get nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H16    "1a2b3c4d5e6f7a8b"
#define H64    H16 H16 H16 H16
#define WALLET "0x101112131415161718191a1b1c1d1e1f20212223"

static struct talk talk;

static const struct http_head post = { .method = "POST", .target = "/", .agent = "curl/8.1" };
static const struct http_head answer = { .is_response = true, .status = 200 };

static const struct {
	const struct dialect *owner;
	const struct http_head *http;
	const char *text;
} owned[] = {
	{ &dialect_ethgetwork, &post, "{\"id\":1,\"method\":\"eth_getWork\"}" },
	{ &dialect_ethgetwork, &post,
	  "{\"id\":4,\"method\":\"eth_submitWork\",\"params\":[\"0x" H16 "\",\"0x" H64 "\",\"0x" H64
	  "\"]}" },
	{ &dialect_ethproxy, NULL,
	  "{\"id\":4,\"method\":\"eth_submitWork\",\"params\":[\"0x" H16 "\",\"0x" H64 "\",\"0x" H64
	  "\"]}" },
	{ &dialect_getwork, &post, "{\"id\":0,\"method\":\"getwork\",\"params\":[]}" },
	{ &dialect_getblocktemplate, &post,
	  "{\"id\":0,\"method\":\"getblocktemplate\",\"params\":[{\"rules\":[\"segwit\"]}]}" },
	{ &dialect_getblocktemplate, &post,
	  "{\"id\":0,\"method\":\"submitblock\",\"params\":[\"00000020" H64 H64 "aaf0b166"
	  "0ca30317"
	  "0000beef"
	  "01\"]}" },
	{ &dialect_monerod, &post,
	  "{\"id\":0,\"method\":\"submitblock\",\"params\":[\"1010e0aebbb106" H64 H64 H64 "\"]}" },
	{ &dialect_monerod, &post,
	  "{\"id\":0,\"method\":\"getblocktemplate\",\"params\":{\"wallet_address\":\"" WALLET
	  "\"}}" },
	{ &dialect_monerod, &post, "{\"id\":0,\"method\":\"get_miner_data\"}" },
	{ &dialect_coinhive, NULL,
	  "{\"type\":\"submit\",\"params\":{\"job_id\":\"1\",\"nonce\":\"0bf389de\",\"result\":"
	  "\"" H64 "\"}}" },
	{ &dialect_webminerpool, NULL,
	  "{\"identifier\":\"solved\",\"job_id\":\"1\",\"nonce\":\"0bf389de\",\"result\":\"" H64
	  "\"}" },
	{ &dialect_cryptonote, NULL,
	  "{\"id\":2,\"method\":\"submit\",\"params\":{\"id\":\"a\",\"job_id\":\"9f3d\",\"nonce\":"
	  "\"d0030040\",\"result\":\"" H64 "\"}}" },
};

static bool say(const struct dialect *dialect, const struct http_head *http, const char *text)
{
	talk_begin(&talk, dialect);
	return http == NULL ? talk_up(&talk, text) : talk_body(&talk, http, text);
}

/* The first of those that see most in it, as the sensor asks. */
static void test_owner(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
		const struct dialect *owner = NULL;
		enum proof best = PROOF_NONE;

		for (size_t d = 0; d < dialect_count; d++) {
			if (!say(dialects[d], owned[i].http, owned[i].text) ||
			    (owner != NULL && talk_proof(&talk) <= best))
				continue;
			owner = dialects[d];
			best = talk_proof(&talk);
		}
		assert_non_null(owner);
		assert_string_equal(owner->name, owned[i].owner->name);
	}
}

/* What services of other kinds say; none proves more than a suspicion. */
static const char *const lookalike_bodies[] = {
	"{\"user\":\"ann\",\"password\":\"x\"}",
	"{\"type\":\"auth\",\"params\":{\"user\":\"ann\",\"token\":\"" H64 "\"}}",
	"{\"type\":\"auth\",\"params\":{\"site_key\":\"" H16 H16
	"\",\"user\":\"ann\",\"type\":\"user\"}}",
	"{\"type\":\"submit\",\"params\":{\"job_id\":17,\"result\":\"ok\"}}",
	"{\"type\":\"job\",\"params\":{\"job_id\":17,\"target\":\"release\",\"blob\":\"" H64 "\"}}",
	"{\"type\":\"error\",\"params\":{\"error\":\"denied\"}}",
	"{\"identifier\":\"job\",\"job_id\":17,\"target\":\"all\"}",
	"{\"identifier\":\"handshake\",\"version\":8}",
	"{\"message\":\"register\",\"address\":\"1 Main Street\",\"deviceId\":5}",
	"{\"message\":\"share\",\"block\":\"photo\"}",
	"{\"job\":{\"id\":17},\"status\":\"queued\",\"target\":\"" H64 "\"}",
	"{\"id\":1,\"method\":\"getwork\",\"params\":[]}",
	"{\"id\":1,\"method\":\"getmininginfo\",\"params\":[]}",
	"{\"id\":1,\"method\":\"getnetworkhashps\",\"params\":[]}",
	"{\"id\":1,\"method\":\"validateaddress\",\"params\":[\"" WALLET "\"]}",
	"{\"id\":1,\"method\":\"eth_hashrate\",\"params\":[]}",
	"{\"id\":1,\"method\":\"eth_call\",\"params\":[{\"to\":\"" WALLET "\"},\"latest\"]}",
	"{\"id\":1,\"method\":\"get_info\"}",
	"{\"id\":1,\"result\":true,\"error\":null}",
	"{\"id\":1,\"result\":null,\"error\":null}",
	"{\"id\":1,\"result\":\"duplicate\",\"error\":null}",
	"{\"id\":1,\"result\":{\"status\":\"OK\"}}",
	"{\"id\":1,\"result\":{\"bits\":\"1703a30c\",\"previousblockhash\":\"" H64 "\",\"tx\":[]}}",
	"{\"result\":\"success\",\"deadline\":1722937514}",
	"{\"errorCode\":5,\"errorDescription\":\"Unknown account\"}",
	"{\"text\":\"{\\\"method\\\":\\\"getwork\\\",\\\"params\\\":[]}\"}",
};

static const struct http_head lookalike_heads[] = {
	{ .method = "GET", .target = "/", .agent = "Mozilla/5.0" },
	{ .method = "GET", .target = "/getheight", .agent = "epee" },
	{ .method = "POST", .target = "/json_rpc", .user = "ann", .has_password = true },
	{ .method = "GET", .target = "/address/" WALLET },
	{ .method = "POST", .target = "/" WALLET },
	{ .method = "GET", .target = "/burst?requestType=getMiningInfo", .agent = "Mozilla/5.0" },
	{ .method = "GET", .target = "/search?miner=gold", .agent = "Mozilla/5.0" },
	{ .method = "POST", .target = "/api/submitNonce?nonce=abc" },
	{ .is_response = true, .status = 401 },
	{ .is_response = true, .status = 200 },
};

static void assert_weak(const struct dialect *dialect, const char *what)
{
	if (talk_proof(&talk) > PROOF_SUSPECT)
		fail_msg("%s believes %s", dialect->name, what);
}

static void test_lookalikes(void **unused)
{
	const size_t heads = sizeof(lookalike_heads) / sizeof(lookalike_heads[0]);
	const size_t bodies = sizeof(lookalike_bodies) / sizeof(lookalike_bodies[0]);

	(void)unused;
	for (size_t d = 0; d < dialect_count; d++) {
		for (size_t h = 0; h < heads; h++) {
			/* all on one connection: a suspicion does not grow by company */
			talk_begin(&talk, dialects[d]);
			talk_head(&talk, &lookalike_heads[h]);
			assert_weak(dialects[d], lookalike_heads[h].target);
			for (size_t b = 0; b < bodies; b++) {
				talk_body(&talk, &lookalike_heads[h], lookalike_bodies[b]);
				assert_weak(dialects[d], lookalike_bodies[b]);
				talk_body(&talk, &answer, lookalike_bodies[b]);
				assert_weak(dialects[d], lookalike_bodies[b]);
				talk_up(&talk, lookalike_bodies[b]);
				assert_weak(dialects[d], lookalike_bodies[b]);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_lookalikes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
