/* nat_leg.c: comparisons of two sides of one connection. */
#include "sensor/nat_leg.h"

#include <string.h>

#define NS_PER_MS 1000000u

struct leg_key {
	uint8_t server[16];
	uint32_t isn[2];
	uint16_t port;
	uint8_t ip_version;
	uint8_t reserved[5];
};

_Static_assert(sizeof(struct leg_key) == 32, "hashed as bytes: no padding");

struct siphash_tag nat_leg_tag(const struct flow_key *key, int client_side, const uint32_t isn[2],
			       struct siphash_key secret)
{
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	const uint8_t *server = key->addr[!client_side];
	struct leg_key leg;

	memset(&leg, 0, sizeof(leg));
	leg.ip_version = key->ip_version;
	if (key->ip_version == 6 && memcmp(server, nat64, sizeof(nat64)) == 0) {
		memcpy(leg.server, server + sizeof(nat64), 4);
		leg.ip_version = 4;
	} else {
		memcpy(leg.server, server, sizeof(leg.server));
	}
	leg.port = key->port[!client_side];
	leg.isn[0] = isn[0];
	leg.isn[1] = isn[1];
	return siphash128(&leg, sizeof(leg), secret);
}

struct nat_leg nat_leg_of(const struct nat_addresses *addresses, const struct flow_key *key,
			  int client_side, uint64_t flow_id, uint64_t first_ns)
{
	int side = client_side != 0;

	return (struct nat_leg){ .flow_id = flow_id,
				 .first_ns = first_ns,
				 .key = *key,
				 .client_side = side != 0,
				 .rank = (uint8_t)nat_addresses_rank(addresses, key, side),
				 .is_home = nat_addresses_is_home(addresses, key, side) };
}

static int compare_clients(const struct nat_leg *one, const struct nat_leg *two)
{
	uint16_t port_one = one->key.port[one->client_side];
	uint16_t port_two = two->key.port[two->client_side];

	if (one->key.ip_version != two->key.ip_version)
		return one->key.ip_version < two->key.ip_version ? -1 : 1;
	if (port_one != port_two)
		return port_one < port_two ? -1 : 1;
	return memcmp(one->key.addr[one->client_side], two->key.addr[two->client_side], 16);
}

bool nat_leg_is_other(const struct nat_leg *one, const struct nat_leg *two)
{
	uint64_t apart_ns = one->first_ns > two->first_ns ? one->first_ns - two->first_ns
							  : two->first_ns - one->first_ns;

	return apart_ns <= (uint64_t)LIMIT_NAT_WINDOW_MS * NS_PER_MS &&
	       compare_clients(one, two) != 0;
}

bool nat_leg_is_inside(const struct nat_leg *one, const struct nat_leg *two)
{
	bool is_tunnel_one = one->key.scope.tunnel != TUNNEL_NONE;
	bool is_tunnel_two = two->key.scope.tunnel != TUNNEL_NONE;

	if (one->rank != two->rank)
		return one->rank > two->rank;
	if (is_tunnel_one != is_tunnel_two)
		return is_tunnel_one;
	if (one->is_home != two->is_home)
		return one->is_home != 0;
	if (one->first_ns != two->first_ns)
		return one->first_ns < two->first_ns;
	/* Whatever it is, it must not depend on who looked first. */
	return compare_clients(one, two) < 0;
}

struct decision_nat nat_leg_outside(const struct nat_leg *outside)
{
	return (struct decision_nat){ .key = outside->key,
				      .is_known = 1,
				      .client_side = outside->client_side };
}
