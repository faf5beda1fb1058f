/* fuzz_redis_url.c: a URL of any bytes is understood or refused; what was understood is within its
 * bounds, and its name never holds the password. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sensor/redis_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_place(const struct redis_place *place)
{
	assert(place->host[0] != '\0' && memchr(place->host, '\0', sizeof(place->host)) != NULL);
	assert(place->port[0] >= '1' && place->port[0] <= '9' && strlen(place->port) <= 5);
}

static void check_url(const struct redis_url *url)
{
	assert((url->path[0] == '/') + (url->sentinel_count > 0) + (url->place.host[0] != '\0') ==
	       1);
	assert(url->sentinel_count <= REDIS_SENTINELS);
	assert((url->sentinel_count > 0) == (url->master[0] != '\0'));
	for (size_t i = 0; i < url->sentinel_count; i++)
		check_place(&url->sentinels[i]);
	if (url->place.host[0] != '\0')
		check_place(&url->place);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char text[1024];
	char name[64];
	char error[REDIS_URL_ERROR_TEXT];
	struct redis_url url;
	size_t size = len < sizeof(text) ? len : sizeof(text) - 1;

	memcpy(text, bytes, size);
	text[size] = '\0';
	if (redis_url_parse(text, &url, error) < 0) {
		assert(error[0] != '\0');
		assert(!redis_url_has_password(text));
		return 0;
	}
	assert(error[0] == '\0');
	check_url(&url);
	assert(redis_url_has_password(text) == (url.password[0] != '\0'));
	redis_url_name(&url, name, sizeof(name));
	assert(strlen(name) < sizeof(name));
	return 0;
}
