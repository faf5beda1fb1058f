/* large.h: memory for tables that are looked at all over. */
#ifndef SENSOR_LARGE_H
#define SENSOR_LARGE_H

#include <stddef.h>

/* Zeroed. A large one is touched at once, on huge pages where the system has them: a look finds its
 * place without a walk. Freed by free(); NULL when out of memory. */
void *large_alloc(size_t size);

/* The same, of any content, and its pages come as they are used. */
void *large_reserve(size_t size);

#endif
