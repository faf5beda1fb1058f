/* redis_link.c: a blocking connection to Redis with pipelined commands. */
#include "sensor/trail/redis_link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/jsonw.h"
#include "sensor/printable.h"
#include "sensor/redis_reader.h"
#include "sensor/redis_reply.h"
#include "sensor/redis_route.h"
#include "sensor/ring.h"

#define CONNECT_MS    5000
#define REPLY_MS      30000
#define BATCH         200 /* commands without a reply */
#define BATCH_BYTES   (256 << 10)
#define RECEIVE_BYTES 16384
#define HOSTILE_TEXT  512

struct redis_link {
	struct redis_url url;
	struct redis_route *route;
	struct redis_wire *wire; /* of the route */
	redisReader *reader;     /* NULL: not connected */
	char *out;               /* queued commands, to be sent together */
	size_t out_len;
	size_t out_size;
	size_t queued;
	int failed; /* of a queued command: negative errno */
	char error[REDIS_LINK_ERROR];
};

static void say(struct redis_link *self, const char *what, const char *why)
{
	char text[REDIS_LINK_ERROR];

	(void)snprintf(text, sizeof(text), "%s%s%.180s", what, why[0] != '\0' ? ": " : "", why);
	printable_text(text, self->error, sizeof(self->error));
}

static void disconnect(struct redis_link *self)
{
	redis_route_close(self->route);
	if (self->reader != NULL)
		redisReaderFree(self->reader);
	self->reader = NULL;
	self->queued = 0;
	self->out_len = 0;
}

/* --- the wire, waited for ------------------------------------------------------------------- */

static void lose(struct redis_link *self, const char *why)
{
	say(self, why, "");
	disconnect(self);
}

/* False: the time is over. */
static bool wait_for(struct pollfd *want, uint64_t deadline_ms)
{
	uint64_t now_ms = ring_now_ms();

	if (now_ms >= deadline_ms)
		return false;
	(void)poll(want, 1, (int)(deadline_ms - now_ms));
	return true;
}

static bool wait_wire(struct redis_link *self, bool has_output, uint64_t deadline_ms)
{
	struct pollfd want = { .fd = self->wire->fd,
			       .events = redis_wire_wants(self->wire, has_output) };

	return wait_for(&want, deadline_ms);
}

static int send_all(struct redis_link *self, const char *bytes, size_t len)
{
	uint64_t deadline_ms = ring_now_ms() + REPLY_MS;

	while (len > 0) {
		ssize_t sent = redis_wire_send(self->wire, bytes, len, false);

		if (sent >= 0) {
			bytes += sent;
			len -= (size_t)sent;
		} else if (sent != -EAGAIN) {
			lose(self, self->wire->error);
			return -EIO;
		} else if (!wait_wire(self, true, deadline_ms)) {
			lose(self, "connection lost: nothing can be sent");
			return -EIO;
		}
	}
	return 0;
}

static redisReply *read_reply(struct redis_link *self)
{
	uint64_t deadline_ms = ring_now_ms() + REPLY_MS;
	char bytes[RECEIVE_BYTES];

	for (;;) {
		void *reply = NULL;
		ssize_t len;

		if (redisReaderGetReply(self->reader, &reply) != REDIS_OK) {
			lose(self, "connection lost: no Redis protocol");
			return NULL;
		}
		if (reply != NULL)
			return reply;
		len = redis_wire_receive(self->wire, bytes, sizeof(bytes));
		if (len == -EAGAIN && wait_wire(self, false, deadline_ms))
			continue;
		if (len < 0) {
			lose(self,
			     len == -EAGAIN ? "connection lost: no answer" : self->wire->error);
			return NULL;
		}
		if (redisReaderFeed(self->reader, bytes, (size_t)len) != REDIS_OK) {
			lose(self, "out of memory");
			return NULL;
		}
	}
}

/* lens: NULL when all are texts. */
static redisReply *exchange(struct redis_link *self, int argc, const char **argv,
			    const size_t *lens)
{
	char *bytes = NULL;
	long long len = redisFormatCommandArgv(&bytes, argc, argv, lens);
	int result;

	if (len < 0) {
		lose(self, "out of memory");
		return NULL;
	}
	result = send_all(self, bytes, (size_t)len);
	explicit_bzero(bytes, (size_t)len); /* may hold the password */
	redisFreeCommand(bytes);
	return result == 0 ? read_reply(self) : NULL;
}

/* --- the connection ------------------------------------------------------------------------- */

/* A command of the greeting: must not be refused. */
static int greet(struct redis_link *self, int argc, const char **argv)
{
	redisReply *reply = exchange(self, argc, argv, NULL);
	int result = 0;

	if (reply == NULL)
		return -EIO;
	if (reply->type == REDIS_REPLY_ERROR) {
		say(self, "refused", reply->str);
		result = -EACCES;
	} else if (strcmp(argv[0], "ROLE") == 0 && !redis_reply_is_master(reply)) {
		say(self, "not ready", "what the Sentinel named is no master yet");
		result = -EAGAIN;
	}
	freeReplyObject(reply);
	return result;
}

static int introduce(struct redis_link *self)
{
	const struct redis_url *url = &self->url;
	const char *with_user[] = { "AUTH", url->user, url->password };
	const char *without[] = { "AUTH", url->password };
	const char *role[] = { "ROLE" };
	char db[16];
	const char *select[] = { "SELECT", db };
	int result = 0;

	(void)snprintf(db, sizeof(db), "%" PRIu32, url->db);
	if (url->password[0] != '\0')
		result = url->user[0] != '\0' ? greet(self, 3, with_user) : greet(self, 2, without);
	if (result == 0 && url->sentinel_count > 0)
		result = greet(self, 1, role);
	if (result == 0 && url->db != 0)
		result = greet(self, 2, select);
	return result;
}

static int reach(struct redis_link *self)
{
	uint64_t deadline_ms = ring_now_ms() + CONNECT_MS;

	redis_route_begin(self->route, ring_now_ms());
	for (;;) {
		struct pollfd want;
		int result = redis_route_poll(self->route, ring_now_ms(), &want);

		if (result == 0)
			return 0;
		if (result == -EAGAIN && wait_for(&want, deadline_ms))
			continue;
		say(self,
		    result == -EAGAIN ? redis_route_pending(self->route)
				      : redis_route_error(self->route),
		    "");
		return -ECONNREFUSED;
	}
}

static int connect_redis(struct redis_link *self)
{
	int result = reach(self);

	if (result == 0) {
		self->reader = redis_reader_new();
		result = self->reader != NULL ? introduce(self) : -ENOMEM;
	}
	if (result != 0)
		disconnect(self);
	return result;
}

int redis_link_open(struct redis_link **out, const struct redis_access *access,
		    char error[REDIS_LINK_ERROR])
{
	struct redis_link *self = calloc(1, sizeof(*self));
	int result;

	(void)snprintf(error, REDIS_LINK_ERROR, "out of memory");
	if (self == NULL)
		return -ENOMEM;
	self->url = access->url;
	self->route = redis_route_new(&self->url, access->tls);
	if (self->route == NULL) {
		free(self);
		return -ENOMEM;
	}
	self->wire = redis_route_wire(self->route);
	result = connect_redis(self);
	if (result != 0) {
		char name[300];

		redis_url_name(&self->url, name, sizeof(name));
		(void)snprintf(error, REDIS_LINK_ERROR, "%.80s: %.160s", name, self->error);
		redis_link_close(self);
		return result;
	}
	*out = self;
	return 0;
}

void redis_link_close(struct redis_link *self)
{
	if (self == NULL)
		return;
	disconnect(self);
	redis_route_free(self->route);
	free(self->out);
	explicit_bzero(&self->url, sizeof(self->url));
	free(self);
}

const char *redis_link_error(const struct redis_link *self)
{
	return self->error;
}

/* --- commands ------------------------------------------------------------------------------- */

void redis_command_begin(struct redis_command *self, const char *name)
{
	self->argc = 0;
	self->used = 0;
	self->is_full = false;
	redis_command_text(self, name);
}

void redis_command_bytes(struct redis_command *self, const char *bytes, size_t len)
{
	if (self->argc == REDIS_LINK_ARGS) {
		self->is_full = true;
		return;
	}
	self->argv[self->argc] = bytes;
	self->lens[self->argc++] = len;
}

void redis_command_text(struct redis_command *self, const char *text)
{
	redis_command_bytes(self, text, strlen(text));
}

/* Keeps a text of this call's own. */
static void add_scratch(struct redis_command *self, const char *text)
{
	size_t len = strlen(text);

	if (len >= sizeof(self->scratch) - self->used) {
		self->is_full = true;
		return;
	}
	memcpy(self->scratch + self->used, text, len + 1);
	redis_command_bytes(self, self->scratch + self->used, len);
	self->used += len + 1;
}

void redis_command_uint(struct redis_command *self, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	add_scratch(self, text);
}

void redis_command_fixed(struct redis_command *self, double value, unsigned decimals)
{
	char text[64] = "0";

	(void)jsonw_fixed_text(value, decimals, text, sizeof(text));
	add_scratch(self, text);
}

void redis_command_hostile(struct redis_command *self, const char *text)
{
	char shown[HOSTILE_TEXT];

	printable_text(text, shown, sizeof(shown));
	add_scratch(self, shown);
}

void redis_field(struct redis_command *self, const char *name, const char *value)
{
	redis_command_text(self, name);
	redis_command_text(self, value);
}

void redis_field_hostile(struct redis_command *self, const char *name, const char *value)
{
	redis_command_text(self, name);
	redis_command_hostile(self, value);
}

void redis_field_uint(struct redis_command *self, const char *name, uint64_t value)
{
	redis_command_text(self, name);
	redis_command_uint(self, value);
}

void redis_field_fixed(struct redis_command *self, const char *name, double value,
		       unsigned decimals)
{
	redis_command_text(self, name);
	redis_command_fixed(self, value, decimals);
}

void redis_field_time(struct redis_command *self, const char *name, uint64_t time_ns)
{
	char text[JSONW_TIME_LEN + 1] = "";

	if (time_ns != 0)
		jsonw_time_text(time_ns, text, sizeof(text));
	redis_command_text(self, name);
	add_scratch(self, text);
}

/* --- sending -------------------------------------------------------------------------------- */

static int make_ready(struct redis_link *self, const struct redis_command *command)
{
	if (command->is_full) {
		say(self, "a command is too long", "");
		return -EMSGSIZE;
	}
	return self->reader != NULL ? 0 : connect_redis(self);
}

/* The master is elsewhere: the next command looks for it. */
static void leave_replica(struct redis_link *self, const redisReply *reply)
{
	if (redis_reply_is_readonly(reply))
		disconnect(self);
}

struct redisReply *redis_link_ask(struct redis_link *self, const struct redis_command *command)
{
	redisReply *reply;

	if (redis_link_flush(self) != 0 || make_ready(self, command) != 0)
		return NULL;
	reply = exchange(self, command->argc, (const char **)command->argv, command->lens);
	if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {
		say(self, "refused", reply->str);
		leave_replica(self, reply);
	}
	return reply;
}

void redis_link_free(struct redisReply *reply)
{
	freeReplyObject(reply);
}

/* A transaction that Redis refused has an error inside of its reply. */
static bool is_refused(const redisReply *reply, const char **why)
{
	if (reply->type == REDIS_REPLY_ERROR) {
		*why = reply->str;
		return true;
	}
	for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
		if (reply->element[i]->type == REDIS_REPLY_ERROR) {
			*why = reply->element[i]->str;
			return true;
		}
	return false;
}

int redis_link_flush(struct redis_link *self)
{
	int result = self->queued > 0 ? send_all(self, self->out, self->out_len) : 0;

	self->out_len = 0;
	if (result != 0)
		self->failed = result;
	while (self->queued > 0) {
		redisReply *answer = read_reply(self);
		const char *why = "";

		if (answer == NULL) {
			self->failed = -EIO;
			break;
		}
		self->queued--;
		if (is_refused(answer, &why)) {
			say(self, "refused", why);
			self->failed = -EPROTO;
			leave_replica(self, answer);
		}
		freeReplyObject(answer);
	}
	result = self->failed;
	self->failed = 0;
	return result;
}

static bool make_room(struct redis_link *self, size_t len)
{
	size_t size = self->out_size > 0 ? self->out_size : 4096;
	char *grown;

	while (size - self->out_len < len)
		size *= 2;
	if (size == self->out_size)
		return true;
	grown = realloc(self->out, size);
	if (grown == NULL)
		return false;
	self->out = grown;
	self->out_size = size;
	return true;
}

int redis_link_push(struct redis_link *self, const struct redis_command *command)
{
	int result = make_ready(self, command);
	char *bytes = NULL;
	long long len;

	if (result != 0)
		return result;
	len = redisFormatCommandArgv(&bytes, command->argc, (const char **)command->argv,
				     command->lens);
	if (len < 0 || !make_room(self, (size_t)len)) {
		if (len >= 0)
			redisFreeCommand(bytes);
		lose(self, "out of memory");
		return -ENOMEM;
	}
	memcpy(self->out + self->out_len, bytes, (size_t)len);
	self->out_len += (size_t)len;
	redisFreeCommand(bytes);
	self->queued++;
	if (self->queued < BATCH && self->out_len < BATCH_BYTES)
		return 0;
	return redis_link_flush(self);
}
