/* printable.c: hostile text for terminals and flat fields. */
#include "sensor/printable.h"

#include <stdint.h>
#include <string.h>

#include "sensor/jsonw.h"

void printable_text(const char *in, char *out, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *bytes = (const uint8_t *)in;
	size_t left = strlen(in);
	size_t len = 0;

	if (size == 0)
		return;
	while (left > 0) {
		size_t n = jsonw_utf8_len(bytes, left);
		bool is_plain = n > 1 ? !jsonw_is_deceiving(bytes, n)
				      : n == 1 && bytes[0] >= 0x20 && bytes[0] != 0x7f;
		size_t need = is_plain ? n : 4;

		if (need >= size - len)
			break;
		if (is_plain) {
			memcpy(out + len, bytes, n);
		} else {
			n = 1; /* the bytes that follow are judged anew: they are escaped too */
			out[len] = '\\';
			out[len + 1] = 'x';
			out[len + 2] = hex[bytes[0] >> 4];
			out[len + 3] = hex[bytes[0] & 15];
		}
		len += need;
		bytes += n;
		left -= n;
	}
	out[len] = '\0';
}
