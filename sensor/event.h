/* event.h: a decision as the outside sees it.
 *
 * EVE JSON (Suricata's conventions, with the root objects `mining` and `cloud` of our own) and flat
 * fields for Redis streams. Rendered on the publisher's thread, at most once per form. */
#ifndef SENSOR_EVENT_H
#define SENSOR_EVENT_H

#include "sensor/cloud.h"
#include "sensor/decision.h"

#define EVENT_JSON_BYTES    16384
#define EVENT_ENDPOINT_TEXT 56

/* What rendering needs to know about the run; immutable. */
struct event_context {
	const char *sensor_id;
	const char *input_name; /* interface or capture file; "" for several */
	bool is_live;
	const struct cloud_row *cloud;
	size_t cloud_count;
	const char *tap;
	uint16_t community_seed;
};

enum event_kind { EVENT_FLOW, EVENT_SESSION, EVENT_ALERT, EVENT_KINDS };

/* One event on its way to the sinks: the decision and, once asked for, its renderings. */
struct event {
	enum event_kind kind;
	const struct decision *decision; /* cast by kind */
	uint64_t time_ns;
};

struct event_renderer;
struct event_renderer *event_renderer_new(const struct event_context *context);
void event_renderer_free(struct event_renderer *self);

/* Begins an event; texts of the one before are forgotten. */
void event_begin(struct event_renderer *self, const struct decision *decision, struct event *out);

/* The EVE line without line feed; sessions render as event_type flow with the mining object.
 * Valid until the next event_begin(). *len 0 only if the line did not fit (never by design). */
const char *event_eve(struct event_renderer *self, const struct event *event, size_t *len);

/* Texts that several sinks need; valid until the next event_begin(). */
struct event_texts {
	char scope[CLOUD_SCOPE_TEXT];
	char client[48]; /* address */
	char server[48];
	uint16_t client_port;
	uint16_t server_port;
	char endpoint[EVENT_ENDPOINT_TEXT]; /* the server as ip:port ([ip6]:port), [ip6] or ip */
	char pool[LIMIT_POOL_TEXT];         /* name if known (wire bytes), else endpoint */
	char community_id[COMMUNITY_ID_TEXT];
	char nat_client[48]; /* as the NAT wrote it; "": no outer side is known */
	uint16_t nat_port;
	char nat_community_id[COMMUNITY_ID_TEXT];
	char flow_id[24];
	char alert_id[24];    /* 16 hex digits, "" for none */
	char wallet_hash[24]; /* 16 hex digits of the wallet or account, "" for none */
};
const struct event_texts *event_texts(struct event_renderer *self, const struct event *event);

/* Printable form of hostile text for terminals and flat fields: control bytes, text direction marks
 * and invalid UTF-8 as \\xNN, the rest as it is. Cut at a whole character when out is too small. */
void event_printable(const char *in, char *out, size_t size);

/* The parts of a decision that every kind has. */
const struct decision_parties *event_parties(const struct event *event);
/* The session that an event carries, or NULL. */
const struct session_view *event_view(const struct event *event);
/* What the flow's client said in its TLS hello, or NULL. */
const struct hello_view *event_hello(const struct event *event);
/* Alert id and revision of any kind of event; 0 for none. */
uint64_t event_alert_id(const struct event *event, uint32_t *revision, uint32_t *sid);

/* Words of events. */
const char *event_end_text(enum flow_end end);   /* idle active closed reuse forced evicted */
const char *event_eve_reason(enum flow_end end); /* timeout forced shutdown tcp_reuse */
const char *event_role_text(enum session_role role);
const char *event_session_text(enum session_event event);    /* begin change report end */
const char *event_tcp_state_text(enum flow_tcp_state state); /* "" for none */
const char *event_wallet_text(uint8_t wallet_check);         /* "" for an account name */
/* Of the session's rates; "H/s" when it says nothing else. */
const char *event_unit_text(const struct session_view *view);

#endif
