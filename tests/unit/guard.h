/* guard.h: puts a test's input right before an unreadable page, so that one byte read too many is a
 * crash, with or without a sanitizer. One guard holds one input at a time; not thread-safe. */
#ifndef TESTS_UNIT_GUARD_H
#define TESTS_UNIT_GUARD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protocols/slice.h"

/* Zero-initialise; guard_put() maps on first use, the process end unmaps what guard_free() did not.
 */
struct guard {
	uint8_t *map;
	size_t room; /* readable bytes; the unreadable page follows them */
};

static inline void guard_free(struct guard *g)
{
	if (g->map != NULL)
		munmap(g->map, g->room + (size_t)sysconf(_SC_PAGESIZE));
	g->map = NULL;
	g->room = 0;
}

/* A copy of the bytes that ends at the unreadable page. Valid until the next call for this guard.
 * An empty input gives a pointer that must not be read at all. Aborts when memory cannot be had. */
static inline struct slice guard_put(struct guard *g, const void *bytes, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (g->map == NULL || len > g->room) {
		guard_free(g);
		g->room = (len / page + 1) * page;
		g->map = mmap(NULL, g->room + page, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (g->map == MAP_FAILED || mprotect(g->map + g->room, page, PROT_NONE) != 0) {
			perror("guard_put");
			abort();
		}
	}
	uint8_t *at = g->map + (g->room - len);
	if (len > 0)
		memcpy(at, bytes, len);
	return slice_of(at, len);
}

/* The same for a C string, without its NUL. */
static inline struct slice guard_str(struct guard *g, const char *text)
{
	return guard_put(g, text, strlen(text));
}

#endif
