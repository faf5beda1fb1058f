/* store.h: what is known of a cloud, as sets that only grow together.
 *
 * Every entry is merged with what says the same by an operation that does not care for order or
 * repetition: the earliest, the latest, the union, the greater revision. So the store, and all that
 * is built from it, is a function of the set of records: fed in any order, twice, or in halves with
 * a restart between, it is the same.
 *
 *	identity --use--> (address, region)        who was where, first and last
 *	         --deed--> subject                 one notable call each, by eventID
 *	         --edge--> identity                who made whose credentials
 *	         --launch-> instance               with its addresses and changes of state
 *	alert, finding, sighting                   what sensors, the provider and flow logs saw
 *
 * Calls that only read leave nothing but a use: memory follows what exists, not how much was
 * called. What ended longer ago than the retention is forgotten; full tables forget their oldest
 * entry and count it. Times are ns since 1970, UTC; 0 = not known. Texts are of the text pool
 *(equal texts, equal pointers; never NULL; hostile: escape when shown) unless they are arrays. One
 * thread. */
#ifndef TRAIL_STORE_H
#define TRAIL_STORE_H

#include "sensor/tag_table.h"
#include "sensor/trail/calls.h"
#include "sensor/trail/intake.h"
#include "sensor/trail/limits.h"
#include "sensor/trail/text_pool.h"
#include "sensor/trail/record.h"
#include "sensor/trail/settings.h"

/* When, and the eventID of the record that proves it. Of two at the same time the smaller id. */
struct moment {
	uint64_t time_ns; /* 0: never */
	char event[EVENT_ID_TEXT];
};

/* Who calls. One for each long-term key; users, roles and sessions without one by ARN. */
struct identity {
	struct tag_link link;
	const char *id;  /* struct record: id */
	const char *key; /* access key id, "" for none */
	const char *type;
	const char *arn;
	const char *user; /* of a role session: the role's name */
	const char *account;
	const char *principal;
	const char *issuer; /* ARN of the role */
	struct moment first;
	struct moment last;
	uint32_t refs; /* entries that point here: it goes with the last one */
};

/* One identity from one address in one region. */
struct use {
	struct tag_link link;
	struct identity *identity;
	const char *address; /* or a service's name */
	const char *region;
	const char *agent; /* of the first call */
	const char *name;  /* of the first call */
	struct moment first;
	struct moment last;
	struct moment first_look; /* the first Describe, List or Get call */
};

/* One notable call. */
struct deed {
	struct tag_link link;
	char event[EVENT_ID_TEXT];
	uint64_t time_ns;
	struct identity *identity;
	const char *address;
	const char *agent;
	const char *region;
	const char *source; /* ec2.amazonaws.com */
	const char *name;   /* RunInstances */
	const char *error;  /* errorCode; "" = done */
	const char *error_text;
	const char *subject; /* see enum deed_kind */
	const char *object;
	const char *detail;
	uint64_t last_ns; /* of DEED_OTHER: the same call refused again, last */
	uint32_t count;
	uint8_t kind;    /* enum deed_kind */
	uint8_t deletes; /* enum deed_kind */
	bool is_admin;
	bool is_open;
	bool is_unnamed; /* a launch whose record lost the ids */
	bool is_probe;   /* a dry run that would have worked */
};

/* parent made credentials for child, from one address. */
struct edge {
	struct tag_link link;
	struct identity *parent;
	const char
		*child; /* an identity's id, or the ARN of a user or role whose every key it is */
	const char *address; /* where the parent called from */
	struct moment first;
	uint8_t kind; /* DEED_USER, DEED_KEY, DEED_LOGIN, DEED_ROLE; DEED_OTHER: a session */
};

enum instance_change_kind { CHANGE_START = 1, CHANGE_STOP, CHANGE_TERMINATE };

struct instance_change {
	struct moment at;
	uint8_t kind; /* enum instance_change_kind */
};

struct instance_address {
	const char *ip;
	const char *eni;
	uint64_t from_ns;
	uint64_t to_ns; /* 0: as long as the instance lives */
};

struct instance {
	struct tag_link link;
	const char *id;
	const char *account;
	const char *region;
	const char *vpc;
	const char *subnet;
	const char *type;
	const char *image;
	const char *group;         /* first security group */
	struct identity *launcher; /* NULL: not known (only imported, or only terminated) */
	const char *address;       /* the launch was called from */
	const char *agent;
	struct moment launch; /* launchTime, and the RunInstances record ("" when imported) */
	struct instance_change *changes;    /* by time; the newest TRAIL_CHANGES */
	struct instance_address *addresses; /* by ip, then eni */
	uint8_t change_count;
	uint8_t address_count;
	bool has_user_data;
	bool is_imported; /* describe-instances has seen it */
};

/* An alert of a sensor: the newest revision, but the earliest start. Texts as in EVE. */
struct alert {
	struct tag_link link;
	const char *id;     /* mining.alert_id */
	const char *sensor; /* host */
	const char *signature;
	const char *level; /* confirmed, likely, suspect, node */
	const char *scope; /* cloud.scope */
	const char *vpc;
	const char *instance; /* cloud.instance_id; "" when the sensor does not know it */
	const char *client;   /* address */
	const char *server;
	const char *pool;
	const char *wallet;
	const char *worker;
	const char *coin;
	const char *community_id;
	uint64_t first_ns; /* mining.first_seen, else the first revision */
	uint64_t last_ns;
	double hashrate; /* H/s; 0: not known */
	uint32_t revision;
	uint32_t sid;
	uint16_t server_port;
};

/* A finding of the provider. finding.c fills one and gives it to store_finding(). */
struct finding {
	struct tag_link link;
	const char *id;      /* of the provider: its ARN, else its id */
	const char *product; /* "GuardDuty", "Security Hub"... */
	const char *type;    /* CryptoCurrency:EC2/BitcoinTool.B */
	const char *title;
	const char *severity; /* LOW, MEDIUM, HIGH, CRITICAL, INFORMATIONAL */
	const char *account;
	const char *region;
	const char *vpc;
	const char *instance;
	const char *key; /* access key id, for findings about one */
	const char *user;
	const char *local_ip;
	const char *remote_ip;
	const char *domain;
	uint64_t created_ns; /* when the provider said it: what "earlier" is measured by */
	uint64_t first_ns;   /* eventFirstSeen */
	uint64_t last_ns;
	uint64_t updated_ns; /* the newest wins */
	uint32_t count;
	uint16_t remote_port;
};

enum sighting_kind {
	SIGHTING_LISTED = 1, /* a listed pool endpoint */
	SIGHTING_HOSTILE,    /* listed hostile infrastructure */
	SIGHTING_CONFIRMED,  /* an endpoint that a sensor saw mining */
	SIGHTING_THIN        /* long and thin, like many others to the same address */
};

/* One local address that talked to one remote endpoint, by the flow logs. flowlog.c fills one and
 * gives it to store_sighting(); what must be found over many lines is its own affair. */
struct sighting {
	struct tag_link link;
	const char *account;
	const char *region; /* "" when neither the fields nor the file's name tell */
	const char *vpc;
	const char *instance;
	const char *eni;
	const char *local_ip;
	const char *remote_ip;
	const char *tag;   /* of the list's entry */
	const char *proof; /* file and line, or flow log id: what the report shows */
	uint64_t first_ns;
	uint64_t last_ns;
	uint64_t bytes; /* the greatest total that was reported */
	uint16_t remote_port;
	uint8_t kind; /* enum sighting_kind; the smallest value wins */
};

/* Since when records of an account are at hand. */
struct account {
	struct tag_link link;
	const char *id;
	struct moment first;
};

struct store_counts {
	uint64_t records;
	uint64_t repeated;  /* an eventID that is kept was seen again */
	uint64_t forgotten; /* entries of full tables */
	uint64_t expired;   /* entries beyond the retention */
	uint64_t refused_names;
};

struct store {
	const struct settings *settings; /* borrowed */
	struct text_pool *names;
	struct siphash_key key;
	struct tag_table identities;
	struct tag_table uses;
	struct tag_table deeds;
	struct tag_table edges;
	struct tag_table instances;
	struct tag_table alerts;
	struct tag_table findings;
	struct tag_table sightings;
	struct tag_table accounts;
	uint64_t now_ns;  /* the newest time of all documents: what "now" means to reports */
	uint64_t version; /* rises with each change */
	struct store_counts counts;
};

/* NULL: out of memory or of random bytes. */
struct store *store_new(const struct settings *settings);
void store_free(struct store *self);

enum store_result {
	STORE_NOTHING = 0,    /* known already */
	STORE_MOVED = 1 << 0, /* a first or last use moved: it stands in the saved uses */
	STORE_KEPT = 1 << 1   /* the document must be kept to come to the same state again */
};

/* Each: enum store_result bits, or -ENOMEM. The structures' texts need not be of the pool. */
int store_record(struct store *self, const struct record *record);
/* A record of which only that it was made is known, and one of a call that was refused from its
 * time until last_ns: what a saved state holds. */
int store_use(struct store *self, const struct record *record);
int store_refusal(struct store *self, const struct record *record, uint64_t last_ns);
int store_alert(struct store *self, const struct alert *alert);
/* Of finding_read(). */
int store_finding(struct store *self, const struct finding *finding);
int store_sighting(struct store *self, const struct sighting *sighting);
/* What an import says about an instance: non-empty texts fill gaps. */
int store_instance(struct store *self, const struct instance *instance);
/* An interface's address, as an import says. */
int store_address(struct store *self, const char *instance, const struct instance_address *address);
/* Documents of describe-instances (a reservation) and describe-network-interfaces. */
int store_reservation(struct store *self, const json_t *json);
int store_interface(struct store *self, const json_t *json);
/* An EVE alert of a sensor. -EBADMSG with *why when it lacks an id. */
int store_eve(struct store *self, const json_t *json, const char **why);

/* NULL: none. */
struct instance *store_find_instance(const struct store *self, const char *id);
/* Any of the documents above; findings, too. Others are STORE_NOTHING. -EBADMSG with *why. */
int store_document(struct store *self, enum document kind, const json_t *json, const char **why);

struct account *store_find_account(const struct store *self, const char *id);
struct identity *store_find_identity(const struct store *self, const char *id);

/* Forgets what is older than the retention. Called now and then. */
void store_expire(struct store *self);

/* For each entry of a table, oldest first: STORE_EACH(self->deeds, struct deed, deed) {...} */
#define STORE_EACH(table, kind, it) \
	for (kind *it = (kind *)(void *)(table).oldest; (it) != NULL; \
	     it = (kind *)(void *)(it)->link.newer)

/* a before b; of the same time by event. A time of 0 comes last. */
bool moment_before(const struct moment *a, const struct moment *b);

/* When the instance stopped to live; 0: it lives. */
uint64_t instance_end_ns(const struct instance *instance);

#endif
