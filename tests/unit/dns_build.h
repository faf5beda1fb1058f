/* dns_build.h: writes DNS messages, and reads them from a page whose end is the message's. */
#ifndef TESTS_UNIT_DNS_BUILD_H
#define TESTS_UNIT_DNS_BUILD_H

#include "protocols/dns.h"
#include "tests/unit/guard.h"

enum { TYPE_TXT = 16, TYPE_RRSIG = 46 };

/* A message that grows. Counts are set by the one who reads it. */
struct build {
	uint8_t bytes[8192];
	size_t len;
};

static struct guard guard;
static struct dns_message got;

static inline void put8(struct build *b, unsigned value)
{
	b->bytes[b->len++] = (uint8_t)value;
}

static inline void put16(struct build *b, unsigned value)
{
	put8(b, value >> 8);
	put8(b, value & 0xff);
}

static inline void put32(struct build *b, uint32_t value)
{
	put16(b, value >> 16);
	put16(b, value & 0xffff);
}

static inline void put_bytes(struct build *b, const void *bytes, size_t len)
{
	memcpy(&b->bytes[b->len], bytes, len);
	b->len += len;
}

/* Labels without the root, so that a pointer may follow. */
static inline void put_labels(struct build *b, const char *name)
{
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		put8(b, (unsigned)len);
		put_bytes(b, name, len);
		name += len + (name[len] == '.' ? 1 : 0);
	}
}

static inline size_t put_name(struct build *b, const char *name)
{
	size_t at = b->len;

	put_labels(b, name);
	put8(b, 0);
	return at;
}

static inline void put_pointer(struct build *b, size_t to)
{
	put16(b, 0xc000u | (unsigned)to);
}

static inline void put_head(struct build *b, unsigned flags, unsigned answers, unsigned additionals)
{
	b->len = 0;
	put16(b, 0x1234);
	put16(b, flags);
	put16(b, 1);
	put16(b, answers);
	put16(b, 0);
	put16(b, additionals);
}

static inline void put_question(struct build *b, const char *name, unsigned type)
{
	(void)put_name(b, name);
	put16(b, type);
	put16(b, 1);
}

/* What stands between the owner and the data. */
static inline void put_record(struct build *b, unsigned type, uint32_t ttl, size_t len)
{
	put16(b, type);
	put16(b, 1);
	put32(b, ttl);
	put16(b, (unsigned)len);
}

static inline void put_a(struct build *b, size_t owner, unsigned last)
{
	put_pointer(b, owner);
	put_record(b, DNS_TYPE_A, 300, 4);
	put32(b, 0xcb007100u | last);
}

/* A CNAME whose owner is at that offset; returns the offset of its target. */
static inline size_t put_alias(struct build *b, size_t owner, const char *target)
{
	put_pointer(b, owner);
	put_record(b, DNS_TYPE_CNAME, 60, strlen(target) + 2);
	return put_name(b, target);
}

static inline void set_answers(struct build *b, unsigned count)
{
	b->bytes[6] = (uint8_t)(count >> 8);
	b->bytes[7] = (uint8_t)count;
}

/* From a page whose end is the message's. The message is filled with rubbish first. */
static inline enum dns_result read_bytes(const void *bytes, size_t len)
{
	memset(&got, 0xee, sizeof(got));
	return dns_read(guard_put(&guard, bytes, len), &got);
}

static inline enum dns_result read_build(const struct build *b)
{
	return read_bytes(b->bytes, b->len);
}

#endif
