/* signature.c: the rows behind signature.h. The technique is MITRE ATT&CK's T1496.001, Compute
 * Hijacking, below T1496, Resource Hijacking. */
#include "sensor/signature.h"

#include <stddef.h>

#define CATEGORY_MINING "Crypto Currency Mining Activity Detected"
#define CATEGORY_POLICY "Potential Corporate Privacy Violation"

static const struct signature signatures[] = {
	{ SID_SESSION, FAMILY_SESSION, 1, "Cryptocurrency mining session", CATEGORY_MINING,
	  "T1496.001", "Compute_Hijacking" },
	{ SID_LOGIN, FAMILY_SESSION, 2, "Cryptocurrency mining login", CATEGORY_MINING, "T1496.001",
	  "Compute_Hijacking" },
	{ SID_ENDPOINT, FAMILY_CONTACT, 2, "Connection to a listed mining pool endpoint",
	  CATEGORY_MINING, "T1496.001", "Compute_Hijacking" },
	{ SID_CAMPAIGN, FAMILY_CAMPAIGN, 1, "Cryptocurrency mining campaign", CATEGORY_MINING,
	  "T1496.001", "Compute_Hijacking" },
	/* A node can be asked for work to mine on, but nobody has. */
	{ SID_NODE, FAMILY_NODE, 3, "Coin node traffic", CATEGORY_POLICY, ATTACK_PARENT_ID,
	  ATTACK_PARENT_NAME },
};

const struct signature *signature_find(uint32_t sid)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (signatures[i].sid == sid)
			return &signatures[i];
	return NULL;
}

const char *family_text(enum family family)
{
	switch (family) {
	case FAMILY_SESSION:
		return "session";
	case FAMILY_CONTACT:
		return "contact";
	case FAMILY_HOSTILE:
		return "hostile";
	case FAMILY_ENCRYPTED:
		return "encrypted";
	case FAMILY_CAMPAIGN:
		return "campaign";
	case FAMILY_NODE:
		return "node";
	}
	return "unknown";
}
