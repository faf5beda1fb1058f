/* redis_url.c: reads the URL of a Redis server. */
#include "sensor/redis_url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocols/slice.h"

#define DB_MAX        1000000
#define REDIS_PORT    6379
#define SENTINEL_PORT 26379

static int fail(char error[REDIS_URL_ERROR_TEXT], const char *why)
{
	(void)snprintf(error, REDIS_URL_ERROR_TEXT, "%s", why);
	return -EINVAL;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undoes %XX. False when it is broken, too long, or hides a NUL. */
static bool decode(struct slice in, char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < in.len; i++) {
		int byte = in.ptr[i];

		if (byte == '%') {
			if (in.len - i < 3 || hex_digit(in.ptr[i + 1]) < 0 ||
			    hex_digit(in.ptr[i + 2]) < 0)
				return false;
			byte = hex_digit(in.ptr[i + 1]) * 16 + hex_digit(in.ptr[i + 2]);
			i += 2;
		}
		if (byte == 0 || len + 1 >= size)
			return false;
		out[len++] = (char)byte;
	}
	out[len] = '\0';
	return true;
}

static bool parse_number(struct slice in, uint32_t max, uint32_t *out)
{
	uint32_t value = 0;

	if (in.len == 0 || in.len > 7)
		return false;
	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] < '0' || in.ptr[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(in.ptr[i] - '0');
	}
	*out = value;
	return value <= max;
}

static int parse_unix(struct slice rest, struct redis_url *out, char error[REDIS_URL_ERROR_TEXT])
{
	size_t question = slice_find(rest, '?');
	struct slice path = slice_head(rest, question);
	struct slice query = slice_tail(rest, question);

	if (path.len < 2 || path.ptr[0] != '/')
		return fail(error, "a unix URL needs an absolute path: unix:///run/redis.sock");
	if (!decode(path, out->path, sizeof(out->path)))
		return fail(error, "the socket's path is too long or has a broken %XX");
	if (query.len == 0)
		return 0;
	if (!slice_starts(query, "?db=") || !parse_number(slice_tail(query, 4), DB_MAX, &out->db))
		return fail(error, "after the socket's path only ?db=NUMBER is understood");
	return 0;
}

static int parse_login(struct slice login, struct redis_url *out, char error[REDIS_URL_ERROR_TEXT])
{
	size_t colon = slice_find(login, ':');

	if (!decode(slice_head(login, colon), out->user, sizeof(out->user)))
		return fail(error, "the user is too long or has a broken %XX");
	if (!decode(slice_tail(login, colon + 1), out->password, sizeof(out->password)))
		return fail(error, "the password is too long or has a broken %XX");
	return 0;
}

/* host, host:port, [ip6] or [ip6]:port */
static int parse_place(struct slice text, uint32_t port, struct redis_place *out,
		       char error[REDIS_URL_ERROR_TEXT])
{
	struct slice host;
	struct slice after;

	if (slice_starts(text, "[")) {
		size_t close = slice_find(text, ']');

		if (close == text.len)
			return fail(error, "an IPv6 address needs a closing bracket");
		host = slice_sub(text, 1, close - 1);
		after = slice_tail(text, close + 1);
	} else {
		host = slice_head(text, slice_find(text, ':'));
		after = slice_tail(text, host.len);
	}
	if (host.len == 0)
		return fail(error, "the host is missing");
	if (host.len >= sizeof(out->host))
		return fail(error, "the host is too long");
	if (after.len > 0 &&
	    (after.ptr[0] != ':' || !parse_number(slice_tail(after, 1), 65535, &port) || port == 0))
		return fail(error, "the port must be a number from 1 to 65535");
	slice_copy(host, out->host, sizeof(out->host));
	(void)snprintf(out->port, sizeof(out->port), "%u", (unsigned)port);
	return 0;
}

static int parse_db(struct slice db, struct redis_url *out, char error[REDIS_URL_ERROR_TEXT])
{
	if (db.len > 0 && !parse_number(db, DB_MAX, &out->db))
		return fail(error, "after the host only /NUMBER of a database is understood");
	return 0;
}

/* host:port,host:port */
static int parse_places(struct slice text, uint32_t port, struct redis_place *out, size_t *count,
			char error[REDIS_URL_ERROR_TEXT])
{
	while (text.len > 0) {
		size_t comma = slice_find(text, ',');
		int result;

		if (*count == REDIS_SENTINELS)
			return fail(error, "more than 8 servers");
		result = parse_place(slice_head(text, comma), port, &out[*count], error);
		if (result < 0)
			return result;
		(*count)++;
		text = slice_tail(text, comma + 1);
	}
	return *count > 0 ? 0 : fail(error, "the host is missing");
}

/* places/name[/db] */
static int parse_sentinels(struct slice rest, struct redis_url *out,
			   char error[REDIS_URL_ERROR_TEXT])
{
	size_t slash = slice_find(rest, '/');
	struct slice name = slice_tail(rest, slash + 1);
	size_t end = slice_find(name, '/');
	int result;

	if (!decode(slice_head(name, end), out->master, sizeof(out->master)))
		return fail(error, "the master's name is too long or has a broken %XX");
	if (out->master[0] == '\0')
		return fail(error, "after the Sentinels the name of the master is missing: "
				   "redis+sentinel://host,host/name");
	result = parse_places(slice_head(rest, slash), SENTINEL_PORT, out->sentinels,
			      &out->sentinel_count, error);
	return result < 0 ? result : parse_db(slice_tail(name, end + 1), out, error);
}

static int parse_cluster(struct slice rest, struct redis_url *out, char error[REDIS_URL_ERROR_TEXT])
{
	size_t slash = slice_find(rest, '/');
	int result = parse_places(slice_head(rest, slash), REDIS_PORT, out->seeds, &out->seed_count,
				  error);

	if (result < 0)
		return result;
	if (slice_tail(rest, slash + 1).len > 0)
		return fail(error, "a cluster has no databases");
	out->place = out->seeds[0];
	return 0;
}

/* The last '@': a password may hold one. */
static size_t find_at(struct slice in)
{
	for (size_t i = in.len; i > 0; i--)
		if (in.ptr[i - 1] == '@')
			return i - 1;
	return in.len;
}

struct scheme {
	const char *text;
	bool is_tls;
	bool has_sentinels;
	bool is_cluster;
};

static const struct scheme *find_scheme(struct slice text)
{
	static const struct scheme schemes[] = {
		{ .text = "redis://" },
		{ .text = "rediss://", .is_tls = true },
		{ .text = "redis+sentinel://", .has_sentinels = true },
		{ .text = "rediss+sentinel://", .is_tls = true, .has_sentinels = true },
		{ .text = "redis+cluster://", .is_cluster = true },
		{ .text = "rediss+cluster://", .is_tls = true, .is_cluster = true },
	};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (slice_starts(text, schemes[i].text))
			return &schemes[i];
	return NULL;
}

int redis_url_parse(const char *text, struct redis_url *out, char error[REDIS_URL_ERROR_TEXT])
{
	struct slice rest = slice_str(text);
	const struct scheme *scheme = find_scheme(rest);
	size_t slash;
	size_t at;
	int result;

	memset(out, 0, sizeof(*out));
	error[0] = '\0';
	if (slice_starts(rest, "unix://"))
		return parse_unix(slice_tail(rest, 7), out, error);
	if (scheme == NULL)
		return fail(error, "a Redis URL begins with redis://, rediss://, unix://, "
				   "redis+sentinel:// or redis+cluster://");
	out->is_tls = scheme->is_tls;
	rest = slice_tail(rest, strlen(scheme->text));
	at = find_at(rest);
	if (at < rest.len) {
		result = parse_login(slice_head(rest, at), out, error);
		if (result < 0)
			return result;
		rest = slice_tail(rest, at + 1);
	}
	if (scheme->has_sentinels)
		return parse_sentinels(rest, out, error);
	if (scheme->is_cluster)
		return parse_cluster(rest, out, error);
	slash = slice_find(rest, '/');
	result = parse_db(slice_tail(rest, slash + 1), out, error);
	return result < 0 ? result
			  : parse_place(slice_head(rest, slash), REDIS_PORT, &out->place, error);
}

void redis_place_name(const struct redis_place *place, char *out, size_t size)
{
	bool is_v6 = strchr(place->host, ':') != NULL;

	(void)snprintf(out, size, "%s%s%s:%s", is_v6 ? "[" : "", place->host, is_v6 ? "]" : "",
		       place->port);
}

static void append_places(const struct redis_place *places, size_t count, char *out, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(out);

		if (i > 0 && len + 1 < size)
			out[len++] = ',';
		redis_place_name(&places[i], out + len, size - len);
	}
}

void redis_url_name(const struct redis_url *url, char *out, size_t size)
{
	if (url->path[0] != '\0') {
		(void)snprintf(out, size, "%s", url->path);
	} else if (url->sentinel_count > 0) {
		(void)snprintf(out, size, "%s at ", url->master);
		append_places(url->sentinels, url->sentinel_count, out, size);
	} else if (url->seed_count > 0) {
		(void)snprintf(out, size, "the cluster at ");
		append_places(url->seeds, url->seed_count, out, size);
	} else {
		redis_place_name(&url->place, out, size);
	}
}

bool redis_url_has_password(const char *text)
{
	struct redis_url url;
	char error[REDIS_URL_ERROR_TEXT];
	bool has = redis_url_parse(text, &url, error) == 0 && url.password[0] != '\0';

	explicit_bzero(&url, sizeof(url));
	return has;
}

int redis_url_check_access(const char *text, char error[REDIS_URL_ERROR_TEXT])
{
	struct redis_url url;
	int result = redis_url_parse(text, &url, error);

	if (result == 0 && url.path[0] != '\0' && access(url.path, R_OK | W_OK) != 0) {
		result = -errno;
		(void)snprintf(error, REDIS_URL_ERROR_TEXT, "%s: %s", url.path, strerror(errno));
	}
	explicit_bzero(&url, sizeof(url));
	return result;
}

int redis_url_read_password(struct redis_url *url, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[REDIS_SECRET_TEXT + 2];
	int error = 0;

	if (file == NULL)
		return -errno;
	if (fgets(line, sizeof(line), file) == NULL) {
		error = ferror(file) ? -EIO : -ENODATA;
	} else {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0')
			error = -ENODATA;
		else if (strlen(line) >= sizeof(url->password))
			error = -E2BIG;
		else
			slice_copy(slice_str(line), url->password, sizeof(url->password));
	}
	explicit_bzero(line, sizeof(line));
	(void)fclose(file);
	return error;
}
