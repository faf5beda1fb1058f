/* fuzz_dns.c: any payload as a DNS message, alone and behind a length as over TCP. What is counted
 * has a place, every name is text that can be printed, and what reads names agrees to all of them.
 */
#include <stdlib.h>

#include "protocols/aws_key.h"
#include "protocols/dns.h"
#include "protocols/wildcard_dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_key(struct slice name)
{
	char key[AWS_KEY_TEXT];
	uint8_t addr[4];
	bool is_found = aws_key_find(name, key);
	size_t len = strnlen(key, sizeof(key));

	require(is_found ? len >= AWS_KEY_MIN && len <= AWS_KEY_MAX : len == 0);
	(void)dns_name_embedded_ipv4(name, addr);
}

static void check_name(const struct dns_name *name)
{
	require(name->len > 0 && name->len < DNS_NAME_TEXT && name->text[name->len] == '\0');
	for (size_t i = 0; i < name->len; i++)
		require(name->text[i] > ' ' && name->text[i] < 0x7f &&
			(name->text[i] < 'A' || name->text[i] > 'Z'));
	check_key(dns_name_slice(name));
}

static void check_answer(const struct dns_message *message, const struct dns_answer *answer)
{
	bool is_alias = answer->type == DNS_TYPE_CNAME;

	require(is_alias || answer->type == DNS_TYPE_A || answer->type == DNS_TYPE_AAAA);
	require(answer->owner < message->name_count && answer->target < message->name_count);
	require(is_alias || answer->target == 0);
	require(answer->ttl <= INT32_MAX);
}

static void check_message(struct slice bytes)
{
	struct dns_message message;

	memset(&message, 0xee, sizeof(message));
	if (dns_read(bytes, &message) == DNS_NONE)
		return;
	require(message.name_count >= 1 && message.name_count <= DNS_NAMES);
	require(message.answer_count <= DNS_ANSWERS && message.canonical < message.name_count);
	for (size_t i = 0; i < message.name_count; i++) {
		check_name(&message.names[i]);
		for (size_t j = 0; j < i; j++)
			require(!dns_name_eq(&message.names[i], &message.names[j]));
	}
	for (size_t i = 0; i < message.answer_count; i++)
		check_answer(&message, &message.answers[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice in = slice_of(bytes, size);
	struct slice message;
	size_t used = 0;

	check_message(in);
	check_key(in);
	(void)dns_is_plausible(in);
	while (in.len > 0 && dns_tcp_frame(in, &message, &used) == DNS_FRAME_WHOLE) {
		require(used == message.len + 2 && used <= in.len);
		check_message(message);
		in = slice_tail(in, used);
	}
	return 0;
}
