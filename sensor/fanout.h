/* fanout.h: which of several live workers gets a frame, decided in the kernel.
 *
 * The handles of one interface form a PACKET_FANOUT group; a classic BPF program gives each frame a
 * number, and the kernel the frame to the handle of that number modulo the group's size. The number
 * comes from what flow_key_route() hashes, scope and addresses without ports, as far as a program
 * without loops can find them:
 *
 *   plain IPv4 and IPv6      both addresses, so that both directions and all fragments meet
 *   up to 3 VLAN tags        and the VLAN ids, also when the kernel has taken off the outer tag
 *   VXLAN, GENEVE            inner addresses, VNI and inner VLAN ids; VXLAN in a mirror's GENEVE
 *                            as well
 *   GRE, ERSPAN, IP in IP    outer addresses: one tunnel is one worker's
 *   fragments of a tunnel    outer addresses: only the first one has inner ones
 *   MPLS, PPPoE, more tags   the first worker, all of them
 *
 * Everything is added up, so the order of the two sides does not matter. */
#ifndef SENSOR_FANOUT_H
#define SENSOR_FANOUT_H

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#define FANOUT_CODE_MAX 512

/* Writes the program; returns how many instructions it has. */
size_t fanout_program(struct sock_filter code[FANOUT_CODE_MAX]);

/* The packet socket fd joins a group: *group 0 makes one and names it. 0 or a negative errno of a
 * kernel that does not do this. No frame is given on when a ring is full: it is dropped there. */
int fanout_join(int fd, uint32_t *group);

#endif
