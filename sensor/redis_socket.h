/* redis_socket.h: non-blocking sockets to Redis, and the addresses they go to. */
#ifndef SENSOR_REDIS_SOCKET_H
#define SENSOR_REDIS_SOCKET_H

#include <sys/socket.h>

#include "sensor/redis_url.h"

#define REDIS_ADDRESSES 8

/* The addresses a name stands for. */
struct redis_addresses {
	struct sockaddr_storage items[REDIS_ADDRESSES];
	socklen_t lens[REDIS_ADDRESSES];
	size_t count;
};

/* The one address of a unix socket. */
void redis_socket_unix(const char *path, struct redis_addresses *out);

/* A place given by its IP address. False: it has a name instead. Never waits. */
bool redis_socket_numeric(const struct redis_place *place, struct redis_addresses *out);

/* 0, or -EHOSTUNREACH with error filled. May take as long as the resolver does. */
int redis_socket_resolve(const struct redis_place *place, struct redis_addresses *out,
			 char error[REDIS_URL_ERROR_TEXT]);

/* Begins to connect: a descriptor that is writable once connected, or negative errno. */
int redis_socket_connect(const struct redis_addresses *addresses, size_t index);

/* After it became writable: 0 or negative errno. */
int redis_socket_finish(int fd);

#endif
