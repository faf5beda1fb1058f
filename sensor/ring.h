/* ring.h: a bounded queue of variable-sized binary entries between two threads.
 *
 * One producer, one consumer, no locks; the consumer sleeps on a futex-like event only when every
 * ring it reads is empty. A full ring refuses: the producer decides whether to wait, to offer again
 * later or to count a loss. Entries are copied in and read in place. */
#ifndef SENSOR_RING_H
#define SENSOR_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Wakes one consumer that reads any number of rings. */
struct ring_bell;
struct ring_bell *ring_bell_new(void);
void ring_bell_free(struct ring_bell *bell);
/* Any thread. Cheap when the consumer is awake. */
void ring_bell_ring(struct ring_bell *bell);
/* The consumer announces that it will sleep, looks at its rings once more and then waits. */
void ring_bell_prepare(struct ring_bell *bell);
void ring_bell_wait(struct ring_bell *bell, uint32_t timeout_ms);
void ring_bell_cancel(struct ring_bell *bell);
/* Readable when the bell was rung, for consumers that also poll sockets; -1 is never returned. */
int ring_bell_fd(const struct ring_bell *bell);

struct ring;

/* size is rounded up to a power of two. bell may be shared by several rings. */
struct ring *ring_new(size_t size, struct ring_bell *bell);
void ring_free(struct ring *ring);

/* From how many waiting bytes on a push wakes the consumer; 0, as it begins: always. A producer
 * that asks for more rings the bell itself from time to time, or calls ring_wake(). Before any
 * push. */
void ring_wake_from(struct ring *ring, size_t waiting);

/* Producer: copies an entry of size bytes (<= a quarter of the ring). False: full. */
bool ring_push(struct ring *ring, const void *entry, size_t size);

/* Producer: the same, waiting for room until deadline_ms (monotonic, ring_now_ms()); false: none.
 */
bool ring_push_wait(struct ring *ring, const void *entry, size_t size, uint64_t deadline_ms);

/* Producer: wakes the consumer if anything waits. */
void ring_wake(struct ring *ring);

/* Consumer: the oldest entry, in place and 8-byte aligned, valid until ring_pop(); NULL: empty. */
const void *ring_peek(struct ring *ring, size_t *size);
void ring_pop(struct ring *ring);

/* The producer will push no more; the consumer sees it once the ring is empty. */
void ring_close(struct ring *ring);
bool ring_is_closed(const struct ring *ring);

/* Bytes waiting, any thread, approximate. */
size_t ring_waiting(const struct ring *ring);

uint64_t ring_now_ms(void);

#endif
