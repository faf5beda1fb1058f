/* btcagent.h: binary messages of BTCAgent, which carries many miners over one connection: JSON
 * lines of Stratum V1 at first, then both, mixed. stratum_v1.c owns the flow. */
#ifndef PROTOCOLS_BTCAGENT_H
#define PROTOCOLS_BTCAGENT_H

#include "protocols/stratum_branch.h"

#define BTCAGENT_MAGIC 0x7f

/* Does a message begin with the first byte? WHOLE: *len bytes. MORE: as far as it goes, it does.
 * BAD: none does. */
enum frame_result btcagent_frame(struct slice in, size_t *len);

/* Reports what the message says; false: it is none, or cut too short. */
bool btcagent_decode(struct stratum_state *state, const struct message *msg,
		     const struct finding_out *out);

#endif
