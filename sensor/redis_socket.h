/* redis_socket.h: non-blocking sockets to Redis. */
#ifndef SENSOR_REDIS_SOCKET_H
#define SENSOR_REDIS_SOCKET_H

#include <sys/socket.h>

#include "sensor/redis_url.h"

#define REDIS_ADDRESSES 8

/* The addresses a URL leads to. Names are resolved once, before the sensor gives up privileges. */
struct redis_addresses {
	struct sockaddr_storage items[REDIS_ADDRESSES];
	socklen_t lens[REDIS_ADDRESSES];
	size_t count;
};

/* 0, or -EHOSTUNREACH with error filled. May take as long as the resolver does. */
int redis_socket_resolve(const struct redis_url *url, struct redis_addresses *out,
			 char error[REDIS_URL_ERROR_TEXT]);

/* Begins to connect: a descriptor that is writable once connected, or negative errno. */
int redis_socket_connect(const struct redis_addresses *addresses, size_t index);

/* After it became writable: 0 or negative errno. */
int redis_socket_finish(int fd);

#endif
