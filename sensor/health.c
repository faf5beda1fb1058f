/* health.c: numbers as lines of the log, and who takes SIGUSR1. */
#include "sensor/health.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIR_TEXT 96

struct health_keeper {
	health_look *look;
	void *ctx;
	pthread_t thread;
	_Atomic bool is_stopped;
};

/* Lines that grow to the right until they are full. */
struct page {
	char *out;
	size_t size;
	size_t len;
	size_t line; /* where the last line begins */
};

static void add_pair(struct page *page, const char *name, uint64_t value)
{
	char pair[PAIR_TEXT];
	int len = snprintf(pair, sizeof(pair), "%s %" PRIu64, name, value);
	bool is_first = page->len == page->line;
	size_t need = (size_t)len + (is_first ? 0 : 2);

	if (!is_first && page->len - page->line + need > HEALTH_COLUMNS) {
		page->out[page->len++] = '\n';
		page->line = page->len;
		is_first = true;
	}
	if (page->len + need + 2 > page->size)
		return;
	if (!is_first) {
		memcpy(page->out + page->len, ", ", 2);
		page->len += 2;
	}
	memcpy(page->out + page->len, pair, (size_t)len);
	page->len += (size_t)len;
}

static void add_threads(struct page *page, const struct thread_cpu *threads)
{
	char name[THREAD_CPU_NAME + 8];

	for (size_t i = 0; i < threads->count; i++) {
		(void)snprintf(name, sizeof(name), "cpu_%s_ms", threads->times[i].name);
		add_pair(page, name, threads->times[i].used_ns / 1000000);
	}
}

size_t health_text(const struct health *health, char *out, size_t size)
{
	struct page page = { .out = out, .size = size };
	char name[32];

	if (size < 2)
		return 0;
	add_pair(&page, "uptime_s", (uint64_t)health->uptime_s);
	for (size_t i = 0; i < STATS_COUNT; i++)
		if (stats_value(&health->sum, i) != 0)
			add_pair(&page, stats_name(i), stats_value(&health->sum, i));
	for (size_t i = 0; i < SIGNATURES; i++) {
		if (sid_tally_value(&health->alerts, i) == 0)
			continue;
		(void)snprintf(name, sizeof(name), "sid_%" PRIu32, signature_at(i)->sid);
		add_pair(&page, name, sid_tally_value(&health->alerts, i));
	}
	add_threads(&page, &health->threads);
	if (page.len > 0 && page.out[page.len - 1] != '\n')
		page.out[page.len++] = '\n';
	page.out[page.len] = '\0';
	return page.len;
}

void health_log(const struct health *health, enum log_level level)
{
	char text[HEALTH_TEXT];
	const char *line = text;
	const char *end;

	(void)health_text(health, text, sizeof(text));
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1)
		log_report(level, "health: %.*s", (int)(end - line), line);
}

static void only_usr1(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGUSR1);
}

void health_block_signal(void)
{
	sigset_t set;

	only_usr1(&set);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *keeper_run(void *arg)
{
	struct health_keeper *self = arg;
	struct health health;
	sigset_t set;

	only_usr1(&set);
	for (;;) {
		int number = sigwaitinfo(&set, NULL);

		if (atomic_load(&self->is_stopped))
			return NULL;
		if (number != SIGUSR1)
			continue;
		self->look(self->ctx, &health);
		health_log(&health, LOG_LEVEL_INFO);
	}
}

struct health_keeper *health_keeper_start(health_look *look, void *ctx)
{
	struct health_keeper *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->look = look;
	self->ctx = ctx;
	if (pthread_create(&self->thread, NULL, keeper_run, self) != 0) {
		free(self);
		return NULL;
	}
	(void)pthread_setname_np(self->thread, "health");
	return self;
}

void health_keeper_stop(struct health_keeper *self)
{
	if (self == NULL)
		return;
	atomic_store(&self->is_stopped, true);
	(void)pthread_kill(self->thread, SIGUSR1);
	(void)pthread_join(self->thread, NULL);
	free(self);
}
