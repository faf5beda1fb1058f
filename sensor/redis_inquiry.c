/* redis_inquiry.c: leases, open alerts and campaigns in Redis.
 *
 * What stands there was written by other programs: every reply is checked for its kind, every text
 * for its length and characters. Reference: ZREVRANGEBYSCORE, HMGET, EVAL. */
#include "sensor/redis_inquiry.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/evidence.h"
#include "sensor/jsonw.h"
#include "sensor/log.h"
#include "sensor/redis_guide.h"

#define NS_PER_MS      UINT64_C(1000000)
#define MS_MAX         UINT64_C(18000000000000) /* year 2540: nanoseconds still fit */
#define COMPLAINT_TEXT 160
#define CUT_TEXT       65 /* values of small hashes */

/* KEYS: first sights of the members, the campaign's hash. ARGV: member, first sight in epoch ms,
 * most members, expire, kind, key.
 *
 * The sorted set is what counts: it keeps the earliest sight of each member whoever reports it, in
 * any order and however often. The set of members beside it is for readers. */
static const char member_script[] =
	"local s,c=KEYS[1],KEYS[2] local m,t=ARGV[1],ARGV[2] local full=0 "
	"local old=redis.call('ZSCORE',s,m) "
	"if not old and redis.call('ZCARD',s)>=tonumber(ARGV[3]) then full=1 else "
	"if not old or tonumber(t)<tonumber(old) then redis.call('ZADD',s,t,m) end "
	"redis.call('HSET',c,'kind',ARGV[5],'key',ARGV[6]) end "
	"local f=redis.call('ZRANGE',s,0,0,'WITHSCORES') "
	"local l=redis.call('ZRANGE',s,-1,-1,'WITHSCORES') "
	"if f[1] then "
	"redis.call('HSET',c,'first_seen',f[2],'first_member',f[1],'last_join',l[2]) end "
	"if ARGV[4]~='0' then for i=1,2 do redis.call('EXPIRE',KEYS[i],ARGV[4]) end end "
	"return {(old or full==1) and 0 or 1,full,redis.call('ZCARD',s),"
	"f[2] or '0',f[1] or '',l[2] or '0'}";

/* KEYS: set of members. ARGV: member, expire. */
static const char host_script[] =
	"redis.call('SADD',KEYS[1],ARGV[1]) "
	"if ARGV[2]~='0' then redis.call('EXPIRE',KEYS[1],ARGV[2]) end return 1";

struct redis_inquiry {
	const struct config *config;
	struct redis_guide *guide;
	char complaint[COMPLAINT_TEXT]; /* the last one */
	struct redis_args args;
};

int redis_inquiry_new(struct redis_inquiry **out, const struct config *config,
		      const struct redis_exchange_options *exchange,
		      char error[REDIS_URL_ERROR_TEXT])
{
	struct redis_inquiry *self = calloc(1, sizeof(*self));
	int result;

	*out = NULL;
	if (self == NULL) {
		(void)snprintf(error, REDIS_URL_ERROR_TEXT, "out of memory");
		return -ENOMEM;
	}
	self->config = config;
	result = redis_guide_new(&self->guide, exchange, error);
	if (result < 0) {
		free(self);
		return result;
	}
	*out = self;
	return 0;
}

void redis_inquiry_free(struct redis_inquiry *self)
{
	if (self == NULL)
		return;
	redis_guide_free(self->guide);
	free(self);
}

/* --- replies -------------------------------------------------------------------------------- */

/* At most size - 1 bytes of text, printable. */
static void cut(const char *text, char *out, size_t size)
{
	size_t len = 0;

	for (; len < size - 1 && text[len] != '\0'; len++) {
		out[len] = text[len];
		if (text[len] < ' ' || text[len] > '~')
			out[len] = '?';
	}
	out[len] = '\0';
}

/* Once for each new reason: the same question is asked again and again. */
static void complain(struct redis_inquiry *self, const char *why)
{
	char text[COMPLAINT_TEXT];

	cut(why, text, sizeof(text));
	if (strcmp(text, self->complaint) == 0)
		return;
	memcpy(self->complaint, text, sizeof(text));
	log_warning("redis: inquiries: %s", text);
}

/* A reply of one of two types, else NULL. After an error of the server the connection is still in
 * step; a reply of another kind ends it, since the next may be one to something else. */
static redisReply *take(struct redis_inquiry *self, int type, int other)
{
	redisReply *reply = redis_guide_reply(self->guide);

	if (reply == NULL || reply->type == type || reply->type == other)
		return reply;
	if (reply->type == REDIS_REPLY_ERROR)
		complain(self, reply->str);
	else
		redis_guide_give_up(self->guide, "an answer of another kind");
	freeReplyObject(reply);
	return NULL;
}

static redisReply *ask(struct redis_inquiry *self, int type, int other)
{
	if (redis_guide_send(self->guide, &self->args, false) < 0)
		return NULL;
	return take(self, type, other);
}

/* The bytes of one text of an array; "" when it is none. */
static const char *text_at(const redisReply *array, size_t index, size_t *len)
{
	const redisReply *item = index < array->elements ? array->element[index] : NULL;

	*len = 0;
	if (item == NULL || item->type != REDIS_REPLY_STRING)
		return "";
	*len = (size_t)item->len;
	return item->str;
}

static bool name_at(const redisReply *array, size_t index, char *out, size_t size)
{
	size_t len;
	const char *text = text_at(array, index, &len);

	return lease_name(text, len, out, size) && len > 0;
}

/* Digits alone, up to max. */
static bool uint_at(const redisReply *array, size_t index, uint64_t max, uint64_t *out)
{
	size_t len;
	const char *text = text_at(array, index, &len);

	*out = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || *out > (max - (uint64_t)(text[i] - '0')) / 10)
			return false;
		*out = *out * 10 + (uint64_t)(text[i] - '0');
	}
	return len > 0;
}

/* Epoch milliseconds as nanoseconds; an empty text is 0. */
static bool ms_at(const redisReply *array, size_t index, uint64_t *ns)
{
	uint64_t ms = 0;
	size_t len;

	(void)text_at(array, index, &len);
	if (len > 0 && !uint_at(array, index, MS_MAX, &ms))
		return false;
	*ns = ms * NS_PER_MS;
	return true;
}

static bool hex_read(const char *text, size_t len, uint64_t *out)
{
	*out = 0;
	if (len != 16)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *digits = "0123456789abcdef";
		const char *digit = text[i] != '\0' ? strchr(digits, text[i]) : NULL;

		if (digit == NULL)
			return false;
		*out = *out << 4 | (uint64_t)(digit - digits);
	}
	return true;
}

/* --- identity ------------------------------------------------------------------------------- */

/* False: no lease that makes sense. The array is by enum lease_field. */
static bool read_lease(const redisReply *fields, struct lease *out)
{
	struct cloud_identity *identity = &out->identity;

	memset(out, 0, sizeof(*out));
	if (!ms_at(fields, LEASE_FROM, &out->from_ns) || out->from_ns == 0 ||
	    !ms_at(fields, LEASE_TO, &out->to_ns))
		return false;
	(void)name_at(fields, LEASE_IP, out->ip, sizeof(out->ip));
	(void)name_at(fields, LEASE_INSTANCE, identity->instance_id, sizeof(identity->instance_id));
	(void)name_at(fields, LEASE_ENI, identity->eni_id, sizeof(identity->eni_id));
	(void)name_at(fields, LEASE_TYPE, identity->instance_type, sizeof(identity->instance_type));
	(void)name_at(fields, LEASE_ACCOUNT, identity->account_id, sizeof(identity->account_id));
	(void)name_at(fields, LEASE_REGION, identity->region, sizeof(identity->region));
	(void)name_at(fields, LEASE_VPC, identity->vpc_id, sizeof(identity->vpc_id));
	(void)name_at(fields, LEASE_SUBNET, identity->subnet_id, sizeof(identity->subnet_id));
	(void)name_at(fields, LEASE_PRINCIPAL, identity->principal, sizeof(identity->principal));
	(void)name_at(fields, LEASE_KEY, identity->access_key_id, sizeof(identity->access_key_id));
	identity->launch_ns = out->from_ns;
	return true;
}

/* The newest leases of an address that begin in time. NULL: no answer. */
static redisReply *ask_lease_ids(struct redis_inquiry *self, const char *scope, const char *ip,
				 uint64_t time_ns)
{
	uint64_t until_ns =
		time_ns > UINT64_MAX - LEASE_EARLY_NS ? UINT64_MAX : time_ns + LEASE_EARLY_NS;
	char key[LEASE_KEY_TEXT];

	if (!lease_inventory_key(self->config->redis_prefix, scope, ip, key, sizeof(key)))
		key[0] = '\0'; /* longer than any key that is written: an empty set */
	redis_args_begin(&self->args, "ZREVRANGEBYSCORE");
	redis_args_text(&self->args, key);
	redis_args_uint(&self->args, until_ns / NS_PER_MS);
	redis_args_text(&self->args, "-inf");
	redis_args_text(&self->args, "LIMIT");
	redis_args_uint(&self->args, 0);
	redis_args_uint(&self->args, LIMIT_LEASES_READ);
	return ask(self, REDIS_REPLY_ARRAY, REDIS_REPLY_ARRAY);
}

/* Asks for all of them before the first reply. 0 or -EIO. */
static int send_lease_reads(struct redis_inquiry *self, const redisReply *ids)
{
	char id[LIMIT_NAME_TEXT];
	char key[LEASE_KEY_TEXT];

	for (size_t i = 0; i < ids->elements; i++) {
		/* An id that is no name gets the key of no lease: the replies stay in step. */
		(void)name_at(ids, i, id, sizeof(id));
		if (!lease_key(self->config->redis_prefix, id, key, sizeof(key)))
			key[0] = '\0';
		redis_args_begin(&self->args, "HMGET");
		redis_args_text(&self->args, key);
		for (size_t k = 0; k < LEASE_FIELD_COUNT; k++)
			redis_args_text(&self->args, lease_field_names[k]);
		if (redis_guide_send(self->guide, &self->args, i + 1 < ids->elements) < 0)
			return -EIO;
	}
	return 0;
}

/* Leases of an address, at most LIMIT_LEASES_READ. Their count or -EIO. */
static int read_leases(struct redis_inquiry *self, const char *scope, const char *ip,
		       uint64_t time_ns, struct lease *out)
{
	redisReply *ids = ask_lease_ids(self, scope, ip, time_ns);
	int count = 0;

	if (ids == NULL)
		return -EIO;
	if (ids->elements > LIMIT_LEASES_READ) {
		redis_guide_give_up(self->guide, "more leases than were asked for");
		count = -EIO;
	} else if (send_lease_reads(self, ids) < 0) {
		count = -EIO;
	}
	for (size_t i = 0; i < ids->elements && count >= 0; i++) {
		redisReply *fields = take(self, REDIS_REPLY_ARRAY, REDIS_REPLY_ARRAY);

		/* A key that holds something else is no lease. */
		if (fields == NULL && !redis_guide_is_open(self->guide))
			count = -EIO;
		else if (fields != NULL && read_lease(fields, &out[count]))
			count++;
		if (fields != NULL)
			freeReplyObject(fields);
	}
	freeReplyObject(ids);
	return count;
}

/* Not all leases were read, and an older one of another network may hold the address, too. */
static void doubt(struct cloud_identity *identity)
{
	struct cloud_identity less = { .confidence = CONFIDENCE_AMBIGUOUS };

	memcpy(less.account_id, identity->account_id, sizeof(less.account_id));
	*identity = less;
}

/* Picks the lease of one address. 0 or -EIO. */
static int find_identity(struct redis_inquiry *self, const char *scope, const char *ip,
			 uint64_t time_ns, struct cloud_identity *out)
{
	struct lease leases[LIMIT_LEASES_READ];
	const struct lease *each[LIMIT_LEASES_READ] = { NULL };
	int count = read_leases(self, scope, ip, time_ns, leases);

	if (count < 0)
		return count;
	for (int i = 0; i < count; i++)
		each[i] = &leases[i];
	(void)lease_pick(each, (size_t)count, time_ns, out);
	if (count == LIMIT_LEASES_READ && out->confidence == CONFIDENCE_HIGH &&
	    !lease_scope_is_network(scope))
		doubt(out);
	return 0;
}

static int answer_identity(struct redis_inquiry *self, const struct identity_question *question,
			   struct answer *answer)
{
	struct cloud_identity *out = &answer->identity;
	struct cloud_identity source;
	int error = find_identity(self, question->scope, question->ip, question->time_ns, out);

	if (error < 0)
		return error;
	answer->status = out->confidence != CONFIDENCE_NONE ? ANSWER_KNOWN : ANSWER_UNKNOWN;
	if (out->confidence != CONFIDENCE_HIGH || out->eni_id[0] == '\0' ||
	    question->mirror[0] == '\0')
		return 0;
	/* Mirrored packets name their interface by its primary address. */
	error = find_identity(self, question->scope, question->mirror, question->time_ns, &source);
	if (error == 0 && source.confidence == CONFIDENCE_HIGH &&
	    strcmp(source.eni_id, out->eni_id) == 0)
		out->confidence = CONFIDENCE_EXACT;
	return error;
}

/* --- open alerts ---------------------------------------------------------------------------- */

enum alert_field {
	ALERT_REVISION,
	ALERT_SID,
	ALERT_LEVEL,
	ALERT_FIRST_SEEN,
	ALERT_LAST_SEEN,
	ALERT_FLOWS,
	ALERT_ABSORBED_BY,
	ALERT_FIELDS
};

static const char *const alert_field_names[ALERT_FIELDS] = { "revision",   "sid",       "level",
							     "first_seen", "last_seen", "flows",
							     "absorbed_by" };

static bool level_read(const char *text, uint8_t *out)
{
	for (unsigned level = LEVEL_NONE; level <= LEVEL_CONFIRMED; level++)
		if (strcmp(level_text((enum level)level), text) == 0) {
			*out = (uint8_t)level;
			return true;
		}
	return false;
}

/* False: no alert, or not whole. */
static bool read_alert(const redisReply *fields, struct open_alert *out)
{
	char text[LIMIT_NAME_TEXT];
	uint64_t revision;
	uint64_t sid;
	uint64_t flows;

	if (!uint_at(fields, ALERT_REVISION, UINT32_MAX, &revision) ||
	    !uint_at(fields, ALERT_SID, UINT32_MAX, &sid))
		return false;
	if (!name_at(fields, ALERT_LEVEL, text, sizeof(text)) || !level_read(text, &out->level))
		return false;
	if (!name_at(fields, ALERT_FIRST_SEEN, text, sizeof(text)) ||
	    !lease_time_read(text, &out->first_ns) ||
	    !name_at(fields, ALERT_LAST_SEEN, text, sizeof(text)) ||
	    !lease_time_read(text, &out->last_ns))
		return false;
	if (!uint_at(fields, ALERT_FLOWS, UINT32_MAX, &flows))
		flows = 0;
	if (name_at(fields, ALERT_ABSORBED_BY, text, sizeof(text)))
		(void)hex_read(text, strlen(text), &out->absorbed_by);
	out->revision = (uint32_t)revision;
	out->sid = (uint32_t)sid;
	out->flows = (uint32_t)flows;
	return true;
}

static int answer_open_alert(struct redis_inquiry *self, const struct open_alert_question *question,
			     struct answer *answer)
{
	const char *prefix = self->config->redis_prefix;
	struct open_alert *out = &answer->open_alert;
	char key[LEASE_KEY_TEXT];
	redisReply *reply;

	(void)snprintf(key, sizeof(key), "%s:alert:open:%016" PRIx64, prefix, question->hash);
	redis_args_begin(&self->args, "GET");
	redis_args_text(&self->args, key);
	reply = ask(self, REDIS_REPLY_STRING, REDIS_REPLY_NIL);
	if (reply == NULL)
		return -EIO;
	answer->status = ANSWER_UNKNOWN;
	if (reply->type == REDIS_REPLY_STRING)
		(void)hex_read(reply->str, (size_t)reply->len, &out->alert_id);
	freeReplyObject(reply);
	if (out->alert_id == 0)
		return 0;
	(void)snprintf(key, sizeof(key), "%s:alert:%016" PRIx64, prefix, out->alert_id);
	redis_args_begin(&self->args, "HMGET");
	redis_args_text(&self->args, key);
	for (size_t i = 0; i < ALERT_FIELDS; i++)
		redis_args_text(&self->args, alert_field_names[i]);
	reply = ask(self, REDIS_REPLY_ARRAY, REDIS_REPLY_ARRAY);
	if (reply == NULL)
		return -EIO;
	if (read_alert(reply, out))
		answer->status = ANSWER_KNOWN;
	freeReplyObject(reply);
	return 0;
}

/* --- campaigns ------------------------------------------------------------------------------ */

static void write_member(struct redis_inquiry *self, const struct member_question *question)
{
	struct redis_args *args = &self->args;
	char text[QUESTION_MEMBER_TEXT];
	char key[LEASE_KEY_TEXT];

	redis_args_begin(args, "EVAL");
	redis_args_text(args, member_script);
	redis_args_text(args, "2");
	(void)snprintf(key, sizeof(key), "{%s:campaign:%016" PRIx64 "}:seen",
		       self->config->redis_prefix, question->campaign_id);
	redis_args_text(args, key);
	(void)snprintf(key, sizeof(key), "%s:campaign:%016" PRIx64, self->config->redis_prefix,
		       question->campaign_id);
	redis_args_text(args, key);
	cut(question->member, text, sizeof(text));
	redis_args_text(args, text);
	redis_args_uint(args, question->first_ns / NS_PER_MS);
	redis_args_uint(args, LIMIT_CAMPAIGN_MEMBERS);
	redis_args_uint(args, self->config->redis_expire_s);
	cut(question->kind, text, CUT_TEXT);
	redis_args_text(args, text);
	cut(question->key, text, CUT_TEXT);
	redis_args_text(args, text);
}

/* The same member in the set for readers. 0 or -EIO. */
static int add_host(struct redis_inquiry *self, const struct member_question *question)
{
	char text[QUESTION_MEMBER_TEXT];
	char key[LEASE_KEY_TEXT];
	redisReply *reply;

	redis_args_begin(&self->args, "EVAL");
	redis_args_text(&self->args, host_script);
	redis_args_text(&self->args, "1");
	(void)snprintf(key, sizeof(key), "%s:campaign:%016" PRIx64 ":hosts",
		       self->config->redis_prefix, question->campaign_id);
	redis_args_text(&self->args, key);
	cut(question->member, text, sizeof(text));
	redis_args_text(&self->args, text);
	redis_args_uint(&self->args, self->config->redis_expire_s);
	reply = ask(self, REDIS_REPLY_INTEGER, REDIS_REPLY_INTEGER);
	if (reply == NULL)
		return -EIO;
	freeReplyObject(reply);
	return 0;
}

static bool read_totals(const redisReply *reply, struct campaign_totals *out)
{
	size_t len;

	if (reply->elements != 6)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (reply->element[i]->type != REDIS_REPLY_INTEGER ||
		    reply->element[i]->integer < 0)
			return false;
	out->is_new = reply->element[0]->integer == 1;
	out->is_full = reply->element[1]->integer == 1;
	out->members = (uint64_t)reply->element[2]->integer;
	cut(text_at(reply, 4, &len), out->first_member, sizeof(out->first_member));
	return ms_at(reply, 3, &out->first_ns) && ms_at(reply, 5, &out->last_join_ns);
}

static int answer_member(struct redis_inquiry *self, const struct member_question *question,
			 struct answer *answer)
{
	redisReply *reply;
	bool is_read;

	write_member(self, question);
	reply = ask(self, REDIS_REPLY_ARRAY, REDIS_REPLY_ARRAY);
	if (reply == NULL)
		return -EIO;
	is_read = read_totals(reply, &answer->totals);
	freeReplyObject(reply);
	if (!is_read) {
		redis_guide_give_up(self->guide, "an answer of another kind");
		return -EIO;
	}
	if (!answer->totals.is_full && add_host(self, question) < 0)
		return -EIO;
	answer->status = ANSWER_KNOWN;
	return 0;
}

/* --- all ------------------------------------------------------------------------------------ */

static void clear(struct answer *answer)
{
	_Static_assert(sizeof(answer->identity) ==
			       sizeof(*answer) - offsetof(struct answer, identity),
		       "an identity is the largest answer");
	memset(&answer->identity, 0, sizeof(answer->identity));
}

static int answer_once(struct redis_inquiry *self, const struct question *question,
		       struct answer *answer)
{
	clear(answer);
	switch ((enum question_kind)question->kind) {
	case QUESTION_IDENTITY:
		return answer_identity(self, &question->identity, answer);
	case QUESTION_OPEN_ALERT:
		return answer_open_alert(self, &question->open_alert, answer);
	case QUESTION_MEMBER:
		return answer_member(self, &question->member, answer);
	case ANSWER_NAT:
		break;
	}
	answer->status = ANSWER_UNKNOWN;
	return 0;
}

void redis_inquiry_connect(struct redis_inquiry *self)
{
	(void)redis_guide_is_ready(self->guide);
}

void redis_inquiry_answer(struct redis_inquiry *self, const struct question *question,
			  struct answer *answer)
{
	unsigned tries = 2; /* the second for a connection that the server had closed meanwhile */

	redis_guide_begin(self->guide);
	for (unsigned i = 0; i < tries; i++) {
		if (!redis_guide_is_ready(self->guide))
			break;
		if (answer_once(self, question, answer) == 0) {
			if (answer->status != ANSWER_KNOWN)
				clear(answer);
			return;
		}
		/* A lease of which nothing is known takes this many redirections at most. */
		if (redis_guide_is_redirected(self->guide) && tries < LIMIT_LEASES_READ + 4)
			tries++;
	}
	clear(answer);
	answer->status = ANSWER_UNREACHABLE;
}
