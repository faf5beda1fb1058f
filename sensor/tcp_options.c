/* tcp_options.c: the hash of a SYN's options.
 *
 *	IPv4 header (IHL words) or IPv6 header | TCP header, data offset in the high bits of byte 12
 *	option: 0 end | 1 padding | kind, length (with these two bytes), value
 *
 * Reference: RFC 9293 section 3.1 and 3.2 (options), RFC 7323 (time stamps). IPv6 extension headers
 * before TCP are not skipped: such a SYN's options count as unreadable. */
#include "sensor/tcp_options.h"

#include "sensor/siphash.h"

#define OPTION_END     0
#define OPTION_PADDING 1
#define OPTION_MSS     2
#define TCP_HEADER     20
#define OPTIONS_MAX    40
#define IPV6_HEADER    40

/* The options as they lie in the packet; empty: none, or a header that cannot be read. */
static bool find_options(const struct packet *packet, struct slice *out)
{
	struct slice l3 = packet->l3;
	size_t tcp = IPV6_HEADER;
	size_t end;

	if (l3.len == 0)
		return false;
	if (packet->key.ip_version == 4)
		tcp = (size_t)(l3.ptr[0] & 15) * 4;
	else if (l3.len < IPV6_HEADER || l3.ptr[6] != IP_PROTO_TCP)
		return false;
	if (l3.len < tcp + TCP_HEADER)
		return false;
	end = tcp + (size_t)(l3.ptr[tcp + 12] >> 4) * 4;
	if (end < tcp + TCP_HEADER || end > l3.len)
		return false;
	*out = slice_sub(l3, tcp + TCP_HEADER, end - tcp - TCP_HEADER);
	return true;
}

/* Copies what both sides of a NAT agree on; returns its length. */
static size_t keep_options(struct slice options, uint8_t out[OPTIONS_MAX])
{
	size_t used = 0;

	for (size_t at = 0; at < options.len && options.ptr[at] != OPTION_END;) {
		uint8_t kind = options.ptr[at];
		size_t len = 1;

		if (kind != OPTION_PADDING) {
			len = at + 1 < options.len ? options.ptr[at + 1] : 0;
			if (len < 2 || len > options.len - at)
				break;
		}
		if (kind == OPTION_MSS)
			out[used++] = kind;
		else
			for (size_t i = 0; i < len; i++)
				out[used++] = options.ptr[at + i];
		at += len;
	}
	return used;
}

uint16_t tcp_syn_options(const struct packet *packet)
{
	uint8_t kept[OPTIONS_MAX];
	struct slice options;
	uint16_t hash;

	if (!find_options(packet, &options))
		return TCP_OPTIONS_UNREADABLE;
	hash = (uint16_t)siphash_id(kept, keep_options(options, kept));
	return hash > TCP_OPTIONS_UNREADABLE ? hash : TCP_OPTIONS_UNREADABLE + 1;
}
