/* voice.h: as whom does one direction of a conversation speak?
 *
 * Each side of a connection is the miner's or the pool's. A page that quotes a session has the
 * words of both in one direction, and there requests find their own answers. */
#ifndef SENSOR_VOICE_H
#define SENSOR_VOICE_H

#include "protocols/dialect.h"

enum voice_verdict {
	VOICE_ONE,       /* one role, as far as it is known */
	VOICE_UNCERTAIN, /* a request next to what may be its answer: either may be quoted */
	VOICE_BOTH       /* both roles, for good: it quotes */
};

/* Flat; zeroed is "has said nothing". */
struct voice {
	uint64_t asked;  /* id of the miner's last request; 0: none */
	uint8_t roles;   /* bit per enum sender whose words were certain */
	uint8_t verdict; /* enum voice_verdict, on the last message */
	bool is_answer;  /* the last message answers its own side, or nobody knows whom */
	bool is_begun;   /* the message being read has said something */
	uint8_t trusted; /* roles that were certain while nobody doubted what it says */
};

/* A message begins. */
void voice_begin(struct voice *self);

/* One fact of it. */
enum voice_verdict voice_hear(struct voice *self, const struct finding *finding);

/* The same of a side that is not doubted: true once it has spoken as both. */
bool voice_recites(struct voice *self, const struct finding *finding);

/* It has spoken as somebody, doubted or not. */
bool voice_is_heard(const struct voice *self);

#endif
