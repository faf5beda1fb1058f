/* redis_words.h: takes a command apart that redis_args.h wrote. */
#ifndef SENSOR_REDIS_WORDS_H
#define SENSOR_REDIS_WORDS_H

#include <stddef.h>

struct redis_word {
	const char *bytes; /* borrowed */
	size_t len;
};

/* What is left of a command. */
struct redis_words {
	const char *at;
	size_t left;
};

/* How many words follow, then one after another. 0 or -EBADMSG. */
int redis_words_begin(struct redis_words *self, size_t *count);
int redis_words_next(struct redis_words *self, struct redis_word *out);

#endif
