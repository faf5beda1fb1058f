/* http_field.c: one field of an HTTP head at a time.
 *
 * The user of a proxy is nobody's worker: Proxy-Authorization is not read. Passwords come in three
 * places: Authorization, in front of a host (user:password@host), and the
 * secretPhrase of a plotter's query, which is the key to its wallet. None is kept. */
#include "protocols/http_field.h"

#include "protocols/rpc.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Fields that are copied as they stand. */
struct text_row {
	const char *name;
	size_t offset;
	size_t size;
};

#define TEXT_ROW(name, member) \
	{ \
		name, offsetof(struct http_head, member), sizeof(((struct http_head *)0)->member) \
	}

static const struct text_row text_rows[] = {
	TEXT_ROW("host", host),
	TEXT_ROW("user-agent", agent),
	TEXT_ROW("x-stratum", stratum),
	TEXT_ROW("x-reject-reason", reject_reason),
	TEXT_ROW("x-mining-hashrate", mining_hashrate),
	TEXT_ROW("x-hash-difficulty", hash_difficulty),
	TEXT_ROW("x-miner", miner),
	TEXT_ROW("x-minername", miner_name),
	TEXT_ROW("x-capacity", capacity),
};

static const char *const mining_words[] = { "x-mining-extensions", "x-roll-ntime" };

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static struct slice trim(struct slice text)
{
	while (text.len > 0 && is_blank(text.ptr[0]))
		text = slice_tail(text, 1);
	while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

/* The next item of a list with commas, without its parameters; removed from the list. */
static struct slice next_item(struct slice *list)
{
	struct slice item = slice_head(*list, slice_find(*list, ','));

	*list = slice_tail(*list, item.len + 1);
	return trim(slice_head(item, slice_find(item, ';')));
}

static bool has_item(struct slice list, const char *word)
{
	while (list.len > 0)
		if (rpc_equals(next_item(&list), word))
			return true;
	return false;
}

static void add_coding(struct http_framing *framing, enum encoding coding)
{
	if (coding == ENCODING_NONE || framing->coding != ENCODING_NONE)
		framing->is_opaque = true;
	framing->coding = coding;
}

static void read_codings(struct http_framing *framing, struct slice list)
{
	while (list.len > 0) {
		struct slice item = next_item(&list);

		if (rpc_equals(item, "chunked"))
			framing->is_chunked = true;
		else if (rpc_equals(item, "gzip") || rpc_equals(item, "x-gzip"))
			add_coding(framing, ENCODING_GZIP);
		else if (rpc_equals(item, "deflate"))
			add_coding(framing, ENCODING_ZLIB);
		else if (item.len > 0 && !rpc_equals(item, "identity"))
			add_coding(framing, ENCODING_NONE);
	}
}

/* Digits only. What is no number, or a second one, does not count. */
static void read_length(struct http_framing *framing, struct slice list)
{
	struct slice text = next_item(&list);
	uint64_t length = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t digit = (uint8_t)(text.ptr[i] - '0');

		if (digit > 9)
			return;
		length = length > (UINT64_MAX - digit) / 10 ? UINT64_MAX : length * 10 + digit;
	}
	if (text.len == 0 || framing->has_length)
		return;
	framing->has_length = true;
	framing->length = length;
}

static int base64_value(uint8_t byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	if (byte == '+' || byte == '-')
		return 62;
	return byte == '/' || byte == '_' ? 63 : -1;
}

/* At least so many digits: what they hold, with the bits that are left, is one more byte. */
static bool is_more(struct slice text, size_t digits)
{
	for (size_t i = 0; i < digits; i++)
		if (i >= text.len || base64_value(text.ptr[i]) < 0)
			return false;
	return true;
}

/* The user goes into the head; of the password only that there is one. */
static void read_credentials(struct http_head *head, struct slice text)
{
	size_t len = 0;
	uint32_t bits = 0;
	unsigned count = 0;

	for (size_t i = 0; i < text.len; i++) {
		int value = base64_value(text.ptr[i]);

		if (value < 0)
			break;
		bits = (bits << 6 | (uint32_t)value) & 0xffff;
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		uint8_t byte = (uint8_t)(bits >> count);

		if (byte == ':') {
			head->has_password = is_more(slice_tail(text, i + 1), count == 0 ? 2 : 1);
			break;
		}
		if (len < sizeof(head->user) - 1)
			head->user[len++] = (char)byte;
	}
	head->user[len] = '\0';
}

static void read_authorization(struct http_head *head, struct slice value)
{
	if (rpc_starts(value, "basic ") && head->user[0] == '\0')
		read_credentials(head, trim(slice_tail(value, 6)));
}

/* What follows user and password in front of a host. */
static struct slice skip_user(struct http_head *head, struct slice place)
{
	struct slice authority = slice_head(place, slice_find(place, '/'));
	size_t at = authority.len;

	while (at > 0 && authority.ptr[at - 1] != '@')
		at--;
	if (at == 0)
		return place;
	struct slice user = slice_head(authority, at - 1);
	struct slice name = slice_head(user, slice_find(user, ':'));

	head->has_password = head->has_password || user.len > name.len + 1;
	if (head->user[0] == '\0')
		slice_copy(name, head->user, sizeof(head->user));
	return slice_tail(place, at);
}

/* Where a URL goes on after scheme://, or all of it. */
static struct slice skip_scheme(struct slice url)
{
	size_t colon = slice_find(url, ':');

	return slice_starts(slice_tail(url, colon), "://") ? slice_tail(url, colon + 3) : url;
}

static void copy_text(struct http_head *head, const struct text_row *row, struct slice value)
{
	char *text = (char *)head + row->offset;

	if (text[0] != '\0')
		return;
	if (text == head->stratum) {
		struct slice place = skip_scheme(value);
		size_t scheme =
			slice_copy(slice_head(value, value.len - place.len), text, row->size);

		slice_copy(skip_user(head, place), text + scheme, row->size - scheme);
		return;
	}
	slice_copy(value, text, row->size);
}

static bool read_framing(struct http_framing *framing, struct slice name, struct slice value)
{
	if (rpc_equals(name, "content-length"))
		read_length(framing, value);
	else if (rpc_equals(name, "content-encoding"))
		read_codings(framing, value);
	else if (rpc_equals(name, "upgrade")) {
		framing->is_upgrade = value.len > 0;
		framing->is_websocket = has_item(value, "websocket");
	} else if (rpc_equals(name, "transfer-encoding")) {
		framing->has_transfer = true;
		read_codings(framing, value);
	} else {
		return false;
	}
	return true;
}

void http_field(struct http_head *head, struct http_framing *framing, struct slice name,
		struct slice value)
{
	name = trim(name);
	value = trim(value);
	if (read_framing(framing, name, value))
		return;
	if (rpc_equals(name, "authorization"))
		read_authorization(head, value);
	if (rpc_equals(name, "content-type"))
		head->is_json = rpc_starts(value, "application/json");
	for (size_t i = 0; i < ROWS(mining_words); i++)
		if (rpc_equals(name, mining_words[i]))
			head->has_mining_word = true;
	for (size_t i = 0; i < ROWS(text_rows); i++)
		if (rpc_equals(name, text_rows[i].name))
			copy_text(head, &text_rows[i], value);
}

/* Removes n bytes from the middle of a text, and leaves nothing of them behind its end. */
static void erase(char *text, size_t at, size_t n)
{
	size_t len = strlen(text);

	memmove(text + at, text + at + n, len - at - n);
	memset(text + len - n, 0, n);
}

static void erase_secret(struct http_head *head)
{
	static const char word[] = "secretphrase=";
	struct slice text = slice_str(head->target);

	for (size_t i = 0; i < text.len; i++) {
		struct slice value = slice_tail(text, i + sizeof(word) - 1);

		if (!rpc_starts(slice_tail(text, i), word))
			continue;
		size_t len = slice_find(value, '&');

		head->has_password = head->has_password || len > 0;
		erase(head->target, i + sizeof(word) - 1, len);
		text = slice_str(head->target);
	}
}

void http_target(struct http_head *head)
{
	struct slice whole = slice_str(head->target);
	struct slice place = skip_scheme(whole);

	if (place.len < whole.len && head->target[0] != '/') {
		place = skip_user(head, place);
		size_t path = slice_find(place, '/');

		slice_copy(slice_head(place, path), head->host, sizeof(head->host));
		erase(head->target, 0, whole.len - place.len + path);
	}
	erase_secret(head);
}
