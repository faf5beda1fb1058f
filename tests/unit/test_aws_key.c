/* test_aws_key.c: key ids in names, names that only look like it, and where they are sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "protocols/aws_key.h"
#include "protocols/wildcard_dns.h"
#include "tests/unit/guard.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct guard guard;

static void assert_key(const char *name, const char *expected)
{
	char key[AWS_KEY_TEXT];

	memset(key, '?', sizeof(key));
	bool found = aws_key_find(guard_str(&guard, name), key);

	assert_string_equal(key, expected);
	assert_int_equal(found, expected[0] != '\0');
}

static void test_whole(void **unused)
{
	(void)unused;
	assert_key("AKIA4EXAMPLE1234567.keys.198.51.100.88.nip.io", "AKIA4EXAMPLE1234567");
	assert_key("akia4example1234567.keys.198.51.100.88.nip.io", "AKIA4EXAMPLE1234567");
	assert_key("aKiA4eXaMpLe7654321.x.example.net", "AKIA4EXAMPLE7654321");
	assert_key("akiaiosfodnn7example.example.net", "AKIAIOSFODNN7EXAMPLE");
	assert_key("a.b.akiai44qh8dhbexample.example.net", "AKIAI44QH8DHBEXAMPLE");
	assert_key("asiaiosfodnn7example.example.net", "ASIAIOSFODNN7EXAMPLE");
	assert_key("asia4example1234567.example.net", "ASIA4EXAMPLE1234567");
	assert_key("asiay34fzkbokmutvv7a.example.net", "ASIAY34FZKBOKMUTVV7A");
	assert_key("akiaqzxwvkjbgtrphdlm.example.net", "AKIAQZXWVKJBGTRPHDLM");
	assert_key("akia4example1234567", "AKIA4EXAMPLE1234567");
}

/* Hyphens and underscores bound a key as dots do. */
static void test_pieces(void **unused)
{
	(void)unused;
	assert_key("id-akia4example1234567-x.example.net", "AKIA4EXAMPLE1234567");
	assert_key("k_akia4example1234567.example.net", "AKIA4EXAMPLE1234567");
	assert_key("xakia4example1234567.example.net", "");
	assert_key("akia-4example1234567.example.net", "");
	assert_key("akia4example1234567\\032.example.net", "");
}

static void test_split(void **unused)
{
	(void)unused;
	assert_key("akia4exa.mple1234567.keys.evil.example", "AKIA4EXAMPLE1234567");
	assert_key("x.akia4exa.mple.1234567.evil.example", "AKIA4EXAMPLE1234567");
	assert_key("akia4exa.mp.le12.34567.evil.example", "AKIA4EXAMPLE1234567");
	assert_key("akia4example.1234567.evil.example", "AKIA4EXAMPLE1234567");
	assert_key("akiai44qh7.dhbexample.evil.example", "AKIAI44QH7DHBEXAMPLE");
	assert_key("asiay34fzk.bokmutvv7a.evil.example", "ASIAY34FZKBOKMUTVV7A");
	/* five labels, a first one too short, nobody's domain behind, a hyphen */
	assert_key("akia4e.xa.mple.123.4567.evil.example", "");
	assert_key("akia4.example1234567.evil.example", "");
	assert_key("akia4exa.mple1234567.example", "");
	assert_key("akia4exa.mple-1234567.evil.example", "");
	assert_key("akia4exa..mple1234567.evil.example", "");
}

/* A real id is better than an invented one, a whole one than one in pieces. */
static void test_order(void **unused)
{
	(void)unused;
	assert_key("akia4example1234567.asiay34fzkbokmutvv7a.example.net", "ASIAY34FZKBOKMUTVV7A");
	assert_key("asiay34fzk.bokmutvv7a.akia7qzxwvkjbgtrphd2.example.net",
		   "AKIA7QZXWVKJBGTRPHD2");
	assert_key("akia4example1234567.akia4example7654321.example.net", "AKIA4EXAMPLE1234567");
}

static void test_ordinary_names(void **unused)
{
	static const char *const names[] = {
		"",
		".",
		"akia",
		"asia",
		"akiachan.com",
		"akiachan2024live01.example.com",
		"akiafashionstore.example.com",
		"akiabrandfashionshop.example.com", /* 20 letters */
		"akianaphotography2024.example.com",
		"asia-southeast1-docker.pkg.dev",
		"asia-northeast1.gcp.example.com",
		"asia.pool.example.com",
		"asia1.ethermine.example.com",
		"asiapacificdatacenter01.example.com",
		"asiapacificbusiness2.example.com",
		"asiapacificwebinar24.example.com",
		"asiaeast1webserver22.example.com",
		"asiasoutheast2db3web4.example.com",
		"asia2019conference.example.com",
		"asia1server2prod3.example.com",
		"asia20240315server01.example.com",
		"asia20240315backup01.example.com",
		"asia22web33.prod44db.east55.example.com",
		"asiaeast.web2.prod3.db4.example.com",
		"asiaeast1.web2.prod3.db4.example.com",
		"asiaeast2.web22.prod3.db.example.com",
		"asia.us2.db3.web4.in7.com.example.org",
		"asiapac.southeast2.k3s4.example.com",
		"d2f5ca3f4akia4e6.cloudfront.example.net",
		"e4a7f0c1b2d39586aa77.cdn.example.net",
		"r4---sn-4g5ednsl.example.net",
		"asiaasiaasiaasiaasia.example.net",
		"akia1111111111111111.example.net",
		"akiaxxxxxxxxxxxxxxxx.example.net",
		"akiaaaaaaaaaaaaaaaaa.example.net",
		"akia4example1234567890123456.example.net", /* longer than any */
		"akia4exampl1234.example.net",              /* 15 characters */
		"4kia4example1234567.example.net",
		"akib4example1234567.example.net",
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_key(names[i], "");
}

/* The edges of each number in the rule. */
static void test_edges(void **unused)
{
	(void)unused;
	assert_key("akia4exam12x3456.example.net", "AKIA4EXAM12X3456");                 /* 16 */
	assert_key("akia4example123456789012.example.net", "AKIA4EXAMPLE123456789012"); /* 24 */
	assert_key("akia4example1234567890123.example.net", "");
	/* 20 characters, AKIA: three breaks, and four */
	assert_key("akianetworkserver2vb.example.net", "");
	assert_key("akianetworkxerver2in.example.net", "AKIANETWORKXERVER2IN");
	/* four of ASIA are too few; five are asked for */
	assert_key("asianetworkxerver2in.example.net", "");
	assert_key("asiaqanetworkserv2xe.example.net", "ASIAQANETWORKSERV2XE");
	/* an 8 is not base32, and one change is missing to be an invented one */
	assert_key("akianetworkxerver8in.example.net", "");
	/* invented and split: three digits, and four; 21 characters, and 22 */
	assert_key("akia9example9ab.defg8.x.example.net", "");
	assert_key("akia9example9ab.def88.x.example.net", "AKIA9EXAMPLE9ABDEF88");
	assert_key("akia9exampl9abc.def888.x.example.net", "AKIA9EXAMPL9ABCDEF888");
	assert_key("akia9exampl9abc.def8888.x.example.net", "");
	/* split: five breaks, and six */
	assert_key("akianxnetw.orkserv2xe.x.example.net", "");
	assert_key("akiaqanetw.orqserv2xq.x.example.net", "AKIAQANETWORQSERV2XQ");
}

/* Random ids of the real form, by a fixed generator: nearly all are found. */
static void test_random_ids(void **unused)
{
	static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t state = 88172645463325252u;
	unsigned found[2] = { 0, 0 };

	(void)unused;
	for (unsigned i = 0; i < 20000; i++) {
		char name[48];
		char key[AWS_KEY_TEXT];

		(void)snprintf(name, sizeof(name), "%s", i % 2 == 0 ? "akia" : "asia");
		for (size_t at = 4; at < 20; at++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			name[at] = base32[state >> 59];
		}
		(void)snprintf(&name[20], sizeof(name) - 20, ".x.example.net");
		found[i % 2] += aws_key_find(slice_str(name), key) ? 1 : 0;
	}
	assert_in_range(found[0], 9980, 10000);
	assert_in_range(found[1], 9920, 10000);
}

/* No overread at any length. */
static void test_every_cut(void **unused)
{
	static const char name[] = "akia4exa.mple1234567.keys.asiay34fzkbokmutvv7a.evil.example";
	char key[AWS_KEY_TEXT];

	(void)unused;
	for (size_t len = 0; len < sizeof(name); len++) {
		(void)aws_key_find(guard_put(&guard, name, len), key);
		assert_true(strlen(key) == 0 || strlen(key) >= AWS_KEY_MIN);
	}
}

static void assert_embedded(const char *name, unsigned a, unsigned b, unsigned c, unsigned d)
{
	const uint8_t expected[4] = { (uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d };
	uint8_t addr[4] = { 0 };

	assert_true(dns_name_embedded_ipv4(guard_str(&guard, name), addr));
	assert_memory_equal(addr, expected, 4);
}

static void assert_not_embedded(const char *name)
{
	uint8_t addr[4] = { 1, 2, 3, 4 };

	assert_false(dns_name_embedded_ipv4(guard_str(&guard, name), addr));
	assert_memory_equal(addr, ((uint8_t[]){ 1, 2, 3, 4 }), 4);
}

static void test_embedded(void **unused)
{
	(void)unused;
	assert_embedded("198.51.100.88.nip.io", 198, 51, 100, 88);
	assert_embedded("198-51-100-88.nip.io", 198, 51, 100, 88);
	assert_embedded("akia4example1234567.keys.198.51.100.88.nip.io", 198, 51, 100, 88);
	assert_embedded("keys-198-51-100-88.NIP.io", 198, 51, 100, 88);
	assert_embedded("7.198.51.100.88.xip.io", 198, 51, 100, 88);
	assert_embedded("198.51.100.88.sslip.io", 198, 51, 100, 88);
	assert_embedded("198-51-100-88.keys.sslip.io", 198, 51, 100, 88);
	assert_embedded("www-198-51-100-88.sslip.io", 198, 51, 100, 88);
	assert_embedded("x.c6336458.nip.io", 198, 51, 100, 88);
	assert_embedded("x-C6336458.nip.io", 198, 51, 100, 88);
	assert_embedded("0.0.0.0.nip.io", 0, 0, 0, 0);
	assert_embedded("255.255.255.255.nip.io", 255, 255, 255, 255);
}

static void test_not_embedded(void **unused)
{
	static const char *const names[] = {
		"",
		"nip.io",
		".nip.io",
		"198.51.100.88",
		"198.51.100.88.example.net",
		"198.51.100.88.snip.io",
		"198.51.100.88.nip.io.example.net",
		"51.100.88.nip.io",
		"198.51.100.256.nip.io",
		"198.51.100.088.nip.io",
		"198.51-100.88.nip.io",
		"198.51.100.88.keys.nip.io",
		"198..51.100.88.nip.io",
		"x198.51.100.nip.io",
		"198.51.100.88x.nip.io",
		"1985.51.100.88.nip.io",
		"c6336458.xip.io",
		"c633645.nip.io",
		"c63364581.nip.io",
		"ac6336458.nip.io",
		"c633645g.nip.io",
		"www.example.sslip.io",
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_not_embedded(names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),          cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_split),          cmocka_unit_test(test_order),
		cmocka_unit_test(test_ordinary_names), cmocka_unit_test(test_edges),
		cmocka_unit_test(test_random_ids),     cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_embedded),       cmocka_unit_test(test_not_embedded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
