/* shunt.c: bpf(2), and the filter in the kernel's own instructions.
 *
 * What the filter keeps on its stack, below the frame pointer:
 *
 *   -40 struct shunt_key   as in the map
 *   -64 IP header          20 bytes; its EtherType in the two before it
 *   -72 TCP flags
 */
#include "sensor/shunt.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include "sensor/log.h"

#define CODE_MAX  128
#define JUMPS_MAX 32

#define STACK_KEY   (-40)
#define STACK_IP    (-64)
#define STACK_TYPE  (-66)
#define STACK_FLAGS (-72)

#define TYPE_AT       12 /* offsets in the frame */
#define IPV6_ADDRS_AT (ETH_HLEN + 8)
#define IPV4_L4_AT    (ETH_HLEN + 20)
#define IPV6_L4_AT    (ETH_HLEN + 40)
#define TCP_FLAGS     13
#define TCP_ENDS      0x07 /* FIN, SYN, RST */
#define PROTO_TCP     6
#define PROTO_UDP     17

#define FULL_WAIT 1024 /* flows not tried after one for which there was no room */

/* One direction of a flow. */
struct shunt_key {
	uint8_t source[16];
	uint8_t destination[16];
	uint16_t ports[2]; /* network order */
	uint8_t proto;
	uint8_t ip_version;
	uint16_t zero;
};

_Static_assert(sizeof(struct shunt_key) == -STACK_KEY, "the key lies at the end of the stack");

struct shunt_value {
	uint64_t packets; /* all; every SHUNT_SAMPLE-th one passed */
	uint64_t bytes;   /* IP bytes of those that did not */
};

struct shunt {
	int map;
	int program;
	uint32_t full_wait;
	bool is_broken; /* the kernel forbids it since privileges were dropped */
};

/* --- bpf(2) ---------------------------------------------------------------------------------- */

static int call_bpf(int command, union bpf_attr *attr)
{
	long result = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return result < 0 ? -errno : (int)result;
}

static uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static int map_new(void)
{
	union bpf_attr attr = { 0 };

	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = sizeof(struct shunt_key);
	attr.value_size = sizeof(struct shunt_value);
	attr.max_entries = 2 * LIMIT_SHUNTED;
	return call_bpf(BPF_MAP_CREATE, &attr);
}

static int map_call(const struct shunt *self, int command, const struct shunt_key *key,
		    struct shunt_value *value)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)self->map;
	attr.key = address_of(key);
	attr.value = address_of(value);
	return call_bpf(command, &attr);
}

/* --- assembler ------------------------------------------------------------------------------- */

enum label { PASS, IPV6, TRANSPORT, PORTS, LABELS };

struct assembler {
	struct bpf_insn code[CODE_MAX];
	size_t count;
	size_t place[LABELS];
	struct {
		size_t at;
		enum label label;
	} jumps[JUMPS_MAX];
	size_t jump_count;
};

static void put(struct assembler *as, uint8_t op, uint8_t to, uint8_t from, int16_t offset,
		int32_t value)
{
	assert(as->count < CODE_MAX);
	as->code[as->count++] = (struct bpf_insn){ .code = op,
						   .dst_reg = to & 0xfu,
						   .src_reg = from & 0xfu,
						   .off = offset,
						   .imm = value };
}

static void here(struct assembler *as, enum label label)
{
	as->place[label] = as->count;
}

static void jump_when(struct assembler *as, uint8_t test, uint8_t reg, int32_t value,
		      enum label label)
{
	assert(as->jump_count < JUMPS_MAX);
	as->jumps[as->jump_count].at = as->count;
	as->jumps[as->jump_count++].label = label;
	put(as, BPF_JMP | test | BPF_K, reg, 0, 0, value);
}

static void jump(struct assembler *as, enum label label)
{
	jump_when(as, BPF_JA, 0, 0, label);
}

static void resolve(struct assembler *as)
{
	for (size_t i = 0; i < as->jump_count; i++)
		as->code[as->jumps[i].at].off =
			(int16_t)(as->place[as->jumps[i].label] - as->jumps[i].at - 1);
}

static void load(struct assembler *as, uint8_t size, uint8_t to, int16_t stack)
{
	put(as, BPF_LDX | size | BPF_MEM, to, BPF_REG_10, stack, 0);
}

static void store(struct assembler *as, uint8_t size, int16_t stack, uint8_t from)
{
	put(as, BPF_STX | size | BPF_MEM, BPF_REG_10, from, stack, 0);
}

static void store_value(struct assembler *as, uint8_t size, int16_t stack, int32_t value)
{
	put(as, BPF_ST | size | BPF_MEM, BPF_REG_10, 0, stack, value);
}

static void set(struct assembler *as, uint8_t reg, int32_t value)
{
	put(as, BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, value);
}

static void copy(struct assembler *as, uint8_t to, uint8_t from)
{
	put(as, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

static void calculate(struct assembler *as, uint8_t op, uint8_t reg, int32_t value)
{
	put(as, BPF_ALU64 | op | BPF_K, reg, 0, 0, value);
}

/* Bytes of the frame from the offset in r2 on, wherever they lie; what is too short passes. */
static void fetch(struct assembler *as, int16_t stack, int32_t len)
{
	copy(as, BPF_REG_1, BPF_REG_6);
	copy(as, BPF_REG_3, BPF_REG_10);
	calculate(as, BPF_ADD, BPF_REG_3, stack);
	set(as, BPF_REG_4, len);
	put(as, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_skb_load_bytes);
	jump_when(as, BPF_JNE, BPF_REG_0, 0, PASS);
}

/* --- the filter ------------------------------------------------------------------------------ */

/* r6: the frame. r7: protocol, r8: bytes by the IP header, r9: where the transport header is. */

static void untagged_ip(struct assembler *as)
{
	copy(as, BPF_REG_6, BPF_REG_1);
	put(as, BPF_LDX | BPF_W | BPF_MEM, BPF_REG_0, BPF_REG_1,
	    offsetof(struct __sk_buff, vlan_present), 0);
	jump_when(as, BPF_JNE, BPF_REG_0, 0, PASS);
	for (int16_t at = STACK_KEY; at < 0; at = (int16_t)(at + 8))
		store_value(as, BPF_DW, at, 0);
	set(as, BPF_REG_2, TYPE_AT);
	fetch(as, STACK_TYPE, 2 + 20);
	load(as, BPF_H, BPF_REG_0, STACK_TYPE);
	jump_when(as, BPF_JEQ, BPF_REG_0, htons(ETH_P_IPV6), IPV6);
	jump_when(as, BPF_JNE, BPF_REG_0, htons(ETH_P_IP), PASS);
}

static void ipv4(struct assembler *as)
{
	load(as, BPF_B, BPF_REG_0, STACK_IP);
	jump_when(as, BPF_JNE, BPF_REG_0, 0x45, PASS);
	load(as, BPF_H, BPF_REG_0, STACK_IP + 6);
	calculate(as, BPF_AND, BPF_REG_0, htons(0x3fff));
	jump_when(as, BPF_JNE, BPF_REG_0, 0, PASS);
	load(as, BPF_W, BPF_REG_0, STACK_IP + 12);
	store(as, BPF_W, STACK_KEY + (int16_t)offsetof(struct shunt_key, source), BPF_REG_0);
	load(as, BPF_W, BPF_REG_0, STACK_IP + 16);
	store(as, BPF_W, STACK_KEY + (int16_t)offsetof(struct shunt_key, destination), BPF_REG_0);
	store_value(as, BPF_B, STACK_KEY + (int16_t)offsetof(struct shunt_key, ip_version), 4);
	load(as, BPF_B, BPF_REG_7, STACK_IP + 9);
	load(as, BPF_H, BPF_REG_8, STACK_IP + 2);
	put(as, BPF_ALU | BPF_END | BPF_TO_BE, BPF_REG_8, 0, 0, 16);
	set(as, BPF_REG_9, IPV4_L4_AT);
	jump(as, TRANSPORT);
}

static void ipv6(struct assembler *as)
{
	here(as, IPV6);
	set(as, BPF_REG_2, IPV6_ADDRS_AT);
	fetch(as, STACK_KEY, 32);
	store_value(as, BPF_B, STACK_KEY + (int16_t)offsetof(struct shunt_key, ip_version), 6);
	load(as, BPF_B, BPF_REG_7, STACK_IP + 6);
	load(as, BPF_H, BPF_REG_8, STACK_IP + 4);
	put(as, BPF_ALU | BPF_END | BPF_TO_BE, BPF_REG_8, 0, 0, 16);
	calculate(as, BPF_ADD, BPF_REG_8, 40);
	set(as, BPF_REG_9, IPV6_L4_AT);
}

static void transport(struct assembler *as)
{
	here(as, TRANSPORT);
	jump_when(as, BPF_JEQ, BPF_REG_7, PROTO_UDP, PORTS);
	jump_when(as, BPF_JNE, BPF_REG_7, PROTO_TCP, PASS);
	copy(as, BPF_REG_2, BPF_REG_9);
	calculate(as, BPF_ADD, BPF_REG_2, TCP_FLAGS);
	fetch(as, STACK_FLAGS, 1);
	load(as, BPF_B, BPF_REG_0, STACK_FLAGS);
	calculate(as, BPF_AND, BPF_REG_0, TCP_ENDS);
	jump_when(as, BPF_JNE, BPF_REG_0, 0, PASS);
	here(as, PORTS);
	store(as, BPF_B, STACK_KEY + (int16_t)offsetof(struct shunt_key, proto), BPF_REG_7);
	copy(as, BPF_REG_2, BPF_REG_9);
	fetch(as, STACK_KEY + (int16_t)offsetof(struct shunt_key, ports), 4);
}

static void add_to_map(struct assembler *as, uint8_t reg, int16_t offset)
{
	put(as, BPF_STX | BPF_DW | BPF_ATOMIC, BPF_REG_0, reg, offset, BPF_ADD);
}

static void verdict(struct assembler *as, int map, uint32_t snaplen)
{
	put(as, BPF_LD | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map);
	put(as, 0, 0, 0, 0, 0); /* the upper half of the value */
	copy(as, BPF_REG_2, BPF_REG_10);
	calculate(as, BPF_ADD, BPF_REG_2, STACK_KEY);
	put(as, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	jump_when(as, BPF_JEQ, BPF_REG_0, 0, PASS);
	set(as, BPF_REG_2, 1);
	put(as, BPF_LDX | BPF_DW | BPF_MEM, BPF_REG_1, BPF_REG_0,
	    offsetof(struct shunt_value, packets), 0);
	add_to_map(as, BPF_REG_2, offsetof(struct shunt_value, packets));
	calculate(as, BPF_ADD, BPF_REG_1, 1);
	calculate(as, BPF_AND, BPF_REG_1, SHUNT_SAMPLE - 1);
	jump_when(as, BPF_JEQ, BPF_REG_1, 0, PASS);
	add_to_map(as, BPF_REG_8, offsetof(struct shunt_value, bytes));
	set(as, BPF_REG_0, 0);
	put(as, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	here(as, PASS);
	set(as, BPF_REG_0, (int32_t)snaplen);
	put(as, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int program_new(int map, uint32_t snaplen)
{
	static const char licence[] = "";
	struct assembler as = { .count = 0 };
	union bpf_attr attr = { 0 };

	untagged_ip(&as);
	ipv4(&as);
	ipv6(&as);
	transport(&as);
	verdict(&as, map, snaplen);
	resolve(&as);
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = address_of(as.code);
	attr.insn_cnt = (uint32_t)as.count;
	attr.license = address_of(licence);
	return call_bpf(BPF_PROG_LOAD, &attr);
}

/* --- life ------------------------------------------------------------------------------------ */

int shunt_new(struct shunt **out, uint32_t snaplen, char error[SHUNT_ERROR_TEXT])
{
	struct shunt *self = calloc(1, sizeof(*self));
	int result = -ENOMEM;

	*out = NULL;
	if (self != NULL) {
		self->map = map_new();
		self->program = self->map < 0 ? -1 : program_new(self->map, snaplen);
		result = self->map < 0 ? self->map : self->program;
	}
	if (result >= 0) {
		*out = self;
		return 0;
	}
	(void)snprintf(error, SHUNT_ERROR_TEXT, "the kernel takes no filter with a map: %s",
		       strerror(-result));
	shunt_free(self);
	return result;
}

void shunt_free(struct shunt *self)
{
	if (self == NULL)
		return;
	if (self->program >= 0)
		(void)close(self->program);
	if (self->map >= 0)
		(void)close(self->map);
	free(self);
}

int shunt_program(const struct shunt *self)
{
	return self->program;
}

/* --- flows ----------------------------------------------------------------------------------- */

static struct shunt_key key_of(const struct flow_key *key, int sender)
{
	struct shunt_key out = { .proto = key->proto, .ip_version = key->ip_version };

	memcpy(out.source, key->addr[sender], sizeof(out.source));
	memcpy(out.destination, key->addr[!sender], sizeof(out.destination));
	out.ports[0] = htons(key->port[sender]);
	out.ports[1] = htons(key->port[!sender]);
	return out;
}

bool shunt_takes(const struct shunt *self, const struct flow_key *key)
{
	return !self->is_broken && key->scope.vlan_count == 0 && key->scope.tunnel == TUNNEL_NONE &&
	       (key->proto == PROTO_TCP || key->proto == PROTO_UDP);
}

static void fail(struct shunt *self, int result)
{
	if (result == -E2BIG || result == -ENOMEM || result == -EBUSY) {
		self->full_wait = FULL_WAIT;
		return;
	}
	self->is_broken = true;
	log_warning("shunt-bytes: the kernel no longer lets flows be shunted: %s: all packets are "
		    "read",
		    strerror(-result));
}

bool shunt_begin(struct shunt *self, const struct flow_key *key)
{
	struct shunt_value none = { 0, 0 };

	if (self->full_wait > 0) {
		self->full_wait--;
		return false;
	}
	for (int sender = 0; sender < 2; sender++) {
		struct shunt_key one = key_of(key, sender);
		int result = map_call(self, BPF_MAP_UPDATE_ELEM, &one, &none);

		if (result == 0)
			continue;
		if (sender == 1) {
			one = key_of(key, 0);
			(void)map_call(self, BPF_MAP_DELETE_ELEM, &one, NULL);
		}
		fail(self, result);
		return false;
	}
	return true;
}

void shunt_end(struct shunt *self, const struct flow_key *key, uint64_t packets[2],
	       uint64_t bytes[2])
{
	self->full_wait = 0;
	for (int sender = 0; sender < 2; sender++) {
		struct shunt_key one = key_of(key, sender);
		struct shunt_value value = { 0, 0 };

		(void)map_call(self, BPF_MAP_LOOKUP_ELEM, &one, &value);
		(void)map_call(self, BPF_MAP_DELETE_ELEM, &one, NULL);
		packets[sender] = value.packets - value.packets / SHUNT_SAMPLE;
		bytes[sender] = value.bytes;
	}
}
