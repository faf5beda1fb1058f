/* node_agent.h: who a coin's node says it is, in its version message: length 1, printable ASCII. */
#ifndef PROTOCOLS_NODE_AGENT_H
#define PROTOCOLS_NODE_AGENT_H

#include "protocols/cursor.h"
#include "protocols/limits.h"

/* Empty when it is no such text; one that was cut is none: the other side may tell a whole one. */
static inline struct slice node_agent(struct slice at)
{
	struct cursor c = cursor_of(at);
	size_t len = cursor_u8(&c);
	struct slice agent = cursor_take(&c, len);

	if (len > LIMIT_TEXT_BYTES - 1 || c.bad)
		return slice_of(NULL, 0);
	for (size_t i = 0; i < agent.len; i++)
		if (agent.ptr[i] < ' ' || agent.ptr[i] >= 0x7f)
			return slice_of(NULL, 0);
	return agent;
}

#endif
