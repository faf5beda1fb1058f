/* inquirer.h: the one thread that asks the outside on behalf of the correlator.
 *
 *	correlator --questions--> inquirer --> inventory files, Redis (a connection of its own)
 *	    ^------- answers --------'
 *
 * It may wait for disks and servers; nothing waits for it live. CloudTrail is minutes late, so an
 * address that nobody knows yet is the normal case: the inquirer keeps such a question for an hour
 * of wall time, asks again when an inventory file changes and Redis every LIMIT_INQUIRY_POLL_S, and
 * answers again when more is known. While Redis is away, questions to it are answered
 * ANSWER_UNREACHABLE at once; identities are asked again when it is back. */
#ifndef SENSOR_INQUIRER_H
#define SENSOR_INQUIRER_H

#include "sensor/config.h"
#include "sensor/question.h"
#include "sensor/ring.h"
#include "sensor/stats.h"

#define INQUIRER_ERROR_TEXT 512

struct inquirer_options {
	/* Borrowed; read: inventory, inventory_max, redis..., redis_prefix,
	 * redis_expire_s. */
	const struct config *config;
	struct ring_bell *bell; /* of the correlator: rung when an answer waits; NULL: none */
	struct stats *stats;    /* the thread's own */
	/* 0: as LIMIT_INQUIRY_POLL_S and LIMIT_IDENTITY_WAIT_S say, files each second. For tests.
	 */
	uint32_t poll_ms;
	uint32_t files_ms;
	uint32_t wait_ms;
};

struct inquirer;

/* Is there anything to ask, by configuration? Without, the correlator needs no inquirer. */
bool inquirer_is_wanted(const struct config *config);

/* Reads the inventory files and resolves the name of Redis, so call it before privileges are given
 * up. A file that cannot be read is an error, Redis away is not. 0 or negative errno with error
 * filled. Files are read again by the thread: its user must be able to. */
int inquirer_new(struct inquirer **out, const struct inquirer_options *options,
		 char error[INQUIRER_ERROR_TEXT]);

/* The thread, given its inquirer, until inquirer_stop(). Returns NULL. */
void *inquirer_run(void *self);

/* Any thread and signal handlers. The thread ends within about 200 ms, whatever it waits for (a
 * file that is being parsed excepted); what was not answered is dropped. */
void inquirer_stop(struct inquirer *self);

/* After the thread ended, or when it never ran. */
void inquirer_free(struct inquirer *self);

/* The functions from here on are for one thread, the correlator's. None blocks but _wait. */

/* False: no room, the question is lost; ask again later. */
bool inquirer_ask(struct inquirer *self, const struct question *question);

/* The oldest answer; false: none waits. */
bool inquirer_next(struct inquirer *self, struct answer *answer);

/* An answer may be waiting: for the last look before sleeping on the bell. */
bool inquirer_has_answer(const struct inquirer *self);

/* Asks and waits: for lossless runs, where events may not depend on who is faster. The answer never
 * comes by inquirer_next(), and there is no second one: an unknown identity is not kept. False:
 * no answer in time; answer is then zeroed with status ANSWER_UNREACHABLE. The thread must run. */
bool inquirer_ask_wait(struct inquirer *self, const struct question *question,
		       struct answer *answer, uint32_t timeout_ms);

/* NAT addresses of the inventory as it was read by inquirer_new(); only before the thread runs. At
 * most max go to out, the count of all is returned. Changes come as ANSWER_NAT by inquirer_next()
 * (and the first set, too, when there is one). */
size_t inquirer_nat_addresses(const struct inquirer *self, char (*out)[LEASE_ADDRESS_TEXT],
			      size_t max);

#endif
