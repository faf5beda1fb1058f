/* redis_route.c: one attempt after another to reach the server, as a machine that never waits.
 *
 *	          .---------- next Sentinel: it failed ----------.
 *	          v                                              |
 *	begin -> LOOKUP -> CONNECT -> (a Sentinel: ASK) ---------'
 *	          ^           '-> ready    |
 *	          '------ its master ------'
 */
#include "sensor/redis_route.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/redis_lookup.h"
#include "sensor/redis_sentinel.h"

enum step { STEP_LOOKUP, STEP_CONNECT, STEP_ASK, STEP_READY, STEP_FAILED };

struct redis_route {
	const struct redis_url *url;
	const struct redis_tls *tls;
	enum step step;
	struct redis_place led;   /* host "": the URL says where */
	bool is_sentinel;         /* the place is a Sentinel */
	struct redis_place place; /* where it goes now */
	struct redis_lookup *lookup;
	struct redis_addresses addresses;
	struct redis_addresses known; /* what the URL's own name stood for the last time */
	size_t attempt;               /* the first address is another one each time */
	size_t tried; /* addresses of this place that did not even take the connection */
	struct redis_wire wire;
	struct redis_sentinel sentinel;
	uint8_t order[REDIS_SENTINELS]; /* of the Sentinels, the one that answered first */
	size_t asked;                   /* of them, in this attempt */
	uint64_t deadline_ms;           /* of the Sentinel */
	char error[REDIS_ROUTE_ERROR_TEXT];
};

struct redis_route *redis_route_new(const struct redis_url *url, const struct redis_tls *tls)
{
	struct redis_route *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->url = url;
	self->tls = tls;
	self->step = STEP_FAILED;
	for (size_t i = 0; i < REDIS_SENTINELS; i++)
		self->order[i] = (uint8_t)i;
	redis_wire_init(&self->wire);
	return self;
}

void redis_route_close(struct redis_route *self)
{
	redis_wire_close(&self->wire);
	redis_sentinel_end(&self->sentinel);
	redis_lookup_end(self->lookup);
	self->lookup = NULL;
	self->step = STEP_FAILED;
}

void redis_route_free(struct redis_route *self)
{
	if (self == NULL)
		return;
	redis_route_close(self);
	free(self);
}

/* --- one place ------------------------------------------------------------------------------ */

static void fail(struct redis_route *self, const char *why)
{
	char name[300];

	self->step = STEP_FAILED;
	if (!self->is_sentinel) {
		(void)snprintf(self->error, sizeof(self->error), "%.300s", why);
		return;
	}
	redis_place_name(&self->place, name, sizeof(name));
	(void)snprintf(self->error, sizeof(self->error), "Sentinel %.100s: %.200s", name, why);
}

/* To the first of the addresses left that can be tried at all. */
static void try_address(struct redis_route *self)
{
	for (; self->tried < self->addresses.count; self->tried++)
		if (redis_wire_open(&self->wire, &self->addresses, self->attempt + self->tried,
				    self->tls, self->place.host) == 0) {
			self->step = STEP_CONNECT;
			return;
		}
	fail(self, self->wire.error);
}

static void start_connecting(struct redis_route *self)
{
	self->tried = 0;
	try_address(self);
}

/* Goes to self->place. */
static void start(struct redis_route *self)
{
	redis_wire_close(&self->wire);
	if (self->place.host[0] == '\0') {
		redis_socket_unix(self->url->path, &self->addresses);
		start_connecting(self);
		return;
	}
	if (redis_socket_numeric(&self->place, &self->addresses)) {
		start_connecting(self);
		return;
	}
	self->lookup = redis_lookup_begin(&self->place);
	self->step = STEP_LOOKUP;
	if (self->lookup == NULL)
		fail(self, "cannot start a thread to resolve the name");
}

static void start_sentinel(struct redis_route *self, uint64_t now_ms)
{
	self->is_sentinel = true;
	self->deadline_ms = now_ms + REDIS_SENTINEL_MS;
	self->place = self->url->sentinels[self->order[self->asked]];
	start(self);
}

static bool is_own_name(const struct redis_route *self)
{
	return self->url->sentinel_count == 0 || self->led.host[0] != '\0';
}

static void finish_lookup(struct redis_route *self)
{
	char why[REDIS_URL_ERROR_TEXT] = "";
	int result = redis_lookup_result(self->lookup, &self->addresses, why);

	if (result == -EAGAIN)
		return;
	redis_lookup_end(self->lookup);
	self->lookup = NULL;
	if (result == 0 && is_own_name(self))
		self->known = self->addresses;
	if (result < 0 && is_own_name(self) && self->known.count > 0) {
		self->addresses = self->known;
		result = 0;
	}
	if (result == 0)
		start_connecting(self);
	else
		fail(self, why);
}

static void finish_connecting(struct redis_route *self)
{
	int error = redis_wire_finish(&self->wire);

	if (error == -EAGAIN)
		return;
	if (error < 0 && !self->wire.is_connected) {
		self->tried++;
		try_address(self);
	} else if (error < 0)
		fail(self, self->wire.error);
	else if (!self->is_sentinel)
		self->step = STEP_READY;
	else if (redis_sentinel_begin(&self->sentinel, self->url) < 0)
		fail(self, self->sentinel.error);
	else
		self->step = STEP_ASK;
}

/* --- Sentinels ------------------------------------------------------------------------------ */

static void move_to_front(uint8_t *order, size_t at)
{
	uint8_t it = order[at];

	memmove(order + 1, order, at * sizeof(*order));
	order[0] = it;
}

static void finish_asking(struct redis_route *self)
{
	struct redis_place master = { .host = "" };
	int result = redis_sentinel_poll(&self->sentinel, &self->wire, &master);

	if (result == -EAGAIN)
		return;
	if (result < 0) {
		fail(self, self->sentinel.error);
		return;
	}
	redis_sentinel_end(&self->sentinel);
	move_to_front(self->order, self->asked);
	self->is_sentinel = false;
	self->place = master;
	start(self);
}

/* A Sentinel that does not answer is no reason to fail while there is another. */
static void care_for_sentinel(struct redis_route *self, uint64_t now_ms)
{
	if (!self->is_sentinel)
		return;
	if (self->step != STEP_FAILED && now_ms >= self->deadline_ms)
		fail(self, "no answer in time");
	if (self->step != STEP_FAILED || self->asked + 1 >= self->url->sentinel_count)
		return;
	redis_route_close(self);
	self->asked++;
	start_sentinel(self, now_ms);
}

/* --- the attempt ---------------------------------------------------------------------------- */

void redis_route_lead(struct redis_route *self, const struct redis_place *place)
{
	if (!(strcmp(self->led.host, place->host) == 0 && strcmp(self->led.port, place->port) == 0))
		self->known.count = 0;
	self->led = *place;
}

const struct redis_place *redis_route_place(const struct redis_route *self)
{
	return &self->place;
}

void redis_route_begin(struct redis_route *self, uint64_t now_ms)
{
	redis_route_close(self);
	self->error[0] = '\0';
	self->attempt++;
	self->asked = 0;
	self->is_sentinel = false;
	self->place = self->led.host[0] != '\0' ? self->led : self->url->place;
	if (self->url->sentinel_count > 0 && self->led.host[0] == '\0')
		start_sentinel(self, now_ms);
	else
		start(self);
}

static void advance(struct redis_route *self)
{
	switch (self->step) {
	case STEP_LOOKUP:
		finish_lookup(self);
		break;
	case STEP_CONNECT:
		finish_connecting(self);
		break;
	case STEP_ASK:
		finish_asking(self);
		break;
	case STEP_READY:
	case STEP_FAILED:
		break;
	}
}

int redis_route_poll(struct redis_route *self, uint64_t now_ms, struct pollfd *want)
{
	enum step before;

	want->fd = -1;
	want->events = 0;
	do {
		before = self->step;
		advance(self);
		care_for_sentinel(self, now_ms);
	} while (self->step != before);
	if (self->step == STEP_READY)
		return 0;
	if (self->step == STEP_FAILED) {
		redis_wire_close(&self->wire);
		return -EHOSTUNREACH;
	}
	if (self->step == STEP_LOOKUP) {
		want->fd = redis_lookup_fd(self->lookup);
		want->events = POLLIN;
		return -EAGAIN;
	}
	want->fd = self->wire.fd;
	want->events =
		redis_wire_wants(&self->wire, self->step == STEP_ASK && self->sentinel.len > 0);
	return -EAGAIN;
}

const char *redis_route_error(const struct redis_route *self)
{
	return self->error;
}

const char *redis_route_pending(const struct redis_route *self)
{
	switch (self->step) {
	case STEP_LOOKUP:
		return "the name is not resolved";
	case STEP_CONNECT:
		return self->wire.is_connected
			       ? "no TLS connection: no answer (does this port speak "
				 "TLS?)"
			       : "cannot connect: no answer";
	case STEP_ASK:
		return "no answer of a Sentinel";
	case STEP_READY:
	case STEP_FAILED:
		break;
	}
	return "no answer";
}

struct redis_wire *redis_route_wire(struct redis_route *self)
{
	return &self->wire;
}

void redis_route_name(const struct redis_route *self, char *out, size_t size)
{
	if (self->place.host[0] == '\0')
		(void)snprintf(out, size, "%s", self->url->path);
	else
		redis_place_name(&self->place, out, size);
}
