/* text_cells.c: one cell of a table on a terminal, padded to its column. */
#include "sensor/text_cells.h"

#include <string.h>

#include "protocols/slice.h"

size_t text_cells_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static size_t blanks(char *line, size_t len, size_t count)
{
	memset(line + len, ' ', count);
	return len + count;
}

size_t text_cells_put(char *line, size_t size, size_t len, const char *text, size_t width,
		      enum text_cells_place place)
{
	size_t shown = text_cells_width(text);
	size_t pad = width > shown ? width - shown : 0;
	size_t bytes = strlen(text);

	if (len > size || bytes + pad + TEXT_CELLS_GAP >= size - len)
		return len;
	if (place == TEXT_CELLS_RIGHT)
		len = blanks(line, len, pad);
	len += slice_copy(slice_of(text, bytes), line + len, size - len);
	if (place == TEXT_CELLS_LEFT)
		len = blanks(line, len, pad);
	return place == TEXT_CELLS_LAST ? len : blanks(line, len, TEXT_CELLS_GAP);
}
