/* lists.c: look-ups in one index.
 *
 * What is asked is first looked for in the filter; only what may be there costs a look into the
 * table, and only an equal check part a look at a row. A name that ends as a listed one does is
 * hashed once from its end, every suffix on the way; an address once for each prefix length that
 * occurs. */
#include "sensor/lists.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sensor/lists_index.h"

/* The hash's first slot, then the next one whose check part is equal; NULL: no more. */
struct probe {
	const struct lists *lists;
	uint64_t hash;
	size_t at;
};

static struct probe probe_begin(const struct lists *self, uint64_t hash)
{
	return (struct probe){ .lists = self, .hash = hash, .at = hash };
}

static struct list_row *probe_next(struct probe *self)
{
	for (;;) {
		const struct list_slot *slot =
			&self->lists->slots[self->at++ & self->lists->slot_mask];

		if (slot->row == 0)
			return NULL;
		if (slot->check == self->hash >> 32)
			return list_row_at(self->lists, slot->row - 1u);
	}
}

static bool may_hold(const struct lists *self, uint64_t hash)
{
	uint64_t bits = list_filter_bits(hash);

	return (*list_filter_word(self, hash) & bits) == bits;
}

/* The filter of a long list is seldom in the cache: all that is asked of one name or address is
 * waited for at once. */
static void will_ask(const struct lists *self, uint64_t hash)
{
	__builtin_prefetch(list_filter_word(self, hash));
}

static bool has_key(const struct list_row *row, enum list_use use, const void *key, size_t len)
{
	return row->key_len == len && list_kind_use(row->kind) == use &&
	       memcmp(row->key, key, len) == 0;
}

/* --- names ---------------------------------------------------------------------------------- */

/* False: no name of the lists ends as this one does. */
static bool has_tail(const struct lists *self, enum list_use use, const char *name, size_t len)
{
	uint64_t hash;

	if (len < self->tail_len[use])
		return false;
	hash = list_tail_hash(self, use, name, len);
	return (self->tails[hash % LISTS_TAIL_WORDS] & list_tail_bit(hash)) != 0;
}

/* How well the row fits the name of which its key is a suffix, or all of it; 0: not at all. */
static unsigned name_rank(const struct list_row *row, bool is_whole, uint16_t port)
{
	unsigned rank = 2;

	if (row->form > LIST_FORM_EXACT || (row->port != 0 && port != 0 && row->port != port))
		return 0;
	if (row->form == LIST_FORM_EXACT || row->form == LIST_FORM_BELOW) {
		if (is_whole != (row->form == LIST_FORM_EXACT))
			return 0;
		rank = 4;
	}
	return rank + (row->port != 0);
}

static struct list_row *best_of_suffix(const struct lists_ask *ask, size_t suffix, uint16_t port)
{
	struct probe probe = probe_begin(ask->lists, ask->hashes[suffix]);
	size_t begin = ask->begins[suffix];
	struct list_row *best = NULL;
	char key[LISTS_NAME_MAX];
	unsigned best_rank = 0;

	for (size_t i = begin; i < ask->len; i++)
		key[i - begin] = (char)list_name_bytes[(uint8_t)ask->name[i]];
	for (struct list_row *row; (row = probe_next(&probe)) != NULL;) {
		unsigned rank = name_rank(row, begin == 0, port);

		if (rank <= best_rank || !has_key(row, ask->use, key, ask->len - begin))
			continue;
		best = row;
		best_rank = rank;
	}
	return best;
}

void lists_ask_name(struct lists_ask *ask, const struct lists *self, enum list_use use,
		    const char *name, size_t len)
{
	struct list_name labels;

	ask->lists = self;
	ask->name = name;
	ask->use = use;
	ask->count = 0;
	if (len > 0 && name[len - 1] == '.')
		len--;
	ask->len = len;
	if (self == NULL || self->label_max[use] == 0 || len == 0 || len > LISTS_NAME_MAX ||
	    !has_tail(self, use, name, len))
		return;
	list_name_begin(&labels, &self->key, use, name, len);
	for (unsigned i = 1; i <= self->label_max[use] && list_name_next(&labels); i++) {
		if (i < self->label_min[use])
			continue;
		ask->hashes[ask->count] = labels.hash;
		ask->begins[ask->count++] = (uint8_t)labels.begin;
		will_ask(self, labels.hash);
	}
}

uint32_t lists_answer(const struct lists_ask *ask, uint16_t port)
{
	for (size_t i = ask->count; i-- > 0;) {
		struct list_row *row;

		if (!may_hold(ask->lists, ask->hashes[i]))
			continue;
		row = best_of_suffix(ask, i, port);
		if (row != NULL)
			return list_row_id(ask->lists, row);
	}
	return 0;
}

uint32_t lists_match_name(const struct lists *self, enum list_use use, const char *name, size_t len,
			  uint16_t port)
{
	struct lists_ask ask;

	lists_ask_name(&ask, self, use, name, len);
	return lists_answer(&ask, port);
}

/* --- addresses ------------------------------------------------------------------------------ */

/* What is asked of one address: itself, and the networks of each length that occurs. */
struct network {
	uint64_t hash;
	struct list_addr addr;
	uint8_t prefix_len;
};

/* All of them, the address first; their number. */
static size_t find_networks(const struct lists *self, enum list_use use, uint8_t ip_version,
			    const uint8_t *addr, struct network out[LISTS_BITS + 1])
{
	const struct list_lens *lens = &self->lens[use][ip_version == 6];
	struct list_addr whole = list_addr(ip_version, addr);

	for (size_t i = 0; i <= lens->count; i++) {
		uint8_t most = ip_version == 6 ? 128 : 32;
		uint8_t prefix_len = i == 0 ? most : lens->lens[i - 1];

		out[i].addr = list_addr_network(whole, prefix_len);
		out[i].prefix_len = prefix_len;
		out[i].hash = list_address_hash(self, use, ip_version, out[i].addr, prefix_len);
		will_ask(self, out[i].hash);
	}
	return lens->count + 1;
}

/* The row with this port, else the one without. */
static struct list_row *find_network(const struct lists *self, enum list_use use,
				     uint8_t ip_version, const struct network *network,
				     uint16_t port)
{
	uint8_t form = ip_version == 6 ? LIST_FORM_IP6 : LIST_FORM_IP4;
	size_t len = ip_version == 6 ? 16 : 4;
	struct list_row *any_port = NULL;
	struct probe probe;
	uint8_t key[17];

	if (!may_hold(self, network->hash))
		return NULL;
	list_addr_bytes(network->addr, key);
	key[len] = network->prefix_len;
	probe = probe_begin(self, network->hash);
	for (struct list_row *row; (row = probe_next(&probe)) != NULL;) {
		if (row->form != form || (row->port != port && row->port != 0) ||
		    !has_key(row, use, key, len + 1))
			continue;
		if (row->port != 0)
			return row;
		any_port = row;
	}
	return any_port;
}

void lists_expect_address(const struct lists *self, enum list_use use, uint8_t ip_version,
			  const uint8_t *addr)
{
	struct network networks[LISTS_BITS + 1];

	if (self != NULL && self->count > 0)
		(void)find_networks(self, use, ip_version, addr, networks);
}

uint32_t lists_match_address(const struct lists *self, enum list_use use, uint8_t ip_version,
			     const uint8_t *addr, uint16_t port)
{
	struct network networks[LISTS_BITS + 1];
	struct list_row *row = NULL;
	size_t count;

	if (self == NULL || self->count == 0)
		return 0;
	count = find_networks(self, use, ip_version, addr, networks);
	for (size_t i = 0; row == NULL && i < count; i++)
		row = find_network(self, use, ip_version, &networks[i], i == 0 ? port : 0);
	return row == NULL ? 0 : list_row_id(self, row);
}

/* --- wallets and fingerprints --------------------------------------------------------------- */

static uint32_t match_text(const struct lists *self, enum list_use use, enum list_form form,
			   const char *key, size_t len)
{
	uint64_t hash = list_text_hash(self, use, form, key, len);
	struct probe probe;

	if (!may_hold(self, hash))
		return 0;
	probe = probe_begin(self, hash);
	for (struct list_row *row; (row = probe_next(&probe)) != NULL;)
		if (row->form == form && has_key(row, use, key, len))
			return list_row_id(self, row);
	return 0;
}

uint32_t lists_match_wallet(const struct lists *self, enum list_use use, const char *text,
			    size_t len)
{
	char key[LISTS_KEY_MAX];

	if (self == NULL || self->count == 0 || len == 0 || len > sizeof(key))
		return 0;
	return match_text(self, use, LIST_FORM_WALLET, key, list_wallet_key(text, len, key));
}

static uint32_t match_fingerprint(const struct lists *self, enum list_form form, const char *text,
				  size_t len)
{
	char key[LISTS_JA4_LEN] = { 0 };

	for (size_t i = 0; i < len; i++)
		key[i] = (char)tolower((unsigned char)text[i]);
	return match_text(self, LIST_WATCHED, form, key, len);
}

uint32_t lists_match_ja3(const struct lists *self, const char *text, size_t len)
{
	if (self == NULL || len != LISTS_JA3_LEN)
		return 0;
	return match_fingerprint(self, LIST_FORM_JA3, text, len);
}

uint32_t lists_match_ja4(const struct lists *self, const char *text, size_t len)
{
	if (self == NULL || len != LISTS_JA4_LEN)
		return 0;
	return match_fingerprint(self, LIST_FORM_JA4, text, len);
}

bool lists_has_ja3(const struct lists *self)
{
	return self != NULL && self->has_ja3;
}

bool lists_has_ja4(const struct lists *self)
{
	return self != NULL && self->has_ja4;
}

/* --- what is there -------------------------------------------------------------------------- */

uint64_t lists_serial(const struct lists *self)
{
	return self == NULL ? 0 : self->serial;
}

size_t lists_size(const struct lists *self)
{
	return self == NULL ? 0 : self->count - self->repeated;
}

size_t lists_files(const struct lists *self)
{
	return self == NULL ? 0 : self->file_count - self->default_count;
}

size_t lists_bytes(const struct lists *self)
{
	if (self == NULL)
		return 0;
	return sizeof(*self) + self->rows.room + self->tags.room +
	       (self->slot_mask + 1) * sizeof(*self->slots) +
	       (self->filter_mask + 1) * sizeof(*self->filter);
}

static void address_text(const struct list_row *row, char out[LISTS_SHOWN])
{
	bool is_ip6 = row->form == LIST_FORM_IP6;
	unsigned prefix_len = (uint8_t)row->key[row->key_len - 1];
	char text[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(is_ip6 ? AF_INET6 : AF_INET, row->key, text, sizeof(text));
	if (row->port != 0)
		(void)snprintf(out, LISTS_SHOWN, is_ip6 ? "[%s]:%u" : "%s:%u", text, row->port);
	else if (prefix_len != (is_ip6 ? 128 : 32))
		(void)snprintf(out, LISTS_SHOWN, "%s/%u", text, prefix_len);
	else
		(void)snprintf(out, LISTS_SHOWN, "%s", text);
}

void list_row_text(const struct list_row *row, char out[LISTS_SHOWN])
{
	const char *mark = row->form == LIST_FORM_EXACT ? "=" : "";

	if (row->form == LIST_FORM_IP4 || row->form == LIST_FORM_IP6) {
		address_text(row, out);
		return;
	}
	if (row->form == LIST_FORM_BELOW)
		mark = "*.";
	if (row->port != 0)
		(void)snprintf(out, LISTS_SHOWN, "%s%.*s:%u", mark, row->key_len, row->key,
			       row->port);
	else
		(void)snprintf(out, LISTS_SHOWN, "%s%.*s", mark, row->key_len, row->key);
}
