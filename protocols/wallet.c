/* wallet.c: takes a login string apart.
 *
 *   COIN : ADDRESS . paymentid . worker + difficulty / worker / mail@example.org # referral
 *          |<text>|              |<--->|               |<-or>| |<--- email --->|
 *
 * All parts but the address are optional. Pools disagree about the separators, so each is tried in
 * the order in which a pool that knows the address would see it. */
#include "protocols/wallet.h"

#include "protocols/hex.h"
#include "protocols/wallet_form.h"

#define NAMED_ADDRESS_LEAST 25 /* of any form, behind the name of a coin; passwords are shorter */

/* Index of the first byte that is in `set`, a blank or a control byte; text.len if none. */
static size_t find_any(struct slice text, const char *set)
{
	struct slice stops = slice_str(set);
	size_t i = 0;

	while (i < text.len && text.ptr[i] > ' ' && slice_find(stops, text.ptr[i]) == stops.len)
		i++;
	return i;
}

static struct slice trim(struct slice text)
{
	while (text.len > 0 && text.ptr[0] <= ' ')
		text = slice_tail(text, 1);
	while (text.len > 0 && text.ptr[text.len - 1] <= ' ')
		text = slice_head(text, text.len - 1);
	return text;
}

static bool is_digits(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	return text.len > 0;
}

static bool is_coin_name(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.ptr[i];

		if (!((byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
		      (byte >= '0' && byte <= '9')))
			return false;
	}
	return text.len >= 2 && text.len <= 8;
}

/* Judges what the string begins with. Sets text, coin and check. */
static struct wallet take_address(struct slice login)
{
	size_t prefix = wallet_form_prefix(login);
	size_t spaced = wallet_form_spaced(login);
	size_t len = prefix + find_any(slice_tail(login, prefix), "./+:#,;@");
	struct slice run = slice_head(login, spaced > 0 ? spaced : len);
	struct slice before = slice_head(run, slice_find(run, '_'));
	struct wallet_form form = wallet_form_of(run);

	/* an underscore begins a worker only where an address is known to have ended */
	if (before.len < run.len && !form.is_sized) {
		struct wallet_form shorter = wallet_form_of(before);

		if (shorter.is_sized) {
			form = shorter;
			run = before;
		}
	}
	if (form.check == WALLET_NONE && prefix > 0) /* an account called k, and its password */
		run = slice_head(login, prefix - 1);
	return (struct wallet){ .check = form.check, .coin = form.coin, .text = run };
}

/* Without a `+N`, `#referral` and all after a blank. */
static struct slice strip_suffix(struct slice part)
{
	part = slice_head(part, find_any(part, "#"));
	for (size_t plus = part.len; plus > 0; plus--) {
		if (part.ptr[plus - 1] != '+')
			continue;
		return is_digits(slice_tail(part, plus)) ? slice_head(part, plus - 1) : part;
	}
	return part;
}

/* Drops a Monero payment id in front of a worker, or a long one that stands for the worker. */
static struct slice strip_payment_id(struct slice part)
{
	size_t dot = slice_find(part, '.');
	struct slice label = slice_head(part, dot);

	if (hex_is(label) && (label.len == 64 || (label.len == 16 && dot < part.len)))
		return slice_tail(part, dot + 1);
	return part;
}

/* The worker in what follows the address up to the first slash: `.w`, `_w`, `+w`, `+N.w`. */
static struct slice first_worker(struct slice part)
{
	if (slice_starts(part, "+")) {
		struct slice rest = strip_payment_id(slice_tail(part, 1));
		size_t dot = slice_find(rest, '.');

		if (is_digits(slice_head(rest, dot)))
			rest = slice_tail(rest, dot + 1);
		return strip_suffix(rest);
	}
	if (slice_starts(part, ".") || slice_starts(part, "_"))
		return strip_suffix(strip_payment_id(slice_tail(part, 1)));
	return slice_of(part.ptr, 0); /* `:password`, `#referral`: nobody's name */
}

/* `+N/N`: the difficulties of P2Pool, of what is shown and of shares. */
static size_t p2pool_options(struct slice rest)
{
	size_t end = find_any(rest, "._");
	size_t slash = slice_find(rest, '/');

	return slice_starts(rest, "+") && slash < end && is_digits(slice_sub(rest, 1, slash - 1)) &&
			       is_digits(slice_sub(rest, slash + 1, end - slash - 1))
		       ? end
		       : 0;
}

/* Worker and e-mail from all that follows the address. */
static void take_rest(struct wallet *wallet, struct slice rest)
{
	rest = slice_head(rest, find_any(rest, ""));
	rest = slice_tail(rest, p2pool_options(rest));
	size_t slash = slice_find(rest, '/');

	wallet->worker = first_worker(slice_head(rest, slash));
	for (rest = slice_tail(rest, slash + 1); rest.len > 0; rest = slice_tail(rest, slash + 1)) {
		slash = slice_find(rest, '/');
		struct slice part = slice_head(rest, slash);

		if (slice_find(part, '@') < part.len) {
			if (wallet->email.len == 0)
				wallet->email = part;
		} else if (wallet->worker.len == 0) {
			wallet->worker = strip_suffix(part);
		}
	}
}

/* Logs in with an e-mail: it is the account, and nothing in it is a worker. */
static bool take_email_account(struct wallet *wallet, struct slice login)
{
	struct slice first = slice_head(login, find_any(login, "/:#,;"));
	size_t at = slice_find(first, '@');

	if (at == 0 || at + 1 >= first.len)
		return false;
	wallet->text = first;
	wallet->email = first;
	take_rest(wallet, slice_tail(login, first.len));
	wallet->email = first;
	return true;
}

void wallet_name(struct wallet *wallet, const char *sharer)
{
	if (wallet->check != WALLET_NONE && wallet->coin != NULL &&
	    wallet_form_fits(wallet->text, wallet->coin, sharer))
		wallet->coin = sharer;
}

/* The address behind COIN: what it does not tell itself, the name does. Addresses of Ethereum's
 * form are those of many coins, of others' those of two. */
static struct wallet take_named(struct slice login, size_t colon)
{
	const char *coin = wallet_form_coin(slice_head(login, colon));
	struct wallet wallet = take_address(slice_tail(login, colon + 1));

	if (coin == NULL)
		return wallet;
	if (wallet.check == WALLET_NONE && wallet.text.len >= NAMED_ADDRESS_LEAST)
		wallet.check = WALLET_UNVERIFIED;
	if (wallet.check != WALLET_NONE && (wallet.coin == NULL || strcmp(wallet.coin, "ETH") == 0))
		wallet.coin = coin;
	else
		wallet_name(&wallet, coin);
	return wallet;
}

struct wallet wallet_parse(struct slice login)
{
	login = trim(login);
	struct wallet wallet = take_address(login);
	size_t colon = slice_find(login, ':');

	if (wallet.check == WALLET_NONE && is_coin_name(slice_head(login, colon)) &&
	    colon < login.len) {
		struct slice after = slice_tail(login, colon + 1);
		struct wallet inner = take_named(login, colon);

		if (inner.check != WALLET_NONE) {
			wallet = inner;
			login = after;
		}
	}
	if (wallet.check == WALLET_NONE && take_email_account(&wallet, login))
		return wallet;
	take_rest(&wallet, slice_tail(login, wallet.text.len));
	return wallet;
}

/* Where a part of the login string is; an empty one may be nowhere. */
static struct wallet_part part_of(struct slice login, struct slice part)
{
	size_t at = part.len > 0 ? (size_t)(part.ptr - login.ptr) : 0;

	return (struct wallet_part){ .at = (uint16_t)at, .len = (uint16_t)part.len };
}

static struct slice part_at(struct slice login, struct wallet_part part)
{
	return slice_sub(login, part.at, part.len);
}

struct wallet wallet_parse_again(struct slice login, struct wallet_memo *memo)
{
	uint64_t hash = slice_hash(login);

	if (memo->hash == hash && memo->len == login.len)
		return (struct wallet){ .check = (enum wallet_check)memo->check,
					.coin = memo->coin,
					.text = part_at(login, memo->text),
					.worker = part_at(login, memo->worker),
					.email = part_at(login, memo->email) };
	struct wallet wallet = wallet_parse(login);

	if (login.len <= UINT16_MAX)
		*memo = (struct wallet_memo){ .hash = hash,
					      .len = (uint16_t)login.len,
					      .check = (uint8_t)wallet.check,
					      .coin = wallet.coin,
					      .text = part_of(login, wallet.text),
					      .worker = part_of(login, wallet.worker),
					      .email = part_of(login, wallet.email) };
	return wallet;
}

const char *wallet_sharer(struct slice name)
{
	return wallet_form_sharer(name);
}

struct wallet wallet_check_address(struct slice address)
{
	struct wallet_form form = wallet_form_of(address);

	return (struct wallet){ .check = form.check, .coin = form.coin, .text = address };
}
