/* readers.c: one reader for files, one per worker live. */
#include "sensor/readers.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "sensor/log.h"
#include "sensor/thread_cpu.h"

/* How long the kernel keeps a block of packets that is not full. Several workers' facts are merged
 * by time within LIMIT_MERGE_WAIT_MS, so theirs must not come late. */
#define LONE_TIMEOUT_MS  100
#define GROUP_TIMEOUT_MS 20

struct readers {
	const struct config *config;
	struct source *sources[LIMIT_WORKERS];
	struct reader *readers[LIMIT_WORKERS];
	struct shunt *shunts[LIMIT_WORKERS]; /* NULL: none */
	struct stats stats[LIMIT_WORKERS];
	size_t count; /* of sources and of readers */
	_Atomic bool *stop;
	struct reader_thread {
		struct readers *readers;
		size_t index;
		pthread_t thread;
		int result;
		bool is_running;
	} threads[LIMIT_WORKERS]; /* but the first, which is the caller's */
};

/* --- opening --------------------------------------------------------------------------------- */

static bool is_live(const struct readers *self)
{
	return self->config->interface != NULL;
}

/* Files that are merged by time are open together: a folder may hold more than the usual 1024. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void close_shunts(struct readers *self)
{
	for (size_t i = 0; i < self->count; i++) {
		shunt_free(self->shunts[i]);
		self->shunts[i] = NULL;
	}
}

/* False: nothing will be shunted. */
static bool open_shunts(struct readers *self, int programs[])
{
	char error[SHUNT_ERROR_TEXT];

	if (self->config->shunt_bytes == 0)
		return false;
	for (size_t i = 0; i < self->count; i++) {
		if (shunt_new(&self->shunts[i], self->config->snaplen, error) != 0) {
			log_warning("shunt-bytes: %s: all packets are read", error);
			close_shunts(self);
			return false;
		}
		programs[i] = shunt_program(self->shunts[i]);
	}
	return true;
}

static int open_live(struct readers *self, char error[CAPTURE_ERROR_TEXT])
{
	const struct config *config = self->config;
	struct capture_live live = { .interface = config->interface,
				     .filter = config->filter,
				     .snaplen = config->snaplen,
				     .buffer_bytes = (uint32_t)config->buffer_size,
				     .timeout_ms = LONE_TIMEOUT_MS,
				     .promiscuous = config->promiscuous };
	int programs[LIMIT_WORKERS];

	self->count = config->workers;
	if (self->count > 1)
		live.timeout_ms = GROUP_TIMEOUT_MS;
	if (open_shunts(self, programs))
		live.programs = programs;
	return source_open_live(self->sources, self->count, &live, self->stats, error);
}

static int open_files(struct readers *self, char error[CAPTURE_ERROR_TEXT])
{
	const struct config *config = self->config;
	struct source_files files = { .paths = (const char *const *)config->read.items,
				      .count = config->read.count,
				      .filter = config->filter,
				      .in_order = config->in_order };

	allow_many_files();
	self->count = 1;
	return source_open_files(&self->sources[0], &files, &self->stats[0], error);
}

int readers_open(struct readers **out, const struct config *config, char error[CAPTURE_ERROR_TEXT])
{
	struct readers *self = calloc(1, sizeof(*self));
	int result;

	*out = NULL;
	if (self == NULL) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "out of memory");
		return -ENOMEM;
	}
	self->config = config;
	result = is_live(self) ? open_live(self, error) : open_files(self, error);
	if (result != 0) {
		readers_free(self);
		return result;
	}
	*out = self;
	return 0;
}

int readers_connect(struct readers *self, const struct readers_options *options)
{
	const struct config *config = self->config;

	self->stop = options->stop;
	for (size_t i = 0; i < self->count; i++) {
		struct reader_options reader = { .names = options->names,
						 .source = self->sources[i],
						 .workers = options->workers + i,
						 .worker_count =
							 is_live(self) ? 1 : config->workers,
						 .is_lossless = !is_live(self),
						 .stall_timeout_s = config->stall_timeout_s,
						 .snaplen = LIMIT_SNAPLEN,
						 .progress = config->progress && !is_live(self),
						 .stop = options->stop,
						 .lost = options->lost,
						 .stats = &self->stats[i] };

		self->readers[i] = reader_new(&reader);
		if (self->readers[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

/* --- running --------------------------------------------------------------------------------- */

/* One that ends ends all: of an interface that went away each handle hears by itself. */
static int read_all(struct readers *self, size_t index)
{
	char name[THREAD_CPU_NAME] = "reader";
	int result;

	if (self->count > 1)
		(void)snprintf(name, sizeof(name), "reader%u", (uint16_t)index);
	thread_cpu_begin(name);
	result = reader_run(self->readers[index]);
	if (self->count > 1)
		atomic_store(self->stop, true);
	return result;
}

static void *thread_run(void *arg)
{
	struct reader_thread *thread = arg;

	thread->result = read_all(thread->readers, thread->index);
	return NULL;
}

int readers_start(struct readers *self)
{
	int result = reader_start(self->readers[0]);

	for (size_t i = 1; i < self->count && result == 0; i++) {
		struct reader_thread *thread = &self->threads[i];

		thread->readers = self;
		thread->index = i;
		result = -pthread_create(&thread->thread, NULL, thread_run, thread);
		thread->is_running = result == 0;
		if (result == 0)
			(void)pthread_setname_np(thread->thread, "worker");
	}
	if (result != 0)
		atomic_store(self->stop, true);
	return result;
}

int readers_run(struct readers *self)
{
	int result = read_all(self, 0);

	for (size_t i = 1; i < self->count; i++) {
		struct reader_thread *thread = &self->threads[i];

		if (thread->is_running)
			(void)pthread_join(thread->thread, NULL);
		else /* it could not be started: its worker has to end all the same */
			thread->result = reader_run(self->readers[i]);
		thread->is_running = false;
		if (result == 0)
			result = thread->result;
	}
	return result;
}

void readers_break(struct readers *self)
{
	source_break(self->sources[0]);
}

/* --- the rest -------------------------------------------------------------------------------- */

const char *readers_name(const struct readers *self)
{
	return source_name(self->sources[0]);
}

const char *readers_damage(const struct readers *self, size_t index)
{
	for (size_t i = 0; i < self->count; i++)
		if (source_damage(self->sources[i], 0) != NULL)
			return source_damage(self->sources[i], index);
	return NULL;
}

struct shunt *readers_shunt(const struct readers *self, size_t index)
{
	return self->shunts[index];
}

void readers_counters(struct readers *self, struct capture_counters *out)
{
	*out = (struct capture_counters){ 0 };
	for (size_t i = 0; i < self->count; i++) {
		struct capture_counters one;

		source_counters(self->sources[i], &one);
		out->received += one.received;
		out->dropped += one.dropped;
		out->interface_dropped += one.interface_dropped;
	}
}

void readers_stats(const struct readers *self, struct stats *sum)
{
	for (size_t i = 0; i < self->count; i++)
		stats_merge(sum, &self->stats[i]);
}

void readers_free(struct readers *self)
{
	if (self == NULL)
		return;
	for (size_t i = 0; i < self->count; i++) {
		reader_free(self->readers[i]);
		source_close(self->sources[i]);
	}
	close_shunts(self);
	free(self);
}
