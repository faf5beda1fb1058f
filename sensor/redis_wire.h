/* redis_wire.h: the bytes to and from one Redis server, plain or over TLS, never waiting.
 *
 *	open -> socket connects -> (TLS handshake, the server's certificate is checked) -> ready
 *
 * Who uses it polls redis_wire_fd() for redis_wire_wants() and calls again. For one thread. */
#ifndef SENSOR_REDIS_WIRE_H
#define SENSOR_REDIS_WIRE_H

#include <sys/types.h>

#include "sensor/redis_socket.h"

#define REDIS_WIRE_ERROR_TEXT 256

struct redis_tls;
struct redis_tls_session;

struct redis_wire {
	int fd; /* -1: closed */
	bool is_connected;
	struct redis_tls_session *session; /* NULL: plain */
	char error[REDIS_WIRE_ERROR_TEXT]; /* why the last call failed */
};

void redis_wire_init(struct redis_wire *self);

/* Begins to connect to one of the addresses. tls: NULL for plain; host: the name or address that
 * the server's certificate must be for. 0 or negative errno with self->error filled. */
int redis_wire_open(struct redis_wire *self, const struct redis_addresses *addresses, size_t index,
		    const struct redis_tls *tls, const char *host);

/* 0: ready; -EAGAIN: not yet; else it failed, self->error says why. */
int redis_wire_finish(struct redis_wire *self);

/* Bytes sent, -EAGAIN, or another negative errno with self->error filled. has_more: more is sent
 * at once. After -EAGAIN the same bytes must come first again. */
ssize_t redis_wire_send(struct redis_wire *self, const char *bytes, size_t len, bool has_more);

/* Bytes received, at least one; -EAGAIN; or another negative errno with self->error filled, as
 * -ECONNRESET when the server closed. */
ssize_t redis_wire_receive(struct redis_wire *self, char *bytes, size_t size);

/* What to poll for: POLLIN and, with output to send or as TLS needs it, POLLOUT. */
short redis_wire_wants(const struct redis_wire *self, bool has_output);

void redis_wire_close(struct redis_wire *self);

#endif
