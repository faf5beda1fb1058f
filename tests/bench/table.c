/* table.c: the flow table alone, without capture: ns per touch of a known flow.
 *
 *   table [FLOWS...]   default: 10000 100000 1000000 4000000
 *
 * Batches of 32 through tag, bucket prefetch, line prefetch and touch, with keys picked at random;
 * what it costs to make the packets is measured alone and subtracted. "open" is a flow's first
 * packet, "end" its end by the wheel. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sensor/flow.h"

#define BATCH   32
#define TOUCHES 4000000u
#define T0      UINT64_C(1772704680000000000)

static volatile uint64_t sink; /* keeps the compiler honest */

static void on_opened(void *ctx, uint32_t index, const struct packet *packet)
{
	(void)ctx;
	(void)packet;
	sink += index;
}

static void on_ended(void *ctx, uint32_t index, enum flow_end reason)
{
	(void)ctx;
	sink += index + (uint64_t)reason;
}

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void make_packet(struct packet *packet, uint64_t flow, uint64_t time_ns)
{
	uint32_t client = (uint32_t)flow * 2654435761u;

	packet->time_ns = time_ns;
	memcpy(packet->key.addr[0], &client, 4);
	packet->key.port[0] = (uint16_t)(32768u + flow % 28000);
	packet->key.proto = flow % 2 == 0 ? IP_PROTO_TCP : IP_PROTO_UDP;
	packet->tcp_flags = flow % 2 == 0 ? TCP_ACK : 0;
}

static void touch_batch(struct flow_table *table, const struct packet *packets)
{
	struct flow_tag tags[BATCH];
	enum direction dir;

	for (size_t i = 0; i < BATCH; i++)
		tags[i] = flow_tag_of(table, &packets[i].key);
	for (size_t i = 0; i < BATCH; i++)
		flow_prefetch_bucket(table, tags[i]);
	for (size_t i = 0; i < BATCH; i++)
		(void)flow_prefetch_line(table, tags[i]);
	for (size_t i = 0; i < BATCH; i++)
		sink += flow_touch(table, &packets[i], tags[i], &dir);
}

/* One pass; without a table it only makes the packets. flows = 0 picks in order. */
static double run(struct flow_table *table, uint64_t touches, uint64_t flows)
{
	static struct packet packets[BATCH];
	uint64_t seed = 1;
	double begin = cpu_ns();

	for (size_t i = 0; i < BATCH; i++) {
		packets[i].key.ip_version = 4;
		packets[i].key.addr[1][0] = 198;
		packets[i].key.port[1] = 443;
		packets[i].ip_packets = 1;
		packets[i].ip_bytes = 60;
	}
	for (uint64_t done = 0; done < touches; done += BATCH) {
		for (size_t i = 0; i < BATCH; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			make_packet(&packets[i], flows == 0 ? done + i : (seed >> 33) % flows,
				    T0 + done);
		}
		if (table != NULL)
			touch_batch(table, packets);
		else
			sink += packets[done % BATCH].key.port[0];
	}
	return cpu_ns() - begin;
}

static int measure(uint64_t flows)
{
	struct flow_table_options options = { .timeouts = { 60, 600, 10, 1800 },
					      .hooks = { on_opened, on_ended, NULL, NULL },
					      .is_touched = true };
	static struct stats stats;
	struct flow_table *table;
	double open;
	double touch;
	double end;

	flows = (flows + BATCH - 1) / BATCH * BATCH;
	options.capacity = flows;
	table = flow_table_new(&options, &stats);
	if (table == NULL) {
		fprintf(stderr, "table: out of memory\n");
		return 1;
	}
	open = run(table, flows, 0) - run(NULL, flows, 0);
	flow_advance(table, T0 + 1);
	touch = run(table, TOUCHES, flows) - run(NULL, TOUCHES, flows);
	end = cpu_ns();
	flow_advance(table, T0 + UINT64_C(2000000000000));
	end = cpu_ns() - end;
	printf("%9llu flows  touch %6.1f ns  open %6.1f ns  end %6.1f ns\n",
	       (unsigned long long)flows, touch / TOUCHES, open / (double)flows,
	       end / (double)flows);
	flow_table_free(table);
	return 0;
}

int main(int argc, char **argv)
{
	static const uint64_t defaults[] = { 10000, 100000, 1000000, 4000000 };
	int rc = 0;

	for (int i = 1; i < argc; i++)
		rc |= measure(strtoull(argv[i], NULL, 10));
	for (size_t i = 0; argc == 1 && i < sizeof(defaults) / sizeof(defaults[0]); i++)
		rc |= measure(defaults[i]);
	return rc;
}
