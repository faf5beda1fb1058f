/* contacts.c: which sign is which signature, and what a server is called.
 *
 *	sign                                pool, dedicated     pool, weak   hostile
 *	address of a new flow               1600010 suspect     word         1600014
 *	question to a resolver              1600011 suspect     -            1600014
 *	answer to it                        the same, not counted again
 *	flow to an address of an answer     1600013 suspect     word         1600014
 *	the same, address is shared         1600011, word       word         -
 *	SNI, tunnel                         1600012 likely      word         1600014
 *	Host                                1600012 suspect     word         1600014
 *	access key in a question            1600015
 *
 * "word": only sessions have it as evidence. The name of a server is what its own flow says of it
 * (flow_names.h), else what its address was given out for (dns_labels.h). */
#include "sensor/contacts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/dns_labels.h"
#include "sensor/resolvers.h"
#include "sensor/watched.h"

#define PRIVATE_HOSTS 4096 /* that asked encrypted questions and are remembered */

/* A host that asks where nobody sees it. */
struct private_host {
	struct tag_link link;
};

/* Hashed as bytes. */
struct host_key {
	struct scope scope;
	uint8_t client[16];
	uint32_t ip_version;
};

_Static_assert(sizeof(struct host_key) == 32, "the key is hashed as bytes: no padding");

struct contacts {
	struct contacts_options options;
	struct alert_table *alerts;
	const struct lists *lists;
	struct dns_labels *labels;
	struct flow_names *flows;
	struct watched *listed; /* addresses that answers gave for listed names */
	struct tag_table private_hosts;
	struct siphash_key key;
	struct stats *stats;
};

struct contacts *contacts_new(const struct contacts_options *options, struct stats *stats)
{
	struct contacts *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->options = *options;
	self->alerts = options->alerts;
	self->stats = stats;
	self->labels = dns_labels_new(options->max_labels, stats);
	self->flows = flow_names_new(options->max_flows, stats);
	self->listed = watched_new();
	if (self->labels == NULL || self->flows == NULL || self->listed == NULL ||
	    tag_table_init(&self->private_hosts, PRIVATE_HOSTS) < 0 ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		contacts_free(self);
		return NULL;
	}
	return self;
}

void contacts_free(struct contacts *self)
{
	if (self == NULL)
		return;
	dns_labels_free(self->labels);
	flow_names_free(self->flows);
	watched_free(self->listed);
	tag_table_fini(&self->private_hosts);
	free(self);
}

void contacts_use(struct contacts *self, const struct lists *lists)
{
	self->lists = lists;
}

/* --- what a server is called ---------------------------------------------------------------- */

static bool is_pool(const struct list_entry *entry)
{
	return entry != NULL && entry->kind == LIST_POOL;
}

static bool is_hostile(const struct list_entry *entry)
{
	return entry != NULL && list_kind_is_hostile((enum list_kind)entry->kind);
}

/* Only a dedicated pool's name is a cause: a weak one may be anybody's. */
static void set_name(struct decision_parties *parties, const char *name, uint32_t listed,
		     enum name_source source)
{
	const struct list_entry *entry = lists_entry(listed);

	slice_copy(slice_str(name), parties->name, sizeof(parties->name));
	parties->name_source = (uint8_t)source;
	parties->listed = is_pool(entry) && !entry->is_weak ? listed : 0;
}

/* False when the server is known by its address only. */
static bool find_name(struct contacts *self, uint64_t now_ns, struct decision_parties *parties,
		      struct dns_label *label)
{
	const struct flow_name *flow = flow_names_find(self->flows, parties->flow_id);

	memset(label, 0, sizeof(*label));
	if (flow != NULL && flow->source != NAME_NONE) {
		set_name(parties, flow->name, flow->listed, (enum name_source)flow->source);
		label->listed = flow->listed;
		return true;
	}
	if (!dns_labels_find(self->labels, &parties->key, parties->client_side, now_ns, label))
		return false;
	set_name(parties, label->name, label->listed, NAME_RESOLVED);
	return true;
}

static bool is_allowed_side(const struct contacts *self, const struct flow_key *key, int side,
			    uint16_t port)
{
	return lists_match_address(self->lists, LIST_ALLOWED, key->ip_version, key->addr[side],
				   port) != 0;
}

static bool is_allowed_name(const struct contacts *self, const char *name, uint16_t port)
{
	return name[0] != '\0' &&
	       lists_match_name(self->lists, LIST_ALLOWED, name, strlen(name), port) != 0;
}

static void set_allowed(const struct contacts *self, struct decision_parties *parties)
{
	int server = !parties->client_side;
	uint16_t port = parties->key.port[server];

	parties->is_allowed = self->lists != NULL &&
			      (is_allowed_side(self, &parties->key, parties->client_side, 0) ||
			       is_allowed_side(self, &parties->key, server, port) ||
			       is_allowed_name(self, parties->name,
					       parties->name_source == NAME_LOOKUP ? 0 : port));
}

void contacts_name_server(struct contacts *self, uint64_t now_ns, struct decision_parties *parties)
{
	struct dns_label label;

	(void)find_name(self, now_ns, parties, &label);
	set_allowed(self, parties);
}

/* --- encrypted questions -------------------------------------------------------------------- */

static struct siphash_tag host_tag(const struct contacts *self,
				   const struct decision_parties *parties)
{
	struct host_key key;

	memset(&key, 0, sizeof(key));
	key.scope = parties->key.scope;
	key.ip_version = parties->key.ip_version;
	memcpy(key.client, parties->key.addr[parties->client_side], sizeof(key.client));
	return siphash128(&key, sizeof(key), self->key);
}

static void remember_private(struct contacts *self, const struct decision_parties *parties)
{
	struct siphash_tag tag = host_tag(self, parties);
	struct tag_link *link = tag_table_find(&self->private_hosts, tag);
	struct private_host *host;

	if (link != NULL) {
		tag_table_touch(&self->private_hosts, link);
		return;
	}
	if (self->private_hosts.count == PRIVATE_HOSTS) {
		link = self->private_hosts.oldest;
		tag_table_remove(&self->private_hosts, link);
	} else {
		host = calloc(1, sizeof(*host));
		link = host != NULL ? &host->link : NULL;
	}
	if (link == NULL) {
		stats_add(self->stats->correlator_capped, 1);
		return;
	}
	link->tag = tag;
	tag_table_add(&self->private_hosts, link);
}

static bool asks_in_private(const struct contacts *self, const struct decision_parties *parties)
{
	return self->private_hosts.count > 0 &&
	       tag_table_find(&self->private_hosts, host_tag(self, parties)) != NULL;
}

/* --- signs ---------------------------------------------------------------------------------- */

/* How a listed name became known, as a signature, a word and a level. */
struct sign {
	uint32_t sid;
	enum evidence_word word;
	enum level level;
};

static const struct sign signs[] = {
	[NAME_NONE] = { SID_ENDPOINT, EVIDENCE_LISTED_ENDPOINT, LEVEL_SUSPECT },
	[NAME_LOOKUP] = { SID_LOOKUP, EVIDENCE_POOL_LOOKUP, LEVEL_SUSPECT },
	[NAME_RESOLVED] = { SID_RESOLVED, EVIDENCE_POOL_RESOLVED, LEVEL_SUSPECT },
	[NAME_HOST] = { SID_NAMED, EVIDENCE_POOL_HOST, LEVEL_SUSPECT },
	[NAME_SNI] = { SID_NAMED, EVIDENCE_POOL_SNI, LEVEL_LIKELY },
	[NAME_TUNNEL] = { SID_NAMED, EVIDENCE_POOL_TUNNEL, LEVEL_LIKELY },
};

/* An address that many names share does not say which of them was meant. */
static const struct sign shared_sign = { SID_LOOKUP, EVIDENCE_SHARED_ADDRESS, LEVEL_SUSPECT };

static struct alert_contact contact_of(uint64_t time_ns, struct sign sign, uint32_t listed)
{
	return (struct alert_contact){ .time_ns = time_ns,
				       .sid = sign.sid,
				       .word = sign.word,
				       .level = sign.level,
				       .cause = { .listed = listed } };
}

/* Hostile infrastructure is its own cause, whatever is known of it. */
static struct alert_contact hostile_contact(uint64_t time_ns, enum evidence_word word,
					    uint32_t listed)
{
	const struct sign sign = { SID_HOSTILE, word, LEVEL_LIKELY };

	return contact_of(time_ns, sign, listed);
}

/* To the alerts, and to whom it may concern that others do the same. */
static void give(struct contacts *self, const struct alert_contact *contact,
		 const struct decision_parties *parties)
{
	bool is_strong = contact->is_to_server || contact->sid == SID_HOSTILE;

	alert_contact(self->alerts, contact, parties);
	if (is_strong && contact->sid != SID_LOOKUP && contact->cause.listed != 0 &&
	    self->options.seen != NULL)
		self->options.seen(self->options.ctx, contact->time_ns, parties,
				   contact->cause.listed, contact->level);
}

static const struct hello_view *hello_of(const struct contacts *self, uint64_t flow_id)
{
	const struct flow_name *flow = flow_names_find(self->flows, flow_id);

	return flow != NULL && flow->has_hello ? &flow->hello : NULL;
}

/* A flow to a server whose address a name was resolved to. */
static void take_resolved(struct contacts *self, uint64_t time_ns, const struct dns_label *label,
			  const struct decision_parties *parties)
{
	const struct list_entry *entry = lists_entry(label->listed);
	struct alert_contact contact;

	if (entry == NULL || entry->is_weak || parties->name_source != NAME_RESOLVED)
		return;
	if (is_hostile(entry) && !label->is_shared) {
		contact = hostile_contact(time_ns, EVIDENCE_HOSTILE_NAME, label->listed);
	} else if (is_pool(entry)) {
		contact = contact_of(time_ns, label->is_shared ? shared_sign : signs[NAME_RESOLVED],
				     label->listed);
	} else {
		return;
	}
	contact.is_to_server = true;
	contact.query = label->name;
	give(self, &contact, parties);
}

static void take_address(struct contacts *self, uint64_t time_ns,
			 const struct decision_parties *parties)
{
	const struct list_entry *entry = lists_entry(parties->contact);
	struct alert_contact contact;

	if (entry == NULL || entry->is_weak)
		return;
	if (is_hostile(entry))
		contact = hostile_contact(time_ns, EVIDENCE_HOSTILE_ADDRESS, parties->contact);
	else
		contact = contact_of(time_ns, signs[NAME_NONE], parties->listed);
	contact.is_to_server = true;
	give(self, &contact, parties);
}

void contacts_take_contact(struct contacts *self, const struct contact_fact *fact,
			   const struct decision_parties *parties)
{
	struct decision_parties named = *parties;
	struct dns_label label;

	take_address(self, fact->fact.time_ns, parties);
	if (find_name(self, fact->fact.time_ns, &named, &label))
		take_resolved(self, fact->fact.time_ns, &label, &named);
	if (fact->contact == 0 && resolver_is_encrypted(&fact->key, !fact->client_side))
		remember_private(self, parties);
}

static void take_key(struct contacts *self, const struct name_fact *fact,
		     const struct decision_parties *parties)
{
	const struct sign sign = { SID_KEY_LEAK, EVIDENCE_KEY_IN_DNS, LEVEL_LIKELY };
	struct alert_contact contact = contact_of(fact->fact.time_ns, sign, 0);

	contact.cause.text = fact->access_key;
	contact.access_key = fact->access_key;
	contact.is_echo = fact->is_echo;
	contact.query = fact->name;
	give(self, &contact, parties);
	if (!is_hostile(lists_entry(fact->listed)))
		return;
	contact.word = EVIDENCE_HOSTILE_NAME;
	contact.is_echo = true;
	give(self, &contact, parties);
}

static void take_listed(struct contacts *self, const struct name_fact *fact,
			const struct decision_parties *parties)
{
	const struct list_entry *entry = lists_entry(fact->listed);
	struct alert_contact contact;

	if (entry == NULL || entry->is_weak)
		return;
	if (is_hostile(entry))
		contact = hostile_contact(fact->fact.time_ns, EVIDENCE_HOSTILE_NAME, fact->listed);
	else if (is_pool(entry))
		contact = contact_of(fact->fact.time_ns, signs[fact->source], fact->listed);
	else
		return;
	contact.is_to_server = fact->source != NAME_LOOKUP;
	contact.query = fact->name;
	contact.hello = hello_of(self, fact->flow_id);
	give(self, &contact, parties);
}

void contacts_take_name(struct contacts *self, const struct name_fact *fact,
			struct decision_parties *parties)
{
	if (fact->source != NAME_LOOKUP)
		flow_names_name(self->flows, fact);
	set_name(parties, fact->name, fact->listed, (enum name_source)fact->source);
	set_allowed(self, parties);
	/* A key goes before where it goes to. */
	if (fact->access_key[0] != '\0')
		take_key(self, fact, parties);
	else
		take_listed(self, fact, parties);
}

void contacts_take_answer(struct contacts *self, const struct answer_fact *fact,
			  struct decision_parties *parties)
{
	const struct list_entry *entry = lists_entry(fact->listed);
	struct alert_contact contact;

	if (fact->count > 0)
		dns_labels_learn(self->labels, fact);
	for (size_t i = 0; i < fact->count && entry != NULL; i++)
		watched_add(self->listed, fact->addresses[i].ip_version, fact->addresses[i].addr);
	if (entry == NULL || entry->is_weak)
		return;
	set_name(parties, fact->name, fact->listed, NAME_LOOKUP);
	set_allowed(self, parties);
	if (is_hostile(entry))
		contact = hostile_contact(fact->fact.time_ns, EVIDENCE_HOSTILE_NAME, fact->listed);
	else if (is_pool(entry))
		contact = contact_of(fact->fact.time_ns, signs[NAME_LOOKUP], fact->listed);
	else
		return;
	contact.query = fact->name;
	contact.is_echo = true;
	give(self, &contact, parties);
}

void contacts_take_hello(struct contacts *self, const struct hello_fact *fact)
{
	flow_names_hello(self->flows, fact);
}

/* --- sessions and records ------------------------------------------------------------------- */

/* What the server is known as, if that is a pool's name, weak or not. */
static void witness_name(struct contacts *self, uint64_t now_ns,
			 const struct decision_parties *parties, struct evidence *evidence)
{
	struct decision_parties named = *parties;
	struct dns_label label;

	if (!find_name(self, now_ns, &named, &label) || !is_pool(lists_entry(label.listed)))
		return;
	(void)evidence_add(evidence,
			   label.is_shared ? shared_sign.word : signs[named.name_source].word);
}

void contacts_witness(struct contacts *self, uint64_t now_ns, struct decision_parties *parties,
		      struct session_view *view)
{
	const struct hello_view *hello = hello_of(self, parties->flow_id);
	size_t wallet_len = strnlen(view->wallet, sizeof(view->wallet));

	witness_name(self, now_ns, parties, &view->evidence);
	if (hello != NULL && hello->fingerprint != 0)
		(void)evidence_add(&view->evidence, EVIDENCE_LISTED_FINGERPRINT);
	if (asks_in_private(self, parties))
		(void)evidence_add(&view->evidence, EVIDENCE_ENCRYPTED_DNS);
	if (wallet_len > 0 &&
	    lists_match_wallet(self->lists, LIST_WATCHED, view->wallet, wallet_len) != 0)
		(void)evidence_add(&view->evidence, EVIDENCE_LISTED_WALLET);
	if (wallet_len > 0 &&
	    lists_match_wallet(self->lists, LIST_ALLOWED, view->wallet, wallet_len) != 0)
		parties->is_allowed = true;
	if (parties->is_allowed)
		(void)evidence_add(&view->evidence, EVIDENCE_ALLOWED);
}

bool contacts_may_know(const struct contacts *self, const struct flow_record *record)
{
	return watched_has(self->listed, record->key.ip_version,
			   record->key.addr[!record->client_side]);
}

const struct hello_view *contacts_take_flow(struct contacts *self, const struct flow_record *record,
					    const struct decision_parties *parties)
{
	struct decision_parties named = *parties;
	struct dns_label label;

	if (record->is_told)
		return hello_of(self, record->flow_id);
	/* The worker had not read the answer yet when the flow was opened. */
	if (find_name(self, record->fact.time_ns, &named, &label))
		take_resolved(self, record->first_ns, &label, &named);
	return hello_of(self, record->flow_id);
}

void contacts_end_flow(struct contacts *self, uint64_t flow_id)
{
	flow_names_drop(self->flows, flow_id);
}
