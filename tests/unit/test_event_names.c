/* test_event_names.c: names, hellos, keys and machines in EVE lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "sensor/lists.h"
#include "tests/unit/decisions.h"

static struct event_renderer *renderer;

static int make_renderer(void **state)
{
	struct event_context context = test_context();

	(void)state;
	renderer = event_renderer_new(&context);
	return renderer == NULL;
}

static int free_renderer(void **state)
{
	(void)state;
	event_renderer_free(renderer);
	return 0;
}

static const char *eve_of(const struct decision *decision)
{
	struct event event;
	size_t len;
	const char *line;

	event_begin(renderer, decision, &event);
	line = event_eve(renderer, &event, &len);
	assert_int_equal(len, strlen(line));
	assert_true(len > 0);
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

static struct hello_view test_hello(void)
{
	return (struct hello_view){ .version = 0x0304,
				    .sni = "pool.example.net",
				    .alpn = "h2",
				    .ja3 = "e7d705a3286e19ea42f587b344ee6865",
				    .ja4 = "t13d1516h2_8daaf6152771_e5627efa2ab1" };
}

static struct cloud_identity test_identity(void)
{
	return (struct cloud_identity){ .account_id = "444455556666",
					.subnet_id = "subnet-0123456789abcdef0",
					.instance_id = "i-0a1b2c3d4e5f60718",
					.eni_id = "eni-0f1e2d3c4b5a69788",
					.instance_type = "p3.2xlarge",
					.access_key_id = "AKIA4EXAMPLE1234567",
					.principal = "arn:aws:iam::111122223333:user/ml",
					.launch_ns = UINT64_C(1772704682000000000),
					.confidence = CONFIDENCE_HIGH };
}

/* The entry that a line of a list stands for. */
static uint32_t entry_of(const char *line, const char *name)
{
	char error[LISTS_ERROR_TEXT];
	struct lists *lists;
	uint32_t id;

	assert_int_equal(lists_load_text(&lists, "test", line, strlen(line), error), 0);
	id = lists_match_name(lists, LIST_WATCHED, name, strlen(name), 0);
	lists_free(lists);
	assert_int_not_equal(id, 0);
	return id;
}

/* A client asked for a pool, or for a name of somebody worse. */
static struct decision_alert test_name_alert(uint32_t sid, const char *name)
{
	struct decision_alert alert = test_alert(23, SID_ENDPOINT, 1);

	alert.sid = sid;
	snprintf(alert.query, sizeof(alert.query), "%s", name);
	snprintf(alert.parties.name, sizeof(alert.parties.name), "%s", name);
	return alert;
}

static void a_hello_is_a_tls_object(void **state)
{
	static const char whole[] = "\"tls\":{\"sni\":\"pool.example.net\",\"version\":\"TLS "
				    "1.3\",\"client_alpns\":[\"h2\"],"
				    "\"ja3\":{\"hash\":\"e7d705a3286e19ea42f587b344ee6865\"},"
				    "\"ja4\":\"t13d1516h2_8daaf6152771_e5627efa2ab1\"}";
	struct decision_flow flow = test_flow(23, false);
	struct decision_alert alert = test_name_alert(SID_NAMED, "pool.example.net");

	(void)state;
	assert_lacks(eve_of(&flow.decision), "\"tls\"");
	flow.has_hello = 1;
	flow.hello = test_hello();
	flow.decision.size = (uint32_t)decision_flow_size(false, true);
	assert_has(eve_of(&flow.decision), whole);
	assert_lacks(eve_of(&flow.decision), "\"mining\"");
	alert.hello = test_hello();
	assert_lacks(eve_of(&alert.decision), "\"tls\"");
	alert.has_hello = 1;
	assert_has(eve_of(&alert.decision), whole);
}

static void what_a_hello_does_not_say_is_left_out(void **state)
{
	static const struct {
		uint16_t version;
		const char *text;
	} versions[] = { { 0x0300, "\"tls\":{\"version\":\"SSLv3\"}" },
			 { 0x0301, "\"tls\":{\"version\":\"TLSv1\"}" },
			 { 0x0302, "\"tls\":{\"version\":\"TLS 1.1\"}" },
			 { 0x0303, "\"tls\":{\"version\":\"TLS 1.2\"}" },
			 { 0x7f1c, "\"tls\":{}" } };

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct decision_flow flow = test_flow(23, false);

		flow.has_hello = 1;
		flow.hello.version = versions[i].version;
		assert_has(eve_of(&flow.decision), versions[i].text);
	}
}

static void a_name_is_in_the_metadata(void **state)
{
	struct decision_alert alert = test_name_alert(SID_LOOKUP, "eu.pool.example.net");
	const char *line = eve_of(&alert.decision);

	(void)state;
	assert_has(line, "\"signature_id\":1600011");
	assert_has(line, "\"name\":[\"eu.pool.example.net\"]");
	assert_has(line, "\"pool\":\"eu.pool.example.net\"");
	assert_lacks(line, "name_tag");
	assert_lacks(line, "access_key_id");
	alert.parties.listed = entry_of("pool pool.example.net the tag\n", "pool.example.net");
	assert_has(eve_of(&alert.decision), "\"name_tag\":[\"the tag\"]");
	alert.parties.listed = entry_of("pool untagged.example.net\n", "untagged.example.net");
	assert_lacks(eve_of(&alert.decision), "name_tag");
}

static void what_is_hostile_is_no_pool(void **state)
{
	struct decision_alert alert = test_name_alert(SID_HOSTILE, "x.bad.example.com");
	struct decision_flow flow = test_flow(23, false);
	const char *line = eve_of(&alert.decision);

	(void)state;
	assert_has(line, "\"signature_id\":1600014");
	assert_has(line, "\"name\":[\"x.bad.example.com\"]");
	assert_has(line, "\"evidence\":[");
	assert_lacks(line, "\"pool\"");
	/* A flow that belongs to it says nothing about mining. */
	flow.alert_id = 5;
	flow.revision = 1;
	flow.sid = SID_HOSTILE;
	line = eve_of(&flow.decision);
	assert_has(line, "\"alerted\":true");
	assert_lacks(line, "\"mining\"");
	flow.sid = SID_RESOLVED;
	assert_has(eve_of(&flow.decision), "\"mining\":{\"pool\":");
}

static void a_key_is_kept_whole(void **state)
{
	struct decision_alert alert =
		test_name_alert(SID_KEY_LEAK, "AKIA4EXAMPLE1234567.keys.198.51.100.88.nip.io");

	(void)state;
	snprintf(alert.access_key, sizeof(alert.access_key), "AKIA4EXAMPLE1234567");
	assert_has(eve_of(&alert.decision), "\"signature_id\":1600015");
	assert_has(eve_of(&alert.decision), "\"access_key_id\":[\"AKIA4EXAMPLE1234567\"]");
	assert_has(eve_of(&alert.decision),
		   "\"name\":[\"AKIA4EXAMPLE1234567.keys.198.51.100.88.nip.io\"]");
	assert_lacks(eve_of(&alert.decision), "\"pool\"");
}

static void hostile_names_are_escaped(void **state)
{
	struct decision_alert alert = test_name_alert(SID_LOOKUP, "a\"b\n\xff.example.net");

	(void)state;
	assert_has(eve_of(&alert.decision), "\"name\":[\"a\\\"b\\n\xef\xbf\xbd.example.net\"]");
}

/* Names and times as CloudTrail writes them. */
static void a_machine_is_named(void **state)
{
	static const char machine[] =
		"\"subnet_id\":\"subnet-0123456789abcdef0\",\"instance_id\":\"i-"
		"0a1b2c3d4e5f60718\","
		"\"eni_id\":\"eni-0f1e2d3c4b5a69788\",\"instance_type\":\"p3.2xlarge\","
		"\"launch_time\":\"2026-03-05T09:58:02Z\","
		"\"principal\":\"arn:aws:iam::111122223333:user/ml\","
		"\"access_key_id\":\"AKIA4EXAMPLE1234567\",\"identity_confidence\":\"high\"}";
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);
	struct decision_session session = test_session(23, SESSION_REPORT);

	(void)state;
	assert_lacks(eve_of(&alert.decision), "instance_id");
	assert_lacks(eve_of(&alert.decision), "identity_confidence");
	alert.identity = test_identity();
	session.identity = test_identity();
	assert_has(eve_of(&alert.decision), machine);
	assert_has(eve_of(&session.decision), machine);
	/* What the operator configured goes before what an inventory says. */
	assert_has(eve_of(&alert.decision), "\"account_id\":\"111122223333\"");
	alert.parties.client_cloud = 0;
	assert_has(eve_of(&alert.decision), "\"account_id\":\"444455556666\"");
}

static void a_machine_that_is_only_guessed_says_so(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);

	(void)state;
	alert.identity.confidence = CONFIDENCE_AMBIGUOUS;
	assert_has(eve_of(&alert.decision), "\"identity_confidence\":\"ambiguous\"");
	assert_lacks(eve_of(&alert.decision), "instance_id");
	assert_lacks(eve_of(&alert.decision), "launch_time");
}

static void the_longest_names_fit_the_line(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, UINT32_MAX);
	struct cloud_identity *identity = &alert.identity;
	char *const ours[] = { identity->account_id,    identity->region,       identity->vpc_id,
			       identity->subnet_id,     identity->instance_id,  identity->eni_id,
			       identity->instance_type, identity->access_key_id };

	(void)state;
	/* Of the wire: any byte; of the inventory: printable. */
	memset(alert.view.wallet, 1, sizeof(alert.view.wallet) - 1);
	memset(alert.view.worker, 1, sizeof(alert.view.worker) - 1);
	memset(alert.view.agent, 1, sizeof(alert.view.agent) - 1);
	memset(alert.view.email, 1, sizeof(alert.view.email) - 1);
	memset(alert.view.rig, 1, sizeof(alert.view.rig) - 1);
	memset(alert.view.pool, 1, sizeof(alert.view.pool) - 1);
	memset(alert.view.next_pool, 1, sizeof(alert.view.next_pool) - 1);
	memset(alert.view.reason, 1, sizeof(alert.view.reason) - 1);
	memset(alert.view.tag, 1, sizeof(alert.view.tag) - 1);
	memset(alert.view.payout, 1, sizeof(alert.view.payout) - 1);
	memset(alert.query, 1, sizeof(alert.query) - 1);
	memset(alert.access_key, 1, sizeof(alert.access_key) - 1);
	memset(alert.hello.sni, 1, sizeof(alert.hello.sni) - 1);
	memset(alert.hello.alpn, 1, sizeof(alert.hello.alpn) - 1);
	memset(alert.hello.ja3, 'a', sizeof(alert.hello.ja3) - 1);
	memset(alert.hello.ja4, 'a', sizeof(alert.hello.ja4) - 1);
	alert.has_hello = 1;
	alert.absorbed_by = UINT64_MAX;
	alert.parties.client_cloud = 0;
	alert.parties.nat = test_nat(65535);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		memset(ours[i], '"', LIMIT_NAME_TEXT - 1);
	memset(identity->principal, '"', sizeof(identity->principal) - 1);
	identity->launch_ns = DECISION_NS;
	identity->confidence = CONFIDENCE_EXACT;
	for (size_t i = 0; i < EVIDENCE_COUNT; i++)
		evidence_add(&alert.evidence, (enum evidence_word)i);
	assert_true(strlen(eve_of(&alert.decision)) < EVENT_JSON_BYTES);
	assert_has(eve_of(&alert.decision), "\"identity_confidence\":\"exact\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_is_a_tls_object),
		cmocka_unit_test(what_a_hello_does_not_say_is_left_out),
		cmocka_unit_test(a_name_is_in_the_metadata),
		cmocka_unit_test(what_is_hostile_is_no_pool),
		cmocka_unit_test(a_key_is_kept_whole),
		cmocka_unit_test(hostile_names_are_escaped),
		cmocka_unit_test(a_machine_is_named),
		cmocka_unit_test(a_machine_that_is_only_guessed_says_so),
		cmocka_unit_test(the_longest_names_fit_the_line),
	};

	return cmocka_run_group_tests(tests, make_renderer, free_renderer);
}
