/* signature.c: the rows behind signature.h. Tactics and techniques are those of MITRE ATT&CK,
 * Enterprise, v18.1: one to a signature, the one that what was seen proves. */
#include "sensor/signature.h"

#include <assert.h>

#define CATEGORY_MINING "Crypto Currency Mining Activity Detected"
#define CATEGORY_POLICY "Potential Corporate Privacy Violation"
#define CATEGORY_TROJAN "A Network Trojan was detected"
#define CATEGORY_LEAK   "Successful Credential Theft Detected"

#define IMPACT       "TA0040", "Impact"
#define COMMAND      "TA0011", "Command_and_Control"
#define EXFILTRATION "TA0010", "Exfiltration"

#define HIJACKING         NULL, NULL, "T1496", "Resource_Hijacking"
#define COMPUTE_HIJACKING "T1496", "Resource_Hijacking", "T1496.001", "Compute_Hijacking"
#define TOOL_TRANSFER     NULL, NULL, "T1105", "Ingress_Tool_Transfer"
#define DNS_EXFILTRATION \
	"T1048", "Exfiltration_Over_Alternative_Protocol", "T1048.003", \
		"Exfiltration_Over_Unencrypted_Non-C2_Protocol"

static const struct signature signatures[SIGNATURES] = {
	{ SID_SESSION, FAMILY_SESSION, 1, "Cryptocurrency mining session", CATEGORY_MINING, IMPACT,
	  COMPUTE_HIJACKING },
	{ SID_LOGIN, FAMILY_SESSION, 2, "Cryptocurrency mining login", CATEGORY_MINING, IMPACT,
	  COMPUTE_HIJACKING },
	{ SID_ENDPOINT, FAMILY_CONTACT, 2, "Connection to a listed mining pool endpoint",
	  CATEGORY_MINING, IMPACT, COMPUTE_HIJACKING },
	{ SID_LOOKUP, FAMILY_CONTACT, 2, "DNS lookup of a mining pool", CATEGORY_MINING, IMPACT,
	  COMPUTE_HIJACKING },
	{ SID_NAMED, FAMILY_CONTACT, 2, "Mining pool named in a connection", CATEGORY_MINING,
	  IMPACT, COMPUTE_HIJACKING },
	{ SID_RESOLVED, FAMILY_CONTACT, 2, "Connection to an address of a mining pool's name",
	  CATEGORY_MINING, IMPACT, COMPUTE_HIJACKING },
	{ SID_HOSTILE, FAMILY_HOSTILE, 1, "Contact with listed hostile infrastructure",
	  CATEGORY_TROJAN, COMMAND, TOOL_TRANSFER },
	{ SID_KEY_LEAK, FAMILY_HOSTILE, 1, "AWS access key id leaving in a DNS name", CATEGORY_LEAK,
	  EXFILTRATION, DNS_EXFILTRATION },
	{ SID_CAMPAIGN, FAMILY_CAMPAIGN, 1, "Cryptocurrency mining campaign", CATEGORY_MINING,
	  IMPACT, COMPUTE_HIJACKING },
	/* A node can be asked for work to mine on, but nobody has. */
	{ SID_NODE, FAMILY_NODE, 3, "Coin node traffic", CATEGORY_POLICY, IMPACT, HIJACKING },
};

const struct signature *signature_at(size_t index)
{
	assert(index < SIGNATURES);
	return &signatures[index];
}

const struct signature *signature_find(uint32_t sid)
{
	for (size_t i = 0; i < SIGNATURES; i++)
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
