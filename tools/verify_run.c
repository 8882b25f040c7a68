/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/verify_run.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/verify_directory.h"
#include "tools/verify_hash.h"

enum { PATH_BYTES = 4096 + 256 };

/* A place in the order of hashes. */
struct owner {
	const struct verify_file *file;
};

struct run {
	const struct verify_options *options;
	struct verify_report *report;
	struct verify_directory *directories;
	uint32_t count;
	struct verify_file *files;
	uint32_t file_count;
	struct owner *by_digest; /* of what their manifests say */
};

static int add_directory(struct run *run, const char *path, const char *only)
{
	struct verify_directory *grown =
		realloc(run->directories, (run->count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	run->directories = grown;
	return verify_directory_read(&grown[run->count++], path, only, run->options->key,
				     run->report);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int read_directories(struct run *run)
{
	char *const roots[] = {(char *)run->options->path, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *entry;
	int err = 0;

	if (!tree)
		return -ENOMEM;
	while (!err && (errno = 0, entry = fts_read(tree))) {
		if (entry->fts_info == FTS_D)
			err = add_directory(run, entry->fts_path, NULL);
		else if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
			verify_report_add(run->report, VERIFY_UNREADABLE, entry->fts_path, "%s",
					  strerror(entry->fts_errno));
	}
	if (!err && errno)
		err = -errno;
	fts_close(tree);
	return err;
}

/* One file, given by its own name or its manifest's. */
static int read_one(struct run *run)
{
	char *path = strdup(run->options->path);
	size_t length = path ? strlen(path) : 0;
	size_t suffix = strlen(MANIFEST_SUFFIX);
	char *slash;
	int err;

	if (!path)
		return -ENOMEM;
	if (length > suffix && strcmp(path + length - suffix, MANIFEST_SUFFIX) == 0)
		path[length - suffix] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	err = add_directory(run,
			    !slash          ? "."
			    : slash == path ? "/"
					    : path,
			    slash ? slash + 1 : path);
	free(path);
	return err;
}

static int by_expected(const void *a, const void *b)
{
	const struct owner *one = a, *other = b;

	return memcmp(one->file->expected.bytes, other->file->expected.bytes, DIGEST_BYTES);
}

static uint32_t count_links(const struct run *run)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < run->count; i++)
		count += run->directories[i].links.count;
	return count;
}

/* Lists the files that manifests are of. */
static int list_files(struct run *run)
{
	uint32_t room = count_links(run) + 1;

	run->files = calloc(room, sizeof(*run->files));
	run->by_digest = calloc(room, sizeof(*run->by_digest));
	if (!run->files || !run->by_digest)
		return -ENOMEM;
	for (uint32_t i = 0; i < run->count; i++) {
		const struct verify_links *links = &run->directories[i].links;

		for (uint32_t j = 0; j < links->count; j++) {
			const struct verify_link *link = &links->links[j];

			if (!link->file || link->pruned)
				continue;
			run->by_digest[run->file_count].file = &run->files[run->file_count];
			run->files[run->file_count++] = (struct verify_file){
				.directory = links->directory,
				.name = link->file,
				.expected = link->file_digest,
				.expected_bytes = link->file_bytes,
			};
		}
	}
	if (run->file_count)
		qsort(run->by_digest, run->file_count, sizeof(*run->by_digest), by_expected);
	return 0;
}

/* Another file whose manifest has the hash that was found, or NULL. */
static const struct verify_file *find_owner(const struct run *run, const struct verify_file *file)
{
	const struct verify_file wanted = {.expected = file->digest};
	const struct owner key = {&wanted};
	const struct owner *found =
		bsearch(&key, run->by_digest, run->file_count, sizeof(key), by_expected);

	return found ? found->file : NULL;
}

static void tell_altered(const struct run *run, const struct verify_file *file, const char *path)
{
	const struct verify_file *owner = find_owner(run, file);
	char expected[DIGEST_TEXT_BYTES], found[DIGEST_TEXT_BYTES];
	char other[PATH_BYTES];

	digest_hex(file->expected.bytes, DIGEST_BYTES, expected);
	digest_hex(file->digest.bytes, DIGEST_BYTES, found);
	if (owner) {
		verify_file_path(owner, other, sizeof(other));
		verify_report_add(run->report, VERIFY_FILE_SWAPPED, path,
				  "has the content of %s, by that one's manifest: SHA-256 %s "
				  "instead of %s",
				  other, found, expected);
	} else if (file->bytes != file->expected_bytes) {
		verify_report_add(run->report, VERIFY_FILE_ALTERED, path,
				  "was changed: it has %" PRIu64 " bytes instead of %" PRIu64
				  ", SHA-256 %s instead of %s",
				  file->bytes, file->expected_bytes, found, expected);
	} else {
		verify_report_add(run->report, VERIFY_FILE_ALTERED, path,
				  "was changed: SHA-256 %s instead of %s, its length is the same",
				  found, expected);
	}
}

/* Retention has been here since the directory was read: it takes the manifest away first. */
static bool was_removed_meanwhile(const struct verify_file *file, const char *path)
{
	char manifest[PATH_BYTES + sizeof(MANIFEST_SUFFIX)];

	snprintf(manifest, sizeof(manifest), "%s%s", path, MANIFEST_SUFFIX);
	return file->error == -ENOENT && access(manifest, F_OK) < 0;
}

static void judge_file(void *context, struct verify_file *file)
{
	const struct run *run = context;
	char path[PATH_BYTES];

	verify_file_path(file, path, sizeof(path));
	if (was_removed_meanwhile(file, path))
		return;
	if (file->error == -ENOENT)
		verify_report_add(run->report, VERIFY_FILE_MISSING, path,
				  "is gone, and its manifest is there: retention takes both");
	else if (file->error == -EPROTO)
		verify_report_add(run->report, VERIFY_FILE_ALTERED, path,
				  "is no regular file any more");
	else if (file->error)
		verify_report_add(run->report, VERIFY_UNREADABLE, path, "%s",
				  strerror(-file->error));
	else if (!digest_equal(&file->digest, &file->expected))
		tell_altered(run, file, path);
	else
		verify_report_files(run->report, 1, file->bytes);
}

static enum verify_presence find_head(const struct run *run, const struct digest *head)
{
	enum verify_presence best = VERIFY_ABSENT;

	for (uint32_t i = 0; i < run->count && best != VERIFY_THERE; i++) {
		enum verify_presence found = verify_links_find(&run->directories[i].links, head);

		best = found > best ? found : best;
	}
	return best;
}

/* Who signs with a key that is known may be believed that it removed something. */
static void tell_removed_head(const struct run *run, const char *head)
{
	bool signed_by_known = run->options->key != NULL;

	verify_report_add(
		run->report, signed_by_known ? VERIFY_HEAD_REMOVED_SIGNED : VERIFY_HEAD_REMOVED,
		run->options->path,
		"the manifest %s of --head is not there: a later one of its chain lists it "
		"as removed%s",
		head,
		signed_by_known ? ""
				: ", which anybody can write: give --key where captures "
				  "sign");
}

static void check_heads(const struct run *run)
{
	for (uint32_t i = 0; i < run->options->head_count; i++) {
		const struct digest *head = &run->options->heads[i];
		enum verify_presence presence = find_head(run, head);
		char text[DIGEST_TEXT_BYTES];

		digest_hex(head->bytes, DIGEST_BYTES, text);
		if (presence == VERIFY_REMOVED)
			tell_removed_head(run, text);
		else if (presence == VERIFY_ABSENT)
			verify_report_add(
				run->report, VERIFY_HEAD_MISSING, run->options->path,
				"no chain has the manifest %s, which --head says was its newest: the "
				"tail of a chain is missing, or was replaced; or retention removed it "
				"long ago, and the record of that since",
				text);
	}
}

static int check(struct run *run, bool all)
{
	int err;

	for (uint32_t i = 0; i < run->count && all; i++)
		verify_links_check(&run->directories[i].links, run->report);
	err = list_files(run);
	if (!err)
		err = verify_hash_files(run->files, run->file_count, run->options->progress,
					judge_file, run);
	if (!err)
		check_heads(run);
	return err;
}

int verify_run(const struct verify_options *options, struct verify_report *report)
{
	struct run run = {.options = options, .report = report};
	bool all;
	struct stat st;
	int err;

	/* A manifest says what a file was, also where that is gone. */
	all = stat(options->path, &st) == 0 && S_ISDIR(st.st_mode);
	if (!all && lstat(options->path, &st) < 0) {
		if (errno != ENOENT || options->head_count)
			return -errno;
	} else if (!all && options->head_count) {
		return -ENOTDIR;
	}
	err = all ? read_directories(&run) : read_one(&run);
	if (!err)
		err = check(&run, all);
	if (!err && !all && !run.directories[0].links.count &&
	    verify_report_worst(report) == VERIFY_NOTE)
		err = -ENOENT;
	for (uint32_t i = 0; i < run.count; i++)
		verify_directory_fini(&run.directories[i]);
	free(run.directories);
	free(run.by_digest);
	free(run.files);
	return err;
}
