/* redis_kept.c: a second queue that nothing leaves but by age. */
#include "sensor/redis_kept.h"

#include <assert.h>
#include <errno.h>

#include "sensor/log.h"

static bool may_be_sent_twice(const struct redis_entry *entry)
{
	switch ((enum redis_expect)entry->expect) {
	case REDIS_EXPECT_ID:
	case REDIS_EXPECT_INTEGER:
	case REDIS_EXPECT_STATUS:
	case REDIS_EXPECT_ONCE:
		return true;
	case REDIS_EXPECT_OWNER:  /* each connection begins with it */
	case REDIS_EXPECT_MIRROR: /* lines would be there twice */
		break;
	}
	return false;
}

void redis_kept_add(struct redis_queue *kept, const struct redis_entry *entry, const char *bytes)
{
	struct redis_entry copy = *entry;

	if (!may_be_sent_twice(entry))
		return;
	copy.was_sent = true;
	copy.sequence = 0; /* the journal has done with it */
	while (redis_queue_count(kept) > 0 &&
	       redis_queue_size(kept) + entry->len > REDIS_KEPT_BYTES)
		redis_queue_drop(kept);
	if (redis_queue_push(kept, &copy, bytes) < 0)
		log_debug("redis: no memory to keep a command");
}

int redis_kept_recall(struct redis_queue **kept, struct redis_queue **queue, size_t max_bytes)
{
	struct redis_queue *fresh = redis_queue_new(max_bytes);

	assert(redis_queue_batch(*queue) == 0);
	if (fresh == NULL)
		return -ENOMEM;
	if (redis_queue_add_all(*kept, *queue) < 0) {
		redis_queue_free(*kept);
		*kept = fresh;
		return -ENOMEM;
	}
	redis_queue_free(*queue);
	*queue = *kept;
	*kept = fresh;
	return 0;
}
