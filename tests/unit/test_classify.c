/* Unit tests of classify.c on packets built by hand: a label from nDPI, the caps and deadlines, and
 * that every state comes back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sensor/classify.h"

#define STATES 4

static struct stats stats;

/* IPv4 and TCP without checksums, then text: as much as nDPI reads. */
static struct packet tcp_packet(uint8_t *bytes, size_t size, const char *text, uint64_t time_ns)
{
	static const uint8_t head[40] = { 0x45, 0, 0,   0, 0,    1,    0x40, 0, 64, 6,  0, 0, 10, 0,
					  0,    1, 192, 0, 2,    1,    0xc0, 0, 0,  80, 0, 0, 0,  1,
					  0,    0, 0,   1, 0x50, 0x18, 1,    0, 0,  0,  0, 0 };
	size_t len = strlen(text);
	struct packet packet;

	assert_true(sizeof(head) + len <= size);
	memset(&packet, 0, sizeof(packet));
	memcpy(bytes, head, sizeof(head));
	memcpy(bytes + sizeof(head), text, len);
	bytes[2] = (uint8_t)((sizeof(head) + len) >> 8);
	bytes[3] = (uint8_t)(sizeof(head) + len);
	packet.time_ns = time_ns;
	packet.ip_packets = 1;
	packet.l3 = slice_of(bytes, sizeof(head) + len);
	packet.payload = slice_of(bytes + sizeof(head), len);
	return packet;
}

static struct classify *new_classify(uint32_t packets, uint32_t deadline_ms)
{
	struct classify_options options = { .max_states = STATES,
					    .max_packets = packets,
					    .deadline_ms = deadline_ms,
					    .cpu_percent = 100 };
	struct classify *self;

	memset(&stats, 0, sizeof(stats));
	self = classify_new(&options, &stats);
	assert_non_null(self);
	return self;
}

static void http_is_labelled(void **state)
{
	struct classify *self = new_classify(4, 5000);
	uint32_t flow = classify_begin(self, 7, 1);
	struct classify_label label;
	uint8_t bytes[256];
	char name[64];
	struct packet packet = tcp_packet(bytes, sizeof(bytes),
					  "GET / HTTP/1.1\r\nHost: www.example.org\r\n"
					  "User-Agent: test\r\n\r\n",
					  1);

	(void)state;
	assert_non_null(flow);
	assert_true(classify_packet(self, flow, DIR_TO_SERVER, &packet, &label));
	classify_app_name(&label, name, sizeof(name));
	assert_string_equal(name, "http");
	assert_string_equal(classify_category_name(label.category), "Web");
	assert_int_equal(label.is_mining, 0);
	assert_int_equal(stats.classified, 1);
	classify_free(self);
}

static void unknown_payload_ends_after_its_packets(void **state)
{
	struct classify *self = new_classify(2, 5000);
	uint32_t flow = classify_begin(self, 7, 1);
	struct classify_label label;
	uint8_t bytes[256];
	struct packet packet = tcp_packet(bytes, sizeof(bytes), "\x01\x99\x17\x42\x80\x7f", 1);

	(void)state;
	bytes[23] = 99; /* a port that nDPI would not guess from */
	assert_false(classify_packet(self, flow, DIR_TO_SERVER, &packet, &label));
	assert_true(classify_packet(self, flow, DIR_TO_SERVER, &packet, &label));
	classify_free(self);
}

struct decided {
	uint32_t users[STATES];
	size_t count;
};

static void on_decided(void *ctx, uint32_t user, const struct classify_label *label)
{
	struct decided *decided = ctx;

	(void)label;
	assert_true(decided->count < STATES);
	decided->users[decided->count++] = user;
}

static void states_are_capped_and_come_back_at_the_deadline(void **state)
{
	struct classify *self = new_classify(4, 1000);
	struct decided decided = { .count = 0 };

	(void)state;
	for (uint32_t i = 0; i < STATES; i++)
		assert_int_not_equal(classify_begin(self, i, i * 1000000u), 0);
	assert_int_equal(classify_begin(self, STATES, 0), 0);
	assert_int_equal(stats.classify_capped, 1);
	classify_tick(self, 999999999, on_decided, &decided);
	assert_int_equal(decided.count, 0);
	classify_tick(self, 1001000000, on_decided, &decided);
	assert_int_equal(decided.count, 2);
	assert_int_equal(decided.users[0], 0);
	assert_int_equal(decided.users[1], 1);
	assert_int_not_equal(classify_begin(self, 8, 1), 0);
	assert_int_not_equal(classify_begin(self, 9, 1), 0);
	assert_int_equal(classify_begin(self, 10, 1), 0);
	classify_free(self);
}

static void equal_labels_share_a_number(void **state)
{
	struct classify *self = new_classify(4, 1000);
	struct classify_label none = { 0 };
	struct classify_label http = { .app = 7, .category = 5 };
	struct classify_label risky = { .app = 7, .category = 5, .risks = 2 };
	uint32_t first = classify_intern(self, &http);

	(void)state;
	assert_int_equal(classify_intern(self, &none), 0);
	assert_true(first > 0);
	assert_int_equal(classify_intern(self, &http), first);
	assert_int_not_equal(classify_intern(self, &risky), first);
	assert_int_equal(classify_label_at(self, first).app, 7);
	assert_int_equal(classify_label_at(self, 99999).app, 0);
	/* Strangers vary the risks: past the cap they are left out, then the label. */
	for (uint64_t i = 0; i < 10000; i++) {
		struct classify_label many = { .app = 8, .risks = i << 8 | 1 };

		assert_true(classify_intern(self, &many) < 4096);
	}
	struct classify_label late = { .app = 9, .risks = 77 };

	assert_int_equal(classify_label_at(self, classify_intern(self, &late)).app, 9);
	assert_int_equal(classify_label_at(self, classify_intern(self, &late)).risks, 0);
	classify_free(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_is_labelled),
		cmocka_unit_test(unknown_payload_ends_after_its_packets),
		cmocka_unit_test(states_are_capped_and_come_back_at_the_deadline),
		cmocka_unit_test(equal_labels_share_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
