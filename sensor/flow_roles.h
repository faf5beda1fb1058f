/* flow_roles.h: who is the client, by a flow's first packet; private to flow.c. */
#ifndef SENSOR_FLOW_ROLES_H
#define SENSOR_FLOW_ROLES_H

#include "sensor/flow.h"

/* Returns FLOW_CLIENT_HIGH, FLOW_MIDSTREAM and FLOW_ROLES_PROVEN as they apply. In this order: SYN,
 * SYN-ACK, ICMP request and reply; for mid-stream TCP the guess_client hook; ports; and the sender
 * of the first packet is the client when nothing speaks against it. */
uint8_t flow_roles_first(const struct packet *packet, const struct flow_hooks *hooks);

#endif
