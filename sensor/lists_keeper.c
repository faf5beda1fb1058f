/* lists_keeper.c: the thread that takes SIGHUP, and nothing else.
 *
 * The signal is blocked everywhere and taken here by sigwaitinfo(): it interrupts nobody. A second
 * one that comes while the first is served stays pending and is served after it. */
#include "sensor/lists_keeper.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sensor/log.h"
#include "sensor/thread_cpu.h"

#define RECLAIM_NS 100000000 /* between looks whether a replaced index is free */

struct lists_keeper {
	struct lists_board *board;
	const char **paths;
	size_t count;
	bool has_default;
	size_t files; /* of what was loaded first */
	size_t entries;
	pthread_t thread;
	bool is_running;
	_Atomic bool is_stopped;
};

static void log_loaded(const struct lists_keeper *self, size_t files, size_t entries)
{
	log_info("lists: %zu %s%s, %zu entries", files, files == 1 ? "file" : "files",
		 self->has_default ? " and the default list" : "", entries);
}

static int load(const struct lists_keeper *self, struct lists **out, char error[LISTS_ERROR_TEXT])
{
	return lists_load(out, self->paths, self->count, self->has_default, error);
}

static void load_again(struct lists_keeper *self)
{
	char error[LISTS_ERROR_TEXT];
	struct lists *next;

	if (load(self, &next, error) < 0) {
		log_error("%s: the old lists stay", error);
		return;
	}
	log_loaded(self, lists_files(next), lists_size(next));
	lists_board_replace(self->board, next);
}

static void *keeper_run(void *arg)
{
	struct lists_keeper *self = arg;
	const struct timespec pause = { .tv_nsec = RECLAIM_NS };
	sigset_t hangup;

	thread_cpu_begin("lists");
	(void)sigemptyset(&hangup);
	(void)sigaddset(&hangup, SIGHUP);
	for (;;) {
		bool has_waiting = lists_board_reclaim(self->board) > 0;
		int number = has_waiting ? sigtimedwait(&hangup, NULL, &pause)
					 : sigwaitinfo(&hangup, NULL);

		if (atomic_load(&self->is_stopped))
			return NULL;
		if (number == SIGHUP)
			load_again(self);
	}
}

/* Both options name the same kind of file. */
static int set_paths(struct lists_keeper *self, const struct config *config)
{
	const struct config_list *lists[] = { &config->lists, &config->endpoints };

	self->paths =
		calloc(config->lists.count + config->endpoints.count + 1, sizeof(*self->paths));
	if (self->paths == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t j = 0; j < lists[i]->count; j++)
			self->paths[self->count++] = lists[i]->items[j];
	self->has_default = config->default_lists;
	return 0;
}

static int open_board(struct lists_keeper *self, size_t slot_count, char error[LISTS_ERROR_TEXT])
{
	struct lists *first;
	int result = load(self, &first, error);

	if (result < 0)
		return result;
	self->files = lists_files(first);
	self->entries = lists_size(first);
	self->board = lists_board_new(first, slot_count);
	if (self->board != NULL)
		return 0;
	lists_free(first);
	(void)snprintf(error, LISTS_ERROR_TEXT, "lists: out of memory");
	return -ENOMEM;
}

int lists_keeper_new(struct lists_keeper **out, const struct config *config, size_t slot_count,
		     char error[LISTS_ERROR_TEXT])
{
	struct lists_keeper *self = calloc(1, sizeof(*self));
	int result;

	*out = NULL;
	if (self == NULL || set_paths(self, config) < 0) {
		(void)snprintf(error, LISTS_ERROR_TEXT, "lists: out of memory");
		result = -ENOMEM;
	} else {
		result = open_board(self, slot_count, error);
	}
	if (result < 0)
		lists_keeper_free(self);
	else
		*out = self;
	return result;
}

struct lists_board *lists_keeper_board(struct lists_keeper *self)
{
	return self->board;
}

int lists_keeper_start(struct lists_keeper *self)
{
	int result;

	log_loaded(self, self->files, self->entries);
	result = pthread_create(&self->thread, NULL, keeper_run, self);
	if (result != 0)
		return -result;
	(void)pthread_setname_np(self->thread, "lists");
	self->is_running = true;
	return 0;
}

void lists_keeper_free(struct lists_keeper *self)
{
	if (self == NULL)
		return;
	if (self->is_running) {
		atomic_store(&self->is_stopped, true);
		(void)pthread_kill(self->thread, SIGHUP);
		(void)pthread_join(self->thread, NULL);
	}
	lists_board_free(self->board);
	free(self->paths);
	free(self);
}
