/* json_text.h: the bytes between the quotes of a JSON string. Used by json*.c only. */
#ifndef PROTOCOLS_JSON_TEXT_H
#define PROTOCOLS_JSON_TEXT_H

#include "protocols/cursor.h"

/* True when a byte below 0x20 is in it: no JSON string has one. */
bool json_text_has_control(struct slice raw);

/* True when raw, with its escapes undone, is `wanted`. */
bool json_text_equal(struct slice raw, struct slice wanted);

#define JSON_TEXT_CHAR_MAX 4

/* Takes one character: a UTF-8 sequence as it stands, or an escape undone. Returns its 1 to 4 bytes
 * in out; 0 at the end. Half a surrogate pair gives U+FFFD. */
size_t json_text_char(struct cursor *c, uint8_t out[JSON_TEXT_CHAR_MAX]);

#endif
