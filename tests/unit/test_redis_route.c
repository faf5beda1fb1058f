/* test_redis_route.c: the way to a server by address, name and Sentinels that answer, lie, or do
 * not answer. The test is the server; time is what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sensor/redis_route.h"

#define WAIT_MS  5000 /* for what the kernel does at once */
#define SERVERS  4
#define QUESTION "*3\r\n$8\r\nSENTINEL\r\n$23\r\nget-master-addr-by-name\r\n$1\r\nm\r\n"

static struct {
	int fd; /* listens */
	unsigned port;
} servers[SERVERS];
static struct redis_url url;
static struct redis_route *route;
static uint64_t now_ms;

static void listen_at(size_t i)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(addr);

	servers[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(servers[i].fd >= 0);
	assert_int_equal(bind(servers[i].fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(servers[i].fd, 8), 0);
	assert_int_equal(getsockname(servers[i].fd, (struct sockaddr *)&addr, &len), 0);
	servers[i].port = ntohs(addr.sin_port);
}

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < SERVERS; i++)
		listen_at(i);
	now_ms = 1000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	redis_route_free(route);
	route = NULL;
	for (size_t i = 0; i < SERVERS; i++)
		if (servers[i].fd >= 0)
			close(servers[i].fd);
	return 0;
}

static void open_route(const char *text)
{
	char error[REDIS_URL_ERROR_TEXT];

	if (redis_url_parse(text, &url, error) != 0)
		fail_msg("%s: %s", text, error);
	redis_route_free(route);
	route = redis_route_new(&url, NULL);
	assert_non_null(route);
	redis_route_begin(route, now_ms);
}

/* Three Sentinels: servers 0 to 2. */
static void open_sentinels(const char *login)
{
	char text[200];

	snprintf(text, sizeof(text), "redis+sentinel://%s127.0.0.1:%u,127.0.0.1:%u,127.0.0.1:%u/m",
		 login, servers[0].port, servers[1].port, servers[2].port);
	open_route(text);
}

static void assert_leads_to(size_t server)
{
	char want[64];
	char name[300];

	snprintf(want, sizeof(want), "127.0.0.1:%u", servers[server].port);
	redis_route_name(route, name, sizeof(name));
	assert_string_equal(name, want);
}

/* Until the attempt ends. */
static int finish(void)
{
	struct pollfd want;
	int result = redis_route_poll(route, now_ms, &want);

	while (result == -EAGAIN) {
		assert_true(want.fd >= 0);
		if (poll(&want, 1, WAIT_MS) != 1)
			fail_msg("nothing happens: %s", redis_route_pending(route));
		result = redis_route_poll(route, now_ms, &want);
	}
	return result;
}

/* The connection that the route makes to a server. */
static int accept_at(size_t server)
{
	struct pollfd want;
	struct pollfd ready = { .fd = servers[server].fd, .events = POLLIN };

	for (int i = 0; i < WAIT_MS; i++) {
		assert_int_equal(redis_route_poll(route, now_ms, &want), -EAGAIN);
		if (poll(&ready, 1, 1) == 1)
			return accept(servers[server].fd, NULL, NULL);
	}
	fail_msg("nobody connects");
	return -1;
}

static void expect(int fd, const char *question)
{
	char got[512] = "";
	size_t len = 0;
	struct pollfd want;
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	for (int i = 0; i < WAIT_MS && len < strlen(question); i++) {
		assert_int_equal(redis_route_poll(route, now_ms, &want), -EAGAIN);
		if (poll(&ready, 1, 1) == 1) {
			ssize_t n = recv(fd, got + len, sizeof(got) - 1 - len, 0);

			assert_true(n > 0);
			len += (size_t)n;
		}
	}
	assert_string_equal(got, question);
}

static void say(int fd, const char *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static void name_master(int fd, size_t server)
{
	char text[100];

	snprintf(text, sizeof(text), "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n%05u\r\n",
		 servers[server].port);
	say(fd, text, strlen(text));
}

/* A Sentinel's turn: takes the question, answers that server is the master. */
static void sentinel_names(size_t sentinel, size_t server)
{
	int fd = accept_at(sentinel);

	expect(fd, QUESTION);
	name_master(fd, server);
	assert_int_equal(finish(), 0);
	close(fd);
}

static void an_address_is_reached(void **state)
{
	char text[64];

	(void)state;
	snprintf(text, sizeof(text), "redis://127.0.0.1:%u", servers[0].port);
	open_route(text);
	assert_int_equal(finish(), 0);
	assert_leads_to(0);
	assert_int_equal(redis_wire_send(redis_route_wire(route), "hello", 5, false), 5);
	redis_route_close(route);
	assert_int_equal(redis_route_wire(route)->fd, -1);
}

static void a_name_is_looked_up_without_waiting(void **state)
{
	struct pollfd want;
	char text[64];

	(void)state;
	snprintf(text, sizeof(text), "redis://localhost:%u", servers[0].port);
	/* A route that ends while its name is looked up leaves nothing behind. */
	open_route(text);
	(void)redis_route_poll(route, now_ms, &want);
	/* localhost may have two addresses, of which only one is listened at. */
	open_route(text);
	for (int i = 0; i < 4 && finish() != 0; i++)
		redis_route_begin(route, now_ms);
	assert_int_equal(finish(), 0);
}

static void an_unknown_name_is_an_error(void **state)
{
	(void)state;
	open_route("redis://redis.invalid");
	assert_int_equal(finish(), -EHOSTUNREACH);
	assert_memory_equal(redis_route_error(route), "cannot resolve redis.invalid", 28);
}

static void a_closed_port_is_an_error(void **state)
{
	char text[64];

	(void)state;
	snprintf(text, sizeof(text), "redis://127.0.0.1:%u", servers[0].port);
	close(servers[0].fd);
	servers[0].fd = -1;
	open_route(text);
	assert_int_equal(finish(), -EHOSTUNREACH);
	assert_string_equal(redis_route_error(route), "cannot connect: Connection refused");
	open_route("unix:///nonexistent/redis.sock");
	assert_int_equal(finish(), -EHOSTUNREACH);
	assert_string_equal(redis_route_error(route), "cannot connect: No such file or directory");
}

static void a_sentinel_names_the_master(void **state)
{
	(void)state;
	open_sentinels("");
	sentinel_names(0, 3);
	assert_leads_to(3);
}

/* The first is gone and the second silent; the third answers, and is the first to be asked then. */
static void sentinels_are_asked_in_turn(void **state)
{
	int silent;

	(void)state;
	close(servers[0].fd);
	servers[0].fd = -1;
	open_sentinels("");
	silent = accept_at(1);
	expect(silent, QUESTION);
	now_ms += REDIS_SENTINEL_MS;
	sentinel_names(2, 3);
	assert_leads_to(3);
	close(silent);
	redis_route_begin(route, now_ms);
	sentinel_names(2, 1);
	assert_leads_to(1);
}

static void all_sentinels_fail(void **state)
{
	static const char *const answers[] = { "*-1\r\n", "-ERR busy\r\n", "*-1\r\n" };
	char want[100];

	(void)state;
	open_sentinels("");
	for (size_t i = 0; i < 3; i++) {
		int fd = accept_at(i);

		expect(fd, QUESTION);
		say(fd, answers[i], strlen(answers[i]));
		if (i == 2)
			assert_int_equal(finish(), -EHOSTUNREACH);
		close(fd);
	}
	snprintf(want, sizeof(want), "Sentinel 127.0.0.1:%u: it knows no master of that name",
		 servers[2].port);
	assert_string_equal(redis_route_error(route), want);
}

static void a_sentinel_may_want_a_password(void **state)
{
	int fd;

	(void)state;
	open_sentinels("u:secret@");
	fd = accept_at(0);
	expect(fd, QUESTION);
	say(fd, "-NOAUTH Authentication required.\r\n", 34);
	expect(fd, "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$6\r\nsecret\r\n");
	say(fd, "+OK\r\n", 5);
	expect(fd, QUESTION);
	name_master(fd, 3);
	assert_int_equal(finish(), 0);
	assert_leads_to(3);
	close(fd);
}

static void a_sentinel_without_mercy_is_asked_once(void **state)
{
	int fd;

	(void)state;
	open_sentinels(":wrong@");
	fd = accept_at(0);
	expect(fd, QUESTION);
	say(fd, "-NOAUTH Authentication required.\r\n", 34);
	expect(fd, "*2\r\n$4\r\nAUTH\r\n$5\r\nwrong\r\n");
	say(fd, "-WRONGPASS invalid\r\n", 20);
	sentinel_names(1, 3);
	assert_leads_to(3);
	close(fd);
}

#define BYTES(text) \
	{ \
		text, sizeof(text) - 1 \
	}

/* Each makes the next Sentinel be asked. */
static void hostile_answers_are_passed_over(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		BYTES("hello\r\n"),
		BYTES("+OK\r\n"),
		BYTES(":1\r\n"),
		BYTES("*0\r\n"),
		BYTES("*1\r\n$1\r\nh\r\n"),
		BYTES("*2\r\n$0\r\n\r\n$1\r\n1\r\n"),
		BYTES("*2\r\n$3\r\na\0b\r\n$1\r\n1\r\n"),
		BYTES("*2\r\n$1\r\nh\r\n$0\r\n\r\n"),
		BYTES("*2\r\n$1\r\nh\r\n$6\r\n123456\r\n"),
		BYTES("*2\r\n$1\r\nh\r\n$2\r\n-1\r\n"),
		BYTES("*2\r\n$1\r\nh\r\n:6379\r\n"),
		BYTES("*2\r\n*1\r\n$1\r\nh\r\n$1\r\n1\r\n"),
		BYTES("*2\r\n$-1\r\n$-1\r\n"),
		BYTES("*3\r\n$1\r\nh\r\n$1\r\n1\r\n$1\r\n1\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd;

		open_sentinels("");
		fd = accept_at(0);
		expect(fd, QUESTION);
		say(fd, rows[i].bytes, rows[i].len);
		sentinel_names(1, 3);
		assert_leads_to(3);
		close(fd);
		close(accept(servers[3].fd, NULL, NULL));
		redis_route_free(route);
		route = NULL;
	}
}

static void a_host_that_is_too_long_is_passed_over(void **state)
{
	char text[400];
	int fd;

	(void)state;
	open_sentinels("");
	fd = accept_at(0);
	expect(fd, QUESTION);
	snprintf(text, sizeof(text), "*2\r\n$256\r\n%0256d\r\n$4\r\n6379\r\n", 0);
	say(fd, text, strlen(text));
	sentinel_names(1, 3);
	assert_leads_to(3);
	close(fd);
}

#define ROUTE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTE(an_address_is_reached),
		ROUTE(a_name_is_looked_up_without_waiting),
		ROUTE(an_unknown_name_is_an_error),
		ROUTE(a_closed_port_is_an_error),
		ROUTE(a_sentinel_names_the_master),
		ROUTE(sentinels_are_asked_in_turn),
		ROUTE(all_sentinels_fail),
		ROUTE(a_sentinel_may_want_a_password),
		ROUTE(a_sentinel_without_mercy_is_asked_once),
		ROUTE(hostile_answers_are_passed_over),
		ROUTE(a_host_that_is_too_long_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
