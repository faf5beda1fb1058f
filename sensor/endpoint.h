/* endpoint.h: the list of known pool endpoints.
 *
 * Plain text, one entry a line: an IP address, ip:port, [ip6]:port, a CIDR prefix, or
 * stratum+tcp://ip:port (also stratum+ssl://, stratum2+tcp://, tcp://); `#` begins a comment; words
 * after the entry are its tag. Immutable after loading: read by any thread without a lock. */
#ifndef SENSOR_ENDPOINT_H
#define SENSOR_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/limits.h"

#define ENDPOINT_ERROR_TEXT 512

struct endpoint {
	uint8_t addr[16]; /* IPv4 in the first 4 bytes */
	uint8_t ip_version;
	uint8_t prefix_len; /* 32 or 128 for a single address */
	uint16_t port;      /* 0: any */
	uint32_t line;
	char tag[LIMIT_NAME_TEXT]; /* may be empty */
};

struct endpoint_list;

/* Loads all files into one list. 0, or -ENOENT, -EINVAL...; error names file and line. A host name
 * is an error: names are never resolved. The most specific entry wins a match. */
int endpoint_list_load(struct endpoint_list **out, const char *const *paths, size_t count,
		       char error[ENDPOINT_ERROR_TEXT]);
void endpoint_list_free(struct endpoint_list *self);
size_t endpoint_list_size(const struct endpoint_list *self);

/* 1 + index of the entry that matches, 0: none. addr has 4 or 16 bytes. Cheap: once per flow. */
uint32_t endpoint_match(const struct endpoint_list *self, uint8_t ip_version, const uint8_t *addr,
			uint16_t port);
const struct endpoint *endpoint_get(const struct endpoint_list *self, uint32_t index);

#endif
