/* store_record.c: what one CloudTrail record adds to the store. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/store.h"
#include "sensor/trail/store_table.h"

/* --- who ------------------------------------------------------------------------------------ */

static struct identity *get_identity(struct store *self, const struct record *record)
{
	struct siphash_tag tag = STORE_TAG(self, record->id);
	struct identity *identity =
		(struct identity *)(void *)tag_table_find(&self->identities, tag);

	if (identity != NULL)
		return identity;
	/* Bounded by those that point to it. */
	identity = store_add(self, &self->identities, tag, sizeof(*identity), SIZE_MAX);
	if (identity == NULL)
		return NULL;
	identity->id = text_pool_get(self->names, record->id);
	identity->key = "";
	if (strcmp(record->id, record->key) == 0)
		identity->key = identity->id;
	return identity;
}

static void describe_identity(struct store *self, struct identity *identity,
			      const struct record *record, const struct moment *moment)
{
	(void)store_keep_text(self, &identity->type, record->type);
	(void)store_keep_text(self, &identity->arn, record->arn);
	(void)store_keep_text(self, &identity->user, record->user);
	(void)store_keep_text(self, &identity->account, record->account);
	(void)store_keep_text(self, &identity->principal, record->principal);
	(void)store_keep_text(self, &identity->issuer, record->issuer);
	(void)moment_keep_first(&identity->first, moment);
	(void)moment_keep_last(&identity->last, moment);
}

static int see_account(struct store *self, const struct record *record, const struct moment *moment)
{
	struct siphash_tag tag = STORE_TAG(self, record->account);
	struct account *account = (struct account *)(void *)tag_table_find(&self->accounts, tag);

	if (account == NULL) {
		account = store_add(self, &self->accounts, tag, sizeof(*account), TRAIL_IDENTITIES);
		if (account == NULL)
			return -ENOMEM;
		account->id = text_pool_get(self->names, record->account);
	}
	return moment_keep_first(&account->first, moment) ? STORE_MOVED : STORE_NOTHING;
}

/* The first use names itself: the text belongs to the earliest call. */
static int see_use(struct store *self, struct identity *identity, const struct record *record,
		   const struct moment *moment)
{
	struct siphash_tag tag = STORE_TAG(self, identity->id, record->address, record->region);
	struct use *use = (struct use *)(void *)tag_table_find(&self->uses, tag);
	bool has_moved;

	if (use == NULL) {
		use = store_add(self, &self->uses, tag, sizeof(*use), TRAIL_USES);
		if (use == NULL)
			return -ENOMEM;
		use->identity = identity_ref(identity);
		use->address = text_pool_get(self->names, record->address);
		use->region = text_pool_get(self->names, record->region);
	} else {
		tag_table_touch(&self->uses, &use->link);
	}
	has_moved = moment_keep_last(&use->last, moment);
	if (record->is_read_only && moment_keep_first(&use->first_look, moment))
		has_moved = true;
	if (moment_keep_first(&use->first, moment)) {
		use->agent = text_pool_get(self->names, record->agent);
		use->name = text_pool_get(self->names, record->name);
		has_moved = true;
	}
	return has_moved ? STORE_MOVED : STORE_NOTHING;
}

/* --- what ----------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static struct deed *new_deed(struct store *self, struct siphash_tag tag, struct identity *identity,
			     const struct record *record)
{
	struct deed *deed = store_add(self, &self->deeds, tag, sizeof(*deed), TRAIL_DEEDS);

	if (deed == NULL)
		return NULL;
	deed->identity = identity_ref(identity);
	deed->address = text_pool_get(self->names, record->address);
	deed->agent = text_pool_get(self->names, record->agent);
	deed->region = text_pool_get(self->names, record->region);
	deed->source = text_pool_get(self->names, record->source);
	deed->name = text_pool_get(self->names, record->name);
	deed->error = text_pool_get(self->names, record->error);
	deed->error_text = text_pool_get(self->names, record->error_text);
	deed->is_probe = ends_with(record->error, "DryRunOperation");
	deed->subject = "";
	deed->object = "";
	deed->detail = "";
	deed->count = 1;
	return deed;
}

static int add_deed(struct store *self, struct identity *identity, const struct record *record,
		    const struct call *call)
{
	struct siphash_tag tag = STORE_TAG(self, record->event_id);
	struct deed *deed = (struct deed *)(void *)tag_table_find(&self->deeds, tag);

	if (deed != NULL) {
		self->counts.repeated++;
		return STORE_NOTHING;
	}
	deed = new_deed(self, tag, identity, record);
	if (deed == NULL)
		return -ENOMEM;
	(void)snprintf(deed->event, sizeof(deed->event), "%s", record->event_id);
	deed->time_ns = record->time_ns;
	deed->last_ns = record->time_ns;
	deed->subject = text_pool_get(self->names, call->subject);
	deed->object = text_pool_get(self->names, call->object);
	deed->detail = text_pool_get(self->names, call->detail);
	deed->count = call->count;
	deed->kind = (uint8_t)call->kind;
	deed->deletes = (uint8_t)call->deletes;
	deed->is_admin = call->is_admin;
	deed->is_open = call->is_open;
	deed->is_unnamed = call->is_unnamed;
	return STORE_KEPT;
}

/* Words of errors that mean: not allowed, or not that much. */
static bool is_refusal(const char *error)
{
	static const char *const words[] = { "Denied",
					     "Unauthorized",
					     "Forbidden",
					     "LimitExceeded",
					     "Quota",
					     "AuthFailure",
					     "DryRunOperation",
					     "OptInRequired",
					     "InsufficientInstanceCapacity",
					     "InvalidClientTokenId" };

	if (strstr(error, "RequestLimitExceeded") != NULL || strstr(error, "Throttl") != NULL)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(error, words[i]) != NULL)
			return true;
	return false;
}

/* A refused call that is not in the table: one entry for all of its kind, with the first one's id.
 */
static int add_refusal(struct store *self, struct identity *identity, const struct record *record,
		       const struct moment *moment)
{
	struct siphash_tag tag = STORE_TAG(self, identity->id, record->address, record->region,
					   record->source, record->name, record->error);
	struct deed *deed = (struct deed *)(void *)tag_table_find(&self->deeds, tag);
	struct moment first;

	if (deed == NULL) {
		deed = new_deed(self, tag, identity, record);
		if (deed == NULL)
			return -ENOMEM;
		deed->kind = DEED_OTHER;
	}
	first = moment_at(deed->time_ns, deed->event);
	if (!moment_keep_first(&first, moment)) {
		if (record->time_ns <= deed->last_ns)
			return STORE_NOTHING;
		deed->last_ns = record->time_ns;
		return STORE_MOVED;
	}
	deed->time_ns = first.time_ns;
	memcpy(deed->event, first.event, sizeof(deed->event));
	deed->agent = text_pool_get(self->names, record->agent);
	deed->error_text = text_pool_get(self->names, record->error_text);
	if (deed->last_ns < record->time_ns)
		deed->last_ns = record->time_ns;
	return STORE_MOVED;
}

static int add_edge(struct store *self, struct identity *parent, const struct record *record,
		    const char *child, enum deed_kind kind)
{
	struct siphash_tag tag = STORE_TAG(self, parent->id, child, record->address);
	struct edge *edge = (struct edge *)(void *)tag_table_find(&self->edges, tag);
	struct moment moment = moment_at(record->time_ns, record->event_id);

	if (child[0] == '\0' || strcmp(child, parent->id) == 0)
		return STORE_NOTHING;
	if (edge == NULL) {
		edge = store_add(self, &self->edges, tag, sizeof(*edge), TRAIL_EDGES);
		if (edge == NULL)
			return -ENOMEM;
		edge->parent = identity_ref(parent);
		edge->child = text_pool_get(self->names, child);
		edge->address = text_pool_get(self->names, record->address);
	}
	if (!moment_keep_first(&edge->first, &moment))
		return STORE_NOTHING;
	edge->kind = (uint8_t)kind;
	self->version++;
	return STORE_KEPT;
}

/* --- one record ----------------------------------------------------------------------------- */

static int gather(int sum, int result)
{
	return sum < 0 ? sum : result < 0 ? result : sum | result;
}

static int add_call(struct store *self, struct identity *identity, const struct record *record,
		    const struct call *call)
{
	int sum = add_deed(self, identity, record, call);

	if (record->error[0] != '\0')
		return sum;
	if (call->child[0] != '\0')
		sum = gather(sum, add_edge(self, identity, record, call->child, call->kind));
	if (call->kind == DEED_LAUNCH)
		sum = gather(sum, store_launch(self, record, identity));
	if (call->kind == DEED_STATE)
		sum = gather(sum, store_changes(self, record));
	return sum;
}

static int add_use(struct store *self, struct identity *identity, const struct record *record)
{
	struct moment moment = moment_at(record->time_ns, record->event_id);

	describe_identity(self, identity, record, &moment);
	return gather(see_account(self, record, &moment), see_use(self, identity, record, &moment));
}

static int add_parts(struct store *self, struct identity *identity, const struct record *record)
{
	struct moment moment = moment_at(record->time_ns, record->event_id);
	struct call call;
	int sum = add_use(self, identity, record);

	if (call_read(record, &call))
		return gather(sum, add_call(self, identity, record, &call));
	if (is_refusal(record->error))
		return gather(sum, add_refusal(self, identity, record, &moment));
	if (record->error[0] == '\0' && strcmp(record->type, "AWSService") != 0)
		return gather(sum,
			      add_edge(self, identity, record, call_session(record), DEED_OTHER));
	return sum;
}

/* A refusal of a saved state: its first moment, then its last. */
static int add_refusals(struct store *self, struct identity *identity, const struct record *record,
			uint64_t last_ns)
{
	struct moment moment = moment_at(record->time_ns, record->event_id);
	struct record last = *record;
	int sum = add_refusal(self, identity, record, &moment);

	last.time_ns = last_ns;
	moment = moment_at(last_ns, "");
	return last_ns > record->time_ns ? gather(sum, add_refusal(self, identity, &last, &moment))
					 : sum;
}

enum addition { ADD_RECORD, ADD_USE, ADD_REFUSAL };

static int add(struct store *self, const struct record *record, enum addition addition,
	       uint64_t last_ns)
{
	struct identity *identity = get_identity(self, record);
	int result;

	if (identity == NULL)
		return -ENOMEM;
	/* Its first entry may push out the one that held it. */
	(void)identity_ref(identity);
	store_see_time(self, record->time_ns);
	if (addition == ADD_RECORD)
		result = add_parts(self, identity, record);
	else if (addition == ADD_USE)
		result = add_use(self, identity, record);
	else
		result = add_refusals(self, identity, record, last_ns);
	identity_unref(self, identity);
	if (result > 0)
		self->version++;
	return result;
}

int store_record(struct store *self, const struct record *record)
{
	self->counts.records++;
	return add(self, record, ADD_RECORD, 0);
}

int store_use(struct store *self, const struct record *record)
{
	return add(self, record, ADD_USE, 0);
}

int store_refusal(struct store *self, const struct record *record, uint64_t last_ns)
{
	return add(self, record, ADD_REFUSAL, last_ns);
}
