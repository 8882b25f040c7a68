/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "dataplane/options_internal.h"
#include "dataplane/units.h"

int options_error(const char *object, const char *value, const char *remedy)
{
	fprintf(stderr, "mirrorcap: %s %s: %s\n", object, value, remedy);
	return OPTIONS_USAGE;
}

int options_number(const char *name, const char *value, uint64_t most, uint32_t *out)
{
	char remedy[64];
	uint64_t number;

	if (units_number(value, 1, most, &number) < 0) {
		snprintf(remedy, sizeof(remedy), "use a number from 1 to %llu",
			 (unsigned long long)most);
		return options_error(name, value, remedy);
	}
	*out = (uint32_t)number;
	return OPTIONS_GO_ON;
}

int options_duration(const char *name, const char *value, uint64_t *out_ns)
{
	return units_duration(value, out_ns) < 0
		       ? options_error(name, value, "use a time in seconds")
		       : OPTIONS_GO_ON;
}

/* The value's place among the words (a NULL ends them), or -1. */
static int one_of(const char *value, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(value, words[i]))
			return i;
	return -1;
}

int options_word(const char *name, const char *value, const char *const *words, int *out)
{
	char remedy[64] = "use ";

	*out = one_of(value, words);
	if (*out >= 0)
		return OPTIONS_GO_ON;
	for (int i = 0; words[i]; i++)
		snprintf(remedy + strlen(remedy), sizeof(remedy) - strlen(remedy), "%s%s",
			 i ? " or " : "", words[i]);
	return options_error(name, value, remedy);
}
