/* fanout.c: a small assembler with labels, and the program written in it.
 *
 * What the kernel runs it on: of a received frame offset 0 is the network header, and its outermost
 * VLAN tag is metadata; of a sent one offset 0 is the link header, and a tag may be in either
 * place. Offsets from the network header (SKF_NET_OFF) would serve both, but reach only the first,
 * linear part of a frame, which for a tunnel may end with the outer headers. So the program finds
 * its beginning by the packet's type. A load beyond the frame's end gives 0, the first worker. */
#include "sensor/fanout.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define VLAN_TAGS       3
#define ETHERTYPE_QINQ1 0x9100 /* QinQ before it was a standard */
#define ETHERTYPE_QINQ2 0x9200
#define ETHERTYPE_TEB   0x6558 /* Ethernet inside GENEVE */

#define IPV4_PROTO        9
#define IPV4_FRAGMENT     6
#define IPV4_ANY_FRAGMENT 0x3fff /* more to come, or not the first */
#define IPV4_ADDRS        12
#define IPV6_NEXT         6
#define IPV6_ADDRS        8
#define IPV6_HEADER       40
#define UDP_PROTO         17

#define UDP_PORT       2
#define UDP_LENGTH     4
#define UDP_HEADER     8
#define TUNNEL_HEADER  8
#define TUNNEL_VNI     12 /* from the UDP header; its fourth byte is something else */
#define PORT_VXLAN     4789
#define PORT_VXLAN_OLD 8472
#define PORT_GENEVE    6081

#define SPREAD 0x9e3779b1 /* odd, and its bits look random */

/* The machine's memory cells. */
enum cell {
	CELL_AT,  /* where the header at hand begins; X holds it too, but in a UDP header */
	CELL_SUM, /* of all that goes into the number */
	CELL_TYPE /* an EtherType, or a VNI, across a step */
};

enum label {
	NO_LABEL,
	OUTER_IP,
	OUTER_UDP,
	GENEVE,
	MIRRORED_IP,
	MIRRORED_UDP,
	VXLAN,
	INNER_ETHERNET,
	ADDRESSES,
	OTHER,
	NAMED_LABELS,
	LABELS = NAMED_LABELS + 64 /* and those inside one step */
};

struct assembler {
	struct sock_filter *code;
	uint8_t target[FANOUT_CODE_MAX]; /* label of a jump; NO_LABEL: none */
	size_t place[LABELS];
	size_t count;
	uint8_t next_label;
};

/* --- assembler ------------------------------------------------------------------------------- */

static void put(struct assembler *as, uint16_t op, uint32_t k)
{
	assert(as->count < FANOUT_CODE_MAX);
	as->code[as->count++] = (struct sock_filter){ .code = op, .k = k };
}

static uint8_t new_label(struct assembler *as)
{
	assert(as->next_label < LABELS);
	return as->next_label++;
}

static void here(struct assembler *as, uint8_t label)
{
	as->place[label] = as->count;
}

static void jump(struct assembler *as, uint8_t label)
{
	as->target[as->count] = label;
	put(as, BPF_JMP | BPF_JA, 0);
}

/* A conditional jump reaches 255 instructions, an unconditional one any number. */
static void jump_when(struct assembler *as, uint16_t test, uint32_t k, bool is_true, uint8_t label)
{
	put(as, BPF_JMP | test | BPF_K, k);
	as->code[as->count - 1].jt = is_true ? 0 : 1;
	as->code[as->count - 1].jf = is_true ? 1 : 0;
	jump(as, label);
}

static void resolve(struct assembler *as)
{
	for (size_t i = 0; i < as->count; i++)
		if (as->target[i] != NO_LABEL)
			as->code[i].k = (uint32_t)(as->place[as->target[i]] - i - 1);
}

/* --- steps ------------------------------------------------------------------------------------ */

static void load(struct assembler *as, uint16_t size, uint32_t offset)
{
	put(as, BPF_LD | size | BPF_IND, offset);
}

static void load_cell(struct assembler *as, enum cell cell)
{
	put(as, BPF_LD | BPF_MEM, cell);
}

static void load_metadata(struct assembler *as, int what)
{
	put(as, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + what));
}

static void calculate(struct assembler *as, uint16_t op, uint32_t k)
{
	put(as, BPF_ALU | op | BPF_K, k);
}

/* A is where the next header begins. */
static void enter(struct assembler *as)
{
	put(as, BPF_ST, CELL_AT);
	put(as, BPF_MISC | BPF_TAX, 0);
}

static void sum_up(struct assembler *as)
{
	put(as, BPF_LDX | BPF_MEM, CELL_SUM);
	put(as, BPF_ALU | BPF_ADD | BPF_X, 0);
	put(as, BPF_ST, CELL_SUM);
	put(as, BPF_LDX | BPF_MEM, CELL_AT);
}

/* Over a header of that size, whose EtherType is at that offset; leaves the type in A. */
static void step_over(struct assembler *as, uint32_t size, uint32_t type_at)
{
	load(as, BPF_H, type_at);
	put(as, BPF_ST, CELL_TYPE);
	put(as, BPF_MISC | BPF_TXA, 0);
	calculate(as, BPF_ADD, size);
	enter(as);
	load_cell(as, CELL_TYPE);
}

/* A is an EtherType. */
static void if_tag(struct assembler *as, uint8_t label)
{
	jump_when(as, BPF_JEQ, ETH_P_8021Q, true, label);
	jump_when(as, BPF_JEQ, ETH_P_8021AD, true, label);
	jump_when(as, BPF_JEQ, ETHERTYPE_QINQ1, true, label);
	jump_when(as, BPF_JEQ, ETHERTYPE_QINQ2, true, label);
}

/* A is an EtherType, and again when the tags are off. */
static void vlan_tags(struct assembler *as)
{
	uint8_t done = new_label(as);

	for (int i = 0; i < VLAN_TAGS; i++) {
		uint8_t tag = new_label(as);

		if_tag(as, tag);
		jump(as, done);
		here(as, tag);
		load(as, BPF_H, 0);
		calculate(as, BPF_AND, 0x0fff);
		sum_up(as);
		step_over(as, 4, 2);
	}
	here(as, done);
}

/* A is an EtherType. */
static void if_ip(struct assembler *as, uint8_t label)
{
	jump_when(as, BPF_JEQ, ETH_P_IP, true, label);
	jump_when(as, BPF_JEQ, ETH_P_IPV6, true, label);
}

/* Where the frame begins, and the tag that the kernel took off. */
static void begin(struct assembler *as)
{
	uint8_t has_link = new_label(as);
	uint8_t has_none = new_label(as);
	uint8_t begun = new_label(as);
	uint8_t untagged = new_label(as);

	load_metadata(as, SKF_AD_PKTTYPE);
	jump_when(as, BPF_JEQ, PACKET_OUTGOING, false, has_none);
	load_metadata(as, SKF_AD_HATYPE);
	jump_when(as, BPF_JEQ, ARPHRD_ETHER, true, has_link);
	jump_when(as, BPF_JEQ, ARPHRD_LOOPBACK, true, has_link);
	here(as, has_none);
	put(as, BPF_LD | BPF_IMM, 0);
	jump(as, begun);
	here(as, has_link);
	put(as, BPF_LD | BPF_IMM, ETH_HLEN);
	here(as, begun);
	enter(as);
	load_metadata(as, SKF_AD_VLAN_TAG_PRESENT);
	jump_when(as, BPF_JEQ, 0, true, untagged);
	load_metadata(as, SKF_AD_VLAN_TAG);
	calculate(as, BPF_AND, 0x0fff);
	here(as, untagged);
	put(as, BPF_ST, CELL_SUM);
	load_metadata(as, SKF_AD_PROTOCOL);
}

/* From an IP header to the UDP header of a whole datagram; all else goes by its addresses. */
static void ip(struct assembler *as, uint8_t udp)
{
	uint8_t is_ipv6 = new_label(as);

	load(as, BPF_B, 0);
	calculate(as, BPF_RSH, 4);
	jump_when(as, BPF_JEQ, 6, true, is_ipv6);
	load(as, BPF_B, IPV4_PROTO);
	jump_when(as, BPF_JEQ, UDP_PROTO, false, ADDRESSES);
	load(as, BPF_H, IPV4_FRAGMENT);
	jump_when(as, BPF_JSET, IPV4_ANY_FRAGMENT, true, ADDRESSES);
	load(as, BPF_B, 0);
	calculate(as, BPF_AND, 0x0f);
	calculate(as, BPF_LSH, 2);
	put(as, BPF_ALU | BPF_ADD | BPF_X, 0);
	put(as, BPF_MISC | BPF_TAX, 0);
	jump(as, udp);
	here(as, is_ipv6);
	load(as, BPF_B, IPV6_NEXT);
	jump_when(as, BPF_JEQ, UDP_PROTO, false, ADDRESSES);
	put(as, BPF_MISC | BPF_TXA, 0);
	calculate(as, BPF_ADD, IPV6_HEADER);
	put(as, BPF_MISC | BPF_TAX, 0);
}

/* A tunnel's header must fit: a short datagram is no tunnel's. */
static void udp(struct assembler *as, bool may_be_geneve)
{
	uint8_t fits = new_label(as);

	load(as, BPF_H, UDP_LENGTH);
	jump_when(as, BPF_JEQ, 0, true, fits);
	jump_when(as, BPF_JGE, UDP_HEADER + TUNNEL_HEADER, false, ADDRESSES);
	here(as, fits);
	load(as, BPF_H, UDP_PORT);
	jump_when(as, BPF_JEQ, PORT_VXLAN, true, VXLAN);
	jump_when(as, BPF_JEQ, PORT_VXLAN_OLD, true, VXLAN);
	if (may_be_geneve)
		jump_when(as, BPF_JEQ, PORT_GENEVE, true, GENEVE);
	jump(as, ADDRESSES);
}

/* X is the UDP header; A how long all headers up to the inner one are. */
static void enter_tunnel(struct assembler *as)
{
	put(as, BPF_ALU | BPF_ADD | BPF_X, 0);
	put(as, BPF_ST, CELL_AT);
	load(as, BPF_W, TUNNEL_VNI);
	calculate(as, BPF_RSH, 8);
	sum_up(as);
}

/* ver(2) options length(6), O C 0(6), type(2), VNI(3), 0(1), options; of another type it is none */
static void geneve(struct assembler *as)
{
	uint8_t opens = new_label(as);

	load(as, BPF_B, UDP_HEADER);
	jump_when(as, BPF_JSET, 0xc0, true, ADDRESSES);
	load(as, BPF_H, UDP_HEADER + 2);
	put(as, BPF_ST, CELL_TYPE);
	if_ip(as, opens);
	jump_when(as, BPF_JEQ, ETHERTYPE_TEB, false, ADDRESSES);
	here(as, opens);
	load(as, BPF_B, UDP_HEADER);
	calculate(as, BPF_AND, 0x3f);
	calculate(as, BPF_LSH, 2);
	calculate(as, BPF_ADD, UDP_HEADER + TUNNEL_HEADER);
	enter_tunnel(as);
	load_cell(as, CELL_TYPE);
	if_ip(as, MIRRORED_IP);
	jump(as, INNER_ETHERNET);
}

/* flags(1) 0x08 = VNI valid, 0(3), VNI(3), 0(1), Ethernet. Where a reserved bit is set, the frame
 * has to show that it is one, as in tunnel.c. */
static void vxlan(struct assembler *as)
{
	uint8_t is_odd = new_label(as);
	uint8_t has_frame = new_label(as);
	uint8_t opens = new_label(as);

	load(as, BPF_B, UDP_HEADER);
	jump_when(as, BPF_JSET, 0x08, false, ADDRESSES);
	load(as, BPF_W, UDP_HEADER);
	jump_when(as, BPF_JEQ, 0x08000000, false, is_odd);
	load(as, BPF_B, UDP_HEADER + TUNNEL_HEADER - 1);
	jump_when(as, BPF_JEQ, 0, true, opens);
	here(as, is_odd);
	load(as, BPF_H, UDP_LENGTH);
	jump_when(as, BPF_JEQ, 0, true, has_frame);
	jump_when(as, BPF_JGE, UDP_HEADER + TUNNEL_HEADER + ETH_HLEN, false, ADDRESSES);
	here(as, has_frame);
	load(as, BPF_H, UDP_HEADER + TUNNEL_HEADER + 2 * ETH_ALEN);
	if_ip(as, opens);
	if_tag(as, opens);
	jump(as, ADDRESSES);
	here(as, opens);
	put(as, BPF_LD | BPF_IMM, UDP_HEADER + TUNNEL_HEADER);
	enter_tunnel(as);
}

static void addresses(struct assembler *as)
{
	uint8_t is_ipv4 = new_label(as);
	uint8_t done = new_label(as);

	put(as, BPF_LDX | BPF_MEM, CELL_AT);
	load(as, BPF_B, 0);
	calculate(as, BPF_RSH, 4);
	jump_when(as, BPF_JEQ, 4, true, is_ipv4);
	for (uint32_t at = 0; at < 32; at += 4) {
		load(as, BPF_W, IPV6_ADDRS + at);
		sum_up(as);
	}
	jump(as, done);
	here(as, is_ipv4);
	load(as, BPF_W, IPV4_ADDRS);
	sum_up(as);
	load(as, BPF_W, IPV4_ADDRS + 4);
	sum_up(as);
	here(as, done);
}

/* The kernel divides by the number of handles: all of the sum must bear on the lowest bits. */
static void spread(struct assembler *as)
{
	load_cell(as, CELL_SUM);
	put(as, BPF_MISC | BPF_TAX, 0);
	calculate(as, BPF_RSH, 16);
	put(as, BPF_ALU | BPF_XOR | BPF_X, 0);
	calculate(as, BPF_MUL, SPREAD);
	calculate(as, BPF_RSH, 16);
	put(as, BPF_RET | BPF_A, 0);
}

size_t fanout_program(struct sock_filter code[FANOUT_CODE_MAX])
{
	struct assembler as = { .code = code, .next_label = NAMED_LABELS };

	begin(&as);
	vlan_tags(&as);
	if_ip(&as, OUTER_IP);
	jump(&as, OTHER);

	here(&as, OUTER_IP);
	ip(&as, OUTER_UDP);
	here(&as, OUTER_UDP);
	udp(&as, true);

	here(&as, GENEVE);
	geneve(&as);
	here(&as, MIRRORED_IP);
	ip(&as, MIRRORED_UDP);
	here(&as, MIRRORED_UDP);
	udp(&as, false);

	here(&as, VXLAN);
	vxlan(&as);
	here(&as, INNER_ETHERNET);
	step_over(&as, ETH_HLEN, 2 * ETH_ALEN);
	vlan_tags(&as);
	if_ip(&as, ADDRESSES);
	here(&as, OTHER);
	put(&as, BPF_RET | BPF_K, 0);

	here(&as, ADDRESSES);
	addresses(&as);
	spread(&as);
	resolve(&as);
	return as.count;
}

/* --- the group -------------------------------------------------------------------------------- */

static int set_program(int fd)
{
	struct sock_filter code[FANOUT_CODE_MAX];
	struct sock_fprog program = { .filter = code };

	program.len = (unsigned short)fanout_program(code);
	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof(program)) != 0)
		return -errno;
	return 0;
}

int fanout_join(int fd, uint32_t *group)
{
	bool is_first = *group == 0;
	uint32_t how = PACKET_FANOUT_CBPF | (is_first ? PACKET_FANOUT_FLAG_UNIQUEID : 0);
	uint32_t value = is_first ? how << 16 : *group;
	socklen_t size = sizeof(value);

	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof(value)) != 0)
		return -errno;
	if (!is_first)
		return 0;
	if (getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, &size) != 0)
		return -errno;
	/* The flag asked for a number that nobody uses; joining asks for that number. */
	*group = (value & 0xffff) | (uint32_t)PACKET_FANOUT_CBPF << 16;
	return set_program(fd);
}
