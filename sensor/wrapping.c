/* wrapping.c: peels carriers off the bytes of a flow, layer by layer. */
#include "sensor/wrapping.h"

#include <assert.h>

#include "protocols/http.h"
#include "sensor/limits.h"

#define NAMES_BYTES 64
#define BEGUN_BYTES 3 /* of a carrier before a hole: the least that tells which */

/* Ends a compressed message of RFC 7692, which is sent without it. */
static const uint8_t message_tail[] = { 0x00, 0x00, 0xff, 0xff };

static void feed(struct wrapping *self, unsigned side, size_t level, struct slice bytes);

_Static_assert(CARRIER_STATE_MAX <= BLOCK_SMALL, "a carrier's state fits a small block");

void wrapping_begin(struct wrapping *self, struct conversation *conversation,
		    struct inflate_pool *inflates, const struct preface before[2])
{
	memset(self, 0, sizeof(*self));
	self->conversation = conversation;
	self->inflates = inflates;
	/* A side that said something else first has no carrier: they all begin at once. */
	for (int side = 0; side < 2; side++) {
		self->sides[side].may_resume = !before[side].is_start;
		self->sides[side].is_plain =
			before[side].is_start && !preface_is_blank(&before[side]);
	}
}

void wrapping_end(struct wrapping *self)
{
	for (size_t i = 0; i < self->depth; i++) {
		struct wrapping_layer *layer = &self->layers[i];

		blocks_give(self->conversation->room->blocks, layer->state, BLOCK_SMALL);
		inflater_free(layer->inflaters[0]);
		inflater_free(layer->inflaters[1]);
	}
	self->depth = 0;
}

/* --- one carrier ---------------------------------------------------------------------------- */

/* What carriers tell goes to the session like any finding. */
struct tell {
	struct conversation *conversation;
	unsigned side;
};

static void tell(void *ctx, const struct finding *finding)
{
	const struct tell *to = ctx;

	conversation_tell(to->conversation, to->side, finding);
}

static void name_carriers(struct wrapping *self)
{
	char names[NAMES_BYTES] = "";
	size_t len = 0;

	for (size_t i = 0; i < self->depth; i++) {
		if (i > 0)
			len += slice_copy(slice_str("+"), names + len, sizeof(names) - len);
		len += slice_copy(slice_str(self->layers[i].carrier->name), names + len,
				  sizeof(names) - len);
	}
	session_carrier(&self->conversation->session, names);
}

/* False when there is no room: the side is read as it is. */
static bool push_layer(struct wrapping *self, const struct carrier *carrier)
{
	struct wrapping_layer *layer = &self->layers[self->depth];
	struct conversation_room *room = self->conversation->room;
	uint8_t *state = blocks_take(room->blocks, BLOCK_SMALL);

	if (state == NULL) {
		stats_add(room->stats->carriers_capped, 1);
		return false;
	}
	memset(state, 0, carrier->state_size);
	*layer = (struct wrapping_layer){ .carrier = carrier, .state = state };
	self->depth++;
	stats_add(room->stats->carriers, 1);
	name_carriers(self);
	return true;
}

static void skip_message(struct wrapping *self, struct wrapping_layer *layer, unsigned side)
{
	layer->is_skipped[side] = true;
	stats_add(self->conversation->room->stats->inflate_refused, 1);
}

/* The inflater of that side, at the first coded content of a message; NULL: none to be had.
 * Messages of a WebSocket refer to those before them, bodies of HTTP do not. */
static struct inflater *begin_inflate(struct wrapping *self, struct wrapping_layer *layer,
				      unsigned side, const struct carrier_step *step)
{
	struct inflater **inflater = &layer->inflaters[side];

	if (*inflater != NULL && step->http == NULL) {
		inflater_begin(*inflater, true);
		return *inflater;
	}
	inflater_free(*inflater);
	*inflater = inflater_new(self->inflates, step->encoding);
	return *inflater;
}

/* Whether inflated bytes are worth reading: bodies are judged by their first byte, as the carrier
 * does with those that are not coded. */
static bool is_worth_reading(struct wrapping_layer *layer, unsigned side, struct slice out)
{
	size_t blanks;

	if (layer->is_judged[side])
		return true;
	enum probe_result found = http_body_probe(out, &blanks);

	layer->is_judged[side] = found != PROBE_MAYBE;
	layer->is_skipped[side] = found == PROBE_NO;
	return found == PROBE_YES;
}

static void give_inflated(struct wrapping *self, struct wrapping_layer *layer, unsigned side,
			  struct slice in)
{
	struct inflater *inflater = layer->inflaters[side];

	while (!layer->is_skipped[side]) {
		size_t used;
		struct slice out = inflater_run(inflater, in, &used);

		in = slice_tail(in, used);
		if (inflater_is_bad(inflater))
			skip_message(self, layer, side);
		else if (out.len == 0 && used == 0)
			return;
		else if (out.len > 0 && is_worth_reading(layer, side, out))
			conversation_bytes(self->conversation, side, out);
	}
}

static void open_message(struct wrapping *self, struct wrapping_layer *layer, unsigned side,
			 const struct http_head *http)
{
	conversation_open(self->conversation, side, http);
	layer->is_open[side] = true;
	layer->is_skipped[side] = false;
	layer->is_coded[side] = false;
	layer->is_judged[side] = http == NULL; /* messages of a WebSocket need no judge */
}

static void close_message(struct wrapping *self, struct wrapping_layer *layer, unsigned side)
{
	if (!layer->is_open[side])
		return;
	conversation_close(self->conversation, side);
	layer->is_open[side] = false;
}

static void give_content(struct wrapping *self, struct wrapping_layer *layer, unsigned side,
			 const struct carrier_step *step)
{
	if (step->encoding == ENCODING_NONE) {
		conversation_bytes(self->conversation, side, step->content);
		return;
	}
	if (!layer->is_coded[side] && begin_inflate(self, layer, side, step) == NULL)
		skip_message(self, layer, side);
	layer->is_coded[side] = true;
	give_inflated(self, layer, side, step->content);
}

/* Content with bounds goes to the conversation: no carrier rides in messages. */
static void give_message(struct wrapping *self, struct wrapping_layer *layer, unsigned side,
			 const struct carrier_step *step)
{
	if (step->is_start)
		open_message(self, layer, side, step->http);
	if (!layer->is_open[side])
		return;
	if (step->content.len > 0 && !layer->is_skipped[side])
		give_content(self, layer, side, step);
	if (!step->is_end)
		return;
	if (layer->is_coded[side] && step->http == NULL)
		give_inflated(self, layer, side, slice_of(message_tail, sizeof(message_tail)));
	close_message(self, layer, side);
}

/* After lost bytes: true when the carrier begins again here. */
static bool is_found_again(struct wrapping *self, struct wrapping_layer *layer, unsigned side,
			   struct slice in)
{
	if (layer->is_lost[side] &&
	    layer->carrier->probe(in, conversation_dir(self->conversation, side)) == PROBE_YES)
		layer->is_lost[side] = false;
	return !layer->is_lost[side];
}

/* Both sides agreed on the carrier that follows: its first bytes need not tell. */
static void enter_agreed(struct wrapping *self, size_t level, const struct carrier *inner)
{
	if (inner != NULL && level == self->depth && level < WRAPPING_DEPTH)
		(void)push_layer(self, inner);
}

/* Gives bytes to the carrier of that level; returns what it leaves to the next one. */
static struct slice unwrap(struct wrapping *self, unsigned side, size_t level, struct slice in)
{
	struct wrapping_layer *layer = &self->layers[level];
	struct tell to = { .conversation = self->conversation, .side = side };
	const struct finding_out out = { .emit = tell, .ctx = &to };

	while (in.len > 0 && !layer->is_through[side]) {
		struct carrier_step step = { 0 };

		if (!layer->carrier->unwrap(layer->state,
					    conversation_dir(self->conversation, side), in, &step,
					    &out)) {
			close_message(self, layer, side);
			layer->is_through[side] = true;
			break;
		}
		assert(step.used <= in.len && (step.used > 0 || step.is_through));
		if (step.is_message)
			give_message(self, layer, side, &step);
		else if (step.content.len > 0)
			feed(self, side, level + 1, step.content);
		in = slice_tail(in, step.used);
		if (step.is_through) {
			close_message(self, layer, side);
			layer->is_through[side] = true;
			enter_agreed(self, level + 1, step.inner);
		}
	}
	return in;
}

/* --- which carrier -------------------------------------------------------------------------- */

static void read_plain(struct wrapping *self, unsigned side, size_t level, struct slice bytes)
{
	self->sides[side].is_plain = true;
	self->sides[side].plain_level = (uint8_t)level;
	if (bytes.len > 0)
		conversation_bytes(self->conversation, side, bytes);
}

/* The carrier that these bytes begin; NULL with *is_maybe: more bytes may tell. */
static const struct carrier *find_carrier(const struct wrapping *self, unsigned side,
					  struct slice first, bool *is_maybe)
{
	enum direction dir = conversation_dir(self->conversation, side);

	*is_maybe = false;
	for (size_t i = 0; i < carrier_count; i++) {
		enum probe_result result = carriers[i]->probe(first, dir);

		if (result == PROBE_YES)
			return carriers[i];
		if (result == PROBE_MAYBE)
			*is_maybe = true;
	}
	return NULL;
}

/* What was begun of a side, into the caller's buffer. */
static struct slice take_begun(struct wrapping_side *own, uint8_t buffer[CARRIER_PROBE_MAX])
{
	size_t len = own->probe_len;

	memcpy(buffer, own->probe, sizeof(own->probe));
	own->probe_len = 0;
	return slice_of(buffer, len);
}

static void enter(struct wrapping *self, unsigned side, size_t level, const struct carrier *carrier,
		  struct slice bytes)
{
	if (carrier == NULL || level == WRAPPING_DEPTH || !push_layer(self, carrier))
		read_plain(self, side, level, bytes);
	else
		feed(self, side, level, bytes);
}

/* The first bytes of a side at a new level: a carrier's, or nobody's. Too few to tell are kept. */
static void probe(struct wrapping *self, unsigned side, size_t level, struct slice bytes)
{
	struct wrapping_side *own = &self->sides[side];
	bool is_begun = own->probe_len > 0;
	struct slice part = slice_head(bytes, sizeof(own->probe) - own->probe_len);
	uint8_t buffer[CARRIER_PROBE_MAX];
	const struct carrier *carrier;
	bool is_maybe;

	memcpy(own->probe + own->probe_len, part.ptr, part.len);
	own->probe_len = (uint8_t)(own->probe_len + part.len);
	carrier = find_carrier(self, side, slice_of(own->probe, own->probe_len), &is_maybe);
	if (carrier == NULL && is_maybe && own->probe_len < sizeof(own->probe))
		return;
	if (!is_begun) { /* the usual case: all of it is here, in one piece */
		own->probe_len = 0;
		enter(self, side, level, carrier, bytes);
		return;
	}
	bytes = slice_tail(bytes, part.len);
	enter(self, side, level, carrier, take_begun(own, buffer));
	if (bytes.len > 0)
		feed(self, side, level, bytes);
}

/* A side that is read as it is for want of its carriers' openings goes on with a beginning of one
 * that the other side is in: what was around it is lost. Of a flow that is not known to mine it may
 * be a page, which the words before do not make a miner's. */
static bool is_joined(struct wrapping *self, unsigned side, struct slice bytes)
{
	struct wrapping_side *own = &self->sides[side];
	enum direction dir = conversation_dir(self->conversation, side);
	size_t level = own->plain_level;

	if (!self->conversation->session.is_open || self->conversation->readings[side].len > 0)
		return false;
	while (level < self->depth && (self->layers[level].is_through[side] ||
				       self->layers[level].carrier->probe(bytes, dir) != PROBE_YES))
		level++;
	if (level >= self->depth)
		return false;
	self->layers[level].is_lost[side] = false;
	while (level-- > own->plain_level)
		self->layers[level].is_through[side] = true;
	return true;
}

/* A side that is read as it is, and has shown nothing yet, or a body whose head was lost, may turn
 * out to be inside a carrier. */
static bool is_resumed(struct wrapping *self, unsigned side, struct slice bytes)
{
	struct wrapping_side *own = &self->sides[side];
	bool is_maybe;

	if (!own->may_resume || !own->is_plain || own->plain_level > self->depth)
		return false;
	if (own->plain_level < self->depth && is_joined(self, side, bytes))
		return true;
	if (!conversation_is_silent(self->conversation, side) &&
	    !(self->depth == 0 && conversation_is_headless(self->conversation, side)))
		return false;
	if (own->plain_level < self->depth)
		return is_found_again(self, &self->layers[own->plain_level], side, bytes) &&
		       !self->layers[own->plain_level].is_through[side];
	return find_carrier(self, side, bytes, &is_maybe) != NULL;
}

static void feed(struct wrapping *self, unsigned side, size_t level, struct slice bytes)
{
	struct wrapping_side *own = &self->sides[side];
	uint8_t buffer[CARRIER_PROBE_MAX];

	for (; bytes.len > 0; level++) {
		if (own->is_plain && own->plain_level == level) {
			conversation_bytes(self->conversation, side, bytes);
			return;
		}
		if (level == self->depth) {
			probe(self, side, level, bytes);
			return;
		}
		/* Begun before the other side put a carrier here: it belongs to that. */
		if (own->probe_len > 0 && !self->layers[level].is_through[side])
			feed(self, side, level, take_begun(own, buffer));
		if (!is_found_again(self, &self->layers[level], side, bytes))
			return;
		bytes = unwrap(self, side, level, bytes);
	}
}

/* The longest end of a header with which a side may go on behind a hole at its start. */
static size_t longest_rest(struct slice bytes)
{
	size_t longest = 0;

	for (size_t i = 0; i < carrier_count; i++) {
		size_t len = carriers[i]->rest == NULL ? 0 : carriers[i]->rest(bytes);

		if (len > longest)
			longest = len;
	}
	return longest;
}

/* In front of another carrier's beginning the end of a header is nothing. */
static struct slice behind_header(const struct wrapping *self, unsigned side, struct slice bytes)
{
	const struct wrapping_side *own = &self->sides[side];
	bool may_be = own->may_resume && !own->is_plain && own->probe_len == 0 && self->depth == 0;
	size_t len = may_be ? longest_rest(bytes) : 0;
	bool is_maybe;

	return len > 0 && find_carrier(self, side, slice_tail(bytes, len), &is_maybe) != NULL
		       ? slice_tail(bytes, len)
		       : bytes;
}

void wrapping_bytes(struct wrapping *self, unsigned side, struct slice bytes)
{
	if (is_resumed(self, side, bytes))
		self->sides[side].is_plain = false;
	bytes = behind_header(self, side, bytes);
	feed(self, side, 0, bytes);
}

/* --- what is missing ------------------------------------------------------------------------ */

/* The level at which the next bytes of that side are read; self->depth: below all carriers. */
static size_t level_of(const struct wrapping *self, unsigned side)
{
	size_t level = 0;

	while (level < self->depth && self->layers[level].is_through[side])
		level++;
	return level;
}

/* What a hole breaks off is a carrier's, as far as it goes: the hole is inside it. */
static void enter_begun(struct wrapping *self, unsigned side)
{
	enum direction dir = conversation_dir(self->conversation, side);
	uint8_t buffer[CARRIER_PROBE_MAX];
	struct slice begun = take_begun(&self->sides[side], buffer);
	size_t level = level_of(self, side);

	if (level < self->depth || level == WRAPPING_DEPTH || begun.len < BEGUN_BYTES)
		return;
	for (size_t i = 0; i < carrier_count; i++)
		if (carriers[i]->probe(begun, dir) == PROBE_MAYBE) {
			enter(self, side, level, carriers[i], begun);
			return;
		}
}

void wrapping_gap(struct wrapping *self, unsigned side, uint64_t until_ns)
{
	struct wrapping_side *own = &self->sides[side];

	if (own->probe_len > 0)
		enter_begun(self, side);
	own->may_resume = true;
	for (size_t i = 0; i < self->depth; i++) {
		struct wrapping_layer *layer = &self->layers[i];

		if (layer->is_through[side])
			continue;
		close_message(self, layer, side);
		inflater_free(layer->inflaters[side]); /* what comes may refer to what was lost */
		layer->inflaters[side] = NULL;
		layer->is_lost[side] = layer->carrier->gap(
			layer->state, conversation_dir(self->conversation, side));
		if (layer->is_lost[side])
			break; /* else it is the stream inside that has the hole */
	}
	conversation_gap(self->conversation, side, until_ns);
}

void wrapping_cut(struct wrapping *self, unsigned side)
{
	struct wrapping_side *own = &self->sides[side];
	struct slice begun = slice_of(own->probe, own->probe_len);

	for (size_t i = 0; i < self->depth; i++)
		close_message(self, &self->layers[i], side);
	own->probe_len = 0;
	read_plain(self, side, self->depth, begun);
	conversation_cut(self->conversation, side);
}

bool wrapping_is_inside(const struct wrapping *self, unsigned side)
{
	size_t level = level_of(self, side);

	return level < self->depth &&
	       !(self->sides[side].is_plain && self->sides[side].plain_level <= level);
}

const struct tls_hello *wrapping_hello(const struct wrapping *self)
{
	const struct wrapping_layer *inner =
		self->depth > 0 ? &self->layers[self->depth - 1] : NULL;

	return inner != NULL && inner->carrier->hello != NULL ? inner->carrier->hello(inner->state)
							      : NULL;
}
