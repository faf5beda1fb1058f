/* stratum_noise.c: Stratum V2 inside Noise, known by its sizes alone.
 *
 *   C> 64    a key                         C> 32    (older: keys of 32 bytes)
 *   S> 234   two keys, a certificate       S> 170
 *   C> 38 + n   setup connection
 *   S> 44       setup connection, success
 *   C> 79 + n   open a channel
 *   S> 83 + n   opened
 *   C> 62, or 63 + extranonce: a share     S> 58    shares accepted
 *
 * Nothing can be read, and bytes may come in pieces of any size or together: what counts is how
 * many a side said before the other one spoke. Only where the other side is not seen at all, and
 * nothing ends a turn, the pieces have to do. */
#include "protocols/dialect.h"
#include "protocols/randomness.h"

#define KEY_BYTES        64
#define KEY_OLD_BYTES    32
#define ANSWER_BYTES     234
#define ANSWER_OLD_BYTES 170
#define SETUP_MIN        54 /* with all strings empty */
#define SETUP_MAX        320
#define SETUP_ALONE_MIN  78 /* usual ones: there is less to go by */
#define SETUP_ALONE_MAX  130
#define SETUP_OK_BYTES   44
#define SHARE_BYTES      62
#define SHARE_MAX        95 /* an extranonce has 32 bytes at most */
#define SHARE_USUAL      71 /* 8 of extranonce */
#define UPDATE_BYTES     78 /* an update of the channel, which is no share */
#define ACCEPTED_BYTES   58
#define BAD_JOB_BYTES    61 /* refused: invalid-job-id */
#define LOW_BYTES        65 /* refused: difficulty-too-low */
#define RHYTHM_TURNS     8
#define REQUEST_SHARE    1
#define TURN_MAX         (1u << 20)

enum phase {
	PHASE_START,  /* the client's key, or the middle of something */
	PHASE_ANSWER, /* the server's keys */
	PHASE_SETUP,
	PHASE_SETUP_OK,
	PHASE_STEADY, /* recognised */
	PHASE_RHYTHM, /* in the middle: shares and answers of one size each */
	PHASE_ALONE,  /* one side only */
	PHASE_FOREIGN /* something else */
};

/* One flow. */
struct stratum_noise_state {
	uint32_t turn;       /* bytes of the side that speaks since the other one did */
	uint32_t counted;    /* of them in shares */
	uint32_t messages;   /* of that turn */
	uint32_t same;       /* of them, the last ones of one size */
	uint32_t unanswered; /* shares */
	uint32_t owed;       /* shares that were recognised in the server's turn */
	uint16_t share;      /* bytes of one; 0: not known */
	uint16_t candidate;  /* bytes of what may be one */
	uint16_t piece;      /* bytes of the last message */
	uint8_t phase;       /* enum phase */
	uint8_t speaker;     /* 1 + enum direction; 0: nobody yet */
	uint8_t rhythm;      /* turns of the same sizes */
	bool is_old;         /* keys of 32 bytes */
	bool is_open;        /* the first thing after the handshake opens a channel: it was said */
};

_Static_assert(sizeof(struct stratum_noise_state) <= DIALECT_STATE_MAX, "state is too large");

struct noise_call {
	struct stratum_noise_state *state;
	const struct message *msg;
	const struct finding_out *out;
};

static void report(const struct noise_call *call, enum finding_kind kind, enum proof proof)
{
	const struct finding finding = { .kind = kind,
					 .sender = call->msg->dir == DIR_TO_SERVER ? SENDER_MINER
										   : SENDER_POOL,
					 .proof = proof };

	call->out->emit(call->out->ctx, &finding);
}

/* --- turns ----------------------------------------------------------------------------------- */

static bool is_share_size(uint32_t bytes)
{
	return bytes >= SHARE_BYTES && bytes <= SHARE_MAX && bytes != UPDATE_BYTES;
}

/* So many bytes of the server have an acceptance in them: alone, several, or with a job, a previous
 * hash or a target behind it. */
static bool is_acceptance(uint32_t bytes)
{
	static const uint8_t behind[] = { 74, 83, 86, 87 };

	if (bytes == 0)
		return false;
	if (bytes % ACCEPTED_BYTES == 0)
		return true;
	for (size_t i = 0; i < sizeof(behind); i++)
		if (bytes == ACCEPTED_BYTES + (uint32_t)behind[i])
			return true;
	return false;
}

/* What the middle of a connection may look like. */
static enum phase begin_rhythm(struct stratum_noise_state *state, enum direction dir)
{
	if (dir == DIR_TO_CLIENT)
		return is_acceptance(state->turn) ? PHASE_RHYTHM : PHASE_FOREIGN;
	if (!is_share_size(state->turn))
		return PHASE_FOREIGN;
	state->share = (uint16_t)state->turn;
	return PHASE_RHYTHM;
}

static enum phase keep_rhythm(struct stratum_noise_state *state, enum direction dir)
{
	if (dir == DIR_TO_CLIENT)
		return is_acceptance(state->turn) ? PHASE_RHYTHM : PHASE_FOREIGN;
	if (state->share == 0)
		return begin_rhythm(state, dir);
	if (state->turn != state->share)
		return PHASE_FOREIGN;
	state->rhythm = (uint8_t)(state->rhythm < UINT8_MAX ? state->rhythm + 1 : UINT8_MAX);
	return PHASE_RHYTHM;
}

/* A turn of the client, after the channel was opened, tells how long a share is: it is one, or it
 * ends with some, a piece each, when the answers between them were lost. */
static void learn_share(struct stratum_noise_state *state)
{
	bool is_whole =
		is_share_size(state->turn) && (state->is_open || state->turn == SHARE_BYTES);
	uint32_t size = is_whole ? state->turn : state->piece;
	uint32_t count = is_whole ? 1 : state->same;
	/* opens the channel, unless that is lost */
	bool is_first = !state->is_open && count == state->messages && size != SHARE_BYTES;
	bool is_again = state->candidate == size;

	state->is_open = true;
	if (state->share != 0)
		return;
	state->candidate = 0;
	if (is_first || !is_share_size(size) || (!is_whole && size != SHARE_BYTES && count < 2))
		return;
	state->candidate = (uint16_t)size;
	if (is_whole && size != SHARE_BYTES && !is_again)
		return;
	state->share = state->candidate;
	state->owed = count + (is_again ? 1 : 0);
}

/* The other side speaks: the turn has its final size. */
static enum phase end_turn(struct stratum_noise_state *state, enum direction dir)
{
	bool is_client = dir == DIR_TO_SERVER;

	switch ((enum phase)state->phase) {
	case PHASE_START:
		state->is_old = state->turn == KEY_OLD_BYTES;
		if (is_client && (state->turn == KEY_BYTES || state->is_old))
			return PHASE_ANSWER;
		return begin_rhythm(state, dir);
	case PHASE_ANSWER:
		return state->turn == (state->is_old ? ANSWER_OLD_BYTES : ANSWER_BYTES)
			       ? PHASE_SETUP
			       : PHASE_FOREIGN;
	case PHASE_SETUP:
		return state->turn >= SETUP_MIN && state->turn <= SETUP_MAX ? PHASE_SETUP_OK
									    : PHASE_FOREIGN;
	case PHASE_SETUP_OK:
		return state->turn == SETUP_OK_BYTES ? PHASE_STEADY : PHASE_FOREIGN;
	case PHASE_STEADY:
		if (is_client)
			learn_share(state);
		return PHASE_STEADY;
	case PHASE_RHYTHM:
		return keep_rhythm(state, dir);
	case PHASE_ALONE: /* not for ever */
	case PHASE_FOREIGN:
		break;
	}
	return (enum phase)state->phase;
}

/* --- shares ---------------------------------------------------------------------------------- */

static void report_share(const struct noise_call *call)
{
	const struct finding finding = { .kind = FINDING_SHARE,
					 .sender = SENDER_MINER,
					 .request = REQUEST_SHARE,
					 .wants_reply = true };

	call->state->unanswered++;
	call->out->emit(call->out->ctx, &finding);
}

static void hear_client(const struct noise_call *call)
{
	struct stratum_noise_state *state = call->state;

	for (; state->owed > 0; state->owed--)
		report_share(call);
	if (state->share == 0 || state->turn % state->share != 0)
		return;
	for (; state->counted < state->turn; state->counted += state->share)
		report_share(call);
}

static void report_reply(const struct noise_call *call, bool is_ok, uint32_t count)
{
	const struct finding finding = { .kind = FINDING_REPLY,
					 .sender = SENDER_POOL,
					 .request = REQUEST_SHARE,
					 .is_ok = is_ok,
					 .count = count };

	call->out->emit(call->out->ctx, &finding);
}

/* An acceptance may be of many shares: of all that were not answered yet. */
static void hear_server(const struct noise_call *call)
{
	struct stratum_noise_state *state = call->state;
	size_t len = call->msg->bytes.len;

	if (state->unanswered == 0)
		return;
	if (is_acceptance(state->turn) || (len <= TURN_MAX && is_acceptance((uint32_t)len))) {
		report_reply(call, true, state->unanswered);
		state->unanswered = 0;
	} else if (state->messages == 1 && (len == BAD_JOB_BYTES || len == LOW_BYTES)) {
		report_reply(call, false, 1);
		state->unanswered--;
	}
}

/* --- one side only --------------------------------------------------------------------------- */

/* The handshake in two pieces; true when these are it. */
static bool hear_alone(const struct noise_call *call)
{
	struct stratum_noise_state *state = call->state;
	size_t len = call->msg->bytes.len;
	uint32_t before = state->turn - (uint32_t)len;
	bool is_client = call->msg->dir == DIR_TO_SERVER;

	if (state->phase != PHASE_START || !call->msg->is_alone || state->messages != 2)
		return false;
	if (is_client ? before != KEY_BYTES || len < SETUP_ALONE_MIN || len > SETUP_ALONE_MAX
		      : (before != ANSWER_BYTES && before != ANSWER_OLD_BYTES) ||
				len != SETUP_OK_BYTES)
		return false;
	if (!randomness_fits(call->msg->bytes))
		return false;
	if (is_client)
		report(call, FINDING_SUBSCRIBE, PROOF_SUSPECT);
	else
		report(call, FINDING_IDENTITY, PROOF_LIKELY);
	state->phase = PHASE_ALONE;
	return true;
}

/* --- one piece ------------------------------------------------------------------------------- */

/* The longest turn that may still become what the phase wants. */
static uint32_t turn_limit(const struct stratum_noise_state *state)
{
	switch ((enum phase)state->phase) {
	case PHASE_START:
		return state->speaker == 1 + DIR_TO_SERVER ? SHARE_MAX : ANSWER_BYTES;
	case PHASE_ANSWER:
		return state->is_old ? ANSWER_OLD_BYTES : ANSWER_BYTES;
	case PHASE_SETUP:
		return SETUP_MAX;
	case PHASE_SETUP_OK:
		return SETUP_OK_BYTES;
	case PHASE_RHYTHM:
		return ANSWER_BYTES;
	case PHASE_STEADY:
	case PHASE_ALONE:
	case PHASE_FOREIGN:
		break;
	}
	return UINT32_MAX;
}

static void turn_over(const struct noise_call *call)
{
	struct stratum_noise_state *state = call->state;
	enum phase before = (enum phase)state->phase;

	state->phase = (uint8_t)end_turn(state, (enum direction)(state->speaker - 1));
	state->turn = 0;
	state->counted = 0;
	state->messages = 0;
	if (before == PHASE_SETUP_OK && state->phase == PHASE_STEADY)
		report(call, FINDING_SUBSCRIBE, PROOF_LIKELY);
}

/* What the phase makes of the piece. */
static void hear_piece(const struct noise_call *call)
{
	struct stratum_noise_state *state = call->state;
	bool is_client = call->msg->dir == DIR_TO_SERVER;

	if (state->phase == PHASE_STEADY && is_client)
		hear_client(call);
	else if (state->phase == PHASE_STEADY)
		hear_server(call);
	else if (state->phase == PHASE_ALONE && !is_client &&
		 call->msg->bytes.len == ACCEPTED_BYTES)
		report_reply(call, true, 1);
	else if (state->phase == PHASE_RHYTHM && is_client && state->messages == 1 &&
		 state->rhythm == RHYTHM_TURNS)
		report(call, FINDING_IDENTITY, PROOF_SUSPECT);
}

static bool stratum_noise_decode(void *state, struct message *msg, const struct finding_out *out)
{
	struct stratum_noise_state *self = state;
	const struct noise_call call = { .state = self, .msg = msg, .out = out };
	bool is_known;

	if (self->phase == PHASE_FOREIGN || msg->bytes.len == 0)
		return false;
	if (self->speaker != 0 && self->speaker != 1 + (uint8_t)msg->dir)
		turn_over(&call);
	self->speaker = (uint8_t)(1 + msg->dir);
	self->turn += (uint32_t)slice_head(msg->bytes, TURN_MAX).len;
	self->messages++;
	self->same = self->messages > 1 && self->piece == msg->bytes.len ? self->same + 1 : 1;
	self->piece = (uint16_t)slice_head(msg->bytes, UINT16_MAX).len;
	is_known = self->phase == PHASE_STEADY || self->phase == PHASE_ALONE;
	if (is_known && self->turn > TURN_MAX) {
		self->turn = 0; /* nothing of ours is that long */
		self->counted = 0;
	}
	if (!is_known && !hear_alone(&call) &&
	    (self->turn > turn_limit(self) || !randomness_fits(msg->bytes)))
		self->phase = PHASE_FOREIGN;
	hear_piece(&call);
	return self->phase != PHASE_FOREIGN;
}

/* Sizes are all there is: whatever came. */
static enum frame_result stratum_noise_frame(struct json *unused, struct slice in, size_t *skip,
					     size_t *len)
{
	(void)unused;
	*skip = 0;
	*len = slice_head(in, LIMIT_MESSAGE_BYTES).len;
	return in.len > 0 ? FRAME_WHOLE : FRAME_MORE;
}

/* How others begin that look random behind it. */
static bool is_other(struct slice first)
{
	static const char *const heads[] = { "SSH-",     "\x16\x03", "\x17\x03",
					     "\x05\x01", "GET ",     "POST",
					     "HTTP",     "{\"",      "\x13\x42itTorrent" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (slice_starts(first, heads[i]))
			return true;
	/* The length of a devp2p handshake, or another count in front. */
	return first.len >= 3 && first.ptr[0] < 4 && (first.ptr[2] == 4 || first.ptr[0] == 0);
}

/* The first few bytes of most flows: they are not waited for. A key that comes in tiny pieces is
 * lost when its first one looks like text. */
static bool is_text(struct slice first)
{
	size_t len = 0;

	while (len < first.len && first.ptr[len] >= '\t' && first.ptr[len] < 0x7f)
		len++;
	return first.len > 0 && first.len < RANDOMNESS_BYTES && len == first.len;
}

/* A key may come in pieces; the state adds them up, so that any part of one will do. */
static enum probe_result stratum_noise_probe(struct slice first, enum direction dir)
{
	bool is_server = dir == DIR_TO_CLIENT;

	if (first.len > (is_server ? ANSWER_BYTES : SHARE_USUAL) || is_other(first) ||
	    is_text(first) || !randomness_fits(first))
		return PROBE_NO;
	if (is_server)
		return first.len == ANSWER_BYTES || first.len == ANSWER_OLD_BYTES ||
				       first.len == ACCEPTED_BYTES
			       ? PROBE_YES
			       : PROBE_MAYBE;
	if (first.len < KEY_OLD_BYTES)
		return PROBE_MAYBE;
	return first.len <= KEY_BYTES || first.len == SHARE_USUAL ? PROBE_YES : PROBE_NO;
}

const struct dialect dialect_stratum_noise = {
	.name = "stratum-v2-noise",
	.state_size = sizeof(struct stratum_noise_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.is_binary = true,
	.is_faceless = true,
	.probe = stratum_noise_probe,
	.frame = stratum_noise_frame,
	.decode = stratum_noise_decode,
};
