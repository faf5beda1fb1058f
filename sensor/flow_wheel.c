/* flow_wheel.c: the timing wheel of the flow table.
 *
 * Reference: G. Varghese, T. Lauck, "Hashed and hierarchical timing wheels" (scheme 4, with far
 * timers cut to the end of the ring instead of a second wheel). */
#include "sensor/flow_wheel.h"

#define SLOT_MASK (FLOW_WHEEL_SLOTS - 1u)

void flow_wheel_init(struct flow_wheel *self, struct flow_cold *cold, uint64_t now_ns)
{
	self->cold = cold;
	self->tick = now_ns >> FLOW_TICK_SHIFT;
	for (size_t i = 0; i < FLOW_WHEEL_SLOTS; i++)
		self->head[i] = FLOW_NONE;
}

void flow_wheel_remove(struct flow_wheel *self, uint32_t index)
{
	struct flow_cold *cold = &self->cold[index];

	if (cold->wheel_slot == FLOW_NONE)
		return;
	if (cold->wheel_prev == FLOW_NONE)
		self->head[cold->wheel_slot] = cold->wheel_next;
	else
		self->cold[cold->wheel_prev].wheel_next = cold->wheel_next;
	if (cold->wheel_next != FLOW_NONE)
		self->cold[cold->wheel_next].wheel_prev = cold->wheel_prev;
	cold->wheel_slot = FLOW_NONE;
}

static void link_first(struct flow_wheel *self, uint32_t index, uint32_t slot)
{
	struct flow_cold *cold = &self->cold[index];

	cold->wheel_slot = slot;
	cold->wheel_prev = FLOW_NONE;
	cold->wheel_next = self->head[slot];
	if (cold->wheel_next != FLOW_NONE)
		self->cold[cold->wheel_next].wheel_prev = index;
	self->head[slot] = index;
}

void flow_wheel_schedule(struct flow_wheel *self, uint32_t index, uint64_t due_ns)
{
	const struct flow_cold *cold = &self->cold[index];
	uint64_t due_tick = (due_ns >> FLOW_TICK_SHIFT) + 1;
	uint64_t ahead = due_tick > self->tick ? due_tick - self->tick : 1;

	if (ahead > SLOT_MASK)
		ahead = SLOT_MASK;
	if (cold->wheel_slot != FLOW_NONE) {
		uint64_t ahead_now = (cold->wheel_slot - self->tick) & SLOT_MASK;

		if (ahead_now <= ahead)
			return;
		flow_wheel_remove(self, index);
	}
	link_first(self, index, (uint32_t)((self->tick + ahead) & SLOT_MASK));
}

void flow_wheel_advance(struct flow_wheel *self, uint64_t now_ns,
			void (*visit)(void *ctx, const uint32_t *indexes, size_t count), void *ctx)
{
	uint64_t from = self->tick;
	uint64_t now_tick = now_ns >> FLOW_TICK_SHIFT;
	uint64_t slots;

	if (now_tick <= from)
		return;
	slots = now_tick - from < FLOW_WHEEL_SLOTS ? now_tick - from : FLOW_WHEEL_SLOTS;
	self->tick = now_tick;
	for (uint64_t i = 1; i <= slots; i++) {
		uint32_t *head = &self->head[(from + i) & SLOT_MASK];
		uint32_t next = *head;

		/* Detached before the first visit: one of them may be put back into this slot. */
		*head = FLOW_NONE;
		while (next != FLOW_NONE) {
			uint32_t batch[FLOW_WHEEL_BATCH];
			size_t count = 0;

			for (; next != FLOW_NONE && count < FLOW_WHEEL_BATCH; count++) {
				batch[count] = next;
				self->cold[next].wheel_slot = FLOW_NONE;
				next = self->cold[next].wheel_next;
			}
			visit(ctx, batch, count);
		}
	}
}
