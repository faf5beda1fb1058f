/* inspect.c: a flow under inspection: packets -> stream -> wrapping -> conversation -> session. */
#include "sensor/inspect.h"

#include <assert.h>
#include <stdlib.h>

#include "sensor/conversation.h"
#include "sensor/large.h"
#include "sensor/limits.h"
#include "sensor/wrapping.h"

_Static_assert(LIMIT_MESSAGE_BYTES <= BLOCK_LARGE, "a message fits the largest block");

struct inspect {
	struct inspect_pool *pool;
	struct inspect *next_free;
	struct stream *stream;
	struct wrapping wrapping;
	struct conversation conversation;
};

struct inspect_pool {
	struct inspect *all;
	struct inspect *free;  /* given back; before the fresh ones */
	size_t fresh;          /* from here on never used: their pages are not even there yet */
	dialect_state *states; /* by place in all, as many as there are dialects */
	struct session_room *sessions;
	struct stream_pool *streams;
	struct inflate_pool *inflates;
	struct conversation_room room;
};

struct inspect_pool *inspect_pool_new(size_t flows, size_t message_bytes, size_t held_bytes,
				      struct stats *stats)
{
	struct inspect_pool *pool = calloc(1, sizeof(*pool));

	assert(dialect_count <= 32); /* conversation.begun_states */
	if (pool == NULL)
		return NULL;
	pool->all = large_reserve((flows + 1) * sizeof(*pool->all));
	/* Not on huge pages: few of them are ever touched. */
	pool->states = malloc((flows + 1) * dialect_count * sizeof(*pool->states));
	pool->sessions = malloc((flows + 1) * sizeof(*pool->sessions));
	pool->streams = stream_pool_new(flows, held_bytes, stats);
	pool->inflates = inflate_pool_new(LIMIT_INFLATERS);
	pool->room.stats = stats;
	pool->room.blocks = blocks_new(message_bytes);
	if (pool->all == NULL || pool->states == NULL || pool->sessions == NULL ||
	    pool->streams == NULL || pool->inflates == NULL || pool->room.blocks == NULL) {
		inspect_pool_free(pool);
		return NULL;
	}
	return pool;
}

void inspect_pool_free(struct inspect_pool *pool)
{
	if (pool == NULL)
		return;
	stream_pool_free(pool->streams);
	inflate_pool_free(pool->inflates);
	blocks_free(pool->room.blocks);
	free(pool->states);
	free(pool->sessions);
	free(pool->all);
	free(pool);
}

struct inspect *inspect_new(struct inspect_pool *pool, const struct preface before[2])
{
	struct stream *stream = stream_new(pool->streams); /* as many as there are flows */
	struct inspect *self = pool->free;

	if (stream == NULL) {
		stats_add(pool->room.stats->inspect_capped, 1);
		return NULL;
	}
	if (self != NULL)
		pool->free = self->next_free;
	else
		self = &pool->all[pool->fresh++];
	self->pool = pool;
	self->stream = stream;
	size_t place = (size_t)(self - pool->all);
	struct conversation_rest rest = { &pool->states[place * dialect_count],
					  &pool->sessions[place] };

	conversation_begin(&self->conversation, &pool->room, &rest, before);
	wrapping_begin(&self->wrapping, &self->conversation, pool->inflates, before);
	return self;
}

void inspect_free(struct inspect *self)
{
	if (self == NULL)
		return;
	wrapping_end(&self->wrapping);
	conversation_end(&self->conversation);
	stream_free(self->stream);
	self->next_free = self->pool->free;
	self->pool->free = self;
}

void inspect_see(struct inspect *self)
{
	self->conversation.is_seen = true;
	self->conversation.was_seen = true;
}

void inspect_know_caller(struct inspect *self)
{
	self->conversation.is_caller_known = true;
}

/* --- what the stream gives ------------------------------------------------------------------ */

/* The stream's directions are those of the first packet: sides, for all that follows. */
static enum direction side_of(const struct inspect *self, enum direction dir)
{
	return conversation_dir(&self->conversation, dir);
}

static void take_bytes(void *ctx, enum direction side, struct slice bytes, uint64_t time_ns)
{
	struct inspect *self = ctx;
	enum direction other = side == DIR_TO_SERVER ? DIR_TO_CLIENT : DIR_TO_SERVER;

	session_miss(&self->conversation.session, side_of(self, other),
		     stream_misses(self->stream, other));
	conversation_arrive(&self->conversation, side, bytes.len, time_ns);
	wrapping_bytes(&self->wrapping, side, bytes);
}

static void take_gap(void *ctx, enum direction side, uint32_t missing, uint64_t until_ns)
{
	struct inspect *self = ctx;

	(void)missing;
	self->conversation.is_seen = false;
	wrapping_gap(&self->wrapping, side, until_ns);
}

static struct stream_out stream_out_of(struct inspect *self)
{
	return (struct stream_out){ .data = take_bytes, .gap = take_gap, .ctx = self };
}

void inspect_expect(struct inspect *self, enum direction dir, uint32_t seq)
{
	stream_expect(self->stream, side_of(self, dir), seq);
}

void inspect_resume(struct inspect *self, enum direction dir, uint32_t seq)
{
	stream_resume(self->stream, side_of(self, dir), seq);
}

void inspect_packet(struct inspect *self, enum direction dir, const struct packet *packet)
{
	const struct stream_out out = stream_out_of(self);

	if (packet->payload_wire > 0 || packet->payload.len > 0)
		session_hear(&self->conversation.session, dir);
	stream_packet(self->stream, side_of(self, dir), packet, &out);
}

void inspect_tick(struct inspect *self, uint64_t now_ns)
{
	const struct stream_out out = stream_out_of(self);

	stream_tick(self->stream, now_ns, &out);
	conversation_tick(&self->conversation);
}

bool inspect_is_waiting(const struct inspect *self)
{
	return stream_is_waiting(self->stream) || conversation_is_waiting(&self->conversation) ||
	       session_is_waiting(&self->conversation.session);
}

void inspect_flush(struct inspect *self, uint64_t now_ns)
{
	const struct stream_out out = stream_out_of(self);

	stream_flush(self->stream, &out);
	(void)now_ns; /* what is kept came before */
	for (unsigned side = 0; side < 2; side++)
		wrapping_cut(&self->wrapping, side);
}

void inspect_swap_roles(struct inspect *self)
{
	self->conversation.is_swapped ^= 1;
	session_swap_roles(&self->conversation.session);
}

struct session *inspect_session(struct inspect *self)
{
	return &self->conversation.session;
}

bool inspect_is_foreign(const struct inspect *self)
{
	return conversation_is_foreign(&self->conversation);
}

bool inspect_is_idle(const struct inspect *self)
{
	return conversation_is_idle(&self->conversation);
}

const struct tls_hello *inspect_hello(const struct inspect *self)
{
	return wrapping_hello(&self->wrapping);
}

bool inspect_is_wrapped(const struct inspect *self, enum direction dir)
{
	return wrapping_is_inside(&self->wrapping, side_of(self, dir));
}
