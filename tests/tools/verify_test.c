/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory as a capture leaves it is clean, and whatever is done to it is noticed and named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/verify_run.h"

enum {
	FILES = 6,
	TEXT_BYTES = 65536,
};

/* RFC 8032's first test key, and another. */
static const char private_key[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
	"-----END PRIVATE KEY-----\n";

static char base[64];
static struct manifest_key *key;
static struct digest digests[FILES + 2]; /* of the manifests, by number */

/* The n-th file's name. */
static const char *name_of(unsigned int n)
{
	static char names[4][MANIFEST_FILE_BYTES];
	static unsigned int next;
	char *name = names[next++ % 4];

	snprintf(name, sizeof(names[0]), "20260102T0304%02u.000000000Z-w0-%06u.pcap", n, n);
	return name;
}

static const char *manifest_of(unsigned int n)
{
	static char names[4][MANIFEST_FILE_BYTES + sizeof(MANIFEST_SUFFIX)];
	static unsigned int next;
	char *name = names[next++ % 4];

	snprintf(name, sizeof(names[0]), "%s%s", name_of(n), MANIFEST_SUFFIX);
	return name;
}

static void put(const char *path, const char *data, size_t bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, bytes), bytes);
	close(fd);
}

static size_t get(const char *path, char data[TEXT_BYTES])
{
	int fd = open(path, O_RDONLY);
	ssize_t bytes;

	assert_true(fd >= 0);
	bytes = read(fd, data, TEXT_BYTES);
	assert_true(bytes > 0 && bytes < TEXT_BYTES);
	data[bytes] = '\0';
	close(fd);
	return (size_t)bytes;
}

static void take_away(unsigned int n)
{
	assert_int_equal(unlink(name_of(n)), 0);
	assert_int_equal(unlink(manifest_of(n)), 0);
}

/* The n-th link of the chain; file: NULL: without one. */
static struct manifest link_of(unsigned int n, const char *file)
{
	struct manifest manifest = {
		.file = (char *)file,
		.bytes = MANIFEST_UNKNOWN,
		.packets = MANIFEST_UNKNOWN,
		.first_ns = MANIFEST_UNKNOWN,
		.last_ns = MANIFEST_UNKNOWN,
		.program = "mirrorcap test",
		.host = "here",
		.created_ns = 1767323045000000000,
		.chain = {1, 2, 3},
		.sequence = n,
		.has_previous = n > 1,
		.previous = digests[n - 1],
	};
	char data[TEXT_BYTES];

	if (file) {
		manifest.bytes = get(file, data);
		assert_int_equal(digest_of(data, manifest.bytes, &manifest.digest), 0);
	}
	return manifest;
}

static void put_manifest(const struct manifest *manifest, const char *path)
{
	size_t length;
	char *text = manifest_text(manifest, key, &length);

	assert_non_null(text);
	put(path, text, length);
	assert_int_equal(digest_of(text, length, &digests[manifest->sequence]), 0);
	free(text);
}

static void put_file(unsigned int n)
{
	char data[1000];
	struct manifest manifest;

	memset(data, (int)n, sizeof(data));
	put(name_of(n), data, sizeof(data) - n);
	manifest = link_of(n, name_of(n));
	put_manifest(&manifest, manifest_of(n));
}

static int make_directory(void **state)
{
	snprintf(base, sizeof(base), "verify-XXXXXX");
	if (!mkdtemp(base) || chdir(base) < 0)
		return -1;
	for (unsigned int n = 1; n <= FILES; n++)
		put_file(n);
	return 0;
}

static int remove_directory(void **state)
{
	char command[128];

	manifest_key_free(key);
	key = NULL;
	snprintf(command, sizeof(command), "rm -r '%s'", base);
	return chdir("..") < 0 || system(command) != 0 ? -1 : 0;
}

static int make_signed_directory(void **state)
{
	char error[MANIFEST_KEY_ERROR_BYTES];

	put("verify.key", private_key, sizeof(private_key) - 1);
	if (manifest_key_read(&key, "verify.key", error) < 0 || unlink("verify.key") < 0)
		return -1;
	return make_directory(state);
}

/* The verdict as JSON; head, public: NULL: not given. */
static json_t *verify(const char *path, const struct digest *head, const uint8_t *public)
{
	struct digest heads[1] = {head ? *head : (struct digest){{0}}};
	struct verify_options options = {
		.path = path,
		.key = public,
		.heads = heads,
		.head_count = head != NULL,
		.progress = -1,
	};
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	struct verify_report *report = verify_report_new(out, true);
	json_t *json;

	assert_non_null(report);
	assert_int_equal(verify_run(&options, report), 0);
	assert_int_equal(verify_report_end(report), 0);
	verify_report_free(report);
	fclose(out);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	free(text);
	return json;
}

/* Nothing can be said of a head there. */
static void refuse(const char *path, int error)
{
	const struct verify_options options = {
		.path = path, .heads = &digests[1], .head_count = 1, .progress = -1};
	struct verify_report *report = verify_report_new(stdout, true);

	assert_non_null(report);
	assert_int_equal(verify_run(&options, report), error);
	verify_report_free(report);
}

/* The finding of this kind about this file, "": about the directory; or NULL. */
static const json_t *finding_of(const json_t *json, const char *finding, const char *name)
{
	const json_t *one;
	char path[MANIFEST_FILE_BYTES + 64];
	size_t i;

	snprintf(path, sizeof(path), ".%s%s", *name ? "/" : "", name);
	json_array_foreach(json_object_get(json, "findings"), i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "finding")), finding) == 0 &&
		    strcmp(json_string_value(json_object_get(one, "path")), path) == 0)
			return one;
	}
	return NULL;
}

static json_int_t number(const json_t *json, const char *member)
{
	return json_integer_value(json_object_get(json, member));
}

/* There is this, and so much is wrong and unproven in all. Takes json. */
static void expect(json_t *json, const char *finding, const char *name, int wrong, int unproven)
{
	char *text = json_dumps(json, 0);

	if (finding && !finding_of(json, finding, name))
		fail_msg("no %s of %s: %s", finding, name, text);
	if (number(json, "wrong") != wrong || number(json, "unproven") != unproven)
		fail_msg("%d wrong, %d unproven: %s", wrong, unproven, text);
	assert_int_equal(json_is_true(json_object_get(json, "clean")), !wrong && !unproven);
	free(text);
	json_decref(json);
}

static void as_it_was_left_it_is_clean(void **state)
{
	json_t *json = verify(".", &digests[FILES], NULL);
	const json_t *chain = json_array_get(json_object_get(json, "chains"), 0);
	char head[DIGEST_TEXT_BYTES];

	digest_hex(digests[FILES].bytes, DIGEST_BYTES, head);
	assert_int_equal(json_array_size(json_object_get(json, "findings")), 0);
	assert_int_equal(number(json, "files"), FILES);
	assert_int_equal(number(json, "bytes"), FILES * 1000 - FILES * (FILES + 1) / 2);
	assert_int_equal(json_array_size(json_object_get(json, "chains")), 1);
	assert_string_equal(json_string_value(json_object_get(chain, "head")), head);
	assert_int_equal(number(chain, "first_sequence"), 1);
	assert_int_equal(number(chain, "last_sequence"), FILES);
	expect(json, NULL, NULL, 0, 0);
	expect(verify(".", &digests[3], NULL), NULL, NULL, 0, 0); /* it has grown since */
}

static void flip_a_byte(void)
{
	char data[TEXT_BYTES];
	size_t bytes = get(name_of(3), data);

	data[bytes / 2] ^= 0x10;
	put(name_of(3), data, bytes);
}

static void cut_a_file(void)
{
	assert_int_equal(truncate(name_of(3), 500), 0);
}

static void remove_a_file(void)
{
	assert_int_equal(unlink(name_of(3)), 0);
}

static void remove_a_file_with_its_manifest(void)
{
	take_away(3);
}

static void remove_several(void)
{
	take_away(3);
	take_away(4);
}

static void remove_the_oldest(void)
{
	take_away(1);
}

static void remove_the_tail(void)
{
	take_away(FILES);
	take_away(FILES - 1);
}

static void swap_names(const char *one, const char *other)
{
	assert_int_equal(rename(one, "between"), 0);
	assert_int_equal(rename(other, one), 0);
	assert_int_equal(rename("between", other), 0);
}

static void swap_files(void)
{
	swap_names(name_of(2), name_of(3));
}

static void copy_a_file_over(void)
{
	char data[TEXT_BYTES];

	put(name_of(3), data, get(name_of(5), data));
}

static void swap_manifests(void)
{
	swap_names(manifest_of(2), manifest_of(3));
}

/* Each is right by itself, and made anew after the change. */
static void reorder_the_chain(void)
{
	struct manifest third = link_of(3, name_of(4)), fourth;
	struct digest known[] = {digests[3], digests[4]};

	put_manifest(&third, manifest_of(4));
	fourth = link_of(4, name_of(3));
	put_manifest(&fourth, manifest_of(3));
	digests[3] = known[0];
	digests[4] = known[1];
}

/* Content and manifest fit each other: the next one in the chain knows better. */
static void replace_a_file_with_its_manifest(void)
{
	struct digest known = digests[3];
	struct manifest manifest;

	flip_a_byte();
	manifest = link_of(3, name_of(3));
	put_manifest(&manifest, manifest_of(3));
	digests[3] = known;
}

static void damage_a_manifest(void)
{
	char data[TEXT_BYTES];
	size_t bytes = get(manifest_of(3), data);

	data[bytes - 2] = ' ';
	put(manifest_of(3), data, bytes);
}

static void change_a_manifest(void)
{
	char data[TEXT_BYTES];
	size_t bytes = get(manifest_of(3), data);

	*strstr(data, "test") = 'b';
	put(manifest_of(3), data, bytes);
}

static void double_a_number(void)
{
	char data[TEXT_BYTES];

	put(manifest_of(9), data, get(manifest_of(3), data));
}

static void put_a_link_in_its_place(void)
{
	assert_int_equal(rename(name_of(3), "elsewhere"), 0);
	assert_int_equal(symlink("elsewhere", name_of(3)), 0);
}

static void add_a_number_far_away(void)
{
	struct manifest manifest = link_of(1, NULL);
	char name[MANIFEST_FILE_BYTES];
	size_t length;
	char *text;

	manifest.sequence = INT64_MAX;
	manifest.has_previous = true;
	manifest_link_name(&manifest, name);
	text = manifest_text(&manifest, NULL, &length);
	put(name, text, length);
	free(text);
}

struct tampering {
	void (*tamper)(void);
	const char *finding;
	unsigned int n;   /* the file's number */
	bool of_manifest; /* the finding is about its manifest */
	int wrong;
};

static void check_tampering(const struct tampering *t)
{
	const char *name = "";

	make_directory(NULL);
	t->tamper();
	if (t->n)
		name = t->of_manifest ? manifest_of(t->n) : name_of(t->n);
	expect(verify(".", &digests[FILES], NULL), t->finding, name, t->wrong, 0);
	remove_directory(NULL);
}

static void what_was_done_is_named(void **state)
{
	static const struct tampering cases[] = {
		{flip_a_byte, "file_altered", 3, false, 1},
		{cut_a_file, "file_altered", 3, false, 1},
		{remove_a_file, "file_missing", 3, false, 1},
		{remove_a_file_with_its_manifest, "chain_gap", 4, true, 1},
		{remove_several, "chain_gap", 5, true, 1},
		{remove_the_oldest, "chain_gap", 2, true, 1},
		{remove_the_tail, "head_missing", 0, false, 1},
		{swap_files, "file_swapped", 2, false, 2},
		{swap_files, "file_swapped", 3, false, 2},
		{copy_a_file_over, "file_swapped", 3, false, 1},
		{swap_manifests, "manifest_misplaced", 2, true, 2},
		{swap_manifests, "manifest_misplaced", 3, true, 2},
		{reorder_the_chain, "chain_broken", 5, true, 1},
		{replace_a_file_with_its_manifest, "chain_broken", 4, true, 1},
		{damage_a_manifest, "manifest_damaged", 3, true, 2},
		{change_a_manifest, "chain_broken", 4, true, 1},
		{double_a_number, "manifest_misplaced", 9, true, 2},
		{put_a_link_in_its_place, "file_altered", 3, false, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_tampering(&cases[i]);
}

/* Nobody can know of a tail that is missing without its hash. */
static void a_tail_needs_a_head(void **state)
{
	remove_the_tail();
	expect(verify(".", NULL, NULL), NULL, NULL, 0, 0);
	expect(verify(".", &digests[FILES - 2], NULL), NULL, NULL, 0, 0);
}

/* However many numbers there might be. */
static void a_gap_costs_no_time(void **state)
{
	char name[MANIFEST_FILE_BYTES];
	struct manifest manifest = link_of(1, NULL);

	manifest.sequence = INT64_MAX;
	manifest_link_name(&manifest, name);
	add_a_number_far_away();
	expect(verify(".", NULL, NULL), "chain_gap", name, 1, 0);
}

/* Retention removed so many of the oldest, and the chain says so. */
static void prune(unsigned int count, enum manifest_reason reason, bool with_wrong_hash)
{
	struct manifest manifest = link_of(FILES + 1, NULL);
	char name[MANIFEST_FILE_BYTES];

	manifest.sequence = FILES + 1;
	for (unsigned int n = 1; n <= count; n++) {
		struct manifest_pruned pruned = {
			.file = (char *)name_of(n),
			.sequence = n,
			.manifest = digests[with_wrong_hash ? n - 1 : n],
			.reason = reason,
			.time_ns = 1,
		};

		take_away(n);
		assert_int_equal(manifest_add_pruned(&manifest, &pruned), 0);
	}
	manifest_link_name(&manifest, name);
	put_manifest(&manifest, name);
	manifest.file = NULL;
	manifest_fini(&manifest);
}

static void what_retention_recorded_is_clean(void **state)
{
	json_t *json;

	prune(2, MANIFEST_RETENTION, false);
	expect(verify(".", &digests[FILES + 1], NULL), NULL, NULL, 0, 0);
	/* A head that has gone since: anybody may have written that. */
	expect(verify(".", &digests[2], NULL), "head_removed", "", 0, 1);
	json = verify(".", NULL, NULL);
	assert_int_equal(json_array_size(json_object_get(json, "findings")), 0);
	json_decref(json);
	take_away(5); /* nobody recorded that */
	expect(verify(".", NULL, NULL), "chain_gap", manifest_of(6), 1, 0);
}

static void what_was_not_confirmed_is_told(void **state)
{
	char link[MANIFEST_FILE_BYTES];
	struct manifest manifest = link_of(FILES + 1, NULL);

	manifest_link_name(&manifest, link);
	prune(1, MANIFEST_UNCONFIRMED, false);
	expect(verify(".", NULL, NULL), "removal_unconfirmed", link, 0, 1);
}

static void a_manifest_that_was_made_late_is_told(void **state)
{
	struct manifest manifest = link_of(FILES, name_of(FILES));

	manifest.late = true;
	put_manifest(&manifest, manifest_of(FILES));
	expect(verify(".", NULL, NULL), "manifest_late", manifest_of(FILES), 0, 0);
}

static void what_was_removed_was_another(void **state)
{
	prune(2, MANIFEST_RETENTION, true);
	expect(verify(".", NULL, NULL), "chain_broken", manifest_of(3), 1, 0);
}

/* What the removal is told by is signed: whose head it was knows who removed it. */
static void a_head_that_was_removed_needs_the_key(void **state)
{
	prune(2, MANIFEST_RETENTION, false);
	expect(verify(".", &digests[2], manifest_key_public(key)), "head_removed", "", 0, 0);
	expect(verify(".", &digests[2], NULL), "head_removed", "", 0, 1);
}

/* No manifest can have recorded that a later one was removed. */
static void a_head_is_not_removed_before_it_was_there(void **state)
{
	struct manifest manifest = link_of(FILES - 2, name_of(FILES - 2));
	struct manifest_pruned pruned = {
		.file = "gone.pcap",
		.sequence = FILES,
		.manifest = digests[FILES],
		.reason = MANIFEST_RETENTION,
		.time_ns = 1,
	};

	remove_the_tail();
	manifest.file = (char *)name_of(FILES - 2); /* the names before it were forgotten */
	assert_int_equal(manifest_add_pruned(&manifest, &pruned), 0);
	put_manifest(&manifest, manifest_of(FILES - 2));
	manifest.file = NULL;
	manifest_fini(&manifest);
	expect(verify(".", &digests[FILES], NULL), "head_missing", "", 1, 0);
}

static void a_removal_that_is_under_way(void **state)
{
	char pruned[MANIFEST_FILE_BYTES + 64];

	snprintf(pruned, sizeof(pruned), "%s%s", name_of(1), MANIFEST_PRUNED_SUFFIX);
	assert_int_equal(rename(manifest_of(1), pruned), 0);
	assert_int_equal(unlink(name_of(1)), 0);
	expect(verify(".", NULL, NULL), "removal_pending", pruned, 0, 1);
}

static void a_wrong_signature_is_named(void **state)
{
	uint8_t other[MANIFEST_KEY_BYTES];
	json_t *json;

	expect(verify(".", NULL, manifest_key_public(key)), NULL, NULL, 0, 0);
	expect(verify(".", NULL, NULL), "key_unknown", manifest_of(1), 0, 0);
	memset(other, 7, sizeof(other));
	expect(verify(".", NULL, other), "key_other", manifest_of(6), FILES, 0);
	change_a_manifest();
	json = verify(".", NULL, NULL);
	assert_non_null(finding_of(json, "chain_broken", manifest_of(4)));
	expect(json, "signature_wrong", manifest_of(3), 2, 0);
	manifest_key_free(key);
	key = NULL;
	put_file(FILES);
	memset(other, 7, sizeof(other));
	expect(verify(manifest_of(FILES), NULL, other), "signature_missing", manifest_of(FILES), 1,
	       0);
}

/* A directory may have other things in it, and be one of several. */
static void other_files_are_told_for_what_they_are(void **state)
{
	static const char bare[] = "20260102T030409.000000000Z-w0-000009.pcap";
	static const struct {
		const char *name, *finding;
		int unproven;
	} cases[] = {
		{"notes.txt", "foreign", 0},
		{"other.pcap", "foreign", 0},
		{"20260102T030409.000000000Z-w0-000009.pcap.part", "unfinished", 1},
		{"20260102T030409.000000000Z-w0-000009.recovered.pcap.tail", "tail", 0},
		{bare, "manifest_pending", 1},
		{"20260102T030409.000000000Z-w0-000009.pcap.manifest.json.part", "manifest_pending",
		 1},
	};
	const struct timespec long_ago[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(cases[i].name, "x", 1);
		expect(verify(".", NULL, NULL), cases[i].finding, cases[i].name, 0,
		       cases[i].unproven);
		unlink(cases[i].name);
	}
	put("20260102T030409.000000000Z-w0-000009.pcap.part.committed", "x", 1);
	mkdir("web", 0700);
	assert_int_equal(utimensat(AT_FDCWD, "web", long_ago, 0), 0);
	assert_int_equal(rename(name_of(1), "web/1"), 0);
	expect(verify(".", NULL, NULL), "file_missing", name_of(1), 1, 0);
}

static void one_file_is_judged_alone(void **state)
{
	json_t *json;

	take_away(2);
	json = verify(name_of(4), NULL, NULL);
	assert_int_equal(number(json, "files"), 1);
	expect(json, NULL, NULL, 0, 0);
	expect(verify(manifest_of(4), NULL, NULL), NULL, NULL, 0, 0);
	refuse(name_of(4), -ENOTDIR);
	refuse("nowhere", -ENOENT);
	flip_a_byte();
	expect(verify(name_of(4), NULL, NULL), NULL, NULL, 0, 0);
	expect(verify(name_of(3), NULL, NULL), "file_altered", name_of(3), 1, 0);
	remove_a_file();
	expect(verify(name_of(3), NULL, NULL), "file_missing", name_of(3), 1, 0);
}

static void a_name_forges_no_line(void **state)
{
	static const struct verify_chain chain = {.directory = "web\nnote"};
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	struct verify_report *report = verify_report_new(out, false);

	verify_report_add(report, VERIFY_FOREIGN, "a\nb\x1b[2K\x7f", "is not %s", "c\rd");
	verify_report_chain(report, &chain);
	fflush(out);
	assert_non_null(strstr(text, "note: a\\x0ab\\x1b[2K\\x7f: is not c\\x0dd\nchain: "
				     "web\\x0anote: "));
	verify_report_free(report);
	fclose(out);
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(as_it_was_left_it_is_clean),
		cmocka_unit_test(what_was_done_is_named),
		TEST(a_tail_needs_a_head),
		TEST(a_gap_costs_no_time),
		TEST(what_retention_recorded_is_clean),
		TEST(what_was_not_confirmed_is_told),
		TEST(a_manifest_that_was_made_late_is_told),
		TEST(what_was_removed_was_another),
		cmocka_unit_test_setup_teardown(a_head_that_was_removed_needs_the_key,
						make_signed_directory, remove_directory),
		TEST(a_head_is_not_removed_before_it_was_there),
		TEST(a_removal_that_is_under_way),
		cmocka_unit_test_setup_teardown(a_wrong_signature_is_named, make_signed_directory,
						remove_directory),
		TEST(other_files_are_told_for_what_they_are),
		TEST(one_file_is_judged_alone),
		cmocka_unit_test(a_name_forges_no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
