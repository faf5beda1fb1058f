/* sv2_frame.h: frames of Stratum V2, as they are inside the encryption or without any.
 *
 *   | extension 2, bit 15: of a channel | type 1 | length 3 | payload |    all little-endian
 *
 * Knows which frames there are, how long each may be and what their fixed parts look like; what
 * they say is stratum_v2.c's. */
#ifndef PROTOCOLS_SV2_FRAME_H
#define PROTOCOLS_SV2_FRAME_H

#include "protocols/dialect.h"

#define SV2_HEADER_BYTES 6

enum sv2_type {
	SV2_SETUP = 0x00,
	SV2_SETUP_SUCCESS = 0x01,
	SV2_SETUP_ERROR = 0x02,
	SV2_ENDPOINT_CHANGED = 0x03,
	SV2_RECONNECT = 0x04,
	SV2_OPEN_STANDARD = 0x10,
	SV2_OPEN_STANDARD_SUCCESS = 0x11,
	SV2_OPEN_ERROR = 0x12,
	SV2_OPEN_EXTENDED = 0x13,
	SV2_OPEN_EXTENDED_SUCCESS = 0x14,
	SV2_NEW_JOB = 0x15,
	SV2_UPDATE_CHANNEL = 0x16,
	SV2_UPDATE_CHANNEL_ERROR = 0x17,
	SV2_CLOSE_CHANNEL = 0x18,
	SV2_SET_EXTRANONCE = 0x19,
	SV2_SUBMIT_STANDARD = 0x1a,
	SV2_SUBMIT_EXTENDED = 0x1b,
	SV2_SUBMIT_SUCCESS = 0x1c,
	SV2_SUBMIT_ERROR = 0x1d,
	SV2_NEW_EXTENDED_JOB = 0x1f,
	SV2_SET_PREV_HASH = 0x20,
	SV2_SET_TARGET = 0x21,
	SV2_SET_CUSTOM_JOB = 0x22,
	SV2_SET_CUSTOM_JOB_SUCCESS = 0x23,
	SV2_SET_CUSTOM_JOB_ERROR = 0x24,
	SV2_SET_GROUP = 0x25,
	SV2_ALLOCATE_TOKEN = 0x50,
	SV2_TEMPLATE_LAST = 0x76
};

struct sv2_frame {
	uint8_t type;      /* enum sv2_type; others are known by their length alone */
	bool is_extension; /* of an extension: type is its own */
	bool is_cut;       /* payload is shorter than length */
	uint32_t length;   /* of the payload, as the header says */
	struct slice payload;
};

/* The frame that begins with the first byte. False: none does, or its fixed parts are wrong. */
bool sv2_read(struct slice in, struct sv2_frame *out);

/* As in struct dialect. Bytes that are no frame are skipped up to two frames in a row of the kinds
 * that mining repeats; a frame that is too long is given by its beginning, and its rest is skipped
 * in the same way. */
enum frame_result sv2_frame(struct json *unused, struct slice in, size_t *skip, size_t *len);

/* As in struct dialect: YES for a connection's first frame, or two in a row of the kinds that
 * mining repeats. */
enum probe_result sv2_probe(struct slice first);

#endif
