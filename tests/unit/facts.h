/* facts.h: facts made by hand, for tests of what comes behind the workers. Clients are 10.0.1.N in
 * no tunnel, the pool is 198.51.100.120:3333. Times are seconds and become packet time. */
#ifndef TESTS_UNIT_FACTS_H
#define TESTS_UNIT_FACTS_H

#include <stdio.h>
#include <string.h>

#include "sensor/fact.h"
#include "sensor/lists.h"

#define FACTS_EPOCH_NS 1772704680000000000ull /* 2026-03-05T09:58:00Z */

static inline uint64_t facts_ns(double seconds)
{
	return FACTS_EPOCH_NS + (uint64_t)(seconds * 1e9);
}

static inline struct flow_key facts_key(uint8_t client, uint16_t client_port)
{
	static const uint8_t pool[4] = { 198, 51, 100, 120 };
	struct flow_key key;

	memset(&key, 0, sizeof(key));
	key.addr[0][0] = 10;
	key.addr[0][2] = 1;
	key.addr[0][3] = client;
	memcpy(key.addr[1], pool, sizeof(pool));
	key.port[0] = client_port;
	key.port[1] = 3333;
	key.proto = 6;
	key.ip_version = 4;
	return key;
}

/* One flow of a client is named by its port. */
static inline uint64_t facts_flow_id(uint8_t client, uint16_t client_port)
{
	return (uint64_t)client << 16 | client_port;
}

/* The id of an entry, from one line of a list. name: what is looked up in it, or NULL for the
 * pool's address. */
static inline uint32_t facts_listed(const char *line, const char *name)
{
	static const uint8_t pool[16] = { 198, 51, 100, 120 };
	char error[LISTS_ERROR_TEXT];
	struct lists *lists;
	uint32_t id;

	if (lists_load_text(&lists, "facts", line, strlen(line), error) != 0)
		return 0;
	id = name == NULL ? lists_match_address(lists, LIST_WATCHED, 4, pool, 3333)
			  : lists_match_name(lists, LIST_WATCHED, name, strlen(name), 0);
	lists_free(lists);
	return id;
}

static inline struct contact_fact facts_contact(double seconds, uint8_t client,
						uint16_t client_port)
{
	struct contact_fact fact;

	memset(&fact, 0, sizeof(fact));
	fact.fact.time_ns = facts_ns(seconds);
	fact.fact.size = sizeof(fact);
	fact.fact.kind = FACT_CONTACT;
	fact.flow_id = facts_flow_id(client, client_port);
	fact.start_ns = fact.fact.time_ns;
	fact.key = facts_key(client, client_port);
	fact.contact = facts_listed("pool 198.51.100.120:3333\n", NULL);
	return fact;
}

/* A login: wallet, worker rig-N and agent are known, evidence is subscribe and login. */
static inline struct session_fact facts_login(double seconds, uint8_t client, uint16_t client_port)
{
	struct session_fact fact;

	memset(&fact, 0, sizeof(fact));
	fact.fact.time_ns = facts_ns(seconds);
	fact.fact.size = sizeof(fact);
	fact.fact.kind = FACT_SESSION;
	fact.flow_id = facts_flow_id(client, client_port);
	fact.first_ns = fact.fact.time_ns;
	fact.last_ns = fact.fact.time_ns;
	fact.packets[0] = 4;
	fact.bytes[0] = 620;
	fact.key = facts_key(client, client_port);
	fact.event = SESSION_BEGIN;
	fact.view.first_ns = fact.fact.time_ns;
	fact.view.level = LEVEL_LIKELY;
	fact.view.role = ROLE_POOL_CLIENT;
	evidence_add(&fact.view.evidence, EVIDENCE_LOGIN);
	snprintf(fact.view.dialect, sizeof(fact.view.dialect), "example");
	snprintf(fact.view.wallet, sizeof(fact.view.wallet), "4EXAMPLE_MONERO_WALLET");
	snprintf(fact.view.worker, sizeof(fact.view.worker), "rig-%u", (unsigned)client);
	snprintf(fact.view.agent, sizeof(fact.view.agent), "XMRig/6.21.0");
	return fact;
}

/* The same session with its first job. */
static inline struct session_fact facts_job(double seconds, uint8_t client, uint16_t client_port)
{
	struct session_fact fact = facts_login(seconds, client, client_port);

	fact.event = SESSION_CHANGE;
	fact.view.level = LEVEL_CONFIRMED;
	fact.view.first_job_ns = fact.fact.time_ns;
	evidence_add(&fact.view.evidence, EVIDENCE_LOGIN_ACCEPTED);
	evidence_add(&fact.view.evidence, EVIDENCE_JOB);
	snprintf(fact.view.algo, sizeof(fact.view.algo), "rx/0");
	snprintf(fact.view.coin, sizeof(fact.view.coin), "XMR");
	return fact;
}

/* A report of the running session: shares, nothing else new. */
static inline struct session_fact facts_report(double seconds, uint8_t client, uint16_t client_port,
					       uint32_t shares)
{
	struct session_fact fact = facts_job(seconds, client, client_port);

	fact.event = SESSION_REPORT;
	fact.view.submitted = shares;
	fact.view.accepted = shares;
	fact.view.hashrate = 1000.0 + shares;
	return fact;
}

static inline struct flow_record facts_flow(double seconds, uint8_t client, uint16_t client_port,
					    enum flow_end end)
{
	struct flow_record record;

	memset(&record, 0, sizeof(record));
	record.fact.time_ns = facts_ns(seconds);
	record.fact.size = sizeof(record);
	record.fact.kind = FACT_FLOW;
	record.flow_id = facts_flow_id(client, client_port);
	record.end_ns = record.fact.time_ns;
	record.packets[0] = 7;
	record.packets[1] = 5;
	record.bytes[0] = 900;
	record.bytes[1] = 800;
	record.key = facts_key(client, client_port);
	record.end = (uint8_t)end;
	return record;
}

#endif
