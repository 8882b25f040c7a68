/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/operation_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provision/api/near_match.h"
#include "provision/commands/operation_values.h"

enum {
	MAX_OPTIONS = 48,
	HELP_COLUMN = 34,
};

struct option_table {
	struct operation_option options[MAX_OPTIONS];
	size_t count;
};

static const struct {
	const char *name;
	enum operation_option_what what;
	const char *argument;
	const char *help;
} common[] = {
	{"region", OPTION_REGION, "REGION", "default: AWS_REGION, the profile, the instance's own"},
	{"profile", OPTION_PROFILE, "NAME", "default: AWS_PROFILE"},
	{"endpoint-url", OPTION_ENDPOINT, "URL",
	 "of every service (default: AWS_ENDPOINT_URL and its like, then the region's)"},
	{"output", OPTION_OUTPUT, "json|text|table", "form of what is printed (default: json)"},
	{"help", OPTION_HELP, NULL, "this text"},
};

#define COMMON (sizeof(common) / sizeof(common[0]))

/* The table of a command's options. */

static bool is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

void operation_options_name(const char *member, char name[OPERATION_OPTIONS_NAME_BYTES])
{
	size_t length = 0;

	for (const char *c = member; *c && length + 2 < OPERATION_OPTIONS_NAME_BYTES; c++) {
		if (c != member && is_capital(*c) && !is_capital(c[-1]))
			name[length++] = '-';
		name[length++] = (char)(is_capital(*c) ? *c | 0x20 : *c);
	}
	name[length] = '\0';
}

/* NULL where the table is full: a mistake that the tests find. */
static struct operation_option *add_option(struct option_table *table)
{
	return table->count < MAX_OPTIONS ? &table->options[table->count++] : NULL;
}

static void add_member(struct option_table *table, const struct operation_command *command,
		       const struct shape_member *member)
{
	struct operation_option *option = add_option(table);
	char name[OPERATION_OPTIONS_NAME_BYTES];
	bool one = command->one && strcmp(command->one, member->name) == 0;

	if (!option)
		return;
	*option = (struct operation_option){
		.member = member,
		.argument = member->argument,
		.help = one ? "which one" : member->help,
		.needed = member->required || one ||
			  (command->needed && strcmp(command->needed, member->name) == 0),
	};
	operation_options_name(member->name, option->name);
	/* Of a list of ids just one: --traffic-mirror-session-id. */
	if (one)
		option->name[strlen(option->name) - 1] = '\0';
	if (member->kind != SHAPE_FLAG || strcmp(member->name, "DryRun") == 0)
		return;
	option = add_option(table);
	if (!option)
		return;
	*option = (struct operation_option){.name = "no-", .what = OPTION_NOT, .member = member};
	operation_options_name(member->name, name);
	snprintf(option->name + 3, sizeof(option->name) - 3, "%.60s", name);
}

static bool takes_tags(const struct shape *shape)
{
	return shape_find(shape, "TagSpecifications") || shape_find(shape, "Tags");
}

static void make_table(const struct operation_command *command, struct option_table *table)
{
	const struct shape *shape = operation_command_shape(command);

	table->count = 0;
	for (size_t i = 0; i < shape->count; i++) {
		const struct shape_member *member = &shape->members[i];

		/* What has no help is not for people: page tokens. */
		if (member->help && (!command->one || strcmp(command->one, member->name) == 0))
			add_member(table, command, member);
	}
	if (takes_tags(shape)) {
		struct operation_option *option = add_option(table);

		if (option)
			*option = (struct operation_option){.name = "tag",
							    .what = OPTION_TAG,
							    .argument = "KEY=VALUE",
							    .help = "a tag; may be repeated"};
	}
	for (size_t i = 0; i < COMMON; i++) {
		struct operation_option *option = add_option(table);

		if (!option)
			return;
		*option = (struct operation_option){.what = common[i].what,
						    .argument = common[i].argument,
						    .help = common[i].help};
		snprintf(option->name, sizeof(option->name), "%s", common[i].name);
	}
}

void operation_options_help(const struct operation_command *command, struct buffer *text)
{
	struct option_table table;

	make_table(command, &table);
	for (size_t i = 0; i < table.count; i++) {
		const struct operation_option *option = &table.options[i];
		const char *argument = option->argument ? option->argument : "";
		/* Where one is shown, the list's placeholder ends before "[,…]". */
		size_t length = command->one ? strcspn(argument, "[") : strlen(argument);
		char left[128];

		if (!option->help)
			continue;
		snprintf(left, sizeof(left), "--%s %.*s", option->name, (int)length, argument);
		if (strlen(left) > HELP_COLUMN)
			buffer_format(text, "  %s\n  %-*s", left, HELP_COLUMN, "");
		else
			buffer_format(text, "  %-*s", HELP_COLUMN, left);
		buffer_format(text, "  %s%s\n", option->help, option->needed ? " (needed)" : "");
	}
}

/* Words. */

struct parse {
	struct operation_values values;
	struct option_table table;
};

static int refuse_word(const struct parse *parse, const char *word, size_t length, const char *what,
		       const char *near)
{
	const struct operation_command *command = parse->values.options->command;

	failure_set(parse->values.failure, FAILURE_USAGE, "%.*s: %s", (int)length, word, what);
	if (near)
		failure_set_remedy(parse->values.failure, "did you mean --%s?", near);
	else
		failure_set_remedy(parse->values.failure, "see mirrorcap %s %s --help",
				   command->noun, command->verb);
	return -EINVAL;
}

/* The option that word, "--NAME" or "--NAME=VALUE", means; NULL with failure set. */
static const struct operation_option *find_option(const struct parse *parse, const char *word)
{
	const char *name = word + 2;
	const size_t length = strcspn(name, "=");
	const struct operation_option *found = NULL;
	char cut[OPERATION_OPTIONS_NAME_BYTES];
	struct near_match near = {.word = cut};

	snprintf(cut, sizeof(cut), "%.*s", (int)length, name);
	for (size_t i = 0; i < parse->table.count; i++) {
		const struct operation_option *option = &parse->table.options[i];

		if (strcmp(option->name, cut) == 0)
			return option;
		near_match_offer(&near, option->name);
		if (!length || strncmp(option->name, cut, length) != 0)
			continue;
		if (found) {
			refuse_word(parse, word, length + 2, "could be several options", NULL);
			return NULL;
		}
		found = option;
	}
	if (!found)
		refuse_word(parse, word, length + 2, "no such option", near.name);
	return found;
}

static int refuse_operand(const struct parse *parse, const char *word)
{
	const struct operation_command *command = parse->values.options->command;

	failure_set(parse->values.failure, FAILURE_USAGE, "'%s': not an option", word);
	failure_set_remedy(parse->values.failure, "see mirrorcap %s %s --help", command->noun,
			   command->verb);
	return -EINVAL;
}

static bool takes_more_words(const struct parse *parse, const struct operation_option *option)
{
	return option && option->what == OPTION_MEMBER && !parse->values.options->command->one &&
	       (option->member->kind == SHAPE_TEXTS || option->member->kind == SHAPE_STRUCTURES);
}

/* "--NAME" or "--NAME=VALUE" with the whole name of an option. */
static bool is_option(const struct parse *parse, const char *word)
{
	const size_t length = strncmp(word, "--", 2) == 0 ? strcspn(word + 2, "=") : 0;

	for (size_t i = 0; length && i < parse->table.count; i++) {
		const char *name = parse->table.options[i].name;

		if (strlen(name) == length && strncmp(name, word + 2, length) == 0)
			return true;
	}
	return false;
}

/* Taken as the value, a --dry-run would be lost, and the command done in earnest. */
static int refuse_value(const struct parse *parse, const char *word, const char *value)
{
	failure_set(parse->values.failure, FAILURE_USAGE, "%s: needs a value, and %s is an option",
		    word, value);
	failure_set_remedy(parse->values.failure, "if it is meant as the value: %s=%s", word,
			   value);
	return -EINVAL;
}

/* Reads the option at *word, and moves past its value where that is a word of its own. */
static int parse_option(struct parse *parse, char ***word, const struct operation_option **last)
{
	const char *text = **word, *equals = strchr(text, '=');
	const struct operation_option *option = find_option(parse, text);
	size_t length = strcspn(text, "=");

	*last = option;
	if (!option)
		return -EINVAL;
	if (!option->argument && equals)
		return refuse_word(parse, text, length, "takes no value", NULL);
	if (option->argument && !equals) {
		equals = *++*word;
		if (!equals)
			return refuse_word(parse, text, length, "needs a value", NULL);
		if (is_option(parse, equals))
			return refuse_value(parse, text, equals);
	} else if (equals) {
		equals++;
	}
	return operation_values_set(&parse->values, option, equals);
}

/* word: NULL-terminated, as main()'s. */
static int parse_words(struct parse *parse, char **word)
{
	const struct operation_option *last = NULL;
	int rc = 0;

	for (; !rc && *word && !parse->values.options->help; word++) {
		const char *text = *word;

		if (strcmp(text, "-h") == 0)
			parse->values.options->help = true;
		else if (strncmp(text, "--", 2) == 0)
			rc = parse_option(parse, &word, &last);
		else if (text[0] == '-' && text[1])
			rc = refuse_word(parse, text, 2, "no such option", NULL);
		else if (takes_more_words(parse, last))
			rc = operation_values_set_member(&parse->values, last, text);
		else
			rc = refuse_operand(parse, text);
	}
	return rc;
}

/* The whole. */

static int set_defaults(struct parse *parse)
{
	const struct operation_default *row = parse->values.options->command->defaults;
	int rc = 0;

	for (; !rc && row && row->member; row++) {
		const struct operation_option option = {
			.member =
				shape_find(operation_command_shape(parse->values.options->command),
					   row->member),
		};

		if (!json_object_get(parse->values.options->input, row->member))
			rc = operation_values_set_member(&parse->values, &option, row->text);
	}
	return rc;
}

static int check_missing(struct parse *parse)
{
	struct buffer missing = {0};
	int rc = 0;

	for (size_t i = 0; i < parse->table.count; i++) {
		const struct operation_option *option = &parse->table.options[i];

		if (option->needed &&
		    !json_object_get(parse->values.options->input, option->member->name))
			buffer_format(&missing, "%s--%s %.*s", missing.length ? ", " : "",
				      option->name, (int)strcspn(option->argument, "["),
				      option->argument);
	}
	if (missing.failed) {
		rc = failure_memory(parse->values.failure);
	} else if (missing.length) {
		failure_set(parse->values.failure, FAILURE_USAGE, "missing %s", missing.data);
		failure_set_remedy(parse->values.failure, "--help tells what each one is");
		rc = -EINVAL;
	}
	buffer_fini(&missing);
	return rc;
}

/* Something besides the id must be given, and no field both set and removed. */
static int check_changes(struct parse *parse)
{
	const json_t *input = parse->values.options->input;
	const json_t *removed = json_object_get(input, "RemoveFields");
	size_t given = json_object_size(input) - (json_object_get(input, "DryRun") != NULL);

	if (!parse->values.options->command->changes)
		return 0;
	if (given < 2) {
		failure_set(parse->values.failure, FAILURE_USAGE, "nothing to change");
		failure_set_remedy(parse->values.failure, "--help lists what can be changed");
		return -EINVAL;
	}
	for (size_t i = 0; i < json_array_size(removed); i++) {
		const char *field = json_string_value(json_array_get(removed, i));
		const struct operation_option *option = parse->table.options;

		while (option < parse->table.options + parse->table.count &&
		       strcmp(option->name, field) != 0)
			option++;
		if (option == parse->table.options + parse->table.count ||
		    !json_object_get(input, option->member->name))
			continue;
		return operation_values_refuse(option, field, "both set and removed",
					       "leave it out of --remove-fields",
					       parse->values.failure);
	}
	return 0;
}

/* "NetworkInterfaceId, NetworkLoadBalancerArn" as options. */
static int refuse_choice(struct parse *parse, const struct shape *shape, const char *what)
{
	char name[OPERATION_OPTIONS_NAME_BYTES];
	struct buffer names = {0};

	for (const char *const *member = shape->one_of; *member; member++) {
		operation_options_name(*member, name);
		buffer_format(&names, "%s--%s", names.length ? ", " : "", name);
	}
	failure_set(parse->values.failure, FAILURE_USAGE, "%s", what);
	failure_set_remedy(parse->values.failure, "give one of %s", buffer_string(&names));
	buffer_fini(&names);
	return -EINVAL;
}

/* What holds between members: the values themselves were checked one by one. */
static int check_whole(struct parse *parse)
{
	const struct shape *shape = operation_command_shape(parse->values.options->command);
	struct shape_problem problem;
	int given = 0;

	if (shape_examine(shape, parse->values.options->input, &problem))
		return 0;
	for (const char *const *member = shape->one_of; member && *member; member++)
		given += json_object_get(parse->values.options->input, *member) != NULL;
	if (shape->one_of && given != 1)
		return refuse_choice(parse, shape,
				     given ? "more than one of several" : "missing one of several");
	failure_set(parse->values.failure, FAILURE_USAGE, "%s%s%s", problem.path,
		    problem.path[0] ? ": " : "", problem.what);
	failure_set_remedy(parse->values.failure, "%s", problem.remedy);
	return -EINVAL;
}

/* EC2 has tags beside the type of what they are put on. */
static int move_tags(struct parse *parse)
{
	const struct operation *operation =
		operation_find(parse->values.options->command->operation
				       ? parse->values.options->command->operation
				       : "");
	json_t *tags = json_object_get(parse->values.options->input, OPERATION_VALUES_TAGS);
	int rc;

	if (!tags || !operation || !operation->tagging)
		return 0;
	rc = operation_values_put(
		&parse->values, "TagSpecifications",
		json_pack("[{s:s,s:O}]", "ResourceType", operation->tagging, "Tags", tags));
	json_object_del(parse->values.options->input, OPERATION_VALUES_TAGS);
	return rc;
}

int operation_options_parse(const struct operation_command *command, int argc, char **argv,
			    struct operation_options *options, struct failure *failure)
{
	struct parse parse = {.values = {options, failure}};
	int rc;

	*options = (struct operation_options){.command = command, .input = json_object()};
	if (!options->input)
		return failure_memory(failure);
	make_table(command, &parse.table);
	rc = parse_words(&parse, argc > 0 ? argv + 1 : argv);
	if (rc || options->help)
		return rc;
	rc = check_missing(&parse);
	if (!rc)
		rc = check_changes(&parse);
	if (!rc)
		rc = set_defaults(&parse);
	if (!rc)
		rc = move_tags(&parse);
	return rc ? rc : check_whole(&parse);
}

void operation_options_fini(struct operation_options *options)
{
	json_decref(options->input);
	options->input = NULL;
}
