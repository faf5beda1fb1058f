/* http_host.c: request line, then fields until Host. */
#include "protocols/http_host.h"

#include <string.h>

static const char *const methods[] = { "GET ",     "POST ",   "HEAD ", "PUT ",
				       "OPTIONS ", "DELETE ", "PATCH " };

bool http_host_may_begin(struct slice bytes)
{
	if (bytes.len == 0)
		return true;
	if (bytes.ptr[0] < 'D' || bytes.ptr[0] > 'P')
		return false;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_eq(slice_head(bytes, strlen(methods[i])),
			     slice_head(slice_str(methods[i]), bytes.len)))
			return true;
	return false;
}

/* The next line without its end, cut from *rest; false when none is whole. */
static bool next_line(struct slice *rest, struct slice *line)
{
	size_t end = slice_find(*rest, '\n');

	if (end == rest->len)
		return false;
	*line = slice_head(*rest, end);
	*rest = slice_tail(*rest, end + 1);
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		*line = slice_head(*line, line->len - 1);
	return true;
}

static bool starts_folded(struct slice text, const char *lower)
{
	size_t len = strlen(lower);

	if (text.len < len)
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = text.ptr[i];

		if (byte >= 'A' && byte <= 'Z')
			byte = (uint8_t)(byte + ('a' - 'A'));
		if (byte != (uint8_t)lower[i])
			return false;
	}
	return true;
}

/* "user@host:port/path" to host; brackets of an IPv6 address are left out. */
static struct slice host_of(struct slice authority)
{
	size_t end = 0;
	size_t at;

	while (end < authority.len && authority.ptr[end] != '/' && authority.ptr[end] != '?' &&
	       authority.ptr[end] != '#' && authority.ptr[end] != ' ' && authority.ptr[end] != '\t')
		end++;
	authority = slice_head(authority, end);
	while ((at = slice_find(authority, '@')) < authority.len)
		authority = slice_tail(authority, at + 1);
	if (authority.len > 0 && authority.ptr[0] == '[') {
		authority = slice_tail(authority, 1);
		return slice_head(authority, slice_find(authority, ']'));
	}
	return slice_head(authority, slice_find(authority, ':'));
}

static struct slice skip_blanks(struct slice text)
{
	while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
		text = slice_tail(text, 1);
	return text;
}

enum http_host http_host_read(struct slice bytes, struct slice *host)
{
	struct slice rest = bytes;
	struct slice line;

	*host = slice_head(bytes, 0);
	if (!http_host_may_begin(bytes))
		return HTTP_HOST_NONE;
	if (!next_line(&rest, &line))
		return HTTP_HOST_MORE;
	line = slice_tail(line, slice_find(line, ' ') + 1);
	line = skip_blanks(line);
	if (starts_folded(line, "http://")) {
		*host = host_of(slice_tail(line, strlen("http://")));
		return host->len > 0 ? HTTP_HOST_FOUND : HTTP_HOST_NONE;
	}
	while (next_line(&rest, &line)) {
		if (line.len == 0)
			return HTTP_HOST_NONE;
		if (!starts_folded(line, "host:"))
			continue;
		*host = host_of(skip_blanks(slice_tail(line, strlen("host:"))));
		return host->len > 0 ? HTTP_HOST_FOUND : HTTP_HOST_NONE;
	}
	return HTTP_HOST_MORE;
}
