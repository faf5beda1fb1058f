/* flow_names.h: what flows said of their servers, from the facts of their openings until their
 * records.
 *
 * By flow id, capped; the flow that said something longest ago goes first. Correlator's thread. */
#ifndef SENSOR_FLOW_NAMES_H
#define SENSOR_FLOW_NAMES_H

#include "sensor/fact.h"
#include "sensor/stats.h"
#include "sensor/tag_table.h"

struct flow_name {
	struct tag_link link;
	uint32_t listed; /* lists_entry() of name; 0: not listed */
	uint8_t source;  /* enum name_source of name */
	uint8_t has_hello;
	char name[LIMIT_POOL_TEXT]; /* "" for none */
	struct hello_view hello;
};

struct flow_names;

/* NULL: out of memory or of random bytes. */
struct flow_names *flow_names_new(size_t capacity, struct stats *stats);
void flow_names_free(struct flow_names *self);

/* A later source of more weight replaces the name: enum name_source rises. */
void flow_names_name(struct flow_names *self, const struct name_fact *fact);
void flow_names_hello(struct flow_names *self, const struct hello_fact *fact);

/* NULL: it said nothing. Valid until the next call that adds or drops. */
const struct flow_name *flow_names_find(const struct flow_names *self, uint64_t flow_id);
void flow_names_drop(struct flow_names *self, uint64_t flow_id);

#endif
