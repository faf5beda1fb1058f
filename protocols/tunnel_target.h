/* tunnel_target.h: where a miner asked its proxy to connect to, as a finding. */
#ifndef PROTOCOLS_TUNNEL_TARGET_H
#define PROTOCOLS_TUNNEL_TARGET_H

#include "protocols/dialect.h"

#define TUNNEL_TARGET_BYTES 288 /* a host name of 253 bytes, brackets, a colon and a port */

/* Reports "host:port" as an identity without proof, when it can be one; else says nothing. */
void tunnel_target_tell(const struct finding_out *out, struct slice host_port);

/* "host:port" of a name or of 4 or 16 address bytes; empty when the parts cannot be one. */
struct slice tunnel_target_name(struct slice name, uint16_t port, char text[TUNNEL_TARGET_BYTES]);
struct slice tunnel_target_address(struct slice address, uint16_t port,
				   char text[TUNNEL_TARGET_BYTES]);

#endif
