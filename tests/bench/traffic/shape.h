/* shape.h: what main.c knows of a kind of traffic. */
#ifndef BENCH_TRAFFIC_SHAPE_H
#define BENCH_TRAFFIC_SHAPE_H

#include "writer.h"

/* The numbers of the command line, and the captures behind the output's name, NULL at their end. */
struct shape_sizes {
	uint64_t first;
	uint64_t second;
	char *const *captures;
};

struct shape {
	const char *name;
	const char *sizes; /* what the two numbers are */
	/* 0 or a negative errno. */
	int (*write)(struct writer *self, const struct shape_sizes *sizes);
};

extern const struct shape shape_small;
extern const struct shape shape_imix;
extern const struct shape shape_dns;
extern const struct shape shape_miners;
extern const struct shape shape_flood;
extern const struct shape shape_mix;

#endif
