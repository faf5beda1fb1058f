/* test_sink_text.c: what a person reads on standard output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "sensor/config.h"
#include "sensor/log.h"
#include "sensor/ring.h"
#include "sensor/sink.h"
#include "sensor/text_table.h"
#include "tests/unit/decisions.h"

static struct config config;
static struct event_context context;
static struct stats stats;
static struct event_renderer *renderer;
static void *sink;
static int saved_stdout;
static FILE *captured;
static char text[65536];

/* From here on standard output is fd. */
static void redirect(int fd)
{
	fflush(stdout);
	saved_stdout = dup(STDOUT_FILENO);
	assert_true(saved_stdout >= 0);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
}

static void restore(void)
{
	assert_true(dup2(saved_stdout, STDOUT_FILENO) >= 0);
	close(saved_stdout);
}

static void open_sink(void)
{
	struct sink_options options = { .config = &config, .context = &context, .stats = &stats };
	char error[SINK_ERROR_TEXT];

	assert_int_equal(sink_text.open(&sink, &options, error), 0);
}

static int setup(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	config.max_sessions = 100;
	context = test_context();
	renderer = event_renderer_new(&context);
	captured = tmpfile();
	if (renderer == NULL || captured == NULL)
		return -1;
	redirect(fileno(captured));
	open_sink();
	restore();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	event_renderer_free(renderer);
	fclose(captured);
	return 0;
}

static int write_event(const struct decision *decision)
{
	struct event event;
	int error;

	event_begin(renderer, decision, &event);
	redirect(fileno(captured));
	error = sink_text.write(sink, renderer, &event);
	restore();
	return error;
}

/* Closes; the whole output is in text. */
static const char *output_of(bool has_run)
{
	uint64_t lost;
	size_t len;

	redirect(fileno(captured));
	if (has_run)
		sink_text.hasten(sink);
	lost = sink_text.close(sink, ring_now_ms() + 1000);
	restore();
	assert_int_equal(lost, 0);
	rewind(captured);
	len = fread(text, 1, sizeof(text) - 1, captured);
	text[len] = '\0';
	return text;
}

static const char *output(void)
{
	return output_of(true);
}

/* Line n of the output, from 0. */
static const char *line_of(const char *all, size_t n)
{
	static char line[TEXT_TABLE_LINE];

	while (n-- > 0) {
		all = strchr(all, '\n');
		assert_non_null(all);
		all++;
	}
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(all, "\n"), all);
	return line;
}

static void nothing_found(void **state)
{
	struct decision_flow flow = test_flow(23, false);

	(void)state;
	assert_int_equal(write_event(&flow.decision), 0);
	assert_int_equal(write_event(&flow.decision), 0);
	/* A flow that goes on is counted when it ends. */
	flow.record.end = FLOW_END_ACTIVE;
	assert_int_equal(write_event(&flow.decision), 0);
	assert_string_equal(output(), "No mining found in 2 flows.\n");
}

static void alerts_are_lines(void **state)
{
	struct decision_alert alert = test_alert(23, SID_LOGIN, 1);

	(void)state;
	alert.level = LEVEL_LIKELY;
	assert_int_equal(write_event(&alert.decision), 0);
	alert.revision = 2; /* only its evidence changed */
	assert_int_equal(write_event(&alert.decision), 0);
	alert = test_alert(23, SID_SESSION, 3);
	assert_int_equal(write_event(&alert.decision), 0);
	assert_string_equal(
		output(),
		"2026-03-05 10:01:07 UTC  Cryptocurrency mining login [1600002 likely]  "
		"10.0.1.23 -> 198.51.100.120:3333  wallet " TEST_WALLET
		"  worker web-1  agent XMRig/6.21.0\n"
		"2026-03-05 10:01:07 UTC  Cryptocurrency mining session [1600001 confirmed]  "
		"10.0.1.23 -> 198.51.100.120:3333  wallet " TEST_WALLET
		"  worker web-1  agent XMRig/6.21.0  (revision 3)\n"
		"No mining session decoded in 0 flows.\n");
}

static void an_alert_names_what_the_world_sees(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);

	(void)state;
	alert.parties.nat = test_nat(1025);
	assert_int_equal(write_event(&alert.decision), 0);
	assert_string_equal(
		line_of(output(), 0),
		"2026-03-05 10:01:07 UTC  Cryptocurrency mining session [1600001 confirmed]  "
		"10.0.1.23 -> 198.51.100.120:3333  (as 198.51.100.40:1025)  wallet " TEST_WALLET
		"  worker web-1  agent XMRig/6.21.0");
}

/* Of a client that asked for something: what it was, and what left in it. */
static struct decision_alert name_alert(uint32_t sid, const char *name)
{
	struct decision_alert alert = test_alert(23, SID_ENDPOINT, 1);

	alert.sid = sid;
	snprintf(alert.query, sizeof(alert.query), "%s", name);
	snprintf(alert.parties.name, sizeof(alert.parties.name), "%s", name);
	return alert;
}

static void contacts_name_what_was_asked_for(void **state)
{
	struct decision_alert alert = name_alert(SID_LOOKUP, "eu.pool.example.net");
	const char *all;

	(void)state;
	assert_int_equal(write_event(&alert.decision), 0);
	/* The server is known by another of the pool's names. */
	snprintf(alert.parties.name, sizeof(alert.parties.name), "pool.example.net");
	alert.sid = SID_RESOLVED;
	assert_int_equal(write_event(&alert.decision), 0);
	alert = name_alert(SID_HOSTILE, "x\x1b.bad.example.com");
	assert_int_equal(write_event(&alert.decision), 0);
	alert = name_alert(SID_KEY_LEAK, "AKIA4EXAMPLE1234567.example.org");
	alert.alert_id = 5;
	snprintf(alert.access_key, sizeof(alert.access_key), "AKIA4EXAMPLE1234567");
	assert_int_equal(write_event(&alert.decision), 0);
	all = output();
	assert_string_equal(line_of(all, 0),
			    "2026-03-05 10:01:07 UTC  DNS lookup of a mining pool [1600011 "
			    "suspect]  10.0.1.23 -> 198.51.100.120:3333  pool eu.pool.example.net");
	assert_string_equal(strstr(line_of(all, 1), "  pool "),
			    "  pool pool.example.net  name eu.pool.example.net");
	assert_string_equal(strstr(line_of(all, 2), "  name "), "  name x\\x1b.bad.example.com");
	assert_string_equal(strstr(line_of(all, 3), "  name "),
			    "  name AKIA4EXAMPLE1234567.example.org  key AKIA4EXAMPLE1234567");
}

static void the_longest_name_is_whole(void **state)
{
	struct decision_alert alert = name_alert(SID_HOSTILE, "");
	const char *line;

	(void)state;
	memset(alert.query, 1, sizeof(alert.query) - 1);
	assert_int_equal(write_event(&alert.decision), 0);
	line = line_of(output(), 0);
	assert_non_null(strstr(line, "  name \\x01"));
	assert_int_equal(strlen(strstr(line, "  name ")), 7 + 4 * (sizeof(alert.query) - 1));
}

static void campaigns_are_lines_and_a_table(void **state)
{
	struct decision_campaign campaign = test_campaign(23, CAMPAIGN_JOIN, 0);
	const char *all;

	(void)state;
	assert_int_equal(write_event(&campaign.decision), 0);
	campaign = test_campaign(23, CAMPAIGN_ALERT, 1);
	campaign.members = 3;
	assert_int_equal(write_event(&campaign.decision), 0);
	for (uint32_t members = 4; members <= 20; members++) { /* lines at 4, 8, 16 */
		campaign.members = members;
		campaign.revision++;
		assert_int_equal(write_event(&campaign.decision), 0);
	}
	all = output();
	assert_non_null(strstr(line_of(all, 0), "[1600030 confirmed]  3 hosts  wallet "));
	assert_non_null(strstr(line_of(all, 1), "  4 hosts  "));
	assert_non_null(strstr(line_of(all, 1), "  (revision 2)"));
	assert_non_null(strstr(line_of(all, 2), "  8 hosts  "));
	assert_non_null(strstr(line_of(all, 3), "  16 hosts  "));
	assert_string_equal(line_of(all, 4), "No mining session decoded in 0 flows.");
	assert_string_equal(line_of(all, 5), "");
	assert_non_null(strstr(line_of(all, 6), "CAMPAIGN  KEY"));
	assert_non_null(strstr(line_of(all, 7), "     20  111122223333/us-east-1/"));
	assert_string_equal(line_of(all, 8), "");
}

static void the_table_has_fitting_columns(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);

	(void)state;
	assert_int_equal(write_event(&session.decision), 0);
	session = test_session(9, SESSION_REPORT);
	session.view.accepted = 12345;
	session.view.worker[0] = '\0';
	session.view.work = 0;
	assert_int_equal(write_event(&session.decision), 0);
	assert_string_equal(
		output(),
		"HOST       POOL                 WALLET                                    WORKER  "
		"AGENT         ALGO  ACCEPTED  REJECTED  STALE   HASH RATE  SINCE (UTC)\n"
		"10.0.1.9   198.51.100.120:3333  " TEST_WALLET
		"  -       XMRig/6.21.0  rx/0     12345         1      1           -  "
		"2026-03-05 10:01:07\n"
		"10.0.1.23  198.51.100.120:3333  " TEST_WALLET
		"  web-1   XMRig/6.21.0  rx/0        10         1      1  16.00 kH/s  "
		"2026-03-05 10:01:07\n"
		"2 miners in 0 flows.\n");
}

/* Solutions and hashes have no sum; nodes and suspects are no miners. */
static void units_have_rows_of_their_own(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);
	const char *all;

	(void)state;
	assert_int_equal(write_event(&session.decision), 0);
	session.parties.flow_id++;
	snprintf(session.view.unit, sizeof(session.view.unit), "Sol/s");
	session.view.work = 90000;
	assert_int_equal(write_event(&session.decision), 0);
	session.parties.flow_id++;
	session.view.level = LEVEL_SUSPECT;
	assert_int_equal(write_event(&session.decision), 0);
	session.parties.flow_id++;
	session.view.level = LEVEL_NODE;
	assert_int_equal(write_event(&session.decision), 0);
	all = output();
	assert_non_null(strstr(line_of(all, 1), "    16.00 kH/s  2026"));
	assert_non_null(strstr(line_of(all, 2), "  300.00 Sol/s  2026"));
	assert_string_equal(line_of(all, 3), "2 miners in 0 flows.");
}

static void reconnects_are_one_row(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);
	const char *all;

	(void)state;
	assert_int_equal(write_event(&session.decision), 0);
	/* A later report of the same session replaces, another connection adds. */
	session.view.accepted = 20;
	session.view.work = 9600900;
	assert_int_equal(write_event(&session.decision), 0);
	session.parties.flow_id++;
	session.view.accepted = 5;
	session.view.work = 0;
	session.view.window_ns = 300 * DECISION_SEC;
	session.view.first_ns -= 60 * DECISION_SEC;
	assert_int_equal(write_event(&session.decision), 0);
	all = output();
	assert_non_null(strstr(line_of(all, 1), "        25         2      2  16.00 kH/s  "
						"2026-03-05 10:00:07"));
	assert_string_equal(line_of(all, 2), "1 miner in 0 flows.");
}

static void a_worker_named_late_leaves_no_empty_row(void **state)
{
	struct decision_session session = test_session(23, SESSION_BEGIN);
	const char *all;

	(void)state;
	session.view.worker[0] = '\0';
	assert_int_equal(write_event(&session.decision), 0);
	session = test_session(23, SESSION_CHANGE);
	assert_int_equal(write_event(&session.decision), 0);
	all = output();
	assert_non_null(strstr(line_of(all, 1), "web-1"));
	assert_string_equal(line_of(all, 2), "1 miner in 0 flows.");
}

static void scopes_are_shown_when_there_are_several(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);
	const char *all;

	(void)state;
	assert_int_equal(write_event(&session.decision), 0);
	session = test_session(24, SESSION_REPORT);
	session.parties.client_cloud = 0;
	assert_int_equal(write_event(&session.decision), 0);
	all = output();
	assert_int_equal(strncmp(line_of(all, 0), "SCOPE ", 6), 0);
	assert_int_equal(
		strncmp(line_of(all, 1), "111122223333/us-east-1/vpc-0a1b2c3d  10.0.1.23", 46), 0);
	assert_int_equal(strncmp(line_of(all, 2), "vni:4097 ", 9), 0);
}

static void hostile_text_is_escaped(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);
	struct decision_session session = test_session(23, SESSION_REPORT);
	const char *all;

	(void)state;
	snprintf(alert.view.worker, sizeof(alert.view.worker), "\x1b[2J\n\xff");
	snprintf(session.view.worker, sizeof(session.view.worker), "\x1b[2J\n\xff");
	snprintf(session.view.agent, sizeof(session.view.agent), "caf\xc3\xa9");
	assert_int_equal(write_event(&alert.decision), 0);
	assert_int_equal(write_event(&session.decision), 0);
	all = output();
	assert_null(strchr(all, '\x1b'));
	assert_null(strchr(all, '\xff'));
	assert_non_null(strstr(line_of(all, 0), "worker \\x1b[2J\\x0a\\xff"));
	assert_non_null(strstr(line_of(all, 3), "  \\x1b[2J\\x0a\\xff  caf\xc3\xa9   rx/0"));
	assert_string_equal(line_of(all, 4), "1 miner in 0 flows.");
}

static void wallets_are_shortened_for_a_narrow_terminal(void **state)
{
	char wallet[64] = TEST_WALLET;
	char short_one[64] = "abcdefghijklmnopqrstuvw";
	char foreign[64] = "abcdefghijklmnopqrstuvwxyz\xc3\xa9";

	(void)state;
	text_table_shorten(wallet);
	assert_string_equal(wallet, "4EXAMPLE_MON...YNTHETIC");
	text_table_shorten(short_one); /* 23: no gain */
	assert_string_equal(short_one, "abcdefghijklmnopqrstuvw");
	text_table_shorten(foreign);
	assert_string_equal(foreign, "abcdefghijklmnopqrstuvwxyz\xc3\xa9");
	output();
}

static void rates_have_units(void **state)
{
	static const struct {
		double rate;
		const char *text;
	} rows[] = {
		{ 0, "0.00 H/s" },         { 999.99, "999.99 H/s" }, { 999.995, "1.00 kH/s" },
		{ 1425.7, "1.43 kH/s" },   { 2.5e6, "2.50 MH/s" },   { 1e9, "1.00 GH/s" },
		{ 95.5e12, "95.50 TH/s" }, { 1e15, "1.00 PH/s" },    { 5e21, "5000.00 EH/s" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text_table_rate(rows[i].rate, "H/s", out, sizeof(out));
		assert_string_equal(out, rows[i].text);
	}
	text_table_rate(1234, "Sol/s", out, sizeof(out));
	assert_string_equal(out, "1.23 kSol/s");
	output();
}

static int keep_line(void *ctx, const char *line, size_t len)
{
	char *all = ctx;
	size_t used = strlen(all);

	assert_true(used + len + 2 < sizeof(text));
	memcpy(all + used, line, len);
	memcpy(all + used + len, "\n", 2);
	return 0;
}

static void the_width_of_the_terminal_decides(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);
	struct text_table *table = text_table_new(10);
	struct event event;
	size_t width;

	(void)state;
	assert_non_null(table);
	event_begin(renderer, &session.decision, &event);
	text_table_session(table, event_texts(renderer, &event), &session);
	assert_int_equal(text_table_rows(table), 1);
	text[0] = '\0';
	assert_int_equal(text_table_write(table, 0, keep_line, text), 0);
	width = strlen(line_of(text, 1));
	text[0] = '\0';
	assert_int_equal(text_table_write(table, width, keep_line, text), 0);
	assert_non_null(strstr(text, TEST_WALLET));
	text[0] = '\0';
	assert_int_equal(text_table_write(table, width - 1, keep_line, text), 0);
	assert_null(strstr(text, TEST_WALLET));
	assert_non_null(strstr(text, "  4EXAMPLE_MON...YNTHETIC  web-1"));
	text_table_free(table);
	output();
}

static void a_closed_pipe_is_a_loss(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);
	struct event event;
	uint64_t lost;
	int ends[2];
	void *mine;

	(void)state;
	output();
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	redirect(ends[1]);
	open_sink();
	mine = sink;
	event_begin(renderer, &alert.decision, &event);
	(void)sink_text.write(mine, renderer, &event);
	sink_text.hasten(mine);
	lost = sink_text.close(mine, ring_now_ms() + 200);
	restore();
	close(ends[1]);
	assert_true(lost > 0);
}

/* Something failed before the first packet: there is nothing to report on. */
static void a_run_that_never_began_says_nothing(void **state)
{
	(void)state;
	assert_string_equal(output_of(false), "");
}

#define WITH_SINK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SINK(nothing_found),
		WITH_SINK(campaigns_are_lines_and_a_table),
		WITH_SINK(alerts_are_lines),
		WITH_SINK(an_alert_names_what_the_world_sees),
		WITH_SINK(contacts_name_what_was_asked_for),
		WITH_SINK(the_longest_name_is_whole),
		WITH_SINK(the_table_has_fitting_columns),
		WITH_SINK(units_have_rows_of_their_own),
		WITH_SINK(reconnects_are_one_row),
		WITH_SINK(a_worker_named_late_leaves_no_empty_row),
		WITH_SINK(scopes_are_shown_when_there_are_several),
		WITH_SINK(hostile_text_is_escaped),
		WITH_SINK(wallets_are_shortened_for_a_narrow_terminal),
		WITH_SINK(rates_have_units),
		WITH_SINK(the_width_of_the_terminal_decides),
		WITH_SINK(a_run_that_never_began_says_nothing),
		WITH_SINK(a_closed_pipe_is_a_loss),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
