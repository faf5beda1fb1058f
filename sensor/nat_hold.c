/* nat_hold.c: a queue of copied facts. */
#include "sensor/nat_hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void nat_hold_init(struct nat_hold *self)
{
	self->first = NULL;
	self->last = &self->first;
	self->count = 0;
}

void nat_hold_fini(struct nat_hold *self)
{
	struct nat_held *held;

	while ((held = nat_hold_take(self)) != NULL)
		free(held);
}

int nat_hold_add(struct nat_hold *self, const struct fact *fact, uint64_t due_ns)
{
	struct nat_held *held = malloc(offsetof(struct nat_held, fact) + fact->size);

	if (held == NULL)
		return -ENOMEM;
	held->due_ns = due_ns;
	held->next = NULL;
	memcpy(&held->fact, fact, fact->size);
	*self->last = held;
	self->last = &held->next;
	self->count++;
	return 0;
}

struct nat_held *nat_hold_take(struct nat_hold *self)
{
	struct nat_held *held = self->first;

	if (held == NULL)
		return NULL;
	self->first = held->next;
	if (self->first == NULL)
		self->last = &self->first;
	self->count--;
	return held;
}
