/* dialect.h: the contract between the sensor and whoever knows a mining protocol's bytes.
 *
 * A dialect is one way of speaking: it probes a stream, frames messages and turns each message into
 * findings. A carrier is what dialects may ride in. Both are pure functions over borrowed bytes:
 * no socket, no clock, no heap, and a flat state that the caller zeroes and never looks into.
 * To add a dialect: one new file and one line in DIALECTS below. */
#ifndef PROTOCOLS_DIALECT_H
#define PROTOCOLS_DIALECT_H

#include "protocols/json.h"
#include "protocols/limits.h"
#include "protocols/slice.h"
#include "protocols/wallet.h"

/* Of the flow, as the flow table believes. A mid-stream flow may have it the wrong way round:
 * a dialect goes by what a message is, and says who must have sent it. */
enum direction { DIR_TO_SERVER = 0, DIR_TO_CLIENT = 1 };

enum sender { SENDER_UNKNOWN, SENDER_MINER, SENDER_POOL };

enum finding_kind {
	FINDING_SUBSCRIBE,    /* a miner introduces itself, without credentials */
	FINDING_LOGIN,        /* a miner gives identity and credentials */
	FINDING_JOB,          /* the pool hands out work */
	FINDING_DIFFICULTY,   /* the pool sets difficulty or target */
	FINDING_SHARE,        /* a miner submits a share */
	FINDING_REQUEST,      /* any other request of the dialect whose reply must be matched */
	FINDING_REPLY,        /* an answer to a request: is_ok, reason */
	FINDING_KEEPALIVE,    /* a miner says it is still there */
	FINDING_RECONNECT,    /* the pool sends the miner elsewhere: pool */
	FINDING_CLAIMED_RATE, /* a miner claims a hash rate: rate */
	FINDING_IDENTITY      /* more about who: agent, rig, worker, coin, algo */
};

/* What one message proves by itself. */
enum proof {
	PROOF_NONE,     /* generic words only: counts as activity of a session proven elsewhere */
	PROOF_LIKELY,   /* strong single witness: shape-checked login, namespaced method alone */
	PROOF_CONFIRMED /* cannot be anything else: shape-checked job or share */
};

/* One fact of one message. Slices are borrowed from the message and die with the call. */
struct finding {
	enum finding_kind kind;
	enum sender sender;
	enum proof proof;
	bool wants_reply;    /* the request's id is to be remembered: a reply may follow */
	bool reply_confirms; /* an accepting reply to this request proves mining by itself */
	bool is_ok;          /* REPLY: accepted */
	bool is_stale;       /* REPLY, not ok: refused for being late */
	bool has_password;   /* a password was present; its value is never reported */
	uint64_t request;    /* hash of the request id, json_id(); 0: none */
	uint64_t job;        /* hash of the job id; 0: none or not named */
	uint64_t nonce; /* SHARE: hash of job, nonce and extranonce: equal means the same share */
	double difficulty;    /* as spoken; 0: unknown. JOB: the one in force for it */
	double work;          /* expected hashes per share; 0: unknown */
	double rate;          /* CLAIMED_RATE: H/s */
	const char *coin;     /* static, "XMR"; NULL: not known from this message */
	struct wallet wallet; /* LOGIN, SHARE, IDENTITY; check is WALLET_NONE when there is none */
	struct slice login;   /* whole user string, for account names */
	struct slice worker;
	struct slice agent;
	struct slice algo;
	struct slice reason; /* REPLY, not ok: the pool's words */
	struct slice pool;   /* RECONNECT or a leaked pool name: host:port */
};

/* Where findings go; called any number of times during decode, in the order of the message. */
struct finding_out {
	void (*emit)(void *ctx, const struct finding *finding);
	void *ctx;
};

/* One framed message and the scratch it may be tokenised in. */
struct message {
	struct slice bytes;
	enum direction dir;
	bool is_cut;       /* the end was lost (gap, snaplen): decode what is there */
	struct json *json; /* caller's scratch, filled at most once by message_json() */
	bool is_parsed;
	int parse_error;
};

/* The tokenised message, or NULL when it is not JSON. Tokenises once, whoever asks. */
const struct json *message_json(struct message *msg);

enum probe_result { PROBE_NO, PROBE_MAYBE, PROBE_YES };
enum frame_result { FRAME_WHOLE, FRAME_MORE, FRAME_BAD };

struct dialect {
	const char *name;     /* in events: [a-z0-9-]+ */
	size_t state_size;    /* flat, caller-zeroed, at most DIALECT_STATE_MAX */
	uint32_t max_message; /* bytes a peer may make us buffer for one message */
	/* Could a stream that begins with these bytes be mine? MAYBE: need more or cannot tell. */
	enum probe_result (*probe)(struct slice first, enum direction dir);
	/* Finds the next message: *skip junk bytes, then *len bytes. WHOLE: *len > 0, *skip + *len
	 * <= in.len. MORE: *skip bytes may be dropped. BAD: drop *skip > 0 bytes and try again. */
	enum frame_result (*frame)(struct slice in, size_t *skip, size_t *len);
	/* Reports what the message says. False: not a message of this dialect (another may try). A
	 * message that this dialect knows but that carries no fact (a banner) is true. */
	bool (*decode)(void *state, struct message *msg, const struct finding_out *out);
};

#define DIALECT_STATE_MAX 256

/* Every dialect, in the order in which they are asked. */
#define DIALECTS(X) \
	X(stratum_v1) \
	X(ethproxy) \
	X(cryptonote)

#define DIALECT_DECLARE(id) extern const struct dialect dialect_##id;
DIALECTS(DIALECT_DECLARE)
#undef DIALECT_DECLARE

extern const struct dialect *const dialects[];
extern const size_t dialect_count;

/* Cheap test of any payload of an undecided flow: could a dialect's message begin in it? Looks at
 * no more than the payload, needs no state and is safe to ask for every packet. */
bool dialects_candidate(struct slice payload);

enum carrier_result { CARRIER_DATA, CARRIER_MORE, CARRIER_NOT_MINE };

/* What dialects ride in: takes wrapped bytes, gives the bytes inside. Stackable; state as above. */
struct carrier {
	const char *name;
	size_t state_size;
	enum probe_result (*probe)(struct slice first, enum direction dir);
	/* Consumes *used bytes of in and writes *len <= size bytes of content to out. MORE: needs
	 * more input than there is. NOT_MINE: give the bytes to the next reader as they are. */
	enum carrier_result (*unwrap)(void *state, enum direction dir, struct slice in,
				      size_t *used, uint8_t *out, size_t size, size_t *len);
};

#endif
