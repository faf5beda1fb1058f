/* redis_sentinel.c: one question to one Sentinel. */
#include "sensor/redis_sentinel.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <stdio.h>
#include <string.h>

#include "protocols/slice.h"
#include "sensor/redis_reader.h"
#include "sensor/redis_reply.h"

#define RECEIVE_BYTES 4096

static int fail(struct redis_sentinel *self, int error, const char *why)
{
	(void)snprintf(self->error, sizeof(self->error), "%.200s", why);
	return error;
}

static void set_bytes(struct redis_sentinel *self)
{
	size_t id_at;

	self->bytes = redis_args_end(&self->args, &self->len, &id_at);
}

static void ask(struct redis_sentinel *self)
{
	redis_args_begin(&self->args, "SENTINEL");
	redis_args_text(&self->args, "get-master-addr-by-name");
	redis_args_text(&self->args, self->url->master);
	set_bytes(self);
	self->has_question = true;
}

static void introduce(struct redis_sentinel *self)
{
	redis_args_begin(&self->args, "AUTH");
	if (self->url->user[0] != '\0')
		redis_args_text(&self->args, self->url->user);
	redis_args_text(&self->args, self->url->password);
	set_bytes(self);
	self->is_introduced = true;
	self->has_question = false;
}

int redis_sentinel_begin(struct redis_sentinel *self, const struct redis_url *url)
{
	redis_sentinel_end(self);
	self->url = url;
	self->is_introduced = false;
	self->error[0] = '\0';
	self->reader = redis_reader_new();
	ask(self);
	return self->reader != NULL ? 0 : fail(self, -ENOMEM, "out of memory");
}

void redis_sentinel_end(struct redis_sentinel *self)
{
	if (self->reader != NULL)
		redisReaderFree(self->reader);
	self->reader = NULL;
	explicit_bzero(&self->args, sizeof(self->args));
	self->len = 0;
}

static bool is_port(const char *text, size_t len)
{
	return len > 0 && len <= 5 && strspn(text, "0123456789") == len;
}

int redis_sentinel_read(const redisReply *reply, struct redis_place *out,
			char error[REDIS_WIRE_ERROR_TEXT])
{
	const redisReply *host;
	const redisReply *port;

	if (reply->type == REDIS_REPLY_NIL) {
		(void)snprintf(error, REDIS_WIRE_ERROR_TEXT, "it knows no master of that name");
		return -ENOENT;
	}
	(void)snprintf(error, REDIS_WIRE_ERROR_TEXT, "%.150s",
		       reply->type == REDIS_REPLY_ERROR ? reply->str : "no answer of a Sentinel");
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return -EBADMSG;
	host = reply->element[0];
	port = reply->element[1];
	if (host->type != REDIS_REPLY_STRING || port->type != REDIS_REPLY_STRING ||
	    host->len == 0 || host->len >= sizeof(out->host) ||
	    memchr(host->str, '\0', host->len) != NULL || !is_port(port->str, port->len))
		return -EBADMSG;
	(void)snprintf(out->host, sizeof(out->host), "%s", host->str);
	(void)snprintf(out->port, sizeof(out->port), "%s", port->str);
	error[0] = '\0';
	return 0;
}

static int take(struct redis_sentinel *self, const redisReply *reply, struct redis_place *out)
{
	if (!self->has_question) {
		if (reply->type != REDIS_REPLY_STATUS)
			return fail(self, -EACCES,
				    reply->type == REDIS_REPLY_ERROR ? reply->str
								     : "no answer to AUTH");
		ask(self);
		return -EAGAIN;
	}
	if (reply->type == REDIS_REPLY_ERROR && redis_reply_begins(reply, "NOAUTH") &&
	    !self->is_introduced && self->url->password[0] != '\0') {
		introduce(self);
		return -EAGAIN;
	}
	return redis_sentinel_read(reply, out, self->error);
}

static int send_question(struct redis_sentinel *self, struct redis_wire *wire)
{
	ssize_t sent = redis_wire_send(wire, self->bytes, self->len, false);

	if (sent >= 0) {
		self->bytes += sent;
		self->len -= (size_t)sent;
		return 0;
	}
	return sent == -EAGAIN ? 0 : fail(self, (int)sent, wire->error);
}

static int receive(struct redis_sentinel *self, struct redis_wire *wire)
{
	char bytes[RECEIVE_BYTES];
	ssize_t len = redis_wire_receive(wire, bytes, sizeof(bytes));

	if (len == -EAGAIN)
		return -EAGAIN;
	if (len < 0)
		return fail(self, (int)len, wire->error);
	if (redisReaderFeed(self->reader, bytes, (size_t)len) != REDIS_OK)
		return fail(self, -ENOMEM, "out of memory");
	return 0;
}

int redis_sentinel_poll(struct redis_sentinel *self, struct redis_wire *wire,
			struct redis_place *out)
{
	int result = send_question(self, wire);

	while (result == 0) {
		void *reply = NULL;

		if (redisReaderGetReply(self->reader, &reply) != REDIS_OK)
			return fail(self, -EBADMSG, "no Redis protocol");
		if (reply == NULL) {
			result = receive(self, wire);
			continue;
		}
		result = take(self, reply, out);
		freeReplyObject(reply);
		if (result != -EAGAIN)
			return result;
		result = send_question(self, wire);
	}
	return result;
}
