/* proxy_header.h: what a hole has left of a PROXY header. */
#ifndef PROTOCOLS_PROXY_HEADER_H
#define PROTOCOLS_PROXY_HEADER_H

#include "protocols/slice.h"

/* How many bytes at the beginning may be the end of a header of version 1; 0: none. It says little,
 * numbers and a line's end: what follows has to tell. */
size_t proxy_header_rest(struct slice in);

#endif
