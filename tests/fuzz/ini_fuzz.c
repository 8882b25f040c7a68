/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever stands in ~/.aws/config and in a profile's credential_process. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "provision/aws/ini.h"
#include "provision/aws/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void split(const char *text)
{
	struct words words;

	if (words_split(text, &words))
		return;
	assert(!words.count || !words.list[words.count]);
	words_fini(&words);
}

/* Each value is found again under its key, each line of a nested one under its own. */
static void ask(const struct ini *ini, const struct ini_section *section)
{
	for (size_t i = 0; i < section->count; i++) {
		const char *value = ini_value(ini, section, section->entries[i].key);
		struct buffer found = {0};

		assert(value);
		assert(strcmp(value, buffer_string(&section->entries[i].value)) == 0);
		ini_nested(value, "endpoint_url", &found);
		split(value);
		buffer_fini(&found);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ini_error error;
	struct ini ini;

	if (ini_parse((const char *)data, size, &ini, &error)) {
		assert(error.line > 0 && error.message);
		return 0;
	}
	for (size_t i = 0; i < ini.count; i++) {
		assert(ini_section(&ini, ini.sections[i].name) == &ini.sections[i]);
		split(ini.sections[i].name);
		ask(&ini, &ini.sections[i]);
	}
	ini_fini(&ini);
	return 0;
}
