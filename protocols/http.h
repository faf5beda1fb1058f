/* http.h: the head of one HTTP/1 message, as far as mining shows in it. RFC 9112.
 *
 * Filled by the carrier http.c; dialects read it through message.http. Texts are NUL-terminated raw
 * bytes from the wire, cut at their size; "" is absent. A password is never kept. */
#ifndef PROTOCOLS_HTTP_H
#define PROTOCOLS_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "protocols/dialect.h"

struct http_head {
	bool is_response;
	bool has_password;    /* Authorization: Basic with a password behind the user */
	bool has_mining_word; /* X-Mining-Extensions, X-Roll-NTime: only miners and pools say that;
				 X-Long-Polling is in every answer of some nodes, to wallets too */
	bool is_json;         /* Content-Type: application/json, or a form of it */
	bool is_asked;        /* response: the request that it answers was seen */
	uint16_t status;      /* response */
	char method[12];      /* request */
	char target[288];     /* request: path and query, or host:port of CONNECT */
	char host[96];        /* Host, or of an absolute target */
	char user[160];       /* Authorization: Basic, the part before the colon */
	char agent[96];       /* User-Agent */
	char stratum[128];    /* X-Stratum: a URL */
	char reject_reason[64];   /* X-Reject-Reason */
	char mining_hashrate[32]; /* X-Mining-Hashrate, H/s */
	char hash_difficulty[32]; /* X-Hash-Difficulty */
	char miner[96];           /* X-Miner */
	char miner_name[64];      /* X-Minername */
	char capacity[24];        /* X-Capacity, GB */
};

/* What a body that may be a message begins with. PROBE_MAYBE: blanks only, so far. The content type
 * is not asked: it may lie. */
enum probe_result http_body_probe(struct slice body, size_t *blanks);

#endif
