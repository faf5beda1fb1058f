/* name_watch.h: the reader's look at DNS answers, where it feeds several workers.
 *
 * The answer and the connection that it leads to may go to different workers, of which one may be
 * ahead of the other. So that events do not depend on who is faster, the reader itself, which has
 * all packets in order, adds the addresses of listed names to the watched ones before any worker
 * gets what comes after. Answers over TCP are left to the workers. One thread. */
#ifndef SENSOR_NAME_WATCH_H
#define SENSOR_NAME_WATCH_H

#include "sensor/lists.h"
#include "sensor/packet.h"
#include "sensor/stats.h"
#include "sensor/watched.h"

struct name_watch;

/* board's slot is the reader's. All are borrowed. NULL: out of memory. */
struct name_watch *name_watch_new(struct lists_board *board, size_t slot, struct watched *watched);
void name_watch_free(struct name_watch *self);

/* Cheap for all that is no answer of DNS. */
void name_watch_packet(struct name_watch *self, const struct packet *packet);

#endif
