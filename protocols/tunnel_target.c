/* tunnel_target.c: host and port of a proxy's target: made, checked and reported. */
#include "protocols/tunnel_target.h"

#include <stdio.h>

#include "protocols/cursor.h"

#define HOST_BYTES_MAX 253
#define V6_WORDS       8

static bool is_host_byte(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || byte == '.' || byte == '-' || byte == '_';
}

static bool is_name(struct slice host)
{
	if (host.len == 0 || host.len > HOST_BYTES_MAX)
		return false;
	for (size_t i = 0; i < host.len; i++)
		if (!is_host_byte(host.ptr[i]))
			return false;
	return true;
}

/* [1:2::3]: brackets, hex digits, colons and the dots of an embedded IPv4 address. */
static bool is_bracketed(struct slice host)
{
	if (host.len < 4 || host.len > 48 || host.ptr[0] != '[' || host.ptr[host.len - 1] != ']')
		return false;
	for (size_t i = 1; i < host.len - 1; i++)
		if (host.ptr[i] != ':' && !is_host_byte(host.ptr[i]))
			return false;
	return true;
}

static bool is_port(struct slice text)
{
	uint32_t port = 0;

	if (text.len == 0 || text.len > 5)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		port = port * 10 + (uint32_t)(text.ptr[i] - '0');
	}
	return port > 0 && port <= UINT16_MAX;
}

void tunnel_target_tell(const struct finding_out *out, struct slice host_port)
{
	size_t end = host_port.len;

	while (end > 0 && host_port.ptr[end - 1] != ':')
		end--;
	if (end == 0 || !is_port(slice_tail(host_port, end)))
		return;
	struct slice host = slice_head(host_port, end - 1);

	if (!is_name(host) && !is_bracketed(host))
		return;
	const struct finding finding = { .kind = FINDING_IDENTITY,
					 .sender = SENDER_MINER,
					 .proof = PROOF_NONE,
					 .pool = host_port };

	out->emit(out->ctx, &finding);
}

struct slice tunnel_target_name(struct slice name, uint16_t port, char text[TUNNEL_TARGET_BYTES])
{
	if (!is_name(name))
		return slice_of(text, 0);
	int len = snprintf(text, TUNNEL_TARGET_BYTES, "%.*s:%u", (int)name.len,
			   (const char *)name.ptr, (unsigned)port);

	return slice_of(text, len < 0 || len >= TUNNEL_TARGET_BYTES ? 0 : (size_t)len);
}

/* First word and length of the longest run of zero words, the first of equals; RFC 5952. */
static size_t longest_zeros(const uint16_t words[V6_WORDS], size_t *len)
{
	size_t best = V6_WORDS;

	*len = 1; /* a single zero is written out */
	for (size_t at = 0; at < V6_WORDS; at++) {
		size_t end = at;

		while (end < V6_WORDS && words[end] == 0)
			end++;
		if (end - at > *len) {
			best = at;
			*len = end - at;
		}
	}
	return best;
}

static size_t write_v6(struct slice address, char *text, size_t size)
{
	struct cursor in = cursor_of(address);
	uint16_t words[V6_WORDS];
	size_t zeros;
	size_t used = 0;

	for (size_t i = 0; i < V6_WORDS; i++)
		words[i] = cursor_u16be(&in);
	size_t first = longest_zeros(words, &zeros);

	for (size_t i = 0; i < V6_WORDS && used < size; i++) {
		bool is_joined = i == 0 || (first < V6_WORDS && i == first + zeros);

		if (i == first) {
			used += (size_t)snprintf(text + used, size - used, "::");
			i += zeros - 1;
			continue;
		}
		used += (size_t)snprintf(text + used, size - used, "%s%x", is_joined ? "" : ":",
					 (unsigned)words[i]);
	}
	return used;
}

struct slice tunnel_target_address(struct slice address, uint16_t port,
				   char text[TUNNEL_TARGET_BYTES])
{
	char host[64];
	int len = 0;

	if (address.len == 4) {
		const uint8_t *byte = address.ptr;

		len = snprintf(text, TUNNEL_TARGET_BYTES, "%u.%u.%u.%u:%u", byte[0], byte[1],
			       byte[2], byte[3], (unsigned)port);
	} else if (address.len == 16) {
		size_t used = write_v6(address, host, sizeof(host));

		len = snprintf(text, TUNNEL_TARGET_BYTES, "[%.*s]:%u", (int)used, host,
			       (unsigned)port);
	}
	return slice_of(text, len < 0 ? 0 : (size_t)len);
}
