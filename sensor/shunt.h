/* shunt.h: elephants stay in the kernel.
 *
 * An extended BPF socket filter with a map drops the packets of flows that are in it, and counts
 * them: they cost no copy and no wake-up. Only plain Ethernet frames with IPv4 without options or
 * IPv6 without extension headers, TCP or UDP, no VLAN tag, no tunnel and no fragment. Of TCP, SYN,
 * FIN and RST always pass, and of everything one packet in SHUNT_SAMPLE, so that the flow is seen
 * to go on and to end. One worker's. */
#ifndef SENSOR_SHUNT_H
#define SENSOR_SHUNT_H

#include "sensor/flow_key.h"

#define SHUNT_ERROR_TEXT 160
#define SHUNT_SAMPLE     1024

struct shunt;

/* Makes the map and loads the program, which lets through snaplen bytes of a frame. 0, or a
 * negative errno when the kernel forbids it: error says what. */
int shunt_new(struct shunt **out, uint32_t snaplen, char error[SHUNT_ERROR_TEXT]);
void shunt_free(struct shunt *self);

/* Descriptor of the program, for the capture's socket. */
int shunt_program(const struct shunt *self);

/* May such a flow be shunted at all, and is there room? */
bool shunt_takes(const struct shunt *self, const struct flow_key *key);

/* Both directions of the flow. False: there was no room, or the kernel no longer allows it. */
bool shunt_begin(struct shunt *self, const struct flow_key *key);

/* The flow's packets pass again. What was dropped meanwhile, by the sender's side of the key. */
void shunt_end(struct shunt *self, const struct flow_key *key, uint64_t packets[2],
	       uint64_t bytes[2]);

#endif
