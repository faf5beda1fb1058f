/* flow_key.c: canonical flow keys, their text and their identifiers.
 *
 * Reference: Community ID v1 for the order of the two sides (address bytes, then port), RFC 5952
 * for the text of IPv6 addresses, the IANA protocol number registry for the names. */
#include "sensor/flow_key.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "protocols/cursor.h"
#include "sensor/hash_mix.h"
#include "sensor/siphash.h"
#include "sensor/textw.h"

#define FLOW_ID_BITS 51 /* what a JSON reader with doubles still keeps exact, as Suricata does */

/* As memcmp(): a call for every packet, for what is one comparison of words. */
static int addr_order(uint8_t ip_version, const uint8_t *a, const uint8_t *b)
{
	uint64_t one;
	uint64_t other;

	if (ip_version == 4) {
		one = field_u32be(a);
		other = field_u32be(b);
	} else {
		one = field_u64be(a);
		other = field_u64be(b);
		if (one == other) {
			one = field_u64be(a + 8);
			other = field_u64be(b + 8);
		}
	}
	return (one > other) - (one < other);
}

bool flow_key_set(struct flow_key *key, const uint8_t *src, const uint8_t *dst, uint16_t src_port,
		  uint16_t dst_port, bool is_one_way)
{
	int order = addr_order(key->ip_version, src, dst);
	bool is_high = !is_one_way && (order > 0 || (order == 0 && src_port > dst_port));

	if (key->ip_version == 4) {
		memcpy(key->addr[is_high], src, 4);
		memcpy(key->addr[!is_high], dst, 4);
	} else {
		memcpy(key->addr[is_high], src, 16);
		memcpy(key->addr[!is_high], dst, 16);
	}
	key->port[is_high] = src_port;
	key->port[!is_high] = dst_port;
	return is_high;
}

static uint64_t addr_hash(const uint8_t addr[16])
{
	uint64_t words[2];

	memcpy(words, addr, sizeof(words));
	return hash_mix(words[0] ^ 0xa0761d6478bd642fu, words[1] ^ 0xe7037ed1a0b428dbu);
}

/* A sum, for one-way ICMP keeps its sender first: the key's own order is not always canonical. No
 * table stands behind it and the number of workers is small, so it has no key. */
uint64_t flow_key_route(const struct flow_key *key)
{
	uint64_t addresses = addr_hash(key->addr[0]) + addr_hash(key->addr[1]);
	uint32_t words[3];

	_Static_assert(sizeof(struct scope) == sizeof(words), "hashed as words: no padding");
	memcpy(words, &key->scope, sizeof(words));
	return hash_mix(addresses ^ words[0],
			((uint64_t)words[1] << 32 | words[2]) ^ 0xd6e8feb86659fd93u);
}

/* Every event has two or more of these: inet_ntop() prints through stdio. */
void flow_key_addr_text(const struct flow_key *key, int side, char *out, size_t size)
{
	struct textw w;

	textw_init(&w, out, size);
	if (key->ip_version == 4)
		textw_ipv4(&w, key->addr[side]);
	else
		textw_ipv6(&w, key->addr[side]);
}

void flow_key_endpoint_text(const struct flow_key *key, int side, char *out, size_t size)
{
	struct textw w;

	textw_init(&w, out, size);
	if (key->ip_version == 4) {
		textw_ipv4(&w, key->addr[side]);
	} else {
		textw_text(&w, "[");
		textw_ipv6(&w, key->addr[side]);
		textw_text(&w, "]");
	}
	textw_text(&w, ":");
	textw_uint(&w, key->port[side]);
}

static const struct {
	uint8_t proto;
	const char *name;
} proto_names[] = {
	{ 1, "ICMP" },  { 2, "IGMP" },   { 4, "IP" },         { 6, "TCP" },    { 8, "EGP" },
	{ 17, "UDP" },  { 33, "DCCP" },  { 41, "IPv6" },      { 46, "RSVP" },  { 47, "GRE" },
	{ 50, "ESP" },  { 51, "AH" },    { 58, "IPv6-ICMP" }, { 88, "EIGRP" }, { 89, "OSPFIGP" },
	{ 103, "PIM" }, { 112, "VRRP" }, { 115, "L2TP" },     { 132, "SCTP" }, { 136, "UDPLite" },
};

const char *flow_key_proto_name(uint8_t proto, char *scratch, size_t size)
{
	for (size_t i = 0; i < sizeof(proto_names) / sizeof(proto_names[0]); i++)
		if (proto_names[i].proto == proto)
			return proto_names[i].name;
	(void)snprintf(scratch, size, "%u", (unsigned)proto);
	return scratch;
}

uint64_t flow_id_sensor(const char *sensor_id)
{
	return siphash_id(sensor_id, strlen(sensor_id));
}

uint64_t flow_id(uint64_t sensor, const struct flow_key *key, uint64_t start_ns)
{
	struct {
		uint64_t sensor;
		uint64_t start_ns;
		struct flow_key key;
		uint32_t zero;
	} whole = { .sensor = htole64(sensor), .start_ns = htole64(start_ns), .key = *key };

	/* The same id on every machine. */
	for (int side = 0; side < 2; side++)
		whole.key.port[side] = htole16(key->port[side]);
	for (int i = 0; i < LIMIT_VLAN_TAGS; i++)
		whole.key.scope.vlan[i] = htole16(key->scope.vlan[i]);
	whole.key.scope.id = htole32(key->scope.id);
	_Static_assert(sizeof(whole) == 16 + sizeof(struct flow_key) + 4,
		       "hashed as bytes: no padding");
	return siphash_id(&whole, sizeof(whole)) & ((UINT64_C(1) << FLOW_ID_BITS) - 1);
}
