/* test_lists.c: what a list's entry matches and says, and which of several wins. */
#include "tests/unit/lists_rig.h"

#include "sensor/limits.h"

#define JA3    "c216e752cae6f8755fd27f561d031636"
#define JA4    "t13d1516h2_8daaf6152771_b186095e22b6"
#define HEX40  "101112131415161718191a1b1c1d1e1f20212223"
#define LABELS "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z."

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

/* The last bytes are looked at first: as many as the shortest name has, of each use by itself. */
static void short_names_among_long_ones(void **state)
{
	struct lists *lists = lists_of("pool a.io short\n"
				       "pool pool.mining.example.net long\n"
				       "allow our.pool.example.org ours\n");

	(void)state;
	assert_string_equal(named(lists, "a.io", 0), "short");
	assert_string_equal(named(lists, "eu.A.iO.", 0), "short");
	assert_string_equal(named(lists, "eu.POOL.mining.example.net", 0), "long");
	assert_string_equal(named(lists, ".io", 0), "-");
	assert_string_equal(named(lists, "o", 0), "-");
	assert_string_equal(named(lists, "b.io", 0), "-");
	assert_string_equal(named(lists, "example.net", 0), "-");
	assert_string_equal(named(lists, "our.pool.example.org", 0), "-");
	assert_string_equal(
		tag_of(lists_match_name(lists, LIST_ALLOWED, "a.our.pool.example.orG", 22, 0)),
		"ours");
	assert_int_equal(lists_match_name(lists, LIST_ALLOWED, "a.io", 4, 0), 0);
	lists_free(lists);
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
		cmocka_unit_test(short_names_among_long_ones),
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
