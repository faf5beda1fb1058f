/* crc32c.c: a byte at a time, by a table that is made once. */
#include "sensor/crc32c.h"

#include <pthread.h>

#define POLYNOMIAL 0x82f63b78u

static uint32_t table[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (unsigned bit = 0; bit < 8; bit++)
			value = (value & 1) != 0 ? value >> 1 ^ POLYNOMIAL : value >> 1;
		table[i] = value;
	}
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	(void)pthread_once(&once, make_table);
	crc = ~crc;
	for (size_t i = 0; i < len; i++)
		crc = crc >> 8 ^ table[(crc ^ at[i]) & 0xff];
	return ~crc;
}
