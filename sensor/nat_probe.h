/* nat_probe.h: the self-test of pairing by initial sequence numbers.
 *
 * A NAT that rewrites them (SYN proxies, firewalls that randomise them) can never be paired, and
 * nobody would notice. So handshakes are counted by server and side until the first pair: when
 * LIMIT_NAT_OPAQUE of them were seen on both sides and none paired, that is said once. */
#ifndef SENSOR_NAT_PROBE_H
#define SENSOR_NAT_PROBE_H

#include "sensor/flow_key.h"
#include "sensor/tag_table.h"

struct nat_probe {
	struct tag_table targets;
	struct siphash_key key;
	uint64_t both;   /* handshakes that have one on the other side to the same server */
	bool is_settled; /* a pair was seen: the test is over */
	bool is_opaque;
};

/* self must be zeroed. 0 or -ENOMEM. */
int nat_probe_init(struct nat_probe *self, struct siphash_key key);
void nat_probe_fini(struct nat_probe *self);

/* A completed handshake was seen. True when with this one the test has failed. */
bool nat_probe_handshake(struct nat_probe *self, const struct flow_key *key, int client_side,
			 bool is_outside);
/* Two sides were paired. */
void nat_probe_pair(struct nat_probe *self);

#endif
