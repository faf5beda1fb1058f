/* nat_legs.h: one connection seen on both sides of a source NAT becomes one.
 *
 *	         contact: server, client ISN, SYN options --+
 *	fact --> session: server, both ISNs ----------------+--> inner side: on, with the outer
 *tuple flow record: server, both ISNs ------------+    outer side: dropped
 *	                                                    +--> no other side: on, as it is
 *
 * The inner side's packets are seen first and its facts pass at once; the outer side's find it and
 * end here, so that bytes, shares and alerts count once. Where the outer side may come first, what
 * may be one waits for LIMIT_NAT_FACT_HOLD_MS of packet time: sessions of clients that are known
 * NATs, and those of public clients until LIMIT_NAT_DOUBTS of them have waited in vain. A contact
 * never waits: it is withdrawn, as its alert has a grace anyway.
 *
 * Middleboxes that end TCP themselves have other ISNs on each side: two connections, as it should
 * be. A NAT that rewrites ISNs is noticed (nat_probe.h); then sessions are paired by what their
 * clients say first (nat_echo.h), and nothing else is. UDP is not paired.
 *
 * Owned by the correlator's thread. Facts come in order of packet time. */
#ifndef SENSOR_NAT_LEGS_H
#define SENSOR_NAT_LEGS_H

#include "sensor/nat_leg.h"
#include "sensor/stats.h"

struct nat_legs_options {
	struct nat_address_options addresses;
	size_t max_sessions;
	/* Takes a fact in its turn; now_ns never falls. nat: the outer side, NULL: none known. The
	 * fact keeps its own time, which is earlier when it had to wait. */
	void (*take)(void *ctx, uint64_t now_ns, const struct fact *fact,
		     const struct decision_nat *nat);
	/* An outer side was found for a flow of which facts have been taken already. */
	void (*joined)(void *ctx, uint64_t now_ns, const struct nat_leg *inside,
		       const struct decision_nat *nat);
	/* A contact that was taken is an outer side's. */
	void (*withdraw)(void *ctx, const struct nat_leg *outside);
	void *ctx;
};

struct nat_legs;

/* options is copied, the prefixes it points to are not. NULL: out of memory or of random bytes. */
struct nat_legs *nat_legs_new(const struct nat_legs_options *options, struct stats *stats);
void nat_legs_free(struct nat_legs *self);

/* A fact has come at now_ns, after nat_legs_advance() to that time. */
void nat_legs_take(struct nat_legs *self, uint64_t now_ns, const struct fact *fact);

/* Lets go what falls due before now_ns, in that order. */
void nat_legs_advance(struct nat_legs *self, uint64_t now_ns);

/* End of input: lets everything go. */
void nat_legs_flush(struct nat_legs *self, uint64_t end_ns);

#endif
