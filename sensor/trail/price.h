/* price.h: USD per hour by region and instance type, from a text file.
 *
 *	us-east-1  p3.2xlarge  3.06    # comment
 *
 * A region or type of `*` matches any; the most specific row wins. (Owner: report.) */
#ifndef TRAIL_PRICE_H
#define TRAIL_PRICE_H

#include <stdbool.h>
#include <stddef.h>

#define PRICE_ERROR_TEXT 256

struct price_list;

/* 0 or negative errno; error names file and line. */
int price_list_load(struct price_list **out, const char *path, char error[PRICE_ERROR_TEXT]);
void price_list_free(struct price_list *self);
/* False: not known. self may be NULL. */
bool price_find(const struct price_list *self, const char *region, const char *type, double *usd);

#endif
