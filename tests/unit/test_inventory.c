/* test_inventory.c: texts and times of leases, scopes, and whose an address is at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/inventory.h"

#define SECOND UINT64_C(1000000000)
#define LAUNCH (UINT64_C(1772704682) * SECOND) /* 2026-03-05T09:58:02Z */
#define VPC_A  "vpc-0a11b22c33d44e55f"
#define VPC_B  "vpc-0e568b18707c87afa"

static void put(char *out, const char *text)
{
	snprintf(out, LIMIT_NAME_TEXT, "%s", text);
}

/* An interface's lease in our account. */
static struct lease lease_of(const char *ip, const char *instance, const char *vpc,
			     uint64_t from_ns, uint64_t to_ns)
{
	struct lease lease;

	memset(&lease, 0, sizeof(lease));
	snprintf(lease.ip, sizeof(lease.ip), "%s", ip);
	lease.from_ns = from_ns;
	lease.to_ns = to_ns;
	put(lease.identity.account_id, "111122223333");
	put(lease.identity.region, "us-east-1");
	put(lease.identity.vpc_id, vpc);
	put(lease.identity.instance_id, instance);
	lease.identity.launch_ns = from_ns;
	return lease;
}

static struct inventory *inventory_of(const struct lease *leases, size_t count)
{
	struct inventory *inventory = inventory_new(1000);

	assert_non_null(inventory);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(inventory_add(inventory, &leases[i]), 0);
	inventory_sort(inventory);
	return inventory;
}

/* --- texts ---------------------------------------------------------------------------------- */

static void times_are_written_as_cloudtrail_does(void **state)
{
	char text[LEASE_TIME_TEXT];

	(void)state;
	lease_time_text(LAUNCH + 999999999, text);
	assert_string_equal(text, "2026-03-05T09:58:02Z");
	lease_time_text(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	lease_time_text(UINT64_C(951782399) * SECOND, text);
	assert_string_equal(text, "2000-02-28T23:59:59Z");
	lease_time_text(UINT64_C(951782400) * SECOND, text);
	assert_string_equal(text, "2000-02-29T00:00:00Z");
	lease_time_text(UINT64_MAX, text);
	assert_string_equal(text, "2554-07-21T23:34:33Z");
}

static void assert_time(const char *text, uint64_t expected_ns)
{
	uint64_t time_ns = 1;

	if (!lease_time_read(text, &time_ns))
		fail_msg("%s was not read", text);
	assert_int_equal(time_ns, expected_ns);
}

static void times_are_read_in_all_forms(void **state)
{
	(void)state;
	assert_time("2026-03-05T09:58:02Z", LAUNCH);
	assert_time("2026-03-05T09:58:02+00:00", LAUNCH);
	assert_time("2026-03-05T09:58:02.000Z", LAUNCH);
	assert_time("2026-03-05T09:58:02.123456+0000", LAUNCH + 123456000);
	assert_time("2026-03-05T09:58:02.1234567891234Z", LAUNCH + 123456789);
	assert_time("2026-03-05T10:58:02+01:00", LAUNCH);
	assert_time("2026-03-05T04:28:02-05:30", LAUNCH);
	assert_time("1970-01-01T00:00:00Z", 0);
	assert_time("2024-02-29T00:00:00Z", UINT64_C(1709164800) * SECOND);
}

static void times_and_dates_that_are_none_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"2026",
		"2026-03-05",
		"2026-03-05 09:58:02Z",
		"2026-03-05T09:58:02",
		"2026-03-05T09:58:02z",
		"2026-03-05T09:58:02Zx",
		"2026-03-05T09:58:02.Z",
		"2026-13-05T09:58:02Z",
		"2026-00-05T09:58:02Z",
		"2026-02-29T09:58:02Z",
		"2026-03-32T09:58:02Z",
		"2026-03-00T09:58:02Z",
		"2026-03-05T24:00:00Z",
		"2026-03-05T09:60:02Z",
		"2026-03-05T09:58:61Z",
		"2026-03-05T09:58:02+24:00",
		"2026-03-05T09:58:02+0",
		"2026-03-05T09:58:02+00:00:00",
		"1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+00:01",
		"2400-01-01T00:00:00Z",
		"+026-03-05T09:58:02Z",
		"Mar 5, 2026 10:05:22 AM",
	};
	uint64_t time_ns;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (lease_time_read(texts[i], &time_ns))
			fail_msg("\"%s\" was read", texts[i]);
}

static void every_day_survives_a_round_trip(void **state)
{
	char text[LEASE_TIME_TEXT];
	uint64_t read_ns;

	(void)state;
	/* To the end of 2399, with the hour of the day moving along. */
	for (uint64_t day = 0; day < 157054; day++) {
		uint64_t time_ns = (day * 86400 + day * 7919 % 86400) * SECOND;

		lease_time_text(time_ns, text);
		assert_true(lease_time_read(text, &read_ns));
		assert_int_equal(read_ns, time_ns);
	}
}

static void names_are_printable_or_empty(void **state)
{
	char name[8];

	(void)state;
	assert_true(lease_name("i-0a1b", 6, name, sizeof(name)));
	assert_string_equal(name, "i-0a1b");
	assert_true(lease_name("1234567", 7, name, sizeof(name)));
	assert_false(lease_name("12345678", 8, name, sizeof(name)));
	assert_string_equal(name, "");
	assert_false(lease_name("a b", 3, name, sizeof(name)));
	assert_false(lease_name("a\x1b[", 3, name, sizeof(name)));
	assert_false(lease_name("a\0b", 3, name, sizeof(name)));
	assert_false(lease_name("\xc3\xa4", 2, name, sizeof(name)));
	assert_true(lease_name("", 0, name, sizeof(name)));
	assert_string_equal(name, "");
}

static void keys_and_scopes(void **state)
{
	struct lease lease = lease_of("10.0.1.23", "i-0a", VPC_A, LAUNCH, 0);
	char key[LEASE_KEY_TEXT];
	char scope[LEASE_SCOPE_TEXT];

	(void)state;
	assert_true(lease_scope_text(&lease.identity, 0, scope, sizeof(scope)));
	assert_string_equal(scope, "111122223333/us-east-1/" VPC_A);
	assert_true(lease_inventory_key("p", scope, lease.ip, key, sizeof(key)));
	assert_string_equal(key, "p:inventory:111122223333/us-east-1/" VPC_A "/10.0.1.23");
	assert_false(lease_inventory_key("p", scope, lease.ip, key, 20));
	assert_true(lease_scope_text(&lease.identity, 1, scope, sizeof(scope)));
	assert_string_equal(scope, "111122223333/us-east-1");
	assert_true(lease_scope_text(&lease.identity, 2, scope, sizeof(scope)));
	assert_string_equal(scope, "111122223333");
	assert_false(lease_scope_text(&lease.identity, 3, scope, sizeof(scope)));
	lease.identity.vpc_id[0] = '\0';
	assert_false(lease_scope_text(&lease.identity, 0, scope, sizeof(scope)));
	assert_true(lease_scope_text(&lease.identity, 1, scope, sizeof(scope)));
	assert_true(lease_key("p", "00ff", key, sizeof(key)));
	assert_string_equal(key, "p:lease:00ff");
	assert_string_equal(lease_field_names[LEASE_IP], "ip");
	assert_string_equal(lease_field_names[LEASE_EVENT], "event");
	assert_string_equal(cloud_confidence_text(CONFIDENCE_EXACT), "exact");
	assert_string_equal(cloud_confidence_text(CONFIDENCE_NONE), "none");
}

static void the_id_depends_on_the_lease_alone(void **state)
{
	struct lease lease = lease_of("10.0.1.23", "i-0a", VPC_A, LAUNCH, 0);
	char first[LEASE_ID_TEXT];
	char other[LEASE_ID_TEXT];

	(void)state;
	lease_id(&lease, first);
	assert_int_equal(strlen(first), 16);
	/* That it ended, or who launched it, makes it no other lease. */
	lease.to_ns = LAUNCH + SECOND;
	put(lease.identity.principal, "arn:aws:iam::111122223333:user/ml-pipeline-sa");
	lease_id(&lease, other);
	assert_string_equal(first, other);
	lease.from_ns += SECOND;
	lease_id(&lease, other);
	assert_string_not_equal(first, other);
	lease = lease_of("10.0.1.23", "i-0a", VPC_B, LAUNCH, 0);
	lease_id(&lease, other);
	assert_string_not_equal(first, other);
	lease = lease_of("10.0.1.24", "i-0a", VPC_A, LAUNCH, 0);
	lease_id(&lease, other);
	assert_string_not_equal(first, other);
}

static void scopes_agree_by_their_known_parts(void **state)
{
	struct lease lease = lease_of("10.0.1.23", "i-0a", VPC_A, LAUNCH, 0);
	const struct cloud_identity *identity = &lease.identity;
	char longer[400];

	(void)state;
	assert_true(lease_in_scope(identity, "111122223333/us-east-1/" VPC_A));
	assert_true(lease_in_scope(identity, "111122223333/us-east-1"));
	assert_true(lease_in_scope(identity, "111122223333"));
	/* The configuration may leave out any part. */
	assert_true(lease_in_scope(identity, "us-east-1"));
	assert_true(lease_in_scope(identity, VPC_A));
	assert_true(lease_in_scope(identity, "us-east-1/" VPC_A));
	assert_true(lease_in_scope(identity, "111122223333/" VPC_A));
	assert_true(lease_in_scope(identity, "vni:4097"));
	assert_true(lease_in_scope(identity, "vlan:20.3"));
	assert_true(lease_in_scope(identity, "tap:default"));
	assert_false(lease_in_scope(identity, "111122223333/us-east-1/" VPC_B));
	assert_false(lease_in_scope(identity, "111122223333/us-west-2"));
	assert_false(lease_in_scope(identity, "444455556666"));
	assert_false(lease_in_scope(identity, VPC_B));
	assert_false(lease_in_scope(identity, "us-gov-west-1"));
	/* Another provider's words are taken by their place. */
	assert_false(lease_in_scope(identity, "example-project"));
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_false(lease_in_scope(identity, longer));
	assert_true(lease_scope_is_network("111122223333/us-east-1/" VPC_A));
	assert_true(lease_scope_is_network("vni:4097"));
	assert_true(lease_scope_is_network("example-project/europe/net"));
	assert_false(lease_scope_is_network("111122223333/us-east-1"));
	assert_false(lease_scope_is_network("111122223333"));
	/* A lease that does not know its region contradicts none. */
	memset(lease.identity.region, 0, sizeof(lease.identity.region));
	assert_true(lease_in_scope(identity, "111122223333/us-west-2/" VPC_A));
}

/* --- which lease ---------------------------------------------------------------------------- */

static const char *who(const struct inventory *inventory, const char *scope, const char *ip,
		       uint64_t time_ns)
{
	static struct cloud_identity identity;

	if (inventory_find(inventory, scope, ip, "", time_ns, &identity) == CONFIDENCE_NONE)
		return "none";
	return identity.confidence == CONFIDENCE_AMBIGUOUS ? "ambiguous" : identity.instance_id;
}

static void an_address_is_leased_again(void **state)
{
	const struct lease leases[] = {
		lease_of("10.0.1.23", "i-second", VPC_A, LAUNCH + 1000 * SECOND, 0),
		lease_of("10.0.1.23", "i-first", VPC_A, LAUNCH, LAUNCH + 400 * SECOND),
		lease_of("10.0.1.24", "i-other", VPC_A, LAUNCH, 0),
	};
	struct inventory *inventory = inventory_of(leases, 3);

	(void)state;
	assert_int_equal(inventory_count(inventory), 3);
	assert_string_equal(who(inventory, "111122223333", "10.0.1.23", LAUNCH), "i-first");
	/* The slack on both sides, to the nanosecond. */
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", LAUNCH - 5 * SECOND), "i-first");
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", LAUNCH - 5 * SECOND - 1), "none");
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", LAUNCH + 580 * SECOND), "i-first");
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", LAUNCH + 580 * SECOND + 1),
			    "none");
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", LAUNCH + 995 * SECOND),
			    "i-second");
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", UINT64_MAX), "i-second");
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", 0), "none");
	assert_string_equal(who(inventory, "tap:x", "10.0.1.25", LAUNCH), "none");
	assert_string_equal(who(inventory, "tap:x", "no address", LAUNCH), "none");
	assert_string_equal(who(inventory, "444455556666", "10.0.1.23", LAUNCH), "none");
	inventory_free(inventory);
}

static void the_lease_that_holds_the_time_is_taken(void **state)
{
	/* Handed over at once: the slacks of both overlap. */
	const struct lease leases[] = {
		lease_of("10.0.1.23", "i-first", VPC_A, LAUNCH, LAUNCH + 400 * SECOND),
		lease_of("10.0.1.23", "i-second", VPC_A, LAUNCH + 400 * SECOND, 0),
	};
	struct inventory *inventory = inventory_of(leases, 2);

	(void)state;
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", LAUNCH + 399 * SECOND), "i-first");
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", LAUNCH + 400 * SECOND),
			    "i-second");
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", LAUNCH + 401 * SECOND),
			    "i-second");
	inventory_free(inventory);
}

static void of_leases_that_nearly_hold_it_the_newest(void **state)
{
	const struct lease leases[] = {
		lease_of("10.0.1.23", "i-first", VPC_A, LAUNCH, LAUNCH + 400 * SECOND),
		lease_of("10.0.1.23", "i-second", VPC_A, LAUNCH + 520 * SECOND, 0),
	};
	struct inventory *inventory = inventory_of(leases, 2);

	(void)state;
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", LAUNCH + 514 * SECOND), "i-first");
	assert_string_equal(who(inventory, "tap:x", "10.0.1.23", LAUNCH + 516 * SECOND),
			    "i-second");
	inventory_free(inventory);
}

static void networks_share_an_address(void **state)
{
	const struct lease leases[] = {
		lease_of("10.0.1.23", "i-a", VPC_A, LAUNCH, LAUNCH + 1000 * SECOND),
		lease_of("10.0.1.23", "i-b", VPC_B, LAUNCH + 500 * SECOND, 0),
	};
	struct inventory *inventory = inventory_of(leases, 2);
	struct cloud_identity identity;

	(void)state;
	assert_string_equal(who(inventory, "vni:7", "10.0.1.23", LAUNCH + 100 * SECOND), "i-a");
	assert_string_equal(who(inventory, "vni:7", "10.0.1.23", LAUNCH + 600 * SECOND),
			    "ambiguous");
	assert_string_equal(who(inventory, "vni:7", "10.0.1.23", LAUNCH + 1100 * SECOND),
			    "ambiguous");
	assert_string_equal(who(inventory, "vni:7", "10.0.1.23", LAUNCH + 1181 * SECOND), "i-b");
	assert_string_equal(
		who(inventory, "111122223333/us-east-1/" VPC_A, "10.0.1.23", LAUNCH + 600 * SECOND),
		"i-a");
	assert_string_equal(who(inventory, VPC_B, "10.0.1.23", LAUNCH + 600 * SECOND), "i-b");
	/* What they agree on is known all the same; no machine is. */
	assert_int_equal(inventory_find(inventory, "vni:7", "10.0.1.23", "", LAUNCH + 600 * SECOND,
					&identity),
			 CONFIDENCE_AMBIGUOUS);
	assert_string_equal(identity.account_id, "111122223333");
	assert_string_equal(identity.region, "us-east-1");
	assert_string_equal(identity.vpc_id, "");
	assert_string_equal(identity.instance_id, "");
	inventory_free(inventory);
}

static void accounts_that_share_an_address_agree_on_less(void **state)
{
	struct lease leases[] = {
		lease_of("10.0.1.23", "i-a", VPC_A, LAUNCH, 0),
		lease_of("10.0.1.23", "i-b", VPC_B, LAUNCH, 0),
	};
	struct cloud_identity identity;
	struct inventory *inventory;

	(void)state;
	put(leases[1].identity.account_id, "444455556666");
	inventory = inventory_of(leases, 2);
	assert_int_equal(inventory_find(inventory, "vni:7", "10.0.1.23", "", LAUNCH, &identity),
			 CONFIDENCE_AMBIGUOUS);
	assert_string_equal(identity.account_id, "");
	assert_string_equal(identity.region, "us-east-1");
	inventory_free(inventory);
}

static void the_order_of_leases_does_not_matter(void **state)
{
	const struct lease a = lease_of("10.0.1.23", "i-a", VPC_A, LAUNCH, 0);
	const struct lease b = lease_of("10.0.1.23", "i-b", VPC_A, LAUNCH, 0);
	const struct lease c = lease_of("10.0.1.23", "i-c", VPC_A, LAUNCH + 2 * SECOND, 0);
	const struct lease *const orders[][3] = { { &a, &b, &c }, { &c, &b, &a }, { &b, &c, &a } };
	struct cloud_identity identity;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(lease_pick(orders[i], 3, LAUNCH + SECOND, &identity),
				 CONFIDENCE_HIGH);
		assert_string_equal(identity.instance_id, "i-b");
		assert_int_equal(lease_pick(orders[i], 3, LAUNCH + 3 * SECOND, &identity),
				 CONFIDENCE_HIGH);
		assert_string_equal(identity.instance_id, "i-c");
	}
	assert_int_equal(lease_pick(NULL, 0, LAUNCH, &identity), CONFIDENCE_NONE);
}

static void the_mirrored_interface_makes_it_exact(void **state)
{
	struct lease leases[] = {
		lease_of("10.0.1.23", "i-a", VPC_A, LAUNCH, 0),
		lease_of("10.0.1.99", "i-a", VPC_A, LAUNCH, 0),
		lease_of("10.0.1.50", "i-b", VPC_A, LAUNCH, 0),
	};
	struct cloud_identity identity;
	struct inventory *inventory;

	(void)state;
	put(leases[0].identity.eni_id, "eni-a");
	put(leases[1].identity.eni_id, "eni-a");
	put(leases[2].identity.eni_id, "eni-b");
	inventory = inventory_of(leases, 3);
	assert_int_equal(
		inventory_find(inventory, "tap:x", "10.0.1.23", "10.0.1.23", LAUNCH, &identity),
		CONFIDENCE_EXACT);
	assert_int_equal(identity.confidence, CONFIDENCE_EXACT);
	/* A secondary address of the same interface. */
	assert_int_equal(
		inventory_find(inventory, "tap:x", "10.0.1.99", "10.0.1.23", LAUNCH, &identity),
		CONFIDENCE_EXACT);
	assert_int_equal(
		inventory_find(inventory, "tap:x", "10.0.1.23", "10.0.1.50", LAUNCH, &identity),
		CONFIDENCE_HIGH);
	assert_int_equal(
		inventory_find(inventory, "tap:x", "10.0.1.23", "10.9.9.9", LAUNCH, &identity),
		CONFIDENCE_HIGH);
	assert_int_equal(
		inventory_find(inventory, "tap:x", "10.0.1.24", "10.0.1.23", LAUNCH, &identity),
		CONFIDENCE_NONE);
	inventory_free(inventory);
}

/* --- filling -------------------------------------------------------------------------------- */

static void two_documents_of_one_interface_become_one_lease(void **state)
{
	struct lease first = lease_of("10.0.1.23", "i-a", VPC_A, LAUNCH, 0);
	struct lease second = lease_of("10.0.1.23", "", VPC_A, LAUNCH - 100 * SECOND, 0);
	struct cloud_identity identity;
	struct inventory *inventory = inventory_new(10);

	(void)state;
	put(first.identity.eni_id, "eni-a");
	put(second.identity.eni_id, "eni-a");
	put(first.identity.instance_type, "p3.2xlarge");
	put(second.identity.subnet_id, "subnet-a");
	second.identity.launch_ns = 0;
	assert_int_equal(inventory_add(inventory, &first), 0);
	assert_int_equal(inventory_add(inventory, &second), 0);
	inventory_sort(inventory);
	assert_int_equal(inventory_count(inventory), 1);
	assert_int_equal(inventory_find(inventory, "tap:x", "10.0.1.23", "", LAUNCH - 90 * SECOND,
					&identity),
			 CONFIDENCE_HIGH);
	assert_string_equal(identity.instance_id, "i-a");
	assert_string_equal(identity.instance_type, "p3.2xlarge");
	assert_string_equal(identity.subnet_id, "subnet-a");
	assert_int_equal(identity.launch_ns, LAUNCH);
	inventory_free(inventory);
}

static void ipv6_texts_are_one_address(void **state)
{
	const struct lease lease = lease_of("2001:db8:0:0::17", "i-six", VPC_A, LAUNCH, 0);
	struct inventory *inventory = inventory_of(&lease, 1);

	(void)state;
	assert_string_equal(who(inventory, "tap:x", "2001:DB8::17", LAUNCH), "i-six");
	assert_string_equal(who(inventory, "tap:x", "2001:db8::18", LAUNCH), "none");
	inventory_free(inventory);
}

static void caps_and_bad_addresses(void **state)
{
	struct inventory *inventory = inventory_new(3);
	struct lease lease = lease_of("10.0.1.1", "i-a", VPC_A, LAUNCH, 0);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		snprintf(lease.ip, sizeof(lease.ip), "10.0.1.%u", i);
		assert_int_equal(inventory_add(inventory, &lease), 0);
	}
	assert_int_equal(inventory_left_out(inventory), 0);
	assert_int_equal(inventory_add(inventory, &lease), -ENOSPC);
	assert_int_equal(inventory_left_out(inventory), 1);
	snprintf(lease.ip, sizeof(lease.ip), "10.0.1.256");
	assert_int_equal(inventory_add(inventory, &lease), -EINVAL);
	inventory_sort(inventory);
	assert_int_equal(inventory_count(inventory), 3);
	assert_string_equal(who(inventory, "tap:x", "10.0.1.2", LAUNCH), "i-a");
	inventory_free(inventory);
	inventory = inventory_new(3);
	inventory_sort(inventory);
	assert_string_equal(who(inventory, "tap:x", "10.0.1.2", LAUNCH), "none");
	inventory_free(inventory);
}

static void nat_addresses_are_a_set(void **state)
{
	struct inventory *inventory = inventory_new(3);
	char ip[LEASE_ADDRESS_TEXT];

	(void)state;
	assert_int_equal(inventory_add_nat(inventory, "198.51.100.40"), 0);
	assert_int_equal(inventory_add_nat(inventory, "10.0.0.220"), 0);
	assert_int_equal(inventory_add_nat(inventory, "198.51.100.40"), 0);
	assert_int_equal(inventory_add_nat(inventory, ""), -EINVAL);
	assert_int_equal(inventory_nat_count(inventory), 2);
	assert_string_equal(inventory_nat(inventory, 0), "198.51.100.40");
	assert_string_equal(inventory_nat(inventory, 1), "10.0.0.220");
	assert_string_equal(inventory_nat(inventory, 2), "");
	for (unsigned i = 2; i < LIMIT_NAT_ADDRESSES; i++) {
		snprintf(ip, sizeof(ip), "10.1.%u.%u", i / 256, i % 256);
		assert_int_equal(inventory_add_nat(inventory, ip), 0);
	}
	assert_int_equal(inventory_add_nat(inventory, "10.2.0.1"), -ENOSPC);
	assert_int_equal(inventory_left_out(inventory), 1);
	assert_int_equal(inventory_nat_count(inventory), LIMIT_NAT_ADDRESSES);
	inventory_free(inventory);
}

static void many_leases_are_all_found(void **state)
{
	struct inventory *inventory = inventory_new(5000);
	struct lease lease = lease_of("10.0.1.1", "i-a", VPC_A, LAUNCH, 0);
	char ip[32];
	char id[32];

	(void)state;
	/* Five in a row on each of a thousand addresses, in an order that is none. */
	for (unsigned i = 0; i < 5000; i++) {
		unsigned n = i * 2741 % 5000;

		snprintf(lease.ip, sizeof(lease.ip), "10.%u.%u.7", n % 1000 / 256, n % 1000 % 256);
		snprintf(lease.identity.instance_id, sizeof(lease.identity.instance_id), "i-%u", n);
		lease.from_ns = LAUNCH + n / 1000 * 1000 * SECOND;
		lease.to_ns = lease.from_ns + 900 * SECOND;
		assert_int_equal(inventory_add(inventory, &lease), 0);
	}
	inventory_sort(inventory);
	assert_int_equal(inventory_count(inventory), 5000);
	for (unsigned n = 0; n < 5000; n++) {
		snprintf(ip, sizeof(ip), "10.%u.%u.7", n % 1000 / 256, n % 1000 % 256);
		snprintf(id, sizeof(id), "i-%u", n);
		assert_string_equal(who(inventory, "111122223333", ip,
					LAUNCH + (n / 1000 * 1000 + 450) * SECOND),
				    id);
	}
	inventory_free(inventory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written_as_cloudtrail_does),
		cmocka_unit_test(times_are_read_in_all_forms),
		cmocka_unit_test(times_and_dates_that_are_none_are_refused),
		cmocka_unit_test(every_day_survives_a_round_trip),
		cmocka_unit_test(names_are_printable_or_empty),
		cmocka_unit_test(keys_and_scopes),
		cmocka_unit_test(the_id_depends_on_the_lease_alone),
		cmocka_unit_test(scopes_agree_by_their_known_parts),
		cmocka_unit_test(an_address_is_leased_again),
		cmocka_unit_test(the_lease_that_holds_the_time_is_taken),
		cmocka_unit_test(of_leases_that_nearly_hold_it_the_newest),
		cmocka_unit_test(networks_share_an_address),
		cmocka_unit_test(accounts_that_share_an_address_agree_on_less),
		cmocka_unit_test(the_order_of_leases_does_not_matter),
		cmocka_unit_test(the_mirrored_interface_makes_it_exact),
		cmocka_unit_test(two_documents_of_one_interface_become_one_lease),
		cmocka_unit_test(ipv6_texts_are_one_address),
		cmocka_unit_test(caps_and_bad_addresses),
		cmocka_unit_test(nat_addresses_are_a_set),
		cmocka_unit_test(many_leases_are_all_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
