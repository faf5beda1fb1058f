/* alert_namer.c: scope, client, family and cause of an alert, as bytes and as texts.
 *
 * Ids are the same in every run and on every sensor: an unkeyed hash over the hashes of the texts,
 * so that no text can be mistaken for a piece of its neighbour. */
#include "sensor/alert_namer.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/correlator.h"
#include "sensor/lists.h"

#define CAUSE_TEXT 320 /* the text of an entry, or an address and a port */

struct alert_namer {
	const struct cloud_row *cloud;
	size_t cloud_count;
	const char *tap;
	uint64_t *row_scopes; /* hash of each row's scope, 0: the row names none */
	struct siphash_key key;
};

enum key_scope { KEY_SCOPE_ROW = 1, KEY_SCOPE_VNI, KEY_SCOPE_VLAN, KEY_SCOPE_TAP };

/* Hashed as bytes. Must tell apart whatever cloud_scope_text() tells apart, and nothing else. */
struct alert_key {
	uint64_t scope_id;
	uint8_t client[16];
	uint8_t cause[16]; /* the server's address, the number of an entry, or a text's hash */
	uint16_t server_port;
	uint8_t ip_version;
	uint8_t family;
	uint16_t scope_kind; /* enum key_scope */
	uint16_t cause_kind; /* enum key_cause */
};

_Static_assert(sizeof(struct alert_key) == 48, "the key is hashed as bytes: no padding");

enum key_cause { KEY_CAUSE_ENDPOINT, KEY_CAUSE_LISTED, KEY_CAUSE_TEXT, KEY_CAUSE_NONE };

static struct siphash_tag text_tag(const char *text)
{
	return siphash128(text, strlen(text), (struct siphash_key){ { 0, 0 } });
}

uint64_t alert_id(const char *scope, const char *client, enum family family, const char *cause,
		  uint64_t episode_ns)
{
	struct siphash_tag texts[] = { text_tag(scope), text_tag(client), text_tag(cause) };
	uint64_t parts[] = { texts[0].h[0], texts[0].h[1], texts[1].h[0],    texts[1].h[1],
			     texts[2].h[0], texts[2].h[1], (uint64_t)family, episode_ns };
	uint64_t id = siphash_id_words(parts, sizeof(parts) / sizeof(parts[0]));

	return id != 0 ? id : 1;
}

uint64_t alert_open_hash(const char *scope, const char *client, enum family family,
			 const char *cause)
{
	return alert_id(scope, client, family, cause, 0);
}

static bool has_scope(const struct cloud_row *row)
{
	return row->account_id[0] != '\0' || row->region[0] != '\0' || row->vpc_id[0] != '\0';
}

struct alert_namer *alert_namer_new(const struct cloud_row *cloud, size_t cloud_count,
				    const char *tap)
{
	struct alert_namer *self = calloc(1, sizeof(*self));
	char text[CLOUD_SCOPE_TEXT];
	struct flow_key no_key;

	if (self == NULL)
		return NULL;
	memset(&no_key, 0, sizeof(no_key));
	self->cloud = cloud;
	self->cloud_count = cloud_count;
	self->tap = tap;
	self->row_scopes = calloc(cloud_count + 1, sizeof(*self->row_scopes));
	if (self->row_scopes == NULL ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		alert_namer_free(self);
		return NULL;
	}
	for (size_t i = 0; i < cloud_count; i++) {
		if (!has_scope(&cloud[i]))
			continue;
		cloud_scope_text(&cloud[i], &no_key, "", text, sizeof(text));
		self->row_scopes[i] = siphash128(text, strlen(text), self->key).h[0] | 1;
	}
	return self;
}

void alert_namer_free(struct alert_namer *self)
{
	if (self == NULL)
		return;
	free(self->row_scopes);
	free(self);
}

static void set_scope(const struct alert_namer *self, const struct decision_parties *parties,
		      struct alert_key *key)
{
	const struct scope *scope = &parties->key.scope;
	uint32_t row = parties->client_cloud;

	if (row != 0 && self->row_scopes[row - 1] != 0) {
		key->scope_kind = KEY_SCOPE_ROW;
		key->scope_id = self->row_scopes[row - 1];
	} else if (scope->tunnel == TUNNEL_VXLAN || scope->tunnel == TUNNEL_GENEVE ||
		   (scope->tunnel != TUNNEL_NONE && scope->id != 0)) {
		key->scope_kind = KEY_SCOPE_VNI;
		key->scope_id = scope->id;
	} else if (scope->vlan_count > 0) {
		key->scope_kind = KEY_SCOPE_VLAN;
		for (uint8_t i = 0; i < scope->vlan_count && i < LIMIT_VLAN_TAGS; i++)
			key->scope_id = key->scope_id << 16 | scope->vlan[i];
		key->scope_id |= (uint64_t)scope->vlan_count << 56;
	} else {
		key->scope_kind = KEY_SCOPE_TAP;
	}
}

static void set_client(const struct alert_namer *self, const struct decision_parties *parties,
		       struct alert_key *key)
{
	memset(key, 0, sizeof(*key));
	set_scope(self, parties, key);
	memcpy(key->client, parties->key.addr[parties->client_side], sizeof(key->client));
	key->ip_version = parties->key.ip_version;
}

struct siphash_tag alert_namer_tag(const struct alert_namer *self,
				   const struct decision_parties *parties, enum family family,
				   struct alert_cause cause)
{
	int server = !parties->client_side;
	struct alert_key key;
	struct siphash_tag text;

	set_client(self, parties, &key);
	key.family = (uint8_t)family;
	if (cause.text != NULL) {
		text = siphash128(cause.text, strlen(cause.text), self->key);
		key.cause_kind = KEY_CAUSE_TEXT;
		memcpy(key.cause, &text, sizeof(key.cause));
	} else if (cause.listed != 0) {
		key.cause_kind = KEY_CAUSE_LISTED;
		memcpy(key.cause, &cause.listed, sizeof(cause.listed));
	} else {
		memcpy(key.cause, parties->key.addr[server], sizeof(key.cause));
		key.server_port = parties->key.port[server];
	}
	return siphash128(&key, sizeof(key), self->key);
}

struct siphash_tag alert_namer_host(const struct alert_namer *self,
				    const struct decision_parties *parties)
{
	struct alert_key key;

	set_client(self, parties, &key);
	key.cause_kind = KEY_CAUSE_NONE;
	return siphash128(&key, sizeof(key), self->key);
}

static void write_cause(const struct decision_parties *parties, struct alert_cause cause, char *out,
			size_t size)
{
	if (cause.text != NULL)
		(void)snprintf(out, size, "%s", cause.text);
	else if (cause.listed != 0)
		(void)snprintf(out, size, "%s", lists_entry(cause.listed)->text);
	else
		flow_key_endpoint_text(&parties->key, !parties->client_side, out, size);
}

uint64_t alert_namer_id(const struct alert_namer *self, const struct decision_parties *parties,
			enum family family, struct alert_cause cause, uint64_t episode_ns)
{
	const struct cloud_row *row =
		parties->client_cloud != 0 ? &self->cloud[parties->client_cloud - 1] : NULL;
	char scope[CLOUD_SCOPE_TEXT];
	char client[INET6_ADDRSTRLEN];
	char text[CAUSE_TEXT];

	cloud_scope_text(row, &parties->key, self->tap, scope, sizeof(scope));
	flow_key_addr_text(&parties->key, parties->client_side, client, sizeof(client));
	write_cause(parties, cause, text, sizeof(text));
	return alert_id(scope, client, family, text, episode_ns);
}
