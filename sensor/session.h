/* session.h: what one connection says about its mining, from the findings of its dialects.
 *
 * A session owns the requests that wait for a reply, the work of each job, the shares already
 * counted, identity, evidence and level. It knows no protocol: only findings. One session per
 * inspected flow, owned by the worker; flat, no heap. Times are packet times in ns. */
#ifndef SENSOR_SESSION_H
#define SENSOR_SESSION_H

#include "protocols/dialect.h"
#include "sensor/evidence.h"
#include "sensor/ledger.h"
#include "sensor/limits.h"
#include "sensor/rate.h"

enum session_role { ROLE_UNKNOWN, ROLE_POOL_CLIENT, ROLE_PROXY, ROLE_NODE };

/* What others see of a session: flat, copied by value through the rings. Texts are NUL-terminated
 * raw bytes from the wire (escape when printed); "" is unknown. */
struct session_view {
	uint64_t first_ns;      /* first finding */
	uint64_t last_ns;       /* last finding */
	uint64_t first_job_ns;  /* 0: no job seen */
	uint64_t last_share_ns; /* 0: no share seen */
	uint64_t window_ns; /* of hashrate: first job of known work, or first share before it, to
			       last packet of the flow */
	uint32_t submitted;
	uint32_t accepted;
	uint32_t rejected; /* all refusals but stale */
	uint32_t stale;
	double difficulty; /* in force, as the dialect speaks it; 0: unknown */
	double work; /* hashes: of accepted shares, or of submitted ones when no reply is seen */
	/* Rates are in unit; 0: unknown. The whole session's is work / window, without a share that
	 * began it. That of a window in which no share was credited is unknown; that of a window
	 * longer than the session is the session's. rate.h says where a window begins. */
	double hashrate;
	double rates[RATE_WINDOWS];
	double hashrate_claimed; /* the miner's own, H/s; 0: none */
	uint8_t level;           /* enum level */
	uint8_t role;            /* enum session_role */
	uint8_t wallet_check;    /* enum wallet_check */
	uint8_t has_password;
	uint8_t has_replies; /* replies to shares are visible */
	uint8_t is_refused;  /* the login was refused */
	uint8_t is_unanswered;
	uint8_t is_donation; /* for the author of the program */
	uint8_t workers;     /* distinct worker names, saturating */
	struct evidence evidence;
	char dialect[LIMIT_ALGO_TEXT];
	char carrier[LIMIT_CARRIER_TEXT]; /* what it rides in, outermost first; "" for nothing */
	char unit[8];                     /* of work per second; "" for H/s */
	char coin[8];
	char algo[LIMIT_ALGO_TEXT];
	char wallet[LIMIT_WALLET_TEXT]; /* or the account name */
	char worker[LIMIT_WORKER_TEXT];
	char rig[LIMIT_WORKER_TEXT];
	char agent[LIMIT_AGENT_TEXT];
	char email[LIMIT_WORKER_TEXT];
	char tag[LIMIT_WORKER_TEXT];     /* the pool's words in the coinbase of its job */
	char payout[LIMIT_WALLET_TEXT];  /* whom that coinbase pays */
	char reason[LIMIT_REASON_TEXT];  /* of the last rejection */
	char pool[LIMIT_POOL_TEXT];      /* a name leaked by the session: host:port; "" if none */
	char next_pool[LIMIT_POOL_TEXT]; /* where the pool sent the miner: host:port; "" if nowhere
					  */
};

/* What session_apply() and session_tick() changed, ORed; the worker decides what to report when. */
enum session_change {
	SESSION_CHANGED_LEVEL = 1 << 0,    /* also: the session began */
	SESSION_CHANGED_IDENTITY = 1 << 1, /* wallet, worker, agent, pool, dialect... */
	SESSION_CHANGED_EVIDENCE = 1 << 2,
	SESSION_CHANGED_COUNTERS = 1 << 3
};

/* The larger part, apart: most flows under inspection never bring a finding. */
struct session_room {
	struct ledger ledger;
	struct rate recent; /* of submitted shares, or of accepted ones once a reply was seen */
};

struct session {
	struct session_view view;
	uint64_t worker_hashes[8];
	double work_submitted;
	double work_accepted;
	double share_floor;        /* lowest difficulty a share proved: used when no job tells */
	double told_work;          /* of the first job that tells it; 0: none did */
	uint32_t floor_submitted;  /* shares that prove share_floor and have no job's work */
	uint32_t floor_accepted;   /* those of them that the pool accepted */
	uint32_t credited;         /* shares whose work is known */
	uint64_t login_ns;         /* of a login still without reply; 0: none */
	uint64_t start_ns;         /* first login, job or share; 0: none */
	uint64_t work_start_ns;    /* first job whose work is known; 0: none */
	uint64_t first_share_ns;   /* first share whose work is known; 0: none */
	uint64_t last_report_ns;   /* the worker's */
	const char *spoken;        /* descriptor's name behind view.dialect; NULL: none */
	uint8_t changed;           /* enum session_change not yet reported; the worker clears it */
	uint8_t is_reported;       /* level reached LEVEL_NODE once */
	uint8_t is_job_algo;       /* view.algo is what a job said */
	uint8_t is_coin_mined;     /* view.coin is what is mined, whatever the wallet looked like */
	uint8_t is_open;           /* level reached LEVEL_LIKELY once */
	uint8_t sender_dir;        /* 1 + direction in which the miner sends; 0: unknown */
	uint8_t is_sender_certain; /* by a login or a share */
	uint8_t yeses[2];          /* that a login or a share gets, by direction; up to 2 */
	uint8_t dirs_heard;        /* bit per direction that carried bytes, read or not */
	uint8_t dialect_proof;     /* enum proof of the finding that named view.dialect */
	uint8_t doubted_dirs;      /* bit per direction in which messages may be quoted */
	uint8_t held_levels[2];    /* enum level proven by doubted messages, by direction */
	uint8_t held_before[2];    /* the same, of those before the one that is read now */
	uint8_t held_roles[2];     /* bit per enum sender that they speak as, by direction */
	bool is_doubted;           /* the finding proves nothing, a reply to it may; set for each */
	bool is_suspected;         /* ... but is a suspicion: a reply would not be seen */
	uint8_t missed_dirs;       /* bit per direction of which sent bytes did not come */
	uint8_t is_roomy;          /* the room is in use */
	struct session_room *room; /* of any content until then */
};

struct stats;

/* Before anything else. The room is of any content, outlives the session, and is not touched before
 * the first finding. */
void session_init(struct session *self, struct session_room *room);

/* dialect is the descriptor's name. Returns the
 * changes of this call (also ORed into self->changed); 0 while the session is not reported.
 *
 * A reply with a count settles that many of the oldest pending shares. When the miner's side of a
 * flow is not heard at all, it is that many shares, and one that only a share gets is one. A yes
 * that a login gets as well is a share's once there was a job and a first such yes: that may be the
 * login's, wherever the flow was picked up. submitted then counts them too. */
unsigned session_apply(struct session *self, const char *dialect, const struct finding *finding,
		       enum direction dir, uint64_t time_ns, struct stats *stats);

/* Bytes came in that direction, whether or not they can be read. */
void session_hear(struct session *self, enum direction dir);

/* A reply before anything that it could belong to: its request, and with it what the flow is, may
 * be held behind a hole of the stream. Proves nothing, begins nothing. */
void session_overhear(struct session *self, const struct finding *reply, enum direction dir,
		      uint64_t time_ns);

/* Somebody waits for a reply with that id which travels in reply_dir at that time. */
bool session_awaits(const struct session *self, uint64_t id, enum direction reply_dir,
		    uint64_t time_ns);

/* A reply came that nobody waited for, to a request with that id that was sent in that direction
 * before it. */
bool session_is_answered(const struct session *self, uint64_t id, enum direction dir,
			 uint64_t time_ns);

/* What the session rides in: names of carriers, outermost first; "" for nothing. */
void session_carrier(struct session *self, const char *names);

/* A gap in one direction: replies and requests are missing that were sent before until_ns. */
void session_gap(struct session *self, enum direction dir, uint64_t until_ns);

/* What is said in that direction from here on may only be quoted. */
enum doubt {
	DOUBT_NONE,  /* it is not, and neither was what came before */
	DOUBT_AGAIN, /* nor is it known of what came before: two such messages are believed */
	DOUBT_AFRESH /* what came before was a quotation, or is nothing */
};

/* A doubted message is a suspicion, until the doubt ends, until a second one comes, until a reply
 * matches its request, or until both directions say such things, one as the miner and one as the
 * pool. What is said of an open session is not doubted. */
void session_doubt(struct session *self, enum direction dir, enum doubt doubt);

/* Whether bytes of that direction were sent that did not come. They may be those to which a page
 * with a torn head is the answer. */
void session_miss(struct session *self, enum direction dir, bool is_missed);

/* True when doubted messages of that direction may be believed for their own sake: nothing of the
 * other one was missed, so a request for a page would have been heard. */
bool session_stands_alone(const struct session *self, enum direction dir);

/* True when doubted messages of that direction would prove mining. */
bool session_is_held(const struct session *self, enum direction dir);

/* The flow's roles were swapped: what was sent to the server was sent to the client. */
void session_swap_roles(struct session *self);

/* Packet time moves on: an unanswered login becomes evidence. */
unsigned session_tick(struct session *self, uint64_t now_ns);

/* True while packet time alone may change the session. */
bool session_is_waiting(const struct session *self);

/* Another witness speaks (listed endpoint, nDPI, mid-stream). */
unsigned session_witness(struct session *self, enum evidence_word word);

/* The view with window and hash rate computed up to last_packet_ns. */
void session_view_at(const struct session *self, uint64_t last_packet_ns, struct session_view *out);

/* True when the findings prove that the flow's client and server are the wrong way round.
 * is_proven: the handshake was seen; then only a login or a share of the server's is proof of the
 * contrary, and only where it was believed: a feed quotes them. */
bool session_roles_swapped(const struct session *self, bool is_proven);

#endif
