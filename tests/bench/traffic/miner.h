/* miner.h: one mining session, packet by packet, in one of three dialects.
 *
 *	SYN, SYN ACK, ACK, login and answers ... jobs, shares, keep-alives ... FIN, FIN, ACK
 *
 * Miners are 172.16.0.0/12 and their pools 203.0.113.0/24, which nobody else is; wallets are those
 * of documentation. */
#ifndef BENCH_TRAFFIC_MINER_H
#define BENCH_TRAFFIC_MINER_H

#include "writer.h"

enum miner_due { DUE_JOB, DUE_SHARE, DUE_KEEP, MINER_DUES };

struct miner {
	struct talk talk;
	uint32_t number;
	uint32_t request; /* id of the last one */
	uint32_t job;
	uint32_t shares; /* accepted so far */
	uint32_t step;
	const char *reply; /* the pool owes it; NULL: none */
	bool is_share;     /* what it answers */
	bool owes_ack;     /* the miner does */
	uint8_t closing;   /* FINs and the last ACK that were sent */
	uint64_t due_us[MINER_DUES];
	uint64_t ends_us;
};

void miner_begin(struct writer *writer, struct miner *self, uint32_t number, uint64_t ends_us);

/* Writes the packet of now, writer->time_us, and returns the time of the next; 0: that was all. */
uint64_t miner_step(struct writer *writer, struct miner *self);

#endif
