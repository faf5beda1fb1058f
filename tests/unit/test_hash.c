/* test_hash.c: SHA-256 and Keccak-256 against published values and at block boundaries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/hash.h"
#include "tests/unit/guard.h"

static struct guard guard;

typedef void hash_function(struct slice in, uint8_t out[HASH_BYTES]);

static void check(hash_function *hash, struct slice in, const char *want)
{
	uint8_t out[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];

	hash(in, out);
	for (size_t i = 0; i < HASH_BYTES; i++)
		snprintf(&hex[2 * i], 3, "%02x", out[i]);
	assert_string_equal(hex, want);
}

static void test_sha256_known_answers(void **state)
{
	(void)state;
	check(hash_sha256, slice_of(NULL, 0),
	      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check(hash_sha256, guard_str(&guard, "abc"),
	      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check(hash_sha256,
	      guard_str(&guard, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
	      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_keccak256_known_answers(void **state)
{
	(void)state;
	check(hash_keccak256, slice_of(NULL, 0),
	      "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
	check(hash_keccak256, guard_str(&guard, "abc"),
	      "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
}

/* So many letters `a`: one before, at and after where a block is full or its padding splits. */
static void test_sha256_block_boundaries(void **state)
{
	static const struct {
		size_t len;
		const char *want;
	} cases[] = {
		{ 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
		{ 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
		{ 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
		{ 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
		{ 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0" },
		{ 119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb" },
		{ 120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c" },
		{ 128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e" },
	};
	static char text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(hash_sha256, guard_put(&guard, text, cases[i].len), cases[i].want);
}

static void test_keccak256_block_boundaries(void **state)
{
	static const struct {
		size_t len;
		const char *want;
	} cases[] = {
		{ 135, "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446" },
		{ 136, "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e" },
		{ 137, "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39" },
		{ 271, "132f47effd6c8b1b299efa53fe68aece77ec8ae4eb2e294f668eec94f76001e1" },
		{ 272, "cf7fcd4f705ee749930d19ca84561a9bf62516bd90a471545fa2f49fdc7e63c8" },
		{ 273, "5a7b8187d2778e614097fac3097573de1fee4d972304d3360796a857029bb176" },
	};
	static char text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(hash_keccak256, guard_put(&guard, text, cases[i].len), cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_known_answers),
		cmocka_unit_test(test_keccak256_known_answers),
		cmocka_unit_test(test_sha256_block_boundaries),
		cmocka_unit_test(test_keccak256_block_boundaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
