/* contacts_rig.h: contacts.h between facts and a real alert table, and what was published.
 *
 * Clients are 10.0.1.N; servers are 203.0.113.N, port 443, resolver 10.0.0.2. */
#ifndef TESTS_UNIT_CONTACTS_RIG_H
#define TESTS_UNIT_CONTACTS_RIG_H

#include "tests/unit/lists_rig.h"

#include "sensor/contacts.h"
#include "tests/unit/facts.h"

#define RIG_REVISIONS 64
#define RIG_SEEN      64

static const char rig_lists[] = "pool pool.example.net dedicated pool\n"
				"pool weak.example.org weak a hosting company\n"
				"hostile-staging bad.example.com staging\n"
				"pool 203.0.113.1 pool address\n"
				"pool 203.0.113.2 weak\n"
				"hostile-controller 203.0.113.3 controller\n"
				"pool own.example.net\n"
				"allow own.example.net\n"
				"allow 10.0.1.128/25\n"
				"allow 203.0.113.250\n"
				"allow 4OWN_WALLET\n"
				"wallet 4WATCHED_WALLET\n";

enum { HOST_POOL = 1, HOST_WEAK = 2, HOST_HOSTILE = 3, HOST_PLAIN = 10, HOST_ALLOWED = 250 };

struct rig_seen {
	uint32_t listed;
	enum level level;
	uint8_t client;
};

struct rig {
	struct contacts *contacts;
	struct alert_table *alerts;
	struct lists *lists;
	struct stats stats;
	struct decision_alert revisions[RIG_REVISIONS];
	size_t count;
	struct rig_seen seen[RIG_SEEN];
	size_t seen_count;
};

static inline void rig_publish(void *ctx, const struct decision_alert *decision)
{
	struct rig *rig = ctx;

	assert_true(rig->count < RIG_REVISIONS);
	rig->revisions[rig->count++] = *decision;
}

static inline void rig_see(void *ctx, uint64_t time_ns, const struct decision_parties *parties,
			   uint32_t listed, enum level level)
{
	struct rig *rig = ctx;

	assert_true(rig->seen_count < RIG_SEEN);
	assert_true(time_ns >= FACTS_EPOCH_NS);
	rig->seen[rig->seen_count++] =
		(struct rig_seen){ listed, level, parties->key.addr[parties->client_side][3] };
}

static inline struct rig *rig_new(size_t max_labels, size_t max_flows)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct alert_options alerts = {
		.max_alerts = 1000, .tap = "eth0", .publish = rig_publish, .ctx = rig
	};
	struct contacts_options contacts = {
		.max_labels = max_labels, .max_flows = max_flows, .seen = rig_see, .ctx = rig
	};

	assert_non_null(rig);
	rig->alerts = alert_table_new(&alerts, &rig->stats);
	assert_non_null(rig->alerts);
	contacts.alerts = rig->alerts;
	rig->contacts = contacts_new(&contacts, &rig->stats);
	assert_non_null(rig->contacts);
	rig->lists = lists_of(rig_lists);
	contacts_use(rig->contacts, rig->lists);
	return rig;
}

static inline void rig_free(struct rig *rig)
{
	contacts_free(rig->contacts);
	alert_table_free(rig->alerts);
	lists_free(rig->lists);
	free(rig);
}

static inline struct flow_key rig_key(uint8_t client, uint8_t server, uint16_t client_port)
{
	struct flow_key key = facts_key(client, client_port);
	const uint8_t addr[4] = { 203, 0, 113, server };

	memcpy(key.addr[1], addr, sizeof(addr));
	key.port[1] = 443;
	return key;
}

static inline struct flow_key rig_resolver_key(uint8_t client)
{
	struct flow_key key = facts_key(client, 53000);
	const uint8_t addr[4] = { 10, 0, 0, 2 };

	memcpy(key.addr[1], addr, sizeof(addr));
	key.port[1] = 53;
	key.proto = 17;
	return key;
}

static inline uint32_t rig_address(const struct rig *rig, const struct flow_key *key)
{
	return lists_match_address(rig->lists, LIST_WATCHED, key->ip_version, key->addr[1],
				   key->port[1]);
}

static inline uint32_t rig_name(const struct rig *rig, const char *name)
{
	return lists_match_name(rig->lists, LIST_WATCHED, name, strlen(name), 0);
}

/* As the correlator sets and names them. */
static inline struct decision_parties rig_parties(struct rig *rig, uint64_t time_ns,
						  const struct flow_key *key)
{
	struct decision_parties parties;

	memset(&parties, 0, sizeof(parties));
	parties.key = *key;
	parties.flow_id = facts_flow_id(key->addr[0][3], key->port[0]);
	parties.first_ns = time_ns;
	parties.contact = rig_address(rig, key);
	contacts_name_server(rig->contacts, time_ns, &parties);
	return parties;
}

/* A flow to the server is opened; its worker tells of it. */
static inline void rig_open_key(struct rig *rig, double seconds, struct flow_key key)
{
	struct contact_fact fact;
	struct decision_parties parties;

	memset(&fact, 0, sizeof(fact));
	fact.fact.time_ns = facts_ns(seconds);
	fact.key = key;
	fact.flow_id = facts_flow_id(key.addr[0][3], key.port[0]);
	fact.contact = rig_address(rig, &key);
	alert_advance(rig->alerts, fact.fact.time_ns);
	parties = rig_parties(rig, fact.fact.time_ns, &key);
	contacts_take_contact(rig->contacts, &fact, &parties);
}

static inline void rig_open(struct rig *rig, double seconds, uint8_t client, uint8_t server,
			    uint16_t port)
{
	rig_open_key(rig, seconds, rig_key(client, server, port));
}

static inline void rig_take_name(struct rig *rig, struct name_fact *fact, const char *name)
{
	struct decision_parties parties;

	memset(&parties, 0, sizeof(parties));
	fact->flow_id = facts_flow_id(fact->key.addr[0][3], fact->key.port[0]);
	fact->listed = rig_name(rig, name);
	snprintf(fact->name, sizeof(fact->name), "%s", name);
	parties.key = fact->key;
	parties.flow_id = fact->flow_id;
	parties.first_ns = fact->fact.time_ns;
	parties.contact = rig_address(rig, &fact->key);
	alert_advance(rig->alerts, fact->fact.time_ns);
	contacts_take_name(rig->contacts, fact, &parties);
}

/* A name in a flow to the server. */
static inline void rig_say(struct rig *rig, double seconds, uint8_t client, uint8_t server,
			   enum name_source source, const char *name)
{
	struct name_fact fact;

	memset(&fact, 0, sizeof(fact));
	fact.fact.time_ns = facts_ns(seconds);
	fact.source = (uint8_t)source;
	fact.key = rig_key(client, server, 50000);
	rig_take_name(rig, &fact, name);
}

/* A question to the resolver; access_key: what is inside the name, "" for none. */
static inline void rig_ask(struct rig *rig, double seconds, uint8_t client, const char *name,
			   const char *access_key, bool is_echo)
{
	struct name_fact fact;

	memset(&fact, 0, sizeof(fact));
	fact.fact.time_ns = facts_ns(seconds);
	fact.source = NAME_LOOKUP;
	fact.is_echo = is_echo;
	fact.key = rig_resolver_key(client);
	snprintf(fact.access_key, sizeof(fact.access_key), "%s", access_key);
	rig_take_name(rig, &fact, name);
}

/* The resolver's answer: the name has that server's address. */
static inline void rig_answer(struct rig *rig, double seconds, uint8_t client, const char *name,
			      uint8_t server)
{
	struct answer_fact fact;
	struct decision_parties parties;

	memset(&fact, 0, sizeof(fact));
	memset(&parties, 0, sizeof(parties));
	fact.fact.time_ns = facts_ns(seconds);
	fact.key = rig_resolver_key(client);
	fact.listed = rig_name(rig, name);
	fact.ttl_s = 60;
	fact.count = 1;
	snprintf(fact.name, sizeof(fact.name), "%s", name);
	fact.addresses[0].ip_version = 4;
	memcpy(fact.addresses[0].addr, rig_key(client, server, 1).addr[1], 16);
	parties.key = fact.key;
	alert_advance(rig->alerts, fact.fact.time_ns);
	contacts_take_answer(rig->contacts, &fact, &parties);
}

/* Evidence that a session over client's flow to the server gains. */
static inline struct session_view rig_witness(struct rig *rig, double seconds, uint8_t client,
					      uint8_t server, const char *wallet,
					      struct decision_parties *parties)
{
	struct flow_key key = rig_key(client, server, 50000);
	struct session_view view;

	memset(&view, 0, sizeof(view));
	snprintf(view.wallet, sizeof(view.wallet), "%s", wallet);
	*parties = rig_parties(rig, facts_ns(seconds), &key);
	contacts_witness(rig->contacts, facts_ns(seconds), parties, &view);
	return view;
}

static inline bool rig_has_word(struct rig *rig, double seconds, uint8_t client, uint8_t server,
				enum evidence_word word)
{
	struct decision_parties parties;
	struct session_view view = rig_witness(rig, seconds, client, server, "", &parties);

	return evidence_has(&view.evidence, word);
}

/* The only alert that is published by the end. */
static inline const struct decision_alert *rig_only(struct rig *rig)
{
	alert_flush(rig->alerts, facts_ns(3600));
	assert_int_equal(rig->count, 1);
	return &rig->revisions[0];
}

static inline void rig_expect_none(struct rig *rig)
{
	alert_flush(rig->alerts, facts_ns(3600));
	assert_int_equal(rig->count, 0);
}

#endif
