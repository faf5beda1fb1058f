/* hearing.h: who understands a message: which dialect it is of, and what it says to the session.
 *
 * Every message is tokenised once. The dialect that is spoken is asked first, and reads at once
 * what begins with a fact or with an answer that is awaited; else each is asked on a copy of its
 * state what the message would prove, and the one that knows it best reads it. */
#ifndef SENSOR_HEARING_H
#define SENSOR_HEARING_H

#include "sensor/conversation.h"

/* 1 + index of the first dialect that frames text: they all frame alike. */
size_t hearing_text(void);

/* One message of that side, framed by the dialect 1 + index framer; is_cut: its end was lost. Empty
 * bytes: the head of an HTTP message, which may be nobody's. */
void hearing_message(struct conversation *self, unsigned side, size_t framer, struct slice bytes,
		     bool is_cut);

/* The body of an HTTP message, whose messages were heard, is over. */
void hearing_body_end(struct conversation *self, unsigned side);

/* What a message that is not heard would say. */
struct gist {
	uint8_t roles;  /* bit per enum sender as whom it certainly speaks */
	uint64_t asked; /* a miner's request that it is; 0: none */
	bool is_reply;
};

struct gist hearing_gist(const struct conversation *self, unsigned side,
			 const struct aside_message *message);

/* A web page, a file or a feed may hold any message. An HTTP answer counts when it was asked for;
 * when what was asked is not known, it must be what only mining over HTTP answers. */
bool hearing_is_stray(const struct conversation *self, const struct http_head *http);

#endif
