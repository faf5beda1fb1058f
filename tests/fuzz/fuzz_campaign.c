/* fuzz_campaign.c: hosts that show keys in any order, with names of any bytes, against a table with
 * tiny caps. What it tells must hold together, and the sanitizers watch its lists.
 *
 *	input: { step, host, kind, length, that many bytes of a name } ... */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/campaign.h"

#define STEP_S 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check(void *ctx, const struct decision_campaign *told)
{
	uint64_t *last_ns = ctx;

	require(told->decision.time_ns >= *last_ns);
	*last_ns = told->decision.time_ns;
	require(told->campaign_id == campaign_id((enum campaign_kind)told->kind, told->key));
	require(told->key[0] != '\0');
	require(told->members >= told->local_members);
	require(told->local_members > 0 && told->local_members <= 4);
	require(told->growth_10m <= told->local_members);
	require(told->first_ns <= told->last_join_ns);
	require((told->event == CAMPAIGN_JOIN) == (told->joined_ns != 0));
	require(told->event != CAMPAIGN_ALERT || told->revision > 0);
	require(memchr(told->worker_pattern, '\0', sizeof(told->worker_pattern)) != NULL);
}

static void fill(char *out, size_t out_size, const uint8_t *bytes, size_t len)
{
	size_t kept = len < out_size ? len : out_size - 1;

	if (kept > 0)
		memcpy(out, bytes, kept);
	out[kept] = '\0';
}

static struct campaign_sighting read_sighting(const uint8_t head[4], const uint8_t *name,
					      size_t len, uint64_t time_ns)
{
	struct campaign_sighting out;
	char text[256];

	memset(&out, 0, sizeof(out));
	out.time_ns = time_ns;
	out.parties.key.ip_version = 4;
	out.parties.key.addr[0][3] = head[1];
	out.parties.flow_id = head[1];
	out.level = LEVEL_LIKELY + (head[2] >> 7);
	out.kind = head[2] % CAMPAIGN_KINDS;
	out.hashrate = head[2];
	fill(text, sizeof(text), name, len);
	campaign_key((enum campaign_kind)out.kind, text, (head[2] & 64) != 0, out.key);
	fill(out.worker, sizeof(out.worker), name, len);
	fill(out.agent, sizeof(out.agent), name, len);
	fill(out.pool, sizeof(out.pool), name, len);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t last_ns = 0;
	uint64_t now_ns = UINT64_C(1772704680000000000);
	struct stats stats;
	struct campaign_options options = {
		.hosts = 3,
		.caps = { .campaigns = 4, .members = 4, .of_host = 3, .all_members = 12 },
		.tap = "fuzz",
		.publish = check,
		.ctx = &last_ns
	};
	struct campaign_table *table;
	size_t at = 0;

	memset(&stats, 0, sizeof(stats));
	table = campaign_table_new(&options, &stats);
	require(table != NULL);
	while (size - at >= 4) {
		const uint8_t *head = data + at;
		size_t len = head[3] < size - at - 4 ? head[3] : size - at - 4;
		struct campaign_sighting sighting;

		now_ns += head[0] * (uint64_t)STEP_S * 1000000000;
		sighting = read_sighting(head, head + 4, len, now_ns);
		campaign_advance(table, now_ns);
		if ((head[2] & 32) != 0) {
			struct campaign_shared shared = { .members = head[1],
							  .first_ns = now_ns - head[1] };

			campaign_shared(
				table, campaign_id((enum campaign_kind)sighting.kind, sighting.key),
				&shared, now_ns);
		} else {
			campaign_sight(table, &sighting);
		}
		require(campaign_count(table) <= 4);
		at += 4 + len;
	}
	campaign_flush(table, now_ns);
	campaign_table_free(table);
	return 0;
}
