/* alert_fold.c: levels only rise, words are only added, what is known of an identity stays known.
 */
#include "sensor/alert_fold.h"

#include <string.h>

#define NS_PER_S  1000000000ull
#define NS_PER_US 1000ull

/* How many new identities may be published at once within LIMIT_REVISION_S: a miner that renames
 * itself with each message is paced. */
#define ALERT_IDENTITY_BURST 64

#define IDENTITY_TEXTS 7

static void keep_text(char *text, const char *before, size_t size)
{
	if (text[0] == '\0')
		memcpy(text, before, size);
}

/* What tells one identity from another. */
struct identity {
	const char *texts[IDENTITY_TEXTS];
};

static struct identity identity_of(const struct session_view *view)
{
	return (struct identity){ { view->wallet, view->worker, view->rig, view->agent, view->algo,
				    view->coin, view->pool } };
}

static uint64_t identity_hash(const struct session_view *view, struct siphash_key key)
{
	const struct identity identity = identity_of(view);
	uint64_t hashes[IDENTITY_TEXTS];

	for (size_t i = 0; i < IDENTITY_TEXTS; i++)
		hashes[i] = siphash128(identity.texts[i], strlen(identity.texts[i]), key).h[0];
	return siphash128(hashes, sizeof(hashes), key).h[0] | 1;
}

static bool is_same_identity(const struct session_view *a, const struct session_view *b)
{
	const struct identity one = identity_of(a);
	const struct identity two = identity_of(b);

	for (size_t i = 0; i < IDENTITY_TEXTS; i++)
		if (strcmp(one.texts[i], two.texts[i]) != 0)
			return false;
	return true;
}

/* The latest view; what it does not know of the identity stays known. True when that changed. */
static bool fold_view(struct alert *alert, const struct session_view *latest)
{
	struct session_view view = *latest;
	const struct session_view *before = &alert->view;
	bool is_changed;

	if (view.wallet[0] == '\0')
		view.wallet_check = before->wallet_check;
	keep_text(view.wallet, before->wallet, sizeof(view.wallet));
	keep_text(view.worker, before->worker, sizeof(view.worker));
	keep_text(view.agent, before->agent, sizeof(view.agent));
	keep_text(view.algo, before->algo, sizeof(view.algo));
	keep_text(view.coin, before->coin, sizeof(view.coin));
	keep_text(view.pool, before->pool, sizeof(view.pool));
	keep_text(view.rig, before->rig, sizeof(view.rig));
	keep_text(view.email, before->email, sizeof(view.email));
	keep_text(view.tag, before->tag, sizeof(view.tag));
	keep_text(view.payout, before->payout, sizeof(view.payout));
	keep_text(view.dialect, before->dialect, sizeof(view.dialect));
	if (view.role == ROLE_UNKNOWN)
		view.role = before->role;
	view.level = alert->level;
	is_changed = !alert->has_session || !is_same_identity(&view, before);
	alert->view = view;
	alert->has_session = 1;
	return is_changed;
}

/* True when the alert's identity, which folding has changed, is one it did not have. A session that
 * says what it said before changes nothing, even if another one spoke in between. */
static bool is_new_identity(struct alert *alert, const struct session_view *latest,
			    const struct session_view *before, struct siphash_key key)
{
	uint64_t hash = identity_hash(&alert->view, key);

	for (size_t i = 0; i < ALERT_IDENTITIES; i++)
		if (alert->identities[i] == hash)
			return false;
	if (before != NULL && is_same_identity(before, latest))
		return false;
	alert->identities[alert->identity_next++ % ALERT_IDENTITIES] = hash;
	return true;
}

static bool may_burst(struct alert *alert, uint64_t time_ns)
{
	if (time_ns - alert->burst_ns >= LIMIT_REVISION_S * NS_PER_S) {
		alert->burst_ns = time_ns;
		alert->identity_burst = 0;
	}
	return alert->identity_burst++ < ALERT_IDENTITY_BURST;
}

/* The contact's words came first when it did. Flows: all of a listed cause are contacts. */
void alert_fold_absorbed(struct alert *alert, const struct alert *contact)
{
	struct evidence merged = contact->evidence;

	if (contact->episode_ns <= alert->episode_ns) {
		evidence_merge(&merged, &alert->evidence);
		alert->evidence = merged;
	} else {
		evidence_merge(&alert->evidence, &contact->evidence);
	}
	if (contact->flows > alert->flows)
		alert->flows = contact->flows;
}

enum family alert_family(const struct session_view *view)
{
	if (view->level >= LEVEL_LIKELY)
		return FAMILY_SESSION;
	return view->level == LEVEL_NODE || view->role == ROLE_NODE ? FAMILY_NODE : FAMILY_CONTACT;
}

static uint32_t sid_of(const struct session_view *view, const struct alert *alert)
{
	if (alert_family(view) == FAMILY_NODE)
		return SID_NODE;
	return alert->level >= LEVEL_CONFIRMED ? SID_SESSION : SID_LOGIN;
}

enum urgency alert_fold_session(struct alert *alert, const struct session_fact *fact,
				const struct session_view *before, struct siphash_key key)
{
	bool was_confirmed = alert->level >= LEVEL_CONFIRMED;
	bool was_refused = evidence_has(&alert->evidence, EVIDENCE_LOGIN_REFUSED);
	bool was_unanswered = evidence_has(&alert->evidence, EVIDENCE_UNANSWERED);
	bool is_urgent = alert->revision == 0;
	bool is_changed = false;
	bool is_first = before == NULL || alert_family(before) != alert_family(&fact->view);

	memcpy(alert->packets, fact->packets, sizeof(alert->packets));
	memcpy(alert->bytes, fact->bytes, sizeof(alert->bytes));
	/* A listed flow's contact was counted already, if the alert takes contacts. */
	if (is_first && (fact->contact == 0 || !was_confirmed))
		alert->flows++;
	if (fact->view.level > alert->level) {
		alert->level = fact->view.level;
		is_urgent = true;
	}
	alert->sid = sid_of(&fact->view, alert);
	if (evidence_merge(&alert->evidence, &fact->view.evidence))
		is_changed = true;
	if (!was_refused && evidence_has(&alert->evidence, EVIDENCE_LOGIN_REFUSED))
		is_urgent = true;
	if (!was_unanswered && evidence_has(&alert->evidence, EVIDENCE_UNANSWERED))
		is_urgent = true;
	if (fold_view(alert, &fact->view) && is_new_identity(alert, &fact->view, before, key)) {
		is_changed = true;
		if (may_burst(alert, fact->fact.time_ns))
			is_urgent = true;
	}
	if (is_urgent)
		return URGENCY_NOW;
	return is_changed ? URGENCY_LATER : URGENCY_NEVER;
}

/* The first name counts, and the first flow to a server: before, it is the one to a resolver. */
static void note_contact(struct alert *alert, const struct alert_contact *contact,
			 const struct decision_parties *parties)
{
	if (contact->is_to_server && !alert->has_server) {
		alert->parties = *parties;
		alert->has_server = 1;
	}
	if (contact->hello != NULL) {
		alert->hello = *contact->hello;
		alert->has_hello = 1;
	}
	if (contact->query != NULL && alert->query[0] == '\0')
		(void)slice_copy(slice_str(contact->query), alert->query, sizeof(alert->query));
	if (contact->access_key != NULL && alert->access_key[0] == '\0')
		(void)slice_copy(slice_str(contact->access_key), alert->access_key,
				 sizeof(alert->access_key));
}

enum urgency alert_fold_contact(struct alert *alert, const struct alert_contact *contact,
				const struct decision_parties *parties)
{
	enum urgency urgency = URGENCY_NEVER;

	note_contact(alert, contact, parties);
	if (evidence_add(&alert->evidence, contact->word))
		urgency = URGENCY_LATER;
	if (contact->level > alert->level || contact->sid > alert->sid)
		urgency = URGENCY_NOW;
	if (contact->level > alert->level)
		alert->level = (uint8_t)contact->level;
	if (contact->sid > alert->sid)
		alert->sid = contact->sid;
	return urgency;
}

/* The one that says more, of one family: a session's is the lower number. */
static uint32_t stronger_sid(uint32_t a, uint32_t b)
{
	if (a == SID_SESSION || b == SID_SESSION)
		return SID_SESSION;
	return a > b ? a : b;
}

void alert_fold_open(struct alert *alert, const struct open_alert *found)
{
	const struct signature *signature = signature_find(found->sid);
	bool goes_on = signature != NULL && signature->family == (enum family)alert->family &&
		       found->revision < UINT32_MAX && found->absorbed_by == 0 &&
		       found->first_ns / NS_PER_US <= alert->episode_ns / NS_PER_US &&
		       alert->episode_ns < found->last_ns + LIMIT_EPISODE_S * NS_PER_S;

	if (!goes_on)
		return;
	alert->id = found->alert_id;
	alert->revision = found->revision;
	alert->sid = stronger_sid(alert->sid, found->sid);
	if (found->first_ns / NS_PER_US < alert->episode_ns / NS_PER_US) {
		alert->episode_ns = found->first_ns;
		alert->flows += found->flows;
	}
	if (found->level > alert->level)
		alert->level = found->level;
}
