/* command_line.c: quoting for a POSIX shell, and what the AWS CLI itself makes of a value.
 *
 * In single quotes a shell leaves every byte alone but the quote itself. The CLI then reads
 * file://, fileb:// and (version 1) http:// and https:// values from there, takes a leading dash
 * for an option, and a leading [ or { for JSON: such names are given as --option=value or refused.
 *
 * Reference: POSIX shell command language 2.2.2; AWS CLI user guide, "Loading a parameter from a
 * file", "Specifying parameter values". */
#include "sensor/trail/command_line.h"

#include <string.h>
#include <strings.h>

#include "sensor/jsonw.h"
#include "sensor/trail/limits.h"

/* Texts this long may have been cut: they would name something else. */
#define WHOLE_TEXT (TRAIL_TEXT - 4)

static void put(struct command_line *self, const char *bytes, size_t len)
{
	if (self->is_refused || len >= sizeof(self->text) - self->len) {
		self->is_refused = true;
		return;
	}
	memcpy(self->text + self->len, bytes, len);
	self->len += len;
	self->text[self->len] = '\0';
}

void command_begin(struct command_line *self, const char *words)
{
	self->len = 0;
	self->is_refused = false;
	self->text[0] = '\0';
	put(self, words, strlen(words));
}

void command_words(struct command_line *self, const char *words)
{
	put(self, " ", 1);
	put(self, words, strlen(words));
}

static bool is_printable(const char *text)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t left = strlen(text);

	while (left > 0) {
		size_t len = jsonw_utf8_len(bytes, left);

		if (len == 0 || (len == 1 && (bytes[0] < 0x20 || bytes[0] == 0x7f)) ||
		    (len > 1 && jsonw_is_deceiving(bytes, len)))
			return false;
		bytes += len;
		left -= len;
	}
	return true;
}

static bool is_read_from_elsewhere(const char *text)
{
	static const char *const schemes[] = { "file://", "fileb://", "http://", "https://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

bool command_is_name(const char *value)
{
	/* "?" stands for a text that found no room (names.h). */
	return value[0] != '\0' && strcmp(value, "?") != 0 && strlen(value) < WHOLE_TEXT &&
	       strchr("[{", value[0]) == NULL && is_printable(value) &&
	       !is_read_from_elsewhere(value);
}

/* Plain words need no quotes and are read more easily without. */
static bool is_plain(const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-./:=@%+,";

	return value[strspn(value, letters)] == '\0';
}

static void put_quoted(struct command_line *self, const char *value)
{
	if (!command_is_name(value)) {
		self->is_refused = true;
		return;
	}
	if (is_plain(value)) {
		put(self, value, strlen(value));
		return;
	}
	put(self, "'", 1);
	for (; *value != '\0'; value++)
		put(self, *value == '\'' ? "'\\''" : value, *value == '\'' ? 4 : 1);
	put(self, "'", 1);
}

void command_option(struct command_line *self, const char *option, const char *value)
{
	command_words(self, option);
	put(self, value[0] == '-' ? "=" : " ", 1);
	put_quoted(self, value);
}

void command_value(struct command_line *self, const char *value)
{
	if (value[0] == '-')
		self->is_refused = true;
	put(self, " ", 1);
	put_quoted(self, value);
}
