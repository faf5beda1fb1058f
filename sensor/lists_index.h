/* lists_index.h: what lists.h keeps to itself: rows, their keys, and the table that finds them.
 *
 *	rows[]    one per entry, in the order of the files: 20 bytes and the key, padded to 4
 *	tags[]    of all rows; a tag equal to the one before is stored once
 *	slots[]   open addressing, at most half full: 32 bits of the hash, 1 + place in rows
 *	filter[]  two bits per entry in one 64-bit word, at least 16 bits an entry: what is not
 *	          listed, and that is nearly everything, costs no look into slots
 *	tails[]   a bit for the last bytes of each name: most names that are asked for end
 *otherwise, and cost no more than this. Small, as it is to stay in the cache: the many names of a
 *long list may fill it, and then it lets all pass
 *
 * One table for all forms: the form is a part of what is hashed. The hash is keyed at random. */
#ifndef SENSOR_LISTS_INDEX_H
#define SENSOR_LISTS_INDEX_H

#include <stdatomic.h>

#include "sensor/hash_mix.h"
#include "sensor/lists.h"
#include "sensor/lists_name.h"
#include "sensor/siphash.h"

#define LISTS_LINE_MAX  1024 /* bytes of one line; longer ones are no list */
#define LISTS_LABEL_MAX 63
#define LISTS_KEY_MAX   LISTS_NAME_MAX
#define LISTS_BITS      129 /* prefix lengths 0 to 128 */
#define LISTS_TEXT_MAX  (1u << 30)
#define LISTS_JA3_LEN   32
#define LISTS_JA4_LEN   36
#define LISTS_SHOWN     (LISTS_NAME_MAX + 16) /* a key as text: with mark, prefix and port */

enum list_form {
	LIST_FORM_NAME,  /* name: itself and below; key: lower case, no closing dot */
	LIST_FORM_BELOW, /* *.name */
	LIST_FORM_EXACT, /* =name */
	LIST_FORM_IP4,   /* key: address, prefix length */
	LIST_FORM_IP6,
	LIST_FORM_WALLET,
	LIST_FORM_JA3,
	LIST_FORM_JA4
};

/* One parsed line. */
struct list_line {
	uint8_t kind;
	uint8_t form;
	uint8_t confidence;
	bool is_weak;
	uint16_t port; /* 0: any */
	uint8_t key_len;
	char key[LISTS_KEY_MAX];
	const char *tag; /* into the line */
	size_t tag_len;
};

struct list_row {
	uint32_t tag; /* offset into tags, NUL-terminated */
	uint32_t line;
	_Atomic uint32_t id; /* 0: has not matched yet */
	uint16_t file;
	uint16_t port;
	uint8_t key_len;
	uint8_t kind;
	uint8_t form;
	uint8_t grade; /* confidence, and LIST_GRADE_WEAK */
	char key[];
};

#define LIST_GRADE_WEAK 0x80

#define LIST_ROW_UNIT 4u

#define LISTS_TAIL_WORDS 1024 /* a power of two */

_Static_assert(sizeof(struct list_row) == 20, "a look-up reads row and key in one line of cache");
_Static_assert(_Alignof(struct list_row) == LIST_ROW_UNIT, "rows are counted in units");

struct list_slot {
	uint32_t check; /* upper half of the hash */
	uint32_t row;   /* 1 + units before the row, 0: free */
};

/* Prefix lengths of networks of one IP version, longest first. */
struct list_lens {
	uint8_t lens[LISTS_BITS];
	size_t count;
};

/* Bytes that grow while loading. */
struct list_bytes {
	char *at;
	size_t len;
	size_t room;
};

struct lists {
	struct list_bytes rows;
	struct list_bytes tags;
	size_t count;
	uint32_t last_tag; /* while loading */
	struct list_slot *slots;
	size_t slot_mask;
	uint64_t *filter;
	size_t filter_mask;
	struct siphash_key key;
	struct list_lens lens[2][2]; /* by use, and IPv4 or IPv6 */
	uint8_t label_min[2];        /* of the names, by use; max 0: none */
	uint8_t label_max[2];
	uint8_t tail_len[2]; /* bytes of a tail, by use: 8, or as many as the shortest name has */
	uint64_t tails[LISTS_TAIL_WORDS];
	uint64_t serial; /* never 0 */
	bool has_ja3;
	bool has_ja4;
	char **files; /* names, owned */
	size_t file_count;
	size_t default_count; /* of them, 0 or 1: not the operator's */
	size_t repeated;      /* rows that an equal one stands for */
	struct lists *next;   /* the board's: replaced, not yet free */
	uint64_t replaced_at; /* the board's */
};

/* The row that begins that many units into rows. */
static inline struct list_row *list_row_at(const struct lists *self, size_t units)
{
	return (struct list_row *)(void *)(self->rows.at + units * LIST_ROW_UNIT);
}

static inline size_t list_row_units(size_t key_len)
{
	return (sizeof(struct list_row) + key_len + LIST_ROW_UNIT - 1) / LIST_ROW_UNIT;
}

/* --- hashes --------------------------------------------------------------------------------- */

/* An address as two words, its first byte the lowest one. */
struct list_addr {
	uint64_t words[2];
};

static inline struct list_addr list_addr(uint8_t ip_version, const uint8_t *bytes)
{
	struct list_addr addr = { { 0, 0 } };
	uint32_t word;

	if (ip_version == 4) {
		memcpy(&word, bytes, sizeof(word));
		addr.words[0] = le32toh(word);
	} else {
		memcpy(addr.words, bytes, sizeof(addr.words));
		addr.words[0] = le64toh(addr.words[0]);
		addr.words[1] = le64toh(addr.words[1]);
	}
	return addr;
}

/* Its bytes; of IPv4 the first four. */
static inline void list_addr_bytes(struct list_addr addr, uint8_t out[16])
{
	for (size_t i = 0; i < 2; i++) {
		uint64_t word = htole64(addr.words[i]);

		memcpy(out + i * sizeof(word), &word, sizeof(word));
	}
}

/* The first bits, up to 64, of a word. */
static inline uint64_t list_addr_mask(unsigned bits)
{
	return bits == 0 ? 0 : __builtin_bswap64(UINT64_MAX << (64 - bits));
}

static inline struct list_addr list_addr_network(struct list_addr addr, unsigned prefix_len)
{
	unsigned first = prefix_len < 64 ? prefix_len : 64;

	addr.words[0] &= list_addr_mask(first);
	addr.words[1] &= list_addr_mask(prefix_len - first);
	return addr;
}

/* Of an address or a network. The port is not hashed: an address is one question with and without
 * it. */
static inline uint64_t list_address_hash(const struct lists *self, enum list_use use,
					 uint8_t ip_version, struct list_addr addr,
					 uint8_t prefix_len)
{
	uint64_t rest = (uint64_t)use << 40 | (uint64_t)ip_version << 32 | prefix_len;
	uint64_t first = hash_mix(addr.words[0] ^ self->key.k[0], rest ^ 0xa0761d6478bd642fu);

	return hash_mix(first ^ self->key.k[1], addr.words[1] ^ 0xe7037ed1a0b428dbu);
}

static inline uint64_t list_text_hash(const struct lists *self, enum list_use use,
				      enum list_form form, const char *text, size_t len)
{
	struct siphash_key key = self->key;

	key.k[0] ^= (uint64_t)use << 8 | form;
	return siphash128(text, len, key).h[0];
}

static inline uint64_t list_tail_hash(const struct lists *self, enum list_use use, const char *name,
				      size_t len)
{
	uint64_t tail = list_name_tail(name, len, self->tail_len[use]);

	return hash_mix(tail ^ self->key.k[0], self->key.k[1] ^ (use + 0x8ebc6af09c88c6e3u));
}

static inline uint64_t list_tail_bit(uint64_t hash)
{
	return UINT64_C(1) << (hash >> 58);
}

static inline uint64_t list_filter_bits(uint64_t hash)
{
	return UINT64_C(1) << (hash >> 52 & 63) | UINT64_C(1) << (hash >> 58);
}

static inline uint64_t *list_filter_word(const struct lists *self, uint64_t hash)
{
	return &self->filter[hash >> 24 & self->filter_mask];
}

/* --- shared by the parts -------------------------------------------------------------------- */

static inline enum list_use list_kind_use(uint8_t kind)
{
	return kind == LIST_ALLOW ? LIST_ALLOWED : LIST_WATCHED;
}

/* The byte as it stands in keys: letters in lower case, digits, `-`, `_`, `.`; 0: not in names. */
extern const uint8_t list_name_bytes[256];

/* Where a line came from, and where to complain. */
struct list_place {
	const char *path;
	uint32_t line;
	char *error; /* LISTS_ERROR_TEXT bytes */
};

/* Writes "FILE:LINE: ..." and returns -EINVAL. */
int list_fail(const struct list_place *place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One line, NUL-terminated, changed in place. 1: an entry, 0: nothing, -EINVAL. */
int list_line_parse(const struct list_place *place, char *text, struct list_line *out);

/* "198.51.100.7", with :PORT, "[2001:db8::7]:3333", a prefix, or a name, marked and with :PORT;
 * has_url: a port is needed. Fills form, key and port. 0 or -EINVAL. */
int list_target_parse(const struct list_place *place, char *text, bool has_url,
		      struct list_line *out);
/* Only dots and digits, or something no name has: an address, even a bad one. */
bool list_is_address(const char *text);

/* A wallet as it is compared: 0x and hex digits in lower case. Returns the length; len fits. */
size_t list_wallet_key(const char *text, size_t len, char out[LISTS_KEY_MAX]);

/* The row's key as text: with mark, prefix length, port. */
void list_row_text(const struct list_row *row, char out[LISTS_SHOWN]);

/* The process's id of the row, given out now if it has none. Takes a lock then. */
uint32_t list_row_id(const struct lists *self, struct list_row *row);

/* The list in the binary: sensor/pools.list. */
extern const char lists_default_text[];
extern const uint64_t lists_default_len;
#define LISTS_DEFAULT_NAME "default list"

#endif
