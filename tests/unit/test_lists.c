/* Unit tests of sensor/lists*.c: the format, what matches, what wins, ids. */
#include "tests/unit/lists_rig.h"

#include "sensor/limits.h"

#define JA3    "c216e752cae6f8755fd27f561d031636"
#define JA4    "t13d1516h2_8daaf6152771_b186095e22b6"
#define HEX40  "101112131415161718191a1b1c1d1e1f20212223"
#define L63    "a23456789012345678901234567890123456789012345678901234567890123"
#define LABELS "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z."

/* --- names ---------------------------------------------------------------------------------- */

static void names_match_at_label_boundaries(void **state)
{
	struct lists *lists = lists_of("pool Pool.Example.NET. one\n"
				       "pool *.below.example.org two\n"
				       "pool =exact.example.org three\n"
				       "pool xn--bcher-kva.example four\n");

	(void)state;
	assert_int_equal(lists_size(lists), 4);
	assert_string_equal(named(lists, "pool.example.net", 0), "one");
	assert_string_equal(named(lists, "POOL.EXAMPLE.net.", 443), "one");
	assert_string_equal(named(lists, "eu1.xmr.pool.example.net", 0), "one");
	assert_string_equal(named(lists, "xpool.example.net", 0), "-");
	assert_string_equal(named(lists, "pool.example.net.evil.org", 0), "-");
	assert_string_equal(named(lists, "example.net", 0), "-");
	assert_string_equal(named(lists, "net", 0), "-");
	assert_string_equal(named(lists, "below.example.org", 0), "-");
	assert_string_equal(named(lists, "a.below.example.org", 0), "two");
	assert_string_equal(named(lists, "b.a.below.example.org", 0), "two");
	assert_string_equal(named(lists, "exact.example.org", 0), "three");
	assert_string_equal(named(lists, "a.exact.example.org", 0), "-");
	assert_string_equal(named(lists, "www.XN--BCHER-KVA.example", 0), "four");
	lists_free(lists);
}

static void most_specific_name_wins(void **state)
{
	struct lists *lists = lists_of("pool example.net plain\n"
				       "pool *.example.net below\n"
				       "pool =example.net exact\n"
				       "pool eu.example.net longer\n"
				       "pool eu.example.net:3333 port\n"
				       "pool *.eu.example.net:3333 below-port\n");

	(void)state;
	assert_int_equal(lists_size(lists), 6);
	assert_string_equal(named(lists, "example.net", 1), "exact");
	assert_string_equal(named(lists, "us.example.net", 1), "below");
	assert_string_equal(named(lists, "eu.example.net", 1), "longer");
	assert_string_equal(named(lists, "eu.example.net", 3333), "port");
	assert_string_equal(named(lists, "eu.example.net", 0), "port");
	assert_string_equal(named(lists, "a.eu.example.net", 1), "longer");
	assert_string_equal(named(lists, "a.eu.example.net", 3333), "below-port");
	lists_free(lists);
}

static void an_ask_is_answered_for_any_port(void **state)
{
	struct lists *lists = lists_of("pool eu.example.net:3333 port\npool *.example.net below\n");
	const char name[] = "A.eu.example.net.";
	struct lists_ask ask;

	(void)state;
	lists_ask_name(&ask, lists, LIST_WATCHED, name, strlen(name));
	lists_expect_address(lists, LIST_WATCHED, 4, (const uint8_t *)"\xc6\x33\x64\x01");
	assert_string_equal(tag_of(lists_answer(&ask, 3333)), "port");
	assert_string_equal(tag_of(lists_answer(&ask, 1)), "below");
	assert_string_equal(tag_of(lists_answer(&ask, 3333)), "port");
	lists_ask_name(&ask, lists, LIST_ALLOWED, name, strlen(name));
	assert_int_equal(lists_answer(&ask, 3333), 0);
	lists_ask_name(&ask, lists, LIST_WATCHED, "", 0);
	assert_int_equal(lists_answer(&ask, 3333), 0);
	lists_free(lists);
}

static void hostile_names(void **state)
{
	struct lists *lists = lists_of("pool bytes.example.net tag\n");
	char longest[254];

	(void)state;
	assert_string_equal(named(lists, "", 0), "-");
	assert_string_equal(named(lists, ".", 0), "-");
	assert_string_equal(named(lists, "..", 0), "-");
	assert_string_equal(named(lists, "bytes..example.net", 0), "-");
	assert_string_equal(named(lists, "bytes.example.net..", 0), "-");
	assert_string_equal(named(lists, ".bytes.example.net", 0), "tag");
	assert_string_equal(named(lists, "a..bytes.example.net", 0), "tag");
	assert_string_equal(named(lists, "\xff\x01.bytes.example.net", 0), "tag");
	assert_string_equal(named(lists,
				  "\xff"
				  "bytes.example.net",
				  0),
			    "-");
	assert_int_equal(lists_match_name(lists, LIST_WATCHED, "bytes.example.net\0", 18, 0), 0);
	/* 253 bytes are a name, 254 are none. */
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + 253 - 18, ".bytes.example.net", 18);
	assert_true(lists_match_name(lists, LIST_WATCHED, longest, 253, 0) != 0);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + 254 - 18, ".bytes.example.net", 18);
	assert_int_equal(lists_match_name(lists, LIST_WATCHED, longest, 254, 0), 0);
	lists_free(lists);
}

static void many_labels(void **state)
{
	struct lists *lists = lists_of("pool " LABELS "example.net deep\n"
				       "pool labels.example.net shallow\n");
	char name[254];

	(void)state;
	assert_string_equal(named(lists, LABELS "example.net", 0), "deep");
	assert_string_equal(named(lists, "0." LABELS "example.net", 0), "deep");
	assert_string_equal(named(lists, LABELS + 2, 0), "-");
	/* 127 labels, all of them probed. */
	for (size_t i = 0; i < sizeof(name) - 1; i += 2)
		memcpy(name + i, "a.", 2);
	assert_int_equal(lists_match_name(lists, LIST_WATCHED, name, 253, 0), 0);
	memcpy(name + 253 - 19, ".labels.example.net", 19);
	name[253 - 20] = 'a';
	assert_string_equal(tag_of(lists_match_name(lists, LIST_WATCHED, name, 253, 0)), "shallow");
	lists_free(lists);
}

/* Labels are read eight bytes at a time: of every length, at the name's begin and inside, in either
 * case, and with any one byte changed. */
static void labels_of_every_length(void **state)
{
	char label[64] = "";

	(void)state;
	for (size_t len = 1; len <= 63; len++) {
		char line[160];
		char name[160];
		struct lists *lists;

		label[len - 1] = (char)('a' + len % 26);
		(void)snprintf(line, sizeof(line), "pool %s.io one\n", label);
		lists = lists_of(line);
		(void)snprintf(name, sizeof(name), "%s.io", label);
		assert_string_equal(named(lists, name, 0), "one");
		for (size_t i = 0; i < len; i++) {
			name[i]++;
			assert_string_equal(named(lists, name, 0), "-");
			name[i]--;
		}
		assert_string_equal(named(lists, name + 1, 0), "-");
		name[len / 2] ^= 0x20;
		assert_string_equal(named(lists, name, 0), "one");
		(void)snprintf(name, sizeof(name), "%s.%s.iO", label, label);
		assert_string_equal(named(lists, name, 0), "one");
		(void)snprintf(name, sizeof(name), "x%s.io", label);
		assert_string_equal(named(lists, name, 0), "-");
		lists_free(lists);
	}
}

/* --- addresses ------------------------------------------------------------------------------ */

static void every_form_of_address(void **state)
{
	struct lists *lists = lists_of("\xef\xbb\xbf# lines without a kind are pools\n"
				       "198.51.100.7 a1\r\n"
				       "\t198.51.100.8:3333\ta2  # comment\n"
				       "2001:db8::7 a3\n"
				       "[2001:db8::8]:4444 a4\n"
				       "[2001:db8::9] a5\n"
				       "203.0.113.0/25 a6\n"
				       "2001:db8:1::/48 a7\n"
				       "stratum+tcp://198.51.100.9:3333 a8\n"
				       "STRATUM+SSL://[2001:db8::a]:443 a9\n"
				       "stratum2+tcp://url.example.net:34254 b1\n"
				       "pool tcp://198.51.100.10:25 b2\n"
				       "hostile-controller 198.51.100.11:8080 b3");

	(void)state;
	assert_int_equal(lists_size(lists), 12);
	assert_string_equal(at(lists, "198.51.100.7", 1), "a1");
	assert_string_equal(at(lists, "198.51.100.7", 0), "a1");
	assert_string_equal(at(lists, "198.51.100.8", 3333), "a2");
	assert_string_equal(at(lists, "198.51.100.8", 3334), "-");
	assert_string_equal(at(lists, "198.51.100.8", 0), "-");
	assert_string_equal(at(lists, "2001:db8::7", 80), "a3");
	assert_string_equal(at(lists, "2001:db8::8", 4444), "a4");
	assert_string_equal(at(lists, "2001:db8::8", 4445), "-");
	assert_string_equal(at(lists, "2001:db8::9", 1), "a5");
	assert_string_equal(at(lists, "203.0.113.127", 1), "a6");
	assert_string_equal(at(lists, "203.0.113.128", 1), "-");
	assert_string_equal(at(lists, "2001:db8:1:ffff::1", 1), "a7");
	assert_string_equal(at(lists, "2001:db8:2::1", 1), "-");
	assert_string_equal(at(lists, "198.51.100.9", 3333), "a8");
	assert_string_equal(at(lists, "2001:db8::a", 443), "a9");
	assert_string_equal(named(lists, "url.example.net", 34254), "b1");
	assert_string_equal(named(lists, "url.example.net", 443), "-");
	assert_string_equal(at(lists, "198.51.100.10", 25), "b2");
	assert_string_equal(at(lists, "198.51.100.11", 8080), "b3");
	/* The first four bytes of an IPv6 address are no IPv4 address. */
	assert_string_equal(at(lists, "c633:6407::", 1), "-");
	lists_free(lists);
}

static void most_specific_address_wins(void **state)
{
	struct lists *lists = lists_of("0.0.0.0/0 everything\n"
				       "198.51.0.0/16 sixteen\n"
				       "198.51.100.0/24 twenty-four\n"
				       "198.51.100.1 address\n"
				       "198.51.100.1:3333 port\n"
				       "::/0 everything-6\n"
				       "2001:db8::/32 thirty-two-6\n"
				       "2001:db8::/127 hundred-6\n");

	(void)state;
	assert_string_equal(at(lists, "198.51.100.1", 3333), "port");
	assert_string_equal(at(lists, "198.51.100.1", 3334), "address");
	assert_string_equal(at(lists, "198.51.100.2", 3333), "twenty-four");
	assert_string_equal(at(lists, "198.51.101.1", 3333), "sixteen");
	assert_string_equal(at(lists, "192.0.2.1", 3333), "everything");
	assert_string_equal(at(lists, "2001:db8::1", 1), "hundred-6");
	assert_string_equal(at(lists, "2001:db8::2", 1), "thirty-two-6");
	assert_string_equal(at(lists, "2001:db9::", 1), "everything-6");
	lists_free(lists);
}

/* --- kinds, options, tags ------------------------------------------------------------------- */

static void entry_says_what_it_is(void **state)
{
	static const struct {
		const char *line, *text, *tag;
		enum list_kind kind;
		enum list_confidence confidence;
		bool is_weak;
	} cases[] = {
		{ "pool A.says.example.net", "a.says.example.net", "", LIST_POOL, LIST_HIGH,
		  false },
		{ "pool *.b.says.example.net:03 weak", "*.b.says.example.net:3", "", LIST_POOL,
		  LIST_LOW, true },
		{ "pool =c.says.example.net:3333 confidence=medium weak two words ",
		  "=c.says.example.net:3333", "two words", LIST_POOL, LIST_MEDIUM, true },
		{ "hostile-staging *.d.says.example.net dedicated confidence=low weak-ish",
		  "*.d.says.example.net", "weak-ish", LIST_STAGING, LIST_LOW, false },
		{ "hostile-exfiltration e.says.example.net tag weak", "e.says.example.net",
		  "tag weak", LIST_EXFILTRATION, LIST_HIGH, false },
		{ "hostile-controller f.says.example.net", "f.says.example.net", "",
		  LIST_CONTROLLER, LIST_HIGH, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lists *lists;
		char error[LISTS_ERROR_TEXT];
		char name[] = "x.says.example.net";
		const struct list_entry *entry;
		uint32_t id;

		assert_int_equal(lists_load_text(&lists, "kinds.list", cases[i].line,
						 strlen(cases[i].line), error),
				 0);
		name[0] = (char)('a' + i);
		id = lists_match_name(lists, LIST_WATCHED, name, strlen(name), 0);
		if (id == 0) {
			char below[] = "y.x.says.example.net";

			below[2] = (char)('a' + i);
			id = lists_match_name(lists, LIST_WATCHED, below, strlen(below), 0);
		}
		entry = lists_entry(id);
		assert_non_null(entry);
		assert_string_equal(entry->text, cases[i].text);
		assert_string_equal(entry->tag, cases[i].tag);
		assert_string_equal(entry->file, "kinds.list");
		assert_int_equal(entry->line, 1);
		assert_int_equal(entry->kind, cases[i].kind);
		assert_int_equal(entry->confidence, cases[i].confidence);
		assert_int_equal(entry->is_weak, cases[i].is_weak);
		lists_free(lists);
	}
	assert_string_equal(list_kind_text(LIST_EXFILTRATION), "hostile-exfiltration");
	assert_true(list_kind_is_hostile(LIST_STAGING));
	assert_false(list_kind_is_hostile(LIST_POOL));
	assert_false(list_kind_is_hostile(LIST_WALLET));
}

static void addresses_have_one_text(void **state)
{
	struct lists *lists = lists_of("[2001:DB8:0::77]:4444 text-1\n"
				       "2001:db8:77::/48 text-2\n"
				       "192.0.2.0/30 text-3\n"
				       "192.0.2.77:1 text-4\n");

	(void)state;
	assert_string_equal(lists_entry(id_at(lists, LIST_WATCHED, "2001:db8::77", 4444))->text,
			    "[2001:db8::77]:4444");
	assert_string_equal(lists_entry(id_at(lists, LIST_WATCHED, "2001:db8:77::1", 4444))->text,
			    "2001:db8:77::/48");
	assert_string_equal(lists_entry(id_at(lists, LIST_WATCHED, "192.0.2.3", 4444))->text,
			    "192.0.2.0/30");
	assert_string_equal(lists_entry(id_at(lists, LIST_WATCHED, "192.0.2.77", 1))->text,
			    "192.0.2.77:1");
	lists_free(lists);
}

/* Without a kind all words are the tag, as in the lists of earlier versions. */
static void bare_lines_keep_their_words(void **state)
{
	struct lists *lists = lists_of("198.51.100.201:3333 weak confidence=none\n");
	const struct list_entry *entry =
		lists_entry(id_at(lists, LIST_WATCHED, "198.51.100.201", 3333));

	(void)state;
	assert_non_null(entry);
	assert_string_equal(entry->tag, "weak confidence=none");
	assert_false(entry->is_weak);
	assert_int_equal(entry->kind, LIST_POOL);
	lists_free(lists);
}

static void long_tags_are_cut_between_characters(void **state)
{
	char text[256] = "198.51.100.202 ";
	struct lists *lists;

	(void)state;
	memset(text + 15, 'a', LIMIT_NAME_TEXT - 2);
	memcpy(text + 15 + LIMIT_NAME_TEXT - 2, "\xc3\xa9 more", 8);
	lists = lists_of(text);
	assert_int_equal(strlen(at(lists, "198.51.100.202", 1)), LIMIT_NAME_TEXT - 2);
	lists_free(lists);
}

static void hostile_entry_wins_then_the_first(void **state)
{
	struct lists *lists = lists_of("pool twice.example.net first\n"
				       "pool twice.example.net second\n"
				       "hostile-staging twice.example.net third\n"
				       "hostile-controller twice.example.net fourth\n"
				       "198.51.100.203 kept\n"
				       "pool 198.51.100.203 dropped\n");

	(void)state;
	assert_int_equal(lists_size(lists), 2);
	assert_string_equal(named(lists, "twice.example.net", 0), "third");
	assert_string_equal(at(lists, "198.51.100.203", 5), "kept");
	lists_free(lists);
}

/* --- allow, wallets, fingerprints ----------------------------------------------------------- */

static const char *allowed_wallet(const struct lists *lists, const char *text)
{
	return tag_of(lists_match_wallet(lists, LIST_ALLOWED, text, strlen(text)));
}

static void allow_is_asked_apart(void **state)
{
	struct lists *lists = lists_of("pool apart.example.net pool-tag\n"
				       "allow eu.apart.example.net own-name\n"
				       "allow 10.1.0.0/16 own-net\n"
				       "allow 198.51.100.204:3333 own-port\n"
				       "allow 0x" HEX40 " own-wallet\n"
				       "allow kaspa:qqexample own-kaspa\n"
				       "allow ops@example.net own-mail\n"
				       "198.51.100.204 pool-address\n");
	const char *name = "xmr.eu.apart.example.net";

	(void)state;
	assert_int_equal(lists_size(lists), 8);
	assert_string_equal(named(lists, name, 0), "pool-tag");
	assert_string_equal(tag_of(lists_match_name(lists, LIST_ALLOWED, name, strlen(name), 0)),
			    "own-name");
	assert_int_equal(lists_match_name(lists, LIST_ALLOWED, "apart.example.net", 17, 0), 0);
	assert_string_equal(tag_of(id_at(lists, LIST_ALLOWED, "10.1.2.3", 40000)), "own-net");
	assert_string_equal(at(lists, "10.1.2.3", 40000), "-");
	assert_string_equal(tag_of(id_at(lists, LIST_ALLOWED, "198.51.100.204", 3333)), "own-port");
	assert_int_equal(id_at(lists, LIST_ALLOWED, "198.51.100.204", 3334), 0);
	assert_string_equal(at(lists, "198.51.100.204", 3333), "pool-address");
	assert_string_equal(allowed_wallet(lists, "0x" HEX40), "own-wallet");
	assert_string_equal(allowed_wallet(lists, "kaspa:qqexample"), "own-kaspa");
	assert_string_equal(allowed_wallet(lists, "ops@example.net"), "own-mail");
	assert_int_equal(lists_match_wallet(lists, LIST_WATCHED, "kaspa:qqexample", 15), 0);
	lists_free(lists);
}

static void wallets(void **state)
{
	struct lists *lists = lists_of("wallet 0xABCDEF12131415161718191a1b1c1d1e1f202122 eth\n"
				       "wallet 12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E btc\n"
				       "wallet account confidence=medium\n");
	char longest[300];

	(void)state;
	assert_string_equal(
		tag_of(lists_match_wallet(lists, LIST_WATCHED,
					  "0xabcdef12131415161718191A1B1C1D1E1F202122", 42)),
		"eth");
	assert_true(lists_match_wallet(lists, LIST_WATCHED, "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E",
				       34) != 0);
	assert_int_equal(
		lists_match_wallet(lists, LIST_WATCHED, "12txga2wcesnxaz4gngtd5db1hs2g3xn6e", 34),
		0);
	assert_int_equal(lists_entry(lists_match_wallet(lists, LIST_WATCHED, "account", 7))->kind,
			 LIST_WALLET);
	assert_int_equal(lists_match_wallet(lists, LIST_WATCHED, "account", 6), 0);
	assert_int_equal(lists_match_wallet(lists, LIST_WATCHED, "", 0), 0);
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(lists_match_wallet(lists, LIST_WATCHED, longest, sizeof(longest)), 0);
	assert_int_equal(lists_match_wallet(lists, LIST_WATCHED, longest, 253), 0);
	lists_free(lists);
}

static void fingerprints(void **state)
{
	struct lists *lists = lists_of("ja3 C216E752CAE6F8755FD27F561D031636 weak xmrig\n"
				       "ja4 " JA4 " browser\n");

	(void)state;
	assert_string_equal(tag_of(lists_match_ja3(lists, JA3, 32)), "xmrig");
	assert_true(lists_entry(lists_match_ja3(lists, JA3, 32))->is_weak);
	assert_int_equal(lists_match_ja3(lists, JA3, 31), 0);
	assert_int_equal(lists_match_ja3(lists, "d216e752cae6f8755fd27f561d031636", 32), 0);
	assert_string_equal(tag_of(lists_match_ja4(lists, JA4, 36)), "browser");
	assert_int_equal(lists_match_ja4(lists, JA4, 35), 0);
	/* Neither is a wallet. */
	assert_int_equal(lists_match_wallet(lists, LIST_WATCHED, JA3, 32), 0);
	lists_free(lists);
}

/* --- errors --------------------------------------------------------------------------------- */

static void errors_name_line_and_reason(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ "\npool.example.org\n", "2: \"pool.example.org\" is no kind: a name is listed as "
					  "\"pool pool.example.org\"" },
		{ "pools example.org", "1: unknown kind \"pools\": pool, hostile-staging, "
				       "hostile-controller, hostile-exfiltration, allow, wallet, "
				       "ja3 or ja4" },
		{ "pool", "1: \"pool\" needs an entry" },
		{ "pool # example.org", "1: \"pool\" needs an entry" },
		{ "pool *", "1: \"*\": a wildcard stands at the beginning only, as \"*.\"" },
		{ "pool *.", "1: \"*.\" is an empty name" },
		{ "pool .", "1: \".\" is not an IP address" },
		{ "pool .", "1: \".\" is not an IP address" },
		{ "pool :3333", "1: \"\" is an empty name" },
		{ "pool com", "1: \"com\" is a single label: too wide for a list" },
		{ "pool *.com", "1: \"*.com\" is a single label: too wide for a list" },
		{ "pool com.", "1: \"com.\" is a single label: too wide for a list" },
		{ "pool co.uk", "1: \"co.uk\" is a public suffix: too wide for a list" },
		{ "hostile-staging *.com.br",
		  "1: \"*.com.br\" is a public suffix: too wide for a list" },
		{ "pool a..example.org", "1: \"a..example.org\" has an empty label" },
		{ "pool .example.org", "1: \".example.org\" has an empty label" },
		{ "pool a.*.example.org",
		  "1: \"a.*.example.org\": a wildcard stands at the beginning only, as \"*.\"" },
		{ "pool b\xc3\xbc"
		  "cher.example",
		  "1: \"b\xc3\xbc"
		  "cher.example\": write an international name as punycode (xn--...)" },
		{ "pool a!b.example.org", "1: \"a!b.example.org\" is no host name: bad byte 0x21" },
		{ "pool a" L63 ".example.org",
		  "1: \"a" L63 ".example.org\" has a label of more than 63 bytes" },
		{ "pool " L63 "." L63 "." L63 "." L63, "1: the name is longer than 253 bytes" },
		{ "pool example.123", "1: \"example.123\" is neither an IP address nor a name" },
		{ "pool example.org:0", "1: bad port \"0\": a port is 1 to 65535" },
		{ "pool example.org:", "1: bad port \"\": a port is 1 to 65535" },
		{ "pool example.org/24", "1: \"example.org\" is not an IP address" },
		{ "pool example.org confidence=sure",
		  "1: bad confidence \"sure\": high, medium or low" },
		{ "pool example.org weak dedicated",
		  "1: \"weak\" and \"dedicated\" contradict each other" },
		{ "allow example.org weak", "1: \"weak\" says nothing about what is allowed" },
		{ "allow *", "1: \"*\" is no wallet: bad byte 0x2a" },
		{ "allow 10.0.0.0/33", "1: bad prefix length \"33\": 0 to 32" },
		{ "wallet ---", "1: \"---\" is no wallet" },
		{ "wallet a\"b", "1: \"a\"b\" is no wallet: bad byte 0x22" },
		{ "wallet " L63 L63 "ab", "1: the wallet is longer than 127 bytes" },
		{ "ja3 123", "1: \"123\" is no JA3: 32 hex digits" },
		{ "ja3 g216e752cae6f8755fd27f561d031636",
		  "1: \"g216e752cae6f8755fd27f561d031636\" is no JA3: 32 hex digits" },
		{ "ja4 x13d1516h2_8daaf6152771_b186095e22b6",
		  "1: \"x13d1516h2_8daaf6152771_b186095e22b6\" is no JA4, such as "
		  "t13d1516h2_8daaf6152771_b186095e22b6" },
		{ "ja4 t13d1516h2-8daaf6152771_b186095e22b6",
		  "1: \"t13d1516h2-8daaf6152771_b186095e22b6\" is no JA4, such as "
		  "t13d1516h2_8daaf6152771_b186095e22b6" },
		{ "198.51.100.1:0", "1: bad port \"0\": a port is 1 to 65535" },
		{ "198.51.100.1:65536", "1: bad port \"65536\": a port is 1 to 65535" },
		{ "198.51.100.1:000080", "1: bad port \"000080\": a port is 1 to 65535" },
		{ "198.51.100.1:33x", "1: bad port \"33x\": not a number" },
		{ "[2001:db8::1]:70000", "1: bad port \"70000\": a port is 1 to 65535" },
		{ "[2001:db8::1]3333", "1: \"3333\" behind the address is not a port" },
		{ "[2001:db8::1", "1: \"[2001:db8::1\" lacks its closing bracket" },
		{ "[198.51.100.1]:3333", "1: \"198.51.100.1\" is not an IP address" },
		{ "10.0.0.0/", "1: bad prefix length \"\": 0 to 32" },
		{ "10.0.0.0/08", "1: bad prefix length \"08\": 0 to 32" },
		{ "10.0.0.0/8:3333", "1: bad prefix length \"8:3333\": 0 to 32" },
		{ "2001:db8::/129", "1: bad prefix length \"129\": 0 to 128" },
		{ "10.0.0.1/8", "1: \"10.0.0.1/8\" has bits set behind its prefix" },
		{ "10.0.0.256", "1: \"10.0.0.256\" is not an IP address" },
		{ "2001:db8::g", "1: \"2001:db8::g\" is not an IP address" },
		{ "http://198.51.100.1:80", "1: \"http://198.51.100.1:80\" has an unknown scheme" },
		{ "stratum+tcp://198.51.100.1", "1: a URL needs a port: \"198.51.100.1\"" },
		{ "stratum+tcp://pool.example.org", "1: a URL needs a port: \"pool.example.org\"" },
		{ "stratum+tcp://198.51.100.1:3333/", "1: bad port \"3333/\": not a number" },
		{ "stratum+tcp://", "1: \"\" is an empty name" },
		{ "198.51.100.1\n198.51.100.2\r\n10.0.0\n", "3: \"10.0.0\" is not an IP address" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char error[LISTS_ERROR_TEXT];
		struct lists *lists = (struct lists *)1;

		assert_int_equal(lists_load_text(&lists, "x.list", cases[i].text,
						 strlen(cases[i].text), error),
				 -EINVAL);
		assert_memory_equal(error, "x.list:", 7);
		assert_string_equal(error + 7, cases[i].error);
		assert_null(lists);
	}
}

static void binary_and_long_lines(void **state)
{
	char error[LISTS_ERROR_TEXT];
	struct lists *lists;
	char line[1100];

	(void)state;
	assert_int_equal(lists_load_text(&lists, "x", "198.51.100.1\nab\0c\n", 18, error), -EINVAL);
	assert_string_equal(error, "x:2: a NUL byte: not a text file");
	memset(line, '#', sizeof(line));
	assert_int_equal(lists_load_text(&lists, "x", line, 1025, error), -EINVAL);
	assert_string_equal(error, "x:1: the line is longer than 1024 bytes");
	assert_int_equal(lists_load_text(&lists, "x", line, 1024, error), 0);
	assert_int_equal(lists_size(lists), 0);
	assert_string_equal(at(lists, "198.51.100.1", 1), "-");
	assert_string_equal(named(lists, "example.net", 1), "-");
	lists_free(lists);
}

static void no_lists_match_nothing(void **state)
{
	(void)state;
	assert_int_equal(id_at(NULL, LIST_WATCHED, "198.51.100.1", 1), 0);
	assert_int_equal(lists_match_name(NULL, LIST_WATCHED, "a.b", 3, 0), 0);
	lists_expect_address(NULL, LIST_WATCHED, 4, (const uint8_t *)"\xc6\x33\x64\x01");
	assert_int_equal(lists_match_wallet(NULL, LIST_WATCHED, "a", 1), 0);
	assert_int_equal(lists_match_ja3(NULL, JA3, 32), 0);
	assert_int_equal(lists_match_ja4(NULL, JA4, 36), 0);
	assert_int_equal(lists_size(NULL), 0);
	assert_null(lists_entry(0));
	assert_null(lists_entry(UINT32_MAX));
	assert_null(lists_entry(LISTS_IDS)); /* not given out yet */
	assert_null(lists_entry(LISTS_IDS + 1));
	lists_free(NULL);
}

/* --- files ---------------------------------------------------------------------------------- */

static void several_files(void **state)
{
	char one[] = "/tmp/minecanary-lists-1-XXXXXX";
	char two[] = "/tmp/minecanary-lists-2-XXXXXX";
	const char *paths[] = { one, two, "/nonexistent/pools.txt" };
	char error[LISTS_ERROR_TEXT];
	struct lists *lists;

	(void)state;
	close(mkstemp(one));
	close(mkstemp(two));
	write_list(one, "pool files.example.net one\n");
	write_list(two, "\npool files.example.net two\n198.51.100.205 three\n");
	assert_int_equal(lists_load(&lists, paths, 2, false, error), 0);
	assert_int_equal(lists_size(lists), 2);
	assert_int_equal(lists_files(lists), 2);
	assert_string_equal(named(lists, "files.example.net", 0), "one");
	assert_string_equal(lists_entry(id_at(lists, LIST_WATCHED, "198.51.100.205", 1))->file,
			    two);
	assert_int_equal(lists_entry(id_at(lists, LIST_WATCHED, "198.51.100.205", 1))->line, 3);
	lists_free(lists);
	assert_int_equal(lists_load(&lists, paths, 3, false, error), -ENOENT);
	assert_string_equal(error, "/nonexistent/pools.txt: No such file or directory");
	assert_null(lists);
	paths[0] = "/tmp";
	assert_int_equal(lists_load(&lists, paths, 1, false, error), -EISDIR);
	assert_string_equal(error, "/tmp: Is a directory");
	assert_int_equal(lists_load(&lists, paths, 0, false, error), 0);
	assert_int_equal(lists_size(lists), 0);
	lists_free(lists);
	unlink(one);
	unlink(two);
}

/* The operator's word comes before ours. */
static void default_list(void **state)
{
	char own[] = "/tmp/minecanary-lists-3-XXXXXX";
	const char *paths[] = { own };
	char error[LISTS_ERROR_TEXT];
	struct lists *lists;
	const struct list_entry *entry;
	const char *name = "xmr-eu1.nanopool.org";

	(void)state;
	close(mkstemp(own));
	write_list(own, "pool supportxmr.com own words\n");
	assert_int_equal(lists_load(&lists, paths, 1, true, error), 0);
	assert_int_equal(lists_files(lists), 1);
	assert_true(lists_size(lists) > 200);
	entry = lists_entry(lists_match_name(lists, LIST_WATCHED, name, strlen(name), 0));
	assert_non_null(entry);
	assert_string_equal(entry->text, "nanopool.org");
	assert_string_equal(entry->file, "default list");
	assert_false(entry->is_weak);
	entry = lists_entry(lists_match_name(lists, LIST_WATCHED, "foo.github.io", 13, 0));
	assert_true(entry != NULL && entry->is_weak && entry->confidence == LIST_LOW);
	assert_string_equal(named(lists, "pool.supportxmr.com", 0), "own words");
	entry = lists_entry(lists_match_ja3(lists, JA3, 32));
	assert_true(entry != NULL && entry->is_weak);
	lists_free(lists);
	unlink(own);
}

/* --- ids ------------------------------------------------------------------------------------ */

static void ids_stay_over_reloads(void **state)
{
	struct lists *lists = lists_of("pool stay.example.net confidence=low same tag\n"
				       "pool 198.51.100.206 gone\n");
	uint32_t name_id = lists_match_name(lists, LIST_WATCHED, "stay.example.net", 16, 0);
	uint32_t address_id = id_at(lists, LIST_WATCHED, "198.51.100.206", 1);
	const struct list_entry *gone = lists_entry(address_id);

	(void)state;
	assert_true(name_id != 0 && address_id != 0 && name_id != address_id);
	assert_int_equal(lists_match_name(lists, LIST_WATCHED, "a.stay.example.net", 18, 9),
			 name_id);
	lists_free(lists);
	assert_string_equal(gone->tag, "gone");
	lists = lists_of("# moved\npool STAY.example.net. confidence=low same tag\n");
	assert_int_equal(lists_match_name(lists, LIST_WATCHED, "stay.example.net", 16, 0), name_id);
	assert_int_equal(lists_entry(name_id)->line, 1); /* where it was first */
	lists_free(lists);
	/* What differs in kind, tag, confidence or weakness is another entry. */
	static const char *const others[] = {
		"pool stay.example.net confidence=low other tag", "pool stay.example.net same tag",
		"pool stay.example.net weak same tag",
		"hostile-staging stay.example.net confidence=low same "
		"tag",
		"pool =stay.example.net confidence=low same tag"
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		lists = lists_of(others[i]);
		assert_int_not_equal(
			lists_match_name(lists, LIST_WATCHED, "stay.example.net", 16, 0), name_id);
		lists_free(lists);
	}
}

static char *many_names(size_t count)
{
	size_t room = count * 40 + 1;
	char *text = malloc(room);
	size_t len = 0;

	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, room - len, "%s n%zu.cap.example.net\n",
					i % 2 == 0 ? "pool" : "hostile-staging", i);
	return text;
}

static uint32_t match_number(const struct lists *lists, size_t number)
{
	char name[40];
	int len = snprintf(name, sizeof(name), "n%zu.cap.example.net", number);

	return lists_match_name(lists, LIST_WATCHED, name, (size_t)len, 0);
}

/* Fills the catalogue: the last test. Beyond, an entry still tells its kind. */
static void catalogue_is_capped(void **state)
{
	char *text = many_names(LISTS_IDS + 10);
	struct lists *lists = lists_of(text);
	uint32_t first = match_number(lists, 0);
	uint32_t pool, staging;

	(void)state;
	assert_int_equal(lists_entries_shared(), 0);
	for (size_t i = 0; i < LISTS_IDS; i++)
		assert_int_not_equal(match_number(lists, i), 0);
	pool = match_number(lists, LISTS_IDS);
	staging = match_number(lists, LISTS_IDS + 1);
	assert_true(pool > LISTS_IDS && staging > LISTS_IDS && pool != staging);
	assert_int_equal(match_number(lists, LISTS_IDS + 2), pool);
	assert_int_equal(lists_entry(pool)->kind, LIST_POOL);
	assert_int_equal(lists_entry(pool)->id, pool);
	assert_string_equal(lists_entry(pool)->text, "more");
	assert_int_equal(lists_entry(staging)->kind, LIST_STAGING);
	assert_true(lists_entries_shared() > 0);
	assert_int_equal(match_number(lists, 0), first); /* known ones keep theirs */
	assert_non_null(lists_entry(LISTS_IDS));
	lists_free(lists);
	free(text);
}

static void memory_per_entry(void **state)
{
	char *text = many_names(1u << 16);
	struct lists *lists = lists_of(text);

	(void)state;
	/* 20 bytes of row, 16 of slots, 2 of filter, and a key of about 21. */
	assert_int_equal(lists_size(lists), 1u << 16);
	assert_true(lists_bytes(lists) / lists_size(lists) < 70);
	lists_free(lists);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_lists_match_nothing),
		cmocka_unit_test(names_match_at_label_boundaries),
		cmocka_unit_test(most_specific_name_wins),
		cmocka_unit_test(an_ask_is_answered_for_any_port),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(many_labels),
		cmocka_unit_test(labels_of_every_length),
		cmocka_unit_test(every_form_of_address),
		cmocka_unit_test(most_specific_address_wins),
		cmocka_unit_test(entry_says_what_it_is),
		cmocka_unit_test(addresses_have_one_text),
		cmocka_unit_test(bare_lines_keep_their_words),
		cmocka_unit_test(long_tags_are_cut_between_characters),
		cmocka_unit_test(hostile_entry_wins_then_the_first),
		cmocka_unit_test(allow_is_asked_apart),
		cmocka_unit_test(wallets),
		cmocka_unit_test(fingerprints),
		cmocka_unit_test(errors_name_line_and_reason),
		cmocka_unit_test(binary_and_long_lines),
		cmocka_unit_test(several_files),
		cmocka_unit_test(default_list),
		cmocka_unit_test(ids_stay_over_reloads),
		cmocka_unit_test(memory_per_entry),
		cmocka_unit_test(catalogue_is_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
