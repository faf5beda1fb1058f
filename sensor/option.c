/* option.c: the option table, and how each type of value is parsed. */
#include "sensor/option.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/limits.h"
#include "sensor/listen_address.h"
#include "sensor/redis_url.h"

#define ITEMS_MAX 4096 /* of one list */
#define U32_MAX   4294967295u
#define MIB       (UINT64_C(1) << 20)

/* Rows without a field of their own width: the types know where they store. */
#define PLAIN(n, l, t, f, d, c, u, g, h) \
	.name = (n), .letter = (l), .type = (t), .offset = offsetof(struct config, f), \
	.dflt = (d), .choices = (c), .unit = (u), .group = (g), .help = (h)
#define VALUE(n, l, t, f, lo, hi, d, c, u, g, h) \
	{ \
		PLAIN(n, l, t, f, d, c, u, g, h), .width = sizeof(((struct config *)0)->f), \
						  .min = (lo), .max = (hi) \
	}
#define NUMBER(n, l, f, lo, hi, d, u, g, h) VALUE(n, l, OPTION_NUMBER, f, lo, hi, d, NULL, u, g, h)
#define BYTES(n, l, f, lo, hi, d, g, h)     VALUE(n, l, OPTION_BYTES, f, lo, hi, d, NULL, "BYTES", g, h)
#define SECONDS(n, f, lo, hi, d, g, h) \
	VALUE(n, 0, OPTION_SECONDS, f, lo, hi, d, NULL, "SECONDS", g, h)
#define CHOICE(n, f, d, c, g, h) VALUE(n, 0, OPTION_CHOICE, f, 0, 0, d, c, NULL, g, h)
#define FLAG(n, f, d, g, h)      VALUE(n, 0, OPTION_FLAG, f, 0, 1, d, NULL, NULL, g, h)
#define TEXT(n, l, f, d, u, g, h) \
	{ \
		PLAIN(n, l, OPTION_TEXT, f, d, NULL, u, g, h) \
	}
#define NAME(n, f, d, u, g, h) \
	{ \
		PLAIN(n, 0, OPTION_NAME, f, d, NULL, u, g, h) \
	}
#define URL(n, f, g, h) \
	{ \
		PLAIN(n, 0, OPTION_URL, f, NULL, NULL, "URL", g, h) \
	}
#define LISTEN(n, f, g, h) \
	{ \
		PLAIN(n, 0, OPTION_LISTEN, f, NULL, NULL, "[ADDRESS:]PORT", g, h) \
	}
#define LIST(n, l, t, f, u, g, h) \
	{ \
		PLAIN(n, l, t, f, NULL, NULL, u, g, h) \
	}

static const char INPUT[] = "Input";
static const char WORK[] = "Flows and inspection";
static const char KNOWLEDGE[] = "Knowledge";
static const char OUTPUT[] = "Output";
static const char PROCESS[] = "Process";

const struct option_row option_rows[] = {
	LIST("read", 'r', OPTION_LIST, read, "FILE", INPUT,
	     "Read a capture file, a folder of them, or - for standard input; may be repeated"),
	TEXT("interface", 'i', interface, NULL, "IFACE", INPUT, "Listen on this interface"),
	BYTES("snaplen", 's', snaplen, 96, LIMIT_SNAPLEN, "262144", INPUT,
	      "Capture at most this much of each frame, live"),
	BYTES("buffer-size", 'B', buffer_size, 65536, 1024 * MIB, "64M", INPUT,
	      "Size of the kernel's capture ring, live; each worker has one"),
	FLAG("promiscuous", promiscuous, "yes", INPUT, "Capture frames for other hosts, too"),
	BYTES("shunt-bytes", 0, shunt_bytes, 0, 1024 * MIB, "0", INPUT,
	      "Bytes after which the kernel drops and counts the packets of a flow that is of no "
	      "interest, live; 0: never, else at least 64K"),
	FLAG("in-order", in_order, "no", INPUT,
	     "Read several files one after another instead of merging them by time"),

	NUMBER("workers", 0, workers, 1, LIMIT_WORKERS, "1", "N", WORK,
	       "Threads that keep flows and decode; events are the same for any number"),
	CHOICE("classify", classify, "all", "all|candidates|off", WORK,
	       "Which flows nDPI labels: all, those that could be mining, or none"),
	NUMBER("classify-packets", 0, classify_packets, 1, 32, "4", "N", WORK,
	       "Payload packets of a flow that nDPI is given"),
	NUMBER("classify-states", 0, classify_states, 16, 1000000, "16384", "N", WORK,
	       "Flows under classification at once, per worker"),
	NUMBER("classify-deadline", 0, classify_deadline_ms, 1, 3600000, "5000", "MS", WORK,
	       "Milliseconds after which nDPI's best guess is taken"),
	NUMBER("classify-cpu", 0, classify_cpu, 0, 100, "0", "PERCENT", WORK,
	       "CPU of a worker that nDPI may take before classify: all sheds new flows to "
	       "candidates; 100: no limit; 0: 50 live, no limit with -r"),
	NUMBER("flows", 0, flows, 1024, 67108864, "262144", "N", WORK,
	       "Flows kept at once, over all workers; 200 bytes each"),
	SECONDS("idle-timeout", idle_s, 1, 86400, "120", WORK,
		"Silence that ends a flow that is no established TCP connection"),
	SECONDS("idle-timeout-tcp", idle_tcp_s, 1, 604800, "3600", WORK,
		"Silence that ends an established TCP connection"),
	SECONDS("closed-timeout", closed_s, 1, 3600, "10", WORK,
		"Time after FIN or RST in which late packets still belong to the flow"),
	SECONDS("active-timeout", active_s, 0, 604800, "3600", WORK,
		"Age at which a flow gets an interim record; 0: never"),
	NUMBER("inspected-flows", 0, inspected_flows, 64, 1000000, "16384", "N", WORK,
	       "Flows under inspection at once, over all workers"),
	BYTES("message-memory", 0, message_memory, MIB, 1024 * MIB, "64M", WORK,
	      "Memory for incomplete messages, over all workers"),
	BYTES("held-memory", 0, held_memory, MIB, 1024 * MIB, "32M", WORK,
	      "Memory for out-of-order segments, over all workers"),
	NUMBER("max-alerts", 0, max_alerts, 64, 10000000, "100000", "N", WORK,
	       "Open alerts kept at once"),
	NUMBER("max-sessions", 0, max_sessions, 64, 10000000, "100000", "N", WORK,
	       "Mining sessions kept at once"),
	NUMBER("max-labels", 0, max_labels, 64, 10000000, "262144", "N", WORK,
	       "Addresses of DNS answers remembered, by client"),
	NUMBER("campaign-hosts", 0, campaign_hosts, 2, 1000, "3", "N", WORK,
	       "Hosts with one wallet, hostile endpoint or named pool that make a campaign"),

	NAME("sensor-id", sensor_id, NULL, "ID", KNOWLEDGE,
	     "Name of this sensor in events and keys; default: host name, or replay-HOST-PID with "
	     "-r"),
	NAME("tap", tap, "default", "NAME", KNOWLEDGE,
	     "Scope of flows that no row of cloud maps, when reading files: tap:NAME"),
	LIST("lists", 0, OPTION_LIST, lists, "FILE", KNOWLEDGE,
	     "List of pools, hostile infrastructure, own miners, wallets or JA3/JA4; may be "
	     "repeated; read again on SIGHUP"),
	LIST("endpoints", 0, OPTION_LIST, endpoints, "FILE", KNOWLEDGE,
	     "The same as lists, by its older name"),
	FLAG("default-lists", default_lists, "yes", KNOWLEDGE,
	     "Load the list of pool names that comes with the sensor, too"),
	LIST("home-networks", 0, OPTION_NETS, home, "PREFIX", KNOWLEDGE,
	     "Prefixes of your own hosts: tells client from server in mid-stream flows"),
	LIST("nat-addresses", 0, OPTION_NETS, nat, "PREFIX", KNOWLEDGE,
	     "Addresses of your source NATs, private and public: connections seen on both sides "
	     "are told once"),
	LIST("cloud", 0, OPTION_CLOUD, cloud, "KEY=VALUE,...", KNOWLEDGE,
	     "Cloud identity by vni, vlan or prefix: provider, account, region, vpc, subnet"),
	LIST("inventory", 0, OPTION_LIST, inventory, "FILE", KNOWLEDGE,
	     "JSON of aws ec2 describe-instances or describe-network-interfaces, read again on "
	     "change; may be repeated"),
	NUMBER("inventory-max", 0, inventory_max, 16, 10000000, "100000", "N", KNOWLEDGE,
	       "Addresses in the inventory at most; 900 bytes each"),
	NUMBER("community-id-seed", 0, community_seed, 0, 65535, "0", "N", KNOWLEDGE,
	       "Seed of Community ID; the same on all your sensors"),

	URL("redis", redis, OUTPUT,
	    "Publish into Redis: redis://[user@]host[:port][/db], rediss:// the same over TLS, "
	    "unix:///path, redis+sentinel://[user@]host,host/name, or "
	    "redis+cluster://[user@]host,host; rediss+... the same over TLS"),
	TEXT("redis-password-file", 0, redis_password_file, NULL, "FILE", OUTPUT,
	     "File whose first line is the Redis password; else MINECANARY_REDIS_PASSWORD and "
	     "MINECANARY_REDIS_USER of the environment"),
	TEXT("redis-ca", 0, redis_ca, NULL, "FILE", OUTPUT,
	     "PEM file of the authorities trusted for TLS to Redis, instead of the system's"),
	TEXT("redis-cert", 0, redis_cert, NULL, "FILE", OUTPUT,
	     "PEM file of the certificate shown to Redis; read once, while still root"),
	TEXT("redis-key", 0, redis_key, NULL, "FILE", OUTPUT,
	     "PEM file of its key, without a pass phrase; default: in the same file"),
	NAME("redis-prefix", redis_prefix, "minecanary", "TEXT", OUTPUT,
	     "First word of every Redis key"),
	NUMBER("redis-alert-maxlen", 0, redis_alert_maxlen, 100, 1000000000, "100000", "N", OUTPUT,
	       "Length at which the alert stream is trimmed"),
	NUMBER("redis-flow-maxlen", 0, redis_flow_maxlen, 100, 1000000000, "1000000", "N", OUTPUT,
	       "Length at which the flow stream is trimmed"),
	NUMBER("redis-session-maxlen", 0, redis_session_maxlen, 100, 1000000000, "200000", "N",
	       OUTPUT, "Length at which the session stream is trimmed"),
	SECONDS("redis-expire", redis_expire_s, 60, 31536000, "30d", OUTPUT,
		"Life of state hashes after their last update"),
	BYTES("redis-queue", 0, redis_queue, MIB, 16384 * MIB, "32M", OUTPUT,
	      "Memory for what Redis has not acknowledged; flow records may fill three quarters"),
	TEXT("state-dir", 0, state_dir, NULL, "DIR", OUTPUT,
	     "Folder of the journal, in which alerts, session ends and campaigns wait for Redis, "
	     "even after the process has ended"),
	BYTES("journal-size", 0, journal_size, MIB, 65536 * MIB, "256M", OUTPUT,
	      "Size of the journal at most"),
	NUMBER("redis-eve-list", 0, redis_eve_list, 0, 100000000, "0", "N", OUTPUT,
	       "Length of a list PREFIX:eve of EVE JSON lines, for Logstash or Vector; 0: no list"),
	CHOICE("redis-live", redis_live, "off", "off|alerts|all", OUTPUT,
	       "EVE JSON lines that are published on the channel PREFIX:live as they come"),
	CHOICE("hellos", hellos, "listed", "listed|all", OUTPUT,
	       "TLS hellos (SNI, ALPN, JA3, JA4) shown on flow records: of flows that have to do "
	       "with a listed name, address or fingerprint, or of all"),
	CHOICE("flow-format", flow_format, "flat", "flat|eve", OUTPUT,
	       "Form of flow records in Redis: flat fields or EVE JSON"),
	TEXT("json", 0, json, NULL, "FILE", OUTPUT,
	     "Write EVE JSON lines to FILE, - for standard output"),
	FLAG("null", null_sink, "no", OUTPUT,
	     "Render every event and throw it away, for measuring"),
	SECONDS("stall-timeout", stall_timeout_s, 1, 86400, "60", OUTPUT,
		"With -r: how long an output may make no progress before reading stops"),

	TEXT("user", 0, user, "nobody", "NAME", PROCESS,
	     "User to become once the interface is open, when started as root"),
	CHOICE("log-level", log_level, "info", "error|warning|info|debug", PROCESS,
	       "Least important messages that are written"),
	LISTEN("metrics", metrics, PROCESS,
	       "Serve counters for Prometheus at http://ADDRESS:PORT/metrics; a PORT alone is of "
	       "127.0.0.1"),
	FLAG("progress", progress, "yes", PROCESS,
	     "Show progress of a long replay when standard error is a terminal"),
	FLAG("deterministic", deterministic, "no", PROCESS,
	     "Fixed keys instead of random ones in hash tables, for tests only"),
};
const size_t option_count = sizeof(option_rows) / sizeof(*option_rows);

const struct option_row *option_find(const char *name)
{
	for (size_t i = 0; i < option_count; i++)
		if (strcmp(option_rows[i].name, name) == 0)
			return &option_rows[i];
	return NULL;
}

static void *field(struct config *config, const struct option_row *row)
{
	return (char *)config + row->offset;
}

static void store(struct config *config, const struct option_row *row, uint64_t value)
{
	if (row->width == sizeof(bool))
		*(bool *)field(config, row) = value != 0;
	else if (row->width == sizeof(uint32_t))
		*(uint32_t *)field(config, row) = (uint32_t)value;
	else
		*(uint64_t *)field(config, row) = value;
}

struct suffix {
	const char *text;
	uint64_t factor;
};

static const struct suffix byte_suffixes[] = {
	{ "", 1 },      { "B", 1 },          { "K", 1024 },         { "KiB", 1024 }, { "M", MIB },
	{ "MiB", MIB }, { "G", 1024 * MIB }, { "GiB", 1024 * MIB }, { NULL, 0 },
};
static const struct suffix second_suffixes[] = {
	{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { NULL, 0 },
};
static const struct suffix no_suffixes[] = { { "", 1 }, { NULL, 0 } };

static int parse_number(const char *text, const struct suffix *suffixes, uint64_t *out)
{
	char *end;
	unsigned long long number;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0)
		return -ERANGE;
	for (; suffixes->text != NULL; suffixes++)
		if (strcasecmp(end, suffixes->text) == 0)
			return __builtin_mul_overflow(number, suffixes->factor, out) ? -ERANGE : 0;
	return -EINVAL;
}

static int set_number(struct config *config, const struct option_row *row, const char *value,
		      char why[OPTION_WHY])
{
	const struct suffix *suffixes = row->type == OPTION_BYTES     ? byte_suffixes
					: row->type == OPTION_SECONDS ? second_suffixes
								      : no_suffixes;
	uint64_t number;
	int result = parse_number(value, suffixes, &number);

	if (result == -EINVAL) {
		(void)snprintf(why, OPTION_WHY, "\"%.40s\" is not a number%s", value,
			       row->type == OPTION_BYTES     ? " of bytes (64K, 2M, 1G)"
			       : row->type == OPTION_SECONDS ? " of seconds (90, 5m, 1h, 2d)"
							     : "");
		return result;
	}
	if (result == -ERANGE || number < row->min || number > row->max) {
		(void)snprintf(why, OPTION_WHY, "\"%.40s\" is not between %llu and %llu", value,
			       (unsigned long long)row->min, (unsigned long long)row->max);
		return -EINVAL;
	}
	store(config, row, number);
	return 0;
}

static int set_flag(struct config *config, const struct option_row *row, const char *value,
		    char why[OPTION_WHY])
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		bool is_yes = strcasecmp(value, yes[i]) == 0;

		if (is_yes || strcasecmp(value, no[i]) == 0) {
			store(config, row, is_yes);
			return 0;
		}
	}
	(void)snprintf(why, OPTION_WHY, "\"%.40s\" is neither yes nor no", value);
	return -EINVAL;
}

static int set_choice(struct config *config, const struct option_row *row, const char *value,
		      char why[OPTION_WHY])
{
	const char *choice = row->choices;
	size_t len = strlen(value);

	for (uint32_t index = 0; *choice != '\0'; index++) {
		size_t end = strcspn(choice, "|");

		if (end == len && strncmp(choice, value, len) == 0) {
			store(config, row, index);
			return 0;
		}
		choice += end + (choice[end] == '|');
	}
	(void)snprintf(why, OPTION_WHY, "\"%.40s\" is not one of %s", value, row->choices);
	return -EINVAL;
}

static int copy_text(char **out, const char *value, char why[OPTION_WHY])
{
	char *copy = strdup(value);

	if (copy == NULL || value[0] == '\0') {
		free(copy);
		(void)snprintf(why, OPTION_WHY, "%s",
			       value[0] == '\0' ? "is empty" : "out of memory");
		return -EINVAL;
	}
	free(*out);
	*out = copy;
	return 0;
}

/* Names become parts of Redis keys, where braces and blanks have a meaning. */
static int set_name(char **out, const char *value, char why[OPTION_WHY])
{
	size_t len = strlen(value);

	if (len > 0 && len < LIMIT_NAME_TEXT &&
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		    len)
		return copy_text(out, value, why);
	(void)snprintf(why, OPTION_WHY, "at most %d letters, digits, dots, dashes and underscores",
		       LIMIT_NAME_TEXT - 1);
	return -EINVAL;
}

static int set_url(char **out, const char *value, char why[OPTION_WHY])
{
	char error[REDIS_URL_ERROR_TEXT];
	struct redis_url url;
	int result = redis_url_parse(value, &url, error);

	explicit_bzero(&url, sizeof(url));
	if (result == 0)
		return copy_text(out, value, why);
	(void)snprintf(why, OPTION_WHY, "%s", error);
	return result;
}

/* One more element of an array that its owner grows one by one. */
static void *grow(void *items, size_t count, size_t size, char why[OPTION_WHY])
{
	void *grown = count < ITEMS_MAX ? realloc(items, (count + 1) * size) : NULL;

	if (grown == NULL)
		(void)snprintf(why, OPTION_WHY, "more than %d entries, or out of memory",
			       ITEMS_MAX);
	else
		memset((char *)grown + count * size, 0, size);
	return grown;
}

static int set_listen(char **out, const char *value, char why[OPTION_WHY])
{
	struct listen_address address;

	if (listen_address_parse(value, &address) == 0)
		return copy_text(out, value, why);
	(void)snprintf(why, OPTION_WHY, "\"%.50s\" is not a port, 127.0.0.1:PORT or [::1]:PORT",
		       value);
	return -EINVAL;
}

static int add_item(struct config *config, const struct option_row *row, const char *value,
		    char why[OPTION_WHY])
{
	struct config_list *list = field(config, row);
	char **items = grow(list->items, list->count, sizeof(char *), why);

	if (items == NULL)
		return -ENOMEM;
	list->items = items;
	if (copy_text(&items[list->count], value, why) != 0)
		return -EINVAL;
	list->count++;
	return 0;
}

static int add_net(struct config *config, const struct option_row *row, const char *value,
		   char why[OPTION_WHY])
{
	struct config_nets *nets = field(config, row);
	struct net_prefix *items = grow(nets->items, nets->count, sizeof(*items), why);

	if (items == NULL)
		return -ENOMEM;
	nets->items = items;
	if (net_prefix_parse(value, &items[nets->count]) != 0) {
		(void)snprintf(why, OPTION_WHY,
			       "\"%.50s\" is not a prefix such as 10.0.0.0/16 without host bits",
			       value);
		return -EINVAL;
	}
	nets->count++;
	return 0;
}

/* --- cloud rows ----------------------------------------------------------------------------- */

int option_cloud_begin(struct config *config, uint32_t line, char why[OPTION_WHY])
{
	struct cloud_row *rows = grow(config->cloud, config->cloud_count, sizeof(*rows), why);

	if (rows == NULL)
		return -ENOMEM;
	config->cloud = rows;
	rows[config->cloud_count++].line = line;
	return 0;
}

static int cloud_text(char out[LIMIT_NAME_TEXT], const char *value, char why[OPTION_WHY])
{
	if (value[0] == '\0' || strlen(value) >= LIMIT_NAME_TEXT ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-") !=
		    strlen(value)) {
		(void)snprintf(why, OPTION_WHY,
			       "\"%.40s\" is not a name of at most %d letters, digits, . _ : -",
			       value, LIMIT_NAME_TEXT - 1);
		return -EINVAL;
	}
	(void)snprintf(out, LIMIT_NAME_TEXT, "%s", value);
	return 0;
}

static int cloud_number(const char *value, uint64_t max, uint64_t *out, char why[OPTION_WHY])
{
	if (parse_number(value, no_suffixes, out) == 0 && *out <= max)
		return 0;
	(void)snprintf(why, OPTION_WHY, "\"%.40s\" is not a number up to %llu", value,
		       (unsigned long long)max);
	return -EINVAL;
}

int option_cloud_set(struct config *config, const char *key, const char *value,
		     char why[OPTION_WHY])
{
	struct cloud_row *row = &config->cloud[config->cloud_count - 1];
	const struct {
		const char *key;
		char *text;
	} texts[] = {
		{ "provider", row->provider }, { "account", row->account_id },
		{ "region", row->region },     { "vpc", row->vpc_id },
		{ "subnet", row->subnet_id },
	};
	uint64_t number = 0;
	int result;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strcmp(key, texts[i].key) == 0)
			return cloud_text(texts[i].text, value, why);
	if (strcmp(key, "vni") == 0) {
		result = cloud_number(value, U32_MAX, &number, why);
		row->vni = (uint32_t)number;
		row->has_vni = result == 0;
		return result;
	}
	if (strcmp(key, "vlan") == 0) {
		result = cloud_number(value, 4095, &number, why);
		row->vlan = (uint16_t)number;
		row->has_vlan = result == 0;
		return result;
	}
	if (strcmp(key, "prefix") == 0) {
		if (net_prefix_parse(value, &row->prefix) == 0)
			return 0;
		(void)snprintf(why, OPTION_WHY, "\"%.50s\" is not a prefix such as 10.0.0.0/16",
			       value);
		return -EINVAL;
	}
	(void)snprintf(
		why, OPTION_WHY,
		"\"%.40s\" is none of vni, vlan, prefix, provider, account, region, vpc, subnet",
		key);
	return -EINVAL;
}

int option_cloud_end(struct config *config, char why[OPTION_WHY])
{
	const struct cloud_row *row = &config->cloud[config->cloud_count - 1];

	if (row->has_vni || row->has_vlan || row->prefix.ip_version != 0)
		return 0;
	(void)snprintf(why, OPTION_WHY, "a row needs one of vni, vlan, prefix");
	return -EINVAL;
}

static int add_cloud(struct config *config, const char *value, char why[OPTION_WHY])
{
	char *copy = strdup(value);
	char *rest = copy;
	int result = copy == NULL ? -ENOMEM : option_cloud_begin(config, 0, why);

	for (char *pair; result == 0 && (pair = strsep(&rest, ",")) != NULL;) {
		char *sign = strchr(pair, '=');

		if (sign == NULL) {
			(void)snprintf(why, OPTION_WHY, "\"%.40s\" is not KEY=VALUE", pair);
			result = -EINVAL;
			break;
		}
		*sign = '\0';
		result = option_cloud_set(config, pair, sign + 1, why);
	}
	if (result == 0)
		result = option_cloud_end(config, why);
	free(copy);
	return result;
}

/* --- any row -------------------------------------------------------------------------------- */

int option_set(struct config *config, const struct option_row *row, const char *value,
	       char why[OPTION_WHY])
{
	switch (row->type) {
	case OPTION_FLAG:
		return set_flag(config, row, value, why);
	case OPTION_NUMBER:
	case OPTION_BYTES:
	case OPTION_SECONDS:
		return set_number(config, row, value, why);
	case OPTION_CHOICE:
		return set_choice(config, row, value, why);
	case OPTION_TEXT:
		return copy_text(field(config, row), value, why);
	case OPTION_NAME:
		return set_name(field(config, row), value, why);
	case OPTION_URL:
		return set_url(field(config, row), value, why);
	case OPTION_LISTEN:
		return set_listen(field(config, row), value, why);
	case OPTION_LIST:
		return add_item(config, row, value, why);
	case OPTION_NETS:
		return add_net(config, row, value, why);
	case OPTION_CLOUD:
		return add_cloud(config, value, why);
	default:
		return -EINVAL;
	}
}

void option_clear(struct config *config, const struct option_row *row)
{
	struct config_list *list = field(config, row);
	struct config_nets *nets = field(config, row);

	switch (row->type) {
	case OPTION_LIST:
		for (size_t i = 0; i < list->count; i++)
			free(list->items[i]);
		free(list->items);
		*list = (struct config_list){ NULL, 0 };
		break;
	case OPTION_NETS:
		free(nets->items);
		*nets = (struct config_nets){ NULL, 0 };
		break;
	case OPTION_CLOUD:
		free(config->cloud);
		config->cloud = NULL;
		config->cloud_count = 0;
		break;
	default:
		break;
	}
}
