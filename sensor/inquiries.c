/* inquiries.c: tickets out, answers in.
 *
 * A host's ticket is a hash of its scope and address, a campaign's its id, an alert's its own: the
 * kind of the answer says which. */
#include "sensor/inquiries.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/ring.h"
#include "sensor/tag_table.h"

#define NS_PER_S UINT64_C(1000000000)
#define WAIT_MS  5000 /* lossless, for one answer */
#define JOINS    1024 /* that wait to be told */
#define AGAIN_S  600  /* a host is asked for again after this long: addresses are used again */

struct host {
	struct tag_link link; /* first: found by its ticket */
	uint64_t asked_ns;    /* packet time */
	struct cloud_identity identity;
	bool is_known;
};

struct inquiries {
	struct inquiries_options options;
	struct stats *stats;
	struct tag_table hosts;
	struct question *joins; /* a ring */
	size_t join_first;
	size_t join_count;
	size_t waiting; /* questions about alerts and members without an answer */
};

struct inquiries *inquiries_new(const struct inquiries_options *options, struct stats *stats)
{
	struct inquiries *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->options = *options;
	self->stats = stats;
	self->joins = calloc(JOINS, sizeof(*self->joins));
	if (self->joins == NULL || tag_table_init(&self->hosts, options->max_hosts) < 0) {
		inquiries_free(self);
		return NULL;
	}
	return self;
}

void inquiries_free(struct inquiries *self)
{
	if (self == NULL)
		return;
	tag_table_fini(&self->hosts);
	free(self->joins);
	free(self);
}

/* --- hosts ---------------------------------------------------------------------------------- */

static void write_host(const struct inquiries *self, const struct decision_parties *parties,
		       struct identity_question *out)
{
	uint32_t row = parties->client_cloud;

	memset(out, 0, sizeof(*out));
	cloud_scope_text(row != 0 ? &self->options.cloud[row - 1] : NULL, &parties->key,
			 self->options.tap, out->scope, sizeof(out->scope));
	flow_key_addr_text(&parties->key, parties->client_side, out->ip, sizeof(out->ip));
}

static uint64_t ticket_of(const struct identity_question *host)
{
	char text[sizeof(host->scope) + sizeof(host->ip) + 1];
	int len = snprintf(text, sizeof(text), "%s/%s", host->scope, host->ip);

	return siphash_id(text, len > 0 ? (size_t)len : 0) | 1;
}

static struct siphash_tag tag_of(uint64_t ticket)
{
	return (struct siphash_tag){ { ticket, ticket } };
}

static struct host *find_host(const struct inquiries *self, uint64_t ticket)
{
	return (struct host *)tag_table_find(&self->hosts, tag_of(ticket));
}

/* NULL: out of memory, counted. */
static struct host *add_host(struct inquiries *self, uint64_t ticket)
{
	struct host *host;

	if (self->hosts.count >= self->options.max_hosts && self->hosts.oldest != NULL) {
		struct host *oldest = (struct host *)self->hosts.oldest;

		stats_add(self->stats->correlator_capped, 1);
		tag_table_remove(&self->hosts, &oldest->link);
		free(oldest);
	}
	host = calloc(1, sizeof(*host));
	if (host == NULL) {
		stats_add(self->stats->correlator_capped, 1);
		return NULL;
	}
	host->link.tag = tag_of(ticket);
	tag_table_add(&self->hosts, &host->link);
	return host;
}

/* True when the host is known better than before. Whose it was is forgotten when every source says
 * that it is nobody's now. */
static bool keep_identity(struct host *host, const struct answer *answer)
{
	if (answer->status == ANSWER_UNKNOWN) {
		memset(&host->identity, 0, sizeof(host->identity));
		host->is_known = false;
		return false;
	}
	if (answer->status != ANSWER_KNOWN ||
	    memcmp(&host->identity, &answer->identity, sizeof(host->identity)) == 0)
		return false;
	host->identity = answer->identity;
	host->is_known = true;
	return true;
}

static void ask_identity(struct inquiries *self, struct host *host,
			 const struct identity_question *about)
{
	struct question question = { .ticket = host->link.tag.h[0], .kind = QUESTION_IDENTITY };
	struct answer answer;

	question.identity = *about;
	host->asked_ns = about->time_ns;
	if (!self->options.is_lossless) {
		if (!inquirer_ask(self->options.inquirer, &question))
			host->asked_ns = 0;
		return;
	}
	if (inquirer_ask_wait(self->options.inquirer, &question, &answer, WAIT_MS))
		(void)keep_identity(host, &answer);
}

bool inquiries_identity(struct inquiries *self, const struct decision_parties *parties,
			uint64_t time_ns, struct cloud_identity *out)
{
	struct identity_question about;
	struct host *host;
	uint64_t ticket;

	if (self->options.inquirer == NULL)
		return false;
	write_host(self, parties, &about);
	about.time_ns = time_ns;
	ticket = ticket_of(&about);
	host = find_host(self, ticket);
	if (host == NULL)
		host = add_host(self, ticket);
	if (host == NULL)
		return false;
	tag_table_touch(&self->hosts, &host->link);
	if (host->asked_ns == 0 || time_ns > host->asked_ns + AGAIN_S * NS_PER_S)
		ask_identity(self, host, &about);
	if (host->is_known)
		*out = host->identity;
	return host->is_known;
}

bool inquiries_is_host(const struct inquiries *self, const struct decision_parties *parties,
		       uint64_t host)
{
	struct identity_question about;

	write_host(self, parties, &about);
	return ticket_of(&about) == host;
}

/* --- alerts and campaigns ------------------------------------------------------------------- */

void inquiries_open_alert(struct inquiries *self, uint64_t open_hash, uint64_t ticket)
{
	struct question question = { .ticket = ticket, .kind = QUESTION_OPEN_ALERT };
	struct answer answer = { .status = ANSWER_UNREACHABLE };

	question.open_alert.hash = open_hash;
	if (self->options.inquirer != NULL && !self->options.is_lossless &&
	    inquirer_ask(self->options.inquirer, &question)) {
		self->waiting++;
		return;
	}
	if (self->options.inquirer != NULL && self->options.is_lossless)
		(void)inquirer_ask_wait(self->options.inquirer, &question, &answer, WAIT_MS);
	self->options.opened(self->options.ctx, ticket,
			     answer.status == ANSWER_KNOWN ? &answer.open_alert : NULL);
}

void inquiries_member(struct inquiries *self, const struct decision_campaign *join)
{
	struct question *question;

	if (self->options.inquirer == NULL)
		return;
	if (self->join_count == JOINS) { /* the set in Redis has it from the publisher, too */
		stats_add(self->stats->correlator_capped, 1);
		return;
	}
	question = &self->joins[(self->join_first + self->join_count++) % JOINS];
	memset(question, 0, sizeof(*question));
	question->ticket = join->campaign_id;
	question->kind = QUESTION_MEMBER;
	question->member.campaign_id = join->campaign_id;
	question->member.first_ns = join->joined_ns;
	(void)snprintf(question->member.kind, sizeof(question->member.kind), "%s",
		       campaign_kind_text((enum campaign_kind)join->kind));
	(void)snprintf(question->member.key, sizeof(question->member.key), "%s", join->key);
	(void)snprintf(question->member.member, sizeof(question->member.member), "%s",
		       join->member);
}

/* False: live, there is no room for it now. */
static bool ask_member(struct inquiries *self, const struct question *question)
{
	struct answer answer;

	if (!self->options.is_lossless) {
		if (!inquirer_ask(self->options.inquirer, question))
			return false;
		self->waiting++;
		return true;
	}
	if (inquirer_ask_wait(self->options.inquirer, question, &answer, WAIT_MS) &&
	    answer.status == ANSWER_KNOWN)
		self->options.shared(self->options.ctx, question->ticket, &answer.totals);
	return true;
}

static void take_answer(struct inquiries *self, const struct answer *answer)
{
	bool is_known = answer->status == ANSWER_KNOWN;
	struct host *host;

	switch (answer->kind) {
	case QUESTION_IDENTITY:
		host = find_host(self, answer->ticket);
		if (host != NULL && keep_identity(host, answer))
			self->options.identified(self->options.ctx, answer->ticket);
		return;
	case QUESTION_OPEN_ALERT:
		self->waiting--;
		self->options.opened(self->options.ctx, answer->ticket,
				     is_known ? &answer->open_alert : NULL);
		return;
	case QUESTION_MEMBER:
		self->waiting--;
		if (is_known)
			self->options.shared(self->options.ctx, answer->ticket, &answer->totals);
		return;
	default:
		return;
	}
}

bool inquiries_step(struct inquiries *self)
{
	struct answer answer;
	bool has_worked = false;

	if (self->options.inquirer == NULL)
		return false;
	while (self->join_count > 0) {
		struct question question = self->joins[self->join_first];

		if (!ask_member(self, &question))
			break;
		self->join_first = (self->join_first + 1) % JOINS;
		self->join_count--;
		has_worked = true;
	}
	while (inquirer_next(self->options.inquirer, &answer)) {
		take_answer(self, &answer);
		has_worked = true;
	}
	return has_worked;
}

bool inquiries_is_waiting(const struct inquiries *self)
{
	return self->waiting > 0 || self->join_count > 0;
}
