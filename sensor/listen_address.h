/* listen_address.h: where a server of ours listens.
 *
 *	PORT | 127.0.0.1:PORT | ANY-IPV4:PORT | [IPV6]:PORT	PORT 1 to 65535, alone: of 127.0.0.1
 *
 * Numeric only: nothing is resolved. */
#ifndef SENSOR_LISTEN_ADDRESS_H
#define SENSOR_LISTEN_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

struct listen_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} socket;
	socklen_t len;
};

/* 0 or -EINVAL. */
int listen_address_parse(const char *text, struct listen_address *out);

/* Only this machine reaches it. */
bool listen_address_is_loopback(const struct listen_address *self);

#endif
