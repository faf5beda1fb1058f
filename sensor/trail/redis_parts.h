/* redis_parts.h: what the files of redis_trail share. For redis_*.c of trail only. */
#ifndef TRAIL_REDIS_PARTS_H
#define TRAIL_REDIS_PARTS_H

#include "sensor/tag_table.h"
#include "sensor/trail/join.h"
#include "sensor/trail/redis_link.h"
#include "sensor/trail/redis_trail.h"

#define TRAIL_STREAMS 256 /* sensors whose alerts are read */

/* A sensor's stream. */
struct redis_source {
	char key[REDIS_LINK_KEY];
	bool is_ready; /* the group is there, what was pending is claimed */
	char **ids;    /* read, not acknowledged yet */
	size_t id_count;
	size_t id_room;
	bool is_claiming; /* pending entries come first */
	char cursor[64];  /* of XAUTOCLAIM */
};

/* What a key was last written with. */
struct redis_written {
	struct tag_link link; /* of the key's name */
	uint64_t digest;
};

struct redis_trail {
	struct redis_link *link;
	char prefix[64];
	char id[64];
	uint64_t retention_s;
	bool is_stateless;
	bool is_discovering; /* sensors are found by their streams */
	uint64_t discovered_ms;
	struct redis_source *sources;
	size_t source_count;
	struct siphash_key key;
	struct tag_table written;
	struct redis_command command;
	char error[REDIS_TRAIL_ERROR_TEXT];
};

/* Says why, from the link. Returns result. */
int redis_trail_fail(struct redis_trail *self, int result);

/* Has the key another digest than when it was last written? Then that is noted. -ENOMEM. */
int redis_is_new(struct redis_trail *self, const char *key, uint64_t digest);
/* A write failed: all keys are to be written again. */
void redis_forget_written(struct redis_trail *self);

int redis_publish_leases(struct redis_trail *self, const struct store *store);
int redis_publish_incidents(struct redis_trail *self, const struct redis_publication *what);
int redis_publish_detections(struct redis_trail *self, const struct redis_publication *what);

#endif
