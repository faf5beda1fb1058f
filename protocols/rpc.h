/* rpc.h: what the JSON-RPC dialects share: one call read from a message, the method table, the
 * many forms of an error, and small text tests.
 *
 * Only members at depth 1 of a message count, or at depth 1 of each object of a batch
 * ([{...},{...}]); keys and method names are compared unescaped. Pure functions over borrowed
 * bytes; everything here lives as long as the message. */
#ifndef PROTOCOLS_RPC_H
#define PROTOCOLS_RPC_H

#include "protocols/dialect.h"

#define RPC_METHOD_BYTES 64  /* longest method name known is 28 bytes */
#define RPC_POOL_BYTES   288 /* a host name of 253 bytes, brackets, a colon and a port */

/* Room for texts of the findings of one call that had to be unescaped, joined or decoded. */
struct rpc_text {
	char login[LIMIT_TEXT_BYTES];
	char worker[LIMIT_TEXT_BYTES];
	char tag[LIMIT_TEXT_BYTES];
	char payout[LIMIT_TEXT_BYTES];
};

/* One request, notification or reply. Absent members are JSON_ABSENT. */
struct rpc_call {
	const struct json *doc;
	const struct finding_out *out;
	void *state;           /* the dialect's */
	struct rpc_text *text; /* the handler's to use; lives as long as the call */
	enum direction dir;
	json_value object;
	json_value params;
	json_value result;
	json_value error;
	uint64_t id;         /* json_id(); 0: null or absent */
	bool is_reply;       /* has a result or an error, and no method that goes with params; or
				nothing but an id, which some pools call an answer */
	struct slice method; /* unescaped, cut at the first `(`; empty when there is none */
	char method_text[RPC_METHOD_BYTES];
};

struct rpc_method;

/* False: not a message of the dialect after all. */
typedef bool (*rpc_handler)(struct rpc_call *call, const struct rpc_method *row);

struct rpc_method {
	const char *name;
	enum sender sender; /* who sends it */
	enum finding_kind kind;
	rpc_handler handle;
};

/* A verdict on a request. reason is the pool's words; it may point into text. */
struct rpc_reply {
	bool is_ok;
	bool is_stale;
	enum reply_to reply_to; /* SHARE when the refusal speaks of one; a yes never tells */
	struct slice reason;
	char text[LIMIT_TEXT_BYTES];
};

/* Calls handle for every call of the message. True when one of them returned true. Methods that
 * belong to other families (Electrum; names with a slash) never reach handle. */
bool rpc_decode(void *state, struct message *msg, const struct finding_out *out,
		bool (*handle)(struct rpc_call *call));

/* The same; handle is called for params without a method as well: method is empty then, and it is
 * no reply. */
bool rpc_decode_nameless(void *state, struct message *msg, const struct finding_out *out,
			 bool (*handle)(struct rpc_call *call));

/* Framing and probing of all dialects that are JSON objects one after another. */
enum frame_result rpc_frame(struct json *doc, struct slice in, size_t *skip, size_t *len);
enum probe_result rpc_probe(struct slice first, enum direction dir, const struct dialect *dialect);

/* The row of that method, or NULL. any_case: for namespaced names, which some pools compare so. */
const struct rpc_method *rpc_method_find(const struct rpc_method *rows, size_t count,
					 struct slice method, bool any_case);

/* Reads the verdict of a reply in all its forms. False when there is none: no result and no error,
 * or the deciding part was cut off. */
bool rpc_reply_read(const struct rpc_call *call, struct rpc_reply *reply);

/* True when a refusal in these words is that of a share. */
bool rpc_is_share_reason(struct slice reason);

/* The finding of a verdict that was read. */
struct finding rpc_reply_finding(const struct rpc_call *call, const struct rpc_reply *reply,
				 enum proof proof);

/* Reports the verdict of a reply; false as above. */
bool rpc_reply_emit(const struct rpc_call *call, enum proof proof);

/* A finding with kind, sender, proof and the request id filled in, all else zero. */
struct finding rpc_finding(const struct rpc_call *call, enum finding_kind kind, enum sender sender,
			   enum proof proof);
void rpc_emit(const struct rpc_call *call, const struct finding *finding);

/* True when the value is a string of exactly `digits` hex digits, 0x not counted. */
bool rpc_is_hex(const struct json *doc, json_value value, size_t digits);

/* True when the value is `0x` and exactly `digits` hex digits. */
bool rpc_is_0x(const struct json *doc, json_value value, size_t digits);

/* The value of hex digits, of which the first 64 count. */
double rpc_hex_number(struct slice digits);

/* ASCII comparisons without regard to case. Most often the length tells, and is a constant; words
 * of one namespace begin alike and are often of one length, but differ in their last byte, by more
 * than the bit of the case. */
bool rpc_starts_with(struct slice text, struct slice prefix);

static inline bool rpc_starts(struct slice text, const char *prefix)
{
	size_t len = strlen(prefix);

	return len <= text.len &&
	       (len == 0 || ((text.ptr[len - 1] ^ (uint8_t)prefix[len - 1]) & ~0x20) == 0) &&
	       rpc_starts_with(text, slice_str(prefix));
}

static inline bool rpc_equals(struct slice text, const char *word)
{
	return text.len == strlen(word) && rpc_starts(text, word);
}

bool rpc_contains(struct slice text, const char *word);

/* Adds hex digits to a hash, upper and lower case alike; start with 0. Never gives 0. */
uint64_t rpc_hash_hex(uint64_t hash, struct slice hex);

/* "host:port" into out from a host text and a port (number or text), or an empty slice when either
 * cannot be one. */
struct slice rpc_pool(const struct rpc_call *call, struct slice host, json_value port,
		      char out[RPC_POOL_BYTES]);

struct slice rpc_pool_port(struct slice host, unsigned port, char out[RPC_POOL_BYTES]);

/* The host:port inside a URL: without scheme, user (and password) and path. Empty when there is
 * none. */
struct slice rpc_pool_url(struct slice url);

#endif
