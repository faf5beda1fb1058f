/* lookup.c: names, how popular they are, and the DNS messages about them. */
#include <string.h>

#include "visit.h"

#define RESOLVERS 4

void name_text(uint32_t rank, char *out, size_t size)
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
	size_t message = UDP_HEAD;
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

void write_lookup(struct writer *self, const struct visit *visit, bool is_aaaa, bool is_reply)
{
	size_t message = UDP_HEAD;
	struct talk talk = { .client = visit->client,
			     .server = 0xc0000235u + visit->client % RESOLVERS, /* 192.0.2.53 */
			     .client_port = (uint16_t)(visit->port + (is_aaaa ? 1 : 0)),
			     .server_port = 53 };
	char text[128];
	unsigned answers = 0;

	begin_datagram(self);
	add_u16(self, (unsigned)(scatter(talk.client_port) & 0xffff));
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
	write_datagram(self, &talk, is_reply);
}

/* Any bit length is as likely as any other: the usual law of how popular names are. */
static uint32_t pick_name(uint64_t pick)
{
	uint32_t top = UINT32_C(1) << pick % NAME_BITS;

	return top - 1 + (uint32_t)(pick >> 8) % top;
}

void visit_begin(struct writer *self, struct visit *visit, uint64_t clients, uint64_t number)
{
	uint64_t pick = next_random(self);

	memset(visit, 0, sizeof(*visit));
	visit->client = client_of((pick >> 40) % clients);
	visit->name = pick_name(pick & 0xffffffff);
	visit->server = server_of(visit->name, 0);
	visit->port = (uint16_t)(2048 + number % 15000 * 4);
	visit->is_missing = scatter(visit->name) >> 32 & 7 ? false : true;
	visit->has_aaaa = (pick >> 32 & 1) != 0;
	visit->has_tls = !visit->is_missing && (pick >> 33 & 3) == 0;
}
