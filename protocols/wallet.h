/* wallet.h: recognises a payout address in what a miner logs in with.
 *
 * Formats: Base58Check (Bitcoin), BIP-173/350 (bech32, bech32m), CashAddr and CIP-37 (Bitcoin Cash,
 * Kaspa, Nexa, Conflux), CryptoNote Base58 with Keccak checksum, EIP-55 (Ethereum), the account
 * numbers of Nimiq; others by their shape. A string that only looks like a wallet, or whose
 * checksum fails, is still reported: the caller sees in `check` how far it could be verified. */
#ifndef PROTOCOLS_WALLET_H
#define PROTOCOLS_WALLET_H

#include "protocols/slice.h"

enum wallet_check {
	WALLET_NONE = 0,   /* no wallet: an account name, an e-mail, nothing */
	WALLET_UNVERIFIED, /* wallet-shaped, but the coin has no checksum we can compute, or the
			      length is not the coin's */
	WALLET_BAD,        /* right shape and length, checksum fails */
	WALLET_VALID       /* checksum holds */
};

struct wallet {
	enum wallet_check check;
	const char *coin;  /* static: "BTC", "XMR", "ETH"..., NULL when the shape fits several */
	struct slice text; /* the address itself, inside the login string */
	struct slice
		worker; /* what follows it: after `.`, `/`, `+`, `_`; empty when there is none */
	struct slice email; /* an e-mail among the `/` parts; empty when there is none */
};

/* Splits a login string ("ADDRESS.worker", "ADDRESS/worker/mail", "COIN:ADDRESS.w", "ADDR+diff")
 * and judges the address. COIN tells which one it is where the address does not. For an account
 * name text is the account and check WALLET_NONE. A `+N` fixed-difficulty suffix is no worker. */
struct wallet wallet_parse(struct slice login);

/* The login string judged last: a miner says the same one with every share. Zeroed: none. */
struct wallet_memo {
	uint64_t hash; /* of the login string; 0: nothing is remembered */
	const char *coin;
	uint8_t check;
	struct wallet_part {
		uint16_t at; /* in the login string */
		uint16_t len;
	} text, worker, email;
	uint16_t len; /* of the login string */
};

/* wallet_parse(), which does no work for the string that memo holds; remembers it. */
struct wallet wallet_parse_again(struct slice login, struct wallet_memo *memo);

/* A coin that is named beside the login: the static name of one whose addresses have the form of
 * another's, in any case of letters, as DigiByte's have Dogecoin's; NULL: no such coin. */
const char *wallet_sharer(struct slice name);
/* That coin was named: an address that can be of it is. */
void wallet_name(struct wallet *wallet, const char *sharer);

/* Judges one bare address. */
struct wallet wallet_check_address(struct slice address);

#endif
