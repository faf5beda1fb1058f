/* signature.h: the one table of what an alert is called, how severe it is and which ATT&CK tags it
 * carries. Signature ids are part of the event format. */
#ifndef SENSOR_SIGNATURE_H
#define SENSOR_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

enum family {
	FAMILY_SESSION,
	FAMILY_CONTACT,
	FAMILY_HOSTILE,
	FAMILY_ENCRYPTED,
	FAMILY_CAMPAIGN,
	FAMILY_NODE
};

enum {
	SID_SESSION = 1600001,
	SID_LOGIN = 1600002,
	SID_ENDPOINT = 1600010,
	SID_LOOKUP = 1600011,
	SID_NAMED = 1600012,
	SID_RESOLVED = 1600013,
	SID_HOSTILE = 1600014,
	SID_KEY_LEAK = 1600015,
	SID_CAMPAIGN = 1600030,
	SID_NODE = 1600040
};

struct signature {
	uint32_t sid;
	enum family family;
	uint8_t severity; /* 1 = most severe */
	const char *name;
	const char *category;
	const char *tactic_id;   /* "TA0040" */
	const char *tactic_name; /* words joined by _ */
	const char *parent_id; /* the technique that technique_id is a part of; NULL: it is whole */
	const char *parent_name;
	const char *technique_id;   /* "T1496.001" */
	const char *technique_name; /* words joined by _ */
};

/* All rows, by place. */
#define SIGNATURES 10
const struct signature *signature_at(size_t index);

/* The row of a sid; NULL when there is none. */
const struct signature *signature_find(uint32_t sid);
const char *family_text(enum family family);

#endif
