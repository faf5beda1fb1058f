/* redis_tls.h: TLS to Redis with OpenSSL, over a socket of ours that never waits.
 *
 * TLS 1.2 or newer. The server's certificate is always checked: its chain up to the system's
 * authorities or those of a file, its dates, and that it is for the host of the URL, a DNS name or
 * an IP address among its alternative names (RFC 6125, RFC 2818). All files are read once, before
 * the sensor gives up its privileges.
 *
 * A context may be used by one thread only, and so may its sessions. */
#ifndef SENSOR_REDIS_TLS_H
#define SENSOR_REDIS_TLS_H

#include "sensor/redis_wire.h"

struct redis_tls_files {
	const char *ca;   /* PEM: trusted instead of the system's; NULL: the system's */
	const char *cert; /* PEM: our certificate and its chain; NULL: none is shown */
	const char *key;  /* PEM: its key, without a pass phrase; NULL: in the same file */
};

/* NULL with error filled. */
struct redis_tls *redis_tls_new(const struct redis_tls_files *files,
				char error[REDIS_WIRE_ERROR_TEXT]);
void redis_tls_free(struct redis_tls *self);

/* A session over a socket, which stays the caller's. NULL: out of memory. */
struct redis_tls_session *redis_tls_begin(const struct redis_tls *self, int fd, const char *host);
void redis_tls_end(struct redis_tls_session *session);

/* As the functions of redis_wire.h. */
int redis_tls_handshake(struct redis_tls_session *session, char error[REDIS_WIRE_ERROR_TEXT]);
ssize_t redis_tls_send(struct redis_tls_session *session, const char *bytes, size_t len,
		       char error[REDIS_WIRE_ERROR_TEXT]);
ssize_t redis_tls_receive(struct redis_tls_session *session, char *bytes, size_t size,
			  char error[REDIS_WIRE_ERROR_TEXT]);
short redis_tls_wants(const struct redis_tls_session *session, bool has_output);

#endif
