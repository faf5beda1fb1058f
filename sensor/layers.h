/* layers.h: one frame on its way through the layers; private to decap.c, link.c and tunnel.c.
 *
 * Each peel_* function takes one header off walk.rest, says in walk.next what follows, and knows
 * nothing of the loop (decap.c) that calls it. Bytes are read through struct cursor only. Two
 * lengths travel along: what was captured (rest.len) and what was sent (wire); a snaplen, or a
 * mirror that cuts packets, makes the first smaller. */
#ifndef SENSOR_LAYERS_H
#define SENSOR_LAYERS_H

#include "protocols/cursor.h"
#include "sensor/fragment.h"
#include "sensor/packet.h"

enum layer {
	LAYER_NONE, /* nothing that can hold an IP packet */
	LAYER_ETHERNET,
	LAYER_VLAN,
	LAYER_MPLS,
	LAYER_PPPOE,
	LAYER_COOKED1,
	LAYER_COOKED2,
	LAYER_LOOPBACK, /* 4-byte address family */
	LAYER_RAW,      /* IPv4 or IPv6, by the first nibble */
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_TRANSPORT, /* what the IP protocol number in walk.proto says */
};

enum peel {
	PEEL_NEXT,      /* go on with walk.next */
	PEEL_DONE,      /* the innermost packet: walk.rest is what follows its IP headers */
	PEEL_HELD,      /* a fragment, kept */
	PEEL_DROPPED,   /* a fragment, counted by fragment.c */
	PEEL_NOT_IP,    /* ARP, LLDP, PPP control: no IP packet in it */
	PEEL_MALFORMED, /* a header too short, or lengths that cannot be */
	PEEL_NOT_MINE,  /* tunnel.c: not a tunnel after all; the packet itself is the innermost */
};

/* UDP tunnels that may be opened where the walk stands. */
enum { OPEN_VXLAN = 1, OPEN_GENEVE = 2 };

/* The last IP header passed. */
struct ip_header {
	struct slice packet; /* captured bytes from this header to the packet's end */
	const uint8_t *src;  /* 4 or 16 bytes, inside packet */
	const uint8_t *dst;
	uint32_t bytes;   /* length by the header; for a joined datagram the sum over fragments */
	uint16_t packets; /* 1, or fragments joined */
	uint8_t version;
};

struct walk {
	struct slice rest;
	size_t wire; /* >= rest.len, always */
	uint64_t time_ns;
	struct fragment_table *fragments;
	struct scope scope;
	struct ip_header ip; /* set once an IP header was passed: ip.version is not 0 */
	enum layer next;
	enum link link;
	uint8_t proto;  /* for LAYER_TRANSPORT: IP protocol number */
	uint8_t open;   /* OPEN_* */
	bool is_mirror; /* scope.tunnel is a mirror's own: tunnels inside leave it alone */
	bool is_cut;    /* the last IP packet has fewer captured bytes than its header says */
};

/* What an EtherType holds; LAYER_NONE when nothing we open. */
static inline enum layer layer_of_ethertype(uint16_t type)
{
	switch (type) {
	case 0x0800:
		return LAYER_IPV4;
	case 0x86dd:
		return LAYER_IPV6;
	case 0x8100:
	case 0x88a8:
	case 0x9100:
	case 0x9200:
		return LAYER_VLAN;
	case 0x8847:
	case 0x8848:
		return LAYER_MPLS;
	case 0x8864:
		return LAYER_PPPOE;
	case 0x6558: /* transparent Ethernet bridging */
		return LAYER_ETHERNET;
	default:
		return LAYER_NONE;
	}
}

/* Steps over what the cursor has read; it was made from walk.rest and is not bad. */
static inline void walk_advance(struct walk *walk, const struct cursor *c)
{
	walk->rest = cursor_rest(c);
	walk->wire -= c->pos; /* pos <= rest.len <= wire */
}

/* A header says that len bytes follow: padding behind them goes, missing ones stay missing. */
static inline void walk_trim(struct walk *walk, size_t len)
{
	walk->rest = slice_head(walk->rest, len);
	walk->wire = len;
}

static inline enum peel walk_to(struct walk *walk, enum layer next)
{
	walk->next = next;
	return next == LAYER_NONE ? PEEL_NOT_IP : PEEL_NEXT;
}

/* link.c: below IP. */
enum peel peel_ethernet(struct walk *walk);
enum peel peel_vlan(struct walk *walk);
enum peel peel_mpls(struct walk *walk);
enum peel peel_pppoe(struct walk *walk);
enum peel peel_cooked1(struct walk *walk);
enum peel peel_cooked2(struct walk *walk);
enum peel peel_loopback(struct walk *walk);
enum peel peel_raw(struct walk *walk);

/* tunnel.c: IP packets and frames inside IP packets. On PEEL_NOT_MINE the walk is unchanged. */
enum peel peel_ipip(struct walk *walk);
enum peel peel_gre(struct walk *walk);
enum peel peel_udp_tunnel(struct walk *walk);

#endif
