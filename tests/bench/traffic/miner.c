/* miner.c: what miners and pools say.
 *
 * In the texts $i is the request's id, $j the job's, $m the miner's number, $s what is the
 * session's alone; $n are 8 hexadecimal digits by chance, $h 64. */
#include "miner.h"

#include <string.h>

#define S_US  UINT64_C(1000000)
#define MS_US UINT64_C(1000)

#define JOB_US   (30 * S_US)
#define SHARE_US (20 * S_US)
#define KEEP_US  (60 * S_US)
#define RTT_US   (20 * MS_US)

#define XMR \
	"42GcvFXaX6p3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6i8totRApfb6i8totRApfb6i8totRApf" \
	"b4rNoqE7"
#define BTC "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E"
#define ETC "0x101112131415161718191a1b1c1d1e1f20212223"

#define XMR_JOB \
	"{\"blob\":\"1010a8a7a5cd06$h00000000$h01\",\"job_id\":\"$j\",\"target\":\"b88d0600\"," \
	"\"algo\":\"rx/0\",\"height\":3300001,\"seed_hash\":\"$h\"}"
#define BTC_LEAVES "\"$h\",\"$h\",\"$h\",\"$h\",\"$h\",\"$h\",\"$h\",\"$h\""
#define BTC_JOB \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"$j\"," \
	"\"$n$n$n$n$n$n0000000000000000\",\"0100000001$h$n\",\"ffffffff01$h\",[" BTC_LEAVES \
	"],\"20000000\",\"1703a30c\",\"69a96230\",true]}\n"
#define ETC_WORK \
	"\"jsonrpc\":\"2.0\",\"result\":[\"0x$h\",\"0x$h\"," \
	"\"0x00000000ffffffff99aabbccddeeff00112233445566778899aabbccddeeff00\"]}\n"

#define OPENING_MAX 7

/* The opening's lines begin with > from the miner or < from the pool. */
struct speech {
	uint16_t port;
	const char *opening[OPENING_MAX];
	const char *job;
	const char *share;
	const char *accepted;
	const char *keep; /* NULL: there is none */
	const char *kept;
};

static const struct speech speeches[] = {
	{ 14444,
	  { ">{\"id\":$i,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"" XMR
	    ".rig$m\",\"pass\":\"x\",\"agent\":\"XMRig/6.21.0 (Linux x86_64)\","
	    "\"algo\":[\"rx/0\",\"cn/r\"]}}\n",
	    "<{\"id\":$i,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"id\":\"$s\","
	    "\"job\":" XMR_JOB ",\"extensions\":[\"keepalive\"],\"status\":\"OK\"}}\n" },
	  "{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":" XMR_JOB "}\n",
	  "{\"id\":$i,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{\"id\":\"$s\","
	  "\"job_id\":\"$j\",\"nonce\":\"$n\",\"result\":\"$h\"}}\n",
	  "{\"id\":$i,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"status\":\"OK\"}}\n",
	  "{\"id\":$i,\"jsonrpc\":\"2.0\",\"method\":\"keepalived\",\"params\":{\"id\":\"$s\"}}\n",
	  "{\"id\":$i,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"status\":"
	  "\"KEEPALIVED\"}}\n" },
	{ 3333,
	  { ">{\"id\":$i,\"method\":\"mining.subscribe\",\"params\":[\"bmminer/2.0.0\"]}\n",
	    "<{\"id\":$i,\"result\":[[[\"mining.set_difficulty\",\"$s\"],[\"mining.notify\","
	    "\"$s\"]],\"$s\",4],\"error\":null}\n",
	    ">{\"id\":$i,\"method\":\"mining.authorize\",\"params\":[\"" BTC ".rig$m\",\"x\"]}\n",
	    "<{\"id\":$i,\"result\":true,\"error\":null}\n",
	    "<{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[65536]}\n",
	    "<" BTC_JOB },
	  BTC_JOB,
	  "{\"params\":[\"" BTC ".rig$m\",\"$j\",\"$n\",\"69a96247\",\"$n\"],\"id\":$i,"
	  "\"method\":\"mining.submit\"}\n",
	  "{\"id\":$i,\"result\":true,\"error\":null}\n",
	  NULL,
	  NULL },
	{ 4444,
	  { ">{\"id\":$i,\"jsonrpc\":\"2.0\",\"method\":\"eth_submitLogin\",\"params\":[\"" ETC
	    ".rig$m\",\"x\"]}\n",
	    "<{\"id\":$i,\"jsonrpc\":\"2.0\",\"result\":true}\n",
	    ">{\"id\":$i,\"jsonrpc\":\"2.0\",\"method\":\"eth_getWork\",\"params\":[]}\n",
	    "<{\"id\":$i," ETC_WORK },
	  "{\"id\":0," ETC_WORK,
	  "{\"id\":$i,\"jsonrpc\":\"2.0\",\"method\":\"eth_submitWork\",\"params\":[\"0x$n$n\","
	  "\"0x$h\",\"0x$h\"]}\n",
	  "{\"id\":$i,\"jsonrpc\":\"2.0\",\"result\":true}\n",
	  "{\"id\":$i,\"jsonrpc\":\"2.0\",\"method\":\"eth_submitHashrate\","
	  "\"params\":[\"0x57bcf00\",\"0x$h\"]}\n",
	  "{\"id\":$i,\"jsonrpc\":\"2.0\",\"result\":true}\n" },
};

enum { SPEECHES = sizeof(speeches) / sizeof(speeches[0]) };

/* Two of four speak Monero's login dialect. */
static const struct speech *speech_of(const struct miner *self)
{
	uint32_t kind = self->number % 4;

	return &speeches[kind < SPEECHES ? kind : 0];
}

void miner_begin(struct writer *writer, struct miner *self, uint32_t number, uint64_t ends_us)
{
	memset(self, 0, sizeof(*self));
	self->number = number;
	self->job = (uint32_t)scatter(number);
	self->ends_us = ends_us;
	self->talk = (struct talk){ .client = 0xac100000u | (number & 0xfffff),
				    .server = 0xcb007100u | number % 50,
				    .client_port = (uint16_t)(32768 + number % 28000),
				    .server_port = speech_of(self)->port,
				    .seq = { (uint32_t)next_random(writer),
					     (uint32_t)next_random(writer) } };
}

static void add_hex(struct writer *writer, uint64_t value, size_t digits)
{
	for (size_t i = digits; i-- > 0;)
		add_u8(writer, (unsigned)"0123456789abcdef"[value >> 4 * i & 15]);
}

static void add_number(struct writer *writer, uint32_t value)
{
	if (value > 9)
		add_number(writer, value / 10);
	add_u8(writer, '0' + value % 10);
}

static void add_field(struct writer *writer, const struct miner *self, char field)
{
	switch (field) {
	case 'i':
		add_number(writer, self->request);
		break;
	case 'j':
		add_hex(writer, self->job, 8);
		break;
	case 'm':
		add_number(writer, self->number);
		break;
	case 's':
		add_hex(writer, scatter(self->number + 1) >> 32, 8);
		break;
	case 'h':
		for (size_t i = 0; i < 3; i++)
			add_hex(writer, next_random(writer), 16);
		add_hex(writer, next_random(writer), 16);
		break;
	default:
		add_hex(writer, next_random(writer), 8);
	}
}

static void say(struct writer *writer, struct miner *self, bool is_reply, const char *text)
{
	begin_segment(writer);
	while (*text != '\0') {
		size_t len = strcspn(text, "$");

		add_bytes(writer, text, len);
		text += len;
		if (*text == '$') {
			add_field(writer, self, text[1]);
			text += 2;
		}
	}
	write_segment(writer, &self->talk, is_reply, ACK | PSH);
	self->owes_ack = is_reply;
}

static void say_flags(struct writer *writer, struct miner *self, bool is_reply, unsigned flags)
{
	begin_segment(writer);
	write_segment(writer, &self->talk, is_reply, flags);
}

/* The handshake, then the login. False: they are over. */
static bool open_step(struct writer *writer, struct miner *self)
{
	static const unsigned handshake[] = { SYN, SYN | ACK, ACK };
	const struct speech *speech = speech_of(self);
	uint32_t line = self->step - 3;

	if (self->step < 3) {
		say_flags(writer, self, self->step == 1, handshake[self->step]);
	} else if (line < OPENING_MAX && speech->opening[line] != NULL) {
		bool is_reply = speech->opening[line][0] == '<';

		self->request += is_reply ? 0 : 1;
		say(writer, self, is_reply, speech->opening[line] + 1);
	} else {
		return false;
	}
	self->step++;
	return true;
}

static enum miner_due earliest(const struct miner *self)
{
	enum miner_due first = DUE_JOB;

	for (enum miner_due due = DUE_SHARE; due < MINER_DUES; due++)
		if (self->due_us[due] < self->due_us[first])
			first = due;
	return first;
}

static uint64_t next_due_us(const struct miner *self, uint64_t now_us)
{
	uint64_t due_us = self->due_us[earliest(self)];

	if (due_us > self->ends_us)
		due_us = self->ends_us;
	return due_us > now_us ? due_us : now_us + MS_US;
}

static void set_due(struct writer *writer, struct miner *self, enum miner_due due, uint64_t now_us)
{
	static const uint64_t means_us[MINER_DUES] = { JOB_US, SHARE_US, KEEP_US };
	bool is_never = due == DUE_KEEP && speech_of(self)->keep == NULL;

	self->due_us[due] = is_never ? UINT64_MAX
			    : due == DUE_KEEP
				    ? now_us + KEEP_US
				    : now_us + random_gap(writer, means_us[due], 4 * means_us[due]);
}

static void ask(struct writer *writer, struct miner *self, const char *text, const char *reply)
{
	self->request++;
	self->reply = reply;
	say(writer, self, false, text);
}

static void due_step(struct writer *writer, struct miner *self, uint64_t now_us)
{
	const struct speech *speech = speech_of(self);
	enum miner_due due = earliest(self);

	set_due(writer, self, due, now_us);
	self->is_share = due == DUE_SHARE;
	if (due == DUE_JOB) {
		self->job++;
		say(writer, self, true, speech->job);
	} else if (due == DUE_SHARE) {
		ask(writer, self, speech->share, speech->accepted);
	} else {
		ask(writer, self, speech->keep, speech->kept);
	}
}

static uint64_t close_step(struct writer *writer, struct miner *self, uint64_t now_us)
{
	static const unsigned flags[] = { FIN | ACK, FIN | ACK, ACK };

	say_flags(writer, self, self->closing == 1, flags[self->closing]);
	return ++self->closing == 3 ? 0 : now_us + RTT_US;
}

static void reply_step(struct writer *writer, struct miner *self)
{
	self->shares += self->is_share ? 1 : 0;
	say(writer, self, true, self->reply);
	self->reply = NULL;
}

uint64_t miner_step(struct writer *writer, struct miner *self)
{
	uint64_t now_us = writer->time_us;

	if (self->owes_ack) {
		self->owes_ack = false;
		say_flags(writer, self, false, ACK);
		return self->due_us[DUE_JOB] == 0 ? now_us + MS_US : next_due_us(self, now_us);
	}
	if (open_step(writer, self))
		return now_us + RTT_US;
	if (self->due_us[DUE_JOB] == 0)
		for (enum miner_due due = DUE_JOB; due < MINER_DUES; due++)
			set_due(writer, self, due, now_us);
	if (self->reply != NULL) {
		reply_step(writer, self);
		return now_us + MS_US;
	}
	if (self->closing > 0 || now_us >= self->ends_us)
		return close_step(writer, self, now_us);
	due_step(writer, self, now_us);
	return now_us + (self->reply != NULL ? RTT_US : MS_US);
}
