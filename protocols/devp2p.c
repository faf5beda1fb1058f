/* devp2p.c: nodes of Ethereum and its kin, RLPx with EIP-8. Big-endian.
 *
 *   C> | length 2 | 04 | public key 64 | iv 16 | ciphertext | mac 32 |    auth
 *   S> | length 2 | 04 | ... the same, shorter                            ack
 *   then frames that look random
 *
 * 04 begins an uncompressed key. Everything else is encrypted: what tells is that each side begins
 * with exactly one packet of the length that it states, padded by 100 to 300 bytes. One packet
 * alone proves nothing. */
#include "protocols/cursor.h"
#include "protocols/dialect.h"
#include "protocols/randomness.h"

#define KEY_MARK    0x04
#define HEAD_BYTES  2
#define AUTH_MIN    280 /* signature, key, nonce and their envelope */
#define AUTH_MAX    900
#define ACK_MIN     210 /* key, nonce and their envelope */
#define PROBE_BYTES 32

enum phase { PHASE_START, PHASE_ASKED, PHASE_NODE, PHASE_FOREIGN };

/* One flow. */
struct devp2p_state {
	uint8_t phase; /* enum phase */
};

/* The length of the packet that begins here, all included; 0: none does. */
static size_t packet_size(struct slice in, size_t min)
{
	struct cursor c = cursor_of(in);
	size_t length = cursor_u16be(&c);
	uint8_t mark = cursor_u8(&c);

	return !c.bad && mark == KEY_MARK && length >= min && length <= AUTH_MAX
		       ? HEAD_BYTES + length
		       : 0;
}

/* Both packets; afterwards whatever came. */
static enum frame_result devp2p_frame(struct json *unused, struct slice in, size_t *skip,
				      size_t *len)
{
	(void)unused;
	size_t size = packet_size(in, ACK_MIN);

	*skip = 0;
	*len = 0;
	if (in.len == 0 || size > in.len)
		return FRAME_MORE;
	*len = size != 0 ? size : slice_head(in, LIMIT_MESSAGE_BYTES).len;
	return FRAME_WHOLE;
}

static bool devp2p_decode(void *state, struct message *msg, const struct finding_out *out)
{
	const struct finding finding = { .kind = FINDING_NODE, .proof = PROOF_NODE };
	struct devp2p_state *self = state;
	bool is_client = msg->dir == DIR_TO_SERVER;
	bool is_packet =
		packet_size(msg->bytes, is_client ? AUTH_MIN : ACK_MIN) == msg->bytes.len &&
		!msg->is_cut && randomness_fits(slice_tail(msg->bytes, HEAD_BYTES));

	switch ((enum phase)self->phase) {
	case PHASE_START:
		self->phase = is_client && is_packet ? PHASE_ASKED : PHASE_FOREIGN;
		break;
	case PHASE_ASKED:
		self->phase = !is_client && is_packet ? PHASE_NODE : PHASE_FOREIGN;
		if (self->phase == PHASE_NODE)
			out->emit(out->ctx, &finding);
		break;
	case PHASE_NODE:
	case PHASE_FOREIGN:
		break;
	}
	return self->phase != PHASE_FOREIGN;
}

static enum probe_result devp2p_probe(struct slice first, enum direction dir)
{
	size_t min = dir == DIR_TO_SERVER ? AUTH_MIN : ACK_MIN;

	if (first.len > 0 && first.ptr[0] > AUTH_MAX >> 8)
		return PROBE_NO;
	if (first.len > HEAD_BYTES && packet_size(first, min) == 0)
		return PROBE_NO;
	if (!randomness_fits(slice_tail(first, HEAD_BYTES + 1)))
		return PROBE_NO;
	/* Before the answer nobody can say more than that one packet. */
	if (dir == DIR_TO_SERVER && first.len > HEAD_BYTES && first.len > packet_size(first, min))
		return PROBE_NO;
	return first.len >= PROBE_BYTES ? PROBE_YES : PROBE_MAYBE;
}

const struct dialect dialect_devp2p = {
	.name = "devp2p",
	.state_size = sizeof(struct devp2p_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.is_binary = true,
	.probe = devp2p_probe,
	.frame = devp2p_frame,
	.decode = devp2p_decode,
};
