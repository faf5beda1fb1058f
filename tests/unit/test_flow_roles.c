/* test_flow_roles.c: who is the client, by the first packet. */
#include "tests/unit/flow_fixture.h"

#define LOW  1
#define HIGH 2

/* The direction of a first packet from low (or high) port to the other, and the flow's flags. */
static enum direction first(uint8_t proto, bool is_low_sender, uint16_t from_port, uint16_t to_port,
			    uint8_t tcp_flags, uint8_t *flags)
{
	struct packet packet = packet_of(proto, is_low_sender ? LOW : HIGH, from_port,
					 is_low_sender ? HIGH : LOW, to_port, T0);
	enum direction dir;
	uint32_t index;

	packet.tcp_flags = tcp_flags;
	index = touch(&packet, &dir);
	assert_int_not_equal(index, FLOW_NONE);
	*flags = flow_hot(table, index)->flags;
	assert_int_equal((*flags & FLOW_CLIENT_HIGH) != 0, (dir == DIR_TO_SERVER) != is_low_sender);
	return dir;
}

struct role_case {
	uint8_t proto;
	uint16_t from_port;
	uint16_t to_port;
	uint8_t tcp_flags;
	enum direction dir;
	uint8_t flags; /* but FLOW_CLIENT_HIGH */
};

static void check_cases(const struct role_case *cases, size_t count)
{
	for (size_t i = 0; i < 2 * count; i++) {
		const struct role_case *one = &cases[i / 2];
		uint8_t flags;

		/* A table of its own for each: some are the same flow. */
		flow_table_free(table);
		make_table(64, 0);
		assert_int_equal(first(one->proto, i % 2 == 0, one->from_port, one->to_port,
				       one->tcp_flags, &flags),
				 one->dir);
		assert_int_equal(flags & ~FLOW_CLIENT_HIGH, one->flags);
	}
}

static void handshake_proves(void **state)
{
	static const struct role_case cases[] = {
		{ 6, 3333, 40000, TCP_SYN, DIR_TO_SERVER, FLOW_ROLES_PROVEN },
		{ 6, 40000, 3333, TCP_SYN | TCP_ACK, DIR_TO_CLIENT, FLOW_ROLES_PROVEN },
		{ 6, 40000, 80, TCP_SYN, DIR_TO_SERVER, FLOW_ROLES_PROVEN },
	};

	(void)state;
	check_cases(cases, sizeof(cases) / sizeof(cases[0]));
}

static void midstream_goes_by_ports(void **state)
{
	static const struct role_case cases[] = {
		{ 6, 40000, 443, TCP_ACK, DIR_TO_SERVER, FLOW_MIDSTREAM },
		{ 6, 443, 40000, TCP_ACK, DIR_TO_CLIENT, FLOW_MIDSTREAM },
		{ 6, 1023, 1024, TCP_ACK, DIR_TO_CLIENT, FLOW_MIDSTREAM },
		{ 6, 1024, 1025, TCP_ACK, DIR_TO_SERVER, FLOW_MIDSTREAM },
		{ 6, 3333, 32768, TCP_ACK, DIR_TO_CLIENT, FLOW_MIDSTREAM },
		{ 6, 3333, 32767, TCP_ACK, DIR_TO_SERVER, FLOW_MIDSTREAM },
		{ 6, 50000, 14444, TCP_ACK | TCP_PSH, DIR_TO_SERVER, FLOW_MIDSTREAM },
		{ 6, 50000, 40000, TCP_ACK, DIR_TO_SERVER, FLOW_MIDSTREAM },
		{ 6, 3333, 40000, TCP_RST, DIR_TO_CLIENT, FLOW_MIDSTREAM },
		{ 6, 80, 443, TCP_FIN | TCP_ACK, DIR_TO_SERVER, FLOW_MIDSTREAM },
	};

	(void)state;
	check_cases(cases, sizeof(cases) / sizeof(cases[0]));
}

static void others_go_by_system_port_or_first(void **state)
{
	static const struct role_case cases[] = {
		{ 17, 40000, 53, 0, DIR_TO_SERVER, 0 },
		{ 17, 53, 40000, 0, DIR_TO_CLIENT, 0 }, /* a DNS reply seen first */
		{ 17, 5353, 5353, 0, DIR_TO_SERVER, 0 },
		{ 17, 7000, 40000, 0, DIR_TO_SERVER, 0 },
		{ 132, 2905, 900, 0, DIR_TO_SERVER, 0 },
		{ 132, 900, 2905, 0, DIR_TO_CLIENT, 0 },
		{ 1, 8, 0, 0, DIR_TO_SERVER, 0 }, /* echo */
		{ 1, 0, 8, 0, DIR_TO_CLIENT, 0 }, /* echo reply */
		{ 1, 14, 13, 0, DIR_TO_CLIENT, 0 },
		{ 1, 3, 1, 0, DIR_TO_SERVER, 0 },
		{ 47, 0, 0, 0, DIR_TO_SERVER, 0 },
	};

	(void)state;
	check_cases(cases, sizeof(cases) / sizeof(cases[0]));
}

static void icmpv6_answers_but_not_to_groups(void **state)
{
	uint8_t host[16] = { 0xfe, 0x80, [15] = 1 };
	uint8_t router[16] = { 0xfe, 0x80, [15] = 2 };
	uint8_t group[16] = { 0xff, 0x02, [15] = 1 };
	struct packet packet = { .time_ns = T0, .ip_packets = 1, .ip_bytes = 100 };
	enum direction dir;

	(void)state;
	packet.key.proto = IP_PROTO_ICMPV6;
	packet.key.ip_version = 6;
	packet.from_high = flow_key_set(&packet.key, router, host, 134, 133, false);
	touch(&packet, &dir);
	assert_int_equal(dir, DIR_TO_CLIENT);
	memset(packet.key.addr, 0, sizeof(packet.key.addr));
	packet.from_high = flow_key_set(&packet.key, router, group, 134, 133, false);
	touch(&packet, &dir);
	assert_int_equal(dir, DIR_TO_SERVER);
}

static void the_hook_speaks_before_ports(void **state)
{
	uint8_t flags;

	(void)state;
	guess = 1;
	assert_int_equal(first(6, true, 40000, 443, TCP_ACK, &flags), DIR_TO_CLIENT);
	assert_int_equal(flags, FLOW_MIDSTREAM | FLOW_CLIENT_HIGH);
	guess = 0;
	assert_int_equal(first(6, false, 40001, 443, TCP_ACK, &flags), DIR_TO_CLIENT);
	assert_int_equal(flags, FLOW_MIDSTREAM);
	/* but not before a handshake */
	guess = 1;
	assert_int_equal(first(6, true, 40002, 443, TCP_SYN, &flags), DIR_TO_SERVER);
	/* and is not asked for UDP: on_guess() would fail */
	assert_int_equal(first(17, true, 40003, 443, 0, &flags), DIR_TO_SERVER);
}

static void a_later_syn_never_turns_a_flow(void **state)
{
	struct packet data = packet_of(IP_PROTO_TCP, LOW, 40000, HIGH, 443, T0);
	struct packet reply = packet_of(IP_PROTO_TCP, HIGH, 443, LOW, 40000, T0);
	enum direction dir;
	uint32_t index;

	(void)state;
	data.tcp_flags = TCP_ACK;
	index = touch(&data, &dir);
	reply.tcp_flags = TCP_SYN;
	touch(&reply, &dir);
	assert_int_equal(dir, DIR_TO_CLIENT);
	assert_int_equal(flow_hot(table, index)->flags & FLOW_ROLES_PROVEN, 0);
	data.tcp_flags = TCP_SYN;
	touch(&data, &dir);
	assert_int_equal(dir, DIR_TO_SERVER);
	assert_int_equal(flow_hot(table, index)->flags & FLOW_ROLES_PROVEN, FLOW_ROLES_PROVEN);
}

static void midstream_becomes_established(void **state)
{
	uint32_t index = tcp(true, TCP_ACK, 1, 0, T0);

	(void)state;
	assert_int_equal(flow_hot(table, index)->tcp_state, FLOW_TCP_NONE);
	tcp(true, TCP_ACK, 1, 0, T0);
	assert_int_equal(flow_hot(table, index)->tcp_state, FLOW_TCP_NONE);
	tcp(false, TCP_ACK, 1, 0, T0);
	assert_int_equal(flow_hot(table, index)->tcp_state, FLOW_TCP_ESTABLISHED);
	assert_int_equal(flow_hot(table, index)->seq_known, 0);
	tcp(true, TCP_ACK, 1, 0, T0 + 599 * S);
	assert_int_equal(record_count, 0);
}

static void one_sided_data_becomes_established(void **state)
{
	uint32_t index = tcp(true, TCP_ACK | TCP_PSH, 1, 1, T0);

	(void)state;
	assert_int_equal(flow_hot(table, index)->tcp_state, FLOW_TCP_ESTABLISHED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(handshake_proves),
		TEST(midstream_goes_by_ports),
		TEST(others_go_by_system_port_or_first),
		TEST(icmpv6_answers_but_not_to_groups),
		TEST(the_hook_speaks_before_ports),
		TEST(a_later_syn_never_turns_a_flow),
		TEST(midstream_becomes_established),
		TEST(one_sided_data_becomes_established),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
