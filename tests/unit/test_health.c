/* Where we listen, alerts by signature, numbers as lines and as a page for Prometheus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/listen_address.h"
#include "sensor/metrics_text.h"

static char text[METRICS_TEXT_BYTES];

static struct health test_health(void)
{
	struct health health = { .sensor_id = "s1", .started_s = 1772704815.25, .uptime_s = 7.9 };

	health.sum.packets = 42;
	health.threads = (struct thread_cpu){
		.count = 2, .times = { { "reader", 2345678901 }, { "publisher", 999999 } }
	};
	health.sum.flows_active = 3;
	health.sum.redis_latency_ms = 1234;
	sid_tally_add(&health.alerts, SID_SESSION);
	sid_tally_add(&health.alerts, SID_SESSION);
	sid_tally_add(&health.alerts, SID_NODE);
	return health;
}

/* Everything that grows to its widest. */
static struct health widest_health(void)
{
	struct health health = { .sensor_id = "s1", .uptime_s = 1e9 };

	memset(&health.sum, 0xff, sizeof(health.sum));
	memset(&health.alerts, 0xff, sizeof(health.alerts));
	health.threads.count = THREAD_CPU_MAX;
	for (size_t i = 0; i < THREAD_CPU_MAX; i++) {
		health.threads.times[i].used_ns = UINT64_MAX;
		memset(health.threads.times[i].name, 'w', THREAD_CPU_NAME - 1);
	}
	return health;
}

static void assert_v4(const char *where, const char *host, uint16_t port, bool is_loopback)
{
	struct listen_address address;
	char shown[INET_ADDRSTRLEN];

	assert_int_equal(listen_address_parse(where, &address), 0);
	assert_int_equal(address.socket.any.sa_family, AF_INET);
	assert_int_equal(address.len, sizeof(struct sockaddr_in));
	inet_ntop(AF_INET, &address.socket.v4.sin_addr, shown, sizeof(shown));
	assert_string_equal(shown, host);
	assert_int_equal(ntohs(address.socket.v4.sin_port), port);
	assert_int_equal(listen_address_is_loopback(&address), is_loopback);
}

static void assert_v6(const char *where, const char *host, uint16_t port, bool is_loopback)
{
	struct listen_address address;
	char shown[INET6_ADDRSTRLEN];

	assert_int_equal(listen_address_parse(where, &address), 0);
	assert_int_equal(address.socket.any.sa_family, AF_INET6);
	assert_int_equal(address.len, sizeof(struct sockaddr_in6));
	inet_ntop(AF_INET6, &address.socket.v6.sin6_addr, shown, sizeof(shown));
	assert_string_equal(shown, host);
	assert_int_equal(ntohs(address.socket.v6.sin6_port), port);
	assert_int_equal(listen_address_is_loopback(&address), is_loopback);
}

static void test_addresses_are_numbers(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"0",
		"65536",
		"123456",
		"-1",
		"+80",
		"80 ",
		" 80",
		"localhost:80",
		"127.0.0.1",
		"127.0.0.1:",
		"127.1:80",
		"256.0.0.1:80",
		"::1:80",
		"[::1]",
		"[::1]:",
		"[::1]80",
		"[::1:80",
		"[]:80",
		"[1.2.3.4]:80",
		"1.2.3.4:x",
		"[fe80::1%eth0]:80",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",
	};
	struct listen_address address;

	(void)state;
	assert_v4("9877", "127.0.0.1", 9877, true);
	assert_v4("127.0.0.2:1", "127.0.0.2", 1, true);
	assert_v4("0.0.0.0:65535", "0.0.0.0", 65535, false);
	assert_v4("198.51.100.7:9877", "198.51.100.7", 9877, false);
	assert_v6("[::1]:9877", "::1", 9877, true);
	assert_v6("[::]:80", "::", 80, false);
	assert_v6("[2001:db8::7]:80", "2001:db8::7", 80, false);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (listen_address_parse(bad[i], &address) == 0)
			fail_msg("\"%s\" is taken", bad[i]);
}

static void test_alerts_are_counted_by_signature(void **state)
{
	struct sid_tally tally = { 0 };
	uint64_t sum = 0;

	(void)state;
	sid_tally_add(&tally, SID_LOGIN);
	sid_tally_add(&tally, SID_LOGIN);
	sid_tally_add(&tally, SID_KEY_LEAK);
	sid_tally_add(&tally, 0);
	sid_tally_add(&tally, 1700001);
	for (size_t i = 0; i < SIGNATURES; i++) {
		uint32_t sid = signature_at(i)->sid;
		uint64_t expected = sid == SID_LOGIN ? 2 : sid == SID_KEY_LEAK ? 1 : 0;

		assert_ptr_equal(signature_find(sid), signature_at(i));
		assert_int_equal(sid_tally_value(&tally, i), expected);
		sum += sid_tally_value(&tally, i);
	}
	assert_int_equal(sum, 3);
	assert_int_equal(sid_tally_value(&tally, SIGNATURES), 0);
}

static void test_lines_leave_zeros_out(void **state)
{
	struct health health = test_health();
	size_t len = health_text(&health, text, sizeof(text));

	(void)state;
	assert_string_equal(
		text, "uptime_s 7, packets 42, flows_active 3, redis_latency_ms 1234, "
		      "sid_1600001 2, sid_1600040 1, cpu_reader_ms 2345, cpu_publisher_ms 0\n");
	assert_int_equal(len, strlen(text));
}

static void test_lines_are_short_and_whole(void **state)
{
	struct health health = widest_health();
	size_t len = health_text(&health, text, HEALTH_TEXT);
	const char *at = text;

	(void)state;
	assert_int_equal(len, strlen(text));
	for (const char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		assert_in_range(end - at, 1, HEALTH_COLUMNS);
		assert_true(end[-1] >= '0' && end[-1] <= '9');
	}
	assert_string_equal(at, "");
	for (size_t i = 0; i < STATS_COUNT; i++)
		assert_non_null(strstr(text, stats_name(i)));
}

/* More lines in a second than the log takes would be suppressed. */
static void test_lines_are_few(void **state)
{
	struct health health = { .sensor_id = "s1", .uptime_s = 1e7 };
	uint64_t *values = (uint64_t *)&health.sum;
	size_t lines = 0;

	(void)state;
	for (size_t i = 0; i < STATS_COUNT; i++)
		values[i] = 1000000000;
	for (size_t i = 0; i < SIGNATURES; i++)
		health.alerts.counts[i] = 1000000;
	health.threads.count = 8;
	for (size_t i = 0; i < health.threads.count; i++) {
		health.threads.times[i].used_ns = UINT64_C(1000000000000000);
		(void)snprintf(health.threads.times[i].name, THREAD_CPU_NAME, "worker%zu", i);
	}
	(void)health_text(&health, text, HEALTH_TEXT);
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_in_range(lines, 10, LOG_BURST);
}

static void test_lines_fit_any_room(void **state)
{
	struct health health = widest_health();

	(void)state;
	for (size_t size = 0; size < 700; size++) {
		char *room = malloc(size + 1);
		size_t len;

		assert_non_null(room);
		memset(room, '#', size + 1);
		len = health_text(&health, room, size);
		assert_true(size < 2 ? len == 0 : len < size);
		assert_int_equal(room[size], '#');
		if (size >= 2)
			assert_int_equal(room[len], '\0');
		free(room);
	}
}

static void assert_has(const char *line)
{
	if (strstr(text, line) == NULL)
		fail_msg("no \"%s\" in:\n%s", line, text);
}

static void test_the_page_names_types_and_units(void **state)
{
	struct health health = test_health();
	size_t len = metrics_text(&health, text, sizeof(text));

	(void)state;
	assert_int_equal(len, strlen(text));
	assert_int_equal(text[len - 1], '\n');
	assert_has("# HELP minecanary_packets_total frames read\n"
		   "# TYPE minecanary_packets_total counter\nminecanary_packets_total 42\n");
	assert_has("# TYPE minecanary_flows_active gauge\nminecanary_flows_active 3\n");
	assert_has("# TYPE minecanary_redis_latency_seconds gauge\n"
		   "minecanary_redis_latency_seconds 1.234\n");
	assert_has("minecanary_alerts_published_total{sid=\"1600001\",severity=\"1\"} 2\n");
	assert_has("minecanary_alerts_published_total{sid=\"1600002\",severity=\"2\"} 0\n");
	assert_has("minecanary_alerts_published_total{sid=\"1600040\",severity=\"3\"} 1\n");
	assert_has("minecanary_thread_cpu_seconds_total{thread=\"reader\"} 2.345\n");
	assert_has("sensor=\"s1\"} 1\n");
	assert_has("minecanary_start_time_seconds 1772704815.250\n");
	assert_null(strstr(text, "_ms"));
}

static void test_the_page_escapes_labels(void **state)
{
	struct health health = test_health();

	(void)state;
	health.sensor_id = "a\"b\\c\nd";
	assert_true(metrics_text(&health, text, sizeof(text)) > 0);
	assert_has("sensor=\"a\\\"b\\\\c\\nd\"} 1\n");
}

static void test_the_page_is_whole_or_none(void **state)
{
	struct health health = widest_health();
	size_t len = metrics_text(&health, text, sizeof(text));

	(void)state;
	assert_in_range(len, 1000, METRICS_TEXT_BYTES / 2);
	for (size_t size = 0; size <= len; size += 97) {
		char *room = malloc(size + 1);

		assert_non_null(room);
		room[size] = '#';
		assert_int_equal(metrics_text(&health, room, size), 0);
		assert_int_equal(room[size], '#');
		free(room);
	}
	assert_int_equal(metrics_text(&health, text, len + 1), len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_are_numbers),
		cmocka_unit_test(test_alerts_are_counted_by_signature),
		cmocka_unit_test(test_lines_leave_zeros_out),
		cmocka_unit_test(test_lines_are_short_and_whole),
		cmocka_unit_test(test_lines_are_few),
		cmocka_unit_test(test_lines_fit_any_room),
		cmocka_unit_test(test_the_page_names_types_and_units),
		cmocka_unit_test(test_the_page_escapes_labels),
		cmocka_unit_test(test_the_page_is_whole_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
