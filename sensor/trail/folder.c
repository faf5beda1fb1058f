/* folder.c: walks folders with a list of its own instead of recursion. */
#include "sensor/trail/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/log.h"
#include "sensor/printable.h"
#include "sensor/trail/limits.h"

/* Folders and files still to come; the last one is next. */
struct walk {
	struct step {
		char *path;
		unsigned depth;
	} * steps;
	size_t count;
	size_t room;
};

static int push(struct walk *walk, char *path, unsigned depth)
{
	if (path == NULL)
		return -ENOMEM;
	if (walk->count >= TRAIL_FILES) {
		free(path);
		return -E2BIG;
	}
	if (walk->count == walk->room) {
		size_t room = walk->room == 0 ? 256 : walk->room * 2;
		struct step *steps = realloc(walk->steps, room * sizeof(*steps));

		if (steps == NULL) {
			free(path);
			return -ENOMEM;
		}
		walk->steps = steps;
		walk->room = room;
	}
	walk->steps[walk->count++] = (struct step){ path, depth };
	return 0;
}

static void walk_free(struct walk *walk)
{
	for (size_t i = 0; i < walk->count; i++)
		free(walk->steps[i].path);
	free(walk->steps);
}

static bool is_passed_by(const char *name)
{
	return name[0] == '.' || strcmp(name, "CloudTrail-Digest") == 0 ||
	       strcmp(name, "CloudTrail-Insight") == 0;
}

static char *join(const char *folder, const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return NULL;
	return path;
}

/* Puts a folder's entries on the list, the last name first. */
static int list_folder(struct walk *walk, const char *folder, unsigned depth)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);
	int result = 0;

	if (count < 0)
		return -errno;
	for (int i = count - 1; i >= 0; i--) {
		if (result == 0 && !is_passed_by(entries[i]->d_name))
			result = push(walk, join(folder, entries[i]->d_name), depth + 1);
		free(entries[i]);
	}
	free(entries);
	return result;
}

static void say(const char *path, const char *why)
{
	char text[512];

	printable_text(path, text, sizeof(text));
	log_warning("%s: %s; passed by", text, why);
}

static bool is_link(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

static int take_step(struct walk *walk, const struct step *step, folder_fn *fn, void *ctx)
{
	struct stat info;
	int result;

	if (stat(step->path, &info) != 0) {
		say(step->path, strerror(errno));
		return 0;
	}
	if (S_ISREG(info.st_mode))
		return fn(ctx, step->path, &info);
	if (!S_ISDIR(info.st_mode) || is_link(step->path))
		return 0;
	if (step->depth >= TRAIL_FOLDER_DEPTH) {
		say(step->path, "too deep");
		return 0;
	}
	result = list_folder(walk, step->path, step->depth);
	if (result == -ENOMEM || result == -E2BIG)
		return result;
	if (result < 0)
		say(step->path, strerror(-result));
	return 0;
}

int folder_walk(const char *folder, folder_fn *fn, void *ctx)
{
	struct walk walk = { 0 };
	int result = list_folder(&walk, folder, 0);

	while (walk.count > 0 && result == 0) {
		struct step step = walk.steps[--walk.count];

		result = take_step(&walk, &step, fn, ctx);
		free(step.path);
	}
	walk_free(&walk);
	return result;
}

bool folder_is_ours(const char *path)
{
	static const char *const ends[] = { ".json",     ".json.gz", ".jsonl",
					    ".jsonl.gz", ".ndjson",  ".ndjson.gz" };
	const char *name = strrchr(path, '/');
	size_t len = strlen(path);

	name = name != NULL ? name + 1 : path;
	if (strchr(name, '.') == NULL)
		return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (len > strlen(ends[i]) && strcmp(path + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

int folder_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}
