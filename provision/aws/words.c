/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provision/aws/buffer.h"

#define BLANKS " \t\r\n"

void words_fini(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->list[i]);
	free(words->list);
	*words = (struct words){0};
}

/* What stands after an opening quote, up to its end; *text moves behind the closing one. */
static int read_quoted(const char **text, char quote, struct buffer *word)
{
	const char *c = *text;

	for (; *c != quote; c++) {
		if (quote == '"' && *c == '\\' && (c[1] == '"' || c[1] == '\\'))
			c++;
		if (!*c)
			return -EBADMSG;
		buffer_append(word, c, 1);
	}
	*text = c + 1;
	return 0;
}

/* One word, of which at least one character is there. */
static int read_word(const char **text, struct buffer *word)
{
	int rc = 0;

	while (!rc && **text && !strchr(BLANKS, **text)) {
		char c = *(*text)++;

		if (c == '\'' || c == '"') {
			rc = read_quoted(text, c, word);
			continue;
		}
		if (c == '\\') {
			c = **text;
			if (!c)
				return -EBADMSG;
			(*text)++;
		}
		buffer_append(word, &c, 1);
	}
	return rc ? rc : buffer_error(word);
}

static int add_word(struct words *words, const struct buffer *word)
{
	char **longer = realloc(words->list, (words->count + 2) * sizeof(*longer));

	if (!longer)
		return -ENOMEM;
	words->list = longer;
	longer[words->count] = strdup(buffer_string(word));
	if (!longer[words->count])
		return -ENOMEM;
	longer[++words->count] = NULL;
	return 0;
}

int words_split(const char *text, struct words *words)
{
	struct buffer word = {0};
	int rc = 0;

	*words = (struct words){0};
	text += strspn(text, BLANKS);
	while (!rc && *text) {
		buffer_truncate(&word, 0);
		rc = read_word(&text, &word);
		if (!rc)
			rc = add_word(words, &word);
		text += strspn(text, BLANKS);
	}
	buffer_fini(&word);
	if (rc)
		words_fini(words);
	return rc;
}
