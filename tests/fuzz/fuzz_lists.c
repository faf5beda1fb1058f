/* fuzz_lists.c: a list of any bytes is loaded or refused with file and line; whatever was loaded
 * matches itself, and the input matches in it as names, addresses and texts without harm. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sensor/lists_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The id of what the row itself is the key of. */
static uint32_t match_row(const struct lists *lists, const struct list_row *row)
{
	enum list_use use = list_kind_use(row->kind);
	const char *key = row->key;
	char below[LISTS_NAME_MAX + 2] = "a.";

	switch ((enum list_form)row->form) {
	case LIST_FORM_NAME:
	case LIST_FORM_EXACT:
		return lists_match_name(lists, use, key, row->key_len, row->port);
	case LIST_FORM_BELOW:
		memcpy(below + 2, key, row->key_len);
		return lists_match_name(lists, use, below, row->key_len + 2u, row->port);
	case LIST_FORM_IP4:
		return lists_match_address(lists, use, 4, (const uint8_t *)key, row->port);
	case LIST_FORM_IP6:
		return lists_match_address(lists, use, 6, (const uint8_t *)key, row->port);
	case LIST_FORM_WALLET:
		return lists_match_wallet(lists, use, key, row->key_len);
	case LIST_FORM_JA3:
		return lists_match_ja3(lists, key, row->key_len);
	case LIST_FORM_JA4:
		break;
	}
	return lists_match_ja4(lists, key, row->key_len);
}

static void check_rows(const struct lists *lists)
{
	for (size_t units = 0; units * LIST_ROW_UNIT < lists->rows.len;) {
		const struct list_row *row = list_row_at(lists, units);
		char text[LISTS_SHOWN];
		uint32_t id;

		assert(row->key_len > 0 && row->kind < LIST_KIND_COUNT);
		assert(memchr(lists->tags.at + row->tag, '\0', lists->tags.len - row->tag) != NULL);
		units += list_row_units(row->key_len);
		list_row_text(row, text);
		assert(strlen(text) > 0);
		if (row->form == LIST_FORM_BELOW && row->key_len + 2u > LISTS_NAME_MAX)
			continue; /* nothing can be below it */
		id = match_row(lists, row);
		assert(id != 0 && lists_entry(id) != NULL);
		assert((lists_entry(id)->kind == LIST_ALLOW) == (row->kind == LIST_ALLOW));
	}
}

/* The text of a row is a line that makes the same row. */
static void check_text(const struct lists *lists)
{
	char line[LISTS_SHOWN + 32];
	char text[LISTS_SHOWN];
	char error[LISTS_ERROR_TEXT];

	for (size_t units = 0; units * LIST_ROW_UNIT < lists->rows.len && units < 64;) {
		const struct list_row *row = list_row_at(lists, units);
		char again[LISTS_SHOWN];
		struct lists *other;

		units += list_row_units(row->key_len);
		list_row_text(row, text);
		(void)snprintf(line, sizeof(line), "%s %s",
			       list_kind_text((enum list_kind)row->kind), text);
		assert(lists_load_text(&other, "again", line, strlen(line), error) == 0);
		assert(other->count == 1 && list_row_at(other, 0)->form == row->form);
		list_row_text(list_row_at(other, 0), again);
		assert(strcmp(text, again) == 0);
		lists_free(other);
	}
}

static void match_bytes(const struct lists *lists, const uint8_t *bytes, size_t len)
{
	(void)lists_match_name(lists, LIST_WATCHED, (const char *)bytes, len, 0);
	(void)lists_match_name(lists, LIST_ALLOWED, (const char *)bytes, len % 254, 3333);
	(void)lists_match_wallet(lists, LIST_WATCHED, (const char *)bytes, len);
	(void)lists_match_ja3(lists, (const char *)bytes, len);
	(void)lists_match_ja4(lists, (const char *)bytes, len);
	if (len >= 16)
		(void)lists_match_address(lists, LIST_WATCHED, 6, bytes, 3333);
	if (len >= 4)
		(void)lists_match_address(lists, LIST_ALLOWED, 4, bytes, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char error[LISTS_ERROR_TEXT];
	struct lists *lists;

	if (lists_load_text(&lists, "file", (const char *)bytes, len, error) < 0) {
		assert(lists == NULL);
		assert(strncmp(error, "file:", 5) == 0);
		return 0;
	}
	assert(lists_size(lists) <= lists->count);
	check_rows(lists);
	check_text(lists);
	match_bytes(lists, bytes, len);
	lists_free(lists);
	return 0;
}
