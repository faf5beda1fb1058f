/* record.c: one CloudTrail record as flat texts. */
#include "sensor/trail/record.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/lease.h"
#include "sensor/siphash.h"
#include "sensor/trail/calls.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
/* Numbers beyond it are milliseconds: 2286-11-20 in seconds, 1970-04-26 in milliseconds. */
#define SECONDS_MAX 9999999999

const char *record_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

const json_t *record_object(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_object(value) ? value : NULL;
}

const json_t *record_item(const json_t *object, const char *key, size_t index)
{
	const json_t *list = json_object_get(object, key);

	if (json_is_object(list)) {
		const json_t *items = json_object_get(list, "items");

		if (items == NULL)
			items = json_object_get(list, "item");
		if (items == NULL && json_object_size(list) == 0)
			return NULL;
		list = items != NULL ? items : list;
	}
	if (json_is_array(list))
		return json_array_get(list, index);
	return json_is_object(list) && index == 0 ? list : NULL;
}

bool record_time(const json_t *value, uint64_t *time_ns)
{
	if (json_is_string(value))
		return lease_time_read(json_string_value(value), time_ns);
	if (!json_is_number(value))
		return false;

	double number = json_number_value(value);

	if (!(number > 0) || number > (double)SECONDS_MAX * 1000)
		return false;
	if (number > SECONDS_MAX)
		*time_ns = (uint64_t)number * NS_PER_MS;
	else
		*time_ns = (uint64_t)(number * 1000) * NS_PER_MS;
	return true;
}

uint64_t record_uint(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_number(value)) {
		double number = json_number_value(value);

		return number > 0 && number < 1e18 ? (uint64_t)number : 0;
	}

	const char *text = json_string_value(value);

	if (text == NULL || !isdigit((unsigned char)text[0]))
		return 0;
	errno = 0;

	unsigned long long number = strtoull(text, NULL, 10);

	return errno == 0 ? number : 0;
}

/* CreateFunction20150331, AddPermission20150331v2, UpdateFunctionCode20150331v2: without the date.
 */
static void copy_call_name(const char *text, char out[CALL_NAME_TEXT])
{
	size_t len = strnlen(text, CALL_NAME_TEXT - 1);
	size_t digits = 0;

	memcpy(out, text, len);
	out[len] = '\0';
	if (len > 2 && (out[len - 2] == 'v' || out[len - 2] == '_') &&
	    isdigit((unsigned char)out[len - 1]))
		len -= 2;
	while (digits < len && isdigit((unsigned char)out[len - 1 - digits]))
		digits++;
	if (digits == 8 && len > digits)
		out[len - digits] = '\0';
}

/* A record without eventID gets one from its content, so that it is found again. */
static void make_event_id(struct record *out, const json_t *json)
{
	const char *id = record_text(json, "eventID");

	if (id[0] != '\0' && strlen(id) < EVENT_ID_TEXT) {
		(void)snprintf(out->event_id, EVENT_ID_TEXT, "%s", id);
		return;
	}

	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	struct siphash_tag tag = { { 0, 0 } };

	if (text != NULL)
		tag = siphash128(text, strlen(text), (struct siphash_key){ { 0, 0 } });
	free(text);
	(void)snprintf(out->event_id, EVENT_ID_TEXT, "none-%016" PRIx64 "%016" PRIx64, tag.h[0],
		       tag.h[1]);
}

static const char *first_of(const char *a, const char *b)
{
	return a[0] != '\0' ? a : b;
}

/* Temporary keys come and go: their user or session stays. */
static const char *stable_id(const struct record *record)
{
	if (record->key[0] != '\0' && strncmp(record->key, "ASIA", 4) != 0)
		return record->key;
	if (record->arn[0] != '\0')
		return record->arn;
	if (record->principal[0] != '\0')
		return record->principal;
	return first_of(record->invoked_by, first_of(record->account, "unknown"));
}

static void read_identity(const json_t *json, struct record *out)
{
	const json_t *identity = record_object(json, "userIdentity");
	const json_t *session = record_object(identity, "sessionContext");
	const json_t *issuer = record_object(session, "sessionIssuer");

	out->type = record_text(identity, "type");
	out->arn = record_text(identity, "arn");
	out->account = first_of(record_text(identity, "accountId"),
				record_text(json, "recipientAccountId"));
	out->principal = record_text(identity, "principalId");
	out->key = record_text(identity, "accessKeyId");
	out->user = first_of(record_text(identity, "userName"), record_text(issuer, "userName"));
	out->issuer = record_text(issuer, "arn");
	out->invoked_by = record_text(identity, "invokedBy");
	out->id = stable_id(out);
}

static bool reads_only(const json_t *json, const char *name)
{
	const json_t *value = json_object_get(json, "readOnly");

	if (json_is_boolean(value))
		return json_is_true(value);
	if (json_is_string(value))
		return strcmp(json_string_value(value), "true") == 0;
	return call_is_reading(name);
}

int record_read(const json_t *json, struct record *out, const char **why)
{
	*out = (struct record){ 0 };
	*why = "not an object";
	if (!json_is_object(json))
		return -EINVAL;
	*why = "eventName is missing";
	copy_call_name(record_text(json, "eventName"), out->name);
	if (out->name[0] == '\0')
		return -EINVAL;
	out->source = record_text(json, "eventSource");
	*why = "eventSource is missing";
	if (out->source[0] == '\0')
		return -EINVAL;
	*why = "eventTime is missing or no time";
	if (!record_time(json_object_get(json, "eventTime"), &out->time_ns))
		return -EINVAL;
	read_identity(json, out);
	out->region = record_text(json, "awsRegion");
	out->address = record_text(json, "sourceIPAddress");
	out->agent = record_text(json, "userAgent");
	out->error = record_text(json, "errorCode");
	out->error_text = record_text(json, "errorMessage");
	out->is_read_only = reads_only(json, out->name);
	out->request = record_object(json, "requestParameters");
	out->response = record_object(json, "responseElements");
	make_event_id(out, json);
	*why = NULL;
	return 0;
}
