/* option.h: the one table of options, for the files that read, print and check it.
 *
 * One row is everything there is to say about an option. Command line, YAML file, sample file, man
 * page and completion are all made from the rows. */
#ifndef SENSOR_OPTION_H
#define SENSOR_OPTION_H

#include "sensor/config.h"

enum option_type {
	OPTION_FLAG, /* yes or no; without a value on the command line */
	OPTION_NUMBER,
	OPTION_BYTES,   /* 65536, 64K, 64KiB, 2M, 1G */
	OPTION_SECONDS, /* 90, 90s, 5m, 1h, 2d */
	OPTION_CHOICE,  /* one of choices, stored as its index */
	OPTION_TEXT,
	OPTION_NAME,   /* a text that becomes part of keys: letters, digits and . - _ */
	OPTION_URL,    /* of Redis */
	OPTION_LISTEN, /* a numeric address and a port */
	OPTION_LIST,   /* texts; repeated on the command line, a sequence in the file */
	OPTION_NETS,   /* prefixes, likewise */
	OPTION_CLOUD   /* rows: vni=4097,account=..., a sequence of maps in the file */
};

enum option_use {
	OPTION_ANYWHERE = 0,
	OPTION_COMMAND_ONLY /* makes no sense in a file */
};

struct option_row {
	const char *name; /* --name, and the key in the file */
	char letter;      /* -x, 0: none */
	uint8_t type;     /* enum option_type */
	uint8_t use;      /* enum option_use */
	uint8_t width;    /* bytes of the field, for numbers */
	size_t offset;    /* into struct config */
	uint64_t min, max;
	const char *dflt;    /* parsed like user input; NULL: empty */
	const char *choices; /* "all|candidates|off" */
	const char *unit;    /* what the value is: "N", "BYTES", "FILE"... */
	const char *group;   /* heading in help, man page and sample */
	const char *help;    /* one sentence, no full stop */
};

extern const struct option_row option_rows[];
extern const size_t option_count;

/* NULL when there is no such name. */
const struct option_row *option_find(const char *name);

#define OPTION_WHY 160

/* Parses value into the row's field; a list gets one more item. 0, or -EINVAL / -ENOMEM with why
 * filled. */
int option_set(struct config *config, const struct option_row *row, const char *value,
	       char why[OPTION_WHY]);

/* Empties a list before another source sets it. Nothing for all other types. */
void option_clear(struct config *config, const struct option_row *row);

/* One key of one row of `cloud`, and a new row. line names it in later messages. */
int option_cloud_begin(struct config *config, uint32_t line, char why[OPTION_WHY]);
int option_cloud_set(struct config *config, const char *key, const char *value,
		     char why[OPTION_WHY]);
/* The row that was begun has a selector. */
int option_cloud_end(struct config *config, char why[OPTION_WHY]);

/* Reads a YAML file into config. error is "FILE:LINE: key: why". */
int config_read_file(struct config *config, const char *path, char error[CONFIG_ERROR_TEXT]);

/* Writes the sample file, the man page or the completion to standard output. */
int config_print(const char *what, char error[CONFIG_ERROR_TEXT]);

#endif
