/* report.h: an incident as a person or a program reads it. (Owner: report.) */
#ifndef TRAIL_REPORT_H
#define TRAIL_REPORT_H

#include <stdio.h>

#include "sensor/trail/cost.h"

enum report_format { REPORT_TEXT, REPORT_MARKDOWN, REPORT_JSON };

struct report_options {
	enum report_format format;
	bool has_commands; /* --commands: the AWS CLI lines of the containment, with a warning */
	double published;  /* a total in USD/h that somebody claims, to be compared; 0: none */
	uint64_t until_ns; /* 0: incidents.now_ns */
};

/* Writes to out. 0 or negative errno. */
int report_write(FILE *out, const struct incidents *incidents, const struct incident *incident,
		 const struct price_list *prices, const struct report_options *options);

#endif
