/* Unit tests of lists_board.c and lists_keeper.c: readers that run while the index is replaced, and
 * SIGHUP. Under ThreadSanitizer and AddressSanitizer an index that is freed too early shows. */
#include "tests/unit/lists_rig.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "sensor/lists_keeper.h"
#include "sensor/log.h"

#define READERS  8
#define REPLACED 400
#define WAIT_S   60 /* longer than any machine needs */

static struct lists *version(unsigned number)
{
	char text[128];

	(void)snprintf(text, sizeof(text),
		       "pool board.example.net v%u\npool stable.example.net s\n", number % 4);
	return lists_of(text);
}

static void slots_hold_what_they_read(void **state)
{
	struct lists_board *board = lists_board_new(version(0), 3);
	const struct lists *old;

	(void)state;
	assert_non_null(board);
	old = lists_board_read(board, 0);
	assert_string_equal(named(old, "board.example.net", 0), "v0");
	assert_ptr_equal(lists_board_read(board, 1), old);
	lists_board_replace(board, version(1));
	assert_int_equal(lists_board_reclaim(board), 1);
	assert_string_equal(named(old, "board.example.net", 0), "v0"); /* still there */
	assert_string_equal(named(lists_board_read(board, 0), "board.example.net", 0), "v1");
	assert_int_equal(lists_board_reclaim(board), 1); /* slot 1 has it; slot 2 never read */
	lists_board_replace(board, version(2));
	assert_int_equal(lists_board_reclaim(board), 2);
	lists_board_leave(board, 1);
	assert_int_equal(lists_board_reclaim(board), 1); /* slot 0 has the second one */
	lists_board_leave(board, 0);
	assert_int_equal(lists_board_reclaim(board), 0);
	assert_string_equal(named(lists_board_read(board, 1), "board.example.net", 0), "v2");
	lists_board_replace(board, NULL);
	assert_null(lists_board_read(board, 1));
	assert_int_equal(lists_board_reclaim(board), 0);
	lists_board_replace(board, version(3));
	lists_board_free(board);
}

static void a_board_without_lists(void **state)
{
	struct lists_board *board = lists_board_new(NULL, LISTS_READERS);

	(void)state;
	assert_non_null(board);
	assert_null(lists_board_read(board, LISTS_READERS - 1));
	lists_board_replace(board, version(1));
	assert_int_equal(lists_board_reclaim(board), 0);
	assert_non_null(lists_board_read(board, LISTS_READERS - 1));
	lists_board_free(board);
}

struct reading {
	struct lists_board *board;
	size_t slot;
	_Atomic bool *stop;
	_Atomic unsigned *ready;
	uint64_t wrong;
	uint64_t reads;
};

/* Every index that is read holds both names; the stable one has one id in all of them. */
static void *read_on(void *arg)
{
	struct reading *self = arg;
	uint32_t stable = 0;

	while (!atomic_load_explicit(self->stop, memory_order_relaxed)) {
		const struct lists *lists = lists_board_read(self->board, self->slot);
		uint32_t id = lists_match_name(lists, LIST_WATCHED, "board.example.net", 17, 0);
		uint32_t same = lists_match_name(lists, LIST_WATCHED, "stable.example.net", 18, 0);

		if (id == 0 || lists_entry(id)->tag[0] != 'v' || same == 0 ||
		    (stable != 0 && same != stable))
			self->wrong++;
		stable = same;
		if (self->reads++ == 0)
			atomic_fetch_add(self->ready, 1);
		/* Half of them come and go. */
		if (self->slot % 2 == 1)
			lists_board_leave(self->board, self->slot);
	}
	lists_board_leave(self->board, self->slot);
	return NULL;
}

static void readers_never_meet_a_freed_index(void **state)
{
	struct lists_board *board = lists_board_new(version(0), READERS);
	struct reading readings[READERS];
	pthread_t threads[READERS];
	_Atomic bool stop = false;
	_Atomic unsigned ready = 0;

	(void)state;
	assert_non_null(board);
	for (size_t i = 0; i < READERS; i++) {
		readings[i] = (struct reading){ board, i, &stop, &ready, 0, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readings[i]), 0);
	}
	while (atomic_load(&ready) < READERS)
		(void)sched_yield();
	for (unsigned i = 1; i <= REPLACED; i++)
		lists_board_replace(board, version(i));
	atomic_store(&stop, true);
	for (size_t i = 0; i < READERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(readings[i].wrong, 0);
	}
	assert_int_equal(lists_board_reclaim(board), 0);
	lists_board_free(board);
}

/* --- SIGHUP --------------------------------------------------------------------------------- */

static char path[] = "/tmp/minecanary-keeper-XXXXXX";
static char *items[] = { path };

static void block_hangup(void)
{
	sigset_t hangup;

	(void)sigemptyset(&hangup);
	(void)sigaddset(&hangup, SIGHUP);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &hangup, NULL), 0);
}

/* Sends SIGHUP and reads as a worker does until the name has this tag. */
static bool becomes(struct lists_board *board, const char *tag)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	time_t end = time(NULL) + WAIT_S;

	assert_int_equal(kill(getpid(), SIGHUP), 0);
	while (time(NULL) < end) {
		if (strcmp(named(lists_board_read(board, 0), "keeper.example.net", 0), tag) == 0)
			return true;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

/* Standard error of what runs between begin and end. */
static int saved_error;
static FILE *caught;

static void catch_begin(void)
{
	caught = tmpfile();
	assert_non_null(caught);
	saved_error = dup(STDERR_FILENO);
	assert_true(saved_error >= 0 && dup2(fileno(caught), STDERR_FILENO) >= 0);
}

static bool has_caught(const char *words)
{
	char text[4096] = "";
	ssize_t got = pread(fileno(caught), text, sizeof(text) - 1, 0);

	return got > 0 && strstr(text, words) != NULL;
}

static bool waits_for(const char *words)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	time_t end = time(NULL) + WAIT_S;

	while (!has_caught(words) && time(NULL) < end)
		(void)nanosleep(&pause, NULL);
	return has_caught(words);
}

static void catch_end(void)
{
	(void)dup2(saved_error, STDERR_FILENO);
	(void)close(saved_error);
	(void)fclose(caught);
}

static void hangup_loads_again(void **state)
{
	struct config config = { .lists = { items, 1 }, .default_lists = true };
	char error[LISTS_ERROR_TEXT];
	char words[256];
	struct lists_keeper *keeper;
	struct lists_board *board;

	(void)state;
	close(mkstemp(path));
	block_hangup();
	write_list(path, "pool keeper.example.net first\n");
	catch_begin();
	assert_int_equal(lists_keeper_new(&keeper, &config, 2, error), 0);
	board = lists_keeper_board(keeper);
	assert_string_equal(named(lists_board_read(board, 0), "keeper.example.net", 0), "first");
	assert_string_equal(named(lists_board_read(board, 0), "a.nanopool.org", 0), "");
	assert_int_equal(lists_keeper_start(keeper), 0);
	assert_true(has_caught("lists: 1 file and the default list, "));

	write_list(path, "pool keeper.example.net second\n");
	assert_true(becomes(board, "second"));

	/* A bad line: it is named, and the old lists stay. */
	write_list(path, "pool keeper.example.net third\n\npool com\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	(void)snprintf(words, sizeof(words), "%s:3: \"com\" is a single label", path);
	assert_true(waits_for(words));
	assert_true(waits_for(": the old lists stay"));
	assert_string_equal(named(lists_board_read(board, 0), "keeper.example.net", 0), "second");

	/* A file that is gone. */
	unlink(path);
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	(void)snprintf(words, sizeof(words), "%s: No such file or directory: the old lists stay",
		       path);
	assert_true(waits_for(words));
	assert_string_equal(named(lists_board_read(board, 0), "keeper.example.net", 0), "second");

	write_list(path, "pool keeper.example.net fourth\n");
	assert_true(becomes(board, "fourth"));
	catch_end();
	lists_board_leave(board, 0);
	lists_keeper_free(keeper);
	unlink(path);
}

static void bad_lists_at_the_start(void **state)
{
	char missing[] = "/nonexistent/a.list";
	char *both[] = { missing };
	struct config config = { .endpoints = { both, 1 } };
	struct lists_keeper *keeper;
	char error[LISTS_ERROR_TEXT];

	(void)state;
	assert_int_equal(lists_keeper_new(&keeper, &config, 1, error), -ENOENT);
	assert_string_equal(error, "/nonexistent/a.list: No such file or directory");
	assert_null(keeper);
	config = (struct config){ 0 };
	assert_int_equal(lists_keeper_new(&keeper, &config, 1, error), 0);
	assert_int_equal(lists_size(lists_board_read(lists_keeper_board(keeper), 0)), 0);
	lists_keeper_free(keeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_hold_what_they_read),
		cmocka_unit_test(a_board_without_lists),
		cmocka_unit_test(readers_never_meet_a_freed_index),
		cmocka_unit_test(hangup_loads_again),
		cmocka_unit_test(bad_lists_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
