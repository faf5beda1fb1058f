/* meter.c: the ideal flow meter: libpcap, 5-tuple, one prefetched line per flow, nothing else.
 *
 *   meter FILE [FLOWS [ndpi]]
 *
 * What any flow sensor has to do at the least, done well: packets are taken in batches of 32, the
 * captured bytes are copied out of libpcap's buffer, keys are hashed and lines prefetched for the
 * whole batch before the first line is touched. No expiry, no tunnels, no fragments, no states, an
 * unkeyed hash: an anchor, not a product. Shares no code with the sensor. With ndpi it gives the
 * flows to nDPI, too: what labels for every flow cost at the least. */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "labels.h"

#define BATCH       32
#define ARENA       (BATCH * 65536)
#define KEY_WORDS   5
#define ETHER_BYTES 14

struct key {
	uint64_t word[KEY_WORDS]; /* two addresses, then ports, protocol and IP version */
};

/* One cache line. */
struct line {
	struct key key;
	uint64_t last_us;
	uint32_t packets[2];
	uint32_t bytes[2]; /* bytes would spill into a cold part */
};

_Static_assert(sizeof(struct line) <= 64, "one cache line");

struct item {
	struct key key;
	uint64_t hash;
	uint64_t time_us;
	uint32_t bytes;
	uint32_t is_high;
	const uint8_t *copy;
	size_t len;
};

struct meter {
	struct line *lines;    /* 64 bytes apart */
	struct labels *labels; /* NULL: none */
	uint64_t mask;
	uint64_t flows;
	uint64_t packets;
	uint64_t bytes;
	uint64_t skipped;
	size_t count;
	size_t used;
	struct item items[BATCH];
	uint8_t arena[ARENA];
};

static uint16_t read_u16(const uint8_t *bytes)
{
	return (uint16_t)((unsigned)bytes[0] << 8 | bytes[1]);
}

/* Canonical key of an Ethernet frame, or false when it has none. */
static bool parse(const uint8_t *frame, size_t len, struct item *item)
{
	uint8_t key[sizeof(struct key)] = { 0 };
	const uint8_t *ip = frame + ETHER_BYTES;
	const uint8_t *src;
	const uint8_t *l4;
	size_t addr_len;
	int order;

	if (len < ETHER_BYTES + 28)
		return false;
	if (read_u16(frame + 12) == 0x0800) {
		size_t header = (size_t)(ip[0] & 15) * 4;

		if (header < 20 || len < ETHER_BYTES + header + 4)
			return false;
		item->bytes = read_u16(ip + 2);
		key[36] = ip[9];
		src = ip + 12;
		addr_len = 4;
		l4 = ip + header;
	} else if (read_u16(frame + 12) == 0x86dd && len >= ETHER_BYTES + 44) {
		item->bytes = 40u + read_u16(ip + 4);
		key[36] = ip[6];
		src = ip + 8;
		addr_len = 16;
		l4 = ip + 40;
	} else {
		return false;
	}
	if (key[36] != 6 && key[36] != 17)
		return false;
	key[37] = (uint8_t)addr_len;
	order = memcmp(src, src + addr_len, addr_len);
	item->is_high = order > 0 || (order == 0 && memcmp(l4, l4 + 2, 2) > 0);
	memcpy(key + 16 * item->is_high, src, addr_len);
	memcpy(key + 16 * !item->is_high, src + addr_len, addr_len);
	memcpy(key + 32 + 2 * item->is_high, l4, 2);
	memcpy(key + 32 + 2 * !item->is_high, l4 + 2, 2);
	memcpy(&item->key, key, sizeof(key));
	return true;
}

static uint64_t hash_key(const struct key *key)
{
	uint64_t hash = 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < KEY_WORDS; i++) {
		hash = (hash ^ key->word[i]) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	return hash;
}

/* Returns the flow's place. */
static uint64_t touch(struct meter *self, const struct item *item)
{
	for (uint64_t at = item->hash & self->mask;; at = (at + 1) & self->mask) {
		struct line *line = &self->lines[at];

		if (line->packets[0] + line->packets[1] == 0) {
			line->key = item->key;
			self->flows++;
		} else if (memcmp(&line->key, &item->key, sizeof(item->key)) != 0) {
			continue;
		}
		line->last_us = item->time_us;
		line->packets[item->is_high]++;
		line->bytes[item->is_high] += item->bytes;
		return at;
	}
}

static void finish_batch(struct meter *self)
{
	for (size_t i = 0; i < self->count; i++) {
		struct item *item = &self->items[i];

		item->hash = hash_key(&item->key);
		__builtin_prefetch(&self->lines[item->hash & self->mask], 1);
	}
	for (size_t i = 0; i < self->count; i++) {
		const struct item *item = &self->items[i];
		uint64_t at = touch(self, item);

		if (self->labels != NULL)
			labels_packet(self->labels, at, item->copy + ETHER_BYTES,
				      item->len - ETHER_BYTES, item->time_us / 1000);
	}
	self->count = 0;
	self->used = 0;
	if (self->flows > self->mask / 4 * 3) {
		fprintf(stderr, "meter: more flows than it was made for\n");
		exit(1);
	}
}

static void on_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct meter *self = (void *)user;
	struct item *item = &self->items[self->count];
	size_t len = header->caplen < 65535 ? header->caplen : 65535;

	self->packets++;
	if (!parse(bytes, len, item)) {
		self->skipped++;
		return;
	}
	item->time_us = (uint64_t)header->ts.tv_sec * 1000000 + (uint64_t)header->ts.tv_usec;
	item->copy = memcpy(self->arena + self->used, bytes, len);
	item->len = len;
	self->used += len;
	self->bytes += item->bytes;
	if (++self->count == BATCH)
		finish_batch(self);
}

static bool make_table(struct meter *self, size_t flows)
{
	size_t lines = 1024;

	while (lines < 2 * flows)
		lines *= 2;
	self->mask = lines - 1;
	self->lines = mmap(NULL, lines * sizeof(struct line), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (self->lines == MAP_FAILED)
		return false;
	(void)madvise(self->lines, lines * sizeof(struct line), MADV_HUGEPAGE);
	memset(self->lines, 0, lines * sizeof(struct line));
	return true;
}

int main(int argc, char **argv)
{
	static struct meter self;
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap;
	int rc;

	if (argc < 2 || argc > 4 || (argc == 4 && strcmp(argv[3], "ndpi") != 0)) {
		fprintf(stderr, "usage: meter FILE [FLOWS [ndpi]]\n");
		return 2;
	}
	pcap = pcap_open_offline(argv[1], error);
	if (pcap == NULL || !make_table(&self, argc > 2 ? strtoul(argv[2], NULL, 10) : 1u << 18)) {
		fprintf(stderr, "meter: %s\n", pcap == NULL ? error : "out of memory");
		return 1;
	}
	if (argc > 3 && (self.labels = labels_new(self.mask + 1)) == NULL) {
		fprintf(stderr, "meter: nDPI does not start\n");
		return 1;
	}
	if (pcap_datalink(pcap) != DLT_EN10MB) {
		fprintf(stderr, "meter: Ethernet only\n");
		return 1;
	}
	rc = pcap_dispatch(pcap, -1, on_frame, (u_char *)&self);
	if (rc < 0)
		fprintf(stderr, "meter: %s\n", pcap_geterr(pcap));
	finish_batch(&self);
	printf("%" PRIu64 " packets, %" PRIu64 " IP bytes, %" PRIu64 " flows, %" PRIu64
	       " skipped\n",
	       self.packets, self.bytes, self.flows, self.skipped);
	if (self.labels != NULL)
		labels_end(self.labels);
	pcap_close(pcap);
	return rc < 0;
}
