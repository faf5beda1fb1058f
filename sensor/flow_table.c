/* flow_table.c: makes the flow table, and what needs no packet.
 *
 * One mapping holds buckets (flow_index.h), hot lines and cold parts; nothing is allocated later.
 */
#include "sensor/flow_table.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

#define NS_PER_S     UINT64_C(1000000000)
#define CAPACITY_MIN 64
#define CAPACITY_MAX ((size_t)1 << 28)
#define HUGE_PAGE    ((size_t)2 << 20)
#define SMALL_PAGE   ((size_t)4096)

_Static_assert(CAPACITY_MAX <= FLOW_INDEX_DUE, "a slot number leaves room for its mark");

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

/* Huge pages where the system has them. */
static uint8_t *map_pages(struct flow_table *self, size_t size, bool is_touched)
{
	uint8_t *base;

	self->map_size = size + HUGE_PAGE;
	self->map = mmap(NULL, self->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	if (self->map == MAP_FAILED)
		return NULL;
	base = (uint8_t *)round_up((uintptr_t)self->map, HUGE_PAGE);
	(void)madvise(base, size, MADV_HUGEPAGE);
	for (size_t at = 0; is_touched && at < size; at += SMALL_PAGE)
		*(volatile uint8_t *)(base + at) = 0;
	return base;
}

static int allocate(struct flow_table *self, bool is_touched)
{
	size_t buckets = self->capacity / FLOW_BUCKET_FLOWS;
	size_t bucket_bytes = buckets * sizeof(struct flow_bucket);
	size_t hot_bytes = self->capacity * sizeof(struct flow);
	size_t cold_bytes = self->capacity * sizeof(struct flow_cold);
	uint8_t *base = map_pages(self, bucket_bytes + hot_bytes + cold_bytes, is_touched);

	if (base == NULL)
		return -ENOMEM;
	self->index.buckets = (void *)base;
	self->index.mask = buckets - 1;
	self->hot = (void *)(base + bucket_bytes);
	self->cold = (void *)(base + bucket_bytes + hot_bytes);
	return 0;
}

static int choose_hash(struct flow_hash *hash, bool fixed_key)
{
	struct siphash_key key = { { 0x6d696e6563616e61u, 0x7279666978656430u } };
	ssize_t got = sizeof(key);

	if (!fixed_key)
		do
			got = getrandom(&key, sizeof(key), 0);
		while (got < 0 && errno == EINTR);
	*hash = flow_hash_of(key);
	return got == (ssize_t)sizeof(key) ? 0 : -EIO;
}

static void set_timeouts(struct flow_table *self, const struct flow_timeouts *timeouts)
{
	uint64_t idle_ns = timeouts->idle_s * NS_PER_S;

	for (size_t i = 0; i <= FLOW_TCP_CLOSED; i++)
		self->timeout_ns[i] = idle_ns;
	self->timeout_ns[FLOW_TCP_ESTABLISHED] = timeouts->idle_tcp_s * NS_PER_S;
	self->timeout_ns[FLOW_TCP_CLOSED] = timeouts->closed_s * NS_PER_S;
	self->visit_ns = idle_ns;
	self->active_ns = timeouts->active_s * NS_PER_S;
	self->trusted_ns = self->active_ns == 0 ? UINT64_MAX : 0;
}

static void begin_empty(struct flow_table *self)
{
	self->count = 0;
	self->fresh = 0;
	self->freed = FLOW_NONE;
	self->hand = 0;
	self->spared = 0;
	self->is_started = false;
	stats_set(self->stats->flows_active, 0);
}

void flow_table_clear(struct flow_table *self)
{
	memset(self->index.buckets, 0, (self->index.mask + 1) * sizeof(*self->index.buckets));
	begin_empty(self);
}

struct flow_table *flow_table_new(const struct flow_table_options *options, struct stats *stats)
{
	struct flow_table *self = calloc(1, sizeof(*self));
	size_t rounded = CAPACITY_MIN;

	if (self == NULL)
		return NULL;
	self->map = MAP_FAILED;
	while (rounded < options->capacity && rounded < CAPACITY_MAX)
		rounded *= 2;
	self->capacity = rounded;
	self->hooks = options->hooks;
	self->stats = stats;
	set_timeouts(self, &options->timeouts);
	if (choose_hash(&self->hash, options->has_fixed_key) < 0 ||
	    allocate(self, options->is_touched) < 0) {
		flow_table_free(self);
		return NULL;
	}
	begin_empty(self);
	return self;
}

void flow_table_free(struct flow_table *self)
{
	if (self == NULL)
		return;
	if (self->map != MAP_FAILED)
		munmap(self->map, self->map_size);
	free(self);
}

struct flow_tag flow_tag_of(const struct flow_table *self, const struct flow_key *key)
{
	return flow_hash(&self->hash, key);
}

void flow_prefetch_bucket(const struct flow_table *self, struct flow_tag tag)
{
	__builtin_prefetch(flow_index_bucket(&self->index, tag, 0), 1);
}

bool flow_prefetch_line(const struct flow_table *self, struct flow_tag tag)
{
	const struct flow_bucket *bucket = flow_index_bucket(&self->index, tag, 0);
	unsigned hits = flow_bucket_match(bucket, flow_index_fragment(tag));

	if (hits == 0)
		return false;
	__builtin_prefetch(&self->hot[flow_bucket_slot(bucket, (unsigned)__builtin_ctz(hits))], 1);
	return true;
}

struct flow *flow_hot(struct flow_table *self, uint32_t index)
{
	return &self->hot[index];
}

struct flow_cold *flow_cold(struct flow_table *self, uint32_t index)
{
	return &self->cold[index];
}

size_t flow_count(const struct flow_table *self)
{
	return self->count;
}

static void swap_u32(uint32_t pair[2])
{
	uint32_t first = pair[0];

	pair[0] = pair[1];
	pair[1] = first;
}

static void swap_u64(uint64_t pair[2])
{
	uint64_t first = pair[0];

	pair[0] = pair[1];
	pair[1] = first;
}

void flow_swap_roles(struct flow_table *self, uint32_t index)
{
	struct flow *flow = &self->hot[index];
	struct flow_cold *cold = &self->cold[index];
	uint8_t first = flow->tcp_flags[0];

	flow->flags ^= FLOW_CLIENT_HIGH;
	flow->flags |= FLOW_ROLES_PROVEN;
	swap_u32(flow->packets);
	swap_u32(flow->bytes);
	swap_u32(flow->next_seq);
	flow->tcp_flags[0] = flow->tcp_flags[1];
	flow->tcp_flags[1] = first;
	first = flow->preface[0];
	flow->preface[0] = flow->preface[1];
	flow->preface[1] = first;
	flow->seq_known = (uint8_t)((flow->seq_known & 0x55) << 1 | (flow->seq_known >> 1 & 0x55));
	swap_u64(cold->packets);
	swap_u64(cold->bytes);
	swap_u32(cold->isn);
}
