/* traffic.c: writes deterministic traffic as a pcap file.
 *
 *   traffic small PACKETS FLOWS FILE   frames of 60 to 76 bytes, half UDP, half TCP, the flow of
 *                                      every packet picked at random
 *   traffic imix PACKETS FLOWS FILE    TLS-shaped TCP, frames of 60, 590 and 1514 bytes 7:4:1, a
 *                                      fifth of the flows carries four fifths of the packets
 *   traffic dns PACKETS CLIENTS FILE   look-ups with EDNS of 262144 names, popular ones more often,
 *                                      each from a port of its own; a quarter of them ends in a
 *                                      short TLS connection with a hello like a browser's:
 *
 *	query A [query AAAA] -> answers: chain of aliases, 1 to 4 addresses | no such name
 *	                        SYN, SYN ACK, ACK, hello, 2 records, ACK, record, FIN, FIN, ACK
 *
 * The same arguments give the same bytes. Ethernet, IPv4, microseconds, 100 000 packets a second.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_S     1772704680u /* 2026-03-05T09:58:00Z */
#define STEP_US     10
#define FRAME_MAX   1514
#define ETHER_BYTES 14
#define IP_BYTES    20
#define TCP_BYTES   20
#define UDP_BYTES   8
#define FILE_BUFFER (1 << 20)
#define VISITS      512 /* look-ups that go on at once */
#define NAME_BITS   18
#define RESOLVERS   4

enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

struct flow_state {
	uint32_t seq[2]; /* next, by sender: client, server */
	uint32_t packets;
};

/* One look-up and what follows it. */
struct visit {
	uint32_t client; /* address */
	uint32_t server; /* the first one of the answer */
	uint32_t name;   /* its rank; 0 is the most popular one */
	uint16_t port;   /* the client's; the next ones belong to the visit, too */
	uint16_t step;
	uint32_t seq[2];
	bool has_aaaa;
	bool is_missing; /* no such name */
	bool has_tls;
};

struct writer {
	FILE *file;
	uint64_t seed;
	uint64_t written;
	struct flow_state *flows;
	uint64_t flow_count;
	struct visit visits[VISITS];
	uint64_t visit_count; /* begun so far */
	size_t at;            /* end of what is being written into frame */
	uint8_t frame[FRAME_MAX];
};

static uint64_t next_random(struct writer *self)
{
	uint64_t x = self->seed += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void put_u16(uint8_t *out, unsigned value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static void put_u32(uint8_t *out, uint32_t value)
{
	put_u16(out, value >> 16);
	put_u16(out + 2, value & 0xffff);
}

static void put_addresses(struct writer *self, uint32_t client, uint32_t server, bool is_reply,
			  uint8_t proto, size_t ip_len)
{
	uint8_t *ip = self->frame + ETHER_BYTES;
	uint32_t sum = 0;

	memset(self->frame, 0, ETHER_BYTES + IP_BYTES);
	self->frame[is_reply ? 5 : 11] = 2;
	self->frame[is_reply ? 11 : 5] = 1;
	put_u16(self->frame + 12, 0x0800);
	ip[0] = 0x45;
	put_u16(ip + 2, (unsigned)ip_len);
	put_u16(ip + 6, 0x4000);
	ip[8] = 64;
	ip[9] = proto;
	put_u32(ip + 12, is_reply ? server : client);
	put_u32(ip + 16, is_reply ? client : server);
	for (size_t i = 0; i < IP_BYTES; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum >> 16) + (sum & 0xffff);
	put_u16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
}

static uint32_t client_of(uint64_t number)
{
	return 0x0a000000u | (uint32_t)(number * 2654435761u & 0xffffff); /* 10.0.0.0/8 */
}

static void put_ip(struct writer *self, uint64_t flow, bool is_reply, uint8_t proto, size_t ip_len)
{
	uint32_t server = 0xc6336400u | (uint32_t)(flow % 251); /* 198.51.100.0/24 */

	put_addresses(self, client_of(flow), server, is_reply, proto, ip_len);
}

static void put_ports(uint8_t *l4, uint64_t flow, bool is_reply, unsigned server_port)
{
	unsigned client_port = 32768u + (unsigned)(flow / 251 % 28000);

	put_u16(l4, is_reply ? server_port : client_port);
	put_u16(l4 + 2, is_reply ? client_port : server_port);
}

/* seq: next ones, by sender. */
static void put_tcp(struct writer *self, uint32_t seq[2], bool is_reply, unsigned flags, size_t len)
{
	uint8_t *tcp = self->frame + ETHER_BYTES + IP_BYTES;

	put_u32(tcp + 4, seq[is_reply]);
	put_u32(tcp + 8, flags & ACK ? seq[!is_reply] : 0);
	tcp[12] = 0x50;
	tcp[13] = (uint8_t)flags;
	put_u16(tcp + 14, 65535);
	put_u32(tcp + 16, 0);
	seq[is_reply] += (uint32_t)len + (flags & (SYN | FIN) ? 1 : 0);
}

static void fill_random(struct writer *self, size_t from, size_t to)
{
	for (size_t at = from; at < to; at += 8) {
		uint64_t word = next_random(self);

		memcpy(self->frame + at, &word, to - at < 8 ? to - at : 8);
	}
}

static void write_frame(struct writer *self, size_t len)
{
	uint64_t time_us = self->written++ * STEP_US;
	uint32_t header[4] = { START_S + (uint32_t)(time_us / 1000000),
			       (uint32_t)(time_us % 1000000), (uint32_t)len, (uint32_t)len };

	fwrite(header, sizeof(header), 1, self->file);
	fwrite(self->frame, len, 1, self->file);
}

static void write_small(struct writer *self)
{
	uint64_t pick = next_random(self);
	uint64_t flow = pick % self->flow_count;
	bool is_reply = (pick >> 40 & 1) != 0;
	bool is_tcp = flow % 2 == 0;
	size_t len = 60 + (pick >> 41) % 17;
	size_t head = ETHER_BYTES + IP_BYTES + (is_tcp ? TCP_BYTES : UDP_BYTES);
	uint8_t *l4 = self->frame + ETHER_BYTES + IP_BYTES;

	put_ip(self, flow, is_reply, is_tcp ? 6 : 17, len - ETHER_BYTES);
	put_ports(l4, flow, is_reply, is_tcp ? 8443 : 4433);
	if (is_tcp) {
		put_tcp(self, self->flows[flow].seq, is_reply, ACK | PSH, len - head);
	} else {
		put_u16(l4 + 4, (unsigned)(len - ETHER_BYTES - IP_BYTES));
		put_u16(l4 + 6, 0);
	}
	fill_random(self, head, len);
	write_frame(self, len);
}

/* Handshake first; then acknowledgements of 60 bytes and data whose records look like TLS. */
static void write_imix(struct writer *self)
{
	static const size_t sizes[12] = { 60, 60, 60, 60, 60, 60, 60, 590, 590, 590, 590, 1514 };
	uint64_t pick = next_random(self);
	uint64_t busy = self->flow_count / 5 + 1;
	uint64_t flow = pick % 5 == 0 ? (pick >> 8) % self->flow_count : (pick >> 8) % busy;
	struct flow_state *state = &self->flows[flow];
	size_t len = sizes[(pick >> 40) % 12];
	size_t head = ETHER_BYTES + IP_BYTES + TCP_BYTES;
	bool is_reply = len == 60 ? (pick >> 48 & 3) == 0 : (pick >> 48 & 3) != 0;
	unsigned flags = len == 60 ? ACK : ACK | PSH;

	if (state->packets < 3) {
		len = 60;
		is_reply = state->packets == 1;
		flags = state->packets == 0 ? SYN : state->packets == 1 ? SYN | ACK : ACK;
	} else if (state->packets == 3) {
		len = 590;
		is_reply = false;
		flags = ACK | PSH;
	}
	put_ip(self, flow, is_reply, 6, len == 60 ? IP_BYTES + TCP_BYTES : len - ETHER_BYTES);
	put_ports(self->frame + ETHER_BYTES + IP_BYTES, flow, is_reply, 443);
	put_tcp(self, state->seq, is_reply, flags, len == 60 ? 0 : len - head);
	if (len == 60) {
		memset(self->frame + head, 0, len - head);
	} else {
		fill_random(self, head, len);
		memcpy(self->frame + head, state->packets == 3 ? "\x16\x03\x01" : "\x17\x03\x03",
		       3);
		put_u16(self->frame + head + 3, (unsigned)(len - head - 5));
		if (state->packets == 3)
			self->frame[head + 5] = 1; /* ClientHello */
	}
	state->packets++;
	write_frame(self, len);
}

/* --- dns ------------------------------------------------------------------------------------ */

static uint64_t scatter(uint64_t number)
{
	uint64_t x = number * 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	return x ^ x >> 27;
}

static void add_bytes(struct writer *self, const void *bytes, size_t len)
{
	memcpy(self->frame + self->at, bytes, len);
	self->at += len;
}

static void add_u8(struct writer *self, unsigned value)
{
	self->frame[self->at++] = (uint8_t)value;
}

static void add_u16(struct writer *self, unsigned value)
{
	put_u16(self->frame + self->at, value);
	self->at += 2;
}

static void add_u32(struct writer *self, uint32_t value)
{
	put_u32(self->frame + self->at, value);
	self->at += 4;
}

static void add_random(struct writer *self, size_t len)
{
	fill_random(self, self->at, self->at + len);
	self->at += len;
}

/* Names of one domain are neighbours in rank: www.shopfield3a.com, api7.eu.shopfield3a.com... */
static void name_text(uint32_t rank, char *out, size_t size)
{
	static const char *const words[16] = { "shop", "news", "cloud",  "mail", "green", "north",
					       "data", "game", "stream", "bank", "photo", "travel",
					       "open", "blue", "metric", "home" };
	static const char *const hosts[8] = { "www", "api", "img", "cdn", "", "static", "m", "t" };
	static const char *const tops[4] = { "com", "net", "org", "example" };
	uint64_t domain = scatter(rank / 4);
	uint64_t host = scatter(rank);
	const char *first = hosts[host % 8];

	(void)snprintf(out, size, "%s%s%s%s%s%x.%s", first, first[0] != '\0' ? "." : "",
		       (host >> 12 & 3) == 0 ? "eu-west-1." : "", words[domain & 15],
		       words[domain >> 4 & 15], rank / 4, tops[domain >> 8 & 3]);
}

static void add_dns_name(struct writer *self, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, ".");

		add_u8(self, (unsigned)len);
		add_bytes(self, text, len);
		text += len + (text[len] == '.' ? 1 : 0);
	}
	add_u8(self, 0);
}

static void add_record(struct writer *self, unsigned owner, unsigned type, size_t len)
{
	add_u16(self, 0xc000 | owner);
	add_u16(self, type);
	add_u16(self, 1);
	add_u32(self, 60u << (owner & 3));
	add_u16(self, (unsigned)len);
}

/* One alias; returns where its target begins in the message. */
static unsigned add_alias(struct writer *self, unsigned owner, uint32_t rank, unsigned place)
{
	size_t message = ETHER_BYTES + IP_BYTES + UDP_BYTES;
	char text[64];
	unsigned target;

	(void)snprintf(text, sizeof(text), "d%llx%u.edge.%s.example.net",
		       (unsigned long long)(scatter(rank) & 0xffffffffff), place,
		       place == 0 ? "delivery" : "balance");
	add_record(self, owner, 5, strlen(text) + 2);
	target = (unsigned)(self->at - message);
	add_dns_name(self, text);
	return target;
}

/* 198.18.0.0/15; neighbours in rank share some. */
static uint32_t server_of(uint32_t rank, unsigned place)
{
	return 0xc6120000u | (uint32_t)(scatter(rank / 2 + 1) + place) % 0x20000u;
}

/* The answers' count is returned. */
static unsigned add_answers(struct writer *self, const struct visit *visit, bool is_aaaa)
{
	unsigned owner = 12;
	unsigned aliases = (unsigned)(scatter(visit->name) >> 20 & 3) % 3;
	unsigned addresses = 1 + (unsigned)(scatter(visit->name) >> 24 & 3);

	for (unsigned i = 0; i < aliases; i++)
		owner = add_alias(self, owner, visit->name, i);
	for (unsigned i = 0; i < addresses; i++) {
		add_record(self, owner, is_aaaa ? 28 : 1, is_aaaa ? 16 : 4);
		if (is_aaaa)
			add_bytes(self, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0", 12);
		add_u32(self, server_of(visit->name, i));
	}
	return aliases + addresses;
}

static void end_dns(struct writer *self, const struct visit *visit, bool is_reply, unsigned port)
{
	uint32_t resolver = 0xc0000235u + visit->client % RESOLVERS; /* 192.0.2.53 and on */
	uint8_t *udp = self->frame + ETHER_BYTES + IP_BYTES;

	put_addresses(self, visit->client, resolver, is_reply, 17, self->at - ETHER_BYTES);
	put_u16(udp, is_reply ? 53 : port);
	put_u16(udp + 2, is_reply ? port : 53);
	put_u16(udp + 4, (unsigned)(self->at - ETHER_BYTES - IP_BYTES));
	put_u16(udp + 6, 0);
	write_frame(self, self->at);
}

static void write_lookup(struct writer *self, const struct visit *visit, bool is_aaaa,
			 bool is_reply)
{
	size_t message = ETHER_BYTES + IP_BYTES + UDP_BYTES;
	unsigned port = visit->port + (is_aaaa ? 1u : 0u);
	char text[128];
	unsigned answers = 0;

	self->at = message;
	add_u16(self, (unsigned)(scatter(port) & 0xffff));
	add_u16(self, !is_reply ? 0x0120 : visit->is_missing ? 0x8183 : 0x8180);
	add_u16(self, 1);
	add_u32(self, 0);
	add_u16(self, 1);
	name_text(visit->name, text, sizeof(text));
	add_dns_name(self, text);
	add_u16(self, is_aaaa ? 28 : 1);
	add_u16(self, 1);
	if (is_reply && !visit->is_missing)
		answers = add_answers(self, visit, is_aaaa);
	put_u16(self->frame + message + 6, answers);
	add_bytes(self, "\0\0\x29\x04\xd0\0\0\0\0\0\0", 11); /* EDNS, 1232 bytes */
	end_dns(self, visit, is_reply, port);
}

/* --- hellos --------------------------------------------------------------------------------- */

static void add_extension(struct writer *self, unsigned type, const char *data, size_t len)
{
	add_u16(self, type);
	add_u16(self, (unsigned)len);
	add_bytes(self, data, len);
}

static void add_sni(struct writer *self, const char *name)
{
	size_t len = strlen(name);

	add_u16(self, 0);
	add_u16(self, (unsigned)len + 5);
	add_u16(self, (unsigned)len + 3);
	add_u8(self, 0);
	add_u16(self, (unsigned)len);
	add_bytes(self, name, len);
}

static void add_key_share(struct writer *self)
{
	add_u16(self, 51);
	add_u16(self, 38);
	add_u16(self, 36);
	add_u16(self, 29);
	add_u16(self, 32);
	add_random(self, 32);
}

/* Shuffled: in an order of its own for every hello, as some browsers have it. */
static void add_extensions(struct writer *self, const char *name, bool is_shuffled)
{
	static const struct {
		uint16_t type;
		uint16_t len;
		const char *data;
	} fixed[] = {
		{ 23, 0, "" },
		{ 65281, 1, "\0" },
		{ 10, 10, "\0\x08\x1a\x1a\0\x1d\0\x17\0\x18" },
		{ 11, 2, "\1\0" },
		{ 35, 0, "" },
		{ 16, 14, "\0\x0c\x02h2\x08http/1.1" },
		{ 5, 5, "\1\0\0\0\0" },
		{ 13, 18,
		  "\0\x10\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01\x08\x06\x06\x01" },
		{ 18, 0, "" },
		{ 45, 2, "\1\1" },
		{ 43, 7, "\6\x1a\x1a\3\4\3\3" },
		{ 27, 3, "\2\0\2" },
		{ 17513, 5, "\0\3\2h2" },
	};
	enum { FIXED = sizeof(fixed) / sizeof(fixed[0]) };
	uint8_t order[FIXED];

	for (size_t i = 0; i < FIXED; i++)
		order[i] = (uint8_t)i;
	/* Half of the clients shuffle. */
	for (size_t i = FIXED - 1; i > 0 && is_shuffled; i--) {
		size_t other = next_random(self) % (i + 1);
		uint8_t one = order[i];

		order[i] = order[other];
		order[other] = one;
	}
	add_extension(self, 0x2a2a, "", 0);
	for (size_t i = 0; i < FIXED; i++) {
		size_t at = order[i];

		add_extension(self, fixed[at].type, fixed[at].data, fixed[at].len);
		if (at == 0)
			add_sni(self, name);
		if (at == 9)
			add_key_share(self);
	}
	add_extension(self, 0x3a3a, "\0", 1);
}

/* The record; lengths are filled in when they are known. */
static void add_hello(struct writer *self, const char *name, bool is_shuffled)
{
	size_t begin = self->at;
	size_t extensions;

	add_bytes(self, "\x16\3\1\0\0\1\0\0\0\3\3", 11);
	add_random(self, 32);
	add_u8(self, 32);
	add_random(self, 32);
	add_bytes(self,
		  "\0\x20\x0a\x0a\x13\1\x13\2\x13\3\xc0\x2b\xc0\x2f\xc0\x2c\xc0\x30\xcc\xa9\xcc\xa8"
		  "\xc0\x13\xc0\x14\0\x9c\0\x9d\0\x2f\0\x35\1\0",
		  36);
	extensions = self->at;
	add_u16(self, 0);
	add_extensions(self, name, is_shuffled);
	put_u16(self->frame + begin + 3, (unsigned)(self->at - begin - 5));
	put_u16(self->frame + begin + 7, (unsigned)(self->at - begin - 9));
	put_u16(self->frame + extensions, (unsigned)(self->at - extensions - 2));
}

/* --- visits --------------------------------------------------------------------------------- */

struct tls_step {
	uint8_t flags;
	bool is_reply;
	uint16_t bytes; /* of a record of the server's */
};

static const struct tls_step tls_steps[] = {
	{ SYN, false, 0 },        { SYN | ACK, true, 0 },   { ACK, false, 0 },
	{ ACK | PSH, false, 0 }, /* the hello */
	{ ACK, true, 1400 },      { ACK | PSH, true, 900 }, { ACK, false, 0 },
	{ ACK | PSH, true, 400 }, { FIN | ACK, true, 0 },   { FIN | ACK, false, 0 },
	{ ACK, true, 0 },
};

enum { TLS_HELLO_STEP = 3, TLS_STEPS = sizeof(tls_steps) / sizeof(tls_steps[0]) };

static void add_record_bytes(struct writer *self, size_t len)
{
	if (len == 0)
		return;
	add_bytes(self, "\x17\3\3", 3);
	add_u16(self, (unsigned)len - 5);
	add_random(self, len - 5);
}

static void write_tls(struct writer *self, struct visit *visit, size_t at)
{
	const struct tls_step *step = &tls_steps[at];
	uint8_t *tcp = self->frame + ETHER_BYTES + IP_BYTES;
	size_t head = ETHER_BYTES + IP_BYTES + TCP_BYTES;
	unsigned port = visit->port + 2u;
	char name[128];

	self->at = head;
	name_text(visit->name, name, sizeof(name));
	if (at == TLS_HELLO_STEP)
		add_hello(self, name, visit->client % 2 == 0);
	add_record_bytes(self, step->bytes);
	put_addresses(self, visit->client, visit->server, step->is_reply, 6,
		      self->at - ETHER_BYTES);
	put_u16(tcp, step->is_reply ? 443 : port);
	put_u16(tcp + 2, step->is_reply ? port : 443);
	put_tcp(self, visit->seq, step->is_reply, step->flags, self->at - head);
	write_frame(self, self->at);
}

/* Any bit length is as likely as any other: the usual law of how popular names are. */
static uint32_t pick_name(uint64_t pick)
{
	uint32_t top = UINT32_C(1) << pick % NAME_BITS;

	return top - 1 + (uint32_t)(pick >> 8) % top;
}

static void begin_visit(struct writer *self, struct visit *visit)
{
	uint64_t pick = next_random(self);

	memset(visit, 0, sizeof(*visit));
	visit->client = client_of((pick >> 40) % self->flow_count);
	visit->name = pick_name(pick & 0xffffffff);
	visit->server = server_of(visit->name, 0);
	visit->port = (uint16_t)(2048 + self->visit_count++ % 15000 * 4);
	visit->is_missing = scatter(visit->name) >> 32 & 7 ? false : true;
	visit->has_aaaa = (pick >> 32 & 1) != 0;
	visit->has_tls = !visit->is_missing && (pick >> 33 & 3) == 0;
}

/* Queries first, then their answers, then the connection. False: that was all. */
static bool step_visit(struct writer *self, struct visit *visit)
{
	size_t queries = visit->has_aaaa ? 2 : 1;
	size_t step = visit->step++;

	if (step < 2 * queries)
		write_lookup(self, visit, step % queries != 0, step >= queries);
	else
		write_tls(self, visit, step - 2 * queries);
	return visit->step < 2 * queries + (visit->has_tls ? TLS_STEPS : 0);
}

static void write_dns(struct writer *self)
{
	struct visit *visit = &self->visits[next_random(self) % VISITS];

	if (visit->client == 0)
		begin_visit(self, visit);
	if (!step_visit(self, visit))
		visit->client = 0;
}

typedef void (*write_shape)(struct writer *);

/* NULL: there is none of that name. */
static write_shape find_shape(const char *name)
{
	if (strcmp(name, "small") == 0)
		return write_small;
	if (strcmp(name, "imix") == 0)
		return write_imix;
	return strcmp(name, "dns") == 0 ? write_dns : NULL;
}

static int write_all(struct writer *self, const char *shape, uint64_t packets, const char *path)
{
	const uint32_t header[6] = { 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1 };
	write_shape write_one = find_shape(shape);
	int rc = 0;

	self->file = fopen(path, "wb");
	if (self->file == NULL)
		return -errno;
	setvbuf(self->file, NULL, _IOFBF, FILE_BUFFER);
	fwrite(header, sizeof(header), 1, self->file);
	for (uint64_t i = 0; i < packets; i++)
		write_one(self);
	if (ferror(self->file))
		rc = -EIO;
	if (fclose(self->file) != 0)
		rc = -errno;
	return rc;
}

int main(int argc, char **argv)
{
	struct writer self = { .seed = 3 };
	int rc;

	if (argc != 5 || find_shape(argv[1]) == NULL ||
	    (self.flow_count = strtoull(argv[3], NULL, 10)) == 0) {
		fprintf(stderr, "usage: traffic small|imix|dns PACKETS FLOWS FILE\n");
		return 2;
	}
	self.flows = calloc(self.flow_count, sizeof(*self.flows));
	if (self.flows == NULL) {
		fprintf(stderr, "traffic: out of memory\n");
		return 1;
	}
	rc = write_all(&self, argv[1], strtoull(argv[2], NULL, 10), argv[4]);
	if (rc < 0)
		fprintf(stderr, "traffic: %s: %s\n", argv[4], strerror(-rc));
	free(self.flows);
	return rc < 0;
}
