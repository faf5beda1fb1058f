/* contacts.h: what names, answers and addresses say about a client, as contacts of its alerts.
 *
 *	name, answer, contact facts --> passive DNS, names of flows --> alert_contact()
 *
 * Also fills in what is known of a server's name, and says who is on an allow list. Correlator's
 * thread. */
#ifndef SENSOR_CONTACTS_H
#define SENSOR_CONTACTS_H

#include "sensor/alert.h"
#include "sensor/flow_names.h"
#include "sensor/lists.h"

struct contacts_options {
	struct alert_table *alerts;
	size_t max_labels;
	size_t max_flows; /* whose names are kept */
	/* A client reached a listed server, or asked for a hostile one: parties are lent. */
	void (*seen)(void *ctx, uint64_t time_ns, const struct decision_parties *parties,
		     uint32_t listed, enum level level);
	void *ctx;
};

struct contacts;

/* NULL: out of memory or of random bytes. */
struct contacts *contacts_new(const struct contacts_options *options, struct stats *stats);
void contacts_free(struct contacts *self);

/* From here on allow lists and wallets are looked up in these; NULL: nothing is listed. */
void contacts_use(struct contacts *self, const struct lists *lists);

/* Name, listed entry and allowance of a flow's server. now_ns: packet time. */
void contacts_name_server(struct contacts *self, uint64_t now_ns, struct decision_parties *parties);

/* Facts, after parties were set and named. */
void contacts_take_contact(struct contacts *self, const struct contact_fact *fact,
			   const struct decision_parties *parties);
void contacts_take_name(struct contacts *self, const struct name_fact *fact,
			struct decision_parties *parties);
/* parties may be NULL when nothing is listed. */
void contacts_take_answer(struct contacts *self, const struct answer_fact *fact,
			  struct decision_parties *parties);
void contacts_take_hello(struct contacts *self, const struct hello_fact *fact);

/* A session's view gains what is known of its server and wallet: words of evidence; its parties
 * become allowed when its wallet is. */
void contacts_witness(struct contacts *self, uint64_t now_ns, struct decision_parties *parties,
		      struct session_view *view);

/* Cheap: could the record's server be one that a listed name was resolved to? */
bool contacts_may_know(const struct contacts *self, const struct flow_record *record);

/* A flow's record came. A connection whose opening was not heard of in time raises its contact now.
 * Returns the flow's hello or NULL: valid until the next call. */
const struct hello_view *contacts_take_flow(struct contacts *self, const struct flow_record *record,
					    const struct decision_parties *parties);
/* That was its last one. */
void contacts_end_flow(struct contacts *self, uint64_t flow_id);

#endif
