/* outbox.c: sends, keeps and offers again. */
#include "sensor/outbox.h"

#include <stdlib.h>
#include <string.h>

struct outbox_item {
	struct outbox_item *next;
	size_t size;
	uint64_t bytes[]; /* the decision; aligned as on a ring */
};

static void lose(struct outbox *self)
{
	stats_add(self->stats->decisions_dropped, 1);
}

static void send_lossless(struct outbox *self, struct ring *ring, const struct decision *decision)
{
	uint64_t deadline_ms = ring_now_ms() + (uint64_t)self->stall_timeout_s * 1000;

	if (!self->is_stalled && ring_push_wait(ring, decision, decision->size, deadline_ms))
		return;
	self->is_stalled = true;
	lose(self);
}

static void enqueue(struct outbox *self, const struct decision *decision)
{
	struct outbox_item *item = NULL;

	if (self->count < OUTBOX_QUEUE_MAX)
		item = malloc(sizeof(*item) + decision->size);
	if (item == NULL) {
		lose(self);
		return;
	}
	item->next = NULL;
	item->size = decision->size;
	memcpy(item->bytes, decision, decision->size);
	if (self->last != NULL)
		self->last->next = item;
	else
		self->first = item;
	self->last = item;
	self->count++;
}

static void dequeue(struct outbox *self)
{
	struct outbox_item *item = self->first;

	self->first = item->next;
	if (self->first == NULL)
		self->last = NULL;
	self->count--;
	free(item);
}

bool outbox_retry(struct outbox *self)
{
	size_t before = self->count;

	while (self->first != NULL &&
	       ring_push(self->urgent, self->first->bytes, self->first->size))
		dequeue(self);
	return self->count != before;
}

void outbox_send_urgent(struct outbox *self, const struct decision *decision)
{
	if (self->is_lossless) {
		send_lossless(self, self->urgent, decision);
		return;
	}
	/* Behind those that wait, never past them. */
	outbox_retry(self);
	if (self->first != NULL || !ring_push(self->urgent, decision, decision->size))
		enqueue(self, decision);
}

void outbox_send_bulk(struct outbox *self, const struct decision *decision)
{
	if (self->is_lossless)
		send_lossless(self, self->bulk, decision);
	else if (!ring_push(self->bulk, decision, decision->size))
		lose(self);
}

void outbox_close(struct outbox *self)
{
	uint64_t deadline_ms = ring_now_ms() + LIMIT_SHUTDOWN_S * 1000ull;

	while (self->first != NULL &&
	       ring_push_wait(self->urgent, self->first->bytes, self->first->size, deadline_ms))
		dequeue(self);
	while (self->first != NULL) {
		lose(self);
		dequeue(self);
	}
	ring_close(self->urgent);
	ring_close(self->bulk);
}

void outbox_fini(struct outbox *self)
{
	while (self->first != NULL)
		dequeue(self);
}
