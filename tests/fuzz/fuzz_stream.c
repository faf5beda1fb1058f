/* fuzz_stream.c: segments in any order, cut, copied and far away.
 *
 * The byte at each sequence number is a function of the number, so every byte that comes out can be
 * checked against its place, whatever was overlapped, lost or held. Input: records of
 *   op u8, distance s16 or (op & FAR) s32, len u8, then nothing: the payload is computed. */
#include <assert.h>
#include <stdlib.h>

#include "protocols/cursor.h"
#include "sensor/stream.h"

enum {
	OP_DIR = 0x01,
	OP_FAR = 0x02,
	OP_CUT = 0x04,
	OP_SYN = 0x08,
	OP_FIN = 0x10,
	OP_RST = 0x20,
	OP_TICK = 0x40,
	OP_ACK = 0x80
};

struct checker {
	uint32_t place[2]; /* sequence number of the next byte that comes out */
	uint32_t fins[2];  /* that were sent and may still take a number */
	uint32_t packet_seq;
	uint64_t out_bytes;
	uint64_t gaps;
};

static uint8_t byte_at(uint32_t seq)
{
	return (uint8_t)((seq * 2654435761u) >> 24);
}

static bool is_at(struct slice bytes, uint32_t seq)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.ptr[i] != byte_at(seq + (uint32_t)i))
			return false;
	return true;
}

static void check_data(void *ctx, enum direction dir, struct slice bytes, uint64_t time_ns)
{
	struct checker *self = ctx;

	(void)time_ns;
	if (bytes.len == 0)
		abort();
	/* Each FIN before may have taken a number. */
	while (!is_at(bytes, self->place[dir])) {
		if (self->fins[dir]-- == 0)
			abort();
		self->place[dir]++;
	}
	self->place[dir] += (uint32_t)bytes.len;
	self->out_bytes += bytes.len;
}

static void check_gap(void *ctx, enum direction dir, uint32_t missing, uint64_t time_ns)
{
	struct checker *self = ctx;

	(void)time_ns;
	self->place[dir] = missing == 0 ? self->packet_seq : self->place[dir] + missing;
	self->gaps++;
}

static void feed(struct stream *stream, struct checker *checker, struct cursor *in,
		 const uint32_t start[2], uint64_t *now_ns)
{
	static uint8_t payload[256 * 16];
	const struct stream_out out = { .data = check_data, .gap = check_gap, .ctx = checker };
	uint8_t op = cursor_u8(in);
	enum direction dir = (op & OP_DIR) != 0 ? DIR_TO_CLIENT : DIR_TO_SERVER;
	uint32_t step = (op & OP_FAR) != 0 ? cursor_u32be(in)
					   : (uint32_t)(int32_t)(int16_t)cursor_u16be(in);
	uint32_t len = (uint32_t)cursor_u8(in) * 16;
	struct packet packet = { .tcp_seq = start[dir] + step };

	*now_ns += (uint64_t)(len & 0x30) * 1000000u;
	if ((op & OP_TICK) != 0) {
		stream_tick(stream, *now_ns, &out);
		return;
	}
	packet.time_ns = *now_ns;
	packet.tcp_flags =
		(uint8_t)(((op & OP_FIN) != 0 ? TCP_FIN : 0) | ((op & OP_RST) != 0 ? TCP_RST : 0) |
			  ((op & OP_ACK) != 0 ? TCP_ACK : 0));
	if ((op & OP_SYN) != 0) /* takes the number before the data */
		packet.tcp_flags |= TCP_SYN;
	packet.tcp_ack = checker->place[1 - dir] + len;
	checker->packet_seq = packet.tcp_seq + ((op & OP_SYN) != 0);
	for (uint32_t i = 0; i < len; i++)
		payload[i] = byte_at(checker->packet_seq + i);
	checker->fins[dir] += (op & OP_FIN) != 0;
	packet.payload_wire = len;
	packet.payload = slice_of(payload, (op & OP_CUT) != 0 ? len / 3 : len);
	stream_packet(stream, dir, &packet, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(slice_of(data, size));
	struct stats stats = { 0 };
	struct stream_pool *pool = stream_pool_new(1, 1u << (cursor_u8(&in) % 20), &stats);
	struct checker checker = { .gaps = 0 };
	const struct stream_out out = { .data = check_data, .gap = check_gap, .ctx = &checker };
	uint32_t start[2] = { cursor_u32be(&in), 0xffffff00u };
	uint64_t now_ns = 1;

	assert(pool != NULL);
	for (int round = 0; round < 2; round++) {
		struct stream *stream = stream_new(pool);

		if (stream == NULL) /* everything must have come back */
			abort();
		for (int dir = 0; dir < 2; dir++) {
			struct packet first = { .time_ns = 1, .tcp_seq = start[dir] };
			uint8_t byte = byte_at(start[dir]);

			checker.place[dir] = start[dir];
			checker.fins[dir] = 0;
			first.payload = slice_of(&byte, 1);
			first.payload_wire = 1;
			stream_packet(stream, (enum direction)dir, &first, &out);
		}
		for (int ops = 0; cursor_left(&in) > 0 && ops < 2000; ops++)
			feed(stream, &checker, &in, start, &now_ns);
		stream_flush(stream, &out);
		stream_free(stream);
	}
	if (stats.stream_bytes != checker.out_bytes || stats.stream_gaps != checker.gaps)
		abort();
	stream_pool_free(pool);
	return 0;
}
