/* wildcard_dns.h: names of public services that answer with the address that the name itself holds,
 * so that nobody needs a domain of one's own: nip.io, sslip.io, xip.io.
 *
 *   keys.198.51.100.88.nip.io   keys-198-51-100-88.nip.io   c6336458.nip.io (hex)
 *   198.51.100.88.xip.io        198-51-100-88.keys.sslip.io
 *
 * The address stands right before the service's name; sslip.io looks for the first one anywhere. */
#ifndef PROTOCOLS_WILDCARD_DNS_H
#define PROTOCOLS_WILDCARD_DNS_H

#include "protocols/slice.h"

/* name: text of a DNS name, of either case. True when it is one of these and holds an address,
 * which is then in addr; else addr is not written. */
bool dns_name_embedded_ipv4(struct slice name, uint8_t addr[4]);

#endif
