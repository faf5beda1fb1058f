/* journal.c: appends to the last segment, collects what is retired, deletes from the oldest on.
 *
 * A segment in which writing failed is left behind as it is, and the next record begins another:
 * when the disk has room again, the journal goes on. */
#include "sensor/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/journal_files.h"
#include "sensor/journal_index.h"

#define LOCK_NAME    "lock"
#define RETIRED_ROOM 4096u       /* sequences collected while they cannot be written */
#define READ_FIRST   (64u << 10) /* enough for most records */

struct journal {
	struct journal_options options;
	int lock;
	int fd; /* of the last segment; -1: it is not written any more */
	struct journal_index index;
	uint64_t unsynced; /* records */
	int late_error;    /* a sync that failed in between; 0: none */
	bool is_name_new;  /* the directory was not synced since */
	bool has_retired;  /* since they were last written */
	size_t retired_count;
	uint64_t retired[RETIRED_ROOM];
	uint8_t *buffer; /* a record of the largest body */
};

/* An older segment's retired records are told of in younger ones: those stay. */
static void delete_retired(struct journal *self)
{
	size_t kept = self->fd >= 0 ? 1 : 0;

	while (self->index.count > kept && self->index.segments[0].live == 0) {
		journal_files_delete(self->options.directory, &self->index.segments[0].name);
		journal_index_drop_first(&self->index);
	}
}

/* --- writing ------------------------------------------------------------------------------- */

static int sync_segment(struct journal *self)
{
	int result = 0;

	if (self->unsynced == 0)
		return 0;
	self->unsynced = 0;
	if (fdatasync(self->fd) != 0)
		result = -errno;
	if (result == 0 && self->is_name_new && fsync(self->options.directory) != 0)
		result = -errno;
	if (result == 0)
		self->is_name_new = false;
	return result;
}

/* The last segment gets no more. */
static void finish_segment(struct journal *self)
{
	int result;

	if (self->fd < 0)
		return;
	result = sync_segment(self);
	if (result < 0)
		self->late_error = result;
	close(self->fd);
	self->fd = -1;
	if (journal_index_last(&self->index)->bytes == JOURNAL_HEAD_BYTES) {
		/* Nothing could be written into it. */
		journal_files_delete(self->options.directory,
				     &journal_index_last(&self->index)->name);
		journal_index_drop_last(&self->index);
	}
	delete_retired(self);
}

static int start_segment(struct journal *self)
{
	struct journal_name name = { .first = self->index.next };
	int result;

	if (getrandom(&name.salt, sizeof(name.salt), 0) != (ssize_t)sizeof(name.salt))
		return -EIO;
	self->fd = journal_files_create(self->options.directory, &name);
	if (self->fd < 0) {
		result = self->fd;
		self->fd = -1;
		return result;
	}
	result = journal_index_add(&self->index, &name);
	if (result < 0) {
		close(self->fd);
		self->fd = -1;
		journal_files_delete(self->options.directory, &name);
		return result;
	}
	journal_index_last(&self->index)->bytes = JOURNAL_HEAD_BYTES;
	self->index.bytes += JOURNAL_HEAD_BYTES;
	self->is_name_new = true;
	return 0;
}

/* Appends to the last segment; one in which that fails is left behind. */
static int write_record(struct journal *self, const struct journal_record *record)
{
	static const uint8_t zeros[8];
	struct journal_segment *segment = journal_index_last(&self->index);
	uint8_t head[JOURNAL_RECORD_BYTES];
	size_t size = journal_record_size(record->len);
	const struct iovec parts[3] = {
		{ .iov_base = head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)(uintptr_t)record->body, .iov_len = record->len },
		{ .iov_base = (void *)(uintptr_t)zeros,
		  .iov_len = size - sizeof(head) - record->len },
	};
	int result;

	journal_record_write(record, segment->name.salt, head);
	result = journal_files_write(self->fd, parts, 3, segment->bytes);
	if (result < 0) {
		finish_segment(self);
		return result;
	}
	segment->bytes += size;
	self->index.bytes += size;
	return 0;
}

/* There is a segment to write in, with room for size bytes. */
static int prepare_segment(struct journal *self, size_t size)
{
	if (self->fd >= 0 &&
	    journal_index_last(&self->index)->bytes + size > self->options.segment_bytes)
		finish_segment(self);
	return self->fd < 0 ? start_segment(self) : 0;
}

/* Those whose segments are gone need no word. */
static void skip_deleted(struct journal *self)
{
	uint64_t oldest = self->index.count > 0 ? self->index.segments[0].name.first : UINT64_MAX;
	size_t count = 0;

	for (size_t i = 0; i < self->retired_count; i++)
		if (self->retired[i] >= oldest)
			self->retired[count++] = self->retired[i];
	self->retired_count = count;
}

/* Tells the disk which records are retired. That it cannot be told is no error: they come back. */
static void write_retired(struct journal *self)
{
	struct journal_record record = { .kind = JOURNAL_RETIRED, .body = self->buffer };

	self->has_retired = false;
	skip_deleted(self);
	if (self->retired_count == 0)
		return;
	for (size_t i = 0; i < self->retired_count; i++)
		journal_number_write(self->retired[i], self->buffer + i * 8);
	record.sequence = self->retired_count;
	record.len = (uint32_t)(self->retired_count * 8);
	if (prepare_segment(self, journal_record_size(record.len)) == 0 &&
	    write_record(self, &record) == 0)
		self->retired_count = 0;
}

int journal_append(struct journal *self, const void *body, size_t len, uint64_t *sequence)
{
	struct journal_record record = { .kind = JOURNAL_DATA, .body = body };
	size_t size = journal_record_size(len);
	struct journal_segment *last;
	int result;

	if (len > JOURNAL_BODY_MAX)
		return -EMSGSIZE;
	if (self->index.bytes + size + JOURNAL_HEAD_BYTES > self->options.max_bytes)
		return -EDQUOT;
	result = prepare_segment(self, size);
	if (result < 0)
		return result;
	record.len = (uint32_t)len;
	record.sequence = self->index.next;
	result = journal_index_reserve(&self->index, record.sequence);
	if (result == 0)
		result = write_record(self, &record);
	if (result < 0)
		return result;
	last = journal_index_last(&self->index);
	journal_index_note(&self->index, record.sequence, (uint32_t)(last->bytes - size));
	self->unsynced++;
	*sequence = record.sequence;
	return 0;
}

int journal_sync(struct journal *self)
{
	int result;

	if (self->has_retired)
		write_retired(self);
	result = sync_segment(self);
	if (result < 0)
		finish_segment(self);
	else
		result = self->late_error;
	self->late_error = 0;
	return result;
}

void journal_retire(struct journal *self, uint64_t sequence)
{
	if (!journal_index_retire(&self->index, sequence))
		return;
	if (self->retired_count == RETIRED_ROOM)
		write_retired(self);
	if (self->retired_count == RETIRED_ROOM) {
		/* It cannot be told: forget the older half. */
		self->retired_count = RETIRED_ROOM / 2;
		memmove(self->retired, self->retired + RETIRED_ROOM / 2,
			RETIRED_ROOM / 2 * sizeof(*self->retired));
	}
	self->retired[self->retired_count++] = sequence;
	self->has_retired = true;
	delete_retired(self);
}

/* --- reading ------------------------------------------------------------------------------- */

static int read_record(struct journal *self, const struct journal_segment *segment, uint32_t offset,
		       struct journal_record *record)
{
	size_t size = READ_FIRST;
	int fd = journal_files_open(self->options.directory, &segment->name);
	bool is_whole = false;
	ssize_t got;

	if (fd < 0)
		return fd;
	got = journal_files_read(fd, self->buffer, size, offset);
	if (got == (ssize_t)size &&
	    !journal_record_read(self->buffer, size, segment->name.salt, record))
		got = journal_files_read(fd, self->buffer, JOURNAL_RECORD_BYTES + JOURNAL_BODY_MAX,
					 offset);
	close(fd);
	if (got < 0)
		return (int)got;
	is_whole = journal_record_read(self->buffer, (size_t)got, segment->name.salt, record);
	return is_whole && record->kind == JOURNAL_DATA ? 0 : -EBADMSG;
}

int journal_read(struct journal *self, uint64_t *sequence, void *body, size_t size, size_t *len)
{
	struct journal_record record;
	uint32_t offset = 0;
	const struct journal_segment *segment = journal_index_from(&self->index, sequence, &offset);
	int result;

	if (segment == NULL)
		return -ENOENT;
	result = read_record(self, segment, offset, &record);
	if (result < 0)
		return result;
	if (record.sequence != *sequence)
		return -EBADMSG;
	if (record.len > size)
		return -EMSGSIZE;
	if (record.len > 0)
		memcpy(body, record.body, record.len);
	*len = record.len;
	return 0;
}

/* --- opening ------------------------------------------------------------------------------- */

static int take_record(void *ctx, const struct journal_record *record, uint32_t offset)
{
	struct journal_index *index = ctx;
	int result;

	if (record->kind == JOURNAL_RETIRED) {
		for (size_t i = 0; i < record->len / 8; i++)
			(void)journal_index_retire(index, journal_retired_at(record, i));
		return 0;
	}
	result = journal_index_reserve(index, record->sequence);
	if (result == 0)
		journal_index_note(index, record->sequence, offset);
	return result;
}

static int load_segment(struct journal *self, const struct journal_name *name, uint64_t *damaged)
{
	struct journal_scan scan = { .next = name->first,
				     .take = take_record,
				     .ctx = &self->index };
	uint8_t *bytes = NULL;
	size_t len = 0;
	int fd;
	int result;

	if (name->first < self->index.next)
		return -EBADMSG;
	fd = journal_files_open(self->options.directory, name);
	if (fd < 0)
		return fd;
	result = journal_files_load(fd, JOURNAL_SEGMENT_MAX, &bytes, &len);
	close(fd);
	if (result == 0)
		result = journal_index_add(&self->index, name);
	if (result == 0) {
		journal_index_last(&self->index)->bytes = len;
		self->index.bytes += len;
		result = journal_scan_segment(&scan, name, bytes, len);
		*damaged += scan.damaged;
	}
	free(bytes);
	return result;
}

static int load_all(struct journal *self, uint64_t *damaged, char error[JOURNAL_ERROR_TEXT])
{
	struct journal_name *names;
	ssize_t count = journal_files_list(self->options.directory, &names);
	char text[JOURNAL_NAME_BYTES];
	int result = count < 0 ? (int)count : 0;

	if (result < 0)
		(void)snprintf(error, JOURNAL_ERROR_TEXT, "cannot list segments: %s",
			       strerror(-result));
	for (ssize_t i = 0; i < count && result == 0; i++) {
		result = load_segment(self, &names[i], damaged);
		if (result == 0)
			continue;
		journal_name_write(&names[i], text);
		(void)snprintf(error, JOURNAL_ERROR_TEXT, "%s: %s", text,
			       result == -EPROTONOSUPPORT ? "written by another version"
			       : result == -EBADMSG       ? "overlaps the segment before it"
							  : strerror(-result));
	}
	free(names);
	return result;
}

static int take_lock(struct journal *self, char error[JOURNAL_ERROR_TEXT])
{
	struct stat directory;
	int result = 0;

	self->lock = openat(self->options.directory, LOCK_NAME,
			    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (self->lock < 0 || flock(self->lock, LOCK_EX | LOCK_NB) != 0)
		result = errno == EWOULDBLOCK ? -EBUSY : -errno;
	/* Root may be about to become the owner of the directory, who must be able to come back. */
	if (result == 0 && geteuid() == 0 && fstat(self->options.directory, &directory) == 0 &&
	    fchown(self->lock, directory.st_uid, directory.st_gid) != 0)
		result = -errno;
	if (result < 0)
		(void)snprintf(error, JOURNAL_ERROR_TEXT, "%s",
			       result == -EBUSY ? "in use by another process" : strerror(-result));
	return result;
}

int journal_open(struct journal **out, const struct journal_options *options,
		 struct journal_found *found, char error[JOURNAL_ERROR_TEXT])
{
	struct journal *self = calloc(1, sizeof(*self));
	int result = -ENOMEM;

	(void)snprintf(error, JOURNAL_ERROR_TEXT, "out of memory or descriptors");
	if (self == NULL)
		return result;
	assert(options->segment_bytes <= JOURNAL_SEGMENT_MAX / 2);
	*found = (struct journal_found){ 0 };
	self->options = *options;
	self->options.directory = fcntl(options->directory, F_DUPFD_CLOEXEC, 0);
	self->lock = -1;
	self->fd = -1;
	self->index.next = 1;
	self->buffer = malloc(JOURNAL_RECORD_BYTES + JOURNAL_BODY_MAX);
	if (self->buffer != NULL && self->options.directory >= 0)
		result = take_lock(self, error);
	if (result == 0)
		result = load_all(self, &found->damaged, error);
	if (result < 0) {
		journal_close(self);
		return result;
	}
	error[0] = '\0';
	found->records = self->index.pending;
	delete_retired(self);
	*out = self;
	return 0;
}

uint64_t journal_next(const struct journal *self)
{
	return self->index.next;
}

uint64_t journal_pending(const struct journal *self)
{
	return self->index.pending;
}

uint64_t journal_bytes(const struct journal *self)
{
	return self->index.bytes;
}

void journal_close(struct journal *self)
{
	if (self == NULL)
		return;
	if (self->index.pending > 0)
		write_retired(self);
	finish_segment(self);
	journal_index_fini(&self->index);
	free(self->buffer);
	if (self->lock >= 0)
		close(self->lock);
	if (self->options.directory >= 0)
		close(self->options.directory);
	free(self);
}
