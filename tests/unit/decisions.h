/* decisions.h: hand-made decisions for the tests of what renders and publishes them. */
#ifndef TESTS_UNIT_DECISIONS_H
#define TESTS_UNIT_DECISIONS_H

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "sensor/correlator.h"
#include "sensor/event.h"
#include "sensor/packet.h"

#define DECISION_NS  UINT64_C(1772704867123456000) /* 2026-03-05T10:01:07.123456Z */
#define DECISION_SEC UINT64_C(1000000000)
#define TEST_WALLET  "4EXAMPLE_MONERO_WALLET_ADDRESS_SYNTHETIC"

static const struct cloud_row test_cloud[] = {
	{ .has_vni = true,
	  .vni = 4097,
	  .provider = "aws",
	  .account_id = "111122223333",
	  .region = "us-east-1",
	  .vpc_id = "vpc-0a1b2c3d",
	  .line = 1 },
};

static inline struct event_context test_context(void)
{
	return (struct event_context){ .sensor_id = "s1",
				       .input_name = "ens6",
				       .is_live = true,
				       .cloud = test_cloud,
				       .cloud_count = 1,
				       .tap = "s1" };
}

/* 10.0.1.<last>:port to 198.51.100.120:3333 over VXLAN 4097. */
static inline struct decision_parties test_parties(uint8_t last, uint16_t port)
{
	struct decision_parties parties = { .flow_id = 1676750115612680 + last,
					    .first_ns = DECISION_NS - DECISION_SEC,
					    .client_cloud = 1 };
	uint8_t client[4] = { 10, 0, 1, last };
	uint8_t server[4] = { 198, 51, 100, 120 };

	parties.key.proto = IP_PROTO_TCP;
	parties.key.ip_version = 4;
	parties.key.scope.tunnel = TUNNEL_VXLAN;
	parties.key.scope.id = 4097;
	parties.client_side = flow_key_set(&parties.key, client, server, port, 3333, false);
	return parties;
}

/* The outer side of such a connection: 198.51.100.40:port. */
static inline struct decision_nat test_nat(uint16_t port)
{
	struct decision_nat nat = { .is_known = 1 };
	uint8_t client[4] = { 198, 51, 100, 40 };
	uint8_t server[4] = { 198, 51, 100, 120 };

	nat.key.proto = IP_PROTO_TCP;
	nat.key.ip_version = 4;
	nat.client_side = flow_key_set(&nat.key, client, server, port, 3333, false);
	return nat;
}

static inline struct session_view test_view(const char *worker)
{
	struct session_view view = { .first_ns = DECISION_NS,
				     .last_ns = DECISION_NS + 300 * DECISION_SEC,
				     .first_job_ns = DECISION_NS + DECISION_SEC,
				     .last_share_ns = DECISION_NS + 290 * DECISION_SEC,
				     .window_ns = 300 * DECISION_SEC,
				     .submitted = 12,
				     .accepted = 10,
				     .rejected = 1,
				     .stale = 1,
				     .difficulty = 480045.5,
				     .work = 4800450,
				     .hashrate = 16001.5,
				     .level = LEVEL_CONFIRMED,
				     .role = ROLE_POOL_CLIENT,
				     .wallet_check = WALLET_UNVERIFIED,
				     .workers = 1,
				     .dialect = "cryptonote",
				     .coin = "XMR",
				     .algo = "rx/0",
				     .wallet = TEST_WALLET,
				     .agent = "XMRig/6.21.0" };

	snprintf(view.worker, sizeof(view.worker), "%s", worker);
	evidence_add(&view.evidence, EVIDENCE_LOGIN);
	evidence_add(&view.evidence, EVIDENCE_JOB);
	return view;
}

static inline struct decision_alert test_alert(uint8_t last, uint32_t sid, uint32_t revision)
{
	char client[16];
	struct decision_alert alert = { .parties = test_parties(last, 49152),
					.alert_id = UINT64_C(0x0123456789abcd00) + last,
					.episode_ns = DECISION_NS,
					.last_ns = DECISION_NS,
					.packets = { 4, 3 },
					.bytes = { 620, 410 },
					.revision = revision,
					.sid = sid,
					.flows = 1,
					.level = LEVEL_CONFIRMED,
					.has_session = sid != SID_ENDPOINT };

	alert.decision.time_ns = DECISION_NS;
	alert.decision.size = sizeof(alert);
	alert.decision.kind = DECISION_ALERT;
	snprintf(client, sizeof(client), "10.0.1.%u", (unsigned)last);
	alert.open_hash = alert_open_hash("111122223333/us-east-1/vpc-0a1b2c3d", client,
					  signature_find(sid)->family, "198.51.100.120:3333");
	if (alert.has_session) {
		alert.view = test_view("web-1");
		alert.evidence = alert.view.evidence;
	} else {
		alert.level = LEVEL_SUSPECT;
	}
	evidence_add(&alert.evidence, EVIDENCE_LISTED_ENDPOINT);
	return alert;
}

static inline struct decision_session test_session(uint8_t last, enum session_event event)
{
	struct decision_session session = { .parties = test_parties(last, 49152),
					    .alert_id = UINT64_C(0x0123456789abcd00) + last,
					    .last_ns = DECISION_NS + 300 * DECISION_SEC,
					    .packets = { 40, 30 },
					    .bytes = { 6200, 4100 },
					    .revision = 2,
					    .event = (uint8_t)event,
					    .view = test_view("web-1") };

	session.decision.time_ns = DECISION_NS + 300 * DECISION_SEC;
	session.decision.size = sizeof(session);
	session.decision.kind = DECISION_SESSION;
	return session;
}

static inline struct decision_flow test_flow(uint8_t last, bool has_session)
{
	struct decision_flow flow = { .parties = test_parties(last, 49152),
				      .has_session = has_session };
	struct flow_record *record = &flow.record;

	record->flow_id = flow.parties.flow_id;
	record->first_ns = flow.parties.first_ns;
	record->start_ns = flow.parties.first_ns;
	record->end_ns = DECISION_NS + 300 * DECISION_SEC;
	record->packets[DIR_TO_SERVER] = 12;
	record->packets[DIR_TO_CLIENT] = 13;
	record->bytes[DIR_TO_SERVER] = 1820;
	record->bytes[DIR_TO_CLIENT] = 4011;
	record->key = flow.parties.key;
	record->client_side = flow.parties.client_side;
	record->end = FLOW_END_CLOSED;
	record->tcp_state = FLOW_TCP_CLOSED;
	record->tcp_flags[DIR_TO_SERVER] = TCP_SYN | TCP_ACK | TCP_PSH | TCP_FIN;
	record->tcp_flags[DIR_TO_CLIENT] = TCP_SYN | TCP_ACK | TCP_PSH;
	flow.decision.time_ns = record->end_ns;
	flow.decision.size = (uint32_t)decision_flow_size(has_session, false);
	flow.decision.kind = DECISION_FLOW;
	if (has_session) {
		flow.view = test_view("web-1");
		flow.alert_id = UINT64_C(0x0123456789abcd00) + last;
		flow.revision = 2;
		flow.sid = SID_SESSION;
	}
	return flow;
}

#endif
