/* conversation.h: what the two sides of a flow say to each other, whatever dialect they speak.
 *
 *   bytes of one direction -> frame -> decode -> session_apply()
 *
 * Owns the begun message of each direction, the dialects' states and the session. Knows nothing of
 * packets, streams and carriers: it is given bytes in order, and told where they break off. A
 * stream's messages find their ends themselves; messages that a carrier brings have bounds. */
#ifndef SENSOR_CONVERSATION_H
#define SENSOR_CONVERSATION_H

#include "protocols/preface.h"
#include "sensor/aside.h"
#include "sensor/blocks.h"
#include "sensor/session.h"
#include "sensor/stats.h"
#include "sensor/voice.h"

/* What a flow without a session may show before it is given up. */
#define CONVERSATION_UNKNOWN_MAX 8 /* messages of no dialect */
#define CONVERSATION_BAD_MAX     4 /* times that the framing fails */

/* Messages of the other side among which an echo is looked for. */
#define READING_SAID 32

/* What all conversations of a worker share. */
struct conversation_room {
	struct blocks *blocks; /* for begun messages */
	struct stats *stats;
	struct json json; /* of the one message being framed and decoded */
	uint8_t plain[LIMIT_MESSAGE_BYTES];
};

typedef uint64_t dialect_state[DIALECT_STATE_MAX / sizeof(uint64_t)];

/* One direction. */
struct reading {
	uint8_t *block; /* the begun message; NULL when there is none */
	size_t size;    /* of block */
	size_t len;
	size_t credit;
	uint64_t time_ns;   /* of the bytes read last: never goes back */
	uint64_t said_ns;   /* of the message being read */
	uint64_t waited_ns; /* of bytes whose dialect was not certain yet */
	size_t waited;      /* ... and how many */
	uint32_t examined;  /* payload bytes, saturating */
	uint8_t framer;     /* 1 + index of the dialect whose framing is tried; 0: probe */
	bool is_lost;       /* bytes were lost or made no sense: what comes may be half a message */
	bool is_waiting;    /* for credit, to be scanned */
	bool is_foreign;    /* speaks something else and quotes messages: none counts */
	bool is_alien;      /* ... and no hole left what it speaks */
	bool is_torn;       /* bytes were missed since the last message */
	bool is_bounded;    /* inside a message that a carrier brought */
	bool is_muted;      /* ... of which the rest says nothing */
	bool is_doubted;    /* ... that counts only when it is one message and no more */
	bool may_begin;     /* nothing was read yet, or since a gap: a binary dialect may begin */
	bool is_blind;      /* joined in its middle: a message may be a member of a larger one */
	bool has_message;   /* ... and one was read since */
	bool is_paired;     /* ... right before the one being read */
	bool is_heard;      /* said something, outside messages that a carrier brought */
	bool is_recited;    /* reads out what others said, until the other side answers it */
	bool is_party;      /* said what answers the other side, or that it does not say itself */
	const struct http_head *http; /* ... and its head, while it lasts */
	struct preface preface;       /* what was skipped since the last message */
	struct voice voice;           /* as whom it spoke while it was doubted */
	uint32_t said[READING_SAID];  /* hashes of what it said last; 0: nothing */
	uint8_t said_next;            /* the place of the next one */
	bool is_itself;               /* said something that the other side had not said */
	struct aside *aside;          /* what it said since strange words behind a hole */
};

/* Flat; conversation_begin() sets it up. */
struct conversation {
	struct conversation_room *room;
	dialect_state *states; /* one per dialect, of any content until it is begun */
	uint32_t begun_states; /* bit per dialect: zeroed and in use */
	uint8_t current;       /* 1 + index of the dialect last spoken; 0: none */
	uint8_t unknown;       /* messages of no dialect */
	uint8_t bad;           /* times the framing failed */
	uint8_t is_swapped;    /* directions of readings are the flow's reversed */
	bool is_seen;          /* both directions, from their first byte on, without a hole;
				  inspect.c says so */
	bool was_seen;         /* the same, whatever hole came then */
	/* Of bodies sent up whose dialect is not HTTP's own: bit per kind of what they said, up to
	 * the body before, with this one, and in this one alone; how many messages it has; whether
	 * the other side answered one of them. */
	uint16_t posted_before;
	uint16_t posted;
	uint16_t posted_here;
	uint8_t posted_count;
	bool is_answered;
	bool is_caller_known; /* the connection was seen from its start: side 0 opened it */
	struct reading readings[2];
	struct session session;
};

/* What a conversation touches only once a dialect is spoken: most are never. Of any content. */
struct conversation_rest {
	dialect_state *states; /* one per dialect */
	struct session_room *session;
};

/* before: what each direction said until now. */
void conversation_begin(struct conversation *self, struct conversation_room *room,
			const struct conversation_rest *rest, const struct preface before[2]);

/* Gives back what is kept. */
void conversation_end(struct conversation *self);

/* The direction of the flow that a side is now. */
enum direction conversation_dir(const struct conversation *self, unsigned side);

/* What that side says from here on may be a member of a larger message, or is none. */
void conversation_doubt(struct conversation *self, unsigned side, enum doubt doubt);

/* Nothing that this side said so far speaks against it: believed, if it may be for its own sake. */
void conversation_believe(struct conversation *self, unsigned side);

/* Stream bytes arrived for that side, before they are given: how many, and when. */
void conversation_arrive(struct conversation *self, unsigned side, size_t len, uint64_t time_ns);

/* The next bytes of that side. */
void conversation_bytes(struct conversation *self, unsigned side, struct slice bytes);

/* A carrier brings a message: what is begun ends, and what comes next is the beginning of one.
 * http: its head, valid until conversation_close(), or NULL. */
void conversation_open(struct conversation *self, unsigned side, const struct http_head *http);

/* The end of that message: what has no end in it is decoded as it is. */
void conversation_close(struct conversation *self, unsigned side);

/* Bytes are missing, sent before until_ns: what follows does not continue the past. */
void conversation_gap(struct conversation *self, unsigned side, uint64_t until_ns);

/* No more bytes will come: what is begun is decoded as it is. */
void conversation_cut(struct conversation *self, unsigned side);

/* Packet time moves on: messages that wait for credit are read. */
void conversation_tick(struct conversation *self);

/* True while conversation_tick() has something to do. */
bool conversation_is_waiting(const struct conversation *self);

/* Findings that a carrier reports. */
void conversation_tell(struct conversation *self, unsigned side, const struct finding *finding);

/* True when the side has said nothing that counts, quotes nothing and is in the middle of nothing:
 * a carrier may begin with its next bytes. */
bool conversation_is_silent(const struct conversation *self, unsigned side);

/* True when what is spoken rides in HTTP, the side shows no head of it and is in the middle of
 * nothing: the head was lost, and the next one may begin. */
bool conversation_is_headless(const struct conversation *self, unsigned side);

/* True when nothing was found within LIMIT_HINT_BYTES of payload, or what looked like a message was
 * none. Never true once the session is open. */
bool conversation_is_idle(const struct conversation *self);

/* True when the flow speaks another protocol that only quotes messages. */
bool conversation_is_foreign(const struct conversation *self);

#endif
