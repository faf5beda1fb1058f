/* traffic: writes deterministic traffic as a pcap file.
 *
 *	traffic SHAPE NUMBER NUMBER FILE [CAPTURE...]
 *
 *	small PACKETS FLOWS      tiny frames of flows picked at random        steady.c
 *	imix PACKETS FLOWS       TLS-shaped TCP, 60, 590 and 1514 bytes       steady.c
 *	dns PACKETS CLIENTS      look-ups, some with the connection           dns.c
 *	miners SESSIONS FLOWS    mining sessions among short flows            miners.c
 *	flood PACKETS SESSIONS   mining sessions in a flood of one-packet flows   miners.c
 *	mix ROUNDS SECONDS       captures again and again, addresses fresh    mix.c
 *
 * FILE - is standard output. The same arguments give the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "shape.h"

static const struct shape *const shapes[] = { &shape_small,  &shape_imix,  &shape_dns,
					      &shape_miners, &shape_flood, &shape_mix };

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static const struct shape *find_shape(const char *name)
{
	for (size_t i = 0; i < SHAPES; i++)
		if (strcmp(shapes[i]->name, name) == 0)
			return shapes[i];
	return NULL;
}

static int usage(void)
{
	for (size_t i = 0; i < SHAPES; i++)
		fprintf(stderr, "usage: traffic %s %s FILE%s\n", shapes[i]->name, shapes[i]->sizes,
			shapes[i] == &shape_mix ? " CAPTURE..." : "");
	return 2;
}

int main(int argc, char **argv)
{
	static struct writer self = { .seed = 3, .step_us = STEP_US };
	const struct shape *shape = argc < 5 ? NULL : find_shape(argv[1]);
	struct shape_sizes sizes;
	int rc;
	int closed;

	if (shape == NULL || (shape == &shape_mix) != (argc > 5))
		return usage();
	sizes = (struct shape_sizes){ .first = strtoull(argv[2], NULL, 10),
				      .second = strtoull(argv[3], NULL, 10),
				      .captures = argv + 5 };
	if (sizes.first == 0 || sizes.second == 0)
		return usage();
	rc = writer_open(&self, argv[4]);
	if (rc == 0) {
		rc = shape->write(&self, &sizes);
		closed = writer_close(&self);
		rc = rc < 0 ? rc : closed;
	}
	if (rc < 0)
		fprintf(stderr, "traffic: %s: %s\n", argv[4], strerror(-rc));
	return rc < 0;
}
