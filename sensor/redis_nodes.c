/* redis_nodes.c: finds nodes by place and by slot, and polls them as one. */
#include "sensor/redis_nodes.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

int redis_nodes_init(struct redis_nodes *self, const struct redis_url *url,
		     const struct redis_tls *tls)
{
	memset(self, 0, sizeof(*self));
	self->url = url;
	self->tls = tls;
	self->epoll = -1;
	self->items[0] = redis_node_new(url, tls);
	self->count = self->items[0] != NULL;
	return self->items[0] != NULL ? 0 : -ENOMEM;
}

void redis_nodes_fini(struct redis_nodes *self)
{
	for (size_t i = 0; i < self->count; i++)
		redis_node_free(self->items[i]);
	self->count = 0;
	if (self->epoll >= 0)
		close(self->epoll);
	self->epoll = -1;
}

/* One that the map has forgotten. 0: none. */
static size_t find_unused(const struct redis_nodes *self)
{
	for (size_t i = 1; i < self->count; i++)
		if (!self->are_masters[i] && self->items[i]->state == REDIS_NODE_CLOSED)
			return i;
	return 0;
}

size_t redis_nodes_find(struct redis_nodes *self, const struct redis_place *place)
{
	size_t number;

	for (size_t i = 1; i < self->count; i++)
		if (redis_place_equals(&self->places[i], place))
			return i;
	if (self->epoll < 0)
		self->epoll = epoll_create1(EPOLL_CLOEXEC);
	number = self->count < REDIS_NODES ? self->count : find_unused(self);
	if (number == 0 || self->epoll < 0)
		return 0;
	if (number == self->count) {
		self->items[number] = redis_node_new(self->url, self->tls);
		if (self->items[number] == NULL)
			return 0;
		self->count++;
	}
	self->places[number] = *place;
	self->retry_ms[number] = 0;
	redis_route_lead(self->items[number]->route, place);
	return number;
}

int redis_nodes_apply(struct redis_nodes *self, const struct redis_map *map, bool *has_lost)
{
	bool had[REDIS_NODES] = { false };
	uint8_t numbers[REDIS_MAP_MASTERS] = { 0 };

	for (size_t i = 1; i < self->count; i++) {
		had[i] = self->are_masters[i];
		self->are_masters[i] = false;
	}
	for (size_t i = 0; i < map->count; i++) {
		size_t number = redis_nodes_find(self, &map->masters[i]);

		if (number == 0)
			return -ENOMEM;
		numbers[i] = (uint8_t)number;
		self->are_masters[number] = true;
	}
	for (size_t i = 0; i < REDIS_SLOTS; i++)
		self->owners[i] = map->owners[i] == REDIS_MAP_NOBODY ? 0 : numbers[map->owners[i]];
	*has_lost = false;
	for (size_t i = 1; i < self->count; i++)
		*has_lost = *has_lost || (had[i] && !self->are_masters[i]);
	return 0;
}

size_t redis_nodes_owner(const struct redis_nodes *self, const char *bytes, size_t len)
{
	struct redis_word key;

	if (!redis_command_key(bytes, len, &key))
		return 0;
	return self->owners[redis_slot(key.bytes, key.len)];
}

void redis_nodes_lead_door(struct redis_nodes *self, const struct redis_place *hint)
{
	size_t seeds = self->url->seed_count > 0 ? self->url->seed_count : 1;
	size_t turn = self->turn % (self->count - 1 + seeds);
	const struct redis_place *place = hint;

	if (hint->host[0] == '\0') {
		self->turn++;
		if (turn < self->count - 1)
			place = &self->places[turn + 1];
		else if (self->url->seed_count > 0)
			place = &self->url->seeds[turn - (self->count - 1)];
		else
			place = &self->url->place;
	}
	redis_route_lead(self->items[0]->route, place);
}

bool redis_nodes_are_idle(const struct redis_nodes *self)
{
	for (size_t i = 0; i < self->count; i++)
		if (!redis_node_is_idle(self->items[i]))
			return false;
	return true;
}

/* A closed socket has left by itself, so a known number may be a new socket. */
static void watch(const struct redis_nodes *self, const struct pollfd *want)
{
	struct epoll_event event = { .data = { .fd = want->fd } };

	if (want->fd < 0)
		return;
	event.events = ((want->events & POLLIN) != 0 ? EPOLLIN : 0u) |
		       ((want->events & POLLOUT) != 0 ? EPOLLOUT : 0u);
	if (epoll_ctl(self->epoll, EPOLL_CTL_MOD, want->fd, &event) != 0 && errno == ENOENT)
		(void)epoll_ctl(self->epoll, EPOLL_CTL_ADD, want->fd, &event);
}

int redis_nodes_poll(struct redis_nodes *self, uint64_t now_ms, struct pollfd *want)
{
	if (self->count == 1)
		return redis_node_poll(self->items[0], now_ms, want) < 0 ? 0 : -1;
	want->fd = self->epoll;
	want->events = POLLIN;
	for (size_t i = 0; i < self->count; i++) {
		struct pollfd one;

		if (redis_node_poll(self->items[i], now_ms, &one) < 0)
			return (int)i;
		watch(self, &one);
	}
	return -1;
}
