/* intake.h: every way in which JSON documents of a cloud reach us.
 *
 *	file.json, file.json.gz    as S3 delivers them, or any of the forms of split.h
 *	folder                     all of its files, recursively; CloudTrail-Digest and
 *	                           CloudTrail-Insight are passed by
 *	-                          standard input
 *
 * Envelopes are opened: EventBridge ({"detail-type", "detail": {...}}), lookup-events
 * ({"Events": [{"CloudTrailEvent": "{...}"}]}), CloudWatch Logs. What is damaged is named on
 * standard error (file and index), counted and passed by; the rest is used. One thread. */
#ifndef TRAIL_INTAKE_H
#define TRAIL_INTAKE_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum document {
	DOCUMENT_RECORD,      /* a CloudTrail record: eventName and userIdentity */
	DOCUMENT_RESERVATION, /* of describe-instances */
	DOCUMENT_INTERFACE,   /* of describe-network-interfaces */
	DOCUMENT_FINDING,     /* GuardDuty (either case) or ASFF */
	DOCUMENT_ALERT,       /* an EVE alert of a sensor */
	DOCUMENT_STATE,       /* {"minecanary-trail": KIND, ...}: what state.c wrote */
	DOCUMENT_OTHER        /* valid JSON that is none of these */
};

/* Where a document came from, for messages. */
struct origin {
	const char *path;
	uint64_t index; /* in the file, from 0 */
};

/* json is borrowed and its envelope opened. raw is its text (of the envelope, when there was one).
 * 0; -EBADMSG with *why set when it is damaged: it is named and counted; else the intake stops. */
typedef int intake_fn(void *ctx, enum document kind, const json_t *json, const char *raw,
		      size_t raw_len, const char **why);

struct intake_counts {
	uint64_t files;
	uint64_t bytes; /* unpacked */
	uint64_t documents;
	uint64_t bad;       /* damaged documents, named on standard error */
	uint64_t bad_files; /* unreadable or cut short: what came before was used */
	uint64_t others;    /* valid JSON that says nothing to us */
	uint64_t passed_by; /* files of a folder with another kind of content */
};

struct intake;

/* NULL: out of memory. stop may be NULL; when it becomes true reading ends soon with -EINTR. */
struct intake *intake_new(intake_fn *fn, void *ctx, const _Atomic bool *stop);
void intake_free(struct intake *self);

/* Reads a file, a folder or "-" to its end. 0, or negative errno: -EINTR; -ENOENT and the like when
 * the path itself cannot be read (named on standard error). Damage inside is only counted. */
int intake_path(struct intake *self, const char *path);

/* Reads one text that holds documents. */
int intake_text(struct intake *self, const char *name, const char *bytes, size_t len);

const struct intake_counts *intake_counts(const struct intake *self);

/* Which document it is; json may be replaced by what its envelope holds (a borrowed part of it). */
enum document intake_kind(const json_t **json);

/* --- a folder that grows -------------------------------------------------------------------- */

/* Called after a file was read to its end, so that its content can be made durable first. */
typedef int intake_done_fn(void *ctx, const char *path);

struct follow;

/* Follows a folder by looking at it again each time: files that are new or grew. NULL: no memory.
 */
struct follow *follow_new(struct intake *intake, const char *folder, intake_done_fn *done,
			  void *ctx);
void follow_free(struct follow *self);
/* Marks what was read before (from the state). */
int follow_known(struct follow *self, const char *path, uint64_t size, uint64_t mtime_ns);
/* Reads what is new. The number of files read, or negative errno. */
int follow_poll(struct follow *self);

#endif
