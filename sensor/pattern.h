/* pattern.h: what many names have in common: "rig-*" for rig-1, rig-2, rig-17.
 *
 * Folded one name at a time, in any order, with the same result: the longest common beginning and
 * end, and the lengths of the shortest and the longest name. Nothing else is kept, so a stranger
 * cannot make it grow. Flat; zeroed is empty. */
#ifndef SENSOR_PATTERN_H
#define SENSOR_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "sensor/limits.h"

#define PATTERN_NAME LIMIT_AGENT_TEXT    /* longer names are cut to one byte less */
#define PATTERN_TEXT (PATTERN_NAME + 16) /* of pattern_text() */

struct pattern {
	char prefix[PATTERN_NAME]; /* common beginning, not NUL-terminated */
	char suffix[PATTERN_NAME]; /* common end: its last byte is the last one here */
	uint8_t prefix_len;
	uint8_t suffix_len;
	uint8_t shortest; /* bytes */
	uint8_t longest;  /* 0: no name yet */
};

_Static_assert(PATTERN_NAME <= UINT8_MAX, "lengths are bytes");

/* Takes one more name; "" is no name and changes nothing. Names seen before change nothing. */
void pattern_add(struct pattern *self, const char *name);

/* "" without names; the name when all are the same; BEGIN*END, of which one may be empty (digits
 * at the front of END belong to the counter between them and are left out); "distinct" when less
 * than two bytes are common. Raw bytes: escape when printed. */
void pattern_text(const struct pattern *self, char out[PATTERN_TEXT]);

#endif
