/* test_trail_flowlog_thin.c: the rule for long thin flows, with its near misses. */
#include "tests/unit/flowlog_rig.h"

static size_t count_thin(void)
{
	size_t count = 0;

	(void)finish();
	STORE_EACH (store->sightings, const struct sighting, sighting) {
		count += sighting->kind == SIGHTING_THIN;
	}
	return count;
}

static void test_thin(void **state)
{
	(void)state;
	write_old();
	write_hosts(10, 5, "203.0.113.50", 8443, BEGIN, 40, 300);
	feed_written("f.log");
	assert_int_equal(count_thin(), 5);
	assert_int_equal(find("10.0.1.10")->remote_port, 8443);
	assert_int_equal(store->sightings.count, 5);
}

/* One thing is other in each; port 3333 makes up for none. */
static void test_thin_near_misses(void **state)
{
	(void)state;
	write_old();
	write_hosts(10, 4, "203.0.113.50", 3333, BEGIN, 40, 300);  /* one host less */
	write_hosts(20, 6, "203.0.113.51", 3333, BEGIN, 29, 300);  /* a minute too short */
	write_hosts(30, 6, "203.0.113.52", 3333, BEGIN, 40, 9000); /* downloads */
	write_hosts(40, 6, "203.0.113.53", 3333, BEGIN, 40, 20);   /* bare keep-alives */
	write_hosts(50, 6, "10.0.200.1", 3333, BEGIN, 40, 300);    /* a neighbour */
	feed_written("f.log");
	assert_int_equal(count_thin(), 0);
	/* One more host of the first. */
	(void)fputs(HEADER_2, text_out);
	write_hosts(14, 1, "203.0.113.50", 3333, BEGIN, 40, 300);
	feed_written("g.log");
	assert_int_equal(count_thin(), 5);
}

/* Long ones that were there when the log began, as all machines have. */
static void test_thin_old_hosts(void **state)
{
	(void)state;
	(void)fputs(HEADER_2, text_out);
	write_hosts(10, 8, "203.0.113.50", 8443, BEGIN, 40, 300);
	feed_written("f.log");
	assert_int_equal(count_thin(), 0);
}

/* New machines beside as many old ones: what both talk to is no pool. */
static void test_thin_common_service(void **state)
{
	(void)state;
	write_old();
	write_hosts(50, 6, "203.0.113.50", 8443, BEGIN - 3600, 40, 300);
	write_hosts(10, 6, "203.0.113.50", 8443, BEGIN, 40, 300);
	feed_written("f.log");
	assert_int_equal(count_thin(), 0);
	(void)fputs(HEADER_2, text_out);
	write_hosts(20, 1, "203.0.113.50", 8443, BEGIN, 40, 300);
	feed_written("g.log");
	assert_int_equal(count_thin(), 7);
}

/* Machines that begin hours apart are no wave. */
static void test_thin_launch_window(void **state)
{
	(void)state;
	write_old();
	for (unsigned i = 0; i < 6; i++)
		write_hosts(10 + i, 1, "203.0.113.50", 8443, BEGIN + i * 3600, 40, 300);
	feed_written("f.log");
	assert_int_equal(count_thin(), 0);
	settings.flow_window_s = 4 * 3600;
	assert_int_equal(count_thin(), 5);
}

/* The store knows when an instance was launched, even when the log begins later. */
static void test_thin_known_launch(void **state)
{
	char id[16];
	char ip[16];

	(void)state;
	(void)fputs(HEADER_2, text_out);
	write_hosts(10, 5, "203.0.113.50", 8443, BEGIN, 40, 300);
	feed_written("AWSLogs/111122223333/vpcflowlogs/eu-west-1/f.log");
	assert_int_equal(count_thin(), 0);
	for (unsigned i = 0; i < 5; i++) {
		const struct instance instance = { .id = id,
						   .account = "111122223333",
						   .region = "eu-west-1",
						   .vpc = "vpc-1",
						   .subnet = "",
						   .type = "",
						   .image = "",
						   .group = "",
						   .address = "",
						   .agent = "",
						   .launch = { .time_ns =
								       (BEGIN - 600 - i) * NS } };
		const struct instance_address address = { .ip = ip, .eni = "" };

		(void)snprintf(id, sizeof(id), "i-%u", i);
		(void)snprintf(ip, sizeof(ip), "10.0.1.%u", 10 + i);
		assert_true(store_instance(store, &instance) >= 0);
		assert_true(store_address(store, id, &address) >= 0);
	}
	assert_int_equal(count_thin(), 5);
}

/* Connected anew each minute: other ports, no long flow. With flags: SYNs on one port. */
static void test_thin_polling(void **state)
{
	(void)state;
	write_old();
	for (unsigned host = 0; host < 6; host++)
		for (unsigned i = 0; i < 40; i++)
			(void)fprintf(text_out,
				      "2 111122223333 eni-1 10.0.1.%u 203.0.113.50 %u 443 6 5 300 "
				      "%u %u ACCEPT OK\n"
				      "2 111122223333 eni-1 203.0.113.50 10.0.1.%u 443 %u 6 5 300 "
				      "%u %u ACCEPT OK\n",
				      host, 40000 + i, BEGIN + i * 60, BEGIN + i * 60 + 59, host,
				      40000 + i, BEGIN + i * 60, BEGIN + i * 60 + 59);
	(void)fputs(HEADER_3, text_out);
	for (unsigned host = 0; host < 6; host++)
		for (unsigned i = 0; i < 40; i++)
			(void)fprintf(text_out,
				      "3 111122223333 v - e 10.0.2.%u 203.0.113.51 40000 443 "
				      "10.0.2.%u 203.0.113.51 6 5 300 %u %u ACCEPT 3 OK\n"
				      "3 111122223333 v - e 203.0.113.51 10.0.2.%u 443 40000 "
				      "203.0.113.51 10.0.2.%u 6 5 300 %u %u ACCEPT 19 OK\n",
				      host, host, BEGIN + i * 60, BEGIN + i * 60 + 59, host, host,
				      BEGIN + i * 60, BEGIN + i * 60 + 59);
	feed_written("f.log");
	assert_int_equal(count_thin(), 0);
}

/* A service of AWS itself is no pool; a machine at EC2 may be. */
static void write_service(const char *service, const char *remote)
{
	(void)fputs("account-id srcaddr dstaddr srcport dstport protocol bytes start end "
		    "pkt-src-aws-service pkt-dst-aws-service\n",
		    text_out);
	(void)fprintf(text_out, "1 10.0.9.9 203.0.113.1 40000 443 6 10 %u %u - -\n", BEGIN - 3600,
		      BEGIN - 3500);
	for (unsigned host = 0; host < 6; host++)
		for (unsigned i = 0; i < 40; i++)
			(void)fprintf(text_out,
				      "1 10.0.1.%u %s 40000 443 6 300 %u %u - %s\n"
				      "1 %s 10.0.1.%u 443 40000 6 300 %u %u %s -\n",
				      host, remote, BEGIN + i * 60, BEGIN + i * 60 + 59, service,
				      remote, host, BEGIN + i * 60, BEGIN + i * 60 + 59, service);
}

static void test_thin_services(void **state)
{
	(void)state;
	write_service("AMAZON", "203.0.113.60");
	feed_written("f.log");
	assert_int_equal(count_thin(), 0);
	write_service("EC2", "203.0.113.61");
	feed_written("g.log");
	assert_int_equal(count_thin(), 6);
}

/* The order of lines does not matter. */
static void test_any_order(void **state)
{
	char *lines[512] = { NULL };
	size_t count = 0;
	char *copy;

	(void)state;
	write_window("10.0.9.9", "203.0.113.10", 443, BEGIN - 3600, 60, 90000);
	write_hosts(10, 5, "203.0.113.50", 8443, BEGIN, 40, 300);
	(void)fflush(text_out);
	copy = strdup(text);
	rewind(text_out);
	for (char *at = copy; *at != '\0' && count < 512; at = strchr(at, '\n') + 1)
		lines[count++] = at;
	assert_int_equal(count, 402);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(text_out, "%.*s", (int)(strcspn(lines[i * 5 % count], "\n") + 1),
			      lines[i * 5 % count]);
	feed_written("f.log");
	free(copy);
	assert_int_equal(flowlog_counts(flowlog)->bad, 0);
	assert_int_equal(count_thin(), 5);
	assert_int_equal(find("10.0.1.10")->bytes, 40 * (300 + 320));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_thin),
		TEST(test_thin_near_misses),
		TEST(test_thin_old_hosts),
		TEST(test_thin_common_service),
		TEST(test_thin_launch_window),
		TEST(test_thin_known_launch),
		TEST(test_thin_polling),
		TEST(test_thin_services),
		TEST(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
