/* redis_lookup.c: a detached thread per name; it and its owner share the result, and the last one
 * frees it. */
#include "sensor/redis_lookup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct redis_lookup {
	struct redis_place place;
	atomic_int holders;
	atomic_bool is_done; /* then what follows is not written any more */
	int fd;
	int result;
	struct redis_addresses found;
	char error[REDIS_URL_ERROR_TEXT];
};

static void let_go(struct redis_lookup *self)
{
	if (atomic_fetch_sub(&self->holders, 1) > 1)
		return;
	close(self->fd);
	free(self);
}

static void *run(void *ctx)
{
	struct redis_lookup *self = ctx;

	self->result = redis_socket_resolve(&self->place, &self->found, self->error);
	atomic_store(&self->is_done, true);
	(void)eventfd_write(self->fd, 1);
	let_go(self);
	return NULL;
}

/* Signals are for the main thread. */
static int start_thread(struct redis_lookup *self)
{
	pthread_t thread;
	sigset_t all;
	sigset_t before;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&thread, NULL, run, self);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		(void)pthread_detach(thread);
	return error;
}

struct redis_lookup *redis_lookup_begin(const struct redis_place *place)
{
	struct redis_lookup *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->place = *place;
	atomic_init(&self->holders, 2);
	atomic_init(&self->is_done, false);
	self->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (self->fd >= 0 && start_thread(self) == 0)
		return self;
	if (self->fd >= 0)
		close(self->fd);
	free(self);
	return NULL;
}

void redis_lookup_end(struct redis_lookup *self)
{
	if (self != NULL)
		let_go(self);
}

int redis_lookup_fd(const struct redis_lookup *self)
{
	return self->fd;
}

int redis_lookup_result(const struct redis_lookup *self, struct redis_addresses *out,
			char error[REDIS_URL_ERROR_TEXT])
{
	if (!atomic_load(&self->is_done))
		return -EAGAIN;
	if (self->result == 0)
		*out = self->found;
	else
		(void)snprintf(error, REDIS_URL_ERROR_TEXT, "%s", self->error);
	return self->result;
}
