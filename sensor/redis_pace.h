/* redis_pace.h: small helpers of the connection: how long to wait, and what to say. Any thread. */
#ifndef SENSOR_REDIS_PACE_H
#define SENSOR_REDIS_PACE_H

#include <stdint.h>

/* Between half of it and all of it: many sensors do not come back at the same moment. */
uint32_t redis_pace_jitter(uint32_t milliseconds);

/* Words of the server come along: nothing a terminal would obey stays in the text. */
void redis_pace_printable(char *text);

#endif
