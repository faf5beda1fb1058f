/* login.h: the message "login" that CryptoNote and Grin have in common, and whose it is.
 *
 *   {"method":"login","params":{"login":user,"pass":password,"agent":program,"rigid":name,
 *    "algo":[..]},"id":1}
 *
 * Both are told apart here, in one place, so that each login has one owner. */
#ifndef PROTOCOLS_LOGIN_H
#define PROTOCOLS_LOGIN_H

#include "protocols/cryptonote_algo.h"

enum login_owner { LOGIN_NOBODY, LOGIN_CRYPTONOTE, LOGIN_GRIN };

struct login {
	enum login_owner owner;
	bool is_marked; /* says more than everyday words: a wallet, a known program or algorithm */
	bool is_weak;   /* ... but was cut before its password, and what there is proves little */
	bool is_piece;  /* the message was cut before its password */
	bool has_password;
	struct slice user;
	struct slice agent;
	struct slice rig;
	struct wallet wallet;
	struct cryptonote_algos algos;
	char texts[3][LIMIT_TEXT_BYTES]; /* those that were escaped */
};

/* LOGIN_NOBODY: not a login of either, or a piece that does not tell. */
void login_read(const struct rpc_call *call, struct login *out);

/* The login as a finding; the caller adds what only it knows. */
struct finding login_finding(const struct rpc_call *call, const struct login *login);

#endif
