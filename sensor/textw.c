/* textw.c: numbers and addresses as text.
 *
 * Reference: RFC 5952 (text of IPv6 addresses), and glibc's inet_ntop() for what it leaves open. */
#include "sensor/textw.h"

#include <stdbool.h>

#define GROUPS    8u
#define IPV4_TEXT 16 /* with the NUL */
#define IPV6_TEXT 40 /* eight groups of four, seven colons */

const char textw_pairs[201] = "00010203040506070809101112131415161718192021222324"
			      "25262728293031323334353637383940414243444546474849"
			      "50515253545556575859606162636465666768697071727374"
			      "75767778798081828384858687888990919293949596979899";

/* Of a number above 0: by its binary length, and one look whether the guess was too small. */
static unsigned count_digits(uint64_t value)
{
	static const uint64_t powers[] = {
		UINT64_C(0),
		UINT64_C(10),
		UINT64_C(100),
		UINT64_C(1000),
		UINT64_C(10000),
		UINT64_C(100000),
		UINT64_C(1000000),
		UINT64_C(10000000),
		UINT64_C(100000000),
		UINT64_C(1000000000),
		UINT64_C(10000000000),
		UINT64_C(100000000000),
		UINT64_C(1000000000000),
		UINT64_C(10000000000000),
		UINT64_C(100000000000000),
		UINT64_C(1000000000000000),
		UINT64_C(10000000000000000),
		UINT64_C(100000000000000000),
		UINT64_C(1000000000000000000),
		UINT64_C(10000000000000000000),
	};
	unsigned bits = 64 - (unsigned)__builtin_clzll(value);
	unsigned digits = bits * 1233 >> 12; /* log10(2) = 1233/4096, nearly */

	return value >= powers[digits] ? digits + 1 : digits;
}

size_t textw_digits(uint64_t value, char out[TEXTW_DIGITS])
{
	size_t len;
	char *at;

	if (value < 10) {
		out[0] = (char)('0' + value);
		return 1;
	}
	len = count_digits(value);
	at = out + len;
	while (value >= 10) {
		at -= 2;
		textw_pair(at, (unsigned)(value % 100));
		value /= 100;
	}
	if (at > out)
		out[0] = (char)('0' + value);
	return len;
}

void textw_uint(struct textw *w, uint64_t value)
{
	char digits[TEXTW_DIGITS];
	size_t len = textw_digits(value, digits);

	textw_bytes(w, digits, len);
}

void textw_ipv4(struct textw *w, const uint8_t addr[4])
{
	char text[IPV4_TEXT] = "";
	bool has_room = w->size - w->len >= IPV4_TEXT;
	char *out = has_room ? w->out + w->len : text;
	size_t n = 0;

	for (size_t i = 0; i < 4; i++) {
		size_t byte = addr[i];

		if (i > 0)
			out[n++] = '.';
		if (byte >= 100)
			out[n++] = (char)('0' + byte / 100);
		if (byte >= 10)
			out[n++] = textw_pairs[byte % 100 * 2];
		out[n++] = textw_pairs[byte % 100 * 2 + 1];
	}
	if (!has_room) {
		textw_bytes(w, text, n);
		return;
	}
	out[n] = '\0';
	w->len += n;
}

static unsigned group_at(const uint8_t addr[16], size_t index)
{
	return (unsigned)addr[2 * index] << 8 | addr[2 * index + 1];
}

/* The first of the longest runs of zeros, two groups or more; *len 0: none. */
static size_t longest_zeros(const uint8_t addr[16], size_t *len)
{
	size_t best = 0;
	size_t run = 0;

	*len = 0;
	for (size_t i = 0; i < GROUPS; i++) {
		run = group_at(addr, i) == 0 ? run + 1 : 0;
		if (run > *len) {
			*len = run;
			best = i + 1 - run;
		}
	}
	if (*len < 2)
		*len = 0;
	return best;
}

static size_t write_group(unsigned value, char *out)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (unsigned shift = 16; shift > 0; shift -= 4)
		if (n > 0 || shift == 4 || value >> (shift - 4) != 0)
			out[n++] = hex[value >> (shift - 4) & 15];
	return n;
}

void textw_ipv6(struct textw *w, const uint8_t addr[16])
{
	size_t len;
	size_t zeros = longest_zeros(addr, &len);
	/* ::a.b.c.d and ::ffff:a.b.c.d */
	bool has_ipv4 = zeros == 0 && (len == 6 || (len == 5 && group_at(addr, 5) == 0xffff));
	size_t groups = has_ipv4 ? 6 : GROUPS;
	char text[IPV6_TEXT];
	size_t n = 0;

	for (size_t i = 0; i < groups; i++) {
		if (len > 0 && i >= zeros && i < zeros + len) {
			if (i == zeros)
				text[n++] = ':';
			continue;
		}
		if (i > 0)
			text[n++] = ':';
		n += write_group(group_at(addr, i), text + n);
	}
	if (has_ipv4 || (len > 0 && zeros + len == GROUPS))
		text[n++] = ':';
	textw_bytes(w, text, n);
	if (has_ipv4)
		textw_ipv4(w, addr + 12);
}
