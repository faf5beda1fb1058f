/* run.c: opens everything, reads, judges and tells, and goes on while it follows.
 *
 *	paths, state, Redis --documents--> store --> incidents --> Redis, report, summary
 *	flow logs -----------sightings---'
 *
 * The state is saved before an alert is acknowledged and before a file counts as read. */
#include "sensor/trail/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "sensor/log.h"
#include "sensor/ring.h"
#include "sensor/trail/flowlog.h"
#include "sensor/trail/redis_trail.h"
#include "sensor/trail/state.h"
#include "sensor/trail/summary.h"

#define FOLLOW_PAUSE_MS 1000
#define WAIT_PIECE_MS   200
#define EXPIRE_EVERY    100000 /* documents */

struct run {
	const struct options *options;
	const _Atomic bool *stop;
	struct store *store;
	struct intake *intake;
	struct state *state;
	struct lists *lists;
	struct flowlog *flowlog;
	struct price_list *prices;
	struct redis_access access; /* of redis */
	struct redis_trail *redis;
	struct follow **follows;
	size_t follow_count;
	bool is_restoring; /* what is read is in the state already */
	bool is_broken;    /* an input could not be read */
	bool is_losing;    /* something could not be kept or published */
	bool has_unsaved;
	uint64_t told_version; /* of the store, when it was last published */
	uint64_t documents;
};

static enum trail_exit fail(enum trail_exit code, const char *text)
{
	log_error("%s", text);
	return code;
}

/* --- documents ------------------------------------------------------------------------------ */

static int keep(struct run *self, int result, const char *raw, size_t len, const json_t *json)
{
	if (result < 0)
		return result;
	self->has_unsaved |= result != STORE_NOTHING;
	if ((result & STORE_KEPT) != 0 && self->state != NULL && !self->is_restoring &&
	    state_keep(self->state, raw, len, json) != 0)
		self->is_losing = true;
	if (++self->documents % EXPIRE_EVERY == 0)
		store_expire(self->store);
	return 0;
}

static int load_state(struct run *self, const json_t *json, const char **why)
{
	int result = 0;

	for (size_t i = 0; i < self->follow_count && result >= 0; i++)
		result = state_load(NULL, self->store, self->follows[i], json, why);
	if (result >= 0)
		result = state_load(self->state, self->store, NULL, json, why);
	return result < 0 ? result : 0;
}

static int on_document(void *ctx, enum document kind, const json_t *json, const char *raw,
		       size_t len, const char **why)
{
	struct run *self = ctx;

	if (kind == DOCUMENT_STATE)
		return load_state(self, json, why);
	return keep(self, store_document(self->store, kind, json, why), raw, len, json);
}

static int on_alert(void *ctx, const char *name, const char *eve, size_t len)
{
	struct run *self = ctx;

	return intake_text(self->intake, name, eve, len);
}

/* --- opening -------------------------------------------------------------------------------- */

static enum trail_exit open_lists(struct run *self)
{
	const struct options_list *lists = &self->options->lists;
	char error[LISTS_ERROR_TEXT];

	if (lists_load(&self->lists, (const char *const *)lists->items, lists->count, true,
		       error) != 0)
		return fail(TRAIL_USAGE, error);
	self->flowlog = flowlog_new(self->store, self->lists, self->stop);
	return self->flowlog != NULL ? TRAIL_DONE : fail(TRAIL_LOST, "out of memory");
}

static enum trail_exit open_redis(struct run *self)
{
	const struct options *options = self->options;
	struct redis_access_options where = { .url = options->redis,
					      .password_file = options->password_file,
					      .files = { .ca = options->redis_ca,
							 .cert = options->redis_cert,
							 .key = options->redis_key } };
	struct redis_trail_options wanted = { .access = &self->access,
					      .prefix = options->prefix,
					      .id = options->id,
					      .sensors = options->sensors.items,
					      .sensor_count = options->sensors.count,
					      .is_stateless = options->state == NULL,
					      .retention_s = options->settings.retention_s };
	char why[REDIS_ACCESS_ERROR_TEXT];
	char error[REDIS_TRAIL_ERROR_TEXT];

	if (options->redis == NULL)
		return TRAIL_DONE;
	if (redis_access_load(&self->access, &where, why) != 0)
		return fail(TRAIL_USAGE, why);
	if (redis_trail_open(&self->redis, &wanted, error) != 0)
		return fail(TRAIL_USAGE, error);
	return TRAIL_DONE;
}

static int on_file_done(void *ctx, const char *path)
{
	struct run *self = ctx;

	/* One that is gone again is read anew, should it come back. */
	if (self->state != NULL && state_file_done(self->state, path) == -ENOMEM)
		return -ENOMEM;
	self->has_unsaved = true;
	return 0;
}

static bool is_folder(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* One for each folder, so that what was read before is known when the state is. */
static enum trail_exit open_follows(struct run *self)
{
	const struct options_list *paths = &self->options->paths;

	if (!self->options->is_following)
		return TRAIL_DONE;
	self->follows = calloc(paths->count + 1, sizeof(struct follow *));
	if (self->follows == NULL)
		return fail(TRAIL_LOST, "out of memory");
	for (size_t i = 0; i < paths->count; i++) {
		if (!is_folder(paths->items[i]))
			continue;
		self->follows[self->follow_count] =
			follow_new(self->intake, paths->items[i], on_file_done, self);
		if (self->follows[self->follow_count] == NULL)
			return fail(TRAIL_LOST, "out of memory");
		self->follow_count++;
	}
	return TRAIL_DONE;
}

static enum trail_exit open_state(struct run *self)
{
	char error[STATE_ERROR_TEXT];
	int result;

	if (self->options->state == NULL)
		return TRAIL_DONE;
	if (state_open(&self->state, self->options->state, error) != 0)
		return fail(TRAIL_USAGE, error);
	self->is_restoring = true;
	result = state_restore(self->state, self->intake);
	self->is_restoring = false;
	self->has_unsaved = false;
	if (result == 0 || result == -EINTR)
		return TRAIL_DONE;
	return fail(TRAIL_INPUT, "the state cannot be read");
}

static enum trail_exit open_all(struct run *self)
{
	char error[PRICE_ERROR_TEXT];
	enum trail_exit code;

	self->store = store_new(&self->options->settings);
	self->intake = intake_new(on_document, self, self->stop);
	if (self->store == NULL || self->intake == NULL)
		return fail(TRAIL_LOST, "out of memory");
	if (price_list_load(&self->prices, self->options->prices, error) != 0)
		return fail(TRAIL_USAGE, error);
	code = open_lists(self);
	if (code == TRAIL_DONE)
		code = open_redis(self);
	if (code == TRAIL_DONE)
		code = open_follows(self);
	return code == TRAIL_DONE ? open_state(self) : code;
}

static void close_all(struct run *self)
{
	for (size_t i = 0; i < self->follow_count; i++)
		follow_free(self->follows[i]);
	free(self->follows);
	redis_trail_close(self->redis);
	redis_access_clear(&self->access);
	state_close(self->state);
	flowlog_free(self->flowlog);
	lists_free(self->lists);
	price_list_free(self->prices);
	intake_free(self->intake);
	store_free(self->store);
}

/* --- reading -------------------------------------------------------------------------------- */

static void read_paths(struct run *self)
{
	const struct options *options = self->options;

	for (size_t i = 0; i < options->paths.count && !atomic_load(self->stop); i++) {
		if (options->is_following && is_folder(options->paths.items[i]))
			continue;
		if (intake_path(self->intake, options->paths.items[i]) < 0)
			self->is_broken = true;
	}
	for (size_t i = 0; i < options->flowlogs.count && !atomic_load(self->stop); i++)
		if (flowlog_path(self->flowlog, options->flowlogs.items[i]) < 0)
			self->is_broken = true;
	if (flowlog_finish(self->flowlog) < 0)
		self->is_losing = true;
}

/* Returns what came: files and alerts. */
static int read_more(struct run *self)
{
	int sum = 0;

	for (size_t i = 0; i < self->follow_count && !atomic_load(self->stop); i++) {
		int files = follow_poll(self->follows[i]);

		if (files < 0 && files != -EINTR)
			self->is_broken = true;
		sum += files > 0 ? files : 0;
	}
	if (self->redis != NULL && !atomic_load(self->stop)) {
		int alerts = redis_trail_read(self->redis, on_alert, self);

		if (alerts < 0) {
			log_warning("redis: %s", redis_trail_error(self->redis));
			self->is_losing |= !self->options->is_following;
		}
		sum += alerts > 0 ? alerts : 0;
	}
	return sum;
}

/* --- telling -------------------------------------------------------------------------------- */

static int judge(struct run *self, struct incidents *out)
{
	struct detections extra = { 0 };
	int result = cost_detect(self->store, self->prices, self->options->baseline, &extra);

	if (result == 0)
		result = flowlog_detect(self->store, &extra);
	if (result == 0)
		result = incidents_build(self->store, &extra, out);
	detections_fini(&extra);
	return result;
}

/* Durable first, then published, then acknowledged. */
static void tell(struct run *self, const struct incidents *incidents)
{
	const struct redis_publication what = { .store = self->store,
						.incidents = incidents,
						.prices = self->prices,
						.report = &self->options->report_options };
	char error[STATE_ERROR_TEXT];
	bool is_saved = true;
	bool is_published;

	if (self->state != NULL && self->has_unsaved) {
		is_saved = state_checkpoint(self->state, self->store, error) == 0;
		if (!is_saved)
			log_error("%s", error);
		self->is_losing |= !is_saved;
	}
	self->has_unsaved = !is_saved;
	if (self->redis == NULL)
		return;
	is_published = redis_trail_publish(self->redis, &what) == 0;
	if (is_published && is_saved)
		is_published = redis_trail_ack(self->redis) == 0;
	if (!is_published) {
		log_warning("redis: %s", redis_trail_error(self->redis));
		self->is_losing |= !self->options->is_following;
		return;
	}
	self->told_version = self->store->version;
}

static int judge_and_tell(struct run *self)
{
	struct incidents incidents;
	int result = judge(self, &incidents);

	if (result != 0)
		return result;
	tell(self, &incidents);
	incidents_free(&incidents);
	return 0;
}

static void pause_ms(long ms)
{
	const struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&pause, NULL);
}

/* In short pieces: a signal must not wait for long. */
static void wait_ms(const struct run *self, uint64_t ms)
{
	for (; ms > 0 && !atomic_load(self->stop); ms -= ms < WAIT_PIECE_MS ? ms : WAIT_PIECE_MS)
		pause_ms(ms < WAIT_PIECE_MS ? (long)ms : WAIT_PIECE_MS);
}

static int follow(struct run *self)
{
	uint64_t took_ms;
	int result = 0;

	while (result == 0 && !atomic_load(self->stop)) {
		int came = read_more(self);

		uint64_t began_ms = ring_now_ms();

		if (self->has_unsaved || self->told_version != self->store->version)
			result = judge_and_tell(self);
		/* A large store is judged less often: at most a tenth of the time. */
		took_ms = ring_now_ms() - began_ms;
		if (!atomic_load(self->stop) && (came == 0 || took_ms > 0))
			wait_ms(self,
				took_ms * 9 > FOLLOW_PAUSE_MS ? took_ms * 9 : FOLLOW_PAUSE_MS);
	}
	return result;
}

static int write_reports(const struct run *self, const struct incidents *incidents)
{
	const struct options *options = self->options;
	int result = 0;

	for (size_t i = 0; i < incidents->items_count && result == 0; i++) {
		const struct incident *incident = &incidents->items[i];

		if (options->report[0] == '\0' || strcmp(options->report, incident->id) == 0)
			result = report_write(stdout, incidents, incident, self->prices,
					      &options->report_options);
	}
	if (options->report[0] != '\0' && incidents_find(incidents, options->report) == NULL)
		return -ENOENT;
	return fflush(stdout) == 0 ? result : -EIO;
}

/* Nothing to read but Redis: the report that was published. */
static enum trail_exit report_published(struct run *self)
{
	int result = redis_trail_report(self->redis, self->options->report,
					&self->options->report_options, stdout);

	if (result == -ENOENT)
		return fail(TRAIL_USAGE, "no such incident in Redis");
	if (result != 0)
		return fail(TRAIL_LOST, result == -EPIPE
						? "the report cannot be written to standard output"
						: redis_trail_error(self->redis));
	return fflush(stdout) == 0 ? TRAIL_DONE : TRAIL_LOST;
}

static enum trail_exit finish_report(struct run *self)
{
	struct incidents incidents;
	int result = judge(self, &incidents);

	if (result != 0)
		return fail(TRAIL_LOST, strerror(-result));
	result = write_reports(self, &incidents);
	incidents_free(&incidents);
	if (result == -ENOENT)
		return fail(TRAIL_USAGE, "no such incident");
	if (result == -EIO)
		return fail(TRAIL_LOST, "the report cannot be written to standard output");
	return result == 0 ? TRAIL_DONE : fail(TRAIL_LOST, strerror(-result));
}

static enum trail_exit finish_run(struct run *self)
{
	struct incidents incidents;
	int result = judge(self, &incidents);

	if (result != 0)
		return fail(TRAIL_LOST, strerror(-result));
	tell(self, &incidents);
	if (summary_write(stdout, &incidents, self->prices) != 0)
		self->is_losing = true;
	incidents_free(&incidents);
	return TRAIL_DONE;
}

/* What happened on the way decides the exit code. */
static enum trail_exit judge_run(const struct run *self)
{
	const struct intake_counts *counts = intake_counts(self->intake);

	summary_counts(stderr, counts, flowlog_counts(self->flowlog), &self->store->counts);
	if (self->is_losing || self->store->counts.forgotten > 0)
		return TRAIL_LOST;
	if (self->is_broken || counts->bad_files > 0 || counts->bad > 0 ||
	    flowlog_counts(self->flowlog)->bad > 0)
		return TRAIL_INPUT;
	return TRAIL_DONE;
}

static enum trail_exit read_and_tell(struct run *self)
{
	const struct options *options = self->options;
	enum trail_exit code;

	if (options->report != NULL && options->paths.count + options->flowlogs.count == 0 &&
	    options->state == NULL)
		return report_published(self);
	read_paths(self);
	if (options->is_following) {
		if (follow(self) != 0)
			return fail(TRAIL_LOST, "out of memory");
	} else if (options->report == NULL) {
		while (self->redis != NULL && read_more(self) > 0)
			;
	}
	code = options->report != NULL ? finish_report(self) : finish_run(self);
	return code == TRAIL_DONE ? judge_run(self) : code;
}

enum trail_exit trail_run(const struct options *options, const _Atomic bool *stop)
{
	struct run run = { .options = options, .stop = stop };
	enum trail_exit code = open_all(&run);

	if (code == TRAIL_DONE)
		code = read_and_tell(&run);
	close_all(&run);
	return code;
}
