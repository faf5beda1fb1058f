/* stratum_v2.c: Stratum V2 without encryption: sv2_frame.h has the frames. Little-endian.
 *
 *   C> setup           protocol 1, versions 2 2, flags 4, host, port 2, vendor, hardware,
 *                      firmware, device                         strings: length 1, bytes
 *   S> setup ok        version 2, flags 4
 *   C> open            request 4, user, rate f32, max target 32, (extranonce size 2)
 *   S> opened          request 4, channel 4, target 32, (size 2), prefix, group 4
 *   S> new job         channel 4, job 4, has time 1 (time 4), version 4, ..
 *   S> new prev hash   channel 4, job 4, hash 32, time 4, nbits 4
 *   S> set target      channel 4, target 32
 *   C> submit          channel 4, sequence 4, job 4, nonce 4, time 4, version 4, (extranonce),
 *                      (00 02 01, length 2, worker)
 *   S> submits ok      channel 4, last sequence 4, count 4, sum 8
 *   S> submit refused  channel 4, sequence 4, code
 *
 * One connection may have many channels, each with its own target; channels of a group get their
 * jobs together, under the group's number. An answer settles the oldest shares of its channel: all
 * shares of a channel are one request. */
#include <math.h>
#include <stdio.h>

#include "protocols/coinbase.h"
#include "protocols/cursor.h"
#include "protocols/sv2_channels.h"
#include "protocols/sv2_frame.h"
#include "protocols/target.h"

#define TARGET_BYTES  32
#define RATE_MAX      1e24 /* H/s; the whole Bitcoin network is near 1e21 */
#define WORKER_FIELD  1
#define WORKER_OF     2 /* the extension that names workers in shares */
#define REQUEST_SETUP 1
#define REQUEST_OPEN  2
#define REQUEST_SHARE 3

enum protocol { PROTOCOL_MINING, PROTOCOL_JOBS, PROTOCOL_TEMPLATES };

/* One flow. */
struct stratum_v2_state {
	struct sv2_channels channels;
	uint32_t user; /* hash of the first user; 0: none */
	bool is_seen;  /* a frame of ours was heard */
	bool is_proxy; /* several users */
};

_Static_assert(sizeof(struct stratum_v2_state) <= DIALECT_STATE_MAX, "state is too large");

struct sv2_call {
	struct stratum_v2_state *state;
	const struct finding_out *out;
	struct cursor body;
};

/* --- what findings share --------------------------------------------------------------------- */

static struct finding new_finding(const struct sv2_call *call, enum finding_kind kind,
				  enum sender sender)
{
	return (struct finding){ .kind = kind,
				 .sender = sender,
				 .proof = call->state->is_seen ? PROOF_CONFIRMED : PROOF_LIKELY,
				 .is_proxy = sender == SENDER_MINER && call->state->is_proxy };
}

static void emit(const struct sv2_call *call, const struct finding *finding)
{
	call->out->emit(call->out->ctx, finding);
}

/* Numbers of frames to one that is unlike others. */
static uint64_t hash_of(uint64_t first, uint64_t second)
{
	uint8_t bytes[16];

	for (unsigned i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(first >> 8 * i);
		bytes[8 + i] = (uint8_t)(second >> 8 * i);
	}
	return slice_hash(slice_of(bytes, sizeof(bytes)));
}

static struct slice take_string(struct cursor *c)
{
	return cursor_take(c, cursor_u8(c));
}

static double take_target(struct cursor *c)
{
	struct slice bytes = cursor_take(c, TARGET_BYTES);
	double target = 0;

	for (size_t i = bytes.len; i > 0; i--)
		target = target * 256 + bytes.ptr[i - 1];
	return target > 0 ? 0x1p256 / (target + 1) : 0;
}

/* An IEEE single; 0 when it is no rate. */
static float take_rate(struct cursor *c)
{
	uint32_t bits = cursor_u32le(c);
	float rate;

	_Static_assert(sizeof(rate) == sizeof(bits), "float is an IEEE single");
	memcpy(&rate, &bits, sizeof(rate));
	return isfinite(rate) && rate > 0 && (double)rate <= RATE_MAX ? rate : 0;
}

static void set_work(struct finding *finding, double work)
{
	finding->work = work;
	finding->difficulty = work / TARGET_WORK_BITCOIN;
}

/* "host:port"; empty when there is no host. */
static struct slice join_pool(struct slice host, uint16_t port, char out[LIMIT_TEXT_BYTES + 8])
{
	if (host.len == 0 || port == 0)
		return slice_of(NULL, 0);
	size_t len = slice_copy(host, out, LIMIT_TEXT_BYTES);

	return slice_of(out, len + (size_t)snprintf(out + len, 8, ":%u", port));
}

/* What all channels claim together. */
static void report_rate(const struct sv2_call *call)
{
	struct finding finding = new_finding(call, FINDING_CLAIMED_RATE, SENDER_MINER);

	finding.rate = sv2_channels_rate(&call->state->channels);
	if (finding.rate > 0)
		emit(call, &finding);
}

/* --- identity -------------------------------------------------------------------------------- */

/* Vendor, hardware and firmware as one. */
static struct slice join_agent(const struct slice parts[3], char out[LIMIT_TEXT_BYTES])
{
	size_t len = 0;

	for (size_t i = 0; i < 3; i++) {
		if (parts[i].len == 0 || len + 2 > LIMIT_TEXT_BYTES)
			continue;
		if (len > 0)
			out[len++] = '/';
		len += slice_copy(parts[i], out + len, LIMIT_TEXT_BYTES - len);
	}
	return slice_of(out, len);
}

static void handle_setup(struct sv2_call *call)
{
	uint8_t protocol = cursor_u8(&call->body);
	char agent[LIMIT_TEXT_BYTES];
	char pool[LIMIT_TEXT_BYTES + 8];
	struct slice parts[3];

	cursor_skip(&call->body, 2 + 2 + 4);
	struct finding finding = new_finding(call, FINDING_SUBSCRIBE, SENDER_MINER);
	struct slice host = take_string(&call->body);
	uint16_t port = cursor_u16le(&call->body);
	for (size_t i = 0; i < 3; i++)
		parts[i] = take_string(&call->body);
	finding.rig = take_string(&call->body);
	finding.agent = join_agent(parts, agent);
	finding.pool = join_pool(host, port, pool);
	finding.wants_reply = true;
	finding.request = hash_of(REQUEST_SETUP, 0);
	finding.reply_confirms = protocol == PROTOCOL_MINING;
	/* Who asks a node for templates need not be a miner. */
	finding.proof = protocol == PROTOCOL_TEMPLATES ? PROOF_SUSPECT : PROOF_LIKELY;
	emit(call, &finding);
}

static void reply(struct sv2_call *call, uint64_t request, bool is_ok, enum reply_to reply_to,
		  struct slice reason)
{
	struct finding finding = new_finding(call, FINDING_REPLY, SENDER_POOL);

	/* By itself, a few small numbers and a word. */
	if (!call->state->is_seen)
		finding.proof = PROOF_NONE;
	finding.request = request;
	finding.is_ok = is_ok;
	finding.reply_to = reply_to;
	finding.is_stale = !is_ok && slice_starts(reason, "stale");
	finding.reason = reason;
	emit(call, &finding);
}

static void handle_setup_success(struct sv2_call *call)
{
	reply(call, hash_of(REQUEST_SETUP, 0), true, REPLY_TO_ANYTHING, slice_of(NULL, 0));
}

static void handle_setup_error(struct sv2_call *call)
{
	cursor_skip(&call->body, 4);
	reply(call, hash_of(REQUEST_SETUP, 0), false, REPLY_TO_ANYTHING, take_string(&call->body));
}

static void handle_reconnect(struct sv2_call *call)
{
	struct finding finding = new_finding(call, FINDING_RECONNECT, SENDER_POOL);
	char pool[LIMIT_TEXT_BYTES + 8];
	struct slice host = take_string(&call->body);

	if (!call->state->is_seen)
		finding.proof = PROOF_NONE;
	finding.pool = join_pool(host, cursor_u16le(&call->body), pool);
	if (!call->body.bad)
		emit(call, &finding);
}

/* Several users of one connection are a proxy's. */
static void learn_user(struct stratum_v2_state *state, struct slice user)
{
	uint32_t hash = (uint32_t)slice_hash(user);

	if (user.len == 0)
		return;
	state->is_proxy = state->is_proxy || (state->user != 0 && state->user != hash);
	state->user = hash;
}

static void set_user(struct sv2_call *call, struct finding *finding, struct slice user)
{
	learn_user(call->state, user);
	finding->is_proxy = call->state->is_proxy;
	finding->login = user;
	finding->wallet = wallet_parse(user);
	finding->worker = finding->wallet.worker;
	finding->email = finding->wallet.email;
	if (finding->wallet.check != WALLET_NONE)
		finding->coin = finding->wallet.coin;
}

static void handle_open(struct sv2_call *call)
{
	uint32_t request = cursor_u32le(&call->body);
	struct slice user = take_string(&call->body);

	if (call->body.bad)
		return;
	float rate = take_rate(&call->body);
	struct finding finding = new_finding(call, FINDING_LOGIN, SENDER_MINER);
	set_user(call, &finding, user);
	finding.wants_reply = true;
	finding.reply_confirms = true;
	finding.request = hash_of(REQUEST_OPEN, request);
	emit(call, &finding);
	sv2_channels_ask(&call->state->channels, request, rate);
	if (rate > 0)
		report_rate(call);
}

static void handle_opened(struct sv2_call *call, bool is_extended)
{
	struct finding finding = new_finding(call, FINDING_DIFFICULTY, SENDER_POOL);
	uint32_t request = cursor_u32le(&call->body);
	uint32_t channel = cursor_u32le(&call->body);
	double work = take_target(&call->body);

	if (call->body.bad)
		return;
	reply(call, hash_of(REQUEST_OPEN, request), true, REPLY_TO_ANYTHING, slice_of(NULL, 0));
	cursor_skip(&call->body, is_extended ? 2 : 0);
	cursor_skip(&call->body, cursor_u8(&call->body));
	uint32_t group = cursor_u32le(&call->body);
	size_t i = sv2_channels_open(&call->state->channels, request, channel);
	call->state->channels.group[i] = call->body.bad ? channel : group;
	call->state->channels.work[i] = work;
	set_work(&finding, work);
	emit(call, &finding);
}

static void handle_open_error(struct sv2_call *call)
{
	uint32_t request = cursor_u32le(&call->body);

	if (call->body.bad)
		return;
	sv2_channels_refuse(&call->state->channels, request);
	reply(call, hash_of(REQUEST_OPEN, request), false, REPLY_TO_ANYTHING,
	      take_string(&call->body));
}

static void handle_update(struct sv2_call *call)
{
	uint32_t channel = cursor_u32le(&call->body);
	float rate = take_rate(&call->body);

	if (call->body.bad || rate <= 0)
		return;
	call->state->channels.rate[sv2_channels_take(&call->state->channels, channel)] = rate;
	report_rate(call);
}

static void handle_close(struct sv2_call *call)
{
	uint32_t channel = cursor_u32le(&call->body);

	if (!call->body.bad)
		sv2_channels_close(&call->state->channels, channel);
}

static void handle_group(struct sv2_call *call)
{
	struct sv2_channels *channels = &call->state->channels;
	uint32_t group = cursor_u32le(&call->body);
	size_t count = cursor_u16le(&call->body);

	for (; count > 0 && cursor_left(&call->body) >= 4; count--) {
		size_t i = sv2_channels_find(channels, cursor_u32le(&call->body));

		if (i < SV2_CHANNELS)
			channels->group[i] = group;
	}
}

static void handle_token(struct sv2_call *call)
{
	struct finding finding = new_finding(call, FINDING_IDENTITY, SENDER_MINER);
	struct slice user = take_string(&call->body);

	if (call->body.bad || user.len == 0)
		return;
	set_user(call, &finding, user);
	emit(call, &finding);
}

/* --- jobs ------------------------------------------------------------------------------------ */

/* The job for each channel that it is for. */
static void report_job(const struct sv2_call *call, uint32_t channel, uint32_t job,
		       struct finding *finding)
{
	const struct sv2_channels *channels = &call->state->channels;
	bool is_known = false;

	finding->algo = slice_str("sha256d");
	for (size_t i = 0; i < SV2_CHANNELS; i++) {
		if (!sv2_channels_is_for(channels, i, channel))
			continue;
		is_known = true;
		finding->job = hash_of(channels->id[i], job);
		set_work(finding, channels->work[i]);
		emit(call, finding);
	}
	if (is_known)
		return;
	finding->job = hash_of(channel, job);
	emit(call, finding);
}

static void handle_job(struct sv2_call *call)
{
	struct finding finding = new_finding(call, FINDING_JOB, SENDER_POOL);
	uint32_t channel = cursor_u32le(&call->body);
	uint32_t job = cursor_u32le(&call->body);

	if (!call->body.bad)
		report_job(call, channel, job, &finding);
}

static void handle_extended_job(struct sv2_call *call)
{
	struct cursor *body = &call->body;
	struct finding finding = new_finding(call, FINDING_JOB, SENDER_POOL);
	uint32_t channel = cursor_u32le(body);
	uint32_t job = cursor_u32le(body);
	char address[COINBASE_ADDRESS_BYTES];
	struct coinbase coinbase;

	if (body->bad)
		return;
	cursor_skip(body, cursor_u8(body) == 1 ? 4 : 0);
	cursor_skip(body, 4 + 1);
	cursor_skip(body, (size_t)cursor_u8(body) * 32);
	struct slice first = cursor_take(body, cursor_u16le(body));
	struct slice second = cursor_take(body, cursor_u16le(body));
	if (coinbase_parse(first, second, &coinbase)) {
		finding.payout = coinbase_address(&coinbase, "BTC", address);
		finding.tag = slice_str(coinbase.tag);
	}
	report_job(call, channel, job, &finding);
}

/* The client made the job; the pool takes it. */
static void handle_custom_job(struct sv2_call *call)
{
	struct finding finding = new_finding(call, FINDING_JOB, SENDER_POOL);
	uint32_t channel = cursor_u32le(&call->body);

	cursor_skip(&call->body, 4);
	uint32_t job = cursor_u32le(&call->body);
	if (!call->state->is_seen)
		finding.proof = PROOF_NONE;
	if (!call->body.bad)
		report_job(call, channel, job, &finding);
}

static void handle_target(struct sv2_call *call)
{
	struct sv2_channels *channels = &call->state->channels;
	struct finding finding = new_finding(call, FINDING_DIFFICULTY, SENDER_POOL);
	uint32_t channel = cursor_u32le(&call->body);
	double work = take_target(&call->body);
	bool is_known = false;

	if (call->body.bad)
		return;
	for (size_t i = 0; i < SV2_CHANNELS; i++) {
		if (!sv2_channels_is_for(channels, i, channel))
			continue;
		is_known = true;
		channels->work[i] = work;
	}
	if (!is_known)
		channels->work[sv2_channels_take(channels, channel)] = work;
	set_work(&finding, work);
	emit(call, &finding);
}

/* --- shares ---------------------------------------------------------------------------------- */

/* The worker among the fields behind a share; empty when there is none. The byte order of lengths
 * is not the same everywhere: the one that fits. */
static struct slice find_worker(struct cursor c)
{
	while (cursor_left(&c) > 5) {
		uint8_t a = cursor_u8(&c);
		uint8_t b = cursor_u8(&c);
		uint8_t field = cursor_u8(&c);
		struct cursor swapped = c;
		size_t len = cursor_u16be(&c);

		if (len > cursor_left(&c)) {
			len = cursor_u16le(&swapped);
			c = swapped;
		}
		struct slice value = cursor_take(&c, len);
		if ((a | b) == WORKER_OF && (a & b) == 0 && field == WORKER_FIELD && !c.bad)
			return value;
	}
	return slice_of(NULL, 0);
}

static void handle_share(struct sv2_call *call, bool is_extended)
{
	const struct sv2_channels *channels = &call->state->channels;
	struct cursor *body = &call->body;
	struct finding finding = new_finding(call, FINDING_SHARE, SENDER_MINER);
	uint32_t channel = cursor_u32le(body);
	struct slice tail = slice_of(NULL, 0);

	cursor_skip(body, 4);
	uint32_t job = cursor_u32le(body);
	uint32_t nonce = cursor_u32le(body);
	if (body->bad)
		return;
	uint64_t rest = slice_hash(cursor_take(body, 8));
	if (is_extended) {
		tail = cursor_take(body, cursor_u8(body));
		finding.worker = find_worker(*body);
	}
	finding.job = hash_of(channel, job);
	/* Of a share that was cut we cannot tell whether it is another one. */
	if (!body->bad)
		finding.nonce =
			hash_of(hash_of(finding.job, nonce), hash_of(rest, slice_hash(tail)));
	finding.request = hash_of(REQUEST_SHARE, channel);
	finding.wants_reply = true;
	size_t i = sv2_channels_find(channels, channel);
	set_work(&finding, i < SV2_CHANNELS ? channels->work[i] : 0);
	emit(call, &finding);
}

static void handle_share_success(struct sv2_call *call)
{
	struct finding finding = new_finding(call, FINDING_REPLY, SENDER_POOL);
	uint32_t channel = cursor_u32le(&call->body);

	cursor_skip(&call->body, 4);
	finding.count = cursor_u32le(&call->body);
	if (call->body.bad || finding.count == 0)
		return;
	finding.request = hash_of(REQUEST_SHARE, channel);
	finding.is_ok = true;
	emit(call, &finding);
}

static void handle_share_error(struct sv2_call *call)
{
	uint32_t channel = cursor_u32le(&call->body);

	cursor_skip(&call->body, 4);
	if (!call->body.bad)
		reply(call, hash_of(REQUEST_SHARE, channel), false, REPLY_TO_SHARE,
		      take_string(&call->body));
}

/* --- one frame ------------------------------------------------------------------------------- */

/* Jobs, shares and what is about them. */
static void handle_mining(struct sv2_call *call, uint8_t type)
{
	switch (type) {
	case SV2_NEW_JOB:
	case SV2_SET_PREV_HASH:
		handle_job(call);
		break;
	case SV2_NEW_EXTENDED_JOB:
		handle_extended_job(call);
		break;
	case SV2_SET_CUSTOM_JOB_SUCCESS:
		handle_custom_job(call);
		break;
	case SV2_SET_TARGET:
		handle_target(call);
		break;
	case SV2_SUBMIT_STANDARD:
	case SV2_SUBMIT_EXTENDED:
		handle_share(call, type == SV2_SUBMIT_EXTENDED);
		break;
	case SV2_SUBMIT_SUCCESS:
		handle_share_success(call);
		break;
	case SV2_SUBMIT_ERROR:
		handle_share_error(call);
		break;
	default: /* nothing that we tell */
		break;
	}
}

static void handle_frame(struct sv2_call *call, uint8_t type)
{
	switch (type) {
	case SV2_SETUP:
		handle_setup(call);
		break;
	case SV2_SETUP_SUCCESS:
		handle_setup_success(call);
		break;
	case SV2_SETUP_ERROR:
		handle_setup_error(call);
		break;
	case SV2_RECONNECT:
		handle_reconnect(call);
		break;
	case SV2_OPEN_STANDARD:
	case SV2_OPEN_EXTENDED:
		handle_open(call);
		break;
	case SV2_OPEN_STANDARD_SUCCESS:
	case SV2_OPEN_EXTENDED_SUCCESS:
		handle_opened(call, type == SV2_OPEN_EXTENDED_SUCCESS);
		break;
	case SV2_OPEN_ERROR:
		handle_open_error(call);
		break;
	case SV2_UPDATE_CHANNEL:
		handle_update(call);
		break;
	case SV2_CLOSE_CHANNEL:
		handle_close(call);
		break;
	case SV2_SET_GROUP:
		handle_group(call);
		break;
	case SV2_ALLOCATE_TOKEN:
		handle_token(call);
		break;
	default:
		handle_mining(call, type);
		break;
	}
}

/* A message that was cut may hold whole frames before the one that broke off. */
static bool stratum_v2_decode(void *state, struct message *msg, const struct finding_out *out)
{
	struct stratum_v2_state *self = state;
	struct slice rest = msg->bytes;
	struct sv2_frame frame;
	bool is_mine = false;

	while (sv2_read(rest, &frame)) {
		struct sv2_call call = { .state = self,
					 .out = out,
					 .body = cursor_of(frame.payload) };

		is_mine = true;
		if (!frame.is_extension)
			handle_frame(&call, frame.type);
		self->is_seen = self->is_seen || !frame.is_cut;
		rest = slice_tail(rest, SV2_HEADER_BYTES + (size_t)frame.length);
	}
	return is_mine;
}

static enum probe_result stratum_v2_probe(struct slice first, enum direction dir)
{
	(void)dir; /* of a stream that was picked up it is not certain */
	return sv2_probe(first);
}

const struct dialect dialect_stratum_v2 = {
	.name = "stratum-v2",
	.state_size = sizeof(struct stratum_v2_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.is_binary = true,
	.probe = stratum_v2_probe,
	.frame = sv2_frame,
	.decode = stratum_v2_decode,
};
