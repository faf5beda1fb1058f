/* lists_target.c: the part of a list's line that names somebody: address, prefix or host name. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/cloud.h"
#include "sensor/lists_index.h"

/* Letters, digits, `-`, `_` and `.`, in lower case. */
const uint8_t list_name_bytes[256] = {
	['-'] = '-', ['.'] = '.', ['_'] = '_', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3',
	['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['a'] = 'a',
	['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h',
	['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o',
	['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v',
	['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c',
	['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j',
	['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q',
	['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x',
	['Y'] = 'y', ['Z'] = 'z',
};

/* Second levels under which countries register names: nobody's own. */
static const char *const registries[] = { "ac",  "co", "com", "edu", "gob",
					  "gov", "ne", "net", "or",  "org" };

bool list_is_address(const char *text)
{
	const char *colon = strchr(text, ':');
	size_t digits = strspn(text, "0123456789.");

	return text[0] == '[' || strchr(text, '/') != NULL ||
	       (colon != NULL && strchr(colon + 1, ':') != NULL) ||
	       (digits > 0 && (text[digits] == '\0' || text[digits] == ':'));
}

/* --- addresses ------------------------------------------------------------------------------ */

static void set_address(struct list_line *out, uint8_t ip_version, const uint8_t *addr,
			uint8_t prefix_len)
{
	uint8_t len = ip_version == 4 ? 4 : 16;

	out->form = ip_version == 4 ? LIST_FORM_IP4 : LIST_FORM_IP6;
	memcpy(out->key, addr, len);
	out->key[len] = (char)prefix_len;
	out->key_len = (uint8_t)(len + 1);
}

static int parse_port(const struct list_place *place, const char *text, uint16_t *out)
{
	unsigned value = 0;
	size_t len = strlen(text);

	for (size_t i = 0; i < len && i < 6; i++) {
		if (text[i] < '0' || text[i] > '9')
			return list_fail(place, "bad port \"%.64s\": not a number", text);
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (len == 0 || len > 5 || value == 0 || value > 65535)
		return list_fail(place, "bad port \"%.64s\": a port is 1 to 65535", text);
	*out = (uint16_t)value;
	return 0;
}

static int parse_address(const struct list_place *place, int family, const char *text,
			 struct list_line *out)
{
	uint8_t addr[16];

	if (inet_pton(family, text, addr) != 1)
		return list_fail(place, "\"%.128s\" is not an IP address", text);
	set_address(out, family == AF_INET ? 4 : 6, addr, family == AF_INET ? 32 : 128);
	return 0;
}

static int parse_prefix(const struct list_place *place, char *text, struct list_line *out)
{
	struct net_prefix prefix;
	uint8_t addr[16];
	char *slash = strchr(text, '/');

	if (net_prefix_parse(text, &prefix) == 0) {
		set_address(out, prefix.ip_version, prefix.addr, prefix.prefix_len);
		return 0;
	}
	*slash = '\0';
	if (inet_pton(AF_INET, text, addr) != 1 && inet_pton(AF_INET6, text, addr) != 1)
		return list_fail(place, "\"%.128s\" is not an IP address", text);
	*slash = '/';
	/* The address is one: the length is wrong, or bits are set behind it. */
	size_t digits = strspn(slash + 1, "0123456789");
	unsigned long max = memchr(text, ':', (size_t)(slash - text)) != NULL ? 128 : 32;

	if (digits == 0 || digits > 3 || slash[1 + digits] != '\0' ||
	    (digits > 1 && slash[1] == '0') || strtoul(slash + 1, NULL, 10) > max)
		return list_fail(place, "bad prefix length \"%.64s\": 0 to %lu", slash + 1, max);
	return list_fail(place, "\"%.128s\" has bits set behind its prefix", text);
}

/* "[ip6]" or "[ip6]:port". */
static int parse_bracketed(const struct list_place *place, char *text, struct list_line *out)
{
	char *end = strchr(text, ']');
	int error;

	if (end == NULL)
		return list_fail(place, "\"%.128s\" lacks its closing bracket", text);
	*end = '\0';
	error = parse_address(place, AF_INET6, text + 1, out);
	if (error < 0 || end[1] == '\0')
		return error;
	if (end[1] != ':')
		return list_fail(place, "\"%.64s\" behind the address is not a port", end + 1);
	return parse_port(place, end + 2, &out->port);
}

/* --- names ---------------------------------------------------------------------------------- */

static int check_byte(const struct list_place *place, const char *name, unsigned char byte)
{
	if (byte >= 0x80)
		return list_fail(place,
				 "\"%.128s\": write an international name as punycode "
				 "(xn--...)",
				 name);
	if (byte == '*')
		return list_fail(place,
				 "\"%.128s\": a wildcard stands at the beginning only, as \"*.\"",
				 name);
	return list_fail(place, "\"%.128s\" is no host name: bad byte 0x%02x", name, byte);
}

/* Labels of the key, each of 1 to 63 bytes; negative: it was complained about. */
static int count_labels(const struct list_place *place, const char *name,
			const struct list_line *line)
{
	size_t begin = 0;
	int labels = 0;

	for (size_t i = 0; i <= line->key_len; i++) {
		if (i < line->key_len && line->key[i] != '.')
			continue;
		if (i == begin)
			return list_fail(place, "\"%.128s\" has an empty label", name);
		if (i - begin > LISTS_LABEL_MAX)
			return list_fail(place, "\"%.128s\" has a label of more than %d bytes",
					 name, LISTS_LABEL_MAX);
		labels++;
		begin = i + 1;
	}
	return labels;
}

static bool is_registry(const struct list_line *line)
{
	const char *dot = memchr(line->key, '.', line->key_len);
	size_t len = (size_t)(dot - line->key);

	if (line->key_len - len != 3)
		return false;
	for (size_t i = 0; i < sizeof(registries) / sizeof(*registries); i++)
		if (strlen(registries[i]) == len && memcmp(registries[i], line->key, len) == 0)
			return true;
	return false;
}

/* A name that holds half the world is a mistake. */
static int check_width(const struct list_place *place, const char *name, int labels,
		       const struct list_line *line)
{
	const char *last = memrchr(line->key, '.', line->key_len);
	size_t digits = 0;

	if (labels == 1)
		return list_fail(place, "\"%.128s\" is a single label: too wide for a list", name);
	if (labels == 2 && is_registry(line))
		return list_fail(place, "\"%.128s\" is a public suffix: too wide for a list", name);
	last++;
	while (last + digits < line->key + line->key_len &&
	       isdigit((unsigned char)last[digits]) != 0)
		digits++;
	if (last + digits == line->key + line->key_len)
		return list_fail(place, "\"%.128s\" is neither an IP address nor a name", name);
	return 0;
}

static int parse_name(const struct list_place *place, const char *name, struct list_line *out)
{
	const char *at = name;
	size_t len;
	int labels;

	out->form = LIST_FORM_NAME;
	if (*at == '=') {
		out->form = LIST_FORM_EXACT;
		at++;
	} else if (strncmp(at, "*.", 2) == 0) {
		out->form = LIST_FORM_BELOW;
		at += 2;
	}
	len = strlen(at);
	if (len > 0 && at[len - 1] == '.')
		len--;
	if (len == 0)
		return list_fail(place, "\"%.128s\" is an empty name", name);
	if (len > LISTS_NAME_MAX)
		return list_fail(place, "the name is longer than %d bytes", LISTS_NAME_MAX);
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = list_name_bytes[(unsigned char)at[i]];

		if (byte == 0)
			return check_byte(place, name, (unsigned char)at[i]);
		out->key[i] = (char)byte;
	}
	out->key_len = (uint8_t)len;
	labels = count_labels(place, name, out);
	return labels < 0 ? labels : check_width(place, name, labels, out);
}

/* --- either --------------------------------------------------------------------------------- */

int list_target_parse(const struct list_place *place, char *text, bool has_url,
		      struct list_line *out)
{
	char *colon = strrchr(text, ':');
	bool is_address = list_is_address(text);
	int error = 0;

	if (strchr(text, '/') != NULL && !has_url)
		return parse_prefix(place, text, out);
	if (text[0] == '[') {
		error = parse_bracketed(place, text, out);
	} else if (colon != NULL && strchr(text, ':') != colon) {
		error = parse_address(place, AF_INET6, text, out);
	} else {
		if (colon != NULL)
			*colon = '\0';
		error = is_address ? parse_address(place, AF_INET, text, out)
				   : parse_name(place, text, out);
		if (error == 0 && colon != NULL)
			error = parse_port(place, colon + 1, &out->port);
	}
	if (error == 0 && has_url && out->port == 0)
		return list_fail(place, "a URL needs a port: \"%.128s\"", text);
	return error;
}
