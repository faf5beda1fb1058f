/* test_branch_equihash.c: Zcash, Zhash and VerusHash in the words of Stratum V1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/target.h"
#include "tests/unit/dialect_talk.h"

#define H8  "1a2b3c4d"
#define H16 H8 H8
#define H64 H16 H16 H16 H16

#define T64    "0004189374bc6a7ef9db22d0e5604189374bc6a7ef9db22d0e5604189374bc6a"
#define USER   "t1KLZGVSeAZfP8E2xCoVaLtjWGMd7VUJbFg.rig4"
#define TARGET "{\"id\":null,\"method\":\"mining.set_target\",\"params\":[\"" T64 "\"]}"
#define NOTIFY_OF(version, more) \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"39f2\",\"" version "\",\"" H64 \
	"\",\"" H64 "\",\"" H64 "\",\"16ee7c58\",\"83837b1c\",true" more "]}"
#define NOTIFY NOTIFY_OF("04000000", "")
#define SUBMIT_HEAD \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" USER \
	"\",\"39f2\",\"16ee7c58\",\"" H16 H16 "00000000\",\""

static struct talk talk;
static const struct heard *const heard = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_stratum_v1);
}

static char text[4096];

/* A share with a solution of so many digits behind the prefix. */
static const char *share(const char *user, const char *prefix, size_t digits)
{
	int len = snprintf(text, sizeof(text),
			   "{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"%s\",\"39f2\","
			   "\"16ee7c58\",\"" H16 H16 "00000000\",\"%s",
			   user, prefix);

	for (size_t i = 0; i < digits; i++)
		text[len++] = "9a5"[i % 3];
	snprintf(text + len, sizeof(text) - (size_t)len, "\"]}");
	return text;
}

static void test_session(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":["
				   "\"equihashminer\",null,\"zec.example.org\",\"6666\"]}"));
	assert_string_equal(talk_dialect(&talk), "stratum-v1");
	assert_string_equal(heard->pool, "zec.example.org:6666");
	assert_true(talk_down(&talk, "{\"id\":1,\"result\":[null,\"c208ec770000\"],"
				     "\"error\":null}"));
	assert_true(heard->finding.is_ok);
	assert_true(talk_up(&talk, "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" USER
				   "\",\"x\"]}"));
	assert_true(talk_down(&talk, TARGET));
	assert_true(heard->finding.work > 15999.9 && heard->finding.work < 16000.1);

	assert_true(talk_down(&talk, NOTIFY));
	assert_string_equal(talk_dialect(&talk), "equihash");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(heard->finding.unit, "Sol/s");
	assert_true(heard->finding.work > 15999.9 && heard->finding.work < 16000.1);
	uint64_t job = heard->finding.job;

	assert_true(talk_up(&talk, share(USER, "fd4005", 2688)));
	assert_string_equal(talk_dialect(&talk), "equihash");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig4");
	assert_string_equal(heard->algo, "equihash200_9");
	assert_string_equal(heard->finding.unit, "Sol/s");
	assert_true(talk_down(&talk, "{\"id\":4,\"result\":true}"));
	assert_string_equal(talk_dialect(&talk), "equihash");
	assert_true(heard->finding.is_ok);
	/* what the family says is named by the branch from now on */
	assert_true(talk_down(&talk, TARGET));
	assert_string_equal(talk_dialect(&talk), "equihash");
	assert_string_equal(heard->finding.unit, "Sol/s");
}

static void test_mid_stream(void **unused)
{
	static const struct {
		const char *prefix;
		size_t digits;
		const char *algo;
	} forms[] = {
		{ "fd4005", 2688, "equihash200_9" }, { "fd9001", 800, "equihash192_7" },
		{ "64", 200, "equihash144_5" },      { "34", 104, "equihash125_4" },
		{ "44", 136, "equihash96_5" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		begin();
		assert_true(talk_up(&talk, share(USER, forms[i].prefix, forms[i].digits)));
		assert_string_equal(talk_dialect(&talk), "equihash");
		assert_string_equal(heard->algo, forms[i].algo);
		assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	}
	begin();
	assert_true(talk_down(&talk, NOTIFY));
	assert_string_equal(talk_dialect(&talk), "equihash");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(heard->finding.work == 0);
}

/* A share that ends with its first segment. */
static void test_cut_share(void **unused)
{
	static const char head[] = SUBMIT_HEAD;
	size_t len;

	(void)unused;
	share(USER, "fd4005", 2688);
	len = strlen(text);
	for (size_t cut = 1; cut <= len; cut++) {
		begin();
		if (!talk_bytes(&talk, DIR_TO_SERVER, text, cut, true))
			continue;
		bool is_sure = cut >= sizeof(head) - 1 + 6;

		assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
		assert_true((heard->finding.proof == PROOF_CONFIRMED) == is_sure);
		if (is_sure) {
			assert_string_equal(heard->login, USER);
			assert_string_equal(heard->worker, "rig4");
			assert_string_equal(talk_dialect(&talk), "equihash");
			assert_true(heard->finding.job != 0 && heard->finding.nonce != 0);
		}
	}
	begin();
	talk_up(&talk, text);
	uint64_t nonce = heard->finding.nonce;
	begin();
	talk_bytes(&talk, DIR_TO_SERVER, text, 1460, true);
	assert_int_equal(heard->finding.nonce, nonce);
}

static void test_zhash(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk, NOTIFY_OF("04000000", ",\"144_5\",\"BgoldPoW\"")));
	assert_string_equal(talk_dialect(&talk), "equihash");
	assert_string_equal(heard->algo, "equihash144_5");
	assert_string_equal(heard->finding.coin, "BTG");
	assert_string_equal(heard->finding.unit, "Sol/s");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(heard->finding.is_coin_mined);
	/* an address of Flux is one of Zcash, and who mines with 125 and 4 mines Flux */
	begin();
	talk_down(&talk, NOTIFY_OF("04000000", ",\"125_4\",\"ZelProof\""));
	assert_string_equal(heard->finding.coin, "FLUX");
	begin();
	talk_up(&talk, share(USER, "34", 104));
	assert_string_equal(heard->finding.coin, "FLUX");
	begin();
	talk_up(&talk, share(USER, "fd4005", 2688));
	assert_string_equal(heard->finding.coin, "ZEC");
	assert_false(heard->finding.is_coin_mined);
	begin();
	talk_up(&talk, share("RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4.a", "fd4005", 2688));
	assert_string_equal(heard->finding.coin, "KMD");
}

static void test_verus(void **unused)
{
	static const char *const jobs[] = {
		NOTIFY_OF("04000100", ""),
		NOTIFY_OF("04000100", ",\"" H64 "\""),
		NOTIFY_OF("04000000", ",\"0700000000010101\""),
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		begin();
		talk_down(&talk, TARGET);
		assert_true(talk_down(&talk, jobs[i]));
		assert_string_equal(talk_dialect(&talk), "equihash");
		assert_string_equal(heard->algo, "verushash");
		assert_null(heard->finding.unit);
		assert_true(heard->finding.work > 15999.9);
		assert_true(talk_up(&talk,
				    share("RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4.a", "fd4005", 2688)));
		assert_string_equal(heard->algo, "verushash");
		assert_string_equal(heard->finding.coin, "VRSC");
		assert_null(heard->finding.unit);
		assert_true(talk_down(&talk, NOTIFY));
		assert_null(heard->finding.unit);
	}
	begin();
	talk_up(&talk, share("ann@.rig1", "fd4005", 2688));
	assert_string_equal(heard->algo, "verushash");
	begin();
	talk_up(&talk, share("ann.rig1", "fd400507000000", 2680));
	assert_string_equal(heard->algo, "verushash");
	begin();
	talk_up(&talk,
		"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"hellminer/0.59\"]}");
	talk_up(&talk, share("ann.rig1", "fd4005", 2688));
	assert_string_equal(heard->algo, "verushash");
	/* a mail address is no identity */
	begin();
	talk_up(&talk, share("ops@example.org", "fd4005", 2688));
	assert_string_equal(heard->algo, "equihash200_9");
}

static void test_near_misses(void **unused)
{
	static const char *const notifies[] = {
		NOTIFY_OF("0400000", ""),
		NOTIFY_OF("04000000", ",1"),
		NOTIFY_OF("04000000", ",\"144_5\",\"BgoldPoW\",1"),
		"{\"method\":\"mining.notify\",\"params\":[\"39f2\",\"04000000\",\"" H64 "\",\"" H64
		"\",\"" H64 "\",\"16ee7c58\",\"83837b1c\"]}",
		"{\"method\":\"mining.notify\",\"params\":{\"a\":[\"" H64 "\"]}}",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(notifies) / sizeof(notifies[0]); i++) {
		begin();
		assert_true(talk_down(&talk, notifies[i]));
		assert_int_equal(heard->finding.proof, PROOF_LIKELY);
		assert_string_equal(talk_dialect(&talk), "stratum-v1");
		assert_null(heard->finding.unit);
	}
	begin();
	assert_true(talk_up(&talk, share(USER, "fd4005", 2686)));
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_true(talk_up(&talk, share(USER, "fd4105", 2688)));
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_true(talk_up(&talk, share(USER, "zz", 200)));
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	/* quoted text is no message */
	assert_false(talk_up(&talk, "{\"row\":\"{\\\"method\\\":\\\"mining.submit\\\"}\"}"));
}

static void test_spellings(void **unused)
{
	(void)unused;
	begin();
	talk_down(&talk, NOTIFY);
	uint64_t job = heard->finding.job;
	begin();
	assert_true(talk_down(&talk, " {\n\"params\" : [ \"39f\\u0032\" , \"0x04000000\",\"" H64
				     "\",\"" H64 "\",\"" H64 "\",\"16EE7C58\",\"83837B1C\",true],"
				     "\"method\":\"MINING.notify\",\"id\":0}\r\n"));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),   cmocka_unit_test(test_mid_stream),
		cmocka_unit_test(test_cut_share), cmocka_unit_test(test_zhash),
		cmocka_unit_test(test_verus),     cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
