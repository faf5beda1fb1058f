/* aside.c: a block of messages, each behind a small head. */
#include "sensor/aside.h"

#include <string.h>

struct head {
	uint64_t said_ns;
	uint16_t len;
	uint8_t framer;
	bool is_cut;
};

#define ROOM (BLOCK_SMALL - sizeof(struct aside))

static struct aside *begin(struct blocks *blocks)
{
	struct aside *self = (struct aside *)(void *)blocks_take(blocks, BLOCK_SMALL);

	if (self != NULL)
		*self = (struct aside){ 0 };
	return self;
}

bool aside_keep(struct aside **self, struct blocks *blocks, const struct aside_message *message)
{
	struct head head = { .said_ns = message->said_ns,
			     .len = (uint16_t)message->bytes.len,
			     .framer = message->framer,
			     .is_cut = message->is_cut };
	size_t used = *self == NULL ? 0 : (*self)->len;
	uint8_t *at;

	if (message->bytes.len == 0 || message->bytes.len + sizeof(head) > ROOM - used)
		return false;
	if (*self == NULL)
		*self = begin(blocks);
	if (*self == NULL)
		return false;
	at = (*self)->bytes + used;
	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), message->bytes.ptr, message->bytes.len);
	(*self)->len = (uint16_t)(used + sizeof(head) + message->bytes.len);
	return true;
}

bool aside_next(const struct aside *self, size_t *at, struct aside_message *message)
{
	struct head head;

	if (self == NULL || *at >= self->len)
		return false;
	memcpy(&head, self->bytes + *at, sizeof(head));
	*at += sizeof(head);
	*message = (struct aside_message){ .said_ns = head.said_ns,
					   .framer = head.framer,
					   .is_cut = head.is_cut,
					   .bytes = slice_of(self->bytes + *at, head.len) };
	*at += head.len;
	return true;
}

void aside_ask(struct aside *self, uint64_t id, uint64_t said_ns)
{
	self->asked[self->asked_next] = (struct aside_request){ id, said_ns };
	self->asked_next = (uint8_t)((self->asked_next + 1) % ASIDE_ASKED);
}

void aside_drop(struct aside **self, struct blocks *blocks)
{
	if (*self != NULL)
		blocks_give(blocks, (uint8_t *)*self, BLOCK_SMALL);
	*self = NULL;
}
