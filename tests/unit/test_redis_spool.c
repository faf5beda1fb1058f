/* test_redis_spool.c: the Redis sink with a state directory, against a real server: what is not
 * acknowledged outlives the sink, and is in Redis once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sensor/correlator.h"
#include "sensor/log.h"
#include "tests/unit/redis_sink_rig.h"

static char dir[64];

static uint64_t synced; /* events that were written when the journal was synced last */
static int sync_error;  /* what the next syncs fail with */
static unsigned syncs;

/* The journal's, instead of the C library's. */
int fdatasync(int fd)
{
	syncs++;
	if (sync_error != 0) {
		errno = sync_error;
		return -1;
	}
	synced = stats.journalled;
	return (int)syscall(SYS_fdatasync, fd);
}

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/test_redis_spool.XXXXXX");
	if (mkdtemp(dir) == NULL || rig_setup(state) != 0)
		return -1;
	synced = 0;
	sync_error = 0;
	syncs = 0;
	config.state_dir = dir;
	config.journal_size = 1 << 20;
	return 0;
}

static void remove_files(const char *path)
{
	DIR *stream = opendir(path);
	const struct dirent *entry;

	if (stream == NULL)
		return;
	while ((entry = readdir(stream)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(stream), entry->d_name, 0);
	closedir(stream);
	rmdir(path);
}

static int teardown(void **state)
{
	char path[80];

	(void)rig_teardown(state);
	snprintf(path, sizeof(path), "%s/s1", dir);
	remove_files(path);
	return rmdir(dir);
}

static void use_server(bool is_there)
{
	snprintf(url, sizeof(url), "unix://%s%s", server.socket, is_there ? "" : ".none");
}

static int try_alert(unsigned number)
{
	struct decision_alert alert = test_alert((uint8_t)number, SID_SESSION, number);

	return try_write(&alert.decision);
}

static void write_alerts(unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++)
		assert_int_equal(try_alert(i), 0);
}

/* Until nothing is held, or for so long. */
static int poll_for(uint64_t ms)
{
	uint64_t until_ms = ring_now_ms() + ms;
	struct pollfd want;
	int result;

	do {
		result = sink_redis.poll(sink, ring_now_ms(), &want);
		if (result == -EAGAIN)
			pause_ms(2);
	} while (result == -EAGAIN && ring_now_ms() < until_ms);
	return result;
}

/* The alert stream has these revisions, in this order. */
static void assert_alerts(unsigned first, unsigned last, size_t skip)
{
	redisReply *reply = redis_run("XRANGE p:{s1}:alert - +");

	assert_int_equal(reply->elements, last - first + 1 + skip);
	for (size_t i = skip; i < reply->elements; i++) {
		const redisReply *fields = reply->element[i]->element[1];
		char want[16];

		snprintf(want, sizeof(want), "%u", (unsigned)(first + i - skip));
		assert_string_equal(fields->element[4]->str, "rev");
		assert_string_equal(fields->element[5]->str, want);
	}
}

static void what_is_acknowledged_leaves_nothing(void **state)
{
	char path[80];
	struct stat info;

	(void)state;
	open_sink();
	write_alerts(1, 20);
	assert_int_equal(stats.journalled, 20);
	assert_int_equal(poll_for(5000), 0);
	assert_int_equal(stats.journal_retired, 20);
	assert_int_equal(close_within(1000), 0);
	assert_int_equal(stats.journal_pending, 0);
	assert_int_equal(stats.journal_resent, 0);
	assert_alerts(1, 20, 0);
	snprintf(path, sizeof(path), "%s/s1", dir);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
}

static void without_a_server_it_waits_for_the_next_start(void **state)
{
	struct decision_session begin = test_session(1, SESSION_BEGIN);
	struct decision_session end = test_session(2, SESSION_END);
	struct decision_flow flow = test_flow(3, false);

	(void)state;
	use_server(false);
	open_sink();
	assert_int_equal(try_write(&flow.decision), 0);
	write_alerts(1, 5);
	assert_int_equal(try_write(&begin.decision), 0); /* joins what waits */
	assert_int_equal(try_write(&end.decision), 0);
	assert_int_equal(poll_for(50), -EAGAIN);
	assert_int_equal(stats.journal_pending, 7);
	assert_int_equal(close_within(50), 1); /* the flow record */
	use_server(true);
	open_sink();
	write_alerts(6, 8); /* behind those that wait */
	assert_int_equal(poll_for(5000), 0);
	assert_int_equal(close_within(1000), 0);
	assert_int_equal(stats.journal_resent, 10);
	assert_int_equal(stats.journal_held, 0);
	assert_int_equal(stats.journal_retired, 10);
	assert_alerts(1, 8, 0);
	assert_int_equal(redis_run("XLEN p:{s1}:session")->integer, 2);
	assert_int_equal(redis_run("EXISTS p:alert:0123456789abcd05")->integer, 1);
}

/* The journal's only segment. */
static int open_segment(char name[64])
{
	char path[80];
	DIR *stream;
	const struct dirent *entry;
	int fd = -1;

	snprintf(path, sizeof(path), "%s/s1", dir);
	stream = opendir(path);
	assert_non_null(stream);
	while ((entry = readdir(stream)) != NULL)
		if (strstr(entry->d_name, ".journal") != NULL) {
			assert_int_equal(fd, -1);
			snprintf(name, 64, "%.60s", entry->d_name);
			fd = openat(dirfd(stream), entry->d_name, O_RDWR);
		}
	closedir(stream);
	assert_true(fd >= 0);
	return fd;
}

static void write_segment(const char *name, const char *bytes, size_t len)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/s1/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

/* The process ended before it could note what Redis had acknowledged. */
static void only_what_redis_lacks_is_sent_again(void **state)
{
	static char bytes[1 << 20];
	char name[64];
	char id[64] = "";
	ssize_t len;
	int fd;

	(void)state;
	use_server(false);
	open_sink();
	write_alerts(1, 4);
	assert_int_equal(close_within(0), 0);
	fd = open_segment(name);
	len = read(fd, bytes, sizeof(bytes));
	close(fd);
	assert_true(len > 0);
	use_server(true);
	for (unsigned turn = 0; turn < 3; turn++) {
		memset(&stats, 0, sizeof(stats));
		write_segment(name, bytes, (size_t)len);
		open_sink();
		assert_int_equal(poll_for(5000), 0);
		assert_int_equal(close_within(1000), 0);
		assert_int_equal(stats.journal_held, turn == 0 ? 0 : 4);
		assert_int_equal(stats.journal_resent, 4);
		assert_alerts(1, 4, 0);
	}
	/* One is gone from the middle: it comes back once, at the end, under another id. */
	snprintf(id, sizeof(id), "%s",
		 redis_run("XRANGE p:{s1}:alert - +")->element[1]->element[0]->str);
	redis_run("XDEL p:{s1}:alert %s", id);
	for (unsigned turn = 0; turn < 2; turn++) {
		memset(&stats, 0, sizeof(stats));
		write_segment(name, bytes, (size_t)len);
		open_sink();
		assert_int_equal(poll_for(5000), 0);
		assert_int_equal(close_within(1000), 0);
		assert_int_equal(stats.journal_renamed, turn == 0 ? 1 : 0);
		assert_int_equal(stats.journal_held, turn == 0 ? 3 : 4);
		assert_int_equal(redis_run("XLEN p:{s1}:alert")->integer, 4);
	}
	assert_int_equal(redis_run("HEXISTS p:{s1}:alert:resent %s", id)->integer, 1);
	assert_true(redis_run("TTL p:{s1}:alert:resent")->integer > 600000);
}

static void a_stream_that_has_gone_on_gets_them_in_order(void **state)
{
	(void)state;
	use_server(false);
	open_sink();
	write_alerts(1, 6);
	assert_int_equal(close_within(0), 0);
	use_server(true);
	redis_run("XADD p:{s1}:alert 9999999999999-7 n 1");
	open_sink();
	write_alerts(7, 8);
	assert_int_equal(poll_for(5000), 0);
	write_alerts(9, 10);
	assert_int_equal(poll_for(5000), 0);
	assert_int_equal(close_within(1000), 0);
	assert_int_equal(stats.journal_renamed, 8);
	assert_alerts(1, 10, 1);
}

static unsigned count_revision(unsigned revision)
{
	redisReply *reply = redis_run("XRANGE p:{s1}:alert - +");
	char want[16];
	unsigned count = 0;

	snprintf(want, sizeof(want), "%u", revision);
	for (size_t i = 0; i < reply->elements; i++)
		count += strcmp(reply->element[i]->element[1]->element[5]->str, want) == 0;
	return count;
}

static void refused_for_now_and_killed_it_is_there_once(void **state)
{
	pid_t pid;

	(void)state;
	redis_run("CONFIG SET maxmemory 0");
	pid = fork();
	if (pid == 0) {
		sink_redis.open(&sink, &options, (char[SINK_ERROR_TEXT]){ 0 });
		redis_run("CONFIG SET maxmemory 1");
		for (unsigned i = 1; i <= 30; i++)
			(void)try_alert(i);
		(void)poll_for(400);
		redis_run("CONFIG SET maxmemory 0");
		(void)poll_for(300);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	redis_run("CONFIG SET maxmemory 0");
	redis_run("DEL p:{s1}:owner");
	open_sink();
	assert_int_equal(poll_for(10000), 0);
	assert_int_equal(close_within(1000), 0);
	assert_int_equal(redis_run("XLEN p:{s1}:alert")->integer, 30);
	for (unsigned i = 1; i <= 30; i++)
		assert_int_equal(count_revision(i), 1);
}

static void a_full_journal_refuses_and_counts(void **state)
{
	unsigned taken = 0;
	unsigned waiting;

	(void)state;
	open_sink();
	redis_run("CLIENT PAUSE 3000 ALL");
	while (stats.journal_refused == 0 && taken < 1000)
		assert_int_equal(try_alert(++taken % 200 + 1), 0);
	assert_true(taken > 20 && taken < 1000);
	assert_int_equal(stats.journalled, taken - 1);
	waiting = (unsigned)stats.journalled;
	redis_run("CLIENT UNPAUSE");
	assert_int_equal(poll_for(10000), 0); /* what it refused went on without it */
	assert_int_equal(stats.journal_retired, waiting);
	assert_int_equal(try_alert(1), 0);
	assert_int_equal(stats.journalled, waiting + 1);
	assert_int_equal(poll_for(5000), 0);
	assert_int_equal(close_within(1000), 0);
	assert_int_equal(redis_run("XLEN p:{s1}:alert")->integer, taken + 1);
}

/* Not in the journal, and Redis is away: that is lost, and nothing else. */
static void what_the_journal_refused_is_lost_without_a_server(void **state)
{
	struct rlimit limit;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	use_server(false);
	open_sink();
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	write_alerts(1, 3);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(stats.journalled, 0);
	assert_int_equal(stats.journal_refused, 3);
	pause_ms(1100); /* the disk is asked again after a second */
	write_alerts(4, 5);
	assert_int_equal(stats.journalled, 2);
	assert_int_equal(close_within(50), 3);
	use_server(true);
	open_sink();
	assert_int_equal(poll_for(5000), 0);
	assert_int_equal(close_within(1000), 0);
	assert_alerts(4, 5, 0);
}

static void what_is_refused_for_good_does_not_come_back(void **state)
{
	(void)state;
	open_sink();
	redis_run("SET p:{s1}:alert no-stream");
	write_alerts(1, 2);
	assert_int_equal(poll_for(5000), 0);
	assert_int_equal(stats.journal_retired, 2);
	assert_int_equal(close_within(1000), 2);
}

static void a_foreign_record_is_lost_and_counted(void **state)
{
	char name[64];
	uint8_t byte = 0;
	int fd;

	(void)state;
	use_server(false);
	open_sink();
	write_alerts(1, 3);
	assert_int_equal(close_within(0), 0);
	use_server(true);
	open_sink();
	fd = open_segment(name);
	assert_int_equal(pread(fd, &byte, 1, 100), 1); /* in the first record, once it is open */
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 100), 1);
	close(fd);
	assert_int_equal(poll_for(5000), 0);
	assert_int_equal(close_within(1000), 1);
	assert_alerts(2, 3, 0);
}

static uint64_t stored(void)
{
	return (uint64_t)redis_run("XLEN p:{s1}:alert")->integer;
}

static void nothing_is_sent_before_it_is_durable(void **state)
{
	const unsigned count = 60;
	struct pollfd want;

	(void)state;
	open_sink();
	sink_redis.hasten(sink);
	for (unsigned i = 1; i <= count; i++) {
		assert_int_equal(try_alert(i), 0);
		if (i % 7 == 0)
			continue; /* several share a sync */
		sink_redis.poll(sink, ring_now_ms(), &want);
		assert_true(stored() <= synced);
	}
	assert_int_equal(poll_for(5000), 0);
	assert_int_equal(stored(), count);
	assert_int_equal(synced, count);
	assert_true(syncs > 10 && syncs < count);
	assert_int_equal(close_within(1000), 0);
}

/* However many come together: one sync, and none when nothing came. */
static void what_comes_together_is_synced_once(void **state)
{
	struct pollfd want;
	unsigned before;

	(void)state;
	open_sink();
	for (unsigned round = 0; round < 3; round++) {
		write_alerts(1 + 40 * round, 40 + 40 * round);
		before = syncs;
		(void)sink_redis.poll(sink, ring_now_ms(), &want);
		assert_int_equal(syncs - before, 1);
		assert_int_equal(synced, 40 * (round + 1));
		assert_int_equal(stats.journal_syncs, round + 1);
	}
	assert_int_equal(poll_for(5000), 0);
	assert_int_equal(stats.journal_syncs, 3);
	assert_int_equal(close_within(1000), 0);
	assert_alerts(1, 120, 0);
}

static void what_cannot_be_synced_goes_on_and_is_counted(void **state)
{
	(void)state;
	open_sink();
	write_alerts(1, 3);
	sync_error = EIO;
	assert_int_equal(poll_for(5000), 0);
	assert_int_equal(stats.journal_refused, 3);
	assert_int_equal(stats.journal_retired, 3);
	sync_error = 0;
	write_alerts(4, 6);
	assert_int_equal(poll_for(5000), 0);
	assert_int_equal(stats.journal_refused, 3);
	assert_int_equal(close_within(1000), 0);
	assert_alerts(1, 6, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_acknowledged_leaves_nothing),
		TEST(nothing_is_sent_before_it_is_durable),
		TEST(what_comes_together_is_synced_once),
		TEST(what_cannot_be_synced_goes_on_and_is_counted),
		TEST(without_a_server_it_waits_for_the_next_start),
		TEST(only_what_redis_lacks_is_sent_again),
		TEST(a_stream_that_has_gone_on_gets_them_in_order),
		TEST(refused_for_now_and_killed_it_is_there_once),
		TEST(a_full_journal_refuses_and_counts),
		TEST(what_the_journal_refused_is_lost_without_a_server),
		TEST(what_is_refused_for_good_does_not_come_back),
		TEST(a_foreign_record_is_lost_and_counted),
	};

	return cmocka_run_group_tests_name("redis_spool", tests, server_start, server_stop);
}
