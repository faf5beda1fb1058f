/* test_campaign_event.c: a campaign as EVE JSON and as text on a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "sensor/text_campaign.h"
#include "tests/unit/decisions.h"

static struct event_renderer *renderer;

static int setup(void **state)
{
	static struct event_context context;

	(void)state;
	context = test_context();
	renderer = event_renderer_new(&context);
	return renderer != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	event_renderer_free(renderer);
	return 0;
}

static const char *eve_of(const struct decision_campaign *campaign)
{
	static struct event event;
	const char *line;
	size_t len;

	event_begin(renderer, &campaign->decision, &event);
	line = event_eve(renderer, &event, &len);
	assert_int_equal(strlen(line), len);
	return line;
}

static void assert_has(const char *line, const char *part)
{
	if (strstr(line, part) == NULL)
		fail_msg("no %s in %s", part, line);
}

static void assert_lacks(const char *line, const char *part)
{
	if (strstr(line, part) != NULL)
		fail_msg("%s in %s", part, line);
}

static void test_eve(void **state)
{
	struct decision_campaign campaign = test_campaign(23, CAMPAIGN_ALERT, 16);
	const char *line = eve_of(&campaign);

	(void)state;
	assert_has(line, "\"event_type\":\"alert\",\"src_ip\":\"10.0.1.23\",\"src_port\":49152,"
			 "\"dest_ip\":\"198.51.100.120\",\"dest_port\":3333,");
	assert_has(line, "\"signature_id\":1600030,\"rev\":16,"
			 "\"signature\":\"Cryptocurrency mining campaign\",");
	assert_has(line, "\"severity\":1,");
	assert_has(line, "\"flow\":{\"pkts_toserver\":136,\"pkts_toclient\":82,"
			 "\"bytes_toserver\":15129,\"bytes_toclient\":17239,"
			 "\"start\":\"2026-03-05T10:01:06.123456+0000\"},");
	assert_has(line,
		   "\"mining\":{\"level\":\"confirmed\",\"coin\":\"XMR\",\"wallet\":\"" TEST_WALLET
		   "\",\"wallet_valid\":false,\"wallet_check\":\"unverified\","
		   "\"wallet_hash\":\"653a1f4a71581856\",\"pool\":\"198.51.100.120:3333\","
		   "\"campaign\":{\"id\":\"0fef1d41e794f234\",\"kind\":\"wallet\",\"key\":"
		   "\"" TEST_WALLET "\",\"members\":20,\"local_members\":18,\"first_member\":"
		   "\"111122223333/us-east-1/vpc-0a1b2c3d/10.0.1.23\","
		   "\"first_seen\":\"2026-03-05T10:01:07.123456+0000\","
		   "\"last_join\":\"2026-03-05T10:24:41.123456+0000\",\"spread_seconds\":1414,"
		   "\"wave_members\":19,\"wave_seconds\":1300,\"growth_10m\":11,"
		   "\"hashrate\":39605.4,\"worker_pattern\":\"gpu-*\","
		   "\"agent\":\"XMRig/6.21.0\",\"pool\":\"198.51.100.120:3333\"},"
		   "\"first_seen\":\"2026-03-05T10:01:07.123456+0000\","
		   "\"evidence\":[\"shared-wallet\"],\"alert_id\":\"0fef1d41e794f234\","
		   "\"revision\":16},\"cloud\":{");
}

static void test_other_keys_are_no_wallet(void **state)
{
	struct decision_campaign campaign = test_campaign(23, CAMPAIGN_ALERT, 1);
	const char *line;

	(void)state;
	campaign.kind = CAMPAIGN_POOL;
	snprintf(campaign.key, sizeof(campaign.key), "pool.example.net");
	campaign.hashrate = 0;
	campaign.agent[0] = '\0';
	line = eve_of(&campaign);
	assert_has(line, "\"kind\":\"pool\",\"key\":\"pool.example.net\"");
	assert_lacks(line, "\"wallet");
	assert_lacks(line, "hashrate");
	assert_lacks(line, "\"agent\"");
	campaign.kind = CAMPAIGN_WALLET;
	campaign.wallet_check = WALLET_NONE;
	assert_has(eve_of(&campaign), "\"account\":\"pool.example.net\",\"wallet_hash\"");
}

static void test_longest_texts_fit(void **state)
{
	struct decision_campaign campaign = test_campaign(23, CAMPAIGN_ALERT, 1);
	char line[TEXT_TABLE_LINE];

	(void)state;
	memset(campaign.key, 1, sizeof(campaign.key) - 1);
	memset(campaign.worker_pattern, 2, sizeof(campaign.worker_pattern) - 1);
	memset(campaign.agent, 0xff, sizeof(campaign.agent) - 1);
	memset(campaign.pool, 3, sizeof(campaign.pool) - 1);
	memset(campaign.first_member, 'm', sizeof(campaign.first_member) - 1);
	assert_has(eve_of(&campaign), "\\u0001");
	assert_true(text_campaign_line(&campaign, line) < sizeof(line));
	assert_has(line, "\\x01\\x01");
}

static void test_joins_and_updates_have_no_line(void **state)
{
	struct decision_campaign campaign = test_campaign(23, CAMPAIGN_JOIN, 3);
	struct event event;

	(void)state;
	assert_string_equal(eve_of(&campaign), "");
	campaign.event = CAMPAIGN_UPDATE;
	assert_string_equal(eve_of(&campaign), "");
	event_begin(renderer, &campaign.decision, &event);
	assert_int_equal(event.kind, EVENT_MEMBER);
	assert_ptr_equal(event_campaign(&event), &campaign);
	assert_null(event_view(&event));
	assert_string_equal(event_texts(renderer, &event)->alert_id, "0fef1d41e794f234");
}

/* --- text ------------------------------------------------------------------------------------ */

struct paper {
	char text[65536];
	size_t len;
	int lines;
	int error_at; /* line that fails, 0: none */
};

static int put(void *ctx, const char *text, size_t len)
{
	struct paper *paper = ctx;

	if (++paper->lines == paper->error_at)
		return -5;
	assert_true(paper->len + len + 2 < sizeof(paper->text));
	assert_int_equal(strlen(text), len);
	memcpy(paper->text + paper->len, text, len);
	paper->len += len;
	paper->text[paper->len++] = '\n';
	paper->text[paper->len] = '\0';
	return 0;
}

static void test_line(void **state)
{
	struct decision_campaign campaign = test_campaign(23, CAMPAIGN_ALERT, 1);
	char line[TEXT_TABLE_LINE];
	size_t len = text_campaign_line(&campaign, line);

	(void)state;
	assert_int_equal(len, strlen(line));
	assert_string_equal(line, "Cryptocurrency mining campaign [1600030 confirmed]  20 hosts  "
				  "wallet " TEST_WALLET
				  "  first 111122223333/us-east-1/vpc-0a1b2c3d/10.0.1.23  "
				  "workers gpu-*  agent XMRig/6.21.0  pool 198.51.100.120:3333");
	campaign.kind = CAMPAIGN_POOL;
	snprintf(campaign.key, sizeof(campaign.key), "pool.example.net");
	text_campaign_line(&campaign, line);
	assert_has(line, "20 hosts  pool pool.example.net  first");
	assert_lacks(line, "198.51.100.120");
}

static void test_table(void **state)
{
	struct text_campaigns *table = text_campaigns_new();
	struct decision_campaign campaign = test_campaign(23, CAMPAIGN_ALERT, 1);
	static struct paper paper;

	(void)state;
	memset(&paper, 0, sizeof(paper));
	assert_non_null(table);
	text_campaigns_take(table, &campaign);
	campaign.members = 21; /* an update tells the sums */
	campaign.event = CAMPAIGN_UPDATE;
	text_campaigns_take(table, &campaign);
	campaign.members = 22; /* a join has none */
	campaign.event = CAMPAIGN_JOIN;
	text_campaigns_take(table, &campaign);
	campaign = test_campaign(9, CAMPAIGN_ALERT, 1);
	campaign.campaign_id = 2;
	campaign.first_ns -= DECISION_SEC;
	campaign.kind = CAMPAIGN_POOL;
	snprintf(campaign.key, sizeof(campaign.key), "pool.example.net");
	campaign.hashrate = 0;
	text_campaigns_take(table, &campaign);
	campaign.campaign_id = 3; /* never raised */
	campaign.revision = 0;
	campaign.event = CAMPAIGN_UPDATE;
	text_campaigns_take(table, &campaign);
	assert_int_equal(text_campaigns_rows(table), 2);
	assert_int_equal(text_campaigns_write(table, true, put, &paper), 0);
	assert_string_equal(
		paper.text,
		"CAMPAIGN  KEY                      HOSTS  FIRST HOST                          "
		"           SINCE (UTC)           SPREAD   HASH RATE  WORKERS  AGENT         POOL\n"
		"pool      pool.example.net            20  111122223333/us-east-1/vpc-0a1b2c3d/"
		"10.0.1.9   2026-03-05 10:01:06  0:23:35           -  gpu-*    XMRig/6.21.0  "
		"198.51.100.120:3333\n"
		"wallet    4EXAMPLE_MON...YNTHETIC     21  111122223333/us-east-1/vpc-0a1b2c3d/"
		"10.0.1.23  2026-03-05 10:01:07  0:23:34  39.61 kH/s  gpu-*    XMRig/6.21.0  "
		"198.51.100.120:3333\n");
	paper.lines = 0;
	paper.error_at = 2;
	assert_int_equal(text_campaigns_write(table, false, put, &paper), -5);
	assert_int_equal(paper.lines, 2);
	text_campaigns_free(table);
}

static void test_table_is_capped(void **state)
{
	struct text_campaigns *table = text_campaigns_new();
	struct decision_campaign campaign = test_campaign(23, CAMPAIGN_ALERT, 1);

	(void)state;
	for (uint64_t id = 1; id <= TEXT_CAMPAIGN_ROWS + 10; id++) {
		campaign.campaign_id = id;
		text_campaigns_take(table, &campaign);
	}
	assert_int_equal(text_campaigns_rows(table), TEXT_CAMPAIGN_ROWS);
	assert_int_equal(text_campaigns_left_out(table), 10);
	campaign.campaign_id = 5; /* known ones are still taken */
	text_campaigns_take(table, &campaign);
	assert_int_equal(text_campaigns_left_out(table), 10);
	text_campaigns_free(table);
}

#define WITH_RENDERER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RENDERER(test_eve),
		WITH_RENDERER(test_other_keys_are_no_wallet),
		WITH_RENDERER(test_longest_texts_fit),
		WITH_RENDERER(test_joins_and_updates_have_no_line),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_is_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
