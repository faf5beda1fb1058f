/* split.h: cuts a byte stream into JSON objects, one record at a time.
 *
 *	{...}{...}                  one after the other, with or without line feeds
 *	[ {...}, {...} ]            a list
 *	{"Records":[{...},{...}]}   a list below one of the names in SPLIT_LISTS
 *
 * Memory is one object, however long the file. An object is cut by its braces only and parsed
 * later, so that a damaged one costs itself and not its file: a raw line feed inside a text, or a
 * line that begins with `{` where no value can stand, ends it. */
#ifndef TRAIL_SPLIT_H
#define TRAIL_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum split_list {
	SPLIT_ALONE,        /* not in a named list */
	SPLIT_RECORDS,      /* CloudTrail files */
	SPLIT_EVENTS,       /* aws cloudtrail lookup-events */
	SPLIT_RESERVATIONS, /* aws ec2 describe-instances */
	SPLIT_INTERFACES,   /* aws ec2 describe-network-interfaces */
	SPLIT_FINDINGS      /* aws guardduty get-findings, securityhub get-findings, ASFF */
};

/* One object. bytes are valid during the call; NULL: it was damaged or too long and why says so.
 * Return non-zero to stop: split_feed() returns it. */
typedef int split_fn(void *ctx, enum split_list list, const char *bytes, size_t len,
		     const char *why);

struct split;

/* NULL: out of memory. */
struct split *split_new(size_t max_element, split_fn *fn, void *ctx);
void split_free(struct split *self);
/* 0, -ENOMEM, or what fn returned. */
int split_feed(struct split *self, const char *bytes, size_t len);
/* The end of the input: an unfinished object is reported as damaged. Ready for the next input. */
int split_end(struct split *self);

#endif
