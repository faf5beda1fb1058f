/* price.c: the price file: read, sorted, searched. */
#include "sensor/trail/price.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/printable.h"

#define WORD_BYTES  64
#define NOTE_BYTES  256
#define SHOWN_BYTES 96
#define WHOLE_MAX   10000 /* USD per hour */
#define DECIMALS    6

struct price_row {
	char region[WORD_BYTES];
	char type[WORD_BYTES];
	double usd;
	unsigned line;
};

struct price_list {
	struct price_row *rows; /* by region, then type */
	size_t count;
	size_t room;
	char source[NOTE_BYTES];
	char date[NOTE_BYTES];
};

/* --- search --------------------------------------------------------------------------------- */

static int compare_words(const char *region, const char *type, const struct price_row *row)
{
	int order = strcmp(region, row->region);

	return order != 0 ? order : strcmp(type, row->type);
}

static int compare_rows(const void *a, const void *b)
{
	const struct price_row *x = a;
	int order = compare_words(x->region, x->type, b);

	if (order == 0)
		order = x->line < ((const struct price_row *)b)->line ? -1 : 1;
	return order;
}

static const struct price_row *find_row(const struct price_list *self, const char *region,
					const char *type)
{
	size_t low = 0;
	size_t high = self->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_words(region, type, &self->rows[middle]);

		if (order == 0)
			return &self->rows[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool price_find(const struct price_list *self, const char *region, const char *type, double *usd)
{
	const char *const words[][2] = {
		{ region, type }, { "*", type }, { region, "*" }, { "*", "*" }
	};

	for (size_t i = 0; self != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
		const struct price_row *row = find_row(self, words[i][0], words[i][1]);

		if (row != NULL) {
			*usd = row->usd;
			return true;
		}
	}
	return false;
}

const char *price_source(const struct price_list *self)
{
	return self != NULL ? self->source : "";
}

const char *price_date(const struct price_list *self)
{
	return self != NULL ? self->date : "";
}

size_t price_count(const struct price_list *self)
{
	return self != NULL ? self->count : 0;
}

/* --- one line ------------------------------------------------------------------------------- */

static int refuse(char error[PRICE_ERROR_TEXT], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(char error[PRICE_ERROR_TEXT], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(error, PRICE_ERROR_TEXT, format, args);
	va_end(args);
	return -EINVAL;
}

static char *skip_blanks(char *text)
{
	return text + strspn(text, " \t");
}

/* Cuts the word at the blank that follows; *rest is what comes then. */
static char *cut_word(char *text, char **rest)
{
	char *end = text + strcspn(text, " \t");

	*rest = skip_blanks(end);
	*end = '\0';
	return text;
}

/* Digits, and up to six after a point, whatever the locale. */
static bool read_price(const char *text, double *usd)
{
	uint64_t whole = 0;
	uint64_t micro = 0;
	unsigned decimals = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text) && whole <= WHOLE_MAX; text++)
		whole = whole * 10 + (uint64_t)(*text - '0');
	if (*text == '.') {
		text++;
		for (; isdigit((unsigned char)*text) && decimals < DECIMALS; text++, decimals++)
			micro = micro * 10 + (uint64_t)(*text - '0');
		if (decimals == 0)
			return false;
	}
	for (; decimals < DECIMALS; decimals++)
		micro *= 10;
	micro += whole * 1000000;
	*usd = (double)micro / 1e6;
	return *text == '\0' && micro > 0 && whole <= WHOLE_MAX;
}

static bool is_word(const char *text)
{
	if (text[0] == '\0' || strlen(text) >= WORD_BYTES)
		return false;
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) && strchr("*._-", *text) == NULL)
			return false;
	return true;
}

static int add_row(struct price_list *self, const struct price_row *row,
		   char error[PRICE_ERROR_TEXT])
{
	if (self->count == PRICE_ROWS)
		return refuse(error, "more than %u rows", PRICE_ROWS);
	if (self->count == self->room) {
		size_t room = self->room == 0 ? 64 : self->room * 2;
		struct price_row *rows = realloc(self->rows, room * sizeof(*rows));

		if (rows == NULL) {
			(void)refuse(error, "out of memory");
			return -ENOMEM;
		}
		self->rows = rows;
		self->room = room;
	}
	self->rows[self->count++] = *row;
	return 0;
}

static int read_row(struct price_list *self, char *line, unsigned number,
		    char error[PRICE_ERROR_TEXT])
{
	struct price_row row = { .line = number };
	char *rest;
	char *region = cut_word(line, &rest);
	char *type = cut_word(rest, &rest);
	char *usd = cut_word(rest, &rest);

	if (usd[0] == '\0' || rest[0] != '\0')
		return refuse(error, "must be: region, type, USD per hour");
	if (!is_word(region))
		return refuse(error, "no name of a region");
	if (!is_word(type))
		return refuse(error, "no name of an instance type");
	if (!read_price(usd, &row.usd))
		return refuse(error, "the price must be a decimal number above 0, at most %u",
			      WHOLE_MAX);
	memcpy(row.region, region, strlen(region) + 1);
	memcpy(row.type, type, strlen(type) + 1);
	return add_row(self, &row, error);
}

/* "source: ..." and "date: ..."; a row's first word has no colon. */
static int read_note(struct price_list *self, const char *name, const char *value,
		     char error[PRICE_ERROR_TEXT])
{
	char *note = strcmp(name, "source:") == 0 ? self->source
		     : strcmp(name, "date:") == 0 ? self->date
						  : NULL;

	if (note == NULL)
		return refuse(error, "must be source:, date: or a row");
	if (value[0] == '\0' || strlen(value) >= NOTE_BYTES)
		return refuse(error, "must have a text of at most %d bytes", NOTE_BYTES - 1);
	if (note[0] != '\0')
		return refuse(error, "said before");
	memcpy(note, value, strlen(value) + 1);
	return 0;
}

static int read_line(struct price_list *self, char *line, size_t len, unsigned number,
		     char error[PRICE_ERROR_TEXT])
{
	char *rest;
	size_t word;

	if (memchr(line, '\0', len) != NULL)
		return refuse(error, "holds a NUL byte");
	line[strcspn(line, "#")] = '\0';
	len = strlen(line);
	while (len > 0 && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	line = skip_blanks(line);
	word = strcspn(line, " \t");
	if (word == 0)
		return 0;
	if (line[word - 1] != ':')
		return read_row(self, line, number, error);
	line = cut_word(line, &rest);
	return read_note(self, line, rest, error);
}

/* --- the file ------------------------------------------------------------------------------- */

/* Reads until the end or the first bad line; *number is its number. */
static int read_lines(struct price_list *self, FILE *file, unsigned *number,
		      char error[PRICE_ERROR_TEXT])
{
	char line[PRICE_LINE_BYTES];
	size_t len = 0;
	int result = 0;
	int byte;

	*number = 1;
	while (result == 0 && (byte = getc(file)) != EOF) {
		if (byte == '\n') {
			line[len] = '\0';
			result = read_line(self, line, len, *number, error);
			len = 0;
			*number += result == 0;
		} else if (len + 1 == sizeof(line)) {
			result = refuse(error, "longer than %u bytes", PRICE_LINE_BYTES - 1);
		} else {
			line[len++] = (char)byte;
		}
	}
	if (result == 0 && ferror(file) != 0) {
		(void)refuse(error, "cannot be read");
		return -EIO;
	}
	line[len] = '\0';
	return result != 0 || len == 0 ? result : read_line(self, line, len, *number, error);
}

/* One price for one thing: which of two would hold is nobody's guess. */
static int check_rows(struct price_list *self, unsigned *number, char error[PRICE_ERROR_TEXT])
{
	if (self->count > 1)
		qsort(self->rows, self->count, sizeof(*self->rows), compare_rows);
	for (size_t i = 1; i < self->count; i++) {
		const struct price_row *row = &self->rows[i];

		if (compare_words(row->region, row->type, row - 1) != 0)
			continue;
		*number = row->line;
		return refuse(error, "%s %s has a price already in line %u", row->region, row->type,
			      (row - 1)->line);
	}
	return 0;
}

static FILE *open_list(const char *path)
{
	if (path != NULL)
		return fopen(path, "re");
	/* Only read: the mode says so. */
	return fmemopen((void *)(uintptr_t)prices_default_text, prices_default_len, "r");
}

int price_list_load(struct price_list **out, const char *path, char error[PRICE_ERROR_TEXT])
{
	struct price_list *self = calloc(1, sizeof(*self));
	char shown[SHOWN_BYTES];
	char why[PRICE_ERROR_TEXT] = "";
	unsigned number = 0;
	FILE *file;
	int result;

	*out = NULL;
	printable_text(path != NULL ? path : "built-in prices", shown, sizeof(shown));
	if (self == NULL) {
		(void)refuse(error, "%s: out of memory", shown);
		return -ENOMEM;
	}
	file = open_list(path);
	if (file == NULL) {
		result = -errno;
		(void)refuse(error, "%s: %s", shown, strerror(-result));
		free(self);
		return result;
	}
	result = read_lines(self, file, &number, why);
	if (result == 0)
		result = check_rows(self, &number, why);
	(void)fclose(file);
	if (result != 0) {
		(void)refuse(error, "%s:%u: %.150s", shown, number, why);
		price_list_free(self);
		return result;
	}
	*out = self;
	return 0;
}

void price_list_free(struct price_list *self)
{
	if (self == NULL)
		return;
	free(self->rows);
	free(self);
}
