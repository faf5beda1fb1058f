/* redis_exchange.c: a wire of our own under hiredis' reply reader, waited for with poll.
 *
 * A connection that had answered and is lost is opened again at once: a server closes idle ones.
 * One that never answered is tried again after 100 ms, then twice that, up to 5 s.
 *
 * Reference: the Redis protocol specification (RESP2), AUTH, ROLE, SELECT. */
#include "sensor/redis_exchange.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/log.h"
#include "sensor/redis_reader.h"
#include "sensor/redis_reply.h"
#include "sensor/redis_route.h"
#include "sensor/ring.h"

#define SLICE_MS      100 /* of a wait, after which a stop is looked for */
#define RETRY_MIN_MS  100
#define RETRY_MAX_MS  5000
#define RECEIVE_BYTES 16384
#define ERROR_TEXT    256

struct redis_exchange {
	struct redis_exchange_options options;
	struct redis_route *route;
	struct redis_wire *wire; /* of the route */
	char why[REDIS_ROUTE_ERROR_TEXT];
	redisReader *reader;
	uint64_t retry_ms;
	uint32_t backoff_ms;
	bool has_answered; /* this connection, since it was greeted */
	bool has_warned;   /* and is down since */
	struct redis_args args;
};

/* --- the transport -------------------------------------------------------------------------- */

static bool is_stopped(const struct redis_exchange *self)
{
	return self->options.stop != NULL && atomic_load(self->options.stop);
}

/* Why it failed, for the operator; returns the error. */
static int explain(struct redis_exchange *self, int error, const char *why)
{
	(void)snprintf(self->why, sizeof(self->why), "%.300s", why);
	return error;
}

/* Until the wire may go on, for at most a slice. 0, -ETIMEDOUT or -ECANCELED. */
static int wait_for(struct redis_exchange *self, struct pollfd *want, uint64_t deadline_ms)
{
	uint64_t now_ms = ring_now_ms();
	uint64_t left_ms = now_ms < deadline_ms ? deadline_ms - now_ms : 0;

	if (is_stopped(self))
		return explain(self, -ECANCELED, "stopped");
	if (left_ms == 0)
		return explain(self, -ETIMEDOUT, strerror(ETIMEDOUT));
	(void)poll(want, 1, left_ms > SLICE_MS ? SLICE_MS : (int)left_ms);
	return 0;
}

static int link_wait(struct redis_exchange *self, bool has_output, uint64_t deadline_ms)
{
	struct pollfd want = { .fd = self->wire->fd,
			       .events = redis_wire_wants(self->wire, has_output) };

	return wait_for(self, &want, deadline_ms);
}

static int link_open(struct redis_exchange *self, uint64_t deadline_ms)
{
	int error;

	redis_route_begin(self->route, ring_now_ms());
	for (;;) {
		struct pollfd want;
		int result = redis_route_poll(self->route, ring_now_ms(), &want);

		if (result == 0)
			return 0;
		if (result != -EAGAIN)
			return explain(self, result, redis_route_error(self->route));
		error = wait_for(self, &want, deadline_ms);
		if (error == -ETIMEDOUT)
			return explain(self, error, redis_route_pending(self->route));
		if (error < 0)
			return error;
	}
}

static int link_send(struct redis_exchange *self, const char *bytes, size_t len, bool has_more,
		     uint64_t deadline_ms)
{
	while (len > 0) {
		ssize_t sent = redis_wire_send(self->wire, bytes, len, has_more);
		int error;

		if (sent >= 0) {
			bytes += sent;
			len -= (size_t)sent;
			continue;
		}
		if (sent != -EAGAIN)
			return explain(self, (int)sent, self->wire->error);
		error = link_wait(self, true, deadline_ms);
		if (error < 0)
			return error;
	}
	return 0;
}

/* Waits for some bytes. Their count or negative errno. */
static ssize_t link_receive(struct redis_exchange *self, char *bytes, size_t size,
			    uint64_t deadline_ms)
{
	for (;;) {
		ssize_t len = redis_wire_receive(self->wire, bytes, size);
		int error;

		if (len > 0)
			return len;
		if (len != -EAGAIN)
			return explain(self, (int)len, self->wire->error);
		error = link_wait(self, false, deadline_ms);
		if (error < 0)
			return error;
	}
}

/* --- the connection ------------------------------------------------------------------------- */

static void disconnect(struct redis_exchange *self)
{
	redis_route_close(self->route);
	if (self->reader != NULL)
		redisReaderFree(self->reader);
	self->reader = NULL;
}

/* Words of the server come along: nothing a terminal would obey. */
static void warn(struct redis_exchange *self, const char *why)
{
	char text[ERROR_TEXT];

	if (self->has_warned || is_stopped(self))
		return;
	(void)snprintf(text, sizeof(text), "%s", why);
	for (char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
			*at = '?';
	log_warning("redis: inquiries: %s; will try again", text);
	self->has_warned = true;
}

static void back_off(struct redis_exchange *self)
{
	self->backoff_ms = self->backoff_ms == 0 ? RETRY_MIN_MS : self->backoff_ms * 2;
	if (self->backoff_ms > RETRY_MAX_MS)
		self->backoff_ms = RETRY_MAX_MS;
	self->retry_ms = ring_now_ms() + self->backoff_ms;
}

void redis_exchange_give_up(struct redis_exchange *self, const char *why)
{
	disconnect(self);
	back_off(self);
	warn(self, why);
}

static void lose(struct redis_exchange *self, const char *why)
{
	if (!self->has_answered) {
		redis_exchange_give_up(self, why);
		return;
	}
	disconnect(self);
	log_debug("redis: inquiries: %s", why);
}

static redisReply *receive_reply(struct redis_exchange *self, uint64_t deadline_ms)
{
	char bytes[RECEIVE_BYTES];

	for (;;) {
		void *reply = NULL;
		ssize_t len;

		if (redisReaderGetReply(self->reader, &reply) != REDIS_OK) {
			lose(self, "no Redis protocol");
			return NULL;
		}
		if (reply != NULL)
			return reply;
		len = link_receive(self, bytes, sizeof(bytes), deadline_ms);
		if (len < 0) {
			lose(self, self->why);
			return NULL;
		}
		if (redisReaderFeed(self->reader, bytes, (size_t)len) != REDIS_OK) {
			lose(self, "out of memory");
			return NULL;
		}
	}
}

/* Sends self->args and wants +OK, or the answer of a master. */
static bool greet(struct redis_exchange *self, bool is_role, uint64_t deadline_ms)
{
	redisReply *reply;
	size_t len;
	size_t id_at;
	const char *bytes = redis_args_end(&self->args, &len, &id_at);
	int error = bytes == NULL ? explain(self, -EMSGSIZE, "a password that is too long")
				  : link_send(self, bytes, len, false, deadline_ms);
	bool is_welcome;

	explicit_bzero(&self->args, sizeof(self->args));
	if (error < 0) {
		lose(self, self->why);
		return false;
	}
	reply = receive_reply(self, deadline_ms);
	if (reply == NULL)
		return false;
	is_welcome = is_role ? redis_reply_is_master(reply) : reply->type == REDIS_REPLY_STATUS;
	if (!is_welcome)
		redis_exchange_give_up(self, reply->type == REDIS_REPLY_ERROR ? reply->str
					     : is_role ? "what the Sentinel named is no master yet"
						       : "an answer of another kind");
	freeReplyObject(reply);
	return is_welcome;
}

static bool greet_all(struct redis_exchange *self, uint64_t deadline_ms)
{
	const struct redis_url *url = self->options.url;

	if (url->password[0] != '\0') {
		redis_args_begin(&self->args, "AUTH");
		if (url->user[0] != '\0')
			redis_args_text(&self->args, url->user);
		redis_args_text(&self->args, url->password);
		if (!greet(self, false, deadline_ms))
			return false;
	}
	if (url->sentinel_count > 0) {
		redis_args_begin(&self->args, "ROLE");
		if (!greet(self, true, deadline_ms))
			return false;
	}
	if (url->db == 0)
		return true;
	redis_args_begin(&self->args, "SELECT");
	redis_args_uint(&self->args, url->db);
	return greet(self, false, deadline_ms);
}

bool redis_exchange_is_ready(struct redis_exchange *self)
{
	uint64_t now_ms = ring_now_ms();
	uint64_t deadline_ms = now_ms + self->options.timeout_ms;
	int error;

	if (self->reader != NULL)
		return true;
	if (now_ms < self->retry_ms || is_stopped(self))
		return false;
	self->has_answered = false;
	error = link_open(self, deadline_ms);
	if (error < 0) {
		lose(self, self->why);
		return false;
	}
	self->reader = redis_reader_new();
	if (self->reader == NULL) {
		lose(self, "out of memory");
		return false;
	}
	return greet_all(self, deadline_ms);
}

bool redis_exchange_is_open(const struct redis_exchange *self)
{
	return self->reader != NULL;
}

int redis_exchange_send(struct redis_exchange *self, struct redis_args *args, bool has_more)
{
	size_t len;
	size_t id_at;
	const char *bytes = redis_args_end(args, &len, &id_at);
	int error;

	if (bytes == NULL)
		return -EMSGSIZE;
	if (self->reader == NULL)
		return -EIO;
	error = link_send(self, bytes, len, has_more, ring_now_ms() + self->options.timeout_ms);
	if (error == 0)
		return 0;
	lose(self, self->why);
	return -EIO;
}

redisReply *redis_exchange_reply(struct redis_exchange *self)
{
	redisReply *reply;

	if (self->reader == NULL)
		return NULL;
	reply = receive_reply(self, ring_now_ms() + self->options.timeout_ms);
	if (reply == NULL)
		return NULL;
	if (redis_reply_is_readonly(reply)) {
		/* Once answered it would be tried again at once: a failover takes longer. */
		redis_exchange_give_up(self, "the server is a replica");
		freeReplyObject(reply);
		return NULL;
	}
	self->has_answered = true;
	self->backoff_ms = 0;
	if (self->has_warned)
		log_info("redis: inquiries: answered again");
	self->has_warned = false;
	return reply;
}

int redis_exchange_new(struct redis_exchange **out, const struct redis_exchange_options *options,
		       char error[REDIS_URL_ERROR_TEXT])
{
	struct redis_exchange *self = calloc(1, sizeof(*self));

	*out = NULL;
	if (self == NULL) {
		(void)snprintf(error, REDIS_URL_ERROR_TEXT, "out of memory");
		return -ENOMEM;
	}
	self->options = *options;
	self->route = redis_route_new(options->url, options->tls);
	if (self->route == NULL) {
		(void)snprintf(error, REDIS_URL_ERROR_TEXT, "out of memory");
		free(self);
		return -ENOMEM;
	}
	if (options->place != NULL)
		redis_route_lead(self->route, options->place);
	self->wire = redis_route_wire(self->route);
	*out = self;
	return 0;
}

void redis_exchange_free(struct redis_exchange *self)
{
	if (self == NULL)
		return;
	disconnect(self);
	redis_route_free(self->route);
	free(self);
}
