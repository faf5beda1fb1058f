/* json_text.h: the bytes between the quotes of a JSON string. Used by json*.c only. */
#ifndef PROTOCOLS_JSON_TEXT_H
#define PROTOCOLS_JSON_TEXT_H

#include "protocols/cursor.h"

/* Index of the first byte from pos on that is a quote, a backslash or a control byte; in.len: none.
 * pos is at most in.len. */
size_t json_text_special(struct slice in, size_t pos);

/* The same, and whether all from pos on up to there are hex digits, one at least, perhaps behind 0x
 * or 0X. */
size_t json_text_hex(struct slice in, size_t pos, bool *is_hex);

/* Where the string ends whose text begins at pos: *end is the index of its closing quote, or in.len
 * when the text is cut. False: there is a control byte or an escape in it that JSON does not have.
 */
bool json_text_end(struct slice in, size_t pos, size_t *end);

/* True when raw, with its escapes undone, is `wanted`. */
bool json_text_equal(struct slice raw, struct slice wanted);

#define JSON_TEXT_CHAR_MAX 4

/* Takes one character: a UTF-8 sequence as it stands, or an escape undone. Returns its 1 to 4 bytes
 * in out; 0 at the end. Half a surrogate pair gives U+FFFD. */
size_t json_text_char(struct cursor *c, uint8_t out[JSON_TEXT_CHAR_MAX]);

#endif
