/* tcp_options.c: walks over TCP options.
 *
 *	IPv4 header (IHL words) or IPv6 header | TCP header, data offset in the high bits of byte 12
 *	option: 0 end | 1 padding | kind, length (with these two bytes), value
 *
 * Reference: RFC 9293 section 3.1 and 3.2 (options), RFC 7323 (time stamps). IPv6 extension headers
 * before TCP are not skipped: such a SYN's options count as unreadable. */
#include "sensor/tcp_options.h"

#include "protocols/cursor.h"
#include "sensor/siphash.h"

#define OPTION_END     0
#define OPTION_PADDING 1
#define OPTION_MSS     2
#define OPTION_STAMPS  8
#define STAMPS_LEN     10
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

/* Takes the next option, kind first, off the front. False at the end or at a damaged one. */
static bool next_option(struct slice *options, struct slice *option)
{
	size_t len = 1;

	if (options->len == 0 || options->ptr[0] == OPTION_END)
		return false;
	if (options->ptr[0] != OPTION_PADDING) {
		len = options->len > 1 ? options->ptr[1] : 0;
		if (len < 2 || len > options->len)
			return false;
	}
	*option = slice_head(*options, len);
	*options = slice_tail(*options, len);
	return true;
}

/* Copies what both sides of a NAT agree on; returns its length. */
static size_t keep_options(struct slice options, uint8_t out[OPTIONS_MAX])
{
	struct slice option;
	size_t used = 0;

	while (next_option(&options, &option)) {
		if (option.ptr[0] == OPTION_MSS)
			option.len = 1;
		memcpy(out + used, option.ptr, option.len);
		used += option.len;
	}
	return used;
}

uint16_t tcp_syn_options(const struct packet *packet)
{
	uint8_t kept[OPTIONS_MAX];
	struct slice options;
	uint16_t hash;
	size_t len;

	if (!find_options(packet, &options))
		return TCP_OPTIONS_UNREADABLE;
	len = keep_options(options, kept);
	hash = (uint16_t)siphash_id(kept, len);
	return hash > TCP_OPTIONS_UNREADABLE ? hash : TCP_OPTIONS_UNREADABLE + 1;
}

bool tcp_stamps(const struct packet *packet, uint32_t stamps[2])
{
	struct slice options;
	struct slice option;

	if (!find_options(packet, &options))
		return false;
	while (next_option(&options, &option)) {
		if (option.ptr[0] != OPTION_STAMPS || option.len != STAMPS_LEN)
			continue;
		stamps[0] = field_u32be(option.ptr + 2);
		stamps[1] = field_u32be(option.ptr + 6);
		return true;
	}
	return false;
}
