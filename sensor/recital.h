/* recital.h: is a conversation held, or is the record of one read out?
 *
 * A log that is copied bare to a log server has a miner's very lines. Where both directions are
 * seen from their first byte on, how it begins gives it away: nobody opens a connection with a
 * share, with an answer to nothing or as the pool. Such a side is a suspicion until the other one
 * answers it. A login may begin: it counts, unless a pool's words come along with it. */
#ifndef SENSOR_RECITAL_H
#define SENSOR_RECITAL_H

#include "sensor/conversation.h"

/* One fact of that side, before it counts; outside HTTP, of a dialect of text. */
void recital_hear(struct conversation *self, unsigned side, const struct finding *finding);

/* The next bytes of that side, from the beginning of a message on: before the first of them is
 * heard, those that came along with it are looked at. Returns how many bytes were scanned. */
size_t recital_look_ahead(struct conversation *self, unsigned side, struct slice bytes);

/* What the other side has said before, word for word: nobody's own, as long as the session is not
 * confirmed by both. Keeps in mind what is said. */
bool recital_is_echo(struct conversation *self, unsigned side, const struct aside_message *message);

/* What this side says, which is both roles' words, is nobody's: the other side is no partner. */
bool recital_is_alone(const struct conversation *self, unsigned side);

#endif
