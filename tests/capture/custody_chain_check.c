/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/capture/custody_chain_check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/retention_index.h"

__attribute__((format(printf, 2, 3))) static void say(struct chain_check *check, const char *format,
						      ...)
{
	va_list args;

	if (check->wrong[0])
		return;
	va_start(args, format);
	vsnprintf(check->wrong, sizeof(check->wrong), format, args);
	va_end(args);
}

static void hash_file(struct chain_check *check, const char *directory, const char *name,
		      struct digest *digest)
{
	char path[4096];
	struct stat st;
	uint8_t *data;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		say(check, "%s: is not there", name);
		return;
	}
	data = malloc((size_t)st.st_size + 1);
	if (!data || read(fd, data, (size_t)st.st_size) != st.st_size ||
	    digest_of(data, (size_t)st.st_size, digest))
		say(check, "%s: cannot be read", name);
	free(data);
	close(fd);
}

static void take(struct chain_check *check, const char *directory, const char *name)
{
	char path[4096], error[MANIFEST_ERROR_BYTES];
	struct manifest manifest;
	struct digest digest, found = {{0}};

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (manifest_read(&manifest, path, &digest, NULL, NULL, error)) {
		say(check, "%s: %s", name, error);
		return;
	}
	if (manifest.file) {
		hash_file(check, directory, manifest.file, &found);
		if (!digest_equal(&found, &manifest.digest))
			say(check, "%s: is not what it was", manifest.file);
	}
	check->manifests =
		realloc(check->manifests, (check->count + 1) * sizeof(*check->manifests));
	check->digests = realloc(check->digests, (check->count + 1) * sizeof(*check->digests));
	check->manifests[check->count] = manifest;
	check->digests[check->count++] = digest;
}

static bool ends_in(const char *name, const char *end)
{
	return strlen(name) > strlen(end) && strcmp(name + strlen(name) - strlen(end), end) == 0;
}

static bool same_chain(const struct manifest *a, const struct manifest *b)
{
	return memcmp(a->chain, b->chain, sizeof(a->chain)) == 0;
}

static const struct manifest *at(const struct chain_check *check, const struct manifest *of,
				 uint64_t sequence, struct digest *digest)
{
	for (uint32_t i = 0; i < check->count; i++)
		if (same_chain(&check->manifests[i], of) &&
		    check->manifests[i].sequence == sequence) {
			*digest = check->digests[i];
			return &check->manifests[i];
		}
	return NULL;
}

/* By a manifest of the same chain that is there, with this number or a higher one. */
static bool attested(const struct chain_check *check, const struct manifest *of, uint64_t sequence,
		     struct digest *digest)
{
	for (uint32_t i = 0; i < check->count; i++) {
		const struct manifest *by = &check->manifests[i];

		for (uint32_t k = 0;
		     same_chain(by, of) && by->sequence > sequence && k < by->pruned_count; k++)
			if (by->pruned[k].sequence == sequence) {
				*digest = by->pruned[k].manifest;
				return true;
			}
	}
	return false;
}

static void check_predecessor(struct chain_check *check, const struct manifest *manifest)
{
	uint64_t sequence = manifest->sequence - 1;
	struct digest digest;

	if (!manifest->has_previous)
		return;
	if (!at(check, manifest, sequence, &digest) &&
	    !attested(check, manifest, sequence, &digest))
		say(check, "%s: %llu, what was before it has gone",
		    manifest->file ? manifest->file : "link",
		    (unsigned long long)manifest->sequence);
	else if (!digest_equal(&digest, &manifest->previous))
		say(check, "%s: %llu, what was before it is another",
		    manifest->file ? manifest->file : "link",
		    (unsigned long long)manifest->sequence);
}

static void check_gaps(struct chain_check *check, const struct manifest *manifest)
{
	struct digest digest;
	uint64_t lowest = manifest->sequence;

	for (uint32_t i = 0; i < check->count; i++)
		if (same_chain(&check->manifests[i], manifest) &&
		    check->manifests[i].sequence < lowest)
			lowest = check->manifests[i].sequence;
	for (uint64_t n = manifest->sequence; --n > lowest;) {
		if (at(check, manifest, n, &digest))
			return; /* from there on it is that one's */
		if (!attested(check, manifest, n, &digest))
			say(check, "%llu: has gone without a record", (unsigned long long)n);
	}
}

void chain_check_directory(struct chain_check *check, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char manifest[4096];

	*check = (struct chain_check){0};
	while (dir && (entry = readdir(dir))) {
		if (ends_in(entry->d_name, MANIFEST_SUFFIX))
			take(check, path, entry->d_name);
		if (!retention_index_is_name(entry->d_name))
			continue;
		snprintf(manifest, sizeof(manifest), "%s/%s%s", path, entry->d_name,
			 MANIFEST_SUFFIX);
		check->bare += access(manifest, F_OK) < 0;
	}
	if (dir)
		closedir(dir);
	for (uint32_t i = 0; i < check->count; i++) {
		check_predecessor(check, &check->manifests[i]);
		check_gaps(check, &check->manifests[i]);
	}
}

void chain_check_fini(struct chain_check *check)
{
	for (uint32_t i = 0; i < check->count; i++)
		manifest_fini(&check->manifests[i]);
	free(check->manifests);
	free(check->digests);
}

const struct manifest *chain_check_find(const struct chain_check *check, const char *file)
{
	for (uint32_t i = 0; i < check->count; i++)
		if (check->manifests[i].file && strcmp(check->manifests[i].file, file) == 0)
			return &check->manifests[i];
	return NULL;
}

const struct manifest_pruned *chain_check_pruned(const struct chain_check *check, const char *file)
{
	for (uint32_t i = 0; i < check->count; i++)
		for (uint32_t k = 0; k < check->manifests[i].pruned_count; k++) {
			const struct manifest_pruned *pruned = &check->manifests[i].pruned[k];

			if (pruned->file && strcmp(pruned->file, file) == 0)
				return pruned;
		}
	return NULL;
}
