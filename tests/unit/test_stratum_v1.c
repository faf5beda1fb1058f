/* test_stratum_v1.c: Bitcoin Stratum V1, message by message and as it is bent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/target.h"
#include "tests/unit/dialect_talk.h"

#define H8        "1a2b3c4d"
#define H64       H8 H8 H8 H8 H8 H8 H8 H8
#define Z8        "00000000"
#define PREV_BTC  H8 H8 H8 H8 H8 H8 Z8 Z8
#define PREV_ONE  H8 H8 H8 H8 H8 H8 H8 Z8
#define BTC_USER  "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig07"
#define ETH_USER  "\"0x000102030405060708090a0b0c0d0e0f10111213.rig1\",\"x\""
#define DGB_USER  "dgb1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3rsfkxjv"
#define DOGE_USER "D6hMgMotYmeDT4ndCZo97CJ8tX5cQLkmzZ"
#define VTC_USER  "VbTnAsBxc3mzbMtD1AL5dyxShWj1AXZzaB"
#define LTC_USER  "LLguXNLLGu7qnPgDSWfkV6hMDuoJnnMNHe.rig07"
#define DASH_USER "Xc9o6QgQ9x6NgXae8Fzg4cKNr31ikC3n7c.d3"

#define CONFIGURE \
	"{\"id\":1,\"method\":\"mining.configure\",\"params\":[[\"version-rolling\"," \
	"\"minimum-difficulty\"],{\"version-rolling.mask\":\"1fffe000\"," \
	"\"version-rolling.min-bit-count\":2,\"minimum-difficulty.value\":2048}]}"
#define SUBSCRIBE \
	"{\"id\":2,\"method\":\"mining.subscribe\",\"params\":[\"bmminer/2.0.0\",\"7a3f11c2\"]}"
#define SUBSCRIBED \
	"{\"id\":2,\"result\":[[[\"mining.set_difficulty\",\"7a3f11c2\"],[\"mining.notify\"," \
	"\"7a3f11c2\"]],\"08003a25\",4],\"error\":null}"
#define AUTHORIZE      "{\"id\":3,\"method\":\"mining.authorize\",\"params\":[\"" BTC_USER "\",\"x\"]}"
#define SET_DIFFICULTY "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[4096]}"
#define NOTIFY_AT(prev, bits) \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"2861\",\"" prev \
	"\",\"01000000\"," \
	"\"ffffffff\",[\"" H64 "\",\"" H64 "\"],\"20000000\",\"" bits "\",\"66b1f0aa\",true]}"
#define NOTIFY_OF(prev) NOTIFY_AT(prev, "1703a30c")
#define NOTIFY          NOTIFY_OF(H64)
#define NOTIFY_LTC      NOTIFY_AT(H64, "1931be5a")
#define SUBMIT \
	"{\"params\":[\"" BTC_USER "\",\"2861\",\"00000003\",\"66b1f0ab\",\"5c1e0f2a\"," \
	"\"00a00000\"],\"id\":4,\"method\":\"mining.submit\"}"

static struct talk talk;

static void begin(void)
{
	talk_begin(&talk, &dialect_stratum_v1);
}

static void test_session_start(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, CONFIGURE));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
	assert_true(talk_only(&talk)->finding.wants_reply);
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(talk_down(&talk, "{\"id\":1,\"result\":{\"version-rolling\":true,"
				     "\"version-rolling.mask\":\"18000000\"},\"error\":null}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REPLY);
	assert_true(talk_only(&talk)->finding.is_ok);

	assert_true(talk_up(&talk, SUBSCRIBE));
	const struct heard *heard = talk_only(&talk);
	assert_int_equal(heard->finding.kind, FINDING_SUBSCRIBE);
	assert_int_equal(heard->finding.sender, SENDER_MINER);
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_true(heard->finding.wants_reply && heard->finding.reply_confirms);
	assert_string_equal(heard->agent, "bmminer/2.0.0");
	assert_string_equal(heard->pool, "");
	uint64_t request = heard->finding.request;
	assert_true(talk_down(&talk, SUBSCRIBED));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_true(talk_only(&talk)->finding.is_ok);

	assert_true(talk_up(&talk, AUTHORIZE));
	assert_int_equal(heard->finding.kind, FINDING_LOGIN);
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_true(heard->finding.reply_confirms);
	assert_true(heard->finding.has_password);
	assert_string_equal(heard->login, BTC_USER);
	assert_string_equal(heard->wallet, "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E");
	assert_string_equal(heard->worker, "rig07");
	assert_int_equal(heard->finding.wallet.check, WALLET_VALID);
	assert_string_equal(heard->finding.coin, "BTC");
}

static void test_job_and_share(void **unused)
{
	const struct heard *heard = &talk.heard[0];

	(void)unused;
	begin();
	talk_up(&talk, AUTHORIZE);
	assert_true(talk_down(&talk, SET_DIFFICULTY));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_DIFFICULTY);
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_true(heard->finding.difficulty == 4096);
	assert_true(heard->finding.work == 4096 * TARGET_WORK_BITCOIN);

	assert_true(talk_down(&talk, NOTIFY));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_int_equal(heard->finding.sender, SENDER_POOL);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(heard->finding.difficulty == 4096);
	assert_true(heard->finding.work == 4096 * TARGET_WORK_BITCOIN);
	assert_string_equal(heard->algo, "sha256d");
	assert_string_equal(heard->finding.coin, "BTC");
	uint64_t job = heard->finding.job;
	assert_true(job != 0);

	assert_true(talk_up(&talk, SUBMIT));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(heard->finding.wants_reply);
	assert_int_equal(heard->finding.job, job);
	assert_true(heard->finding.nonce != 0);
	assert_string_equal(heard->worker, "rig07");
	uint64_t request = heard->finding.request;

	assert_true(talk_down(&talk, "{\"id\":4,\"result\":true,\"error\":null}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REPLY);
	assert_int_equal(heard->finding.sender, SENDER_POOL);
	assert_int_equal(heard->finding.request, request);
	assert_true(heard->finding.is_ok);
	assert_true(talk_down(&talk,
			      "{\"id\":4,\"result\":null,\"error\":[21,\"Job not found\",null]}"));
	assert_false(talk_only(&talk)->finding.is_ok);
	assert_true(heard->finding.is_stale);
	assert_string_equal(heard->reason, "Job not found");
}

static void test_new_difficulty_is_for_the_next_job(void **unused)
{
	const struct heard *heard = &talk.heard[0];

	(void)unused;
	begin();
	talk_down(&talk, "{\"method\":\"mining.set_difficulty\",\"params\":[0.05]}");
	assert_true(heard->finding.work == 0);
	talk_down(&talk, NOTIFY);
	assert_true(heard->finding.difficulty == 0.05);
	assert_true(heard->finding.work == 0);
	assert_string_equal(heard->algo, "");
	talk_down(&talk, "{\"id\":1,\"method\":\"mining.set_difficulty\",\"params\":[1.0]}");
	talk_down(&talk, NOTIFY);
	assert_true(heard->finding.work == TARGET_WORK_BITCOIN);
	talk_down(&talk, "{\"id\":1,\"method\":\"mining.set_difficulty\",\"params\":[0]}");
	assert_true(heard->finding.difficulty == 0);
	talk_down(&talk, "{\"id\":1,\"method\":\"mining.set_difficulty\",\"params\":[-3]}");
	talk_down(&talk, "{\"id\":1,\"method\":\"mining.set_difficulty\",\"params\":[1e31]}");
	talk_down(&talk, "{\"id\":1,\"method\":\"mining.set_difficulty\",\"params\":[]}");
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	talk_down(&talk, NOTIFY);
	assert_true(heard->finding.difficulty == 1.0);
}

static void assert_work(const char *login, const char *agent, const char *notify, double per_unit,
			const char *algo)
{
	char text[512];

	begin();
	snprintf(text, sizeof(text),
		 "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"%s\"]}", agent);
	assert_true(talk_up(&talk, text));
	snprintf(text, sizeof(text), "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[%s]}",
		 login);
	assert_true(talk_up(&talk, text));
	assert_null(strstr(talk.heard[0].reason, "="));
	talk_down(&talk, SET_DIFFICULTY);
	talk_down(&talk, notify);
	assert_true(talk.heard[0].finding.work == 4096 * per_unit);
	assert_string_equal(talk.heard[0].algo, algo);
}

static void test_work_by_evidence(void **unused)
{
	const char *account = "\"ann.r1\",\"x\"";

	(void)unused;
	assert_work("\"" BTC_USER "\"", "", NOTIFY, TARGET_WORK_BITCOIN, "sha256d");
	assert_work("\"" LTC_USER "\"", "", NOTIFY, TARGET_WORK_SCRYPT, "scrypt");
	assert_work(account, "", NOTIFY, TARGET_WORK_BITCOIN, "sha256d");
	assert_work(account, "Antminer L7/1.0", NOTIFY, TARGET_WORK_SCRYPT, "scrypt");
	assert_work(account, "bosminer-plus-tuner 0.9", NOTIFY_LTC, TARGET_WORK_BITCOIN, "sha256d");
	assert_work(account, "cpuminer/2.5.1", NOTIFY_LTC, TARGET_WORK_SCRYPT, "scrypt");
	assert_work(account, "cpuminer/2.5.1", NOTIFY_OF(PREV_BTC), TARGET_WORK_BITCOIN, "sha256d");
	/* a testnet's; a chain's of neither */
	assert_work(account, "", NOTIFY_AT(PREV_ONE, "1d00ffff"), TARGET_WORK_BITCOIN, "sha256d");
	assert_work(account, "", NOTIFY_AT(H64, "1b494a04"), 0, "");
	assert_work("\"" LTC_USER "\"", "", NOTIFY_AT(H64, "1b494a04"), TARGET_WORK_SCRYPT,
		    "scrypt");
	assert_work(account, "", NOTIFY_AT(Z8 H8 H8 H8 H8 H8 H8 H8, "1b494a04"),
		    TARGET_WORK_BITCOIN, "sha256d");
	assert_work(account, "kawpowminer/1.2.4", NOTIFY, 0, "");
	assert_work("\"ann.r1\",\"d=4096,c=LTC\"", "", NOTIFY, TARGET_WORK_SCRYPT, "scrypt");
	assert_work("\"ann.r1\",\"c=BTC\"", "", NOTIFY, TARGET_WORK_BITCOIN, "sha256d");
	assert_work("\"ann.r1\",\"a=scrypt,d=1\"", "", NOTIFY, TARGET_WORK_SCRYPT, "scrypt");
	assert_work("\"ann.r1\",\"a=x11\"", "", NOTIFY, TARGET_WORK_BITCOIN, "x11");
	assert_work("\"ann.r1\",\"a=x16r\"", "", NOTIFY, 0, "");
	/* Dash's, whatever its jobs look like; of a pool that pays in it, only its own */
	assert_work("\"" DASH_USER "\"", "", NOTIFY_LTC, TARGET_WORK_BITCOIN, "x11");
	assert_string_equal(talk.heard[0].finding.coin, "DASH");
	assert_work("\"" DASH_USER "\",\"c=DASH\"", "", NOTIFY_AT(PREV_ONE, "193cd2aa"),
		    TARGET_WORK_BITCOIN, "x11");
	assert_work("\"" DASH_USER "\",\"c=DASH\"", "", NOTIFY_LTC, TARGET_WORK_SCRYPT, "scrypt");
	assert_work("\"" DASH_USER "\",\"c=DASH\"", "", NOTIFY_AT(H64, "1b494a04"), 0, "");
	/* of what it mines, only GhostRider has such jobs */
	assert_work(account, "XMRig/6.22.2 (Linux x86_64)", NOTIFY, TARGET_WORK_SCRYPT,
		    "ghostrider");
	assert_work("\"ann.r1\",\"c=RTM\"", "", NOTIFY, TARGET_WORK_SCRYPT, "ghostrider");
	assert_work("\"RTM:RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4.r1\"", "", NOTIFY, TARGET_WORK_SCRYPT,
		    "ghostrider");
	assert_work(account, "cpuminer-gr/1.2.4", NOTIFY, TARGET_WORK_SCRYPT, "ghostrider");
	assert_work("\"ann.r1\",\"c=RXD\"", "", NOTIFY, TARGET_WORK_BITCOIN, "sha512256d");
	assert_work("\"ann.r1\",\"a=sha512/256d\"", "", NOTIFY, TARGET_WORK_BITCOIN, "sha512256d");
	/* several chains pay to addresses of Ethereum's form: the job tells, or nothing does */
	assert_work(ETH_USER, "", NOTIFY_OF(PREV_BTC), TARGET_WORK_BITCOIN, "sha256d");
	assert_work(ETH_USER, "", NOTIFY_LTC, TARGET_WORK_SCRYPT, "scrypt");
	assert_work(ETH_USER, "", NOTIFY, 0, "");
	assert_work("\"" DGB_USER "\"", "", NOTIFY_OF(PREV_BTC), TARGET_WORK_BITCOIN, "sha256d");
	assert_work("\"" DGB_USER "\"", "", NOTIFY, 0, "");
	assert_work("\"" VTC_USER "\"", "", NOTIFY, 0x1p24, "verthash");
	/* a multi-algorithm pool pays in a coin that is not the one it mines */
	assert_work("\"" BTC_USER "\",\"a=scrypt\"", "", NOTIFY, TARGET_WORK_SCRYPT, "scrypt");
	assert_null(talk.heard[0].finding.coin);
	assert_work("\"" LTC_USER "\"", "", NOTIFY_OF(PREV_BTC), TARGET_WORK_BITCOIN, "sha256d");
	assert_null(talk.heard[0].finding.coin);
	assert_work("\"" LTC_USER "\",\"c=LTC\"", "", NOTIFY_OF(PREV_BTC), TARGET_WORK_BITCOIN,
		    "sha256d");
	assert_work("\"" LTC_USER "\",\"c=LTC\"", "", NOTIFY_AT(H64, "1b494a04"), 0, "");
	assert_work("\"" LTC_USER "\",\"c=LTC\"", "", NOTIFY_AT(H64, "1d1a2b3c"), 0, "");
	assert_work("\"" BTC_USER "\",\"c=BTC\"", "", NOTIFY_AT(H64, "1d1a2b3c"), 0, "");
	assert_work("\"" LTC_USER "\",\"c=LTC,a=scrypt\"", "", NOTIFY_AT(H64, "1d1a2b3c"),
		    TARGET_WORK_SCRYPT, "scrypt");
	assert_work("\"" LTC_USER "\"", "", NOTIFY_AT(H64, "1d1a2b3c"), TARGET_WORK_SCRYPT,
		    "scrypt");
	assert_work("\"" BTC_USER "\"", "", NOTIFY_LTC, TARGET_WORK_SCRYPT, "scrypt");
	assert_null(talk.heard[0].finding.coin);
	assert_work("\"" BTC_USER "\",\"c=BTC\"", "", NOTIFY_LTC, TARGET_WORK_SCRYPT, "scrypt");
	assert_work("\"" BTC_USER "\"", "", NOTIFY_AT(H64, "1b494a04"), TARGET_WORK_BITCOIN,
		    "sha256d");
	assert_work("\"" BTC_USER "\"", "bitaxe/1", NOTIFY_LTC, TARGET_WORK_BITCOIN, "sha256d");
}

/* An address that several coins have is the one's that is mined so. */
static void test_coin_of_shares(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk,
		"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cpuminer-gr-1.2.4\"]}");
	talk_up(&talk, "{\"id\":4,\"method\":\"mining.submit\",\"params\":["
		       "\"RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4.r1\",\"2861\",\"00000003\","
		       "\"66b1f0ab\",\"5c1e0f2a\"]}");
	assert_string_equal(talk.heard[0].finding.coin, "RTM");
	begin();
	talk_up(&talk, "{\"id\":4,\"method\":\"mining.submit\",\"params\":["
		       "\"RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4.r1\",\"2861\",\"00000003\","
		       "\"66b1f0ab\",\"5c1e0f2a\"]}");
	assert_null(talk.heard[0].finding.coin);
}

/* The coin among the options tells whose an address is that could be two coins'; no other. */
static void test_shared_addresses(void **unused)
{
	static const struct {
		const char *user;
		const char *password;
		const char *coin;
	} cases[] = {
		{ DOGE_USER, "x", "DOGE" },
		{ DOGE_USER, "d=4096,c=DGB", "DGB" },
		{ DOGE_USER, "c=dgb", "DGB" },
		{ DOGE_USER, "mc=DGB,d=4096", "DGB" },
		{ DOGE_USER, "c=DOGE,mc=DGB", "DOGE" },
		{ DOGE_USER, "mc=DGB,c=DOGE", "DOGE" },
		{ DOGE_USER, "c=DGBX", "DOGE" },
		{ DOGE_USER, "c=DG", "DOGE" },
		{ DOGE_USER, "c=BCH", "DOGE" },
		{ "9szXoVRasKwCubfw1D8bEC7qrV24ghRAf5", "c=DGB", "DOGE" }, /* a script of it */
		{ LTC_USER, "c=DGB", "LTC" },
		{ BTC_USER, "c=DGB", "BTC" },
		{ BTC_USER, "c=BCH", "BCH" },
	};
	const struct heard *heard = &talk.heard[0];
	char text[256];

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin();
		(void)snprintf(
			text, sizeof(text),
			"{\"id\":3,\"method\":\"mining.authorize\",\"params\":[\"%s\",\"%s\"]}",
			cases[i].user, cases[i].password);
		talk_up(&talk, text);
		assert_string_equal(heard->finding.coin, cases[i].coin);
		assert_string_equal(heard->finding.wallet.coin, cases[i].coin);
		/* his shares come without the password */
		(void)snprintf(text, sizeof(text),
			       "{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"%s\",\"2861\","
			       "\"00000003\",\"66b1f0ab\",\"5c1e0f2a\"]}",
			       cases[i].user);
		talk_up(&talk, text);
		assert_string_equal(heard->finding.coin, cases[i].coin);
	}
	/* it is mined in five ways, of which scrypt is one */
	assert_work("\"" DOGE_USER "\",\"x\"", "", NOTIFY, TARGET_WORK_SCRYPT, "scrypt");
	assert_work("\"" DOGE_USER "\",\"c=DGB\"", "", NOTIFY, 0, "");
	assert_work("\"" DOGE_USER "\",\"c=DGB\"", "", NOTIFY_OF(PREV_BTC), TARGET_WORK_BITCOIN,
		    "sha256d");
}

/* Chains of several algorithms, whose last block another one has found: versions are rolled for
 * SHA-256d alone. */
static void test_rolled_versions(void **unused)
{
	static const char *const words[][2] = {
		{ "{\"id\":1,\"result\":{\"version-rolling\":true,\"version-rolling.mask\":"
		  "\"1fffe000\"},\"error\":null}",
		  NULL },
		{ "{\"method\":\"mining.set_version_mask\",\"params\":[\"1fffe000\"]}", NULL },
		{ NULL, "{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" BTC_USER
			"\",\"2861\",\"00000003\",\"66b1f0ab\",\"5c1e0f2a\",\"00a00000\"]}" },
	};

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		begin();
		talk_up(&talk,
			"{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" BTC_USER "\"]}");
		talk_down(&talk, SET_DIFFICULTY);
		talk_down(&talk, NOTIFY_LTC);
		assert_string_equal(talk.heard[0].algo, "scrypt");
		assert_true(words[i][0] != NULL ? talk_down(&talk, words[i][0])
						: talk_up(&talk, words[i][1]));
		talk_down(&talk, NOTIFY_LTC);
		assert_string_equal(talk.heard[0].algo, "sha256d");
		assert_true(talk.heard[0].finding.work == 4096 * TARGET_WORK_BITCOIN);
	}
	/* one block of Bitcoin's chain is enough */
	begin();
	talk_down(&talk, SET_DIFFICULTY);
	talk_down(&talk, NOTIFY_OF(PREV_BTC));
	talk_down(&talk, NOTIFY_LTC);
	assert_string_equal(talk.heard[0].algo, "sha256d");
}

static void test_target_in_force(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk,
			      "{\"id\":null,\"method\":\"mining.set_target\",\"params\":["
			      "\"0004189374bc6a7ef9db22d0e5604189374bc6a7ef9db22d0e5604189374"
			      "bc6a\"]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_DIFFICULTY);
	assert_true(talk.heard[0].finding.work > 15999.9 && talk.heard[0].finding.work < 16000.1);
	/* eight fields: another coin's form */
	assert_true(talk_down(&talk,
			      "{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"39f2\","
			      "\"04000000\",\"" H64 "\",\"" H64 "\",\"" H64 "\",\"16ee7c58\","
			      "\"83837b1c\",true]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_int_equal(talk.heard[0].finding.proof, PROOF_CONFIRMED);
	assert_true(talk.heard[0].finding.work > 15999.9 && talk.heard[0].finding.work < 16000.1);
	talk_down(&talk, SET_DIFFICULTY);
	talk_down(&talk, NOTIFY);
	assert_true(talk.heard[0].finding.work == 4096 * TARGET_WORK_BITCOIN);
}

static void test_notify_shape(void **unused)
{
	static const char *const wrong[] = {
		"[\"2861\",\"" H8
		"\",\"01\",\"ff\",[],\"20000000\",\"1703a30c\",\"66b1f0aa\",true]",
		"[\"2861\",\"" H64
		"\",\"0\",\"ff\",[],\"20000000\",\"1703a30c\",\"66b1f0aa\",true]",
		"[\"2861\",\"" H64
		"\",\"01\",\"fg\",[],\"20000000\",\"1703a30c\",\"66b1f0aa\",true]",
		"[\"2861\",\"" H64
		"\",\"01\",\"ff\",\"\",\"20000000\",\"1703a30c\",\"66b1f0aa\",true]",
		"[\"2861\",\"" H64 "\",\"01\",\"ff\",[\"" H8 "\"],\"20000000\",\"1703a30c\","
		"\"66b1f0aa\",true]",
		"[\"2861\",\"" H64
		"\",\"01\",\"ff\",[],\"2000000\",\"1703a30c\",\"66b1f0aa\",true]",
		"[\"2861\",\"" H64
		"\",\"01\",\"ff\",[],\"20000000\",\"1703a30\",\"66b1f0aa\",true]",
		"[\"2861\",\"" H64
		"\",\"01\",\"ff\",[],\"20000000\",\"1703a30c\",\"66b1f0a\",true]",
		"[\"2861\",\"" H64 "\",\"01\",\"ff\",[],\"20000000\",\"1703a30c\",\"66b1f0aa\",1]",
		"[\"2861\",\"" H64 "\",\"01\",\"ff\",[],\"20000000\",\"1703a30c\",\"66b1f0aa\"]",
		"[null,\"" H64 "\",\"01\",\"ff\",[],\"20000000\",\"1703a30c\",\"66b1f0aa\",true]",
		"[]",
		"{\"a\":1}",
		"null",
	};
	char text[512];

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin();
		snprintf(text, sizeof(text), "{\"method\":\"mining.notify\",\"params\":%s}",
			 wrong[i]);
		assert_true(talk_down(&talk, text));
		assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
		assert_true(talk.heard[0].finding.work == 0);
	}
	begin();
	assert_true(talk_down(&talk,
			      "{\"method\":\"mining.notify\",\"params\":[17,\"" H64 "\",\"01\","
			      "\"ff\",[],\"20000000\",\"1703a30c\",\"66b1f0aa\",false]}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
}

static void test_spellings(void **unused)
{
	static const char *const spellings[] = {
		"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" BTC_USER "\",\"2861\","
		"\"00000003\",\"66b1f0ab\",\"5c1e0f2a\",\"00a00000\"]}\r\n",
		"{\"method\": \"mining.submit\", \"id\": 4.0, \"params\": [\"" BTC_USER
		"\", \"2861\", "
		"\"00000003\", \"66b1f0ab\", \"5c1e0f2a\", \"00a00000\"]}",
		"{\n\t\"id\" : \"4\",\n\t\"params\" :\n\t[ \"" BTC_USER "\" , \"2861\",\r\n"
		"\"00000003\" , \"66b1f0ab\",\"5c1e0f2a\",\"00a00000\" ] ,"
		"\n\t\"method\" : \"mining.submit\"\n}",
		"{\"id\":4,\"m\\u0065thod\":\"m\\u0069ning.submit\",\"params\":[\"" BTC_USER "\","
		"\"2861\",\"00000003\",\"66b1f0ab\",\"5c1e0f2a\",\"00a00000\"]}",
		"{\"id\":4,\"method\":\"Mining.Submit\",\"params\":["
		"\"12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6"
		"E\\u002Erig07\",\"28\\u00361\",\"00000003\",\"66b1f0ab\",\"5c1e0f2a\","
		"\"00a00000\"]}",
		"{\"id\":4,\"method\":\"login\",\"method\":\"mining.submit\",\"params\":["
		"\"" BTC_USER
		"\",\"2861\",\"00000003\",\"66B1F0AB\",\"5C1E0F2A\",\"00A00000\"],\"worker\":\"\"}",
		"[{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" BTC_USER "\",\"2861\","
		"\"00000003\",\"66b1f0ab\",\"5c1e0f2a\",\"00a00000\"]}]",
	};

	(void)unused;
	begin();
	assert_true(talk_up(&talk, SUBMIT));
	struct finding want = talk_only(&talk)->finding;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		begin();
		assert_true(talk_up(&talk, spellings[i]));
		const struct heard *heard = talk_only(&talk);

		assert_int_equal(heard->finding.kind, FINDING_SHARE);
		assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
		assert_int_equal(heard->finding.request, want.request);
		assert_int_equal(heard->finding.job, want.job);
		assert_int_equal(heard->finding.nonce, want.nonce);
		assert_string_equal(heard->login, BTC_USER);
		assert_string_equal(heard->worker, "rig07");
	}
}

static void test_share_identity(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, SUBMIT);
	uint64_t first = talk_only(&talk)->finding.nonce;
	talk_up(&talk, "{\"params\":[\"" BTC_USER "\",\"2861\",\"00000003\",\"66b1f0ab\","
		       "\"5c1e0f2a\",\"00a00001\"],\"id\":5,\"method\":\"mining.submit\"}");
	assert_true(talk_only(&talk)->finding.nonce != first);
	/* 5 fields are a share as well */
	assert_true(talk_up(&talk, "{\"params\":[\"ann\",\"2861\",\"00000003\",\"66b1f0ab\","
				   "\"5c1e0f2a\"],\"id\":5,\"method\":\"mining.submit\"}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(talk.heard[0].login, "ann");
}

/* Shares of other coins' dialects, and of none. */
static void test_other_shares(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk,
			    "{\"id\":40,\"method\":\"mining.submit\",\"params\":[\"" BTC_USER
			    "\",\"1f3a\",\"0x64290b0000a1b2c3\",\"0x" H64 "\",\"0x" H64 "\"]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(talk.heard[0].finding.proof, PROOF_CONFIRMED);
	assert_string_equal(talk.heard[0].finding.dialect, "kawpow");
	assert_true(talk.heard[0].finding.nonce != 0);
	assert_string_equal(talk.heard[0].worker, "rig07");
	/* the first field is a job here: no name is made of it */
	assert_true(talk_up(&talk,
			    "{\"id\":40,\"method\":\"mining.submit\",\"params\":[\"bf0488aa\","
			    "\"68765fccd712\",\"w-123\"]}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_false(talk_has_identity(&talk));
	assert_true(talk_up(&talk, "{\"id\":40,\"method\":\"mining.submit\",\"params\":[]}"));
	assert_int_equal(talk_only(&talk)->finding.nonce, 0);
	assert_true(talk_up(&talk, "{\"id\":40,\"method\":\"mining.submit\"}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
}

static void test_leaked_pools(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":["
				   "\"equihashminer\",null,\"zec.example.org\",\"6666\"]}"));
	assert_string_equal(talk_only(&talk)->pool, "zec.example.org:6666");
	assert_string_equal(talk.heard[0].agent, "equihashminer");
	assert_true(talk_up(&talk, "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":["
				   "\"NiceHash/1.0.0\",\"1500000000000\",\"" H64 "\"]}"));
	assert_string_equal(talk_only(&talk)->pool, "");
	assert_true(talk_up(&talk,
			    "{\"id\":1,\"method\":\"mining.configure\",\"params\":[[\"info\"],"
			    "{\"info.connection-url\":\"stratum+tcp://u:p@pool.example.org:3333\","
			    "\"info.hw-version\":\"Antminer S9\",\"info.sw-version\":\"fw 1\","
			    "\"info.hw-id\":\"0042\"}]}"));
	assert_int_equal(talk.count, 2);
	assert_int_equal(talk.heard[1].finding.kind, FINDING_IDENTITY);
	assert_string_equal(talk.heard[1].pool, "pool.example.org:3333");
	assert_string_equal(talk.heard[1].agent, "Antminer S9 fw 1");
	assert_true(talk_down(&talk, "{\"id\":null,\"method\":\"client.reconnect\",\"params\":["
				     "\"next.example.org\",\"3334\",5]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_RECONNECT);
	assert_int_equal(talk.heard[0].finding.sender, SENDER_POOL);
	assert_string_equal(talk.heard[0].pool, "next.example.org:3334");
	assert_true(talk_down(&talk, "{\"method\":\"client.reconnect\",\"params\":[]}"));
	assert_string_equal(talk_only(&talk)->pool, "");
}

/* The pool asks, the miner answers; neither is the fate of a share. */
static void test_miner_replies(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, AUTHORIZE);
	assert_true(
		talk_down(&talk, "{\"id\":9876,\"method\":\"client.get_version\",\"params\":[]}"));
	assert_int_equal(talk.count, 0);
	assert_true(talk_up(&talk, "{\"id\":9876,\"result\":\"cpuminer/2.5.1\",\"error\":null}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_IDENTITY);
	assert_int_equal(talk.heard[0].finding.sender, SENDER_MINER);
	assert_string_equal(talk.heard[0].agent, "cpuminer/2.5.1");
	assert_true(talk_down(&talk, "{\"id\":42,\"method\":\"mining.ping\",\"params\":[]}"));
	assert_false(talk_only(&talk)->finding.wants_reply);
	assert_true(talk_up(&talk, "{\"id\":42,\"result\":\"pong\",\"error\":null}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_KEEPALIVE);
	assert_true(talk_down(&talk, "{\"id\":null,\"method\":\"client.show_message\",\"params\":["
				     "\"Authorised, welcome\"]}"));
	assert_int_equal(talk.count, 0);
}

static void test_server_only(void **unused)
{
	(void)unused;
	begin();
	assert_false(talk_down(&talk, "{\"id\":4,\"result\":true,\"error\":null}"));
	assert_true(talk_down(&talk, SUBSCRIBED));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_true(talk_down(&talk, "{\"id\":4,\"result\":true,\"error\":null}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REPLY);

	begin();
	assert_true(talk_down(&talk,
			      "{\"id\":2,\"result\":[[\"mining.notify\",\"a1\"],\"08003a25\",4],"
			      "\"error\":null}"));
	begin();
	assert_false(talk_down(&talk, "{\"id\":2,\"result\":[[],\"08003a25\",4],\"error\":null}"));
	assert_false(
		talk_down(&talk, "{\"id\":2,\"result\":[[\"mining.notify\",\"a\"],\"08g0\",4]}"));
	assert_false(
		talk_down(&talk, "{\"id\":2,\"result\":[[\"mining.notify\",\"a\"],\"0800\",40]}"));
	assert_true(talk_down(&talk, NOTIFY));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	/* the roles of a flow may be the wrong way round */
	begin();
	assert_true(talk_up(&talk, NOTIFY));
	assert_int_equal(talk_only(&talk)->finding.sender, SENDER_POOL);
	assert_true(talk_up(&talk, "{\"id\":4,\"result\":true,\"error\":null}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REPLY);
}

static void test_unknown_methods(void **unused)
{
	(void)unused;
	begin();
	assert_false(talk_up(&talk, "{\"id\":1,\"method\":\"client.get_version\",\"params\":[]}"));
	assert_false(talk_up(&talk, "{\"id\":1,\"method\":\"client.show_message\",\"params\":[]}"));
	assert_false(talk_up(&talk, "{\"id\":1,\"method\":\"client.reconnect\",\"params\":[]}"));
	assert_false(talk_up(&talk, "{\"id\":1,\"method\":\"mining\",\"params\":[]}"));
	assert_false(talk_up(&talk, "{\"id\":1,\"method\":\"minings.submit\",\"params\":[]}"));
	assert_false(talk_up(&talk, "{\"id\":1,\"method\":\"mining.start\",\"params\":[]}"));
	assert_false(talk_up(&talk, "{\"id\":1,\"method\":\"Mining.Status\"}"));
	assert_true(talk_up(&talk, "{\"id\":1,\"method\":\"mining.train\",\"params\":[]}"));
	assert_int_equal(talk_only(&talk)->finding.proof,
			 PROOF_SUSPECT); /* data is mined as well */
	assert_true(talk_up(&talk, "{\"id\":1,\"method\":\"mining.noop\",\"params\":[]}"));
	assert_true(talk_up(&talk, "{\"id\":1,\"method\":\"mining.brandnew\",\"params\":[]}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_int_equal(talk.heard[0].finding.sender, SENDER_UNKNOWN);
	/* a pool's own word may begin like one that is nobody's here */
	assert_true(talk_up(&talk, "{\"id\":1,\"method\":\"mining.status_of_job\"}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(talk_up(&talk, "{\"id\":1,\"method\":\"mining.suggest_difficulty(1024)\"}"));
	assert_int_equal(talk_only(&talk)->finding.sender, SENDER_MINER);
	assert_true(talk_up(&talk,
			    "{\"id\":1,\"method\":\"mining.authenticate\",\"params\":[\"ann.r1\","
			    "\"\"]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_false(talk.heard[0].finding.has_password);
	/* of Handshake's servers: its only field is a password */
	assert_true(talk_up(&talk, "{\"id\":1,\"method\":\"mining.authorize_admin\",\"params\":["
				   "\"secret\"]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
	assert_int_equal(talk.heard[0].finding.login.len, 0);
	/* an object of another dialect's reply is left to it, also in a flow of ours */
	assert_false(talk_down(&talk, "{\"id\":1,\"result\":{\"status\":\"OK\"}}"));
	assert_false(talk_down(&talk, "{\"id\":1,\"result\":{\"job\":{}}}"));
}

static void test_cut_messages(void **unused)
{
	static const char notify[] = NOTIFY;
	static const char submit[] =
		"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" BTC_USER "\",\"2861\","
		"\"00000003\",\"66b1f0ab\",\"5c1e0f2a\"]}";

	(void)unused;
	for (size_t len = 0; len < sizeof(submit); len++) {
		begin();
		if (!talk_bytes(&talk, DIR_TO_SERVER, submit, len, true))
			continue;
		const struct heard *heard = talk_only(&talk);

		assert_true(heard->login[0] == '\0' || strcmp(heard->login, BTC_USER) == 0);
		assert_true(heard->worker[0] == '\0' || strcmp(heard->worker, "rig07") == 0);
		assert_true(heard->finding.proof == PROOF_CONFIRMED ||
			    heard->finding.nonce == 0); /* others may begin alike */
		assert_int_equal(heard->finding.proof == PROOF_CONFIRMED,
				 len >= sizeof(submit) - 3); /* all but the brackets */
	}
	begin();
	talk_down(&talk, SET_DIFFICULTY);
	assert_true(talk_bytes(&talk, DIR_TO_CLIENT, notify, sizeof(notify) - 12, true));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(talk.heard[0].finding.work == 4096 * TARGET_WORK_BITCOIN);
	assert_false(talk_bytes(&talk, DIR_TO_CLIENT, notify, sizeof(notify) - 12, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session_start),
		cmocka_unit_test(test_job_and_share),
		cmocka_unit_test(test_new_difficulty_is_for_the_next_job),
		cmocka_unit_test(test_work_by_evidence),
		cmocka_unit_test(test_coin_of_shares),
		cmocka_unit_test(test_shared_addresses),
		cmocka_unit_test(test_rolled_versions),
		cmocka_unit_test(test_target_in_force),
		cmocka_unit_test(test_notify_shape),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_share_identity),
		cmocka_unit_test(test_other_shares),
		cmocka_unit_test(test_leaked_pools),
		cmocka_unit_test(test_miner_replies),
		cmocka_unit_test(test_server_only),
		cmocka_unit_test(test_unknown_methods),
		cmocka_unit_test(test_cut_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
