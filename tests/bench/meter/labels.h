/* labels.h: nDPI on the first payload packets of every flow: what the third anchor adds to the
 * meter. */
#ifndef BENCH_METER_LABELS_H
#define BENCH_METER_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct labels;

/* lines: places of the flow table. NULL: no memory. */
struct labels *labels_new(size_t lines);

/* One packet of the flow in that place, from its IP header on. */
void labels_packet(struct labels *self, size_t line, const uint8_t *ip, size_t len,
		   uint64_t time_ms);

/* Gives up on what is undecided, and says on standard output how many flows have a label. */
void labels_end(struct labels *self);

#endif
