/* calls_policy.c: administrator rights in IAM policies.
 *
 *	{ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } }
 *
 * Statement may be an object or an array; Action and Resource a text or an array of texts. */
#include "sensor/trail/calls_policy.h"

#include <jansson.h>
#include <string.h>

#include "sensor/trail/limits.h"
#include "sensor/trail/record.h"

bool policy_name_is_admin(const char *arn)
{
	static const char *const names[] = { "arn:aws:iam::aws:policy/AdministratorAccess",
					     "arn:aws:iam::aws:policy/IAMFullAccess",
					     "arn:aws-cn:iam::aws:policy/AdministratorAccess",
					     "arn:aws-cn:iam::aws:policy/IAMFullAccess",
					     "arn:aws-us-gov:iam::aws:policy/AdministratorAccess",
					     "arn:aws-us-gov:iam::aws:policy/IAMFullAccess" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(arn, names[i]) == 0)
			return true;
	return false;
}

/* A text, or one of an array, is one of two. */
static bool holds(const json_t *value, const char *a, const char *b)
{
	if (json_is_string(value))
		return strcmp(json_string_value(value), a) == 0 ||
		       strcmp(json_string_value(value), b) == 0;
	for (size_t i = 0; i < json_array_size(value) && i < TRAIL_ITEMS; i++) {
		const char *text = json_string_value(json_array_get(value, i));

		if (text != NULL && (strcmp(text, a) == 0 || strcmp(text, b) == 0))
			return true;
	}
	return false;
}

static bool is_admin_statement(const json_t *statement)
{
	const json_t *action = json_object_get(statement, "Action");

	return strcmp(record_text(statement, "Effect"), "Allow") == 0 &&
	       (holds(action, "*", "*:*") || holds(action, "iam:*", "IAM:*")) &&
	       holds(json_object_get(statement, "Resource"), "*", "arn:aws:iam::*:*");
}

bool policy_document_is_admin(const char *text)
{
	json_t *policy;
	bool is_admin = false;

	if (text[0] == '\0')
		return false;
	policy = json_loads(text, 0, NULL);
	for (size_t i = 0; i < TRAIL_ITEMS && !is_admin; i++) {
		const json_t *statement = record_item(policy, "Statement", i);

		if (statement == NULL)
			break;
		is_admin = is_admin_statement(statement);
	}
	json_decref(policy);
	return is_admin;
}
