/* redis_nodes.h: the servers that are talked to: one, or those of a cluster that are needed.
 *
 * Node 0 is the URL's own; in a cluster it is the door, at which any server is asked for the map.
 * Nodes keep their numbers. For one thread. */
#ifndef SENSOR_REDIS_NODES_H
#define SENSOR_REDIS_NODES_H

#include "sensor/redis_map.h"
#include "sensor/redis_node.h"

#define REDIS_NODES 128

/* Fields are its own; others read. */
struct redis_nodes {
	const struct redis_url *url;
	const struct redis_tls *tls;
	struct redis_node *items[REDIS_NODES];
	struct redis_place places[REDIS_NODES];
	bool are_masters[REDIS_NODES];
	uint64_t retry_ms[REDIS_NODES]; /* not connected again before */
	size_t count;
	uint8_t owners[REDIS_SLOTS]; /* number of the node, 0: nobody */
	size_t turn;                 /* of the places where the map is asked for */
	int epoll;                   /* over all of their sockets; -1: of one, none is needed */
};

/* 0 or -ENOMEM. url and tls are borrowed. */
int redis_nodes_init(struct redis_nodes *self, const struct redis_url *url,
		     const struct redis_tls *tls);
void redis_nodes_fini(struct redis_nodes *self);

/* The number of the node at a place, which may be new; 0: no memory, or too many. */
size_t redis_nodes_find(struct redis_nodes *self, const struct redis_place *place);

/* A new map. *has_lost: someone who had slots has none now, as after a failover. 0 or -ENOMEM. */
int redis_nodes_apply(struct redis_nodes *self, const struct redis_map *map, bool *has_lost);

/* Who has the key of a command; 0: nobody. */
size_t redis_nodes_owner(const struct redis_nodes *self, const char *bytes, size_t len);

/* Leads the door to the hint, or without one to one known place after another. */
void redis_nodes_lead_door(struct redis_nodes *self, const struct redis_place *hint);

bool redis_nodes_are_idle(const struct redis_nodes *self);

/* Sends what can be sent. Makes *want what to poll for. The number of a node that is lost, or -1.
 */
int redis_nodes_poll(struct redis_nodes *self, uint64_t now_ms, struct pollfd *want);

#endif
