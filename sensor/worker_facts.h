/* worker_facts.h: the inside of a worker, and how what it knows becomes facts.
 *
 * For worker.c, watch.c and worker_facts.c only. */
#ifndef SENSOR_WORKER_FACTS_H
#define SENSOR_WORKER_FACTS_H

#include "sensor/fact_outlet.h"
#include "sensor/inspect.h"
#include "sensor/names.h"
#include "sensor/opening.h"
#include "sensor/worker.h"

/* A flow under inspection; flow_cold.inspect points here. */
struct watch {
	struct inspect *inspect;
	uint32_t index; /* of the flow */
	uint32_t place; /* in worker.watched */
	bool is_reported;
	uint64_t leak_told; /* hash of the pool that was told last, 0: none */
	bool is_hello_told;
	bool has_stamps;  /* said covers TCP time stamps */
	uint64_t said;    /* hash of the client's first words, 0: not heard yet */
	uint64_t said_ns; /* when */
};

struct worker {
	struct worker_options options;
	const struct config *config;
	const struct lists *lists; /* in use for this batch or tick; NULL: none */
	struct flow_table *flows;
	struct classify *classify; /* NULL: off */
	struct inspect_pool *inspects;
	struct watch *watches;
	struct watch **watched; /* the first watch_count are in use, the rest are free */
	uint64_t *due_ns;       /* by place: the tick that has something to do there */
	size_t watch_count;
	size_t watch_max;
	size_t watch_hand; /* where the next watch to give up is looked for */
	struct fact_outlet *outlet;
	struct names *names;
	struct opening_table *begun;   /* messages of flows that were given up; candidate.h */
	uint64_t sensor;               /* of the flow ids */
	uint64_t now_ns;               /* packet time of what is being handled */
	_Atomic uint64_t packets_lost; /* as worker_lost() told */
	struct stats stats;
};

/* The flow's server is listed or watched. syn: the packet that opened the flow, NULL: another one
 * led here. */
void worker_push_contact(struct worker *self, uint32_t index, const struct packet *syn);

/* The flow's current record is complete. */
void worker_push_record(struct worker *self, uint32_t index, enum flow_end end);

/* One that a full ring refuses stays changed: it is offered again at the next tick. */
void worker_push_session(struct worker *self, struct watch *watch, enum session_event event);

/* Is the server's address one that was given out for a listed name, or is it a resolver that takes
 * encrypted questions? Those in clear are seen as what they are. */
bool worker_is_watched(const struct worker *self, const struct flow *hot,
		       const struct flow_cold *cold);

/* NULL: not under inspection. */
static inline struct watch *worker_watch(const struct worker *self, const struct flow_cold *cold)
{
	return cold->watch == 0 ? NULL : &self->watches[cold->watch - 1];
}

/* Of a new flow, or of one whose roles have changed: whether its server is listed or watched, and
 * if so pushes that. first as for worker_push_contact(). */
void worker_check_contact(struct worker *self, uint32_t index, const struct packet *first);

/* What names.h reads in packets goes out as facts. */
struct names_hooks worker_names_hooks(struct worker *self);

#endif
