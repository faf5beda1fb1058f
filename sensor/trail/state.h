/* state.h: what survives a restart: the smallest set of documents that gives the same store.
 *
 * A folder (--state DIR) with three files, each JSON lines:
 *
 *	documents.jsonl   records, alerts, findings... as they came, whenever one was STORE_KEPT;
 *	                  appended; written anew without what is no longer needed when it has
 *doubled seen.jsonl        first and last uses, refusals, sightings; written anew at each
 *checkpoint files.jsonl       files of a followed folder that are done; likewise lock held while a
 *process uses the folder
 *
 * Reading them back is feeding them to the store. A checkpoint is durable when it returns; what was
 * fed after the last one must be fed again after a kill. The order of writing makes every kill
 * harmless: documents, then seen, then files, each synced and the last two renamed into place. */
#ifndef TRAIL_STATE_H
#define TRAIL_STATE_H

#include <stdio.h>

#include "sensor/trail/intake.h"
#include "sensor/trail/store.h"

#define STATE_ERROR_TEXT 256

struct state;

/* Opens or makes the folder (mode 0700), and takes the lock. 0 or negative errno with error filled;
 * -EBUSY: another process has it. */
int state_open(struct state **out, const char *folder, char error[STATE_ERROR_TEXT]);
void state_close(struct state *self);

/* Feeds all that is there to an intake whose function stores documents; state_load() is for those
 * of DOCUMENT_STATE. 0 or negative errno. */
int state_restore(struct state *self, struct intake *intake);
/* One line of seen.jsonl or files.jsonl. state and follow may be NULL. Store result bits, or
 * -EBADMSG with *why, or -ENOMEM. */
int state_load(struct state *state, struct store *store, struct follow *follow, const json_t *json,
	       const char **why);

/* A document that was STORE_KEPT: its text, and the JSON it is (to write it on one line). 0 or
 * negative errno: then the state is not whole and state_checkpoint() fails, too. */
int state_keep(struct state *self, const char *raw, size_t len, const json_t *json);
/* A file of a followed folder is done, as of its size and time of change. 0 or -ENOMEM. */
int state_note_file(struct state *self, const char *path, uint64_t size, uint64_t mtime_ns);
/* The same, as it is now: done with the next checkpoint. 0 or negative errno. */
int state_file_done(struct state *self, const char *path);
/* 0 or negative errno with error filled. */
int state_checkpoint(struct state *self, const struct store *store, char error[STATE_ERROR_TEXT]);

/* Writes the lines of seen.jsonl. 0, -ENOMEM, -EIO. */
int state_write_seen(const struct store *store, FILE *out);

#endif
