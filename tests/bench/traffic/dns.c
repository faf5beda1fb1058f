/* dns.c: look-ups with EDNS of 262144 names, popular ones more often, each from a port of its own;
 * a quarter of them ends in a short TLS connection. */
#include <errno.h>
#include <stdlib.h>

#include "shape.h"
#include "visit.h"

#define VISITS 512 /* that go on at once */

/* Queries first, then their answers, then the connection. False: that was all. */
static bool step_visit(struct writer *self, struct visit *visit)
{
	size_t queries = visit->has_aaaa ? 2 : 1;
	size_t step = visit->step++;

	if (step < 2 * queries)
		write_lookup(self, visit, step % queries != 0, step >= queries);
	else
		write_tls(self, visit, step - 2 * queries);
	return visit->step < 2 * queries + (visit->has_tls ? TLS_STEPS : 0);
}

static int write_dns(struct writer *self, const struct shape_sizes *sizes)
{
	struct visit *visits = calloc(VISITS, sizeof(*visits));
	uint64_t begun = 0;

	if (visits == NULL)
		return -ENOMEM;
	for (uint64_t i = 0; i < sizes->first; i++) {
		struct visit *visit = &visits[next_random(self) % VISITS];

		if (visit->client == 0)
			visit_begin(self, visit, sizes->second, begun++);
		if (!step_visit(self, visit))
			visit->client = 0;
	}
	free(visits);
	return 0;
}

const struct shape shape_dns = { "dns", "PACKETS CLIENTS", write_dns };
