/* cloud.c: address prefixes and the rows of `cloud:`. */
#include "sensor/cloud.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "sensor/textw.h"

/* 1 to 3 digits, without sign or leading zero. */
static int parse_prefix_len(const char *text, unsigned max, uint8_t *out)
{
	size_t len = strlen(text);
	unsigned value = 0;

	if (len == 0 || len > 3 || (len > 1 && text[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (value > max)
		return -EINVAL;
	*out = (uint8_t)value;
	return 0;
}

static bool has_host_bits(const struct net_prefix *prefix)
{
	size_t bytes = prefix->ip_version == 4 ? 4 : 16;
	size_t at = prefix->prefix_len / 8;

	if (at < bytes && (prefix->addr[at] & (0xff >> prefix->prefix_len % 8)) != 0)
		return true;
	for (at++; at < bytes; at++)
		if (prefix->addr[at] != 0)
			return true;
	return false;
}

int net_prefix_parse(const char *text, struct net_prefix *out)
{
	char addr[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct net_prefix prefix;

	memset(&prefix, 0, sizeof(prefix));
	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (inet_pton(AF_INET, addr, prefix.addr) == 1)
		prefix.ip_version = 4;
	else if (inet_pton(AF_INET6, addr, prefix.addr) == 1)
		prefix.ip_version = 6;
	else
		return -EINVAL;
	prefix.prefix_len = prefix.ip_version == 4 ? 32 : 128;
	if (slash != NULL && parse_prefix_len(slash + 1, prefix.prefix_len, &prefix.prefix_len) < 0)
		return -EINVAL;
	if (has_host_bits(&prefix))
		return -EINVAL;
	*out = prefix;
	return 0;
}

bool net_prefix_contains(const struct net_prefix *prefix, uint8_t ip_version, const uint8_t *addr)
{
	size_t whole = prefix->prefix_len / 8;
	unsigned rest = prefix->prefix_len % 8;

	if (prefix->ip_version == 0 || prefix->ip_version != ip_version)
		return false;
	if (memcmp(prefix->addr, addr, whole) != 0)
		return false;
	return rest == 0 || ((prefix->addr[whole] ^ addr[whole]) >> (8 - rest)) == 0;
}

bool net_prefixes_contain(const struct net_prefix *prefixes, size_t count, uint8_t ip_version,
			  const uint8_t *addr)
{
	for (size_t i = 0; i < count; i++)
		if (net_prefix_contains(&prefixes[i], ip_version, addr))
			return true;
	return false;
}

static bool has_vlan(const struct scope *scope, uint16_t vlan)
{
	for (uint8_t i = 0; i < scope->vlan_count && i < LIMIT_VLAN_TAGS; i++)
		if (scope->vlan[i] == vlan)
			return true;
	return false;
}

static bool row_matches(const struct cloud_row *row, const struct flow_key *key, int side)
{
	if (row->has_vni && (key->scope.tunnel == TUNNEL_NONE || key->scope.id != row->vni))
		return false;
	if (row->has_vlan && !has_vlan(&key->scope, row->vlan))
		return false;
	return row->prefix.ip_version == 0 ||
	       net_prefix_contains(&row->prefix, key->ip_version, key->addr[side]);
}

uint32_t cloud_match(const struct cloud_row *rows, size_t count, const struct flow_key *key,
		     int side)
{
	for (size_t i = 0; i < count; i++)
		if (row_matches(&rows[i], key, side))
			return (uint32_t)i + 1;
	return 0;
}

/* The set ones of account, region and vpc, joined by '/'. False when the row has none. */
static bool add_row_scope(struct textw *w, const struct cloud_row *row)
{
	const char *parts[] = { row->account_id, row->region, row->vpc_id };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i][0] == '\0')
			continue;
		if (w->len > 0)
			textw_text(w, "/");
		textw_text(w, parts[i]);
	}
	return w->len > 0;
}

/* Stacked tags: the inner one tells the tenants of one outer tag apart. */
static void add_vlan(struct textw *w, const struct scope *scope)
{
	textw_text(w, "vlan:");
	for (uint8_t i = 0; i < scope->vlan_count && i < LIMIT_VLAN_TAGS; i++) {
		if (i > 0)
			textw_text(w, ".");
		textw_uint(w, scope->vlan[i]);
	}
}

void cloud_scope_text(const struct cloud_row *row, const struct flow_key *key, const char *tap,
		      char *out, size_t size)
{
	uint8_t tunnel = key->scope.tunnel;
	struct textw w;

	if (size == 0)
		return;
	textw_init(&w, out, size);
	if (row != NULL && add_row_scope(&w, row))
		return;
	/* A GRE key or an ERSPAN session separates tenants as a VNI does. */
	if (tunnel == TUNNEL_VXLAN || tunnel == TUNNEL_GENEVE ||
	    (tunnel != TUNNEL_NONE && key->scope.id != 0)) {
		textw_text(&w, "vni:");
		textw_uint(&w, key->scope.id);
	} else if (key->scope.vlan_count > 0) {
		add_vlan(&w, &key->scope);
	} else {
		textw_text(&w, "tap:");
		textw_text(&w, tap != NULL ? tap : "");
	}
}
