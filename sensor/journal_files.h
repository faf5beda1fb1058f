/* journal_files.h: a journal's files, whole reads and whole writes. Any thread. */
#ifndef SENSOR_JOURNAL_FILES_H
#define SENSOR_JOURNAL_FILES_H

#include <sys/types.h>
#include <sys/uio.h>

#include "sensor/journal_format.h"

/* Names of all segments in a directory, oldest first, to be freed. Their number or negative
 * errno. */
ssize_t journal_files_list(int directory, struct journal_name **out);

/* A descriptor to read the segment, or negative errno. */
int journal_files_open(int directory, const struct journal_name *name);
/* A descriptor of a new segment that has its head, or negative errno: then no file is left. */
int journal_files_create(int directory, const struct journal_name *name);
void journal_files_delete(int directory, const struct journal_name *name);

/* Up to size bytes from offset. Bytes read, fewer only at the end, or negative errno. */
ssize_t journal_files_read(int fd, uint8_t *out, size_t size, uint64_t offset);
/* All of it, to be freed. 0 or negative errno; -EFBIG: longer than max, or no file. */
int journal_files_load(int fd, size_t max, uint8_t **out, size_t *len);
/* All or nothing: a part that the disk took is cut off again. 0 or negative errno. */
int journal_files_write(int fd, const struct iovec *parts, int count, uint64_t offset);

#endif
