/* pattern.c: common beginning and end of names. */
#include "sensor/pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COMMON_MIN 2 /* bytes that make a pattern */

static void begin(struct pattern *self, const char *name, size_t len)
{
	memcpy(self->prefix, name, len);
	memcpy(self->suffix + PATTERN_NAME - len, name, len);
	self->prefix_len = (uint8_t)len;
	self->suffix_len = (uint8_t)len;
	self->shortest = (uint8_t)len;
	self->longest = (uint8_t)len;
}

void pattern_add(struct pattern *self, const char *name)
{
	size_t len = strnlen(name, PATTERN_NAME - 1);
	const char *suffix_end = self->suffix + PATTERN_NAME;
	size_t common = 0;

	if (len == 0)
		return;
	if (self->longest == 0) {
		begin(self, name, len);
		return;
	}
	while (common < self->prefix_len && common < len && name[common] == self->prefix[common])
		common++;
	self->prefix_len = (uint8_t)common;
	common = 0;
	while (common < self->suffix_len && common < len &&
	       name[len - 1 - common] == suffix_end[-1 - (int)common])
		common++;
	self->suffix_len = (uint8_t)common;
	if (len < self->shortest)
		self->shortest = (uint8_t)len;
	if (len > self->longest)
		self->longest = (uint8_t)len;
}

void pattern_text(const struct pattern *self, char out[PATTERN_TEXT])
{
	size_t suffix_len = self->suffix_len;
	const char *suffix;

	if (self->longest == self->prefix_len) { /* all the same, or none */
		(void)snprintf(out, PATTERN_TEXT, "%.*s", (int)self->prefix_len, self->prefix);
		return;
	}
	/* In the shortest name the two may not overlap. */
	if (suffix_len > (size_t)self->shortest - self->prefix_len)
		suffix_len = (size_t)self->shortest - self->prefix_len;
	suffix = self->suffix + PATTERN_NAME - suffix_len;
	while (suffix_len > 0 && isdigit((unsigned char)*suffix)) {
		suffix++;
		suffix_len--;
	}
	if (self->prefix_len + suffix_len < COMMON_MIN)
		(void)snprintf(out, PATTERN_TEXT, "distinct");
	else
		(void)snprintf(out, PATTERN_TEXT, "%.*s*%.*s", (int)self->prefix_len, self->prefix,
			       (int)suffix_len, suffix);
}
