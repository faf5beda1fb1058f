/* http_host.h: whom an HTTP/1 request is for. RFC 9112, 3.2.
 *
 * An absolute target ("GET http://pool.example.net/ ...") goes before the Host field, as the RFC
 * has it. CONNECT is a carrier's matter and gives nothing here. */
#ifndef PROTOCOLS_HTTP_HOST_H
#define PROTOCOLS_HTTP_HOST_H

#include "protocols/slice.h"

enum http_host { HTTP_HOST_NONE, HTTP_HOST_MORE, HTTP_HOST_FOUND };

/* Cheap: could these first bytes of a client, few as they may be, begin a request? */
bool http_host_may_begin(struct slice bytes);

/* Reads the first request of bytes; *host points into it: name or address, without port, without
 * brackets. MORE: the head is not whole and has not said it yet. */
enum http_host http_host_read(struct slice bytes, struct slice *host);

#endif
