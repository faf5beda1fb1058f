/* log.c: one line a message, with the level's word; what comes too fast is counted. */
#include "sensor/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define LINE_BYTES 1024

static struct {
	pthread_mutex_t lock;
	enum log_level level;
	time_t second;
	unsigned written;
	unsigned suppressed;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_LEVEL_INFO };

static const char *const level_words[] = { "error", "warning", "info", "debug" };

void log_set_level(enum log_level level)
{
	pthread_mutex_lock(&state.lock);
	state.level = level;
	pthread_mutex_unlock(&state.lock);
}

/* True when one more line may be written this second. The lock is held. */
static bool is_allowed(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec != state.second) {
		if (state.suppressed > 0)
			(void)fprintf(stderr, "%s: warning: %u messages suppressed\n",
				      program_invocation_short_name, state.suppressed);
		state.second = now.tv_sec;
		state.written = 0;
		state.suppressed = 0;
	}
	if (state.written >= LOG_BURST) {
		state.suppressed++;
		return false;
	}
	state.written++;
	return true;
}

/* Messages may quote file names and configuration: keep the terminal's control bytes out. */
static void write_line(enum log_level level, const char *format, va_list args, bool is_report)
{
	int saved = errno;
	char line[LINE_BYTES];

	(void)vsnprintf(line, sizeof(line), format, args);
	for (char *c = line; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	pthread_mutex_lock(&state.lock);
	if (level <= state.level && (is_report || is_allowed()))
		(void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name,
			      level_words[level], line);
	pthread_mutex_unlock(&state.lock);
	errno = saved;
}

void log_message(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(level, format, args, false);
	va_end(args);
}

void log_report(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(level, format, args, true);
	va_end(args);
}
