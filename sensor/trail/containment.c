/* containment.c: the steps that end an incident, in their order. */
#include "sensor/trail/containment.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/containment_parts.h"

#define CHUNK   40 /* instances in one command */
#define BY_HAND " (by hand: no safe name)"

/* --- steps ---------------------------------------------------------------------------------- */

struct containment_step *containment_add(struct containment *self, uint8_t stage,
					 const char *region, const char *proof)
{
	struct containment_step *steps;
	struct containment_step *step;

	if ((self->count & (self->count - 1)) == 0) {
		size_t room = self->count == 0 ? 1 : self->count * 2;

		steps = realloc(self->steps, room * sizeof(*steps));
		if (steps == NULL)
			return NULL;
		self->steps = steps;
	}
	step = &self->steps[self->count++];
	memset(step, 0, sizeof(*step));
	step->stage = stage;
	step->region = region;
	(void)snprintf(step->proof, sizeof(step->proof), "%s", proof);
	return step;
}

int containment_set_command(struct containment_step *step, const struct command_line *line)
{
	size_t len = strlen(step->text);

	if (line->is_refused) {
		(void)snprintf(step->text + len, sizeof(step->text) - len, "%s", BY_HAND);
		return 0;
	}
	step->command = strdup(line->text);
	return step->command != NULL ? 0 : -ENOMEM;
}

bool containment_begins(const char *text, const char *begin)
{
	return strncmp(text, begin, strlen(begin)) == 0;
}

/* --- identities ----------------------------------------------------------------------------- */

/* Credentials that were given to a role or user before now are worth nothing any more. */
static int revoke(struct containment *out, uint8_t stage, bool is_role, const char *name,
		  const char *proof)
{
	struct containment_step *step = containment_add(out, stage, "", proof);
	struct command_line line;

	if (step == NULL)
		return -ENOMEM;
	(void)snprintf(step->text, sizeof(step->text),
		       "Revoke the sessions of %s %.100s given so far", is_role ? "role" : "user",
		       name);
	command_begin(&line, is_role ? "aws iam put-role-policy" : "aws iam put-user-policy");
	command_option(&line, is_role ? "--role-name" : "--user-name", name);
	command_words(&line, CONTAINMENT_DENY_OLDER);
	return containment_set_command(step, &line);
}

/* ROLE of arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION. False: no such ARN. */
static bool read_role(const char *arn, char role[TRAIL_TEXT])
{
	const char *begin = strstr(arn, ":assumed-role/");
	size_t len;

	if (begin == NULL)
		return false;
	begin += strlen(":assumed-role/");
	len = strcspn(begin, "/");
	if (len == 0 || len >= TRAIL_TEXT)
		return false;
	memcpy(role, begin, len);
	role[len] = '\0';
	return true;
}

static bool is_session(const struct incident_identity *item)
{
	return item->made_by != NULL && item->made_by->kind == DEED_OTHER;
}

/* Has an earlier one of the sessions the same role? Then it is revoked. */
static bool is_revoked(const struct incident *incident, size_t at, const char *role)
{
	char other[TRAIL_TEXT];

	for (size_t i = 0; i < at; i++)
		if (is_session(&incident->identities[i]) &&
		    read_role(incident->identities[i].id, other) && strcmp(other, role) == 0)
			return true;
	return false;
}

static int take_sessions(struct containment *out, const struct incident *incident)
{
	char role[TRAIL_TEXT];
	int result = 0;

	for (size_t i = 0; i < incident->identities_count && result == 0; i++) {
		const struct incident_identity *item = &incident->identities[i];

		if (is_session(item) && read_role(item->id, role) && !is_revoked(incident, i, role))
			result = revoke(out, 1, true, role, item->made_by->first.event);
	}
	return result;
}

static int end_key(struct containment *out, const struct identity *identity, const char *proof)
{
	struct containment_step *step = containment_add(out, 2, "", proof);
	struct command_line line;

	if (step == NULL)
		return -ENOMEM;
	if (identity->user[0] == '\0') {
		(void)snprintf(step->text, sizeof(step->text),
			       "Deactivate the access key %.64s of %.100s, signed in as that",
			       identity->key, identity->arn);
		return 0;
	}
	(void)snprintf(
		step->text, sizeof(step->text),
		"Deactivate the stolen access key %.64s of user %.64s; its owner needs a new one",
		identity->key, identity->user);
	command_begin(&line, "aws iam update-access-key");
	command_option(&line, "--access-key-id", identity->key);
	command_option(&line, "--user-name", identity->user);
	command_words(&line, "--status Inactive");
	return containment_set_command(step, &line);
}

static int end_password(struct containment *out, const struct identity *identity, const char *proof)
{
	struct containment_step *step = containment_add(out, 2, "", proof);
	struct command_line line;

	if (step == NULL)
		return -ENOMEM;
	(void)snprintf(step->text, sizeof(step->text), "Delete the console password of user %.100s",
		       identity->user);
	command_begin(&line, "aws iam delete-login-profile");
	command_option(&line, "--user-name", identity->user);
	return containment_set_command(step, &line);
}

/* The identity from which all came: a key, a person at the console, or a role. */
static int take_root(struct containment *out, const struct incident *incident)
{
	const char *proof = incident->sources_count > 0 ? incident->sources[0].event : "";
	const struct identity *root =
		incident->identities_count > 0 ? incident->identities[0].identity : NULL;
	char role[TRAIL_TEXT];
	struct containment_step *step;
	int result;

	if (root == NULL)
		return 0;
	if (read_role(root->arn, role))
		return revoke(out, 2, true, role, proof);
	if (root->key[0] == '\0' && (root->user[0] == '\0' || strcmp(root->type, "IAMUser") != 0)) {
		step = containment_add(out, 2, "", proof);
		if (step == NULL)
			return -ENOMEM;
		(void)snprintf(step->text, sizeof(step->text), "Lock out %.200s", root->id);
		return 0;
	}
	if (root->key[0] != '\0')
		result = end_key(out, root, proof);
	else
		result = end_password(out, root, proof);
	if (result == 0 && root->user[0] != '\0')
		result = revoke(out, 2, false, root->user, proof);
	return result;
}

/* --- instances ------------------------------------------------------------------------------ */

static bool is_instance_id(const char *id)
{
	return containment_begins(id, "i-") && id[2] != '\0' &&
	       id[2 + strspn(id + 2, "0123456789abcdef")] == '\0' && strlen(id) < 20;
}

/* Ends up to CHUNK living instances of a region, from *at on. */
static int end_some(struct containment *out, const struct incident *incident, const char *region,
		    size_t *at)
{
	struct command_line line;
	struct containment_step *step;
	unsigned count = 0;
	unsigned mining = 0;
	unsigned strange = 0; /* ids that no instance can have */
	const char *proof = "";
	size_t begin;

	command_begin(&line, "aws ec2 terminate-instances");
	command_option(&line, "--region", region);
	command_words(&line, "--instance-ids");
	begin = line.len + 1;
	for (; *at < incident->instances_count && count < CHUNK; (*at)++) {
		const struct incident_instance *item = &incident->instances[*at];

		if (item->end_ns != 0 || strcmp(item->instance->region, region) != 0)
			continue;
		if (count++ == 0)
			proof = item->instance->launch.event;
		mining += item->sight == SIGHT_MINING;
		if (is_instance_id(item->instance->id))
			command_value(&line, item->instance->id);
		else
			strange++;
	}
	if (count == 0)
		return 0;
	step = containment_add(out, 3, region, proof);
	if (step == NULL)
		return -ENOMEM;
	(void)snprintf(step->text, sizeof(step->text),
		       "Terminate %u instances in %.64s, %u of them seen mining", count, region,
		       mining);
	if (strange > 0) {
		size_t len = strlen(step->text);

		(void)snprintf(step->text + len, sizeof(step->text) - len,
			       "; %u by hand: their ids are none", strange);
		line.is_refused |= strange == count;
	}
	step->names = strdup(line.is_refused ? "" : line.text + begin);
	return step->names != NULL ? containment_set_command(step, &line) : -ENOMEM;
}

static int take_instances(struct containment *out, const struct incident *incident)
{
	int result = 0;

	for (size_t i = 0; i < incident->regions_count && result == 0; i++) {
		size_t at = 0;

		while (at < incident->instances_count && result == 0)
			result = end_some(out, incident, incident->regions[i].region, &at);
	}
	return result;
}

/* Launches whose record lost the ids, and which no import has named: somebody must look. */
static int take_unnamed(struct containment *out, const struct incident *incident)
{
	for (size_t i = 0; i < incident->deeds_count && incident->unnamed > 0; i++) {
		const struct deed *deed = incident->deeds[i];
		struct containment_step *step;
		struct command_line line;

		if (!deed->is_unnamed)
			continue;
		step = containment_add(out, 3, deed->region, deed->event);
		if (step == NULL)
			return -ENOMEM;
		(void)snprintf(step->text, sizeof(step->text),
			       "Find the %u x %.64s launched in %.64s whose ids the record lost",
			       deed->count, deed->subject, deed->region);
		command_begin(&line, "aws ec2 describe-instances");
		command_option(&line, "--region", deed->region);
		if (containment_set_command(step, &line) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* --- the plan ------------------------------------------------------------------------------- */

int containment_plan(const struct incident *incident, struct containment *out)
{
	int result;

	*out = (struct containment){ 0 };
	result = containment_access(out, incident);
	if (result == 0)
		result = take_sessions(out, incident);
	if (result == 0)
		result = take_root(out, incident);
	if (result == 0)
		result = containment_logging(out, incident);
	if (result == 0)
		result = containment_fleets(out, incident);
	if (result == 0)
		result = take_instances(out, incident);
	if (result == 0)
		result = take_unnamed(out, incident);
	if (result == 0)
		result = containment_networks(out, incident);
	if (result == 0)
		result = containment_remains(out, incident);
	if (result != 0)
		containment_free(out);
	for (size_t i = 1; i < out->count; i++)
		assert(out->steps[i - 1].stage <= out->steps[i].stage);
	return result;
}

void containment_free(struct containment *self)
{
	for (size_t i = 0; i < self->count; i++) {
		free(self->steps[i].command);
		free(self->steps[i].names);
	}
	free(self->steps);
	memset(self, 0, sizeof(*self));
}

const char *containment_stage_text(uint8_t stage)
{
	static const char *const texts[] = { "", "what makes access again", "the stolen identity",
					     "instances in all regions", "networks and the rest" };

	return stage < sizeof(texts) / sizeof(texts[0]) ? texts[stage] : "";
}
