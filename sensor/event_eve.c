/* event_eve.c: one event as one EVE JSON line.
 *
 * Reference: Suricata's EVE conventions (field names, `+0000` times, flow and tcp objects, alert
 * metadata as arrays of strings), Community ID v1. The root objects `mining` and `cloud` are our
 * own; eve.schema.json describes every line. Keys come in a fixed order; what is unknown is left
 * out. */
#include "sensor/event_eve.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sensor/jsonw.h"
#include "sensor/lists.h"
#include "sensor/packet.h"

#define NS_PER_S UINT64_C(1000000000)

/* What a line is written from. */
struct line {
	struct jsonw w;
	const struct event_context *context;
	const struct event_texts *texts;
	const struct event *event;
	const struct decision_parties *parties;
	const struct session_view *view; /* NULL: no session */
};

static void text_if(struct jsonw *w, const char *key, const char *text)
{
	if (text[0] != '\0')
		jsonw_text(w, key, text);
}

static const char *packet_source(uint8_t tunnel)
{
	switch ((enum tunnel)tunnel) {
	case TUNNEL_GRE:
		return "gre tunnel";
	case TUNNEL_ERSPAN:
		return "erspan";
	case TUNNEL_IPIP:
		return "ip tunnel";
	case TUNNEL_VXLAN:
		return "vxlan encapsulation";
	case TUNNEL_GENEVE:
		return "geneve encapsulation";
	case TUNNEL_NONE:
		break;
	}
	return "wire/pcap";
}

static void write_addresses(struct line *line)
{
	struct jsonw *w = &line->w;
	const struct event_texts *texts = line->texts;
	const struct flow_key *key = &line->parties->key;
	bool has_ports = key->proto == IP_PROTO_TCP || key->proto == IP_PROTO_UDP ||
			 key->proto == IP_PROTO_SCTP;
	char scratch[8];

	jsonw_text(w, "src_ip", texts->client);
	if (has_ports)
		jsonw_uint(w, "src_port", texts->client_port);
	jsonw_text(w, "dest_ip", texts->server);
	if (has_ports)
		jsonw_uint(w, "dest_port", texts->server_port);
	jsonw_text(w, "proto", flow_key_proto_name(key->proto, scratch, sizeof(scratch)));
	jsonw_uint(w, "ip_v", key->ip_version);
	if (key->proto == IP_PROTO_ICMP || key->proto == IP_PROTO_ICMPV6)
		jsonw_uint(w, "icmp_type", key->port[line->parties->client_side & 1]);
	if (key->scope.vlan_count > 0) {
		jsonw_array(w, "vlan");
		for (size_t i = 0; i < key->scope.vlan_count && i < LIMIT_VLAN_TAGS; i++)
			jsonw_uint(w, NULL, key->scope.vlan[i]);
		jsonw_close_array(w);
	}
	jsonw_text(w, "pkt_src", packet_source(key->scope.tunnel));
}

static void write_common(struct line *line)
{
	struct jsonw *w = &line->w;
	const struct event_context *context = line->context;
	bool is_alert = line->event->kind == EVENT_ALERT || line->event->kind == EVENT_CAMPAIGN;

	jsonw_time(w, "timestamp", line->event->time_ns);
	jsonw_uint(w, "flow_id", line->parties->flow_id);
	if (context->input_name != NULL)
		text_if(w, context->is_live ? "in_iface" : "pcap_filename", context->input_name);
	jsonw_text(w, "event_type", is_alert ? "alert" : "flow");
	write_addresses(line);
	jsonw_text(w, "host", context->sensor_id);
	text_if(w, "community_id", line->texts->community_id);
}

static const char *confidence_text(uint8_t level)
{
	/* A node is certain to be one: whether it mines is not what its alert says. */
	if (level == LEVEL_CONFIRMED || level == LEVEL_NODE)
		return "High";
	return level == LEVEL_LIKELY ? "Medium" : "Low";
}

static void metadata_one(struct jsonw *w, const char *key, const char *text)
{
	jsonw_array(w, key);
	jsonw_text(w, NULL, text);
	jsonw_close_array(w);
}

/* The technique and, when it is a part of one, that one before it. */
static void metadata_technique(struct jsonw *w, const char *key, const char *parent,
			       const char *technique)
{
	jsonw_array(w, key);
	if (parent != NULL)
		jsonw_text(w, NULL, parent);
	jsonw_text(w, NULL, technique);
	jsonw_close_array(w);
}

static void write_metadata(struct line *line, const struct decision_alert *alert,
			   const struct signature *signature)
{
	struct jsonw *w = &line->w;
	const struct list_entry *address = lists_entry(line->parties->contact);
	const struct list_entry *name = lists_entry(line->parties->listed);
	char id[17];

	jsonw_object(w, "metadata");
	if (signature != NULL) {
		metadata_one(w, "mitre_tactic_id", signature->tactic_id);
		metadata_one(w, "mitre_tactic_name", signature->tactic_name);
		metadata_technique(w, "mitre_technique_id", signature->parent_id,
				   signature->technique_id);
		metadata_technique(w, "mitre_technique_name", signature->parent_name,
				   signature->technique_name);
	}
	metadata_one(w, "confidence", confidence_text(alert->level));
	if (address != NULL && address->tag[0] != '\0')
		metadata_one(w, "endpoint_tag", address->tag);
	if (name != NULL && name->tag[0] != '\0')
		metadata_one(w, "name_tag", name->tag);
	if (alert->query[0] != '\0')
		metadata_one(w, "name", alert->query);
	if (alert->access_key[0] != '\0')
		metadata_one(w, "access_key_id", alert->access_key);
	if (alert->absorbed_by != 0) {
		(void)snprintf(id, sizeof(id), "%016" PRIx64, alert->absorbed_by);
		metadata_one(w, "absorbed_by", id);
	}
	jsonw_close_object(w);
}

static void write_side(struct jsonw *w, const char *key, const char *ip, uint16_t port)
{
	jsonw_object(w, key);
	jsonw_text(w, "ip", ip);
	if (port != 0)
		jsonw_uint(w, "port", port);
	jsonw_close_object(w);
}

static void write_alert(struct line *line, const struct decision_alert *alert)
{
	struct jsonw *w = &line->w;
	const struct signature *signature = signature_find(alert->sid);

	jsonw_text(w, "direction", "to_server");
	jsonw_object(w, "alert");
	jsonw_text(w, "action", "allowed");
	jsonw_uint(w, "gid", 1);
	jsonw_uint(w, "signature_id", alert->sid);
	jsonw_uint(w, "rev", alert->revision);
	jsonw_text(w, "signature", signature != NULL ? signature->name : "unknown");
	jsonw_text(w, "category", signature != NULL ? signature->category : "unknown");
	jsonw_uint(w, "severity", signature != NULL ? signature->severity : 3);
	write_metadata(line, alert, signature);
	write_side(w, "source", line->texts->server, line->texts->server_port);
	write_side(w, "target", line->texts->client, line->texts->client_port);
	jsonw_close_object(w);
}

static void write_counts(struct jsonw *w, const uint64_t packets[2], const uint64_t bytes[2])
{
	jsonw_uint(w, "pkts_toserver", packets[DIR_TO_SERVER]);
	jsonw_uint(w, "pkts_toclient", packets[DIR_TO_CLIENT]);
	jsonw_uint(w, "bytes_toserver", bytes[DIR_TO_SERVER]);
	jsonw_uint(w, "bytes_toclient", bytes[DIR_TO_CLIENT]);
}

static const char *flow_state_text(const struct flow_record *record)
{
	switch ((enum flow_tcp_state)record->tcp_state) {
	case FLOW_TCP_SYN_SENT:
	case FLOW_TCP_SYN_RECV:
		return "new";
	case FLOW_TCP_ESTABLISHED:
	case FLOW_TCP_FIN_ONE:
		return "established";
	case FLOW_TCP_CLOSED:
		return "closed";
	case FLOW_TCP_NONE:
		break;
	}
	return record->packets[0] > 0 && record->packets[1] > 0 ? "established" : "new";
}

static uint64_t seconds_between(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (to_ns - from_ns) / NS_PER_S : 0;
}

static void write_flags(struct jsonw *w, const char *key, unsigned flags)
{
	static const char digits[] = "0123456789abcdef";
	const char hex[] = { digits[flags >> 4 & 15], digits[flags & 15], '\0' };

	jsonw_text(w, key, hex);
}

static void write_tcp(struct jsonw *w, const struct flow_record *record)
{
	static const struct {
		uint8_t bit;
		const char *key;
	} flags[] = { { TCP_SYN, "syn" }, { TCP_FIN, "fin" }, { TCP_RST, "rst" },
		      { TCP_PSH, "psh" }, { TCP_ACK, "ack" }, { TCP_URG, "urg" } };
	unsigned to_server = record->tcp_flags[DIR_TO_SERVER];
	unsigned to_client = record->tcp_flags[DIR_TO_CLIENT];

	jsonw_object(w, "tcp");
	write_flags(w, "tcp_flags", to_server | to_client);
	write_flags(w, "tcp_flags_ts", to_server);
	write_flags(w, "tcp_flags_tc", to_client);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (((to_server | to_client) & flags[i].bit) != 0)
			jsonw_bool(w, flags[i].key, true);
	text_if(w, "state", event_tcp_state_text(record->tcp_state));
	jsonw_close_object(w);
}

static bool is_labelled(const struct classify_label *label)
{
	return label->app != 0 || label->master != 0;
}

static void write_ndpi(struct jsonw *w, const struct classify_label *label, const char *app)
{
	const char *category = classify_category_name(label->category);

	jsonw_object(w, "ndpi");
	jsonw_text(w, "proto", app);
	if (category != NULL)
		text_if(w, "category", category);
	jsonw_array(w, "risks");
	for (unsigned bit = 0; bit < 64; bit++) {
		const char *name = (label->risks >> bit & 1) != 0 ? classify_risk_name(bit) : NULL;

		if (name != NULL)
			jsonw_text(w, NULL, name);
	}
	jsonw_close_array(w);
	jsonw_close_object(w);
}

static void write_flow(struct line *line, const struct decision_flow *flow)
{
	struct jsonw *w = &line->w;
	const struct flow_record *record = &flow->record;
	char app[LIMIT_NAME_TEXT] = "failed";

	if (is_labelled(&record->label))
		classify_app_name(&record->label, app, sizeof(app));
	jsonw_text(w, "app_proto", app);
	jsonw_object(w, "flow");
	write_counts(w, record->packets, record->bytes);
	jsonw_time(w, "start", record->start_ns);
	jsonw_time(w, "end", record->end_ns);
	jsonw_uint(w, "age", seconds_between(record->start_ns, record->end_ns));
	jsonw_text(w, "state", flow_state_text(record));
	jsonw_text(w, "reason", event_eve_reason(record->end));
	if (record->is_shunted)
		jsonw_text(w, "bypass", "capture");
	jsonw_bool(w, "alerted", flow->alert_id != 0);
	jsonw_close_object(w);
	if (record->key.proto == IP_PROTO_TCP)
		write_tcp(w, record);
	if (is_labelled(&record->label))
		write_ndpi(w, &record->label, app);
}

/* A flow that goes on: counters so far, no end reason. */
static void write_running(struct line *line, const uint64_t packets[2], const uint64_t bytes[2],
			  uint64_t last_ns)
{
	struct jsonw *w = &line->w;

	jsonw_object(w, "flow");
	write_counts(w, packets, bytes);
	jsonw_time(w, "start", line->parties->first_ns);
	if (line->event->kind == EVENT_SESSION) {
		uint32_t revision;
		uint32_t sid;

		jsonw_time(w, "end", last_ns);
		jsonw_uint(w, "age", seconds_between(line->parties->first_ns, last_ns));
		jsonw_text(w, "state", "established");
		jsonw_bool(w, "alerted", event_alert_id(line->event, &revision, &sid) != 0);
	}
	jsonw_close_object(w);
}

/* As many of six decimals as the value has. */
static void write_difficulty(struct jsonw *w, const char *key, double value)
{
	double scaled = value;
	unsigned decimals = 0;

	while (decimals < 6 && scaled < 9e15 && scaled != (double)(uint64_t)scaled) {
		scaled *= 10;
		decimals++;
	}
	/* 0.1 * 10^n is never whole in binary: drop the zeros that rounding left. */
	char text[400];
	size_t len = jsonw_fixed_text(value, decimals, text, sizeof(text));

	while (decimals > 0 && len > 0 && text[len - 1] == '0') {
		len--;
		decimals--;
	}
	jsonw_fixed(w, key, value, decimals);
}

static void write_identity(struct line *line)
{
	struct jsonw *w = &line->w;
	const struct session_view *view = line->view;

	text_if(w, "dialect", view->dialect);
	text_if(w, "carrier", view->carrier);
	text_if(w, "coin", view->coin);
	text_if(w, "algo", view->algo);
	if (view->wallet[0] != '\0' && view->wallet_check != WALLET_NONE) {
		jsonw_text(w, "wallet", view->wallet);
		jsonw_bool(w, "wallet_valid", view->wallet_check == WALLET_VALID);
		jsonw_text(w, "wallet_check", event_wallet_text(view->wallet_check));
	} else {
		text_if(w, "account", view->wallet);
	}
	text_if(w, "wallet_hash", line->texts->wallet_hash);
	text_if(w, "worker", view->worker);
	if (view->workers > 1)
		jsonw_uint(w, "workers", view->workers);
	text_if(w, "rig", view->rig);
	text_if(w, "email", view->email);
	text_if(w, "agent", view->agent);
	if (view->has_password)
		jsonw_bool(w, "password_present", true);
	if (view->is_donation)
		jsonw_bool(w, "donation", true);
}

static void write_work(struct line *line)
{
	static const char *const rates[RATE_WINDOWS] = {
		[RATE_1M] = "hashrate_1m", [RATE_10M] = "hashrate_10m", [RATE_60M] = "hashrate_60m"
	};
	struct jsonw *w = &line->w;
	const struct session_view *view = line->view;

	if (view->difficulty > 0)
		write_difficulty(w, "difficulty", view->difficulty);
	jsonw_object(w, "shares");
	jsonw_uint(w, "submitted", view->submitted);
	jsonw_uint(w, "accepted", view->accepted);
	jsonw_uint(w, "rejected", view->rejected);
	jsonw_uint(w, "stale", view->stale);
	jsonw_close_object(w);
	text_if(w, "reject_reason", view->reason);
	if (view->hashrate > 0)
		jsonw_fixed(w, "hashrate", view->hashrate, 1);
	for (size_t i = 0; i < RATE_WINDOWS; i++)
		if (view->rates[i] > 0)
			jsonw_fixed(w, rates[i], view->rates[i], 1);
	text_if(w, "hashrate_unit", view->unit);
	if (view->hashrate_claimed > 0)
		jsonw_fixed(w, "hashrate_claimed", view->hashrate_claimed, 1);
}

static const char *tls_version_text(uint16_t version)
{
	switch (version) {
	case 0x0300:
		return "SSLv3";
	case 0x0301:
		return "TLSv1";
	case 0x0302:
		return "TLS 1.1";
	case 0x0303:
		return "TLS 1.2";
	case 0x0304:
		return "TLS 1.3";
	}
	return "";
}

static void write_evidence(struct jsonw *w, const struct evidence *evidence)
{
	jsonw_array(w, "evidence");
	for (size_t i = 0; i < evidence->count && i < EVIDENCE_COUNT; i++)
		jsonw_text(w, NULL, evidence_text(evidence->words[i]));
	jsonw_close_array(w);
}

/* As Suricata names it. Nothing of ours is in here: what is listed is evidence. */
static void write_hello(struct jsonw *w, const struct hello_view *hello)
{
	jsonw_object(w, "tls");
	text_if(w, "sni", hello->sni);
	text_if(w, "version", tls_version_text(hello->version));
	if (hello->alpn[0] != '\0') {
		jsonw_array(w, "client_alpns");
		jsonw_text(w, NULL, hello->alpn);
		jsonw_close_array(w);
	}
	if (hello->ja3[0] != '\0') {
		jsonw_object(w, "ja3");
		jsonw_text(w, "hash", hello->ja3);
		jsonw_close_object(w);
	}
	text_if(w, "ja4", hello->ja4);
	jsonw_close_object(w);
}

/* Of a flow to hostile infrastructure nothing is said about mining. */
static bool has_mining(const struct line *line)
{
	uint32_t revision;
	uint32_t sid;
	uint64_t alert_id = event_alert_id(line->event, &revision, &sid);
	const struct signature *signature = signature_find(sid);
	bool is_hostile = signature != NULL && signature->family == FAMILY_HOSTILE;

	return line->view != NULL ||
	       (alert_id != 0 && (line->event->kind == EVENT_ALERT || !is_hostile));
}

static void write_mining(struct line *line)
{
	struct jsonw *w = &line->w;
	const struct session_view *view = line->view;
	const struct decision_alert *alert = NULL;
	uint32_t revision;
	uint32_t sid;
	uint64_t alert_id = event_alert_id(line->event, &revision, &sid);

	if (line->event->kind == EVENT_ALERT)
		alert = (const struct decision_alert *)(const void *)line->event->decision;
	jsonw_object(w, "mining");
	if (view != NULL)
		text_if(w, "role", event_role_text(view->role));
	if (alert != NULL)
		jsonw_text(w, "level", level_text(alert->level));
	else if (view != NULL)
		jsonw_text(w, "level", level_text(view->level));
	if (view != NULL)
		write_identity(line);
	text_if(w, "pool", line->texts->pool);
	if (view != NULL) {
		text_if(w, "next_pool", view->next_pool);
		text_if(w, "pool_tag", view->tag);
		text_if(w, "payout", view->payout);
		write_work(line);
	}
	if (view != NULL && view->first_ns != 0)
		jsonw_time(w, "first_seen", view->first_ns);
	else if (alert != NULL)
		jsonw_time(w, "first_seen", alert->episode_ns);
	if (view != NULL && view->last_share_ns != 0)
		jsonw_time(w, "last_share", view->last_share_ns);
	if (alert != NULL)
		write_evidence(w, &alert->evidence);
	else if (view != NULL)
		write_evidence(w, &view->evidence);
	if (alert_id != 0) {
		jsonw_text(w, "alert_id", line->texts->alert_id);
		jsonw_uint(w, "revision", revision);
	}
	jsonw_close_object(w);
}

/* The connection as it goes on behind the NAT. */
static void write_nat(struct line *line)
{
	struct jsonw *w = &line->w;

	if (line->texts->nat_client[0] == '\0')
		return;
	jsonw_object(w, "nat");
	jsonw_text(w, "src_ip", line->texts->nat_client);
	jsonw_uint(w, "src_port", line->texts->nat_port);
	jsonw_text(w, "community_id", line->texts->nat_community_id);
	jsonw_close_object(w);
}

/* What the hosts share: a wallet or account under its own key as well, where others look for it. */
static void write_shared_key(struct line *line, const struct decision_campaign *campaign)
{
	struct jsonw *w = &line->w;

	if (campaign->kind != CAMPAIGN_WALLET)
		return;
	text_if(w, "coin", campaign->coin);
	if (campaign->wallet_check != WALLET_NONE) {
		jsonw_text(w, "wallet", campaign->key);
		jsonw_bool(w, "wallet_valid", campaign->wallet_check == WALLET_VALID);
		jsonw_text(w, "wallet_check", event_wallet_text(campaign->wallet_check));
	} else {
		jsonw_text(w, "account", campaign->key);
	}
	jsonw_text(w, "wallet_hash", line->texts->wallet_hash);
}

static void write_campaign(struct line *line, const struct decision_campaign *campaign)
{
	struct jsonw *w = &line->w;

	jsonw_object(w, "campaign");
	jsonw_text(w, "id", line->texts->alert_id);
	jsonw_text(w, "kind", campaign_kind_text((enum campaign_kind)campaign->kind));
	jsonw_text(w, "key", campaign->key);
	jsonw_uint(w, "members", campaign->members);
	jsonw_uint(w, "local_members", campaign->local_members);
	jsonw_text(w, "first_member", campaign->first_member);
	jsonw_time(w, "first_seen", campaign->first_ns);
	jsonw_time(w, "last_join", campaign->last_join_ns);
	jsonw_uint(w, "spread_seconds",
		   seconds_between(campaign->first_ns, campaign->last_join_ns));
	jsonw_uint(w, "wave_members", campaign->wave_members);
	jsonw_uint(w, "wave_seconds", campaign->wave_s);
	jsonw_uint(w, "growth_10m", campaign->growth_10m);
	if (campaign->hashrate > 0)
		jsonw_fixed(w, "hashrate", campaign->hashrate, 1);
	text_if(w, "hashrate_unit", campaign->unit);
	text_if(w, "worker_pattern", campaign->worker_pattern);
	text_if(w, "agent", campaign->agent);
	text_if(w, "pool", campaign->pool);
	jsonw_close_object(w);
}

static void write_campaign_mining(struct line *line, const struct decision_campaign *campaign)
{
	struct jsonw *w = &line->w;

	jsonw_object(w, "mining");
	jsonw_text(w, "level", level_text(campaign->level));
	write_shared_key(line, campaign);
	jsonw_text(w, "pool", line->texts->pool);
	write_campaign(line, campaign);
	jsonw_time(w, "first_seen", campaign->first_ns);
	write_evidence(w, &campaign->evidence);
	jsonw_text(w, "alert_id", line->texts->alert_id);
	jsonw_uint(w, "revision", campaign->revision);
	jsonw_close_object(w);
}

/* As the alert of its first member's flow. */
static void write_campaign_alert(struct line *line, const struct decision_campaign *campaign)
{
	struct decision_alert alert;

	memset(&alert, 0, sizeof(alert));
	alert.sid = SID_CAMPAIGN;
	alert.revision = campaign->revision;
	alert.level = campaign->level;
	write_alert(line, &alert);
	write_running(line, campaign->packets, campaign->bytes, campaign->last_ns);
	write_campaign_mining(line, campaign);
}

/* The first of the two that says something. */
static void either_if(struct jsonw *w, const char *key, const char *first, const char *second)
{
	text_if(w, key, first[0] != '\0' ? first : second);
}

/* By the inventory: names and times as CloudTrail writes them. */
static void write_machine(struct jsonw *w, const struct cloud_identity *identity)
{
	char launched[LEASE_TIME_TEXT];

	text_if(w, "instance_id", identity->instance_id);
	text_if(w, "eni_id", identity->eni_id);
	text_if(w, "instance_type", identity->instance_type);
	if (identity->launch_ns != 0) {
		lease_time_text(identity->launch_ns, launched);
		jsonw_text(w, "launch_time", launched);
	}
	text_if(w, "principal", identity->principal);
	text_if(w, "access_key_id", identity->access_key_id);
	jsonw_text(w, "identity_confidence",
		   cloud_confidence_text((enum cloud_confidence)identity->confidence));
}

static void write_cloud(struct line *line)
{
	static const struct cloud_identity nothing;
	const struct cloud_identity *identity = event_identity(line->event);
	const struct cloud_identity *known = identity != NULL ? identity : &nothing;
	const struct cloud_row *row = NULL;
	struct jsonw *w = &line->w;
	const struct scope *scope = &line->parties->key.scope;
	uint32_t number = line->parties->client_cloud;

	jsonw_object(w, "cloud");
	jsonw_text(w, "scope", line->texts->scope);
	if (scope->tunnel == TUNNEL_VXLAN || scope->tunnel == TUNNEL_GENEVE)
		jsonw_uint(w, "vni", scope->id);
	if (number != 0 && number <= line->context->cloud_count)
		row = &line->context->cloud[number - 1];
	if (row != NULL)
		text_if(w, "provider", row->provider);
	either_if(w, "account_id", row != NULL ? row->account_id : "", known->account_id);
	either_if(w, "region", row != NULL ? row->region : "", known->region);
	either_if(w, "vpc_id", row != NULL ? row->vpc_id : "", known->vpc_id);
	either_if(w, "subnet_id", known->subnet_id, row != NULL ? row->subnet_id : "");
	if (identity != NULL)
		write_machine(w, identity);
	write_nat(line);
	jsonw_close_object(w);
}

size_t event_eve_write(const struct event_context *context, const struct event_texts *texts,
		       const struct event *event, char *out, size_t size)
{
	struct line line = { .context = context,
			     .texts = texts,
			     .event = event,
			     .parties = event_parties(event),
			     .view = event_view(event) };
	const void *decision = event->decision;

	jsonw_init(&line.w, out, size);
	jsonw_object(&line.w, NULL);
	write_common(&line);
	if (event->kind == EVENT_FLOW) {
		write_flow(&line, decision);
	} else if (event->kind == EVENT_ALERT) {
		const struct decision_alert *alert = decision;

		write_alert(&line, alert);
		write_running(&line, alert->packets, alert->bytes, alert->last_ns);
	} else if (event->kind == EVENT_CAMPAIGN) {
		write_campaign_alert(&line, decision);
	} else {
		const struct decision_session *session = decision;

		write_running(&line, session->packets, session->bytes, session->last_ns);
	}
	if (event_hello(event) != NULL)
		write_hello(&line.w, event_hello(event));
	if (event->kind != EVENT_CAMPAIGN && has_mining(&line))
		write_mining(&line);
	write_cloud(&line);
	jsonw_close_object(&line.w);
	return jsonw_finish(&line.w);
}
