/* trail_eve.h: a detection as one EVE JSON line, as far as Suricata's conventions reach.
 *
 * There is no flow: `src_ip` stands only when the calls came from an address. `cloud` has account
 * and region, `trail` (our own root object) who did what, and the events that prove it. */
#ifndef TRAIL_TRAIL_EVE_H
#define TRAIL_TRAIL_EVE_H

#include "sensor/trail/incident.h"

#define TRAIL_EVE_BYTES 16384

/* host: our id; incident: whose part it is, "" for none. The line's length, 0 when it does not fit.
 */
size_t trail_eve(const struct detection *detection, const char *host, const char *incident,
		 uint32_t revision, char *out, size_t size);

#endif
