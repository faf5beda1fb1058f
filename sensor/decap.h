/* decap.h: peels a frame down to its innermost IP packet.
 *
 * Ethernet, 802.1Q/QinQ, MPLS, PPPoE, Linux cooked, raw, loopback; IPv4 and IPv6 with extension
 * headers and fragments; GRE, ERSPAN II/III, IP-in-IP, VXLAN, GENEVE. VXLAN and GENEVE are opened
 * at the outermost layer only (plus VXLAN inside GENEVE, as a GWLB mirror sends it): inner UDP 4789
 * is traffic that an attacker may craft.
 *
 * Scope of a packet: VLAN ids outermost first, those of a mirrored frame behind those around the
 * tunnel, while there is room; VID 0 (a priority) and ERSPAN's own VLAN field are left out. The
 * tunnel is the innermost one, but VXLAN, GENEVE and ERSPAN name a mirror's tenant and are not
 * replaced by what the tenant builds inside (VXLAN inside GENEVE is the mirror's and does replace
 * it). One context per reading thread; never allocates after decap_new(). */
#ifndef SENSOR_DECAP_H
#define SENSOR_DECAP_H

#include "sensor/packet.h"
#include "sensor/stats.h"

struct decap;

enum decap_result {
	DECAP_PACKET, /* *out is filled; its slices live until the next call */
	DECAP_HELD,   /* a fragment, kept until its datagram is complete */
	DECAP_SKIPPED /* not IP (ARP, LLDP...), or malformed: counted by reason */
};

struct decap *decap_new(struct stats *stats);
void decap_free(struct decap *self);
enum decap_result decap_frame(struct decap *self, const struct frame *frame, struct packet *out);

#endif
