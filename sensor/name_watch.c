/* name_watch.c: the worker's own reader of names, of which only the answers are used. */
#include "sensor/name_watch.h"

#include <stdlib.h>

#include "sensor/names.h"

#define DNS_PORT 53

struct name_watch {
	struct lists_board *board;
	size_t slot;
	struct watched *watched;
	struct names *names;
	struct stats stats; /* the worker counts the same messages */
};

static void on_name(void *ctx, uint32_t index, struct name_fact *fact)
{
	(void)ctx;
	(void)index;
	(void)fact;
}

static void on_answer(void *ctx, uint32_t index, struct answer_fact *fact)
{
	struct name_watch *self = ctx;

	(void)index;
	for (size_t i = 0; i < fact->count && fact->listed != 0; i++)
		watched_add(self->watched, fact->addresses[i].ip_version, fact->addresses[i].addr);
}

struct name_watch *name_watch_new(struct lists_board *board, size_t slot, struct watched *watched)
{
	struct name_watch *self = calloc(1, sizeof(*self));
	struct names_hooks hooks = { .name = on_name, .answer = on_answer, .ctx = self };

	if (self == NULL)
		return NULL;
	self->board = board;
	self->slot = slot;
	self->watched = watched;
	self->names = names_new(&hooks, &self->stats);
	if (self->names == NULL) {
		free(self);
		return NULL;
	}
	return self;
}

void name_watch_free(struct name_watch *self)
{
	if (self == NULL)
		return;
	lists_board_leave(self->board, self->slot);
	names_free(self->names);
	free(self);
}

void name_watch_packet(struct name_watch *self, const struct packet *packet)
{
	if (packet->key.proto != IP_PROTO_UDP ||
	    (packet->key.port[0] != DNS_PORT && packet->key.port[1] != DNS_PORT))
		return;
	names_use(self->names, lists_board_read(self->board, self->slot));
	names_udp(self->names, 0, NULL, DIR_TO_CLIENT, packet);
	lists_board_leave(self->board, self->slot);
}
