/* The filter that keeps elephants in the kernel, run by the kernel itself on single frames. Where
 * bpf(2) is not allowed there is nothing to test but that it says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "sensor/shunt.h"

#define SNAPLEN   777
#define FRAME     100
#define ETHERNET  14
#define TCP       6
#define UDP       17
#define FIN       1
#define SYN       2
#define RST       4
#define ACK       16
#define FRAGMENTS 0x2000

static struct shunt *shunt;
static char error[SHUNT_ERROR_TEXT];

static int setup(void **state)
{
	int rc = shunt_new(&shunt, SNAPLEN, error);

	(void)state;
	if (rc == 0)
		return 0;
	assert_null(shunt);
	assert_non_null(strstr(error, "the kernel takes no filter with a map"));
	return rc == -EPERM || rc == -ENOSYS ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	shunt_free(shunt);
	return 0;
}

static void need_bpf(void)
{
	if (shunt == NULL)
		skip();
}

/* For a socket's filter the test run begins behind the Ethernet header, a packet socket does not:
 * so there is one more in front. */
static uint32_t run(const uint8_t frame[FRAME])
{
	uint8_t bytes[ETHERNET + FRAME] = { 0 };
	union bpf_attr attr = { 0 };

	bytes[12] = 0x88;
	bytes[13] = 0xb5;
	memcpy(bytes + ETHERNET, frame, FRAME);
	attr.test.prog_fd = (uint32_t)shunt_program(shunt);
	attr.test.data_in = (uint64_t)(uintptr_t)bytes;
	attr.test.data_size_in = sizeof(bytes);
	assert_int_equal(syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)), 0);
	return attr.test.retval;
}

/* 10.0.0.1:5000 <-> 10.0.0.2:80, 86 IP bytes. */
static const uint8_t *ipv4(uint8_t proto, bool is_reply, uint8_t flags)
{
	static uint8_t frame[FRAME];
	const uint8_t ip[] = { 0x08, 0, 0x45, 0, 0, 86, 0, 1, 0, 0, 64, proto, 0, 0, 10, 0, 0, 1 };

	memset(frame, 0, sizeof(frame));
	memcpy(frame + 12, ip, sizeof(ip));
	frame[29] = is_reply ? 2 : 1;
	memcpy(frame + 30, "\x0a\0\0", 3);
	frame[33] = is_reply ? 1 : 2;
	memcpy(frame + 34, is_reply ? "\0\x50\x13\x88" : "\x13\x88\0\x50", 4);
	frame[47] = flags;
	return frame;
}

static struct flow_key key_of(uint8_t proto)
{
	struct flow_key key = { .proto = proto, .ip_version = 4, .port = { 5000, 80 } };

	memcpy(key.addr[0], "\x0a\0\0\x01", 4);
	memcpy(key.addr[1], "\x0a\0\0\x02", 4);
	return key;
}

static void packets_of_a_shunted_flow_stay_and_are_counted(void **state)
{
	struct flow_key key = key_of(UDP);
	uint64_t packets[2];
	uint64_t bytes[2];

	(void)state;
	need_bpf();
	assert_true(shunt_takes(shunt, &key));
	assert_int_equal(run(ipv4(UDP, false, 0)), SNAPLEN);
	assert_true(shunt_begin(shunt, &key));
	for (int i = 0; i < 5; i++)
		assert_int_equal(run(ipv4(UDP, false, 0)), 0);
	assert_int_equal(run(ipv4(UDP, true, 0)), 0);
	assert_int_equal(run(ipv4(TCP, false, ACK)), SNAPLEN);
	shunt_end(shunt, &key, packets, bytes);
	assert_int_equal(packets[0], 5);
	assert_int_equal(packets[1], 1);
	assert_int_equal(bytes[0], 5 * 86);
	assert_int_equal(bytes[1], 86);
	assert_int_equal(run(ipv4(UDP, false, 0)), SNAPLEN);
}

static void the_ends_of_a_connection_pass(void **state)
{
	static const uint8_t ends[] = { SYN, SYN | ACK, FIN | ACK, RST, RST | ACK };
	struct flow_key key = key_of(TCP);
	uint64_t packets[2];
	uint64_t bytes[2];

	(void)state;
	need_bpf();
	assert_true(shunt_begin(shunt, &key));
	assert_int_equal(run(ipv4(TCP, false, ACK)), 0);
	for (size_t i = 0; i < sizeof(ends); i++)
		assert_int_equal(run(ipv4(TCP, true, ends[i])), SNAPLEN);
	shunt_end(shunt, &key, packets, bytes);
	assert_int_equal(packets[0], 1);
	assert_int_equal(packets[1], 0);
}

static void a_sample_passes(void **state)
{
	struct flow_key key = key_of(UDP);
	uint64_t packets[2];
	uint64_t bytes[2];
	uint64_t passed = 0;

	(void)state;
	need_bpf();
	assert_true(shunt_begin(shunt, &key));
	for (int i = 0; i < 2 * SHUNT_SAMPLE + 10; i++)
		passed += run(ipv4(UDP, false, 0)) != 0;
	shunt_end(shunt, &key, packets, bytes);
	assert_int_equal(passed, 2);
	assert_int_equal(packets[0], 2 * SHUNT_SAMPLE + 10 - 2);
	assert_int_equal(bytes[0], packets[0] * 86);
}

static void ipv6_is_shunted_too(void **state)
{
	struct flow_key key = { .proto = UDP, .ip_version = 6, .port = { 5000, 80 } };
	uint8_t frame[FRAME] = { 0 };
	uint64_t packets[2];
	uint64_t bytes[2];

	(void)state;
	need_bpf();
	memcpy(frame + 12, "\x86\xdd\x60\0\0\0\0\x2e\x11\x40", 10);
	frame[22] = 0x20;
	frame[37] = 1;
	frame[38] = 0x20;
	frame[53] = 2;
	memcpy(frame + 54, "\x13\x88\0\x50", 4);
	memcpy(key.addr[0], frame + 22, 16);
	memcpy(key.addr[1], frame + 38, 16);
	assert_true(shunt_begin(shunt, &key));
	assert_int_equal(run(frame), 0);
	frame[20] = 44; /* a fragment header follows */
	assert_int_equal(run(frame), SNAPLEN);
	shunt_end(shunt, &key, packets, bytes);
	assert_int_equal(packets[0], 1);
	assert_int_equal(bytes[0], 86);
}

/* What the filter does not take apart is never a shunted flow's. */
static void anything_but_plain_frames_passes(void **state)
{
	struct flow_key key = key_of(UDP);
	uint8_t frame[FRAME];
	uint64_t packets[2];
	uint64_t bytes[2];

	(void)state;
	need_bpf();
	assert_true(shunt_begin(shunt, &key));
	memcpy(frame, ipv4(UDP, false, 0), FRAME);
	frame[14] = 0x46; /* options */
	assert_int_equal(run(frame), SNAPLEN);
	memcpy(frame, ipv4(UDP, false, 0), FRAME);
	frame[20] = FRAGMENTS >> 8;
	assert_int_equal(run(frame), SNAPLEN);
	memcpy(frame, ipv4(UDP, false, 0), FRAME);
	frame[12] = 0x81; /* a VLAN tag */
	assert_int_equal(run(frame), SNAPLEN);
	assert_int_equal(run(ipv4(47, false, 0)), SNAPLEN);
	shunt_end(shunt, &key, packets, bytes);
	assert_int_equal(packets[0], 0);
	key.scope.vlan_count = 1;
	assert_false(shunt_takes(shunt, &key));
	key.scope = (struct scope){ .tunnel = TUNNEL_VXLAN };
	assert_false(shunt_takes(shunt, &key));
	key = key_of(47);
	assert_false(shunt_takes(shunt, &key));
}

static void a_full_map_refuses_and_has_room_again(void **state)
{
	struct flow_key key = key_of(UDP);
	uint64_t packets[2];
	uint64_t bytes[2];

	(void)state;
	need_bpf();
	for (uint32_t i = 0; i < LIMIT_SHUNTED; i++) {
		memcpy(key.addr[0], &i, sizeof(i));
		assert_true(shunt_begin(shunt, &key));
	}
	key = key_of(TCP);
	assert_false(shunt_begin(shunt, &key));
	assert_false(shunt_begin(shunt, &key));
	for (uint32_t i = 0; i < LIMIT_SHUNTED; i++) {
		struct flow_key one = key_of(UDP);

		memcpy(one.addr[0], &i, sizeof(i));
		shunt_end(shunt, &one, packets, bytes);
	}
	assert_true(shunt_begin(shunt, &key));
	shunt_end(shunt, &key, packets, bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_a_shunted_flow_stay_and_are_counted),
		cmocka_unit_test(the_ends_of_a_connection_pass),
		cmocka_unit_test(a_sample_passes),
		cmocka_unit_test(ipv6_is_shunted_too),
		cmocka_unit_test(anything_but_plain_frames_passes),
		cmocka_unit_test(a_full_map_refuses_and_has_room_again),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
