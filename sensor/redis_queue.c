/* redis_queue.c: a byte queue of commands and a ring of what is known about each.
 *
 * Bytes are moved to the front only when the end of the memory is reached; since the memory may
 * grow to twice the bound, at least the bound's bytes were taken out between two moves. */
#include "sensor/redis_queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/redis_args.h"

#define FIRST_BYTES   ((size_t)64 * 1024)
#define FIRST_ENTRIES 256

struct redis_queue {
	size_t max_bytes;
	char *bytes;
	size_t size;
	size_t base; /* entry->at of the first byte of the memory; only rises */
	size_t head;
	size_t tail;
	struct redis_entry *entries; /* ring, a power of two */
	size_t slots;
	size_t first; /* index that only rises */
	size_t count;
	size_t batch; /* of count, from the first */
	size_t done;  /* of batch */
	uint64_t events;
};

struct redis_queue *redis_queue_new(size_t max_bytes)
{
	struct redis_queue *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->max_bytes = max_bytes;
	self->size = FIRST_BYTES;
	self->slots = FIRST_ENTRIES;
	self->bytes = malloc(self->size);
	self->entries = calloc(self->slots, sizeof(*self->entries));
	if (self->bytes == NULL || self->entries == NULL) {
		redis_queue_free(self);
		return NULL;
	}
	return self;
}

void redis_queue_free(struct redis_queue *self)
{
	if (self == NULL)
		return;
	free(self->bytes);
	free(self->entries);
	free(self);
}

bool redis_queue_has_room(const struct redis_queue *self, size_t bytes)
{
	size_t used = self->tail - self->head;

	return used < self->max_bytes && bytes <= self->max_bytes - used;
}

static struct redis_entry *entry_at(const struct redis_queue *self, size_t index)
{
	return &self->entries[(self->first + index) & (self->slots - 1)];
}

/* The end of an event that nothing else holds. */
static bool is_event(const struct redis_entry *entry)
{
	return entry->ends_event && entry->sequence == 0;
}

static bool grow_entries(struct redis_queue *self)
{
	size_t slots = self->slots * 2;
	struct redis_entry *entries = calloc(slots, sizeof(*entries));

	if (entries == NULL)
		return false;
	for (size_t i = 0; i < self->count; i++)
		entries[(self->first + i) & (slots - 1)] = *entry_at(self, i);
	free(self->entries);
	self->entries = entries;
	self->slots = slots;
	return true;
}

static void move_to_front(struct redis_queue *self)
{
	memmove(self->bytes, self->bytes + self->head, self->tail - self->head);
	self->base += self->head;
	self->tail -= self->head;
	self->head = 0;
}

static bool make_room(struct redis_queue *self, size_t len)
{
	size_t used = self->tail - self->head;

	if (self->count == self->slots && !grow_entries(self))
		return false;
	if (len <= self->size - self->tail)
		return true;
	if (used <= self->size / 2 && len <= self->size / 2) {
		move_to_front(self);
		return true;
	}

	size_t size = self->size;
	char *bytes;

	while (size / 2 < used + len)
		size *= 2;
	bytes = realloc(self->bytes, size);
	if (bytes == NULL)
		return false;
	self->bytes = bytes;
	self->size = size;
	return true;
}

static void append(struct redis_queue *self, const char *bytes, size_t len)
{
	memcpy(self->bytes + self->tail, bytes, len);
	self->tail += len;
}

static void add_entry(struct redis_queue *self, const struct redis_entry *entry, size_t from)
{
	struct redis_entry *added = entry_at(self, self->count);

	*added = *entry;
	added->at = self->base + from;
	added->is_done = false;
	self->count++;
	self->events += is_event(entry);
}

int redis_queue_push(struct redis_queue *self, const struct redis_entry *entry, const char *bytes)
{
	size_t from;

	if (!make_room(self, entry->len))
		return -ENOMEM;
	from = self->tail;
	append(self, bytes, entry->len);
	add_entry(self, entry, from);
	return 0;
}

/* --- the batch ------------------------------------------------------------------------------ */

size_t redis_queue_begin(struct redis_queue *self, size_t count, size_t bytes)
{
	size_t used = 0;

	assert(self->batch == 0);
	while (self->batch < self->count && self->batch < count) {
		used += entry_at(self, self->batch)->len;
		if (used > bytes && self->batch > 0)
			break;
		self->batch++;
	}
	return self->batch;
}

size_t redis_queue_batch(const struct redis_queue *self)
{
	return self->batch;
}

struct redis_entry *redis_queue_entry(const struct redis_queue *self, size_t index)
{
	assert(index < self->count);
	return entry_at(self, index);
}

const char *redis_queue_bytes(const struct redis_queue *self, size_t index)
{
	return self->bytes + (redis_queue_entry(self, index)->at - self->base);
}

void redis_queue_done(struct redis_queue *self, size_t index)
{
	struct redis_entry *entry = redis_queue_entry(self, index);

	assert(index < self->batch && !entry->is_done);
	entry->is_done = true;
	self->done++;
	self->events -= is_event(entry);
}

int redis_queue_requeue(struct redis_queue *self, size_t index, uint64_t ms, uint64_t seq)
{
	struct redis_entry again = *redis_queue_entry(self, index);
	char id[REDIS_ID_TEXT];
	const char *old;
	size_t from;

	if (!make_room(self, again.len + REDIS_ID_TEXT))
		return -ENOMEM;
	old = redis_queue_bytes(self, index);
	from = self->tail;
	again.was_sent = false;
	if (again.id_at != 0) {
		size_t after = again.id_at + again.id_len;
		size_t id_len = redis_args_id_text(ms, seq, id);

		append(self, old, again.id_at);
		append(self, id, id_len);
		append(self, old + after, again.len - after);
		again.len = (uint32_t)(again.len - again.id_len + id_len);
		again.id_len = (uint8_t)id_len;
	} else {
		append(self, old, again.len);
	}
	redis_queue_done(self, index);
	add_entry(self, &again, from);
	return 0;
}

static void forget_first(struct redis_queue *self, size_t count)
{
	self->first += count;
	self->count -= count;
	if (self->count > 0) {
		self->head = entry_at(self, 0)->at - self->base;
		return;
	}
	self->base += self->tail;
	self->head = 0;
	self->tail = 0;
}

/* Moves what is not done to the end of the batch, the last one first. */
static void close_gaps(struct redis_queue *self)
{
	size_t kept = self->batch;
	struct redis_entry *last = entry_at(self, self->batch - 1);
	size_t to = last->at - self->base + last->len;

	for (size_t i = self->batch; i > 0; i--) {
		struct redis_entry entry = *entry_at(self, i - 1);

		if (entry.is_done)
			continue;
		to -= entry.len;
		memmove(self->bytes + to, self->bytes + (entry.at - self->base), entry.len);
		entry.at = self->base + to;
		*entry_at(self, --kept) = entry;
	}
	assert(kept == self->done);
}

void redis_queue_end(struct redis_queue *self)
{
	if (self->done > 0 && self->done < self->batch)
		close_gaps(self);
	forget_first(self, self->done);
	self->batch = 0;
	self->done = 0;
}

/* --- other ways in and out ------------------------------------------------------------------ */

void redis_queue_drop(struct redis_queue *self)
{
	assert(self->count > 0 && self->batch == 0);
	self->events -= is_event(entry_at(self, 0));
	forget_first(self, 1);
}

int redis_queue_add_all(struct redis_queue *self, const struct redis_queue *other)
{
	assert(other->batch == 0);
	for (size_t i = 0; i < other->count; i++) {
		int error = redis_queue_push(self, entry_at(other, i), redis_queue_bytes(other, i));

		if (error < 0)
			return error;
	}
	return 0;
}

size_t redis_queue_drop_bulk(struct redis_queue *self, size_t bytes)
{
	size_t kept = self->batch;
	size_t to = self->head;
	size_t dropped = 0;
	size_t freed = 0;

	if (self->batch > 0) {
		const struct redis_entry *last = entry_at(self, self->batch - 1);

		to = last->at - self->base + last->len;
	}
	for (size_t i = self->batch; i < self->count; i++) {
		struct redis_entry entry = *entry_at(self, i);
		size_t from = entry.at - self->base;

		if (entry.is_bulk && !entry.was_sent && freed < bytes) {
			freed += entry.len;
			dropped++;
			self->events -= is_event(&entry);
			continue;
		}
		if (to != from)
			memmove(self->bytes + to, self->bytes + from, entry.len);
		entry.at = self->base + to;
		to += entry.len;
		*entry_at(self, kept++) = entry;
	}
	self->tail = to;
	self->count = kept;
	return dropped;
}

size_t redis_queue_size(const struct redis_queue *self)
{
	return self->tail - self->head;
}

size_t redis_queue_waiting(const struct redis_queue *self)
{
	return self->count - self->batch;
}

size_t redis_queue_count(const struct redis_queue *self)
{
	return self->count - self->done;
}

uint64_t redis_queue_events(const struct redis_queue *self)
{
	return self->events;
}
