/* flowlog_rig.h: one flow log, the store it sees for, a short list, and lines written for it. */
#ifndef TESTS_UNIT_FLOWLOG_RIG_H
#define TESTS_UNIT_FLOWLOG_RIG_H

#include "sensor/trail/flowlog.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER_2 \
	"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes " \
	"start end action log-status\n"
#define HEADER_3 \
	"version account-id vpc-id instance-id interface-id srcaddr dstaddr srcport dstport " \
	"pkt-srcaddr pkt-dstaddr protocol packets bytes start end action tcp-flags log-status\n"
#define LIST_TEXT \
	"pool 198.51.100.120:3333 shadow pool\n" \
	"hostile-staging 198.51.100.88\n" \
	"pool 203.0.113.77 weak\n" \
	"allow 203.0.113.80\n"
#define BEGIN 1772704800u /* 2026-03-05T10:00:00Z */
#define NS    UINT64_C(1000000000)

static struct settings settings;
static struct store *store;
static struct lists *lists;
static struct flowlog *flowlog;
static char *text; /* lines of one file */
static size_t text_len;
static FILE *text_out;

static inline int setup(void **state)
{
	char error[LISTS_ERROR_TEXT];

	(void)state;
	settings_init(&settings);
	store = store_new(&settings);
	assert_int_equal(lists_load_text(&lists, "my.list", LIST_TEXT, strlen(LIST_TEXT), error),
			 0);
	flowlog = flowlog_new(store, lists, NULL);
	assert_non_null(flowlog);
	text_out = open_memstream(&text, &text_len);
	return text_out == NULL;
}

static inline int teardown(void **state)
{
	(void)state;
	(void)fclose(text_out);
	free(text);
	flowlog_free(flowlog);
	lists_free(lists);
	store_free(store);
	settings_fini(&settings);
	return 0;
}

static inline void feed(const char *name, const char *lines)
{
	assert_int_equal(flowlog_text(flowlog, name, lines, strlen(lines)), 0);
}

/* What was written to text_out, as one file. */
static inline void feed_written(const char *name)
{
	(void)fflush(text_out);
	assert_int_equal(flowlog_text(flowlog, name, text, text_len), 0);
	rewind(text_out);
}

static inline const struct sighting *find(const char *local_ip)
{
	const struct sighting *found = NULL;

	STORE_EACH (store->sightings, const struct sighting, sighting) {
		if (strcmp(sighting->local_ip, local_ip) == 0) {
			assert_null(found);
			found = sighting;
		}
	}
	return found;
}

/* One window in both directions. */
static inline void write_window(const char *local, const char *remote, unsigned port,
				unsigned start, unsigned seconds, unsigned bytes)
{
	(void)fprintf(text_out,
		      "2 111122223333 eni-%s %s %s 40000 %u 6 5 %u %u %u ACCEPT OK\n"
		      "2 111122223333 eni-%s %s %s %u 40000 6 5 %u %u %u ACCEPT OK\n",
		      local, local, remote, port, bytes, start, start + seconds - 1, local, remote,
		      local, port, bytes + 20, start, start + seconds - 1);
}

/* count hosts from 10.0.1.(first) on, each beginning a minute after the other. */
static inline void write_hosts(unsigned first, unsigned count, const char *remote, unsigned port,
			       unsigned begin, unsigned windows, unsigned bytes)
{
	for (unsigned host = 0; host < count; host++) {
		char local[16];

		(void)snprintf(local, sizeof(local), "10.0.1.%u", first + host);
		for (unsigned i = 0; i < windows; i++)
			write_window(local, remote, port, begin + host * 60 + i * 60, 60, bytes);
	}
}

/* Something that was there when the log began. */
static inline void write_old(void)
{
	(void)fputs(HEADER_2, text_out);
	write_window("10.0.9.9", "203.0.113.10", 443, BEGIN - 3600, 60, 90000);
}

static inline size_t finish(void)
{
	assert_int_equal(flowlog_finish(flowlog), 0);
	return store->sightings.count;
}

#endif
