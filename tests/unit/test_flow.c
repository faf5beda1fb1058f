/* test_flow.c: the flow table over hand-made packets. */
#include "tests/unit/flow_fixture.h"

static void counts_both_directions(void **state)
{
	struct packet reply = packet_of(IP_PROTO_UDP, 65000, 7000, 1, 40000, T0 + S);
	enum direction dir;
	uint32_t index = udp(1, T0);

	(void)state;
	reply.ip_packets = 3; /* a reassembled datagram */
	reply.ip_bytes = 4000;
	assert_int_equal(touch(&reply, &dir), index);
	assert_int_equal(dir, DIR_TO_CLIENT);
	assert_int_equal(udp(1, T0 + 2 * S), index);
	assert_int_not_equal(udp(2, T0 + 2 * S), index);
	assert_int_equal(flow_count(table), 2);
	assert_int_equal(opened_count, 2);
	assert_int_equal(flow_hot(table, index)->packets[DIR_TO_SERVER], 2);
	assert_int_equal(flow_hot(table, index)->bytes[DIR_TO_SERVER], 200);
	assert_int_equal(flow_hot(table, index)->packets[DIR_TO_CLIENT], 3);
	assert_int_equal(flow_hot(table, index)->bytes[DIR_TO_CLIENT], 4000);
	assert_int_equal(flow_cold(table, index)->first_ns, T0);
	assert_int_equal(stats.flows, 2);
	assert_int_equal(stats.flows_active, 2);
}

static void scope_separates_flows(void **state)
{
	struct packet packet = packet_of(IP_PROTO_UDP, 1, 40000, 65000, 7000, T0);
	enum direction dir;
	uint32_t index = udp(1, T0);

	(void)state;
	packet.key.scope.id = 4097;
	packet.key.scope.tunnel = TUNNEL_VXLAN;
	assert_int_not_equal(touch(&packet, &dir), index);
	packet.key.scope.id = 4098;
	assert_int_not_equal(touch(&packet, &dir), index);
	assert_int_equal(flow_count(table), 3);
}

static void idle_by_packet_at_the_edge(void **state)
{
	uint32_t index = udp(1, T0);

	(void)state;
	assert_int_equal(udp(1, T0 + 60 * S), index);
	assert_int_equal(record_count, 0);
	assert_int_equal(udp(1, T0 + 120 * S + 1), index);
	assert_int_equal(record_count, 1);
	expect_record(0, FLOW_END_IDLE, T0, T0 + 60 * S, 2, 0);
	assert_int_equal(flow_cold(table, index)->first_ns, T0 + 120 * S + 1);
	assert_int_equal(flow_hot(table, index)->packets[0], 1);
	assert_int_equal(opened_count, 2);
	assert_int_equal(flow_count(table), 1);
}

static void tcp_states_of_a_connection(void **state)
{
	uint32_t index = tcp(true, TCP_SYN, 1000, 0, T0);
	const struct flow *flow = flow_hot(table, index);

	(void)state;
	assert_int_equal(flow->tcp_state, FLOW_TCP_SYN_SENT);
	assert_int_equal(flow->flags & (FLOW_MIDSTREAM | FLOW_ROLES_PROVEN), FLOW_ROLES_PROVEN);
	assert_int_equal(flow->seq_known, 1);
	assert_int_equal(flow->next_seq[DIR_TO_SERVER], 1001);
	tcp(false, TCP_SYN | TCP_ACK, UINT32_MAX, 0, T0);
	assert_int_equal(flow->tcp_state, FLOW_TCP_SYN_RECV);
	assert_int_equal(flow->seq_known, 3);
	assert_int_equal(flow->next_seq[DIR_TO_CLIENT], 0);
	tcp(false, TCP_ACK, 0, 0, T0); /* a server's bare ACK completes nothing */
	assert_int_equal(flow->tcp_state, FLOW_TCP_SYN_RECV);
	tcp(true, TCP_ACK, 1001, 0, T0);
	assert_int_equal(flow->tcp_state, FLOW_TCP_ESTABLISHED);
	tcp(true, TCP_ACK | TCP_PSH, 1001, 50, T0);
	assert_int_equal(flow->next_seq[DIR_TO_SERVER], 1001); /* data is the worker's */
	tcp(true, TCP_SYN, 5000, 0, T0);                       /* a stray */
	assert_int_equal(flow->tcp_state, FLOW_TCP_ESTABLISHED);
	assert_int_equal(flow->next_seq[DIR_TO_SERVER], 1001);
	tcp(true, TCP_FIN | TCP_ACK, 1051, 0, T0);
	tcp(true, TCP_FIN | TCP_ACK, 1051, 0, T0); /* again */
	assert_int_equal(flow->tcp_state, FLOW_TCP_FIN_ONE);
	tcp(false, TCP_ACK, 0, 100, T0);
	assert_int_equal(flow->tcp_state, FLOW_TCP_FIN_ONE);
	tcp(false, TCP_FIN | TCP_ACK, 100, 0, T0);
	assert_int_equal(flow->tcp_state, FLOW_TCP_CLOSED);
	tcp(true, TCP_ACK, 1052, 0, T0);
	assert_int_equal(flow->tcp_state, FLOW_TCP_CLOSED);
	assert_int_equal(flow->tcp_flags[0], TCP_SYN | TCP_FIN | TCP_ACK | TCP_PSH);
	assert_int_equal(flow->tcp_flags[1], TCP_SYN | TCP_FIN | TCP_ACK);
	assert_int_equal(record_count, 0);
}

static void reset_closes(void **state)
{
	uint32_t index = tcp(true, TCP_SYN, 1000, 0, T0);

	(void)state;
	tcp(false, TCP_RST | TCP_ACK, 0, 0, T0);
	assert_int_equal(flow_hot(table, index)->tcp_state, FLOW_TCP_CLOSED);
	assert_int_equal(flow_hot(table, index)->seq_known, 1);
}

static void closed_ends_by_packet(void **state)
{
	uint32_t index = tcp(true, TCP_SYN, 10, 0, T0);

	(void)state;
	tcp(false, TCP_RST, 20, 0, T0);
	assert_int_equal(tcp(true, TCP_ACK, 11, 0, T0 + 10 * S + 1), index);
	assert_int_equal(record_count, 1);
	expect_record(0, FLOW_END_CLOSED, T0, T0, 1, 1);
	assert_int_equal(flow_hot(table, index)->flags & FLOW_MIDSTREAM, FLOW_MIDSTREAM);
}

static void new_syn_reuses_a_closed_flow(void **state)
{
	uint32_t index = tcp(true, TCP_SYN, 1000, 0, T0);

	(void)state;
	tcp(false, TCP_RST | TCP_ACK, 0, 0, T0);
	tcp(true, TCP_SYN, 1000, 0, T0 + S); /* retransmitted: not a new connection */
	assert_int_equal(record_count, 0);
	assert_int_equal(tcp(true, TCP_SYN, 999001, 0, T0 + 2 * S), index);
	assert_int_equal(record_count, 1);
	expect_record(0, FLOW_END_REUSED, T0, T0 + S, 2, 1);
	assert_int_equal(flow_hot(table, index)->tcp_state, FLOW_TCP_SYN_SENT);
	assert_int_equal(flow_hot(table, index)->next_seq[0], 999002);
	assert_int_equal(flow_hot(table, index)->seq_known, 1);
	assert_int_equal(flow_cold(table, index)->first_ns, T0 + 2 * S);
	assert_int_equal(opened_count, 2);
}

static void retransmitted_syn_after_data(void **state)
{
	uint32_t index = tcp(true, TCP_SYN, 1000, 0, T0);

	(void)state;
	flow_hot(table, index)->next_seq[0] += 200; /* the worker has read data */
	tcp(true, TCP_SYN, 1000, 0, T0);
	assert_int_equal(flow_hot(table, index)->next_seq[0], 1201);
	tcp(true, TCP_RST, 1201, 0, T0);
	tcp(true, TCP_SYN, 1000, 0, T0);
	assert_int_equal(record_count, 0);
	tcp(true, TCP_SYN, 1201, 0, T0);
	assert_int_equal(record_count, 1);
	assert_int_equal(records[0].reason, FLOW_END_REUSED);
}

static void active_splits_by_packet(void **state)
{
	uint32_t index = FLOW_NONE;

	(void)state;
	for (uint64_t s = 0; s <= 300; s += 50)
		index = udp(1, T0 + s * S);
	assert_int_equal(record_count, 0);
	flow_hot(table, index)->flags |= FLOW_DECIDED;
	assert_int_equal(udp(1, T0 + 300 * S + 1), index);
	assert_int_equal(record_count, 1);
	expect_record(0, FLOW_END_ACTIVE, T0, T0 + 300 * S, 7, 0);
	assert_int_equal(opened_count, 1);
	assert_int_equal(flow_cold(table, index)->first_ns, T0);
	assert_int_equal(flow_cold(table, index)->start_ns, T0 + 300 * S + 1);
	assert_int_equal(flow_hot(table, index)->flags & FLOW_DECIDED, FLOW_DECIDED);
	flow_advance(table, T0 + 1000 * S);
	assert_int_equal(record_count, 2);
	expect_record(1, FLOW_END_IDLE, T0 + 300 * S + 1, T0 + 300 * S + 1, 1, 0);
}

static void counters_pass_32_bits(void **state)
{
	struct packet packet = packet_of(IP_PROTO_UDP, 1, 40000, 65000, 7000, T0);
	enum direction dir;

	(void)state;
	packet.ip_bytes = UINT32_MAX - 10;
	touch(&packet, &dir);
	packet.ip_bytes = 10;
	touch(&packet, &dir); /* fits exactly */
	packet.ip_bytes = 1;
	touch(&packet, &dir);
	packet.ip_bytes = UINT32_MAX;
	touch(&packet, &dir);
	touch(&packet, &dir);
	flow_flush(table);
	assert_int_equal(record_count, 1);
	assert_int_equal(records[0].packets[0], 5);
	assert_int_equal(records[0].bytes[0], 3 * (uint64_t)UINT32_MAX + 1);
	assert_int_equal(records[0].bytes[1], 0);
}

static void a_packet_that_opens_a_flow_is_known_before(void **state)
{
	struct packet packet = packet_of(IP_PROTO_UDP, 1, 40000, 65000, 7000, T0);
	struct flow_tag tag = flow_tag_of(table, &packet.key);
	enum direction dir;

	(void)state;
	assert_false(flow_prefetch_line(table, tag));
	touch(&packet, &dir);
	assert_true(flow_prefetch_line(table, tag));
}

static void truncation_is_remembered(void **state)
{
	struct packet packet = packet_of(IP_PROTO_UDP, 1, 40000, 65000, 7000, T0);
	enum direction dir;
	uint32_t index = touch(&packet, &dir);

	(void)state;
	assert_int_equal(flow_hot(table, index)->flags & FLOW_TRUNCATED, 0);
	packet.payload_wire = 1;
	touch(&packet, &dir);
	assert_int_equal(flow_hot(table, index)->flags & FLOW_TRUNCATED, FLOW_TRUNCATED);
}

static void swap_turns_everything(void **state)
{
	struct packet first = packet_of(IP_PROTO_TCP, 1, 5000, 2, 6000, T0);
	struct packet second = packet_of(IP_PROTO_TCP, 2, 6000, 1, 5000, T0);
	enum direction dir;
	uint32_t index;
	struct flow *flow;

	(void)state;
	first.tcp_flags = TCP_ACK;
	first.ip_bytes = UINT32_MAX;
	second.tcp_flags = TCP_ACK | TCP_PSH;
	index = touch(&first, &dir);
	touch(&first, &dir); /* spills */
	touch(&second, &dir);
	assert_int_equal(dir, DIR_TO_CLIENT);
	flow = flow_hot(table, index);
	flow->next_seq[0] = 7;
	flow->next_seq[1] = 9;
	flow->seq_known = 1;
	flow_cold(table, index)->isn[0] = 6;
	assert_int_equal(flow->flags & FLOW_ROLES_PROVEN, 0);
	flow_swap_roles(table, index);
	assert_int_equal(flow_cold(table, index)->isn[0], 0);
	assert_int_equal(flow_cold(table, index)->isn[1], 6);
	assert_int_equal(flow->next_seq[1], 7);
	assert_int_equal(flow->next_seq[0], 9);
	assert_int_equal(flow->seq_known, 2);
	assert_int_equal(flow->tcp_flags[0], TCP_ACK | TCP_PSH);
	assert_int_equal(flow->tcp_flags[1], TCP_ACK);
	assert_int_equal(flow->flags & FLOW_ROLES_PROVEN, FLOW_ROLES_PROVEN);
	touch(&second, &dir);
	assert_int_equal(dir, DIR_TO_SERVER);
	flow_flush(table);
	assert_int_equal(records[0].packets[DIR_TO_SERVER], 2);
	assert_int_equal(records[0].packets[DIR_TO_CLIENT], 2);
	assert_int_equal(records[0].bytes[DIR_TO_SERVER], 200);
	assert_int_equal(records[0].bytes[DIR_TO_CLIENT], 2 * (uint64_t)UINT32_MAX);
}

static void syn_numbers_are_kept(void **state)
{
	struct flow_cold *cold = flow_cold(table, tcp(true, TCP_SYN, 1000, 0, T0));

	(void)state;
	assert_int_equal(cold->isn[DIR_TO_SERVER], 1000);
	assert_int_equal(cold->isn[DIR_TO_CLIENT], 0);
	tcp(true, TCP_SYN, 1000, 0, T0 + S); /* again */
	tcp(false, TCP_SYN | TCP_ACK, 9000, 0, T0 + S);
	tcp(true, TCP_ACK, 1001, 0, T0 + S);
	tcp(true, TCP_ACK | TCP_PSH, 1001, 10, T0 + S);
	tcp(true, TCP_SYN, 77, 0, T0 + S); /* a stray one on an open connection */
	assert_int_equal(cold->isn[DIR_TO_SERVER], 1000);
	assert_int_equal(cold->isn[DIR_TO_CLIENT], 9000);
	/* The next connection of the same addresses has its own. */
	tcp(true, TCP_RST, 1011, 0, T0 + S);
	assert_ptr_equal(flow_cold(table, tcp(true, TCP_SYN, 500000, 0, T0 + 2 * S)), cold);
	assert_int_equal(cold->isn[DIR_TO_SERVER], 500000);
	assert_int_equal(cold->isn[DIR_TO_CLIENT], 0);
}

static void no_syn_no_number(void **state)
{
	struct flow_cold *cold = flow_cold(table, tcp(true, TCP_ACK | TCP_PSH, 1000, 20, T0));

	(void)state;
	assert_int_equal(cold->isn[DIR_TO_SERVER], 0);
	assert_int_equal(cold->isn[DIR_TO_CLIENT], 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(counts_both_directions),
		TEST(scope_separates_flows),
		TEST(idle_by_packet_at_the_edge),
		TEST(tcp_states_of_a_connection),
		TEST(reset_closes),
		TEST(closed_ends_by_packet),
		TEST(new_syn_reuses_a_closed_flow),
		TEST(retransmitted_syn_after_data),
		cmocka_unit_test_setup_teardown(active_splits_by_packet, setup_active, teardown),
		TEST(counters_pass_32_bits),
		TEST(a_packet_that_opens_a_flow_is_known_before),
		TEST(truncation_is_remembered),
		TEST(swap_turns_everything),
		TEST(syn_numbers_are_kept),
		TEST(no_syn_no_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
