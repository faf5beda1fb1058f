/* state_seen.c: the lines of seen.jsonl and files.jsonl: what is summed up of many documents.
 *
 *	{ "minecanary-trail": "use", "id", "key", "type", "arn", "user", "account", "principal",
 *	  "issuer", "address", "region", "agent", "name", "first": [ns, event], "last": [ns, event],
 *	  "look": [ns, event] }
 *	{ "minecanary-trail": "refusal", ... the identity ..., "address", "region", "agent",
 *"source", "name", "error", "error_text", "first": [ns, event], "last": [ns, ""] } {
 *"minecanary-trail": "sighting", ... the fields of struct sighting ... } { "minecanary-trail":
 *"file", "path": hexadecimal, "size", "mtime" }
 *
 * Times are texts of digits: a JSON number does not hold nanoseconds exactly. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/state.h"
#include "sensor/trail/store_table.h"

#define PATH_BYTES 4096

/* --- writing -------------------------------------------------------------------------------- */

static int set_text(json_t *line, const char *key, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return 0;
	return json_object_set_new_nocheck(line, key, json_stringn_nocheck(text, strlen(text)));
}

static int set_number(json_t *line, const char *key, uint64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	return set_text(line, key, text);
}

static int set_moment(json_t *line, const char *key, const struct moment *moment)
{
	char text[24];

	if (moment->time_ns == 0)
		return 0;
	(void)snprintf(text, sizeof(text), "%" PRIu64, moment->time_ns);
	return json_object_set_new(line, key, json_pack("[s, s]", text, moment->event));
}

static int set_identity(json_t *line, const struct identity *identity)
{
	return set_text(line, "id", identity->id) | set_text(line, "key", identity->key) |
	       set_text(line, "type", identity->type) | set_text(line, "arn", identity->arn) |
	       set_text(line, "user", identity->user) |
	       set_text(line, "account", identity->account) |
	       set_text(line, "principal", identity->principal) |
	       set_text(line, "issuer", identity->issuer);
}

/* Writes and frees the line. */
static int write_line(json_t *line, int result, FILE *out)
{
	if (line == NULL || result != 0) {
		json_decref(line);
		return -ENOMEM;
	}
	result = json_dumpf(line, out, JSON_COMPACT) == 0 && putc('\n', out) != EOF ? 0 : -EIO;
	json_decref(line);
	return result;
}

static json_t *new_line(const char *kind)
{
	return json_pack("{s:s}", "minecanary-trail", kind);
}

static int write_use(const struct use *use, FILE *out)
{
	json_t *line = new_line("use");
	int result = set_identity(line, use->identity) | set_text(line, "address", use->address) |
		     set_text(line, "region", use->region) | set_text(line, "agent", use->agent) |
		     set_text(line, "name", use->name) | set_moment(line, "first", &use->first) |
		     set_moment(line, "last", &use->last) |
		     set_moment(line, "look", &use->first_look);

	return write_line(line, result, out);
}

static int write_refusal(const struct deed *deed, FILE *out)
{
	const struct moment first = moment_at(deed->time_ns, deed->event);
	const struct moment last = moment_at(deed->last_ns, "");
	json_t *line = new_line("refusal");
	int result = set_identity(line, deed->identity) | set_text(line, "address", deed->address) |
		     set_text(line, "region", deed->region) | set_text(line, "agent", deed->agent) |
		     set_text(line, "source", deed->source) | set_text(line, "name", deed->name) |
		     set_text(line, "error", deed->error) |
		     set_text(line, "error_text", deed->error_text) |
		     set_moment(line, "first", &first) | set_moment(line, "last", &last);

	return write_line(line, result, out);
}

static int write_sighting(const struct sighting *item, FILE *out)
{
	json_t *line = new_line("sighting");
	int result =
		set_text(line, "account", item->account) | set_text(line, "region", item->region) |
		set_text(line, "vpc", item->vpc) | set_text(line, "instance", item->instance) |
		set_text(line, "eni", item->eni) | set_text(line, "local_ip", item->local_ip) |
		set_text(line, "remote_ip", item->remote_ip) | set_text(line, "tag", item->tag) |
		set_text(line, "proof", item->proof) |
		set_number(line, "remote_port", item->remote_port) |
		set_number(line, "kind", item->kind) |
		set_number(line, "first_ns", item->first_ns) |
		set_number(line, "last_ns", item->last_ns) | set_number(line, "bytes", item->bytes);

	return write_line(line, result, out);
}

int state_write_seen(const struct store *store, FILE *out)
{
	int result = 0;

	STORE_EACH (store->uses, const struct use, use) {
		if (result == 0)
			result = write_use(use, out);
	}
	STORE_EACH (store->deeds, const struct deed, deed) {
		if (result == 0 && deed->kind == DEED_OTHER)
			result = write_refusal(deed, out);
	}
	STORE_EACH (store->sightings, const struct sighting, sighting) {
		if (result == 0)
			result = write_sighting(sighting, out);
	}
	return result;
}

/* --- reading -------------------------------------------------------------------------------- */

static struct moment get_moment(const json_t *line, const char *key)
{
	const json_t *pair = json_object_get(line, key);
	const char *time = json_string_value(json_array_get(pair, 0));
	const char *event = json_string_value(json_array_get(pair, 1));

	if (time == NULL || event == NULL || !isdigit((unsigned char)time[0]))
		return moment_at(0, "");
	return moment_at(strtoull(time, NULL, 10), event);
}

/* A record of one moment, as far as the store looks at it. */
static void read_moment(const json_t *line, const struct moment *moment, struct record *out)
{
	*out = (struct record){ .type = record_text(line, "type"),
				.arn = record_text(line, "arn"),
				.account = record_text(line, "account"),
				.principal = record_text(line, "principal"),
				.key = record_text(line, "key"),
				.user = record_text(line, "user"),
				.issuer = record_text(line, "issuer"),
				.invoked_by = "",
				.id = record_text(line, "id"),
				.source = record_text(line, "source"),
				.region = record_text(line, "region"),
				.address = record_text(line, "address"),
				.agent = record_text(line, "agent"),
				.error = record_text(line, "error"),
				.error_text = record_text(line, "error_text"),
				.time_ns = moment->time_ns };
	(void)snprintf(out->name, sizeof(out->name), "%s", record_text(line, "name"));
	memcpy(out->event_id, moment->event, sizeof(out->event_id));
}

static int load_use(struct store *store, const json_t *line, const char **why)
{
	const char *const keys[] = { "first", "last", "look" };
	int sum = STORE_NOTHING;

	*why = "a use without first and last";
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && sum >= 0; i++) {
		struct moment moment = get_moment(line, keys[i]);
		struct record record;
		int result;

		if (moment.time_ns == 0 && i < 2)
			return -EBADMSG;
		if (moment.time_ns == 0)
			continue;
		read_moment(line, &moment, &record);
		record.is_read_only = i == 2;
		result = store_use(store, &record);
		sum = result < 0 ? result : sum | result;
	}
	return sum;
}

static int load_refusal(struct store *store, const json_t *line, const char **why)
{
	struct moment first = get_moment(line, "first");
	struct moment last = get_moment(line, "last");
	struct record record;

	*why = "a refusal without first and last";
	if (first.time_ns == 0 || last.time_ns == 0)
		return -EBADMSG;
	read_moment(line, &first, &record);
	return store_refusal(store, &record, last.time_ns);
}

static int load_sighting(struct store *store, const json_t *line, const char **why)
{
	const struct sighting sighting = {
		.account = record_text(line, "account"),
		.region = record_text(line, "region"),
		.vpc = record_text(line, "vpc"),
		.instance = record_text(line, "instance"),
		.eni = record_text(line, "eni"),
		.local_ip = record_text(line, "local_ip"),
		.remote_ip = record_text(line, "remote_ip"),
		.tag = record_text(line, "tag"),
		.proof = record_text(line, "proof"),
		.first_ns = record_uint(line, "first_ns"),
		.last_ns = record_uint(line, "last_ns"),
		.bytes = record_uint(line, "bytes"),
		.remote_port = (uint16_t)(record_uint(line, "remote_port") & UINT16_MAX),
		.kind = (uint8_t)(record_uint(line, "kind") & UINT8_MAX)
	};

	*why = "a sighting without a kind or addresses";
	if (sighting.kind < SIGHTING_LISTED || sighting.kind > SIGHTING_THIN ||
	    sighting.local_ip[0] == '\0' || sighting.remote_ip[0] == '\0')
		return -EBADMSG;
	return store_sighting(store, &sighting);
}

static int digit_of(char hex)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = hex != '\0' ? strchr(digits, hex) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static int load_file(struct state *state, struct follow *follow, const json_t *line,
		     const char **why)
{
	const char *hex = record_text(line, "path");
	char path[PATH_BYTES];
	size_t len = strlen(hex) / 2;

	*why = "a file without a path";
	if (len == 0 || len >= sizeof(path) || hex[2 * len] != '\0')
		return -EBADMSG;
	for (size_t i = 0; i < len; i++) {
		int high = digit_of(hex[2 * i]);
		int low = digit_of(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		path[i] = (char)(high << 4 | low);
	}
	path[len] = '\0';
	if (state != NULL && state_note_file(state, path, record_uint(line, "size"),
					     record_uint(line, "mtime")) != 0)
		return -ENOMEM;
	if (follow != NULL)
		return follow_known(follow, path, record_uint(line, "size"),
				    record_uint(line, "mtime"));
	return STORE_NOTHING;
}

int state_load(struct state *state, struct store *store, struct follow *follow, const json_t *json,
	       const char **why)
{
	const char *kind = record_text(json, "minecanary-trail");

	if (strcmp(kind, "use") == 0)
		return load_use(store, json, why);
	if (strcmp(kind, "refusal") == 0)
		return load_refusal(store, json, why);
	if (strcmp(kind, "sighting") == 0)
		return load_sighting(store, json, why);
	if (strcmp(kind, "file") == 0)
		return load_file(state, follow, json, why);
	*why = "a line of state of no known kind";
	return -EBADMSG;
}
