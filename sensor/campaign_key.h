/* campaign_key.h: what hosts can share, in its one form, and the id of what they then are.
 *
 * A key joins hosts, so it must not join strangers:
 *
 *	wallet    an address of any coin, or an account name of 4 printable bytes and more that is
 *	          none of the words people type without thought (x, test, worker, 123456...), not
 *	          one character over and over, and not of less than 8 digits alone; 0x and hex
 *	          digits in lower case
 *	hostile   a name or address of hostile infrastructure
 *	pool      a name; an address is none, and has no campaign of its own. A port is dropped
 *
 * Names are in lower case and without a closing dot. */
#ifndef SENSOR_CAMPAIGN_KEY_H
#define SENSOR_CAMPAIGN_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "sensor/limits.h"

/* Weakest first. */
enum campaign_kind { CAMPAIGN_POOL, CAMPAIGN_HOSTILE, CAMPAIGN_WALLET, CAMPAIGN_KINDS };

#define CAMPAIGN_KEY_TEXT LIMIT_WALLET_TEXT

/* "pool", "hostile", "wallet": part of the id and of the event format. */
const char *campaign_kind_text(enum campaign_kind kind);

/* Writes text, wire bytes, in its one form. False: it is no key of that kind; out is then "".
 * is_address: for a wallet, that its shape is that of a payout address. */
bool campaign_key(enum campaign_kind kind, const char *text, bool is_address,
		  char out[CAMPAIGN_KEY_TEXT]);

/* The id of a campaign and of its alert: an unkeyed hash of "campaign", kind and key, the same on
 * every sensor and in every replay, whoever saw its first member and when. Never 0. */
uint64_t campaign_id(enum campaign_kind kind, const char *key);

#endif
