/* inspect.h: a flow under inspection: its stream, the dialect it speaks and its session.
 *
 * Holds incomplete messages per direction, asks the dialects in turn, follows a change of dialect
 * in mid-flow, and gives up on flows that say nothing. Only flows under inspection have any of this
 * state; it comes from a pool owned by the worker, so its number is capped. */
#ifndef SENSOR_INSPECT_H
#define SENSOR_INSPECT_H

#include "protocols/preface.h"
#include "sensor/session.h"
#include "sensor/stream.h"

struct inspect_pool;
struct inspect;

/* flows: how many may be under inspection at once; message_bytes: for incomplete messages of all of
 * them together; held_bytes: for out-of-order segments. */
struct inspect_pool *inspect_pool_new(size_t flows, size_t message_bytes, size_t held_bytes,
				      struct stats *stats);
void inspect_pool_free(struct inspect_pool *pool);

/* before: what each direction said until now. NULL when the pool is exhausted (counted): the worker
 * frees what inspect_is_idle() says. */
struct inspect *inspect_new(struct inspect_pool *pool, const struct preface before[2]);
void inspect_free(struct inspect *self);

/* Both directions are seen, and were from the connection's first packet on. */
void inspect_see(struct inspect *self);

/* Who opened the connection was seen, if not what it said first: the client, as the flow's roles
 * are now. */
void inspect_know_caller(struct inspect *self);

/* The next sequence number of a direction, when known. */
void inspect_expect(struct inspect *self, enum direction dir, uint32_t seq);

/* The same, and what came before it is in `before` of inspect_new(). */
void inspect_resume(struct inspect *self, enum direction dir, uint32_t seq);

/* One TCP packet of the flow. */
void inspect_packet(struct inspect *self, enum direction dir, const struct packet *packet);

/* Packet time moves on. */
void inspect_tick(struct inspect *self, uint64_t now_ns);

/* True while inspect_tick() or the time of the session's findings has something to do. */
bool inspect_is_waiting(const struct inspect *self);

/* End of flow: held bytes and incomplete messages are decoded as cut ones. */
void inspect_flush(struct inspect *self, uint64_t now_ns);

/* The flow's roles were swapped by flow_swap_roles(). */
void inspect_swap_roles(struct inspect *self);

/* The session; its view.level is LEVEL_NONE while nothing was found. Valid until inspect_free(). */
struct session *inspect_session(struct inspect *self);

/* True when nothing was found within LIMIT_HINT_BYTES of payload, or what looked like a message
 * was none: the worker may free it. Never true once the session is open. */
bool inspect_is_idle(const struct inspect *self);

/* What the client said in clear inside a tunnel, before it went on encrypted; NULL: nothing. */
struct tls_hello;
const struct tls_hello *inspect_hello(const struct inspect *self);

/* True when that direction is inside a carrier (HTTP, TLS...). */
bool inspect_is_wrapped(const struct inspect *self, enum direction dir);

/* True when the flow speaks another protocol that only quotes messages: not worth another look. */
bool inspect_is_foreign(const struct inspect *self);

#endif
