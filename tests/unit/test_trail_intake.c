/* test_trail_intake.c: files, folders and envelopes, whole and damaged. */
#include "trail_rig.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "sensor/trail/intake.h"

#define RECORD(name) \
	"{\"eventName\":\"" name "\",\"eventSource\":\"ec2.amazonaws.com\"," \
	"\"eventTime\":\"2026-03-05T09:58:02Z\",\"userIdentity\":{}}"

static char folder[64];
static char seen[4096];
static size_t seen_len;

static int note(void *ctx, enum document kind, const json_t *json, const char *raw, size_t len,
		const char **why)
{
	static const char letters[] = "RVIFASO";
	const char *name = record_text(json, "eventName");

	(void)ctx;
	assert_non_null(raw);
	assert_true(len > 0);
	if (strcmp(name, "Bad") == 0) {
		*why = "bad";
		return -EBADMSG;
	}
	seen_len += (size_t)snprintf(seen + seen_len, sizeof(seen) - seen_len, "%c:%s ",
				     letters[kind], name);
	return 0;
}

static struct intake *open_intake(void)
{
	struct intake *intake = intake_new(note, NULL, NULL);

	assert_non_null(intake);
	seen[0] = '\0';
	seen_len = 0;
	return intake;
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/trail_intake.XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r -- '%s'", folder);
	return system(command);
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void make_dir(const char *name)
{
	assert_int_equal(mkdir(path_of(name), 0700), 0);
}

static void write_plain(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* keep: bytes of the packed file that stay; 0: all. */
static void write_packed(const char *name, const char *text, long keep)
{
	gzFile file = gzopen(path_of(name), "wb");

	assert_non_null(file);
	assert_true(gzwrite(file, text, (unsigned)strlen(text)) > 0);
	assert_int_equal(gzclose(file), Z_OK);
	if (keep > 0)
		assert_int_equal(truncate(path_of(name), keep), 0);
}

static void reads_files_packed_and_plain(void **state)
{
	struct intake *intake = open_intake();

	(void)state;
	write_packed("a.json.gz", "{\"Records\":[" RECORD("A") "," RECORD("B") "]}", 0);
	write_plain("b.json", RECORD("C") "\n" RECORD("D") "\n");
	assert_int_equal(intake_path(intake, path_of("a.json.gz")), 0);
	assert_int_equal(intake_path(intake, path_of("b.json")), 0);
	assert_string_equal(seen, "R:A R:B R:C R:D ");
	assert_int_equal(intake_counts(intake)->files, 2);
	assert_int_equal(intake_counts(intake)->documents, 4);
	assert_int_equal(intake_counts(intake)->bad, 0);
	assert_int_equal(intake_path(intake, path_of("none.json")), -ENOENT);
	intake_free(intake);
}

static void opens_envelopes(void **state)
{
	static const char text[] =
		"{\"detail-type\":\"AWS API Call via CloudTrail\",\"detail\":" RECORD(
			"E") "}"
			     "{\"Events\":[{\"EventId\":\"1\",\"CloudTrailEvent\":\"{"
			     "\\\"eventName\\\":\\\"L\\\","
			     "\\\"eventSource\\\":\\\"e\\\"}\"}]}"
			     "{\"logEvents\":[{\"message\":\"{\\\"eventName\\\":\\\"W\\\","
			     "\\\"eventSource\\\":"
			     "\\\"e\\\"}\"},{\"message\":\"no json\"}]}"
			     "{\"Reservations\":[{\"Instances\":[]}]}"
			     "{\"NetworkInterfaces\":[{\"NetworkInterfaceId\":\"eni-1\"}]}"
			     "{\"detail-type\":\"GuardDuty "
			     "Finding\",\"detail\":{\"schemaVersion\":\"2.0\","
			     "\"type\":\"t\",\"service\":{}}}"
			     "{\"detail-type\":\"Security Hub Findings - "
			     "Imported\",\"detail\":{\"findings\":["
			     "{\"SchemaVersion\":\"2018-10-08\",\"ProductArn\":\"p\"},"
			     "{\"SchemaVersion\":\"2018-10-08\",\"ProductArn\":\"p\"}]}}"
			     "{\"Findings\":[{\"SchemaVersion\":\"2.0\",\"Type\":\"t\",\"Service\":"
			     "{}}]}"
			     "{\"event_type\":\"alert\"}{\"event_type\":\"flow\"}"
			     "{\"minecanary-trail\":\"use\"}{\"x\":1}";
	struct intake *intake = open_intake();

	(void)state;
	assert_int_equal(intake_text(intake, "text", text, strlen(text)), 0);
	assert_string_equal(seen, "R:E R:L R:W V: I: F: F: F: F: A: S: ");
	assert_int_equal(intake_counts(intake)->bad, 1);
	assert_int_equal(intake_counts(intake)->others, 1);
	intake_free(intake);
}

static void passes_damage_by(void **state)
{
	static const char text[] = "{\"Records\":[" RECORD("A") ",{\"eventVersion\":\"1\"},"
								"{\"eventName\":tru}," RECORD(
									"Bad") "," RECORD("B") "]}";
	struct intake *intake = open_intake();

	(void)state;
	assert_int_equal(intake_text(intake, "text", text, strlen(text)), 0);
	assert_string_equal(seen, "R:A R:B ");
	assert_int_equal(intake_counts(intake)->bad, 3);
	intake_free(intake);
}

static void uses_what_comes_before_the_cut(void **state)
{
	struct intake *intake = open_intake();
	struct stat info;
	char text[60000] = "{\"Records\":[";
	size_t len = strlen(text);

	(void)state;
	/* Content that does not pack well, so that a cut in the middle is one. */
	for (unsigned i = 0; i < 300; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%s{\"eventName\":\"A\",\"eventSource\":\"%08x%08x\"}",
					i > 0 ? "," : "", i * 2654435761u,
					i * 40503u * 2654435761u);
	snprintf(text + len, sizeof(text) - len, "]}");
	write_packed("cut.json.gz", text, 0);
	assert_int_equal(stat(path_of("cut.json.gz"), &info), 0);
	assert_int_equal(truncate(path_of("cut.json.gz"), info.st_size / 2), 0);
	assert_int_equal(intake_path(intake, path_of("cut.json.gz")), 0);
	assert_int_equal(intake_counts(intake)->bad_files, 1);
	assert_in_range(intake_counts(intake)->documents, 50, 250);
	/* The next file begins anew. */
	write_plain("next.json", RECORD("N"));
	seen_len = 0;
	assert_int_equal(intake_path(intake, path_of("next.json")), 0);
	assert_string_equal(seen, "R:N ");
	intake_free(intake);
}

static void walks_folders(void **state)
{
	struct intake *intake = open_intake();

	(void)state;
	make_dir("AWSLogs");
	make_dir("AWSLogs/CloudTrail");
	make_dir("AWSLogs/CloudTrail/us-east-1");
	make_dir("AWSLogs/CloudTrail-Digest");
	make_dir("AWSLogs/CloudTrail-Insight");
	make_dir("AWSLogs/.hidden");
	write_packed("AWSLogs/CloudTrail/us-east-1/2.json.gz", RECORD("Two"), 0);
	write_packed("AWSLogs/CloudTrail/us-east-1/1.json.gz", RECORD("One"), 0);
	write_packed("AWSLogs/CloudTrail-Digest/d.json.gz", RECORD("Digest"), 0);
	write_packed("AWSLogs/CloudTrail-Insight/i.json.gz", RECORD("Insight"), 0);
	write_plain("AWSLogs/.hidden/h.json", RECORD("Hidden"));
	write_plain("AWSLogs/x.log.gz", RECORD("Log"));
	write_plain("AWSLogs/y.jsonl", RECORD("Lines"));
	assert_int_equal(symlink("..", path_of("AWSLogs/CloudTrail/loop")), 0);
	assert_int_equal(intake_path(intake, path_of("AWSLogs/CloudTrail/us-east-1")), 0);
	assert_string_equal(seen, "R:One R:Two ");
	seen_len = 0;
	/* A link that leads up is not followed. */
	assert_int_equal(intake_path(intake, path_of("AWSLogs")), 0);
	assert_null(strstr(seen, "Digest"));
	assert_null(strstr(seen, "Insight"));
	assert_null(strstr(seen, "Hidden"));
	assert_null(strstr(seen, "Log"));
	assert_string_equal(seen, "R:One R:Two R:Lines ");
	assert_true(intake_counts(intake)->passed_by > 0);
	intake_free(intake);
}

static unsigned done;

static int on_done(void *ctx, const char *path)
{
	(void)ctx;
	assert_non_null(strstr(path, ".json"));
	done++;
	return 0;
}

static void follows_a_folder(void **state)
{
	struct intake *intake = open_intake();
	struct follow *follow;

	(void)state;
	make_dir("grows");
	write_plain("grows/1.json", RECORD("One"));
	follow = follow_new(intake, path_of("grows"), on_done, NULL);
	assert_non_null(follow);
	done = 0;
	assert_int_equal(follow_poll(follow), 1);
	assert_int_equal(follow_poll(follow), 0);
	write_plain("grows/2.json", RECORD("Two"));
	assert_int_equal(follow_poll(follow), 1);
	/* One that grew is read again. */
	write_plain("grows/1.json", RECORD("One") "\n" RECORD("More"));
	assert_int_equal(follow_poll(follow), 1);
	assert_string_equal(seen, "R:One R:Two R:One R:More ");
	assert_int_equal(done, 3);
	follow_free(follow);
	intake_free(intake);
}

static void knows_what_was_followed_before(void **state)
{
	struct intake *intake = open_intake();
	struct follow *follow;
	struct stat info;

	(void)state;
	make_dir("known");
	write_plain("known/1.json", RECORD("One"));
	assert_int_equal(stat(path_of("known/1.json"), &info), 0);
	follow = follow_new(intake, path_of("known"), NULL, NULL);
	assert_int_equal(follow_known(follow, path_of("known/1.json"), (uint64_t)info.st_size,
				      (uint64_t)info.st_mtim.tv_sec * 1000000000 +
					      (uint64_t)info.st_mtim.tv_nsec),
			 0);
	assert_int_equal(follow_poll(follow), 0);
	assert_string_equal(seen, "");
	follow_free(follow);
	intake_free(intake);
}

static void stops_when_told(void **state)
{
	_Atomic bool stop = true;
	struct intake *intake = intake_new(note, NULL, &stop);
	static const char text[] = RECORD("A") RECORD("B");

	(void)state;
	seen_len = 0;
	assert_int_equal(intake_text(intake, "text", text, strlen(text)), -EINTR);
	assert_string_equal(seen, "R:A ");
	intake_free(intake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_files_packed_and_plain),
		cmocka_unit_test(opens_envelopes),
		cmocka_unit_test(passes_damage_by),
		cmocka_unit_test(uses_what_comes_before_the_cut),
		cmocka_unit_test(walks_folders),
		cmocka_unit_test(follows_a_folder),
		cmocka_unit_test(knows_what_was_followed_before),
		cmocka_unit_test(stops_when_told),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
