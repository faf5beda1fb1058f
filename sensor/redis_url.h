/* redis_url.h: where Redis is.
 *
 *	redis://[[user]:password@]host[:port][/db]	host: name, IPv4 or [IPv6]
 *	rediss://...					the same over TLS
 *	unix:///path/of/the/socket[?db=N]
 *	redis+sentinel://[user@]host[:port],.../name[/db]	the master called name, as these
 *	rediss+sentinel://...					Sentinels tell; TLS to all
 *	redis+cluster://[user@]host[:port],...		a Redis Cluster of which these are
 *	rediss+cluster://...				servers, as a single one may be
 *
 * User and password may hold %XX. Nothing else of a URL is understood, and said so. */
#ifndef SENSOR_REDIS_URL_H
#define SENSOR_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDIS_URL_ERROR_TEXT 160
#define REDIS_SECRET_TEXT    512

#define REDIS_SENTINELS 8

struct redis_place {
	char host[256];
	char port[8];
};

struct redis_url {
	struct redis_place place; /* host "": a unix socket, or Sentinels know */
	char path[108];           /* of the socket, "" for TCP */
	struct redis_place sentinels[REDIS_SENTINELS];
	size_t sentinel_count;
	char master[128];                          /* its name for the Sentinels */
	struct redis_place seeds[REDIS_SENTINELS]; /* of a cluster, place is the first */
	size_t seed_count;
	bool is_tls;
	char user[128];
	char password[REDIS_SECRET_TEXT];
	uint32_t db;
};

/* 0 or -EINVAL with error filled; the error never quotes the user or password. */
int redis_url_parse(const char *text, struct redis_url *out, char error[REDIS_URL_ERROR_TEXT]);

/* Where it leads, without credentials: "host:port", "/path", or "name at host:port,host:port". */
void redis_url_name(const struct redis_url *url, char *out, size_t size);
void redis_place_name(const struct redis_place *place, char *out, size_t size);

/* Does a URL hold a password? Every user of the machine can read a command line. */
bool redis_url_has_password(const char *text);

/* Could this process open a new connection, as far as rights to a socket file go? The sensor asks
 * it as its unprivileged user: a server that only root reaches would be lost with its first
 * connection. 0, or -EINVAL, -EACCES, -ENOENT... with error filled. */
int redis_url_check_access(const char *text, char error[REDIS_URL_ERROR_TEXT]);

/* The first line of a file as password. 0 or negative errno. */
int redis_url_read_password(struct redis_url *url, const char *path);

#endif
