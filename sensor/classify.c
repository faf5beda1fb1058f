/* classify.c: the only file that knows nDPI (4.2).
 *
 * States are carved from one pre-faulted block: page zeroing was an eighth of the cost of a naive
 * consumer, and on huge pages a call costs a twelfth less. Live states form a queue in order of
 * their deadline, so that a tick looks at no more than what is due. */
#include "sensor/classify.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define message ndpi_message /* nDPI has a struct of that name, too */
#include <ndpi_api.h>
#undef message

#include "sensor/large.h"

#define NAME_BYTES   32
#define PROTOCOLS    512 /* 4.2 knows about 300 */
#define CATEGORIES   128
#define LABELS       4096 /* distinct labels of one worker */
#define LABEL_SLOTS  (2 * LABELS)
#define PACKET_BYTES 65535

struct classify_flow {
	struct classify_flow *next; /* free list, or queue by deadline */
	struct classify_flow *prev;
	uint64_t deadline_ns;
	uint32_t user;
	uint32_t packets;
	struct ndpi_flow_struct *ndpi; /* inside the pool's block */
};

struct classify {
	struct ndpi_detection_module_struct *module;
	struct classify_options options;
	struct stats *stats;
	struct budget budget;
	struct classify_flow *flows;
	uint8_t *block;
	size_t state_bytes;
	struct classify_flow *free;
	struct classify_flow *oldest;
	struct classify_flow *newest;
	uint32_t label_count; /* labels[0] is "none" */
	struct classify_label labels[LABELS];
	uint16_t slots[LABEL_SLOTS]; /* open addressing into labels; 0: free */
};

static struct {
	pthread_mutex_t lock;
	bool is_filled;
	char proto[PROTOCOLS][NAME_BYTES];
	char category[CATEGORIES][NAME_BYTES];
} names = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void name_copy(char out[NAME_BYTES], const char *text, bool lower)
{
	size_t i = 0;

	for (; text != NULL && text[i] != '\0' && i < NAME_BYTES - 1; i++)
		out[i] = (char)(lower ? tolower((unsigned char)text[i]) : text[i]);
	out[i] = '\0';
}

/* Every module has the same tables: the first one fills the names, later ones find them. */
static void names_fill(struct ndpi_detection_module_struct *module)
{
	unsigned count = ndpi_get_num_supported_protocols(module);

	pthread_mutex_lock(&names.lock);
	if (!names.is_filled) {
		for (unsigned i = 1; i < count && i < PROTOCOLS; i++)
			name_copy(names.proto[i], ndpi_get_proto_name(module, (u_int16_t)i), true);
		for (unsigned i = 0; i < NDPI_PROTOCOL_NUM_CATEGORIES && i < CATEGORIES; i++)
			name_copy(names.category[i],
				  ndpi_category_get_name(module, (ndpi_protocol_category_t)i),
				  false);
		names.is_filled = true;
	}
	pthread_mutex_unlock(&names.lock);
}

static int states_new(struct classify *self)
{
	uint32_t count = self->options.max_states;

	self->state_bytes = (ndpi_detection_get_sizeof_ndpi_flow_struct() + 63u) & ~(size_t)63;
	self->flows = calloc(count, sizeof(*self->flows));
	self->block = self->options.is_touched ? large_alloc(count * self->state_bytes)
					       : large_reserve(count * self->state_bytes);
	if (self->flows == NULL || self->block == NULL)
		return -1;
	for (uint32_t i = count; i-- > 0;) {
		self->flows[i].ndpi = (void *)(self->block + i * self->state_bytes);
		self->flows[i].next = self->free;
		self->free = &self->flows[i];
	}
	return 0;
}

struct classify *classify_new(const struct classify_options *options, struct stats *stats)
{
	struct classify *self = calloc(1, sizeof(*self));
	NDPI_PROTOCOL_BITMASK all;

	if (self == NULL)
		return NULL;
	self->options = *options;
	self->stats = stats;
	self->label_count = 1;
	budget_init(&self->budget, options->cpu_percent, options->clocks);
	self->module = ndpi_init_detection_module(ndpi_dont_load_tor_hosts);
	if (self->module == NULL || states_new(self) != 0) {
		classify_free(self);
		return NULL;
	}
	NDPI_BITMASK_SET_ALL(all);
	ndpi_set_protocol_detection_bitmask2(self->module, &all);
	ndpi_finalize_initialization(self->module);
	names_fill(self->module);
	return self;
}

void classify_free(struct classify *self)
{
	if (self == NULL)
		return;
	for (struct classify_flow *flow = self->oldest; flow != NULL; flow = flow->next)
		ndpi_free_flow_data(flow->ndpi);
	if (self->module != NULL)
		ndpi_exit_detection_module(self->module);
	free(self->block);
	free(self->flows);
	free(self);
}

bool classify_admits(struct classify *self)
{
	if (budget_allows(&self->budget))
		return true;
	stats_add(self->stats->classify_shed, 1);
	return false;
}

void classify_lost(struct classify *self, uint64_t lost)
{
	budget_lost(&self->budget, lost);
}

uint32_t classify_begin(struct classify *self, uint32_t user, uint64_t now_ns)
{
	struct classify_flow *flow = self->free;

	if (flow == NULL) {
		stats_add(self->stats->classify_capped, 1);
		return 0;
	}
	self->free = flow->next;
	flow->user = user;
	flow->packets = 0;
	flow->deadline_ns = now_ns + (uint64_t)self->options.deadline_ms * 1000000u;
	flow->next = NULL;
	flow->prev = self->newest;
	if (self->newest != NULL)
		self->newest->next = flow;
	else
		self->oldest = flow;
	self->newest = flow;
	memset(flow->ndpi, 0, self->state_bytes); /* now: nDPI reads all of it next */
	return (uint32_t)(flow - self->flows) + 1;
}

static void flow_release(struct classify *self, struct classify_flow *flow)
{
	if (flow->prev != NULL)
		flow->prev->next = flow->next;
	else
		self->oldest = flow->next;
	if (flow->next != NULL)
		flow->next->prev = flow->prev;
	else
		self->newest = flow->prev;
	ndpi_free_flow_data(flow->ndpi);
	flow->prev = NULL;
	flow->next = self->free;
	self->free = flow;
}

static void label_fill(const struct classify_flow *flow, ndpi_protocol proto,
		       struct classify_label *label)
{
	*label = (struct classify_label){
		.risks = flow->ndpi->risk,
		.master = proto.master_protocol,
		.app = proto.app_protocol,
		.category = (uint16_t)proto.category,
		.is_mining = proto.master_protocol == NDPI_PROTOCOL_MINING ||
			     proto.app_protocol == NDPI_PROTOCOL_MINING,
	};
}

static bool is_known(ndpi_protocol proto)
{
	return proto.app_protocol != NDPI_PROTOCOL_UNKNOWN ||
	       proto.master_protocol != NDPI_PROTOCOL_UNKNOWN;
}

static void flow_decide(struct classify *self, struct classify_flow *flow, ndpi_protocol proto,
			struct classify_label *label)
{
	label_fill(flow, proto, label);
	if (is_known(proto))
		stats_add(self->stats->classified, 1);
	flow_release(self, flow);
}

static void flow_give_up(struct classify *self, struct classify_flow *flow,
			 struct classify_label *label)
{
	u_int8_t was_guessed = 0;
	ndpi_protocol proto = ndpi_detection_giveup(self->module, flow->ndpi, 1, &was_guessed);

	flow_decide(self, flow, proto, label);
}

/* True when the flow is decided. */
static bool flow_feed(struct classify *self, struct classify_flow *flow,
		      const struct packet *packet, struct classify_label *label)
{
	struct slice l3 = slice_head(packet->l3, PACKET_BYTES);
	ndpi_protocol proto;

	proto = ndpi_detection_process_packet(self->module, flow->ndpi, l3.ptr,
					      (unsigned short)l3.len, packet->time_ns / 1000000u);
	flow->packets++;
	if (is_known(proto)) {
		flow_decide(self, flow, proto, label);
		return true;
	}
	if (flow->packets >= self->options.max_packets || packet->time_ns >= flow->deadline_ns) {
		flow_give_up(self, flow, label);
		return true;
	}
	return false;
}

bool classify_packet(struct classify *self, uint32_t state, enum direction dir,
		     const struct packet *packet, struct classify_label *label)
{
	uint64_t begun = budget_begin(&self->budget);
	bool is_decided = flow_feed(self, &self->flows[state - 1], packet, label);

	(void)dir; /* 4.2 finds the direction from the addresses */
	budget_end(&self->budget, begun);
	if (begun != 0)
		stats_set(self->stats->classify_ms, self->budget.spent_ns / 1000000u);
	return is_decided;
}

void classify_end(struct classify *self, uint32_t state, struct classify_label *label)
{
	flow_give_up(self, &self->flows[state - 1], label);
}

void classify_tick(struct classify *self, uint64_t now_ns,
		   void (*fn)(void *ctx, uint32_t user, const struct classify_label *label),
		   void *ctx)
{
	while (self->oldest != NULL && self->oldest->deadline_ns <= now_ns) {
		uint32_t user = self->oldest->user;
		struct classify_label label;

		flow_give_up(self, self->oldest, &label);
		fn(ctx, user, &label);
	}
}

static size_t label_slot(const struct classify *self, const struct classify_label *label)
{
	uint64_t hash = slice_hash(slice_of(label, sizeof(*label)));
	size_t slot = (size_t)hash & (LABEL_SLOTS - 1);

	while (self->slots[slot] != 0 &&
	       memcmp(&self->labels[self->slots[slot]], label, sizeof(*label)) != 0)
		slot = (slot + 1) & (LABEL_SLOTS - 1);
	return slot;
}

uint32_t classify_intern(struct classify *self, const struct classify_label *label)
{
	struct classify_label key = *label;
	size_t slot;

	if (key.app == 0 && key.master == 0 && key.risks == 0)
		return 0;
	/* The last eighth is kept for labels without risks: strangers can vary risks at will. */
	if (self->label_count >= LABELS - LABELS / 8)
		key.risks = 0;
	slot = label_slot(self, &key);
	if (self->slots[slot] != 0)
		return self->slots[slot];
	if (self->label_count == LABELS)
		return 0;
	self->labels[self->label_count] = key;
	self->slots[slot] = (uint16_t)self->label_count;
	return self->label_count++;
}

struct classify_label classify_label_at(const struct classify *self, uint32_t number)
{
	return self->labels[number < self->label_count ? number : 0];
}

static const char *proto_name(uint16_t proto)
{
	return proto < PROTOCOLS ? names.proto[proto] : "";
}

void classify_app_name(const struct classify_label *label, char *out, size_t size)
{
	const char *master = proto_name(label->master);
	const char *app = proto_name(label->app);

	if (*master != '\0' && *app != '\0' && label->master != label->app)
		(void)snprintf(out, size, "%s.%s", master, app);
	else
		(void)snprintf(out, size, "%s", *app != '\0' ? app : master);
}

const char *classify_category_name(uint16_t category)
{
	return category < CATEGORIES ? names.category[category] : "";
}

const char *classify_risk_name(unsigned bit)
{
	return bit > 0 && bit < NDPI_MAX_RISK ? ndpi_risk2str((ndpi_risk_enum)bit) : NULL;
}

const char *classify_version(void)
{
	return ndpi_revision();
}
