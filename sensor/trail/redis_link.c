/* redis_link.c: a blocking connection to Redis with pipelined commands. */
#include "sensor/trail/redis_link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/jsonw.h"
#include "sensor/printable.h"

#define CONNECT_S    5
#define REPLY_S      30
#define BATCH        200 /* commands without a reply */
#define BATCH_BYTES  (256 << 10)
#define HOSTILE_TEXT 512

struct redis_link {
	struct redis_url url;
	redisContext *context;
	size_t queued;
	size_t queued_bytes;
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
	if (self->context != NULL)
		redisFree(self->context);
	self->context = NULL;
	self->queued = 0;
	self->queued_bytes = 0;
}

/* A command of the greeting: must not be refused. */
static int greet(struct redis_link *self, int argc, const char **argv)
{
	redisReply *reply = redisCommandArgv(self->context, argc, argv, NULL);
	int result = 0;

	if (reply == NULL) {
		say(self, "no answer", self->context->errstr);
		result = -EIO;
	} else if (reply->type == REDIS_REPLY_ERROR) {
		say(self, "refused", reply->str);
		result = -EACCES;
	}
	freeReplyObject(reply);
	return result;
}

static int introduce(struct redis_link *self)
{
	const struct redis_url *url = &self->url;
	const char *with_user[] = { "AUTH", url->user, url->password };
	const char *without[] = { "AUTH", url->password };
	char db[16];
	const char *select[] = { "SELECT", db };
	int result = 0;

	(void)snprintf(db, sizeof(db), "%" PRIu32, url->db);
	if (url->password[0] != '\0')
		result = url->user[0] != '\0' ? greet(self, 3, with_user) : greet(self, 2, without);
	if (result == 0 && url->db != 0)
		result = greet(self, 2, select);
	return result;
}

static int connect_redis(struct redis_link *self)
{
	const struct timeval connect = { .tv_sec = CONNECT_S };
	const struct timeval reply = { .tv_sec = REPLY_S };
	int result;

	if (self->url.path[0] != '\0')
		self->context = redisConnectUnixWithTimeout(self->url.path, connect);
	else
		self->context = redisConnectWithTimeout(
			self->url.place.host, (int)strtol(self->url.place.port, NULL, 10), connect);
	if (self->context == NULL || self->context->err != 0) {
		say(self, "cannot connect",
		    self->context != NULL ? self->context->errstr : "out of memory");
		disconnect(self);
		return -ECONNREFUSED;
	}
	(void)redisSetTimeout(self->context, reply);
	result = introduce(self);
	if (result != 0)
		disconnect(self);
	return result;
}

int redis_link_open(struct redis_link **out, const struct redis_url *url,
		    char error[REDIS_LINK_ERROR])
{
	struct redis_link *self = calloc(1, sizeof(*self));
	int result;

	if (self == NULL) {
		(void)snprintf(error, REDIS_LINK_ERROR, "out of memory");
		return -ENOMEM;
	}
	self->url = *url;
	if (url->is_tls || url->sentinel_count > 0) {
		(void)snprintf(error, REDIS_LINK_ERROR,
			       "TLS and Sentinels are not spoken by this program: use redis:// or "
			       "unix://");
		redis_link_close(self);
		return -EINVAL;
	}
	result = connect_redis(self);
	if (result != 0) {
		char name[300];

		redis_url_name(url, name, sizeof(name));
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
	return self->context != NULL ? 0 : connect_redis(self);
}

static void lose(struct redis_link *self)
{
	say(self, "connection lost", self->context->errstr);
	disconnect(self);
}

struct redisReply *redis_link_ask(struct redis_link *self, const struct redis_command *command)
{
	redisReply *reply;

	if (redis_link_flush(self) != 0 || make_ready(self, command) != 0)
		return NULL;
	reply = redisCommandArgv(self->context, command->argc, (const char **)command->argv,
				 command->lens);
	if (reply == NULL)
		lose(self);
	else if (reply->type == REDIS_REPLY_ERROR)
		say(self, "refused", reply->str);
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
	int result;

	while (self->queued > 0) {
		void *answer = NULL;
		const char *why = "";

		if (redisGetReply(self->context, &answer) != REDIS_OK) {
			lose(self);
			self->failed = -EIO;
			break;
		}
		self->queued--;
		if (is_refused(answer, &why)) {
			say(self, "refused", why);
			self->failed = -EPROTO;
		}
		freeReplyObject(answer);
	}
	self->queued_bytes = 0;
	result = self->failed;
	self->failed = 0;
	return result;
}

int redis_link_push(struct redis_link *self, const struct redis_command *command)
{
	int result = make_ready(self, command);
	size_t bytes = 0;

	if (result != 0)
		return result;
	if (redisAppendCommandArgv(self->context, command->argc, (const char **)command->argv,
				   command->lens) != REDIS_OK) {
		lose(self);
		return -EIO;
	}
	for (int i = 0; i < command->argc; i++)
		bytes += command->lens[i];
	self->queued++;
	self->queued_bytes += bytes;
	if (self->queued < BATCH && self->queued_bytes < BATCH_BYTES)
		return 0;
	return redis_link_flush(self);
}
