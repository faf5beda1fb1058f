/* wallet_form.h: which address form one bare string has. Used by wallet.c only. */
#ifndef PROTOCOLS_WALLET_FORM_H
#define PROTOCOLS_WALLET_FORM_H

#include "protocols/wallet.h"

struct wallet_form {
	enum wallet_check check;
	const char *coin; /* static or NULL */
	bool is_sized;    /* the length is the coin's: what follows it is no part of it */
};

/* WALLET_NONE when it is no address. Reads the string once or twice, whatever its length. */
struct wallet_form wallet_form_of(struct slice address);

/* Length of an address prefix with its colon ("kaspa:"), 0 when there is none. */
size_t wallet_form_prefix(struct slice text);

/* Length of an address that is written with blanks in it, at the beginning of text; 0: none. */
size_t wallet_form_spaced(struct slice text);

/* The coin of that name, in capitals as pools write it before an address ("RVN:R.."); NULL: none
 * that we know. */
const char *wallet_form_coin(struct slice name);

/* The same in any case, of a coin whose addresses may be another one's as well. */
const char *wallet_form_sharer(struct slice name);
/* An address that is taken for the one coin's may be the sharer's, which wallet_form_sharer() gave.
 */
bool wallet_form_fits(struct slice address, const char *coin, const char *sharer);

#endif
