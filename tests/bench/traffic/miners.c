/* miners.c: mining sessions among everybody else.
 *
 *	miners SESSIONS FLOWS    sessions of ten minutes, begun within one, among short DNS, TLS and
 *	                         HTTP flows
 *	flood PACKETS SESSIONS   half of the sessions from before until after a flood of flows of
 *one packet, half of them begun behind it
 *
 * How many sessions and accepted shares there are is said on standard error: what a sensor must
 * find. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "miner.h"
#include "shape.h"
#include "timeline.h"
#include "web.h"

#define S_US       UINT64_C(1000000)
#define BEGIN_US   (60 * S_US)
#define SESSION_US (600 * S_US)
#define WEB_MAX    65536 /* short flows at once */

#define FLOOD_BEFORE_US (20 * S_US)
#define FLOOD_AFTER_US  (200 * S_US)

struct crowd {
	struct timeline timeline;
	struct miner *miners;
	size_t miner_count;
	struct web *webs;
	uint32_t *free_webs;
	size_t free_count;
	uint64_t web_count; /* begun so far */
	uint64_t web_total;
};

static void crowd_free(struct crowd *self)
{
	timeline_free(&self->timeline);
	free(self->miners);
	free(self->webs);
	free(self->free_webs);
}

static int crowd_new(struct crowd *self, size_t miners, size_t webs)
{
	self->miner_count = miners;
	self->miners = calloc(miners, sizeof(*self->miners));
	self->webs = calloc(webs + 1, sizeof(*self->webs));
	self->free_webs = calloc(webs + 1, sizeof(*self->free_webs));
	if (self->miners == NULL || self->webs == NULL || self->free_webs == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < webs; i++)
		self->free_webs[self->free_count++] = (uint32_t)i;
	return 0;
}

static int add_miner(struct writer *writer, struct crowd *self, size_t number, uint64_t from_us,
		     uint64_t to_us)
{
	miner_begin(writer, &self->miners[number], (uint32_t)number, to_us);
	return timeline_add(&self->timeline, from_us, number);
}

static void report(const struct crowd *self)
{
	uint64_t shares = 0;

	for (size_t i = 0; i < self->miner_count; i++)
		shares += self->miners[i].shares;
	fprintf(stderr, "%zu sessions, %" PRIu64 " shares\n", self->miner_count, shares);
}

/* The next short flow begins, and so does the wait for the one behind it. */
static int web_arrives(struct writer *writer, struct crowd *self, size_t who)
{
	uint64_t mean_us = (BEGIN_US + SESSION_US) / self->web_total + 1;
	uint32_t place;
	int rc;

	if (self->free_count == 0)
		return -ENOSPC;
	place = self->free_webs[--self->free_count];
	web_begin(writer, &self->webs[place], self->web_count++);
	rc = timeline_add(&self->timeline, writer->time_us, who + 1 + place);
	if (rc == 0 && self->web_count < self->web_total)
		rc = timeline_add(&self->timeline,
				  writer->time_us + random_gap(writer, mean_us, 10 * mean_us), who);
	return rc;
}

/* The turns: miners, then the arrival of short flows, then these flows. */
static int take_turn(struct writer *writer, struct crowd *self, const struct turn *turn)
{
	uint64_t next_us;

	writer->time_us = turn->time_us;
	if (turn->who == self->miner_count)
		return web_arrives(writer, self, turn->who);
	if (turn->who < self->miner_count) {
		next_us = miner_step(writer, &self->miners[turn->who]);
	} else {
		size_t place = turn->who - self->miner_count - 1;

		next_us = web_step(writer, &self->webs[place]);
		if (next_us == 0)
			self->free_webs[self->free_count++] = (uint32_t)place;
	}
	return next_us == 0 ? 0 : timeline_add(&self->timeline, next_us, turn->who);
}

static int write_miners(struct writer *writer, const struct shape_sizes *sizes)
{
	struct crowd self = { .web_total = sizes->second };
	struct turn turn;
	int rc = crowd_new(&self, sizes->first, WEB_MAX);

	writer->step_us = 0;
	for (size_t i = 0; rc == 0 && i < self.miner_count; i++) {
		uint64_t from_us = next_random(writer) % BEGIN_US;

		rc = add_miner(writer, &self, i, from_us, from_us + SESSION_US);
	}
	if (rc == 0)
		rc = timeline_add(&self.timeline, 0, self.miner_count);
	while (rc == 0 && timeline_take(&self.timeline, &turn))
		rc = take_turn(writer, &self, &turn);
	if (rc == 0)
		report(&self);
	crowd_free(&self);
	return rc;
}

/* --- flood ---------------------------------------------------------------------------------- */

/* A SYN or a short datagram, never answered, each from a source of its own. */
static void write_stray(struct writer *writer, uint64_t number)
{
	struct talk talk = { .client = client_of(number),
			     .server = 0xc6336400u | (uint32_t)(number % 251),
			     .client_port = (uint16_t)(1024 + number % 60000),
			     .server_port = (uint16_t)(number % 2 == 0 ? 8443 : 4433),
			     .seq = { (uint32_t)number, 0 } };

	if (number % 2 == 0) {
		begin_segment(writer);
		write_segment(writer, &talk, false, SYN);
	} else {
		begin_datagram(writer);
		add_random(writer, 18);
		write_datagram(writer, &talk, false);
	}
}

static int add_flood_miners(struct writer *writer, struct crowd *self, uint64_t ends_us)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < self->miner_count; i++) {
		uint64_t from_us = next_random(writer) % (FLOOD_BEFORE_US / 2);

		if (i >= self->miner_count / 2)
			from_us += ends_us;
		rc = add_miner(writer, self, i, from_us, ends_us + FLOOD_AFTER_US);
	}
	return rc;
}

static int write_flood(struct writer *writer, const struct shape_sizes *sizes)
{
	struct crowd self = { .web_total = 0 };
	uint64_t at_us = FLOOD_BEFORE_US;
	uint64_t sent = 0;
	struct turn turn;
	int rc = crowd_new(&self, sizes->second, 0);

	writer->step_us = 0;
	if (rc == 0)
		rc = add_flood_miners(writer, &self, at_us + sizes->first * STEP_US);
	while (rc == 0 && (sent < sizes->first || timeline_next_us(&self.timeline) != UINT64_MAX)) {
		if (sent < sizes->first && at_us <= timeline_next_us(&self.timeline)) {
			writer->time_us = at_us;
			write_stray(writer, sent++);
			at_us += STEP_US;
		} else if (timeline_take(&self.timeline, &turn)) {
			rc = take_turn(writer, &self, &turn);
		}
	}
	if (rc == 0)
		report(&self);
	crowd_free(&self);
	return rc;
}

const struct shape shape_miners = { "miners", "SESSIONS FLOWS", write_miners };
const struct shape shape_flood = { "flood", "PACKETS SESSIONS", write_flood };
