/* options.h: the command line of minecanary-trail. */
#ifndef TRAIL_OPTIONS_H
#define TRAIL_OPTIONS_H

#include "sensor/trail/report.h"
#include "sensor/trail/settings.h"

struct options_list {
	char **items; /* borrowed from argv */
	size_t count;
};

struct options {
	struct settings settings;
	struct options_list paths;
	struct options_list flowlogs;
	struct options_list lists;   /* endpoints */
	struct options_list sensors; /* ids whose alerts are read; none: all that are there */
	const char *redis;           /* URL */
	const char *password_file;
	const char *redis_ca; /* PEM files for TLS */
	const char *redis_cert;
	const char *redis_key;
	const char *prefix;
	const char *id;
	const char *state;
	const char *prices;
	const char *report; /* incident id of `report`, NULL: no report; "" all */
	double baseline;    /* USD/h */
	struct report_options report_options;
	bool is_following;
};

/* Reads argv; help, usage errors and --print-settings end the process. 0, or -EINVAL when there is
 * nothing to do, which was said. */
int options_read(struct options *self, int argc, char **argv);
void options_fini(struct options *self);

#endif
