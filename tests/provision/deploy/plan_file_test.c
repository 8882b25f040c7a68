/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/plan_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *web[] = {"web"};
static struct config_tag role = {"Role", {web, 1}};
static struct config_account account = {.name = "main"};
static struct config_rule any = {.directions = 3, .accept = true, .protocol = CONFIG_PROTOCOL_ANY};
static struct config_session group = {.name = "web",
				      .sources = {.instance_tags = &role, .instance_tag_count = 1}};
static struct config config = {
	.deployment = "soc",
	.accounts = &account,
	.account_count = 1,
	.target = {CONFIG_TARGET_NETWORK_LOAD_BALANCER, WORLD_NLB, NULL, 1},
	.filter = {.rules = &any, .rule_count = 1, .max_rules = 10},
	.sessions = &group,
	.session_count = 1,
};
static const struct plan_options options = {.limit = 7, .allow_empty = true};

static char directory[] = "/tmp/plan_file_test.XXXXXX";
static char path[64];

static int make_directory(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/soc.plan", directory);
	return 0;
}

static int remove_directory(void **state)
{
	unlink(path);
	return rmdir(directory);
}

static struct plan *make(struct observed *observed)
{
	struct plan *plan;

	assert_int_equal(plan_make(&config, observed, &options, &plan), 0);
	return plan;
}

static void build(struct observed *observed)
{
	struct observed_scope *scope;

	*observed = (struct observed){0};
	scope = world_scope(observed, &account, WORLD_ACCOUNT, WORLD_REGION);
	world_source(scope, "1", "Role=web");
	world_source(scope, "2", "Role=web");
	world_source(scope, "3", "Role=db");
}

static void write_text(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static char *read_text(void)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

static void save(void)
{
	struct failure failure = {0};
	struct observed observed;
	struct plan *plan;

	build(&observed);
	plan = make(&observed);
	assert_int_equal(plan_file_write(path, plan, &options, &failure), 0);
	plan_free(plan);
	observed_fini(&observed);
}

static void refuses_what_is_no_plan(void **state)
{
	static const char *const texts[] = {
		"",
		"x",
		"[]",
		"{}",
		"{\"kind\":\"mirrorcap plan\"}",
		"{\"kind\":\"mirrorcap plan\",\"version\":2}",
		"{\"kind\":\"mirrorcap plan\",\"version\":1}",
		"{\"kind\":\"mirrorcap plan\",\"version\":1,\"checksum\":\"00\"}",
	};
	struct failure failure = {0};
	struct plan_file file;

	unlink(path);
	assert_int_equal(plan_file_read(path, &file, &failure), -ENOENT);
	assert_non_null(strstr(failure.message, path));
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_text(texts[i]);
		assert_int_equal(plan_file_read(path, &file, &failure), -EBADMSG);
		assert_int_equal(failure.kind, FAILURE_USAGE);
		assert_true(*failure.remedy);
	}
}

/* Each edit of what was saved, and each cut, is noticed. */
static void refuses_what_was_changed(void **state)
{
	struct failure failure = {0};
	struct plan_file file;
	char *text, *place;
	size_t length;

	save();
	text = read_text();
	length = strlen(text);
	place = strstr(text, "eni-1");
	assert_non_null(place);
	place[4] = '9';
	write_text(text);
	assert_int_equal(plan_file_read(path, &file, &failure), -EBADMSG);
	assert_non_null(strstr(failure.message, "was changed"));
	place[4] = '1';
	write_text(text);
	assert_int_equal(plan_file_read(path, &file, &failure), 0);
	plan_file_fini(&file);
	for (size_t cut = 0; cut < length; cut += length / 10) {
		text[length - 1 - cut] = '\0';
		write_text(text);
		assert_int_equal(plan_file_read(path, &file, &failure), -EBADMSG);
	}
	free(text);
}

static void is_private_and_remembers_its_options(void **state)
{
	struct failure failure = {0};
	struct plan_file file;
	struct stat status;

	save();
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(plan_file_read(path, &file, &failure), 0);
	assert_string_equal(file.deployment, "soc");
	assert_false(file.options.limit_is_percent);
	assert_int_equal(file.options.limit, 7);
	assert_true(file.options.allow_empty);
	assert_false(file.options.delete_orphans);
	plan_file_fini(&file);
}

static void does_not_save_what_cannot_be_applied(void **state)
{
	struct failure failure = {0};
	struct observed observed;
	struct plan *plan;

	unlink(path);
	build(&observed);
	world_set(&observed.scopes[0].failure, "timed out");
	plan = make(&observed);
	assert_int_equal(plan_file_write(path, plan, &options, &failure), -EINVAL);
	assert_int_equal(access(path, F_OK), -1);
	plan_free(plan);
	observed_fini(&observed);
}

static void tells_where_it_cannot_write(void **state)
{
	struct failure failure = {0};
	struct observed observed;
	struct plan *plan;

	build(&observed);
	plan = make(&observed);
	assert_int_equal(plan_file_write("/proc/nowhere/plan", plan, &options, &failure), -ENOENT);
	assert_non_null(strstr(failure.message, "/proc/nowhere/plan"));
	plan_free(plan);
	observed_fini(&observed);
}

/* Comparing. */

static void nothing(struct observed *observed)
{
}

static void other_instance(struct observed *observed)
{
	world_source(&observed->scopes[0], "4", "Role=db");
}

static void foreign_session(struct observed *observed)
{
	world_session(&observed->scopes[0], "tms-1", "eni-3", 1, NULL, NULL);
}

static void new_source(struct observed *observed)
{
	world_source(&observed->scopes[0], "5", "Role=web");
}

static void lost_source(struct observed *observed)
{
	world_set(&observed->scopes[0].instances[1].state, "terminated");
}

static void taken_number(struct observed *observed)
{
	world_session(&observed->scopes[0], "tms-1", "eni-2", 1, NULL, NULL);
}

static void failed_scope(struct observed *observed)
{
	world_set(&observed->scopes[0].failure, "timed out");
}

static void other_account(struct observed *observed)
{
	world_set(&observed->scopes[0].account_id, "444455556666");
}

static const struct {
	void (*cause)(struct observed *);
	bool same;
	const char *told; /* NULL: nothing */
} comparisons[] = {
	{nothing, true, NULL},
	{other_instance, true, "but the same changes are due"},
	{foreign_session, true, "but the same changes are due"},
	{new_source, false,
	 "due, but not in the plan: CreateTrafficMirrorSession session web eni-5"},
	{lost_source, false, "no longer due: CreateTrafficMirrorSession session web eni-2"},
	{taken_number, false,
	 "not the same any more: CreateTrafficMirrorSession session web eni-2"},
	{failed_scope, false, "not all could be described"},
	{other_account, false, "no longer due"},
};

static void compares(void **state)
{
	struct failure failure = {0};
	struct plan_file file;

	save();
	assert_int_equal(plan_file_read(path, &file, &failure), 0);
	for (size_t i = 0; i < COUNT(comparisons); i++) {
		struct buffer difference = {0};
		struct observed observed;
		struct plan *plan;

		build(&observed);
		comparisons[i].cause(&observed);
		plan = make(&observed);
		assert_int_equal(plan_file_same(&file, plan, &difference), comparisons[i].same);
		if (comparisons[i].told)
			assert_non_null(strstr(buffer_string(&difference), comparisons[i].told));
		else
			assert_int_equal(difference.length, 0);
		buffer_fini(&difference);
		plan_free(plan);
		observed_fini(&observed);
	}
	plan_file_fini(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_plan),
		cmocka_unit_test(refuses_what_was_changed),
		cmocka_unit_test(is_private_and_remembers_its_options),
		cmocka_unit_test(does_not_save_what_cannot_be_applied),
		cmocka_unit_test(tells_where_it_cannot_write),
		cmocka_unit_test(compares),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
