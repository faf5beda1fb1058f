/* recital.c: what nobody begins a conversation with, and what answers it all the same.
 *
 * Nothing is known of a side that is not seen, and nothing of the bytes that were missed: there, a
 * share may well be what comes first. */
#include "sensor/recital.h"

#include "sensor/hearing.h"
#include "sensor/siphash.h"

#define ROLE(sender) (1u << (sender))

/* Messages of one segment: a miner says no more at once before it is answered. */
#define LOOK_AHEAD 8

/* What one side may say before it was told anything. Pools that greet with the difficulty are
 * believed as soon as somebody logs in. */
static bool may_begin(const struct finding *finding)
{
	switch (finding->kind) {
	case FINDING_SUBSCRIBE:
	case FINDING_LOGIN:
	case FINDING_REQUEST:
	case FINDING_IDENTITY:
	case FINDING_NODE:
		return finding->sender != SENDER_POOL;
	case FINDING_DIFFICULTY:
	case FINDING_JOB:
	case FINDING_SHARE:
	case FINDING_REPLY:
	case FINDING_KEEPALIVE:
	case FINDING_RECONNECT:
	case FINDING_CLAIMED_RATE:
		break;
	}
	return false;
}

/* Does it speak as somebody whom the other side is not? */
static bool is_partner(const struct conversation *self, unsigned side,
		       const struct finding *finding)
{
	const struct reading *reading = &self->readings[side];
	unsigned others = self->readings[1 - side].voice.trusted;

	if (finding->kind == FINDING_REPLY &&
	    session_awaits(&self->session, finding->request, conversation_dir(self, side),
			   reading->said_ns))
		return true;
	return finding->proof > PROOF_NONE && finding->sender != SENDER_UNKNOWN &&
	       (others & ROLE(finding->sender)) == 0;
}

/* Nothing came that the side could have been told. A caller is not told anything by words that
 * nobody understands, but may be asked by them. */
static bool is_untold(const struct conversation *self, unsigned side, enum finding_kind kind)
{
	const struct reading *other = &self->readings[1 - side];
	enum direction dir = conversation_dir(self, side);

	if (!session_stands_alone(&self->session, dir))
		return false;
	return !other->is_heard ||
	       (dir == DIR_TO_SERVER && kind != FINDING_REPLY && !other->is_party);
}

static void suspect(struct conversation *self, unsigned side)
{
	self->readings[side].is_recited = true;
	session_doubt(&self->session, conversation_dir(self, side), DOUBT_AFRESH);
}

static void acquit(struct conversation *self, unsigned side)
{
	self->readings[side].is_recited = false;
	session_doubt(&self->session, conversation_dir(self, side), DOUBT_NONE);
}

void recital_hear(struct conversation *self, unsigned side, const struct finding *finding)
{
	struct reading *reading = &self->readings[side];

	if (is_partner(self, side, finding)) {
		reading->is_party = true;
		if (self->readings[1 - side].is_recited)
			acquit(self, 1 - side);
	}
	if (!self->is_seen || self->session.is_open || reading->is_recited)
		return;
	if ((finding->proof >= PROOF_LIKELY || finding->kind == FINDING_REPLY) &&
	    !may_begin(finding) && is_untold(self, side, finding->kind))
		suspect(self, side);
}

bool recital_is_alone(const struct conversation *self, unsigned side)
{
	const struct reading *other = &self->readings[1 - side];

	return self->is_seen ? !other->is_party : !voice_is_heard(&other->voice);
}

/* A session that is confirmed and in which both sides said something of their own, or one is not
 * heard at all, has no echo. */
static bool has_echo(const struct conversation *self)
{
	const struct reading *one = &self->readings[0];
	const struct reading *other = &self->readings[1];

	return self->session.view.level < LEVEL_CONFIRMED ||
	       (one->examined > 0 && other->examined > 0 && !(one->is_itself && other->is_itself));
}

bool recital_is_echo(struct conversation *self, unsigned side, const struct aside_message *message)
{
	struct reading *reading = &self->readings[side];
	const struct reading *other = &self->readings[1 - side];

	if (!has_echo(self) || dialects[message->framer - 1]->is_binary || message->bytes.len == 0)
		return false;
	uint32_t hash = (uint32_t)siphash_id(message->bytes.ptr, message->bytes.len) | 1;

	for (size_t i = 0; i < READING_SAID; i++)
		if (other->said[i] == hash)
			return true;
	reading->is_itself = true;
	reading->said[reading->said_next] = hash;
	reading->said_next = (uint8_t)((reading->said_next + 1) % READING_SAID);
	return false;
}

size_t recital_look_ahead(struct conversation *self, unsigned side, struct slice bytes)
{
	struct reading *reading = &self->readings[side];
	size_t framer = hearing_text();
	struct aside_message message = { .framer = (uint8_t)framer };
	size_t scanned = 0;
	size_t skip;
	size_t len;

	if (!self->is_seen || self->session.is_open || reading->is_recited || reading->is_bounded ||
	    conversation_dir(self, side) != DIR_TO_SERVER || !is_untold(self, side, FINDING_REPLY))
		return 0;
	for (int count = 0; count < LOOK_AHEAD && !reading->is_recited; count++) {
		if (dialects[framer - 1]->frame(&self->room->json, bytes, &skip, &len) !=
		    FRAME_WHOLE) {
			scanned += bytes.len;
			break;
		}
		message.bytes = slice_sub(bytes, skip, len);
		bytes = slice_tail(bytes, skip + len);
		scanned += skip + len;
		if (count == 0)
			continue; /* it is heard at once */
		const struct gist gist = hearing_gist(self, side, &message);

		if (gist.is_reply || (gist.roles & ROLE(SENDER_POOL)) != 0)
			suspect(self, side);
	}
	self->room->json.count = 0;
	return scanned;
}
