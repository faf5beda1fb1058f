/* reader.c: frames in, batches out. Owns the decapsulation context and the batches in flight. */
#include "sensor/reader.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "sensor/decap.h"
#include "sensor/log.h"
#include "sensor/thread_cpu.h"

#define NS_PER_S         1000000000u
#define QUEUE_BYTES      4096       /* of batch pointers: more than LIMIT_BATCHES need */
#define WAKE_BYTES       128        /* of them: a quarter of LIMIT_BATCHES */
#define LIVE_TICK_NS     100000000u /* live, the correlator is this far behind a quiet worker */
#define WORKER_WAIT_MS   100
#define PROGRESS_WAIT_MS 500
#define LONG_WAIT        100 /* pauses of 0.1 ms and more: the worker is not just busy */

/* The way from the reader to one worker and the empty batches' way back. */
struct lane {
	struct worker *worker;
	struct packet_batch *filling; /* the reader's current one; NULL: none to be had */
	struct packet_batch *batches[LIMIT_BATCHES];
	size_t batch_count;
	struct ring_bell *bell; /* wakes the worker; NULL when it runs inline */
	struct ring *full;
	struct ring *empty;
	pthread_t thread;
	char name[THREAD_CPU_NAME];
	uint64_t end_ns; /* packet time of the end of input, set before full is closed */
	bool is_running;
};

struct reader {
	struct reader_options options;
	struct decap *decap;
	struct lane *lanes;
	uint64_t step_ns;    /* between ticks */
	uint64_t tick_ns;    /* of the last tick */
	uint64_t upto_ns;    /* the lanes have what came before this time */
	uint64_t counted_ns; /* tick at which the kernel was last asked for its counters */
	uint64_t progress_ms;
	bool progress_shown;
	bool is_stalled;
};

/* --- lanes ---------------------------------------------------------------------------------- */

static void *lane_run(void *arg)
{
	struct lane *lane = arg;
	size_t size;

	thread_cpu_begin(lane->name);
	for (;;) {
		struct packet_batch *const *batch = ring_peek(lane->full, &size);

		if (batch != NULL) {
			struct packet_batch *one = *batch;

			ring_pop(lane->full);
			worker_batch(lane->worker, one);
			packet_batch_clear(one);
			(void)ring_push(lane->empty, &one, sizeof(struct packet_batch *));
			continue;
		}
		if (ring_is_closed(lane->full))
			break;
		ring_bell_prepare(lane->bell);
		if (ring_waiting(lane->full) > 0 || ring_is_closed(lane->full))
			ring_bell_cancel(lane->bell);
		else
			ring_bell_wait(lane->bell, WORKER_WAIT_MS);
	}
	worker_finish(lane->worker, lane->end_ns);
	return NULL;
}

static struct packet_batch *lane_take_empty(struct lane *lane)
{
	size_t size;
	struct packet_batch *const *slot = ring_peek(lane->empty, &size);
	struct packet_batch *batch;

	if (slot == NULL)
		return NULL;
	batch = *slot;
	ring_pop(lane->empty);
	return batch;
}

static void lane_send(struct lane *lane)
{
	struct packet_batch *batch = lane->filling;

	if (batch == NULL || (batch->count == 0 && batch->tick_ns == 0 && batch->upto_ns == 0))
		return;
	if (lane->bell == NULL) {
		worker_batch(lane->worker, batch);
		packet_batch_clear(batch);
		return;
	}
	bool is_urgent = batch->tick_ns != 0 || batch->upto_ns != 0; /* others may wait for it */

	lane->filling = NULL;
	(void)ring_push(lane->full, &batch, sizeof(struct packet_batch *));
	if (is_urgent)
		ring_wake(lane->full);
}

/* A worker may wait for the correlator, and that for the word of another worker, which has nothing
 * to do, that no earlier fact will come. */
static void bring_others_up(struct reader *self, const struct lane *waiting)
{
	for (size_t i = 0; i < self->options.worker_count; i++) {
		struct lane *lane = &self->lanes[i];

		if (lane == waiting)
			continue;
		if (lane->filling == NULL)
			lane->filling = lane_take_empty(lane);
		if (lane->filling == NULL)
			continue; /* it has enough to do */
		lane->filling->upto_ns = self->upto_ns;
		lane_send(lane);
	}
}

/* An empty batch to fill. With -r this waits for the worker; live it may be NULL. */
static struct packet_batch *lane_batch(struct reader *self, struct lane *lane)
{
	uint64_t deadline = 0;
	unsigned waits = 0;

	while (lane->filling == NULL) {
		lane->filling = lane_take_empty(lane);
		if (lane->filling != NULL || !self->options.is_lossless)
			break;
		if (deadline == 0)
			deadline = ring_now_ms() + self->options.stall_timeout_s * 1000ull;
		if (++waits == LONG_WAIT)
			bring_others_up(self, lane);
		if (ring_now_ms() > deadline || atomic_load(self->options.lost)) {
			self->is_stalled = true;
			break;
		}
		struct timespec pause = { .tv_nsec = 100000 };

		(void)nanosleep(&pause, NULL);
	}
	return lane->filling;
}

static int lane_new(struct lane *lane, struct worker *worker, bool inlined, size_t arena_bytes)
{
	size_t count = inlined ? 1 : LIMIT_BATCHES;

	lane->worker = worker;
	for (; lane->batch_count < count; lane->batch_count++) {
		lane->batches[lane->batch_count] = packet_batch_new(arena_bytes);
		if (lane->batches[lane->batch_count] == NULL)
			return -ENOMEM;
	}
	if (inlined) {
		lane->filling = lane->batches[0];
		return 0;
	}
	lane->bell = ring_bell_new();
	if (lane->bell == NULL)
		return -ENOMEM;
	lane->full = ring_new(QUEUE_BYTES, lane->bell);
	lane->empty = ring_new(QUEUE_BYTES, NULL);
	if (lane->full == NULL || lane->empty == NULL)
		return -ENOMEM;
	/* A worker is faster than the reader: woken for each batch it would do little else. */
	ring_wake_from(lane->full, WAKE_BYTES);
	for (size_t i = 0; i < count; i++)
		(void)ring_push(lane->empty, &lane->batches[i], sizeof(struct packet_batch *));
	return 0;
}

/* --- frames --------------------------------------------------------------------------------- */

static void tick_all(struct reader *self, uint64_t now_ns)
{
	if (now_ns < self->tick_ns + self->step_ns)
		return;
	self->tick_ns = now_ns / self->step_ns * self->step_ns;
	self->upto_ns = self->tick_ns;
	for (size_t i = 0; i < self->options.worker_count; i++) {
		struct lane *lane = &self->lanes[i];

		if (lane_batch(self, lane) == NULL)
			continue; /* live and busy: the next tick will do */
		lane->filling->tick_ns = self->tick_ns;
		lane_send(lane);
	}
}

static void add_packet(struct reader *self, struct lane *lane, const struct packet *packet)
{
	if (lane_batch(self, lane) != NULL) {
		if (packet_batch_add(lane->filling, packet))
			return;
		lane_send(lane);
		if (lane_batch(self, lane) != NULL && packet_batch_add(lane->filling, packet))
			return;
	}
	stats_add(self->options.stats->batches_dropped, 1);
}

static bool open_frame(struct reader *self, const struct frame *frame, struct packet *packet)
{
	if (decap_frame(self->decap, frame, packet) != DECAP_PACKET)
		return false;
	if (self->options.names != NULL)
		name_watch_packet(self->options.names, packet);
	return true;
}

/* One worker: nobody has to be chosen, so the packet is made where it will lie. */
static void take_alone(struct reader *self, const struct frame *frame)
{
	struct lane *lane = &self->lanes[0];
	struct packet *packet = packet_batch_next(lane->filling);

	if (packet == NULL) {
		lane_send(lane);
		packet = packet_batch_next(lane->filling);
	}
	if (!open_frame(self, frame, packet) || packet_batch_take(lane->filling))
		return;

	struct packet copy = *packet;

	lane_send(lane);
	add_packet(self, lane, &copy);
}

/* Half of the hash, in proportion: a division would cost as much as the rest of the choice. */
static struct lane *lane_of(struct reader *self, const struct flow_key *key)
{
	uint64_t half = flow_key_route(key) >> 32;

	return &self->lanes[half * self->options.worker_count >> 32];
}

static void take_routed(struct reader *self, const struct frame *frame)
{
	struct packet packet;

	if (open_frame(self, frame, &packet))
		add_packet(self, lane_of(self, &packet.key), &packet);
}

static void on_frame(void *ctx, const struct frame *frame)
{
	struct reader *self = ctx;

	tick_all(self, frame->time_ns);
	self->upto_ns = frame->time_ns;
	if (self->options.worker_count == 1)
		take_alone(self, frame);
	else
		take_routed(self, frame);
}

static void kernel_counters(struct reader *self)
{
	struct capture_counters counters;

	source_counters(self->options.source, &counters);
	stats_set(self->options.stats->kernel_received, counters.received);
	stats_set(self->options.stats->kernel_dropped, counters.dropped);
	stats_set(self->options.stats->interface_dropped, counters.interface_dropped);
	for (size_t i = 0; i < self->options.worker_count; i++)
		worker_lost(self->options.workers[i],
			    counters.dropped + self->options.stats->batches_dropped);
}

/* --- progress ------------------------------------------------------------------------------- */

static void progress_show(struct reader *self)
{
	uint64_t now = ring_now_ms();
	uint64_t done, total;

	if (!self->options.progress || now - self->progress_ms < PROGRESS_WAIT_MS)
		return;
	if (self->progress_ms != 0 && source_progress(self->options.source, &done, &total) &&
	    total > 0) {
		(void)fprintf(stderr, "\r%3.0f %%  %llu packets",
			      100.0 * (double)done / (double)total,
			      (unsigned long long)self->options.stats->packets);
		self->progress_shown = true;
	}
	self->progress_ms = now;
}

static void progress_clear(const struct reader *self)
{
	if (self->progress_shown)
		(void)fprintf(stderr, "\r%40s\r", "");
}

/* --- life ----------------------------------------------------------------------------------- */

struct reader *reader_new(const struct reader_options *options)
{
	struct reader *self = calloc(1, sizeof(*self));
	size_t arena = options->snaplen > LIMIT_BATCH_BYTES ? options->snaplen : LIMIT_BATCH_BYTES;

	if (self == NULL)
		return NULL;
	self->options = *options;
	self->step_ns = source_is_live(options->source) ? LIVE_TICK_NS : NS_PER_S;
	self->decap = decap_new(options->stats);
	self->lanes = calloc(options->worker_count, sizeof(*self->lanes));
	if (self->decap == NULL || self->lanes == NULL)
		goto fail;
	for (size_t i = 0; i < options->worker_count; i++)
		if (lane_new(&self->lanes[i], options->workers[i], options->worker_count == 1,
			     arena) != 0)
			goto fail;
	return self;
fail:
	reader_free(self);
	return NULL;
}

int reader_start(struct reader *self)
{
	for (size_t i = 0; i < self->options.worker_count; i++) {
		struct lane *lane = &self->lanes[i];

		if (lane->bell == NULL)
			continue;
		(void)snprintf(lane->name, sizeof(lane->name), "worker%u", (uint16_t)i);
		if (pthread_create(&lane->thread, NULL, lane_run, lane) != 0)
			return -EAGAIN;
		lane->is_running = true;
		(void)pthread_setname_np(lane->thread, lane->name);
	}
	return 0;
}

static void lanes_finish(struct reader *self)
{
	uint64_t end_ns = source_now(self->options.source);

	/* All are told before one is waited for: the correlator merges them by time, so none can
	 * end for long while another does not go on. */
	for (size_t i = 0; i < self->options.worker_count; i++) {
		struct lane *lane = &self->lanes[i];

		lane_send(lane);
		lane->end_ns = end_ns;
		if (lane->bell != NULL)
			ring_close(lane->full);
	}
	for (size_t i = 0; i < self->options.worker_count; i++) {
		struct lane *lane = &self->lanes[i];

		if (lane->is_running)
			(void)pthread_join(lane->thread, NULL);
		else
			worker_finish(lane->worker, end_ns);
		lane->is_running = false;
	}
}

static void lanes_flush(struct reader *self)
{
	for (size_t i = 0; i < self->options.worker_count; i++)
		lane_send(&self->lanes[i]);
}

int reader_run(struct reader *self)
{
	int result = 0;
	bool is_live = source_is_live(self->options.source);

	while (result >= 0 && !self->is_stalled && !atomic_load(self->options.stop) &&
	       !atomic_load(self->options.lost)) {
		result = source_dispatch(self->options.source, on_frame, self);
		if (is_live) {
			lanes_flush(self);
			if (result >= 0)
				tick_all(self, source_now(self->options.source));
			if (self->tick_ns - self->counted_ns >= NS_PER_S) {
				kernel_counters(self);
				self->counted_ns = self->tick_ns;
			}
		}
		progress_show(self);
	}
	progress_clear(self);
	if (is_live)
		kernel_counters(self);
	lanes_finish(self);
	if (self->is_stalled)
		return -ETIMEDOUT;
	return result == -ENODATA || result == -EINTR || result >= 0 ? 0 : result;
}

void reader_free(struct reader *self)
{
	if (self == NULL)
		return;
	for (size_t i = 0; self->lanes != NULL && i < self->options.worker_count; i++) {
		struct lane *lane = &self->lanes[i];

		for (size_t b = 0; b < lane->batch_count; b++)
			packet_batch_free(lane->batches[b]);
		ring_free(lane->full);
		ring_free(lane->empty);
		ring_bell_free(lane->bell);
	}
	free(self->lanes);
	decap_free(self->decap);
	free(self);
}
