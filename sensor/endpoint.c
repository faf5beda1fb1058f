/* endpoint.c: the list of known pool endpoints, read once and then only looked up.
 *
 * One open-addressing table of entry numbers, keyed by (IP version, prefix length, masked address,
 * port). A look-up asks for address and port, for the address alone, and then once for each prefix
 * length that occurs, longest first: a handful of probes however long the list is. */
#include "sensor/endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "sensor/cloud.h"
#include "sensor/siphash.h"

#define ENDPOINT_LINE_MAX 1024 /* bytes of one line; longer ones are no endpoint list */
#define ENDPOINT_MAX      (1u << 22)
#define ENDPOINT_BITS     129 /* prefix lengths 0 to 128 */

struct endpoint_list {
	struct endpoint *entries;
	size_t count;
	size_t room;
	uint32_t *slots;   /* 1 + entry, 0: free; at most half full */
	size_t slot_count; /* a power of two */
	struct siphash_key key;
	uint8_t lens[2][ENDPOINT_BITS]; /* prefix lengths of networks, longest first; IPv4, IPv6 */
	size_t len_count[2];
};

/* What is hashed: bytes, no padding. */
struct endpoint_key {
	uint8_t addr[16];
	uint16_t port;
	uint8_t ip_version;
	uint8_t prefix_len;
};

_Static_assert(sizeof(struct endpoint_key) == 20, "the key is hashed as bytes: no padding");

/* Where a line came from, and where to complain. */
struct place {
	const char *path;
	uint32_t line;
	char *error;
};

static const char *const schemes[] = { "stratum+tcp://", "stratum+ssl://", "stratum2+tcp://",
				       "tcp://" };

static __attribute__((format(printf, 2, 3))) int fail(const struct place *place, const char *format,
						      ...)
{
	va_list args;
	int used = snprintf(place->error, ENDPOINT_ERROR_TEXT, "%s:%u: ", place->path, place->line);

	if (used < 0 || used >= ENDPOINT_ERROR_TEXT)
		return -EINVAL;
	va_start(args, format);
	(void)vsnprintf(place->error + used, ENDPOINT_ERROR_TEXT - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

static void mask_addr(const uint8_t *addr, uint8_t ip_version, uint8_t prefix_len, uint8_t out[16])
{
	size_t whole = prefix_len / 8;
	size_t bytes = ip_version == 4 ? 4 : 16;

	memset(out, 0, 16);
	memcpy(out, addr, whole);
	if (whole < bytes)
		out[whole] = (uint8_t)(addr[whole] & ~(0xff >> prefix_len % 8));
}

/* The slot of the entry with this key, or the free one where it belongs. */
static uint32_t *find_slot(const struct endpoint_list *self, const struct endpoint_key *key)
{
	size_t at = (size_t)siphash128(key, sizeof(*key), self->key).h[0];

	for (;; at++) {
		uint32_t *slot = &self->slots[at & (self->slot_count - 1)];
		const struct endpoint *entry;

		if (*slot == 0)
			return slot;
		entry = &self->entries[*slot - 1];
		if (entry->port == key->port && entry->prefix_len == key->prefix_len &&
		    entry->ip_version == key->ip_version &&
		    memcmp(entry->addr, key->addr, sizeof(key->addr)) == 0)
			return slot;
	}
}

static struct endpoint_key entry_key(const struct endpoint *entry)
{
	struct endpoint_key key = { .port = entry->port,
				    .ip_version = entry->ip_version,
				    .prefix_len = entry->prefix_len };

	memcpy(key.addr, entry->addr, sizeof(key.addr));
	return key;
}

static int grow_slots(struct endpoint_list *self)
{
	size_t old_count = self->slot_count;
	uint32_t *old = self->slots;
	size_t wanted = old_count == 0 ? 64 : old_count * 2;
	uint32_t *slots = calloc(wanted, sizeof(*slots));

	if (slots == NULL)
		return -ENOMEM;
	self->slots = slots;
	self->slot_count = wanted;
	for (size_t i = 0; i < old_count; i++) {
		struct endpoint_key key;

		if (old[i] == 0)
			continue;
		key = entry_key(&self->entries[old[i] - 1]);
		*find_slot(self, &key) = old[i];
	}
	free(old);
	return 0;
}

static void note_prefix_len(struct endpoint_list *self, const struct endpoint *entry)
{
	int version = entry->ip_version == 6;
	uint8_t *lens = self->lens[version];
	size_t at = 0;

	if (entry->prefix_len == (version ? 128 : 32))
		return;
	while (at < self->len_count[version] && lens[at] > entry->prefix_len)
		at++;
	if (at < self->len_count[version] && lens[at] == entry->prefix_len)
		return;
	memmove(lens + at + 1, lens + at, self->len_count[version] - at);
	lens[at] = entry->prefix_len;
	self->len_count[version]++;
}

/* A repeated entry is dropped: the first one keeps its line and tag. */
static int add_entry(struct endpoint_list *self, const struct endpoint *entry)
{
	struct endpoint_key key = entry_key(entry);
	uint32_t *slot;

	if (self->slot_count < 2 * (self->count + 1) && grow_slots(self) < 0)
		return -ENOMEM;
	slot = find_slot(self, &key);
	if (*slot != 0)
		return 0;
	if (self->count == self->room) {
		size_t room = self->room == 0 ? 32 : self->room * 2;
		struct endpoint *entries = realloc(self->entries, room * sizeof(*entries));

		if (entries == NULL)
			return -ENOMEM;
		self->entries = entries;
		self->room = room;
	}
	self->entries[self->count++] = *entry;
	*slot = (uint32_t)self->count;
	note_prefix_len(self, entry);
	return 0;
}

static int parse_port(const struct place *place, const char *text, uint16_t *out)
{
	unsigned value = 0;
	size_t len = strlen(text);

	for (size_t i = 0; i < len && i < 6; i++) {
		if (text[i] < '0' || text[i] > '9')
			return fail(place, "bad port \"%.64s\": not a number", text);
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (len == 0 || len > 5 || value == 0 || value > 65535)
		return fail(place, "bad port \"%.64s\": a port is 1 to 65535", text);
	*out = (uint16_t)value;
	return 0;
}

/* Why an address was not one. */
static int fail_address(const struct place *place, const char *text)
{
	bool has_letter = false;

	for (const char *at = text; *at != '\0'; at++)
		if (isalpha((unsigned char)*at) || *at == '_')
			has_letter = true;
	if (has_letter && strchr(text, ':') == NULL)
		return fail(place,
			    "\"%.128s\" is a host name: names are never resolved, give its address",
			    text);
	return fail(place, "\"%.128s\" is not an IP address", text);
}

static int parse_addr(const struct place *place, int family, const char *text, struct endpoint *out)
{
	if (inet_pton(family, text, out->addr) != 1)
		return fail_address(place, text);
	out->ip_version = family == AF_INET ? 4 : 6;
	out->prefix_len = family == AF_INET ? 32 : 128;
	return 0;
}

static int parse_prefix(const struct place *place, char *text, struct endpoint *out)
{
	struct net_prefix prefix;
	uint8_t addr[16];
	char *slash = strchr(text, '/');

	if (net_prefix_parse(text, &prefix) == 0) {
		memcpy(out->addr, prefix.addr, sizeof(out->addr));
		out->ip_version = prefix.ip_version;
		out->prefix_len = prefix.prefix_len;
		return 0;
	}
	*slash = '\0';
	if (inet_pton(AF_INET, text, addr) != 1 && inet_pton(AF_INET6, text, addr) != 1)
		return fail_address(place, text);
	*slash = '/';
	/* The address is one: the length is wrong, or bits are set behind it. */
	size_t digits = strspn(slash + 1, "0123456789");
	unsigned long max = memchr(text, ':', (size_t)(slash - text)) != NULL ? 128 : 32;

	if (digits == 0 || digits > 3 || slash[1 + digits] != '\0' ||
	    (digits > 1 && slash[1] == '0') || strtoul(slash + 1, NULL, 10) > max)
		return fail(place, "bad prefix length \"%.64s\": 0 to %lu", slash + 1, max);
	return fail(place, "\"%.128s\" has bits set behind its prefix", text);
}

/* "[ip6]" or "[ip6]:port". */
static int parse_bracketed(const struct place *place, char *text, struct endpoint *out)
{
	char *end = strchr(text, ']');
	int error;

	if (end == NULL)
		return fail(place, "\"%.128s\" lacks its closing bracket", text);
	*end = '\0';
	error = parse_addr(place, AF_INET6, text + 1, out);
	if (error < 0 || end[1] == '\0')
		return error;
	if (end[1] != ':')
		return fail(place, "\"%.64s\" behind the address is not a port", end + 1);
	return parse_port(place, end + 2, &out->port);
}

static int parse_word(const struct place *place, char *text, struct endpoint *out)
{
	char *colon;
	char *url = strstr(text, "://");
	int error;

	if (url != NULL) {
		size_t i = 0;

		while (i < sizeof(schemes) / sizeof(schemes[0]) &&
		       strncasecmp(text, schemes[i], strlen(schemes[i])) != 0)
			i++;
		if (i == sizeof(schemes) / sizeof(schemes[0]))
			return fail(place, "\"%.64s\" has an unknown scheme", text);
		text = url + 3;
	} else if (strchr(text, '/') != NULL) {
		return parse_prefix(place, text, out);
	}
	colon = strrchr(text, ':');
	if (text[0] == '[') {
		error = parse_bracketed(place, text, out);
	} else if (colon == NULL || strchr(text, ':') != colon) {
		/* No colon: IPv4. Several: IPv6 without a port. */
		error = parse_addr(place, colon == NULL ? AF_INET : AF_INET6, text, out);
	} else {
		*colon = '\0';
		error = parse_addr(place, AF_INET, text, out);
		if (error == 0)
			error = parse_port(place, colon + 1, &out->port);
	}
	if (error == 0 && url != NULL && out->port == 0)
		return fail(place, "a URL needs a port: \"%.128s\"", text);
	return error;
}

static void set_tag(struct endpoint *entry, const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	if (len >= sizeof(entry->tag)) {
		len = sizeof(entry->tag) - 1;
		/* Not within a character of several bytes. */
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(entry->tag, text, len);
	entry->tag[len] = '\0';
}

/* 1: an entry, 0: an empty line or a comment, -EINVAL. */
static int parse_line(const struct place *place, char *text, struct endpoint *out)
{
	char *comment = strchr(text, '#');
	int error;

	memset(out, 0, sizeof(*out));
	out->line = place->line;
	if (comment != NULL)
		*comment = '\0';
	text += strspn(text, " \t\r");
	if (*text == '\0')
		return 0;
	char *rest = text + strcspn(text, " \t\r");

	if (*rest != '\0') {
		*rest++ = '\0';
		rest += strspn(rest, " \t\r");
	}
	error = parse_word(place, text, out);
	if (error < 0)
		return error;
	set_tag(out, rest);
	return 1;
}

/* Reads up to the line feed, which is not stored. 1: a line, 0: end of file, negative errno. */
static int read_line(FILE *file, const struct place *place, char line[ENDPOINT_LINE_MAX + 1])
{
	size_t len = 0;
	int byte;

	while ((byte = getc_unlocked(file)) != EOF && byte != '\n') {
		if (byte == '\0')
			return fail(place, "a NUL byte: not a text file");
		if (len == ENDPOINT_LINE_MAX)
			return fail(place, "the line is longer than %d bytes", ENDPOINT_LINE_MAX);
		line[len++] = (char)byte;
	}
	line[len] = '\0';
	if (byte == EOF && ferror(file)) {
		int error = errno != 0 ? errno : EIO;

		(void)snprintf(place->error, ENDPOINT_ERROR_TEXT, "%s: %s", place->path,
			       strerror(error));
		return -error;
	}
	return byte != EOF || len > 0;
}

static int load_file(struct endpoint_list *self, FILE *file, struct place *place)
{
	char line[ENDPOINT_LINE_MAX + 1];
	struct endpoint entry;
	char *text;
	int got;

	for (place->line = 1; (got = read_line(file, place, line)) > 0; place->line++) {
		text = line;
		if (place->line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
			text += 3;
		got = parse_line(place, text, &entry);
		if (got < 0)
			return got;
		if (got == 0)
			continue;
		if (self->count >= ENDPOINT_MAX) {
			fail(place, "more than %u entries", ENDPOINT_MAX);
			return -ENOSPC;
		}
		if (add_entry(self, &entry) < 0) {
			fail(place, "out of memory");
			return -ENOMEM;
		}
	}
	return got;
}

static int load_path(struct endpoint_list *self, const char *path, char *error)
{
	struct place place = { .path = path, .error = error };
	FILE *file;
	int result;

	errno = 0;
	file = fopen(path, "re");
	if (file == NULL) {
		result = errno;
		(void)snprintf(error, ENDPOINT_ERROR_TEXT, "%s: %s", path, strerror(result));
		return -result;
	}
	result = load_file(self, file, &place);
	(void)fclose(file);
	return result;
}

int endpoint_list_load(struct endpoint_list **out, const char *const *paths, size_t count,
		       char error[ENDPOINT_ERROR_TEXT])
{
	struct endpoint_list *self = calloc(1, sizeof(*self));
	int result = 0;

	*out = NULL;
	error[0] = '\0';
	if (self == NULL || grow_slots(self) < 0) {
		result = -ENOMEM;
		(void)snprintf(error, ENDPOINT_ERROR_TEXT, "endpoint list: out of memory");
		goto done;
	}
	if (getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		result = -errno;
		(void)snprintf(error, ENDPOINT_ERROR_TEXT, "endpoint list: no random bytes");
		goto done;
	}
	for (size_t i = 0; i < count && result == 0; i++)
		result = load_path(self, paths[i], error);
done:
	if (result < 0) {
		endpoint_list_free(self);
		return result;
	}
	*out = self;
	return 0;
}

void endpoint_list_free(struct endpoint_list *self)
{
	if (self == NULL)
		return;
	free(self->entries);
	free(self->slots);
	free(self);
}

size_t endpoint_list_size(const struct endpoint_list *self)
{
	return self->count;
}

uint32_t endpoint_match(const struct endpoint_list *self, uint8_t ip_version, const uint8_t *addr,
			uint16_t port)
{
	int version = ip_version == 6;
	struct endpoint_key key = { .port = port,
				    .ip_version = ip_version,
				    .prefix_len = version ? 128 : 32 };
	uint32_t found;

	if (self->count == 0)
		return 0;
	memcpy(key.addr, addr, version ? 16 : 4);
	found = port != 0 ? *find_slot(self, &key) : 0;
	key.port = 0;
	if (found == 0)
		found = *find_slot(self, &key);
	for (size_t i = 0; found == 0 && i < self->len_count[version]; i++) {
		key.prefix_len = self->lens[version][i];
		mask_addr(addr, ip_version, key.prefix_len, key.addr);
		found = *find_slot(self, &key);
	}
	return found;
}

const struct endpoint *endpoint_get(const struct endpoint_list *self, uint32_t index)
{
	return index < self->count ? &self->entries[index] : NULL;
}
