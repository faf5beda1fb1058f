/* dns.h: one DNS message, and the addresses that answer its question.
 * RFC 1035; RFC 3596 (AAAA), RFC 6891 (EDNS), RFC 9460 (HTTPS, SVCB).
 *
 * Only what belongs to the question counts: records of the answer section whose owner is the name
 * that was asked or one that it leads to by CNAME or by the target of an HTTPS record. For HTTPS
 * and SVCB questions the additional section's addresses of such names count as well. */
#ifndef PROTOCOLS_DNS_H
#define PROTOCOLS_DNS_H

#include "protocols/dns_name.h"

#define DNS_ANSWERS 24 /* rows that are kept; the rest is counted */
#define DNS_NAMES   9  /* the question's and eight behind it */

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65
};

enum dns_result {
	DNS_NONE = 0, /* no message with one question that can be read; out is not to be used */
	DNS_CUT,      /* the question is whole, what follows is damaged or runs past the end */
	DNS_WHOLE
};

struct dns_answer {
	uint16_t type;    /* DNS_TYPE_A, DNS_TYPE_AAAA or DNS_TYPE_CNAME */
	uint8_t owner;    /* index in names: whose address or alias it is */
	uint8_t target;   /* CNAME: index in names of what it leads to; else 0 */
	bool is_hint;     /* an address out of an HTTPS or SVCB record */
	uint32_t ttl;     /* seconds; 0 when the top bit was set (RFC 2181) */
	uint8_t addr[16]; /* A: four bytes, AAAA: sixteen, CNAME: none; others are not written */
};

/* Flat, some 10 kB, for the stack of the caller; only what the counts say is written. */
struct dns_message {
	uint16_t id;
	uint16_t rcode; /* twelve bits with EDNS, else four */
	uint16_t question_type;
	uint16_t question_class;
	uint8_t opcode;
	bool is_response;
	bool is_truncated; /* the sender says so: ask again over TCP */
	bool has_edns;
	uint8_t name_count;   /* >= 1 */
	uint8_t answer_count; /* <= DNS_ANSWERS */
	uint8_t canonical;    /* index in names of the end of the CNAME chain; 0: the question's */
	uint16_t ignored_count; /* answer records and hints without a row, for whatever reason */
	struct dns_name names[DNS_NAMES]; /* [0] is the question */
	struct dns_answer answers[DNS_ANSWERS];
};

/* Cheap, for payloads of any port: is this the header of a query or of an answer with one question,
 * and can the length hold what it counts? */
bool dns_is_plausible(struct slice payload);

/* Reads one message, without the length that TCP puts before it. */
enum dns_result dns_read(struct slice message, struct dns_message *out);

enum dns_frame {
	DNS_FRAME_MORE = 0, /* the message is not whole yet; at most 2 + 65535 bytes are */
	DNS_FRAME_WHOLE,
	DNS_FRAME_BAD /* a length that no message has: not DNS, or the place was lost */
};

/* The first message of a TCP stream, RFC 1035 section 4.2.2. used: what it took of bytes. */
enum dns_frame dns_tcp_frame(struct slice bytes, struct slice *message, size_t *used);

#endif
