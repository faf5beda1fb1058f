/* proxy_header.c: the carrier "proxy": the PROXY protocol, versions 1 and 2, which a load balancer
 * puts before the client's first byte.
 *
 *   v1  "PROXY TCP4 192.0.2.7 198.51.100.9 51000 3333\r\n"   at most 107 bytes
 *   v2  0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a, version and command u8, family u8, length u16be,
 *       then that many bytes: addresses and TLVs
 *
 * It names the client once more, which needs no finding: the stream behind it is what counts. */
#include "protocols/proxy_header.h"

#include "protocols/dialect.h"
#include "protocols/hex.h"

#define V1_BYTES_MAX 107
#define V2_HEAD      16
#define V2_REST_MAX  4096 /* addresses of 216 bytes and TLVs; certificates would be the largest */

struct proxy_state {
	uint16_t count;  /* bytes of the header so far */
	uint16_t length; /* v2: of the rest */
	bool is_v2;
	bool is_failed;
	bool is_done;
};

static const char v1_magic[] = "PROXY ";
static const uint8_t v2_magic[12] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
				      0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };

static enum probe_result compare(struct slice first, const void *magic, size_t len)
{
	size_t n = first.len < len ? first.len : len;

	if (!slice_eq(slice_head(first, n), slice_of(magic, n)))
		return PROBE_NO;
	return n == len ? PROBE_YES : PROBE_MAYBE;
}

static enum probe_result proxy_probe(struct slice first, enum direction dir)
{
	if (dir != DIR_TO_SERVER)
		return PROBE_NO;
	enum probe_result v1 = compare(first, v1_magic, sizeof(v1_magic) - 1);

	return v1 != PROBE_NO ? v1 : compare(first, v2_magic, sizeof(v2_magic));
}

/* One byte of version 1; false: it cannot stand there. */
static bool take_v1(struct proxy_state *self, uint8_t byte)
{
	if (self->count < sizeof(v1_magic) - 1)
		return byte == (uint8_t)v1_magic[self->count];
	self->is_done = byte == '\n';
	return self->is_done ||
	       (self->count < V1_BYTES_MAX - 1 && (byte == '\r' || (byte >= ' ' && byte < 0x7f)));
}

static bool take_v2(struct proxy_state *self, uint8_t byte)
{
	if (self->count < sizeof(v2_magic))
		return byte == v2_magic[self->count];
	switch (self->count) {
	case 12:
		return byte == 0x20 || byte == 0x21; /* version 2: local or proxy */
	case 13:
		return byte >> 4 <= 3 && (byte & 0x0f) <= 2;
	case 14:
		self->length = (uint16_t)(byte << 8);
		return self->length <= V2_REST_MAX;
	case 15:
		self->length |= byte;
		self->is_done = self->length == 0;
		return self->length <= V2_REST_MAX;
	default:
		self->is_done = self->count + 1 == V2_HEAD + self->length;
		return true;
	}
}

static bool proxy_unwrap(void *state, enum direction dir, struct slice in,
			 struct carrier_step *step, const struct finding_out *out)
{
	struct proxy_state *self = state;

	(void)out;
	if (dir != DIR_TO_SERVER || self->is_done) {
		step->is_through = true;
		return true;
	}
	while (step->used < in.len && !self->is_done && !self->is_failed) {
		uint8_t byte = in.ptr[step->used];

		if (self->count == 0)
			self->is_v2 = byte == v2_magic[0];
		self->is_failed = self->is_v2 ? !take_v2(self, byte) : !take_v1(self, byte);
		if (!self->is_failed) {
			self->count++;
			step->used++;
		}
	}
	step->is_through = self->is_done;
	return step->used > 0;
}

size_t proxy_header_rest(struct slice in)
{
	size_t end = slice_find(slice_head(in, V1_BYTES_MAX), '\n');

	if (end >= in.len || end >= V1_BYTES_MAX || (end > 0 && in.ptr[end - 1] != '\r'))
		return 0;
	for (size_t i = 0; i + 1 < end; i++) {
		uint8_t byte = in.ptr[i];

		if (byte != ' ' && byte != '.' && byte != ':' && hex_values[byte] < 0)
			return 0;
	}
	return end + 1;
}

/* The header stands at the start only: behind a hole the inner stream goes on. */
static bool proxy_gap(void *state, enum direction dir)
{
	struct proxy_state *self = state;

	if (dir == DIR_TO_SERVER)
		self->is_done = true;
	return false;
}

_Static_assert(sizeof(struct proxy_state) <= CARRIER_STATE_MAX, "state is too large");

const struct carrier carrier_proxy_header = {
	.name = "proxy",
	.state_size = sizeof(struct proxy_state),
	.probe = proxy_probe,
	.unwrap = proxy_unwrap,
	.gap = proxy_gap,
	.rest = proxy_header_rest,
};
