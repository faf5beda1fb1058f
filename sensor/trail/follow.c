/* follow.c: a folder that grows: which of its files were read, by size and time of change.
 *
 * S3 objects never change, but a copy is there before it is whole: a file that changed since is
 * read again as a whole, which tells nothing twice. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/tag_table.h"
#include "sensor/trail/folder.h"
#include "sensor/trail/intake.h"
#include "sensor/trail/limits.h"

struct seen {
	struct tag_link link; /* of the path */
	uint64_t size;
	uint64_t mtime_ns;
};

struct follow {
	struct intake *intake;
	char *folder;
	intake_done_fn *done;
	void *ctx;
	struct siphash_key key;
	struct tag_table seen;
	int files; /* read in this round */
};

struct follow *follow_new(struct intake *intake, const char *folder, intake_done_fn *done,
			  void *ctx)
{
	struct follow *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->intake = intake;
	self->done = done;
	self->ctx = ctx;
	self->folder = strdup(folder);
	if (self->folder == NULL || tag_table_init(&self->seen, 65536) != 0 ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		follow_free(self);
		return NULL;
	}
	return self;
}

void follow_free(struct follow *self)
{
	if (self == NULL)
		return;
	tag_table_fini(&self->seen);
	free(self->folder);
	free(self);
}

/* True when it is new or changed; then it is marked. */
static int mark(struct follow *self, const char *path, uint64_t size, uint64_t mtime_ns)
{
	struct siphash_tag tag = siphash128(path, strlen(path), self->key);
	struct seen *seen = (struct seen *)(void *)tag_table_find(&self->seen, tag);

	if (seen != NULL && seen->size == size && seen->mtime_ns == mtime_ns)
		return 0;
	if (seen == NULL) {
		if (self->seen.count >= TRAIL_FILES) {
			struct tag_link *oldest = self->seen.oldest;

			tag_table_remove(&self->seen, oldest);
			free(oldest);
		}
		seen = calloc(1, sizeof(*seen));
		if (seen == NULL)
			return -ENOMEM;
		seen->link.tag = tag;
		tag_table_add(&self->seen, &seen->link);
	}
	seen->size = size;
	seen->mtime_ns = mtime_ns;
	return 1;
}

int follow_known(struct follow *self, const char *path, uint64_t size, uint64_t mtime_ns)
{
	int result = mark(self, path, size, mtime_ns);

	return result < 0 ? result : 0;
}

static int on_file(void *ctx, const char *path, const struct stat *stat)
{
	struct follow *self = ctx;
	int result;

	if (!folder_is_ours(path))
		return 0;
	result =
		mark(self, path, (uint64_t)stat->st_size,
		     (uint64_t)stat->st_mtim.tv_sec * 1000000000 + (uint64_t)stat->st_mtim.tv_nsec);
	if (result <= 0)
		return result;
	result = intake_path(self->intake, path);
	/* One that vanished or cannot be read was named; it costs only itself. */
	if (result < 0 && result != -EINTR && result != -ENOMEM)
		return 0;
	self->files++;
	if (result == 0 && self->done != NULL)
		result = self->done(self->ctx, path);
	return result;
}

int follow_poll(struct follow *self)
{
	int result;

	self->files = 0;
	result = folder_walk(self->folder, on_file, self);
	return result < 0 ? result : self->files;
}
