/* report_page.h: headings, facts and tables for a terminal or in Markdown. For report*.c only.
 *
 * All texts are hostile. What is not printable is written \xNN, and so are < and >: a report is
 * pasted into the web form of a support case. In Markdown a text that is more than plain words
 * stands in a code span, where nothing is a link, HTML or emphasis; what could end the span or the
 * cell (` and |) is written \xNN there, too. */
#ifndef TRAIL_REPORT_PAGE_H
#define TRAIL_REPORT_PAGE_H

#include "sensor/trail/report.h"

#define PAGE_COLUMNS    12
#define PAGE_TEXT_BYTES 2304 /* a text of 512 bytes, all escaped, and room */

struct page {
	FILE *out;
	bool is_markdown;
	const char *const *titles; /* of the table that is open */
	unsigned columns;
	char **cells; /* escaped, row by row */
	size_t count;
	size_t room;
	int result; /* -ENOMEM: a table could not be kept; sticky */
};

void page_heading(struct page *self, const char *text);
void page_fact(struct page *self, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void page_note(struct page *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* titles: constant, count of them. Cells follow row by row. */
void page_table(struct page *self, const char *const *titles, unsigned count);
void page_cell(struct page *self, const char *text);
void page_cellf(struct page *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A time of 0 is empty. */
void page_cell_time(struct page *self, uint64_t time_ns);
/* Writes it; a table without rows is a note that there is none. */
void page_table_end(struct page *self);

/* A line that is a program's, as it is: printable, without line feeds. */
void page_code_begin(struct page *self);
void page_code(struct page *self, const char *line);
void page_code_end(struct page *self);

/* The escaped form of one text, for the format. */
void page_escape(bool is_markdown, const char *text, char *out, size_t size);

#endif
