/* redis_map.c: slots of keys, and what a cluster says about its slots. */
#include "sensor/redis_map.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

/* CRC16 XMODEM: polynomial 0x1021, beginning with 0; "123456789" gives 0x31c3. By half bytes: a key
 * has some fifty of them. */
static uint16_t crc16(const char *bytes, size_t len)
{
	static const uint16_t table[16] = { 0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5,
					    0x60c6, 0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b,
					    0xc18c, 0xd1ad, 0xe1ce, 0xf1ef };
	uint16_t crc = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte = (uint8_t)bytes[i];

		crc = (uint16_t)((uint16_t)(crc << 4) ^ table[(crc >> 12) ^ (byte >> 4)]);
		crc = (uint16_t)((uint16_t)(crc << 4) ^ table[(crc >> 12) ^ (byte & 15)]);
	}
	return crc;
}

unsigned redis_slot(const char *key, size_t len)
{
	const char *open = memchr(key, '{', len);
	const char *close = NULL;

	if (open != NULL)
		close = memchr(open + 1, '}', len - (size_t)(open + 1 - key));
	if (close != NULL && close > open + 1)
		return crc16(open + 1, (size_t)(close - open - 1)) % REDIS_SLOTS;
	return crc16(key, len) % REDIS_SLOTS;
}

static bool is_word(const struct redis_word *word, const char *text)
{
	return word->len == strlen(text) && memcmp(word->bytes, text, word->len) == 0;
}

bool redis_command_key(const char *bytes, size_t len, struct redis_word *key)
{
	struct redis_words words = { bytes, len };
	struct redis_word name;
	size_t count;
	size_t skipped;

	if (redis_words_begin(&words, &count) < 0 || redis_words_next(&words, &name) < 0 ||
	    is_word(&name, "PUBLISH"))
		return false;
	skipped = is_word(&name, "EVAL") ? 2 : 0; /* the script, how many keys */
	for (size_t i = 0; i < skipped; i++)
		if (redis_words_next(&words, key) < 0)
			return false;
	return redis_words_next(&words, key) == 0;
}

bool redis_place_equals(const struct redis_place *a, const struct redis_place *b)
{
	return strcmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

/* A host without a name is the one that was asked. */
static bool set_place(struct redis_place *out, const char *host, size_t host_len, long long port,
		      const struct redis_place *from)
{
	if (host_len >= sizeof(out->host) || memchr(host, '\0', host_len) != NULL || port < 1 ||
	    port > 65535)
		return false;
	if (host_len == 0)
		(void)snprintf(out->host, sizeof(out->host), "%s", from->host);
	else
		(void)snprintf(out->host, sizeof(out->host), "%.*s", (int)host_len, host);
	(void)snprintf(out->port, sizeof(out->port), "%u", (unsigned)port);
	return out->host[0] != '\0';
}

/* The master's index; it may be new. */
static int add_master(struct redis_map *self, const redisReply *node,
		      const struct redis_place *from)
{
	const redisReply *host;
	struct redis_place place;

	if (node->type != REDIS_REPLY_ARRAY || node->elements < 2 ||
	    node->element[1]->type != REDIS_REPLY_INTEGER)
		return -EBADMSG;
	host = node->element[0];
	if (!set_place(&place, host->type == REDIS_REPLY_STRING ? host->str : "",
		       host->type == REDIS_REPLY_STRING ? (size_t)host->len : 0,
		       node->element[1]->integer, from))
		return -EBADMSG;
	for (size_t i = 0; i < self->count; i++)
		if (redis_place_equals(&self->masters[i], &place))
			return (int)i;
	if (self->count == REDIS_MAP_MASTERS)
		return -E2BIG;
	self->masters[self->count] = place;
	return (int)self->count++;
}

/* [first slot, last slot, [host, port, ...] of the master, replicas...] */
static int read_range(struct redis_map *self, const redisReply *range,
		      const struct redis_place *from)
{
	long long first;
	long long last;
	int master;

	if (range->type != REDIS_REPLY_ARRAY || range->elements < 3 ||
	    range->element[0]->type != REDIS_REPLY_INTEGER ||
	    range->element[1]->type != REDIS_REPLY_INTEGER)
		return -EBADMSG;
	first = range->element[0]->integer;
	last = range->element[1]->integer;
	if (first < 0 || last < first || last >= REDIS_SLOTS)
		return -EBADMSG;
	master = add_master(self, range->element[2], from);
	if (master < 0)
		return master;
	memset(self->owners + first, master, (size_t)(last - first + 1));
	return 0;
}

int redis_map_read(struct redis_map *self, const redisReply *reply, const struct redis_place *from)
{
	int error = 0;

	self->count = 0;
	memset(self->owners, REDIS_MAP_NOBODY, sizeof(self->owners));
	if (reply->type != REDIS_REPLY_ARRAY)
		return -EBADMSG;
	for (size_t i = 0; i < reply->elements && error == 0; i++)
		error = read_range(self, reply->element[i], from);
	return error;
}

bool redis_redirect_read(const char *text, const struct redis_place *from, struct redis_place *out)
{
	const char *slot = strchr(text, ' ');
	const char *host = slot != NULL ? strchr(slot + 1, ' ') : NULL;
	const char *colon = host != NULL ? strrchr(host, ':') : NULL;
	long long port = 0;

	if (colon == NULL)
		return false;
	host++;
	for (const char *at = colon + 1; *at >= '0' && *at <= '9' && port <= 65535; at++)
		port = port * 10 + (*at - '0');
	return set_place(out, host, (size_t)(colon - host), port, from);
}
