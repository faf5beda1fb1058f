/* lists_keeper.h: loads the lists of the configuration at the start, and again on SIGHUP.
 *
 * Loading again is done in a thread of its own: nobody who reads packets waits. When a file cannot
 * be read or has a bad line, the lists in use stay, and the log says which line. */
#ifndef SENSOR_LISTS_KEEPER_H
#define SENSOR_LISTS_KEEPER_H

#include "sensor/config.h"
#include "sensor/lists.h"

struct lists_keeper;

/* Loads what config names (`lists`, `endpoints`, `default-lists`); config must outlive it.
 * slot_count: of the board. 0, or a negative errno with error filled. */
int lists_keeper_new(struct lists_keeper **out, const struct config *config, size_t slot_count,
		     char error[LISTS_ERROR_TEXT]);

/* Where readers find the lists. Lives as long as the keeper. */
struct lists_board *lists_keeper_board(struct lists_keeper *self);

/* Logs what was loaded and starts the thread that waits for SIGHUP. The signal must be blocked in
 * all threads of the process. 0 or a negative errno. */
int lists_keeper_start(struct lists_keeper *self);

/* Ends the thread. No reader may be left. */
void lists_keeper_free(struct lists_keeper *self);

#endif
