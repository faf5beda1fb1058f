/* fuzz_wallet.c: any login string. Its parts lie inside it, and the address that was found is
 * judged alike when it stands alone. */
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice login = slice_of(bytes, size);
	struct wallet wallet = wallet_parse(login);

	check_inside(wallet.text, login);
	check_inside(wallet.worker, login);
	check_inside(wallet.email, login);
	if (wallet.check != WALLET_NONE) {
		struct wallet alone = wallet_check_address(wallet.text);

		require(wallet.text.len > 0);
		require(alone.check == wallet.check && alone.coin == wallet.coin);
	}
	struct wallet whole = wallet_check_address(login);
	require(whole.check == WALLET_NONE || slice_eq(whole.text, login));
	return 0;
}
