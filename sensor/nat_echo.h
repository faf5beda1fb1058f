/* nat_echo.h: the two sides of a session behind a NAT that rewrites sequence numbers.
 *
 * What is left is what the client says: its first bytes, with the time stamps (TSval, TSecr) of
 * their segment where there are any, are the same on both sides.
 *
 *	with time stamps     64 bits of two hosts' clocks: within LIMIT_NAT_WINDOW_MS
 *	without              miners of one farm may say the same: within LIMIT_NAT_ECHO_MS, and only
 *	                     while one inner session is asking for one outer one
 *
 * Only a private or home client and a public or known NAT's are paired. The second side gets the
 * first one's tag (nat_leg.h) as an alias. For sessions only; capped; one thread. */
#ifndef SENSOR_NAT_ECHO_H
#define SENSOR_NAT_ECHO_H

#include "sensor/nat_leg.h"
#include "sensor/tag_table.h"

struct nat_echo {
	struct tag_table words;   /* what was said lately, and by whom */
	struct tag_table aliases; /* by flow id */
	struct siphash_key key;
	size_t max_aliases;
};

/* self must be zeroed. 0 or -ENOMEM. */
int nat_echo_init(struct nat_echo *self, struct siphash_key key, size_t max_aliases);
void nat_echo_fini(struct nat_echo *self);

/* The tag of the flow's pair: an alias, or own. */
struct siphash_tag nat_echo_tag(struct nat_echo *self, uint64_t flow_id, struct siphash_tag own);

/* A session nobody knows yet: true when it is the other side of one that said the same, whose tag
 * is the flow's alias from now on. said: hash of the first words; said_ns: when. */
bool nat_echo_meet(struct nat_echo *self, const struct nat_leg *leg, uint64_t said,
		   uint64_t said_ns, bool has_stamps, struct siphash_tag own);

#endif
