/* price.h: USD per hour by region and instance type, from a text file.
 *
 *	source: on-demand price list, Linux
 *	date: 2026-03-05
 *	us-east-1  p3.2xlarge  3.06    # comment
 *	*          m5.large    0.096
 *
 * A region or type of `*` matches any; the most specific row wins: region and type, then type,
 * then region, then neither. A price is a decimal number above 0, up to six decimals. What is not
 * in the file has no price: it is shown as unknown, never as 0. Read once, then constant. */
#ifndef TRAIL_PRICE_H
#define TRAIL_PRICE_H

#include <stdbool.h>
#include <stddef.h>

#define PRICE_ERROR_TEXT 256
#define PRICE_LINE_BYTES 1024
#define PRICE_ROWS       100000

struct price_list;

/* path NULL: the list in the binary (sensor/trail/prices.list). 0 or negative errno with *out NULL;
 * error names file and line. */
int price_list_load(struct price_list **out, const char *path, char error[PRICE_ERROR_TEXT]);
void price_list_free(struct price_list *self);
/* False: not known. self may be NULL. */
bool price_find(const struct price_list *self, const char *region, const char *type, double *usd);

/* What the file says of itself; "" when it does not. Texts of the file: escape them. self may be
 * NULL. */
const char *price_source(const struct price_list *self);
const char *price_date(const struct price_list *self);
size_t price_count(const struct price_list *self);

/* sensor/trail/prices.list, as it is; NUL-terminated, the length without it. */
extern const char prices_default_text[];
extern const size_t prices_default_len;

#endif
