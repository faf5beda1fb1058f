/* flow_roles.c: who is the client, by a flow's first packet.
 *
 * Reference: RFC 792 and the IANA ICMP registries for requests and their replies; RFC 6335 for
 * system ports, and the ephemeral ranges of common systems, which begin at 32768 or 49152. */
#include "sensor/flow_roles.h"

#define PORT_SYSTEM_END      1024
#define PORT_EPHEMERAL_BEGIN 32768

/* An unsolicited "answer" to a group is no answer: nobody there has asked. */
static bool is_icmp_answer(const struct flow_key *key, int sender)
{
	static const uint8_t v4[] = { 0, 9, 14, 16, 18 };
	static const uint8_t v6[] = { 129, 131, 134, 136, 140, 145 };
	const uint8_t *to = key->addr[!sender];
	bool is_v4 = key->proto == IP_PROTO_ICMP;
	bool is_group = key->ip_version == 4 ? to[0] >= 224 : to[0] == 0xff;
	const uint8_t *answers = is_v4 ? v4 : v6;
	size_t count = is_v4 ? sizeof(v4) : sizeof(v6);

	if (is_group)
		return false;
	for (size_t i = 0; i < count; i++)
		if (answers[i] == key->port[sender])
			return true;
	return false;
}

/* Exactly one side has a system port: the other side is the client. Else -1. */
static int client_by_system_port(const struct flow_key *key)
{
	bool is_system[2] = { key->port[0] < PORT_SYSTEM_END, key->port[1] < PORT_SYSTEM_END };

	return is_system[0] == is_system[1] ? -1 : is_system[0];
}

/* Exactly one side has an ephemeral port: it is the client. Else -1. */
static int client_by_ephemeral_port(const struct flow_key *key)
{
	bool is_ephemeral[2] = { key->port[0] >= PORT_EPHEMERAL_BEGIN,
				 key->port[1] >= PORT_EPHEMERAL_BEGIN };

	return is_ephemeral[0] == is_ephemeral[1] ? -1 : is_ephemeral[1];
}

uint8_t flow_roles_first(const struct packet *packet, const struct flow_hooks *hooks)
{
	const struct flow_key *key = &packet->key;
	int sender = packet->from_high;
	int client = -1;
	unsigned flags = 0;

	switch (key->proto) {
	case IP_PROTO_TCP:
		if (packet->tcp_flags & TCP_SYN) {
			client = packet->tcp_flags & TCP_ACK ? !sender : sender;
			flags |= FLOW_ROLES_PROVEN;
			break;
		}
		flags |= FLOW_MIDSTREAM;
		if (hooks->guess_client != NULL)
			client = hooks->guess_client(hooks->ctx, key);
		if (client < 0)
			client = client_by_system_port(key);
		if (client < 0)
			client = client_by_ephemeral_port(key);
		break;
	case IP_PROTO_UDP:
	case IP_PROTO_SCTP:
		/* Most such flows are seen from their first packet on: only a system port is
		 * better evidence than who spoke first. */
		client = client_by_system_port(key);
		break;
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMPV6:
		if (is_icmp_answer(key, sender))
			client = !sender;
		break;
	default:
		break;
	}
	if (client < 0)
		client = sender;
	if (client == 1)
		flags |= FLOW_CLIENT_HIGH;
	return (uint8_t)flags;
}
