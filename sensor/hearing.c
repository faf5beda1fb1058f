/* hearing.c: asks the dialects, and lets one of them read. */
#include "sensor/hearing.h"

#include "protocols/http.h"
#include "sensor/recital.h"

/* What a dialect would make of a message, worst first. */
enum claim {
	CLAIM_NONE,
	CLAIM_KNOWN, /* no fact, or only the answer to somebody's request */
	CLAIM_FACT,
	CLAIM_LIKELY,
	CLAIM_CONFIRMED
};

/* Where the findings of one message go. */
struct sink {
	struct conversation *conversation;
	const char *dialect;
	enum direction dir;
	uint64_t time_ns;
	enum claim claim;
	struct gist gist; /* of what proves something */
	bool is_posted;   /* it is the body of an HTTP request */
	bool is_odd;      /* ... and who reads it has other carriers by nature */
	bool is_bare;     /* it is in no HTTP message, nor of a binary dialect */
	bool is_applied;  /* findings go on to the session: all, or none */
};

/* 1 + index of the first dialect that frames text: they all frame alike. */
size_t hearing_text(void)
{
	size_t i = 0;

	while (dialects[i]->is_binary)
		i++;
	return 1 + i;
}

static enum claim weigh(const struct finding *finding)
{
	switch (finding->proof) {
	case PROOF_CONFIRMED:
		return CLAIM_CONFIRMED;
	case PROOF_LIKELY:
		return CLAIM_LIKELY;
	case PROOF_NODE:
	case PROOF_SUSPECT:
	case PROOF_NONE:
		break;
	}
	return finding->kind == FINDING_REPLY && finding->proof == PROOF_NONE ? CLAIM_KNOWN
									      : CLAIM_FACT;
}

static void set_dialect(struct sink *sink, const struct dialect *dialect)
{
	sink->dialect = dialect->name;
	sink->is_odd = sink->is_posted && !dialect->is_http;
	sink->is_bare = sink->is_bare && !dialect->is_binary;
}

static unsigned side_of(const struct sink *sink)
{
	return (unsigned)sink->dir ^ sink->conversation->is_swapped;
}

/* Nobody is seen who could answer what is sent up: not from the start on, or not until the second
 * body. */
static bool is_unheard(const struct conversation *self, unsigned side)
{
	return self->readings[1 - side].examined == 0 &&
	       (self->posted_before != 0 || (self->is_caller_known && !self->was_seen));
}

static void apply(const struct sink *sink, const struct finding *finding, bool is_doubted)
{
	struct conversation *self = sink->conversation;

	if (self->posted != 0 && finding->kind == FINDING_REPLY &&
	    session_awaits(&self->session, finding->request, sink->dir, sink->time_ns))
		self->is_answered = true;
	stats_add(self->room->stats->findings, 1);
	self->session.is_doubted = is_doubted;
	self->session.is_suspected = is_doubted && sink->is_odd && finding->sender != SENDER_POOL &&
				     is_unheard(self, side_of(sink));
	(void)session_apply(&self->session, sink->dialect, finding, sink->dir, sink->time_ns,
			    self->room->stats);
}

/* A file of a session that is sent, a log that is shipped or shown as it grows: one side says all
 * that was said, and the other nothing as anybody, at most what asks for it. What came first could
 * not be told from a miner; nothing counts beyond it. */
static bool is_recital(const struct sink *sink, unsigned side, const struct finding *finding)
{
	struct conversation *self = sink->conversation;

	return voice_recites(&self->readings[side].voice, finding) &&
	       (sink->is_bare ? recital_is_alone(self, side)
			      : !voice_is_heard(&self->readings[1 - side].voice));
}

/* What a doubted side says: two messages in a row that may be of one role end the doubt. One that
 * speaks for both sides quotes. False: this is a quotation. */
static bool believe(const struct sink *sink, const struct finding *finding)
{
	struct conversation *self = sink->conversation;
	unsigned side = side_of(sink);
	struct reading *reading = &self->readings[side];

	if (!reading->is_blind || self->session.is_open)
		return !is_recital(sink, side, finding);
	switch (voice_hear(&reading->voice, finding)) {
	case VOICE_ONE:
		if (reading->is_paired)
			conversation_believe(self, side);
		break;
	case VOICE_UNCERTAIN:
		break;
	case VOICE_BOTH:
		reading->is_foreign = true;
		conversation_doubt(self, side, DOUBT_AFRESH);
		return false;
	}
	return true;
}

/* Miners call, nobody calls them: who was called and speaks as one shows a file, a log, a value of
 * a store. What either may say is of the same then. */
static bool is_backwards(const struct sink *sink, const struct finding *finding)
{
	const struct conversation *self = sink->conversation;
	bool is_miner = finding->sender == SENDER_MINER ||
			(finding->sender == SENDER_UNKNOWN && self->posted != 0);

	return self->is_caller_known && is_miner && side_of(sink) == 1;
}

/* A record that is sent to a log server is a message in a body as well. It counts when the other
 * side answers as a pool does; when that side is not seen, behind a body of another kind, and is a
 * suspicion until then. What a pool says nobody sends up but a log. */
static bool is_credible(const struct sink *sink, const struct finding *finding)
{
	struct conversation *self = sink->conversation;
	unsigned side = side_of(sink);
	uint16_t kind = (uint16_t)(1u << finding->kind);

	if (self->session.is_open || finding->proof < PROOF_LIKELY)
		return true;
	if (is_backwards(sink, finding)) {
		self->posted |= kind;
		return self->is_answered;
	}
	if (sink->is_posted && finding->sender == SENDER_POOL)
		return false;
	if (!sink->is_odd)
		return true;
	self->posted |= kind;
	self->posted_here |= kind;
	return self->is_answered || (self->readings[1 - side].examined == 0 &&
				     (self->posted_before & ~(unsigned)kind) != 0);
}

static void take_finding(void *ctx, const struct finding *finding)
{
	const struct sink *sink = ctx;

	if (!believe(sink, finding))
		return;
	if (sink->is_bare)
		recital_hear(sink->conversation, side_of(sink), finding);
	apply(sink, finding, !is_credible(sink, finding));
}

static void overhear(void *ctx, const struct finding *finding)
{
	const struct sink *sink = ctx;

	if (!believe(sink, finding))
		return;
	if (sink->is_bare)
		recital_hear(sink->conversation, side_of(sink), finding);
	session_overhear(&sink->conversation->session, finding, sink->dir, sink->time_ns);
}

static void weigh_finding(void *ctx, const struct finding *finding)
{
	struct sink *sink = ctx;
	enum claim claim = weigh(finding);

	if (claim > sink->claim)
		sink->claim = claim;
	sink->gist.is_reply |= finding->kind == FINDING_REPLY;
	if (finding->proof < PROOF_LIKELY || finding->sender == SENDER_UNKNOWN)
		return;
	sink->gist.roles |= (uint8_t)(1u << finding->sender);
	if (finding->wants_reply && finding->sender == SENDER_MINER)
		sink->gist.asked = finding->request;
}

/* The dialect that is spoken: what begins with a fact, or with an answer that it, or rather the
 * session, waits for, is its own, and is taken at once. */
static void take_or_weigh(void *ctx, const struct finding *finding)
{
	struct sink *sink = ctx;
	bool is_first = sink->claim == CLAIM_NONE;

	weigh_finding(ctx, finding);
	if (is_first)
		sink->is_applied = sink->claim >= CLAIM_FACT ||
				   session_awaits(&sink->conversation->session, finding->request,
						  sink->dir, sink->time_ns);
	if (sink->is_applied)
		take_finding(sink, finding);
}

void conversation_tell(struct conversation *self, unsigned side, const struct finding *finding)
{
	const struct sink sink = { .conversation = self,
				   .dialect = "",
				   .dir = conversation_dir(self, side),
				   .time_ns = self->readings[side].time_ns };

	apply(&sink, finding, false);
}

/* A body that is a login and nothing else: it cannot be told from a miner's, and is one as far as
 * anybody knows. It looks likely where no answer would be seen, as it does without HTTP. */
void hearing_body_end(struct conversation *self, unsigned side)
{
	const unsigned login = 1u << FINDING_LOGIN;
	const unsigned others = ~(login | 1u << FINDING_SUBSCRIBE | 1u << FINDING_IDENTITY);
	const struct finding finding = { .kind = FINDING_LOGIN,
					 .sender = SENDER_MINER,
					 .proof = PROOF_LIKELY,
					 .dialect = self->session.view.dialect };
	const struct sink sink = { .conversation = self,
				   .dialect = self->session.spoken,
				   .dir = conversation_dir(self, side),
				   .time_ns = self->readings[side].said_ns };

	if ((self->posted_here & login) != 0 && (self->posted_here & others) == 0 &&
	    self->posted_count == 1 && !self->session.is_open && is_unheard(self, side))
		apply(&sink, &finding, false);
	self->posted_here = 0;
}

static bool is_begun(const struct conversation *self, size_t index)
{
	return (self->begun_states >> index & 1) != 0;
}

/* Zeroed when the dialect first speaks: most never do. */
static uint64_t *state_of(struct conversation *self, size_t index)
{
	if (!is_begun(self, index))
		memset(self->states[index], 0, sizeof(self->states[index]));
	self->begun_states |= UINT32_C(1) << index;
	return self->states[index];
}

/* Asks one dialect, on a copy of its state. */
static enum claim ask_dialect(const struct conversation *self, size_t index, struct message *msg,
			      struct gist *gist)
{
	struct sink sink = { .claim = CLAIM_NONE };
	const struct finding_out out = { .emit = weigh_finding, .ctx = &sink };
	dialect_state scratch;

	if (is_begun(self, index))
		memcpy(scratch, self->states[index], sizeof(scratch));
	else
		memset(scratch, 0, sizeof(scratch));
	if (!dialects[index]->decode(scratch, msg, &out))
		return CLAIM_NONE;
	*gist = sink.gist;
	return sink.claim == CLAIM_NONE ? CLAIM_KNOWN : sink.claim;
}

/* A web page, a file or a feed may hold any message. An HTTP answer counts when it was asked for;
 * when what was asked is not known, it must be what only mining over HTTP answers. */
bool hearing_is_stray(const struct conversation *self, const struct http_head *http)
{
	return http != NULL && http->is_response && self->current == 0 && !self->session.is_open;
}

/* 1 + index of the other text dialect that sees more in the message than *best, or 0. */
static size_t find_better(const struct conversation *self, struct message *msg, enum claim *best)
{
	bool is_stray = hearing_is_stray(self, msg->http);
	size_t found = 0;
	struct gist gist;

	for (size_t i = 0; i < dialect_count && *best < CLAIM_CONFIRMED; i++) {
		if (i + 1 == self->current || dialects[i]->is_binary ||
		    (is_stray && !dialects[i]->is_http))
			continue;
		enum claim claim = ask_dialect(self, i, msg, &gist);

		if (claim > *best) {
			*best = claim;
			found = i + 1;
		}
	}
	return found;
}

/* Decodes for good, as that dialect. */
static void decode(struct conversation *self, size_t found, struct message *msg, struct sink *sink)
{
	const struct finding_out out = { .emit = take_finding, .ctx = sink };

	set_dialect(sink, dialects[found - 1]);
	(void)dialects[found - 1]->decode(state_of(self, found - 1), msg, &out);
}

/* The dialect that is spoken reads the message in one go when its beginning is its own. Any other
 * answer it may have when nobody sees more in it. Returns the claim; *found is who read it, 0 when
 * nobody did. */
static enum claim read_as_current(struct conversation *self, struct message *msg, struct sink *sink,
				  size_t *found)
{
	size_t index = self->current - 1u;
	const struct finding_out out = { .emit = take_or_weigh, .ctx = sink };
	dialect_state before;
	enum claim best;

	memcpy(before, state_of(self, index), sizeof(before));
	set_dialect(sink, dialects[index]);
	bool is_mine = dialects[index]->decode(self->states[index], msg, &out);

	*found = self->current;
	if (sink->is_applied)
		return sink->claim;
	memcpy(self->states[index], before, sizeof(before));
	best = !is_mine ? CLAIM_NONE : sink->claim == CLAIM_NONE ? CLAIM_KNOWN : sink->claim;
	if (best < CLAIM_FACT) {
		size_t better = find_better(self, msg, &best);

		*found = better != 0 ? better : is_mine ? self->current : 0;
	}
	if (*found != 0)
		decode(self, *found, msg, sink);
	return best;
}

/* Nobody is spoken yet, or the framing has decided: whoever knows the message best reads it. */
static enum claim read_as_best(struct conversation *self, struct message *msg, size_t framer,
			       struct sink *sink, size_t *found)
{
	enum claim best = CLAIM_NONE;
	struct gist gist;

	if (dialects[framer - 1]->is_binary) {
		best = ask_dialect(self, framer - 1, msg, &gist);
		*found = best == CLAIM_NONE ? 0 : framer;
	} else {
		*found = find_better(self, msg, &best);
	}
	if (*found != 0)
		decode(self, *found, msg, sink);
	return best;
}

/* The second of two messages in a row that said nothing of its role. */
static void believe_pair(struct conversation *self, unsigned side)
{
	const struct reading *reading = &self->readings[side];

	if (reading->is_paired && reading->voice.verdict == VOICE_ONE)
		conversation_believe(self, side);
}

/* A message of nobody's. Half a one says nothing; in bounds, its rest does not either. A reply may
 * be ahead of what it answers. */
static void note_unknown(struct conversation *self, unsigned side, struct message *msg,
			 struct sink *sink, bool is_half)
{
	struct reading *reading = &self->readings[side];
	const struct finding_out out = { .emit = overhear, .ctx = sink };

	if (self->current == 0 && !msg->is_cut)
		(void)dialects_reply(msg, &out);
	believe_pair(self, side);
	reading->framer = 0;
	if (reading->is_bounded)
		reading->is_muted = true;
	if (reading->is_blind && !msg->is_cut)
		session_doubt(&self->session, msg->dir, DOUBT_AFRESH);
	if (is_half)
		return;
	stats_add(self->room->stats->messages_unknown, 1);
	if (self->current == 0 && self->unknown < CONVERSATION_UNKNOWN_MAX)
		self->unknown++;
}

/* Was it tokenised when it was framed, and nothing else since? */
static bool is_tokenised(const struct conversation *self, struct slice bytes, bool is_cut)
{
	const struct json *json = &self->room->json;

	return !is_cut && json->count > 0 && json->text.ptr == bytes.ptr &&
	       json->text.len == bytes.len;
}

/* Empty bytes: the head of an HTTP message, which may be nobody's. */
void hearing_message(struct conversation *self, unsigned side, size_t framer, struct slice bytes,
		     bool is_cut)
{
	struct reading *reading = &self->readings[side];
	struct message msg = { .bytes = bytes,
			       .dir = conversation_dir(self, side),
			       .is_cut = is_cut,
			       .is_alone = self->readings[1 - side].examined == 0,
			       .http = reading->http,
			       .plain = self->room->plain,
			       .json = &self->room->json,
			       .is_parsed = is_tokenised(self, bytes, is_cut) };
	struct sink sink = { .conversation = self,
			     .dir = msg.dir,
			     .time_ns = reading->said_ns,
			     .is_posted =
				     bytes.len > 0 && msg.http != NULL && !msg.http->is_response,
			     .is_bare = msg.http == NULL };
	bool is_spoken = self->current != 0 && !dialects[framer - 1]->is_binary &&
			 !dialects[self->current - 1]->is_binary;
	bool was_lost = reading->is_lost;
	size_t found;

	if (bytes.len == 0) {
		self->posted_before = self->posted;
		self->posted_here = 0;
		self->posted_count = 0;
	} else if (sink.is_posted && self->posted_count < UINT8_MAX) {
		self->posted_count++;
	}
	voice_begin(&reading->voice);
	enum claim claim = is_spoken ? read_as_current(self, &msg, &sink, &found)
				     : read_as_best(self, &msg, framer, &sink, &found);

	if (!is_cut && bytes.len > 0)
		reading->is_lost = false;
	if (found == 0) {
		if (bytes.len > 0)
			note_unknown(self, side, &msg, &sink, is_cut || was_lost);
		return;
	}
	believe_pair(self, side);
	stats_add(self->room->stats->messages, 1);
	if (claim >= CLAIM_FACT) {
		self->current = (uint8_t)found;
		self->bad = 0;
	}
}

struct gist hearing_gist(const struct conversation *self, unsigned side,
			 const struct aside_message *message)
{
	size_t framer = message->framer - 1u;
	bool is_binary = dialects[framer]->is_binary;
	struct message msg = { .bytes = message->bytes,
			       .dir = conversation_dir(self, side),
			       .is_cut = message->is_cut,
			       .plain = self->room->plain,
			       .json = &self->room->json };
	enum claim best = CLAIM_NONE;
	struct gist found = { 0 };

	for (size_t i = 0; i < dialect_count; i++) {
		struct gist gist = { 0 };

		if (is_binary ? i != framer : dialects[i]->is_binary)
			continue;
		enum claim claim = ask_dialect(self, i, &msg, &gist);

		if (claim > best) {
			best = claim;
			found = gist;
		}
	}
	if (best == CLAIM_NONE && !is_binary && !message->is_cut) {
		struct sink sink = { .claim = CLAIM_NONE };
		const struct finding_out out = { .emit = weigh_finding, .ctx = &sink };

		(void)dialects_reply(&msg, &out);
		found.is_reply = sink.gist.is_reply;
	}
	return found;
}
