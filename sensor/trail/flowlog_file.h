/* flowlog_file.h: the files of flow logs, as lines.
 *
 *	...AWSLogs/ACCOUNT/vpcflowlogs/REGION/YYYY/MM/DD/[HH/]
 *	        ACCOUNT_vpcflowlogs_REGION_fl-ID_YYYYMMDDTHHmmZ_HASH.log.gz
 *	...aws-account-id=ACCOUNT/aws-service=vpcflowlogs/aws-region=REGION/year=YYYY/...
 *
 * and files of any other name, plain or gzip. What was read before, under whatever name, is passed
 * by: totals would be counted twice. Bad lines are named on standard error (file and line), the
 * first FLOWLOG_NAMED of a file, and counted. One thread. */
#ifndef TRAIL_FLOWLOG_FILE_H
#define TRAIL_FLOWLOG_FILE_H

#include <stdatomic.h>
#include <stdint.h>

#include "sensor/trail/flowlog.h"
#include "sensor/trail/flowlog_line.h"

#define FLOWLOG_NAMED     10      /* bad lines of one file that are named, the rest is counted */
#define FLOWLOG_LINE_MAX  16384   /* bytes of one line */
#define FLOWLOG_PLACE     64      /* of an account or region */
#define FLOWLOG_FILE_NAME 128     /* bytes of a file's name that are kept */
#define FLOWLOG_FILES     1048576 /* files that are known again */

/* A file's name, kept as long as something was proved by it. */
struct flowlog_source {
	uint32_t refs;
	char account[FLOWLOG_PLACE]; /* as the path tells, "" when it does not */
	char region[FLOWLOG_PLACE];
	char name[FLOWLOG_FILE_NAME]; /* without folders; hostile */
};

/* NULL: no memory. */
struct flowlog_source *flowlog_source_new(const char *path);
struct flowlog_source *flowlog_source_ref(struct flowlog_source *self);
void flowlog_source_unref(struct flowlog_source *self);

/* One line that could be read; number from 1. 0 or negative errno, which ends the reading. */
typedef int flowlog_line_fn(void *ctx, const struct flowlog_line *line,
			    struct flowlog_source *source, uint32_t number);

struct flowlog_reader;

/* counts is filled as lines go by. NULL: no memory. */
struct flowlog_reader *flowlog_reader_new(flowlog_line_fn *fn, void *ctx,
					  struct flowlog_counts *counts, const _Atomic bool *stop);
void flowlog_reader_free(struct flowlog_reader *self);
/* As flowlog_path(). */
int flowlog_reader_path(struct flowlog_reader *self, const char *path);
/* Bytes in memory, as one file. */
int flowlog_reader_text(struct flowlog_reader *self, const char *name, const char *bytes,
			size_t len);

#endif
