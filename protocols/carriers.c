/* carriers.c: the table of carriers, from the one list in dialect.h, and the test of a flow's first
 * bytes. */
#include "protocols/dialect.h"

#define CARRIER_ROW(id) &carrier_##id,
const struct carrier *const carriers[] = { CARRIERS(CARRIER_ROW) };
#undef CARRIER_ROW

const size_t carrier_count = sizeof(carriers) / sizeof(carriers[0]);

bool dialects_begin(struct slice first, enum direction dir)
{
	if (first.len == 0)
		return false;
	for (size_t i = 0; i < carrier_count; i++)
		if (!carriers[i]->is_opaque && carriers[i]->probe(first, dir) != PROBE_NO)
			return true;
	for (size_t i = 0; i < dialect_count; i++) {
		if (!dialects[i]->is_binary)
			continue;
		enum probe_result result = dialects[i]->probe(first, dir);

		if (result == PROBE_YES || (result == PROBE_MAYBE && !dialects[i]->is_faceless))
			return true;
	}
	return false;
}
