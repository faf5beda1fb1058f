/* web.c: the packets of short flows and the pauses between them. */
#include "web.h"

#include <string.h>

#define CLIENTS 50000
#define RTT_US  10000
#define BODY    700

struct http_step {
	uint8_t flags;
	bool is_reply;
	const char *text; /* before the name or the body */
};

static const struct http_step http_steps[] = {
	{ SYN, false, NULL },
	{ SYN | ACK, true, NULL },
	{ ACK, false, NULL },
	{ ACK | PSH, false,
	  "GET /index.html HTTP/1.1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
	  "Accept: text/html\r\nHost: " },
	{ ACK | PSH, true,
	  "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 700\r\n\r\n" },
	{ ACK, false, NULL },
	{ FIN | ACK, true, NULL },
	{ FIN | ACK, false, NULL },
	{ ACK, true, NULL },
};

enum { HTTP_STEPS = sizeof(http_steps) / sizeof(http_steps[0]) };

void web_begin(struct writer *writer, struct web *self, uint64_t number)
{
	uint64_t pick = next_random(writer) % 10;

	visit_begin(writer, &self->visit, CLIENTS, number);
	self->kind = pick < 7 ? WEB_DNS : pick < 9 ? WEB_TLS : WEB_HTTP;
}

static void write_http(struct writer *writer, struct visit *visit)
{
	const struct http_step *step = &http_steps[visit->step];
	struct talk talk = { .client = visit->client,
			     .server = visit->server,
			     .client_port = (uint16_t)(visit->port + 3),
			     .server_port = 80,
			     .seq = { visit->seq[0], visit->seq[1] } };
	char name[NAME_TEXT];

	begin_segment(writer);
	if (step->text != NULL) {
		add_text(writer, step->text);
		if (step->is_reply) {
			add_random(writer, BODY);
		} else {
			name_text(visit->name, name, sizeof(name));
			add_text(writer, name);
			add_text(writer, "\r\n\r\n");
		}
	}
	write_segment(writer, &talk, step->is_reply, step->flags);
	memcpy(visit->seq, talk.seq, sizeof(visit->seq));
}

uint64_t web_step(struct writer *writer, struct web *self)
{
	static const unsigned steps[] = {
		[WEB_DNS] = 2, [WEB_TLS] = TLS_STEPS, [WEB_HTTP] = HTTP_STEPS
	};
	uint64_t next_us = writer->time_us + random_gap(writer, RTT_US, 10 * RTT_US);

	if (self->kind == WEB_DNS)
		write_lookup(writer, &self->visit, false, self->visit.step == 1);
	else if (self->kind == WEB_TLS)
		write_tls(writer, &self->visit, self->visit.step);
	else
		write_http(writer, &self->visit);
	return ++self->visit.step < steps[self->kind] ? next_us : 0;
}
