/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/option_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int option_words_output(const char *text, bool *json)
{
	*json = strcmp(text, "json") == 0;
	if (*json || strcmp(text, "text") == 0)
		return 0;
	fprintf(stderr, "mirrorcap: --output %s: give json or text\n", text);
	return -EINVAL;
}

int option_words_refuse(const char *program, int kind, const char *word)
{
	fprintf(stderr, "mirrorcap: %s: %s: see %s --help\n", word,
		kind == ':' ? "its value is missing" : "no such option", program);
	return -EINVAL;
}
