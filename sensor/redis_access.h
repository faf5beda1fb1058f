/* redis_access.h: all that is needed to reach Redis, as the configuration says it.
 *
 *	where		redis
 *	user		MINECANARY_REDIS_USER, else the URL's
 *	password	redis-password-file, else MINECANARY_REDIS_PASSWORD, else the URL's
 *	TLS		redis-ca, redis-cert, redis-key, with rediss:// and rediss+sentinel://
 *
 * All files are read when it is loaded, before the sensor gives up its privileges: they may be
 * root's, and new ones count from the next start. One thread has one access. */
#ifndef SENSOR_REDIS_ACCESS_H
#define SENSOR_REDIS_ACCESS_H

#include "sensor/config.h"
#include "sensor/redis_tls.h"

#define REDIS_ACCESS_ERROR_TEXT 400

/* Texts are borrowed while it is loaded. */
struct redis_access_options {
	const char *url;
	const char *password_file; /* NULL: none */
	struct redis_tls_files files;
};

struct redis_access {
	struct redis_url url;
	struct redis_tls *tls; /* NULL: plain */
};

/* 0 or negative errno with error filled, which never quotes user or password; then there is nothing
 * to clear. */
int redis_access_load(struct redis_access *out, const struct redis_access_options *options,
		      char error[REDIS_ACCESS_ERROR_TEXT]);

/* The same as the configuration says it, which must have a URL. */
int redis_access_configure(struct redis_access *out, const struct config *config,
			   char error[REDIS_ACCESS_ERROR_TEXT]);

/* Wipes the password, too. */
void redis_access_clear(struct redis_access *self);

#endif
