/* test_http_host.c: whom a request is for, of every prefix of it, and of what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "protocols/http_host.h"
#include "tests/unit/guard.h"

static struct guard guard;
static struct slice host;

static enum http_host read_text(const char *text)
{
	return http_host_read(guard_str(&guard, text), &host);
}

static void assert_host(const char *text, const char *expected)
{
	assert_int_equal(read_text(text), HTTP_HOST_FOUND);
	assert_int_equal(host.len, strlen(expected));
	assert_memory_equal(host.ptr, expected, host.len);
}

static void assert_none(const char *text)
{
	assert_int_equal(read_text(text), HTTP_HOST_NONE);
	assert_int_equal(host.len, 0);
}

static void test_host_field(void **state)
{
	(void)state;
	assert_host("GET / HTTP/1.1\r\nHost: pool.example.net\r\n\r\n", "pool.example.net");
	assert_host("POST /x HTTP/1.1\r\nA: b\r\nhOsT:\tPool.Example.Net:8080 \r\n\r\n",
		    "Pool.Example.Net");
	assert_host("PUT / HTTP/1.1\nHost:pool.example.net\n", "pool.example.net");
	assert_host("HEAD / HTTP/1.1\r\nHost: [2001:db8::7]:80\r\n\r\n", "2001:db8::7");
	assert_host("PATCH / HTTP/1.1\r\nHost: [2001:db8::7\r\n\r\n", "2001:db8::7");
	assert_host("DELETE / HTTP/1.1\r\nHost: 198.51.100.7\r\n\r\n", "198.51.100.7");
	/* The first one counts, and no longer word that begins like it. */
	assert_host("GET / HTTP/1.1\r\nHosts: a\r\nX-Host: b\r\nHost: c\r\nHost: d\r\n\r\n", "c");
}

static void test_absolute_target(void **state)
{
	(void)state;
	assert_host("GET http://pool.example.net/ HTTP/1.1\r\nHost: front.example.org\r\n\r\n",
		    "pool.example.net");
	assert_host("GET HTTP://pool.example.net:3333 HTTP/1.1\r\n", "pool.example.net");
	assert_host("GET  http://a@b@pool.example.net?x@y HTTP/1.1\r\n", "pool.example.net");
	assert_host("GET http://pool.example.net#x HTTP/1.1\r\n", "pool.example.net");
	assert_host("OPTIONS http://[2001:db8::7]:80/ HTTP/1.1\r\n", "2001:db8::7");
	assert_none("GET http:/// HTTP/1.1\r\nHost: front.example.org\r\n\r\n");
	assert_none("GET http:// HTTP/1.1\r\n\r\n");
	/* A path that quotes one is a path. */
	assert_host("GET /?u=http://a.example HTTP/1.1\r\nHost: b.example\r\n\r\n", "b.example");
}

static void test_none(void **state)
{
	(void)state;
	assert_none("CONNECT pool.example.net:3333 HTTP/1.1\r\nHost: pool.example.net\r\n\r\n");
	assert_none("GETS / HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_none("get / HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_none("HTTP/1.1 200 OK\r\nHost: a\r\n\r\n");
	assert_none("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	assert_none("{\"id\":1}\n");
	assert_none("\x16\x03\x01");
	assert_none("GET / HTTP/1.1\r\n\r\nHost: body.example.net\r\n");
	assert_none("GET / HTTP/1.0\r\nHost:\r\n\r\n");
	assert_none("GET / HTTP/1.0\r\nHost: :80\r\n\r\n");
	assert_none("GET / HTTP/1.0\r\nHost: a@\r\n\r\n");
	assert_none("GET / HTTP/1.0\r\nHost: []\r\n\r\n");
	assert_int_equal(http_host_read(slice_of(NULL, 0), &host), HTTP_HOST_MORE);
}

/* Whatever the first segment's length: MORE until the field's line is whole. */
static void test_every_prefix(void **state)
{
	static const char *const texts[] = {
		"GET / HTTP/1.1\r\nUser-Agent: x\r\nHost: pool.example.net\r\n\r\nbody",
		"OPTIONS * HTTP/1.1\r\nHost: pool.example.net\r\nHost: x\r\n\r\n",
		"POST http://pool.example.net/a HTTP/1.1\r\nHost: x\r\n\r\n",
		"DELETE / HTTP/1.1\nHost: pool.example.net\n\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *name = strstr(texts[i], "pool");
		size_t need = (size_t)(strchr(name, '\n') + 1 - texts[i]);

		for (size_t len = 0; len <= strlen(texts[i]); len++) {
			struct slice part = guard_put(&guard, texts[i], len);
			enum http_host result = http_host_read(part, &host);

			assert_true(http_host_may_begin(part));
			if (len < need) {
				assert_int_equal(result, HTTP_HOST_MORE);
				continue;
			}
			assert_int_equal(result, HTTP_HOST_FOUND);
			assert_true(host.ptr == part.ptr + (name - texts[i]));
			assert_int_equal(host.len, strlen("pool.example.net"));
		}
	}
}

/* Every byte in place of every other one: what is given lies within the input. */
static void test_damage(void **state)
{
	static const char text[] = "GET http://u@[::1]:8/ HTTP/1\r\nHost: a.b:1\r\n\r\n";
	char damaged[sizeof(text)];
	unsigned found = 0;

	(void)state;
	for (size_t at = 0; at + 1 < sizeof(text); at++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			struct slice part;

			memcpy(damaged, text, sizeof(text));
			damaged[at] = (char)byte;
			part = guard_put(&guard, damaged, sizeof(text) - 1);
			if (http_host_read(part, &host) != HTTP_HOST_FOUND) {
				assert_int_equal(host.len, 0);
				continue;
			}
			found++;
			assert_true(host.len > 0 && host.ptr >= part.ptr &&
				    host.ptr + host.len <= part.ptr + part.len);
		}
	}
	assert_true(found > 1000);
}

static int tear_down(void **state)
{
	(void)state;
	guard_free(&guard);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_field), cmocka_unit_test(test_absolute_target),
		cmocka_unit_test(test_none),       cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
