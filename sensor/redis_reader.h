/* redis_reader.h: hiredis' reader of replies, with a bound.
 *
 * By itself it makes room for as many elements as an array says it has, before the first one came:
 * eleven bytes of a broken server would take gigabytes. */
#ifndef SENSOR_REDIS_READER_H
#define SENSOR_REDIS_READER_H

struct redisReader; /* hiredis' */

#define REDIS_READER_ELEMENTS (1u << 20) /* of one array: more than any answer we ask for has */

/* Replies are redisReply, an array of more elements ends the reader as one that has no memory
 * does. Freed with redisReaderFree(). NULL: out of memory. Any thread. */
struct redisReader *redis_reader_new(void);

/* What ended the reader, for an error. Valid as long as it is. */
const char *redis_reader_error(const struct redisReader *reader);

#endif
