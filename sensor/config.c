/* config.c: the command line, and what the options mean together.
 *
 * Precedence: defaults, then the file (-c), then the command line; a list on the command line
 * replaces the file's. */
#include "sensor/config.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/classify.h"
#include "sensor/option.h"
#include "sensor/redis_url.h"

#define KEY_BASE   1000 /* argp keys of options: KEY_BASE + row; above any letter */
#define KEY_CONFIG 'c'
#define KEY_CHECK  900
#define KEY_PRINT  901
#define SETS_MAX   1024 /* options on one command line */
#define FILTER_MAX 4096

struct setting {
	const struct option_row *row;
	const char *value;
};

/* What the command line said, before the file is read. */
struct parsed {
	struct setting sets[SETS_MAX];
	size_t set_count;
	const char *config_file;
	const char *print;
	char *const *words; /* after the options: more files, then the filter */
	size_t word_count;
	bool check_config;
};

static int remember(struct parsed *parsed, size_t index, const char *value,
		    struct argp_state *state)
{
	if (parsed->set_count == SETS_MAX)
		argp_error(state, "more than %d options", SETS_MAX);
	parsed->sets[parsed->set_count++] = (struct setting){
		.row = &option_rows[index],
		.value = value != NULL ? value : "yes",
	};
	return 0;
}

/* The option of an argp key; option_count when it is none. */
static size_t row_of_key(int key)
{
	for (size_t i = 0; i < option_count; i++)
		if (key == KEY_BASE + (int)i ||
		    (option_rows[i].letter != 0 && option_rows[i].letter == key))
			return i;
	return option_count;
}

/* Help with the default behind it; argp frees what is not its own. */
static char *help_text(int key, const char *text, void *input)
{
	size_t row = row_of_key(key);
	char *full = NULL;

	(void)input;
	if (row == option_count || option_rows[row].dflt == NULL ||
	    asprintf(&full, "%s (default: %s)", text, option_rows[row].dflt) < 0)
		return (char *)(uintptr_t)text;
	return full;
}

static error_t on_option(int key, char *arg, struct argp_state *state)
{
	struct parsed *parsed = state->input;

	size_t row = row_of_key(key);

	if (row < option_count)
		return remember(parsed, row, arg, state);
	switch (key) {
	case KEY_CONFIG:
		parsed->config_file = arg;
		return 0;
	case KEY_CHECK:
		parsed->check_config = true;
		return 0;
	case KEY_PRINT:
		parsed->print = arg;
		return 0;
	case ARGP_KEY_ARGS:
		parsed->words = state->argv + state->next;
		parsed->word_count = (size_t)(state->argc - state->next);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	(void)fprintf(stream, "minecanary %s (nDPI %s)\n", MINECANARY_VERSION, classify_version());
}

/* The table in argp's form; freed by the caller. */
static struct argp_option *argp_options(void)
{
	static const struct argp_option own[] = {
		{ "config", KEY_CONFIG, "FILE", 0, "Read options from this YAML file", 0 },
		{ "check-config", KEY_CHECK, NULL, 0, "Check options and lists, then exit", 0 },
		{ "print", KEY_PRINT, "WHAT", 0,
		  "Print a sample configuration (conf), the manual page (man) or the shell "
		  "completion (completion), then exit",
		  0 },
	};
	size_t own_count = sizeof(own) / sizeof(*own);
	struct argp_option *options = calloc(2 * option_count + own_count + 1, sizeof(*options));
	size_t n = 0;
	const char *group = NULL;
	int number = 0;

	if (options == NULL)
		return NULL;
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->group != group) {
			group = row->group;
			options[n++] = (struct argp_option){ .doc = group, .group = ++number };
		}
		options[n++] = (struct argp_option){
			.name = row->name,
			.key = row->letter != 0 ? row->letter : KEY_BASE + (int)i,
			.arg = row->unit != NULL ? row->unit : row->choices,
			.flags = row->type == OPTION_FLAG ? OPTION_ARG_OPTIONAL : 0,
			.doc = row->help,
			.group = number,
		};
		if (row->type == OPTION_FLAG)
			options[n - 1].arg = "yes|no";
	}
	for (size_t i = 0; i < own_count; i++) {
		options[n] = own[i];
		options[n++].group = number;
	}
	return options;
}

static int parse_arguments(struct parsed *parsed, int argc, char **argv)
{
	struct argp_option *options = argp_options();
	struct argp argp = {
		.options = options,
		.parser = on_option,
		.help_filter = help_text,
		.args_doc = "[BPF filter]",
		.doc = "A canary for crypto mines: decodes mining sessions on the wire and "
		       "publishes who "
		       "mines for whom.\vAfter -r FILE more files may follow; the first word that "
		       "is no "
		       "file begins the filter. Exit codes: 0 done, 1 usage or configuration, 2 "
		       "input "
		       "unreadable or damaged, 3 events lost.",
	};
	error_t result;

	if (options == NULL)
		return -ENOMEM;
	argp_err_exit_status = 1;
	argp_program_version_hook = print_version;
	result = argp_parse(&argp, argc, argv, 0, NULL, parsed);
	free(options);
	return -result;
}

/* --- together ------------------------------------------------------------------------------- */

static int set_defaults(struct config *config, char error[CONFIG_ERROR_TEXT])
{
	char why[OPTION_WHY];

	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->dflt != NULL && option_set(config, row, row->dflt, why) != 0) {
			(void)snprintf(error, CONFIG_ERROR_TEXT, "default of %s: %s", row->name,
				       why);
			return -EINVAL;
		}
	}
	return 0;
}

static bool is_first_of_its_row(const struct parsed *parsed, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (parsed->sets[i].row == parsed->sets[index].row)
			return false;
	return true;
}

static int apply_settings(struct config *config, const struct parsed *parsed,
			  char error[CONFIG_ERROR_TEXT])
{
	char why[OPTION_WHY];

	for (size_t i = 0; i < parsed->set_count; i++) {
		const struct setting *set = &parsed->sets[i];

		if (set->row->type == OPTION_URL && redis_url_has_password(set->value)) {
			(void)snprintf(error, CONFIG_ERROR_TEXT,
				       "--%s: every user can read a password on the command line: "
				       "use redis-password-file, MINECANARY_REDIS_PASSWORD, or a "
				       "configuration file",
				       set->row->name);
			return -EINVAL;
		}
		if (is_first_of_its_row(parsed, i))
			option_clear(config, set->row);
		if (option_set(config, set->row, set->value, why) != 0) {
			(void)snprintf(error, CONFIG_ERROR_TEXT, "--%s: %s", set->row->name, why);
			return -EINVAL;
		}
	}
	return 0;
}

/* Words after -r FILE that exist are files, too, as a shell's *.pcap gives them. */
static int apply_words(struct config *config, const struct parsed *parsed,
		       char error[CONFIG_ERROR_TEXT])
{
	char why[OPTION_WHY];
	char filter[FILTER_MAX] = "";
	size_t len = 0;
	size_t word = 0;

	while (config->read.count > 0 && word < parsed->word_count &&
	       access(parsed->words[word], F_OK) == 0) {
		if (option_set(config, option_find("read"), parsed->words[word], why) != 0) {
			(void)snprintf(error, CONFIG_ERROR_TEXT, "--read: %s", why);
			return -EINVAL;
		}
		word++;
	}
	for (; word < parsed->word_count; word++) {
		int n = snprintf(filter + len, sizeof(filter) - len, "%s%s", len > 0 ? " " : "",
				 parsed->words[word]);

		if (n < 0 || (size_t)n >= sizeof(filter) - len) {
			(void)snprintf(error, CONFIG_ERROR_TEXT,
				       "the filter is longer than %d bytes", FILTER_MAX - 1);
			return -EINVAL;
		}
		len += (size_t)n;
	}
	if (len == 0)
		return 0;
	config->filter = strdup(filter);
	return config->filter != NULL ? 0 : -ENOMEM;
}

static int default_sensor_id(struct config *config, char error[CONFIG_ERROR_TEXT])
{
	char host[HOST_NAME_MAX + 1] = "";
	char id[LIMIT_NAME_TEXT];
	char why[OPTION_WHY];

	if (config->sensor_id != NULL)
		return 0;
	if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
		(void)snprintf(host, sizeof(host), "sensor");
	if (config->interface != NULL)
		(void)snprintf(id, sizeof(id), "%.63s", host);
	else
		(void)snprintf(id, sizeof(id), "replay-%.40s-%ld", host, (long)getpid());
	if (option_set(config, option_find("sensor-id"), id, why) == 0)
		return 0;
	(void)snprintf(error, CONFIG_ERROR_TEXT, "sensor-id: from the host name: %s", why);
	return -EINVAL;
}

static int check_together(struct config *config, char error[CONFIG_ERROR_TEXT])
{
	const char *why = NULL;

	if (config->read.count > 0 && config->interface != NULL)
		why = "--read and --interface exclude each other";
	else if (config->read.count == 0 && config->interface == NULL && !config->check_config)
		why = "nothing to read: give -r FILE or -i IFACE (--help shows all options)";
	else if (config->shunt_bytes > 0 && config->shunt_bytes < LIMIT_SHUNT_LEAST)
		why = "shunt-bytes is 0, or 64K at least: less would hide what is yet to be looked "
		      "at";
	else if (config->redis_password_file != NULL && config->redis == NULL)
		why = "redis-password-file is of no use without --redis";
	else if (config->state_dir != NULL && config->redis == NULL)
		why = "state-dir is of no use without --redis";
	else if (config->state_dir != NULL && config->interface == NULL &&
		 config->sensor_id == NULL && !config->check_config)
		why = "state-dir with --read needs --sensor-id: a journal is found again by it";
	else if (config->redis == NULL && (config->redis_ca != NULL || config->redis_cert != NULL))
		why = "redis-ca and redis-cert are of no use without --redis";
	else if (config->redis_key != NULL && config->redis_cert == NULL)
		why = "redis-key is of no use without redis-cert";
	if (why == NULL)
		return 0;
	(void)snprintf(error, CONFIG_ERROR_TEXT, "%s", why);
	return -EINVAL;
}

static int load(struct config *config, const struct parsed *parsed, char error[CONFIG_ERROR_TEXT])
{
	int result = set_defaults(config, error);

	if (result == 0 && parsed->config_file != NULL) {
		config->config_file = strdup(parsed->config_file);
		result = config_read_file(config, parsed->config_file, error);
	}
	config->check_config = parsed->check_config;
	if (result == 0)
		result = apply_settings(config, parsed, error);
	if (result == 0)
		result = apply_words(config, parsed, error);
	if (result == 0)
		result = check_together(config, error);
	if (result == 0)
		result = default_sensor_id(config, error);
	config->progress = config->progress && isatty(STDERR_FILENO) == 1;
	return result;
}

int config_load(struct config *config, int argc, char **argv, char error[CONFIG_ERROR_TEXT])
{
	static struct parsed parsed; /* large, and there is one command line */
	int result;

	(void)snprintf(error, CONFIG_ERROR_TEXT, "out of memory");
	memset(&parsed, 0, sizeof(parsed));
	result = parse_arguments(&parsed, argc, argv);
	if (result != 0)
		return result;
	if (parsed.print != NULL)
		return config_print(parsed.print, error) == 0 ? 1 : -EINVAL;
	return load(config, &parsed, error);
}

void config_free(struct config *config)
{
	char **const texts[] = {
		&config->interface,   &config->filter,       &config->sensor_id,
		&config->tap,         &config->redis,        &config->redis_password_file,
		&config->redis_ca,    &config->redis_cert,   &config->redis_key,
		&config->json,        &config->redis_prefix, &config->user,
		&config->config_file, &config->metrics,      &config->state_dir
	};

	for (size_t i = 0; i < option_count; i++)
		option_clear(config, &option_rows[i]);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		free(*texts[i]);
		*texts[i] = NULL;
	}
}
