/* names.c: packets to names.
 *
 *	UDP, port 53          message --------------------------> question, answers
 *	TCP, port 53          opening of each direction --------> the same
 *	TCP, else             opening of the client ------------> hello, or request's host
 *	UDP, port 443         client's first datagrams ---------> hello
 *
 * An opening in one segment is read where it lies; one over several segments, or whose first
 * segment comes late, is gathered (opening.h). flow.seq_known keeps per direction whether that is
 * going on or done. */
#include "sensor/names.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/aws_key.h"
#include "protocols/dns.h"
#include "protocols/http_host.h"
#include "protocols/quic_hello.h"
#include "protocols/tls_flight.h"
#include "protocols/tls_hello.h"
#include "protocols/wildcard_dns.h"
#include "sensor/opening.h"
#include "sensor/quic_crypto.h"

#define DNS_PORT         53
#define DNS_LENGTH_BYTES 2 /* before a message over TCP */
#define CHAIN_AHEAD      4 /* names of one answer that are asked for at once */
#define QUIC_PORT        443
#define QUIC_PATIENCE    4  /* datagrams without a hello */
#define QUIC_FLOWS       64 /* hellos that go on, at once; a new one takes the place of an old one */
#define OPENINGS         512 /* gathered at once */
#define RECORD_HELLO     22  /* first byte of a TLS record that may hold one */
#define OPENING_DONE     NAMES_DONE
#define OPENING_GOING    64u /* flow.seq_known, shifted by the direction */
#define SEQ_KNOWN_MASK   1u

/* A QUIC client's hello that is not whole yet. */
struct quic_flow {
	uint32_t index;
	struct quic_hello hello;
};

struct names {
	struct names_hooks hooks;
	const struct lists *lists;
	struct opening_table *openings;
	struct stats *stats;
	struct quic_openssl *quic;
	struct quic_flow *quic_flows; /* hellos that go on in another datagram */
	struct dns_message message;
	struct tls_hello hello;
	uint8_t scratch[TLS_FLIGHT_BYTES];
};

static EVP_MD *md5_method;
static pthread_once_t md5_once = PTHREAD_ONCE_INIT;

/* EVP_md5() stands for a search that costs more than the digest of so short a text. */
static void fetch_md5(void)
{
	md5_method = EVP_MD_fetch(NULL, "MD5", NULL);
}

struct names *names_new(const struct names_hooks *hooks, struct stats *stats)
{
	struct names *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->hooks = *hooks;
	self->stats = stats;
	(void)pthread_once(&md5_once, fetch_md5);
	self->openings = opening_table_new(OPENINGS, stats);
	self->quic = quic_crypto_new();
	self->quic_flows = calloc(QUIC_FLOWS, sizeof(*self->quic_flows));
	if (self->openings == NULL || self->quic == NULL || self->quic_flows == NULL) {
		names_free(self);
		return NULL;
	}
	return self;
}

void names_free(struct names *self)
{
	if (self == NULL)
		return;
	opening_table_free(self->openings);
	quic_crypto_free(self->quic);
	free(self->quic_flows);
	free(self);
}

void names_use(struct names *self, const struct lists *lists)
{
	self->lists = lists;
}

static void ask(const struct names *self, struct slice name, struct lists_ask *out)
{
	lists_ask_name(out, self->lists, LIST_WATCHED, (const char *)name.ptr, name.len);
}

static uint32_t match(const struct names *self, struct slice name, uint16_t port)
{
	return lists_match_name(self->lists, LIST_WATCHED, (const char *)name.ptr, name.len, port);
}

static void begin_fact(struct name_fact *fact, enum name_source source, struct slice name,
		       uint32_t listed)
{
	memset(fact, 0, sizeof(*fact));
	fact->source = (uint8_t)source;
	fact->listed = listed;
	(void)slice_copy(name, fact->name, sizeof(fact->name));
}

static void tell_name(struct names *self, uint32_t index, enum name_source source,
		      struct slice name, uint32_t listed)
{
	struct name_fact fact;

	begin_fact(&fact, source, name, listed);
	stats_add(self->stats->names_listed, 1);
	self->hooks.name(self->hooks.ctx, index, &fact);
}

/* --- DNS ------------------------------------------------------------------------------------ */

/* Names that are asked for together: the question's and a usual chain's. */
struct chain {
	size_t asked;
	struct lists_ask asks[CHAIN_AHEAD];
};

static void ask_chain(const struct names *self, const struct dns_message *message,
		      struct chain *chain)
{
	chain->asked = message->name_count < CHAIN_AHEAD ? message->name_count : CHAIN_AHEAD;
	for (size_t i = 0; i < chain->asked; i++)
		ask(self, dns_name_slice(&message->names[i]), &chain->asks[i]);
}

/* The most specific listed name: the question's, else the first of its chain. */
static uint32_t match_chain(const struct names *self, const struct dns_message *message,
			    const struct chain *chain)
{
	uint32_t listed = 0;

	for (size_t i = 0; i < message->name_count && listed == 0; i++)
		listed = i < chain->asked ? lists_answer(&chain->asks[i], 0)
					  : match(self, dns_name_slice(&message->names[i]), 0);
	return listed;
}

static void add_address(struct answer_fact *fact, const struct dns_answer *answer)
{
	bool is_v6 = answer->type == DNS_TYPE_AAAA;

	if (answer->ttl < fact->ttl_s)
		fact->ttl_s = answer->ttl;
	if (answer->type == DNS_TYPE_CNAME || fact->count == LIMIT_ANSWERS)
		return;
	memset(fact->addresses[fact->count].addr, 0, sizeof(fact->addresses[0].addr));
	memcpy(fact->addresses[fact->count].addr, answer->addr, is_v6 ? 16 : 4);
	fact->addresses[fact->count].ip_version = is_v6 ? 6 : 4;
	fact->count++;
}

/* A name as it is, or so many of its last labels as there is room for: they say whose it is. */
static struct slice last_labels(struct slice name, size_t room)
{
	while (name.len > room)
		name = slice_tail(name, slice_find(name, '.') + 1);
	return name;
}

static void read_answers(struct names *self, uint32_t index, const struct dns_message *message,
			 const struct chain *chain)
{
	struct answer_fact fact;

	fact.ttl_s = UINT32_MAX;
	fact.count = 0;
	for (size_t i = 0; i < message->answer_count; i++)
		add_address(&fact, &message->answers[i]);
	fact.listed = match_chain(self, message, chain);
	if (fact.count == 0 && fact.listed == 0)
		return;
	if (fact.listed != 0)
		stats_add(self->stats->names_listed, 1);
	(void)slice_copy(last_labels(dns_name_slice(&message->names[0]), sizeof(fact.name) - 1),
			 fact.name, sizeof(fact.name));
	self->hooks.answer(self->hooks.ctx, index, &fact);
}

/* A listed name, or one of a wildcard service that spells a listed address. */
static uint32_t match_question(const struct names *self, struct slice name,
			       const struct lists_ask *asked)
{
	uint8_t addr[16];
	bool has_addr = dns_name_embedded_ipv4(name, addr);
	uint32_t listed = lists_answer(asked, 0);

	if (listed == 0 && has_addr)
		listed = lists_match_address(self->lists, LIST_WATCHED, 4, addr, 0);
	return listed;
}

/* A listed name, or one that carries a key out. A name that is only listed the answer tells itself;
 * an address that a name spells is the question's to tell. */
static void read_question(struct names *self, uint32_t index, const struct dns_message *message,
			  const struct lists_ask *asked)
{
	struct slice name = dns_name_slice(&message->names[0]);
	char key[AWS_KEY_TEXT];
	bool has_key = aws_key_find(name, key);
	uint32_t listed = message->is_response ? 0 : match_question(self, name, asked);
	struct name_fact fact;

	if (!has_key && listed == 0)
		return;
	begin_fact(&fact, NAME_LOOKUP, name, listed);
	fact.is_echo = message->is_response;
	memcpy(fact.access_key, key, sizeof(key));
	if (listed != 0)
		stats_add(self->stats->names_listed, 1);
	self->hooks.name(self->hooks.ctx, index, &fact);
}

static void read_message(struct names *self, uint32_t index, struct slice bytes)
{
	struct dns_message *message = &self->message;
	struct chain chain;

	if (!dns_is_plausible(bytes) || dns_read(bytes, message) == DNS_NONE) {
		stats_add(self->stats->dns_malformed, 1);
		return;
	}
	stats_add(self->stats->dns_messages, 1);
	ask_chain(self, message, &chain);
	read_question(self, index, message, &chain.asks[0]);
	if (message->is_response)
		read_answers(self, index, message, &chain);
}

/* What there is of one direction's stream, and how much of it is not wanted again. */
struct stretch {
	struct slice bytes;
	bool is_last; /* no more will come */
	size_t used;
};

/* Whole messages, and with is_last the beginning of one more. True when nothing more is to come for
 * us. */
static bool read_dns_stream(struct names *self, uint32_t index, struct stretch *stretch)
{
	struct slice rest = stretch->bytes;
	struct slice message;
	enum dns_frame frame;
	size_t size;

	while ((frame = dns_tcp_frame(rest, &message, &size)) == DNS_FRAME_WHOLE) {
		read_message(self, index, message);
		stretch->used += size;
		rest = slice_tail(rest, size);
	}
	if (frame == DNS_FRAME_BAD)
		return true;
	if (stretch->is_last && rest.len > DNS_LENGTH_BYTES)
		read_message(self, index, slice_tail(rest, DNS_LENGTH_BYTES));
	return stretch->is_last;
}

/* --- hellos and requests -------------------------------------------------------------------- */

static bool md5(struct slice in, uint8_t out[TLS_MD5_BYTES])
{
	return md5_method != NULL && EVP_Digest(in.ptr, in.len, out, NULL, md5_method, NULL) == 1;
}

/* Of what was made. */
static uint32_t match_fingerprints(const struct names *self, const struct hello_view *view)
{
	uint32_t listed = lists_match_ja3(self->lists, view->ja3, strlen(view->ja3));

	return listed != 0 ? listed : lists_match_ja4(self->lists, view->ja4, strlen(view->ja4));
}

/* Only what may be listed is made. */
static uint32_t try_fingerprints(const struct names *self, const struct tls_hello *hello,
				 struct hello_view *view)
{
	bool has_any = false;

	if (lists_has_ja3(self->lists))
		has_any = tls_hello_ja3(hello, md5, view->ja3);
	if (lists_has_ja4(self->lists))
		has_any = tls_hello_ja4(hello, view->ja4) || has_any;
	return has_any ? match_fingerprints(self, view) : 0;
}

/* All but the fingerprints that were made already. */
static void fill_view(const struct tls_hello *hello, struct hello_view *view)
{
	view->version = hello->best_version;
	view->has_ech = hello->has_ech;
	view->is_quic = hello->is_quic;
	(void)slice_copy(slice_str(hello->sni), view->sni, sizeof(view->sni));
	(void)slice_copy(slice_str(hello->alpn), view->alpn, sizeof(view->alpn));
	if (view->ja3[0] == '\0')
		(void)tls_hello_ja3(hello, md5, view->ja3);
	if (view->ja4[0] == '\0')
		(void)tls_hello_ja4(hello, view->ja4);
}

/* hello is self->hello or another one. */
static void tell_hello(struct names *self, uint32_t index, const struct tls_hello *hello,
		       uint16_t port)
{
	struct slice sni = slice_str(hello->sni);
	struct lists_ask asked;
	struct hello_fact fact;
	uint32_t listed;

	ask(self, sni, &asked);
	stats_add(self->stats->hellos, 1);
	memset(&fact, 0, sizeof(fact));
	fact.view.fingerprint = try_fingerprints(self, hello, &fact.view);
	listed = lists_answer(&asked, port);
	if (listed != 0 || fact.view.fingerprint != 0 ||
	    self->hooks.wants_hello(self->hooks.ctx, index)) {
		fill_view(hello, &fact.view);
		fact.view.fingerprint = match_fingerprints(self, &fact.view);
		self->hooks.hello(self->hooks.ctx, index, &fact);
	}
	if (listed != 0)
		tell_name(self, index, NAME_SNI, sni, listed);
}

static void read_hello(struct names *self, uint32_t index, struct slice body, bool is_cut,
		       uint16_t port)
{
	if (tls_hello_read(body, is_cut, &self->hello))
		tell_hello(self, index, &self->hello, port);
}

void names_hello(struct names *self, uint32_t index, const struct tls_hello *hello)
{
	tell_hello(self, index, hello, 0);
}

static void read_host(struct names *self, uint32_t index, struct slice host, uint16_t port)
{
	uint32_t listed = match(self, host, port);

	if (listed != 0)
		tell_name(self, index, NAME_HOST, host, listed);
}

/* Reads what there is of a client's opening; true when no more of it is wanted. */
static bool read_opening(struct names *self, uint32_t index, struct slice bytes, bool is_last,
			 uint16_t port)
{
	struct slice part;

	if (bytes.len == 0)
		return is_last;
	if (bytes.ptr[0] == RECORD_HELLO) {
		enum tls_flight flight = tls_flight_read(bytes, self->scratch, &part);

		if (flight == TLS_FLIGHT_MORE && !is_last)
			return false;
		if (flight != TLS_FLIGHT_NONE)
			read_hello(self, index, part, flight == TLS_FLIGHT_MORE, port);
		return true;
	}
	switch (http_host_read(bytes, &part)) {
	case HTTP_HOST_FOUND:
		read_host(self, index, part, port);
		return true;
	case HTTP_HOST_MORE:
		return is_last;
	case HTTP_HOST_NONE:
		break;
	}
	return true;
}

/* --- openings ------------------------------------------------------------------------------- */

/* Neighbours in the flow table are neighbours there: the direction is far from the index's low
 * bits.
 */
static uint32_t opening_of(uint32_t index, enum direction dir)
{
	return index | (uint32_t)dir << 31;
}

static void opening_done(struct names *self, uint32_t index, struct flow *flow, enum direction dir)
{
	if (flow->seq_known & OPENING_GOING << dir)
		opening_end(self->openings, opening_of(index, dir));
	flow->seq_known &= (uint8_t) ~(OPENING_GOING << dir);
	flow->seq_known |= (uint8_t)(OPENING_DONE << dir);
}

static bool is_dns(const struct flow_key *key)
{
	return key->port[0] == DNS_PORT || key->port[1] == DNS_PORT;
}

static uint16_t server_port(const struct flow *flow, const struct flow_key *key)
{
	return key->port[(flow->flags & FLOW_CLIENT_HIGH) != 0 ? 0 : 1];
}

/* Some pools listen on DNS's port because firewalls let it pass. */
static bool begins_tls(struct slice bytes)
{
	return bytes.len > 1 && bytes.ptr[0] == RECORD_HELLO && bytes.ptr[1] == 3;
}

/* True when no more of the stream is wanted. */
static bool read_stretch(struct names *self, uint32_t index, const struct flow *flow,
			 const struct flow_key *key, struct stretch *stretch)
{
	if (is_dns(key) && !begins_tls(stretch->bytes))
		return read_dns_stream(self, index, stretch);
	return read_opening(self, index, stretch->bytes, stretch->is_last, server_port(flow, key));
}

/* The sequence number of the payload's first byte: a SYN takes one. */
static uint32_t data_seq(const struct packet *packet)
{
	return packet->tcp_seq + ((packet->tcp_flags & TCP_SYN) != 0 ? 1 : 0);
}

/* Behind the SYN or what was read so far, when that is known; else this is where we came in. */
static uint32_t next_seq(const struct flow *flow, enum direction dir, const struct packet *packet)
{
	bool is_known = (flow->seq_known & SEQ_KNOWN_MASK << dir) != 0;

	return is_known ? flow->next_seq[dir] : data_seq(packet);
}

/* A first segment, or the next one behind whole messages: nearly always all there is to read. */
static void begin_opening(struct names *self, uint32_t index, struct flow *flow, enum direction dir,
			  const struct packet *packet)
{
	uint32_t key = opening_of(index, dir);
	uint32_t seq = next_seq(flow, dir, packet);
	struct stretch stretch = { .bytes = packet->payload };

	if (seq == data_seq(packet)) {
		if (read_stretch(self, index, flow, &packet->key, &stretch)) {
			opening_done(self, index, flow, dir);
			return;
		}
		if (stretch.used == packet->payload.len)
			return;
	}
	opening_begin(self->openings, key, seq + (uint32_t)stretch.used, packet->time_ns);
	(void)opening_add(self->openings, key, data_seq(packet) + (uint32_t)stretch.used,
			  slice_tail(packet->payload, stretch.used));
	flow->seq_known |= (uint8_t)(OPENING_GOING << dir);
}

static void go_on_opening(struct names *self, uint32_t index, struct flow *flow, enum direction dir,
			  const struct packet *packet)
{
	uint32_t key = opening_of(index, dir);
	struct slice bytes = opening_add(self->openings, key, data_seq(packet), packet->payload);
	struct stretch stretch = { .bytes = bytes,
				   .is_last =
					   opening_is_over(self->openings, key, packet->time_ns) };

	if (read_stretch(self, index, flow, &packet->key, &stretch)) {
		opening_done(self, index, flow, dir);
	} else if (stretch.used > 0 &&
		   opening_skip(self->openings, key, stretch.used, packet->time_ns)) {
		opening_end(self->openings, key);
		flow->seq_known &= (uint8_t) ~(OPENING_GOING << dir);
	}
}

void names_tcp(struct names *self, uint32_t index, struct flow *flow, enum direction dir,
	       const struct packet *packet)
{
	if ((flow->seq_known & OPENING_DONE << dir) != 0 || packet->payload.len == 0)
		return;
	if (dir != DIR_TO_SERVER && !is_dns(&packet->key))
		opening_done(self, index, flow, dir);
	else if ((flow->seq_known & OPENING_GOING << dir) == 0)
		begin_opening(self, index, flow, dir, packet);
	else
		go_on_opening(self, index, flow, dir, packet);
}

/* --- QUIC ----------------------------------------------------------------------------------- */

/* A datagram of a flow whose hello is not whole: true when no more of it is wanted. */
static bool feed_quic(struct names *self, uint32_t index, bool is_going, struct slice datagram)
{
	struct quic_flow *slot = &self->quic_flows[index % QUIC_FLOWS];
	enum quic_result result;

	if (is_going && slot->index != index) { /* another one took its place */
		stats_add(self->stats->openings_capped, 1);
		return true;
	}
	if (!is_going) {
		memset(slot, 0, sizeof(*slot));
		slot->index = index;
	}
	result = quic_hello_feed(&slot->hello, quic_crypto_table(self->quic), datagram);
	if (result == QUIC_MORE)
		return false;
	if (result == QUIC_READ || quic_hello_finish(&slot->hello))
		tell_hello(self, index, quic_hello_tls(&slot->hello), QUIC_PORT);
	return true;
}

/* Datagrams of one client: nearly always the first one is all. What goes before it may be for a
 * version that the server does not speak. */
static void read_quic(struct names *self, uint32_t index, struct flow *flow,
		      const struct packet *packet)
{
	bool is_going = (flow->seq_known & OPENING_GOING << DIR_TO_SERVER) != 0;
	bool is_quic = is_going || quic_is_initial(packet->payload);

	if (!is_quic && flow->packets[DIR_TO_SERVER] < QUIC_PATIENCE)
		return;
	if (!is_quic || feed_quic(self, index, is_going, packet->payload))
		opening_done(self, index, flow, DIR_TO_SERVER);
	else
		flow->seq_known |= (uint8_t)(OPENING_GOING << DIR_TO_SERVER);
}

static void end_quic(struct names *self, uint32_t index)
{
	struct quic_flow *slot = &self->quic_flows[index % QUIC_FLOWS];

	if (slot->index == index && quic_hello_finish(&slot->hello))
		tell_hello(self, index, quic_hello_tls(&slot->hello), QUIC_PORT);
}

void names_udp(struct names *self, uint32_t index, struct flow *flow, enum direction dir,
	       const struct packet *packet)
{
	const uint16_t *port = packet->key.port;

	if (is_dns(&packet->key)) {
		if (packet->payload.len > 0)
			read_message(self, index, packet->payload);
		return;
	}
	if (names_is_done(flow, dir))
		return;
	if ((port[0] == QUIC_PORT || port[1] == QUIC_PORT) && dir == DIR_TO_SERVER)
		read_quic(self, index, flow, packet);
	else
		flow->seq_known |= (uint8_t)(OPENING_DONE << dir);
}

void names_end(struct names *self, uint32_t index, struct flow *flow, const struct flow_key *key)
{
	for (int dir = 0; dir < 2; dir++) {
		uint32_t opening = opening_of(index, (enum direction)dir);
		struct stretch stretch = { .is_last = true };

		if ((flow->seq_known & OPENING_GOING << dir) == 0)
			continue;
		stretch.bytes = opening_bytes(self->openings, opening);
		if (key->proto == IP_PROTO_UDP)
			end_quic(self, index);
		else
			(void)read_stretch(self, index, flow, key, &stretch);
		opening_done(self, index, flow, (enum direction)dir);
	}
}

/* --- leaked names --------------------------------------------------------------------------- */

bool names_leaked(struct names *self, uint32_t index, const char *host_port)
{
	struct slice host = slice_str(host_port);
	char text[INET6_ADDRSTRLEN];
	uint8_t addr[16];
	uint16_t port = 0;
	uint32_t listed = 0;
	const char *colon = strrchr(host_port, ':');

	if (colon != NULL) {
		unsigned long value = strtoul(colon + 1, NULL, 10);

		port = value <= UINT16_MAX ? (uint16_t)value : 0;
		host = slice_head(host, (size_t)(colon - host_port));
	}
	if (host.len > 2 && host.ptr[0] == '[')
		host = slice_sub(host, 1, host.len - 2);
	(void)slice_copy(host, text, sizeof(text));
	if (inet_pton(AF_INET, text, addr) == 1)
		listed = lists_match_address(self->lists, LIST_WATCHED, 4, addr, port);
	else if (inet_pton(AF_INET6, text, addr) == 1)
		listed = lists_match_address(self->lists, LIST_WATCHED, 6, addr, port);
	else
		listed = match(self, host, port);
	if (listed == 0)
		return false;
	tell_name(self, index, NAME_TUNNEL, host, listed);
	return true;
}
