/* http_body.c: what a body begins with. */
#include "protocols/http.h"

/* A byte order mark counts as blank. */
static bool is_padding(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' || byte == 0 ||
	       byte == 0xef || byte == 0xbb || byte == 0xbf;
}

enum probe_result http_body_probe(struct slice body, size_t *blanks)
{
	size_t at = 0;

	while (at < body.len && is_padding(body.ptr[at]))
		at++;
	*blanks = at;
	if (at == body.len)
		return PROBE_MAYBE;
	return body.ptr[at] == '{' || body.ptr[at] == '[' ? PROBE_YES : PROBE_NO;
}
