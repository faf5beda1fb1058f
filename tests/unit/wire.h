/* wire.h: frames for tests, built from the inside out.
 *
 * A wire grows to the front: put the payload first, then each header around what is there; lengths
 * are computed. Header values come from the RFCs, not from the code under test. */
#ifndef TESTS_UNIT_WIRE_H
#define TESTS_UNIT_WIRE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sensor/packet.h"

#define WIRE_ROOM 70000u

struct wire {
	size_t start; /* bytes[start] is the first byte; the end is always WIRE_ROOM */
	uint8_t bytes[WIRE_ROOM];
};

static inline size_t wire_len(const struct wire *w)
{
	return WIRE_ROOM - w->start;
}

static inline struct slice wire_slice(const struct wire *w)
{
	return slice_of(w->bytes + w->start, wire_len(w));
}

static inline void wire_clear(struct wire *w)
{
	w->start = WIRE_ROOM;
}

static inline uint8_t *wire_front(struct wire *w, const void *bytes, size_t len)
{
	assert(len <= w->start);
	w->start -= len;
	memcpy(w->bytes + w->start, bytes, len);
	return w->bytes + w->start;
}

static inline void wire_u8(struct wire *w, unsigned value)
{
	(void)wire_front(w, &(uint8_t){ (uint8_t)value }, 1);
}

static inline void wire_u16(struct wire *w, unsigned value)
{
	(void)wire_front(w, (uint8_t[]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

static inline void wire_u32(struct wire *w, uint32_t value)
{
	wire_u16(w, value & 0xffff);
	wire_u16(w, value >> 16);
}

static inline void wire_text(struct wire *w, const char *text)
{
	(void)wire_front(w, text, strlen(text));
}

static inline void wire_fill(struct wire *w, uint8_t byte, size_t len)
{
	assert(len <= w->start);
	w->start -= len;
	memset(w->bytes + w->start, byte, len);
}

static inline void wire_tcp(struct wire *w, uint16_t from, uint16_t to, uint32_t seq, uint8_t flags)
{
	wire_u32(w, 0);               /* checksum, urgent */
	wire_u16(w, 0x2000);          /* window */
	wire_u16(w, 0x5000u | flags); /* data offset 5 */
	wire_u32(w, seq + 1000);      /* acknowledgement */
	wire_u32(w, seq);
	wire_u16(w, to);
	wire_u16(w, from);
}

static inline void wire_udp(struct wire *w, uint16_t from, uint16_t to)
{
	size_t len = wire_len(w) + 8;

	wire_u16(w, 0);
	wire_u16(w, (unsigned)len);
	wire_u16(w, to);
	wire_u16(w, from);
}

/* from and to are the last byte of 10.0.0.x. flags_offset: as on the wire. */
static inline void wire_ipv4_part(struct wire *w, uint8_t from, uint8_t to, uint8_t proto,
				  unsigned id, unsigned flags_offset)
{
	size_t len = wire_len(w) + 20;

	(void)wire_front(w, (uint8_t[]){ 10, 0, 0, to }, 4);
	(void)wire_front(w, (uint8_t[]){ 10, 0, 0, from }, 4);
	wire_u16(w, 0);
	wire_u8(w, proto);
	wire_u8(w, 64);
	wire_u16(w, flags_offset);
	wire_u16(w, id);
	wire_u16(w, (unsigned)len);
	wire_u16(w, 0x4500);
}

static inline void wire_ipv4(struct wire *w, uint8_t from, uint8_t to, uint8_t proto)
{
	wire_ipv4_part(w, from, to, proto, 7, 0x4000);
}

/* from and to are the last byte of 2001:db8::x. */
static inline void wire_ipv6(struct wire *w, uint8_t from, uint8_t to, uint8_t next)
{
	static const uint8_t prefix[15] = { 0x20, 0x01, 0x0d, 0xb8 };
	size_t len = wire_len(w);

	wire_u8(w, to);
	(void)wire_front(w, prefix, 15);
	wire_u8(w, from);
	(void)wire_front(w, prefix, 15);
	wire_u8(w, 64);
	wire_u8(w, next);
	wire_u16(w, (unsigned)len);
	wire_u32(w, 0x60000000);
}

static inline void wire_ipv6_fragment(struct wire *w, uint8_t next, unsigned offset_more,
				      uint32_t id)
{
	wire_u32(w, id);
	wire_u16(w, offset_more);
	wire_u8(w, 0);
	wire_u8(w, next);
}

static inline void wire_ethernet(struct wire *w, uint16_t type)
{
	wire_u16(w, type);
	(void)wire_front(w, "\x02\0\0\0\0\1\x02\0\0\0\0\2", 12);
}

/* type: of what is there; the tag's own TPID belongs to the header around it. */
static inline void wire_vlan(struct wire *w, unsigned tci, uint16_t type)
{
	wire_u16(w, type);
	wire_u16(w, tci);
}

static inline void wire_vxlan(struct wire *w, uint32_t vni)
{
	wire_u32(w, vni << 8);
	wire_u32(w, 0x08000000);
}

static inline void wire_gre(struct wire *w, uint16_t flags, uint16_t type)
{
	wire_u16(w, type);
	wire_u16(w, flags);
}

/* Ethernet, IPv4, TCP 10.0.0.from:40000 -> 10.0.0.to:3333 around what is there. */
static inline void wire_plain(struct wire *w, uint8_t from, uint8_t to)
{
	wire_tcp(w, 40000, 3333, 5, TCP_PSH | TCP_ACK);
	wire_ipv4(w, from, to, IP_PROTO_TCP);
	wire_ethernet(w, 0x0800);
}

#endif
