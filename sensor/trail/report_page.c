/* report_page.c: headings, facts and tables for a terminal or in Markdown. */
#include "sensor/trail/report_page.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/lease.h"
#include "sensor/printable.h"

#define WIDTH_MAX 40 /* columns a cell is padded to; longer ones push their own line */
#define GAP       2

/* --- escaping ------------------------------------------------------------------------------- */

/* Words, numbers, times, ids, ARNs and paths: nothing that Markdown reads as more than text. */
static bool is_plain(const char *text)
{
	static const char marks[] = " .,:;/()%=+-";

	for (const char *at = text; *at != '\0'; at++)
		if (!isalnum((unsigned char)*at) && strchr(marks, *at) == NULL)
			return false;
	/* What renderers make links of by themselves. */
	return strstr(text, "//") == NULL && strcasestr(text, "www.") == NULL;
}

static bool is_active(bool is_markdown, char byte)
{
	return byte == '<' || byte == '>' || (is_markdown && (byte == '`' || byte == '|'));
}

/* Cuts where it does not fit; a text of TRAIL_TEXT always fits. */
static void put_escaped(bool is_markdown, const char *text, char *out, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t len = 0;

	if (is_markdown)
		out[len++] = '`';
	for (; *text != '\0' && len + 6 < size; text++) {
		if (is_active(is_markdown, *text)) {
			out[len++] = '\\';
			out[len++] = 'x';
			out[len++] = hex[(unsigned char)*text >> 4];
			out[len++] = hex[*text & 15];
		} else {
			out[len++] = *text;
		}
	}
	if (is_markdown)
		out[len++] = '`';
	out[len] = '\0';
}

void page_escape(bool is_markdown, const char *text, char *out, size_t size)
{
	char printable[PAGE_TEXT_BYTES];

	printable_text(text, printable, sizeof(printable));
	if (is_markdown && is_plain(printable))
		(void)snprintf(out, size, "%s", printable);
	else
		put_escaped(is_markdown, printable, out, size);
}

/* --- lines ---------------------------------------------------------------------------------- */

void page_heading(struct page *self, const char *text)
{
	(void)fprintf(self->out, self->is_markdown ? "\n## %s\n\n" : "\n%s\n", text);
}

static void write_line(struct page *self, const char *label, const char *format, va_list args)
{
	char text[PAGE_TEXT_BYTES];
	char escaped[PAGE_TEXT_BYTES];

	(void)vsnprintf(text, sizeof(text), format, args);
	page_escape(self->is_markdown, text, escaped, sizeof(escaped));
	if (label == NULL)
		(void)fprintf(self->out, self->is_markdown ? "%s\n\n" : "  %s\n", escaped);
	else if (self->is_markdown)
		(void)fprintf(self->out, "* %s: %s\n", label, escaped);
	else
		(void)fprintf(self->out, "  %-18s %s\n", label, escaped);
}

void page_fact(struct page *self, const char *label, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(self, label, format, args);
	va_end(args);
}

void page_note(struct page *self, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(self, NULL, format, args);
	va_end(args);
}

void page_code_begin(struct page *self)
{
	if (self->is_markdown)
		(void)fputs("```sh\n", self->out);
}

void page_code(struct page *self, const char *line)
{
	(void)fprintf(self->out, self->is_markdown ? "%s\n" : "  %s\n", line);
}

void page_code_end(struct page *self)
{
	if (self->is_markdown)
		(void)fputs("```\n", self->out);
}

/* --- tables --------------------------------------------------------------------------------- */

static void drop_cells(struct page *self)
{
	for (size_t i = 0; i < self->count; i++)
		free(self->cells[i]);
	free(self->cells);
	self->cells = NULL;
	self->count = 0;
	self->room = 0;
}

void page_table(struct page *self, const char *const *titles, unsigned count)
{
	self->titles = titles;
	self->columns = count;
}

void page_cell(struct page *self, const char *text)
{
	char escaped[PAGE_TEXT_BYTES];

	if (self->result != 0)
		return;
	if (self->count == self->room) {
		size_t room = self->room == 0 ? 256 : self->room * 2;
		char **cells = realloc(self->cells, room * sizeof(*cells));

		if (cells == NULL) {
			self->result = -ENOMEM;
			return;
		}
		self->cells = cells;
		self->room = room;
	}
	page_escape(self->is_markdown, text, escaped, sizeof(escaped));
	self->cells[self->count] = strdup(escaped);
	if (self->cells[self->count] == NULL)
		self->result = -ENOMEM;
	else
		self->count++;
}

void page_cellf(struct page *self, const char *format, ...)
{
	char text[PAGE_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	page_cell(self, text);
}

void page_cell_time(struct page *self, uint64_t time_ns)
{
	char text[LEASE_TIME_TEXT] = "";

	if (time_ns != 0)
		lease_time_text(time_ns, text);
	page_cell(self, text);
}

/* Characters, not bytes. */
static unsigned width_of(const char *text)
{
	unsigned width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void measure(const struct page *self, unsigned widths[PAGE_COLUMNS])
{
	for (unsigned i = 0; i < self->columns; i++)
		widths[i] = width_of(self->titles[i]);
	for (size_t i = 0; i < self->count && self->columns > 0; i++) {
		unsigned width = width_of(self->cells[i]);
		unsigned *widest = &widths[i % self->columns];

		if (width > WIDTH_MAX)
			width = WIDTH_MAX;
		if (width > *widest)
			*widest = width;
	}
}

static void write_row(const struct page *self, const char *const *cells, const unsigned *widths)
{
	(void)fputs(self->is_markdown ? "|" : "  ", self->out);
	for (unsigned i = 0; i < self->columns; i++) {
		unsigned width = width_of(cells[i]);
		unsigned pad = widths[i] > width ? widths[i] - width : 0;

		if (self->is_markdown)
			(void)fprintf(self->out, " %s |", cells[i]);
		else if (i + 1 == self->columns)
			(void)fputs(cells[i], self->out);
		else
			(void)fprintf(self->out, "%s%*s", cells[i], (int)(pad + GAP), "");
	}
	(void)fputc('\n', self->out);
}

void page_table_end(struct page *self)
{
	unsigned widths[PAGE_COLUMNS];

	if (self->result == 0 && self->count == 0)
		page_note(self, "none");
	if (self->result == 0 && self->count > 0) {
		measure(self, widths);
		write_row(self, self->titles, widths);
		if (self->is_markdown) {
			(void)fputc('|', self->out);
			for (unsigned i = 0; i < self->columns; i++)
				(void)fputs(" --- |", self->out);
			(void)fputc('\n', self->out);
		}
		for (size_t i = 0; i + self->columns <= self->count; i += self->columns)
			write_row(self, (const char *const *)self->cells + i, widths);
	}
	drop_cells(self);
}
