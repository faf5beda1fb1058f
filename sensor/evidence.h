/* evidence.h: the words of a verdict.
 *
 * Findings and other witnesses become a small set of stable words, kept in order of arrival, and a
 * level. The words are part of the event format: never renamed, only added. */
#ifndef SENSOR_EVIDENCE_H
#define SENSOR_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVIDENCE_WORDS(X) \
	X(LISTED_ENDPOINT, "listed-endpoint") \
	X(HANDSHAKE, "handshake") \
	X(SUBSCRIBE, "subscribe") \
	X(LOGIN, "login") \
	X(LOGIN_ACCEPTED, "login-accepted") \
	X(LOGIN_REFUSED, "refused") \
	X(UNANSWERED, "unanswered") \
	X(JOB, "job") \
	X(DIFFICULTY, "difficulty") \
	X(SHARE, "share") \
	X(SHARE_ACCEPTED, "share-accepted") \
	X(SHARE_REJECTED, "share-rejected") \
	X(KEEPALIVE, "keepalive") \
	X(RECONNECT, "reconnect") \
	X(CLAIMED_RATE, "claimed-hashrate") \
	X(WALLET_VALID, "wallet-valid") \
	X(POOL_NAMED, "pool-named") \
	X(NDPI_MINING, "ndpi-mining") \
	X(MIDSTREAM, "midstream") \
	X(GAP, "gap") \
	X(NODE, "node") \
	X(HANDSHAKE_SIZES, "handshake-sizes") \
	X(DONATION, "donation") \
	X(POOL_LOOKUP, "pool-lookup") \
	X(POOL_RESOLVED, "pool-resolved") \
	X(POOL_SNI, "pool-sni") \
	X(POOL_HOST, "pool-host") \
	X(POOL_TUNNEL, "pool-tunnel") \
	X(SHARED_ADDRESS, "shared-address") \
	X(LISTED_FINGERPRINT, "listed-fingerprint") \
	X(LISTED_WALLET, "listed-wallet") \
	X(ENCRYPTED_DNS, "encrypted-dns") \
	X(HOSTILE_ADDRESS, "hostile-address") \
	X(HOSTILE_NAME, "hostile-name") \
	X(KEY_IN_DNS, "key-in-dns") \
	X(ALLOWED, "allowed")

enum evidence_word {
#define EVIDENCE_ENUM(id, text) EVIDENCE_##id,
	EVIDENCE_WORDS(EVIDENCE_ENUM)
#undef EVIDENCE_ENUM
		EVIDENCE_COUNT
};

enum level { LEVEL_NONE, LEVEL_NODE, LEVEL_SUSPECT, LEVEL_LIKELY, LEVEL_CONFIRMED };

/* Words in order of arrival, each once. Flat; zeroed is empty. */
struct evidence {
	uint8_t words[EVIDENCE_COUNT];
	uint8_t count;
};

/* True when the word is new. */
bool evidence_add(struct evidence *self, enum evidence_word word);
bool evidence_has(const struct evidence *self, enum evidence_word word);
/* Adds what other has and self has not; true when something was new. */
bool evidence_merge(struct evidence *self, const struct evidence *other);

const char *evidence_text(enum evidence_word word);
const char *level_text(enum level level);

#endif
