/* fuzz_journal.c: a segment of any bytes is scanned without harm: what is found lies inside, rises,
 * and is where its own bytes say; what was counted and what was found are the whole segment. */
#include <assert.h>
#include <errno.h>

#include "sensor/journal_format.h"
#include "sensor/journal_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct seen {
	struct journal_index index;
	const uint8_t *bytes;
	size_t len;
	size_t end; /* of the last record */
	size_t found;
};

static int take(void *ctx, const struct journal_record *record, uint32_t offset)
{
	struct seen *seen = ctx;
	size_t end = offset + journal_record_size(record->len);

	assert(offset >= JOURNAL_HEAD_BYTES && offset >= seen->end && offset % 8 == 0);
	assert(record->body == seen->bytes + offset + JOURNAL_RECORD_BYTES);
	assert(offset + JOURNAL_RECORD_BYTES + record->len <= seen->len);
	seen->end = end;
	seen->found += (end < seen->len ? end : seen->len) - offset;
	if (record->kind == JOURNAL_RETIRED) {
		for (size_t i = 0; i < record->len / 8; i++)
			(void)journal_index_retire(&seen->index, journal_retired_at(record, i));
		return 0;
	}
	assert(record->kind == JOURNAL_DATA && record->sequence >= seen->index.next);
	if (journal_index_reserve(&seen->index, record->sequence) < 0)
		return -ENOMEM;
	journal_index_note(&seen->index, record->sequence, offset);
	return 0;
}

/* What is not retired is found again by its sequence. */
static void check_index(const struct seen *seen, uint64_t salt)
{
	uint64_t sequence = 0;
	uint64_t count = 0;
	uint32_t offset = 0;

	while (journal_index_from(&seen->index, &sequence, &offset) != NULL) {
		struct journal_record record;

		assert(journal_record_read(seen->bytes + offset, seen->len - offset, salt,
					   &record));
		assert(record.kind == JOURNAL_DATA && record.sequence == sequence);
		count++;
		sequence++;
	}
	assert(count == seen->index.pending);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct journal_name name = { .first = 1, .salt = 0x0123456789abcdefu };
	struct seen seen = { .index = { .next = 1 }, .bytes = bytes, .len = len };
	struct journal_scan scan = { .next = 1, .take = take, .ctx = &seen };
	int result;

	if (journal_index_add(&seen.index, &name) < 0)
		return 0;
	result = journal_scan_segment(&scan, &name, bytes, len);
	if (result == 0) {
		bool has_head = journal_head_read(bytes, len, &name) == 0;

		assert(scan.damaged + seen.found + (has_head ? JOURNAL_HEAD_BYTES : 0) == len);
		check_index(&seen, name.salt);
	}
	journal_index_fini(&seen.index);
	return 0;
}
