/* priv.c: from root to nobody, and proof of it. */
#include "sensor/priv.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cap-ng.h>

static int refuse(char error[PRIV_ERROR_TEXT], const char *what, int number)
{
	(void)snprintf(error, PRIV_ERROR_TEXT, "cannot drop privileges: %s: %s", what,
		       strerror(number));
	return -number;
}

/* Groups, ids, every capability set and the bounding set in one go. */
static int become(const struct passwd *entry, char error[PRIV_ERROR_TEXT])
{
	int result = capng_change_id((int)entry->pw_uid, (int)entry->pw_gid,
				     CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);

	return result == 0 ? 0 : refuse(error, "changing user", EPERM);
}

static int shed(char error[PRIV_ERROR_TEXT])
{
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return refuse(error, "capabilities", EPERM);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return refuse(error, "no_new_privs", errno);
	return 0;
}

/* Tries to get everything back: each attempt must fail. */
static int verify(char error[PRIV_ERROR_TEXT])
{
	uid_t real, effective, saved;

	if (getresuid(&real, &effective, &saved) != 0 || real == 0 || effective == 0 || saved == 0)
		return refuse(error, "still root after setresuid", EPERM);
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
		return refuse(error, "root could be regained", EPERM);
	if (capng_get_caps_process() != 0 ||
	    capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
		return refuse(error, "capabilities are left", EPERM);
	return 0;
}

int priv_drop(const char *user, char error[PRIV_ERROR_TEXT])
{
	int result = 0;

	capng_clear(CAPNG_SELECT_BOTH);
	if (geteuid() == 0) {
		errno = 0;
		const struct passwd *entry = getpwnam(user);

		if (entry == NULL) {
			(void)snprintf(error, PRIV_ERROR_TEXT,
				       "cannot drop privileges: there is no user \"%s\" (--user)",
				       user);
			return -ENOENT;
		}
		if (entry->pw_uid == 0) {
			(void)snprintf(error, PRIV_ERROR_TEXT,
				       "cannot drop privileges: user \"%s\" is root (--user)",
				       user);
			return -EINVAL;
		}
		result = become(entry, error);
	}
	if (result == 0)
		result = shed(error);
	if (result == 0)
		result = verify(error);
	return result;
}
