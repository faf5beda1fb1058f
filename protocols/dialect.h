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
	FINDING_IDENTITY,     /* more about who: agent, rig, worker, coin, algo, pool */
	FINDING_NODE          /* a coin daemon speaks to another: agent */
};

/* What one message proves by itself. */
enum proof {
	PROOF_NONE,     /* generic words only: counts as activity of a session proven elsewhere */
	PROOF_NODE,     /* a coin daemon, no miner */
	PROOF_SUSPECT,  /* weak: sizes and rhythm alone */
	PROOF_LIKELY,   /* strong single witness: shape-checked login, namespaced method alone */
	PROOF_CONFIRMED /* cannot be anything else: shape-checked job or share */
};

/* What a reply answers, as far as its own words tell those who did not hear the request. */
enum reply_to {
	REPLY_TO_ANYTHING, /* they do not tell, or it is no share's */
	REPLY_TO_LOGIN,
	REPLY_TO_LOGIN_OR_SHARE, /* the one yes of the dialect: a login's, and then a share's */
	REPLY_TO_SHARE           /* nothing but a share gets it */
};

/* One fact of one message. Slices are borrowed from the message and die with the call. */
struct finding {
	enum finding_kind kind;
	enum sender sender;
	enum proof proof;
	bool wants_reply;       /* the request's id is to be remembered: a reply may follow */
	bool reply_confirms;    /* an accepting reply to this request proves mining by itself */
	bool is_ok;             /* REPLY: accepted */
	bool is_stale;          /* REPLY, not ok: refused for being late */
	enum reply_to reply_to; /* REPLY */
	bool has_password;      /* a password was present; its value is never reported */
	bool is_proxy;          /* the miner's side speaks for others */
	bool is_coin_mined;     /* the coin is what is mined, whosever the wallet looked like */
	bool is_donation;       /* mines for the author of the program, not for its user */
	uint32_t count;   /* REPLY: so many of the oldest shares are settled at once; 0: one */
	uint64_t request; /* hash of the request id, json_id(); 0: none. A dialect whose replies
			     name no request gives all its shares the same one: oldest first */
	uint64_t job;     /* hash of the job id; 0: none or not named */
	uint64_t nonce;   /* SHARE: hash of job, nonce and extranonce: equal means the same share */
	double difficulty;    /* as spoken; 0: unknown. JOB: the one in force for it */
	double work;          /* expected hashes per share; 0: unknown */
	double rate;          /* CLAIMED_RATE: H/s */
	const char *dialect;  /* static: a branch of this dialect; NULL: the dialect itself */
	const char *unit;     /* static: of rates made of work: "Sol/s", "g/s"; NULL: "H/s" */
	const char *coin;     /* static, "XMR"; NULL: not known from this message */
	struct wallet wallet; /* LOGIN, SHARE, IDENTITY; check is WALLET_NONE when there is none */
	struct slice login;   /* whole user string, for account names */
	struct slice worker;
	struct slice rig; /* a name or number of the machine, apart from the worker */
	struct slice agent;
	struct slice algo;
	struct slice email;
	struct slice tag;    /* JOB: the pool's words in the coinbase */
	struct slice payout; /* JOB: address that the coinbase pays */
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
	bool is_cut;   /* the end was lost (gap, snaplen): decode what is there */
	bool is_alone; /* the other side has said nothing yet, or is not seen */
	/* The HTTP message that it is the body of, or, when bytes are empty, the head itself, which
	 * is said first; NULL outside HTTP. */
	const struct http_head *http;
	uint8_t *plain; /* caller's scratch of LIMIT_MESSAGE_BYTES for json_plain(); may be NULL */
	struct json
		*json; /* caller's scratch, filled by frame() or at most once by message_json() */
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
	/* Not JSON: asked by its probe alone, at the start of a direction, after a gap and where a
	 * stream was picked up, until a message of it reported a fact: from then on its frame() has
	 * both directions, and finds its own way after a gap. Its MAYBE means: a true beginning of
	 * mine, as far as it goes; at most DIALECT_PROBE_MAX bytes long, and nobody else may have
	 * these bytes before it is decided. */
	bool is_binary;
	/* Nothing but sizes tells it: a part of its beginning is no reason to look at a flow. */
	bool is_faceless;
	bool is_http; /* speaks in HTTP: believed in an answer whose question was not seen */
	/* Could a stream that begins with these bytes be mine? MAYBE: need more or cannot tell. */
	enum probe_result (*probe)(struct slice first, enum direction dir);
	/* Finds the next message: *skip junk bytes, then *len bytes. WHOLE: *len > 0, *skip + *len
	 * <= in.len. MORE: *skip bytes may be dropped. BAD: drop *skip > 0 bytes and try again.
	 * Text is tokenised on the way: doc holds the message, or nothing (count 0). Binary
	 * dialects leave doc alone. */
	enum frame_result (*frame)(struct json *doc, struct slice in, size_t *skip, size_t *len);
	/* Reports what the message says. False: not a message of this dialect (another may try). A
	 * message that this dialect knows but that carries no fact (a banner) is true. */
	bool (*decode)(void *state, struct message *msg, const struct finding_out *out);
};

#define DIALECT_STATE_MAX 256

/* Every dialect, in the order in which they are asked. */
#define DIALECTS(X) \
	X(stratum_v1) \
	X(ethgetwork) \
	X(ethproxy) \
	X(cryptonote) \
	X(grin) \
	X(beam) \
	X(getwork) \
	X(getblocktemplate) \
	X(monerod) \
	X(burst) \
	X(coinhive) \
	X(webminerpool) \
	X(nimiq) \
	X(btcagent) \
	X(stratum_v2) \
	X(bitcoin_p2p) \
	X(handshake_p2p) \
	X(levin) \
	X(devp2p) \
	X(stratum_noise)

#define DIALECT_DECLARE(id) extern const struct dialect dialect_##id;
DIALECTS(DIALECT_DECLARE)
#undef DIALECT_DECLARE

extern const struct dialect *const dialects[];
extern const size_t dialect_count;

/* A reply in the words that most dialects share, when none of them has been heard in the flow: says
 * nothing but which request it answers. False: the message is none. */
bool dialects_reply(struct message *msg, const struct finding_out *out);

/* Cheap test of any payload of an undecided flow: where in it could a dialect's message begin?
 * payload.len: nowhere. Looks at no more than the payload, needs no state and is safe to ask for
 * every packet. */
size_t dialects_find(struct slice payload);
bool dialects_candidate(struct slice payload);

/* Bytes that a probe may ask for before it says YES or NO. */
#define DIALECT_PROBE_MAX 256
#define CARRIER_PROBE_MAX 32

enum encoding { ENCODING_NONE, ENCODING_GZIP, ENCODING_ZLIB, ENCODING_DEFLATE /* raw, RFC 1951 */ };

/* What one step of a carrier gave. Zeroed by the caller. */
struct carrier_step {
	size_t used;          /* bytes of the input that are done with; 0 only when is_through */
	struct slice content; /* bytes inside: of the input or of the state; until the next step */
	enum encoding encoding; /* of the content; meaningful when there is some */
	bool is_message;        /* content is part of a message with bounds, not of a stream */
	bool is_start;          /* ... and begins it; content may still be empty */
	bool is_end;            /* ... and ends it */
	bool is_through; /* the carrier is done in this direction: what follows is the inner stream
			  */
	const struct http_head *http; /* of that message; NULL when the carrier is no HTTP */
	/* With is_through: what follows was agreed to be this carrier, whatever its probe says;
	 * NULL: not known, probe. */
	const struct carrier *inner;
};

/* What dialects ride in: takes wrapped bytes, gives the bytes inside. Stackable. A carrier keeps
 * what it needs of a begun header in its state: it always takes what it is given, in pieces of any
 * size, and the answer must not depend on the pieces. */
struct tls_hello;

struct carrier {
	const char *name;  /* in events: [a-z0-9-]+ */
	size_t state_size; /* flat, caller-zeroed, for both directions; at most CARRIER_STATE_MAX */
	/* What the client said in clear before it went on encrypted, out of the carrier's state;
	 * NULL: not (yet). The member itself is NULL for carriers that have no such thing. */
	const struct tls_hello *(*hello)(const void *state);
	bool is_opaque; /* never gives content: no reason to look at a flow, but to leave it alone
			 */
	/* Could this be my first byte in that direction? YES and NO are final; MAYBE with fewer
	 * than CARRIER_PROBE_MAX bytes only. */
	enum probe_result (*probe)(struct slice first, enum direction dir);
	/* One step over in, which is not empty. False: the bytes are not mine after all, none was
	 * used; the direction is read as it is from here on. out takes what the carrier itself
	 * tells: a proxy's target (FINDING_IDENTITY with pool, without proof). */
	bool (*unwrap)(void *state, enum direction dir, struct slice in, struct carrier_step *step,
		       const struct finding_out *out);
	/* Bytes of that direction were lost. True: the next bytes may be probed anew, and unwrap()
	 * then begins with a header; false: what follows is the inner stream or opaque. */
	bool (*gap)(void *state, enum direction dir);
	/* How many bytes behind a hole at the start of a direction may be the end of my header, for
	 * which no state is needed; 0: none. They say little: another carrier's beginning behind
	 * them has to tell. NULL: such an end is not told from other bytes. */
	size_t (*rest)(struct slice first);
};

#define CARRIER_STATE_MAX 4096

/* Every carrier, in the order in which they are asked. */
#define CARRIERS(X) \
	X(proxy_header) \
	X(http) \
	X(websocket) \
	X(socks) \
	X(tls)

#define CARRIER_DECLARE(id) extern const struct carrier carrier_##id;
CARRIERS(CARRIER_DECLARE)
#undef CARRIER_DECLARE

extern const struct carrier *const carriers[];
extern const size_t carrier_count;

/* Cheap test of the first payload of a direction: could a carrier or a binary dialect begin with
 * it? Every probe says no by its first byte or two, so this may be asked of every flow. */
bool dialects_begin(struct slice first, enum direction dir);

#endif
