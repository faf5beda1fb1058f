/* lists_load.c: files to rows, rows to the table. All or nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/large.h"
#include "sensor/lists_index.h"

#define READ_BYTES   ((size_t)256 * 1024)
#define ROOM_MIN     4096u
#define SLOTS_MIN    64u
#define FILTER_MIN   8u
#define ROWS_A_WORD  4u /* 16 bits of the filter for each row */
#define UTF8_BOM     "\xef\xbb\xbf"
#define UTF8_BOM_LEN 3

static const char *out_of_memory(char *error)
{
	(void)snprintf(error, LISTS_ERROR_TEXT, "lists: out of memory");
	return error;
}

/* --- rows ----------------------------------------------------------------------------------- */

/* Makes room for more bytes behind those that are there, doubling. */
static int grow(struct list_bytes *bytes, size_t more)
{
	size_t room = bytes->room == 0 ? ROOM_MIN : bytes->room;
	char *moved;

	if (bytes->len + more > LISTS_TEXT_MAX)
		return -ENOSPC;
	while (room < bytes->len + more)
		room *= 2;
	if (room == bytes->room)
		return 0;
	moved = realloc(bytes->at, room);
	if (moved == NULL)
		return -ENOMEM;
	bytes->at = moved;
	bytes->room = room;
	return 0;
}

static int trim(struct list_bytes *bytes)
{
	char *moved = realloc(bytes->at, bytes->len + 1);

	if (moved == NULL)
		return -ENOMEM;
	bytes->at = moved;
	bytes->room = bytes->len + 1;
	return 0;
}

/* Offset 0 is the empty tag; a tag is stored once for neighbours that share it. */
static int add_tag(struct lists *self, const char *tag, size_t len)
{
	const char *last = self->tags.len == 0 ? NULL : self->tags.at + self->last_tag;
	int result;

	if (last != NULL && strlen(last) == len && memcmp(last, tag, len) == 0)
		return 0;
	result = grow(&self->tags, len + 1);
	if (result < 0)
		return result;
	self->last_tag = (uint32_t)self->tags.len;
	memcpy(self->tags.at + self->tags.len, tag, len);
	self->tags.at[self->tags.len + len] = '\0';
	self->tags.len += len + 1;
	return 0;
}

static int add_row(struct lists *self, const struct list_line *line, uint32_t number)
{
	struct list_row row = { .line = number,
				.file = (uint16_t)(self->file_count - 1),
				.port = line->port,
				.key_len = line->key_len,
				.kind = line->kind,
				.form = line->form,
				.grade = (uint8_t)(line->confidence |
						   (line->is_weak ? LIST_GRADE_WEAK : 0)) };
	size_t size = list_row_units(line->key_len) * LIST_ROW_UNIT;
	int result = add_tag(self, line->tag, line->tag_len);

	if (result == 0)
		result = grow(&self->rows, size);
	if (result < 0)
		return result;
	row.tag = self->last_tag;
	memcpy(self->rows.at + self->rows.len, &row, sizeof(row));
	memcpy(self->rows.at + self->rows.len + sizeof(row), line->key, line->key_len);
	self->rows.len += size;
	self->count++;
	return 0;
}

/* --- lines ---------------------------------------------------------------------------------- */

static int take_line(struct lists *self, const struct list_place *place, char *text)
{
	struct list_line line;
	int result = list_line_parse(place, text, &line);

	if (result <= 0)
		return result;
	if (self->count >= LISTS_MAX) {
		(void)list_fail(place, "more than %u entries", LISTS_MAX);
		return -ENOSPC;
	}
	result = add_row(self, &line, place->line);
	if (result < 0)
		(void)list_fail(place,
				result == -ENOSPC ? "the lists are too large" : "out of memory");
	return result;
}

/* Copies one line without its end. Bytes it took from the file, or negative. */
static ssize_t cut_line(const struct list_place *place, const char *bytes, size_t len,
			char line[LISTS_LINE_MAX + 1])
{
	const char *end = memchr(bytes, '\n', len);
	size_t size = end != NULL ? (size_t)(end - bytes) : len;

	if (memchr(bytes, '\0', size) != NULL)
		return list_fail(place, "a NUL byte: not a text file");
	if (size > LISTS_LINE_MAX)
		return list_fail(place, "the line is longer than %d bytes", LISTS_LINE_MAX);
	memcpy(line, bytes, size);
	line[size] = '\0';
	return (ssize_t)size + (end != NULL);
}

static int take_bytes(struct lists *self, struct list_place *place, const char *bytes, size_t len)
{
	char line[LISTS_LINE_MAX + 1];
	int result = 0;

	for (place->line = 1; len > 0 && result >= 0; place->line++) {
		ssize_t used = cut_line(place, bytes, len, line);
		bool has_bom = place->line == 1 && used >= UTF8_BOM_LEN &&
			       strncmp(line, UTF8_BOM, UTF8_BOM_LEN) == 0;

		if (used < 0)
			return (int)used;
		result = take_line(self, place, line + (has_bom ? UTF8_BOM_LEN : 0));
		bytes += used;
		len -= (size_t)used;
	}
	return result < 0 ? result : 0;
}

/* --- files ---------------------------------------------------------------------------------- */

static int add_file(struct lists *self, const char *name)
{
	char **files;
	char *copy;

	if (self->file_count >= UINT16_MAX)
		return -ENOSPC;
	files = realloc(self->files, (self->file_count + 1) * sizeof(*files));
	if (files == NULL)
		return -ENOMEM;
	self->files = files;
	copy = strdup(name);
	if (copy == NULL)
		return -ENOMEM;
	files[self->file_count++] = copy;
	return 0;
}

static int read_all(FILE *file, struct list_bytes *bytes)
{
	do {
		int result = grow(bytes, READ_BYTES);

		if (result < 0)
			return result == -ENOSPC ? -EFBIG : result;
		errno = 0;
		bytes->len += fread(bytes->at + bytes->len, 1, bytes->room - bytes->len, file);
	} while (feof(file) == 0 && ferror(file) == 0);
	if (ferror(file) == 0)
		return 0;
	return errno != 0 ? -errno : -EIO;
}

static int slurp(const char *path, struct list_bytes *bytes)
{
	FILE *file;
	int result;

	errno = 0;
	file = fopen(path, "re");
	if (file == NULL)
		return errno != 0 ? -errno : -EIO;
	result = read_all(file, bytes);
	(void)fclose(file);
	return result;
}

static int take_named(struct lists *self, const char *name, const char *bytes, size_t len,
		      char *error)
{
	struct list_place place = { .path = name, .error = error };
	int result = add_file(self, name);

	if (result < 0) {
		(void)out_of_memory(error);
		return result;
	}
	return take_bytes(self, &place, bytes, len);
}

static int take_path(struct lists *self, const char *path, char *error)
{
	struct list_bytes bytes = { 0 };
	int result = slurp(path, &bytes);

	if (result < 0)
		(void)snprintf(error, LISTS_ERROR_TEXT, "%s: %s", path, strerror(-result));
	else
		result = take_named(self, path, bytes.at, bytes.len, error);
	free(bytes.at);
	return result;
}

static int take_default(struct lists *self, char *error)
{
	int result =
		take_named(self, LISTS_DEFAULT_NAME, lists_default_text, lists_default_len, error);

	self->default_count = 1;
	return result;
}

/* --- the table ------------------------------------------------------------------------------ */

static void note_prefix_len(struct lists *self, const struct list_row *row)
{
	bool is_ip6 = row->form == LIST_FORM_IP6;
	struct list_lens *lens = &self->lens[list_kind_use(row->kind)][is_ip6];
	uint8_t prefix_len = (uint8_t)row->key[row->key_len - 1];
	size_t at = 0;

	if (prefix_len == (is_ip6 ? 128 : 32))
		return;
	while (at < lens->count && lens->lens[at] > prefix_len)
		at++;
	if (at < lens->count && lens->lens[at] == prefix_len)
		return;
	memmove(lens->lens + at + 1, lens->lens + at, lens->count - at);
	lens->lens[at] = prefix_len;
	lens->count++;
}

static void note_tail_len(struct lists *self, const struct list_row *row)
{
	uint8_t *len = &self->tail_len[list_kind_use(row->kind)];

	if (row->form > LIST_FORM_EXACT)
		return;
	if (*len == 0 || *len > row->key_len)
		*len = row->key_len < LIST_NAME_STEP ? row->key_len : LIST_NAME_STEP;
}

static uint64_t hash_name(struct lists *self, const struct list_row *row)
{
	enum list_use use = list_kind_use(row->kind);
	struct list_name name;
	uint64_t tail = list_tail_hash(self, use, row->key, row->key_len);
	uint8_t labels = 0;

	self->tails[tail % LISTS_TAIL_WORDS] |= list_tail_bit(tail);
	list_name_begin(&name, &self->key, use, row->key, row->key_len);
	while (list_name_next(&name))
		labels++;
	if (self->label_max[use] < labels)
		self->label_max[use] = labels;
	if (self->label_min[use] == 0 || self->label_min[use] > labels)
		self->label_min[use] = labels;
	return name.hash;
}

static uint64_t hash_address(struct lists *self, const struct list_row *row)
{
	uint8_t ip_version = row->form == LIST_FORM_IP4 ? 4 : 6;

	note_prefix_len(self, row);
	return list_address_hash(self, list_kind_use(row->kind), ip_version,
				 list_addr(ip_version, (const uint8_t *)row->key),
				 (uint8_t)row->key[row->key_len - 1]);
}

static uint64_t hash_row(struct lists *self, const struct list_row *row)
{
	switch ((enum list_form)row->form) {
	case LIST_FORM_NAME:
	case LIST_FORM_BELOW:
	case LIST_FORM_EXACT:
		return hash_name(self, row);
	case LIST_FORM_IP4:
	case LIST_FORM_IP6:
		return hash_address(self, row);
	case LIST_FORM_WALLET:
		break;
	case LIST_FORM_JA3:
		self->has_ja3 = self->has_ja3 || (row->grade & LIST_GRADE_WEAK) == 0;
		break;
	case LIST_FORM_JA4:
		self->has_ja4 = self->has_ja4 || (row->grade & LIST_GRADE_WEAK) == 0;
		break;
	}
	return list_text_hash(self, list_kind_use(row->kind), (enum list_form)row->form, row->key,
			      row->key_len);
}

static bool is_equal(const struct list_row *a, const struct list_row *b)
{
	return a->form == b->form && a->port == b->port && a->key_len == b->key_len &&
	       list_kind_use(a->kind) == list_kind_use(b->kind) &&
	       memcmp(a->key, b->key, a->key_len) == 0;
}

/* Of equal rows the hostile one stays, else the first one. */
static void insert(struct lists *self, size_t units)
{
	const struct list_row *row = list_row_at(self, units);
	uint64_t hash = hash_row(self, row);
	struct list_slot *slot;

	for (size_t at = hash;; at++) {
		const struct list_row *other;

		slot = &self->slots[at & self->slot_mask];
		if (slot->row == 0)
			break;
		other = list_row_at(self, slot->row - 1u);
		if (slot->check != hash >> 32 || !is_equal(row, other))
			continue;
		self->repeated++;
		if (list_kind_is_hostile((enum list_kind)row->kind) &&
		    !list_kind_is_hostile((enum list_kind)other->kind))
			slot->row = (uint32_t)units + 1;
		return;
	}
	slot->check = (uint32_t)(hash >> 32);
	slot->row = (uint32_t)units + 1;
	*list_filter_word(self, hash) |= list_filter_bits(hash);
}

static size_t power_of_two(size_t least, size_t wanted)
{
	while (least < wanted)
		least *= 2;
	return least;
}

static size_t next_row(const struct lists *self, size_t units)
{
	return units + list_row_units(list_row_at(self, units)->key_len);
}

static int build_table(struct lists *self)
{
	size_t slots = power_of_two(SLOTS_MIN, 2 * self->count);
	size_t words = power_of_two(FILTER_MIN, self->count / ROWS_A_WORD);

	if (trim(&self->rows) < 0 || trim(&self->tags) < 0)
		return -ENOMEM;
	self->slots = large_alloc(slots * sizeof(*self->slots));
	self->filter = large_alloc(words * sizeof(*self->filter));
	if (self->slots == NULL || self->filter == NULL)
		return -ENOMEM;
	self->slot_mask = slots - 1;
	self->filter_mask = words - 1;
	for (size_t at = 0; at * LIST_ROW_UNIT < self->rows.len; at = next_row(self, at))
		note_tail_len(self, list_row_at(self, at));
	for (size_t at = 0; at * LIST_ROW_UNIT < self->rows.len; at = next_row(self, at))
		insert(self, at);
	return 0;
}

/* --- life ----------------------------------------------------------------------------------- */

static struct lists *begin(char *error)
{
	static _Atomic uint64_t serials;
	struct lists *self = calloc(1, sizeof(*self));

	error[0] = '\0';
	if (self == NULL || add_tag(self, "", 0) < 0) {
		(void)out_of_memory(error);
	} else if (getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		(void)snprintf(error, LISTS_ERROR_TEXT, "lists: no random bytes");
	} else {
		self->serial = atomic_fetch_add(&serials, 1) + 1;
		self->key.k[0] |= 1; /* hash_mix() must not be given zero by the key alone */
		return self;
	}
	lists_free(self);
	return NULL;
}

static int finish(struct lists **out, struct lists *self, int result, char *error)
{
	if (result == 0) {
		result = build_table(self);
		if (result < 0)
			(void)out_of_memory(error);
	}
	if (result < 0) {
		lists_free(self);
		return result;
	}
	*out = self;
	return 0;
}

int lists_load(struct lists **out, const char *const *paths, size_t count, bool with_default,
	       char error[LISTS_ERROR_TEXT])
{
	struct lists *self = begin(error);
	int result = 0;

	*out = NULL;
	if (self == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count && result == 0; i++)
		result = take_path(self, paths[i], error);
	if (result == 0 && with_default)
		result = take_default(self, error);
	return finish(out, self, result, error);
}

int lists_load_text(struct lists **out, const char *name, const char *bytes, size_t len,
		    char error[LISTS_ERROR_TEXT])
{
	struct lists *self = begin(error);

	*out = NULL;
	if (self == NULL)
		return -ENOMEM;
	return finish(out, self, take_named(self, name, bytes, len, error), error);
}

void lists_free(struct lists *self)
{
	if (self == NULL)
		return;
	for (size_t i = 0; i < self->file_count; i++)
		free(self->files[i]);
	free(self->files);
	free(self->rows.at);
	free(self->tags.at);
	free(self->slots);
	free(self->filter);
	free(self);
}
