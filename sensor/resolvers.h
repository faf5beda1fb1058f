/* resolvers.h: public DNS resolvers that take encrypted questions. */
#ifndef SENSOR_RESOLVERS_H
#define SENSOR_RESOLVERS_H

#include "sensor/flow_key.h"

struct watched;

/* DNS over TLS or QUIC by its port (RFC 7858, RFC 9250), DNS over HTTPS by the address of a
 * well-known public resolver. What is asked there is not seen. */
bool resolver_is_encrypted(const struct flow_key *key, int server_side);

/* Has the workers tell of connections to those addresses. */
void resolvers_watch(struct watched *watched);

#define RESOLVER_TLS_PORT 853

#endif
