/* state_dir.c: makes the folders before privileges are dropped, and checks whose they are. */
#include "sensor/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct owner {
	uid_t uid;
	gid_t gid;
	const char *name; /* "": this process's user */
};

static int find_owner(const char *user, struct owner *out, char error[STATE_DIR_ERROR_TEXT])
{
	const struct passwd *entry;

	*out = (struct owner){ .uid = geteuid(), .gid = getegid(), .name = "" };
	if (user == NULL || geteuid() != 0)
		return 0;
	entry = getpwnam(user);
	if (entry == NULL) {
		(void)snprintf(error, STATE_DIR_ERROR_TEXT, "there is no user \"%.64s\" (--user)",
			       user);
		return -ENOENT;
	}
	*out = (struct owner){ .uid = entry->pw_uid, .gid = entry->pw_gid, .name = user };
	return 0;
}

static int check_owner(int fd, const struct owner *owner, const char *what,
		       char error[STATE_DIR_ERROR_TEXT])
{
	struct stat info;

	if (fstat(fd, &info) != 0) {
		(void)snprintf(error, STATE_DIR_ERROR_TEXT, "%.300s: %s", what, strerror(errno));
		return -errno;
	}
	if (info.st_uid != owner->uid) {
		(void)snprintf(error, STATE_DIR_ERROR_TEXT,
			       "%.240s must belong to user %lu%s%.64s, but belongs to user %lu",
			       what, (unsigned long)owner->uid,
			       owner->name[0] != '\0' ? ", whom --user names: " : "", owner->name,
			       (unsigned long)info.st_uid);
		return -EPERM;
	}
	if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		(void)snprintf(error, STATE_DIR_ERROR_TEXT,
			       "%.300s: others may write there (mode %04o), must be 0700", what,
			       (unsigned)(info.st_mode & 07777));
		return -EPERM;
	}
	return 0;
}

/* Makes the folder if it is missing. A descriptor, or negative errno with error filled. */
static int open_folder(int base, const char *name, const struct owner *owner, const char *what,
		       char error[STATE_DIR_ERROR_TEXT])
{
	bool is_new = mkdirat(base, name, 0700) == 0;
	int fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (fd < 0) {
		result = -errno;
		(void)snprintf(error, STATE_DIR_ERROR_TEXT, "%.300s: %s", what, strerror(-result));
		return result;
	}
	if (is_new && owner->uid != geteuid() && fchown(fd, owner->uid, owner->gid) != 0) {
		result = -errno;
		(void)snprintf(error, STATE_DIR_ERROR_TEXT, "%.300s: cannot give it away: %s", what,
			       strerror(-result));
	} else {
		result = check_owner(fd, owner, what, error);
	}
	if (result == 0)
		return fd;
	close(fd);
	return result;
}

int state_dir_open(const char *path, const char *sensor_id, const char *user,
		   char error[STATE_DIR_ERROR_TEXT])
{
	struct owner owner;
	char what[300];
	int result = find_owner(user, &owner, error);
	int base;

	if (result < 0)
		return result;
	error[0] = '\0';
	/* The sensor id comes from the option table: no slash in it; but it may be dots. */
	if (sensor_id[strspn(sensor_id, ".")] == '\0') {
		(void)snprintf(error, STATE_DIR_ERROR_TEXT, "\"%.64s\" cannot name a folder",
			       sensor_id);
		return -EINVAL;
	}
	base = open_folder(AT_FDCWD, path, &owner, path, error);
	if (base < 0)
		return base;
	(void)snprintf(what, sizeof(what), "%.230s/%.64s", path, sensor_id);
	result = open_folder(base, sensor_id, &owner, what, error);
	close(base);
	return result;
}
