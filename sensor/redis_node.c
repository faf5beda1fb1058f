/* redis_node.c: one server, over our own wire and buffers; hiredis reads replies.
 *
 * Most replies to a transaction say nothing new, so they are read without an object for each:
 *
 *	+OK  +QUEUED ... +QUEUED  *<commands>  $<len> <id> ... $<len> <id>
 *
 * Whatever else comes, errors above all, goes through hiredis' reader.
 *
 * Reference: the Redis protocol specification (RESP2), MULTI, EXEC, ASKING. */
#include "sensor/redis_node.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/redis_greeting.h"
#include "sensor/redis_reader.h"

#define PROMISES  (2 * REDIS_NODE_COMMANDS + 64)
#define FIRST_OUT ((size_t)64 * 1024)
#define LINE_MAX  64 /* of a reply that is read here */

static const char multi_bytes[] = "*1\r\n$5\r\nMULTI\r\n";
static const char asking_bytes[] = "*1\r\n$6\r\nASKING\r\n";
static const char exec_bytes[] = "*1\r\n$4\r\nEXEC\r\n";

/* A text, of which only the kind counts. */
static char no_text[1];
static const redisReply text_reply = { .type = REDIS_REPLY_STRING, .str = no_text };

enum promise_kind { PROMISE_COMMAND, PROMISE_ASKING, PROMISE_MULTI, PROMISE_QUEUED, PROMISE_EXEC };

struct redis_promise {
	uint32_t index;
	uint8_t kind;
};

/* Why it is lost; returns the error. */
static int fail(struct redis_node *self, int error, const char *why)
{
	(void)snprintf(self->error, sizeof(self->error), "%.300s", why);
	return error;
}

struct redis_node *redis_node_new(const struct redis_url *url, const struct redis_tls *tls)
{
	struct redis_node *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->route = redis_route_new(url, tls);
	self->promises = calloc(PROMISES, sizeof(*self->promises));
	self->out = malloc(FIRST_OUT);
	self->out_size = FIRST_OUT;
	if (self->route == NULL || self->promises == NULL || self->out == NULL) {
		redis_node_free(self);
		return NULL;
	}
	self->wire = redis_route_wire(self->route);
	return self;
}

static void forget_reply(struct redis_node *self)
{
	if (self->reply != NULL)
		freeReplyObject(self->reply);
	self->reply = NULL;
}

void redis_node_close(struct redis_node *self)
{
	redis_route_close(self->route);
	forget_reply(self);
	if (self->reader != NULL)
		redisReaderFree(self->reader);
	self->reader = NULL;
	self->out_len = 0;
	self->out_sent = 0;
	self->promised = 0;
	self->answered = 0;
	self->is_inside = false;
	self->elements = 0;
	self->is_whole = false;
	self->is_open = false;
	self->in_len = 0;
	self->in_used = 0;
	self->state = REDIS_NODE_CLOSED;
}

void redis_node_free(struct redis_node *self)
{
	if (self == NULL)
		return;
	if (self->route != NULL)
		redis_node_close(self);
	redis_route_free(self->route);
	free(self->promises);
	free(self->out);
	free(self);
}

/* --- connecting and sending ----------------------------------------------------------------- */

void redis_node_begin(struct redis_node *self, const struct redis_greeting *greeting,
		      uint64_t now_ms)
{
	redis_node_close(self);
	self->greeting = greeting;
	self->greeting_sent = 0;
	self->step = 0;
	self->heard_ms = now_ms;
	self->state = REDIS_NODE_CONNECTING;
	redis_route_begin(self->route, now_ms);
}

static int finish_connecting(struct redis_node *self, uint64_t now_ms, struct pollfd *want)
{
	int error = redis_route_poll(self->route, now_ms, want);

	if (error == -EAGAIN)
		return 0;
	if (error < 0)
		return fail(self, error, redis_route_error(self->route));
	self->reader = redis_reader_new();
	if (self->reader == NULL)
		return fail(self, -ENOMEM, "out of memory");
	self->state = REDIS_NODE_GREETING;
	self->heard_ms = now_ms;
	return 0;
}

/* Sends what it can of bytes from *sent on. */
static int send_from(struct redis_node *self, const char *bytes, size_t len, size_t *sent)
{
	while (*sent < len) {
		ssize_t result = redis_wire_send(self->wire, bytes + *sent, len - *sent, false);

		if (result == -EAGAIN)
			return 0;
		if (result < 0)
			return fail(self, (int)result, self->wire->error);
		*sent += (size_t)result;
	}
	return 0;
}

static int send_commands(struct redis_node *self)
{
	int error = send_from(self, self->out, self->out_len, &self->out_sent);

	if (self->out_sent == self->out_len) {
		self->out_len = 0;
		self->out_sent = 0;
	}
	return error;
}

int redis_node_poll(struct redis_node *self, uint64_t now_ms, struct pollfd *want)
{
	bool has_output = false;
	int error = 0;

	want->fd = -1;
	want->events = 0;
	if (self->state == REDIS_NODE_CONNECTING)
		error = finish_connecting(self, now_ms, want);
	if (error == 0 && self->state == REDIS_NODE_GREETING) {
		error = send_from(self, self->greeting->bytes, self->greeting->len,
				  &self->greeting_sent);
		has_output = self->greeting_sent < self->greeting->len;
	} else if (error == 0 && self->state == REDIS_NODE_READY) {
		error = send_commands(self);
		has_output = self->out_len > 0;
	}
	if (error == 0 && self->state >= REDIS_NODE_GREETING) {
		want->fd = self->wire->fd;
		want->events = redis_wire_wants(self->wire, has_output);
	}
	return error;
}

/* --- commands ------------------------------------------------------------------------------- */

static int put(struct redis_node *self, enum promise_kind kind, size_t index, const char *bytes,
	       size_t len)
{
	assert(self->state == REDIS_NODE_READY && self->promised < PROMISES);
	if (len > self->out_size - self->out_len) {
		size_t size = self->out_size;
		char *grown;

		while (size - self->out_len < len)
			size *= 2;
		grown = realloc(self->out, size);
		if (grown == NULL)
			return fail(self, -ENOMEM, "out of memory");
		self->out = grown;
		self->out_size = size;
	}
	memcpy(self->out + self->out_len, bytes, len);
	self->out_len += len;
	self->promises[self->promised++] =
		(struct redis_promise){ .index = (uint32_t)index, .kind = (uint8_t)kind };
	return 0;
}

int redis_node_add(struct redis_node *self, size_t index, const char *bytes, size_t len)
{
	return put(self, self->is_open ? PROMISE_QUEUED : PROMISE_COMMAND, index, bytes, len);
}

int redis_node_asking(struct redis_node *self)
{
	return put(self, PROMISE_ASKING, 0, asking_bytes, sizeof(asking_bytes) - 1);
}

int redis_node_multi(struct redis_node *self)
{
	self->is_open = true;
	return put(self, PROMISE_MULTI, 0, multi_bytes, sizeof(multi_bytes) - 1);
}

int redis_node_exec(struct redis_node *self)
{
	self->is_open = false;
	return put(self, PROMISE_EXEC, 0, exec_bytes, sizeof(exec_bytes) - 1);
}

bool redis_node_is_idle(const struct redis_node *self)
{
	return self->answered == self->promised;
}

bool redis_node_is_silent(const struct redis_node *self, uint64_t now_ms, uint32_t timeout_ms)
{
	bool is_due = self->state == REDIS_NODE_CONNECTING || self->state == REDIS_NODE_GREETING ||
		      (self->state == REDIS_NODE_READY && !redis_node_is_idle(self));

	return is_due && now_ms - self->heard_ms >= timeout_ms;
}

bool redis_node_unanswered(struct redis_node *self, size_t *index)
{
	/* EXEC would have answered what was only queued. */
	size_t from = self->is_inside ? self->transaction : self->answered;

	while (self->promised > from) {
		const struct redis_promise *last = &self->promises[--self->promised];

		*index = last->index;
		if (last->kind == PROMISE_COMMAND || last->kind == PROMISE_QUEUED)
			return true;
	}
	self->promised = 0;
	self->answered = 0;
	self->is_inside = false;
	return false;
}

/* --- replies without an object -------------------------------------------------------------- */

/* Nothing that was received waits in the reader. */
static bool is_direct(const struct redis_node *self)
{
	return self->reader->pos == self->reader->len && self->reader->ridx == -1;
}

/* A whole line at the beginning of what was received: its length with the line end. 0: none. */
static size_t line_length(const struct redis_node *self)
{
	size_t left = self->in_len - self->in_used;
	const char *line = self->in + self->in_used;
	const char *end = memchr(line, '\n', left < LINE_MAX ? left : LINE_MAX);

	return end != NULL && end > line && end[-1] == '\r' ? (size_t)(end - line) + 1 : 0;
}

static bool skip_line(struct redis_node *self, const char *line, size_t len)
{
	if (self->in_len - self->in_used < len || memcmp(self->in + self->in_used, line, len) != 0)
		return false;
	self->in_used += len;
	return true;
}

/* "<mark><number>\r\n". False: something else, or not whole. */
static bool read_head(const struct redis_node *self, char mark, size_t *number, size_t *len)
{
	const char *line = self->in + self->in_used;
	size_t value = 0;

	*len = line_length(self);
	if (*len < 4 || *len > 10 || line[0] != mark)
		return false;
	for (size_t i = 1; i < *len - 2; i++) {
		if (line[i] < '0' || line[i] > '9')
			return false;
		value = value * 10 + (size_t)(line[i] - '0');
	}
	*number = value;
	return true;
}

static void begin_transaction(struct redis_node *self)
{
	self->transaction = ++self->answered;
	self->is_inside = true;
}

static void end_transaction(struct redis_node *self)
{
	self->answered++;
	self->is_inside = false;
}

static size_t commands_of(const struct redis_node *self)
{
	return self->answered - self->transaction;
}

/* One element of EXEC's reply is answered. */
static void finish_element(struct redis_node *self, struct redis_answer *answer,
			   const redisReply *reply)
{
	size_t at = self->answered - self->elements;

	*answer = (struct redis_answer){ .kind = REDIS_ANSWER_COMMAND,
					 .index = self->promises[at].index,
					 .reply = reply };
	if (--self->elements == 0)
		end_transaction(self);
}

/* 1: answered; 0: something was read; -EAGAIN: more must be received, or the reader asked. */
static int read_direct(struct redis_node *self, struct redis_answer *answer)
{
	enum promise_kind kind = self->promises[self->answered].kind;
	size_t number;
	size_t len;

	if (kind == PROMISE_QUEUED && skip_line(self, "+QUEUED\r\n", 9)) {
		self->answered++;
		return 0;
	}
	if (kind == PROMISE_MULTI && skip_line(self, "+OK\r\n", 5)) {
		begin_transaction(self);
		return 0;
	}
	if (kind != PROMISE_EXEC)
		return -EAGAIN;
	if (self->elements == 0) {
		if (!read_head(self, '*', &number, &len) || number == 0 ||
		    number != commands_of(self))
			return -EAGAIN;
		self->in_used += len;
		self->elements = number;
		return 0;
	}
	if (!read_head(self, '$', &number, &len) || number + 2 > self->in_len - self->in_used - len)
		return -EAGAIN;
	self->in_used += len + number + 2;
	finish_element(self, answer, &text_reply);
	return 1;
}

/* May what was received still become one of these? */
static bool is_half(const struct redis_node *self)
{
	enum promise_kind kind = self->promises[self->answered].kind;
	size_t left = self->in_len - self->in_used;
	const char *bytes = self->in + self->in_used;
	size_t number;
	size_t len;

	if (left == 0 || left >= LINE_MAX)
		return left == 0;
	if (kind == PROMISE_QUEUED)
		return left < 9 && memcmp(bytes, "+QUEUED\r\n", left) == 0;
	if (kind == PROMISE_MULTI)
		return left < 5 && memcmp(bytes, "+OK\r\n", left) == 0;
	if (kind != PROMISE_EXEC || bytes[0] != (self->elements == 0 ? '*' : '$'))
		return false;
	return line_length(self) == 0 ||
	       (self->elements > 0 && read_head(self, '$', &number, &len) && number < LINE_MAX);
}

/* --- replies -------------------------------------------------------------------------------- */

/* 1: something came; 0: not now; negative errno. */
static int receive(struct redis_node *self)
{
	ssize_t len;

	memmove(self->in, self->in + self->in_used, self->in_len - self->in_used);
	self->in_len -= self->in_used;
	self->in_used = 0;
	len = redis_wire_receive(self->wire, self->in + self->in_len,
				 sizeof(self->in) - self->in_len);
	if (len == -EAGAIN)
		return 0;
	if (len < 0)
		return fail(self, (int)len, self->wire->error);
	self->in_len += (size_t)len;
	return 1;
}

static int feed_reader(struct redis_node *self)
{
	size_t left = self->in_len - self->in_used;

	if (left > 0 && redisReaderFeed(self->reader, self->in + self->in_used, left) != REDIS_OK)
		return fail(self, -ENOMEM, "no memory for an answer");
	self->in_used = self->in_len;
	return 0;
}

/* The next reply from the reader into self->reply. 1, 0 or negative errno. */
static int read_reply(struct redis_node *self)
{
	void *reply = NULL;
	int error = feed_reader(self);

	if (error < 0)
		return error;
	if (redisReaderGetReply(self->reader, &reply) != REDIS_OK) {
		(void)snprintf(self->error, sizeof(self->error), "no Redis protocol: %.100s",
			       redis_reader_error(self->reader));
		return -EBADMSG;
	}
	self->reply = reply;
	return reply != NULL;
}

/* What EXEC said: its commands follow one by one. */
static int take_exec(struct redis_node *self, struct redis_answer *answer)
{
	if (self->elements > 0) {
		finish_element(self, answer, self->reply);
		return 1;
	}
	if (self->reply->type == REDIS_REPLY_ARRAY && self->reply->elements == commands_of(self) &&
	    self->reply->elements > 0) {
		self->elements = self->reply->elements;
		self->is_whole = true;
		finish_element(self, answer, self->reply->element[0]);
		return 1;
	}
	if (self->reply->type != REDIS_REPLY_ERROR)
		return fail(self, -EBADMSG, "an answer of another kind to a transaction");
	end_transaction(self);
	*answer = (struct redis_answer){ .kind = REDIS_ANSWER_REFUSED, .reply = self->reply };
	return 1;
}

/* 1: answered; 0: it said nothing that is to be told; negative errno. */
static int take_reply(struct redis_node *self, struct redis_answer *answer)
{
	const struct redis_promise *promise = &self->promises[self->answered];
	bool is_error = self->reply->type == REDIS_REPLY_ERROR;

	switch ((enum promise_kind)promise->kind) {
	case PROMISE_ASKING: /* if it was refused, so is what follows */
		self->answered++;
		return 0;
	case PROMISE_MULTI:
		/* What follows was run command by command. The next greeting says why. */
		if (self->reply->type != REDIS_REPLY_STATUS)
			return fail(self, -EACCES, is_error ? self->reply->str : "no MULTI");
		begin_transaction(self);
		return 0;
	case PROMISE_QUEUED:
		self->answered++;
		if (!is_error && self->reply->type != REDIS_REPLY_STATUS)
			return fail(self, -EBADMSG, "an answer of another kind to a transaction");
		break;
	case PROMISE_EXEC:
		return take_exec(self, answer);
	case PROMISE_COMMAND:
		self->answered++;
		is_error = true; /* any reply is told */
		break;
	}
	*answer = (struct redis_answer){ .kind = REDIS_ANSWER_COMMAND,
					 .index = promise->index,
					 .reply = self->reply };
	return is_error;
}

static int take_step(struct redis_node *self, struct redis_answer *answer)
{
	*answer = (struct redis_answer){ .kind = REDIS_ANSWER_STEP,
					 .index = self->step++,
					 .reply = self->reply };
	return 1;
}

/* The parts of EXEC's reply that hiredis read as a whole. */
static bool take_part(struct redis_node *self, struct redis_answer *answer)
{
	if (!self->is_whole)
		return false;
	if (self->elements > 0) {
		size_t at = self->reply->elements - self->elements;

		finish_element(self, answer, self->reply->element[at]);
		return true;
	}
	self->is_whole = false;
	return false;
}

static bool is_expecting(const struct redis_node *self)
{
	return self->state == REDIS_NODE_GREETING || !redis_node_is_idle(self);
}

/* 1: answered; 0: go on; -EAGAIN: nothing whole was received; else it is lost. */
static int take_one(struct redis_node *self, struct redis_answer *answer)
{
	int result;

	if (!is_expecting(self))
		return is_direct(self) && self->in_used == self->in_len
			       ? -EAGAIN
			       : fail(self, -EBADMSG, "an answer to nothing");
	if (self->state == REDIS_NODE_READY && is_direct(self)) {
		result = read_direct(self, answer);
		if (result >= 0)
			return result;
		if (is_half(self))
			return -EAGAIN;
	}
	result = read_reply(self);
	if (result <= 0)
		return result == 0 ? -EAGAIN : result;
	if (self->state == REDIS_NODE_GREETING)
		return take_step(self, answer);
	return take_reply(self, answer);
}

int redis_node_take(struct redis_node *self, uint64_t now_ms, struct redis_answer *answer)
{
	if (self->state < REDIS_NODE_GREETING)
		return 0;
	if (take_part(self, answer))
		return 1;
	if (self->state == REDIS_NODE_GREETING && self->step == self->greeting->step_count)
		self->state = REDIS_NODE_READY;
	if (!is_expecting(self))
		self->heard_ms = now_ms;
	for (;;) {
		int result;

		forget_reply(self);
		result = take_one(self, answer);
		if (result == 1)
			self->heard_ms = now_ms;
		if (result == 0)
			continue;
		if (result != -EAGAIN)
			return result;
		result = receive(self);
		if (result < 0)
			return result;
		if (result == 0)
			break;
	}
	if (self->answered == self->promised) {
		self->answered = 0;
		self->promised = 0;
	}
	return 0;
}
