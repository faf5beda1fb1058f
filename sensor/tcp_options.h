/* tcp_options.h: what a segment's options say about who sent it. */
#ifndef SENSOR_TCP_OPTIONS_H
#define SENSOR_TCP_OPTIONS_H

#include "sensor/packet.h"

/* Hash of a SYN's options, the same on both sides of a NAT: kinds in their order, and all values
 * but that of the maximum segment size, which NATs lower. The time stamp of a SYN is part of it.
 * Never 0. Two SYNs of one host seldom agree when they carry
 * time stamps, and always agree when they do not. */
#define TCP_OPTIONS_UNREADABLE 1
uint16_t tcp_syn_options(const struct packet *packet);

/* TSval and TSecr of any segment. False: it has none, or its header cannot be read. */
bool tcp_stamps(const struct packet *packet, uint32_t stamps[2]);

#endif
