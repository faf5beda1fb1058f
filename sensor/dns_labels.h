/* dns_labels.h: passive DNS: which names each client was given for which addresses.
 *
 * Nothing is ever resolved here: answers that were seen on the wire label what the same client
 * connects to afterwards. An address that was given out for names of unrelated domains is shared
 * (a CDN, a hosting company): its label is weak. Capped; the label that was used least lately goes
 * first. Owned by the correlator's thread; times are packet times in ns. */
#ifndef SENSOR_DNS_LABELS_H
#define SENSOR_DNS_LABELS_H

#include "sensor/fact.h"
#include "sensor/stats.h"

struct dns_labels;

struct dns_label {
	const char *name; /* as it was asked for; valid until the next dns_labels_learn() */
	uint32_t listed;  /* lists_entry() of it or of a name in its chain; 0: none */
	bool is_shared;
};

/* NULL: out of memory or of random bytes. */
struct dns_labels *dns_labels_new(size_t capacity, struct stats *stats);
void dns_labels_free(struct dns_labels *self);

/* A label lives as long as its TTL says, at least LIMIT_LABEL_FLOOR_S, at most LIMIT_LABEL_TOP_S:
 * programs keep addresses for longer than they may. */
void dns_labels_learn(struct dns_labels *self, const struct answer_fact *answer);

/* What the client knows the server of this flow as. A label that is used lives on. */
bool dns_labels_find(struct dns_labels *self, const struct flow_key *key, int client_side,
		     uint64_t now_ns, struct dns_label *out);

size_t dns_labels_count(const struct dns_labels *self);

#endif
