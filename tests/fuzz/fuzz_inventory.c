/* fuzz_inventory.c: any bytes are read as an inventory or refused with line and column; what was
 * read can be found, and its texts are printable. The first byte bounds the number of leases. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sensor/inventory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	assert(len < size);
	for (size_t i = 0; i < len; i++)
		assert(text[i] > ' ' && text[i] <= '~');
	for (size_t i = len; i < size; i++)
		assert(text[i] == '\0');
}

static void check_identity(const struct cloud_identity *identity, enum cloud_confidence confidence)
{
	assert(identity->confidence == confidence);
	check_text(identity->account_id, sizeof(identity->account_id));
	check_text(identity->region, sizeof(identity->region));
	check_text(identity->vpc_id, sizeof(identity->vpc_id));
	check_text(identity->subnet_id, sizeof(identity->subnet_id));
	check_text(identity->instance_id, sizeof(identity->instance_id));
	check_text(identity->eni_id, sizeof(identity->eni_id));
	check_text(identity->instance_type, sizeof(identity->instance_type));
	if (confidence <= CONFIDENCE_AMBIGUOUS)
		assert(identity->instance_id[0] == '\0');
}

static void check_inventory(const struct inventory *inventory)
{
	static const char *const ips[] = { "10.0.1.23", "10.0.1.99", "2001:db8::23",
					   "203.0.113.3" };
	static const char *const scopes[] = { "tap:default", "111122223333",
					      "111122223333/us-east-1/vpc-0a11b22c33d44e55f" };

	for (size_t i = 0; i < sizeof(ips) / sizeof(ips[0]); i++)
		for (size_t k = 0; k < sizeof(scopes) / sizeof(scopes[0]); k++)
			for (uint64_t time_ns = 0; time_ns < UINT64_C(4000000000000000000);
			     time_ns += UINT64_C(443176170500000000)) {
				struct cloud_identity identity;
				enum cloud_confidence confidence = inventory_find(
					inventory, scopes[k], ips[i], ips[0], time_ns, &identity);

				check_identity(&identity, confidence);
			}
	for (size_t i = 0; i < inventory_nat_count(inventory); i++)
		check_text(inventory_nat(inventory, i), LEASE_ADDRESS_TEXT);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char error[INVENTORY_ERROR_TEXT] = "";
	struct inventory *inventory;
	size_t max = len > 0 ? bytes[0] : 0;

	inventory = inventory_new(max);
	if (inventory == NULL)
		return 0;
	if (inventory_read(inventory, "f", (const char *)bytes + (len > 0), len - (len > 0),
			   error) == 0) {
		inventory_sort(inventory);
		assert(inventory_count(inventory) <= max);
		check_inventory(inventory);
	} else {
		assert(strncmp(error, "f:", 2) == 0);
		for (const char *at = error; *at != '\0'; at++)
			assert(*at >= ' ' && *at <= '~');
	}
	inventory_free(inventory);
	return 0;
}
