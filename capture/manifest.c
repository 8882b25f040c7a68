/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/manifest_internal.h"

const char *manifest_reason_name(enum manifest_reason reason)
{
	static const char *const names[] = {
		[MANIFEST_RETENTION] = "retention",
		[MANIFEST_LINK] = "link",
		[MANIFEST_UNCONFIRMED] = "unconfirmed",
	};

	return names[reason];
}

/* Enough of the chain's name to tell two chains apart that met in one directory. */
enum { LINK_ID_BYTES = 8 };

void manifest_link_name(const struct manifest *manifest, char name[MANIFEST_FILE_BYTES])
{
	char id[2 * LINK_ID_BYTES + 1];

	digest_hex(manifest->chain, LINK_ID_BYTES, id);
	snprintf(name, MANIFEST_FILE_BYTES, "chain-%s-%012" PRIu64 MANIFEST_SUFFIX, id,
		 manifest->sequence);
}

bool manifest_is_link_name(const char *name)
{
	static const char form[] = "chain-xxxxxxxxxxxxxxxx-";
	size_t digits;

	for (const char *c = form; *c; c++, name++)
		if (*c == 'x' ? !strchr("0123456789abcdef", *name) || !*name : *name != *c)
			return false;
	digits = strspn(name, "0123456789");
	return digits >= 12 && digits <= 19 && strcmp(name + digits, MANIFEST_SUFFIX) == 0;
}

void manifest_fini(struct manifest *manifest)
{
	for (uint32_t i = 0; i < manifest->pruned_count; i++)
		free(manifest->pruned[i].file);
	free(manifest->pruned);
	free(manifest->sessions);
	free(manifest->file);
	*manifest = (struct manifest){0};
}

int manifest_add_pruned(struct manifest *manifest, const struct manifest_pruned *pruned)
{
	uint32_t count = manifest->pruned_count;
	struct manifest_pruned copy = *pruned;

	/* Grown at powers of two: the count itself tells when. */
	if ((count & (count - 1)) == 0) {
		struct manifest_pruned *grown =
			realloc(manifest->pruned, (count ? 2 * (size_t)count : 1) * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		manifest->pruned = grown;
	}
	if (pruned->file) {
		copy.file = strdup(pruned->file);
		if (!copy.file)
			return -ENOMEM;
	}
	manifest->pruned[manifest->pruned_count++] = copy;
	return 0;
}

bool manifest_verify(const struct manifest *manifest, const char *text, size_t length)
{
	size_t tail = MANIFEST_SIGNED_TAIL_BYTES;

	return manifest->is_signed && length > tail &&
	       manifest_key_verify(manifest->key, text, length - tail, manifest->signature);
}

/* *text: the caller's, also on failure. */
static int read_bytes(int fd, char **text, size_t *length, char *error)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return manifest_fail(error, -errno, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return manifest_fail(error, -EINVAL, "is not a regular file");
	if (st.st_size > MANIFEST_TEXT_BYTES)
		return manifest_fail(error, -EFBIG, "is too long for a manifest");
	*text = malloc((size_t)st.st_size + 1);
	if (!*text)
		return manifest_fail(error, -ENOMEM, "out of memory");
	for (*length = 0; *length < (size_t)st.st_size;) {
		ssize_t got = read(fd, *text + *length, (size_t)st.st_size - *length);

		if (got < 0)
			return manifest_fail(error, -errno, strerror(errno));
		if (got == 0)
			break;
		*length += (size_t)got;
	}
	(*text)[*length] = '\0';
	return 0;
}

int manifest_read(struct manifest *manifest, const char *path, struct digest *digest, char **text,
		  size_t *length, char *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *bytes = NULL;
	size_t count = 0;
	int err;

	*manifest = (struct manifest){0};
	if (fd < 0)
		return manifest_fail(error, -errno, strerror(errno));
	err = read_bytes(fd, &bytes, &count, error);
	close(fd);
	if (!err && digest_of(bytes, count, digest))
		err = manifest_fail(error, -EIO, "cannot be hashed");
	if (!err)
		err = manifest_parse(manifest, bytes, count, error);
	if (!err && text) {
		*text = bytes;
		*length = count;
	} else {
		free(bytes);
	}
	return err;
}
