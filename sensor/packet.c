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

struct packet *packet_batch_next(struct packet_batch *batch)
{
	return batch->count == LIMIT_BATCH_PACKETS ? NULL : &batch->packets[batch->count];
}

bool packet_batch_take(struct packet_batch *batch)
{
	struct packet *packet = &batch->packets[batch->count];
	struct slice bytes = packet->l3;
	uint8_t *copy = batch->arena + batch->used;
	size_t offset = 0;

	assert(batch->count < LIMIT_BATCH_PACKETS);
	if (bytes.len > batch->size - batch->used)
		return false;
	if (packet->payload.len > 0)
		offset = (size_t)(packet->payload.ptr - bytes.ptr);
	assert(offset <= bytes.len && packet->payload.len <= bytes.len - offset);
	if (bytes.len > 0)
		memcpy(copy, bytes.ptr, bytes.len);
	packet->l3 = slice_of(copy, bytes.len);
	packet->payload = slice_sub(packet->l3, offset, packet->payload.len);
	batch->used += bytes.len;
	batch->count++;
	return true;
}

bool packet_batch_add(struct packet_batch *batch, const struct packet *packet)
{
	struct packet *next = packet_batch_next(batch);

	if (next == NULL)
		return false;
	*next = *packet;
	return packet_batch_take(batch);
}

void packet_batch_clear(struct packet_batch *batch)
{
	batch->count = 0;
	batch->used = 0;
	batch->tick_ns = 0;
	batch->upto_ns = 0;
}
