/* redis_url.h: where Redis is.
 *
 *	redis://[[user]:password@]host[:port][/db]	host: name, IPv4 or [IPv6]
 *	unix:///path/of/the/socket[?db=N]
 *
 * User and password may hold %XX. Nothing else of a URL is understood, and said so. */
#ifndef SENSOR_REDIS_URL_H
#define SENSOR_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDIS_URL_ERROR_TEXT 160
#define REDIS_SECRET_TEXT    512

struct redis_url {
	char host[256]; /* "" for a unix socket */
	char port[8];
	char path[108]; /* of the socket, "" for TCP */
	char user[128];
	char password[REDIS_SECRET_TEXT];
	uint32_t db;
};

/* 0 or -EINVAL with error filled; the error never quotes the user or password. */
int redis_url_parse(const char *text, struct redis_url *out, char error[REDIS_URL_ERROR_TEXT]);

/* Where it leads, without credentials: "host:port" or "/path". */
void redis_url_name(const struct redis_url *url, char *out, size_t size);

/* Could this process open a new connection, as far as rights to a socket file go? The sensor asks
 * it as its unprivileged user: a server that only root reaches would be lost with its first
 * connection. 0, or -EINVAL, -EACCES, -ENOENT... with error filled. */
int redis_url_check_access(const char *text, char error[REDIS_URL_ERROR_TEXT]);

/* The first line of a file as password. 0 or negative errno. */
int redis_url_read_password(struct redis_url *url, const char *path);

#endif
