/* flowlog_file.c: unpacks files and cuts them into lines. */
#include "sensor/trail/flowlog_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "sensor/log.h"
#include "sensor/printable.h"
#include "sensor/tag_table.h"
#include "sensor/trail/folder.h"
#include "sensor/trail/limits.h"

#define READ_BYTES 131072
#define ENDS_BYTES 65536 /* of a file's begin and end: what it is known by */
#define PATH_TEXT  512   /* of a path in a message */

struct flowlog_reader {
	flowlog_line_fn *fn;
	void *ctx;
	struct flowlog_counts *counts;
	const _Atomic bool *stop;
	struct siphash_key key;
	struct tag_table known; /* of files */
	struct flowlog_source *source;
	const char *path; /* being read */
	struct flowlog_layout layout;
	uint32_t number; /* of the line */
	uint64_t bad;    /* of this file */
	size_t len;      /* of the line so far */
	bool is_too_long;
	char line[FLOWLOG_LINE_MAX + 1];
};

/* --- names ---------------------------------------------------------------------------------- */

/* What follows mark in the path, up to end. False: it is not there, or does not fit. */
static bool copy_after(const char *path, const char *mark, char end, char out[FLOWLOG_PLACE])
{
	const char *begin = strstr(path, mark);
	const char *stop = begin != NULL ? strchr(begin + strlen(mark), end) : NULL;
	size_t len;

	if (stop == NULL)
		return false;
	begin += strlen(mark);
	len = (size_t)(stop - begin);
	if (len == 0 || len >= FLOWLOG_PLACE)
		return false;
	memcpy(out, begin, len);
	out[len] = '\0';
	return true;
}

static void read_place(const char *path, const char *name, struct flowlog_source *out)
{
	const char *mark = strstr(name, "_vpcflowlogs_");

	if (mark != NULL && mark != name && (size_t)(mark - name) < FLOWLOG_PLACE) {
		memcpy(out->account, name, (size_t)(mark - name));
		out->account[mark - name] = '\0';
	} else if (!copy_after(path, "aws-account-id=", '/', out->account)) {
		(void)copy_after(path, "AWSLogs/", '/', out->account);
	}
	if (!copy_after(name, "_vpcflowlogs_", '_', out->region) &&
	    !copy_after(path, "aws-region=", '/', out->region))
		(void)copy_after(path, "/vpcflowlogs/", '/', out->region);
}

struct flowlog_source *flowlog_source_new(const char *path)
{
	struct flowlog_source *self = calloc(1, sizeof(*self));
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	if (self == NULL)
		return NULL;
	self->refs = 1;
	(void)snprintf(self->name, sizeof(self->name), "%s", name);
	read_place(path, name, self);
	return self;
}

struct flowlog_source *flowlog_source_ref(struct flowlog_source *self)
{
	self->refs++;
	return self;
}

void flowlog_source_unref(struct flowlog_source *self)
{
	if (self != NULL && --self->refs == 0)
		free(self);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);

	return len > strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

/* In a folder: not what belongs to other readers. */
static bool is_ours(const char *path)
{
	static const char *const ends[] = { ".log", ".log.gz", ".txt", ".txt.gz", ".gz" };
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	if (strstr(name, "_vpcflowlogs_") != NULL)
		return !ends_with(name, ".parquet");
	if ((strstr(path, "AWSLogs/") != NULL || strstr(path, "aws-service=") != NULL) &&
	    strstr(path, "vpcflowlogs") == NULL)
		return false;
	if (ends_with(name, ".json.gz") || ends_with(name, ".jsonl.gz") ||
	    ends_with(name, ".ndjson.gz"))
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(name, ends[i]))
			return true;
	return strchr(name, '.') == NULL;
}

/* --- messages ------------------------------------------------------------------------------- */

static void say_file(struct flowlog_reader *self, const char *path, const char *why)
{
	char text[PATH_TEXT];

	printable_text(path, text, sizeof(text));
	log_error("%s: %s", text, why);
	self->counts->bad_files++;
}

static void say_bad(struct flowlog_reader *self, const char *why)
{
	char path[PATH_TEXT];

	self->counts->bad++;
	if (self->bad++ >= FLOWLOG_NAMED)
		return;
	printable_text(self->path, path, sizeof(path));
	log_warning("%s:%u: %s; passed by", path, self->number, why);
}

static void say_rest(const struct flowlog_reader *self)
{
	char path[PATH_TEXT];

	if (self->bad <= FLOWLOG_NAMED)
		return;
	printable_text(self->path, path, sizeof(path));
	log_warning("%s: %llu more bad lines; passed by", path,
		    (unsigned long long)(self->bad - FLOWLOG_NAMED));
}

/* --- lines ---------------------------------------------------------------------------------- */

static int hand_on(struct flowlog_reader *self, const struct flowlog_line *line)
{
	if (line->status == FLOWLOG_NODATA) {
		self->counts->nodata++;
	} else if (line->status == FLOWLOG_SKIPDATA) {
		self->counts->skipdata++;
	} else if (line->is_rejected) {
		self->counts->rejected++;
	} else if (line->has_traffic) {
		return self->fn(self->ctx, line, self->source, self->number);
	}
	return 0;
}

static void take_header(struct flowlog_reader *self)
{
	if (!self->layout.is_usable)
		say_bad(self, "the header lacks addresses, ports, start or end; its lines are");
}

/* The line is whole and ends with a NUL. */
static int take_line(struct flowlog_reader *self)
{
	struct flowlog_line line;
	const char *why;
	char *text = self->line;

	self->number++;
	if (self->number == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	if (self->is_too_long || strlen(self->line) != self->len) {
		say_bad(self, self->is_too_long ? "the line is too long" : "a NUL byte");
		return 0;
	}
	if (text[strspn(text, " \t\r")] == '\0')
		return 0;
	if (flowlog_header_read(&self->layout, text)) {
		take_header(self);
		return 0;
	}
	self->counts->lines++;
	if (self->layout.count != 0 && !self->layout.is_usable)
		return 0;
	if (flowlog_line_read(&self->layout, text, &line, &why) != 0) {
		say_bad(self, why);
		return 0;
	}
	return hand_on(self, &line);
}

static int end_line(struct flowlog_reader *self)
{
	int result;

	self->line[self->len] = '\0';
	result = take_line(self);
	self->len = 0;
	self->is_too_long = false;
	if (result == 0 && self->stop != NULL && atomic_load(self->stop))
		result = -EINTR;
	return result;
}

static void add_bytes(struct flowlog_reader *self, const char *bytes, size_t len)
{
	if (len > FLOWLOG_LINE_MAX - self->len) {
		self->is_too_long = true;
		len = FLOWLOG_LINE_MAX - self->len;
	}
	memcpy(self->line + self->len, bytes, len);
	self->len += len;
}

static int feed(struct flowlog_reader *self, const char *bytes, size_t len)
{
	int result = 0;

	while (len > 0 && result == 0) {
		const char *feed_at = memchr(bytes, '\n', len);
		size_t part = feed_at != NULL ? (size_t)(feed_at - bytes) : len;

		add_bytes(self, bytes, part);
		if (feed_at == NULL)
			break;
		result = end_line(self);
		bytes += part + 1;
		len -= part + 1;
	}
	return result;
}

static int begin_file(struct flowlog_reader *self, const char *path)
{
	self->source = flowlog_source_new(path);
	if (self->source == NULL)
		return -ENOMEM;
	self->path = path;
	self->layout = (struct flowlog_layout){ 0 };
	self->number = 0;
	self->bad = 0;
	self->len = 0;
	self->is_too_long = false;
	self->counts->files++;
	return 0;
}

static int end_file(struct flowlog_reader *self, int result)
{
	if (result == 0 && (self->len > 0 || self->is_too_long))
		result = end_line(self);
	say_rest(self);
	flowlog_source_unref(self->source);
	self->source = NULL;
	return result;
}

/* --- files ---------------------------------------------------------------------------------- */

/* Size, begin and end of a file. False: it cannot be told, as of a pipe. */
static bool know_file(const struct flowlog_reader *self, int fd, char *buffer,
		      struct siphash_tag *tag)
{
	struct siphash_tag parts[3];
	struct stat info;
	off_t tail;
	ssize_t got;

	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0)
		return false;
	tail = info.st_size > ENDS_BYTES ? info.st_size - ENDS_BYTES : 0;
	got = pread(fd, buffer, ENDS_BYTES, 0);
	if (got < 0)
		return false;
	parts[0] = siphash128(buffer, (size_t)got, self->key);
	got = pread(fd, buffer, ENDS_BYTES, tail);
	if (got < 0)
		return false;
	parts[1] = siphash128(buffer, (size_t)got, self->key);
	parts[2] = (struct siphash_tag){ { (uint64_t)info.st_size, 0 } };
	*tag = siphash128(parts, sizeof(parts), self->key);
	return true;
}

static int remember(struct flowlog_reader *self, struct siphash_tag tag)
{
	struct tag_link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return -ENOMEM;
	if (self->known.count >= FLOWLOG_FILES) {
		struct tag_link *oldest = self->known.oldest;

		tag_table_remove(&self->known, oldest);
		free(oldest);
	}
	link->tag = tag;
	tag_table_add(&self->known, link);
	return 0;
}

/* What zlib says of a file that ends too early or is damaged. */
static void finish_gzip(struct flowlog_reader *self, gzFile file, int result)
{
	int code = Z_OK;
	const char *why = gzerror(file, &code);
	char text[PATH_TEXT];
	bool is_bad = result == 0 && code != Z_OK && code != Z_STREAM_END;

	(void)snprintf(text, sizeof(text), "%s", code == Z_ERRNO ? strerror(errno) : why);
	if (gzclose(file) == Z_BUF_ERROR && result == 0 && !is_bad)
		say_file(self, self->path, "cut short");
	else if (is_bad)
		say_file(self, self->path, text);
}

static int read_gzip(struct flowlog_reader *self, const char *path, gzFile file, char *buffer)
{
	int result = begin_file(self, path);
	int got;

	if (result != 0) {
		(void)gzclose(file);
		return result;
	}
	(void)gzbuffer(file, READ_BYTES);
	while (result == 0 && (got = gzread(file, buffer, READ_BYTES)) > 0)
		result = feed(self, buffer, (size_t)got);
	result = end_file(self, result);
	finish_gzip(self, file, result);
	return result;
}

/* The descriptor is closed. */
static int read_descriptor(struct flowlog_reader *self, const char *path, int fd)
{
	char *buffer = malloc(READ_BYTES);
	struct siphash_tag tag;
	gzFile file;
	int result = buffer == NULL ? -ENOMEM : 0;

	if (result == 0 && know_file(self, fd, buffer, &tag)) {
		if (tag_table_find(&self->known, tag) != NULL) {
			self->counts->repeated++;
			free(buffer);
			(void)close(fd);
			return 0;
		}
		result = remember(self, tag);
	}
	file = result == 0 ? gzdopen(fd, "rb") : NULL;
	if (file == NULL) {
		free(buffer);
		(void)close(fd);
		return result != 0 ? result : -ENOMEM;
	}
	result = read_gzip(self, path, file, buffer);
	free(buffer);
	return result;
}

static int on_file(void *ctx, const char *path, const struct stat *info)
{
	struct flowlog_reader *self = ctx;
	int fd;

	(void)info;
	if (!is_ours(path)) {
		self->counts->passed_by++;
		return 0;
	}
	fd = folder_open(path);
	if (fd < 0) {
		say_file(self, path, strerror(-fd));
		return 0;
	}
	return read_descriptor(self, path, fd);
}

int flowlog_reader_path(struct flowlog_reader *self, const char *path)
{
	struct stat info;
	int fd;

	if (strcmp(path, "-") == 0) {
		fd = dup(STDIN_FILENO);
		return fd < 0 ? -errno : read_descriptor(self, "standard input", fd);
	}
	if (stat(path, &info) != 0) {
		int result = -errno;

		say_file(self, path, strerror(-result));
		return result;
	}
	if (S_ISDIR(info.st_mode))
		return folder_walk(path, on_file, self);
	fd = folder_open(path);
	if (fd < 0) {
		say_file(self, path, strerror(-fd));
		return fd;
	}
	return read_descriptor(self, path, fd);
}

int flowlog_reader_text(struct flowlog_reader *self, const char *name, const char *bytes,
			size_t len)
{
	int result = begin_file(self, name);

	if (result != 0)
		return result;
	return end_file(self, feed(self, bytes, len));
}

struct flowlog_reader *flowlog_reader_new(flowlog_line_fn *fn, void *ctx,
					  struct flowlog_counts *counts, const _Atomic bool *stop)
{
	struct flowlog_reader *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->fn = fn;
	self->ctx = ctx;
	self->counts = counts;
	self->stop = stop;
	if (tag_table_init(&self->known, 1024) != 0 ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		flowlog_reader_free(self);
		return NULL;
	}
	return self;
}

void flowlog_reader_free(struct flowlog_reader *self)
{
	if (self == NULL)
		return;
	tag_table_fini(&self->known);
	free(self);
}
