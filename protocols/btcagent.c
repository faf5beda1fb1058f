/* btcagent.c: binary messages of BTCAgent, amid the JSON lines of Stratum V1. Little-endian.
 *
 *   | 0x7f | command 1 | length 2, all included | body |
 *   C> 01 register    session 2, agent NUL, worker NUL
 *   C> 02 share       job 1, session 2, extranonce2 4, nonce 4
 *   C> 03, 12, 13     the same and: time 4; version 4; time 4 and version 4
 *   C> 04 unregister  session 2
 *   S> 05 set diff    exponent 1 (difficulty 2^e), count 2, sessions 2 each
 *
 * stratum_v1.c has the flows that begin with JSON. The dialect here is for those that were picked
 * up at a binary message: two in a row are sure, and whatever follows is of the family.
 *
 * Nobody answers a share. Shares of 12 and 13 are as long as their fields, whatever their length
 * says: it was copied from others. */
#include "protocols/btcagent.h"

#include <stdio.h>

#include "protocols/cursor.h"

#define HEADER_BYTES   4
#define REGISTER_MAX   512
#define SESSIONS_MAX   1024 /* of one set diff */
#define EXPONENT_MAX   63
#define PROBE_MESSAGES 2
#define SHARE_PLAIN    15
#define SHARE_ONE_MORE 19
#define SHARE_TWO_MORE 23

enum command {
	COMMAND_REGISTER = 0x01,
	COMMAND_SHARE = 0x02,
	COMMAND_SHARE_TIME = 0x03,
	COMMAND_UNREGISTER = 0x04,
	COMMAND_SET_DIFF = 0x05,
	COMMAND_SHARE_VERSION = 0x12,
	COMMAND_SHARE_BOTH = 0x13
};

/* How long a message of that command and length field is; 0: it is none. */
static size_t message_size(uint8_t command, size_t length)
{
	bool is_share =
		length == SHARE_PLAIN || length == SHARE_ONE_MORE || length == SHARE_TWO_MORE;

	switch (command) {
	case COMMAND_REGISTER:
		return length >= HEADER_BYTES + 4 && length <= REGISTER_MAX ? length : 0;
	case COMMAND_SHARE:
		return length == SHARE_PLAIN ? length : 0;
	case COMMAND_SHARE_TIME:
		return length == SHARE_ONE_MORE ? length : 0;
	case COMMAND_SHARE_VERSION:
		return is_share ? SHARE_ONE_MORE : 0;
	case COMMAND_SHARE_BOTH:
		return is_share ? SHARE_TWO_MORE : 0;
	case COMMAND_UNREGISTER:
		return length == HEADER_BYTES + 2 ? length : 0;
	case COMMAND_SET_DIFF:
		return length >= HEADER_BYTES + 5 && length % 2 == 1 &&
				       length <= HEADER_BYTES + 3 + 2 * SESSIONS_MAX
			       ? length
			       : 0;
	default:
		return 0;
	}
}

enum frame_result btcagent_frame(struct slice in, size_t *len)
{
	static const uint8_t commands[] = { COMMAND_REGISTER,   COMMAND_SHARE,
					    COMMAND_SHARE_TIME, COMMAND_UNREGISTER,
					    COMMAND_SET_DIFF,   COMMAND_SHARE_VERSION,
					    COMMAND_SHARE_BOTH };
	struct cursor c = cursor_of(in);
	bool is_magic = cursor_u8(&c) == BTCAGENT_MAGIC;
	uint8_t command = cursor_u8(&c);

	*len = 0;
	if (in.len == 0 || !is_magic)
		return FRAME_BAD;
	if (in.len < 2)
		return FRAME_MORE;
	if (memchr(commands, command, sizeof(commands)) == NULL)
		return FRAME_BAD;
	if (in.len < HEADER_BYTES)
		return FRAME_MORE;
	size_t size = message_size(command, cursor_u16le(&c));
	if (size == 0)
		return FRAME_BAD;
	if (size > in.len)
		return FRAME_MORE;
	*len = size;
	return FRAME_WHOLE;
}

struct agent_call {
	struct stratum_state *state;
	const struct finding_out *out;
	struct cursor body;
	enum proof proof;
};

static struct stratum_state *see(const struct agent_call *call, enum direction dir,
				 enum sender sender)
{
	unsigned side = sender == SENDER_POOL ? 1 - (unsigned)dir : (unsigned)dir;

	call->state->is_seen = true;
	call->state->has_agent = true;
	call->state->miner_side = (uint8_t)(1 + side);
	return call->state;
}

static struct finding new_finding(const struct agent_call *call, enum finding_kind kind,
				  enum sender sender)
{
	return (struct finding){ .kind = kind,
				 .sender = sender,
				 .proof = call->proof,
				 .is_proxy = sender == SENDER_MINER,
				 .dialect = "btcagent" };
}

static void emit(const struct agent_call *call, const struct finding *finding)
{
	call->out->emit(call->out->ctx, finding);
}

/* A text up to its NUL, and past it. */
static struct slice take_text(struct cursor *c)
{
	struct slice rest = cursor_rest(c);
	struct slice text = cursor_take(c, slice_find(rest, '\0'));

	cursor_skip(c, 1);
	return text;
}

static bool is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return false;
	return true;
}

static bool read_register(struct agent_call *call)
{
	struct finding finding = new_finding(call, FINDING_IDENTITY, SENDER_MINER);

	cursor_skip(&call->body, 2);
	finding.agent = slice_head(take_text(&call->body), LIMIT_TEXT_BYTES - 1);
	finding.worker = slice_head(take_text(&call->body), LIMIT_TEXT_BYTES - 1);
	if (call->body.bad || !is_printable(finding.agent) || !is_printable(finding.worker))
		return false;
	stratum_unit_agent(&call->state->unit, finding.agent);
	emit(call, &finding);
	return true;
}

/* The id of a job as the JSON lines write it: a decimal number. */
static uint64_t job_hash(uint8_t job)
{
	char text[4];
	int len = snprintf(text, sizeof(text), "%u", job);

	return slice_hash(slice_of(text, (size_t)len));
}

static bool read_share(struct agent_call *call)
{
	const struct stratum_state *state = call->state;
	struct slice fields = cursor_rest(&call->body);
	struct finding finding = new_finding(call, FINDING_SHARE, SENDER_MINER);

	finding.job = job_hash(cursor_u8(&call->body));
	cursor_skip(&call->body, 10);
	if (call->body.bad)
		return false;
	finding.nonce = slice_hash(fields);
	finding.difficulty = state->difficulty;
	finding.work = stratum_unit_work(&state->unit, state->difficulty);
	emit(call, &finding);
	return true;
}

/* One for all sessions that it names, and for the jobs that follow. */
static bool read_set_diff(struct agent_call *call)
{
	struct stratum_state *state = call->state;
	struct finding finding = new_finding(call, FINDING_DIFFICULTY, SENDER_POOL);
	uint8_t exponent = cursor_u8(&call->body);
	size_t count = cursor_u16le(&call->body);

	if (call->body.bad || exponent > EXPONENT_MAX || count == 0 ||
	    cursor_left(&call->body) != 2 * count)
		return false;
	finding.difficulty = (double)((uint64_t)1 << exponent);
	finding.work = stratum_unit_work(&state->unit, finding.difficulty);
	state->difficulty = finding.difficulty;
	state->target_work = 0;
	emit(call, &finding);
	return true;
}

static bool read_unregister(struct agent_call *call)
{
	struct finding finding = new_finding(call, FINDING_REQUEST, SENDER_MINER);

	emit(call, &finding);
	return true;
}

bool btcagent_decode(struct stratum_state *state, const struct message *msg,
		     const struct finding_out *out)
{
	size_t len;
	struct agent_call call = { .state = state, .out = out };

	if (btcagent_frame(msg->bytes, &len) != FRAME_WHOLE || len != msg->bytes.len)
		return false;
	/* Four bytes may look like a header by chance; two such messages do not. */
	call.proof = state->is_seen || state->has_agent ? PROOF_CONFIRMED : PROOF_SUSPECT;
	call.body = cursor_of(msg->bytes);
	cursor_skip(&call.body, 1);
	uint8_t command = cursor_u8(&call.body);
	cursor_skip(&call.body, 2);
	struct stratum_state before = *state;
	(void)see(&call, msg->dir, command == COMMAND_SET_DIFF ? SENDER_POOL : SENDER_MINER);
	bool is_read = command == COMMAND_REGISTER     ? read_register(&call)
		       : command == COMMAND_SET_DIFF   ? read_set_diff(&call)
		       : command == COMMAND_UNREGISTER ? read_unregister(&call)
						       : read_share(&call);

	if (!is_read)
		*state = before;
	return is_read;
}

static enum probe_result agent_probe(struct slice first, enum direction dir)
{
	size_t len;

	(void)dir;
	for (unsigned i = 0; i < PROBE_MESSAGES; i++) {
		switch (btcagent_frame(first, &len)) {
		case FRAME_WHOLE:
			first = slice_tail(first, len);
			break;
		case FRAME_MORE:
			return PROBE_MAYBE;
		case FRAME_BAD:
			return first.len == 0 ? PROBE_MAYBE : PROBE_NO;
		}
	}
	return PROBE_YES;
}

/* Lines are those of stratum_v1.c until a binary message was heard. */
static bool agent_decode(void *state, struct message *msg, const struct finding_out *out)
{
	const struct stratum_state *flow = state;
	size_t len;

	if (!flow->has_agent && btcagent_frame(msg->bytes, &len) == FRAME_BAD)
		return false;
	return stratum_decode(state, msg, out);
}

const struct dialect dialect_btcagent = {
	.name = "btcagent",
	.state_size = sizeof(struct stratum_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.is_binary = true,
	.probe = agent_probe,
	.frame = stratum_frame,
	.decode = agent_decode,
};
