/* journal_files.c: system calls, repeated until they are done. */
#include "sensor/journal_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_first(const void *one, const void *other)
{
	const struct journal_name *a = one;
	const struct journal_name *b = other;

	return a->first < b->first ? -1 : a->first > b->first;
}

/* Names as they come. Their number or -ENOMEM. */
static ssize_t read_names(DIR *dir, struct journal_name **out)
{
	const struct dirent *entry;
	struct journal_name name;
	ssize_t count = 0;

	while ((entry = readdir(dir)) != NULL) {
		struct journal_name *grown;

		if (!journal_name_read(entry->d_name, &name))
			continue;
		grown = realloc(*out, ((size_t)count + 1) * sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		grown[count++] = name;
		*out = grown;
	}
	return count;
}

ssize_t journal_files_list(int directory, struct journal_name **out)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	ssize_t count;

	*out = NULL;
	if (dir == NULL) {
		count = -errno;
		if (fd >= 0)
			close(fd);
		return count;
	}
	count = read_names(dir, out);
	closedir(dir);
	if (count > 1)
		qsort(*out, (size_t)count, sizeof(**out), by_first);
	return count;
}

int journal_files_open(int directory, const struct journal_name *name)
{
	char text[JOURNAL_NAME_BYTES];
	int fd;

	journal_name_write(name, text);
	fd = openat(directory, text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int journal_files_create(int directory, const struct journal_name *name)
{
	uint8_t head[JOURNAL_HEAD_BYTES];
	char text[JOURNAL_NAME_BYTES];
	struct iovec part = { .iov_base = head, .iov_len = sizeof(head) };
	int error;
	int fd;

	journal_name_write(name, text);
	journal_head_write(name, head);
	fd = openat(directory, text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	error = journal_files_write(fd, &part, 1, 0);
	if (error == 0)
		return fd;
	close(fd);
	(void)unlinkat(directory, text, 0);
	return error;
}

void journal_files_delete(int directory, const struct journal_name *name)
{
	char text[JOURNAL_NAME_BYTES];

	journal_name_write(name, text);
	(void)unlinkat(directory, text, 0);
}

ssize_t journal_files_read(int fd, uint8_t *out, size_t size, uint64_t offset)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = pread(fd, out + len, size - len, (off_t)(offset + len));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

int journal_files_load(int fd, size_t max, uint8_t **out, size_t *len)
{
	struct stat info;
	ssize_t got;

	*out = NULL;
	*len = 0;
	if (fstat(fd, &info) != 0)
		return -errno;
	if (!S_ISREG(info.st_mode) || info.st_size > (off_t)max)
		return -EFBIG;
	*out = malloc((size_t)info.st_size + 1);
	if (*out == NULL)
		return -ENOMEM;
	got = journal_files_read(fd, *out, (size_t)info.st_size, 0);
	if (got < 0) {
		free(*out);
		*out = NULL;
		return (int)got;
	}
	*len = (size_t)got;
	return 0;
}

int journal_files_write(int fd, const struct iovec *parts, int count, uint64_t offset)
{
	size_t want = 0;
	ssize_t written;
	int error;

	for (int i = 0; i < count; i++)
		want += parts[i].iov_len;
	do
		written = pwritev(fd, parts, count, (off_t)offset);
	while (written < 0 && errno == EINTR);
	if (written == (ssize_t)want)
		return 0;
	error = written < 0 ? -errno : -ENOSPC;
	/* What cannot be cut off is skipped as damage when the segment is read. */
	if (written > 0)
		(void)!ftruncate(fd, (off_t)offset);
	return error;
}
