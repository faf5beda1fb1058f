/* visit.h: somebody looks a name up and may go there: what the shapes dns and miners have in
 *common.
 *
 *	query A [query AAAA] -> answers: chain of aliases, 1 to 4 addresses | no such name
 *	SYN, SYN ACK, ACK, hello, 2 records, ACK, record, FIN, FIN, ACK */
#ifndef BENCH_TRAFFIC_VISIT_H
#define BENCH_TRAFFIC_VISIT_H

#include "writer.h"

#define NAME_BITS 18
#define NAME_TEXT 128

enum { TLS_STEPS = 11 };

/* One look-up and what follows it. */
struct visit {
	uint32_t client; /* address */
	uint32_t server; /* the first one of the answer */
	uint32_t name;   /* its rank; 0 is the most popular one */
	uint16_t port;   /* the client's; the next ones belong to the visit, too */
	uint16_t step;
	uint32_t seq[2];
	bool has_aaaa;
	bool is_missing; /* no such name */
	bool has_tls;
};

/* Client and name by chance; number: of the visit, picks its ports. */
void visit_begin(struct writer *self, struct visit *visit, uint64_t clients, uint64_t number);

/* Names of one domain are neighbours in rank: www.shopfield3a.com, api7.eu.shopfield3a.com... */
void name_text(uint32_t rank, char *out, size_t size);

/* One packet of the look-up; of the connection, at its step. */
void write_lookup(struct writer *self, const struct visit *visit, bool is_aaaa, bool is_reply);
void write_tls(struct writer *self, struct visit *visit, size_t at);

/* A ClientHello's record. Shuffled: extensions in an order of its own, as some browsers have it. */
void add_hello(struct writer *self, const char *name, bool is_shuffled);

#endif
