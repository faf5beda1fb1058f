/* fuzz_names.c: one flow's packets into names.c, with a small list.
 *
 *	flow    u8: 1 UDP, 2 handshake seen, 4.. port of the server
 *	packet  u8: 1 from the server, 2 SYN, 4 place is given; [u16 place, 32768: the next byte]
 *	        u16 length, payload
 *
 * Each payload lies in a place of its own size. What is told is text with an end and an entry of
 * the list, a flow's first words are told once, and the end of a flow leaves nothing behind. */
#include <stdlib.h>

#include "protocols/cursor.h"
#include "sensor/candidate.h"
#include "sensor/lists.h"
#include "sensor/names.h"

#define LIST \
	"pool pool.example.net\npool example.com:3333\npool weak.example.net weak\n" \
	"hostile-staging 198.51.100.88\n"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const uint16_t ports[] = { 53, 443, 80, 3333 };

static struct stats stats;
static struct names *names;
static unsigned hellos;
static unsigned words; /* names of the flow's first words */
static unsigned told;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void require_text(const char *text, size_t size)
{
	require(memchr(text, '\0', size) != NULL);
}

static void on_name(void *ctx, uint32_t index, struct name_fact *fact)
{
	(void)ctx;
	(void)index;
	told++;
	require_text(fact->name, sizeof(fact->name));
	require_text(fact->access_key, sizeof(fact->access_key));
	require(lists_entry(fact->listed) != NULL || fact->access_key[0] != '\0');
	require(fact->source == NAME_LOOKUP || fact->source == NAME_SNI ||
		fact->source == NAME_HOST);
	words += fact->source != NAME_LOOKUP;
}

static void on_answer(void *ctx, uint32_t index, struct answer_fact *fact)
{
	(void)ctx;
	(void)index;
	told++;
	require_text(fact->name, sizeof(fact->name));
	require(fact->count <= LIMIT_ANSWERS && (fact->count > 0 || fact->listed != 0));
	for (size_t i = 0; i < fact->count; i++)
		require(fact->addresses[i].ip_version == 4 || fact->addresses[i].ip_version == 6);
}

static void on_hello(void *ctx, uint32_t index, struct hello_fact *fact)
{
	(void)ctx;
	(void)index;
	told++;
	hellos++;
	require_text(fact->view.sni, sizeof(fact->view.sni));
	require_text(fact->view.alpn, sizeof(fact->view.alpn));
	require_text(fact->view.ja3, sizeof(fact->view.ja3));
	require_text(fact->view.ja4, sizeof(fact->view.ja4));
}

static bool wants_hello(void *ctx, uint32_t index)
{
	(void)ctx;
	(void)index;
	return true;
}

static void make_names(void)
{
	const struct names_hooks hooks = { on_name, on_answer, on_hello, wants_hello, NULL };
	char error[LISTS_ERROR_TEXT];
	static struct lists *lists;

	names = names_new(&hooks, &stats);
	require(names != NULL && lists_load_text(&lists, "fuzz", LIST, strlen(LIST), error) == 0);
	names_use(names, lists);
}

struct fuzzed {
	struct flow flow;
	struct packet packet;
	uint16_t port;
	uint64_t time_ns;
};

/* As flow.c and worker.c do it. */
static void learn_syn(struct fuzzed *self, enum direction dir)
{
	if ((self->packet.tcp_flags & TCP_SYN) != 0 && (self->flow.seq_known >> dir & 1) == 0) {
		self->flow.next_seq[dir] = self->packet.tcp_seq + 1;
		self->flow.seq_known |= (uint8_t)(1u << dir);
	}
}

static void begin_flow(struct fuzzed *self, uint8_t how)
{
	memset(self, 0, sizeof(*self));
	self->time_ns = 1;
	self->port = ports[how >> 2 & 3];
	self->packet.key.ip_version = 4;
	self->packet.key.proto = how & 1 ? IP_PROTO_UDP : IP_PROTO_TCP;
	self->packet.key.port[0] = 40000;
	self->packet.key.port[1] = self->port;
	self->packet.ip_packets = 1;
	if (how & 2)
		self->flow.seq_known = 3;
}

static void give_packet(struct fuzzed *self, struct cursor *in)
{
	uint8_t how = cursor_u8(in);
	enum direction dir = how & 1 ? DIR_TO_CLIENT : DIR_TO_SERVER;
	int32_t place = how & 4 ? (int32_t)cursor_u16be(in) - 32768 : 0;
	size_t len = cursor_u16be(in);

	len = len < cursor_left(in) ? len : cursor_left(in);
	uint8_t *copy = malloc(len > 0 ? len : 1);
	struct slice bytes = cursor_take(in, len);

	require(copy != NULL);
	if (len > 0)
		memcpy(copy, bytes.ptr, len);
	self->packet.payload = slice_of(copy, len);
	self->packet.payload_wire = (uint32_t)len;
	self->packet.time_ns = self->time_ns += UINT64_C(1000000000);
	self->packet.tcp_flags = how & 2 ? TCP_SYN : TCP_ACK;
	self->packet.tcp_seq = self->flow.next_seq[dir] + (uint32_t)place;
	self->flow.packets[dir]++;
	if (self->packet.key.proto == IP_PROTO_UDP) {
		names_udp(names, 0, &self->flow, dir, &self->packet);
	} else {
		learn_syn(self, dir);
		names_tcp(names, 0, &self->flow, dir, &self->packet);
		if (len > 0)
			candidate_advance(&self->flow, dir, &self->packet);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct cursor in = cursor_of(slice_of(bytes, size));
	struct fuzzed self;

	if (names == NULL)
		make_names();
	hellos = words = 0;
	begin_flow(&self, cursor_u8(&in));
	while (cursor_left(&in) > 0)
		give_packet(&self, &in);
	names_end(names, 0, &self.flow, &self.packet.key);
	require(hellos <= 1 && words <= 1);
	told = 0;
	names_end(names, 0, &self.flow, &self.packet.key);
	require(told == 0 && (self.flow.seq_known & 0xc0) == 0);
	return 0;
}
