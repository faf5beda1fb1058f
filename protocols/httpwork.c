/* httpwork.c: the miner's words in the head of an HTTP request.
 *
 *   POST /path?name=value&name=value HTTP/1.1
 *   Authorization: Basic user:password     an account name or wallet, with a worker behind it
 *   User-Agent: program/version */
#include "protocols/httpwork.h"

#include "protocols/hex.h"
#include "protocols/number.h"
#include "protocols/rpc.h"

#define DIGITS_MAX 20 /* of 2^64 */

bool httpwork_is_miner(struct slice agent)
{
	static const char *const names[] = {
		"cgminer",    "bfgminer", "sgminer",  "cpuminer",    "ccminer",      "minerd",
		"poclbm",     "phoenix",  "ufasoft",  "diablominer", "bitminter",    "guiminer",
		"xmrig",      "xmr-stak", "ethminer", "claymore",    "scavenger",    "creepminer",
		"blagominer", "jminer",   "nsgminer", "cudaminer",   "teamredminer", "lolminer",
		"gminer",     "srbminer", "p2pool",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (rpc_starts(agent, names[i]))
			return true;
	return false;
}

void httpwork_fill(const struct http_head *http, struct finding *finding)
{
	if (http == NULL || http->is_response)
		return;
	finding->agent = slice_str(http->agent);
	finding->has_password = http->has_password;
	if (http->user[0] == '\0')
		return;
	finding->login = slice_str(http->user);
	finding->wallet = wallet_parse(finding->login);
	finding->worker = finding->wallet.worker;
}

/* Path and query of a target that may begin with a scheme and a host. */
static struct slice local_target(const struct http_head *http)
{
	struct slice target = slice_str(http->target);

	if (rpc_starts(target, "http://")) {
		target = slice_tail(target, strlen("http://"));
		target = slice_tail(target, slice_find(target, '/'));
	}
	return target;
}

struct slice httpwork_path(const struct http_head *http)
{
	struct slice target = local_target(http);

	return slice_head(target, slice_find(target, '?'));
}

static int hex_pair(struct slice digits)
{
	int high = digits.len < 2 ? -1 : hex_values[digits.ptr[0]];
	int low = digits.len < 2 ? -1 : hex_values[digits.ptr[1]];

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Undoes %41 and `+`. */
static struct slice unescape(struct slice raw, char *out, size_t size)
{
	size_t len = 0;

	while (raw.len > 0 && len + 1 < size) {
		int pair = raw.ptr[0] == '%' ? hex_pair(slice_sub(raw, 1, 2)) : -1;

		out[len++] = (char)(pair >= 0 ? pair : raw.ptr[0] == '+' ? ' ' : raw.ptr[0]);
		raw = slice_tail(raw, pair >= 0 ? 3 : 1);
	}
	return slice_of(out, len);
}

struct slice httpwork_query(const struct http_head *http, const char *name, char *out, size_t size)
{
	struct slice target = local_target(http);
	struct slice rest = slice_tail(target, slice_find(target, '?') + 1);

	while (rest.len > 0) {
		struct slice member = slice_head(rest, slice_find(rest, '&'));
		size_t equals = slice_find(member, '=');

		if (rpc_equals(slice_head(member, equals), name))
			return unescape(slice_tail(member, equals + 1), out, size);
		rest = slice_tail(rest, member.len + 1);
	}
	return slice_of(out, 0);
}

double httpwork_number(struct slice text, double max)
{
	struct number number;
	double value;

	if (!number_read(text, &number) || number_double(&number, &value) != 0)
		return 0;
	return value > 0 && value <= max ? value : 0;
}

bool httpwork_is_digits(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	return text.len > 0 && text.len <= DIGITS_MAX;
}
