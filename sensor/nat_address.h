/* nat_address.h: which clients may be a source NAT, and which are behind one.
 *
 * Knows the configured addresses and learns others from connections that were seen on both sides.
 * What is learnt belongs to its scope: two tenants may use one private address. Capped; owned by
 * the correlator's thread. */
#ifndef SENSOR_NAT_ADDRESS_H
#define SENSOR_NAT_ADDRESS_H

#include "sensor/cloud.h"

/* From surely outside to surely inside. */
enum nat_rank {
	NAT_RANK_CONFIGURED, /* a NAT by configuration */
	NAT_RANK_LEARNT,     /* was the outer side before */
	NAT_RANK_PUBLIC,     /* neither private nor ours: may be one */
	NAT_RANK_HOME,       /* public, in a home network */
	NAT_RANK_PRIVATE     /* RFC 1918, shared (RFC 6598) or unique local (RFC 4193) */
};

struct nat_address_options {
	const struct net_prefix *home;
	size_t home_count;
	const struct net_prefix *nat;
	size_t nat_count;
};

struct nat_addresses;

/* options is copied, what it points to is not. NULL: out of memory or of random bytes. */
struct nat_addresses *nat_addresses_new(const struct nat_address_options *options);
void nat_addresses_free(struct nat_addresses *self);

enum nat_rank nat_addresses_rank(const struct nat_addresses *self, const struct flow_key *key,
				 int side);

/* True when the side's address is in a home network, be it private or public. */
bool nat_addresses_is_home(const struct nat_addresses *self, const struct flow_key *key, int side);

/* That side was the outer one. The oldest address goes when there are too many. */
void nat_addresses_learn(struct nat_addresses *self, const struct flow_key *key, int side);

/* At least one NAT is known: both sides of it are, or should be, in sight. */
bool nat_addresses_any(const struct nat_addresses *self);

#endif
