/* voice.c: the roles that one direction has spoken in, and the answers it gave to itself.
 *
 * A reply is no role: miners answer as well, when the pool asks for their version. */
#include "sensor/voice.h"

#define ROLE(sender) (1u << (sender))
#define ROLES_BOTH   (ROLE(SENDER_MINER) | ROLE(SENDER_POOL))

void voice_begin(struct voice *self)
{
	self->is_begun = false;
}

/* Of a direction that has not spoken as the pool. */
static enum voice_verdict hear_reply(struct voice *self, const struct finding *reply)
{
	self->is_answer = (self->roles & ROLE(SENDER_MINER)) == 0 ||
			  (reply->request != 0 && reply->request == self->asked);
	return self->is_answer ? VOICE_UNCERTAIN : VOICE_ONE;
}

static enum voice_verdict hear_request(struct voice *self, const struct finding *request)
{
	enum voice_verdict verdict = self->is_answer ? VOICE_UNCERTAIN : VOICE_ONE;

	self->is_answer = false;
	self->asked = request->request;
	return verdict;
}

/* The role that a fact proves; none of those that prove nothing. */
static uint8_t role_of(const struct finding *finding)
{
	if (finding->proof < PROOF_LIKELY || finding->sender == SENDER_UNKNOWN)
		return 0;
	return (uint8_t)ROLE(finding->sender);
}

bool voice_recites(struct voice *self, const struct finding *finding)
{
	self->trusted |= role_of(finding);
	return (self->trusted & ROLES_BOTH) == ROLES_BOTH;
}

bool voice_is_heard(const struct voice *self)
{
	return (self->trusted | self->roles) != 0;
}

enum voice_verdict voice_hear(struct voice *self, const struct finding *finding)
{
	bool is_first = !self->is_begun;

	self->is_begun = true;
	self->roles |= role_of(finding);
	if ((self->roles & ROLES_BOTH) == ROLES_BOTH)
		self->verdict = VOICE_BOTH;
	else if ((self->roles & ROLE(SENDER_POOL)) != 0)
		self->verdict = VOICE_ONE;
	else if (is_first)
		self->verdict =
			(uint8_t)(finding->kind == FINDING_REPLY ? hear_reply(self, finding)
								 : hear_request(self, finding));
	return (enum voice_verdict)self->verdict;
}
