/* test_redis_names.c: nobody waits for the resolver, and a name that it forgets still leads to
 * Redis. The resolver is the test's own: it answers when it is let to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/redis_route.h"

#define WAIT_MS 20000 /* how long nothing may happen: the machine may be busy */
#define NAME    "redis.example.net"

static sem_t let; /* one answer of the resolver each */
static atomic_int resolver_result;
static atomic_int asked;
static atomic_int let_go; /* of those: they got their answer of the semaphore */
static pthread_t main_thread;
static int listener = -1;
static struct redis_url url;
static struct redis_route *route;

/* Numbers at once, the name when it is let to, and never in the main thread. */
int getaddrinfo(const char *restrict node, const char *restrict service,
		const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
	struct sockaddr_in *addr;

	if ((hints->ai_flags & AI_NUMERICHOST) != 0)
		return EAI_NONAME;
	assert_false(pthread_equal(pthread_self(), main_thread));
	atomic_fetch_add(&asked, 1);
	while (sem_wait(&let) != 0)
		;
	atomic_fetch_add(&let_go, 1);
	if (atomic_load(&resolver_result) != 0 || strcmp(node, NAME) != 0)
		return EAI_AGAIN;
	*out = calloc(1, sizeof(**out));
	addr = calloc(1, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_port = htons((uint16_t)strtoul(service, NULL, 10));
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(*out)->ai_addr = (struct sockaddr *)addr;
	(*out)->ai_addrlen = sizeof(*addr);
	return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
	free(list->ai_addr);
	free(list);
}

static int setup(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(addr);
	char text[64];
	char error[REDIS_URL_ERROR_TEXT];

	(void)state;
	main_thread = pthread_self();
	sem_init(&let, 0, 0);
	atomic_store(&resolver_result, 0);
	atomic_store(&asked, 0);
	atomic_store(&let_go, 0);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	snprintf(text, sizeof(text), "redis://" NAME ":%u", ntohs(addr.sin_port));
	assert_int_equal(redis_url_parse(text, &url, error), 0);
	route = redis_route_new(&url, NULL);
	assert_non_null(route);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	redis_route_free(route);
	/* A lookup that was given up must not take the next test's answer. */
	while (atomic_load(&let_go) < atomic_load(&asked))
		sched_yield();
	close(listener);
	return 0;
}

static int finish(void)
{
	struct pollfd want;
	int result = redis_route_poll(route, 0, &want);

	while (result == -EAGAIN) {
		if (poll(&want, 1, WAIT_MS) != 1)
			fail_msg("nothing happens: %s", redis_route_pending(route));
		result = redis_route_poll(route, 0, &want);
	}
	return result;
}

static void a_slow_resolver_holds_up_nobody(void **state)
{
	struct pollfd want;

	(void)state;
	redis_route_begin(route, 0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(redis_route_poll(route, 0, &want), -EAGAIN);
		assert_true(want.fd >= 0);
		assert_int_equal(want.events, POLLIN);
	}
	assert_string_equal(redis_route_pending(route), "the name is not resolved");
	sem_post(&let);
	assert_int_equal(finish(), 0);
	assert_int_equal(atomic_load(&asked), 1);
}

/* The lookup goes on alone: it must neither write to what is gone nor answer the next one. */
static void a_lookup_that_is_given_up_ends_by_itself(void **state)
{
	struct pollfd want;

	(void)state;
	redis_route_begin(route, 0);
	assert_int_equal(redis_route_poll(route, 0, &want), -EAGAIN);
	redis_route_begin(route, 0);
	while (atomic_load(&asked) < 2)
		assert_int_equal(redis_route_poll(route, 0, &want), -EAGAIN);
	sem_post(&let);
	sem_post(&let);
	assert_int_equal(finish(), 0);
}

static void a_name_is_resolved_for_each_connection(void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++) {
		sem_post(&let);
		redis_route_begin(route, 0);
		assert_int_equal(finish(), 0);
		assert_int_equal(atomic_load(&asked), i);
	}
}

static void a_forgotten_name_leads_where_it_led(void **state)
{
	(void)state;
	atomic_store(&resolver_result, 1);
	sem_post(&let);
	redis_route_begin(route, 0);
	assert_int_equal(finish(), -EHOSTUNREACH);
	assert_string_equal(redis_route_error(route),
			    "cannot resolve " NAME ": Temporary failure in name resolution");
	atomic_store(&resolver_result, 0);
	sem_post(&let);
	redis_route_begin(route, 0);
	assert_int_equal(finish(), 0);
	atomic_store(&resolver_result, 1);
	sem_post(&let);
	redis_route_begin(route, 0);
	assert_int_equal(finish(), 0);
	assert_int_equal(atomic_load(&asked), 3);
}

#define ROUTE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTE(a_slow_resolver_holds_up_nobody),
		ROUTE(a_lookup_that_is_given_up_ends_by_itself),
		ROUTE(a_name_is_resolved_for_each_connection),
		ROUTE(a_forgotten_name_leads_where_it_led),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
