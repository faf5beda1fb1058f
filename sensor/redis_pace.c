/* redis_pace.c: jitter and printable words. */
#include "sensor/redis_pace.h"

#include <sys/random.h>

#include "sensor/ring.h"

uint32_t redis_pace_jitter(uint32_t milliseconds)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint32_t)ring_now_ms();
	return milliseconds / 2 + random % (milliseconds / 2 + 1);
}

void redis_pace_printable(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			*text = '?';
}
