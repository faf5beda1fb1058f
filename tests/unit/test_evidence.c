/* test_evidence.c: words in order of arrival, each once; stable texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sensor/evidence.h"

static void a_word_is_kept_once(void **state)
{
	struct evidence evidence = { { 0 }, 0 };

	(void)state;
	assert_false(evidence_has(&evidence, EVIDENCE_LISTED_ENDPOINT));
	assert_true(evidence_add(&evidence, EVIDENCE_LISTED_ENDPOINT));
	assert_false(evidence_add(&evidence, EVIDENCE_LISTED_ENDPOINT));
	assert_true(evidence_has(&evidence, EVIDENCE_LISTED_ENDPOINT));
	assert_false(evidence_has(&evidence, EVIDENCE_SUBSCRIBE));
	assert_int_equal(evidence.count, 1);
}

static void words_keep_their_order(void **state)
{
	struct evidence evidence = { { 0 }, 0 };

	(void)state;
	evidence_add(&evidence, EVIDENCE_SHARE);
	evidence_add(&evidence, EVIDENCE_LOGIN);
	evidence_add(&evidence, EVIDENCE_SHARE);
	evidence_add(&evidence, EVIDENCE_GAP);
	assert_int_equal(evidence.count, 3);
	assert_int_equal(evidence.words[0], EVIDENCE_SHARE);
	assert_int_equal(evidence.words[1], EVIDENCE_LOGIN);
	assert_int_equal(evidence.words[2], EVIDENCE_GAP);
}

static void all_words_fit(void **state)
{
	struct evidence evidence = { { 0 }, 0 };

	(void)state;
	for (int round = 0; round < 2; round++)
		for (unsigned word = 0; word < EVIDENCE_COUNT; word++)
			assert_int_equal(evidence_add(&evidence, (enum evidence_word)word),
					 round == 0);
	assert_int_equal(evidence.count, EVIDENCE_COUNT);
}

static void merging_adds_what_is_new(void **state)
{
	struct evidence evidence = { { 0 }, 0 };
	struct evidence other = { { 0 }, 0 };

	(void)state;
	evidence_add(&evidence, EVIDENCE_LOGIN);
	evidence_add(&other, EVIDENCE_JOB);
	evidence_add(&other, EVIDENCE_LOGIN);
	assert_true(evidence_merge(&evidence, &other));
	assert_int_equal(evidence.count, 2);
	assert_int_equal(evidence.words[0], EVIDENCE_LOGIN);
	assert_int_equal(evidence.words[1], EVIDENCE_JOB);
	assert_false(evidence_merge(&evidence, &other));
	assert_int_equal(evidence.count, 2);
}

static void texts_are_the_event_format(void **state)
{
	(void)state;
	assert_string_equal(evidence_text(EVIDENCE_LISTED_ENDPOINT), "listed-endpoint");
	assert_string_equal(evidence_text(EVIDENCE_LOGIN_REFUSED), "refused");
	assert_string_equal(evidence_text(EVIDENCE_CLAIMED_RATE), "claimed-hashrate");
	assert_string_equal(evidence_text(EVIDENCE_GAP), "gap");
	assert_string_equal(evidence_text(EVIDENCE_NODE), "node");
	assert_string_equal(evidence_text(EVIDENCE_HANDSHAKE_SIZES), "handshake-sizes");
	assert_string_equal(evidence_text(EVIDENCE_DONATION), "donation");
	assert_string_equal(level_text(LEVEL_NONE), "none");
	assert_string_equal(level_text(LEVEL_NODE), "node");
	assert_string_equal(level_text(LEVEL_SUSPECT), "suspect");
	assert_string_equal(level_text(LEVEL_LIKELY), "likely");
	assert_string_equal(level_text(LEVEL_CONFIRMED), "confirmed");
	for (unsigned word = 0; word < EVIDENCE_COUNT; word++)
		for (unsigned other = 0; other < word; other++)
			assert_string_not_equal(evidence_text((enum evidence_word)word),
						evidence_text((enum evidence_word)other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_kept_once),
		cmocka_unit_test(words_keep_their_order),
		cmocka_unit_test(all_words_fit),
		cmocka_unit_test(merging_adds_what_is_new),
		cmocka_unit_test(texts_are_the_event_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
