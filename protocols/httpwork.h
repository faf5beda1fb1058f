/* httpwork.h: what the dialects in HTTP share: who the head of a request says is mining, and the
 * members of its query. Pure functions over a head that the caller owns. */
#ifndef PROTOCOLS_HTTPWORK_H
#define PROTOCOLS_HTTPWORK_H

#include "protocols/dialect.h"
#include "protocols/http.h"

/* A message that is the head itself. */
static inline bool httpwork_is_head(const struct message *msg)
{
	return msg->http != NULL && msg->bytes.len == 0;
}

#define HTTPWORK_SHORT 128

/* Cheap test before anything is looked up. A body whose head was lost is worth reading when it may
 * be a job or a share; shorter ones, which are most of what other protocols say, prove nothing by
 * themselves. */
static inline bool httpwork_is_nothing(const struct message *msg, bool is_seen)
{
	return msg->http == NULL && !is_seen && msg->bytes.len < HTTPWORK_SHORT;
}

/* True for the words by which mining programs that speak HTTP introduce themselves. */
bool httpwork_is_miner(struct slice agent);

/* Gives a finding of the miner's the user that Basic names, with wallet and worker, and the
 * program. A response, or no head, gives nothing. */
void httpwork_fill(const struct http_head *http, struct finding *finding);

/* Path of the request, without host and query. */
struct slice httpwork_path(const struct http_head *http);

/* Value of a member of the query, its escapes undone, into out (cut at size - 1). Empty when there
 * is none. Names are compared without regard to case. */
struct slice httpwork_query(const struct http_head *http, const char *name, char *out, size_t size);

/* A positive decimal number no larger than max; 0 when the text is none. */
double httpwork_number(struct slice text, double max);

/* True when the text is 1 to 20 decimal digits: an unsigned number of 64 bits. */
bool httpwork_is_digits(struct slice text);

#endif
