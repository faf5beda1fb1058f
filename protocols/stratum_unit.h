/* stratum_unit.h: what one unit of Stratum difficulty is worth.
 *
 * Stratum V1 never names the algorithm, and a unit is 2^32 hashes for some and 2^16 for others.
 * This collects what a session lets slip, strongest first: the algorithm among the password's
 * options, as many zeros behind the previous hash as only Bitcoin's chains have, the coin of the
 * wallet, a machine that can do one thing only, the coin among the options, what else the previous
 * hash and the network's difficulty look like; and when there is nothing, the size of the
 * difficulty itself. Pools of many coins pay all of them in one, mostly Bitcoin: its address is no
 * evidence beside a job of scrypt's. An Ethereum address says no more than
 * that it may be something else: Quai pays to such for SHA-256d, scrypt and KawPow; so does
 * DigiByte's, which is mined in five ways. Unknown stays unknown: no work is claimed then. */
#ifndef PROTOCOLS_STRATUM_UNIT_H
#define PROTOCOLS_STRATUM_UNIT_H

#include "protocols/wallet.h"

/* Evidence of one flow; flat, caller-zeroed. */
struct stratum_unit {
	const char *coin;   /* static; of the wallet, else of the options */
	const char *sharer; /* the coin among the options, where wallet_sharer() knows it */
	uint8_t option;
	uint8_t wallet;
	uint8_t agent;
	uint8_t coin_option;
	uint8_t prevhash;
	uint8_t foreign; /* a wallet to which is paid for several algorithms */
	bool is_least;   /* the job's block takes fewer hashes than a share of Bitcoin's least */
	bool is_rolling; /* the version is rolled: SHA-256d, whatever the job looks like */
};

void stratum_unit_agent(struct stratum_unit *unit, struct slice agent);
/* Where several coins have such addresses, the options tell which one the wallet is of. */
void stratum_unit_wallet(struct stratum_unit *unit, struct wallet *wallet);

/* A password is often a list of options, "c=LTC,d=4096". What is no known option is not kept. */
void stratum_unit_password(struct stratum_unit *unit, struct slice password);

/* The pool names the algorithm. */
void stratum_unit_named(struct stratum_unit *unit, struct slice algo);

/* The previous hash as 64 hex digits in wire order, and the network's target in its compact form.
 */
void stratum_unit_prevhash(struct stratum_unit *unit, struct slice digits, struct slice bits);

/* Somebody rolls versions. */
void stratum_unit_rolling(struct stratum_unit *unit);

/* Expected hashes per share at that difficulty; 0: unknown. */
double stratum_unit_work(const struct stratum_unit *unit, double difficulty);

/* "sha256d", "scrypt".. or "" when unknown. */
const char *stratum_unit_algo(const struct stratum_unit *unit, double difficulty);

/* The coin that is mined, or NULL: a wallet may be of the coin that is paid instead. */
const char *stratum_unit_coin(const struct stratum_unit *unit, double difficulty);

#endif
