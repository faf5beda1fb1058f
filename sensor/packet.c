/* packet.c: batches of packets, each with an arena for the bytes.
 *
 * libpcap reuses its buffer from frame to frame, so whatever crosses a thread is copied once. */
#include "sensor/packet.h"

#include <assert.h>
#include <stdlib.h>

struct packet_batch *packet_batch_new(size_t arena_bytes)
{
	struct packet_batch *batch = malloc(sizeof(*batch));

	if (batch == NULL)
		return NULL;
	batch->arena = malloc(arena_bytes == 0 ? 1 : arena_bytes);
	if (batch->arena == NULL) {
		free(batch);
		return NULL;
	}
	batch->size = arena_bytes;
	packet_batch_clear(batch);
	return batch;
}

void packet_batch_free(struct packet_batch *batch)
{
	if (batch == NULL)
		return;
	free(batch->arena);
	free(batch);
}

bool packet_batch_add(struct packet_batch *batch, const struct packet *packet)
{
	size_t len = packet->l3.len;
	size_t offset = 0;
	uint8_t *copy;
	struct packet *added;

	if (batch->count == LIMIT_BATCH_PACKETS || len > batch->size - batch->used)
		return false;
	if (packet->payload.len > 0)
		offset = (size_t)(packet->payload.ptr - packet->l3.ptr);
	assert(offset <= len && packet->payload.len <= len - offset);

	copy = batch->arena + batch->used;
	if (len > 0)
		memcpy(copy, packet->l3.ptr, len);
	added = &batch->packets[batch->count++];
	*added = *packet;
	added->l3 = slice_of(copy, len);
	added->payload = slice_sub(added->l3, offset, packet->payload.len);
	batch->used += len;
	return true;
}

void packet_batch_clear(struct packet_batch *batch)
{
	batch->count = 0;
	batch->used = 0;
	batch->tick_ns = 0;
	batch->upto_ns = 0;
}
