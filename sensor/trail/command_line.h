/* command_line.h: one AWS CLI line that is put together from hostile names. For containment*.c
 * only. */
#ifndef TRAIL_COMMAND_LINE_H
#define TRAIL_COMMAND_LINE_H

#include "sensor/trail/containment.h"

struct command_line {
	char text[CONTAINMENT_COMMAND_BYTES];
	size_t len;
	bool is_refused; /* a name may not stand in it, or it is too long: it must not be used */
};

/* Begins with constant words: "aws iam update-access-key". */
void command_begin(struct command_line *self, const char *words);
/* Adds constant words, as they are. */
void command_words(struct command_line *self, const char *words);
/* Adds an option with one name, quoted. */
void command_option(struct command_line *self, const char *option, const char *value);
/* Adds one name, quoted: one of a list whose option was added as words. */
void command_value(struct command_line *self, const char *value);

/* Can the name stand in a command? */
bool command_is_name(const char *value);

#endif
