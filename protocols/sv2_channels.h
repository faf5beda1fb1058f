/* sv2_channels.h: the channels of one Stratum V2 connection: whose target is what, who is in which
 * group, what each claims. A few are remembered; the oldest makes room. */
#ifndef PROTOCOLS_SV2_CHANNELS_H
#define PROTOCOLS_SV2_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SV2_CHANNELS 10

/* Flat, zeroed is empty. A channel that is asked for has its request's number until it gets its
 * own. */
struct sv2_channels {
	double work[SV2_CHANNELS]; /* hashes per share; 0: unknown */
	float rate[SV2_CHANNELS];  /* claimed, H/s */
	uint32_t id[SV2_CHANNELS];
	uint32_t group[SV2_CHANNELS];
	float rate_lost;  /* claimed for channels that were forgotten */
	uint16_t used;    /* bit per channel */
	uint16_t pending; /* bit per channel that is asked for */
	uint8_t next;     /* to be forgotten */
};

/* Index of an open channel; SV2_CHANNELS: not known. */
size_t sv2_channels_find(const struct sv2_channels *self, uint32_t channel);

/* The same; one that is not known, as in the middle of a connection, begins with nothing. */
size_t sv2_channels_take(struct sv2_channels *self, uint32_t channel);

/* A channel is asked for. */
void sv2_channels_ask(struct sv2_channels *self, uint32_t request, float rate);

/* It was opened, whether or not the request was heard. Returns its index. */
size_t sv2_channels_open(struct sv2_channels *self, uint32_t request, uint32_t channel);

void sv2_channels_refuse(struct sv2_channels *self, uint32_t request);
void sv2_channels_close(struct sv2_channels *self, uint32_t channel);

/* Is what names that number for the channel at the index: its own number, or its group's? */
bool sv2_channels_is_for(const struct sv2_channels *self, size_t index, uint32_t number);

/* What all channels claim together; 0: nothing. */
double sv2_channels_rate(const struct sv2_channels *self);

#endif
