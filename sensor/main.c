/* main.c: opens everything, drops privileges, runs, and tears down in reverse.
 *
 * Exit codes: 0 done; 1 usage, configuration or a sink that cannot be opened; 2 input unreadable or
 * damaged (everything before the damage was published); 3 events were lost. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sensor/config.h"
#include "sensor/correlator.h"
#include "sensor/health.h"
#include "sensor/readers.h"
#include "sensor/inventory_file.h"
#include "sensor/lists_keeper.h"
#include "sensor/log.h"
#include "sensor/metrics.h"
#include "sensor/priv.h"
#include "sensor/publisher.h"
#include "sensor/redis_access.h"
#include "sensor/resolvers.h"
#include "sensor/thread_cpu.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 1, EXIT_INPUT = 2, EXIT_LOST = 3 };

/* Everything of one run, in the order in which it is opened. */
struct run {
	struct config config;
	struct lists_keeper *lists;
	struct watched *watched;
	struct name_watch *names; /* the reader's, with several workers */
	struct readers *readers;
	struct event_context context;
	struct ring_bell *correlator_bell;
	struct ring_bell *publisher_bell;
	struct ring *urgent; /* correlator to publisher */
	struct ring *bulk;
	struct fact_feed feeds[LIMIT_WORKERS];
	struct worker *workers[LIMIT_WORKERS];
	struct inquirer *inquirer; /* NULL: there is nothing to ask */
	struct correlator *correlator;
	struct publisher *publisher;
	struct metrics *metrics; /* NULL: nobody scrapes */
	struct health_keeper *health;
	struct sid_tally alerts;
	uint64_t started_ns; /* wall clock */
	pthread_t correlator_thread;
	pthread_t publisher_thread;
	pthread_t inquirer_thread;
	struct stats correlator_stats;
	struct stats publisher_stats;
	struct stats inquirer_stats;
	_Atomic bool stop;
	_Atomic bool lost;
};

static struct run run; /* one per process: signal handlers need it */

static void on_signal(int number)
{
	(void)number;
	atomic_store(&run.stop, true);
	/* At once: whoever waits for an output must not hold up the end. */
	publisher_hurry(run.publisher);
	if (run.readers != NULL)
		readers_break(run.readers);
}

/* Of the main thread: it alone is interrupted by signals. */
static void set_signal_mask(bool is_live)
{
	sigset_t blocked;

	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGUSR1);
	if (is_live)
		(void)sigaddset(&blocked, SIGHUP);
	(void)pthread_sigmask(SIG_SETMASK, &blocked, NULL);
}

/* With -r SIGHUP ends the run cleanly, too: a lost terminal must not cost events. Live it is for
 * the lists' keeper: blocked, so that it interrupts nobody, and not ignored, so that it arrives. */
static void catch_signals(bool is_live)
{
	struct sigaction action = { .sa_handler = on_signal };

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	if (is_live) {
		set_signal_mask(is_live);
		action.sa_handler = SIG_DFL;
	}
	(void)sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
}

static bool is_live(const struct run *self)
{
	return self->config.interface != NULL;
}

/* What is urgent wakes at once; of a file nobody waits for it. */
static size_t urgent_wake_bytes(const struct run *self)
{
	return is_live(self) ? 0 : LIMIT_RING_WAKE_BYTES;
}

static size_t bulk_bytes(const struct run *self)
{
	return is_live(self) ? LIMIT_RING_BULK_BYTES : LIMIT_RING_BULK_FILE_BYTES;
}

static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* How far the slowest worker is behind the clock, live; 0 before its first packet. */
static uint64_t lag_ms(const struct run *self)
{
	uint64_t oldest_ns = UINT64_MAX;
	uint64_t now_ns = wall_clock_ns();

	for (uint32_t i = 0; i < self->config.workers; i++) {
		uint64_t mark_ns =
			atomic_load_explicit(&self->feeds[i].watermark_ns, memory_order_relaxed);

		if (mark_ns < oldest_ns)
			oldest_ns = mark_ns;
	}
	if (!is_live(self) || oldest_ns == 0 || oldest_ns >= now_ns)
		return 0;
	return (now_ns - oldest_ns) / 1000000;
}

/* How evenly the packets are shared out. */
static void sum_shares(const struct run *self, struct stats *sum)
{
	sum->handled_least = UINT64_MAX;
	for (uint32_t i = 0; i < self->config.workers; i++) {
		const struct stats *stats = worker_stats(self->workers[i]);
		uint64_t handled = __atomic_load_n(&stats->handled, __ATOMIC_RELAXED);

		if (handled > sum->handled_most)
			sum->handled_most = handled;
		if (handled < sum->handled_least)
			sum->handled_least = handled;
	}
}

static void sum_levels(const struct run *self, struct stats *sum)
{
	for (uint32_t i = 0; i < self->config.workers; i++)
		sum->facts_waiting_bytes +=
			ring_waiting(self->feeds[i].urgent) + ring_waiting(self->feeds[i].bulk);
	sum->decisions_waiting_bytes = ring_waiting(self->urgent) + ring_waiting(self->bulk);
	sum->lag_ms = lag_ms(self);
	sum_shares(self, sum);
}

static void sum_stats(void *ctx, struct stats *sum)
{
	const struct run *self = ctx;

	memset(sum, 0, sizeof(*sum));
	readers_stats(self->readers, sum);
	stats_merge(sum, &self->correlator_stats);
	stats_merge(sum, &self->publisher_stats);
	stats_merge(sum, &self->inquirer_stats);
	for (uint32_t i = 0; i < self->config.workers; i++)
		if (self->workers[i] != NULL)
			stats_merge(sum, worker_stats(self->workers[i]));
	sum_levels(self, sum);
}

static void look_at_health(void *ctx, struct health *out)
{
	struct run *self = ctx;

	memset(out, 0, sizeof(*out));
	sum_stats(self, &out->sum);
	thread_cpu_read(&out->threads);
	for (size_t i = 0; i < SIGNATURES; i++)
		out->alerts.counts[i] = sid_tally_value(&self->alerts, i);
	out->facts_ring_bytes =
		(uint64_t)self->config.workers * (LIMIT_RING_URGENT_BYTES + bulk_bytes(self));
	out->decisions_ring_bytes = LIMIT_RING_URGENT_BYTES + bulk_bytes(self);
	out->started_s = (double)self->started_ns / 1e9;
	out->uptime_s = (double)(wall_clock_ns() - self->started_ns) / 1e9;
	out->sensor_id = self->context.sensor_id;
}

static int fail(int code, const char *text)
{
	log_error("%s", text);
	return code;
}

/* --- opening -------------------------------------------------------------------------------- */

static int open_lists(struct run *self)
{
	char error[LISTS_ERROR_TEXT];
	size_t readers = self->config.workers + 2; /* and the correlator, and the reader */

	if (lists_keeper_new(&self->lists, &self->config, readers, error) != 0)
		return fail(EXIT_USAGE, error);
	self->watched = watched_new();
	if (self->watched == NULL)
		return fail(EXIT_USAGE, "out of memory for watched addresses");
	resolvers_watch(self->watched);
	return 0;
}

/* What the Redis output would find only when it opens. */
static int check_redis(const struct config *config)
{
	struct redis_access access;
	char error[REDIS_ACCESS_ERROR_TEXT];

	if (config->redis == NULL)
		return 0;
	if (redis_access_configure(&access, config, error) < 0) {
		log_error("%s", error);
		return EXIT_USAGE;
	}
	redis_access_clear(&access);
	return 0;
}

/* What the inquirer would find only when it opens. */
static int check_inventory(const struct config *config)
{
	const struct config_list *files = &config->inventory;
	struct inventory_stamp *stamps = calloc(files->count + 1, sizeof(*stamps));
	struct inventory *inventory = NULL;
	char error[INVENTORY_ERROR_TEXT] = "out of memory";
	int result = stamps == NULL ? -1 : 0;

	if (result == 0 && files->count > 0)
		result = inventory_load(&inventory, (const char *const *)files->items, files->count,
					config->inventory_max, stamps, error);
	inventory_free(inventory);
	free(stamps);
	return result == 0 ? 0 : fail(EXIT_USAGE, error);
}

static int open_readers(struct run *self)
{
	const struct config *config = &self->config;
	char error[CAPTURE_ERROR_TEXT];
	int result;

	if (config->filter != NULL && capture_check_filter(config->filter, error) != 0)
		return fail(EXIT_USAGE, error);
	if (config->check_config) {
		result = check_inventory(config);
		return result != 0 ? result : check_redis(config);
	}
	return readers_open(&self->readers, config, error) == 0 ? 0 : fail(EXIT_INPUT, error);
}

static int open_workers(struct run *self)
{
	for (uint32_t i = 0; i < self->config.workers; i++) {
		struct fact_feed *feed = &self->feeds[i];
		struct worker_options options = { .config = &self->config,
						  .lists = lists_keeper_board(self->lists),
						  .watched = self->watched,
						  .shunt = readers_shunt(self->readers, i),
						  .feed = feed,
						  .index = (uint16_t)i,
						  .is_lossless = !is_live(self),
						  .lost = &self->lost };

		feed->bell = self->correlator_bell;
		feed->urgent = ring_new(LIMIT_RING_URGENT_BYTES, self->correlator_bell);
		feed->bulk = ring_new(bulk_bytes(self), self->correlator_bell);
		if (feed->urgent == NULL || feed->bulk == NULL)
			return fail(EXIT_USAGE, "out of memory for rings");
		ring_wake_from(feed->bulk, LIMIT_RING_WAKE_BYTES); /* or, live, a tick does */
		ring_wake_from(feed->urgent, urgent_wake_bytes(self));
		self->workers[i] = worker_new(&options);
		if (self->workers[i] == NULL)
			return fail(EXIT_USAGE, "out of memory for workers: lower --flows, "
						"--inspected-flows or --classify-states");
	}
	return 0;
}

/* NAT gateways that the inventory knows are NAT addresses as if they were configured. */
static int add_nat_addresses(struct run *self)
{
	static char found[LIMIT_INVENTORY_NATS][LEASE_ADDRESS_TEXT];
	struct config_nets *nat = &self->config.nat;
	size_t count = inquirer_nat_addresses(self->inquirer, found, LIMIT_INVENTORY_NATS);
	struct net_prefix *items;

	if (count > LIMIT_INVENTORY_NATS)
		count = LIMIT_INVENTORY_NATS;
	items = realloc(nat->items, (nat->count + count + 1) * sizeof(*items));
	if (items == NULL)
		return fail(EXIT_USAGE, "out of memory for NAT addresses");
	nat->items = items;
	for (size_t i = 0; i < count; i++)
		if (net_prefix_parse(found[i], &items[nat->count]) == 0)
			nat->count++;
	return 0;
}

static int open_inquirer(struct run *self)
{
	struct inquirer_options options = { .config = &self->config,
					    .bell = self->correlator_bell,
					    .stats = &self->inquirer_stats };
	char error[INQUIRER_ERROR_TEXT];

	if (!inquirer_is_wanted(&self->config))
		return 0;
	if (inquirer_new(&self->inquirer, &options, error) != 0)
		return fail(EXIT_USAGE, error);
	return add_nat_addresses(self);
}

static int open_correlator(struct run *self)
{
	struct correlator_options options = {
		.feeds = self->feeds,
		.feed_count = self->config.workers,
		.bell = self->correlator_bell,
		.urgent = self->urgent,
		.bulk = self->bulk,
		.inquirer = self->inquirer,
		.is_lossless = !is_live(self),
		.stall_timeout_s = self->config.stall_timeout_s,
		.merge_wait_ms = is_live(self) ? LIMIT_MERGE_WAIT_MS : 0,
		.max_alerts = self->config.max_alerts,
		.max_sessions = self->config.max_sessions,
		.max_labels = self->config.max_labels,
		.lists = lists_keeper_board(self->lists),
		.lists_slot = self->config.workers,
		.campaign_hosts = self->config.campaign_hosts,
		.cloud = self->config.cloud,
		.cloud_count = self->config.cloud_count,
		.tap = self->context.tap,
		.home = self->config.home.items,
		.home_count = self->config.home.count,
		.nat = self->config.nat.items,
		.nat_count = self->config.nat.count,
	};

	self->correlator = correlator_new(&options, &self->correlator_stats);
	return self->correlator != NULL ? 0 : fail(EXIT_USAGE, "out of memory for the correlator");
}

static int open_publisher(struct run *self)
{
	const struct config *config = &self->config;
	char error[SINK_ERROR_TEXT];
	struct publisher_options options = {
		.urgent = self->urgent,
		.bulk = self->bulk,
		.bell = self->publisher_bell,
		.sink = { .config = config,
			  .context = &self->context,
			  .stats = &self->publisher_stats,
			  .sum_stats = sum_stats,
			  .sum_ctx = self },
		.alerts = &self->alerts,
		.lost = &self->lost,
		.is_lossless = !is_live(self),
		.stall_timeout_s = config->stall_timeout_s,
		.shutdown_timeout_s = LIMIT_SHUTDOWN_S,
	};

	if (config->redis != NULL)
		options.sinks[options.sink_count++] = &sink_redis;
	if (config->json != NULL)
		options.sinks[options.sink_count++] = &sink_json;
	if (config->null_sink)
		options.sinks[options.sink_count++] = &sink_null;
	if (options.sink_count == 0)
		options.sinks[options.sink_count++] = &sink_text;
	if (publisher_new(&self->publisher, &options, error) != 0)
		return fail(EXIT_USAGE, error);
	return 0;
}

static int open_pipeline(struct run *self)
{
	struct event_context context = {
		.sensor_id = self->config.sensor_id,
		.input_name = readers_name(self->readers),
		.is_live = is_live(self),
		.cloud = self->config.cloud,
		.cloud_count = self->config.cloud_count,
		.tap = is_live(self) ? self->config.interface : self->config.tap,
		.community_seed = (uint16_t)self->config.community_seed,
	};
	int code;

	self->context = context;
	self->correlator_bell = ring_bell_new();
	self->publisher_bell = ring_bell_new();
	if (self->correlator_bell == NULL || self->publisher_bell == NULL)
		return fail(EXIT_USAGE, "cannot create event descriptors");
	self->urgent = ring_new(LIMIT_RING_URGENT_BYTES, self->publisher_bell);
	self->bulk = ring_new(bulk_bytes(self), self->publisher_bell);
	if (self->urgent == NULL || self->bulk == NULL)
		return fail(EXIT_USAGE, "out of memory for rings");
	ring_wake_from(self->bulk, LIMIT_RING_WAKE_BYTES); /* or the correlator's rest does */
	code = open_workers(self);
	if (code == 0)
		code = open_inquirer(self);
	if (code == 0)
		code = open_correlator(self);
	if (code == 0)
		code = open_publisher(self);
	return code;
}

static int connect_readers(struct run *self)
{
	size_t slot = self->config.workers + 1;
	struct readers_options options = { .workers = self->workers,
					   .stop = &self->stop,
					   .lost = &self->lost };

	if (self->config.workers > 1 && !is_live(self)) {
		self->names = name_watch_new(lists_keeper_board(self->lists), slot, self->watched);
		if (self->names == NULL)
			return fail(EXIT_USAGE, "out of memory for the reader's names");
	}
	options.names = self->names;
	return readers_connect(self->readers, &options) == 0
		       ? 0
		       : fail(EXIT_USAGE, "out of memory for batches");
}

static int open_metrics(struct run *self)
{
	char error[METRICS_ERROR_TEXT];

	if (self->config.metrics == NULL)
		return 0;
	if (metrics_open(&self->metrics, self->config.metrics, error) != 0)
		return fail(EXIT_USAGE, error);
	return 0;
}

/* What was opened stays open; what may have to be opened again must be in the user's reach. */
static int shed_privileges(struct run *self)
{
	char error[PRIV_ERROR_TEXT];
	char why[REDIS_URL_ERROR_TEXT];
	int result = 0;

	if (priv_drop(self->config.user, error) != 0)
		return fail(EXIT_USAGE, error);
	if (self->config.redis != NULL)
		result = redis_url_check_access(self->config.redis, why);
	/* With a journal Redis may come later. */
	if (result != 0 && (result != -ENOENT || self->config.state_dir == NULL)) {
		log_error("redis: %s: a lost connection could not be opened again as user %s "
			  "(--user)",
			  why, self->config.user);
		return EXIT_USAGE;
	}
	return 0;
}

static int open_all(struct run *self)
{
	int code = open_lists(self);

	if (code == 0)
		code = open_readers(self);
	if (code != 0 || self->config.check_config)
		return code;
	code = open_pipeline(self);
	if (code == 0)
		code = connect_readers(self);
	if (code == 0)
		code = open_metrics(self);
	if (code == 0 && is_live(self))
		code = shed_privileges(self);
	return code;
}

/* --- running -------------------------------------------------------------------------------- */

/* Threads inherit the mask: only the main thread, which reads, is interrupted by signals. The mask
 * is restored once the reader has started its workers, too. */
static int start_threads(struct run *self)
{
	sigset_t all, before;
	int result;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	result = pthread_create(&self->publisher_thread, NULL, publisher_run, self->publisher);
	if (result == 0 && self->inquirer != NULL)
		result = pthread_create(&self->inquirer_thread, NULL, inquirer_run, self->inquirer);
	if (result == 0)
		result = pthread_create(&self->correlator_thread, NULL, correlator_run,
					self->correlator);
	if (result == 0 && is_live(self))
		result = -lists_keeper_start(self->lists);
	if (result == 0 && self->metrics != NULL)
		result = -metrics_start(self->metrics, look_at_health, self);
	if (result == 0) {
		self->health = health_keeper_start(look_at_health, self);
		result = self->health != NULL ? 0 : ENOMEM;
	}
	if (result != 0) {
		log_error("cannot start the threads: %s", strerror(result));
		return EXIT_USAGE;
	}
	(void)pthread_setname_np(self->publisher_thread, "publisher");
	if (self->inquirer != NULL)
		(void)pthread_setname_np(self->inquirer_thread, "inquirer");
	(void)pthread_setname_np(self->correlator_thread, "correlator");
	return 0;
}

static void report_capture(struct run *self)
{
	struct capture_counters counters;

	readers_counters(self->readers, &counters);
	log_info("%s: %llu packets, %llu dropped by the kernel, %llu by the interface",
		 self->config.interface, (unsigned long long)counters.received,
		 (unsigned long long)counters.dropped,
		 (unsigned long long)counters.interface_dropped);
}

/* A replay says what it found, not how it went, unless asked. */
static void report_health(struct run *self)
{
	struct health health;

	look_at_health(self, &health);
	health_log(&health, is_live(self) ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG);
}

static int report_end(struct run *self, int read_result, bool has_stalled)
{
	char text[256];
	uint64_t lost = publisher_lost(self->publisher, text, sizeof(text));
	int code = EXIT_DONE;

	for (size_t i = 0; readers_damage(self->readers, i) != NULL; i++) {
		log_error("%s", readers_damage(self->readers, i));
		code = EXIT_INPUT;
	}
	if (is_live(self))
		report_capture(self);
	if (read_result == -ENETDOWN) {
		log_error("%s: the interface went away", self->config.interface);
		code = EXIT_INPUT;
	}
	if (lost > 0) {
		log_error("%s", text);
		code = EXIT_LOST;
	}
	if (publisher_has_failed(self->publisher))
		return EXIT_LOST; /* it has said what and why */
	if (read_result == -ETIMEDOUT || has_stalled || atomic_load(&self->lost)) {
		log_error(
			"no progress for %u s (--stall-timeout): reading stopped, events were lost",
			self->config.stall_timeout_s);
		code = EXIT_LOST;
	}
	return code;
}

static int run_all(struct run *self)
{
	void *stalled = NULL;
	int result;
	int code = start_threads(self);

	if (code != 0)
		_exit(code); /* others run, and wait for what will not begin: they end with us */
	if (readers_start(self->readers) != 0)
		code = fail(EXIT_USAGE, "cannot start the workers' threads");
	set_signal_mask(is_live(self));
	result = readers_run(self->readers);
	if (is_live(self))
		publisher_hurry(self->publisher);
	(void)pthread_join(self->correlator_thread, &stalled);
	if (self->inquirer != NULL) {
		inquirer_stop(self->inquirer);
		(void)pthread_join(self->inquirer_thread, NULL);
	}
	(void)pthread_join(self->publisher_thread, NULL);
	report_health(self);
	return code != 0 ? code : report_end(self, result, stalled != NULL);
}

static void close_all(struct run *self)
{
	sigset_t all;

	/* What the handler uses goes away now. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, NULL);
	metrics_free(self->metrics);
	health_keeper_stop(self->health);
	publisher_free(self->publisher);
	correlator_free(self->correlator);
	inquirer_free(self->inquirer);
	for (uint32_t i = 0; i < self->config.workers && i < LIMIT_WORKERS; i++) {
		worker_free(self->workers[i]);
		ring_free(self->feeds[i].urgent);
		ring_free(self->feeds[i].bulk);
	}
	ring_free(self->urgent);
	ring_free(self->bulk);
	ring_bell_free(self->correlator_bell);
	ring_bell_free(self->publisher_bell);
	readers_free(self->readers);
	name_watch_free(self->names);
	watched_free(self->watched);
	lists_keeper_free(self->lists);
	config_free(&self->config);
}

int main(int argc, char **argv)
{
	char error[CONFIG_ERROR_TEXT];
	int code;

	thread_cpu_begin("start");
	health_block_signal();
	run.started_ns = wall_clock_ns();
	code = config_load(&run.config, argc, argv, error);

	if (code != 0) {
		if (code < 0)
			log_error("%s", error);
		config_free(&run.config);
		return code < 0 ? EXIT_USAGE : EXIT_DONE;
	}
	log_set_level((enum log_level)run.config.log_level);
	code = open_all(&run);
	if (code == 0 && run.config.check_config) {
		(void)printf("configuration is valid\n");
	} else if (code == 0) {
		catch_signals(is_live(&run));
		code = run_all(&run);
	}
	close_all(&run);
	return code;
}
