/* redis_reader.c: hiredis' functions, but for the one that makes arrays. */
#include "sensor/redis_reader.h"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <pthread.h>

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count; /* never below 0: those are nil */
#endif

static redisReplyObjectFunctions whole; /* hiredis' own */
static redisReplyObjectFunctions bounded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *create_array(const redisReadTask *task, element_count elements)
{
	if ((size_t)elements > REDIS_READER_ELEMENTS)
		return NULL;
	return whole.createArray(task, elements);
}

static void take_functions(void)
{
	redisReader *reader = redisReaderCreate();

	if (reader == NULL)
		return;
	whole = *reader->fn;
	bounded = whole;
	bounded.createArray = create_array;
	redisReaderFree(reader);
}

struct redisReader *redis_reader_new(void)
{
	(void)pthread_once(&once, take_functions);
	return bounded.createArray == NULL ? NULL : redisReaderCreateWithFunctions(&bounded);
}

const char *redis_reader_error(const struct redisReader *reader)
{
	return reader->err == REDIS_ERR_OOM
		       ? "no memory for it, or more elements than any answer has"
		       : reader->errstr;
}
