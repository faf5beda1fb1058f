/* test_trail_flowlog.c: flow logs: sides, NAT, lists, confirmed endpoints, files, the detection. */
#include "tests/unit/flowlog_rig.h"

#include <unistd.h>
#include <zlib.h>

/* --- what is listed ------------------------------------------------------------------------- */

static void test_listed(void **state)
{
	const struct sighting *found;

	(void)state;
	write_old();
	write_window("10.0.1.23", "198.51.100.120", 3333, BEGIN + 60, 60, 500);
	write_window("10.0.1.23", "198.51.100.120", 3333, BEGIN, 60, 400);
	/* Near misses: another port of the pool, a weak entry, one's own pool. */
	write_window("10.0.1.24", "198.51.100.120", 443, BEGIN, 60, 500);
	write_window("10.0.1.25", "203.0.113.77", 3333, BEGIN, 60, 500);
	write_window("10.0.1.26", "203.0.113.80", 3333, BEGIN, 60, 500);
	write_window("10.0.1.27", "198.51.100.88", 443, BEGIN, 60, 5000);
	feed_written("AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/03/05/"
		     "111122223333_vpcflowlogs_us-east-1_fl-07ca9a19b65e7fdfb_20260305T1050Z_"
		     "b6e6b05e.log.gz");
	assert_int_equal(finish(), 2);
	found = find("10.0.1.23");
	assert_non_null(found);
	assert_int_equal(found->kind, SIGHTING_LISTED);
	assert_string_equal(found->tag, "shadow pool");
	assert_string_equal(found->account, "111122223333");
	assert_string_equal(found->region, "us-east-1");
	assert_string_equal(found->eni, "eni-10.0.1.23");
	assert_string_equal(found->remote_ip, "198.51.100.120");
	assert_int_equal(found->remote_port, 3333);
	/* Both lines of both windows. */
	assert_int_equal(found->bytes, 500 + 520 + 400 + 420);
	assert_int_equal(found->first_ns, BEGIN * NS);
	assert_int_equal(found->last_ns, (BEGIN + 119) * NS);
	assert_string_equal(found->proof, "111122223333_vpcflowlogs_us-east-1_fl-07ca9a19b65e7fdfb_"
					  "20260305T1050Z_b6e6b05e.log.gz:6");
	found = find("10.0.1.27");
	assert_int_equal(found->kind, SIGHTING_HOSTILE);
	assert_string_equal(found->tag, "hostile-staging");
	/* Again, it is the same. */
	assert_int_equal(finish(), 2);
	assert_int_equal(find("10.0.1.23")->bytes, 1840);
}

static void test_refused(void **state)
{
	(void)state;
	feed("f.log", HEADER_2
	     "2 1 eni-1 10.0.1.2 198.51.100.120 40000 3333 6 1 40 1772704800 1772704859 REJECT OK\n"
	     "2 1 eni-1 198.51.100.120 10.0.1.2 51413 3333 6 1 40 1772704800 1772704859 ACCEPT "
	     "OK\n");
	assert_int_equal(finish(), 0);
	assert_int_equal(flowlog_counts(flowlog)->rejected, 1);
}

static void test_nat(void **state)
{
#define NAT_LINE(addresses) \
	"3 111122223333 vpc-1 - eni-nat " addresses " 1772704800 1772704859 " \
	"ACCEPT 0 OK\n"
	(void)state;
	feed("nat.log",
	     HEADER_3 NAT_LINE("10.0.0.220 198.51.100.120 51000 3333 10.0.0.220 "
			       "198.51.100.120 6 5 500")
		     NAT_LINE("198.51.100.120 10.0.0.220 3333 51000 198.51.100.120 10.0.0.220 6 5 "
			      "600") NAT_LINE("10.0.1.23 10.0.0.220 40000 3333 10.0.1.23 "
					      "198.51.100.120 6 5 500")
			     NAT_LINE("10.0.0.220 10.0.1.23 3333 40000 198.51.100.120 10.0.1.23 6 "
				      "5 600"));
	assert_int_equal(finish(), 1);
	assert_int_equal(find("10.0.1.23")->bytes, 1100);
	assert_string_equal(find("10.0.1.23")->vpc, "vpc-1");
	assert_null(find("10.0.0.220"));
#undef NAT_LINE
}

/* Version 2 at the gateway: the inside hides the pool, so the outside is all there is. */
static void test_nat_without_packets(void **state)
{
	(void)state;
	feed("nat.log", HEADER_2
	     "2 1 eni-nat 10.0.1.23 10.0.0.220 40000 3333 6 5 500 1772704800 1772704859 ACCEPT OK\n"
	     "2 1 eni-nat 10.0.0.220 198.51.100.120 51000 3333 6 5 500 1772704800 1772704859 "
	     "ACCEPT OK\n");
	assert_int_equal(finish(), 1);
	assert_non_null(find("10.0.0.220"));
}

/* A pod's own address differs from its interface's, too: no NAT. */
static void test_pod(void **state)
{
	(void)state;
	feed("pod.log", HEADER_3
	     "3 1 vpc-1 i-1 eni-1 10.0.1.5 198.51.100.120 40000 3333 10.0.1.77 198.51.100.120 6 5 "
	     "500 1772704800 1772704859 ACCEPT 0 OK\n"
	     "3 1 vpc-1 i-1 eni-1 10.0.1.5 198.51.100.120 40001 3333 10.0.1.5 198.51.100.120 6 5 "
	     "500 1772704800 1772704859 ACCEPT 0 OK\n");
	assert_int_equal(finish(), 2);
	assert_string_equal(find("10.0.1.77")->instance, "i-1");
	assert_non_null(find("10.0.1.5"));
}

static void give_alert(const char *level, const char *server)
{
	const struct alert alert = { .id = server,
				     .sensor = "s",
				     .signature = "",
				     .level = level,
				     .scope = "",
				     .vpc = "",
				     .instance = "",
				     .client = "10.0.1.99",
				     .server = server,
				     .pool = "",
				     .wallet = "",
				     .worker = "",
				     .coin = "",
				     .community_id = "",
				     .first_ns = BEGIN * NS,
				     .last_ns = BEGIN * NS,
				     .server_port = 4444 };

	assert_int_equal(store_alert(store, &alert), STORE_KEPT);
}

/* The alert comes after the lines. */
static void test_confirmed(void **state)
{
	(void)state;
	write_old();
	write_window("10.0.1.2", "203.0.113.5", 4444, BEGIN, 60, 500);
	write_window("10.0.1.3", "203.0.113.5", 443, BEGIN, 60, 500);
	write_window("10.0.1.4", "203.0.113.6", 4444, BEGIN, 60, 500);
	feed_written("f.log");
	assert_int_equal(finish(), 0);
	give_alert("suspect", "203.0.113.6");
	give_alert("confirmed", "203.0.113.5");
	assert_int_equal(finish(), 1);
	assert_int_equal(find("10.0.1.2")->kind, SIGHTING_CONFIRMED);
	assert_string_equal(find("10.0.1.2")->tag, "");
}

/* --- files ---------------------------------------------------------------------------------- */

static void test_damage(void **state)
{
	static char long_line[20000];

	(void)state;
	(void)fputs("\xef\xbb\xbf" HEADER_2 "\n  \r\n", text_out);
	(void)fputs("nonsense \x1b[31m\n", text_out);
	(void)fputs("2 1 eni-1 - - - - - - - 1772704800 1772704859 - NODATA\r\n", text_out);
	(void)fputs("2 1 eni-1 - - - - - - - 1772704800 1772704859 - SKIPDATA\n", text_out);
	(void)memset(long_line, 'a', sizeof(long_line) - 1);
	(void)fprintf(text_out, "%s\n", long_line);
	(void)fwrite("2 1 \0 eni\n", 1, 10, text_out);
	/* The last line lacks its end. */
	(void)fputs("2 1 eni-1 10.0.1.2 198.51.100.120 40000 3333 6 1 40 1772704800 1772704859 "
		    "ACCEPT OK",
		    text_out);
	feed_written("f.log");
	assert_int_equal(flowlog_counts(flowlog)->bad, 3);
	assert_int_equal(flowlog_counts(flowlog)->nodata, 1);
	assert_int_equal(flowlog_counts(flowlog)->skipdata, 1);
	assert_int_equal(finish(), 1);
}

static void test_unusable_header(void **state)
{
	(void)state;
	feed("f.log", "version account-id bytes\n2 1 40\n2 1 50\n");
	assert_int_equal(flowlog_counts(flowlog)->bad, 1);
	assert_int_equal(flowlog_counts(flowlog)->lines, 2);
	/* The next file begins anew. */
	feed("g.log",
	     "2 1 e 10.0.1.2 198.51.100.120 1024 3333 6 1 40 1772704800 1772704859 ACCEPT OK\n");
	assert_int_equal(finish(), 1);
}

static void write_file(const char *path, bool is_gzip, const char *bytes)
{
	gzFile file = gzopen(path, is_gzip ? "wb" : "wbT");

	assert_non_null(file);
	assert_int_equal(gzwrite(file, bytes, (unsigned)strlen(bytes)), strlen(bytes));
	assert_int_equal(gzclose(file), Z_OK);
}

static void test_files(void **state)
{
	char folder[] = "/tmp/flowlog.XXXXXX";
	const char *lines = HEADER_2 "2 1 e 10.0.1.2 198.51.100.120 40000 3333 6 1 40 1772704800 "
				     "1772704859 ACCEPT OK\n";
	const char *names[] = { "a.log.gz", "b.log", "c.json.gz", "d.parquet" };
	char path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		write_file(path, i == 0, lines);
	}
	assert_int_equal(flowlog_path(flowlog, folder), 0);
	assert_int_equal(flowlog_counts(flowlog)->files, 2);
	assert_int_equal(flowlog_counts(flowlog)->passed_by, 2);
	/* What was read is known, by another name, too. */
	(void)snprintf(path, sizeof(path), "%s/c.json.gz", folder);
	assert_int_equal(flowlog_path(flowlog, path), 0);
	assert_int_equal(flowlog_counts(flowlog)->repeated, 1);
	assert_int_equal(flowlog_counts(flowlog)->files, 2);
	(void)snprintf(path, sizeof(path), "%s/a.log.gz", folder);
	assert_int_equal(truncate(path, 60), 0);
	assert_int_equal(flowlog_path(flowlog, path), 0);
	assert_int_equal(flowlog_counts(flowlog)->bad_files, 1);
	assert_int_equal(flowlog_path(flowlog, "/nonexistent/flow.log"), -ENOENT);
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(folder), 0);
}

static void test_stop(void **state)
{
	static _Atomic bool stop = true;
	struct flowlog *other = flowlog_new(store, NULL, &stop);

	(void)state;
	assert_int_equal(flowlog_text(other, "f", "a\nb\n", 4), -EINTR);
	assert_int_equal(flowlog_counts(other)->lines, 1);
	flowlog_free(other);
}

/* --- 1700030 -------------------------------------------------------------------------------- */

static void test_detect(void **state)
{
	struct detections found = { 0 };
	char id[DETECTION_ID_TEXT];

	(void)state;
	write_old();
	write_hosts(10, 3, "198.51.100.120", 3333, BEGIN, 2, 300);
	feed_written("x_vpcflowlogs_us-east-1_fl-07ca9a19b65e7fdfb_20260305T1050Z_b6e6b05e.log");
	(void)finish();
	assert_int_equal(flowlog_detect(store, &found), 0);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.items[0].rule, RULE_FLOW);
	assert_int_equal(rules[RULE_FLOW].sid, 1700030);
	assert_string_equal(found.items[0].subject, "198.51.100.120:3333");
	assert_string_equal(found.items[0].scope_ip, "198.51.100.120");
	assert_string_equal(found.items[0].region, "us-east-1");
	assert_string_equal(found.items[0].address, "10.0.1.10");
	assert_int_equal(found.items[0].value, 3);
	assert_int_equal(found.items[0].first_ns, BEGIN * NS);
	assert_int_equal(found.items[0].last_ns, (BEGIN + 239) * NS);
	assert_string_equal(found.items[0].events[0].event, "fl-07ca9a19b65e7fdfb:b6e6b05e:4");
	assert_string_equal(
		found.items[0].text,
		"3 hosts in us-east-1 talked to 198.51.100.120 port 3333, a listed pool "
		"(shadow pool): 3720 bytes");
	memcpy(id, found.items[0].id, sizeof(id));
	detections_fini(&found);
	/* More hosts, in another region: still the same detection. */
	(void)fputs(HEADER_2, text_out);
	write_hosts(20, 1, "198.51.100.120", 3333, BEGIN, 2, 300);
	feed_written("x_vpcflowlogs_eu-west-1_fl-1_20260305T1050Z_0.log");
	(void)finish();
	assert_int_equal(flowlog_detect(store, &found), 0);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.items[0].value, 4);
	assert_string_equal(found.items[0].region, "");
	assert_string_equal(found.items[0].id, id);
	detections_fini(&found);
	settings.disabled = UINT64_C(1) << RULE_FLOW;
	assert_int_equal(flowlog_detect(store, &found), 0);
	assert_int_equal(found.count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_listed), TEST(test_refused),
		TEST(test_nat),    TEST(test_nat_without_packets),
		TEST(test_pod),    TEST(test_confirmed),
		TEST(test_damage), TEST(test_unusable_header),
		TEST(test_files),  TEST(test_stop),
		TEST(test_detect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
