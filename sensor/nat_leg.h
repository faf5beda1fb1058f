/* nat_leg.h: one side of a connection that crosses a source NAT, and when two sides are one.
 *
 *	inside   10.0.1.23:46106     -> 198.51.100.120:3333   ISNs c, s
 *	outside  198.51.100.40:1025  -> 198.51.100.120:3333   ISNs c, s
 *
 * Both have the same server, the same two initial sequence numbers and begin within
 * LIMIT_NAT_WINDOW_MS, and their clients differ in address or port. The scope is no part of it: the
 * two sides are often seen in two networks (VNI, VLAN). What is the same client in two scopes is
 * one connection mirrored twice, and no pair. */
#ifndef SENSOR_NAT_LEG_H
#define SENSOR_NAT_LEG_H

#include "sensor/decision.h"
#include "sensor/nat_address.h"
#include "sensor/siphash.h"

struct nat_leg {
	uint64_t flow_id;
	uint64_t first_ns; /* of the connection */
	struct flow_key key;
	uint32_t contact; /* lists_entry() of the server's address, as a contact told; 0: none */
	uint8_t client_side;
	uint8_t rank; /* enum nat_rank of the client */
	uint8_t is_home;
	uint8_t reserved;
};

/* Tag of (server, isn[0], isn[1]); an address that NAT64 made (64:ff9b::/96, RFC 6052) counts as
 * the IPv4 one in it. */
struct siphash_tag nat_leg_tag(const struct flow_key *key, int client_side, const uint32_t isn[2],
			       struct siphash_key secret);

struct nat_leg nat_leg_of(const struct nat_addresses *addresses, const struct flow_key *key,
			  int client_side, uint64_t flow_id, uint64_t first_ns);

/* Two legs with one tag are the two sides of one connection. */
bool nat_leg_is_other(const struct nat_leg *one, const struct nat_leg *two);

/* True when the first of two sides is the inner one: by rank, then by mirror metadata (what came
 * in a tunnel was mirrored at the instance), then home networks, then who began first. */
bool nat_leg_is_inside(const struct nat_leg *one, const struct nat_leg *two);

struct decision_nat nat_leg_outside(const struct nat_leg *outside);

#endif
