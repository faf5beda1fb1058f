/* test_trail_state.c: a kill between halves: what was saved and what comes after give the whole. */
#include "trail_rig.h"

#include <sys/stat.h>
#include <unistd.h>

#include "sensor/trail/state.h"

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/trail_state.XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r -- '%s'", folder);
	return system(command);
}

/* A process: its store, and its state. */
struct process {
	struct settings settings;
	struct store *store;
	struct state *state;
	struct intake *intake;
	bool is_restoring;
};

static int on_document(void *ctx, enum document kind, const json_t *json, const char *raw,
		       size_t len, const char **why)
{
	struct process *self = ctx;
	int result;

	if (kind == DOCUMENT_STATE)
		result = state_load(self->state, self->store, NULL, json, why);
	else
		result = store_document(self->store, kind, json, why);
	if (result < 0)
		return result;
	if ((result & STORE_KEPT) != 0 && !self->is_restoring)
		assert_int_equal(state_keep(self->state, raw, len, json), 0);
	return 0;
}

static void start(struct process *self)
{
	char error[STATE_ERROR_TEXT];

	memset(self, 0, sizeof(*self));
	settings_init(&self->settings);
	self->store = store_new(&self->settings);
	self->intake = intake_new(on_document, self, NULL);
	assert_int_equal(state_open(&self->state, folder, error), 0);
	self->is_restoring = true;
	assert_int_equal(state_restore(self->state, self->intake), 0);
	self->is_restoring = false;
	assert_int_equal(intake_counts(self->intake)->bad, 0);
}

static void save(struct process *self)
{
	char error[STATE_ERROR_TEXT];

	assert_int_equal(state_checkpoint(self->state, self->store, error), 0);
}

/* Nothing is written: as after a kill. */
static void end(struct process *self)
{
	state_close(self->state);
	intake_free(self->intake);
	store_free(self->store);
	settings_fini(&self->settings);
}

static void feed(struct process *self, const char *text)
{
	assert_int_equal(intake_text(self->intake, "text", text, strlen(text)), 0);
}

/* The thief's day, with reads, refusals and an alert. */
static void play(struct rig *rig)
{
	rig_week(rig, 5);
	for (unsigned i = 0; i < 12; i++) {
		char region[32];

		snprintf(region, sizeof(region), "eu-west-%u", i);
		RIG_CALL(rig, .name = "DescribeInstances", .time_s = RIG_T0 - 600 + i,
			 .address = RIG_THIEF, .region = region);
		RIG_CALL(rig, .name = "ListUsers", .service = "iam", .time_s = RIG_T0 - 500 + i,
			 .address = RIG_THIEF, .error = "AccessDenied");
	}
	rig_launch(rig, RIG_T0, "us-east-1", RIG_THIEF, "p3.2xlarge", 1, 3);
	rig_launch(rig, RIG_T0 + 30, "eu-west-1", RIG_THIEF, "p3.2xlarge", 11, 3);
	RIG_CALL(rig, .name = "CreateAccessKey", .service = "iam", .time_s = RIG_T0 + 105,
		 .address = RIG_THIEF,
		 .response = "{\"accessKey\":{\"accessKeyId\":\"AKIA4EXAMPLE7654321\","
			     "\"userName\":\"svc\"}}");
	RIG_CALL(rig, .name = "ListBuckets", .service = "s3", .time_s = RIG_T0 + 300,
		 .key = "AKIA4EXAMPLE7654321", .user = "svc", .address = "203.0.113.200");
	RIG_CALL(rig, .name = "TerminateInstances", .time_s = RIG_T0 + 900,
		 .address = "203.0.113.50", .key = "AKIARESPONDER0000001", .user = "responder",
		 .request = "{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-"
			    "00000000000000002\"}]}}");
}

static const char alert[] =
	"{\"timestamp\":\"2026-03-05T10:00:15.641821+0000\",\"event_type\":\"alert\",\n"
	"\"src_ip\":\"10.0.1.1\",\"alert\":{\"signature_id\":1600001,\"rev\":2},\"mining\":{"
	"\"level\":"
	"\"confirmed\",\"alert_id\":\"eac7c09705001f1d\",\"first_seen\":\"2026-03-05T10:00:15+"
	"0000\"},"
	"\"cloud\":{\"scope\":\"111122223333/us-east-1/" RIG_VPC "\"}}";

static uint64_t digest_of(const struct store *store)
{
	struct incidents incidents;
	uint64_t sum;

	assert_int_equal(incidents_build(store, NULL, &incidents), 0);
	assert_int_equal(incidents.items_count, 1);
	sum = incident_digest(&incidents.items[0]);
	for (size_t i = 0; i < incidents.detections.count; i++)
		sum = sum * 31 + siphash_id(incidents.detections.items[i].id, 16);
	incidents_free(&incidents);
	return sum;
}

static void clear_folder(void)
{
	static const char *const names[] = { "documents.jsonl", "seen.jsonl", "files.jsonl" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
}

static void halves_give_the_whole(void **state)
{
	struct process process;
	struct rig rig;
	uint64_t expected;

	(void)state;
	rig_open(&rig);
	play(&rig);
	clear_folder();
	start(&process);
	for (size_t i = 0; i < rig.count; i++)
		feed(&process, rig.texts[i]);
	feed(&process, alert);
	expected = digest_of(process.store);
	end(&process);

	/* A kill after each record, after its checkpoint. */
	for (size_t cut = 1; cut < rig.count; cut += 3) {
		clear_folder();
		start(&process);
		for (size_t i = 0; i < cut; i++)
			feed(&process, rig.texts[i]);
		if (cut % 2 == 0)
			feed(&process, alert);
		save(&process);
		/* Fed, but not saved: it is fed again. */
		feed(&process, rig.texts[cut]);
		end(&process);
		start(&process);
		for (size_t i = cut; i < rig.count; i++)
			feed(&process, rig.texts[i]);
		if (cut % 2 == 1)
			feed(&process, alert);
		assert_int_equal(digest_of(process.store), expected);
		end(&process);
	}
	rig_close(&rig);
}

/* A kill in the middle of a record's write: start() looks whether anything is damaged. */
static void a_torn_record_is_fed_again(void **state)
{
	static const off_t torn[] = { 1, 2, 40, 300 }; /* bytes that are missing */
	struct process process;
	struct rig rig;
	struct stat info;
	uint64_t expected;
	char path[128];

	(void)state;
	rig_open(&rig);
	play(&rig);
	snprintf(path, sizeof(path), "%s/documents.jsonl", folder);
	clear_folder();
	start(&process);
	for (size_t i = 0; i + 1 < rig.count; i++)
		feed(&process, rig.texts[i]);
	save(&process);
	feed(&process, rig.texts[rig.count - 1]);
	expected = digest_of(process.store);
	end(&process);
	for (size_t i = 0; i < sizeof(torn) / sizeof(torn[0]); i++) {
		assert_int_equal(stat(path, &info), 0);
		assert_int_equal(truncate(path, info.st_size - torn[i]), 0);
		start(&process);
		feed(&process, rig.texts[rig.count - 1]);
		assert_int_equal(digest_of(process.store), expected);
		end(&process);
		start(&process); /* what was written behind it is whole */
		assert_int_equal(digest_of(process.store), expected);
		end(&process);
	}
	/* Nothing but half a record. */
	assert_int_equal(truncate(path, 7), 0);
	start(&process);
	end(&process);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_size, 0);
	rig_close(&rig);
}

static void a_restart_alone_gives_the_same(void **state)
{
	struct process process;
	struct rig rig;
	uint64_t expected;

	(void)state;
	rig_open(&rig);
	play(&rig);
	clear_folder();
	start(&process);
	for (size_t i = 0; i < rig.count; i++)
		feed(&process, rig.texts[i]);
	feed(&process, alert);
	expected = digest_of(process.store);
	save(&process);
	end(&process);
	for (unsigned i = 0; i < 3; i++) {
		start(&process);
		assert_int_equal(digest_of(process.store), expected);
		assert_int_equal(process.store->now_ns, UINT64_C(1772704680) * RIG_S + 900 * RIG_S);
		save(&process);
		end(&process);
	}
	rig_close(&rig);
}

static void reads_are_not_kept_as_documents(void **state)
{
	struct process process;
	struct rig rig;
	struct stat info;
	char path[128];

	(void)state;
	rig_open(&rig);
	for (unsigned i = 0; i < 500; i++)
		RIG_CALL(&rig, .name = "DescribeInstances", .time_s = RIG_T0 + i);
	clear_folder();
	start(&process);
	for (size_t i = 0; i < rig.count; i++)
		feed(&process, rig.texts[i]);
	save(&process);
	end(&process);
	snprintf(path, sizeof(path), "%s/documents.jsonl", folder);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_size, 0);
	snprintf(path, sizeof(path), "%s/seen.jsonl", folder);
	assert_int_equal(stat(path, &info), 0);
	assert_in_range(info.st_size, 100, 2000);
	rig_close(&rig);
}

static void one_process_at_a_time(void **state)
{
	char error[STATE_ERROR_TEXT];
	struct process process;
	struct state *other;

	(void)state;
	clear_folder();
	start(&process);
	assert_int_equal(state_open(&other, folder, error), -EBUSY);
	assert_non_null(strstr(error, "another process uses it"));
	end(&process);
	start(&process);
	end(&process);
}

static void files_are_remembered(void **state)
{
	struct process process;
	struct intake *intake;
	struct follow *follow;
	char path[128];
	FILE *file;

	(void)state;
	clear_folder();
	snprintf(path, sizeof(path), "%s/trail \xff.json", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	start(&process);
	assert_int_equal(state_file_done(process.state, path), 0);
	save(&process);
	end(&process);

	char seen[128];
	char *line = NULL;
	size_t room = 0;
	const char *why;

	snprintf(seen, sizeof(seen), "%s/files.jsonl", folder);
	file = fopen(seen, "r");
	assert_non_null(file);
	assert_true(getline(&line, &room, file) > 0);
	assert_int_equal(fclose(file), 0);

	json_t *json = json_loads(line, 0, NULL);

	start(&process);
	intake = intake_new(on_document, &process, NULL);
	follow = follow_new(intake, folder, NULL, NULL);
	assert_int_equal(state_load(NULL, process.store, follow, json, &why), STORE_NOTHING);
	/* The state's own four files are read, the one that is done is not. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(follow_poll(follow), i == 0 ? 4 : 0);
	json_decref(json);
	free(line);
	follow_free(follow);
	intake_free(intake);
	end(&process);
	assert_int_equal(unlink(path), 0);
}

static void damaged_lines_are_refused(void **state)
{
	static const char *const lines[] = {
		"{\"minecanary-trail\":\"use\",\"id\":\"x\"}",
		"{\"minecanary-trail\":\"use\",\"id\":\"x\",\"first\":[\"x\",\"e\"]}",
		"{\"minecanary-trail\":\"refusal\",\"id\":\"x\"}",
		"{\"minecanary-trail\":\"sighting\",\"kind\":\"9\",\"local_ip\":\"1\",\"remote_"
		"ip\":\"2\"}",
		"{\"minecanary-trail\":\"file\",\"path\":\"2\"}",
		"{\"minecanary-trail\":\"file\",\"path\":\"zz\"}",
		"{\"minecanary-trail\":\"new kind\"}",
		"{\"minecanary-trail\":7}",
	};
	struct rig rig;
	const char *why;

	(void)state;
	rig_open(&rig);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		json_t *json = json_loads(lines[i], 0, NULL);

		assert_int_equal(state_load(NULL, rig.store, NULL, json, &why), -EBADMSG);
		json_decref(json);
	}
	assert_int_equal(rig.store->uses.count, 0);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(halves_give_the_whole),
		cmocka_unit_test(a_torn_record_is_fed_again),
		cmocka_unit_test(a_restart_alone_gives_the_same),
		cmocka_unit_test(reads_are_not_kept_as_documents),
		cmocka_unit_test(one_process_at_a_time),
		cmocka_unit_test(files_are_remembered),
		cmocka_unit_test(damaged_lines_are_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
