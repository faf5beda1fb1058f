/* coinbase.h: what the coinbase transaction of a Bitcoin job tells: who made the block and who is
 * paid for it. BIP 34 (height), BIP 141 and 341 (witness programs).
 *
 * A job has the transaction in two parts, without the extranonces between them; how long those are
 * the job does not say: the second part is read where it makes a whole transaction. */
#ifndef PROTOCOLS_COINBASE_H
#define PROTOCOLS_COINBASE_H

#include "protocols/slice.h"

#define COINBASE_TAG_BYTES     101
#define COINBASE_ADDRESS_BYTES 100

enum payout_kind {
	PAYOUT_NONE, /* no output, or a script without an address */
	PAYOUT_KEY_HASH,
	PAYOUT_SCRIPT_HASH,
	PAYOUT_WITNESS
};

struct coinbase {
	uint32_t height; /* 0: not told */
	enum payout_kind kind;
	uint8_t witness_version;
	uint8_t program_len;
	uint8_t program[40];          /* hash or witness program of the first output that pays */
	char tag[COINBASE_TAG_BYTES]; /* printable words of the input script; "" when none */
};

/* Both parts as hex digits. False: the first part is not the beginning of a coinbase. */
bool coinbase_read(struct slice first, struct slice second, struct coinbase *out);

/* The same as bytes. */
bool coinbase_parse(struct slice first, struct slice second, struct coinbase *out);

/* The address that is paid, as that coin writes it; empty when the coin is not known here. */
struct slice coinbase_address(const struct coinbase *coinbase, const char *coin,
			      char out[COINBASE_ADDRESS_BYTES]);

#endif
