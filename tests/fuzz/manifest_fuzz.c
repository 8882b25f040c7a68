/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes are read as a manifest. What is taken is written again to the byte, and its names lead
 * nowhere else.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "manifest: %s\n", what);
	abort();
}

static void check_name(const char *name)
{
	require(!name || (name[0] && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..")),
		"a name that is none");
}

static void check(const struct manifest *manifest)
{
	check_name(manifest->file);
	require(manifest->sequence > 0, "no sequence number");
	require(manifest->has_previous == (manifest->sequence > 1), "previous");
	require((manifest->file != NULL) == (manifest->bytes != MANIFEST_UNKNOWN), "bytes");
	for (uint32_t i = 0; i < manifest->session_count; i++)
		require(session_name_valid(manifest->sessions[i].name), "not a session's name");
	for (uint32_t i = 0; i < manifest->pruned_count; i++)
		check_name(manifest->pruned[i].file);
}

static void check_text(const struct manifest *manifest, const uint8_t *data, size_t size)
{
	size_t length = 0;
	char *text;

	if (manifest->is_signed) {
		(void)manifest_verify(manifest, (const char *)data, size);
		return;
	}
	text = manifest_text(manifest, NULL, &length);
	require(text && length == size && memcmp(text, data, size) == 0, "another text");
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[MANIFEST_ERROR_BYTES] = "";
	struct manifest manifest;

	if (manifest_parse(&manifest, (const char *)data, size, error)) {
		require(error[0] != '\0', "no error text");
		return 0;
	}
	check(&manifest);
	check_text(&manifest, data, size);
	manifest_fini(&manifest);
	return 0;
}
