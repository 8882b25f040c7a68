/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/command_options.h"

#include <stdio.h>
#include <string.h>

#include "provision/api/near_match.h"

enum { NAME_BYTES = 64, HELP_COLUMN = 36 };

static int refuse(struct failure *failure, const char *command, const char *word, const char *what)
{
	failure_set(failure, FAILURE_USAGE, "%.80s: %s", word, what);
	failure_set_remedy(failure, "see mirrorcap %s --help", command);
	return -EINVAL;
}

/* The option that the word names. value: what stands behind its '='; NULL where nothing does. */
static const struct command_option *find(const struct command_option *options, size_t count,
					 const char *word, const char **value)
{
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);

	*value = NULL;
	for (size_t i = 0; i < count; i++) {
		if (options[i].letter && word[0] == '-' && word[1] == options[i].letter && !word[2])
			return &options[i];
		if (length != strlen(options[i].name) + 2 || strncmp(word, "--", 2) != 0 ||
		    strncmp(word + 2, options[i].name, length - 2) != 0)
			continue;
		*value = equals ? equals + 1 : NULL;
		return &options[i];
	}
	return NULL;
}

static bool is_option(const struct command_option *options, size_t count, const char *word)
{
	const char *value;

	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	       find(options, count, word, &value);
}

static int unknown(const struct command_option *options, size_t count, const char *command,
		   const char *word, struct failure *failure)
{
	char name[NAME_BYTES];
	struct near_match near = {.word = name};

	if (word[0] != '-')
		return refuse(failure, command, word, "not an option");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	near.word += strspn(name, "-");
	for (size_t i = 0; i < count; i++)
		near_match_offer(&near, options[i].name);
	refuse(failure, command, name, "no such option");
	if (near.name)
		failure_set_remedy(failure, "did you mean --%s?", near.name);
	return -EINVAL;
}

/* An option forgot its value: taken as that, the next option would be lost. */
static int refuse_value(const char *name, const char *value, struct failure *failure)
{
	failure_set(failure, FAILURE_USAGE, "--%s: needs a value, and %.80s is an option", name,
		    value);
	failure_set_remedy(failure, "if it is meant as the value: --%s=%.80s", name, value);
	return -EINVAL;
}

/* next: the word behind it, or NULL. Returns how many words it took, or -EINVAL. */
static int set(const struct command_option *option, const char *command, const char *word,
	       const char *value, const char *next, struct failure *failure)
{
	char name[NAME_BYTES];
	bool separate = !value;

	snprintf(name, sizeof(name), "--%s", option->name);
	if (option->flag && value)
		return refuse(failure, command, name, "takes no value");
	if (option->flag) {
		*option->flag = true;
		return 1;
	}
	if (separate)
		value = next;
	if (!value || !*value)
		return refuse(failure, command, name, "needs a value");
	if (*option->text)
		return refuse(failure, command, name, "is given twice");
	*option->text = value;
	return separate ? 2 : 1;
}

int command_options_parse(const struct command_option *options, size_t count, int argc, char **argv,
			  bool *help, struct failure *failure)
{
	*help = false;
	for (int i = 1, taken; i < argc; i += taken) {
		const struct command_option *option;
		const char *value, *next;

		*help = strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
		if (*help)
			return 0;
		option = find(options, count, argv[i], &value);
		if (!option)
			return unknown(options, count, argv[0], argv[i], failure);
		next = i + 1 < argc ? argv[i + 1] : NULL;
		if (!option->flag && !value && next && is_option(options, count, next))
			taken = refuse_value(option->name, next, failure);
		else
			taken = set(option, argv[0], argv[i], value, next, failure);
		if (taken < 0)
			return taken;
	}
	return 0;
}

static void print_line(const char *left, const char *help)
{
	printf("  %-*s%s\n", HELP_COLUMN, left, help);
}

void command_options_help(const struct command_option *options, size_t count)
{
	char left[NAME_BYTES * 2];

	for (size_t i = 0; i < count; i++) {
		const struct command_option *option = &options[i];
		char letter[8] = "";

		if (option->letter)
			snprintf(letter, sizeof(letter), "-%c, ", option->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name,
			 option->argument ? " " : "", option->argument ? option->argument : "");
		print_line(left, option->help);
	}
	print_line("-h, --help", "this text");
}
