/* resolvers.c: addresses as the operators publish them. */
#include "sensor/resolvers.h"

#include <arpa/inet.h>
#include <string.h>

#include "sensor/watched.h"

#define HTTPS_PORT 443

static const char *const addresses[] = {
	"1.1.1.1",
	"1.0.0.1",
	"2606:4700:4700::1111",
	"2606:4700:4700::1001", /* Cloudflare */
	"8.8.8.8",
	"8.8.4.4",
	"2001:4860:4860::8888",
	"2001:4860:4860::8844", /* Google */
	"9.9.9.9",
	"149.112.112.112",
	"2620:fe::fe",
	"2620:fe::9", /* Quad9 */
	"94.140.14.14",
	"94.140.15.15",
	"2a10:50c0::ad1:ff",
	"2a10:50c0::ad2:ff", /* AdGuard */
	"208.67.222.222",
	"208.67.220.220",
	"2620:119:35::35",
	"2620:119:53::53", /* OpenDNS */
	"194.242.2.2",
	"2a07:e340::2", /* Mullvad */
};

static uint8_t read_address(size_t i, uint8_t addr[16])
{
	memset(addr, 0, 16);
	if (inet_pton(AF_INET, addresses[i], addr) == 1)
		return 4;
	return inet_pton(AF_INET6, addresses[i], addr) == 1 ? 6 : 0;
}

bool resolver_is_encrypted(const struct flow_key *key, int server_side)
{
	uint8_t addr[16];

	if (key->port[server_side] == RESOLVER_TLS_PORT)
		return true;
	if (key->port[server_side] != HTTPS_PORT)
		return false;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		if (read_address(i, addr) == key->ip_version &&
		    memcmp(addr, key->addr[server_side], sizeof(addr)) == 0)
			return true;
	return false;
}

void resolvers_watch(struct watched *watched)
{
	uint8_t addr[16];

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		uint8_t ip_version = read_address(i, addr);

		if (ip_version != 0)
			watched_add(watched, ip_version, addr);
	}
}
