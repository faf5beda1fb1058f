/* test_publisher.c: rings to sinks: order, waiting, loss, stall, shutdown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "sensor/log.h"
#include "sensor/publisher.h"
#include "tests/unit/decisions.h"

/* A sink that does what the test says and remembers what it got. */
struct fake {
	int open_error;
	unsigned refuse;    /* writes to answer with -EAGAIN */
	bool refuses_flows; /* every flow is answered with -EAGAIN */
	int write_error;    /* of every write; 0: take */
	int poll_error;     /* of the next polls */
	uint64_t close_lost;
	uint64_t flow_ids[64];
	enum event_kind kinds[64];
	size_t taken;
	unsigned opened, closed, hastened, polls;
	unsigned burst, longest; /* writes since the last poll, and the most of them */
	uint64_t deadline_ms;
};

static struct fake fakes[2];

static int fake_open(struct fake *fake, void **self, char error[SINK_ERROR_TEXT])
{
	*self = fake;
	if (fake->open_error != 0) {
		snprintf(error, SINK_ERROR_TEXT, "cannot open");
		return fake->open_error;
	}
	fake->opened++;
	return 0;
}

static int open_first(void **self, const struct sink_options *options, char error[SINK_ERROR_TEXT])
{
	assert_non_null(options->stats);
	return fake_open(&fakes[0], self, error);
}

static int open_second(void **self, const struct sink_options *options, char error[SINK_ERROR_TEXT])
{
	assert_non_null(options->context);
	return fake_open(&fakes[1], self, error);
}

static int fake_write(void *self, struct event_renderer *renderer, const struct event *event)
{
	struct fake *fake = self;
	const struct event_texts *texts;

	if (fake->write_error != 0)
		return fake->write_error;
	if (fake->refuses_flows && event->kind == EVENT_FLOW)
		return -EAGAIN;
	if (fake->refuse > 0) {
		fake->refuse--;
		return -EAGAIN;
	}
	texts = event_texts(renderer, event);
	assert_true(fake->taken < 64);
	fake->flow_ids[fake->taken] = strtoull(texts->flow_id, NULL, 10);
	fake->kinds[fake->taken++] = event->kind;
	if (++fake->burst > fake->longest)
		fake->longest = fake->burst;
	return 0;
}

static int fake_poll(void *self, uint64_t now_ms, struct pollfd *want)
{
	struct fake *fake = self;

	(void)now_ms;
	want->fd = -1;
	want->events = 0;
	fake->polls++;
	fake->burst = 0;
	return fake->poll_error;
}

static uint64_t fake_close(void *self, uint64_t deadline_ms)
{
	struct fake *fake = self;

	fake->closed++;
	fake->deadline_ms = deadline_ms;
	return fake->close_lost;
}

static void fake_hasten(void *self)
{
	((struct fake *)self)->hastened++;
}

static const struct sink_ops first = { "first",   open_first, fake_write,
				       fake_poll, fake_close, fake_hasten };
static const struct sink_ops second = { "second",  open_second, fake_write,
					fake_poll, fake_close,  fake_hasten };

struct bench {
	struct event_context context;
	struct stats stats;
	struct publisher_options options;
	struct publisher *publisher;
};

static struct bench bench;

static int setup(void **state)
{
	(void)state;
	memset(fakes, 0, sizeof(fakes));
	memset(&bench, 0, sizeof(bench));
	bench.context = test_context();
	bench.options.bell = ring_bell_new();
	bench.options.urgent = ring_new(1 << 18, bench.options.bell);
	bench.options.bulk = ring_new(1 << 16, bench.options.bell);
	bench.options.sinks[0] = &first;
	bench.options.sinks[1] = &second;
	bench.options.sink_count = 2;
	bench.options.sink.context = &bench.context;
	bench.options.sink.stats = &bench.stats;
	bench.options.stall_timeout_s = 1;
	bench.options.shutdown_timeout_s = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	publisher_free(bench.publisher);
	ring_free(bench.options.urgent);
	ring_free(bench.options.bulk);
	ring_bell_free(bench.options.bell);
	return 0;
}

static void open_publisher(void)
{
	char error[SINK_ERROR_TEXT];

	assert_int_equal(publisher_new(&bench.publisher, &bench.options, error), 0);
	assert_string_equal(error, "");
}

static void push_alert(uint8_t last)
{
	struct decision_alert alert = test_alert(last, SID_SESSION, 1);

	assert_true(ring_push(bench.options.urgent, &alert, sizeof(alert)));
}

static void push_flow(uint8_t last)
{
	struct decision_flow flow = test_flow(last, false);

	assert_true(ring_push(bench.options.bulk, &flow, decision_flow_size(false, false)));
}

static void close_rings(void)
{
	ring_close(bench.options.urgent);
	ring_close(bench.options.bulk);
}

static uint64_t lost(char *text, size_t size)
{
	return publisher_lost(bench.publisher, text, size);
}

static void every_sink_gets_every_event(void **state)
{
	char text[128];

	(void)state;
	open_publisher();
	push_flow(1);
	push_flow(2);
	push_alert(3);
	close_rings();
	assert_null(publisher_run(bench.publisher));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fakes[i].taken, 3);
		/* Urgent first. */
		assert_int_equal(fakes[i].kinds[0], EVENT_ALERT);
		assert_int_equal(fakes[i].flow_ids[0], test_parties(3, 1).flow_id);
		assert_int_equal(fakes[i].flow_ids[1], test_parties(1, 1).flow_id);
		assert_int_equal(fakes[i].flow_ids[2], test_parties(2, 1).flow_id);
		assert_int_equal(fakes[i].closed, 1);
	}
	assert_int_equal(bench.stats.events, 3);
	assert_int_equal(bench.stats.events_published, 3);
	assert_int_equal(lost(text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_false(publisher_has_failed(bench.publisher));
}

/* At its poll a sink syncs its journal: alerts do not wait for many others. */
static void few_alerts_between_two_polls(void **state)
{
	(void)state;
	open_publisher();
	for (uint8_t i = 0; i < 60; i++)
		push_alert(i);
	close_rings();
	assert_null(publisher_run(bench.publisher));
	assert_int_equal(fakes[0].taken, 60);
	assert_in_range(fakes[0].longest, 2, 32);
}

static void one_sink_that_waits_is_offered_again_alone(void **state)
{
	(void)state;
	bench.options.is_lossless = true;
	fakes[1].refuse = 5;
	open_publisher();
	push_flow(1);
	push_alert(2);
	close_rings();
	publisher_run(bench.publisher);
	assert_int_equal(fakes[0].taken, 2);
	assert_int_equal(fakes[1].taken, 2);
	assert_int_equal(bench.stats.events_published, 2);
	assert_int_equal(bench.stats.events_lost, 0);
}

static void a_waiting_flow_does_not_hold_up_an_alert(void **state)
{
	char text[128];

	(void)state;
	bench.options.is_lossless = true;
	fakes[0].refuses_flows = true;
	open_publisher();
	push_flow(1);
	push_flow(2);
	push_alert(3);
	push_alert(4);
	close_rings();
	publisher_run(bench.publisher);
	assert_int_equal(fakes[0].taken, 2);
	assert_int_equal(fakes[0].kinds[1], EVENT_ALERT);
	/* The first was given up after the stall time-out, the second sink lost nothing. */
	assert_int_equal(fakes[1].taken, 4);
	assert_int_equal(lost(text, sizeof(text)), 2);
	assert_string_equal(text, "first: 2 events lost");
	assert_true(publisher_has_failed(bench.publisher));
}

static void only_the_last_output_ends_the_run(void **state)
{
	_Atomic bool is_lost = false;

	(void)state;
	for (size_t count = 2; count > 0; count--) {
		bench.options.is_lossless = true;
		bench.options.lost = &is_lost;
		bench.options.sink_count = count;
		fakes[0].refuses_flows = true;
		open_publisher();
		push_flow(1);
		close_rings();
		publisher_run(bench.publisher);
		assert_true(publisher_has_failed(bench.publisher));
		assert_int_equal(is_lost, count == 1);
		publisher_free(bench.publisher);
		bench.publisher = NULL;
		teardown(NULL);
		setup(NULL);
	}
}

static void live_a_refused_flow_is_counted_and_an_alert_waits(void **state)
{
	char text[128];

	(void)state;
	fakes[0].refuse = 3;
	open_publisher();
	push_flow(1);
	close_rings();
	publisher_run(bench.publisher);
	assert_int_equal(fakes[0].taken, 0);
	assert_int_equal(fakes[1].taken, 1);
	assert_int_equal(lost(text, sizeof(text)), 1);
	assert_int_equal(bench.stats.events_lost, 1);
	assert_int_equal(bench.stats.events_published, 0);
	publisher_free(bench.publisher);
	bench.publisher = NULL;

	teardown(NULL);
	setup(NULL);
	fakes[0].refuse = 3;
	open_publisher();
	push_alert(1);
	close_rings();
	publisher_run(bench.publisher);
	assert_int_equal(fakes[0].taken, 1);
	assert_int_equal(lost(text, sizeof(text)), 0);
}

static void errors_of_a_sink_are_losses_of_that_sink(void **state)
{
	char text[128];

	(void)state;
	fakes[0].write_error = -ENOSPC;
	fakes[1].close_lost = 7;
	open_publisher();
	push_alert(1);
	push_flow(2);
	close_rings();
	publisher_run(bench.publisher);
	assert_int_equal(fakes[1].taken, 2);
	assert_int_equal(lost(text, sizeof(text)), 9);
	assert_string_equal(text, "first: 2 events lost, second: 7 events lost");
	assert_int_equal(bench.stats.events_lost, 9);
	/* A text that is too short is cut, the sum is not. */
	assert_int_equal(lost(text, 8), 9);
	assert_string_equal(text, "first: ");
}

static void a_sink_that_fails_for_good_is_not_written_to(void **state)
{
	(void)state;
	fakes[0].refuse = 1;
	fakes[0].poll_error = -EBUSY;
	bench.options.is_lossless = true;
	open_publisher();
	push_alert(1);
	close_rings();
	publisher_run(bench.publisher);
	assert_int_equal(fakes[0].taken, 0);
	assert_int_equal(fakes[0].polls, 1);
	assert_int_equal(fakes[0].closed, 1);
	assert_int_equal(fakes[1].taken, 1);
	assert_int_equal(bench.stats.events_lost, 1);
	assert_true(publisher_has_failed(bench.publisher));
}

static void open_errors_name_the_sink(void **state)
{
	char error[SINK_ERROR_TEXT];

	(void)state;
	fakes[1].open_error = -ECONNREFUSED;
	assert_int_equal(publisher_new(&bench.publisher, &bench.options, error), -ECONNREFUSED);
	assert_null(bench.publisher);
	assert_string_equal(error, "second: cannot open");
	assert_int_equal(fakes[0].opened, 1);
	assert_int_equal(fakes[0].closed, 1);
	assert_int_equal(fakes[1].closed, 0);
}

static void a_hurry_ends_it_with_what_is_left_counted(void **state)
{
	pthread_t thread;
	uint64_t begin_ms = ring_now_ms();

	(void)state;
	fakes[0].refuse = UINT32_MAX;
	open_publisher();
	push_alert(1);
	push_alert(2);
	assert_int_equal(pthread_create(&thread, NULL, publisher_run, bench.publisher), 0);
	publisher_hurry(bench.publisher);
	close_rings();
	pthread_join(thread, NULL);
	assert_true(ring_now_ms() - begin_ms < 4000);
	assert_int_equal(fakes[0].taken, 0);
	assert_int_equal(fakes[0].closed, 1);
	/* Both for the first sink; the second had one and was never offered the other. */
	assert_int_equal(fakes[1].taken, 1);
	assert_int_equal(bench.stats.events_lost, 3);
}

/* All is written, but a sink never gets it out: a hurry that comes only then is heard, too. */
static void a_hurry_ends_the_wait_for_what_is_held(void **state)
{
	pthread_t thread;
	struct timespec pause = { .tv_nsec = 300000000 };
	uint64_t begin_ms;

	(void)state;
	bench.options.is_lossless = true;
	bench.options.stall_timeout_s = 60;
	fakes[0].poll_error = -EAGAIN;
	open_publisher();
	push_alert(1);
	close_rings();
	assert_int_equal(pthread_create(&thread, NULL, publisher_run, bench.publisher), 0);
	nanosleep(&pause, NULL);
	begin_ms = ring_now_ms();
	publisher_hurry(bench.publisher);
	pthread_join(thread, NULL);
	assert_true(ring_now_ms() - begin_ms < 4000);
	assert_int_equal(fakes[0].taken, 1);
	assert_int_equal(fakes[0].hastened, 1);
	assert_int_equal(fakes[0].closed, 1);
	assert_true(fakes[0].deadline_ms <= ring_now_ms());
}

static void it_sleeps_and_wakes(void **state)
{
	pthread_t thread;
	struct timespec pause = { .tv_nsec = 50000000 };

	(void)state;
	open_publisher();
	assert_int_equal(pthread_create(&thread, NULL, publisher_run, bench.publisher), 0);
	for (uint8_t i = 1; i <= 5; i++) {
		nanosleep(&pause, NULL);
		push_alert(i);
		push_flow(i);
	}
	nanosleep(&pause, NULL);
	close_rings();
	pthread_join(thread, NULL);
	assert_int_equal(fakes[0].taken, 10);
	assert_int_equal(fakes[1].taken, 10);
	/* Asleep between events: far fewer polls than a busy loop would make. */
	assert_true(fakes[0].polls < 200);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(every_sink_gets_every_event),
		WITH_BENCH(few_alerts_between_two_polls),
		WITH_BENCH(one_sink_that_waits_is_offered_again_alone),
		WITH_BENCH(a_waiting_flow_does_not_hold_up_an_alert),
		WITH_BENCH(only_the_last_output_ends_the_run),
		WITH_BENCH(live_a_refused_flow_is_counted_and_an_alert_waits),
		WITH_BENCH(errors_of_a_sink_are_losses_of_that_sink),
		WITH_BENCH(a_sink_that_fails_for_good_is_not_written_to),
		WITH_BENCH(open_errors_name_the_sink),
		WITH_BENCH(a_hurry_ends_it_with_what_is_left_counted),
		WITH_BENCH(a_hurry_ends_the_wait_for_what_is_held),
		WITH_BENCH(it_sleeps_and_wakes),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
