/* metrics.c: HTTP by libmicrohttpd, which is included nowhere else.
 *
 * It polls instead of select(): a replay may have more files open than that can name. */
#include "sensor/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/listen_address.h"
#include "sensor/metrics_text.h"

#define CONNECTIONS      8
#define TIMEOUT_S        5
#define CONNECTION_BYTES 16384 /* of one request's head */
#define BACKLOG          8

struct metrics {
	int fd; /* -1: the library's */
	struct MHD_Daemon *daemon;
	health_look *look;
	void *ctx;
};

static int listen_on(const struct listen_address *address)
{
	int fd = socket(address->socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);
	int yes = 1;
	int error;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, &address->socket.any, address->len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int metrics_open(struct metrics **out, const char *where, char error[METRICS_ERROR_TEXT])
{
	struct listen_address address;
	struct metrics *self;
	int fd = listen_address_parse(where, &address);

	*out = NULL;
	if (fd == 0)
		fd = listen_on(&address);
	if (fd < 0) {
		(void)snprintf(error, METRICS_ERROR_TEXT, "metrics: %.60s: %s", where,
			       strerror(-fd));
		return fd;
	}
	self = calloc(1, sizeof(*self));
	if (self == NULL) {
		close(fd);
		(void)snprintf(error, METRICS_ERROR_TEXT, "metrics: out of memory");
		return -ENOMEM;
	}
	self->fd = fd;
	*out = self;
	return 0;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
				   const char *text)
{
	/* The library does not write to what it is told to be persistent. */
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_metrics(struct metrics *self, struct MHD_Connection *connection)
{
	char *text = malloc(METRICS_TEXT_BYTES);
	struct MHD_Response *response;
	struct health health;
	enum MHD_Result result;
	size_t len;

	if (text == NULL)
		return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory\n");
	self->look(self->ctx, &health);
	len = metrics_text(&health, text, METRICS_TEXT_BYTES);
	response =
		len == 0 ? NULL : MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return answer_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "no page\n");
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				      "text/plain; version=0.0.4; charset=utf-8");
	result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

/* The first call of a request has its head only; a body is not taken. The library says which
 * parameters there are. */
/* NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request)
{
	static char seen;

	(void)version;
	(void)upload;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n");
	if (*request == NULL) {
		*request = &seen;
		return MHD_YES;
	}
	if (*upload_size != 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") != 0)
		return answer_text(connection, MHD_HTTP_NOT_FOUND, "/metrics is all there is\n");
	return answer_metrics(cls, connection);
}

int metrics_start(struct metrics *self, health_look *look, void *ctx)
{
	self->look = look;
	self->ctx = ctx;
	self->daemon = MHD_start_daemon(
		MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request, self,
		MHD_OPTION_LISTEN_SOCKET, self->fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_END);
	if (self->daemon == NULL)
		return -ENOMEM;
	self->fd = -1;
	return 0;
}

void metrics_free(struct metrics *self)
{
	if (self == NULL)
		return;
	if (self->daemon != NULL)
		MHD_stop_daemon(self->daemon);
	if (self->fd >= 0)
		close(self->fd);
	free(self);
}
