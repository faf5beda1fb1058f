/* flowlog.c: lines of flow logs into flows, and what they show into the store.
 *
 * A line tells of one direction at one interface. Ours is the private side; where both or neither
 * are private, the one that is not listed, else by flow-direction, else the one with the greater
 * port. At a NAT gateway each packet passes twice; the inside names the machine:
 *
 *	10.0.1.23  -> 10.0.0.220      packet 10.0.1.23  -> 198.51.100.120   inside
 *	10.0.0.220 -> 198.51.100.120  packet 10.0.0.220 -> 198.51.100.120   outside: dropped
 *
 * Reference: VPC User Guide, flow log records and traffic through a NAT gateway. */
#include "sensor/trail/flowlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/flowlog_state.h"

#define TCP          6
#define PORT_SYSTEM  1024  /* a server's, below it */
#define PORT_DYNAMIC 32768 /* a client's, from it on */
#define SERVICE_EC2  "EC2" /* anybody's machines, not a service of AWS */

/* --- sides ---------------------------------------------------------------------------------- */

static uint32_t match(const struct flowlog *self, enum list_use use,
		      const struct flowlog_addr *addr, uint16_t port)
{
	return lists_match_address(self->lists, use, addr->ip_version, addr->bytes, port);
}

/* The entry that is evidence by itself, 0: none. */
static uint32_t find_listed(const struct flowlog *self, const struct flowlog_addr *addr,
			    uint16_t port)
{
	uint32_t id = match(self, LIST_WATCHED, addr, port);
	const struct list_entry *entry = lists_entry(id);

	return entry != NULL && !entry->is_weak ? id : 0;
}

static bool is_wanted(const struct flowlog *self, const struct flowlog_addr *addr, uint16_t port)
{
	return find_listed(self, addr, port) != 0 || flowlog_is_confirmed(self, addr, port);
}

static bool is_outgoing(const struct flowlog *self, const struct flowlog_line *line)
{
	bool is_src_inside = flowlog_addr_is_inside(&line->packet_src);
	bool is_src_wanted;
	bool is_dst_wanted;

	if (is_src_inside != flowlog_addr_is_inside(&line->packet_dst))
		return is_src_inside;
	is_src_wanted = is_wanted(self, &line->packet_src, line->src_port);
	is_dst_wanted = is_wanted(self, &line->packet_dst, line->dst_port);
	if (is_src_wanted != is_dst_wanted)
		return is_dst_wanted;
	if (line->direction != FLOWLOG_NOT_TOLD)
		return line->direction == FLOWLOG_EGRESS;
	return line->dst_port <= line->src_port;
}

static struct flowlog_sides sides_of(const struct flowlog_line *line, bool is_out)
{
	if (is_out)
		return (struct flowlog_sides){ .local = line->packet_src,
					       .remote = line->packet_dst,
					       .remote_service = line->dst_service,
					       .local_port = line->src_port,
					       .remote_port = line->dst_port,
					       .is_out = true };
	return (struct flowlog_sides){ .local = line->packet_dst,
				       .remote = line->packet_src,
				       .remote_service = line->src_service,
				       .local_port = line->dst_port,
				       .remote_port = line->src_port };
}

/* A private hop before a public address is the interface's own: it stands for others. */
static bool is_translating(const struct flowlog_addr *hop, const struct flowlog_addr *packet)
{
	return !flowlog_addr_equal(hop, packet) && flowlog_addr_is_inside(hop) &&
	       !flowlog_addr_is_inside(packet);
}

static int learn_nat(struct flowlog *self, const struct flowlog_place *place,
		     const struct flowlog_line *line)
{
	if (is_translating(&line->src, &line->packet_src))
		return flowlog_learn_nat(self, place, &line->src);
	if (is_translating(&line->dst, &line->packet_dst))
		return flowlog_learn_nat(self, place, &line->dst);
	return 0;
}

/* --- lines ---------------------------------------------------------------------------------- */

static const char *first_of(struct flowlog *self, const char *a, const char *b)
{
	return text_pool_get(self->names, a[0] != '\0' ? a : b);
}

/* Does our side serve? Then the other is one of many clients. */
static bool is_serving(const struct flowlog_sides *sides)
{
	return sides->local_port < PORT_SYSTEM ||
	       (sides->local_port < PORT_DYNAMIC && sides->remote_port >= PORT_DYNAMIC);
}

/* May it be a pool that nobody knows? */
static bool is_candidate(const struct flowlog_line *line, const struct flowlog_sides *sides)
{
	return line->protocol == TCP && !is_serving(sides) && sides->remote_port != 0 &&
	       !flowlog_addr_is_inside(&sides->remote) &&
	       (sides->remote_service[0] == '\0' ||
		strcmp(sides->remote_service, SERVICE_EC2) == 0);
}

static bool is_allowed(const struct flowlog *self, const struct flowlog_sides *sides)
{
	return match(self, LIST_ALLOWED, &sides->remote, sides->remote_port) != 0 ||
	       match(self, LIST_ALLOWED, &sides->local, 0) != 0;
}

static int see(struct flowlog *self, const struct flowlog_place *place,
	       const struct flowlog_line *line, const struct flowlog_sides *sides)
{
	int result = learn_nat(self, place, line);

	if (result == 0)
		result = flowlog_see_host(self, place, NULL, line->start_s);
	if (result == 0)
		result = flowlog_see_host(self, place, &sides->local, line->start_s);
	return result;
}

static int on_line(void *ctx, const struct flowlog_line *line, struct flowlog_source *source,
		   uint32_t number)
{
	struct flowlog *self = ctx;
	const struct flowlog_sides sides = sides_of(line, is_outgoing(self, line));
	const struct flowlog_place place = { .account =
						     first_of(self, line->account, source->account),
					     .region = first_of(self, line->region, source->region),
					     .vpc = text_pool_get(self->names, line->vpc),
					     .instance = text_pool_get(self->names, line->instance),
					     .eni = text_pool_get(self->names, line->eni) };
	uint32_t listed = find_listed(self, &sides.remote, sides.remote_port);
	bool is_thin_candidate = is_candidate(line, &sides);
	struct flowlog_flow *flow;

	if (see(self, &place, line, &sides) != 0)
		return -ENOMEM;
	if (listed == 0 && !is_thin_candidate &&
	    !flowlog_is_confirmed(self, &sides.remote, sides.remote_port))
		return 0;
	if (is_allowed(self, &sides))
		return 0;
	if (flowlog_forget_flows(self, line->start_s) != 0)
		return -ENOMEM;
	flow = flowlog_get_flow(self, &place, &sides);
	if (flow == NULL)
		return -ENOMEM;
	flow->listed = listed;
	flow->is_tcp = line->protocol == TCP;
	flow->is_thin_candidate = is_thin_candidate;
	flowlog_flow_add(flow, line, sides.is_out);
	flowlog_prove(&flow->proof, line->start_s, source, number);
	return 0;
}

/* --- reading -------------------------------------------------------------------------------- */

struct flowlog *flowlog_new(struct store *store, const struct lists *lists,
			    const _Atomic bool *stop)
{
	struct flowlog *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->store = store;
	self->lists = lists;
	self->reader = flowlog_reader_new(on_line, self, &self->counts, stop);
	if (self->reader == NULL || flowlog_state_init(self) != 0) {
		flowlog_free(self);
		return NULL;
	}
	return self;
}

void flowlog_free(struct flowlog *self)
{
	if (self == NULL)
		return;
	flowlog_state_fini(self);
	flowlog_reader_free(self->reader);
	free(self);
}

int flowlog_path(struct flowlog *self, const char *path)
{
	int result = flowlog_read_confirmed(self);

	return result != 0 ? result : flowlog_reader_path(self->reader, path);
}

int flowlog_text(struct flowlog *self, const char *name, const char *bytes, size_t len)
{
	int result = flowlog_read_confirmed(self);

	return result != 0 ? result : flowlog_reader_text(self->reader, name, bytes, len);
}

const struct flowlog_counts *flowlog_counts(const struct flowlog *self)
{
	return &self->counts;
}

/* --- what was found ------------------------------------------------------------------------- */

static int store_talks(struct flowlog *self)
{
	int result = 0;

	STORE_EACH (self->talks, const struct flowlog_talk, talk) {
		enum sighting_kind kind = flowlog_talk_kind(self, talk);

		if (result < 0 || kind == 0 || flowlog_is_nat(self, &talk->place, &talk->local))
			continue;
		result = flowlog_store_talk(self, talk, kind);
	}
	return result < 0 ? result : 0;
}

int flowlog_finish(struct flowlog *self)
{
	int result = flowlog_read_confirmed(self);

	STORE_EACH (self->flows, struct flowlog_flow, flow) {
		if (result == 0)
			result = flowlog_hand_over(self, flow);
	}
	if (result == 0)
		result = store_talks(self);
	if (result == 0)
		result = flowlog_store_thin(self);
	return result;
}
