/* fuzz_endpoint.c: an endpoint list of any bytes is loaded or refused with file and line; whatever
 * was loaded matches itself. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sensor/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_entries(const struct endpoint_list *list)
{
	for (uint32_t i = 0; i < endpoint_list_size(list); i++) {
		const struct endpoint *entry = endpoint_get(list, i);
		uint16_t port = entry->port != 0 ? entry->port : 1;
		uint32_t found = endpoint_match(list, entry->ip_version, entry->addr, port);
		const struct endpoint *best;

		assert(entry->ip_version == 4 || entry->ip_version == 6);
		assert(entry->prefix_len <= (entry->ip_version == 4 ? 32 : 128));
		assert(memchr(entry->tag, '\0', sizeof(entry->tag)) != NULL);
		assert(found > 0 && found <= endpoint_list_size(list));
		best = endpoint_get(list, found - 1);
		assert(best->prefix_len >= entry->prefix_len);
		assert(entry->port == 0 || found == i + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char error[ENDPOINT_ERROR_TEXT];
	struct endpoint_list *list;
	char path[64];
	const char *paths[] = { path };
	int fd = memfd_create("endpoints", MFD_CLOEXEC);

	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, bytes, len) == (ssize_t)len) {
		if (endpoint_list_load(&list, paths, 1, error) == 0) {
			check_entries(list);
			endpoint_list_free(list);
		} else {
			assert(list == NULL);
			assert(strncmp(error, path, strlen(path)) == 0);
			assert(error[strlen(path)] == ':');
		}
	}
	close(fd);
	return 0;
}
