/* cloud.h: whose network an address is in.
 *
 * From the configuration: rows that map a VNI, a VLAN or an address prefix to provider, account,
 * region, VPC and subnet; and the home networks. Immutable after configuration. */
#ifndef SENSOR_CLOUD_H
#define SENSOR_CLOUD_H

#include "sensor/flow_key.h"

struct net_prefix {
	uint8_t addr[16];   /* IPv4 in the first 4 bytes */
	uint8_t ip_version; /* 0: none */
	uint8_t prefix_len;
};

/* One row of `cloud:`. Selectors that are set must all match; the first row that does wins. */
struct cloud_row {
	bool has_vni;
	bool has_vlan;
	uint32_t vni;
	uint16_t vlan;            /* any of the packet's tags */
	struct net_prefix prefix; /* of the client's address */
	char provider[LIMIT_NAME_TEXT];
	char account_id[LIMIT_NAME_TEXT];
	char region[LIMIT_NAME_TEXT];
	char vpc_id[LIMIT_NAME_TEXT];
	char subnet_id[LIMIT_NAME_TEXT];
	uint32_t line; /* in the configuration file */
};

/* Parses "10.0.0.0/16", "2001:db8::/32" or a bare address. 0 or -EINVAL. Host bits must be zero. */
int net_prefix_parse(const char *text, struct net_prefix *out);
bool net_prefix_contains(const struct net_prefix *prefix, uint8_t ip_version, const uint8_t *addr);
/* Any of them. */
bool net_prefixes_contain(const struct net_prefix *prefixes, size_t count, uint8_t ip_version,
			  const uint8_t *addr);

/* 1 + index of the row for one side of a flow, 0: none. */
uint32_t cloud_match(const struct cloud_row *rows, size_t count, const struct flow_key *key,
		     int side);

/* "account/region/vpc" as far as the row has them, else "vni:N", "vlan:N", else "tap:NAME". */
#define CLOUD_SCOPE_TEXT (3 * LIMIT_NAME_TEXT)
void cloud_scope_text(const struct cloud_row *row, const struct flow_key *key, const char *tap,
		      char *out, size_t size);

#endif
