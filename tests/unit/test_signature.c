/* test_signature.c: the rows of sensor/signature.c. */
#include "sensor/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_rows(void **state)
{
	static const struct {
		uint32_t sid;
		enum family family;
		uint8_t severity;
	} rows[] = { { SID_SESSION, FAMILY_SESSION, 1 },
		     { SID_LOGIN, FAMILY_SESSION, 2 },
		     { SID_ENDPOINT, FAMILY_CONTACT, 2 },
		     { SID_CAMPAIGN, FAMILY_CAMPAIGN, 1 },
		     { SID_NODE, FAMILY_NODE, 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct signature *row = signature_find(rows[i].sid);

		assert_non_null(row);
		assert_int_equal(row->sid, rows[i].sid);
		assert_int_equal(row->family, rows[i].family);
		assert_int_equal(row->severity, rows[i].severity);
		assert_true(strlen(row->name) > 0);
		assert_true(strlen(row->category) > 0);
		assert_string_equal(row->technique_id,
				    row->family == FAMILY_NODE ? "T1496" : "T1496.001");
		assert_null(strchr(row->technique_name, ' '));
	}
}

static void test_ids_are_part_of_the_format(void **state)
{
	(void)state;
	assert_int_equal(SID_SESSION, 1600001);
	assert_int_equal(SID_LOGIN, 1600002);
	assert_int_equal(SID_ENDPOINT, 1600010);
	assert_int_equal(SID_CAMPAIGN, 1600030);
	assert_int_equal(SID_NODE, 1600040);
}

static void test_unknown_sid(void **state)
{
	(void)state;
	assert_null(signature_find(0));
	assert_null(signature_find(SID_SESSION - 1));
	assert_null(signature_find(SID_LOGIN + 1));
	assert_null(signature_find(UINT32_MAX));
}

static void test_families_have_words(void **state)
{
	(void)state;
	assert_string_equal(family_text(FAMILY_SESSION), "session");
	assert_string_equal(family_text(FAMILY_CONTACT), "contact");
	assert_string_equal(family_text(FAMILY_HOSTILE), "hostile");
	assert_string_equal(family_text(FAMILY_ENCRYPTED), "encrypted");
	assert_string_equal(family_text(FAMILY_CAMPAIGN), "campaign");
	assert_string_equal(family_text(FAMILY_NODE), "node");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_ids_are_part_of_the_format),
		cmocka_unit_test(test_unknown_sid),
		cmocka_unit_test(test_families_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
