/* names.h: the names that flows say openly: DNS questions and answers, TLS hellos, HTTP requests.
 *
 * Reads the few packets that can hold one and looks the names up in the lists. What is found goes
 * to the worker as facts without identity (flow id, key, times are the worker's to fill). One per
 * worker; nothing is allocated after names_new(). */
#ifndef SENSOR_NAMES_H
#define SENSOR_NAMES_H

#include "protocols/tls_hello.h"
#include "sensor/fact.h"
#include "sensor/lists.h"

struct names;

/* What was read in a packet of flow index; facts are lent for the call. */
struct names_hooks {
	/* name, listed, source and access_key are set. */
	void (*name)(void *ctx, uint32_t index, struct name_fact *fact);
	/* listed, ttl, count, name and addresses are set. */
	void (*answer)(void *ctx, uint32_t index, struct answer_fact *fact);
	/* view is set. */
	void (*hello)(void *ctx, uint32_t index, struct hello_fact *fact);
	/* Is there more interest in the flow's hello than its name may give? */
	bool (*wants_hello)(void *ctx, uint32_t index);
	void *ctx;
};

/* NULL: out of memory. */
struct names *names_new(const struct names_hooks *hooks, struct stats *stats);
void names_free(struct names *self);

/* From here on names are looked up in these lists; NULL: nothing is listed. */
void names_use(struct names *self, const struct lists *lists);

/* Of flow.seq_known, shifted by the direction: nothing more is to be read of it. */
#define NAMES_DONE 16u

/* True for nearly every packet: the next two functions would do nothing then. */
static inline bool names_is_done(const struct flow *flow, enum direction dir)
{
	return (flow->seq_known & NAMES_DONE << dir) != 0;
}

/* A UDP payload. */
void names_udp(struct names *self, uint32_t index, struct flow *flow, enum direction dir,
	       const struct packet *packet);

/* A TCP segment, before the flow's sequence numbers move on. */
void names_tcp(struct names *self, uint32_t index, struct flow *flow, enum direction dir,
	       const struct packet *packet);

/* The flow ends, or its roles will be others: what was gathered of its opening is read as far as it
 * got. */
void names_end(struct names *self, uint32_t index, struct flow *flow, const struct flow_key *key);

/* A hello that was found inside a tunnel. */
void names_hello(struct names *self, uint32_t index, const struct tls_hello *hello);

/* A host:port that a session leaked; true when it was listed and told. */
bool names_leaked(struct names *self, uint32_t index, const char *host_port);

#endif
