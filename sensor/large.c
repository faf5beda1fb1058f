/* large.c: huge pages by madvise(). */
#include "sensor/large.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

void *large_reserve(size_t size)
{
	void *memory;

	if (size < HUGE_PAGE)
		return malloc(size);
	size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	memory = aligned_alloc(HUGE_PAGE, size);
	if (memory != NULL)
		(void)madvise(memory, size, MADV_HUGEPAGE);
	return memory;
}

void *large_alloc(size_t size)
{
	void *memory;

	if (size < HUGE_PAGE)
		return calloc(1, size);
	memory = large_reserve(size);
	return memory == NULL ? NULL : memset(memory, 0, size);
}
