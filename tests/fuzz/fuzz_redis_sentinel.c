/* fuzz_redis_sentinel.c: whatever a Sentinel answers is a place within its bounds, or an error. */
#include <assert.h>
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <stdint.h>
#include <string.h>

#include "sensor/redis_reader.h"
#include "sensor/redis_sentinel.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	redisReader *reader = redis_reader_new();
	struct redis_place place = { .host = "" };
	char error[REDIS_WIRE_ERROR_TEXT];
	void *reply = NULL;

	if (reader == NULL || redisReaderFeed(reader, (const char *)bytes, len) != REDIS_OK)
		goto out;
	while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL) {
		if (redis_sentinel_read(reply, &place, error) == 0) {
			size_t port = strlen(place.port);

			assert(error[0] == '\0');
			assert(place.host[0] != '\0' && strlen(place.host) < sizeof(place.host));
			assert(port >= 1 && port <= 5 && strspn(place.port, "0123456789") == port);
		} else {
			assert(error[0] != '\0' ||
			       ((redisReply *)reply)->type == REDIS_REPLY_ERROR);
			assert(strlen(error) < sizeof(error));
		}
		freeReplyObject(reply);
		reply = NULL;
	}
out:
	if (reader != NULL)
		redisReaderFree(reader);
	return 0;
}
