/* redis_record.h: all commands of one event as one record of the journal.
 *
 *	for each command:
 *	 0  4  length of the command
 *	 4  4  where its stream id is, from its beginning; 0: it has none
 *	 8  1  length of the stream id's bulk form
 *	 9  1  what its reply must be, enum redis_expect
 *	10  1  1: the last command of the event
 *	11  1  zero
 *	12     the command, as it goes to Redis
 *
 * Numbers are little endian. For one thread. */
#ifndef SENSOR_REDIS_RECORD_H
#define SENSOR_REDIS_RECORD_H

#include "sensor/redis_queue.h"

#define REDIS_RECORD_BYTES 65536

struct redis_record {
	size_t len;
	size_t commands;
	uint8_t bytes[REDIS_RECORD_BYTES];
};

void redis_record_begin(struct redis_record *self);

/* 0 or -EMSGSIZE. entry->sequence and was_sent are not kept. */
int redis_record_add(struct redis_record *self, const struct redis_entry *entry, const char *bytes);

/* The command at *offset, which moves on: 1; 0: there is none more; -EBADMSG: no such command. */
int redis_record_next(const struct redis_record *self, size_t *offset, struct redis_entry *entry,
		      const char **bytes);

/* After bytes and len were filled: counts the commands. 0 or -EBADMSG: is none, or not whole. */
int redis_record_check(struct redis_record *self);

#endif
