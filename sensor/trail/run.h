/* run.h: one run of minecanary-trail: everything opened, read, judged and told. */
#ifndef TRAIL_RUN_H
#define TRAIL_RUN_H

#include <stdatomic.h>

#include "sensor/trail/options.h"

/* Exit codes, as the sensor's. */
enum trail_exit {
	TRAIL_DONE = 0,
	TRAIL_USAGE = 1, /* configuration, or an output that cannot be opened */
	TRAIL_INPUT = 2, /* input unreadable or damaged: the rest was used and published */
	TRAIL_LOST = 3   /* something could not be kept or published */
};

/* Until all is read, or with --follow until *stop becomes true. */
enum trail_exit trail_run(const struct options *options, const _Atomic bool *stop);

#endif
