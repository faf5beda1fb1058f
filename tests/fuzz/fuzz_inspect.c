/* fuzz_inspect.c: any packets of one flow through streams, dialects and session.
 *
 * Input: records of op u8, len u16, payload. The session must stay consistent, the same packets
 * must give the same view, and the pools must get everything back. */
#include <assert.h>
#include <stdlib.h>

#include "protocols/cursor.h"
#include "sensor/inspect.h"

enum {
	OP_DIR = 0x01,
	OP_DATAGRAM = 0x02,
	OP_LOSE = 0x04,
	OP_AGAIN = 0x08,
	OP_CUT = 0x10,
	OP_TICK = 0x20,
	OP_SWAP = 0x40,
	OP_SMALL = 0x80
};

struct flow_state {
	struct inspect *inspect;
	uint32_t seq[2];
	uint64_t now_ns;
};

static void check_text(const char *text, size_t size)
{
	if (memchr(text, '\0', size) == NULL)
		abort();
}

static void check_session(struct inspect *inspect, uint64_t now_ns, struct session_view *view)
{
	const struct session *session = inspect_session(inspect);

	session_view_at(session, now_ns, view);
	check_text(view->wallet, sizeof(view->wallet));
	check_text(view->worker, sizeof(view->worker));
	check_text(view->agent, sizeof(view->agent));
	check_text(view->algo, sizeof(view->algo));
	check_text(view->coin, sizeof(view->coin));
	check_text(view->email, sizeof(view->email));
	check_text(view->pool, sizeof(view->pool));
	check_text(view->reason, sizeof(view->reason));
	check_text(view->dialect, sizeof(view->dialect));
	if ((uint64_t)view->accepted + view->rejected + view->stale > view->submitted)
		abort();
	if (session->is_open != (view->level >= LEVEL_LIKELY))
		abort();
	if (session->is_open && inspect_is_idle(inspect))
		abort();
	if (!(view->work >= 0) || !(view->hashrate >= 0))
		abort();
}

static void feed(struct flow_state *flow, struct cursor *in)
{
	uint8_t op = cursor_u8(in);
	enum direction dir = (op & OP_DIR) != 0 ? DIR_TO_CLIENT : DIR_TO_SERVER;
	size_t len = cursor_u16be(in);
	struct slice payload = cursor_take(in, len < cursor_left(in) ? len : cursor_left(in));
	struct packet packet = { .time_ns = flow->now_ns, .tcp_flags = TCP_ACK };

	flow->now_ns += (uint64_t)(op >> 4) * 50000000u;
	if ((op & OP_TICK) != 0)
		inspect_tick(flow->inspect, flow->now_ns);
	if ((op & OP_SWAP) != 0 && session_roles_swapped(inspect_session(flow->inspect), false)) {
		uint32_t seq = flow->seq[0];

		inspect_swap_roles(flow->inspect);
		flow->seq[0] = flow->seq[1];
		flow->seq[1] = seq;
		if (session_roles_swapped(inspect_session(flow->inspect), false))
			abort();
	}
	packet.payload = payload;
	packet.payload_wire = (uint32_t)payload.len + ((op & OP_CUT) != 0 ? 7 : 0);
	packet.tcp_seq = flow->seq[dir];
	packet.tcp_ack = flow->seq[1 - dir];
	if ((op & OP_LOSE) == 0)
		inspect_packet(flow->inspect, dir, &packet);
	if ((op & OP_AGAIN) != 0)
		inspect_packet(flow->inspect, dir, &packet);
	flow->seq[dir] += packet.payload_wire;
}

static const struct preface at_start[2] = { { .is_start = true }, { .is_start = true } };

static void replay(struct inspect_pool *pool, struct slice input, struct session_view *view)
{
	struct cursor in = cursor_of(input);
	struct flow_state flow = { .inspect = inspect_new(pool, at_start),
				   .seq = { 0xffffffc0u, 9 } };

	if (flow.inspect == NULL)
		abort();
	flow.now_ns = 1772704680000000000u;
	while (cursor_left(&in) > 0)
		feed(&flow, &in);
	inspect_flush(flow.inspect, flow.now_ns);
	check_session(flow.inspect, flow.now_ns, view);
	inspect_free(flow.inspect);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size);
	bool is_small = size > 0 && (data[0] & OP_SMALL) != 0;
	struct stats stats = { 0 };
	struct inspect_pool *pool = inspect_pool_new(1, 1, is_small ? 1500 : 1 << 17, &stats);
	struct session_view first;
	struct session_view again;

	assert(pool != NULL);
	replay(pool, input, &first);
	replay(pool, input, &again);
	if (memcmp(&first, &again, sizeof(first)) != 0)
		abort();
	inspect_pool_free(pool);
	return 0;
}
