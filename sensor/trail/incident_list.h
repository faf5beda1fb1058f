/* incident_list.h: lists that grow without a field for their room. For incident*.c only. */
#ifndef TRAIL_INCIDENT_LIST_H
#define TRAIL_INCIDENT_LIST_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/incident.h"
#include "sensor/trail/parts.h"

#define LIST_AT_FIRST 8

/* Room for one more: doubled when count is a power of two. NULL: no memory (items stay). */
static inline void *list_grow(void *items, size_t count, size_t size)
{
	if (count == 0)
		return realloc(items, LIST_AT_FIRST * size);
	if (count < LIST_AT_FIRST || (count & (count - 1)) != 0)
		return items;
	return realloc(items, count * 2 * size);
}

/* list is the address of a list's pointer, of any type. 0 or -ENOMEM. */
static inline int list_add(void *list, size_t *count, const void *value, size_t size)
{
	char *items;

	memcpy(&items, list, sizeof(items));
	items = list_grow(items, *count, size);
	if (items == NULL)
		return -ENOMEM;
	memcpy(items + *count * size, value, size);
	memcpy(list, &items, sizeof(items));
	(*count)++;
	return 0;
}

/* value is a variable. 0 or -ENOMEM. */
#define LIST_ADD(owner, name, value) \
	list_add(&(owner)->name, &(owner)->name##_count, &(value), sizeof((owner)->name[0]))

/* The same for a list of pointers. */
#define LIST_ADD_POINTER(owner, name, value) \
	list_add((void *)&(owner)->name, &(owner)->name##_count, &(value), sizeof(void *))

#define LIST_SORT(owner, name, compare) \
	do { \
		if ((owner)->name##_count > 1) \
			qsort((void *)(owner)->name, (owner)->name##_count, \
			      sizeof((owner)->name[0]), compare); \
	} while (0)

#define LIST_SORT_POINTERS(owner, name, compare) \
	do { \
		if ((owner)->name##_count > 1) \
			qsort((void *)(owner)->name, (owner)->name##_count, sizeof(void *), \
			      compare); \
	} while (0)

/* incident_order.c: total orders, so that nothing depends on that of the records. */
bool incident_alert_before(const struct alert *a, const struct alert *b);
bool incident_finding_before(const struct finding *a, const struct finding *b);
int incident_compare_deeds(const void *a, const void *b); /* struct deed ** */
int incident_compare_ids(const void *a, const void *b);   /* struct incident_instance */
/* Made when there is none. NULL: no memory. */
struct incident_region *incident_get_region(struct incident *self, const char *region);
/* Counts, sorts and tells. 0 or -ENOMEM. */
int incident_finish(struct incident *self, const struct store *store);

/* incident_story.c: the timeline from what the incident holds. 0 or -ENOMEM.
 */
int incident_tell(struct incident *self, const struct store *store);
/* incident_marks.c: the two others, in turn. */
int incident_mark(struct incident *self, const struct store *store);
int incident_blame(struct incident *self);

/* ATT&CK of a call; NULL: none. */
struct deed_technique {
	const char *technique;
	const char *name;
	const char *tactic;
	const char *tactic_name;
};
const struct deed_technique *deed_technique(const struct deed *deed);

#endif
