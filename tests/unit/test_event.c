/* test_event.c: EVE lines byte for byte, and the texts and words of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/decisions.h"

static const char alert_session[] =
	"{\"timestamp\":\"2026-03-05T10:01:07.123456+0000\",\"flow_id\":167675011"
	"5612703,\"in_iface\":\"ens6\",\"event_type\":\"alert\",\"src_ip\":\"10.0.1.23"
	"\",\"src_port\":49152,\"dest_ip\":\"198.51.100.120\",\"dest_port\":3333,\"pr"
	"oto\":\"TCP\",\"ip_v\":4,\"pkt_src\":\"vxlan encapsulation\",\"host\":\"s1\",\"c"
	"ommunity_id\":\"1:9zJ8ump9aIfjOMfAb4nuXvQ1D0Q=\",\"direction\":\"to_serv"
	"er\",\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":1600001,\"re"
	"v\":2,\"signature\":\"Cryptocurrency mining session\",\"category\":\"Crypt"
	"o Currency Mining Activity Detected\",\"severity\":1,\"metadata\":{\"mit"
	"re_tactic_id\":[\"TA0040\"],\"mitre_tactic_name\":[\"Impact\"],\"mitre_tec"
	"hnique_id\":[\"T1496\",\"T1496.001\"],\"mitre_technique_name\":[\"Resource"
	"_Hijacking\",\"Compute_Hijacking\"],\"confidence\":[\"High\"]},\"source\":{"
	"\"ip\":\"198.51.100.120\",\"port\":3333},\"target\":{\"ip\":\"10.0.1.23\",\"por"
	"t\":49152}},\"flow\":{\"pkts_toserver\":4,\"pkts_toclient\":3,\"bytes_tose"
	"rver\":620,\"bytes_toclient\":410,\"start\":\"2026-03-05T10:01:06.123456"
	"+0000\"},\"mining\":{\"role\":\"pool-client\",\"level\":\"confirmed\",\"dialec"
	"t\":\"cryptonote\",\"coin\":\"XMR\",\"algo\":\"rx/0\",\"wallet\":\"4EXAMPLE_MONE"
	"RO_WALLET_ADDRESS_SYNTHETIC\",\"wallet_valid\":false,\"wallet_check\":\""
	"unverified\",\"wallet_hash\":\"653a1f4a71581856\",\"worker\":\"web-1\",\"age"
	"nt\":\"XMRig/6.21.0\",\"pool\":\"198.51.100.120:3333\",\"difficulty\":48004"
	"5.5,\"shares\":{\"submitted\":12,\"accepted\":10,\"rejected\":1,\"stale\":1}"
	",\"hashrate\":16001.5,\"first_seen\":\"2026-03-05T10:01:07.123456+0000\""
	",\"last_share\":\"2026-03-05T10:05:57.123456+0000\",\"evidence\":[\"login"
	"\",\"job\",\"listed-endpoint\"],\"alert_id\":\"0123456789abcd17\",\"revision"
	"\":2},\"cloud\":{\"scope\":\"111122223333/us-east-1/vpc-0a1b2c3d\",\"vni\":"
	"4097,\"provider\":\"aws\",\"account_id\":\"111122223333\",\"region\":\"us-eas"
	"t-1\",\"vpc_id\":\"vpc-0a1b2c3d\"}}";

static const char alert_contact[] =
	"{\"timestamp\":\"2026-03-05T10:01:07.123456+0000\",\"flow_id\":167675011"
	"5612703,\"in_iface\":\"ens6\",\"event_type\":\"alert\",\"src_ip\":\"10.0.1.23"
	"\",\"src_port\":49152,\"dest_ip\":\"198.51.100.120\",\"dest_port\":3333,\"pr"
	"oto\":\"TCP\",\"ip_v\":4,\"pkt_src\":\"vxlan encapsulation\",\"host\":\"s1\",\"c"
	"ommunity_id\":\"1:9zJ8ump9aIfjOMfAb4nuXvQ1D0Q=\",\"direction\":\"to_serv"
	"er\",\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":1600010,\"re"
	"v\":1,\"signature\":\"Connection to a listed mining pool endpoint\",\"ca"
	"tegory\":\"Crypto Currency Mining Activity Detected\",\"severity\":2,\"m"
	"etadata\":{\"mitre_tactic_id\":[\"TA0040\"],\"mitre_tactic_name\":[\"Impac"
	"t\"],\"mitre_technique_id\":[\"T1496\",\"T1496.001\"],\"mitre_technique_na"
	"me\":[\"Resource_Hijacking\",\"Compute_Hijacking\"],\"confidence\":[\"Low\""
	"]},\"source\":{\"ip\":\"198.51.100.120\",\"port\":3333},\"target\":{\"ip\":\"10"
	".0.1.23\",\"port\":49152}},\"flow\":{\"pkts_toserver\":4,\"pkts_toclient\":"
	"3,\"bytes_toserver\":620,\"bytes_toclient\":410,\"start\":\"2026-03-05T10"
	":01:06.123456+0000\"},\"mining\":{\"level\":\"suspect\",\"pool\":\"198.51.10"
	"0.120:3333\",\"first_seen\":\"2026-03-05T10:01:07.123456+0000\",\"eviden"
	"ce\":[\"listed-endpoint\"],\"alert_id\":\"0123456789abcd17\",\"revision\":1"
	"},\"cloud\":{\"scope\":\"111122223333/us-east-1/vpc-0a1b2c3d\",\"vni\":409"
	"7,\"provider\":\"aws\",\"account_id\":\"111122223333\",\"region\":\"us-east-1"
	"\",\"vpc_id\":\"vpc-0a1b2c3d\"}}";

static const char flow_mining[] =
	"{\"timestamp\":\"2026-03-05T10:06:07.123456+0000\",\"flow_id\":167675011"
	"5612703,\"in_iface\":\"ens6\",\"event_type\":\"flow\",\"src_ip\":\"10.0.1.23\""
	",\"src_port\":49152,\"dest_ip\":\"198.51.100.120\",\"dest_port\":3333,\"pro"
	"to\":\"TCP\",\"ip_v\":4,\"pkt_src\":\"vxlan encapsulation\",\"host\":\"s1\",\"co"
	"mmunity_id\":\"1:9zJ8ump9aIfjOMfAb4nuXvQ1D0Q=\",\"app_proto\":\"failed\","
	"\"flow\":{\"pkts_toserver\":12,\"pkts_toclient\":13,\"bytes_toserver\":182"
	"0,\"bytes_toclient\":4011,\"start\":\"2026-03-05T10:01:06.123456+0000\","
	"\"end\":\"2026-03-05T10:06:07.123456+0000\",\"age\":301,\"state\":\"closed\""
	",\"reason\":\"timeout\",\"alerted\":true},\"tcp\":{\"tcp_flags\":\"1b\",\"tcp_f"
	"lags_ts\":\"1b\",\"tcp_flags_tc\":\"1a\",\"syn\":true,\"fin\":true,\"psh\":true"
	",\"ack\":true,\"state\":\"closed\"},\"mining\":{\"role\":\"pool-client\",\"leve"
	"l\":\"confirmed\",\"dialect\":\"cryptonote\",\"coin\":\"XMR\",\"algo\":\"rx/0\",\""
	"wallet\":\"4EXAMPLE_MONERO_WALLET_ADDRESS_SYNTHETIC\",\"wallet_valid\":"
	"false,\"wallet_check\":\"unverified\",\"wallet_hash\":\"653a1f4a71581856\""
	",\"worker\":\"web-1\",\"agent\":\"XMRig/6.21.0\",\"pool\":\"198.51.100.120:33"
	"33\",\"difficulty\":480045.5,\"shares\":{\"submitted\":12,\"accepted\":10,\""
	"rejected\":1,\"stale\":1},\"hashrate\":16001.5,\"first_seen\":\"2026-03-05"
	"T10:01:07.123456+0000\",\"last_share\":\"2026-03-05T10:05:57.123456+00"
	"00\",\"evidence\":[\"login\",\"job\"],\"alert_id\":\"0123456789abcd17\",\"revi"
	"sion\":2},\"cloud\":{\"scope\":\"111122223333/us-east-1/vpc-0a1b2c3d\",\"v"
	"ni\":4097,\"provider\":\"aws\",\"account_id\":\"111122223333\",\"region\":\"us"
	"-east-1\",\"vpc_id\":\"vpc-0a1b2c3d\"}}";

static const char flow_plain[] =
	"{\"timestamp\":\"2026-03-05T10:06:07.123456+0000\",\"flow_id\":167675011"
	"5612703,\"in_iface\":\"ens6\",\"event_type\":\"flow\",\"src_ip\":\"10.0.1.23\""
	",\"src_port\":49152,\"dest_ip\":\"198.51.100.120\",\"dest_port\":3333,\"pro"
	"to\":\"TCP\",\"ip_v\":4,\"pkt_src\":\"vxlan encapsulation\",\"host\":\"s1\",\"co"
	"mmunity_id\":\"1:9zJ8ump9aIfjOMfAb4nuXvQ1D0Q=\",\"app_proto\":\"failed\","
	"\"flow\":{\"pkts_toserver\":12,\"pkts_toclient\":13,\"bytes_toserver\":182"
	"0,\"bytes_toclient\":4011,\"start\":\"2026-03-05T10:01:06.123456+0000\","
	"\"end\":\"2026-03-05T10:06:07.123456+0000\",\"age\":301,\"state\":\"closed\""
	",\"reason\":\"timeout\",\"alerted\":false},\"tcp\":{\"tcp_flags\":\"1b\",\"tcp_"
	"flags_ts\":\"1b\",\"tcp_flags_tc\":\"1a\",\"syn\":true,\"fin\":true,\"psh\":tru"
	"e,\"ack\":true,\"state\":\"closed\"},\"cloud\":{\"scope\":\"111122223333/us-e"
	"ast-1/vpc-0a1b2c3d\",\"vni\":4097,\"provider\":\"aws\",\"account_id\":\"1111"
	"22223333\",\"region\":\"us-east-1\",\"vpc_id\":\"vpc-0a1b2c3d\"}}";

static const char session_report[] =
	"{\"timestamp\":\"2026-03-05T10:06:07.123456+0000\",\"flow_id\":167675011"
	"5612703,\"in_iface\":\"ens6\",\"event_type\":\"flow\",\"src_ip\":\"10.0.1.23\""
	",\"src_port\":49152,\"dest_ip\":\"198.51.100.120\",\"dest_port\":3333,\"pro"
	"to\":\"TCP\",\"ip_v\":4,\"pkt_src\":\"vxlan encapsulation\",\"host\":\"s1\",\"co"
	"mmunity_id\":\"1:9zJ8ump9aIfjOMfAb4nuXvQ1D0Q=\",\"flow\":{\"pkts_toserve"
	"r\":40,\"pkts_toclient\":30,\"bytes_toserver\":6200,\"bytes_toclient\":41"
	"00,\"start\":\"2026-03-05T10:01:06.123456+0000\",\"end\":\"2026-03-05T10:"
	"06:07.123456+0000\",\"age\":301,\"state\":\"established\",\"alerted\":true}"
	",\"mining\":{\"role\":\"pool-client\",\"level\":\"confirmed\",\"dialect\":\"cry"
	"ptonote\",\"coin\":\"XMR\",\"algo\":\"rx/0\",\"wallet\":\"4EXAMPLE_MONERO_WALL"
	"ET_ADDRESS_SYNTHETIC\",\"wallet_valid\":false,\"wallet_check\":\"unverif"
	"ied\",\"wallet_hash\":\"653a1f4a71581856\",\"worker\":\"web-1\",\"agent\":\"XM"
	"Rig/6.21.0\",\"pool\":\"198.51.100.120:3333\",\"difficulty\":480045.5,\"sh"
	"ares\":{\"submitted\":12,\"accepted\":10,\"rejected\":1,\"stale\":1},\"hashr"
	"ate\":16001.5,\"first_seen\":\"2026-03-05T10:01:07.123456+0000\",\"last_"
	"share\":\"2026-03-05T10:05:57.123456+0000\",\"evidence\":[\"login\",\"job\""
	"],\"alert_id\":\"0123456789abcd17\",\"revision\":2},\"cloud\":{\"scope\":\"11"
	"1122223333/us-east-1/vpc-0a1b2c3d\",\"vni\":4097,\"provider\":\"aws\",\"ac"
	"count_id\":\"111122223333\",\"region\":\"us-east-1\",\"vpc_id\":\"vpc-0a1b2c"
	"3d\"}}";

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

static void alerts_are_eve_to_the_byte(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 2);

	(void)state;
	assert_string_equal(eve_of(&alert.decision), alert_session);
	alert = test_alert(23, SID_ENDPOINT, 1);
	assert_string_equal(eve_of(&alert.decision), alert_contact);
}

static void flows_are_eve_to_the_byte(void **state)
{
	struct decision_flow flow = test_flow(23, true);

	(void)state;
	assert_string_equal(eve_of(&flow.decision), flow_mining);
	flow = test_flow(23, false);
	assert_string_equal(eve_of(&flow.decision), flow_plain);
}

static void a_session_renders_as_a_flow(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);

	(void)state;
	assert_string_equal(eve_of(&session.decision), session_report);
}

/* Only the bytes a flow without session has are on the ring: the view must not be touched. */
static void a_short_flow_entry_is_not_read_past(void **state)
{
	struct decision_flow whole = test_flow(23, false);
	size_t size = decision_flow_size(false, false);
	struct decision_flow *cut = malloc(size);

	(void)state;
	assert_non_null(cut);
	memcpy(cut, &whole, size);
	assert_string_equal(eve_of(&cut->decision), flow_plain);
	free(cut);
}

static void hostile_text_stays_inside_its_string(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);
	const char *line;

	(void)state;
	snprintf(alert.view.wallet, sizeof(alert.view.wallet), "a\",\"x\":\"\n\x1b[2J\xff");
	snprintf(alert.view.worker, sizeof(alert.view.worker), "\\");
	snprintf(alert.view.agent, sizeof(alert.view.agent), "\xc2\x9b\x7f");
	snprintf(alert.view.pool, sizeof(alert.view.pool), "pool.example.org:3333\r");
	line = eve_of(&alert.decision);
	assert_has(line, "\"wallet\":\"a\\\",\\\"x\\\":\\\"\\n\\u001b[2J\xef\xbf\xbd\"");
	assert_has(line, "\"worker\":\"\\\\\"");
	assert_has(line, "\"agent\":\"\\u009b\\u007f\"");
	assert_has(line, "\"pool\":\"pool.example.org:3333\\r\"");
}

static void the_longest_texts_fit_the_line(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, UINT32_MAX);
	struct session_view *view = &alert.view;

	(void)state;
	memset(view->dialect, 1, sizeof(view->dialect) - 1);
	memset(view->coin, 1, sizeof(view->coin) - 1);
	memset(view->algo, 1, sizeof(view->algo) - 1);
	memset(view->wallet, 1, sizeof(view->wallet) - 1);
	memset(view->worker, 1, sizeof(view->worker) - 1);
	memset(view->agent, 1, sizeof(view->agent) - 1);
	memset(view->email, 1, sizeof(view->email) - 1);
	memset(view->reason, 1, sizeof(view->reason) - 1);
	memset(view->pool, 1, sizeof(view->pool) - 1);
	memset(view->next_pool, 1, sizeof(view->next_pool) - 1);
	memset(view->carrier, 1, sizeof(view->carrier) - 1);
	memset(view->unit, 1, sizeof(view->unit) - 1);
	memset(view->rig, 1, sizeof(view->rig) - 1);
	memset(view->tag, 1, sizeof(view->tag) - 1);
	memset(view->payout, 1, sizeof(view->payout) - 1);
	view->has_password = 1;
	view->is_donation = 1;
	for (size_t i = 0; i < RATE_WINDOWS; i++)
		view->rates[i] = 1.7e308;
	view->difficulty = 1.7e308;
	view->hashrate = 1.7e308;
	view->hashrate_claimed = 1.7e308;
	for (size_t i = 0; i < EVIDENCE_COUNT; i++)
		evidence_add(&alert.evidence, (enum evidence_word)i);
	assert_true(strlen(eve_of(&alert.decision)) < EVENT_JSON_BYTES);
}

static void all_that_a_session_says_is_there(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);
	struct session_view *view = &session.view;
	const char *line;

	(void)state;
	snprintf(view->carrier, sizeof(view->carrier), "socks,http");
	snprintf(view->rig, sizeof(view->rig), "rig-7");
	snprintf(view->email, sizeof(view->email), "miner@example.org");
	snprintf(view->tag, sizeof(view->tag), "/ExamplePool/");
	snprintf(view->payout, sizeof(view->payout), "bc1qexample");
	snprintf(view->unit, sizeof(view->unit), "Sol/s");
	view->has_password = 1;
	view->is_donation = 1;
	view->rates[RATE_1M] = 300;
	view->rates[RATE_60M] = 299.5;
	line = eve_of(&session.decision);
	assert_has(line, "\"dialect\":\"cryptonote\",\"carrier\":\"socks,http\",\"coin\"");
	assert_has(line, "\"worker\":\"web-1\",\"rig\":\"rig-7\",\"email\":\"miner@example.org\","
			 "\"agent\":\"XMRig/6.21.0\",\"password_present\":true,\"donation\":true,"
			 "\"pool\"");
	assert_has(line,
		   "\"pool_tag\":\"/ExamplePool/\",\"payout\":\"bc1qexample\",\"difficulty\"");
	/* Ten minutes without a share: unknown, not 0. */
	assert_has(line, "\"hashrate\":16001.5,\"hashrate_1m\":300.0,\"hashrate_60m\":299.5,"
			 "\"hashrate_unit\":\"Sol/s\",\"first_seen\"");
}

static void a_node_is_certain_to_be_one(void **state)
{
	struct decision_alert alert = test_alert(23, SID_NODE, 1);
	const char *line;

	(void)state;
	alert.level = LEVEL_NODE;
	alert.view.level = LEVEL_NODE;
	alert.view.role = ROLE_NODE;
	line = eve_of(&alert.decision);
	assert_has(line, "\"signature_id\":1600040,\"rev\":1,\"signature\":\"Coin node traffic\","
			 "\"category\":\"Potential Corporate Privacy Violation\",\"severity\":3");
	assert_has(line, "\"mitre_technique_id\":[\"T1496\"],"
			 "\"mitre_technique_name\":[\"Resource_Hijacking\"],"
			 "\"confidence\":[\"High\"]");
	assert_has(line, "\"role\":\"node\",\"level\":\"node\"");
}

static void an_account_name_is_no_wallet(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);
	const char *line;

	(void)state;
	alert.view.wallet_check = WALLET_NONE;
	snprintf(alert.view.wallet, sizeof(alert.view.wallet), "account1");
	line = eve_of(&alert.decision);
	assert_has(line, "\"account\":\"account1\",\"wallet_hash\":\"");
	assert_lacks(line, "\"wallet\":");
	assert_lacks(line, "wallet_valid");
	assert_lacks(line, "wallet_check");

	alert.view.wallet[0] = '\0';
	line = eve_of(&alert.decision);
	assert_lacks(line, "account\"");
	assert_lacks(line, "wallet_hash");
}

static void wallets_say_how_far_they_were_checked(void **state)
{
	static const struct {
		uint8_t check;
		const char *text;
	} rows[] = {
		{ WALLET_VALID, "\"wallet_valid\":true,\"wallet_check\":\"valid\"" },
		{ WALLET_BAD, "\"wallet_valid\":false,\"wallet_check\":\"bad-checksum\"" },
		{ WALLET_UNVERIFIED, "\"wallet_valid\":false,\"wallet_check\":\"unverified\"" },
	};
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		alert.view.wallet_check = rows[i].check;
		assert_has(eve_of(&alert.decision), rows[i].text);
	}
}

static void difficulty_has_the_decimals_it_needs(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{ 1, "\"difficulty\":1,\"" },
		{ 65536.5, "\"difficulty\":65536.5,\"" },
		{ 0.1, "\"difficulty\":0.1,\"" },
		{ 0.123456789, "\"difficulty\":0.123457,\"" },
		{ 1e15, "\"difficulty\":1000000000000000,\"" },
		{ 4294.967296, "\"difficulty\":4294.967296,\"" },
	};
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		alert.view.difficulty = rows[i].value;
		assert_has(eve_of(&alert.decision), rows[i].text);
	}
	alert.view.difficulty = 0;
	assert_lacks(eve_of(&alert.decision), "difficulty");
}

static struct decision_flow flow_v6(uint8_t proto, uint16_t client_port, uint16_t server_port)
{
	struct decision_flow flow = test_flow(1, false);
	uint8_t client[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x10 };
	uint8_t server[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x53 };
	struct flow_key key = { .proto = proto, .ip_version = 6 };

	flow.parties.client_cloud = 0;
	flow.parties.client_side =
		flow_key_set(&key, client, server, client_port, server_port, false);
	key.scope.vlan[0] = 100;
	key.scope.vlan[1] = 7;
	key.scope.vlan_count = 2;
	flow.parties.key = key;
	flow.record.key = key;
	flow.record.tcp_state = FLOW_TCP_NONE;
	return flow;
}

static void ipv6_and_vlans(void **state)
{
	struct decision_flow flow = flow_v6(IP_PROTO_UDP, 54321, 53);
	const struct event_texts *texts;
	struct event event;
	const char *line = eve_of(&flow.decision);

	(void)state;
	assert_has(line, "\"src_ip\":\"2001:db8::10\",\"src_port\":54321,"
			 "\"dest_ip\":\"2001:db8::53\",\"dest_port\":53,\"proto\":\"UDP\","
			 "\"ip_v\":6,\"vlan\":[100,7],\"pkt_src\":\"wire/pcap\"");
	assert_has(line, "\"community_id\":\"1:Q8c/WyOJVlSb89BGbWZcNYQCXps=\"");
	assert_has(line, "\"cloud\":{\"scope\":\"vlan:100.7\"}}");
	assert_lacks(line, "\"tcp\":");

	event_begin(renderer, &flow.decision, &event);
	texts = event_texts(renderer, &event);
	assert_string_equal(texts->endpoint, "[2001:db8::53]:53");
	assert_string_equal(texts->pool, "[2001:db8::53]:53");
	assert_string_equal(texts->alert_id, "");
	assert_string_equal(texts->wallet_hash, "");
}

static void icmp_has_no_ports(void **state)
{
	struct decision_flow flow = flow_v6(IP_PROTO_ICMPV6, 128, 129);
	struct event event;
	const char *line = eve_of(&flow.decision);

	(void)state;
	assert_has(line, "\"proto\":\"IPv6-ICMP\",\"ip_v\":6,\"icmp_type\":128,");
	assert_lacks(line, "_port");
	event_begin(renderer, &flow.decision, &event);
	assert_string_equal(event_texts(renderer, &event)->endpoint, "[2001:db8::53]");
}

static void both_tuples_of_a_connection(void **state)
{
	static const char nat[] = "\"nat\":{\"src_ip\":\"198.51.100.40\",\"src_port\":1025,"
				  "\"community_id\":\"1:";
	struct decision_alert alert = test_alert(23, SID_SESSION, 2);
	struct decision_flow flow = test_flow(23, false);
	struct decision_session session = test_session(23, SESSION_REPORT);
	struct event_texts texts;
	struct event event;

	(void)state;
	assert_lacks(eve_of(&flow.decision), "nat");
	alert.parties.nat = test_nat(1025);
	flow.parties.nat = test_nat(1025);
	session.parties.nat = test_nat(1025);
	assert_has(eve_of(&alert.decision), nat);
	assert_has(eve_of(&session.decision), nat);
	assert_has(eve_of(&flow.decision), nat);
	assert_has(eve_of(&flow.decision), "\"src_ip\":\"10.0.1.23\",\"src_port\":49152");
	/* The two sides have identities of their own. */
	event_begin(renderer, &flow.decision, &event);
	texts = *event_texts(renderer, &event);
	assert_string_not_equal(texts.nat_community_id, texts.community_id);
	/* The next event has none again. */
	flow = test_flow(24, false);
	assert_lacks(eve_of(&flow.decision), "nat");
}

static void texts_of_one_event_are_its_own(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);
	struct decision_flow flow = test_flow(24, false);
	const struct event_texts *texts;
	struct event event;

	(void)state;
	event_begin(renderer, &alert.decision, &event);
	texts = event_texts(renderer, &event);
	assert_int_equal(event.kind, EVENT_ALERT);
	assert_int_equal(event.time_ns, DECISION_NS);
	assert_string_equal(texts->client, "10.0.1.23");
	assert_int_equal(texts->client_port, 49152);
	assert_string_equal(texts->server, "198.51.100.120");
	assert_int_equal(texts->server_port, 3333);
	assert_string_equal(texts->alert_id, "0123456789abcd17");
	assert_int_equal(strlen(texts->wallet_hash), 16);
	event_begin(renderer, &flow.decision, &event);
	texts = event_texts(renderer, &event);
	assert_string_equal(texts->client, "10.0.1.24");
	assert_string_equal(texts->alert_id, "");
	assert_string_equal(texts->wallet_hash, "");
	assert_string_equal(texts->flow_id, "1676750115612704");
}

static void a_capture_file_is_named_as_such(void **state)
{
	struct event_context context = test_context();
	struct decision_flow flow = test_flow(23, false);
	struct event_renderer *live = renderer;

	(void)state;
	context.is_live = false;
	context.input_name = "a.pcap";
	renderer = event_renderer_new(&context);
	assert_non_null(renderer);
	assert_has(eve_of(&flow.decision), "\"pcap_filename\":\"a.pcap\",\"event_type\"");
	assert_lacks(eve_of(&flow.decision), "in_iface");
	event_renderer_free(renderer);
	renderer = live;
}

static void printable_hides_nothing(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{ "", "" },
		{ "XMRig/6.21.0", "XMRig/6.21.0" },
		{ "a\x1b[31mb\r\n\x7f", "a\\x1b[31mb\\x0d\\x0a\\x7f" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\xc3", "\\xc3" },
		{ "\xc2\x9b", "\\xc2\\x9b" },
		{ "a\xe2\x80\xae"
		  "b",
		  "a\\xe2\\x80\\xae"
		  "b" },
		{ "\xe2\x80\xaf", "\xe2\x80\xaf" },
		{ "\xe2\x81\xa6\xe2\x81\xaa", "\\xe2\\x81\\xa6\xe2\x81\xaa" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		event_printable(rows[i].in, out, sizeof(out));
		assert_string_equal(out, rows[i].out);
	}
}

static void printable_is_cut_at_whole_characters(void **state)
{
	char out[8];

	(void)state;
	event_printable("abcdefg", out, sizeof(out));
	assert_string_equal(out, "abcdefg");
	event_printable("abcdefgh", out, sizeof(out));
	assert_string_equal(out, "abcdefg");
	event_printable("abc\x01", out, sizeof(out));
	assert_string_equal(out, "abc\\x01");
	event_printable("abcd\x01", out, sizeof(out));
	assert_string_equal(out, "abcd");
	event_printable("abcdef\xc3\xa9", out, sizeof(out));
	assert_string_equal(out, "abcdef");
	event_printable("x", out, 1);
	assert_string_equal(out, "");
}

static void words_are_stable(void **state)
{
	(void)state;
	assert_string_equal(event_end_text(FLOW_END_IDLE), "idle");
	assert_string_equal(event_end_text(FLOW_END_EVICTED), "evicted");
	assert_string_equal(event_end_text((enum flow_end)99), "");
	assert_string_equal(event_eve_reason(FLOW_END_ACTIVE), "timeout");
	assert_string_equal(event_eve_reason(FLOW_END_REUSED), "tcp_reuse");
	assert_string_equal(event_eve_reason(FLOW_END_FORCED), "shutdown");
	assert_string_equal(event_eve_reason(FLOW_END_EVICTED), "forced");
	assert_string_equal(event_role_text(ROLE_UNKNOWN), "");
	assert_string_equal(event_role_text(ROLE_NODE), "node");
	assert_string_equal(event_session_text(SESSION_BEGIN), "begin");
	assert_string_equal(event_session_text(SESSION_END), "end");
	assert_string_equal(event_tcp_state_text(FLOW_TCP_FIN_ONE), "fin_wait1");
	assert_string_equal(event_wallet_text(WALLET_BAD), "bad-checksum");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alerts_are_eve_to_the_byte),
		cmocka_unit_test(flows_are_eve_to_the_byte),
		cmocka_unit_test(a_session_renders_as_a_flow),
		cmocka_unit_test(a_short_flow_entry_is_not_read_past),
		cmocka_unit_test(hostile_text_stays_inside_its_string),
		cmocka_unit_test(the_longest_texts_fit_the_line),
		cmocka_unit_test(all_that_a_session_says_is_there),
		cmocka_unit_test(a_node_is_certain_to_be_one),
		cmocka_unit_test(an_account_name_is_no_wallet),
		cmocka_unit_test(wallets_say_how_far_they_were_checked),
		cmocka_unit_test(difficulty_has_the_decimals_it_needs),
		cmocka_unit_test(ipv6_and_vlans),
		cmocka_unit_test(icmp_has_no_ports),
		cmocka_unit_test(both_tuples_of_a_connection),
		cmocka_unit_test(texts_of_one_event_are_its_own),
		cmocka_unit_test(a_capture_file_is_named_as_such),
		cmocka_unit_test(printable_hides_nothing),
		cmocka_unit_test(printable_is_cut_at_whole_characters),
		cmocka_unit_test(words_are_stable),
	};

	return cmocka_run_group_tests(tests, make_renderer, free_renderer);
}
