/* redis_greeting.c: the first commands of a connection.
 *
 * Reference: AUTH, ROLE, SELECT, MULTI, CLUSTER SLOTS, XINFO STREAM. */
#include "sensor/redis_greeting.h"

#include <hiredis/hiredis.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/redis_reply.h"

/* One atomic step: takes a free key, renews our own, and else says whose it is. */
static const char owner_script[] = "local v=redis.call('GET',KEYS[1]) "
				   "if v and v~=ARGV[1] then return v end "
				   "redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2]) return 1";
static const char release_script[] =
	"if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0";

static void write_owner(struct redis_args *args, const struct redis_conn_options *options,
			const char *script)
{
	redis_args_begin(args, "EVAL");
	redis_args_text(args, script);
	redis_args_text(args, "1");
	redis_args_text(args, options->owner_key);
	redis_args_text(args, options->owner);
	redis_args_uint(args, options->owner_ttl_ms);
}

void redis_owner_keep(struct redis_args *args, const struct redis_conn_options *options)
{
	write_owner(args, options, owner_script);
}

void redis_owner_release(struct redis_args *args, const struct redis_conn_options *options)
{
	write_owner(args, options, release_script);
}

static int add_step(struct redis_greeting *self, enum redis_step step, struct redis_args *args)
{
	size_t id_at;
	size_t len;
	const char *bytes = redis_args_end(args, &len, &id_at);
	char *grown;

	if (bytes == NULL)
		return -EMSGSIZE;
	assert(self->step_count < REDIS_GREETING_STEPS);
	grown = malloc(self->len + len); /* not realloc: it would leave the password behind */
	if (grown == NULL)
		return -ENOMEM;
	if (self->len > 0)
		memcpy(grown, self->bytes, self->len);
	memcpy(grown + self->len, bytes, len);
	if (self->bytes != NULL)
		explicit_bzero(self->bytes, self->len);
	free(self->bytes);
	self->bytes = grown;
	self->len += len;
	self->steps[self->step_count++] = step;
	return 0;
}

static int add_login(struct redis_greeting *self, const struct redis_url *url,
		     struct redis_args *args)
{
	int error;

	if (url->password[0] == '\0')
		return 0;
	redis_args_begin(args, "AUTH");
	if (url->user[0] != '\0')
		redis_args_text(args, url->user);
	redis_args_text(args, url->password);
	error = add_step(self, REDIS_STEP_AUTH, args);
	explicit_bzero(args, sizeof(*args));
	return error;
}

static int add_word(struct redis_greeting *self, enum redis_step step, const char *word,
		    struct redis_args *args)
{
	redis_args_begin(args, word);
	return add_step(self, step, args);
}

static int add_streams(struct redis_greeting *self, const struct redis_conn_options *options,
		       struct redis_args *args)
{
	int error = 0;

	for (size_t i = 0; i < REDIS_CONN_STREAMS && error == 0; i++) {
		if (options->streams[i] == NULL)
			continue;
		redis_args_begin(args, "XINFO");
		redis_args_text(args, "STREAM");
		redis_args_text(args, options->streams[i]);
		error = add_step(self, REDIS_STEP_STREAM, args);
	}
	return error;
}

static int add_writer(struct redis_greeting *self, const struct redis_conn_options *options,
		      struct redis_args *args)
{
	const struct redis_url *url = options->url;
	int error = 0;

	if (url->sentinel_count > 0)
		error = add_word(self, REDIS_STEP_ROLE, "ROLE", args);
	if (error == 0 && url->db != 0) {
		redis_args_begin(args, "SELECT");
		redis_args_uint(args, url->db);
		error = add_step(self, REDIS_STEP_SELECT, args);
	}
	if (error == 0)
		error = add_word(self, REDIS_STEP_MULTI, "MULTI", args);
	if (error == 0)
		error = add_word(self, REDIS_STEP_EXEC, "EXEC", args);
	if (error == 0) {
		redis_owner_keep(args, options);
		error = add_step(self, REDIS_STEP_OWNER, args);
	}
	return error < 0 ? error : add_streams(self, options, args);
}

int redis_greeting_build(struct redis_greeting *self, const struct redis_conn_options *options,
			 enum redis_greeting_kind kind)
{
	struct redis_args *args = malloc(sizeof(*args));
	int error;

	if (args == NULL)
		return -ENOMEM;
	error = add_login(self, options->url, args);
	if (error == 0 && kind == REDIS_GREETING_WRITER)
		error = add_writer(self, options, args);
	if (error == 0 && kind == REDIS_GREETING_DOOR) {
		redis_args_begin(args, "CLUSTER");
		redis_args_text(args, "SLOTS");
		error = add_step(self, REDIS_STEP_SLOTS, args);
	}
	free(args);
	return error;
}

void redis_greeting_fini(struct redis_greeting *self)
{
	if (self->bytes != NULL)
		explicit_bzero(self->bytes, self->len);
	free(self->bytes);
	self->bytes = NULL;
}

/* "<ms>-<seq>" of the server. */
static void raise_id(struct redis_stream_id *id, const char *text)
{
	char *end;
	uint64_t ms = strtoull(text, &end, 10);
	uint64_t seq = *end == '-' ? strtoull(end + 1, NULL, 10) : 0;

	if (ms > id->ms || (ms == id->ms && seq > id->seq)) {
		id->ms = ms;
		id->seq = seq;
	}
}

static void read_stream_info(const redisReply *reply, struct redis_stream_id *id)
{
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		const redisReply *name = reply->element[i];
		const redisReply *value = reply->element[i + 1];

		if (name->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING &&
		    strcmp(name->str, "last-generated-id") == 0)
			raise_id(id, value->str);
	}
}

bool redis_greeting_is_answered(const struct redis_greeting *self, size_t step,
				const redisReply *reply, struct redis_stream_id *id)
{
	switch (self->steps[step]) {
	case REDIS_STEP_AUTH:
	case REDIS_STEP_SELECT:
	case REDIS_STEP_MULTI:
		return reply->type == REDIS_REPLY_STATUS;
	case REDIS_STEP_EXEC:
	case REDIS_STEP_SLOTS:
		return reply->type == REDIS_REPLY_ARRAY;
	case REDIS_STEP_ROLE:
		return redis_reply_is_master(reply);
	case REDIS_STEP_OWNER:
		return reply->type == REDIS_REPLY_INTEGER;
	case REDIS_STEP_STREAM:
		if (reply->type == REDIS_REPLY_ARRAY)
			read_stream_info(reply, id);
		/* A stream that does not exist yet has no last id. */
		return reply->type == REDIS_REPLY_ARRAY ||
		       (reply->type == REDIS_REPLY_ERROR &&
			redis_reply_begins(reply, "ERR no such key"));
	}
	return false;
}
