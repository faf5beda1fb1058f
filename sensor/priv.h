/* priv.h: privileges only shrink. After the sources and files are open the live sensor becomes an
 * unprivileged user without capabilities, verified, or it refuses to run. */
#ifndef SENSOR_PRIV_H
#define SENSOR_PRIV_H

#define PRIV_ERROR_TEXT 256

/* Becomes user (looked up by name), clears groups and all capabilities, sets no_new_privs, and then
 * tries to get them back, expecting failure. When not started as root only the capabilities are
 * cleared. Call before threads are started. 0 or negative errno with error filled. */
int priv_drop(const char *user, char error[PRIV_ERROR_TEXT]);

#endif
