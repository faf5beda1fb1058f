/* The program that tells live workers apart, run here on whole captures: what belongs together by
 * flow_key_route() gets one number, however the kernel presents the frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "sensor/decap.h"
#include "sensor/fanout.h"
#include "sensor/source.h"

#define ROUTES    4096
#define VLAN_SIZE 4

/* A frame as the kernel shows it to the program. */
struct view {
	uint8_t bytes[2048];
	size_t len;
	uint32_t packet_type;
	uint32_t protocol;
	uint32_t tag; /* metadata */
	bool has_tag;
};

static struct {
	struct sock_filter code[FANOUT_CODE_MAX];
	size_t count;
	struct stats stats;
	struct decap *decap;
	struct {
		uint64_t route;
		uint32_t number;
	} routes[ROUTES];
	size_t route_count;
	size_t packets;
	bool is_exact; /* number and route belong together, in both directions */
} bench;

/* --- the machine ------------------------------------------------------------------------------ */

static uint32_t metadata(const struct view *view, uint32_t what)
{
	switch (what) {
	case SKF_AD_PKTTYPE:
		return view->packet_type;
	case SKF_AD_HATYPE:
		return ARPHRD_ETHER;
	case SKF_AD_PROTOCOL:
		return view->protocol;
	case SKF_AD_VLAN_TAG:
		return view->tag;
	case SKF_AD_VLAN_TAG_PRESENT:
		return view->has_tag;
	default:
		fail();
		return 0;
	}
}

static bool fetch(const struct view *view, const struct sock_filter *op, uint32_t x, uint32_t *a)
{
	uint32_t at = BPF_MODE(op->code) == BPF_IND ? x + op->k : op->k;
	size_t size = BPF_SIZE(op->code) == BPF_W ? 4 : BPF_SIZE(op->code) == BPF_H ? 2 : 1;

	if (at >= (uint32_t)SKF_AD_OFF) {
		*a = metadata(view, at - (uint32_t)SKF_AD_OFF);
		return true;
	}
	if (view->len < size || at > view->len - size)
		return false;
	*a = 0;
	for (size_t i = 0; i < size; i++)
		*a = *a << 8 | view->bytes[at + i];
	return true;
}

static uint32_t calculate(uint16_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_MUL:
		return a * b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << b;
	case BPF_RSH:
		return a >> b;
	default:
		fail();
		return 0;
	}
}

static bool holds(uint16_t op, uint32_t a, uint32_t k)
{
	if (op == BPF_JSET)
		return (a & k) != 0;
	return op == BPF_JGE ? a >= k : a == k;
}

static uint32_t number_of(const struct view *view)
{
	uint32_t cells[BPF_MEMWORDS] = { 0 };
	uint32_t a = 0;
	uint32_t x = 0;

	for (size_t at = 0; at < bench.count; at++) {
		const struct sock_filter *op = &bench.code[at];
		uint32_t operand = BPF_SRC(op->code) == BPF_X ? x : op->k;

		switch (BPF_CLASS(op->code)) {
		case BPF_LD:
			if (BPF_MODE(op->code) == BPF_MEM)
				a = cells[op->k];
			else if (BPF_MODE(op->code) == BPF_IMM)
				a = op->k;
			else if (!fetch(view, op, x, &a))
				return 0;
			break;
		case BPF_LDX:
			x = cells[op->k];
			break;
		case BPF_ST:
			cells[op->k] = a;
			break;
		case BPF_ALU:
			a = calculate(BPF_OP(op->code), a, operand);
			break;
		case BPF_JMP:
			if (BPF_OP(op->code) == BPF_JA)
				at += op->k;
			else
				at += holds(BPF_OP(op->code), a, op->k) ? op->jt : op->jf;
			break;
		case BPF_MISC:
			if (BPF_MISCOP(op->code) == BPF_TAX)
				x = a;
			else
				a = x;
			break;
		default:
			return BPF_RVAL(op->code) == BPF_A ? a : op->k;
		}
	}
	fail();
	return 0;
}

/* --- views ------------------------------------------------------------------------------------ */

static uint32_t u16_at(struct slice bytes, size_t at)
{
	return (uint32_t)bytes.ptr[at] << 8 | bytes.ptr[at + 1];
}

static void set_bytes(struct view *view, struct slice bytes)
{
	assert_true(bytes.len <= sizeof(view->bytes));
	memcpy(view->bytes, bytes.ptr, bytes.len);
	view->len = bytes.len;
}

/* Sent, with its tag where the wire has it. */
static struct view sent(struct slice frame)
{
	struct view view = { .packet_type = PACKET_OUTGOING, .protocol = u16_at(frame, 12) };

	set_bytes(&view, frame);
	return view;
}

/* Sent, with its outer tag left to the network card. */
static struct view sent_untagged(struct slice frame)
{
	struct view view = sent(frame);

	if (view.protocol != ETH_P_8021Q && view.protocol != ETH_P_8021AD)
		return view;
	view.has_tag = true;
	view.tag = u16_at(frame, 14);
	view.protocol = u16_at(frame, 16);
	memmove(view.bytes + 12, view.bytes + 12 + VLAN_SIZE, view.len - 12 - VLAN_SIZE);
	view.len -= VLAN_SIZE;
	return view;
}

/* Received: the tag is off and so is the link header. */
static struct view received(struct slice frame)
{
	struct view view = sent_untagged(frame);

	view.packet_type = PACKET_HOST;
	memmove(view.bytes, view.bytes + ETH_HLEN, view.len - ETH_HLEN);
	view.len -= ETH_HLEN;
	return view;
}

static uint32_t number_of_frame(struct slice bytes)
{
	struct view view = received(bytes);
	uint32_t number = number_of(&view);

	view = sent(bytes);
	assert_int_equal(number_of(&view), number);
	view = sent_untagged(bytes);
	assert_int_equal(number_of(&view), number);
	return number;
}

/* --- captures --------------------------------------------------------------------------------- */

static void note(uint64_t route, uint32_t number)
{
	for (size_t i = 0; i < bench.route_count; i++) {
		if (bench.routes[i].route == route)
			assert_int_equal(bench.routes[i].number, number);
		else if (bench.is_exact)
			assert_int_not_equal(bench.routes[i].number, number);
		if (bench.routes[i].route == route)
			return;
	}
	assert_true(bench.route_count < ROUTES);
	bench.routes[bench.route_count].route = route;
	bench.routes[bench.route_count++].number = number;
}

static void on_frame(void *ctx, const struct frame *frame)
{
	struct packet packet;
	uint32_t number;

	(void)ctx;
	assert_int_equal(frame->link, LINK_ETHERNET);
	number = number_of_frame(frame->bytes);
	bench.packets++;
	if (decap_frame(bench.decap, frame, &packet) == DECAP_PACKET)
		note(flow_key_route(&packet.key), number);
}

/* Returns how many pairs of hosts there were. */
static size_t play(const char *path, bool is_exact)
{
	struct source_files files = { .paths = &path, .count = 1 };
	char error[CAPTURE_ERROR_TEXT];
	struct source *source;

	bench.is_exact = is_exact;
	bench.route_count = 0;
	bench.packets = 0;
	bench.decap = decap_new(&bench.stats);
	assert_non_null(bench.decap);
	assert_int_equal(source_open_files(&source, &files, &bench.stats, error), 0);
	while (source_dispatch(source, on_frame, NULL) > 0)
		;
	source_close(source);
	decap_free(bench.decap);
	assert_true(bench.packets > 0);
	return bench.route_count;
}

static int setup(void **state)
{
	(void)state;
	bench.count = fanout_program(bench.code);
	return 0;
}

static void pairs_of_hosts_have_numbers_of_their_own(void **state)
{
	static const char *const paths[] = {
		"pcaps/streams/plain.pcap",
		"pcaps/tunnels/vlan.pcap",
		"pcaps/tunnels/qinq.pcap",
		"pcaps/tunnels/vxlan.pcap",
		"pcaps/tunnels/geneve.pcap",
		"pcaps/tunnels/vxlan-in-geneve.pcap",
		"pcaps/tunnels/two-tenants.pcap",
		"pcaps/tunnels/ipv6.pcap",
		"pcaps/tunnels/ipv6-extensions.pcap",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_true(play(paths[i], true) > 0);
}

static void what_it_does_not_open_stays_together(void **state)
{
	static const char *const paths[] = {
		"pcaps/tunnels/gre.pcap",
		"pcaps/tunnels/ipip.pcap",
		"pcaps/tunnels/erspan2.pcap",
		"pcaps/tunnels/erspan3.pcap",
		"pcaps/tunnels/mpls.pcap",
		"pcaps/tunnels/pppoe.pcap",
		"pcaps/tunnels/ipv4-fragments.pcap",
		"pcaps/tunnels/ipv6-fragments.pcap",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_true(play(paths[i], false) > 0);
}

/* --- frames by hand --------------------------------------------------------------------------- */

/* UDP from 10.1.x.y to 192.0.2.1 without a tunnel's port, or back. */
static struct slice plain(uint8_t out[60], uint16_t client, bool is_reply, uint16_t fragment)
{
	const uint8_t header[] = {
		0x08, 0x00, 0x45, 0, 0, 46, 0, 1, (uint8_t)(fragment >> 8), (uint8_t)fragment,
		64,   17,   0,    0
	};
	const uint8_t host[] = { 10, 1, (uint8_t)(client >> 8), (uint8_t)client };
	const uint8_t server[] = { 192, 0, 2, 1 };

	memset(out, 0, 60);
	memcpy(out + 12, header, sizeof(header));
	memcpy(out + 26, is_reply ? server : host, 4);
	memcpy(out + 30, is_reply ? host : server, 4);
	out[39] = 26;
	return slice_of(out, 60);
}

static void fragments_and_answers_go_where_the_rest_goes(void **state)
{
	uint8_t bytes[60];

	(void)state;
	for (uint16_t client = 1; client < 1000; client += 7) {
		uint32_t number = number_of_frame(plain(bytes, client, false, 0));

		assert_int_equal(number_of_frame(plain(bytes, client, true, 0)), number);
		assert_int_equal(number_of_frame(plain(bytes, client, false, 0x2000)), number);
		assert_int_equal(number_of_frame(plain(bytes, client, true, 0x00b9)), number);
	}
}

/* Tunnels may be full of anything: a port alone, options, a length that cannot be. */
static void only_a_tunnel_is_opened(void **state)
{
	uint8_t bytes[60];
	uint32_t number = number_of_frame(plain(bytes, 9, false, 0));

	(void)state;
	(void)plain(bytes, 9, false, 0);
	bytes[36] = 4789 >> 8;
	bytes[37] = 4789 & 0xff;
	assert_int_equal(number_of_frame(slice_of(bytes, 60)), number); /* no VNI flag */
	bytes[42] = 0x08;
	assert_int_equal(number_of_frame(slice_of(bytes, 60)), 0); /* no inner IP */
	bytes[39] = 15;
	assert_int_equal(number_of_frame(slice_of(bytes, 60)), number); /* too short for one */
	bytes[39] = 26;
	bytes[20] = 0x20; /* a fragment */
	assert_int_equal(number_of_frame(slice_of(bytes, 60)), number);
}

/* To a client whose port is a tunnel's by chance; tunnel.c reads such a packet as it is. */
static void a_reply_to_a_tunnels_port_is_no_tunnel(void **state)
{
	static const uint16_t ports[] = { 4789, 8472, 6081 };
	uint8_t bytes[60];
	uint32_t number = number_of_frame(plain(bytes, 9, false, 0));

	(void)state;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		for (unsigned id = 0; id <= UINT16_MAX; id += 0x33) {
			const uint8_t head[] = {
				(uint8_t)(id >> 8), (uint8_t)id, 0x81, 0x80, 0, 1, 0, 1
			};

			(void)plain(bytes, 9, true, 0);
			bytes[36] = (uint8_t)(ports[i] >> 8);
			bytes[37] = (uint8_t)ports[i];
			memcpy(bytes + 42, head, sizeof(head));
			assert_int_equal(number_of_frame(slice_of(bytes, 60)), number);
		}
}

/* A group policy of the sender: the frame behind it is opened. */
static void reserved_bits_are_the_senders(void **state)
{
	static const uint8_t vxlan[] = { 0x88, 0x48, 0x01, 0x23, 0, 0, 7, 0 };
	uint8_t bytes[42 + sizeof(vxlan) + 60];
	uint8_t inner[60];
	uint32_t odd;

	(void)state;
	(void)plain(bytes, 9, false, 0);
	bytes[36] = 4789 >> 8;
	bytes[37] = 4789 & 0xff;
	bytes[39] = 8 + sizeof(vxlan) + sizeof(inner);
	memcpy(bytes + 42, vxlan, sizeof(vxlan));
	memcpy(bytes + 50, plain(inner, 1, false, 0).ptr, sizeof(inner));
	odd = number_of_frame(slice_of(bytes, sizeof(bytes)));
	bytes[42] = 0x08;
	memset(bytes + 43, 0, 3);
	assert_int_equal(number_of_frame(slice_of(bytes, sizeof(bytes))), odd);
	(void)plain(inner, 2, false, 0);
	memcpy(bytes + 50, inner, sizeof(inner));
	assert_int_not_equal(number_of_frame(slice_of(bytes, sizeof(bytes))), odd);
}

static void one_network_is_shared_out_evenly(void **state)
{
	uint8_t bytes[60];

	(void)state;
	for (uint32_t workers = 2; workers <= 4; workers++) {
		size_t shares[4] = { 0 };

		for (uint16_t client = 0; client < 1024; client++)
			shares[number_of_frame(plain(bytes, client, false, 0)) % workers]++;
		for (size_t i = 0; i < workers; i++)
			assert_in_range(shares[i], 1024 / workers * 8 / 10,
					1024 / workers * 12 / 10);
	}
}

static void short_frames_are_the_first_workers(void **state)
{
	uint8_t bytes[60];

	(void)state;
	for (size_t len = ETH_HLEN; len < 34; len++)
		assert_int_equal(number_of_frame(slice_head(plain(bytes, 9, false, 0), len)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_of_hosts_have_numbers_of_their_own),
		cmocka_unit_test(what_it_does_not_open_stays_together),
		cmocka_unit_test(fragments_and_answers_go_where_the_rest_goes),
		cmocka_unit_test(only_a_tunnel_is_opened),
		cmocka_unit_test(a_reply_to_a_tunnels_port_is_no_tunnel),
		cmocka_unit_test(reserved_bits_are_the_senders),
		cmocka_unit_test(one_network_is_shared_out_evenly),
		cmocka_unit_test(short_frames_are_the_first_workers),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
