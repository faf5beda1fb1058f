/* state.c: the folder that survives a restart. */
#include "sensor/trail/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/log.h"
#include "sensor/printable.h"
#include "sensor/trail/state_compact.h"

#define FILES_AT_FIRST 64
/* documents.jsonl is written anew when it is this much longer than after the last time. */
#define COMPACT_BYTES (64u << 20)

struct done_file {
	char *path;
	uint64_t size;
	uint64_t mtime_ns;
};

struct state {
	int folder;
	int lock;
	FILE *documents;
	uint64_t bytes;         /* of documents.jsonl */
	uint64_t compact_bytes; /* its length at which it is written anew */
	struct done_file *files;
	size_t file_count;
	size_t file_room;
	bool is_broken; /* a write failed: nothing after it can be trusted */
};

typedef int write_fn(const struct state *self, FILE *out, const void *ctx);

static int fail(char error[STATE_ERROR_TEXT], const char *folder, int result)
{
	char shown[160];

	printable_text(folder, shown, sizeof(shown));
	(void)snprintf(error, STATE_ERROR_TEXT, "%s: %s", shown,
		       result == -EBUSY ? "another process uses it" : strerror(-result));
	return result;
}

/* A kill in mid-write leaves a record without its end, and the next one would be written behind it.
 * Its file is not among the done ones: it is read again. *size becomes that of the whole records.
 */
static int cut_torn(int fd, off_t *size)
{
	char block[4096];
	off_t whole = *size;

	while (whole > 0) {
		off_t begin = whole > (off_t)sizeof(block) ? whole - (off_t)sizeof(block) : 0;
		ssize_t len = pread(fd, block, (size_t)(whole - begin), begin);
		const char *end;

		if (len != whole - begin)
			return len < 0 ? -errno : -EIO;
		end = memrchr(block, '\n', (size_t)len);
		whole = end == NULL ? begin : begin + (end - block) + 1;
		if (end != NULL)
			break;
	}
	if (whole == *size)
		return 0;
	*size = whole;
	return ftruncate(fd, whole) == 0 ? 0 : -errno;
}

static int open_documents(struct state *self)
{
	int fd = openat(self->folder, "documents.jsonl",
			O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat info;
	int result;

	if (fd < 0)
		return -errno;
	result = fstat(fd, &info) != 0 ? -errno : cut_torn(fd, &info.st_size);
	if (result != 0) {
		(void)close(fd);
		return result;
	}
	self->bytes = (uint64_t)info.st_size;
	self->documents = fdopen(fd, "a");
	if (self->documents != NULL)
		return 0;
	(void)close(fd);
	return -ENOMEM;
}

static int open_folder(struct state *self, const char *folder)
{
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return -errno;
	self->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (self->folder < 0)
		return -errno;
	self->lock = openat(self->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (self->lock < 0)
		return -errno;
	if (flock(self->lock, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return open_documents(self);
}

int state_open(struct state **out, const char *folder, char error[STATE_ERROR_TEXT])
{
	struct state *self = calloc(1, sizeof(*self));
	int result;

	if (self == NULL)
		return fail(error, folder, -ENOMEM);
	self->folder = -1;
	self->lock = -1;
	result = open_folder(self, folder);
	if (result < 0) {
		state_close(self);
		return fail(error, folder, result);
	}
	self->compact_bytes = self->bytes + COMPACT_BYTES;
	*out = self;
	return 0;
}

void state_close(struct state *self)
{
	if (self == NULL)
		return;
	if (self->documents != NULL)
		(void)fclose(self->documents);
	for (size_t i = 0; i < self->file_count; i++)
		free(self->files[i].path);
	free(self->files);
	if (self->lock >= 0)
		(void)close(self->lock);
	if (self->folder >= 0)
		(void)close(self->folder);
	free(self);
}

/* --- reading back --------------------------------------------------------------------------- */

static int restore_file(const struct state *self, struct intake *intake, const char *name)
{
	char path[64];

	if (faccessat(self->folder, name, R_OK, 0) != 0)
		return errno == ENOENT ? 0 : -errno;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", self->folder, name);
	return intake_path(intake, path);
}

int state_restore(struct state *self, struct intake *intake)
{
	static const char *const names[] = { "documents.jsonl", "seen.jsonl", "files.jsonl" };
	int result = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && result == 0; i++)
		result = restore_file(self, intake, names[i]);
	return result;
}

int state_note_file(struct state *self, const char *path, uint64_t size, uint64_t mtime_ns)
{
	struct done_file *file = NULL;

	for (size_t i = self->file_count; i > 0 && file == NULL; i--)
		if (strcmp(self->files[i - 1].path, path) == 0)
			file = &self->files[i - 1];
	if (file == NULL) {
		if (self->file_count == self->file_room) {
			size_t room = self->file_room == 0 ? FILES_AT_FIRST : self->file_room * 2;
			struct done_file *files = realloc(self->files, room * sizeof(*self->files));

			if (files == NULL)
				return -ENOMEM;
			self->files = files;
			self->file_room = room;
		}
		file = &self->files[self->file_count];
		file->path = strdup(path);
		if (file->path == NULL)
			return -ENOMEM;
		self->file_count++;
	}
	file->size = size;
	file->mtime_ns = mtime_ns;
	return 0;
}

int state_file_done(struct state *self, const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0)
		return -errno;
	return state_note_file(self, path, (uint64_t)info.st_size,
			       (uint64_t)info.st_mtim.tv_sec * 1000000000 +
				       (uint64_t)info.st_mtim.tv_nsec);
}

/* --- writing -------------------------------------------------------------------------------- */

/* On one line: a text with line feeds is written from its JSON. */
static int write_document(FILE *out, const char *raw, size_t len, const json_t *json)
{
	char *line = NULL;
	bool is_written;

	if (memchr(raw, '\n', len) != NULL) {
		line = json_dumps(json, JSON_COMPACT);
		if (line == NULL)
			return -ENOMEM;
		raw = line;
		len = strlen(line);
	}
	is_written = fwrite(raw, 1, len, out) == len && putc('\n', out) != EOF;
	free(line);
	return is_written ? 0 : -EIO;
}

int state_keep(struct state *self, const char *raw, size_t len, const json_t *json)
{
	int result = self->is_broken ? -EIO : write_document(self->documents, raw, len, json);

	self->is_broken |= result != 0;
	self->bytes += len + 1;
	return result;
}

static int sync_file(FILE *file)
{
	if (fflush(file) != 0 || fsync(fileno(file)) != 0)
		return errno != 0 ? -errno : -EIO;
	return 0;
}

/* Writes a file under another name, syncs it and renames it into place. */
static int replace_file(const struct state *self, const char *name, write_fn *write,
			const void *ctx)
{
	char temporary[64];
	FILE *file;
	int fd;
	int result;

	(void)snprintf(temporary, sizeof(temporary), "%s.new", name);
	fd = openat(self->folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0)
		return -errno;
	file = fdopen(fd, "w");
	if (file == NULL) {
		(void)close(fd);
		return -ENOMEM;
	}
	result = write(self, file, ctx);
	if (result == 0)
		result = sync_file(file);
	if (fclose(file) != 0 && result == 0)
		result = -EIO;
	if (result == 0 && renameat(self->folder, temporary, self->folder, name) != 0)
		result = -errno;
	if (result == 0 && fsync(self->folder) != 0)
		result = -errno;
	return result;
}

static int write_seen(const struct state *self, FILE *out, const void *ctx)
{
	(void)self;
	return state_write_seen(ctx, out);
}

static int write_files(const struct state *self, FILE *out, const void *ctx)
{
	int result = 0;

	(void)ctx;
	for (size_t i = 0; i < self->file_count && result == 0; i++) {
		const struct done_file *file = &self->files[i];
		/* A path may hold any bytes: as hexadecimal digits it is always valid JSON. */
		bool is_written = fputs("{\"minecanary-trail\":\"file\",\"path\":\"", out) != EOF;

		for (const char *at = file->path; *at != '\0'; at++)
			(void)fprintf(out, "%02x", (unsigned char)*at);
		is_written =
			is_written &&
			fprintf(out, "\",\"size\":\"%" PRIu64 "\",\"mtime\":\"%" PRIu64 "\"}\n",
				file->size, file->mtime_ns) > 0;
		result = is_written ? 0 : -EIO;
	}
	return result;
}

static int write_documents(const struct state *self, FILE *out, const void *ctx)
{
	int fd = openat(self->folder, "documents.jsonl", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	int result;

	if (in == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return -EIO;
	}
	result = state_compact(ctx, in, out);
	(void)fclose(in);
	return result;
}

/* Leaves out documents of which the store keeps nothing any more. */
static int compact(struct state *self, const struct store *store)
{
	int result = replace_file(self, "documents.jsonl", write_documents, store);

	if (result != 0)
		return result;
	(void)fclose(self->documents);
	self->documents = NULL;
	result = open_documents(self);
	self->compact_bytes = self->bytes * 2 + COMPACT_BYTES;
	return result;
}

int state_checkpoint(struct state *self, const struct store *store, char error[STATE_ERROR_TEXT])
{
	int result = self->is_broken ? -EIO : sync_file(self->documents);

	if (result == 0 && self->bytes > self->compact_bytes)
		result = compact(self, store);
	if (result == 0)
		result = replace_file(self, "seen.jsonl", write_seen, store);
	if (result == 0)
		result = replace_file(self, "files.jsonl", write_files, NULL);
	self->is_broken |= result != 0;
	if (result != 0)
		(void)snprintf(error, STATE_ERROR_TEXT, "the state cannot be saved: %s",
			       strerror(-result));
	return result;
}
