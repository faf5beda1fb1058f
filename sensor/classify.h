/* classify.h: nDPI's guess about a flow, on its first payload packets.
 *
 * A label for flow records and one weak witness; it never raises an alert. One context per worker;
 * states come from a capped pool and are freed at the verdict, after a few packets or at a
 * deadline. New flows are turned away while nDPI has had its share of CPU or packets were lost.
 * Labels are small numbers (0: none) with a table of names that is built once and then read by any
 * thread. Only classify.c knows nDPI and its versions. */
#ifndef SENSOR_CLASSIFY_H
#define SENSOR_CLASSIFY_H

#include "protocols/dialect.h"
#include "sensor/budget.h"
#include "sensor/packet.h"
#include "sensor/stats.h"

enum classify_mode { CLASSIFY_ALL, CLASSIFY_CANDIDATES, CLASSIFY_OFF };

struct classify;

struct classify_options {
	uint32_t max_states;                /* live nDPI states */
	uint32_t max_packets;               /* payload packets a flow is given */
	uint32_t deadline_ms;               /* packet time from the first payload packet */
	uint32_t cpu_percent;               /* of a core that new flows may take; 100: no limit */
	const struct budget_clocks *clocks; /* NULL: the system's */
	bool is_touched;                    /* all states' pages at once; else as they are used */
};

/* What nDPI said. proto and category index its tables; risks is its bit set. */
struct classify_label {
	uint64_t risks;
	uint16_t master; /* carrying protocol, 0: none */
	uint16_t app;    /* 0: unknown */
	uint16_t category;
	uint16_t is_mining; /* 1: nDPI calls it mining, a weak witness */
};

/* NULL when nDPI cannot be set up. */
struct classify *classify_new(const struct classify_options *options, struct stats *stats);
void classify_free(struct classify *self);

/* May a new flow be given to nDPI for a label alone? Counted when not. */
bool classify_admits(struct classify *self);

/* Packets lost ahead of the worker so far: no new flows for some seconds after that rose. */
void classify_lost(struct classify *self, uint64_t lost);

/* A state for a flow, or 0 at the cap (counted). user is the caller's, for classify_tick(). */
uint32_t classify_begin(struct classify *self, uint32_t user, uint64_t now_ns);

/* Gives one payload packet. True when the flow is decided (by nDPI, packets or deadline): the label
 * is filled and the state freed. */
bool classify_packet(struct classify *self, uint32_t state, enum direction dir,
		     const struct packet *packet, struct classify_label *label);

/* Gives up: the best guess so far, and the state is freed. */
void classify_end(struct classify *self, uint32_t state, struct classify_label *label);

/* Decides states past their deadline. fn is told the value given to classify_begin(). */
void classify_tick(struct classify *self, uint64_t now_ns,
		   void (*fn)(void *ctx, uint32_t user, const struct classify_label *label),
		   void *ctx);

/* A label as a small number for the flow table: equal labels share one. 0 for no label; past the
 * cap of distinct labels the risks are left out first. */
uint32_t classify_intern(struct classify *self, const struct classify_label *label);
struct classify_label classify_label_at(const struct classify *self, uint32_t number);

/* Names for events; any thread, after classify_new(). Lower case for the protocol ("tls.amazon").
 */
void classify_app_name(const struct classify_label *label, char *out, size_t size);
const char *classify_category_name(uint16_t category);
/* Name of risk bit n, or NULL. */
const char *classify_risk_name(unsigned bit);

/* The library's version text, for --version and :status. */
const char *classify_version(void);

#endif
