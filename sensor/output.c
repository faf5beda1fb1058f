/* output.c: buffered lines that never make the publisher wait.
 *
 * O_NONBLOCK is not set on standard output: it would be set for everyone who shares the terminal.
 * Instead a pipe is written in pieces of PIPE_BUF bytes, and only when poll() says POLLOUT, which
 * promises room for that much. */
#include "sensor/output.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/ring.h"

#define OUTPUT_FLUSH_MS 100
#define OUTPUT_WAIT_MS  50

struct output {
	char *name;
	int fd;
	int error; /* negative errno, 0: none */
	bool is_stdout;
	bool is_regular; /* never makes a writer wait */
	bool is_blocked; /* the last flush found no room */
	char *buffer;
	size_t size;
	size_t head;    /* written up to here */
	size_t len;     /* filled up to here */
	uint64_t lines; /* line feeds in what is not written */
	uint64_t flushed_ms;
};

int output_open(struct output **out, const char *path, bool is_append, size_t buffer_size)
{
	struct output *self = calloc(1, sizeof(*self));
	struct stat info;
	int error = -ENOMEM;

	if (self == NULL)
		return error;
	self->fd = -1;
	self->is_stdout = strcmp(path, "-") == 0;
	self->size = buffer_size;
	self->buffer = malloc(buffer_size);
	self->name = strdup(self->is_stdout ? "standard output" : path);
	if (self->buffer == NULL || self->name == NULL)
		goto fail;
	self->fd = self->is_stdout ? STDOUT_FILENO
				   : open(path,
					  O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY |
						  (is_append ? O_APPEND : O_TRUNC),
					  0640);
	if (self->fd < 0 || fstat(self->fd, &info) != 0) {
		error = -errno;
		goto fail;
	}
	self->is_regular = S_ISREG(info.st_mode);
	*out = self;
	return 0;
fail:
	if (self->fd >= 0 && !self->is_stdout)
		close(self->fd);
	free(self->name);
	free(self->buffer);
	free(self);
	return error;
}

int output_line(struct output *self, const char *text, size_t len)
{
	if (self->error != 0)
		return self->error;
	if (len >= self->size)
		return -EMSGSIZE;
	if (len + 1 > self->size - self->len) {
		int error = output_flush(self);

		if (error != 0 && error != -EAGAIN)
			return error;
		memmove(self->buffer, self->buffer + self->head, self->len - self->head);
		self->len -= self->head;
		self->head = 0;
		if (len + 1 > self->size - self->len)
			return -EAGAIN;
	}
	memcpy(self->buffer + self->len, text, len);
	self->len += len;
	self->buffer[self->len++] = '\n';
	self->lines++;
	return 0;
}

static bool may_write(struct output *self, size_t *len)
{
	struct pollfd room = { .fd = self->fd, .events = POLLOUT };

	if (self->is_regular)
		return true;
	if (*len > PIPE_BUF)
		*len = PIPE_BUF;
	/* An error or a hang-up is found by writing. */
	return poll(&room, 1, 0) > 0;
}

static uint64_t count_lines(const char *bytes, size_t len)
{
	uint64_t count = 0;

	for (const char *at = bytes; (at = memchr(at, '\n', len - (size_t)(at - bytes))) != NULL;
	     at++)
		count++;
	return count;
}

int output_flush(struct output *self)
{
	self->is_blocked = false;
	while (self->error == 0 && self->head < self->len) {
		size_t len = self->len - self->head;
		ssize_t written;

		if (!may_write(self, &len)) {
			self->is_blocked = true;
			return -EAGAIN;
		}
		written = write(self->fd, self->buffer + self->head, len);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			self->is_blocked = true;
			return -EAGAIN;
		}
		if (written < 0) {
			self->error = -errno;
			break;
		}
		self->lines -= count_lines(self->buffer + self->head, (size_t)written);
		self->head += (size_t)written;
	}
	if (self->error == 0) {
		self->head = 0;
		self->len = 0;
	}
	return self->error;
}

int output_poll(struct output *self, uint64_t now_ms, struct pollfd *want)
{
	bool is_due = self->len - self->head >= self->size / 2 ||
		      now_ms - self->flushed_ms >= OUTPUT_FLUSH_MS;

	if (is_due || self->is_blocked) {
		self->flushed_ms = now_ms;
		output_flush(self);
	}
	want->fd = self->is_blocked ? self->fd : -1;
	want->events = POLLOUT;
	if (self->error != 0)
		return self->error;
	return self->head < self->len ? -EAGAIN : 0;
}

uint64_t output_held(const struct output *self)
{
	return self->lines;
}

bool output_is_terminal(const struct output *self)
{
	return isatty(self->fd) == 1;
}

const char *output_name(const struct output *self)
{
	return self->name;
}

uint64_t output_close(struct output *self, uint64_t deadline_ms, int *error)
{
	struct pollfd room = { .fd = self->fd, .events = POLLOUT };
	uint64_t lost;

	while (output_flush(self) == -EAGAIN && ring_now_ms() < deadline_ms)
		(void)poll(&room, 1, OUTPUT_WAIT_MS);
	/* A full disk may show only here. */
	if (!self->is_stdout && close(self->fd) != 0 && self->error == 0)
		self->error = -errno;
	lost = self->lines;
	*error = self->error != 0 ? self->error : lost > 0 ? -ETIMEDOUT : 0;
	free(self->name);
	free(self->buffer);
	free(self);
	return lost;
}
