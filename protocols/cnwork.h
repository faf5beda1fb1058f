/* cnwork.h: work of CryptoNote coins, whoever wraps it: the shape of a block, the fields of a job
 * and of a share. */
#ifndef PROTOCOLS_CNWORK_H
#define PROTOCOLS_CNWORK_H

#include "protocols/dialect.h"

/* True when hex digits begin as a block, or its hashing blob, of a CryptoNote chain does: by its
 * version and its time. */
bool cnwork_is_block(struct slice digits);

/* The digits of the previous block's hash in a block; empty when it is none. */
struct slice cnwork_previous(struct slice digits);

/* Reads {"job_id":..,"blob":hex,"target":8h or 16h,"algo":..,"height":N,"seed_hash":64h} into job,
 * work, difficulty and algo (which may point into text). What it proves is by the blob; PROOF_NONE:
 * no job. */
enum proof cnwork_job(const struct json *doc, json_value fields, struct finding *finding,
		      char text[LIMIT_TEXT_BYTES]);

/* Reads {"job_id":..,"nonce":8h,"result":64h} into job, nonce and difficulty. PROOF_NONE: no share;
 * PROOF_LIKELY: it was cut behind the nonce. */
enum proof cnwork_share(const struct json *doc, json_value fields, struct finding *finding);

#endif
