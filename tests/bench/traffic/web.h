/* web.h: one short everyday flow: a look-up, a TLS connection, or an HTTP request. */
#ifndef BENCH_TRAFFIC_WEB_H
#define BENCH_TRAFFIC_WEB_H

#include "visit.h"

enum web_kind { WEB_DNS, WEB_TLS, WEB_HTTP };

struct web {
	struct visit visit;
	enum web_kind kind;
};

/* Seven of ten are look-ups, two TLS, one HTTP. */
void web_begin(struct writer *writer, struct web *self, uint64_t number);

/* As miner_step(). */
uint64_t web_step(struct writer *writer, struct web *self);

#endif
