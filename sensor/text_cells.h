/* text_cells.h: one cell of a table on a terminal, padded to its column. */
#ifndef SENSOR_TEXT_CELLS_H
#define SENSOR_TEXT_CELLS_H

#include <stddef.h>

#define TEXT_CELLS_BYTES 512 /* of a cell's text, with the NUL */
#define TEXT_CELLS_GAP   2   /* columns between two cells */

enum text_cells_place {
	TEXT_CELLS_LEFT,
	TEXT_CELLS_RIGHT, /* numbers */
	TEXT_CELLS_LAST   /* of its line: nothing follows */
};

/* Columns on the terminal: characters, not bytes. */
size_t text_cells_width(const char *text);

/* Appends text, filled up to width columns, behind the len bytes of a line with room for size.
 * Returns the new length: the old one when the cell does not fit. Writes no NUL. */
size_t text_cells_put(char *line, size_t size, size_t len, const char *text, size_t width,
		      enum text_cells_place place);

#endif
