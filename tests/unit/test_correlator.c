/* test_correlator.c: facts go in through real rings, decisions come out of real rings. */
#include "tests/unit/correlator_bench.h"

#include <pthread.h>

static void test_contact_login_job(void **state)
{
	struct bench *bench = lossless(1);
	const struct decision_alert *alert;

	(void)state;
	push_contact(bench, 0, 0, 7, 50000);
	push_login(bench, 0, 1, 7, 50000);
	push_job(bench, 0, 2, 7, 50000);
	finish(bench);
	alert = get_alert(bench, 0);
	assert_int_equal(alert->revision, 1);
	assert_int_equal(alert->sid, SID_LOGIN);
	alert = get_alert(bench, 1);
	assert_int_equal(alert->revision, 2);
	assert_int_equal(alert->sid, SID_SESSION);
	assert_int_equal(alert->alert_id, get_alert(bench, 0)->alert_id);
	assert_true(evidence_has(&alert->evidence, EVIDENCE_LISTED_ENDPOINT));
	assert_null(get_alert(bench, 2));
	assert_int_equal(bench->stats.alerts, 1);
	bench_free(bench);
}

static void test_a_login_is_told_at_once(void **state)
{
	struct bench *bench = lossless(1);

	(void)state;
	/* No watermark has been given: a lone feed needs none. */
	push_login(bench, 0, 1, 7, 50000);
	step(bench);
	assert_non_null(get_alert(bench, 0));
	assert_int_equal(get_alert(bench, 0)->sid, SID_LOGIN);
	/* The alert goes before the session that names it. */
	assert_int_equal(bench->urgent[0]->kind, DECISION_ALERT);
	assert_int_equal(get_session(bench, 0)->alert_id, get_alert(bench, 0)->alert_id);
	assert_int_equal(get_session(bench, 0)->revision, 1);
	bench_free(bench);
}

static void test_contact_alone(void **state)
{
	struct bench *bench = lossless(1);

	(void)state;
	push_contact(bench, 0, 1, 7, 50000);
	set_watermark(bench, 0, facts_ns(31));
	step(bench);
	assert_null(get_alert(bench, 0));
	/* The watermark alone moves time on. */
	set_watermark(bench, 0, facts_ns(900));
	step(bench);
	assert_non_null(get_alert(bench, 0));
	assert_int_equal(get_alert(bench, 0)->decision.time_ns, facts_ns(31));
	assert_int_equal(get_alert(bench, 0)->parties.contact,
			 facts_listed("pool 198.51.100.120:3333\n", NULL));
	finish(bench);
	assert_null(get_alert(bench, 1));
	bench_free(bench);
}

static void test_contact_at_the_end_of_input(void **state)
{
	struct bench *bench = lossless(2);

	(void)state;
	push_contact(bench, 1, 1, 7, 50000);
	push_flow(bench, 0, facts_flow(3, 9, 443, FLOW_END_FORCED));
	finish(bench);
	assert_int_equal(get_alert(bench, 0)->decision.time_ns, facts_ns(3));
	assert_null(get_alert(bench, 1));
	bench_free(bench);
}

static void test_unanswered_and_refused(void **state)
{
	struct bench *bench = lossless(1);
	struct session_fact fact = facts_login(31, 7, 50000);

	(void)state;
	push_login(bench, 0, 1, 7, 50000);
	fact.event = SESSION_CHANGE;
	fact.view.is_unanswered = 1;
	evidence_add(&fact.view.evidence, EVIDENCE_UNANSWERED);
	push(bench, 0, &fact.fact);
	fact = facts_login(41, 8, 50001);
	fact.view.is_refused = 1;
	evidence_add(&fact.view.evidence, EVIDENCE_LOGIN_REFUSED);
	push(bench, 0, &fact.fact);
	finish(bench);
	assert_int_equal(get_alert(bench, 1)->revision, 2);
	assert_int_equal(get_alert(bench, 1)->sid, SID_LOGIN);
	assert_int_equal(get_alert(bench, 1)->view.is_unanswered, 1);
	assert_int_equal(get_alert(bench, 2)->revision, 1);
	assert_int_equal(get_alert(bench, 2)->view.is_refused, 1);
	assert_true(get_alert(bench, 2)->alert_id != get_alert(bench, 1)->alert_id);
	assert_null(get_alert(bench, 3));
	bench_free(bench);
}

static void test_every_session_fact_is_a_decision(void **state)
{
	static const enum session_event events[] = { SESSION_BEGIN, SESSION_CHANGE, SESSION_REPORT,
						     SESSION_END };
	struct bench *bench = lossless(1);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct session_fact fact = facts_report(10.0 * (double)i, 7, 50000, (uint32_t)i);

		fact.event = (uint8_t)events[i];
		fact.packets[1] = i;
		push(bench, 0, &fact.fact);
	}
	finish(bench);
	for (size_t i = 0; i < 4; i++) {
		const struct decision_session *session = get_session(bench, i);

		assert_int_equal(session->event, events[i]);
		assert_int_equal(session->decision.time_ns, facts_ns(10.0 * (double)i));
		assert_int_equal(session->packets[1], i);
		assert_int_equal(session->view.accepted, i);
		assert_int_equal(session->alert_id, get_alert(bench, 0)->alert_id);
		assert_int_equal(session->revision, 1);
		assert_int_equal(session->parties.flow_id, facts_flow_id(7, 50000));
	}
	assert_null(get_session(bench, 4));
	assert_null(get_alert(bench, 1));
	bench_free(bench);
}

static void test_flow_carries_session_and_alert(void **state)
{
	struct bench *bench = lossless(1);
	struct session_fact end = facts_report(90, 7, 50000, 12);
	struct flow_record record = facts_flow(60, 7, 50000, FLOW_END_ACTIVE);
	const struct decision_flow *flow;

	(void)state;
	end.event = SESSION_END;
	record.has_session = 1;
	push_login(bench, 0, 1, 7, 50000);
	push_job(bench, 0, 2, 7, 50000);
	push_flow(bench, 0, record);
	push(bench, 0, &end.fact);
	record = facts_flow(90, 7, 50000, FLOW_END_CLOSED);
	record.has_session = 1;
	push_flow(bench, 0, record);
	/* A record that claims a session nobody told of, and one of the same client and cause. */
	push_flow(bench, 0, record);
	push_flow(bench, 0, facts_flow(91, 7, 50001, FLOW_END_CLOSED));
	push_flow(bench, 0, facts_flow(92, 8, 50000, FLOW_END_IDLE));
	finish(bench);
	assert_int_equal(bench->bulk_count, 5);
	flow = get_flow(bench, 0);
	assert_int_equal(flow->decision.size, decision_flow_size(true, false));
	assert_int_equal(flow->has_session, 1);
	assert_int_equal(flow->view.level, LEVEL_CONFIRMED);
	assert_int_equal(flow->view.accepted, 0);
	assert_int_equal(flow->sid, SID_SESSION);
	assert_int_equal(flow->revision, 2);
	assert_int_equal(flow->alert_id, get_alert(bench, 0)->alert_id);
	assert_int_equal(flow->record.end, FLOW_END_ACTIVE);
	flow = get_flow(bench, 1);
	assert_int_equal(flow->has_session, 1);
	assert_int_equal(flow->view.accepted, 12);
	assert_int_equal(flow->record.bytes[1], 800);
	flow = get_flow(bench, 2);
	assert_int_equal(flow->has_session, 0);
	assert_int_equal(flow->decision.size, decision_flow_size(false, false));
	flow = get_flow(bench, 3);
	assert_int_equal(flow->has_session, 0);
	assert_int_equal(flow->alert_id, get_alert(bench, 0)->alert_id);
	flow = get_flow(bench, 4);
	assert_int_equal(flow->alert_id, 0);
	assert_int_equal(flow->sid, 0);
	assert_int_equal(flow->revision, 0);
	bench_free(bench);
}

static void test_client_cloud(void **state)
{
	struct cloud_row rows[2];
	struct correlator_options options = {
		.is_lossless = true, .stall_timeout_s = 5, .cloud = rows, .cloud_count = 2
	};
	struct bench *bench;

	(void)state;
	memset(rows, 0, sizeof(rows));
	assert_int_equal(net_prefix_parse("198.51.100.0/24", &rows[0].prefix), 0);
	assert_int_equal(net_prefix_parse("10.0.0.0/16", &rows[1].prefix), 0);
	snprintf(rows[1].account_id, LIMIT_NAME_TEXT, "111122223333");
	bench = bench_new(1, BENCH_RING, &options);
	push_login(bench, 0, 1, 7, 50000);
	push_flow(bench, 0, facts_flow(2, 7, 50000, FLOW_END_IDLE));
	finish(bench);
	assert_int_equal(get_alert(bench, 0)->parties.client_cloud, 2);
	assert_int_equal(get_session(bench, 0)->parties.client_cloud, 2);
	assert_int_equal(get_flow(bench, 0)->parties.client_cloud, 2);
	assert_int_equal(get_alert(bench, 0)->alert_id,
			 alert_id("111122223333", "10.0.1.7", FAMILY_SESSION, "198.51.100.120:3333",
				  facts_ns(1)));
	bench_free(bench);
}

/* Urgent and bulk facts of one worker travel on two rings and are one sequence again. */
static void test_one_feed_is_one_sequence(void **state)
{
	struct bench *bench = lossless(1);
	struct flow_record record = facts_flow(5, 7, 50000, FLOW_END_ACTIVE);

	(void)state;
	record.has_session = 1;
	for (uint32_t i = 0; i < 50; i++) {
		struct session_fact fact = facts_report(5, 7, 50000, i);

		push(bench, 0, &fact.fact);
		push_flow(bench, 0, record);
		if (i % 3 == 0)
			push_flow(bench, 0, record);
	}
	finish(bench);
	for (uint32_t i = 0, at = 0; i < 50; i++) {
		assert_int_equal(get_flow(bench, at++)->view.submitted, i);
		if (i % 3 == 0)
			assert_int_equal(get_flow(bench, at++)->view.submitted, i);
	}
	bench_free(bench);
}

static void test_feeds_wait_for_each_other(void **state)
{
	struct bench *bench = lossless(2);

	(void)state;
	push_login(bench, 0, 10, 7, 50000);
	step(bench);
	assert_int_equal(bench->urgent_count, 0);
	set_watermark(bench, 1, facts_ns(10)); /* one of exactly this time may still come */
	step(bench);
	assert_int_equal(bench->urgent_count, 0);
	push_login(bench, 1, 10, 8, 50000);
	step(bench);
	/* At one time the lower worker is first; the other one waits for worker 0. */
	assert_int_equal(bench->urgent_count, 2);
	assert_string_equal(get_alert(bench, 0)->view.worker, "rig-7");
	set_watermark(bench, 0, facts_ns(10) + 1);
	step(bench);
	assert_int_equal(bench->urgent_count, 4);
	assert_string_equal(get_alert(bench, 1)->view.worker, "rig-8");
	bench_free(bench);
}

/* Live a worker that has nothing to say, or is behind, is waited for only so long. */
static void test_live_the_past_waits_for_nobody(void **state)
{
	struct bench *bench =
		bench_new(2, BENCH_RING, &(struct correlator_options){ .merge_wait_ms = 100 });
	struct session_fact to_come = facts_login(10, 8, 50000);

	(void)state;
	to_come.fact.time_ns = UINT64_MAX / 2;
	push_login(bench, 0, 10, 7, 50000);
	push(bench, 0, &to_come.fact);
	step(bench);
	assert_int_equal(bench->urgent_count, 2); /* of the first */
	set_watermark(bench, 1, UINT64_MAX);
	step(bench);
	assert_int_equal(bench->urgent_count, 4);
	bench_free(bench);
}

static void test_a_closed_feed_holds_nobody_up(void **state)
{
	struct bench *bench = lossless(2);

	(void)state;
	ring_close(bench->feeds[1].urgent);
	ring_close(bench->feeds[1].bulk);
	push_login(bench, 0, 10, 7, 50000);
	step(bench);
	assert_int_equal(bench->urgent_count, 2);
	set_watermark(bench, 0, UINT64_MAX);
	assert_null(correlator_run(bench->correlator));
	bench_free(bench);
}

/* A small world of many clients: every kind of fact, with the ups and downs of each rule. */
static void push_client(struct bench *bench, size_t feed, uint8_t client, int act)
{
	double start = 100.0 * client / 7.0;
	struct session_fact fact;

	switch (act) {
	case 0:
		push_contact(bench, feed, start, client, 50000);
		break;
	case 1:
		if (client % 4 != 0)
			push_login(bench, feed, start + 1, client, 50000);
		break;
	case 2:
		if (client % 4 == 1)
			push_job(bench, feed, start + 2, client, 50000);
		break;
	case 3:
		if (client % 4 == 2) {
			fact = facts_login(start + 31, client, 50000);
			evidence_add(&fact.view.evidence, EVIDENCE_UNANSWERED);
			push(bench, feed, &fact.fact);
		}
		break;
	case 4:
		if (client % 4 == 1) {
			fact = facts_report(start + 45, client, 50000, 3);
			evidence_add(&fact.view.evidence, EVIDENCE_SHARE);
			push(bench, feed, &fact.fact);
		}
		break;
	case 5:
		if (client % 4 == 2)
			push_job(bench, feed, start + 50, client, 50000);
		break;
	default: {
		struct flow_record record = facts_flow(start + 60, client, 50000, FLOW_END_CLOSED);

		record.has_session = client % 4 != 0;
		push_flow(bench, feed, record);
		break;
	}
	}
}

static const double act_delays[] = { 0, 1, 2, 31, 45, 50, 60 };

/* All acts of all clients in order of time, as one worker would see its share of them. */
static struct bench *run_world(size_t feeds)
{
	struct bench *bench = lossless(feeds);
	enum { CLIENTS = 40, ACTS = 7 };
	bool is_done[CLIENTS][ACTS] = { { false } };

	for (int left = CLIENTS * ACTS; left > 0; left--) {
		double best = 1e30;
		int next_client = 0;
		int next_act = 0;

		for (int client = 0; client < CLIENTS; client++) {
			for (int act = 0; act < ACTS; act++) {
				double at = 100.0 * client / 7.0 + act_delays[act];

				if (is_done[client][act] || at >= best)
					continue;
				best = at;
				next_client = client;
				next_act = act;
			}
		}
		is_done[next_client][next_act] = true;
		push_client(bench, (size_t)next_client % feeds, (uint8_t)next_client, next_act);
		/* Now and then, what the watermarks allow is handled before more comes. */
		if (left % 5 == 0) {
			for (size_t i = 0; i < feeds; i++)
				set_watermark(bench, i, facts_ns(best));
			step(bench);
		}
	}
	finish(bench);
	return bench;
}

static int compare_decisions(const void *a, const void *b)
{
	const struct decision *const *left = a;
	const struct decision *const *right = b;

	if ((*left)->size != (*right)->size)
		return (*left)->size < (*right)->size ? -1 : 1;
	return memcmp(*left, *right, (*left)->size);
}

/* Which worker carried a record is the only thing that may differ. */
static void forget_workers(struct bench *bench)
{
	for (size_t i = 0; i < bench->bulk_count; i++) {
		struct decision_flow *flow = (struct decision_flow *)bench->bulk[i];

		flow->record.fact.worker = 0;
		flow->record.fact.sequence = 0;
	}
}

static void assert_same(struct decision **a, size_t a_count, struct decision **b, size_t b_count)
{
	assert_int_equal(a_count, b_count);
	qsort(a, a_count, sizeof(struct decision *), compare_decisions);
	qsort(b, b_count, sizeof(struct decision *), compare_decisions);
	for (size_t i = 0; i < a_count; i++) {
		assert_int_equal(a[i]->size, b[i]->size);
		assert_memory_equal(a[i], b[i], a[i]->size);
	}
}

static void test_two_feeds_decide_as_one(void **state)
{
	struct bench *one = run_world(1);
	struct bench *two = run_world(2);

	(void)state;
	/* 10 contacts alone, 10 confirmed, 10 late ones whose contact was told first, 10 logins
	 * with their contacts. */
	assert_int_equal(one->stats.alerts, 10 + 10 + 20 + 20);
	assert_int_equal(one->stats.alerts_absorbed, 20);
	assert_int_equal(one->bulk_count, 40);
	forget_workers(one);
	forget_workers(two);
	assert_same(one->urgent, one->urgent_count, two->urgent, two->urgent_count);
	assert_same(one->bulk, one->bulk_count, two->bulk, two->bulk_count);
	assert_int_equal(one->stats.alert_revisions, two->stats.alert_revisions);
	bench_free(one);
	bench_free(two);
}

static void test_hosts_with_one_wallet(void **state)
{
	struct bench *bench =
		bench_new(2, BENCH_RING,
			  &(struct correlator_options){
				  .is_lossless = true, .stall_timeout_s = 5, .campaign_hosts = 3 });

	(void)state;
	for (uint8_t client = 1; client <= 4; client++)
		push_login(bench, client % 2, client, client, 50000);
	finish(bench);
	assert_int_equal(get_campaign(bench, 0)->event, CAMPAIGN_JOIN);
	assert_int_equal(get_campaign(bench, 2)->event, CAMPAIGN_JOIN);
	assert_int_equal(get_campaign(bench, 3)->event, CAMPAIGN_ALERT);
	assert_int_equal(get_campaign(bench, 3)->members, 3);
	assert_int_equal(get_campaign(bench, 3)->decision.time_ns, facts_ns(3));
	assert_string_equal(get_campaign(bench, 3)->first_member, "tap:eth0/10.0.1.1");
	/* The fourth waits for its minute, or the end. */
	assert_int_equal(get_campaign(bench, 5)->event, CAMPAIGN_ALERT);
	assert_int_equal(get_campaign(bench, 5)->members, 4);
	assert_int_equal(get_campaign(bench, 5)->revision, 2);
	assert_null(get_campaign(bench, 6));
	assert_int_equal(bench->stats.alerts, 4 + 1);
	bench_free(bench);
}

static void test_session_table_is_capped(void **state)
{
	struct bench *bench =
		bench_new(1, BENCH_RING,
			  &(struct correlator_options){
				  .is_lossless = true, .stall_timeout_s = 5, .max_sessions = 2 });
	struct flow_record record;

	(void)state;
	push_login(bench, 0, 1, 1, 50000);
	push_login(bench, 0, 2, 2, 50000);
	push_login(bench, 0, 3, 1, 50000);
	push_login(bench, 0, 4, 3, 50000); /* client 2 is idle for longest */
	for (uint8_t client = 1; client <= 3; client++) {
		record = facts_flow(10, client, 50000, FLOW_END_CLOSED);
		record.has_session = 1;
		push_flow(bench, 0, record);
	}
	finish(bench);
	assert_int_equal(bench->stats.correlator_capped, 1);
	assert_int_equal(get_flow(bench, 0)->has_session, 1);
	assert_int_equal(get_flow(bench, 1)->has_session, 0);
	assert_int_equal(get_flow(bench, 2)->has_session, 1);
	/* Its alert is still known. */
	assert_true(get_flow(bench, 1)->alert_id != 0);
	bench_free(bench);
}

static void test_alert_table_is_capped(void **state)
{
	struct bench *bench =
		bench_new(1, BENCH_RING,
			  &(struct correlator_options){
				  .is_lossless = true, .stall_timeout_s = 5, .max_alerts = 3 });

	(void)state;
	for (uint8_t client = 1; client <= 10; client++)
		push_contact(bench, 0, client, client, 50000);
	finish(bench);
	/* Each one is published, if earlier than it should. */
	assert_int_equal(bench->stats.alerts, 10);
	assert_int_equal(bench->stats.correlator_capped, 7);
	assert_int_equal(get_alert(bench, 0)->decision.time_ns, facts_ns(4));
	bench_free(bench);
}

static void test_lossless_stall(void **state)
{
	struct bench *bench = bench_new(
		1, 16384,
		&(struct correlator_options){ .is_lossless = true, .stall_timeout_s = 0 });

	(void)state;
	for (uint8_t client = 1; client <= 20; client++)
		push_login(bench, 0, client, client, 50000);
	set_watermark(bench, 0, UINT64_MAX);
	assert_ptr_equal(correlator_run(bench->correlator), bench->correlator);
	assert_true(bench->stats.decisions_dropped > 0);
	take_decisions(bench);
	assert_true(bench->urgent_count > 0);
	assert_true(ring_is_closed(bench->options.urgent));
	bench_free(bench);
}

static void test_live_keeps_urgent_and_drops_bulk(void **state)
{
	struct bench *bench =
		bench_new(1, 16384, &(struct correlator_options){ .is_lossless = false });
	size_t refused;

	(void)state;
	for (uint8_t client = 1; client <= 30; client++) {
		push_login(bench, 0, client, client, 50000);
		push_flow(bench, 0, facts_flow(client, 200, client, FLOW_END_IDLE));
		push_flow(bench, 0, facts_flow(client, 201, client, FLOW_END_IDLE));
	}
	while (correlator_step(bench->correlator))
		;
	refused = (size_t)bench->stats.decisions_dropped;
	assert_true(refused > 0);
	/* Whenever the publisher takes some, more of the rest follows, in order. */
	for (int i = 0; i < 100 && bench->urgent_count < 60; i++)
		step(bench);
	assert_int_equal(bench->urgent_count, 60);
	for (size_t i = 0; i < 30; i++) {
		assert_int_equal(bench->urgent[2 * i]->kind, DECISION_ALERT);
		assert_int_equal(bench->urgent[2 * i + 1]->kind, DECISION_SESSION);
		assert_int_equal(get_alert(bench, i)->decision.time_ns, facts_ns((double)i + 1));
		assert_int_equal(get_session(bench, i)->decision.time_ns, facts_ns((double)i + 1));
	}
	assert_int_equal(bench->stats.decisions_dropped, refused);
	assert_int_equal(bench->bulk_count + refused, 60);
	finish(bench);
	bench_free(bench);
}

/* One worker with a thread of its own. */
struct worker_thread {
	struct bench *bench;
	size_t feed;
	uint32_t rounds;
};

static void *work(void *ctx)
{
	struct worker_thread *worker = ctx;
	struct fact_feed *feed = &worker->bench->feeds[worker->feed];
	uint64_t sequence = 0;

	for (uint32_t i = 0; i < worker->rounds; i++) {
		uint8_t client = (uint8_t)(1 + worker->feed + 2 * (i % 50));
		uint16_t port = (uint16_t)(1000 + i);
		struct session_fact login = facts_login(i, client, port);
		struct session_fact job = facts_job(i + 0.25, client, port);
		struct flow_record record = facts_flow(i + 0.5, client, port, FLOW_END_CLOSED);
		struct fact *facts[] = { &login.fact, &job.fact, &record.fact };

		record.has_session = 1;
		for (size_t at = 0; at < 3; at++) {
			facts[at]->worker = (uint16_t)worker->feed;
			facts[at]->sequence = ++sequence;
			ring_push_wait(at == 2 ? feed->bulk : feed->urgent, facts[at],
				       facts[at]->size, ring_now_ms() + 60000);
		}
		atomic_store_explicit(&feed->watermark_ns, facts_ns(i + 0.5), memory_order_release);
		ring_bell_ring(feed->bell);
	}
	atomic_store_explicit(&feed->watermark_ns, UINT64_MAX, memory_order_release);
	ring_close(feed->urgent);
	ring_close(feed->bulk);
	return NULL;
}

/* Reads the flow decisions away; returns how many named their session and alert. */
static uint32_t drain(struct bench *bench, uint64_t *last_ns)
{
	const struct decision_flow *flow;
	uint32_t whole = 0;
	size_t size;

	while (ring_peek(bench->options.urgent, &size) != NULL)
		ring_pop(bench->options.urgent);
	while ((flow = ring_peek(bench->options.bulk, &size)) != NULL) {
		assert_true(flow->decision.time_ns >= *last_ns);
		*last_ns = flow->decision.time_ns;
		if (flow->has_session && flow->sid == SID_SESSION && flow->alert_id != 0)
			whole++;
		ring_pop(bench->options.bulk);
	}
	return whole;
}

static void test_threads(void **state)
{
	enum { ROUNDS = 3000 };
	struct bench *bench = bench_new(
		2, 64 * 1024,
		&(struct correlator_options){ .is_lossless = true, .stall_timeout_s = 60 });
	struct worker_thread workers[2] = { { bench, 0, ROUNDS }, { bench, 1, ROUNDS } };
	pthread_t threads[3];
	uint64_t deadline_ms = ring_now_ms() + 120000;
	uint64_t last_ns = 0;
	uint32_t whole = 0;
	void *result = bench;

	(void)state;
	assert_int_equal(pthread_create(&threads[0], NULL, correlator_run, bench->correlator), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, work, &workers[0]), 0);
	assert_int_equal(pthread_create(&threads[2], NULL, work, &workers[1]), 0);
	while (!ring_is_closed(bench->options.bulk) || !ring_is_closed(bench->options.urgent)) {
		assert_true(ring_now_ms() < deadline_ms);
		whole += drain(bench, &last_ns);
	}
	assert_int_equal(pthread_join(threads[0], &result), 0);
	assert_int_equal(pthread_join(threads[1], NULL), 0);
	assert_int_equal(pthread_join(threads[2], NULL), 0);
	assert_null(result);
	assert_int_equal(whole, 2 * ROUNDS);
	assert_int_equal(bench->stats.alerts, 100);
	bench_free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contact_login_job),
		cmocka_unit_test(test_a_login_is_told_at_once),
		cmocka_unit_test(test_contact_alone),
		cmocka_unit_test(test_contact_at_the_end_of_input),
		cmocka_unit_test(test_unanswered_and_refused),
		cmocka_unit_test(test_every_session_fact_is_a_decision),
		cmocka_unit_test(test_flow_carries_session_and_alert),
		cmocka_unit_test(test_client_cloud),
		cmocka_unit_test(test_one_feed_is_one_sequence),
		cmocka_unit_test(test_feeds_wait_for_each_other),
		cmocka_unit_test(test_live_the_past_waits_for_nobody),
		cmocka_unit_test(test_a_closed_feed_holds_nobody_up),
		cmocka_unit_test(test_two_feeds_decide_as_one),
		cmocka_unit_test(test_hosts_with_one_wallet),
		cmocka_unit_test(test_session_table_is_capped),
		cmocka_unit_test(test_alert_table_is_capped),
		cmocka_unit_test(test_lossless_stall),
		cmocka_unit_test(test_live_keeps_urgent_and_drops_bulk),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
