/* ring.c: a byte ring between one producer and one consumer, and the bell that wakes the consumer.
 *
 * Positions count bytes for ever and are reduced by the mask. Each entry is one header word and its
 * bytes, padded to 8; an entry that does not fit before the end of the memory goes to its beginning
 * and a wrap word fills the rest:
 *
 *	| size | entry ... pad | size | entry ... pad | WRAP   unused |
 *	^ tail (consumer)                            ^ head (producer)
 *
 * Each side keeps a copy of the other's position and looks again only when the copy says full or
 * empty. Sleeping follows Dekker: the producer publishes head and then reads `sleeping`, the
 * consumer sets `sleeping` and then reads head; all four are sequentially consistent, so that one
 * of them sees the other. A push to a ring whose consumer is awake makes no system call; one that
 * is not to wake it, because too little waits, needs no such order. */
#include "sensor/ring.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define RING_LINE        64
#define RING_HUGE        (2u << 20)
#define RING_MIN_BYTES   64u
#define RING_HEADER      8u
#define RING_WRAP        UINT64_MAX
#define RING_WAIT_MIN_NS 50000L
#define RING_WAIT_MAX_NS 1000000L

struct ring_bell {
	_Alignas(RING_LINE) atomic_bool sleeping;
	int fd;
};

/* What one side writes, on a cache line of its own. */
struct ring_end {
	_Alignas(RING_LINE) _Atomic uint64_t position;
	uint64_t other_seen; /* the other side's position when last looked at */
};

struct ring {
	/* constant after ring_new(), but for is_closed */
	uint64_t *words;
	uint64_t size; /* bytes, a power of two */
	struct ring_bell *bell;
	uint64_t wake_from; /* bytes waiting from which on a push wakes the consumer */
	atomic_bool is_closed;
	struct ring_end head; /* the producer's */
	struct ring_end tail; /* the consumer's */
};

struct ring_bell *ring_bell_new(void)
{
	struct ring_bell *bell = aligned_alloc(RING_LINE, sizeof(*bell));

	if (bell == NULL)
		return NULL;
	memset(bell, 0, sizeof(*bell));
	atomic_init(&bell->sleeping, false);
	bell->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (bell->fd < 0) {
		free(bell);
		return NULL;
	}
	return bell;
}

void ring_bell_free(struct ring_bell *bell)
{
	if (bell == NULL)
		return;
	close(bell->fd);
	free(bell);
}

static void bell_write(struct ring_bell *bell)
{
	uint64_t one = 1;
	int saved = errno;

	/* EAGAIN means that the counter is full: readable all the same. */
	while (write(bell->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	errno = saved;
}

void ring_bell_ring(struct ring_bell *bell)
{
	/* Read-modify-write: whatever the caller stored before, however weakly, is seen by a
	 * consumer whose prepare comes later in the order of this one variable. */
	if (atomic_exchange_explicit(&bell->sleeping, false, memory_order_seq_cst))
		bell_write(bell);
}

void ring_bell_prepare(struct ring_bell *bell)
{
	atomic_exchange_explicit(&bell->sleeping, true, memory_order_seq_cst);
}

void ring_bell_cancel(struct ring_bell *bell)
{
	uint64_t count;

	if (atomic_exchange_explicit(&bell->sleeping, false, memory_order_seq_cst))
		return;
	/* It was rung. The ringer may still be on its way to the write: then the next wait returns
	 * at once, for nothing. */
	while (read(bell->fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

void ring_bell_wait(struct ring_bell *bell, uint32_t timeout_ms)
{
	struct pollfd pollfd = { .fd = bell->fd, .events = POLLIN };
	int timeout = timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms;

	/* An interrupted wait is a short one: callers look at their rings anyway. */
	(void)poll(&pollfd, 1, timeout);
	ring_bell_cancel(bell);
}

int ring_bell_fd(const struct ring_bell *bell)
{
	return bell->fd;
}

/* A large ring is walked from end to end: in huge pages, where there are any. */
static uint64_t *allocate(size_t size)
{
	void *memory = aligned_alloc(size < RING_HUGE ? RING_LINE : RING_HUGE, size);

	if (memory != NULL && size >= RING_HUGE)
		(void)madvise(memory, size, MADV_HUGEPAGE);
	return memory;
}

struct ring *ring_new(size_t size, struct ring_bell *bell)
{
	uint64_t rounded = RING_MIN_BYTES;
	struct ring *ring;

	if (size > SIZE_MAX / 4)
		return NULL;
	while (rounded < size)
		rounded *= 2;
	ring = aligned_alloc(RING_LINE, sizeof(*ring));
	if (ring == NULL)
		return NULL;
	memset(ring, 0, sizeof(*ring));
	ring->words = allocate((size_t)rounded);
	if (ring->words == NULL) {
		free(ring);
		return NULL;
	}
	ring->size = rounded;
	ring->bell = bell;
	atomic_init(&ring->is_closed, false);
	atomic_init(&ring->head.position, 0);
	atomic_init(&ring->tail.position, 0);
	return ring;
}

void ring_free(struct ring *ring)
{
	if (ring == NULL)
		return;
	free(ring->words);
	free(ring);
}

static uint64_t *ring_word(const struct ring *ring, uint64_t position)
{
	return &ring->words[(position & (ring->size - 1)) / sizeof(uint64_t)];
}

static uint64_t ring_room(const struct ring *ring, uint64_t head)
{
	return ring->size - (head - ring->head.other_seen);
}

/* Bytes an entry takes with its header. */
static uint64_t ring_span(size_t size)
{
	return RING_HEADER + (((uint64_t)size + 7) & ~(uint64_t)7);
}

void ring_wake_from(struct ring *ring, size_t waiting)
{
	ring->wake_from = waiting;
}

/* The copy of the other's position is an old one: it can only make too much of what waits. */
static bool is_worth_waking(struct ring *ring, uint64_t head)
{
	if (ring->wake_from == 0)
		return true;
	if (head - ring->head.other_seen < ring->wake_from)
		return false;
	ring->head.other_seen = atomic_load_explicit(&ring->tail.position, memory_order_acquire);
	return head - ring->head.other_seen >= ring->wake_from;
}

bool ring_push(struct ring *ring, const void *entry, size_t size)
{
	uint64_t head = atomic_load_explicit(&ring->head.position, memory_order_relaxed);
	uint64_t span = ring_span(size);
	uint64_t to_end = ring->size - (head & (ring->size - 1));
	uint64_t skip = span > to_end ? to_end : 0;

	assert(size <= ring->size / 4);
	if (skip + span > ring_room(ring, head)) {
		ring->head.other_seen =
			atomic_load_explicit(&ring->tail.position, memory_order_acquire);
		if (skip + span > ring_room(ring, head))
			return false;
	}
	if (skip != 0) {
		*ring_word(ring, head) = RING_WRAP;
		head += skip;
	}
	*ring_word(ring, head) = size;
	if (size != 0)
		memcpy(ring_word(ring, head + RING_HEADER), entry, size);
	if (ring->bell == NULL || !is_worth_waking(ring, head + span)) {
		atomic_store_explicit(&ring->head.position, head + span, memory_order_release);
		return true;
	}
	atomic_store_explicit(&ring->head.position, head + span, memory_order_seq_cst);
	if (atomic_load_explicit(&ring->bell->sleeping, memory_order_seq_cst))
		ring_bell_ring(ring->bell);
	return true;
}

void ring_wake(struct ring *ring)
{
	if (ring->bell != NULL && ring_waiting(ring) > 0)
		ring_bell_ring(ring->bell);
}

bool ring_push_wait(struct ring *ring, const void *entry, size_t size, uint64_t deadline_ms)
{
	struct timespec pause = { .tv_sec = 0, .tv_nsec = RING_WAIT_MIN_NS };

	while (!ring_push(ring, entry, size)) {
		if (ring_now_ms() >= deadline_ms)
			return false;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < RING_WAIT_MAX_NS)
			pause.tv_nsec *= 2;
		if (pause.tv_nsec > RING_WAIT_MAX_NS)
			pause.tv_nsec = RING_WAIT_MAX_NS;
	}
	return true;
}

const void *ring_peek(struct ring *ring, size_t *size)
{
	uint64_t tail = atomic_load_explicit(&ring->tail.position, memory_order_relaxed);
	uint64_t word;

	if (tail == ring->tail.other_seen) {
		ring->tail.other_seen =
			atomic_load_explicit(&ring->head.position, memory_order_seq_cst);
		if (tail == ring->tail.other_seen)
			return NULL;
	}
	word = *ring_word(ring, tail);
	if (word == RING_WRAP) {
		/* The wrap word and the entry behind it were published together. */
		tail += ring->size - (tail & (ring->size - 1));
		atomic_store_explicit(&ring->tail.position, tail, memory_order_release);
		word = *ring_word(ring, tail);
	}
	*size = (size_t)word;
	return ring_word(ring, tail + RING_HEADER);
}

void ring_pop(struct ring *ring)
{
	uint64_t tail = atomic_load_explicit(&ring->tail.position, memory_order_relaxed);

	assert(tail != ring->tail.other_seen);
	atomic_store_explicit(&ring->tail.position,
			      tail + ring_span((size_t)*ring_word(ring, tail)),
			      memory_order_release);
}

void ring_close(struct ring *ring)
{
	atomic_store_explicit(&ring->is_closed, true, memory_order_seq_cst);
	if (ring->bell != NULL)
		ring_bell_ring(ring->bell);
}

bool ring_is_closed(const struct ring *ring)
{
	/* In this order: once it is closed, head is final. */
	if (!atomic_load_explicit(&ring->is_closed, memory_order_acquire))
		return false;
	return atomic_load_explicit(&ring->head.position, memory_order_acquire) ==
	       atomic_load_explicit(&ring->tail.position, memory_order_acquire);
}

size_t ring_waiting(const struct ring *ring)
{
	/* Acquired, for a third thread: what it reads next is the head that let the tail get here,
	 * or a later one. With an older one there would be less than nothing. */
	uint64_t tail = atomic_load_explicit(&ring->tail.position, memory_order_acquire);

	/* Sequentially consistent: consumers also use it for their last look before they sleep. */
	return (size_t)(atomic_load_explicit(&ring->head.position, memory_order_seq_cst) - tail);
}

uint64_t ring_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
