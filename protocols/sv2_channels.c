/* sv2_channels.c: a short table, searched from its beginning. */
#include "protocols/sv2_channels.h"

#include <math.h>

_Static_assert(SV2_CHANNELS <= 16, "a channel is a bit");

static bool is_used(const struct sv2_channels *self, size_t index)
{
	return (self->used >> index & 1) != 0;
}

static bool is_pending(const struct sv2_channels *self, size_t index)
{
	return (self->pending >> index & 1) != 0;
}

static size_t find(const struct sv2_channels *self, uint32_t id, bool wants_pending)
{
	size_t i = 0;

	while (i < SV2_CHANNELS &&
	       !(is_used(self, i) && is_pending(self, i) == wants_pending && self->id[i] == id))
		i++;
	return i;
}

static void clear(struct sv2_channels *self, size_t index)
{
	self->used &= (uint16_t) ~(1u << index);
	self->pending &= (uint16_t) ~(1u << index);
	self->rate[index] = 0;
	self->work[index] = 0;
}

static size_t add(struct sv2_channels *self, uint32_t id)
{
	size_t i = 0;

	while (i < SV2_CHANNELS && is_used(self, i))
		i++;
	if (i == SV2_CHANNELS) {
		i = self->next;
		self->next = (uint8_t)((i + 1) % SV2_CHANNELS);
		self->rate_lost += self->rate[i];
		clear(self, i);
	}
	self->used |= (uint16_t)(1u << i);
	self->id[i] = id;
	self->group[i] = id;
	return i;
}

size_t sv2_channels_find(const struct sv2_channels *self, uint32_t channel)
{
	return find(self, channel, false);
}

size_t sv2_channels_take(struct sv2_channels *self, uint32_t channel)
{
	size_t i = find(self, channel, false);

	return i < SV2_CHANNELS ? i : add(self, channel);
}

void sv2_channels_ask(struct sv2_channels *self, uint32_t request, float rate)
{
	size_t i = find(self, request, true);

	if (i == SV2_CHANNELS)
		i = add(self, request);
	self->pending |= (uint16_t)(1u << i);
	self->rate[i] = rate;
}

size_t sv2_channels_open(struct sv2_channels *self, uint32_t request, uint32_t channel)
{
	size_t i;

	sv2_channels_close(self, channel);
	i = find(self, request, true);
	if (i == SV2_CHANNELS)
		i = add(self, channel);
	self->pending &= (uint16_t) ~(1u << i);
	self->id[i] = channel;
	return i;
}

void sv2_channels_refuse(struct sv2_channels *self, uint32_t request)
{
	size_t i = find(self, request, true);

	if (i < SV2_CHANNELS)
		clear(self, i);
}

void sv2_channels_close(struct sv2_channels *self, uint32_t channel)
{
	size_t i = find(self, channel, false);

	if (i < SV2_CHANNELS)
		clear(self, i);
}

bool sv2_channels_is_for(const struct sv2_channels *self, size_t index, uint32_t number)
{
	return is_used(self, index) && !is_pending(self, index) &&
	       (self->id[index] == number || self->group[index] == number);
}

double sv2_channels_rate(const struct sv2_channels *self)
{
	double sum = (double)self->rate_lost;

	for (size_t i = 0; i < SV2_CHANNELS; i++)
		sum += (double)self->rate[i];
	return isfinite(sum) ? sum : 0;
}
