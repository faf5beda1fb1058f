/* options.c: the command line of minecanary-trail. */
#include "sensor/trail/options.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/lease.h"
#include "sensor/redis_url.h"

#define ID_TEXT 64

enum {
	KEY_REDIS = 256,
	KEY_PASSWORD,
	KEY_CA,
	KEY_CERT,
	KEY_KEY,
	KEY_PREFIX,
	KEY_ID,
	KEY_STATE,
	KEY_PRICES,
	KEY_FOLLOW,
	KEY_FLOWLOGS,
	KEY_FINDINGS,
	KEY_ALERTS,
	KEY_LISTS,
	KEY_SENSOR,
	KEY_SET,
	KEY_SETTINGS,
	KEY_BASELINE,
	KEY_FORMAT,
	KEY_COMMANDS,
	KEY_PUBLISHED,
	KEY_UNTIL
};

static const struct argp_option rows[] = {
	{ NULL, 0, NULL, 0, "Input", 1 },
	{ "findings", KEY_FINDINGS, "PATH", 0, "findings of the provider (a PATH like any other)",
	  1 },
	{ "alerts", KEY_ALERTS, "PATH", 0, "EVE JSON of a sensor (a PATH like any other)", 1 },
	{ "flowlogs", KEY_FLOWLOGS, "PATH", 0, "VPC flow logs: file, folder or -", 1 },
	{ "lists", KEY_LISTS, "FILE", 0, "listed endpoints, for flow logs; as the sensor's", 1 },
	{ "follow", KEY_FOLLOW, NULL, 0, "go on: read files that appear in the folders", 1 },
	{ NULL, 0, NULL, 0, "Judgement", 2 },
	{ "settings", KEY_SETTINGS, "FILE", 0, "thresholds, `name: value` on each line", 2 },
	{ "set", KEY_SET, "NAME=VALUE", 0, "one of them", 2 },
	{ "print-settings", 'P', NULL, 0, "print them all and exit", 2 },
	{ "prices", KEY_PRICES, "FILE", 0, "USD per hour by region and type", 2 },
	{ "baseline", KEY_BASELINE, "USD", 0, "ordinary cost per hour; else learnt", 2 },
	{ NULL, 0, NULL, 0, "Output", 3 },
	{ "redis", KEY_REDIS, "URL", 0, "read alerts from, write leases and incidents to", 3 },
	{ "redis-password-file", KEY_PASSWORD, "FILE", 0, "its first line", 3 },
	{ "redis-ca", KEY_CA, "FILE", 0, "authorities for TLS, instead of the system's", 3 },
	{ "redis-cert", KEY_CERT, "FILE", 0, "certificate shown to Redis", 3 },
	{ "redis-key", KEY_KEY, "FILE", 0, "its key; else in the same file", 3 },
	{ "redis-prefix", KEY_PREFIX, "NAME", 0, "of all keys (minecanary)", 3 },
	{ "sensor", KEY_SENSOR, "ID", 0, "read this sensor's alerts; else all that are there", 3 },
	{ "id", KEY_ID, "ID", 0, "of this process (the host's name)", 3 },
	{ "state", KEY_STATE, "DIR", 0, "keep what was learnt over a restart", 3 },
	{ NULL, 0, NULL, 0, "With `report`", 4 },
	{ "format", KEY_FORMAT, "text|md|json", 0, "of the report (text)", 4 },
	{ "commands", KEY_COMMANDS, NULL, 0, "add the AWS CLI lines of the containment", 4 },
	{ "published", KEY_PUBLISHED, "USD", 0, "a published burn per hour to compare with", 4 },
	{ "until", KEY_UNTIL, "TIME", 0, "cost until then (2026-03-10T15:30:00Z)", 4 },
	{ 0 },
};

static int add(struct argp_state *state, struct options_list *list, char *item)
{
	char **items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (items == NULL)
		argp_failure(state, 1, ENOMEM, "cannot read the command line");
	else {
		list->items = items;
		items[list->count++] = item;
	}
	return 0;
}

/* What becomes part of keys. */
static const char *check_name(struct argp_state *state, const char *what, const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= ID_TEXT)
		argp_error(state, "%s: must have 1 to %d characters", what, ID_TEXT - 1);
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && strchr("._-", text[i]) == NULL)
			argp_error(state, "%s: letters, digits, `.`, `_` and `-` only", what);
	return text;
}

static double read_usd(struct argp_state *state, const char *what, const char *text)
{
	char *end;
	double usd = strtod(text, &end);

	if (end == text || *end != '\0' || !(usd >= 0) || usd > 1e9)
		argp_error(state, "%s: must be USD from 0 to 1e9", what);
	return usd;
}

static int set_one(struct argp_state *state, struct options *self, char *text)
{
	char *equals = strchr(text, '=');
	char why[SETTINGS_WHY];

	if (equals == NULL)
		argp_error(state, "set: must be NAME=VALUE");
	else {
		*equals = '\0';
		if (settings_set(&self->settings, text, equals + 1, why) != 0)
			argp_error(state, "%s", why);
	}
	return 0;
}

static void read_format(struct argp_state *state, struct options *self, const char *text)
{
	if (strcmp(text, "text") == 0)
		self->report_options.format = REPORT_TEXT;
	else if (strcmp(text, "md") == 0)
		self->report_options.format = REPORT_MARKDOWN;
	else if (strcmp(text, "json") == 0)
		self->report_options.format = REPORT_JSON;
	else
		argp_error(state, "format: must be text, md or json");
}

static int set_judgement(int key, char *arg, struct argp_state *state)
{
	struct options *self = state->input;
	char why[SETTINGS_WHY];

	switch (key) {
	case KEY_SETTINGS:
		if (settings_read(&self->settings, arg, why) != 0)
			argp_error(state, "%s", why);
		return 0;
	case KEY_SET:
		return set_one(state, self, arg);
	case KEY_PRICES:
		self->prices = arg;
		return 0;
	case KEY_BASELINE:
		self->baseline = read_usd(state, "baseline", arg);
		return 0;
	case KEY_FORMAT:
		read_format(state, self, arg);
		return 0;
	case KEY_COMMANDS:
		self->report_options.has_commands = true;
		return 0;
	case KEY_PUBLISHED:
		self->report_options.published = read_usd(state, "published", arg);
		return 0;
	case KEY_UNTIL:
		if (!lease_time_read(arg, &self->report_options.until_ns))
			argp_error(state, "until: must be like 2026-03-10T15:30:00Z");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The first word may be `report`, the second an incident's id. */
static int take_word(struct argp_state *state, struct options *self, char *word)
{
	if (state->arg_num == 0 && strcmp(word, "report") == 0) {
		self->report = "";
		return 0;
	}
	if (state->arg_num == 1 && self->report != NULL && strlen(word) == 16 &&
	    strspn(word, "0123456789abcdef") == 16) {
		self->report = word;
		return 0;
	}
	return add(state, &self->paths, word);
}

static int parse(int key, char *arg, struct argp_state *state)
{
	struct options *self = state->input;

	switch (key) {
	case KEY_FINDINGS:
	case KEY_ALERTS:
		return add(state, &self->paths, arg);
	case KEY_FLOWLOGS:
		return add(state, &self->flowlogs, arg);
	case KEY_LISTS:
		return add(state, &self->lists, arg);
	case KEY_SENSOR:
		(void)check_name(state, "sensor", arg);
		return add(state, &self->sensors, arg);
	case KEY_FOLLOW:
		self->is_following = true;
		return 0;
	case KEY_REDIS:
		if (redis_url_has_password(arg))
			argp_error(state, "every user can read a password on the command line: use "
					  "--redis-password-file or MINECANARY_REDIS_PASSWORD");
		self->redis = arg;
		return 0;
	case KEY_PASSWORD:
		self->password_file = arg;
		return 0;
	case KEY_CA:
		self->redis_ca = arg;
		return 0;
	case KEY_CERT:
		self->redis_cert = arg;
		return 0;
	case KEY_KEY:
		self->redis_key = arg;
		return 0;
	case KEY_PREFIX:
		self->prefix = check_name(state, "redis-prefix", arg);
		return 0;
	case KEY_ID:
		self->id = check_name(state, "id", arg);
		return 0;
	case KEY_STATE:
		self->state = arg;
		return 0;
	case 'P':
		settings_print(&self->settings);
		exit(0);
	case ARGP_KEY_ARG:
		return take_word(state, self, arg);
	default:
		return set_judgement(key, arg, state);
	}
}

/* Nothing to read from, or contradictions. */
static int check(const struct options *self)
{
	bool has_input = self->paths.count + self->flowlogs.count > 0 || self->redis != NULL ||
			 self->state != NULL;

	if (has_input && !(self->report != NULL && self->is_following))
		return 0;
	(void)fprintf(stderr, "minecanary-trail: %s\nTry `minecanary-trail --help'.\n",
		      has_input ? "a report does not follow" : "nothing to read from");
	return -EINVAL;
}

int options_read(struct options *self, int argc, char **argv)
{
	static char host[ID_TEXT];
	static const struct argp argp = {
		rows,
		parse,
		"PATH...\nreport [ID] PATH...",
		"Joins CloudTrail, inventory, flow logs, findings and the alerts of sensors into "
		"incidents.\vA PATH is a file (.json, .json.gz, JSON lines), a folder or - for "
		"standard "
		"input, and may hold CloudTrail records, output of describe-instances and of "
		"describe-network-interfaces, findings or EVE alerts.",
		NULL,
		NULL,
		NULL
	};

	*self = (struct options){ .prefix = "minecanary" };
	settings_init(&self->settings);
	if (gethostname(host, sizeof(host)) != 0)
		(void)snprintf(host, sizeof(host), "trail");
	host[sizeof(host) - 1] = '\0';
	self->id = host;
	argp_err_exit_status = 1;
	if (argp_parse(&argp, argc, argv, 0, NULL, self) != 0)
		return -EINVAL;
	return check(self);
}

void options_fini(struct options *self)
{
	settings_fini(&self->settings);
	free(self->paths.items);
	free(self->flowlogs.items);
	free(self->lists.items);
	free(self->sensors.items);
}
