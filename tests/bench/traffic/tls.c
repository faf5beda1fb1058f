/* tls.c: a short TLS connection with a hello like a browser's. */
#include <string.h>

#include "visit.h"

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

/* Lengths are filled in when they are known. */
void add_hello(struct writer *self, const char *name, bool is_shuffled)
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

#define TLS_HELLO_STEP 3

_Static_assert(sizeof(tls_steps) / sizeof(tls_steps[0]) == TLS_STEPS, "visit.h says so");

static void add_record_bytes(struct writer *self, size_t len)
{
	if (len == 0)
		return;
	add_bytes(self, "\x17\3\3", 3);
	add_u16(self, (unsigned)len - 5);
	add_random(self, len - 5);
}

void write_tls(struct writer *self, struct visit *visit, size_t at)
{
	const struct tls_step *step = &tls_steps[at];
	struct talk talk = { .client = visit->client,
			     .server = visit->server,
			     .client_port = (uint16_t)(visit->port + 2),
			     .server_port = 443,
			     .seq = { visit->seq[0], visit->seq[1] } };
	char name[NAME_TEXT];

	begin_segment(self);
	name_text(visit->name, name, sizeof(name));
	if (at == TLS_HELLO_STEP)
		add_hello(self, name, visit->client % 2 == 0);
	add_record_bytes(self, step->bytes);
	write_segment(self, &talk, step->is_reply, step->flags);
	memcpy(visit->seq, talk.seq, sizeof(visit->seq));
}
