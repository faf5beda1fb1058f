/* mend.h: texts that JSON's grammar allows and the parser refuses.
 *
 * A NUL (\u0000), half of a surrogate pair (\ud800) and bytes that are no UTF-8 can stand in what a
 * caller names, tags and calls itself. Nobody may hide a call that way. */
#ifndef TRAIL_MEND_H
#define TRAIL_MEND_H

#include <jansson.h>
#include <stddef.h>

/* Replaces them inside of texts by U+FFFD, or by ? where a byte stood; the length stays. Returns
 * how many. */
size_t mend_texts(char *bytes, size_t len);

/* Parses one value; when it is refused, its mended copy. copy: NULL, or the mended text (of the
 * same length), to be freed. NULL with error filled: it is damaged in another way, or memory is
 * out. */
json_t *mend_parse(const char *bytes, size_t len, char **copy, json_error_t *error);

#endif
