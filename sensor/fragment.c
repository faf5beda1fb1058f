/* fragment.c: the table behind fragment.h.
 *
 *   buckets -> datagram -> datagram          keyed hash of (scope, addresses, id, protocol)
 *   oldest  -> datagram -> ... -> newest     order of the first fragment: expiry and eviction
 *   datagram -> piece -> piece               by offset, never overlapping
 *
 * Piece i owns block i of the pool; a fragment longer than a block is stored as several pieces.
 * The pool is touched only as far as it is used. */
#include "sensor/fragment.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "sensor/siphash.h"

#define BLOCK_BYTES 2048u
#define BLOCKS      8192u
#define BUCKETS     2048u
#define NONE        UINT16_MAX
#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define NS_PER_S    1000000000u

_Static_assert(BLOCKS < NONE && LIMIT_FRAGMENT_DATAGRAMS < NONE, "indices are 16 bits wide");
_Static_assert((BUCKETS & (BUCKETS - 1)) == 0, "buckets are chosen by a mask");

struct fragment_key {
	struct scope scope;
	uint8_t addr[2][16]; /* sender, receiver: a datagram has one direction */
	uint32_t id;
	uint8_t version;
	uint8_t proto; /* 0 for IPv6, where fragments of one datagram may differ in it */
	uint16_t reserved;
};

_Static_assert(sizeof(struct fragment_key) == 52, "the key is hashed as bytes: no padding");

struct piece {
	uint16_t offset; /* in the datagram's payload */
	uint16_t len;
	uint16_t next;
};

struct entry {
	struct fragment_key key;
	uint64_t first_ns;
	uint32_t ip_bytes;
	uint32_t have;  /* payload bytes here */
	uint32_t total; /* payload bytes in all; 0 until the last fragment was seen */
	uint16_t packets;
	uint16_t fragments; /* that brought bytes */
	uint16_t pieces;
	uint16_t chain; /* next in the bucket, or in the free list */
	uint16_t older;
	uint16_t newer;
	uint8_t proto;
	bool is_condemned;
	uint8_t header[IPV6_HEADER];
};

struct fragment_table {
	struct stats *stats;
	struct siphash_key secret;
	uint8_t (*blocks)[BLOCK_BYTES];
	uint32_t blocks_free;
	uint16_t free_piece;
	uint16_t free_entry;
	uint16_t oldest;
	uint16_t newest;
	uint16_t buckets[BUCKETS];
	struct entry entries[LIMIT_FRAGMENT_DATAGRAMS];
	struct piece pieces[BLOCKS];
	uint8_t joined[IPV6_HEADER + LIMIT_FRAGMENT_BYTES];
};

struct fragment_table *fragment_table_new(struct stats *stats)
{
	struct fragment_table *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->blocks = malloc(BLOCKS * sizeof(*self->blocks));
	if (self->blocks == NULL ||
	    getrandom(&self->secret, sizeof(self->secret), 0) != sizeof(self->secret)) {
		fragment_table_free(self);
		return NULL;
	}
	self->stats = stats;
	self->oldest = NONE;
	self->newest = NONE;
	memset(self->buckets, 0xff, sizeof(self->buckets));
	for (unsigned i = 0; i < LIMIT_FRAGMENT_DATAGRAMS; i++)
		self->entries[i].chain = (uint16_t)(i + 1);
	self->entries[LIMIT_FRAGMENT_DATAGRAMS - 1].chain = NONE;
	for (unsigned i = 0; i < BLOCKS; i++)
		self->pieces[i].next = (uint16_t)(i + 1);
	self->pieces[BLOCKS - 1].next = NONE;
	self->blocks_free = BLOCKS;
	return self;
}

void fragment_table_free(struct fragment_table *self)
{
	if (self == NULL)
		return;
	free(self->blocks);
	free(self);
}

static uint16_t *bucket_of(struct fragment_table *self, const struct fragment_key *key)
{
	struct siphash_tag tag = siphash128(key, sizeof(*key), self->secret);

	return &self->buckets[tag.h[0] & (BUCKETS - 1)];
}

static void free_pieces(struct fragment_table *self, struct entry *entry)
{
	while (entry->pieces != NONE) {
		uint16_t index = entry->pieces;

		entry->pieces = self->pieces[index].next;
		self->pieces[index].next = self->free_piece;
		self->free_piece = index;
		self->blocks_free++;
	}
}

static void remove_entry(struct fragment_table *self, struct entry *entry)
{
	uint16_t index = (uint16_t)(entry - self->entries);
	uint16_t *link = bucket_of(self, &entry->key);

	while (*link != index)
		link = &self->entries[*link].chain;
	*link = entry->chain;
	if (entry->older == NONE)
		self->oldest = entry->newer;
	else
		self->entries[entry->older].newer = entry->newer;
	if (entry->newer == NONE)
		self->newest = entry->older;
	else
		self->entries[entry->newer].older = entry->older;
	free_pieces(self, entry);
	entry->chain = self->free_entry;
	self->free_entry = index;
}

/* Its fragments so far are lost. A condemned one has been counted already. */
static void evict(struct fragment_table *self, struct entry *entry)
{
	if (!entry->is_condemned)
		stats_add(self->stats->fragments_dropped, entry->packets);
	remove_entry(self, entry);
}

/* Stays in the table without bytes, so that its other fragments are dropped too. */
static enum fragment_result condemn(struct fragment_table *self, struct entry *entry)
{
	stats_add(self->stats->fragments_dropped, entry->packets);
	entry->is_condemned = true;
	free_pieces(self, entry);
	return FRAGMENT_DROPPED;
}

static void expire(struct fragment_table *self, uint64_t now_ns)
{
	const uint64_t allowed_ns = (uint64_t)LIMIT_FRAGMENT_TIMEOUT_S * NS_PER_S;

	while (self->oldest != NONE) {
		struct entry *entry = &self->entries[self->oldest];

		if (now_ns < entry->first_ns || now_ns - entry->first_ns < allowed_ns)
			return;
		evict(self, entry);
	}
}

static struct fragment_key key_of(const struct fragment *fragment)
{
	struct fragment_key key = { .scope = fragment->scope,
				    .id = fragment->id,
				    .version = fragment->version };

	if (fragment->version == 4) {
		key.proto = fragment->proto;
		memcpy(key.addr[0], slice_sub(fragment->header, 12, 4).ptr, 4);
		memcpy(key.addr[1], slice_sub(fragment->header, 16, 4).ptr, 4);
	} else {
		memcpy(key.addr[0], slice_sub(fragment->header, 8, 16).ptr, 16);
		memcpy(key.addr[1], slice_sub(fragment->header, 24, 16).ptr, 16);
	}
	return key;
}

static struct entry *find_or_add(struct fragment_table *self, const struct fragment *fragment)
{
	struct fragment_key key = key_of(fragment);
	uint16_t *bucket = bucket_of(self, &key);
	struct entry *entry;

	for (uint16_t i = *bucket; i != NONE; i = self->entries[i].chain) {
		if (memcmp(&self->entries[i].key, &key, sizeof(key)) == 0)
			return &self->entries[i];
	}
	if (self->free_entry == NONE)
		evict(self, &self->entries[self->oldest]);

	uint16_t index = self->free_entry;

	entry = &self->entries[index];
	self->free_entry = entry->chain;
	*entry = (struct entry){ .key = key,
				 .first_ns = fragment->time_ns,
				 .pieces = NONE,
				 .chain = *bucket,
				 .older = self->newest,
				 .newer = NONE };
	*bucket = index;
	if (self->newest == NONE)
		self->oldest = index;
	else
		self->entries[self->newest].newer = index;
	self->newest = index;
	return entry;
}

enum overlap { OVERLAP_NONE, OVERLAP_REPEATED, OVERLAP_CONFLICT };

/* Compares with what is here; *link becomes the place of the first piece behind the fragment. */
static enum overlap find_place(struct fragment_table *self, struct entry *entry,
			       const struct fragment *fragment, uint16_t **link)
{
	size_t start = fragment->offset;
	size_t end = start + fragment->wire;
	size_t known = 0;

	for (*link = &entry->pieces; **link != NONE; *link = &self->pieces[**link].next) {
		const struct piece *piece = &self->pieces[**link];
		size_t from = piece->offset > start ? piece->offset : start;
		size_t piece_end = (size_t)piece->offset + piece->len;
		size_t to = piece_end < end ? piece_end : end;

		if (piece->offset >= end)
			break;
		if (from >= to)
			continue;
		struct slice old = slice_sub(slice_of(self->blocks[**link], piece->len),
					     from - piece->offset, to - from);

		if (!slice_eq(old, slice_sub(fragment->bytes, from - start, to - from)))
			return OVERLAP_CONFLICT;
		known += to - from;
	}
	if (known == 0)
		return OVERLAP_NONE;
	return known == fragment->wire ? OVERLAP_REPEATED : OVERLAP_CONFLICT;
}

/* The caller has made sure that there are blocks enough. */
static void store(struct fragment_table *self, const struct fragment *fragment, uint16_t *link)
{
	struct slice left = fragment->bytes;
	size_t offset = fragment->offset;

	while (left.len > 0) {
		struct slice part = slice_head(left, BLOCK_BYTES);
		uint16_t index = self->free_piece;
		struct piece *piece = &self->pieces[index];

		assert(index != NONE);
		self->free_piece = piece->next;
		self->blocks_free--;
		memcpy(self->blocks[index], part.ptr, part.len);
		piece->offset = (uint16_t)offset;
		piece->len = (uint16_t)part.len;
		piece->next = *link;
		*link = index;
		link = &piece->next;
		offset += part.len;
		left = slice_tail(left, part.len);
	}
}

static void put_u16be(uint8_t *out, size_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static void join(struct fragment_table *self, struct entry *entry, struct datagram *out)
{
	bool is_ipv4 = entry->key.version == 4;
	size_t header_len = is_ipv4 ? IPV4_HEADER : IPV6_HEADER;
	uint8_t *header = self->joined + IPV6_HEADER - header_len;
	uint8_t *payload = self->joined + IPV6_HEADER;

	for (uint16_t i = entry->pieces; i != NONE; i = self->pieces[i].next)
		memcpy(payload + self->pieces[i].offset, self->blocks[i], self->pieces[i].len);
	memcpy(header, entry->header, header_len);
	if (is_ipv4) {
		header[0] = 0x45;
		put_u16be(header + 2, header_len + entry->total);
		put_u16be(header + 6, 0);
		put_u16be(header + 10, 0);
	} else {
		put_u16be(header + 4, entry->total);
		header[6] = entry->proto;
	}
	out->packet = slice_of(header, header_len + entry->total);
	out->payload = slice_tail(out->packet, header_len);
	out->ip_bytes = entry->ip_bytes;
	out->packets = entry->packets;
	out->proto = entry->proto;
	stats_add(self->stats->fragments_joined, 1);
	remove_entry(self, entry);
}

static bool is_malformed(const struct fragment *fragment)
{
	size_t most = LIMIT_FRAGMENT_BYTES - (fragment->version == 4 ? IPV4_HEADER : 0);

	if (fragment->wire == 0 || fragment->offset > most ||
	    fragment->wire > most - fragment->offset)
		return true;
	return fragment->has_more && fragment->wire % 8 != 0;
}

/* Does the fragment agree with the total length, known from the last fragment or set by it? */
static bool total_fits(struct entry *entry, const struct fragment *fragment,
		       const struct fragment_table *self)
{
	size_t end = fragment->offset + fragment->wire;

	if (fragment->has_more)
		return entry->total == 0 || end < entry->total;
	if (entry->total != 0)
		return end == entry->total;
	for (uint16_t i = entry->pieces; i != NONE; i = self->pieces[i].next) {
		if ((size_t)self->pieces[i].offset + self->pieces[i].len > end)
			return false;
	}
	entry->total = (uint32_t)end;
	return true;
}

/* False when making room cost the entry itself. */
static bool make_room(struct fragment_table *self, const struct entry *entry, size_t bytes)
{
	while (self->blocks_free < (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES) {
		struct entry *oldest = &self->entries[self->oldest];

		evict(self, oldest);
		if (oldest == entry)
			return false;
	}
	return true;
}

enum fragment_result fragment_add(struct fragment_table *self, const struct fragment *fragment,
				  struct datagram *out)
{
	struct entry *entry;
	uint16_t *link;

	stats_add(self->stats->fragments, 1);
	expire(self, fragment->time_ns);
	if (is_malformed(fragment) || fragment->bytes.len < fragment->wire) {
		stats_add(self->stats->fragments_dropped, 1);
		return is_malformed(fragment) ? FRAGMENT_MALFORMED : FRAGMENT_DROPPED;
	}
	entry = find_or_add(self, fragment);
	if (entry->is_condemned) {
		stats_add(self->stats->fragments_dropped, 1);
		return FRAGMENT_DROPPED;
	}
	entry->packets++;
	entry->ip_bytes += fragment->ip_bytes;
	if (entry->packets == UINT16_MAX || !total_fits(entry, fragment, self))
		return condemn(self, entry);

	switch (find_place(self, entry, fragment, &link)) {
	case OVERLAP_REPEATED:
		return FRAGMENT_HELD;
	case OVERLAP_CONFLICT:
		return condemn(self, entry);
	case OVERLAP_NONE:
		break;
	}
	if (entry->fragments == LIMIT_FRAGMENT_PIECES)
		return condemn(self, entry);
	if (!make_room(self, entry, fragment->wire))
		return FRAGMENT_DROPPED;
	store(self, fragment, link);
	entry->fragments++;
	entry->have += (uint32_t)fragment->wire;
	if (fragment->offset == 0) {
		memcpy(entry->header, fragment->header.ptr, fragment->header.len);
		entry->proto = fragment->proto;
	}
	if (entry->total == 0 || entry->have < entry->total)
		return FRAGMENT_HELD;
	join(self, entry, out);
	return FRAGMENT_JOINED;
}
