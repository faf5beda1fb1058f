/* conversation_idle.c: what is not worth going on with. */
#include "protocols/dialect.h"
#include "sensor/conversation.h"
#include "sensor/limits.h"

/* One direction quotes, or both do behind holes: bytes in which they may still prove that they mean
 * it. */
#define FOREIGN_BYTES 4096

bool conversation_is_silent(const struct conversation *self, unsigned side)
{
	const struct reading *reading = &self->readings[side];

	return !self->session.is_open && self->current == 0 && reading->len == 0 &&
	       !reading->is_foreign;
}

bool conversation_is_headless(const struct conversation *self, unsigned side)
{
	const struct reading *reading = &self->readings[side];

	return self->current != 0 && dialects[self->current - 1]->is_http && reading->len == 0 &&
	       !reading->is_bounded && !reading->is_foreign;
}

bool conversation_is_foreign(const struct conversation *self)
{
	const struct reading *one = &self->readings[0];
	const struct reading *other = &self->readings[1];

	if (self->session.is_open || !(one->is_foreign || other->is_foreign))
		return false;
	return (one->is_foreign && other->is_foreign && (one->is_alien || other->is_alien)) ||
	       one->examined >= FOREIGN_BYTES || other->examined >= FOREIGN_BYTES;
}

/* Enough was read. A long message that began where one may begin is waited for. */
static bool is_exhausted(const struct reading *reading)
{
	bool is_begun = reading->len > 0 && !reading->is_foreign &&
			preface_judge(&reading->preface) == PREFACE_CLEAN;

	return reading->examined >= LIMIT_HINT_BYTES && !is_begun;
}

bool conversation_is_idle(const struct conversation *self)
{
	return !self->session.is_open &&
	       (self->unknown >= CONVERSATION_UNKNOWN_MAX || self->bad >= CONVERSATION_BAD_MAX ||
		is_exhausted(&self->readings[0]) || is_exhausted(&self->readings[1]) ||
		conversation_is_foreign(self));
}
