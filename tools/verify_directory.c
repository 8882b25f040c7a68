/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/verify_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/retention_index.h"
#include "capture/suffix.h"

enum {
	PATH_BYTES = 4096 + 256,
	YOUNG_SECONDS = 60, /* a manifest follows its file within this, or somebody has ended */
};

/* A reading of a directory. */
struct reading {
	struct verify_directory *directory;
	struct verify_report *report;
	const char *only;
	const uint8_t *key;
	struct dirent **entries;
	int count;
	bool live; /* a capture writes here */
};

static bool ends_in(const char *name, const char *suffix)
{
	size_t length = strlen(name), suffix_length = strlen(suffix);

	return length > suffix_length && strcmp(name + length - suffix_length, suffix) == 0;
}

static void path_of(const struct reading *r, const char *name, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s", r->directory->path, name);
}

static bool is_manifest(const char *name)
{
	return ends_in(name, MANIFEST_SUFFIX) || ends_in(name, MANIFEST_PRUNED_SUFFIX);
}

/* Of NAME.manifest.json and NAME.manifest.json.pruned: the length of NAME. */
static size_t stem_length(const char *name)
{
	bool pruned = ends_in(name, MANIFEST_PRUNED_SUFFIX);

	return strlen(name) - strlen(pruned ? MANIFEST_PRUNED_SUFFIX : MANIFEST_SUFFIX);
}

static void check_place(const struct reading *r, const char *path, const char *name,
			const struct manifest *manifest)
{
	char link[MANIFEST_FILE_BYTES];
	size_t stem = stem_length(name);

	if (manifest->file) {
		if (strlen(manifest->file) != stem || strncmp(manifest->file, name, stem) != 0)
			verify_report_add(r->report, VERIFY_MANIFEST_MISPLACED, path,
					  "is the manifest of %s: it was renamed, or put in the "
					  "place of another",
					  manifest->file);
		return;
	}
	manifest_link_name(manifest, link);
	if (strncmp(link, name, stem) != 0 || link[stem] != '.')
		verify_report_add(r->report, VERIFY_MANIFEST_MISPLACED, path,
				  "is the chain's link %s: it was renamed, or put in the place of "
				  "another",
				  link);
}

static void check_signature(struct reading *r, const char *path, const struct manifest *manifest,
			    const char *text, size_t length)
{
	struct verify_directory *directory = r->directory;
	char key[2 * MANIFEST_KEY_BYTES + 1];

	if (!manifest->is_signed) {
		if (r->key)
			verify_report_add(r->report, VERIFY_SIGNATURE_MISSING, path,
					  "is not signed");
		return;
	}
	digest_hex(manifest->key, MANIFEST_KEY_BYTES, key);
	if (!manifest_verify(manifest, text, length))
		verify_report_add(r->report, VERIFY_SIGNATURE_WRONG, path,
				  "its signature is wrong: it was changed after it was signed, or "
				  "signed without the key %s",
				  key);
	else if (r->key && memcmp(r->key, manifest->key, MANIFEST_KEY_BYTES) != 0)
		verify_report_add(r->report, VERIFY_KEY_OTHER, path,
				  "is signed with another key than that of --key: %s", key);
	else if (!r->key && (!directory->has_key ||
			     memcmp(directory->key, manifest->key, MANIFEST_KEY_BYTES) != 0))
		verify_report_add(r->report, VERIFY_KEY_UNKNOWN, path,
				  "is signed with the key %s: give --key to know whose that is",
				  key);
	directory->has_key = true;
	memcpy(directory->key, manifest->key, MANIFEST_KEY_BYTES);
}

static void tell_unconfirmed(const struct reading *r, const char *path,
			     const struct manifest *manifest)
{
	for (uint32_t i = 0; i < manifest->pruned_count; i++)
		if (manifest->pruned[i].reason == MANIFEST_UNCONFIRMED)
			verify_report_add(
				r->report, VERIFY_REMOVAL_UNCONFIRMED, path,
				"says that retention removed %s, but the capture that did "
				"ended before it could record that",
				manifest->pruned[i].file ? manifest->pruned[i].file : "a link");
}

static void tell_late(const struct reading *r, const char *path, const struct manifest *manifest)
{
	if (manifest->late)
		verify_report_add(
			r->report, VERIFY_MANIFEST_LATE, path,
			"was made by a later start than the one that captured the file%s: "
			"its hash is of what was found then",
			manifest->recovered ? ", which was recovered" : "");
}

static int take_manifest(struct reading *r, const char *name)
{
	bool pruned = ends_in(name, MANIFEST_PRUNED_SUFFIX);
	char error[MANIFEST_ERROR_BYTES];
	struct manifest manifest;
	struct digest digest;
	char path[PATH_BYTES];
	size_t length = 0;
	char *text = NULL;
	int err;

	path_of(r, name, path);
	err = manifest_read(&manifest, path, &digest, &text, &length, error);
	if (err == -ENOMEM || err == -ENOENT) /* by now: retention has been here */
		return err == -ENOMEM ? err : 0;
	if (err) {
		verify_report_add(r->report, VERIFY_MANIFEST_DAMAGED, path, "%s", error);
		return 0;
	}
	check_place(r, path, name, &manifest);
	check_signature(r, path, &manifest, text, length);
	tell_unconfirmed(r, path, &manifest);
	tell_late(r, path, &manifest);
	if (pruned)
		verify_report_add(r->report, VERIFY_REMOVAL_PENDING, path,
				  "its file was to be removed by retention, which is not recorded "
				  "yet: the next capture here does that");
	err = verify_links_add(&r->directory->links, name, &manifest, &digest, pruned);
	manifest_fini(&manifest);
	free(text);
	return err;
}

static bool is_part(const char *name)
{
	return ends_in(name, ".part") && suffix_find(name, strlen(name) - strlen(".part"), NULL);
}

/* Does a capture hold it? */
static bool is_locked(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool locked;

	if (fd < 0)
		return false;
	locked = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return locked;
}

static void find_live(struct reading *r)
{
	char path[PATH_BYTES];

	for (int i = 0; i < r->count && !r->live; i++) {
		path_of(r, r->entries[i]->d_name, path);
		r->live = is_part(r->entries[i]->d_name) && is_locked(path);
	}
}

static bool has_entry(const struct reading *r, const char *name)
{
	int low = 0, high = r->count;

	while (low < high) {
		int middle = low + (high - low) / 2;
		int order = strcmp(r->entries[middle]->d_name, name);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Is there a manifest that goes by its name? What is in it has been judged. */
static bool has_manifest(const struct reading *r, const char *name)
{
	char manifest[PATH_BYTES];

	snprintf(manifest, sizeof(manifest), "%s%s", name, MANIFEST_SUFFIX);
	return has_entry(r, manifest);
}

static void tell_unfinished(const struct reading *r, const char *path)
{
	verify_report_add(r->report, VERIFY_UNFINISHED, path,
			  is_locked(path) ? "a capture is writing it"
					  : "a capture that was cut short has left it: mirrorcap "
					    "recover completes it");
}

static void tell_unmanifested(const struct reading *r, const char *path)
{
	struct stat st;
	bool young = lstat(path, &st) == 0 && st.st_ctime + YOUNG_SECONDS > time(NULL);

	if (r->live || young)
		verify_report_add(r->report, VERIFY_MANIFEST_PENDING, path,
				  "has no manifest yet: a capture is at work here, verify again "
				  "when that is done");
	else
		verify_report_add(
			r->report, VERIFY_MANIFEST_MISSING, path,
			"has no manifest: nothing says what it was like. The next capture "
			"here makes one, of what it finds");
}

/* A file that is no manifest, and that none goes with. */
static void tell_other(const struct reading *r, const char *name)
{
	char path[PATH_BYTES];

	path_of(r, name, path);
	if (ends_in(name, MANIFEST_SUFFIX ".part"))
		verify_report_add(r->report, VERIFY_MANIFEST_PENDING, path,
				  "is a manifest that is being written, or was when its capture "
				  "ended");
	else if (is_part(name))
		tell_unfinished(r, path);
	else if (ends_in(name, ".part.committed"))
		return; /* goes with the .part */
	else if (ends_in(name, ".tail"))
		verify_report_add(r->report, VERIFY_TAIL, path,
				  "is what recovery cut off a file's end: no manifest speaks for "
				  "it");
	else if (retention_index_is_name(name) || r->only)
		tell_unmanifested(r, path);
	else
		verify_report_add(r->report, VERIFY_FOREIGN, path, "is not mirrorcap's");
}

static bool concerns(const struct reading *r, const char *name)
{
	size_t length = r->only ? strlen(r->only) : 0;

	if (!r->only || strcmp(name, r->only) == 0)
		return true;
	return is_manifest(name) && stem_length(name) == length &&
	       strncmp(name, r->only, length) == 0;
}

static bool is_directory(const struct reading *r, const struct dirent *entry)
{
	char path[PATH_BYTES];
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	path_of(r, entry->d_name, path);
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int take_entries(struct reading *r)
{
	int err = 0;

	find_live(r);
	for (int i = 0; i < r->count && !err; i++) {
		const char *name = r->entries[i]->d_name;

		if (!concerns(r, name) || is_directory(r, r->entries[i]))
			continue;
		if (is_manifest(name))
			err = take_manifest(r, name);
		else if (!has_manifest(r, name))
			tell_other(r, name);
	}
	return err;
}

/* scandir's own order may be a locale's. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int verify_directory_read(struct verify_directory *directory, const char *path, const char *only,
			  const uint8_t *key, struct verify_report *report)
{
	struct reading r = {.directory = directory, .report = report, .only = only, .key = key};
	int err;

	*directory = (struct verify_directory){.path = strdup(path)};
	if (!directory->path)
		return -ENOMEM;
	directory->links.directory = directory->path;
	r.count = scandir(path, &r.entries, NULL, by_name);
	if (r.count < 0) {
		verify_report_add(report, VERIFY_UNREADABLE, path, "%s", strerror(errno));
		return errno == ENOMEM ? -ENOMEM : 0;
	}
	err = take_entries(&r);
	for (int i = 0; i < r.count; i++)
		free(r.entries[i]);
	free(r.entries);
	return err;
}

void verify_directory_fini(struct verify_directory *directory)
{
	verify_links_fini(&directory->links);
	free(directory->path);
	*directory = (struct verify_directory){0};
}
