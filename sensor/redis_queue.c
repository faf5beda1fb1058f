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
	size_t head;
	size_t sent;
	size_t release;
	size_t tail;
	struct redis_entry *entries; /* ring, a power of two */
	size_t slots;
	size_t first; /* index that only rises */
	size_t count;
	size_t released; /* of count, from the first */
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
	self->sent -= self->head;
	self->release -= self->head;
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

int redis_queue_push(struct redis_queue *self, const struct redis_entry *entry, const char *bytes)
{
	if (!make_room(self, entry->len))
		return -ENOMEM;
	append(self, bytes, entry->len);
	*entry_at(self, self->count) = *entry;
	self->count++;
	self->events += is_event(entry);
	return 0;
}

void redis_queue_release(struct redis_queue *self, size_t count)
{
	while (count > 0 && self->released < self->count) {
		self->release += entry_at(self, self->released)->len;
		self->released++;
		count--;
	}
}

const char *redis_queue_to_send(const struct redis_queue *self, size_t *len)
{
	*len = self->release - self->sent;
	return self->bytes + self->sent;
}

void redis_queue_sent(struct redis_queue *self, size_t len)
{
	assert(len <= self->release - self->sent);
	self->sent += len;
}

struct redis_entry *redis_queue_first(struct redis_queue *self)
{
	struct redis_entry *entry = entry_at(self, 0);

	/* A reply to what was not even sent is no reply. */
	return self->released == 0 || entry->len > self->sent - self->head ? NULL : entry;
}

static void take_out_first(struct redis_queue *self)
{
	const struct redis_entry *entry = entry_at(self, 0);

	self->head += entry->len;
	self->events -= is_event(entry);
	self->first++;
	self->count--;
	if (self->count == 0) {
		self->head = 0;
		self->sent = 0;
		self->release = 0;
		self->tail = 0;
	}
}

void redis_queue_pop(struct redis_queue *self)
{
	assert(redis_queue_first(self) != NULL);
	self->released--;
	take_out_first(self);
}

void redis_queue_drop(struct redis_queue *self)
{
	assert(self->count > 0 && self->released == 0);
	self->sent += entry_at(self, 0)->len;
	self->release = self->sent;
	take_out_first(self);
}

int redis_queue_add_all(struct redis_queue *self, const struct redis_queue *other)
{
	const char *bytes = other->bytes + other->head;

	for (size_t i = 0; i < other->count; i++) {
		const struct redis_entry *entry = entry_at(other, i);
		int error = redis_queue_push(self, entry, bytes);

		if (error < 0)
			return error;
		bytes += entry->len;
	}
	return 0;
}

const char *redis_queue_first_bytes(const struct redis_queue *self)
{
	return self->bytes + self->head;
}

size_t redis_queue_size(const struct redis_queue *self)
{
	return self->tail - self->head;
}

int redis_queue_requeue(struct redis_queue *self, uint64_t ms, uint64_t seq)
{
	struct redis_entry *first = redis_queue_first(self);
	struct redis_entry again;
	char id[REDIS_ID_TEXT];
	size_t id_len = 0;

	assert(first != NULL);
	again = *first;
	if (!make_room(self, again.len + REDIS_ID_TEXT))
		return -ENOMEM;
	again.was_sent = false;
	if (again.id_at != 0) {
		const char *old = self->bytes + self->head;
		size_t after = again.id_at + again.id_len;

		id_len = redis_args_id_text(ms, seq, id);
		append(self, old, again.id_at);
		append(self, id, id_len);
		append(self, old + after, again.len - after);
		again.len = (uint32_t)(again.len - again.id_len + id_len);
		again.id_len = (uint8_t)id_len;
	} else {
		append(self, self->bytes + self->head, again.len);
	}
	*entry_at(self, self->count) = again;
	self->count++;
	self->events += is_event(&again);
	redis_queue_pop(self);
	return 0;
}

size_t redis_queue_drop_bulk(struct redis_queue *self, size_t bytes)
{
	size_t kept = self->released;
	size_t from = self->release;
	size_t to = self->release;
	size_t dropped = 0;
	size_t freed = 0;

	for (size_t i = self->released; i < self->count; i++) {
		struct redis_entry entry = *entry_at(self, i);

		if (entry.is_bulk && !entry.was_sent && freed < bytes) {
			freed += entry.len;
			dropped++;
			self->events -= is_event(&entry);
		} else {
			if (to != from)
				memmove(self->bytes + to, self->bytes + from, entry.len);
			to += entry.len;
			*entry_at(self, kept++) = entry;
		}
		from += entry.len;
	}
	assert(from == self->tail);
	self->tail = to;
	self->count = kept;
	return dropped;
}

void redis_queue_rewind(struct redis_queue *self)
{
	for (size_t i = 0; i < self->released; i++)
		entry_at(self, i)->was_sent = true;
	self->released = 0;
	self->sent = self->head;
	self->release = self->head;
}

size_t redis_queue_released(const struct redis_queue *self)
{
	return self->released;
}

size_t redis_queue_waiting(const struct redis_queue *self)
{
	return self->count - self->released;
}

size_t redis_queue_count(const struct redis_queue *self)
{
	return self->count;
}

uint64_t redis_queue_events(const struct redis_queue *self)
{
	return self->events;
}
