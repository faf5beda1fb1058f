/* source.c: files and interfaces as one stream of frames.
 *
 * One input is passed through, libpcap's callback to ours. Several are merged with a binary heap of
 * inputs, each with its next frame still in libpcap's buffer: nothing is copied but frames whose
 * time is in doubt (input.c). Beyond OPEN_FILES inputs a file is closed again once the time of
 * its first frame is known, and reopened when the stream gets there. */
#include "sensor/source.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "sensor/input.h"

#define NS_PER_S     1000000000u
#define JUMP_NS      ((uint64_t)LIMIT_TIME_JUMP_S * NS_PER_S)
#define DISPATCH_MAX 64
#define OPEN_FILES   256
#define QUIET_DELAY_NS \
	NS_PER_S /* how far packet time stays behind the wall clock when nothing comes */

struct source {
	struct stats *stats;
	struct input *inputs;
	size_t count;
	size_t *heap; /* indices into inputs, the next one first */
	size_t heap_count;
	size_t open_count;
	char *filter;
	char **damage;
	size_t damage_count;
	uint64_t last_ns;
	uint64_t number;
	capture_fn fn; /* of the call under way */
	void *ctx;
	int delivered;
	bool is_live;
	bool is_in_order;
	volatile sig_atomic_t is_broken;
};

static void deliver(struct source *self, const struct frame *frame, uint64_t time_ns)
{
	struct frame out = *frame;

	out.time_ns = time_ns < self->last_ns ? self->last_ns : time_ns;
	out.number = ++self->number;
	stats_add(self->stats->packets, 1);
	stats_add(self->stats->bytes, frame->bytes.len);
	if (out.time_ns != frame->time_ns)
		stats_add(self->stats->time_clamped, 1);
	self->last_ns = out.time_ns;
	self->delivered++;
	self->fn(self->ctx, &out);
}

static void release_held(struct source *self, struct input *input, const uint64_t *next_ns)
{
	input->has_held = false;
	deliver(self, &input->held, input_settle_time(input, next_ns));
}

/* ---- damage */

static int add_damage(struct source *self, const char *text)
{
	char **damage = realloc(self->damage, (self->damage_count + 1) * sizeof(*damage));

	if (damage == NULL)
		return -ENOMEM;
	self->damage = damage;
	damage[self->damage_count] = strdup(text);
	if (damage[self->damage_count] == NULL)
		return -ENOMEM;
	self->damage_count++;
	return 0;
}

/* ---- one input, passed through */

static void on_frame(void *ctx, const struct frame *frame)
{
	struct source *self = ctx;
	struct input *input = &self->inputs[0];

	if (input->has_held)
		release_held(self, input, &frame->time_ns);
	if (input_doubts(input, frame->time_ns) && input_hold(input, frame))
		input->has_held = true;
	else
		deliver(self, frame, input_pass_time(input, frame->time_ns));
}

static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* A quiet live link: packet time follows the wall clock, and goes on when that is set back. */
static void follow_wall_clock(struct source *self, struct input *input)
{
	uint64_t wall_ns = wall_clock_ns();
	uint64_t quiet_ns = wall_ns < QUIET_DELAY_NS ? 0 : wall_ns - QUIET_DELAY_NS;
	uint64_t now_ns = input_follow_clock(input, quiet_ns);

	if (now_ns > self->last_ns)
		self->last_ns = now_ns;
}

static int dispatch_single(struct source *self)
{
	struct input *input = &self->inputs[0];
	int rc;

	do {
		rc = capture_dispatch(input->capture, DISPATCH_MAX, on_frame, self);
	} while (rc > 0 && self->delivered == 0);
	if (rc > 0)
		return self->delivered;
	if (input->has_held) {
		uint64_t wall_ns = wall_clock_ns();

		/* What ended the read is met again by the next call. */
		release_held(self, input, self->is_live ? &wall_ns : NULL);
		return self->delivered;
	}
	if (rc == 0)
		follow_wall_clock(self, input);
	if ((rc == -EIO || rc == -ENETDOWN) && !input->is_done) {
		input->is_done = true;
		if (add_damage(self, capture_error(input->capture)) != 0)
			return -ENOMEM;
	}
	return rc == -EIO ? -ENODATA : rc;
}

/* ---- several inputs, merged */

static bool comes_first(const struct source *self, size_t a, size_t b)
{
	uint64_t a_ns = self->inputs[a].head_ns;
	uint64_t b_ns = self->inputs[b].head_ns;

	if (self->is_in_order || a_ns == b_ns)
		return a < b;
	return a_ns < b_ns;
}

static void heap_push(struct source *self, size_t index)
{
	size_t at = self->heap_count++;

	while (at > 0 && comes_first(self, index, self->heap[(at - 1) / 2])) {
		self->heap[at] = self->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	self->heap[at] = index;
}

/* Puts index where the first one was. */
static void heap_replace(struct source *self, size_t index)
{
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= self->heap_count)
			break;
		if (child + 1 < self->heap_count &&
		    comes_first(self, self->heap[child + 1], self->heap[child]))
			child++;
		if (!comes_first(self, self->heap[child], index))
			break;
		self->heap[at] = self->heap[child];
		at = child;
	}
	self->heap[at] = index;
}

static void heap_pop(struct source *self)
{
	size_t last = self->heap[--self->heap_count];

	if (self->heap_count > 0)
		heap_replace(self, last);
}

static void close_input(struct source *self, struct input *input)
{
	if (input->capture == NULL)
		return;
	capture_close(input->capture);
	input->capture = NULL;
	self->open_count--;
}

static int open_input(struct source *self, struct input *input, char error[CAPTURE_ERROR_TEXT])
{
	uint64_t done;
	int rc = capture_open_file(&input->capture, input->path, self->filter, error);

	if (rc != 0)
		return rc;
	self->open_count++;
	input->has_last = false;
	input->has_after = false;
	(void)capture_progress(input->capture, &done, &input->size);
	return 0;
}

/* The input is at its end: rc is what input_advance() said. */
static int finish_input(struct source *self, struct input *input, int rc)
{
	if (rc == -EINTR || self->is_broken != 0)
		return -EINTR;
	input->is_done = true;
	rc = rc == -EIO ? add_damage(self, capture_error(input->capture)) : 0;
	close_input(self, input);
	return rc;
}

/* Opens a parked input again; its first frame becomes head. */
static int unpark(struct source *self, struct input *input)
{
	char error[CAPTURE_ERROR_TEXT];
	int rc = open_input(self, input, error);

	if (rc != 0) {
		input->is_done = true;
		rc = add_damage(self, error);
		return rc == 0 ? -ENODATA : rc;
	}
	rc = input_advance(input);
	if (rc == 1)
		return 0;
	rc = finish_input(self, input, rc);
	return rc == 0 ? -ENODATA : rc;
}

static int dispatch_merged(struct source *self)
{
	while (self->heap_count > 0 && self->delivered < DISPATCH_MAX && self->is_broken == 0) {
		struct input *input = &self->inputs[self->heap[0]];
		int rc = input->capture == NULL ? unpark(self, input) : 0;

		if (rc == 0) {
			deliver(self, &input->head, input->head_ns);
			rc = input_advance(input);
		}
		if (rc == 1) {
			heap_replace(self, self->heap[0]);
			continue;
		}
		if (!input->is_done)
			rc = finish_input(self, input, rc);
		if (rc != 0 && rc != -ENODATA)
			return rc;
		heap_pop(self);
	}
	if (self->delivered > 0)
		return self->delivered;
	return self->is_broken != 0 ? -EINTR : -ENODATA;
}

int source_dispatch(struct source *self, capture_fn fn, void *ctx)
{
	if (self->is_broken != 0)
		return -EINTR;
	self->fn = fn;
	self->ctx = ctx;
	self->delivered = 0;
	return self->heap == NULL ? dispatch_single(self) : dispatch_merged(self);
}

/* ---- opening */

static int add_input(struct source *self, const char *path, bool is_from_folder)
{
	struct input *inputs = realloc(self->inputs, (self->count + 1) * sizeof(*inputs));

	if (inputs == NULL)
		return -ENOMEM;
	self->inputs = inputs;
	inputs[self->count] =
		(struct input){ .path = strdup(path), .is_from_folder = is_from_folder };
	if (inputs[self->count].path == NULL)
		return -ENOMEM;
	self->count++;
	return 0;
}

static int is_capture_name(const struct dirent *entry)
{
	static const char *const suffixes[] = { ".pcap", ".pcapng", ".cap" };
	size_t len = strlen(entry->d_name);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t suffix_len = strlen(suffixes[i]);

		if (len > suffix_len && strcmp(entry->d_name + len - suffix_len, suffixes[i]) == 0)
			return 1;
	}
	return 0;
}

/* Not alphasort(): the order must not depend on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_folder(struct source *self, const char *folder, char error[CAPTURE_ERROR_TEXT])
{
	struct dirent **entries = NULL;
	size_t before = self->count;
	int count = scandir(folder, &entries, is_capture_name, by_name);
	int rc = count < 0 ? -errno : 0;

	for (int i = 0; i < count; i++) {
		char *path = NULL;
		struct stat st;

		if (rc == 0 && asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0) {
			path = NULL;
			rc = -ENOMEM;
		}
		if (rc == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
			rc = add_input(self, path, true);
		free(path);
		free(entries[i]);
	}
	free(entries);
	if (rc != 0)
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: %s", folder, strerror(-rc));
	else if (self->count == before)
		(void)snprintf(error, CAPTURE_ERROR_TEXT,
			       "%s: no *.pcap, *.pcapng or *.cap file in this folder", folder);
	return rc == 0 && self->count == before ? -ENOENT : rc;
}

static int add_paths(struct source *self, const struct source_files *files,
		     char error[CAPTURE_ERROR_TEXT])
{
	for (size_t i = 0; i < files->count; i++) {
		struct stat st;
		bool is_folder = strcmp(files->paths[i], "-") != 0 &&
				 stat(files->paths[i], &st) == 0 && S_ISDIR(st.st_mode);
		int rc = is_folder ? add_folder(self, files->paths[i], error)
				   : add_input(self, files->paths[i], false);

		if (rc != 0) {
			if (!is_folder)
				(void)snprintf(error, CAPTURE_ERROR_TEXT, "out of memory");
			return rc;
		}
	}
	if (self->count == 0) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "no capture file given");
		return -ENOENT;
	}
	return 0;
}

/* Opens an input that is one of several, reads its first frame, and parks it if need be. */
static int open_one_of(struct source *self, size_t index, char error[CAPTURE_ERROR_TEXT])
{
	struct input *input = &self->inputs[index];
	int rc = open_input(self, input, error);

	if (rc == -EIO || (rc != 0 && input->is_from_folder && rc != -EINVAL && rc != -ENOMEM)) {
		input->is_done = true;
		return add_damage(self, error);
	}
	if (rc != 0)
		return rc;
	rc = input_advance(input);
	if (rc != 1)
		return finish_input(self, input, rc);
	heap_push(self, index);
	if (self->open_count > OPEN_FILES && strcmp(input->path, "-") != 0)
		close_input(self, input);
	return 0;
}

static int open_all(struct source *self, char error[CAPTURE_ERROR_TEXT])
{
	size_t opened = 0;

	if (self->count == 1)
		return open_input(self, &self->inputs[0], error);
	self->heap = calloc(self->count, sizeof(*self->heap));
	if (self->heap == NULL) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < self->count; i++) {
		size_t damage_before = self->damage_count;
		int rc = open_one_of(self, i, error);

		if (rc != 0)
			return rc;
		if (self->damage_count == damage_before)
			opened++;
	}
	if (opened > 0)
		return 0;
	(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s", source_damage(self, 0));
	return -EIO;
}

int source_open_files(struct source **out, const struct source_files *files, struct stats *stats,
		      char error[CAPTURE_ERROR_TEXT])
{
	struct source *self = calloc(1, sizeof(*self));
	int rc = -ENOMEM;

	*out = NULL;
	(void)snprintf(error, CAPTURE_ERROR_TEXT, "out of memory");
	if (self == NULL)
		return rc;
	self->stats = stats;
	self->is_in_order = files->in_order;
	if (files->filter != NULL) {
		self->filter = strdup(files->filter);
		if (self->filter == NULL)
			goto fail;
	}
	rc = add_paths(self, files, error);
	if (rc != 0)
		goto fail;
	rc = open_all(self, error);
	if (rc != 0)
		goto fail;
	*out = self;
	return 0;
fail:
	source_close(self);
	return rc;
}

/* NULL: out of memory. */
static struct source *live_new(const char *interface, struct stats *stats)
{
	struct source *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->stats = stats;
	self->is_live = true;
	if (add_input(self, interface, false) == 0)
		return self;
	source_close(self);
	return NULL;
}

int source_open_live(struct source *out[], size_t count, const struct capture_live *options,
		     struct stats stats[], char error[CAPTURE_ERROR_TEXT])
{
	struct capture *captures[LIMIT_WORKERS];
	int rc = capture_open_live(captures, count, options, error);

	for (size_t i = 0; i < count; i++)
		out[i] = NULL;
	for (size_t i = 0; i < count && rc == 0; i++) {
		out[i] = live_new(options->interface, &stats[i]);
		if (out[i] == NULL) {
			(void)snprintf(error, CAPTURE_ERROR_TEXT, "out of memory");
			rc = -ENOMEM;
			break;
		}
		out[i]->inputs[0].capture = captures[i];
		out[i]->open_count = 1;
		captures[i] = NULL;
	}
	for (size_t i = 0; i < count && rc != 0; i++) {
		capture_close(captures[i]);
		source_close(out[i]);
		out[i] = NULL;
	}
	return rc;
}

/* ---- the rest */

uint64_t source_now(const struct source *self)
{
	return self->last_ns;
}

const char *source_damage(const struct source *self, size_t index)
{
	return index < self->damage_count ? self->damage[index] : NULL;
}

bool source_is_live(const struct source *self)
{
	return self->is_live;
}

bool source_progress(const struct source *self, uint64_t *done, uint64_t *total)
{
	uint64_t sum_done = 0;
	uint64_t sum_total = 0;

	for (size_t i = 0; i < self->count; i++) {
		const struct input *input = &self->inputs[i];
		uint64_t input_done = 0;
		uint64_t input_total = input->size;

		if (input->capture != NULL &&
		    !capture_progress(input->capture, &input_done, &input_total))
			return false;
		if (input->is_done)
			input_done = input_total;
		sum_done += input_done;
		sum_total += input_total;
	}
	*done = sum_done;
	*total = sum_total;
	return true;
}

void source_counters(struct source *self, struct capture_counters *out)
{
	*out = (struct capture_counters){ 0 };
	if (self->is_live)
		capture_counters(self->inputs[0].capture, out);
}

const char *source_name(const struct source *self)
{
	return self->count == 1 ? self->inputs[0].path : "";
}

void source_break(struct source *self)
{
	self->is_broken = 1;
	/* Merged captures come and go; a pass-through one lives as long as the source. */
	if (self->heap == NULL && self->inputs[0].capture != NULL)
		capture_break(self->inputs[0].capture);
}

void source_close(struct source *self)
{
	if (self == NULL)
		return;
	for (size_t i = 0; i < self->count; i++) {
		close_input(self, &self->inputs[i]);
		free(self->inputs[i].held_bytes);
		free(self->inputs[i].path);
	}
	for (size_t i = 0; i < self->damage_count; i++)
		free(self->damage[i]);
	free(self->damage);
	free(self->inputs);
	free(self->heap);
	free(self->filter);
	free(self);
}
