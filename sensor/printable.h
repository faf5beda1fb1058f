/* printable.h: the printable form of hostile text, for terminals and flat fields. */
#ifndef SENSOR_PRINTABLE_H
#define SENSOR_PRINTABLE_H

#include <stddef.h>

/* Control bytes, text direction marks and invalid UTF-8 as \\xNN, the rest as it is.
 * NUL-terminated, cut at a whole character when out is too small; size 0 writes nothing. */
void printable_text(const char *in, char *out, size_t size);

#endif
