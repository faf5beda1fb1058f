/* test_trail_flowlog.c: flow logs: lines by any header, sides, NAT, lists, confirmed endpoints, and
 * the rule for long thin flows with its near misses. */
#include "sensor/trail/flowlog.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "sensor/trail/flowlog_line.h"

#define HEADER_2 \
	"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes " \
	"start end action log-status\n"
#define HEADER_3 \
	"version account-id vpc-id instance-id interface-id srcaddr dstaddr srcport dstport " \
	"pkt-srcaddr pkt-dstaddr protocol packets bytes start end action tcp-flags log-status\n"
#define LIST_TEXT \
	"pool 198.51.100.120:3333 shadow pool\n" \
	"hostile-staging 198.51.100.88\n" \
	"pool 203.0.113.77 weak\n" \
	"allow 203.0.113.80\n"
#define BEGIN 1772704800u /* 2026-03-05T10:00:00Z */
#define NS    UINT64_C(1000000000)

static struct settings settings;
static struct store *store;
static struct lists *lists;
static struct flowlog *flowlog;
static char *text; /* lines of one file */
static size_t text_len;
static FILE *text_out;

static int setup(void **state)
{
	char error[LISTS_ERROR_TEXT];

	(void)state;
	settings_init(&settings);
	store = store_new(&settings);
	assert_int_equal(lists_load_text(&lists, "my.list", LIST_TEXT, strlen(LIST_TEXT), error),
			 0);
	flowlog = flowlog_new(store, lists, NULL);
	assert_non_null(flowlog);
	text_out = open_memstream(&text, &text_len);
	return text_out == NULL;
}

static int teardown(void **state)
{
	(void)state;
	(void)fclose(text_out);
	free(text);
	flowlog_free(flowlog);
	lists_free(lists);
	store_free(store);
	settings_fini(&settings);
	return 0;
}

static void feed(const char *name, const char *lines)
{
	assert_int_equal(flowlog_text(flowlog, name, lines, strlen(lines)), 0);
}

/* What was written to text_out, as one file. */
static void feed_written(const char *name)
{
	(void)fflush(text_out);
	assert_int_equal(flowlog_text(flowlog, name, text, text_len), 0);
	rewind(text_out);
}

static const struct sighting *find(const char *local_ip)
{
	const struct sighting *found = NULL;

	STORE_EACH (store->sightings, const struct sighting, sighting) {
		if (strcmp(sighting->local_ip, local_ip) == 0) {
			assert_null(found);
			found = sighting;
		}
	}
	return found;
}

/* One window in both directions. */
static void write_window(const char *local, const char *remote, unsigned port, unsigned start,
			 unsigned seconds, unsigned bytes)
{
	(void)fprintf(text_out,
		      "2 111122223333 eni-%s %s %s 40000 %u 6 5 %u %u %u ACCEPT OK\n"
		      "2 111122223333 eni-%s %s %s %u 40000 6 5 %u %u %u ACCEPT OK\n",
		      local, local, remote, port, bytes, start, start + seconds - 1, local, remote,
		      local, port, bytes + 20, start, start + seconds - 1);
}

/* count hosts from 10.0.1.(first) on, each beginning a minute after the other. */
static void write_hosts(unsigned first, unsigned count, const char *remote, unsigned port,
			unsigned begin, unsigned windows, unsigned bytes)
{
	for (unsigned host = 0; host < count; host++) {
		char local[16];

		(void)snprintf(local, sizeof(local), "10.0.1.%u", first + host);
		for (unsigned i = 0; i < windows; i++)
			write_window(local, remote, port, begin + host * 60 + i * 60, 60, bytes);
	}
}

/* Something that was there when the log began. */
static void write_old(void)
{
	(void)fputs(HEADER_2, text_out);
	write_window("10.0.9.9", "203.0.113.10", 443, BEGIN - 3600, 60, 90000);
}

static size_t finish(void)
{
	assert_int_equal(flowlog_finish(flowlog), 0);
	return store->sightings.count;
}

/* --- lines ---------------------------------------------------------------------------------- */

static void read_line(const char *header, const char *line, struct flowlog_line *out, int expected)
{
	static char copy[1024];
	struct flowlog_layout layout = { 0 };
	const char *why;

	if (header != NULL)
		assert_true(flowlog_header_read(&layout, header));
	(void)snprintf(copy, sizeof(copy), "%s", line);
	assert_int_equal(flowlog_line_read(&layout, copy, out, &why), expected);
	assert_int_equal(why == NULL, expected == 0);
}

static void test_line_default(void **state)
{
	struct flowlog_line line;

	(void)state;
	read_line(NULL,
		  "2 111122223333 eni-0f1e 10.0.1.23 198.51.100.120 49152 3333 6 12 1820 "
		  "1772704867 1772704926 ACCEPT OK",
		  &line, 0);
	assert_string_equal(line.account, "111122223333");
	assert_string_equal(line.eni, "eni-0f1e");
	assert_string_equal(line.instance, "");
	assert_int_equal(line.src_port, 49152);
	assert_int_equal(line.dst_port, 3333);
	assert_int_equal(line.bytes, 1820);
	assert_int_equal(line.start_s, 1772704867);
	assert_true(line.has_traffic);
	assert_true(flowlog_addr_equal(&line.src, &line.packet_src));
	/* An export of CloudWatch Logs puts its time first. */
	read_line(NULL,
		  "2026-03-05T10:01:07.000Z 2 111122223333 eni-0f1e 10.0.1.23 198.51.100.120 "
		  "49152 3333 6 12 1820 1772704867 1772704926 REJECT OK",
		  &line, 0);
	assert_true(line.is_rejected);
	read_line(NULL, "2 111122223333 eni-0f1e - - - - - - - 1772704867 1772704926 - NODATA",
		  &line, 0);
	assert_int_equal(line.status, FLOWLOG_NODATA);
	assert_false(line.has_traffic);
	read_line(NULL, "2 111122223333 eni-0f1e - - - - - - - 1772704867 1772704926 - SKIPDATA",
		  &line, 0);
	assert_int_equal(line.status, FLOWLOG_SKIPDATA);
}

static void test_line_custom(void **state)
{
	struct flowlog_line line;

	(void)state;
	/* Any order, both spellings, ${}, fields that we do not know. */
	read_line("${pkt_dstaddr} subnet-id dstport srcport end start srcaddr dstaddr region "
		  "flow-direction tcp-flags pkt-dst-aws-service instance_id",
		  "198.51.100.120 subnet-1 3333 40000 1772704926 1772704867 10.0.1.23 10.0.0.220 "
		  "us-east-1 egress 18 EC2 i-0a1b",
		  &line, 0);
	assert_true(line.has_traffic);
	assert_string_equal(line.region, "us-east-1");
	assert_string_equal(line.instance, "i-0a1b");
	assert_string_equal(line.dst_service, "EC2");
	assert_int_equal(line.direction, FLOWLOG_EGRESS);
	assert_true(line.has_syn);
	assert_int_equal(line.packet_dst.bytes[3], 120);
	assert_int_equal(line.dst.bytes[3], 220);
	/* Only the packet's addresses: they are the hop's, too. */
	read_line("pkt-srcaddr pkt-dstaddr srcport dstport start end",
		  "2001:db8::1 2001:db8::2 1 2 1772704867 1772704926", &line, 0);
	assert_int_equal(line.src.ip_version, 6);
	assert_true(line.has_traffic);
	/* Without addresses there is nothing, but no damage. */
	read_line("srcaddr dstaddr srcport dstport start end", "10.0.0.1 - - - 1 2", &line, 0);
	assert_false(line.has_traffic);
}

static void test_line_bad(void **state)
{
	static const char *const lines[] = {
		"",
		"2 1 e 10.0.1.23 198.51.100.120 49152 3333 6 12 1820 1772704867 1772704926 ACCEPT",
		"2 1 e 10.0.1.23 198.51.100.120 49152 3333 6 12 1820 1772704867 1772704926 ACCEPT "
		"OK OK",
		"2 1 e 10.0.1.256 198.51.100.120 49152 3333 6 12 1820 1772704867 1772704926 "
		"ACCEPT OK",
		"2 1 e 10.0.1.2 198.51.100.120 65536 3333 6 12 1820 1772704867 1772704926 ACCEPT "
		"OK",
		"2 1 e 10.0.1.2 198.51.100.120 1 -3 6 12 1820 1772704867 1772704926 ACCEPT OK",
		"2 1 e 10.0.1.2 198.51.100.120 1 3 256 12 1820 1772704867 1772704926 ACCEPT OK",
		"2 1 e 10.0.1.2 198.51.100.120 1 3 6 12 99999999999999999999 1 2 ACCEPT OK",
		"2 1 e 10.0.1.2 198.51.100.120 1 3 6 12 0x10 1 2 ACCEPT OK",
		"2 1 e 10.0.1.2 198.51.100.120 1 3 6 12 10 1772704926 1772704867 ACCEPT OK",
		"2 1 e 10.0.1.2 198.51.100.120 1 3 6 12 10 1772704926 17727048670000 ACCEPT OK",
		"2 1 e 10.0.1.2 198.51.100.120 1 3 6 12 10 1 2 MAYBE OK",
		"2 1 e 10.0.1.2 198.51.100.120 1 3 6 12 10 1 2 ACCEPT FINE",
		"2 1 e 10.0.1.2 2001:db8::1 1 3 6 12 10 1 2 ACCEPT OK",
		"x 1 e 10.0.1.2 198.51.100.120 1 3 6 12 10 1 2 ACCEPT OK"
	};
	struct flowlog_line line;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		read_line(NULL, lines[i], &line, -EBADMSG);
}

static void test_header(void **state)
{
	static const char *const none[] = { "", "2 111122223333 eni-1 srcaddr dstaddr",
					    "eni-1 ACCEPT OK", "my-addr-tag 10.0.0.1 10.0.0.2",
					    "start of something" };
	struct flowlog_layout layout = { 0 };
	char wide[FLOWLOG_COLUMNS * 2 + 64];
	int len = snprintf(wide, sizeof(wide), "srcaddr dstaddr");

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(flowlog_header_read(&layout, none[i]));
	assert_int_equal(layout.count, 0);
	assert_true(flowlog_header_read(&layout, "VERSION Account_Id bytes"));
	assert_int_equal(layout.count, 3);
	assert_false(layout.is_usable);
	for (size_t i = 0; i < FLOWLOG_COLUMNS; i++)
		len += snprintf(wide + len, sizeof(wide) - (size_t)len, " a");
	assert_true(flowlog_header_read(&layout, wide));
	assert_int_equal(layout.count, FLOWLOG_COLUMNS);
}

static void test_inside(void **state)
{
	static const struct {
		const char *text;
		bool is_inside;
	} rows[] = { { "10.0.1.23", true },       { "172.31.0.1", true },
		     { "172.32.0.1", false },     { "192.168.1.1", true },
		     { "100.64.0.1", true },      { "100.128.0.1", false },
		     { "198.51.100.1", false },   { "fd00::1", true },
		     { "fe80::1", true },         { "2001:db8::1", false },
		     { "::ffff:10.1.1.1", true }, { "::1", true } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char words[128];
		struct flowlog_line line;

		(void)snprintf(words, sizeof(words), "%s %s 1 2 1772704867 1772704926",
			       rows[i].text, rows[i].text);
		read_line("srcaddr dstaddr srcport dstport start end", words, &line, 0);
		assert_int_equal(flowlog_addr_is_inside(&line.src), rows[i].is_inside);
	}
}

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

/* --- long and thin -------------------------------------------------------------------------- */

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
		cmocka_unit_test(test_line_default),
		cmocka_unit_test(test_line_custom),
		cmocka_unit_test(test_line_bad),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_inside),
		TEST(test_listed),
		TEST(test_refused),
		TEST(test_nat),
		TEST(test_nat_without_packets),
		TEST(test_pod),
		TEST(test_confirmed),
		TEST(test_thin),
		TEST(test_thin_near_misses),
		TEST(test_thin_old_hosts),
		TEST(test_thin_common_service),
		TEST(test_thin_launch_window),
		TEST(test_thin_known_launch),
		TEST(test_thin_polling),
		TEST(test_thin_services),
		TEST(test_any_order),
		TEST(test_damage),
		TEST(test_unusable_header),
		TEST(test_files),
		TEST(test_stop),
		TEST(test_detect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
