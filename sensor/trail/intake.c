/* intake.c: files, folders and standard input, unpacked and cut into documents. */
#include "sensor/trail/intake.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "sensor/log.h"
#include "sensor/printable.h"
#include "sensor/trail/folder.h"
#include "sensor/trail/limits.h"
#include "sensor/trail/mend.h"
#include "sensor/trail/record.h"
#include "sensor/trail/split.h"

#define READ_BYTES 131072
#define PATH_TEXT  512 /* of a path in a message */

struct intake {
	intake_fn *fn;
	void *ctx;
	const _Atomic bool *stop;
	struct split *split;
	struct intake_counts counts;
	const char *path; /* being read */
	uint64_t index;   /* of the next document in it */
};

static void say_bad(struct intake *self, const char *why)
{
	char path[PATH_TEXT];
	char text[PATH_TEXT];

	printable_text(self->path, path, sizeof(path));
	printable_text(why, text, sizeof(text));
	log_warning("%s: record %llu: %s; passed by", path, (unsigned long long)self->index, text);
	self->counts.bad++;
}

static void say_file(const char *path, const char *why)
{
	char text[PATH_TEXT];

	printable_text(path, text, sizeof(text));
	log_error("%s: %s", text, why);
}

/* --- documents ------------------------------------------------------------------------------ */

static bool is_text(const json_t *json, const char *key)
{
	return json_is_string(json_object_get(json, key));
}

static bool is_record(const json_t *json)
{
	return is_text(json, "eventName") &&
	       (is_text(json, "eventSource") || json_object_get(json, "userIdentity") != NULL);
}

static bool is_finding(const json_t *json)
{
	return (is_text(json, "SchemaVersion") && is_text(json, "ProductArn")) ||
	       (is_text(json, "schemaVersion") && is_text(json, "type") &&
		record_object(json, "service") != NULL) ||
	       (is_text(json, "SchemaVersion") && is_text(json, "Type") &&
		record_object(json, "Service") != NULL);
}

enum document intake_kind(const json_t **json)
{
	const json_t *detail = record_object(*json, "detail");

	if (detail != NULL && is_text(*json, "detail-type"))
		*json = detail;
	if (is_record(*json))
		return DOCUMENT_RECORD;
	if (json_object_get(*json, "minecanary-trail") != NULL)
		return DOCUMENT_STATE;
	if (strcmp(record_text(*json, "event_type"), "alert") == 0)
		return DOCUMENT_ALERT;
	if (is_finding(*json))
		return DOCUMENT_FINDING;
	if (json_is_array(json_object_get(*json, "Instances")))
		return DOCUMENT_RESERVATION;
	if (is_text(*json, "NetworkInterfaceId"))
		return DOCUMENT_INTERFACE;
	return DOCUMENT_OTHER;
}

/* One document whose envelope may be opened. */
static int hand_on(struct intake *self, const json_t *json, const char *raw, size_t len)
{
	enum document kind = intake_kind(&json);
	const char *why = "damaged";
	int result;

	if (kind == DOCUMENT_OTHER) {
		/* Flows and sessions stand between a sensor's alerts. */
		self->counts.others += !is_text(json, "event_type");
		return 0;
	}
	result = self->fn(self->ctx, kind, json, raw, len, &why);
	if (result == -EBADMSG) {
		say_bad(self, why);
		return 0;
	}
	self->counts.documents += result == 0;
	return result;
}

/* JSON inside of a text: lookup-events, CloudWatch Logs. */
static int hand_on_text(struct intake *self, const char *text)
{
	json_error_t error;
	char *mended;
	json_t *json = mend_parse(text, strlen(text), &mended, &error);
	int result = 0;

	if (json_is_object(json))
		result = hand_on(self, json, mended != NULL ? mended : text, strlen(text));
	else
		say_bad(self, json == NULL ? error.text : "no JSON object");
	json_decref(json);
	free(mended);
	return result;
}

/* Several in one envelope. False: it is none of that kind. */
static bool open_list(struct intake *self, const json_t *json, int *result)
{
	const json_t *findings = json_object_get(record_object(json, "detail"), "findings");
	const json_t *events = json_object_get(json, "logEvents");
	const json_t *list = json_is_array(findings) ? findings : events;

	if (!json_is_array(list))
		return false;
	for (size_t i = 0; i < json_array_size(list) && *result == 0; i++) {
		const json_t *item = json_array_get(list, i);
		char *raw;

		if (list == events) {
			*result = hand_on_text(self, record_text(item, "message"));
			continue;
		}
		raw = json_dumps(item, JSON_COMPACT);
		if (raw == NULL)
			*result = -ENOMEM;
		else
			*result = hand_on(self, item, raw, strlen(raw));
		free(raw);
	}
	return true;
}

static int open_envelope(struct intake *self, enum split_list list, const json_t *json,
			 const char *raw, size_t len)
{
	const char *text = record_text(json, "CloudTrailEvent");
	const char *message = record_text(json, "message");
	int result = 0;

	if (text[0] != '\0')
		return hand_on_text(self, text);
	if (message[0] == '{' && !is_record(json))
		return hand_on_text(self, message);
	if (open_list(self, json, &result))
		return result;
	if (list == SPLIT_RECORDS && !is_record(json)) {
		say_bad(self, "no eventName or eventSource");
		return 0;
	}
	return hand_on(self, json, raw, len);
}

static int on_object(void *ctx, enum split_list list, const char *bytes, size_t len,
		     const char *why)
{
	struct intake *self = ctx;
	json_error_t error;
	char *mended;
	json_t *json;
	int result = 0;

	if (bytes == NULL) {
		say_bad(self, why);
	} else {
		json = mend_parse(bytes, len, &mended, &error);
		if (json == NULL)
			say_bad(self, error.text);
		else
			result = open_envelope(self, list, json, mended != NULL ? mended : bytes,
					       len);
		json_decref(json);
		free(mended);
	}
	self->index++;
	if (result == 0 && self->stop != NULL && atomic_load(self->stop))
		result = -EINTR;
	return result;
}

/* --- files ---------------------------------------------------------------------------------- */

static void begin_file(struct intake *self, const char *path)
{
	self->path = path;
	self->index = 0;
}

/* What zlib says of a file that ends too early or is damaged. */
static void finish_file(struct intake *self, gzFile file, int result)
{
	int code = Z_OK;
	const char *why = gzerror(file, &code);

	if (result == 0 && code != Z_OK && code != Z_STREAM_END) {
		say_file(self->path, code == Z_ERRNO ? strerror(errno) : why);
		self->counts.bad_files++;
		(void)gzclose(file);
		return;
	}
	if (gzclose(file) == Z_BUF_ERROR && result == 0) {
		say_file(self->path, "cut short");
		self->counts.bad_files++;
	}
}

static int read_descriptor(struct intake *self, int fd)
{
	gzFile file = gzdopen(fd, "rb");
	char *bytes = malloc(READ_BYTES);
	int result = 0;
	int got = 0;

	if (file == NULL || bytes == NULL) {
		if (file != NULL)
			(void)gzclose(file);
		else
			(void)close(fd);
		free(bytes);
		return -ENOMEM;
	}
	(void)gzbuffer(file, READ_BYTES);
	while (result == 0 && (got = gzread(file, bytes, READ_BYTES)) > 0) {
		self->counts.bytes += (uint64_t)got;
		result = split_feed(self->split, bytes, (size_t)got);
	}
	/* Also after an error: the next file must find the splitter empty. */
	if (result == 0)
		result = split_end(self->split);
	else
		(void)split_end(self->split);
	finish_file(self, file, result);
	free(bytes);
	return result;
}

static int read_file(struct intake *self, const char *path, int fd)
{
	begin_file(self, path);
	self->counts.files++;
	return read_descriptor(self, fd);
}

static int on_file(void *ctx, const char *path, const struct stat *stat)
{
	struct intake *self = ctx;
	int fd;

	(void)stat;
	if (!folder_is_ours(path)) {
		self->counts.passed_by++;
		return 0;
	}
	fd = folder_open(path);
	if (fd < 0) {
		say_file(path, strerror(-fd));
		self->counts.bad_files++;
		return 0;
	}
	return read_file(self, path, fd);
}

int intake_path(struct intake *self, const char *path)
{
	struct stat stat_;
	int fd;

	if (strcmp(path, "-") == 0) {
		fd = dup(STDIN_FILENO);
		return fd < 0 ? -errno : read_file(self, "standard input", fd);
	}
	if (stat(path, &stat_) != 0) {
		int result = -errno;

		say_file(path, strerror(errno));
		return result;
	}
	if (S_ISDIR(stat_.st_mode))
		return folder_walk(path, on_file, self);
	fd = folder_open(path);
	if (fd < 0) {
		say_file(path, strerror(-fd));
		return fd;
	}
	return read_file(self, path, fd);
}

int intake_text(struct intake *self, const char *name, const char *bytes, size_t len)
{
	int result;

	begin_file(self, name);
	self->counts.bytes += len;
	result = split_feed(self->split, bytes, len);
	if (result == 0)
		return split_end(self->split);
	(void)split_end(self->split);
	return result;
}

struct intake *intake_new(intake_fn *fn, void *ctx, const _Atomic bool *stop)
{
	struct intake *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->fn = fn;
	self->ctx = ctx;
	self->stop = stop;
	self->path = "";
	self->split = split_new(TRAIL_ELEMENT_BYTES, on_object, self);
	if (self->split == NULL) {
		free(self);
		return NULL;
	}
	return self;
}

void intake_free(struct intake *self)
{
	if (self == NULL)
		return;
	split_free(self->split);
	free(self);
}

const struct intake_counts *intake_counts(const struct intake *self)
{
	return &self->counts;
}
