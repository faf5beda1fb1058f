/* redis_wire.c: a socket, and TLS over it when the URL says so. */
#include "sensor/redis_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sensor/redis_tls.h"

static int fail(struct redis_wire *self, const char *what, int error)
{
	(void)snprintf(self->error, sizeof(self->error), "%s: %s", what, strerror(-error));
	return error;
}

void redis_wire_init(struct redis_wire *self)
{
	memset(self, 0, sizeof(*self));
	self->fd = -1;
}

int redis_wire_open(struct redis_wire *self, const struct redis_addresses *addresses, size_t index,
		    const struct redis_tls *tls, const char *host)
{
	int fd = redis_socket_connect(addresses, index);

	redis_wire_close(self);
	if (fd < 0)
		return fail(self, "cannot connect", fd);
	self->fd = fd;
	if (tls == NULL)
		return 0;
	self->session = redis_tls_begin(tls, fd, host);
	if (self->session != NULL)
		return 0;
	redis_wire_close(self);
	return fail(self, "cannot begin TLS", -ENOMEM);
}

static int finish_socket(struct redis_wire *self)
{
	struct pollfd ready = { .fd = self->fd, .events = POLLOUT };
	int error;

	if (poll(&ready, 1, 0) <= 0)
		return -EAGAIN;
	error = redis_socket_finish(self->fd);
	if (error < 0)
		return fail(self, "cannot connect", error);
	self->is_connected = true;
	return 0;
}

int redis_wire_finish(struct redis_wire *self)
{
	int error = 0;

	if (self->fd < 0)
		return -ENOTCONN;
	if (!self->is_connected)
		error = finish_socket(self);
	if (error == 0 && self->session != NULL)
		error = redis_tls_handshake(self->session, self->error);
	return error;
}

ssize_t redis_wire_send(struct redis_wire *self, const char *bytes, size_t len, bool has_more)
{
	ssize_t sent;

	if (len == 0)
		return 0;
	if (self->session != NULL)
		return redis_tls_send(self->session, bytes, len, self->error);
	do
		sent = send(self->fd, bytes, len, MSG_NOSIGNAL | (has_more ? MSG_MORE : 0));
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return -EAGAIN;
	return fail(self, "connection lost", -errno);
}

ssize_t redis_wire_receive(struct redis_wire *self, char *bytes, size_t size)
{
	ssize_t len;

	if (self->session != NULL)
		return redis_tls_receive(self->session, bytes, size, self->error);
	do
		len = recv(self->fd, bytes, size, 0);
	while (len < 0 && errno == EINTR);
	if (len > 0)
		return len;
	if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return -EAGAIN;
	if (len < 0)
		return fail(self, "connection lost", -errno);
	(void)snprintf(self->error, sizeof(self->error), "connection lost: closed by the server");
	return -ECONNRESET;
}

short redis_wire_wants(const struct redis_wire *self, bool has_output)
{
	if (!self->is_connected)
		return POLLOUT;
	if (self->session != NULL)
		return redis_tls_wants(self->session, has_output);
	return has_output ? POLLIN | POLLOUT : POLLIN;
}

void redis_wire_close(struct redis_wire *self)
{
	redis_tls_end(self->session);
	self->session = NULL;
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
	self->is_connected = false;
}
