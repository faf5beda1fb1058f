/* fuzz_price.c: a price file of any bytes is loaded or refused with file and line; a price that was
 * loaded is above 0 and finite, and what is not priced stays as it was. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sensor/trail/price.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_prices(const struct price_list *prices)
{
	static const char *const words[] = { "us-east-1", "p3.2xlarge", "a", "x", "*", "" };
	const size_t count = sizeof(words) / sizeof(words[0]);

	assert(strlen(price_source(prices)) < 256);
	assert(strlen(price_date(prices)) < 256);
	for (size_t i = 0; i < count * count; i++) {
		double usd = -1;

		if (price_find(prices, words[i / count], words[i % count], &usd))
			assert(isfinite(usd) && usd > 0 && price_count(prices) > 0);
		else
			assert(usd < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char error[PRICE_ERROR_TEXT];
	struct price_list *prices;
	char path[64];
	int fd = memfd_create("prices", MFD_CLOEXEC);

	if (fd < 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, bytes, len) == (ssize_t)len) {
		if (price_list_load(&prices, path, error) == 0) {
			check_prices(prices);
			price_list_free(prices);
		} else {
			assert(prices == NULL);
			assert(strncmp(error, path, strlen(path)) == 0);
			assert(error[strlen(path)] == ':');
		}
	}
	close(fd);
	return 0;
}
