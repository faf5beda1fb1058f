/* fuzz_wallet.c: any login string. Its parts lie inside it, and the address that was found is
 * judged alike when it stands alone. The name of a coin in front of it may add whose it is. */
#include <stdlib.h>

#include "protocols/wallet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_inside(struct slice part, struct slice whole)
{
	if (part.len == 0)
		return;
	require(part.ptr >= whole.ptr && part.len <= whole.len);
	require((size_t)(part.ptr - whole.ptr) <= whole.len - part.len);
}

static bool is_named(struct slice login, struct slice address)
{
	size_t before = (size_t)(address.ptr - login.ptr);

	return before > 0 && login.ptr[before - 1] == ':';
}

static void check_alone(const struct wallet *wallet, struct slice login)
{
	struct wallet alone = wallet_check_address(wallet->text);

	require(wallet->text.len > 0);
	if (!is_named(login, wallet->text) || wallet->coin == NULL) {
		require(alone.check == wallet->check && alone.coin == wallet->coin);
		return;
	}
	/* a form that we do not know at all is an address only by that name */
	require(alone.check == wallet->check ||
		(alone.check == WALLET_NONE && wallet->check == WALLET_UNVERIFIED));
	require(alone.coin == wallet->coin || alone.coin == NULL || strcmp(alone.coin, "ETH") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice login = slice_of(bytes, size);
	struct wallet wallet = wallet_parse(login);

	check_inside(wallet.text, login);
	check_inside(wallet.worker, login);
	check_inside(wallet.email, login);
	if (wallet.check != WALLET_NONE)
		check_alone(&wallet, login);
	struct wallet whole = wallet_check_address(login);
	require(whole.check == WALLET_NONE || slice_eq(whole.text, login));
	return 0;
}
