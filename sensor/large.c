/* large.c: huge pages by madvise(). */
#include "sensor/large.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

void *large_alloc(size_t size)
{
	void *memory;

	if (size < HUGE_PAGE)
		return calloc(1, size);
	size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	memory = aligned_alloc(HUGE_PAGE, size);
	if (memory == NULL)
		return NULL;
	(void)madvise(memory, size, MADV_HUGEPAGE);
	return memset(memory, 0, size);
}
