/* text_campaign.h: campaigns on a terminal: a line as one is raised or has grown, and a closing
 * table.
 *
 * Capped: further campaigns are counted. For one thread. */
#ifndef SENSOR_TEXT_CAMPAIGN_H
#define SENSOR_TEXT_CAMPAIGN_H

#include "sensor/event.h"
#include "sensor/text_table.h"

#define TEXT_CAMPAIGN_ROWS 1024

struct text_campaigns;

/* NULL: out of memory or of random bytes. */
struct text_campaigns *text_campaigns_new(void);
void text_campaigns_free(struct text_campaigns *self);

/* Takes the newest values of a campaign that has been raised; others are ignored. */
void text_campaigns_take(struct text_campaigns *self, const struct decision_campaign *campaign);

size_t text_campaigns_rows(const struct text_campaigns *self);
/* Events of campaigns that found no room. */
uint64_t text_campaigns_left_out(const struct text_campaigns *self);

/* "Cryptocurrency mining campaign [1600030 confirmed]  20 hosts  wallet ...": at most
 * TEXT_TABLE_LINE bytes with the NUL, escaped. Returns the length. */
size_t text_campaign_line(const struct decision_campaign *campaign, char *line);

/* Calls line for each line, header first, rows by their first sight. is_short: keys are shortened.
 * Stops at the first error of line and returns it. -ENOMEM. */
int text_campaigns_write(const struct text_campaigns *self, bool is_short,
			 int (*line)(void *ctx, const char *text, size_t len), void *ctx);

#endif
