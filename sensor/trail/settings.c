/* settings.c: the thresholds of the detections, one table. */
#include "sensor/trail/settings.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/printable.h"
#include "sensor/trail/detect.h"

#define LINE_BYTES 4096
#define LIST_MAX   10000
#define SHOWN_TEXT 96

struct row {
	const char *name;
	size_t offset;
	bool is_duration;
	uint64_t dflt, min, max;
	const char *help;
};

static const struct row rows[] = {
#define SETTINGS_ROW(name, field, is_duration, dflt, min, max, help) \
	{ name, offsetof(struct settings, field), is_duration, dflt, min, max, help },
	SETTINGS(SETTINGS_ROW)
#undef SETTINGS_ROW
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static uint64_t *field_of(const struct settings *self, const struct row *row)
{
	return (uint64_t *)(void *)((char *)(uintptr_t)self + row->offset);
}

void settings_init(struct settings *self)
{
	memset(self, 0, sizeof(*self));
	for (size_t i = 0; i < ROWS; i++)
		*field_of(self, &rows[i]) = rows[i].dflt;
}

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void settings_fini(struct settings *self)
{
	free_list(self->regions, self->region_count);
	free_list(self->types, self->type_count);
	free_list(self->networks, self->network_count);
	memset(self, 0, sizeof(*self));
}

/* 90, 90s, 15m, 2h, 3d. False: something else. */
static bool read_number(const char *text, bool is_duration, uint64_t *out)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno != 0 || *out > UINT64_MAX / 86400)
		return false;
	if (*end == '\0')
		return true;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (is_duration && *end == units[i].unit && end[1] == '\0') {
			*out *= units[i].seconds;
			return true;
		}
	return false;
}

static int add_to_list(char ***list, size_t *count, const char *value, char why[SETTINGS_WHY])
{
	char **grown;
	char *copy;

	(void)snprintf(why, SETTINGS_WHY, "out of memory, or too many");
	if (*count >= LIST_MAX)
		return -EINVAL;
	grown = realloc(*list, (*count + 1) * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	*list = grown;
	copy = strdup(value);
	if (copy == NULL)
		return -ENOMEM;
	grown[(*count)++] = copy;
	return 0;
}

static int disable_rule(struct settings *self, const char *value, char why[SETTINGS_WHY])
{
	uint64_t sid;

	if (read_number(value, false, &sid))
		for (unsigned i = 0; i < RULE_COUNT; i++)
			if (rules[i].sid == sid) {
				self->disabled |= UINT64_C(1) << i;
				return 0;
			}
	(void)snprintf(why, SETTINGS_WHY, "disable: no such signature id");
	return -EINVAL;
}

static int set_row(struct settings *self, const struct row *row, const char *value,
		   char why[SETTINGS_WHY])
{
	const char *unit = row->is_duration ? " seconds (or 15m, 2h, 3d)" : "";
	uint64_t number;

	if (!read_number(value, row->is_duration, &number) || number < row->min ||
	    number > row->max) {
		(void)snprintf(why, SETTINGS_WHY, "%s: must be from %" PRIu64 " to %" PRIu64 "%s",
			       row->name, row->min, row->max, unit);
		return -EINVAL;
	}
	*field_of(self, row) = number;
	return 0;
}

int settings_set(struct settings *self, const char *name, const char *value, char why[SETTINGS_WHY])
{
	char shown[SHOWN_TEXT];

	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return set_row(self, &rows[i], value, why);
	if (strcmp(name, "disable") == 0)
		return disable_rule(self, value, why);
	if (strcmp(name, "known-region") == 0)
		return add_to_list(&self->regions, &self->region_count, value, why);
	if (strcmp(name, "known-type") == 0)
		return add_to_list(&self->types, &self->type_count, value, why);
	if (strcmp(name, "known-address") == 0)
		return add_to_list(&self->networks, &self->network_count, value, why);
	printable_text(name, shown, sizeof(shown));
	(void)snprintf(why, SETTINGS_WHY, "%s: no such setting", shown);
	return -EINVAL;
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

/* One line; its comment is cut off. */
static int read_line(struct settings *self, char *line, char why[SETTINGS_WHY])
{
	char *colon;

	line[strcspn(line, "#")] = '\0';
	line = trim(line);
	if (line[0] == '\0')
		return 0;
	colon = strchr(line, ':');
	if (colon == NULL) {
		(void)snprintf(why, SETTINGS_WHY, "must be `name: value`");
		return -EINVAL;
	}
	*colon = '\0';
	return settings_set(self, trim(line), trim(colon + 1), why);
}

int settings_read(struct settings *self, const char *path, char why[SETTINGS_WHY])
{
	FILE *file = fopen(path, "re");
	char line[LINE_BYTES];
	char shown[SHOWN_TEXT];
	char reason[SETTINGS_WHY] = "";
	unsigned number = 0;
	int result = 0;

	printable_text(path, shown, sizeof(shown));
	if (file == NULL) {
		result = -errno;
		(void)snprintf(why, SETTINGS_WHY, "%s: %s", shown, strerror(-result));
		return result;
	}
	while (result == 0 && fgets(line, sizeof(line), file) != NULL) {
		number++;
		result = read_line(self, line, reason);
	}
	if (result == 0 && ferror(file) != 0) {
		result = -EIO;
		(void)snprintf(reason, sizeof(reason), "cannot be read");
	}
	(void)fclose(file);
	if (result != 0)
		(void)snprintf(why, SETTINGS_WHY, "%s:%u: %.128s", shown, number, reason);
	return result;
}

void settings_print(const struct settings *self)
{
	for (size_t i = 0; i < ROWS; i++)
		printf("# %s\n%s: %" PRIu64 "%s\n", rows[i].help, rows[i].name,
		       *field_of(self, &rows[i]), rows[i].is_duration ? "s" : "");
}
