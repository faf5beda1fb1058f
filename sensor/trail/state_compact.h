/* state_compact.h: documents.jsonl without what is no longer needed. For state.c only. */
#ifndef TRAIL_STATE_COMPACT_H
#define TRAIL_STATE_COMPACT_H

#include <stdio.h>

#include "sensor/trail/store.h"

/* Copies the lines that the store still needs. 0, -ENOMEM, -EIO. */
int state_compact(const struct store *store, FILE *in, FILE *out);

#endif
