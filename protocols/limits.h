/* limits.h: caps of protocols/. A stranger chooses every byte we parse; nothing here may grow. */
#ifndef PROTOCOLS_LIMITS_H
#define PROTOCOLS_LIMITS_H

/* Pools cut lines at 10 to 32 KiB and XMRig sends at most 16 KiB; twice the largest is ample. */
#define LIMIT_MESSAGE_BYTES 65536

/* Bytes before the first brace that are skipped as junk: a PROXY line, a BOM, NULs, a banner. */
#define LIMIT_JUNK_BYTES 512

/* A Grin share has 42 integers and a login some 60 algorithm names; 256 tokens fit all of them. */
#define LIMIT_JSON_TOKENS 256
#define LIMIT_JSON_DEPTH  16

/* Longest string that is compared or copied after unescaping: a 106-character wallet, its prefix,
 * worker and e-mail. */
#define LIMIT_TEXT_BYTES 256

/* Elements of a batch ([{...},{...}]) that are decoded; the rest is skipped. */
#define LIMIT_BATCH 32

#endif
