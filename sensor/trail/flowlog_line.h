/* flowlog_line.h: one line of a VPC flow log, read by the header of its file.
 *
 *	version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes ...
 *	2 111122223333 eni-0f1e2d3c4b5a69788 10.0.1.23 198.51.100.120 49152 3333 6 12 1820 ...
 *
 * Fields are separated by blanks, in the order of the header line; without one the 14 fields of
 * version 2 are expected, also behind the time that an export of CloudWatch Logs puts first. `-` is
 * "not known" in every field. In a header `_` may stand for `-`, and ${...} around a name, as the
 * flow log's own format is written.
 *
 * Reference: VPC User Guide, flow log records. */
#ifndef TRAIL_FLOWLOG_LINE_H
#define TRAIL_FLOWLOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOWLOG_COLUMNS 64 /* of one line; there are about 60 field names in all */

struct flowlog_layout {
	size_t count;                    /* 0: no header yet */
	uint8_t fields[FLOWLOG_COLUMNS]; /* of each column; 0: one that we do not need */
	bool is_usable;                  /* has addresses, ports and times */
};

enum flowlog_status { FLOWLOG_OK, FLOWLOG_NODATA, FLOWLOG_SKIPDATA };
enum flowlog_direction { FLOWLOG_NOT_TOLD, FLOWLOG_INGRESS, FLOWLOG_EGRESS };

struct flowlog_addr {
	uint8_t bytes[16];  /* IPv4 in the first 4 */
	uint8_t ip_version; /* 0: not known */
};

/* Texts are borrowed from the line, NUL-terminated, "" when not known. */
struct flowlog_line {
	const char *account;
	const char *region;
	const char *vpc;
	const char *instance;
	const char *eni;
	const char *src_service; /* of AWS: "AMAZON", "EC2", "S3"... */
	const char *dst_service;
	struct flowlog_addr src; /* of the hop at this interface */
	struct flowlog_addr dst;
	struct flowlog_addr packet_src; /* of the packet; the hop's when the log does not tell */
	struct flowlog_addr packet_dst;
	uint64_t packets;
	uint64_t bytes;
	uint64_t start_s; /* since 1970 */
	uint64_t end_s;
	uint16_t src_port;
	uint16_t dst_port;
	uint8_t protocol; /* IANA; 0 when not known */
	uint8_t status;   /* enum flowlog_status */
	uint8_t direction;
	bool is_rejected;
	bool has_syn;     /* a SYN or SYN-ACK was in it; false when the log does not tell */
	bool has_traffic; /* addresses, ports and bytes are known */
};

/* Takes a header line, and is then true; false: it is none. */
bool flowlog_header_read(struct flowlog_layout *layout, const char *text);

/* Fills out from a line, which is cut into its fields. 0, or -EBADMSG with *why a constant text. */
int flowlog_line_read(const struct flowlog_layout *layout, char *text, struct flowlog_line *out,
		      const char **why);

/* Private, shared (RFC 6598), link-local, loopback, unique local or multicast: not the internet. */
bool flowlog_addr_is_inside(const struct flowlog_addr *addr);
bool flowlog_addr_equal(const struct flowlog_addr *a, const struct flowlog_addr *b);

#endif
