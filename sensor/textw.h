/* textw.h: a bounded writer of short texts without stdio, for what every event has.
 *
 * The text is NUL-terminated after each call; what does not fit is cut. */
#ifndef SENSOR_TEXTW_H
#define SENSOR_TEXTW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TEXTW_DIGITS 20 /* of the largest number */

struct textw {
	char *out;
	size_t size;
	size_t len;
};

/* out holds size bytes, at least one, and belongs to the caller. */
static inline void textw_init(struct textw *w, char *out, size_t size)
{
	*w = (struct textw){ .out = out, .size = size };
	out[0] = '\0';
}

static inline void textw_bytes(struct textw *w, const char *bytes, size_t len)
{
	size_t room = w->size - w->len - 1;
	size_t fits = len < room ? len : room;

	memcpy(w->out + w->len, bytes, fits);
	w->len += fits;
	w->out[w->len] = '\0';
}

static inline void textw_text(struct textw *w, const char *text)
{
	textw_bytes(w, text, strlen(text));
}

void textw_uint(struct textw *w, uint64_t value);

/* Two digits of a number below 100. */
extern const char textw_pairs[201];
static inline void textw_pair(char *out, unsigned value)
{
	memcpy(out, textw_pairs + (size_t)2 * value, 2);
}

/* Decimal digits without NUL; returns how many. */
size_t textw_digits(uint64_t value, char out[TEXTW_DIGITS]);

/* RFC 5952: lower case, the longest run of zeros as `::`, mapped IPv4 with dots, as inet_ntop(). */
void textw_ipv4(struct textw *w, const uint8_t addr[4]);
void textw_ipv6(struct textw *w, const uint8_t addr[16]);

#endif
