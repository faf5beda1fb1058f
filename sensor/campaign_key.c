/* campaign_key.c: one form for each shared key, and which words are none. */
#include "sensor/campaign_key.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "sensor/siphash.h"
#include "sensor/textw.h"

#define ACCOUNT_MIN        4
#define ACCOUNT_DIGITS_MIN 8

static const char *const kind_texts[CAMPAIGN_KINDS] = { "pool", "hostile", "wallet" };

/* What examples, defaults and haste put in the place of an account. */
static const char *const generic_accounts[] = {
	"account",     "admin",
	"anonymous",   "asdf",
	"default",     "demo",
	"donate",      "example",
	"guest",       "login",
	"localhost",   "miner",
	"mining",      "name",
	"nobody",      "none",
	"null",        "pass",
	"password",    "proxy",
	"qwerty",      "root",
	"test",        "test1",
	"test123",     "testing",
	"tester",      "ubuntu",
	"undefined",   "unknown",
	"user",        "user1",
	"username",    "wallet",
	"worker",      "worker1",
	"your_wallet", "your_wallet_address",
	"yourwallet",  "wallet_address",
	"xmrig",
};

const char *campaign_kind_text(enum campaign_kind kind)
{
	return kind < CAMPAIGN_KINDS ? kind_texts[kind] : "";
}

static void lower(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)tolower((unsigned char)*text);
}

static bool is_hex_address(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && text[2] != '\0' &&
	       strspn(text + 2, "0123456789abcdefABCDEF") == strlen(text + 2);
}

static bool is_generic(const char *text)
{
	size_t len = strlen(text);
	size_t same = 0;

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return true;
		same += text[i] == text[0];
	}
	if (len < ACCOUNT_MIN || same == len)
		return true;
	if (len < ACCOUNT_DIGITS_MIN && strspn(text, "0123456789") == len)
		return true;
	for (size_t i = 0; i < sizeof(generic_accounts) / sizeof(generic_accounts[0]); i++)
		if (strcasecmp(text, generic_accounts[i]) == 0)
			return true;
	return false;
}

static bool wallet_key(char *key, bool is_address)
{
	if (is_hex_address(key))
		lower(key);
	return strlen(key) >= ACCOUNT_MIN && (is_address || !is_generic(key));
}

/* host, host:port, [address]:port */
static void drop_port(char *name)
{
	char *colon = strrchr(name, ':');

	if (name[0] == '[') {
		name[strcspn(name, "]")] = '\0';
		memmove(name, name + 1, strlen(name));
	} else if (colon != NULL && strchr(name, ':') == colon) {
		*colon = '\0';
	}
}

static bool is_ip(const char *name)
{
	struct in6_addr address;

	return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

static void tidy_name(char *name)
{
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		name[len - 1] = '\0';
	lower(name);
}

static bool pool_key(char *key)
{
	drop_port(key);
	tidy_name(key);
	return strchr(key, '.') != NULL && !is_ip(key);
}

bool campaign_key(enum campaign_kind kind, const char *text, bool is_address,
		  char out[CAMPAIGN_KEY_TEXT])
{
	bool is_key = false;
	struct textw w;

	textw_init(&w, out, CAMPAIGN_KEY_TEXT);
	textw_text(&w, text);
	switch (kind) {
	case CAMPAIGN_WALLET:
		is_key = wallet_key(out, is_address);
		break;
	case CAMPAIGN_POOL:
		is_key = pool_key(out);
		break;
	case CAMPAIGN_HOSTILE:
		tidy_name(out);
		is_key = out[0] != '\0';
		break;
	case CAMPAIGN_KINDS:
		break;
	}
	if (!is_key)
		out[0] = '\0';
	return is_key;
}

static uint64_t text_id(const char *text)
{
	return siphash_id(text, strlen(text));
}

uint64_t campaign_id(enum campaign_kind kind, const char *key)
{
	/* Hashes of the texts, so that none can be mistaken for a piece of its neighbour. */
	uint64_t parts[3] = { text_id("campaign"), text_id(campaign_kind_text(kind)),
			      text_id(key) };
	uint64_t id = siphash_id_words(parts, 3);

	return id != 0 ? id : 1;
}
