/* lists.c: look-ups in one index.
 *
 * What is asked is first looked for in the filter; only what may be there costs a look into the
 * table, and only an equal check part a look at a row. A name is hashed once from its end, every
 * suffix on the way; an address once for each prefix length that occurs. */
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

/* A suffix that is as long as listed ones. */
struct suffix {
	uint64_t hash;
	size_t begin;
};

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

static struct list_row *best_of_suffix(const struct lists *self, enum list_use use,
				       const struct suffix *suffix, const char *name, size_t len,
				       uint16_t port)
{
	struct probe probe = probe_begin(self, suffix->hash);
	struct list_row *best = NULL;
	char key[LISTS_NAME_MAX];
	unsigned best_rank = 0;

	for (size_t i = suffix->begin; i < len; i++)
		key[i - suffix->begin] = (char)list_name_bytes[(uint8_t)name[i]];
	for (struct list_row *row; (row = probe_next(&probe)) != NULL;) {
		unsigned rank = name_rank(row, suffix->begin == 0, port);

		if (rank <= best_rank || !has_key(row, use, key, len - suffix->begin))
			continue;
		best = row;
		best_rank = rank;
	}
	return best;
}

/* Suffixes that have as many labels as listed ones, shortest first. */
static size_t find_suffixes(const struct lists *self, enum list_use use, const char *name,
			    size_t len, struct suffix *out)
{
	struct list_name labels;
	size_t count = 0;

	list_name_begin(&labels, &self->key, use, name, len);
	for (unsigned i = 1; i <= self->label_max[use] && list_name_next(&labels); i++) {
		if (i < self->label_min[use])
			continue;
		out[count++] = (struct suffix){ labels.hash, labels.begin };
		will_ask(self, labels.hash);
	}
	return count;
}

uint32_t lists_match_name(const struct lists *self, enum list_use use, const char *name, size_t len,
			  uint16_t port)
{
	struct suffix suffixes[LISTS_LABELS];
	size_t count;

	if (self == NULL || self->label_max[use] == 0)
		return 0;
	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || len > LISTS_NAME_MAX)
		return 0;
	count = find_suffixes(self, use, name, len, suffixes);
	while (count-- > 0) {
		struct list_row *row;

		if (!may_hold(self, suffixes[count].hash))
			continue;
		row = best_of_suffix(self, use, &suffixes[count], name, len, port);
		if (row != NULL)
			return list_row_id(self, row);
	}
	return 0;
}

/* --- addresses ------------------------------------------------------------------------------ */

/* What is asked of one address: itself, and the networks of each length that occurs. */
struct network {
	uint64_t hash;
	struct list_addr addr;
	uint8_t prefix_len;
};

static void add_network(const struct lists *self, enum list_use use, uint8_t ip_version,
			struct list_addr addr, uint8_t prefix_len, struct network *out)
{
	out->addr = list_addr_network(addr, prefix_len);
	out->prefix_len = prefix_len;
	out->hash = list_address_hash(self, use, ip_version, out->addr, prefix_len);
	will_ask(self, out->hash);
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

uint32_t lists_match_address(const struct lists *self, enum list_use use, uint8_t ip_version,
			     const uint8_t *addr, uint16_t port)
{
	bool is_ip6 = ip_version == 6;
	struct network networks[LISTS_BITS + 1];
	const struct list_lens *lens;
	struct list_addr whole;
	struct list_row *row;

	if (self == NULL || self->count == 0)
		return 0;
	lens = &self->lens[use][is_ip6];
	whole = list_addr(ip_version, addr);
	add_network(self, use, ip_version, whole, is_ip6 ? 128 : 32, &networks[0]);
	for (size_t i = 0; i < lens->count; i++)
		add_network(self, use, ip_version, whole, lens->lens[i], &networks[i + 1]);
	row = find_network(self, use, ip_version, &networks[0], port);
	for (size_t i = 0; row == NULL && i < lens->count; i++)
		row = find_network(self, use, ip_version, &networks[i + 1], 0);
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
	char key[LISTS_JA4_LEN];

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
