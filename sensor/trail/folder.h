/* folder.h: the files of a folder and the folders in it, in the order of their names. */
#ifndef TRAIL_FOLDER_H
#define TRAIL_FOLDER_H

#include <stdbool.h>
#include <sys/stat.h>

/* path and stat are valid during the call. Return non-zero to stop. */
typedef int folder_fn(void *ctx, const char *path, const struct stat *stat);

/* Regular files only, at most TRAIL_FOLDER_DEPTH folders deep. Symbolic links lead to files, never
 * to folders. Hidden files, CloudTrail-Digest and CloudTrail-Insight are passed by. 0, what fn
 * returned, or negative errno for the folder itself; a folder inside that cannot be read is named
 * on standard error. */
int folder_walk(const char *folder, folder_fn *fn, void *ctx);

/* By its name: .json, .json.gz, .jsonl, .jsonl.gz, .ndjson, .gz, or without an extension. */
bool folder_is_ours(const char *path);

/* A descriptor of a file to read, or negative errno. */
int folder_open(const char *path);

#endif
