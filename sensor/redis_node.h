/* redis_node.h: the connection to one Redis server: what is sent to it, and which reply is whose.
 *
 *	CLOSED --begin--> CONNECTING --route, greet--> GREETING --all steps--> READY
 *	  ^---------------------- lost, silent, closed -----------------------'
 *
 * Commands carry an index of their owner's. A transaction is sent as MULTI, commands, EXEC, and
 * answered command by command: as what Redis said to it at once if it refused it, else with its
 * part of the reply to EXEC. Never waits. For one thread. */
#ifndef SENSOR_REDIS_NODE_H
#define SENSOR_REDIS_NODE_H

#include <poll.h>

#include "sensor/redis_route.h"

struct redis_greeting;
struct redis_promise;
struct redisReader;
struct redisReply; /* of hiredis, which only the .c files include */

#define REDIS_NODE_COMMANDS   500 /* without reply */
#define REDIS_NODE_ERROR_TEXT 320
#define REDIS_NODE_RECEIVE    16384

enum redis_node_state {
	REDIS_NODE_CLOSED,
	REDIS_NODE_CONNECTING,
	REDIS_NODE_GREETING,
	REDIS_NODE_READY
};

enum redis_answer_kind {
	REDIS_ANSWER_STEP,    /* to a step of the greeting */
	REDIS_ANSWER_COMMAND, /* to a command; an entry's id may come without its text */
	REDIS_ANSWER_REFUSED, /* a transaction was not begun or not run: nothing of it is stored */
};

struct redis_answer {
	enum redis_answer_kind kind;
	size_t index;                   /* of the step or the command */
	const struct redisReply *reply; /* until the next one is taken */
};

/* Fields are its own; others read state, error and heard_ms. */
struct redis_node {
	enum redis_node_state state;
	struct redis_route *route;
	struct redis_wire *wire; /* of the route */
	struct redisReader *reader;
	struct redisReply *reply; /* the one taken last */
	const struct redis_greeting *greeting;
	size_t greeting_sent;
	size_t step;
	char *out; /* commands to be sent */
	size_t out_size;
	size_t out_len;
	size_t out_sent;
	struct redis_promise *promises; /* replies to come, in order */
	size_t promised;
	size_t answered;    /* of promised */
	size_t transaction; /* the first of the promises that EXEC will keep */
	bool is_inside;     /* MULTI was answered, EXEC not yet */
	size_t elements;    /* of EXEC's reply that are still to come */
	bool is_whole;      /* all of them are in reply */
	bool is_open;       /* MULTI was sent, EXEC not yet */
	uint64_t heard_ms;  /* last reply, or when the first command went out */
	char in[REDIS_NODE_RECEIVE];
	size_t in_len;
	size_t in_used;
	char error[REDIS_NODE_ERROR_TEXT]; /* why it was lost */
};

/* NULL: out of memory. url and tls are borrowed. */
struct redis_node *redis_node_new(const struct redis_url *url, const struct redis_tls *tls);
void redis_node_free(struct redis_node *self);
void redis_node_close(struct redis_node *self);

/* Begins to connect; then it greets. The greeting is borrowed. */
void redis_node_begin(struct redis_node *self, const struct redis_greeting *greeting,
		      uint64_t now_ms);

/* Moves on: connects, sends what it can. 0 or negative errno with error filled: it must be closed.
 * want is set to what to poll for. */
int redis_node_poll(struct redis_node *self, uint64_t now_ms, struct pollfd *want);

/* The next answer. 1; 0: none now; negative errno with error filled: it must be closed. */
int redis_node_take(struct redis_node *self, uint64_t now_ms, struct redis_answer *answer);

/* Commands to a node that is ready. 0 or -ENOMEM: then it must be closed. */
int redis_node_add(struct redis_node *self, size_t index, const char *bytes, size_t len);
/* What follows, one command or transaction, is for a slot on its way here. */
int redis_node_asking(struct redis_node *self);
int redis_node_multi(struct redis_node *self);
int redis_node_exec(struct redis_node *self);

/* Is a reply to come? Has none come for so long? */
bool redis_node_is_idle(const struct redis_node *self);
bool redis_node_is_silent(const struct redis_node *self, uint64_t now_ms, uint32_t timeout_ms);

/* The commands without reply, of a node that is given up: true for each, then false. */
bool redis_node_unanswered(struct redis_node *self, size_t *index);

#endif
