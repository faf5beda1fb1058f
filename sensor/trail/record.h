/* record.h: one CloudTrail record as flat texts.
 *
 *	{ "eventVersion", "userIdentity": { "type", "arn", "accountId", "accessKeyId", "userName",
 *	  "sessionContext": { "sessionIssuer": { "arn", "userName" } }, "invokedBy" },
 *	  "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent",
 *	  "errorCode", "requestParameters", "responseElements", "eventID", ... }
 *
 * Every key may be missing, null, empty or of another type. Only the event's name, source and time
 * are asked for: without them it is no record.
 *
 * Reference: CloudTrail record contents and userIdentity element; genuine records. */
#ifndef TRAIL_RECORD_H
#define TRAIL_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define EVENT_ID_TEXT  40
#define CALL_NAME_TEXT 64

/* Texts are borrowed from the JSON, NUL-terminated, never NULL, as they came. */
struct record {
	const char *type; /* of the identity: IAMUser, AssumedRole, Root, AWSService... or "" */
	const char *arn;
	const char *account;    /* of the identity, else recipientAccountId */
	const char *principal;  /* principalId */
	const char *key;        /* accessKeyId */
	const char *user;       /* userName, else the session issuer's */
	const char *issuer;     /* sessionIssuer.arn */
	const char *invoked_by; /* a service */
	const char *id;     /* the stable identity: a long-term key, else arn, principal, service */
	const char *source; /* ec2.amazonaws.com */
	const char *region;
	const char *address; /* an address, or a service's name */
	const char *agent;
	const char *error;            /* errorCode; "" = the call succeeded */
	const char *error_text;       /* errorMessage */
	bool is_read_only;            /* readOnly, else by the call's name */
	uint64_t time_ns;             /* eventTime: when the call was done, resolution 1 s */
	const json_t *request;        /* an object, or NULL */
	const json_t *response;       /* an object, or NULL */
	char name[CALL_NAME_TEXT];    /* without the API date: CreateFunction */
	char event_id[EVENT_ID_TEXT]; /* eventID; when it has none, made from the content */
};

/* Fills out from an object, which must outlive it. 0, or -EINVAL with *why a constant text. */
int record_read(const json_t *json, struct record *out, const char **why);

/* Safe readers, for every document of an AWS API. Never NULL; "" when it is not there or no text.
 */
const char *record_text(const json_t *object, const char *key);
/* The object below key, or NULL. object may be NULL. */
const json_t *record_object(const json_t *object, const char *key);
/* A list in any of its forms: an array, {"items":[...]}, {"item":[...]}, {"item":{...}}, {} or
 * null; an object that is no list counts as one item. The item at index, NULL beyond the last. */
const json_t *record_item(const json_t *object, const char *key, size_t index);
/* A time in any of the forms: epoch seconds or milliseconds as a number, RFC 3339. False: none. */
bool record_time(const json_t *value, uint64_t *time_ns);
/* A number or a text of digits; otherwise 0. */
uint64_t record_uint(const json_t *object, const char *key);

#endif
