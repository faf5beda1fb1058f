/* fuzz_jsonw.c: whatever bytes and numbers go in, the line is well-formed JSON in valid UTF-8
 * without a control byte, or there is no line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/event.h"
#include "sensor/jsonw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Valid UTF-8 and no byte a terminal would obey. */
static void check_bytes(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		const uint8_t *at = (const uint8_t *)text + i;
		size_t sequence = jsonw_utf8_len(at, len - i);

		require(sequence > 0);
		require(at[0] >= 0x20 && at[0] != 0x7f);
		require(!(sequence == 2 && at[0] == 0xc2 && at[1] < 0xa0));
		i += sequence;
	}
}

/* The string that begins at a quote: returns what follows its closing quote. */
static size_t check_string(const char *text, size_t at, size_t len)
{
	require(at < len && text[at] == '"');
	for (at++; at < len && text[at] != '"'; at++) {
		if (text[at] != '\\')
			continue;
		at++;
		require(at < len && strchr("\"\\nrtu", text[at]) != NULL);
		if (text[at] == 'u') {
			require(len - at > 4);
			for (size_t i = 1; i <= 4; i++)
				require(strchr("0123456789abcdef", text[at + i]) != NULL);
			at += 4;
		}
	}
	require(at < len);
	return at + 1;
}

static void check_number(double value, unsigned decimals)
{
	char text[512];
	size_t len = jsonw_fixed_text(value, decimals, text, sizeof(text));
	size_t digits = text[0] == '-';

	require(len > 0);
	require(strspn(text + digits, "0123456789.") == len - digits);
	require(text[digits] != '.' && text[len - 1] != '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char out[8192];
	char printable[256];
	char text[64];
	struct jsonw w;
	size_t room = sizeof(out);
	size_t len;
	double value = 0;

	if (size > 0)
		room = data[0] < 128 ? data[0] : sizeof(out); /* also lines that do not fit */
	jsonw_init(&w, out, room);
	jsonw_array(&w, NULL);
	jsonw_bytes(&w, NULL, data, size);
	jsonw_close_array(&w);
	len = jsonw_finish(&w);
	if (len > 0) {
		require(len < room && out[len] == '\0' && strlen(out) == len);
		check_bytes(out, len);
		require(out[0] == '[' && check_string(out, 1, len) == len - 1);
		require(out[len - 1] == ']');
	}

	memcpy(&value, data == NULL ? (const uint8_t *)"" : data,
	       size < sizeof(value) ? size : sizeof(value));
	check_number(value, (unsigned)(size & 15));

	memcpy(text, data == NULL ? (const uint8_t *)"" : data,
	       size < sizeof(text) - 1 ? size : sizeof(text) - 1);
	text[size < sizeof(text) - 1 ? size : sizeof(text) - 1] = '\0';
	event_printable(text, printable, sizeof(printable));
	check_bytes(printable, strlen(printable));
	return 0;
}
