/* test_journal_damage.c: what of a journal is kept when a segment is cut, flipped, forged or
 * copied. */
#include "tests/unit/journal_rig.h"

#include "sensor/crc32c.h"

#define RECORDS 14u

static size_t read_file(const char *name, uint8_t *out, size_t size)
{
	int fd = openat(directory, name, O_RDONLY);
	ssize_t len = read(fd, out, size);

	assert_true(fd >= 0 && len >= 0 && (size_t)len < size);
	close(fd);
	return (size_t)len;
}

static void write_file(const char *name, const uint8_t *bytes, size_t len)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

/* One segment: records, and between them one that retires some; where each lies. */
struct laid {
	uint64_t sequence; /* 0: retires 2 and 3 */
	size_t begin;
	size_t end; /* without the zero bytes behind */
};

static struct laid laid[RECORDS + 1];
static uint8_t whole[4096];
static size_t whole_len;
static char segment_name[JOURNAL_NAME_BYTES];

static void lay_segment(void)
{
	uint8_t body[64];
	size_t at = JOURNAL_HEAD_BYTES;
	size_t k = 0;

	open_journal();
	for (uint64_t i = 1; i <= RECORDS; i++) {
		if (i == 9) {
			journal_retire(journal, 2);
			journal_retire(journal, 3);
			assert_int_equal(journal_sync(journal), 0);
			laid[k++] = (struct laid){ 0, at, at + JOURNAL_RECORD_BYTES + 16 };
			at += journal_record_size(16);
		}
		append(i);
		laid[k++] = (struct laid){ i, at, at + JOURNAL_RECORD_BYTES + body_of(i, body) };
		at += journal_record_size(body_of(i, body));
	}
	close_journal();
	assert_int_equal(count_segments(segment_name), 1);
	whole_len = read_file(segment_name, whole, sizeof(whole));
	assert_int_equal(whole_len, at);
}

/* Opens what is in the directory and compares it: is_whole says which of laid can be read. */
static void assert_kept(const bool *is_whole)
{
	uint64_t sequence = 0;
	bool are_retired = true;
	uint64_t last = 0;
	uint64_t count = 0;

	for (size_t k = 0; k <= RECORDS; k++)
		if (laid[k].sequence == 0)
			are_retired = is_whole[k];
	open_journal();
	for (size_t k = 0; k <= RECORDS; k++) {
		uint64_t i = laid[k].sequence;

		if (!is_whole[k] || i == 0 || (are_retired && (i == 2 || i == 3)))
			continue;
		assert_read(&sequence, i);
		assert_int_equal(sequence++, i);
		last = i;
		count++;
	}
	assert_end(sequence);
	assert_int_equal(found.records, count);
	/* It goes on, and what is new is there next time, too. */
	sequence = append(50);
	assert_true(sequence > last);
	close_journal();
	open_journal();
	assert_int_equal(found.records, count + 1);
	assert_read(&sequence, 50);
	close_journal();
}

static void restore_segment(const uint8_t *bytes, size_t len)
{
	remove_files();
	write_file(segment_name, bytes, len);
}

static void power_lost_at_any_byte_keeps_what_was_whole(void **state)
{
	(void)state;
	lay_segment();
	for (size_t len = 0; len <= whole_len; len++) {
		bool is_whole[RECORDS + 1];

		for (size_t k = 0; k <= RECORDS; k++)
			is_whole[k] = laid[k].end <= len;
		restore_segment(whole, len);
		assert_kept(is_whole);
	}
}

/* The disk may have taken the size but not the bytes. */
static void a_tail_of_zeros_is_no_record(void **state)
{
	uint8_t bytes[sizeof(whole)];

	(void)state;
	lay_segment();
	for (size_t len = 0; len < whole_len; len += 3) {
		bool is_whole[RECORDS + 1];
		size_t last = whole_len;

		while (last > 0 && whole[last - 1] == 0)
			last--;
		memcpy(bytes, whole, whole_len);
		memset(bytes + len, 0, whole_len - len);
		for (size_t k = 0; k <= RECORDS; k++)
			is_whole[k] = laid[k].end <= len ||
				      memcmp(bytes + laid[k].begin, whole + laid[k].begin,
					     laid[k].end - laid[k].begin) == 0;
		restore_segment(bytes, whole_len);
		assert_kept(is_whole);
	}
}

static void one_flipped_byte_costs_one_record(void **state)
{
	static const uint8_t flips[] = { 0x01, 0x80, 0xff };
	uint8_t bytes[sizeof(whole)];

	(void)state;
	lay_segment();
	for (size_t at = 0; at < whole_len; at++) {
		bool is_whole[RECORDS + 1];

		memcpy(bytes, whole, whole_len);
		bytes[at] ^= flips[at % sizeof(flips)];
		for (size_t k = 0; k <= RECORDS; k++)
			is_whole[k] = at < laid[k].begin || at >= laid[k].end;
		restore_segment(bytes, whole_len);
		assert_kept(is_whole);
	}
}

static void damage_is_counted(void **state)
{
	uint8_t bytes[sizeof(whole)];

	(void)state;
	lay_segment();
	restore_segment(whole, whole_len - 9);
	open_journal();
	assert_true(found.damaged > 0 && found.damaged <= whole_len - laid[RECORDS].begin);
	close_journal();
	memcpy(bytes, whole, whole_len);
	bytes[laid[4].begin + 20] ^= 4;
	restore_segment(bytes, whole_len);
	open_journal();
	assert_int_equal(found.damaged, laid[5].begin - laid[4].begin);
	close_journal();
	restore_segment(whole, whole_len);
	open_journal();
	assert_int_equal(found.damaged, 0);
}

/* What a stranger wrote looks like a record, and the one around it is damaged. */
static void a_body_cannot_pass_for_a_record(void **state)
{
	struct journal_record forged = {
		.kind = JOURNAL_DATA, .sequence = 2, .body = (const uint8_t *)"forged", .len = 6
	};
	uint8_t body[64] = { 0 };
	uint8_t bytes[512];
	char name[JOURNAL_NAME_BYTES];
	uint64_t sequence = 0;
	size_t len;

	(void)state;
	journal_record_write(&forged, 0, body + 8);
	memcpy(body + 8 + JOURNAL_RECORD_BYTES, "forged", 6);
	open_journal();
	append(1);
	assert_int_equal(journal_append(journal, body, sizeof(body), &sequence), 0);
	append(3);
	close_journal();
	count_segments(name);
	len = read_file(name, bytes, sizeof(bytes));
	bytes[JOURNAL_HEAD_BYTES + journal_record_size(7) + 17] ^= 1;
	write_file(name, bytes, len);
	open_journal();
	assert_int_equal(found.records, 2);
	sequence = 0;
	assert_read(&sequence, 1);
	sequence++;
	assert_read(&sequence, 3);
}

static void a_sequence_out_of_place_is_damage(void **state)
{
	struct journal_name name = { .first = 1, .salt = 99 };
	struct journal_record record = { .kind = JOURNAL_DATA, .sequence = 1 };
	uint8_t bytes[JOURNAL_HEAD_BYTES + 3 * JOURNAL_RECORD_BYTES];
	char text[JOURNAL_NAME_BYTES];

	(void)state;
	journal_name_write(&name, text);
	journal_head_write(&name, bytes);
	journal_record_write(&record, name.salt, bytes + JOURNAL_HEAD_BYTES);
	record.sequence = 3; /* only one lies before it */
	journal_record_write(&record, name.salt, bytes + JOURNAL_HEAD_BYTES + 24);
	record.sequence = 1; /* was there */
	journal_record_write(&record, name.salt, bytes + JOURNAL_HEAD_BYTES + 48);
	write_file(text, bytes, sizeof(bytes));
	open_journal();
	assert_int_equal(found.records, 1);
	assert_int_equal(found.damaged, 48);
	assert_int_equal(journal_next(journal), 2);
}

static void another_version_is_refused(void **state)
{
	struct journal_name name = { .first = 1, .salt = 0 };
	static const uint8_t salt[8];
	uint8_t bytes[JOURNAL_HEAD_BYTES];
	char text[JOURNAL_NAME_BYTES];
	char error[JOURNAL_ERROR_TEXT];
	uint32_t crc;

	(void)state;
	journal_name_write(&name, text);
	journal_head_write(&name, bytes);
	bytes[8] = 2;
	crc = crc32c(crc32c(0, salt, 8), bytes, 28);
	for (unsigned i = 0; i < 4; i++)
		bytes[28 + i] = (uint8_t)(crc >> 8 * i);
	write_file(text, bytes, sizeof(bytes));
	assert_int_equal(try_open(error), -EPROTONOSUPPORT);
	assert_non_null(strstr(error, text));
	assert_non_null(strstr(error, "another version"));
	assert_int_equal(count_segments(NULL), 1);
	journal = NULL;
}

static void copies_of_a_segment_are_refused(void **state)
{
	struct journal_name copy;
	char name[JOURNAL_NAME_BYTES];
	char error[JOURNAL_ERROR_TEXT];

	(void)state;
	lay_segment();
	assert_true(journal_name_read(segment_name, &copy));
	copy.first = 2;
	journal_name_write(&copy, name);
	write_file(name, whole, whole_len);
	assert_int_equal(try_open(error), -EBADMSG);
	assert_non_null(strstr(error, "overlaps"));
	journal = NULL;
}

static void a_record_damaged_while_open_is_told(void **state)
{
	uint64_t sequence = 0;
	uint8_t got[64];
	size_t len;

	(void)state;
	lay_segment();
	open_journal();
	whole[laid[0].begin + 16] ^= 8;
	write_file(segment_name, whole, whole_len);
	assert_int_equal(journal_read(journal, &sequence, got, sizeof(got), &len), -EBADMSG);
	assert_int_equal(sequence, 1);
	journal_retire(journal, sequence);
	assert_read(&sequence, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(power_lost_at_any_byte_keeps_what_was_whole, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_tail_of_zeros_is_no_record, setup, teardown),
		cmocka_unit_test_setup_teardown(one_flipped_byte_costs_one_record, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_body_cannot_pass_for_a_record, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sequence_out_of_place_is_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(another_version_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_of_a_segment_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_record_damaged_while_open_is_told, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("journal damage", tests, NULL, NULL);
}
