/* inquirer.c: answers questions from the inventory files and from Redis, and keeps asking for
 * identities that are not known yet.
 *
 * Three rings: questions in, answers out, and replies, the answers somebody waits for. New
 * questions go first; in between one kept question at a time is asked again, so that a long list of
 * them never keeps a new one waiting. */
#include "sensor/inquirer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/slice.h"
#include "sensor/inventory_file.h"
#include "sensor/log.h"
#include "sensor/redis_access.h"
#include "sensor/redis_inquiry.h"
#include "sensor/thread_cpu.h"

#define REDIS_TIMEOUT_MS 2000
#define FILES_MS         1000
#define PUSH_MS          50 /* of a wait for room, after which a stop is looked for */
#define FIRST_PENDING    64
#define ENTRY_BYTES(x)   (sizeof(x) + 8)

/* A question whose answer may get better. */
struct pending {
	struct question question;
	struct cloud_identity told; /* the last answer, zeroed: none */
	uint64_t until_ms;
};

struct inquirer {
	const struct config *config;
	struct stats *stats;
	atomic_bool stop;
	uint32_t poll_ms;
	uint32_t look_ms; /* between two looks at the files */
	uint32_t wait_ms;
	/* correlator's side */
	struct ring *questions;
	struct ring *answers;
	struct ring *replies;
	struct ring_bell *bell;       /* ours: a question waits */
	struct ring_bell *reply_bell; /* of who waits for a reply */
	/* the thread's own */
	struct redis_access access;
	struct redis_inquiry *redis; /* NULL: none */
	struct inventory *inventory; /* NULL: no file */
	struct inventory_stamp *stamps;
	bool had_nat;      /* the correlator was told of some */
	uint64_t files_ms; /* when to look at the files */
	uint64_t round_ms; /* when to ask Redis again */
	struct pending *pending;
	size_t pending_count;
	size_t pending_capacity;
	size_t next;        /* of this round; pending_count: the round is over */
	bool is_file_round; /* files alone have changed: Redis is not asked */
};

enum { QUESTION_WAITED = 1 }; /* in question.reserved */

bool inquirer_is_wanted(const struct config *config)
{
	return config->inventory.count > 0 || config->redis != NULL;
}

/* --- making --------------------------------------------------------------------------------- */

static const char *const *paths(const struct inquirer *self)
{
	return (const char *const *)self->config->inventory.items;
}

static void tell_inventory(const struct inventory *inventory)
{
	uint64_t left_out = inventory_left_out(inventory);

	log_info("inventory: %zu addresses, %zu of NAT gateways", inventory_count(inventory),
		 inventory_nat_count(inventory));
	if (left_out > 0)
		log_warning("inventory: %llu addresses left out: inventory-max",
			    (unsigned long long)left_out);
}

static int open_files(struct inquirer *self, char error[INQUIRER_ERROR_TEXT])
{
	size_t count = self->config->inventory.count;
	char why[INVENTORY_ERROR_TEXT] = "out of memory";
	int result = -ENOMEM;

	if (count == 0)
		return 0;
	self->stamps = calloc(count, sizeof(*self->stamps));
	if (self->stamps != NULL)
		result = inventory_load(&self->inventory, paths(self), count,
					self->config->inventory_max, self->stamps, why);
	if (result < 0)
		(void)snprintf(error, INQUIRER_ERROR_TEXT, "inventory: %s", why);
	else
		tell_inventory(self->inventory);
	return result;
}

static int open_redis(struct inquirer *self, char error[INQUIRER_ERROR_TEXT])
{
	struct redis_exchange_options options = { .timeout_ms = REDIS_TIMEOUT_MS,
						  .stop = &self->stop };
	char why[REDIS_ACCESS_ERROR_TEXT] = "";
	int result;

	if (self->config->redis == NULL)
		return 0;
	result = redis_access_configure(&self->access, self->config, why);
	options.url = &self->access.url;
	options.tls = self->access.tls;
	if (result == 0)
		result = redis_inquiry_new(&self->redis, self->config, &options, why);
	if (result < 0)
		(void)snprintf(error, INQUIRER_ERROR_TEXT, "redis: %.200s", why);
	return result;
}

static bool make_rings(struct inquirer *self, struct ring_bell *bell)
{
	self->bell = ring_bell_new();
	self->reply_bell = ring_bell_new();
	if (self->bell == NULL || self->reply_bell == NULL)
		return false;
	self->questions = ring_new(LIMIT_QUESTIONS * ENTRY_BYTES(struct question), self->bell);
	self->answers = ring_new(LIMIT_QUESTIONS * ENTRY_BYTES(struct answer), bell);
	self->replies = ring_new(8 * ENTRY_BYTES(struct answer), self->reply_bell);
	return self->questions != NULL && self->answers != NULL && self->replies != NULL;
}

int inquirer_new(struct inquirer **out, const struct inquirer_options *options,
		 char error[INQUIRER_ERROR_TEXT])
{
	struct inquirer *self = calloc(1, sizeof(*self));
	int result = -ENOMEM;

	*out = NULL;
	(void)snprintf(error, INQUIRER_ERROR_TEXT, "out of memory");
	if (self == NULL)
		return result;
	self->config = options->config;
	self->stats = options->stats;
	self->poll_ms = options->poll_ms != 0 ? options->poll_ms : LIMIT_INQUIRY_POLL_S * 1000;
	self->look_ms = options->files_ms != 0 ? options->files_ms : FILES_MS;
	self->wait_ms = options->wait_ms != 0 ? options->wait_ms : LIMIT_IDENTITY_WAIT_S * 1000;
	atomic_init(&self->stop, false);
	if (make_rings(self, options->bell))
		result = open_files(self, error);
	if (result == 0)
		result = open_redis(self, error);
	if (result < 0) {
		inquirer_free(self);
		return result;
	}
	error[0] = '\0';
	*out = self;
	return 0;
}

void inquirer_stop(struct inquirer *self)
{
	atomic_store(&self->stop, true);
	ring_bell_ring(self->bell);
	ring_bell_ring(self->reply_bell);
}

void inquirer_free(struct inquirer *self)
{
	if (self == NULL)
		return;
	redis_inquiry_free(self->redis);
	redis_access_clear(&self->access);
	inventory_free(self->inventory);
	free(self->stamps);
	free(self->pending);
	ring_free(self->questions);
	ring_free(self->answers);
	ring_free(self->replies);
	ring_bell_free(self->bell);
	ring_bell_free(self->reply_bell);
	free(self);
}

static bool is_stopped(const struct inquirer *self)
{
	return atomic_load(&self->stop);
}

/* --- identities ----------------------------------------------------------------------------- */

static void fill(char *to, const char *from, size_t size)
{
	if (to[0] == '\0')
		memcpy(to, from, size);
}

static bool is_same_machine(const struct cloud_identity *a, const struct cloud_identity *b)
{
	if (a->instance_id[0] != '\0' && b->instance_id[0] != '\0')
		return strcmp(a->instance_id, b->instance_id) == 0;
	return strcmp(a->eni_id, b->eni_id) == 0;
}

/* Two sources know the address. The surer one is right, of two equally sure the newer; of one
 * machine each may know what the other does not: a snapshot has no principal. */
static void combine(struct cloud_identity *to, const struct cloud_identity *other)
{
	struct cloud_identity less = *other;

	if (other->confidence == CONFIDENCE_NONE)
		return;
	if (other->confidence > to->confidence ||
	    (other->confidence == to->confidence && other->launch_ns > to->launch_ns)) {
		less = *to;
		*to = *other;
	}
	if (less.confidence < CONFIDENCE_HIGH || !is_same_machine(to, &less))
		return;
	fill(to->account_id, less.account_id, sizeof(to->account_id));
	fill(to->region, less.region, sizeof(to->region));
	fill(to->vpc_id, less.vpc_id, sizeof(to->vpc_id));
	fill(to->subnet_id, less.subnet_id, sizeof(to->subnet_id));
	fill(to->instance_id, less.instance_id, sizeof(to->instance_id));
	fill(to->eni_id, less.eni_id, sizeof(to->eni_id));
	fill(to->instance_type, less.instance_type, sizeof(to->instance_type));
	fill(to->access_key_id, less.access_key_id, sizeof(to->access_key_id));
	fill(to->principal, less.principal, sizeof(to->principal));
	if (to->launch_ns == 0)
		to->launch_ns = less.launch_ns;
}

/* How much an identity says. */
static unsigned weight(const struct cloud_identity *identity)
{
	return (unsigned)identity->confidence * 16 + (identity->account_id[0] != '\0') +
	       (identity->region[0] != '\0') + (identity->vpc_id[0] != '\0') +
	       (identity->subnet_id[0] != '\0') + (identity->instance_id[0] != '\0') +
	       (identity->eni_id[0] != '\0') + (identity->instance_type[0] != '\0') +
	       (identity->access_key_id[0] != '\0') + (identity->principal[0] != '\0') +
	       (identity->launch_ns != 0);
}

/* Is there news in it? Of two machines at one time the newer one came out of combine(). */
static bool is_news(const struct cloud_identity *identity, const struct cloud_identity *told)
{
	return weight(identity) > weight(told) ||
	       (weight(identity) == weight(told) && !is_same_machine(identity, told));
}

/* Nothing more is to come: the principal is only in Redis. */
static bool is_complete(const struct inquirer *self, const struct cloud_identity *identity)
{
	return identity->confidence >= CONFIDENCE_HIGH && identity->instance_id[0] != '\0' &&
	       (self->redis == NULL || identity->principal[0] != '\0');
}

static void answer_identity(struct inquirer *self, const struct question *question, bool with_redis,
			    struct answer *answer)
{
	const struct identity_question *asked = &question->identity;
	struct cloud_identity from_file = { 0 };

	answer->status = ANSWER_UNKNOWN;
	if (with_redis)
		redis_inquiry_answer(self->redis, question, answer);
	if (self->inventory != NULL)
		(void)inventory_find(self->inventory, asked->scope, asked->ip, asked->mirror,
				     asked->time_ns, &from_file);
	combine(&answer->identity, &from_file);
	if (answer->identity.confidence != CONFIDENCE_NONE)
		answer->status = ANSWER_KNOWN;
}

/* --- answers -------------------------------------------------------------------------------- */

static void push(struct inquirer *self, const struct answer *answer)
{
	while (!is_stopped(self) &&
	       !ring_push_wait(self->answers, answer, sizeof(*answer), ring_now_ms() + PUSH_MS))
		;
}

static void tell_nat(struct inquirer *self)
{
	size_t count = self->inventory != NULL ? inventory_nat_count(self->inventory) : 0;
	size_t at = 0;

	if (count == 0 && !self->had_nat)
		return;
	self->had_nat = count > 0;
	do {
		struct answer answer = { .kind = ANSWER_NAT, .status = ANSWER_KNOWN };
		struct nat_addresses *nat = &answer.nat;

		nat->is_first = at == 0;
		for (; at < count && nat->count < ANSWER_NAT_ADDRESSES; at++)
			slice_copy(slice_str(inventory_nat(self->inventory, at)),
				   nat->items[nat->count++], LEASE_ADDRESS_TEXT);
		nat->is_last = at == count;
		push(self, &answer);
	} while (at < count && !is_stopped(self));
}

/* The one that has waited longest makes room. */
static struct pending *replace_oldest(struct inquirer *self)
{
	struct pending *oldest = &self->pending[0];

	for (size_t i = 1; i < self->pending_count; i++)
		if (self->pending[i].until_ms < oldest->until_ms)
			oldest = &self->pending[i];
	stats_add(self->stats->identities_dropped, 1);
	return oldest;
}

static struct pending *new_pending(struct inquirer *self)
{
	size_t capacity = self->pending_capacity == 0 ? FIRST_PENDING : 2 * self->pending_capacity;
	struct pending *grown;

	if (self->pending_count < self->pending_capacity)
		return &self->pending[self->pending_count++];
	if (self->pending_count >= LIMIT_PENDING_INQUIRY)
		return replace_oldest(self);
	grown = reallocarray(self->pending, capacity, sizeof(*grown));
	if (grown == NULL) {
		stats_add(self->stats->identities_dropped, 1);
		return NULL;
	}
	self->pending = grown;
	self->pending_capacity = capacity;
	return &self->pending[self->pending_count++];
}

static void keep(struct inquirer *self, const struct question *question,
		 const struct cloud_identity *told)
{
	bool is_between_rounds = self->next >= self->pending_count;
	struct pending *pending = new_pending(self);

	if (pending == NULL)
		return;
	pending->question = *question;
	pending->told = *told;
	pending->until_ms = ring_now_ms() + self->wait_ms;
	/* It was asked just now: the next round is soon enough. */
	if (is_between_rounds)
		self->next = self->pending_count;
}

static void answer_question(struct inquirer *self, const struct question *question)
{
	struct answer answer = { .ticket = question->ticket, .kind = question->kind };
	bool is_waited = question->reserved == QUESTION_WAITED;

	stats_add(self->stats->questions, 1);
	if (question->kind == QUESTION_IDENTITY)
		answer_identity(self, question, self->redis != NULL, &answer);
	else if (self->redis != NULL)
		redis_inquiry_answer(self->redis, question, &answer);
	else
		answer.status = ANSWER_UNREACHABLE;
	if (answer.status == ANSWER_UNREACHABLE)
		stats_add(self->stats->questions_unreachable, 1);
	/* Who waits for a reply takes it at once; else it has given up, and more than a few such
	 * replies nobody wants. */
	if (is_waited)
		(void)ring_push_wait(self->replies, &answer, sizeof(answer),
				     ring_now_ms() + PUSH_MS);
	else
		push(self, &answer);
	if (!is_waited && question->kind == QUESTION_IDENTITY &&
	    !is_complete(self, &answer.identity))
		keep(self, question, &answer.identity);
}

/* --- kept questions ------------------------------------------------------------------------- */

static void forget(struct inquirer *self, size_t index)
{
	self->pending[index] = self->pending[--self->pending_count];
}

/* Asks one kept question again. False: the round is over. */
static bool step_round(struct inquirer *self)
{
	struct answer answer = { .kind = QUESTION_IDENTITY };
	struct pending *pending;

	if (self->next >= self->pending_count)
		return false;
	pending = &self->pending[self->next];
	if (ring_now_ms() >= pending->until_ms) {
		forget(self, self->next);
		return true;
	}
	answer.ticket = pending->question.ticket;
	answer_identity(self, &pending->question, self->redis != NULL && !self->is_file_round,
			&answer);
	/* What was known before from a source that is not asked now still holds. */
	combine(&answer.identity, &pending->told);
	if (is_news(&answer.identity, &pending->told)) {
		pending->told = answer.identity;
		answer.status = ANSWER_KNOWN;
		stats_add(self->stats->identities_late, 1);
		push(self, &answer);
	}
	if (is_complete(self, &pending->told))
		forget(self, self->next);
	else
		self->next++;
	return true;
}

/* --- the thread ----------------------------------------------------------------------------- */

static void read_files_again(struct inquirer *self)
{
	size_t count = self->config->inventory.count;
	char error[INVENTORY_ERROR_TEXT] = "";
	struct inventory *fresh;

	if (!inventory_has_changed(paths(self), count, self->stamps))
		return;
	if (inventory_load(&fresh, paths(self), count, self->config->inventory_max, self->stamps,
			   error) < 0) {
		log_warning("inventory: %s; what was read before stays", error);
		return;
	}
	inventory_free(self->inventory);
	self->inventory = fresh;
	tell_inventory(fresh);
	tell_nat(self);
	/* A round that asks Redis, too, begins again as one. */
	self->is_file_round = self->next >= self->pending_count || self->is_file_round;
	self->next = 0;
}

static void start_rounds(struct inquirer *self, uint64_t now_ms)
{
	if (self->inventory != NULL && now_ms >= self->files_ms) {
		self->files_ms = now_ms + self->look_ms;
		read_files_again(self);
	}
	if (self->redis != NULL && now_ms >= self->round_ms) {
		self->round_ms = now_ms + self->poll_ms;
		self->is_file_round = false;
		self->next = 0;
	}
}

/* True when there was one. */
static bool step_question(struct inquirer *self)
{
	size_t size;
	const struct question *waiting = ring_peek(self->questions, &size);
	struct question question;

	if (waiting == NULL)
		return false;
	question = *waiting;
	ring_pop(self->questions);
	answer_question(self, &question);
	return true;
}

static void sleep_until_work(struct inquirer *self)
{
	ring_bell_prepare(self->bell);
	if (ring_waiting(self->questions) > 0 || is_stopped(self))
		ring_bell_cancel(self->bell);
	else
		ring_bell_wait(self->bell,
			       self->poll_ms < self->look_ms ? self->poll_ms : self->look_ms);
}

void *inquirer_run(void *self_as_void)
{
	struct inquirer *self = self_as_void;

	thread_cpu_begin("inquirer");
	self->files_ms = ring_now_ms() + self->look_ms;
	self->round_ms = ring_now_ms() + self->poll_ms;
	tell_nat(self);
	if (self->redis != NULL)
		redis_inquiry_connect(self->redis);
	while (!is_stopped(self)) {
		if (step_question(self))
			continue;
		start_rounds(self, ring_now_ms());
		if (!step_round(self))
			sleep_until_work(self);
	}
	return NULL;
}

/* --- the correlator's side ------------------------------------------------------------------ */

bool inquirer_ask(struct inquirer *self, const struct question *question)
{
	return ring_push(self->questions, question, sizeof(*question));
}

static bool take_answer(struct ring *ring, struct answer *answer)
{
	size_t size;
	const struct answer *waiting = ring_peek(ring, &size);

	if (waiting == NULL)
		return false;
	*answer = *waiting;
	ring_pop(ring);
	return true;
}

bool inquirer_next(struct inquirer *self, struct answer *answer)
{
	return take_answer(self->answers, answer);
}

bool inquirer_has_answer(const struct inquirer *self)
{
	return ring_waiting(self->answers) > 0;
}

/* Replies to earlier questions, whose asker did not wait long enough, are thrown away. */
static bool wait_reply(struct inquirer *self, uint64_t ticket, uint64_t deadline_ms,
		       struct answer *answer)
{
	for (;;) {
		uint64_t now_ms = ring_now_ms();

		while (take_answer(self->replies, answer))
			if (answer->ticket == ticket)
				return true;
		if (now_ms >= deadline_ms || is_stopped(self))
			return false;
		ring_bell_prepare(self->reply_bell);
		if (ring_waiting(self->replies) > 0)
			ring_bell_cancel(self->reply_bell);
		else
			ring_bell_wait(self->reply_bell, (uint32_t)(deadline_ms - now_ms));
	}
}

bool inquirer_ask_wait(struct inquirer *self, const struct question *question,
		       struct answer *answer, uint32_t timeout_ms)
{
	uint64_t deadline_ms = ring_now_ms() + timeout_ms;
	struct question waited = *question;

	waited.reserved = QUESTION_WAITED;
	if (ring_push_wait(self->questions, &waited, sizeof(waited), deadline_ms) &&
	    wait_reply(self, question->ticket, deadline_ms, answer))
		return true;
	*answer = (struct answer){ .ticket = question->ticket,
				   .kind = question->kind,
				   .status = ANSWER_UNREACHABLE };
	return false;
}

size_t inquirer_nat_addresses(const struct inquirer *self, char (*out)[LEASE_ADDRESS_TEXT],
			      size_t max)
{
	size_t count = self->inventory != NULL ? inventory_nat_count(self->inventory) : 0;

	for (size_t i = 0; i < count && i < max; i++)
		memcpy(out[i], inventory_nat(self->inventory, i), LEASE_ADDRESS_TEXT);
	return count;
}
