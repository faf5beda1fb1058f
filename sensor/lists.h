/* lists.h: what the operator knows of the world: pools, hostile infrastructure, own miners.
 *
 * Plain text, one entry a line, `#` begins a comment:
 *
 *	KIND ENTRY [confidence=high|medium|low] [weak|dedicated] [words of the tag]  # comment
 *
 *	pool                   NAME, ADDRESS or URL of a mining pool
 *	hostile-staging        NAME or ADDRESS that hands out malware
 *	hostile-controller     NAME or ADDRESS that commands it
 *	hostile-exfiltration   NAME or ADDRESS that takes what was stolen
 *	allow                  NAME, ADDRESS or WALLET of your own, legitimate mining
 *	wallet                 WALLET of interest: an address or the account name at a pool
 *	ja3                    32 hex digits        } of a TLS client
 *	ja4                    36 characters a_b_c  }
 *
 *	NAME      pool.example.net     itself and all names below it, at a label boundary
 *	          *.pool.example.net   only names below it
 *	          =pool.example.net    only itself
 *	          each with :PORT      on that port, or where the port is unknown (DNS)
 *	ADDRESS   198.51.100.7, 198.51.100.7:3333, 2001:db8::7, [2001:db8::7]:3333, 198.51.100.0/24
 *	URL       stratum+tcp://NAME-or-ADDRESS:PORT, also stratum+ssl, stratum2+tcp, tcp
 *
 * A line that begins with an address or a URL is a pool, and all its further words are the tag.
 * Names are compared without regard to case, international ones as punycode; one trailing dot is
 * dropped. Names are never resolved. In `allow`, what is no address and has a dot is a name, all
 * else (and e-mail accounts) a wallet. Wallets are compared exactly; 0x and hex digits without
 * regard to case.
 *
 * `weak`: a general name (an exchange, a hosting company): it supports other evidence and must not
 * alert by itself. `dedicated` is the default and says the opposite. The default confidence is
 * high, of a weak entry low.
 *
 * The most specific entry wins: =name, *.name, name, each with port before without; a longer name
 * before a shorter; ip:port, ip, longer prefix. Of equal entries the hostile one, then the first
 * one: files are read in order, the default list last. `allow` is asked apart from the rest. */
#ifndef SENSOR_LISTS_H
#define SENSOR_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LISTS_ERROR_TEXT 512
#define LISTS_MAX        (1u << 22) /* entries of all files */
#define LISTS_IDS        65536u     /* entries that get an id of their own, by process */
#define LISTS_READERS    66         /* most slots of a board */
#define LISTS_LABELS     127        /* of one name: one byte and a dot each */

enum list_kind {
	LIST_POOL,
	LIST_STAGING,
	LIST_CONTROLLER,
	LIST_EXFILTRATION,
	LIST_ALLOW,
	LIST_WALLET,
	LIST_JA3,
	LIST_JA4,
	LIST_KIND_COUNT
};

enum list_confidence { LIST_LOW, LIST_MEDIUM, LIST_HIGH, LIST_CONFIDENCE_COUNT };

/* Which side of the lists is asked. */
enum list_use {
	LIST_WATCHED, /* all kinds but allow */
	LIST_ALLOWED
};

/* An entry that has matched. Never changes and never goes away. */
struct list_entry {
	uint32_t id;
	uint32_t line;    /* where it was when it first matched; 0: see lists_entry() */
	const char *file; /* as the operator named it, "default list" for ours */
	const char *text; /* in its one canonical form */
	const char *tag;  /* may be empty; the operator's bytes: escape them */
	uint8_t kind;     /* enum list_kind */
	uint8_t confidence;
	bool is_weak; /* supports other evidence, does not alert by itself */
};

/* "pool", "hostile-staging"...: the word in the file. */
const char *list_kind_text(enum list_kind kind);
bool list_kind_is_hostile(enum list_kind kind);

/* --- one index ------------------------------------------------------------------------------ */

/* Immutable after loading: read by any thread without a lock. About 40 bytes an entry besides its
 * own text and tag: 61 for a name or wallet of 20. */
struct lists;

/* Loads the files, and the default list when asked for, into one index: all or nothing. 0, or
 * -ENOENT, -EACCES, -EINVAL, -ENOSPC, -ENOMEM...; error is then "FILE:LINE: what is wrong". */
int lists_load(struct lists **out, const char *const *paths, size_t count, bool with_default,
	       char error[LISTS_ERROR_TEXT]);

/* The same from bytes in memory; name stands for the file. */
int lists_load_text(struct lists **out, const char *name, const char *bytes, size_t len,
		    char error[LISTS_ERROR_TEXT]);
void lists_free(struct lists *self);

/* Another one for each that was ever loaded, whatever their addresses; 0 for NULL. */
uint64_t lists_serial(const struct lists *self);

/* Entries, repeated ones counted once. */
size_t lists_size(const struct lists *self);
size_t lists_files(const struct lists *self); /* the default list not counted */
size_t lists_bytes(const struct lists *self); /* memory it holds */

/* Each returns the id of the most specific entry, 0: none. The id is valid until the process ends,
 * whatever is loaded later: facts and flows may carry it. Any thread. self may be NULL: none.
 *
 * name: without a closing NUL, any case; wire bytes: strange ones before a listed name's own labels
 * do not hide it. port 0: unknown. addr has 4 or 16 bytes. ja3: 32 hex digits, ja4: its text, any
 * case. */
uint32_t lists_match_name(const struct lists *self, enum list_use use, const char *name, size_t len,
			  uint16_t port);
uint32_t lists_match_address(const struct lists *self, enum list_use use, uint8_t ip_version,
			     const uint8_t *addr, uint16_t port);
uint32_t lists_match_wallet(const struct lists *self, enum list_use use, const char *text,
			    size_t len);
uint32_t lists_match_ja3(const struct lists *self, const char *text, size_t len);
uint32_t lists_match_ja4(const struct lists *self, const char *text, size_t len);

/* The same for a name in two steps: a long list is seldom in the cache, and what the caller does
 * before lists_answer() costs nothing while lists_ask_name() has its lines on their way. The name
 * stays where it is until then; an ask may be answered again, with another port. */
struct lists_ask {
	const struct lists *lists;
	const char *name;
	size_t len;
	enum list_use use;
	size_t count; /* suffixes that have as many labels as listed names, shortest first */
	uint64_t hashes[LISTS_LABELS];
	uint8_t begins[LISTS_LABELS];
};

void lists_ask_name(struct lists_ask *ask, const struct lists *self, enum list_use use,
		    const char *name, size_t len);
uint32_t lists_answer(const struct lists_ask *ask, uint16_t port);

/* The address will be asked for soon: its lines are on their way. */
void lists_expect_address(const struct lists *self, enum list_use use, uint8_t ip_version,
			  const uint8_t *addr);

/* Is any such fingerprint listed that is not weak? Weak ones only matter where something else does,
 * and to make one costs more than to look it up. self may be NULL. */
bool lists_has_ja3(const struct lists *self);
bool lists_has_ja4(const struct lists *self);

/* What an id stands for; NULL for 0 and for ids never given out. Equal entries (kind, text, tag,
 * confidence, weak) of lists loaded one after another have the same id. Beyond LISTS_IDS an entry
 * shares one of its kind, confidence and weakness: text "more", line 0. Any thread, no lock. */
const struct list_entry *lists_entry(uint32_t id);
uint64_t lists_entries_shared(void); /* entries that had to share */

/* --- the current index ---------------------------------------------------------------------- */

/* Holds the index in use. Each reading thread has a slot, by number; readers never wait. */
struct lists_board;

/* Takes ownership of first (NULL: nothing is listed). slot_count <= LISTS_READERS. NULL: no
 * memory. */
struct lists_board *lists_board_new(struct lists *first, size_t slot_count);
void lists_board_free(struct lists_board *self); /* no reader is left */

/* The index in use, good until the same slot's next call: call it once per batch. NULL: nothing is
 * listed. One thread per slot. */
const struct lists *lists_board_read(struct lists_board *self, size_t slot);

/* The slot's thread holds no index: it ended, or sleeps for long. It may read again. */
void lists_board_leave(struct lists_board *self, size_t slot);

/* Puts next in place; owned. What it replaces is freed when every slot has read again or left:
 * here if that is so already, else by lists_board_reclaim(), which returns how many indexes still
 * wait. Both by one thread at a time. */
void lists_board_replace(struct lists_board *self, struct lists *next);
size_t lists_board_reclaim(struct lists_board *self);

#endif
