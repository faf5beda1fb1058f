/* test_contacts.c: the table of sensor/contacts.c row by row, through a real alert table. */
#include "tests/unit/contacts_rig.h"

enum sign_kind {
	SIGN_ADDRESS,
	SIGN_QUESTION,
	SIGN_ANSWER,
	SIGN_RESOLVED,
	SIGN_SHARED,
	SIGN_SNI,
	SIGN_TUNNEL,
	SIGN_HOST
};

enum party { PARTY_POOL, PARTY_WEAK, PARTY_HOSTILE };

static const char *const party_names[] = { "eu.pool.example.net", "weak.example.org",
					   "x.bad.example.com" };
static const uint8_t party_hosts[] = { HOST_POOL, HOST_WEAK, HOST_HOSTILE };

/* Client 7 shows the sign at second 1. */
static void show(struct rig *rig, enum sign_kind kind, enum party party)
{
	const char *name = party_names[party];

	switch (kind) {
	case SIGN_ADDRESS:
		rig_open(rig, 1, 7, party_hosts[party], 50000);
		return;
	case SIGN_QUESTION:
		rig_ask(rig, 1, 7, name, "", false);
		return;
	case SIGN_SHARED:
		rig_answer(rig, 0, 8, "www.unrelated.example", HOST_PLAIN);
		rig_answer(rig, 1, 7, name, HOST_PLAIN);
		rig_open(rig, 1, 7, HOST_PLAIN, 50000);
		return;
	case SIGN_RESOLVED:
		rig_answer(rig, 1, 7, name, HOST_PLAIN);
		rig_open(rig, 1, 7, HOST_PLAIN, 50000);
		return;
	case SIGN_ANSWER:
		rig_answer(rig, 1, 7, name, HOST_PLAIN);
		return;
	case SIGN_SNI:
		rig_say(rig, 1, 7, HOST_PLAIN, NAME_SNI, name);
		return;
	case SIGN_TUNNEL:
		rig_say(rig, 1, 7, HOST_PLAIN, NAME_TUNNEL, name);
		return;
	case SIGN_HOST:
		rig_say(rig, 1, 7, HOST_PLAIN, NAME_HOST, name);
		return;
	}
}

struct row {
	enum sign_kind kind;
	enum party party;
	uint32_t sid; /* 0: no alert */
	enum level level;
	enum evidence_word word;    /* of the alert */
	enum evidence_word witness; /* of a session over that flow; EVIDENCE_COUNT: none */
};

#define NO_WORD EVIDENCE_COUNT

static const struct row rows[] = {
	{ SIGN_ADDRESS, PARTY_POOL, SID_ENDPOINT, LEVEL_SUSPECT, EVIDENCE_LISTED_ENDPOINT,
	  NO_WORD },
	{ SIGN_ADDRESS, PARTY_WEAK, 0, 0, 0, NO_WORD },
	{ SIGN_ADDRESS, PARTY_HOSTILE, SID_HOSTILE, LEVEL_LIKELY, EVIDENCE_HOSTILE_ADDRESS,
	  NO_WORD },
	{ SIGN_QUESTION, PARTY_POOL, SID_LOOKUP, LEVEL_SUSPECT, EVIDENCE_POOL_LOOKUP, NO_WORD },
	{ SIGN_QUESTION, PARTY_WEAK, 0, 0, 0, NO_WORD },
	{ SIGN_QUESTION, PARTY_HOSTILE, SID_HOSTILE, LEVEL_LIKELY, EVIDENCE_HOSTILE_NAME, NO_WORD },
	{ SIGN_ANSWER, PARTY_POOL, SID_LOOKUP, LEVEL_SUSPECT, EVIDENCE_POOL_LOOKUP,
	  EVIDENCE_POOL_RESOLVED },
	{ SIGN_ANSWER, PARTY_WEAK, 0, 0, 0, EVIDENCE_POOL_RESOLVED },
	{ SIGN_ANSWER, PARTY_HOSTILE, SID_HOSTILE, LEVEL_LIKELY, EVIDENCE_HOSTILE_NAME, NO_WORD },
	{ SIGN_RESOLVED, PARTY_POOL, SID_RESOLVED, LEVEL_SUSPECT, EVIDENCE_POOL_RESOLVED,
	  EVIDENCE_POOL_RESOLVED },
	{ SIGN_RESOLVED, PARTY_WEAK, 0, 0, 0, EVIDENCE_POOL_RESOLVED },
	{ SIGN_RESOLVED, PARTY_HOSTILE, SID_HOSTILE, LEVEL_LIKELY, EVIDENCE_HOSTILE_NAME, NO_WORD },
	{ SIGN_SHARED, PARTY_POOL, SID_LOOKUP, LEVEL_SUSPECT, EVIDENCE_SHARED_ADDRESS,
	  EVIDENCE_SHARED_ADDRESS },
	{ SIGN_SHARED, PARTY_WEAK, 0, 0, 0, EVIDENCE_SHARED_ADDRESS },
	{ SIGN_SNI, PARTY_POOL, SID_NAMED, LEVEL_LIKELY, EVIDENCE_POOL_SNI, EVIDENCE_POOL_SNI },
	{ SIGN_SNI, PARTY_WEAK, 0, 0, 0, EVIDENCE_POOL_SNI },
	{ SIGN_SNI, PARTY_HOSTILE, SID_HOSTILE, LEVEL_LIKELY, EVIDENCE_HOSTILE_NAME, NO_WORD },
	{ SIGN_TUNNEL, PARTY_POOL, SID_NAMED, LEVEL_LIKELY, EVIDENCE_POOL_TUNNEL,
	  EVIDENCE_POOL_TUNNEL },
	{ SIGN_TUNNEL, PARTY_WEAK, 0, 0, 0, EVIDENCE_POOL_TUNNEL },
	{ SIGN_TUNNEL, PARTY_HOSTILE, SID_HOSTILE, LEVEL_LIKELY, EVIDENCE_HOSTILE_NAME, NO_WORD },
	{ SIGN_HOST, PARTY_POOL, SID_NAMED, LEVEL_SUSPECT, EVIDENCE_POOL_HOST, EVIDENCE_POOL_HOST },
	{ SIGN_HOST, PARTY_WEAK, 0, 0, 0, EVIDENCE_POOL_HOST },
	{ SIGN_HOST, PARTY_HOSTILE, SID_HOSTILE, LEVEL_LIKELY, EVIDENCE_HOSTILE_NAME, NO_WORD },
};

static void check_row(const struct row *row, size_t at)
{
	struct rig *rig = rig_new(100, 100);
	uint8_t host = row->kind == SIGN_ADDRESS ? party_hosts[row->party] : HOST_PLAIN;
	const struct decision_alert *alert = &rig->revisions[0];
	struct decision_parties parties;
	struct session_view view;

	show(rig, row->kind, row->party);
	view = rig_witness(rig, 2, 7, host, "", &parties);
	alert_flush(rig->alerts, facts_ns(3600));
	if (rig->count != (row->sid != 0))
		fail_msg("row %zu: %zu revisions", at, rig->count);
	if (row->sid != 0 && (alert->sid != row->sid || alert->level != row->level ||
			      !evidence_has(&alert->evidence, row->word)))
		fail_msg("row %zu: sid %u, level %u, words %u", at, (unsigned)alert->sid,
			 (unsigned)alert->level, (unsigned)alert->evidence.count);
	if (view.evidence.count != (row->witness != NO_WORD) ||
	    (row->witness != NO_WORD && view.evidence.words[0] != row->witness))
		fail_msg("row %zu: %u words of the session", at, (unsigned)view.evidence.count);
	rig_free(rig);
}

static void test_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i], i);
}

/* The question and the answer to it are of one alert already: the flow must not raise another. */
static void test_a_shared_address_says_nothing_of_hostile_names(void **state)
{
	struct rig *rig = rig_new(100, 100);
	const struct decision_alert *alert;

	(void)state;
	show(rig, SIGN_SHARED, PARTY_HOSTILE);
	alert = rig_only(rig);
	assert_int_equal(alert->sid, SID_HOSTILE);
	assert_int_equal(alert->flows, 1); /* the answer, without the flow */
	rig_free(rig);
}

static void test_the_way_to_a_pool_is_one_alert(void **state)
{
	struct rig *rig = rig_new(100, 100);
	const struct decision_alert *alert;

	(void)state;
	rig_ask(rig, 1, 7, "eu.pool.example.net", "", false);
	rig_answer(rig, 1.1, 7, "eu.pool.example.net", HOST_PLAIN);
	rig_open(rig, 1.2, 7, HOST_PLAIN, 50000);
	rig_say(rig, 1.3, 7, HOST_PLAIN, NAME_SNI, "eu.pool.example.net");
	alert = rig_only(rig);
	assert_int_equal(alert->sid, SID_RESOLVED);
	assert_int_equal(alert->level, LEVEL_LIKELY);
	assert_int_equal(alert->decision.time_ns, facts_ns(1 + LIMIT_CONTACT_GRACE_S));
	assert_int_equal(alert->evidence.count, 3);
	assert_int_equal(alert->evidence.words[0], EVIDENCE_POOL_LOOKUP);
	assert_int_equal(alert->evidence.words[1], EVIDENCE_POOL_RESOLVED);
	assert_int_equal(alert->evidence.words[2], EVIDENCE_POOL_SNI);
	assert_string_equal(alert->query, "eu.pool.example.net");
	/* The flow to the server, not the one to the resolver. */
	assert_int_equal(alert->parties.key.port[1], 443);
	assert_string_equal(alert->parties.name, "eu.pool.example.net");
	assert_string_equal(lists_entry(alert->parties.listed)->text, "pool.example.net");
	rig_free(rig);
}

static void test_repeats_are_counted_echoes_are_not(void **state)
{
	struct rig *rig = rig_new(100, 100);

	(void)state;
	for (int i = 0; i < 3; i++) {
		rig_ask(rig, 1 + i, 7, "pool.example.net", "", false);
		rig_answer(rig, 1.5 + i, 7, "pool.example.net", HOST_PLAIN);
	}
	assert_int_equal(rig_only(rig)->flows, 3);
	rig_free(rig);
	/* Only answers were seen: the first one stands for its question. */
	rig = rig_new(100, 100);
	rig_answer(rig, 1, 7, "pool.example.net", HOST_PLAIN);
	rig_answer(rig, 2, 7, "pool.example.net", HOST_PLAIN);
	assert_int_equal(rig_only(rig)->flows, 1);
	rig_free(rig);
}

static void test_a_listed_address_with_a_known_name_is_of_that_name(void **state)
{
	struct rig *rig = rig_new(100, 100);
	const struct decision_alert *alert;

	(void)state;
	rig_answer(rig, 1, 7, "pool.example.net", HOST_POOL);
	rig_open(rig, 2, 7, HOST_POOL, 50000);
	alert = rig_only(rig);
	assert_int_equal(alert->sid, SID_RESOLVED);
	assert_true(evidence_has(&alert->evidence, EVIDENCE_LISTED_ENDPOINT));
	assert_true(evidence_has(&alert->evidence, EVIDENCE_POOL_RESOLVED));
	rig_free(rig);
}

static void test_clients_and_scopes_are_apart(void **state)
{
	struct rig *rig = rig_new(100, 100);
	struct flow_key other_scope = rig_key(7, HOST_PLAIN, 50001);

	(void)state;
	rig_answer(rig, 1, 7, "pool.example.net", HOST_PLAIN);
	rig_open(rig, 2, 8, HOST_PLAIN, 50000);
	other_scope.scope.tunnel = 1;
	other_scope.scope.id = 77;
	rig_open_key(rig, 3, other_scope);
	assert_int_equal(rig_only(rig)->sid, SID_LOOKUP); /* of client 7 */
	assert_true(rig_has_word(rig, 4, 7, HOST_PLAIN, EVIDENCE_POOL_RESOLVED));
	assert_false(rig_has_word(rig, 4, 8, HOST_PLAIN, EVIDENCE_POOL_RESOLVED));
	rig_free(rig);
}

static void test_what_a_flow_says_itself_counts_more_than_an_answer(void **state)
{
	struct rig *rig = rig_new(100, 100);
	struct decision_parties parties;
	struct session_view view;

	(void)state;
	rig_answer(rig, 1, 7, "pool.example.net", HOST_PLAIN);
	rig_say(rig, 2, 7, HOST_PLAIN, NAME_SNI, "weak.example.org");
	view = rig_witness(rig, 3, 7, HOST_PLAIN, "", &parties);
	assert_string_equal(parties.name, "weak.example.org");
	assert_int_equal(parties.name_source, NAME_SNI);
	assert_int_equal(parties.listed, 0); /* a weak name is no cause */
	assert_true(evidence_has(&view.evidence, EVIDENCE_POOL_SNI));
	assert_false(evidence_has(&view.evidence, EVIDENCE_POOL_RESOLVED));
	contacts_end_flow(rig->contacts, facts_flow_id(7, 50000));
	view = rig_witness(rig, 4, 7, HOST_PLAIN, "", &parties);
	assert_string_equal(parties.name, "pool.example.net");
	assert_true(evidence_has(&view.evidence, EVIDENCE_POOL_RESOLVED));
	rig_free(rig);
}

/* --- keys that leak ------------------------------------------------------------------------- */

#define KEY      "AKIA4EXAMPLE1234567"
#define KEY_NAME KEY ".keys.example.org"

static void test_a_key_is_told_at_once_and_whole(void **state)
{
	struct rig *rig = rig_new(100, 100);
	const struct decision_alert *alert = &rig->revisions[0];

	(void)state;
	rig_ask(rig, 1, 7, KEY_NAME, KEY, false);
	assert_int_equal(rig->count, 1);
	assert_int_equal(alert->sid, SID_KEY_LEAK);
	assert_int_equal(alert->level, LEVEL_LIKELY);
	assert_int_equal(alert->decision.time_ns, facts_ns(1));
	assert_string_equal(alert->access_key, KEY);
	assert_string_equal(alert->query, KEY_NAME);
	assert_int_equal(alert->parties.key.port[1], 53);
	/* The answer repeats it, and the client asks again: nothing new. */
	rig_ask(rig, 1.1, 7, KEY_NAME, KEY, true);
	rig_ask(rig, 2, 7, KEY_NAME, KEY, false);
	alert_flush(rig->alerts, facts_ns(3600));
	assert_int_equal(rig->count, 1);
	/* Another key is another alert. */
	rig_ask(rig, 3601, 7, "ASIA4EXAMPLE7654321.keys.example.org", "ASIA4EXAMPLE7654321", false);
	assert_int_equal(rig->count, 2);
	assert_true(rig->revisions[1].alert_id != alert->alert_id);
	assert_int_equal(rig->seen_count, 0); /* no campaign of one key */
	rig_free(rig);
}

static void test_a_key_to_a_hostile_name_is_one_alert(void **state)
{
	struct rig *rig = rig_new(100, 100);
	const struct decision_alert *last;

	(void)state;
	rig_ask(rig, 1, 7, KEY ".bad.example.com", KEY, false);
	alert_flush(rig->alerts, facts_ns(3600));
	last = &rig->revisions[rig->count - 1];
	assert_int_equal(alert_count(rig->alerts), 1);
	assert_int_equal(last->sid, SID_KEY_LEAK);
	assert_int_equal(last->flows, 1);
	assert_true(evidence_has(&last->evidence, EVIDENCE_KEY_IN_DNS));
	assert_true(evidence_has(&last->evidence, EVIDENCE_HOSTILE_NAME));
	rig_free(rig);
}

/* --- allow lists ---------------------------------------------------------------------------- */

static void test_allowed_clients_and_servers_raise_no_contact(void **state)
{
	struct rig *rig = rig_new(100, 100);

	(void)state;
	rig_open(rig, 1, 200, HOST_POOL, 50000); /* of an allowed network */
	rig_ask(rig, 1, 200, "pool.example.net", "", false);
	rig_answer(rig, 1, 200, "pool.example.net", HOST_PLAIN);
	rig_open(rig, 2, 200, HOST_PLAIN, 50001);
	rig_say(rig, 2, 7, HOST_ALLOWED, NAME_SNI, "pool.example.net");
	rig_ask(rig, 3, 7, "eu.own.example.net", "", false);
	rig_say(rig, 3, 7, HOST_PLAIN, NAME_SNI, "own.example.net");
	rig_expect_none(rig);
	assert_int_equal(alert_count(rig->alerts), 0);
	rig_free(rig);
}

static void test_nobody_is_allowed_hostile_infrastructure(void **state)
{
	struct rig *rig = rig_new(100, 100);

	(void)state;
	rig_open(rig, 1, 200, HOST_HOSTILE, 50000);
	assert_int_equal(rig_only(rig)->sid, SID_HOSTILE);
	rig_free(rig);
}

static void test_allowed_sessions_say_so(void **state)
{
	struct rig *rig = rig_new(100, 100);
	struct decision_parties parties;
	struct session_view view;

	(void)state;
	view = rig_witness(rig, 1, 200, HOST_PLAIN, "4SOME_WALLET", &parties);
	assert_true(parties.is_allowed && evidence_has(&view.evidence, EVIDENCE_ALLOWED));
	view = rig_witness(rig, 1, 7, HOST_ALLOWED, "4SOME_WALLET", &parties);
	assert_true(parties.is_allowed && evidence_has(&view.evidence, EVIDENCE_ALLOWED));
	view = rig_witness(rig, 1, 7, HOST_PLAIN, "4OWN_WALLET", &parties);
	assert_true(parties.is_allowed && evidence_has(&view.evidence, EVIDENCE_ALLOWED));
	view = rig_witness(rig, 1, 7, HOST_PLAIN, "4SOME_WALLET", &parties);
	assert_false(parties.is_allowed || evidence_has(&view.evidence, EVIDENCE_ALLOWED));
	/* A client's port is nobody's server. */
	contacts_use(rig->contacts, NULL);
	view = rig_witness(rig, 1, 200, HOST_ALLOWED, "4OWN_WALLET", &parties);
	assert_false(parties.is_allowed || evidence_has(&view.evidence, EVIDENCE_ALLOWED));
	rig_free(rig);
}

/* --- other witnesses ------------------------------------------------------------------------ */

static void test_encrypted_questions_are_remembered(void **state)
{
	struct rig *rig = rig_new(100, 100);
	struct flow_key key = rig_key(7, HOST_PLAIN, 50000);

	(void)state;
	assert_false(rig_has_word(rig, 0, 7, HOST_PLAIN, EVIDENCE_ENCRYPTED_DNS));
	rig_open_key(rig, 1, key); /* on port 443: no resolver's */
	assert_false(rig_has_word(rig, 1, 7, HOST_PLAIN, EVIDENCE_ENCRYPTED_DNS));
	key.port[1] = 853;
	rig_open_key(rig, 1, key);
	rig_open_key(rig, 2, key);
	/* Whatever server the session is with; by host and scope. */
	assert_true(rig_has_word(rig, 3, 7, 99, EVIDENCE_ENCRYPTED_DNS));
	assert_false(rig_has_word(rig, 3, 8, 99, EVIDENCE_ENCRYPTED_DNS));
	rig_expect_none(rig);
	rig_free(rig);
}

static void test_hosts_that_ask_in_private_are_capped(void **state)
{
	struct rig *rig = rig_new(10, 10);
	struct flow_key key = rig_key(7, HOST_PLAIN, 50000);
	size_t more = 4096 + 1;

	(void)state;
	key.port[1] = 853;
	rig_open_key(rig, 0, key);
	for (size_t i = 0; i < more; i++) {
		key.addr[0][1] = (uint8_t)(100 + i / 256);
		key.addr[0][2] = (uint8_t)i;
		rig_open_key(rig, 1, key);
	}
	assert_false(rig_has_word(rig, 2, 7, 99, EVIDENCE_ENCRYPTED_DNS));
	rig_free(rig);
}

static void test_wallets_and_fingerprints_of_interest(void **state)
{
	struct rig *rig = rig_new(100, 100);
	struct hello_fact hello = { .flow_id = facts_flow_id(7, 50000) };
	struct decision_parties parties;
	struct session_view view;

	(void)state;
	view = rig_witness(rig, 1, 7, HOST_PLAIN, "4WATCHED_WALLET", &parties);
	assert_true(evidence_has(&view.evidence, EVIDENCE_LISTED_WALLET));
	assert_false(parties.is_allowed);
	view = rig_witness(rig, 1, 7, HOST_PLAIN, "4WATCHED", &parties);
	assert_int_equal(view.evidence.count, 0);
	contacts_take_hello(rig->contacts, &hello);
	assert_false(rig_has_word(rig, 1, 7, HOST_PLAIN, EVIDENCE_LISTED_FINGERPRINT));
	hello.view.fingerprint = rig_name(rig, "pool.example.net"); /* any entry will do */
	contacts_take_hello(rig->contacts, &hello);
	assert_true(rig_has_word(rig, 1, 7, HOST_PLAIN, EVIDENCE_LISTED_FINGERPRINT));
	rig_free(rig);
}

static void test_an_alert_carries_the_hello_of_its_flow(void **state)
{
	struct rig *rig = rig_new(100, 100);
	struct hello_fact hello = { .flow_id = facts_flow_id(7, 50000),
				    .view = { .sni = "pool.example.net", .version = 0x0304 } };
	const struct decision_alert *alert;

	(void)state;
	contacts_take_hello(rig->contacts, &hello);
	rig_say(rig, 1, 7, HOST_PLAIN, NAME_SNI, "pool.example.net");
	alert = rig_only(rig);
	assert_int_equal(alert->has_hello, 1);
	assert_string_equal(alert->hello.sni, "pool.example.net");
	rig_free(rig);
}

/* --- records -------------------------------------------------------------------------------- */

static const struct hello_view *end_flow(struct rig *rig, double seconds, uint8_t client,
					 uint8_t server, bool is_told)
{
	struct flow_record record = facts_flow(seconds, client, 50000, FLOW_END_CLOSED);
	struct decision_parties parties;

	record.key = rig_key(client, server, 50000);
	record.first_ns = facts_ns(seconds - 1);
	record.is_told = is_told;
	parties = rig_parties(rig, record.fact.time_ns, &record.key);
	return contacts_take_flow(rig->contacts, &record, &parties);
}

static void test_a_connection_heard_of_late_is_a_contact(void **state)
{
	struct rig *rig = rig_new(100, 100);
	struct flow_record record = facts_flow(1, 7, 50000, FLOW_END_CLOSED);

	(void)state;
	record.key = rig_key(7, HOST_PLAIN, 50000);
	assert_false(contacts_may_know(rig->contacts, &record));
	rig_answer(rig, 1, 7, "pool.example.net", HOST_PLAIN);
	rig_answer(rig, 1, 7, "www.unlisted.example", 20);
	assert_true(contacts_may_know(rig->contacts, &record));
	record.key = rig_key(7, 20, 50000);
	assert_false(contacts_may_know(rig->contacts, &record));
	assert_null(end_flow(rig, 2, 7, HOST_PLAIN, false));
	assert_int_equal(rig_only(rig)->sid, SID_RESOLVED);
	rig_free(rig);
}

static void test_a_connection_that_was_told_is_not_counted_twice(void **state)
{
	struct rig *rig = rig_new(100, 100);

	(void)state;
	rig_answer(rig, 1, 7, "pool.example.net", HOST_PLAIN);
	rig_open(rig, 1, 7, HOST_PLAIN, 50000);
	assert_null(end_flow(rig, 2, 7, HOST_PLAIN, true));
	assert_int_equal(rig_only(rig)->flows, 2); /* the answer and the connection */
	rig_free(rig);
}

static void test_a_record_has_its_flows_hello(void **state)
{
	struct rig *rig = rig_new(100, 100);
	struct hello_fact hello = { .flow_id = facts_flow_id(7, 50000),
				    .view = { .sni = "www.example.org" } };
	const struct hello_view *found;

	(void)state;
	contacts_take_hello(rig->contacts, &hello);
	found = end_flow(rig, 1, 7, HOST_PLAIN, true);
	assert_non_null(found);
	assert_string_equal(found->sni, "www.example.org");
	contacts_end_flow(rig->contacts, hello.flow_id);
	assert_null(end_flow(rig, 1, 7, HOST_PLAIN, false));
	rig_free(rig);
}

/* --- who is told that others do the same ---------------------------------------------------- */

static void test_only_strong_signs_are_of_campaigns(void **state)
{
	static const struct {
		enum sign_kind kind;
		enum party party;
		size_t seen;
	} cases[] = {
		{ SIGN_ADDRESS, PARTY_POOL, 0 }, /* an address without a name */
		{ SIGN_ADDRESS, PARTY_HOSTILE, 1 },
		{ SIGN_QUESTION, PARTY_POOL, 0 },
		{ SIGN_QUESTION, PARTY_HOSTILE, 1 },
		{ SIGN_ANSWER, PARTY_POOL, 0 },
		{ SIGN_RESOLVED, PARTY_POOL, 1 },
		{ SIGN_RESOLVED, PARTY_HOSTILE, 2 }, /* answer and flow */
		{ SIGN_SHARED, PARTY_POOL, 0 },
		{ SIGN_SNI, PARTY_POOL, 1 },
		{ SIGN_SNI, PARTY_WEAK, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(100, 100);

		show(rig, cases[i].kind, cases[i].party);
		if (rig->seen_count != cases[i].seen)
			fail_msg("case %zu: seen %zu times", i, rig->seen_count);
		for (size_t k = 0; k < rig->seen_count; k++) {
			assert_int_equal(rig->seen[k].client, 7);
			assert_non_null(lists_entry(rig->seen[k].listed));
		}
		rig_free(rig);
	}
}

/* --- caps ----------------------------------------------------------------------------------- */

static void test_tables_are_capped(void **state)
{
	struct rig *rig = rig_new(4, 4);

	(void)state;
	for (uint8_t client = 1; client <= 20; client++) {
		rig_answer(rig, client, client, "pool.example.net", HOST_PLAIN);
		rig_say(rig, client, client, HOST_PLAIN, NAME_SNI, "pool.example.net");
	}
	assert_int_equal(rig->stats.dns_labels, 4);
	assert_int_equal(rig->stats.dns_labels_evicted, 16);
	assert_int_equal(rig->stats.correlator_capped, 16);
	assert_false(rig_has_word(rig, 30, 16, HOST_PLAIN, EVIDENCE_POOL_SNI));
	assert_true(rig_has_word(rig, 30, 17, HOST_PLAIN, EVIDENCE_POOL_SNI));
	alert_flush(rig->alerts, facts_ns(3600));
	assert_int_equal(rig->stats.alerts, 20); /* what is alerted stays */
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_table),
		cmocka_unit_test(test_a_shared_address_says_nothing_of_hostile_names),
		cmocka_unit_test(test_the_way_to_a_pool_is_one_alert),
		cmocka_unit_test(test_repeats_are_counted_echoes_are_not),
		cmocka_unit_test(test_a_listed_address_with_a_known_name_is_of_that_name),
		cmocka_unit_test(test_clients_and_scopes_are_apart),
		cmocka_unit_test(test_what_a_flow_says_itself_counts_more_than_an_answer),
		cmocka_unit_test(test_a_key_is_told_at_once_and_whole),
		cmocka_unit_test(test_a_key_to_a_hostile_name_is_one_alert),
		cmocka_unit_test(test_allowed_clients_and_servers_raise_no_contact),
		cmocka_unit_test(test_nobody_is_allowed_hostile_infrastructure),
		cmocka_unit_test(test_allowed_sessions_say_so),
		cmocka_unit_test(test_encrypted_questions_are_remembered),
		cmocka_unit_test(test_hosts_that_ask_in_private_are_capped),
		cmocka_unit_test(test_wallets_and_fingerprints_of_interest),
		cmocka_unit_test(test_an_alert_carries_the_hello_of_its_flow),
		cmocka_unit_test(test_a_connection_heard_of_late_is_a_contact),
		cmocka_unit_test(test_a_connection_that_was_told_is_not_counted_twice),
		cmocka_unit_test(test_a_record_has_its_flows_hello),
		cmocka_unit_test(test_only_strong_signs_are_of_campaigns),
		cmocka_unit_test(test_tables_are_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
