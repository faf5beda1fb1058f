/* aws_key.h: finds an AWS access key id that is carried out in a DNS name.
 *
 * A key id is AKIA (of a user) or ASIA (of a session) and 16 characters of base32, A-Z and 2-7.
 * Invented ones, as documents have them, are of other lengths and have all digits. Case says
 * nothing: resolvers change it.
 *
 * What counts. A piece is what stands between dots, hyphens and underscores. A break is a place,
 * from the prefix's last letter on, where a letter meets a digit, or where two different letters
 * meet that names hardly ever join. A change is a break of the first kind.
 *
 *   1. real   a piece that is 20 characters, base32 behind the prefix, with 4 breaks (AKIA) or
 *             5 (ASIA, which is a word: more names begin with it)
 *   2. split  2 to 4 whole labels, one behind the other, that together are such an id with 6
 * breaks; the first has the prefix and two characters more, and two labels follow the last. Of ASIA
 * the first has a break in itself, all but the last have 5 characters, and what meets between two
 * labels is no break
 *   3. invented        a piece of 16 to 24 letters and digits, 3 changes and 4 breaks; of ASIA only
 *                      with the word EXAMPLE in it
 *   4. invented split  as 2, but 19 to 21 letters and digits as in 3, four of them digits
 *
 * The first of these in this order is reported. Measured: of random ids 99.8 % (AKIA) and 99.5 %
 * (ASIA) are found whole, 98.4 % and 96.5 % in two halves. Of 1147350 names of public packages and
 * hosts none is taken for an id; when all of them are made to begin with AKIA 109 are, with ASIA 9.
 * Ids that are encoded once more (hex, base32, base64) are not found. */
#ifndef PROTOCOLS_AWS_KEY_H
#define PROTOCOLS_AWS_KEY_H

#include "protocols/slice.h"

#define AWS_KEY_MIN  16
#define AWS_KEY_MAX  24
#define AWS_KEY_TEXT (AWS_KEY_MAX + 1)

/* name: text of a DNS name, labels with dots between. True when it carries a key id, which is
 * written in upper case; else key is "". */
bool aws_key_find(struct slice name, char key[AWS_KEY_TEXT]);

#endif
