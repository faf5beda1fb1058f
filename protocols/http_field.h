/* http_field.h: what the fields of an HTTP/1 head say: to dialects (http.h), and about where the
 * body ends. RFC 9110, RFC 9112. */
#ifndef PROTOCOLS_HTTP_FIELD_H
#define PROTOCOLS_HTTP_FIELD_H

#include "protocols/dialect.h"
#include "protocols/http.h"

/* Zeroed before each head. */
struct http_framing {
	uint64_t length; /* Content-Length, when has_length */
	bool has_length;
	bool has_transfer; /* any Transfer-Encoding: Content-Length does not count */
	bool is_chunked;
	bool is_upgrade;
	bool is_websocket;    /* ... to that */
	bool is_opaque;       /* more than one coding, or one that nobody here can undo */
	enum encoding coding; /* of the body, as it is announced */
};

/* One field; value without blanks around it. Of a field that comes twice the first one counts. */
void http_field(struct http_head *head, struct http_framing *framing, struct slice name,
		struct slice value);

/* Takes apart the target of a request that was read whole into head->target: an absolute one gives
 * host and user; a plotter's secret phrase is removed. */
void http_target(struct http_head *head);

#endif
