/* redis_campaign.c: one script that takes a join, or a sensor's totals, into a campaign. */
#include "sensor/redis_campaign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sensor/jsonw.h"
#include "sensor/redis_store.h"

#define HOSTS_MAX  100000 /* of one campaign's set */
#define SHORT_TEXT 65     /* hashes stay small in Redis up to 64 bytes a value */
#define NS_PER_MS  UINT64_C(1000000)

/* KEYS: hash, set of hosts, sorted set of joins, sorted set of campaigns. ARGV: expire, id, member
 * ("": none), its join, last seen (both ms), last seen (seconds), threshold, most hosts, sensor,
 * time of the event, kind, key, this sensor's pairs.
 *
 * A sensor's own fields go by the order of its events: times are texts of one width. */
static const char script[] =
	"local k,hosts,joins=KEYS[1],KEYS[2],KEYS[3] local a=ARGV "
	"redis.call('HSET',k,'kind',a[11],'key',a[12],'threshold',a[7]) "
	"if a[3]~='' then "
	"if redis.call('SISMEMBER',hosts,a[3])==1 or redis.call('SCARD',hosts)<tonumber(a[8]) then "
	"redis.call('SADD',hosts,a[3]) redis.call('ZADD',joins,'LT',a[4],a[3]) end "
	"local f=redis.call('ZRANGE',joins,0,0,'WITHSCORES') "
	"local l=redis.call('ZREVRANGE',joins,0,0,'WITHSCORES') "
	"if f[1] then "
	"redis.call('HSET',k,'first_member',f[1],'first_seen',f[2],'last_join',l[2]) end end "
	"local s=redis.call('HGET',k,'last_seen') "
	"if not s or tonumber(s)<tonumber(a[5]) then redis.call('HSET',k,'last_seen',a[5]) end "
	"local o='updated@'..a[9] local u=redis.call('HGET',k,o) "
	"if not u or u<=a[10] then redis.call('HSET',k,o,a[10],unpack(a,13)) end "
	"if redis.call('SCARD',hosts)>=tonumber(a[7]) then "
	"redis.call('ZADD',KEYS[4],'GT',a[6],a[2]) end "
	"if a[1]~='0' then for i=1,3 do redis.call('EXPIRE',KEYS[i],a[1]) end end return 1";

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

static void add_keys(const struct command *command, const char *id)
{
	static const char *const words[] = { "", ":hosts", ":seen" };
	char key[REDIS_KEY_TEXT];

	redis_args_begin(command->args, "EVAL");
	redis_args_text(command->args, script);
	redis_args_text(command->args, "4");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		(void)snprintf(key, sizeof(key), "%s:campaign:%s%s", command->config->redis_prefix,
			       id, words[i]);
		redis_args_text(command->args, key);
	}
	(void)snprintf(key, sizeof(key), "%s:campaigns", command->config->redis_prefix);
	redis_args_text(command->args, key);
}

static void add_shared(const struct command *command, const struct event_texts *texts,
		       const struct event *event)
{
	const struct decision_campaign *campaign = event_campaign(event);
	char time[JSONW_TIME_LEN + 1];

	jsonw_time_text(event->time_ns, time, sizeof(time));
	redis_args_uint(command->args, command->config->redis_expire_s);
	redis_args_text(command->args, texts->alert_id);
	redis_args_text(command->args, campaign->member);
	redis_args_uint(command->args, campaign->joined_ns / NS_PER_MS);
	redis_args_uint(command->args, campaign->last_ns / NS_PER_MS);
	redis_args_fixed(command->args, (double)campaign->last_ns / 1e9, 6);
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

int redis_campaign_store(const struct config *config, const struct event_context *context,
			 struct redis_args *args, struct redis_conn *conn,
			 const struct event_texts *texts, const struct event *event)
{
	struct command command = { .config = config, .context = context, .args = args };

	add_keys(&command, texts->alert_id);
	add_shared(&command, texts, event);
	add_own(&command, event_campaign(event));
	return redis_conn_push(conn, args, REDIS_EXPECT_INTEGER, true);
}
