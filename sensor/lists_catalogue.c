/* lists_catalogue.c: the entries that have matched, by an id that stays.
 *
 * An entry gets its id at its first match and never again: the row remembers it. Only that first
 * time takes the lock. Ids 1 to LISTS_IDS are entries' own; behind them is one shared entry for
 * each kind, confidence and weakness, for all that came too late. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/lists_index.h"

#define SHARED_COUNT (LIST_KIND_COUNT * LIST_CONFIDENCE_COUNT * 2)
#define BUCKETS      (2 * LISTS_IDS) /* a power of two */

/* An entry with its texts behind it. */
struct known {
	struct list_entry entry;
	uint64_t hash;
	char texts[]; /* text, tag, file: each with its NUL */
};

static struct {
	pthread_mutex_t lock;
	uint32_t count;
	uint32_t buckets[BUCKETS]; /* ids by hash, 0: free */
	_Atomic(const struct known *) known[LISTS_IDS];
	struct list_entry shared[SHARED_COUNT];
	_Atomic(const struct list_entry *) shared_given[SHARED_COUNT];
	_Atomic uint64_t shared_count;
} catalogue = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* What makes two rows of two indexes one entry. */
struct identity {
	uint8_t kind;
	uint8_t grade;
	const char *text;
	const char *tag;
};

static uint64_t identity_hash(const struct identity *identity)
{
	struct siphash_key key = { { (uint64_t)identity->kind << 8 | identity->grade, 0 } };

	key.k[1] = siphash128(identity->text, strlen(identity->text), key).h[0];
	return siphash128(identity->tag, strlen(identity->tag), key).h[0];
}

static uint8_t entry_grade(const struct list_entry *entry)
{
	return (uint8_t)(entry->confidence | (entry->is_weak ? LIST_GRADE_WEAK : 0));
}

static bool is_known(const struct known *known, const struct identity *identity, uint64_t hash)
{
	return known->hash == hash && known->entry.kind == identity->kind &&
	       entry_grade(&known->entry) == identity->grade &&
	       strcmp(known->entry.text, identity->text) == 0 &&
	       strcmp(known->entry.tag, identity->tag) == 0;
}

static void set_grade(struct list_entry *entry, uint8_t kind, uint8_t grade)
{
	entry->kind = kind;
	entry->confidence = grade & (uint8_t)~LIST_GRADE_WEAK;
	entry->is_weak = (grade & LIST_GRADE_WEAK) != 0;
}

static char *keep(char **at, const char *text)
{
	size_t size = strlen(text) + 1;
	char *kept = *at;

	memcpy(kept, text, size);
	*at += size;
	return kept;
}

static struct known *new_known(const struct identity *identity, const char *file, uint32_t line)
{
	size_t size = strlen(identity->text) + strlen(identity->tag) + strlen(file) + 3;
	struct known *known = malloc(sizeof(*known) + size);
	char *at;

	if (known == NULL)
		return NULL;
	at = known->texts;
	known->entry = (struct list_entry){ .line = line };
	set_grade(&known->entry, identity->kind, identity->grade);
	known->entry.text = keep(&at, identity->text);
	known->entry.tag = keep(&at, identity->tag);
	known->entry.file = keep(&at, file);
	return known;
}

/* Locked. */
static uint32_t share(const struct identity *identity)
{
	bool is_weak = (identity->grade & LIST_GRADE_WEAK) != 0;
	uint32_t confidence = identity->grade & (uint8_t)~LIST_GRADE_WEAK;
	uint32_t at = (identity->kind * LIST_CONFIDENCE_COUNT + confidence) * 2 + is_weak;
	struct list_entry *entry = &catalogue.shared[at];

	atomic_fetch_add_explicit(&catalogue.shared_count, 1, memory_order_relaxed);
	if (entry->id == 0) {
		*entry = (struct list_entry){
			.id = LISTS_IDS + 1 + at, .file = "", .text = "more", .tag = ""
		};
		set_grade(entry, identity->kind, identity->grade);
		atomic_store_explicit(&catalogue.shared_given[at], entry, memory_order_release);
	}
	return entry->id;
}

/* Locked. The id of an equal entry, or a new one. */
static uint32_t intern(const struct lists *self, const struct list_row *row,
		       const struct identity *identity)
{
	uint64_t hash = identity_hash(identity);
	struct known *known;
	size_t at = hash & (BUCKETS - 1);

	for (; catalogue.buckets[at] != 0; at = (at + 1) & (BUCKETS - 1)) {
		uint32_t id = catalogue.buckets[at];

		if (is_known(atomic_load_explicit(&catalogue.known[id - 1], memory_order_relaxed),
			     identity, hash))
			return id;
	}
	if (catalogue.count == LISTS_IDS)
		return share(identity);
	known = new_known(identity, self->files[row->file], row->line);
	if (known == NULL)
		return share(identity);
	known->hash = hash;
	known->entry.id = ++catalogue.count;
	catalogue.buckets[at] = known->entry.id;
	atomic_store_explicit(&catalogue.known[known->entry.id - 1], known, memory_order_release);
	return known->entry.id;
}

uint32_t list_row_id(const struct lists *self, struct list_row *row)
{
	uint32_t id = atomic_load_explicit(&row->id, memory_order_acquire);
	char text[LISTS_SHOWN];
	struct identity identity = { row->kind, row->grade, text, self->tags.at + row->tag };

	if (id != 0)
		return id;
	list_row_text(row, text);
	(void)pthread_mutex_lock(&catalogue.lock);
	id = intern(self, row, &identity);
	(void)pthread_mutex_unlock(&catalogue.lock);
	atomic_store_explicit(&row->id, id, memory_order_release);
	return id;
}

const struct list_entry *lists_entry(uint32_t id)
{
	const struct known *known;

	if (id == 0 || id > LISTS_IDS + SHARED_COUNT)
		return NULL;
	if (id > LISTS_IDS)
		return atomic_load_explicit(&catalogue.shared_given[id - LISTS_IDS - 1],
					    memory_order_acquire);
	known = atomic_load_explicit(&catalogue.known[id - 1], memory_order_acquire);
	return known == NULL ? NULL : &known->entry;
}

uint64_t lists_entries_shared(void)
{
	return atomic_load_explicit(&catalogue.shared_count, memory_order_relaxed);
}
