/* test_voice.c: one direction speaks as one side, or quotes both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sensor/voice.h"

static const struct finding job = { .kind = FINDING_JOB,
				    .sender = SENDER_POOL,
				    .proof = PROOF_CONFIRMED };

static struct finding request(uint64_t id)
{
	return (struct finding){ .kind = FINDING_REQUEST,
				 .sender = SENDER_MINER,
				 .proof = PROOF_LIKELY,
				 .request = id };
}

static struct finding reply(uint64_t id)
{
	return (struct finding){ .kind = FINDING_REPLY, .sender = SENDER_POOL, .request = id };
}

static void expect(struct voice *voice, struct finding said, enum voice_verdict verdict)
{
	voice_begin(voice);
	assert_int_equal(voice_hear(voice, &said), verdict);
}

static void each_side_speaks_as_one(void **state)
{
	struct voice pool = { 0 };
	struct voice miner = { 0 };

	(void)state;
	expect(&pool, reply(4), VOICE_UNCERTAIN); /* a miner's word could follow */
	expect(&pool, job, VOICE_ONE);
	expect(&pool, reply(5), VOICE_ONE);
	expect(&miner, request(5), VOICE_ONE);
	expect(&miner, reply(9), VOICE_ONE); /* the pool asked for its version */
	expect(&miner, request(6), VOICE_ONE);
}

/* A miner that answers before each share is known by ids that are not its own. */
static void a_miner_may_answer_first(void **state)
{
	struct voice voice = { 0 };

	(void)state;
	expect(&voice, reply(90), VOICE_UNCERTAIN);
	expect(&voice, request(5), VOICE_UNCERTAIN);
	expect(&voice, reply(91), VOICE_ONE);
	expect(&voice, request(6), VOICE_ONE);
}

static void a_quotation_answers_itself(void **state)
{
	struct voice voice = { 0 };

	(void)state;
	for (uint64_t id = 1; id < 5; id++) {
		expect(&voice, request(id), id == 1 ? VOICE_ONE : VOICE_UNCERTAIN);
		expect(&voice, reply(id), VOICE_UNCERTAIN);
	}
	expect(&voice, job, VOICE_BOTH);
	expect(&voice, request(5), VOICE_BOTH);
}

/* The first fact of a message decides, unless another one is of the other side. */
static void one_message_is_heard_once(void **state)
{
	const struct finding answer = reply(1);
	const struct finding more = request(2);
	struct voice voice = { 0 };

	(void)state;
	voice_begin(&voice);
	assert_int_equal(voice_hear(&voice, &answer), VOICE_UNCERTAIN);
	assert_int_equal(voice_hear(&voice, &job), VOICE_ONE);
	voice = (struct voice){ 0 };
	expect(&voice, reply(1), VOICE_UNCERTAIN);
	voice_begin(&voice);
	assert_int_equal(voice_hear(&voice, &more), VOICE_UNCERTAIN);
	assert_int_equal(voice_hear(&voice, &more), VOICE_UNCERTAIN);
}

/* Of a side that nobody doubts only certain words of both roles count. */
static void a_recital_speaks_as_both(void **state)
{
	const struct finding login = request(1);
	const struct finding answer = reply(1);
	struct voice voice = { 0 };

	(void)state;
	assert_false(voice_is_heard(&voice));
	assert_false(voice_recites(&voice, &answer)); /* is nobody's role */
	assert_false(voice_is_heard(&voice));
	assert_false(voice_recites(&voice, &login));
	assert_true(voice_is_heard(&voice));
	assert_false(voice_recites(&voice, &answer));
	assert_true(voice_recites(&voice, &job));
	assert_true(voice_recites(&voice, &answer));
	/* doubted afterwards, it begins anew */
	expect(&voice, request(2), VOICE_ONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_side_speaks_as_one),
		cmocka_unit_test(a_miner_may_answer_first),
		cmocka_unit_test(a_quotation_answers_itself),
		cmocka_unit_test(one_message_is_heard_once),
		cmocka_unit_test(a_recital_speaks_as_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
