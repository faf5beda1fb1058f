/* flow_key.h: what makes two packets belong to one flow.
 *
 * Both directions share one key: side 0 is the numerically lower (address, port). The scope (VLAN
 * ids, tunnel and its identifier) is part of it, so that two tenants with one private 5-tuple are
 * two flows. */
#ifndef SENSOR_FLOW_KEY_H
#define SENSOR_FLOW_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/limits.h"

enum tunnel {
	TUNNEL_NONE = 0,
	TUNNEL_GRE,
	TUNNEL_ERSPAN,
	TUNNEL_IPIP,
	TUNNEL_VXLAN,
	TUNNEL_GENEVE
};

/* Where a packet was seen. id: VNI, GRE key or ERSPAN session; 0 when the tunnel has none. */
struct scope {
	uint32_t id;
	uint16_t vlan[LIMIT_VLAN_TAGS]; /* outermost first; 0 beyond vlan_count */
	uint8_t vlan_count;
	uint8_t tunnel; /* enum tunnel, the innermost one */
};

struct flow_key {
	uint8_t addr[2][16]; /* IPv4 in the first 4 bytes, the rest zero */
	uint16_t port[2];    /* host order; ICMP: Community ID's type and counterpart */
	uint8_t proto;       /* IP protocol number of the innermost packet */
	uint8_t ip_version;  /* 4 or 6 */
	uint16_t reserved;   /* 0: the key is hashed and compared as bytes */
	struct scope scope;
};

_Static_assert(sizeof(struct flow_key) == 52, "the key is hashed as bytes: no padding");

/* Puts (src, dst) into canonical order; returns true when the sender became side 1. The key must be
 * zeroed; addresses have 4 or 16 bytes by ip_version. is_one_way (ICMP without a counterpart) keeps
 * the sender on side 0. */
bool flow_key_set(struct flow_key *key, const uint8_t *src, const uint8_t *dst, uint16_t src_port,
		  uint16_t dst_port, bool is_one_way);

/* Hash of scope and addresses without ports: the same for both directions and for fragments. */
uint64_t flow_key_route(const struct flow_key *key);

/* Text of one side's address: dotted IPv4 or RFC 5952 IPv6. out holds INET6_ADDRSTRLEN bytes. */
void flow_key_addr_text(const struct flow_key *key, int side, char *out, size_t size);

/* With its port: "198.51.100.7:3333", "[2001:db8::7]:3333". Cut to size. */
void flow_key_endpoint_text(const struct flow_key *key, int side, char *out, size_t size);

/* "TCP", "UDP", "ICMP", "IPv6-ICMP", "SCTP"..., or the number as text, as Suricata names them. */
const char *flow_key_proto_name(uint8_t proto, char *scratch, size_t size);

/* 51-bit identifier of one flow: unkeyed hash of sensor id, key and start (ns). Stable across runs
 * for the same sensor id and capture. sensor is the id's flow_id_sensor(): hashed once. */
uint64_t flow_id_sensor(const char *sensor_id);
uint64_t flow_id(uint64_t sensor, const struct flow_key *key, uint64_t start_ns);

/* Community ID v1 with the given seed: "1:" and 28 characters of Base64, NUL-terminated.
 * One context per thread: it holds a digest context of the crypto library. */
#define COMMUNITY_ID_TEXT 31
struct community_id;
struct community_id *community_id_new(uint16_t seed);
void community_id_free(struct community_id *self);
void community_id_text(struct community_id *self, const struct flow_key *key,
		       char out[COMMUNITY_ID_TEXT]);

#endif
