/* redis_guide.c: one exchange for each server, and who has which slot.
 *
 * Reference: the Redis Cluster specification: MOVED, ASK, CLUSTER SLOTS. */
#include "sensor/redis_guide.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "sensor/limits.h"
#include "sensor/log.h"
#include "sensor/redis_map.h"
#include "sensor/redis_reply.h"

#define SERVERS 128
#define ASKED   ((size_t)LIMIT_LEASES_READ + 1)
#define PENDING (2 * ASKED)

/* A reply to come. */
struct pending {
	uint64_t key; /* its hash */
	uint8_t server;
	bool is_asking; /* to ASKING: nobody waits for it */
};

struct redis_guide {
	struct redis_exchange_options options;
	struct redis_exchange *servers[SERVERS]; /* the URL's first */
	struct redis_place places[SERVERS];
	size_t count;
	bool is_cluster;
	bool is_map_due;
	bool is_lost; /* the question that is being asked */
	bool is_redirected;
	uint8_t owners[REDIS_SLOTS];
	struct pending pending[PENDING];
	size_t pending_first;
	size_t pending_count;
	struct pending asked[ASKED]; /* keys that are to be asked for elsewhere once */
	size_t asked_count;
	struct redis_args args;
	struct redis_map map;
};

static int add_server(struct redis_guide *self, const struct redis_place *place,
		      char error[REDIS_URL_ERROR_TEXT])
{
	struct redis_exchange_options options = self->options;
	int result;

	if (self->count == SERVERS)
		return -E2BIG;
	self->places[self->count] = *place;
	options.place = &self->places[self->count];
	result = redis_exchange_new(&self->servers[self->count], &options, error);
	self->count += result == 0;
	return result;
}

int redis_guide_new(struct redis_guide **out, const struct redis_exchange_options *options,
		    char error[REDIS_URL_ERROR_TEXT])
{
	const struct redis_url *url = options->url;
	struct redis_guide *self = calloc(1, sizeof(*self));
	int result;

	*out = NULL;
	if (self == NULL) {
		(void)snprintf(error, REDIS_URL_ERROR_TEXT, "out of memory");
		return -ENOMEM;
	}
	self->options = *options;
	self->is_cluster = url->seed_count > 0;
	self->is_map_due = self->is_cluster;
	result = add_server(self, &url->place, error);
	for (size_t i = 1; i < url->seed_count && result == 0; i++)
		result = add_server(self, &url->seeds[i], error);
	if (result < 0) {
		redis_guide_free(self);
		return result;
	}
	*out = self;
	return 0;
}

void redis_guide_free(struct redis_guide *self)
{
	if (self == NULL)
		return;
	for (size_t i = 0; i < self->count; i++)
		redis_exchange_free(self->servers[i]);
	free(self);
}

/* --- who has what --------------------------------------------------------------------------- */

/* The server's number, which may be new; -1: no memory, or too many. */
static int find_server(struct redis_guide *self, const struct redis_place *place)
{
	char error[REDIS_URL_ERROR_TEXT];

	for (size_t i = 0; i < self->count; i++)
		if (redis_place_equals(&self->places[i], place))
			return (int)i;
	return add_server(self, place, error) == 0 ? (int)self->count - 1 : -1;
}

static bool apply_map(struct redis_guide *self)
{
	uint8_t numbers[REDIS_MAP_MASTERS] = { 0 };

	for (size_t i = 0; i < self->map.count; i++) {
		int number = find_server(self, &self->map.masters[i]);

		if (number < 0)
			return false;
		numbers[i] = (uint8_t)number;
	}
	for (size_t i = 0; i < REDIS_SLOTS; i++)
		self->owners[i] =
			self->map.owners[i] == REDIS_MAP_NOBODY ? 0 : numbers[self->map.owners[i]];
	return true;
}

static bool learn_from(struct redis_guide *self, size_t number)
{
	struct redis_exchange *server = self->servers[number];
	redisReply *reply;
	bool is_learnt;

	redis_args_begin(&self->args, "CLUSTER");
	redis_args_text(&self->args, "SLOTS");
	if (redis_exchange_send(server, &self->args, false) < 0)
		return false;
	reply = redis_exchange_reply(server);
	if (reply == NULL)
		return false;
	is_learnt = redis_map_read(&self->map, reply, &self->places[number]) == 0 &&
		    self->map.count > 0 && apply_map(self);
	if (!is_learnt)
		redis_exchange_give_up(server, reply->type == REDIS_REPLY_ERROR
						       ? reply->str
						       : "no map of a cluster");
	freeReplyObject(reply);
	return is_learnt;
}

/* From any server that answers. */
static bool learn_map(struct redis_guide *self)
{
	size_t count = self->count;

	for (size_t i = 0; i < count && self->is_map_due; i++)
		if (redis_exchange_is_ready(self->servers[i]) && learn_from(self, i))
			self->is_map_due = false;
	return !self->is_map_due;
}

/* --- questions ------------------------------------------------------------------------------ */

/* The question fails: replies that are still to come belong to nobody. */
static void lose(struct redis_guide *self)
{
	self->is_lost = true;
	while (self->pending_count > 0) {
		struct redis_exchange *server =
			self->servers[self->pending[self->pending_first].server];
		redisReply *reply =
			redis_exchange_is_open(server) ? redis_exchange_reply(server) : NULL;

		if (reply != NULL)
			freeReplyObject(reply);
		self->pending_first = (self->pending_first + 1) % PENDING;
		self->pending_count--;
	}
}

void redis_guide_begin(struct redis_guide *self)
{
	self->asked_count = 0;
}

bool redis_guide_is_redirected(const struct redis_guide *self)
{
	return self->is_redirected;
}

bool redis_guide_is_ready(struct redis_guide *self)
{
	lose(self);
	self->is_lost = false;
	self->is_redirected = false;
	if (!self->is_cluster)
		return redis_exchange_is_ready(self->servers[0]);
	return !self->is_map_due || learn_map(self);
}

bool redis_guide_is_open(const struct redis_guide *self)
{
	return !self->is_lost;
}

/* FNV-1a: tells the keys of one question apart. */
static uint64_t hash_key(const struct redis_word *key)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < key->len; i++)
		hash = (hash ^ (uint8_t)key->bytes[i]) * UINT64_C(1099511628211);
	return hash;
}

static struct pending find_way(const struct redis_guide *self, struct redis_args *args)
{
	struct pending way = { 0 };
	struct redis_word key;
	size_t len;
	size_t id_at;
	const char *bytes = redis_args_end(args, &len, &id_at);

	if (!self->is_cluster || bytes == NULL || !redis_command_key(bytes, len, &key))
		return way;
	way.key = hash_key(&key);
	way.server = self->owners[redis_slot(key.bytes, key.len)];
	for (size_t i = 0; i < self->asked_count; i++)
		if (self->asked[i].key == way.key)
			return self->asked[i];
	return way;
}

static int send_one(struct redis_guide *self, struct pending way, struct redis_args *args,
		    bool has_more)
{
	struct redis_exchange *server = self->servers[way.server];
	int error;

	if (self->pending_count == PENDING)
		return -EMSGSIZE;
	if (!redis_exchange_is_ready(server))
		return -EIO;
	error = redis_exchange_send(server, args, has_more);
	if (error < 0)
		return error;
	self->pending[(self->pending_first + self->pending_count++) % PENDING] = way;
	return 0;
}

int redis_guide_send(struct redis_guide *self, struct redis_args *args, bool has_more)
{
	struct pending way = find_way(self, args);
	int error = 0;

	if (self->is_lost)
		return -EIO;
	if (way.is_asking) {
		/* Its reply is pending as such; the command's own is not. */
		redis_args_begin(&self->args, "ASKING");
		error = send_one(self, way, &self->args, true);
	}
	way.is_asking = false;
	/* What follows goes to another server. */
	if (error == 0)
		error = send_one(self, way, args, has_more && !self->is_cluster);
	if (error < 0) {
		self->is_map_due = self->is_cluster;
		lose(self);
	}
	return error;
}

/* True: the reply was only the way to another server. */
static bool take_redirection(struct redis_guide *self, const struct pending *way,
			     const redisReply *reply)
{
	bool is_ask = reply->type == REDIS_REPLY_ERROR && redis_reply_begins(reply, "ASK ");
	struct redis_place place;
	int number;

	if (!is_ask && (reply->type != REDIS_REPLY_ERROR || !redis_reply_begins(reply, "MOVED ")))
		return false;
	if (self->options.url->sentinel_count > 0 || self->options.url->db != 0 ||
	    !redis_redirect_read(reply->str, &self->places[way->server], &place))
		return false;
	number = find_server(self, &place);
	if (number < 0)
		return false;
	self->is_redirected = true;
	if (is_ask && self->is_cluster && self->asked_count < ASKED)
		self->asked[self->asked_count++] = (struct pending){ .key = way->key,
								     .server = (uint8_t)number,
								     .is_asking = true };
	else
		self->is_map_due = true;
	self->is_cluster = true;
	return true;
}

redisReply *redis_guide_reply(struct redis_guide *self)
{
	struct pending way;
	redisReply *reply = NULL;

	do {
		if (self->pending_count == 0 || self->is_lost)
			return NULL;
		if (reply != NULL)
			freeReplyObject(reply); /* to ASKING */
		way = self->pending[self->pending_first];
		self->pending_first = (self->pending_first + 1) % PENDING;
		self->pending_count--;
		reply = redis_exchange_reply(self->servers[way.server]);
	} while (way.is_asking && reply != NULL);
	if (reply == NULL) {
		self->is_map_due = self->is_cluster;
	} else if (take_redirection(self, &way, reply)) {
		freeReplyObject(reply);
		reply = NULL;
	}
	if (reply == NULL)
		lose(self);
	return reply;
}

void redis_guide_give_up(struct redis_guide *self, const char *why)
{
	size_t last = (self->pending_first + PENDING - 1) % PENDING;

	redis_exchange_give_up(self->servers[self->pending[last].server], why);
	lose(self);
}
