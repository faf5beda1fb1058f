/* redis_campaign.c: takes a join, or a sensor's totals, into a campaign: commands of one slot each.
 */
#include "sensor/redis_campaign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sensor/jsonw.h"
#include "sensor/redis_store.h"

#define HOSTS_MAX  100000 /* of one campaign's set */
#define SHORT_TEXT 65     /* hashes stay small in Redis up to 64 bytes a value */
#define NS_PER_MS  UINT64_C(1000000)

/* KEYS: hash, sorted set of joins. ARGV: expire, member ("": none), its join, last seen (both ms),
 * threshold, most hosts, sensor, time of the event, kind, key, this sensor's pairs.
 *
 * A sensor's own fields go by the order of its events: times are texts of one width. */
static const char script[] =
	"local k,joins=KEYS[1],KEYS[2] local a=ARGV "
	"redis.call('HSET',k,'kind',a[9],'key',a[10],'threshold',a[5]) "
	"if a[2]~='' then "
	"if redis.call('ZSCORE',joins,a[2]) or redis.call('ZCARD',joins)<tonumber(a[6]) then "
	"redis.call('ZADD',joins,'LT',a[3],a[2]) end "
	"local f=redis.call('ZRANGE',joins,0,0,'WITHSCORES') "
	"local l=redis.call('ZREVRANGE',joins,0,0,'WITHSCORES') "
	"if f[1] then "
	"redis.call('HSET',k,'first_member',f[1],'first_seen',f[2],'last_join',l[2]) end end "
	"local s=redis.call('HGET',k,'last_seen') "
	"if not s or tonumber(s)<tonumber(a[4]) then redis.call('HSET',k,'last_seen',a[4]) end "
	"local o='updated@'..a[7] local u=redis.call('HGET',k,o) "
	"if not u or u<=a[8] then redis.call('HSET',k,o,a[8],unpack(a,11)) end "
	"if a[1]~='0' then for i=1,2 do redis.call('EXPIRE',KEYS[i],a[1]) end end return 1";

/* KEYS: set of hosts. ARGV: expire, member, most hosts. */
static const char host_script[] =
	"if redis.call('SCARD',KEYS[1])<tonumber(ARGV[3]) then redis.call('SADD',KEYS[1],ARGV[2]) "
	"end "
	"if ARGV[1]~='0' then redis.call('EXPIRE',KEYS[1],ARGV[1]) end return 1";

/* What every step needs. */
struct command {
	const struct config *config;
	const struct event_context *context;
	struct redis_args *args;
};

static void add_text(const struct command *command, const char *text, size_t size)
{
	char printable[4 * LIMIT_WALLET_TEXT];

	event_printable(text, printable, size < sizeof(printable) ? size : sizeof(printable));
	redis_args_text(command->args, printable);
}

static void add_own_name(const struct command *command, const char *name)
{
	char text[LIMIT_NAME_TEXT + 32];

	(void)snprintf(text, sizeof(text), "%s@%s", name, command->context->sensor_id);
	redis_args_text(command->args, text);
}

static void add_own_text(const struct command *command, const char *name, const char *value)
{
	add_own_name(command, name);
	add_text(command, value, SHORT_TEXT);
}

static void hash_key(const struct command *command, const char *id, char out[REDIS_KEY_TEXT])
{
	(void)snprintf(out, REDIS_KEY_TEXT, "%s:campaign:%s", command->config->redis_prefix, id);
}

static void add_keys(const struct command *command, const char *id)
{
	char key[REDIS_KEY_TEXT];
	char joins[REDIS_KEY_TEXT];

	hash_key(command, id, key);
	redis_store_beside(key, joins);
	redis_args_begin(command->args, "EVAL");
	redis_args_text(command->args, script);
	redis_args_text(command->args, "2");
	redis_args_text(command->args, key);
	redis_args_text(command->args, joins);
}

static void add_shared(const struct command *command, const struct event *event)
{
	const struct decision_campaign *campaign = event_campaign(event);
	char time[JSONW_TIME_LEN + 1];

	jsonw_time_text(event->time_ns, time, sizeof(time));
	redis_args_uint(command->args, command->config->redis_expire_s);
	redis_args_text(command->args, campaign->member);
	redis_args_uint(command->args, campaign->joined_ns / NS_PER_MS);
	redis_args_uint(command->args, campaign->last_ns / NS_PER_MS);
	redis_args_uint(command->args, campaign->threshold);
	redis_args_uint(command->args, HOSTS_MAX);
	redis_args_text(command->args, command->context->sensor_id);
	redis_args_text(command->args, time);
	redis_args_text(command->args, campaign_kind_text((enum campaign_kind)campaign->kind));
	add_text(command, campaign->key, SHORT_TEXT);
}

static void add_own(const struct command *command, const struct decision_campaign *campaign)
{
	add_own_name(command, "members");
	redis_args_uint(command->args, campaign->local_members);
	add_own_text(command, "worker_pattern", campaign->worker_pattern);
	add_own_text(command, "agent", campaign->agent);
	add_own_text(command, "pool", campaign->pool);
	if (campaign->event == CAMPAIGN_JOIN)
		return; /* does not sum up rates */
	add_own_name(command, "hashrate");
	redis_args_fixed(command->args, campaign->hashrate, 1);
	add_own_text(command, "hashrate_unit", campaign->unit[0] != '\0' ? campaign->unit : "H/s");
	add_own_name(command, "revision");
	redis_args_uint(command->args, campaign->revision);
}

static int push_host(const struct command *command, struct redis_conn *conn, const char *id,
		     const char *member)
{
	char key[REDIS_KEY_TEXT];
	char hosts[REDIS_KEY_TEXT];

	hash_key(command, id, key);
	(void)snprintf(hosts, sizeof(hosts), "%.*s:hosts", REDIS_KEY_TEXT - 8, key);
	redis_args_begin(command->args, "EVAL");
	redis_args_text(command->args, host_script);
	redis_args_text(command->args, "1");
	redis_args_text(command->args, hosts);
	redis_args_uint(command->args, command->config->redis_expire_s);
	redis_args_text(command->args, member);
	redis_args_uint(command->args, HOSTS_MAX);
	return redis_conn_push(conn, command->args, REDIS_EXPECT_INTEGER, false);
}

/* Among the campaigns, once it has as many members as it needs. */
static int push_listed(const struct command *command, struct redis_conn *conn, const char *id,
		       const struct decision_campaign *campaign)
{
	char key[REDIS_KEY_TEXT];

	(void)snprintf(key, sizeof(key), "%s:campaigns", command->config->redis_prefix);
	redis_args_begin(command->args, "ZADD");
	redis_args_text(command->args, key);
	redis_args_text(command->args, "GT");
	redis_args_fixed(command->args, (double)campaign->last_ns / 1e9, 6);
	redis_args_text(command->args, id);
	return redis_conn_push(conn, command->args, REDIS_EXPECT_INTEGER, false);
}

int redis_campaign_store(const struct config *config, const struct event_context *context,
			 struct redis_args *args, struct redis_conn *conn,
			 const struct event_texts *texts, const struct event *event)
{
	const struct decision_campaign *campaign = event_campaign(event);
	struct command command = { .config = config, .context = context, .args = args };
	int error = 0;

	if (campaign->member[0] != '\0')
		error = push_host(&command, conn, texts->alert_id, campaign->member);
	if (error == 0 && campaign->members >= campaign->threshold)
		error = push_listed(&command, conn, texts->alert_id, campaign);
	if (error < 0)
		return error;
	add_keys(&command, texts->alert_id);
	add_shared(&command, event);
	add_own(&command, campaign);
	return redis_conn_push(conn, args, REDIS_EXPECT_INTEGER, true);
}
