/* redis_cluster.c: which server of a cluster gets what, and what to do when that changes.
 *
 * The map is asked for at a connection of its own, the door: at the beginning, when a server says
 * that a slot has moved, and when one is lost. While it is due nothing is sent, so that all is
 * sent in its order to whom it belongs.
 *
 * Reference: the Redis Cluster specification: MOVED, ASK, CLUSTER SLOTS. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/log.h"
#include "sensor/redis_conn_inner.h"

#define MOVED_PAUSE_MS 20 /* who sent us away, and whither, may not agree yet */

/* A server of a cluster was taken for one by itself. */
static bool become_cluster(struct redis_conn *self, const char *text)
{
	const struct redis_url *url = self->options.url;

	if (url->sentinel_count > 0 || url->db != 0) {
		redis_conn_give_up(self, text);
		return false;
	}
	self->kept = redis_queue_new(self->options.queue_bytes);
	if (self->kept == NULL) {
		say(self, "out of memory");
		redis_conn_fail(self, -ENOMEM);
		return false;
	}
	log_info("redis: this is a Redis Cluster: %.100s", text);
	self->is_cluster = true;
	return true;
}

void redis_cluster_forget_ask(struct redis_conn *self, size_t number)
{
	size_t count = redis_queue_batch(self->queue) + redis_queue_waiting(self->queue);

	/* They were of a batch, and kept their places. */
	if (count > REDIS_NODE_COMMANDS)
		count = REDIS_NODE_COMMANDS;
	for (size_t i = 0; i < count && number != 0; i++) {
		struct redis_entry *entry = redis_queue_entry(self->queue, i);

		if (entry->asked == number)
			entry->asked = 0;
	}
}

void redis_cluster_take_moved(struct redis_conn *self, size_t number, const char *text,
			      uint64_t now_ms)
{
	const struct redis_place *from = redis_route_place(self->nodes.items[number]->route);
	bool was_cluster = self->is_cluster;
	struct redis_place to;

	if (!redis_redirect_read(text, from, &to)) {
		redis_conn_give_up(self, text);
		return;
	}
	if (!was_cluster && !become_cluster(self, text))
		return;
	redis_cluster_forget_ask(self, number);
	self->is_map_due = true;
	self->hint = to;
	if (now_ms + MOVED_PAUSE_MS > self->nodes.retry_ms[0])
		self->nodes.retry_ms[0] = now_ms + MOVED_PAUSE_MS;
	/* From now on the first node is the door; and who is greeted has not our streams. */
	if (!was_cluster || self->nodes.items[number]->state == REDIS_NODE_GREETING) {
		say(self, "%s", text);
		self->is_ready = false;
		redis_conn_lose(self, number, now_ms);
		self->has_failed = false;
	}
}

void redis_cluster_take_ask(struct redis_conn *self, size_t number, struct redis_entry *entry,
			    const char *text, uint64_t now_ms)
{
	const struct redis_place *from = redis_route_place(self->nodes.items[number]->route);
	struct redis_place to;

	if (!self->is_cluster || !redis_redirect_read(text, from, &to))
		redis_cluster_take_moved(self, number, text, now_ms);
	else
		entry->asked = (uint8_t)redis_nodes_find(&self->nodes, &to);
}

static void find_home(struct redis_conn *self)
{
	const char *key = self->options.owner_key;
	size_t home = self->nodes.owners[redis_slot(key, strlen(key))];

	if (home == self->home)
		return;
	self->home = home;
	self->is_ready = self->has_been_ready && home != 0 &&
			 self->nodes.items[home]->state == REDIS_NODE_READY;
}

void redis_cluster_take_map(struct redis_conn *self, const redisReply *reply, uint64_t now_ms)
{
	const struct redis_place *from = redis_route_place(self->nodes.items[0]->route);
	struct redis_map *map = malloc(sizeof(*map));
	bool has_lost = false;
	int error = -ENOMEM;

	if (map != NULL) {
		error = redis_map_read(map, reply, from);
		if (error == 0 && map->count == 0)
			error = -EAGAIN;
		if (error == 0)
			error = redis_nodes_apply(&self->nodes, map, &has_lost);
	}
	free(map);
	if (error < 0) {
		say(self, error == -EAGAIN ? "not ready: the cluster has no slots"
					   : "the map of the cluster cannot be used");
		redis_conn_lose(self, 0, now_ms);
		return;
	}
	self->is_map_due = false;
	self->is_recall_due = self->is_recall_due || has_lost;
	self->hint.host[0] = '\0';
	redis_node_close(self->nodes.items[0]);
	find_home(self);
}

static void connect_to(struct redis_conn *self, size_t number,
		       const struct redis_greeting *greeting, uint64_t now_ms)
{
	struct redis_node *node = self->nodes.items[number];

	if (node->state == REDIS_NODE_CLOSED && now_ms >= self->nodes.retry_ms[number])
		redis_node_begin(node, greeting, now_ms);
}

void redis_cluster_care(struct redis_conn *self, uint64_t now_ms)
{
	struct redis_node *home = self->nodes.items[self->home];

	if (self->is_map_due && self->nodes.items[0]->state == REDIS_NODE_CLOSED &&
	    now_ms >= self->nodes.retry_ms[0]) {
		redis_nodes_lead_door(&self->nodes, &self->hint);
		self->hint.host[0] = '\0';
		connect_to(self, 0, &self->door_greeting, now_ms);
	}
	if (self->home == 0)
		return;
	if (!self->is_map_due)
		connect_to(self, self->home, &self->greeting, now_ms);
	/* It may have been greeted as another one's neighbour. */
	if (home->state == REDIS_NODE_READY && self->has_been_ready)
		self->is_ready = true;
}

bool redis_cluster_route(struct redis_conn *self, size_t index, size_t *number, uint64_t now_ms)
{
	const struct redis_entry *entry = redis_queue_entry(self->queue, index);

	*number = 0;
	if (!self->is_cluster)
		return true;
	if (entry->asked != 0)
		*number = entry->asked;
	else
		*number = redis_nodes_owner(&self->nodes, redis_queue_bytes(self->queue, index),
					    entry->len);
	if (*number == 0)
		*number = self->home;
	if (self->nodes.items[*number]->state == REDIS_NODE_READY)
		return true;
	connect_to(self, *number, &self->guest_greeting, now_ms);
	return false;
}
