/* fuzz_trail_split.c: bytes of any kind, in pieces of any size, give the same objects; an object is
 * never longer than allowed and begins and ends with its braces. */
#include <assert.h>
#include <string.h>

#include "sensor/siphash.h"
#include "sensor/trail/split.h"

#define MAX_ELEMENT 512

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int note(void *ctx, enum split_list list, const char *bytes, size_t len, const char *why)
{
	uint64_t *sum = ctx;
	uint64_t parts[3] = { *sum, (uint64_t)list, 0 };

	if (bytes != NULL) {
		assert(why == NULL);
		assert(len >= 2 && len <= MAX_ELEMENT);
		assert(bytes[0] == '{' && bytes[len - 1] == '}');
		parts[2] = siphash_id(bytes, len);
	} else {
		assert(why != NULL);
		parts[2] = siphash_id(why, strlen(why));
	}
	*sum = siphash_id(parts, sizeof(parts));
	return 0;
}

static uint64_t cut_in(const char *bytes, size_t len, size_t piece)
{
	uint64_t sum = 0;
	struct split *split = split_new(MAX_ELEMENT, note, &sum);

	assert(split != NULL);
	for (size_t at = 0; at < len; at += piece)
		assert(split_feed(split, bytes + at, len - at < piece ? len - at : piece) == 0);
	assert(split_end(split) == 0);
	split_free(split);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	size_t piece = len > 0 ? 1 + bytes[0] % 32u : 1;
	const char *text = (const char *)bytes;
	uint64_t whole = cut_in(text, len, len > 0 ? len : 1);

	assert(cut_in(text, len, piece) == whole);
	assert(cut_in(text, len, 1) == whole);
	return 0;
}
