/* The whole way of a packet, in one process, on damaged captures: small ones cut at every length,
 * and with random bytes flipped. Nothing may crash, loop or leak (the sanitizer builds run this,
 * too), and what stands before a cut must still be there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sensor/decap.h"
#include "sensor/source.h"
#include "sensor/worker.h"

#define CAPTURE_MAX 16384
#ifdef __SANITIZE_THREAD__ /* there is one thread: a sample will do */
#define CUT_STEP 48
#define FLIPS    50
#elif defined(__SANITIZE_ADDRESS__) /* ten times as slow: every part of the captures is cut */
#define CUT_STEP 17
#define FLIPS    100
#else
#define CUT_STEP 1
#define FLIPS    1500
#endif
#define FLIP_SEED 20260305u

static const char *const captures[] = {
	"pcaps/cryptonote/unanswered.pcap",
	"pcaps/streams/plain.pcap",
	"pcaps/tunnels/vxlan-in-geneve.pcap",
	"pcaps/tunnels/ipv6-fragments.pcap",
};
#define CAPTURES (sizeof(captures) / sizeof(captures[0]))

/* What one run saw. */
struct outcome {
	uint64_t packets;
	uint64_t flows;
	uint64_t records;
	uint64_t findings;
	bool is_damaged;
};

struct rig {
	struct config config;
	struct fact_feed feed;
	struct decap *decap;
	struct worker *worker;
	struct packet_batch *batch;
	_Atomic bool lost;
	struct stats stats;
};

static char sensor_id[] = "damage";
static uint8_t original[CAPTURE_MAX];
static size_t original_len;
static char image_path[64]; /* of a file in memory */
static int image_fd;

static void rig_open(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->config = (struct config){ .workers = 1,
				       .classify = CLASSIFY_OFF,
				       .flows = 64,
				       .idle_s = 120,
				       .idle_tcp_s = 3600,
				       .closed_s = 10,
				       .inspected_flows = 16,
				       .message_memory = 1 << 20,
				       .held_memory = 1 << 20,
				       .stall_timeout_s = 5,
				       .deterministic = true,
				       .sensor_id = sensor_id };
	rig->feed.bell = ring_bell_new();
	rig->feed.urgent = ring_new(1 << 18, rig->feed.bell);
	rig->feed.bulk = ring_new(1 << 16, rig->feed.bell);
	rig->decap = decap_new(&rig->stats);
	rig->batch = packet_batch_new(LIMIT_BATCH_BYTES);
	struct worker_options options = {
		.config = &rig->config, .feed = &rig->feed, .is_lossless = true, .lost = &rig->lost
	};

	rig->worker = worker_new(&options);
	assert_non_null(rig->feed.bell);
	assert_non_null(rig->feed.urgent);
	assert_non_null(rig->feed.bulk);
	assert_non_null(rig->decap);
	assert_non_null(rig->batch);
	assert_non_null(rig->worker);
}

static void rig_close(struct rig *rig)
{
	worker_free(rig->worker);
	packet_batch_free(rig->batch);
	decap_free(rig->decap);
	ring_free(rig->feed.urgent);
	ring_free(rig->feed.bulk);
	ring_bell_free(rig->feed.bell);
}

/* Empties the rings as a correlator would. */
static void drain(struct rig *rig)
{
	struct ring *rings[2] = { rig->feed.urgent, rig->feed.bulk };
	size_t size;

	for (size_t i = 0; i < 2; i++)
		while (ring_peek(rings[i], &size) != NULL) {
			const struct fact *fact = ring_peek(rings[i], &size);

			assert_int_equal(fact->size, size);
			ring_pop(rings[i]);
		}
}

static void on_frame(void *ctx, const struct frame *frame)
{
	struct rig *rig = ctx;
	struct packet packet;

	if (decap_frame(rig->decap, frame, &packet) != DECAP_PACKET)
		return;
	assert_true(packet_batch_add(rig->batch, &packet));
	rig->batch->tick_ns = frame->time_ns;
	worker_batch(rig->worker, rig->batch);
	packet_batch_clear(rig->batch);
	drain(rig);
}

static struct outcome run(const uint8_t *bytes, size_t len)
{
	const char *paths[] = { image_path };
	struct source_files files = { .paths = paths, .count = 1 };
	struct source *source = NULL;
	struct outcome outcome = { 0 };
	char error[CAPTURE_ERROR_TEXT];
	struct rig rig;

	assert_int_equal(ftruncate(image_fd, 0), 0);
	assert_int_equal(pwrite(image_fd, bytes, len, 0), len);
	rig_open(&rig);
	if (source_open_files(&source, &files, &rig.stats, error) != 0) {
		assert_non_null(strstr(error, image_path)); /* names the file */
		outcome.is_damaged = true;
	} else {
		while (source_dispatch(source, on_frame, &rig) >= 0)
			;
		outcome.is_damaged = source_damage(source, 0) != NULL;
	}
	worker_finish(rig.worker, source != NULL ? source_now(source) : 0);
	drain(&rig);
	outcome.packets = rig.stats.packets;
	outcome.flows = worker_stats(rig.worker)->flows;
	outcome.records = worker_stats(rig.worker)->flow_records;
	outcome.findings = worker_stats(rig.worker)->findings;
	assert_int_equal(worker_stats(rig.worker)->flows_active, 0);
	assert_true(outcome.records >= outcome.flows); /* each flow has its record */
	source_close(source);
	rig_close(&rig);
	return outcome;
}

static void load(const char *path)
{
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	original_len = fread(original, 1, sizeof(original), file);
	assert_true(original_len > 24 && original_len < sizeof(original));
	assert_int_equal(fclose(file), 0);
}

static void cut_at_every_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < CAPTURES; i++) {
		struct outcome before = { 0 };
		struct outcome whole;

		load(captures[i]);
		whole = run(original, original_len);
		assert_false(whole.is_damaged);
		assert_true(whole.findings > 0);
		for (size_t len = 0; len < original_len; len += CUT_STEP) {
			struct outcome cut = run(original, len);

			/* Never less than a shorter file gave, and a packet more only at its end.
			 */
			assert_in_range(cut.packets, before.packets, before.packets + 1);
			assert_true(cut.flows >= before.flows);
			assert_true(cut.is_damaged || len == 24 || cut.packets > before.packets);
			before = cut;
		}
		assert_int_equal(before.packets, whole.packets - 1);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void random_bytes_flipped(void **state)
{
	static uint8_t copy[CAPTURE_MAX];
	uint32_t seed = FLIP_SEED;

	(void)state;
	for (size_t i = 0; i < CAPTURES; i++) {
		load(captures[i]);
		for (int round = 0; round < FLIPS; round++) {
			memcpy(copy, original, original_len);
			for (uint32_t n = 1 + next_random(&seed) % 8; n > 0; n--)
				copy[next_random(&seed) % original_len] ^=
					(uint8_t)(1 + next_random(&seed) % 255);
			(void)run(copy, original_len);
		}
	}
}

static int setup(void **state)
{
	(void)state;
	image_fd = memfd_create("capture", MFD_CLOEXEC);
	(void)snprintf(image_path, sizeof(image_path), "/proc/self/fd/%d", image_fd);
	return image_fd < 0;
}

static int teardown(void **state)
{
	(void)state;
	return close(image_fd);
}

int main(void)
{
	/* Tables come and go with each run: out of fresh pages, which need no clearing. */
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_at_every_length),
		cmocka_unit_test(random_bytes_flipped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
