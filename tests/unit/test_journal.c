/* test_journal.c: the journal keeps what it was given, over segments and ends, when the disk is
 * full and when the process is killed. */
#include "tests/unit/journal_rig.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "sensor/crc32c.h"

static void crc_is_castagnoli(void **state)
{
	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283u);
	assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283u);
	assert_int_equal(crc32c(0, "", 0), 0);
}

static void names_are_read_back_and_others_are_not(void **state)
{
	static const char *const others[] = {
		"lock",
		"",
		"0000000000000001-0000000000000002.journa",
		"0000000000000001-0000000000000002.journal2",
		"000000000000000g-0000000000000002.journal",
		"000000000000000A-0000000000000002.journal",
		"+000000000000001-0000000000000002.journal",
		"0000000000000001_0000000000000002.journal",
		" 00000000000000a-0000000000000002.journal",
	};
	struct journal_name name = { .first = UINT64_MAX, .salt = 0x0123456789abcdefu };
	struct journal_name back;
	char text[JOURNAL_NAME_BYTES];

	(void)state;
	journal_name_write(&name, text);
	assert_string_equal(text, "ffffffffffffffff-0123456789abcdef.journal");
	assert_true(journal_name_read(text, &back));
	assert_true(back.first == name.first && back.salt == name.salt);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(journal_name_read(others[i], &back));
}

static void records_come_back_in_order(void **state)
{
	uint64_t sequence = 0;

	(void)state;
	open_journal();
	assert_int_equal(found.records, 0);
	assert_end(0);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(append(i), i + 1);
	assert_int_equal(journal_sync(journal), 0);
	assert_int_equal(journal_pending(journal), 100);
	assert_int_equal(journal_next(journal), 101);
	close_journal();
	open_journal();
	assert_int_equal(found.records, 100);
	assert_int_equal(found.damaged, 0);
	for (uint64_t i = 0; i < 100; i++) {
		assert_read(&sequence, i);
		assert_int_equal(sequence++, i + 1);
	}
	assert_end(sequence);
	assert_int_equal(append(7), 101);
	assert_read(&sequence, 7);
}

static void retired_records_are_gone_in_any_order(void **state)
{
	static const uint64_t order[] = { 5, 2, 9, 3, 7 };
	static const uint64_t left[] = { 1, 4, 6, 8, 10 };
	uint64_t sequence = 0;

	(void)state;
	open_journal();
	for (uint64_t i = 1; i <= 10; i++)
		append(i);
	for (size_t i = 0; i < 5; i++) {
		journal_retire(journal, order[i]);
		journal_retire(journal, order[i]); /* again: nothing happens */
	}
	journal_retire(journal, 0);
	journal_retire(journal, 11);
	journal_retire(journal, UINT64_MAX);
	assert_int_equal(journal_pending(journal), 5);
	for (int turn = 0; turn < 2; turn++) {
		sequence = 0;
		for (size_t i = 0; i < 5; i++) {
			assert_read(&sequence, left[i]);
			assert_int_equal(sequence++, left[i]);
		}
		assert_end(sequence);
		close_journal();
		open_journal();
		assert_int_equal(found.records, 5);
	}
}

static void what_is_retired_wholly_leaves_no_segment(void **state)
{
	(void)state;
	open_journal();
	for (uint64_t i = 1; i <= 10; i++)
		append(i);
	assert_int_equal(count_segments(NULL), 1);
	for (uint64_t i = 10; i >= 1; i--)
		journal_retire(journal, i);
	close_journal();
	assert_int_equal(count_segments(NULL), 0);
	open_journal();
	assert_int_equal(found.records, 0);
	assert_int_equal(journal_bytes(journal), 0);
}

static void segments_follow_one_another_and_the_oldest_go(void **state)
{
	uint64_t sequence = 0;

	(void)state;
	segment_bytes = 512;
	open_journal();
	for (uint64_t i = 1; i <= 200; i++)
		append(i);
	assert_true(count_segments(NULL) > 15);
	/* A record in the first one keeps all that tell of retired ones. */
	for (uint64_t i = 2; i <= 200; i++)
		journal_retire(journal, i);
	assert_int_equal(journal_sync(journal), 0);
	assert_true(count_segments(NULL) > 15);
	assert_read(&sequence, 1);
	close_journal();
	open_journal();
	assert_int_equal(found.records, 1);
	sequence = 0;
	assert_read(&sequence, 1);
	append(77);
	journal_retire(journal, 1);
	assert_int_equal(count_segments(NULL), 1);
	sequence = 0;
	assert_read(&sequence, 77);
}

static void the_cap_refuses_and_room_lets_in_again(void **state)
{
	uint8_t body[1000] = { 0 };
	uint64_t sequence;
	uint64_t count = 0;
	int result;

	(void)state;
	segment_bytes = 4096;
	max_bytes = 16384;
	open_journal();
	while ((result = journal_append(journal, body, sizeof(body), &sequence)) == 0)
		count++;
	assert_int_equal(result, -EDQUOT);
	assert_true(count >= 12 && journal_bytes(journal) <= max_bytes);
	assert_int_equal(journal_pending(journal), count);
	assert_int_equal(journal_append(journal, body, sizeof(body), &sequence), -EDQUOT);
	for (uint64_t i = 1; i <= 8; i++)
		journal_retire(journal, i);
	assert_int_equal(journal_append(journal, body, sizeof(body), &sequence), 0);
	assert_int_equal(sequence, count + 1);
}

static void the_largest_record_fits_and_a_larger_does_not(void **state)
{
	uint8_t *body = calloc(1, JOURNAL_BODY_MAX + 1);
	uint8_t *back = malloc(JOURNAL_BODY_MAX);
	uint64_t sequence = 0;
	size_t len;

	(void)state;
	assert_true(body != NULL && back != NULL);
	for (size_t i = 0; i < JOURNAL_BODY_MAX; i++)
		body[i] = (uint8_t)(i * 13 >> 3);
	open_journal();
	assert_int_equal(journal_append(journal, body, JOURNAL_BODY_MAX + 1, &sequence), -EMSGSIZE);
	assert_int_equal(journal_pending(journal), 0);
	assert_int_equal(journal_append(journal, body, JOURNAL_BODY_MAX, &sequence), 0);
	append(3);
	close_journal();
	open_journal();
	sequence = 0;
	assert_int_equal(journal_read(journal, &sequence, back, 100, &len), -EMSGSIZE);
	assert_int_equal(sequence, 1);
	assert_int_equal(journal_read(journal, &sequence, back, JOURNAL_BODY_MAX, &len), 0);
	assert_int_equal(len, JOURNAL_BODY_MAX);
	assert_memory_equal(back, body, len);
	sequence = 2;
	assert_read(&sequence, 3);
	free(body);
	free(back);
}

static void a_second_process_is_refused(void **state)
{
	char error[JOURNAL_ERROR_TEXT];
	struct journal *first;

	(void)state;
	open_journal();
	first = journal;
	assert_int_equal(try_open(error), -EBUSY);
	assert_string_equal(error, "in use by another process");
	journal = first;
	close_journal();
	open_journal();
}

/* --- a full disk and kills ------------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_refuses_whole_records(void **state)
{
	uint8_t body[3000] = { 1 };
	uint64_t sequence = 0;
	uint64_t count = 0;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	open_journal();
	append(1);
	for (rlim_t room = 40; room < 3100; room += 97) {
		limit_files(room); /* for each file: also a new segment has no room */
		assert_true(journal_append(journal, body, sizeof(body), &sequence) < 0);
		assert_int_equal(journal_sync(journal), 0);
	}
	limit_files(RLIM_INFINITY);
	assert_int_equal(count_segments(NULL), 1); /* those that stayed empty are gone */
	assert_int_equal(journal_pending(journal), 1);
	sequence = append(2);
	assert_int_equal(sequence, 2);
	/* Some room: a part of a record is cut off again. */
	limit_files(9100);
	while (count < 20 && journal_append(journal, body, sizeof(body), &sequence) == 0)
		count++;
	limit_files(RLIM_INFINITY);
	assert_true(count >= 2);
	append(4);
	close_journal();
	open_journal();
	assert_int_equal(found.records, 3 + count);
	assert_int_equal(found.damaged, 0);
	sequence = 0;
	assert_read(&sequence, 1);
	sequence++;
	assert_read(&sequence, 2);
	sequence = journal_next(journal) - 1;
	assert_read(&sequence, 4);
}

static void retired_ones_that_cannot_be_told_come_back(void **state)
{
	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	open_journal();
	for (uint64_t i = 1; i <= 5000; i++)
		append(i);
	limit_files(16);
	for (uint64_t i = 2; i <= 5000; i++)
		journal_retire(journal, i);
	assert_int_equal(journal_sync(journal), 0);
	assert_int_equal(journal_pending(journal), 1);
	limit_files(RLIM_INFINITY);
	close_journal();
	open_journal();
	/* No record is missing that was not retired; the newest retired ones are known. */
	assert_true(found.records >= 1 && found.records <= 5000 - 2048);
	assert_int_equal(found.damaged, 0);
}

static void write_until_killed(int told)
{
	for (uint64_t i = 1;; i++) {
		uint64_t sequence = append(i);

		if (i % 3 == 0 && journal_sync(journal) != 0)
			_exit(1);
		if (i % 5 == 0)
			journal_retire(journal, sequence);
		if (write(told, &sequence, sizeof(sequence)) != sizeof(sequence))
			_exit(1);
	}
}

static void a_killed_process_loses_nothing_it_was_told(void **state)
{
	(void)state;
	segment_bytes = 4096;
	for (int turn = 0; turn < 10; turn++) {
		uint64_t want = (uint64_t)turn * 37 + 1;
		uint64_t last = 0;
		uint64_t sequence = 0;
		int told[2];
		int status;
		pid_t pid;

		remove_files();
		assert_int_equal(pipe(told), 0);
		pid = fork();
		if (pid == 0) {
			open_journal();
			write_until_killed(told[1]);
		}
		close(told[1]);
		while (last < want)
			assert_int_equal(read(told[0], &last, sizeof(last)), sizeof(last));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		while (read(told[0], &sequence, sizeof(sequence)) == sizeof(sequence))
			last = sequence;
		close(told[0]);
		open_journal();
		assert_int_equal(found.damaged, 0);
		sequence = 1;
		for (uint64_t i = 1; i <= last; i++) {
			if (i % 5 == 0)
				continue; /* retired: gone, or back */
			sequence = i;
			assert_read(&sequence, i);
			assert_int_equal(sequence, i);
		}
		close_journal();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_castagnoli),
		cmocka_unit_test(names_are_read_back_and_others_are_not),
		cmocka_unit_test_setup_teardown(records_come_back_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(retired_records_are_gone_in_any_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_retired_wholly_leaves_no_segment, setup,
						teardown),
		cmocka_unit_test_setup_teardown(segments_follow_one_another_and_the_oldest_go,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_cap_refuses_and_room_lets_in_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_largest_record_fits_and_a_larger_does_not,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_second_process_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_refuses_whole_records, setup, teardown),
		cmocka_unit_test_setup_teardown(retired_ones_that_cannot_be_told_come_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_killed_process_loses_nothing_it_was_told, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
