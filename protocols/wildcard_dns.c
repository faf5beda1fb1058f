/* wildcard_dns.c: four numbers with one kind of sign between, or eight hex digits. */
#include "protocols/wildcard_dns.h"

#include "protocols/hex.h"

#define ADDRESS_BYTES 4
#define HEX_DIGITS    8

struct service {
	const char *suffix;
	bool is_anywhere; /* the address need not be the last thing before the suffix */
	bool has_hex;
};

static const struct service services[] = {
	{ ".nip.io", false, true },
	{ ".sslip.io", true, true },
	{ ".xip.io", false, false },
};

static uint8_t lower(uint8_t byte)
{
	return (uint8_t)(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
}

static bool ends_with(struct slice name, const char *suffix)
{
	size_t len = strlen(suffix);

	if (name.len <= len)
		return false;
	struct slice tail = slice_tail(name, name.len - len);

	for (size_t i = 0; i < len; i++)
		if (lower(tail.ptr[i]) != (uint8_t)suffix[i])
			return false;
	return true;
}

static bool is_boundary(struct slice head, size_t at)
{
	return at == head.len || head.ptr[at] == '.' || head.ptr[at] == '-';
}

/* 0 to 255 without a leading zero; false when there is none at *at, which it moves. */
static bool read_number(struct slice head, size_t *at, uint8_t *out)
{
	unsigned value = 0;
	size_t begin = *at;

	while (*at < head.len && *at - begin < 3 && head.ptr[*at] >= '0' && head.ptr[*at] <= '9')
		value = 10 * value + head.ptr[(*at)++] - '0';
	size_t len = *at - begin;

	*out = (uint8_t)value;
	return len > 0 && value <= 255 && (len == 1 || head.ptr[begin] != '0');
}

static bool read_numbers(struct slice head, size_t *at, uint8_t addr[ADDRESS_BYTES])
{
	uint8_t sign = '\0';

	for (size_t i = 0; i < ADDRESS_BYTES; i++) {
		if (i > 0 && (*at == head.len || (head.ptr[*at] != '.' && head.ptr[*at] != '-') ||
			      (i > 1 && head.ptr[*at] != sign)))
			return false;
		if (i > 0)
			sign = head.ptr[(*at)++];
		if (!read_number(head, at, &addr[i]))
			return false;
	}
	return is_boundary(head, *at);
}

static bool read_hex(struct slice head, size_t *at, uint8_t addr[ADDRESS_BYTES])
{
	struct slice digits = slice_sub(head, *at, HEX_DIGITS);

	if (digits.len < HEX_DIGITS || !hex_is(digits) || !is_boundary(head, *at + HEX_DIGITS))
		return false;
	for (size_t i = 0; i < ADDRESS_BYTES; i++)
		addr[i] = (uint8_t)((unsigned)hex_values[digits.ptr[2 * i]] << 4 |
				    (unsigned)hex_values[digits.ptr[2 * i + 1]]);
	*at += HEX_DIGITS;
	return true;
}

/* An address that begins there and, unless anywhere will do, ends where the head does. */
static bool read_address(const struct service *service, struct slice head, size_t begin,
			 uint8_t addr[ADDRESS_BYTES])
{
	size_t at = begin;

	if (read_numbers(head, &at, addr) && (service->is_anywhere || at == head.len))
		return true;
	at = begin;
	return service->has_hex && read_hex(head, &at, addr) &&
	       (service->is_anywhere || at == head.len);
}

static bool find_address(const struct service *service, struct slice head,
			 uint8_t addr[ADDRESS_BYTES])
{
	for (size_t begin = 0; begin < head.len; begin++) {
		uint8_t found[ADDRESS_BYTES];

		if (begin > 0 && !is_boundary(head, begin - 1))
			continue;
		if (read_address(service, head, begin, found)) {
			memcpy(addr, found, sizeof(found));
			return true;
		}
	}
	return false;
}

bool dns_name_embedded_ipv4(struct slice name, uint8_t addr[ADDRESS_BYTES])
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		const struct service *service = &services[i];

		if (ends_with(name, service->suffix))
			return find_address(service,
					    slice_head(name, name.len - strlen(service->suffix)),
					    addr);
	}
	return false;
}
