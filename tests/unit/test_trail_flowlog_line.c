/* test_trail_flowlog_line.c: flow log lines by any header, bad ones, and what is inside. */
#include "sensor/trail/flowlog_line.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_default), cmocka_unit_test(test_line_custom),
		cmocka_unit_test(test_line_bad),     cmocka_unit_test(test_header),
		cmocka_unit_test(test_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
