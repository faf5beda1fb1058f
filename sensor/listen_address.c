/* listen_address.c: reads an address and a port, both as numbers. */
#include "sensor/listen_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

static int parse_port(const char *text, in_port_t *out)
{
	uint32_t port = 0;
	size_t len = strlen(text);

	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		port = port * 10 + (uint32_t)(text[i] - '0');
	if (port == 0 || port > 65535)
		return -EINVAL;
	*out = htons((uint16_t)port);
	return 0;
}

/* The host before the port's colon, without brackets, as a text of its own. */
static int cut_host(const char *from, size_t len, char out[INET6_ADDRSTRLEN])
{
	if (len == 0 || len >= INET6_ADDRSTRLEN)
		return -EINVAL;
	memcpy(out, from, len);
	out[len] = '\0';
	return 0;
}

int listen_address_parse(const char *text, struct listen_address *out)
{
	const char *colon = strrchr(text, ':');
	const char *port = colon == NULL ? text : colon + 1;
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);
	char host[INET6_ADDRSTRLEN] = "127.0.0.1";

	memset(out, 0, sizeof(*out));
	if (text[0] == '[') {
		if (len < 2 || text[len - 1] != ']' || cut_host(text + 1, len - 2, host) != 0)
			return -EINVAL;
		out->socket.v6.sin6_family = AF_INET6;
		out->len = sizeof(out->socket.v6);
		if (inet_pton(AF_INET6, host, &out->socket.v6.sin6_addr) != 1)
			return -EINVAL;
		return parse_port(port, &out->socket.v6.sin6_port);
	}
	if (colon != NULL && cut_host(text, len, host) != 0)
		return -EINVAL;
	out->socket.v4.sin_family = AF_INET;
	out->len = sizeof(out->socket.v4);
	if (inet_pton(AF_INET, host, &out->socket.v4.sin_addr) != 1)
		return -EINVAL;
	return parse_port(port, &out->socket.v4.sin_port);
}

bool listen_address_is_loopback(const struct listen_address *self)
{
	if (self->socket.any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&self->socket.v6.sin6_addr);
	return ntohl(self->socket.v4.sin_addr.s_addr) >> 24 == 127;
}
