/* detect_calls.c: rules about single calls and what they name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/detect_rules.h"

#define NS_PER_S UINT64_C(1000000000)

/* The detection for one deed, proven by it. */
static struct detection *prove_deed(struct detections *out, enum rule_id rule,
				    const struct deed *deed, const char *region,
				    const char *subject)
{
	struct detection *found = detections_get(
		out, rule,
		&(const struct detection_key){ deed->identity, deed->identity->account, region,
					       subject, deed->address });

	if (found != NULL)
		detection_prove(found, deed->time_ns, deed->event);
	return found;
}

static bool is_done(const struct deed *deed, enum deed_kind kind)
{
	return deed->kind == kind && deed->error[0] == '\0';
}

int detect_new_region(const struct history *history, struct detections *out)
{
	for (size_t i = 0; i < history->deed_count; i++) {
		const struct deed *deed = history->deeds[i];
		struct detection *found;

		if (!is_done(deed, DEED_LAUNCH) ||
		    !history_is_new_region(history, deed->identity->account, deed->region,
					   deed->time_ns))
			continue;
		found = prove_deed(out, RULE_NEW_REGION, deed, deed->region, "");
		if (found == NULL)
			return detect_no_place(out);
		found->value += deed->count;
		(void)snprintf(found->text, sizeof(found->text),
			       "%llu instances launched in %.40s, where none was before",
			       (unsigned long long)found->value, deed->region);
	}
	return 0;
}

int detect_new_gpu(const struct history *history, struct detections *out)
{
	for (size_t i = 0; i < history->deed_count; i++) {
		const struct deed *deed = history->deeds[i];
		struct detection *found;

		if (!is_done(deed, DEED_LAUNCH) || !call_is_gpu(deed->subject) ||
		    !history_is_new_type(history, deed->identity->account, deed->subject,
					 deed->time_ns))
			continue;
		found = prove_deed(out, RULE_NEW_GPU, deed, "", deed->subject);
		if (found == NULL)
			return detect_no_place(out);
		found->value += deed->count;
		(void)snprintf(found->text, sizeof(found->text),
			       "%llu x %.60s launched, a type that was never used before",
			       (unsigned long long)found->value, deed->subject);
	}
	return 0;
}

int detect_admin(const struct history *history, struct detections *out)
{
	for (size_t i = 0; i < history->deed_count; i++) {
		const struct deed *deed = history->deeds[i];
		struct detection *found;

		if (!is_done(deed, DEED_POLICY) || !deed->is_admin ||
		    history_is_habit(history, deed, true))
			continue;
		found = prove_deed(out, RULE_ADMIN, deed, "",
				   deed->object[0] != '\0' ? deed->object : deed->subject);
		if (found == NULL)
			return detect_no_place(out);
		found->value++;
		(void)snprintf(found->text, sizeof(found->text), "%.90s gives %s%s%.60s",
			       deed->subject, deed->object[0] != '\0' ? deed->detail : "whoever",
			       deed->object[0] != '\0' ? " " : " has it", deed->object);
	}
	return 0;
}

/* A role that was used from there long before, with its people's short-lived credentials: whose
 * work it is. A long-term key that makes keys for others is never that. */
static bool is_established(const struct history *history, const struct deed *deed)
{
	if (deed->identity->issuer[0] == '\0')
		return false;
	if (!history_is_learnt(history, deed->identity->account, deed->time_ns))
		return true;
	STORE_EACH (history->store->uses, const struct use, use) {
		if (use->address == deed->address &&
		    history_is_same(use->identity, deed->identity) &&
		    history_is_long_before(history, use->first.time_ns, deed->time_ns))
			return true;
	}
	return false;
}

int detect_others_key(const struct history *history, struct detections *out)
{
	for (size_t i = 0; i < history->deed_count; i++) {
		const struct deed *deed = history->deeds[i];
		struct detection *found;

		if (!is_done(deed, DEED_KEY) || deed->object[0] == '\0' ||
		    strcmp(deed->object, deed->identity->user) == 0 ||
		    is_established(history, deed) || history_is_habit(history, deed, false))
			continue;
		found = prove_deed(out, RULE_OTHERS_KEY, deed, "", deed->object);
		if (found == NULL)
			return detect_no_place(out);
		found->value++;
		(void)snprintf(found->text, sizeof(found->text),
			       "access key %.40s created for user %.80s by %.80s", deed->subject,
			       deed->object,
			       deed->identity->user[0] != '\0' ? deed->identity->user
							       : deed->identity->id);
	}
	return 0;
}

int detect_logging(const struct history *history, struct detections *out)
{
	for (size_t i = 0; i < history->deed_count; i++) {
		const struct deed *deed = history->deeds[i];
		struct detection *found;

		/* Services remove alarms of their own when what they watch ends. */
		if (!is_done(deed, DEED_LOGGING) ||
		    strcmp(deed->identity->type, "AWSService") == 0 ||
		    strstr(deed->address, ".amazonaws.com") != NULL)
			continue;
		found = prove_deed(out, RULE_LOGGING, deed, deed->region, deed->name);
		if (found == NULL)
			return detect_no_place(out);
		found->value++;
		(void)snprintf(found->text, sizeof(found->text), "%.60s %.80s in %.40s", deed->name,
			       deed->subject, deed->region);
	}
	return 0;
}

/* --- quota ---------------------------------------------------------------------------------- */

static bool is_same_caller(const struct deed *a, const struct deed *b)
{
	return a->identity == b->identity && a->address == b->address;
}

/* Distinct regions of one caller's requests within the window that begins with deeds[at]. */
static size_t count_regions(const struct history *history, size_t at)
{
	const struct deed *first = history->deeds[at];
	uint64_t end_ns = first->time_ns + history->settings->quota_window_s * NS_PER_S;
	const char *seen[64];
	size_t count = 0;

	for (size_t i = at; i < history->deed_count && history->deeds[i]->time_ns <= end_ns; i++) {
		const struct deed *deed = history->deeds[i];
		size_t known = 0;

		if (deed->kind != DEED_QUOTA || !is_same_caller(deed, first))
			continue;
		while (known < count && seen[known] != deed->region)
			known++;
		if (known == count && count < sizeof(seen) / sizeof(seen[0]))
			seen[count++] = deed->region;
	}
	return count;
}

/* Is deeds[at] in a window of enough requests? */
static bool is_in_round(const struct history *history, size_t at)
{
	const struct deed *deed = history->deeds[at];
	uint64_t window_ns = history->settings->quota_window_s * NS_PER_S;

	for (size_t i = at + 1; i > 0; i--) {
		const struct deed *first = history->deeds[i - 1];

		if (deed->time_ns - first->time_ns > window_ns)
			return false;
		if (first->kind == DEED_QUOTA && is_same_caller(first, deed) &&
		    count_regions(history, i - 1) >= history->settings->quota_regions)
			return true;
	}
	return false;
}

int detect_quota(const struct history *history, struct detections *out)
{
	for (size_t i = 0; i < history->deed_count; i++) {
		const struct deed *deed = history->deeds[i];
		struct detection *found;

		if (deed->kind != DEED_QUOTA || !is_in_round(history, i) ||
		    history_is_habit(history, deed, false))
			continue;
		found = prove_deed(out, RULE_QUOTA, deed, "", "");
		if (found == NULL)
			return detect_no_place(out);
		found->value = found->event_count;
		(void)snprintf(found->text, sizeof(found->text),
			       "%u quota increases requested, the last for %.60s = %.20s in %.40s",
			       found->event_count, deed->detail, deed->object, deed->region);
	}
	return 0;
}

/* --- networks ------------------------------------------------------------------------------- */

/* Was there neither an instance nor a new VPC in that region before? */
static bool is_new_ground(const struct history *history, const struct deed *vpc)
{
	if (!history_is_new_region(history, vpc->identity->account, vpc->region, vpc->time_ns))
		return false;
	for (size_t i = 0; i < history->deed_count; i++) {
		const struct deed *deed = history->deeds[i];

		if (!history_is_long_before(history, deed->time_ns, vpc->time_ns))
			return true;
		if (is_done(deed, DEED_VPC) && deed->region == vpc->region &&
		    deed->identity->account == vpc->identity->account)
			return false;
	}
	return true;
}

static bool is_group_of(const struct history *history, const struct deed *rule,
			const struct deed *vpc)
{
	for (size_t i = 0; i < history->deed_count; i++) {
		const struct deed *group = history->deeds[i];

		if (is_done(group, DEED_GROUP) && group->subject == rule->subject &&
		    group->object == vpc->subject)
			return true;
	}
	return false;
}

static int prove_network(const struct history *history, const struct deed *vpc,
			 struct detections *out)
{
	uint64_t window_ns = history->settings->network_window_s * NS_PER_S;

	for (size_t i = 0; i < history->deed_count; i++) {
		const struct deed *rule = history->deeds[i];
		struct detection *found;

		if (!is_done(rule, DEED_GROUP_RULE) || !rule->is_open ||
		    rule->identity != vpc->identity || rule->region != vpc->region ||
		    rule->time_ns < vpc->time_ns || rule->time_ns - vpc->time_ns > window_ns ||
		    !is_group_of(history, rule, vpc))
			continue;
		found = prove_deed(out, RULE_OPEN_NETWORK, vpc, vpc->region, "");
		if (found == NULL)
			return detect_no_place(out);
		detection_prove(found, rule->time_ns, rule->event);
		found->value = found->event_count;
		(void)snprintf(found->text, sizeof(found->text),
			       "%.40s in %.40s with %.40s open to %.40s (%.40s)", vpc->subject,
			       vpc->region, rule->subject, rule->object, rule->detail);
	}
	return 0;
}

int detect_open_network(const struct history *history, struct detections *out)
{
	int result = 0;

	for (size_t i = 0; i < history->deed_count && result == 0; i++)
		if (is_done(history->deeds[i], DEED_VPC) &&
		    is_new_ground(history, history->deeds[i]))
			result = prove_network(history, history->deeds[i], out);
	return result;
}
