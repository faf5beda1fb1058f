/* dns_name.h: one domain name out of a DNS message, as text. RFC 1035 sections 3.1, 4.1.4 and 5.1.
 *
 * The text has no final dot; the root alone is ".". ASCII letters are lower-cased: names are
 * compared without case, and resolvers mix it on purpose. A byte inside a label that is no
 * printable ASCII, or is a space, a dot or a backslash, is written \DDD (decimal), so that no two
 * names have one text. */
#ifndef PROTOCOLS_DNS_NAME_H
#define PROTOCOLS_DNS_NAME_H

#include "protocols/slice.h"

#define DNS_NAME_WIRE 255  /* octets with every length and the root's */
#define DNS_LABEL     63   /* octets */
#define DNS_NAME_TEXT 1004 /* four labels, 250 octets, all escaped, three dots and the NUL */
#define DNS_JUMPS     32   /* pointers followed in one name */

/* Only what len says is written: the rest of the text is whatever was there. */
struct dns_name {
	uint16_t len; /* of the text, without its NUL */
	char text[DNS_NAME_TEXT];
};

static inline struct slice dns_name_slice(const struct dns_name *name)
{
	return slice_of(name->text, name->len);
}

static inline bool dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* Reads the name that begins at an offset of the message; *end: the offset behind it. A pointer
 * must lead backwards, before all that was read of this name, and not into the header. False for a
 * name that breaks a rule or runs past the end; then out and end are not to be used. */
bool dns_name_read(struct slice message, size_t at, struct dns_name *out, size_t *end);

/* The offset behind the name, without a look at where it points; 0 when it runs past the end. */
size_t dns_name_skip(struct slice message, size_t at);

/* Where the name has its first label: behind the pointers that it begins with. Two names with one
 * origin are one name. The offset itself when the pointers are none that can be followed. */
size_t dns_name_origin(struct slice message, size_t at);

#endif
