/* redis_spool.c: between the events' commands and the connection.
 *
 * Sequences below next were given to the connection or are done; those from next on wait in the
 * journal and are read back in order. */
#include "sensor/redis_spool.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/journal.h"
#include "sensor/log.h"
#include "sensor/ring.h"
#include "sensor/state_dir.h"

#define SEGMENT_BYTES (UINT64_C(8) << 20)
#define SEGMENTS_MIN  4 /* of a full journal: whole ones are deleted */
#define FEED_RECORDS  64
#define FEED_BYTES    ((size_t)3 * REDIS_RECORD_BYTES / 2) /* a record with its scripts */
#define RETRY_MS      1000
#define FIRST_SLOTS   256

/* An event that the connection has. */
struct sent {
	uint64_t sequence;
	size_t commands; /* not acknowledged */
};

struct redis_spool {
	struct redis_spool_options options;
	struct journal *journal;
	char path[300];
	uint64_t next;
	struct sent *sent; /* ring, a power of two, by rising sequence */
	size_t slots;
	size_t first; /* index that only rises */
	size_t count;
	uint64_t unsynced; /* events written since the last sync */
	uint64_t first_ms; /* when the first of them was */
	uint64_t retry_ms; /* the disk is not asked before */
	bool is_refusing;  /* it was said */
	bool is_unsafe;    /* a sync failed; it was said */
	uint64_t lost;
	struct redis_record record;
};

int redis_spool_open(struct redis_spool **out, const struct redis_spool_options *options,
		     char error[REDIS_SPOOL_ERROR_TEXT])
{
	struct redis_spool *self = calloc(1, sizeof(*self));
	struct journal_options journal = { .max_bytes = options->max_bytes };
	struct journal_found found;
	char why[STATE_DIR_ERROR_TEXT > JOURNAL_ERROR_TEXT ? STATE_DIR_ERROR_TEXT
							   : JOURNAL_ERROR_TEXT];
	int result;

	(void)snprintf(error, REDIS_SPOOL_ERROR_TEXT, "out of memory");
	if (self == NULL)
		return -ENOMEM;
	self->options = *options;
	self->slots = FIRST_SLOTS;
	self->sent = calloc(self->slots, sizeof(*self->sent));
	if (self->sent == NULL) {
		free(self);
		return -ENOMEM;
	}
	(void)snprintf(self->path, sizeof(self->path), "%.230s/%.64s", options->state_dir,
		       options->sensor_id);
	journal.segment_bytes = options->max_bytes / SEGMENTS_MIN < SEGMENT_BYTES
					? options->max_bytes / SEGMENTS_MIN
					: SEGMENT_BYTES;
	result = state_dir_open(options->state_dir, options->sensor_id, options->user, why);
	if (result < 0) {
		(void)snprintf(error, REDIS_SPOOL_ERROR_TEXT, "state-dir: %s", why);
		redis_spool_close(self);
		return result;
	}
	journal.directory = result;
	result = journal_open(&self->journal, &journal, &found, why);
	close(journal.directory);
	if (result < 0) {
		(void)snprintf(error, REDIS_SPOOL_ERROR_TEXT, "journal %.200s: %.200s", self->path,
			       why);
		redis_spool_close(self);
		return result;
	}
	if (found.damaged > 0)
		log_warning("journal %s: %" PRIu64 " bytes are damaged; the rest was read",
			    self->path, found.damaged);
	if (found.records > 0)
		log_info("journal %s: %" PRIu64 " events wait for Redis", self->path,
			 found.records);
	else
		self->next = journal_next(self->journal);
	error[0] = '\0';
	*out = self;
	return 0;
}

bool redis_spool_is_waiting(const struct redis_spool *self)
{
	return self->next < journal_next(self->journal);
}

bool redis_spool_takes(const struct redis_spool *self, const struct redis_conn *conn,
		       const struct event *event)
{
	switch (event->kind) {
	case EVENT_ALERT:
	case EVENT_CAMPAIGN:
	case EVENT_MEMBER:
		return true;
	case EVENT_SESSION:
		if (((const struct decision_session *)(const void *)event->decision)->event ==
		    SESSION_END)
			return true;
		/* Half of the journal is for what must not be lost. */
		return (redis_spool_is_waiting(self) ||
			!redis_conn_has_room(conn, REDIS_EVENT_BYTES)) &&
		       journal_bytes(self->journal) < self->options.max_bytes / 2;
	case EVENT_FLOW:
	case EVENT_KINDS:
		break;
	}
	return false;
}

/* --- what the connection has ---------------------------------------------------------------- */

static struct sent *sent_at(const struct redis_spool *self, size_t index)
{
	return &self->sent[(self->first + index) & (self->slots - 1)];
}

static bool make_slot(struct redis_spool *self)
{
	size_t slots = self->slots * 2;
	struct sent *sent;

	if (self->count < self->slots)
		return true;
	sent = calloc(slots, sizeof(*sent));
	if (sent == NULL)
		return false;
	for (size_t i = 0; i < self->count; i++)
		sent[(self->first + i) & (slots - 1)] = *sent_at(self, i);
	free(self->sent);
	self->sent = sent;
	self->slots = slots;
	return true;
}

static struct sent *find_sent(const struct redis_spool *self, uint64_t sequence)
{
	size_t low = 0;
	size_t high = self->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sent_at(self, middle)->sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low < self->count && sent_at(self, low)->sequence == sequence ? sent_at(self, low)
									     : NULL;
}

void redis_spool_acked(void *self_as_void, uint64_t sequence)
{
	struct redis_spool *self = self_as_void;
	struct sent *sent = find_sent(self, sequence);

	assert(sent != NULL && sent->commands > 0);
	if (--sent->commands > 0)
		return;
	journal_retire(self->journal, sequence);
	stats_add(self->options.stats->journal_retired, 1);
	while (self->count > 0 && sent_at(self, 0)->commands == 0) {
		self->first++;
		self->count--;
	}
}

/* Queues all commands of the record. 0 or -ENOMEM: then it stays in the journal for good, as one
 * whose end never comes. */
static int push_record(struct redis_spool *self, struct redis_conn *conn, uint64_t sequence,
		       bool is_again)
{
	struct redis_entry entry;
	const char *bytes;
	size_t offset = 0;
	int error = 0;

	while (error == 0 && redis_record_next(&self->record, &offset, &entry, &bytes) == 1)
		error = redis_conn_push_recorded(conn, &entry, bytes, sequence, is_again);
	return error;
}

/* The record with this sequence goes to the connection. */
static int hand_over(struct redis_spool *self, struct redis_conn *conn, uint64_t sequence,
		     bool is_again)
{
	if (!make_slot(self))
		return -ENOMEM;
	*sent_at(self, self->count) =
		(struct sent){ .sequence = sequence, .commands = self->record.commands };
	self->count++;
	self->next = sequence + 1;
	return push_record(self, conn, sequence, is_again);
}

/* --- into the journal ----------------------------------------------------------------------- */

static void note_refusal(struct redis_spool *self, int error)
{
	if (error != -EDQUOT)
		self->retry_ms = ring_now_ms() + RETRY_MS;
	if (self->is_refusing)
		return;
	self->is_refusing = true;
	log_error("journal %s: %s: events go on without it", self->path,
		  error == -EDQUOT ? "is full (--journal-size)" : strerror(-error));
}

/* The record into the journal. True: *sequence is its own. */
static bool append(struct redis_spool *self, uint64_t *sequence)
{
	uint64_t now_ms = ring_now_ms();
	int error;

	if (now_ms < self->retry_ms)
		return false;
	error = journal_append(self->journal, self->record.bytes, self->record.len, sequence);
	if (error < 0) {
		note_refusal(self, error);
		return false;
	}
	if (self->is_refusing)
		log_info("journal %s: takes events again", self->path);
	self->is_refusing = false;
	if (self->unsynced++ == 0)
		self->first_ms = now_ms;
	stats_add(self->options.stats->journalled, 1);
	return true;
}

static int collect(struct redis_spool *self, struct redis_store *store, struct redis_conn *conn,
		   struct event_renderer *renderer, const struct event *event)
{
	int error;

	redis_record_begin(&self->record);
	redis_conn_collect(conn, &self->record);
	error = redis_store_event(store, conn, renderer, event);
	redis_conn_collect(conn, NULL);
	return error;
}

int redis_spool_write(struct redis_spool *self, struct redis_store *store, struct redis_conn *conn,
		      struct event_renderer *renderer, const struct event *event)
{
	bool has_room = redis_conn_has_room(conn, REDIS_EVENT_BYTES);
	bool is_waiting = redis_spool_is_waiting(self);
	uint64_t sequence = 0;
	int error;

	if ((is_waiting || !has_room) && ring_now_ms() < self->retry_ms)
		return -EAGAIN;
	error = collect(self, store, conn, renderer, event);
	if (error < 0)
		return error;
	if (append(self, &sequence)) {
		/* Before the first greeting nothing is known of the streams. */
		if (!is_waiting && has_room && redis_conn_has_greeted(conn) &&
		    hand_over(self, conn, sequence, false) < 0)
			log_error("journal %s: out of memory: an event waits for the next start",
				  self->path);
		return 0;
	}
	if (is_waiting || !has_room)
		return -EAGAIN;
	stats_add(self->options.stats->journal_refused, 1);
	return push_record(self, conn, 0, false);
}

/* --- out of the journal --------------------------------------------------------------------- */

static void lose_record(struct redis_spool *self, uint64_t sequence, int error)
{
	log_error("journal %s: an event cannot be read back: %s", self->path,
		  error == -EBADMSG ? "it is damaged" : strerror(-error));
	journal_retire(self->journal, sequence);
	self->next = sequence + 1;
	self->lost++;
}

/* Reads the oldest record that waits. False: none, or not now. */
static bool read_back(struct redis_spool *self, uint64_t *sequence)
{
	int result;

	*sequence = self->next;
	result = journal_read(self->journal, sequence, self->record.bytes,
			      sizeof(self->record.bytes), &self->record.len);
	if (result == 0)
		result = redis_record_check(&self->record);
	if (result == 0)
		return true;
	if (result == -ENOENT)
		self->next = journal_next(self->journal);
	else if (result == -EBADMSG || result == -EMSGSIZE)
		lose_record(self, *sequence, result);
	return false;
}

static void feed(struct redis_spool *self, struct redis_conn *conn)
{
	for (size_t i = 0; i < FEED_RECORDS && redis_spool_is_waiting(self) &&
			   redis_conn_has_room(conn, FEED_BYTES);
	     i++) {
		uint64_t before = self->next;
		uint64_t sequence;

		if (!read_back(self, &sequence)) {
			if (self->next == before)
				return; /* the disk does not answer now */
			continue;
		}
		if (hand_over(self, conn, sequence, true) < 0) {
			log_error("journal %s: out of memory: an event waits for the next start",
				  self->path);
			return;
		}
		stats_add(self->options.stats->journal_resent, 1);
	}
}

static void count_sync(struct redis_spool *self)
{
	struct stats *stats = self->options.stats;
	uint64_t waited_ms = ring_now_ms() - self->first_ms;

	stats_add(stats->journal_syncs, 1);
	if (waited_ms > stats->journal_wait_ms)
		stats_set(stats->journal_wait_ms, waited_ms);
}

static void sync_journal(struct redis_spool *self)
{
	int error = journal_sync(self->journal);

	if (self->unsynced > 0)
		count_sync(self);
	if (error < 0)
		stats_add(self->options.stats->journal_refused, self->unsynced);
	self->unsynced = 0;
	if (error == 0) {
		self->is_unsafe = false;
		return;
	}
	if (!self->is_unsafe)
		log_error("journal %s: cannot sync: %s: events may not survive a loss of power",
			  self->path, strerror(-error));
	self->is_unsafe = true;
}

void redis_spool_poll(struct redis_spool *self, struct redis_conn *conn)
{
	sync_journal(self);
	if (conn != NULL && redis_conn_has_greeted(conn))
		feed(self, conn);
	stats_set(self->options.stats->journal_pending, journal_pending(self->journal));
}

uint64_t redis_spool_close(struct redis_spool *self)
{
	uint64_t lost;
	uint64_t pending;

	if (self == NULL)
		return 0;
	if (self->journal != NULL) {
		redis_spool_poll(self, NULL);
		pending = journal_pending(self->journal);
		if (pending > 0)
			log_warning("%" PRIu64 " events wait in %s for Redis", pending, self->path);
	}
	lost = self->lost;
	journal_close(self->journal);
	free(self->sent);
	free(self);
	return lost;
}
