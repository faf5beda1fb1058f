/* lists_line.c: one line of a list: kind, entry, options, tag. The format is drawn in lists.h. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sensor/limits.h"
#include "sensor/lists_index.h"

static const char *const kind_texts[LIST_KIND_COUNT] = {
	[LIST_POOL] = "pool",
	[LIST_STAGING] = "hostile-staging",
	[LIST_CONTROLLER] = "hostile-controller",
	[LIST_EXFILTRATION] = "hostile-exfiltration",
	[LIST_ALLOW] = "allow",
	[LIST_WALLET] = "wallet",
	[LIST_JA3] = "ja3",
	[LIST_JA4] = "ja4",
};
static const char *const confidence_texts[LIST_CONFIDENCE_COUNT] = { "low", "medium", "high" };
static const char *const schemes[] = { "stratum+tcp://", "stratum+ssl://", "stratum2+tcp://",
				       "tcp://" };
static const char confidence_option[] = "confidence=";

const char *list_kind_text(enum list_kind kind)
{
	return kind_texts[kind];
}

bool list_kind_is_hostile(enum list_kind kind)
{
	return kind == LIST_STAGING || kind == LIST_CONTROLLER || kind == LIST_EXFILTRATION;
}

int list_fail(const struct list_place *place, const char *format, ...)
{
	va_list args;
	int used = snprintf(place->error, LISTS_ERROR_TEXT, "%s:%u: ", place->path, place->line);

	if (used < 0 || used >= LISTS_ERROR_TEXT)
		return -EINVAL;
	va_start(args, format);
	(void)vsnprintf(place->error + used, LISTS_ERROR_TEXT - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

/* Cuts the next word off *at; empty at the end of the line. */
static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " \t\r");
	char *end = word + strcspn(word, " \t\r");

	if (*end != '\0')
		*end++ = '\0';
	*at = end;
	return word;
}

/* --- entries -------------------------------------------------------------------------------- */

size_t list_wallet_key(const char *text, size_t len, char out[LISTS_KEY_MAX])
{
	bool is_hex = len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

	for (size_t i = 2; is_hex && i < len; i++)
		is_hex = isxdigit((unsigned char)text[i]) != 0;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(is_hex ? tolower((unsigned char)text[i]) : text[i]);
	return len;
}

static int parse_wallet(const struct list_place *place, const char *text, struct list_line *out)
{
	size_t len = strlen(text);
	bool has_alnum = false;

	if (len >= LIMIT_WALLET_TEXT)
		return list_fail(place, "the wallet is longer than %d bytes",
				 LIMIT_WALLET_TEXT - 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (isalnum(byte))
			has_alnum = true;
		else if (strchr("._-+=:@~", byte) == NULL)
			return list_fail(place, "\"%.128s\" is no wallet: bad byte 0x%02x", text,
					 byte);
	}
	if (!has_alnum)
		return list_fail(place, "\"%.128s\" is no wallet", text);
	out->form = LIST_FORM_WALLET;
	out->key_len = (uint8_t)list_wallet_key(text, len, out->key);
	return 0;
}

static void set_lower(const char *text, size_t len, struct list_line *out)
{
	for (size_t i = 0; i < len; i++)
		out->key[i] = (char)tolower((unsigned char)text[i]);
	out->key_len = (uint8_t)len;
}

static int parse_ja3(const struct list_place *place, const char *text, struct list_line *out)
{
	if (strlen(text) != LISTS_JA3_LEN ||
	    strspn(text, "0123456789abcdefABCDEF") != LISTS_JA3_LEN)
		return list_fail(place, "\"%.128s\" is no JA3: 32 hex digits", text);
	out->form = LIST_FORM_JA3;
	set_lower(text, LISTS_JA3_LEN, out);
	return 0;
}

/* protocol, TLS version, SNI, two counts, ALPN; 12 hex digits; 12 hex digits: t13d1516h2_8daaf..._
 * (FoxIO, "JA4: TLS Client Fingerprinting"). */
static int parse_ja4(const struct list_place *place, const char *text, struct list_line *out)
{
	static const char shape[] = "pvvsnnnnaa_hhhhhhhhhhhh_hhhhhhhhhhhh";
	bool is_good = strlen(text) == LISTS_JA4_LEN;

	for (size_t i = 0; is_good && i < LISTS_JA4_LEN; i++) {
		int byte = tolower((unsigned char)text[i]);

		switch (shape[i]) {
		case 'p':
			is_good = strchr("tqd", byte) != NULL;
			break;
		case 's':
			is_good = strchr("di", byte) != NULL;
			break;
		case 'n':
			is_good = isdigit(byte) != 0;
			break;
		case 'h':
			is_good = isxdigit(byte) != 0;
			break;
		case '_':
			is_good = byte == '_';
			break;
		default:
			is_good = isalnum(byte) != 0;
		}
	}
	if (!is_good)
		return list_fail(place,
				 "\"%.128s\" is no JA4, such as "
				 "t13d1516h2_8daaf6152771_b186095e22b6",
				 text);
	out->form = LIST_FORM_JA4;
	set_lower(text, LISTS_JA4_LEN, out);
	return 0;
}

static int parse_url(const struct list_place *place, char *text, struct list_line *out)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			return list_target_parse(place, text + strlen(schemes[i]), true, out);
	return list_fail(place, "\"%.64s\" has an unknown scheme", text);
}

static int parse_entry(const struct list_place *place, char *text, struct list_line *out)
{
	switch (out->kind) {
	case LIST_WALLET:
		return parse_wallet(place, text, out);
	case LIST_JA3:
		return parse_ja3(place, text, out);
	case LIST_JA4:
		return parse_ja4(place, text, out);
	case LIST_ALLOW:
		if (!list_is_address(text) &&
		    (strchr(text, '.') == NULL || strchr(text, '@') != NULL))
			return parse_wallet(place, text, out);
		break;
	default:
		break;
	}
	if (strstr(text, "://") != NULL)
		return parse_url(place, text, out);
	return list_target_parse(place, text, false, out);
}

/* --- what follows the entry ----------------------------------------------------------------- */

static int parse_confidence(const struct list_place *place, const char *text, struct list_line *out)
{
	for (int i = 0; i < LIST_CONFIDENCE_COUNT; i++) {
		if (strcmp(text, confidence_texts[i]) != 0)
			continue;
		out->confidence = (uint8_t)i;
		return 0;
	}
	return list_fail(place, "bad confidence \"%.64s\": high, medium or low", text);
}

/* Options up to the first word that is none: there the tag begins. */
static int parse_options(const struct list_place *place, char **at, struct list_line *out)
{
	bool has_confidence = false;
	bool is_dedicated = false;
	size_t prefix = sizeof(confidence_option) - 1;

	for (;;) {
		char *rest = *at + strspn(*at, " \t\r");
		size_t len = strcspn(rest, " \t\r");

		if (strncmp(rest, confidence_option, prefix) == 0) {
			if (parse_confidence(place, next_word(at) + prefix, out) < 0)
				return -EINVAL;
			has_confidence = true;
		} else if (len == 4 && memcmp(rest, "weak", len) == 0) {
			out->is_weak = true;
			(void)next_word(at);
		} else if (len == 9 && memcmp(rest, "dedicated", len) == 0) {
			is_dedicated = true;
			(void)next_word(at);
		} else {
			break;
		}
	}
	if (out->is_weak && is_dedicated)
		return list_fail(place, "\"weak\" and \"dedicated\" contradict each other");
	if (out->is_weak && out->kind == LIST_ALLOW)
		return list_fail(place, "\"weak\" says nothing about what is allowed");
	if (!has_confidence)
		out->confidence = out->is_weak ? LIST_LOW : LIST_HIGH;
	return 0;
}

static void set_tag(struct list_line *out, const char *text)
{
	text += strspn(text, " \t\r");
	size_t len = strlen(text);

	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	if (len >= LIMIT_NAME_TEXT) {
		len = LIMIT_NAME_TEXT - 1;
		/* Not within a character of several bytes. */
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	out->tag = text;
	out->tag_len = len;
}

/* --- the line ------------------------------------------------------------------------------- */

static int find_kind(const char *word)
{
	for (int i = 0; i < LIST_KIND_COUNT; i++)
		if (strcmp(word, kind_texts[i]) == 0)
			return i;
	return -1;
}

/* A line without a kind: a pool's address and its tag. */
static int parse_bare(const struct list_place *place, char *word, const char *rest,
		      struct list_line *out)
{
	bool is_url = strstr(word, "://") != NULL;
	int error;

	if (!is_url && !list_is_address(word)) {
		if (strchr(word, '.') != NULL)
			return list_fail(place,
					 "\"%.128s\" is no kind: a name is listed as \"pool "
					 "%.128s\"",
					 word, word);
		return list_fail(place,
				 "unknown kind \"%.64s\": pool, hostile-staging, "
				 "hostile-controller, hostile-exfiltration, allow, wallet, ja3 or "
				 "ja4",
				 word);
	}
	out->kind = LIST_POOL;
	out->confidence = LIST_HIGH;
	error = parse_entry(place, word, out);
	set_tag(out, rest);
	return error < 0 ? error : 1;
}

int list_line_parse(const struct list_place *place, char *text, struct list_line *out)
{
	char *comment = strchr(text, '#');
	char *word;
	int kind;

	out->is_weak = false;
	out->port = 0;
	if (comment != NULL)
		*comment = '\0';
	word = next_word(&text);
	if (*word == '\0')
		return 0;
	kind = find_kind(word);
	if (kind < 0)
		return parse_bare(place, word, text, out);
	out->kind = (uint8_t)kind;
	word = next_word(&text);
	if (*word == '\0')
		return list_fail(place, "\"%s\" needs an entry", kind_texts[kind]);
	if (parse_entry(place, word, out) < 0 || parse_options(place, &text, out) < 0)
		return -EINVAL;
	set_tag(out, text);
	return 1;
}
