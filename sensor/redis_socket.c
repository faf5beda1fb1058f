/* redis_socket.c: opens non-blocking TCP and unix sockets. */
#include "sensor/redis_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

void redis_socket_unix(const char *path, struct redis_addresses *out)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	memcpy(addr.sun_path, path, strlen(path) + 1);
	memcpy(&out->items[0], &addr, sizeof(addr));
	out->lens[0] = sizeof(addr);
	out->count = 1;
}

static int look_up(const struct redis_place *place, int flags, struct redis_addresses *out)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
				  .ai_socktype = SOCK_STREAM,
				  .ai_flags = flags };
	struct addrinfo *list = NULL;
	int result = getaddrinfo(place->host, place->port, &hints, &list);

	out->count = 0;
	if (result != 0)
		return result;
	for (const struct addrinfo *at = list; at != NULL && out->count < REDIS_ADDRESSES;
	     at = at->ai_next) {
		memcpy(&out->items[out->count], at->ai_addr, at->ai_addrlen);
		out->lens[out->count++] = at->ai_addrlen;
	}
	freeaddrinfo(list);
	return 0;
}

bool redis_socket_numeric(const struct redis_place *place, struct redis_addresses *out)
{
	return look_up(place, AI_NUMERICHOST | AI_NUMERICSERV, out) == 0 && out->count > 0;
}

int redis_socket_resolve(const struct redis_place *place, struct redis_addresses *out,
			 char error[REDIS_URL_ERROR_TEXT])
{
	int result = look_up(place, AI_NUMERICSERV, out);

	if (result == 0 && out->count > 0)
		return 0;
	(void)snprintf(error, REDIS_URL_ERROR_TEXT, "cannot resolve %.64s: %s", place->host,
		       result == 0 ? "it has no address" : gai_strerror(result));
	return -EHOSTUNREACH;
}

int redis_socket_connect(const struct redis_addresses *addresses, size_t index)
{
	const struct sockaddr_storage *addr = &addresses->items[index % addresses->count];
	int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	int error;

	if (fd < 0)
		return -errno;
	if (addr->ss_family != AF_UNIX) {
		/* Both only make it better: without them it works too. */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	}
	if (connect(fd, (const struct sockaddr *)addr, addresses->lens[index % addresses->count]) ==
		    0 ||
	    errno == EINPROGRESS)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int redis_socket_finish(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return -errno;
	return -error;
}
