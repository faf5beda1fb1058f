/* names_rig.h: packets made by hand for names.c, and what it tells of them. Include cmocka.h first;
 * once per test program. */
#ifndef TESTS_UNIT_NAMES_RIG_H
#define TESTS_UNIT_NAMES_RIG_H

#include <string.h>

#include "sensor/candidate.h"
#include "sensor/names.h"
#include "tests/unit/guard.h"
#include "tests/unit/lists_rig.h"

#define SECOND     1000000000ull
#define START      (1772704680ull * SECOND)
#define UP         DIR_TO_SERVER
#define DOWN       DIR_TO_CLIENT
#define TOLD_MAX   512
#define CLIENT_ISN 0xffffff00u /* wraps soon */
#define SERVER_ISN 5000u

#define RIG_LIST \
	"pool pool.example.net pool\n" \
	"pool =ported.example.net:3333 ported\n" \
	"pool weak.example.net weak general\n" \
	"hostile-staging 198.51.100.88 staging\n" \
	"pool 203.0.113.9:3333 address\n" \
	"pool [2001:db8::9]:3333 address6\n"

struct told {
	uint32_t index;
	union {
		struct name_fact name;
		struct answer_fact answer;
		struct hello_fact hello;
	};
};

struct told_list {
	size_t count;
	struct told at[TOLD_MAX];
};

static struct names *names;
static struct lists *listed;
static struct stats stats;
static struct told_list told_names, told_answers, told_hellos;
static bool is_hello_wanted;
static struct guard payload_guard;
static uint64_t now_ns;

/* One flow from 10.0.0.2 to 203.0.113.1. */
struct rig_flow {
	uint32_t index;
	struct flow flow;
	struct flow_key key;
	uint16_t ports[2]; /* the client's and the server's */
};

static inline struct told *tell(struct told_list *list, uint32_t index)
{
	assert_in_range(list->count, 0, TOLD_MAX - 1);
	list->at[list->count].index = index;
	return &list->at[list->count++];
}

static inline void rig_name(void *ctx, uint32_t index, struct name_fact *fact)
{
	assert_ptr_equal(ctx, &stats);
	tell(&told_names, index)->name = *fact;
}

static inline void rig_answer(void *ctx, uint32_t index, struct answer_fact *fact)
{
	assert_ptr_equal(ctx, &stats);
	assert_in_range(fact->count, 0, LIMIT_ANSWERS);
	memcpy(&tell(&told_answers, index)->answer, fact, sizeof(*fact));
}

static inline void rig_hello(void *ctx, uint32_t index, struct hello_fact *fact)
{
	assert_ptr_equal(ctx, &stats);
	tell(&told_hellos, index)->hello = *fact;
}

static inline bool rig_wants(void *ctx, uint32_t index)
{
	(void)ctx;
	(void)index;
	return is_hello_wanted;
}

static inline int rig_setup(void **state)
{
	struct names_hooks hooks = { rig_name, rig_answer, rig_hello, rig_wants, &stats };

	(void)state;
	memset(&stats, 0, sizeof(stats));
	names = names_new(&hooks, &stats);
	assert_non_null(names);
	listed = lists_of(RIG_LIST);
	names_use(names, listed);
	told_names.count = told_answers.count = told_hellos.count = 0;
	is_hello_wanted = false;
	now_ns = START;
	return 0;
}

static inline int rig_teardown(void **state)
{
	(void)state;
	names_free(names);
	lists_free(listed);
	guard_free(&payload_guard);
	return 0;
}

static inline bool rig_key(struct rig_flow *self, uint8_t proto, bool to_server)
{
	static const uint8_t client[4] = { 10, 0, 0, 2 };
	static const uint8_t server[4] = { 203, 0, 113, 1 };

	self->key.proto = proto;
	self->key.ip_version = 4;
	return flow_key_set(&self->key, to_server ? client : server, to_server ? server : client,
			    self->ports[!to_server], self->ports[to_server], false);
}

static inline struct rig_flow rig_flow(uint32_t index, uint8_t proto, uint16_t from, uint16_t to)
{
	struct rig_flow self = { .index = index, .ports = { from, to } };

	if (rig_key(&self, proto, true))
		self.flow.flags |= FLOW_CLIENT_HIGH;
	return self;
}

static inline struct packet rig_packet(struct rig_flow *self, uint8_t proto, enum direction dir,
				       const void *bytes, size_t len)
{
	struct packet packet = { .time_ns = now_ns, .ip_packets = 1 };

	packet.from_high = rig_key(self, proto, dir == UP);
	packet.key = self->key;
	packet.payload = guard_put(&payload_guard, bytes, len);
	packet.payload_wire = (uint32_t)len;
	self->flow.packets[dir]++;
	now_ns += SECOND / 1000;
	return packet;
}

/* A segment at so many bytes behind the direction's SYN. As worker.c does it. */
static inline void rig_tcp(struct rig_flow *self, enum direction dir, size_t at, const void *bytes,
			   size_t len)
{
	struct packet packet = rig_packet(self, IP_PROTO_TCP, dir, bytes, len);

	packet.tcp_flags = TCP_ACK;
	packet.tcp_seq = (dir == UP ? CLIENT_ISN : SERVER_ISN) + 1 + (uint32_t)at;
	names_tcp(names, self->index, &self->flow, dir, &packet);
	candidate_advance(&self->flow, dir, &packet);
}

/* Both SYNs, the client's with data; flow.c learns from them. */
static inline void rig_handshake_saying(struct rig_flow *self, const void *bytes, size_t len)
{
	struct packet packet = rig_packet(self, IP_PROTO_TCP, UP, bytes, len);

	packet.tcp_flags = TCP_SYN;
	packet.tcp_seq = CLIENT_ISN;
	self->flow.flags |= FLOW_ROLES_PROVEN;
	self->flow.next_seq[UP] = CLIENT_ISN + 1;
	self->flow.next_seq[DOWN] = SERVER_ISN + 1;
	self->flow.seq_known |= 3;
	names_tcp(names, self->index, &self->flow, UP, &packet);
	if (len > 0)
		candidate_advance(&self->flow, UP, &packet);
}

static inline struct rig_flow rig_connect(uint32_t index, uint16_t from, uint16_t to)
{
	struct rig_flow self = rig_flow(index, IP_PROTO_TCP, from, to);

	rig_handshake_saying(&self, "", 0);
	return self;
}

static inline void rig_udp(struct rig_flow *self, enum direction dir, const void *bytes, size_t len)
{
	struct packet packet = rig_packet(self, IP_PROTO_UDP, dir, bytes, len);

	names_udp(names, self->index, &self->flow, dir, &packet);
}

static inline void rig_end(struct rig_flow *self)
{
	names_end(names, self->index, &self->flow, &self->key);
}

/* Exactly this was told, with this tag of the list ("-": not listed), and nothing since. */
static inline void assert_named(enum name_source source, const char *name, const char *tag)
{
	assert_int_equal(told_names.count, 1);
	assert_int_equal(told_names.at[0].name.source, source);
	assert_string_equal(told_names.at[0].name.name, name);
	assert_string_equal(tag_of(told_names.at[0].name.listed), tag);
	told_names.count = 0;
}

static inline void assert_silent(void)
{
	assert_int_equal(told_names.count, 0);
	assert_int_equal(told_answers.count, 0);
	assert_int_equal(told_hellos.count, 0);
}

#endif
