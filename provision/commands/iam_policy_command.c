/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/iam_policy_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/commands/command_options.h"
#include "provision/commands/config_load.h"
#include "provision/commands/exit_code.h"
#include "provision/deploy/iam_policy.h"

enum {
	LINE_BYTES = 2048,
	INDENT = 2,
	MANAGED_POLICY_MAX = 6144, /* characters, blanks not counted */
};

struct options {
	const char *config, *role, *attach_to;
	bool document, help;
};

static int fail(const struct failure *failure)
{
	char line[LINE_BYTES];

	failure_format(failure, line, sizeof(line));
	fprintf(stderr, "mirrorcap: iam-policy: %s\n", line);
	return failure->kind == FAILURE_USAGE ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
}

static int print_help(const struct command_option *table, size_t count)
{
	printf("usage: mirrorcap iam-policy [OPTIONS]\n\n"
	       "Prints the IAM policies that allow what the configuration needs, and no more.\n"
	       "Without a configuration: those for any deployment in the caller's account.\n\n");
	command_options_help(table, count);
	return EXIT_CODE_DONE;
}

static int parse(int argc, char **argv, struct options *options, struct failure *failure)
{
	const struct command_option table[] = {
		{"config", 'c', "FILE", "the configuration", &options->config, NULL},
		{"role", 0, "deployer|collector", "only this one's", &options->role, NULL},
		{"attach-to", 0, "caller|ARN", "only this identity's", &options->attach_to, NULL},
		{"document", 0, NULL, "print one policy document, as IAM takes it", NULL,
		 &options->document},
	};
	const size_t count = sizeof(table) / sizeof(table[0]);
	int rc = command_options_parse(table, count, argc, argv, &options->help, failure);

	if (rc)
		return rc;
	if (options->help)
		return print_help(table, count);
	if (options->role && strcmp(options->role, iam_role_name(IAM_DEPLOYER)) != 0 &&
	    strcmp(options->role, iam_role_name(IAM_COLLECTOR)) != 0) {
		failure_set(failure, FAILURE_USAGE, "--role '%.80s': no such role", options->role);
		failure_set_remedy(failure, "give deployer or collector");
		return -EINVAL;
	}
	return 0;
}

static bool wanted(const struct options *options, const json_t *policy)
{
	const char *role = json_string_value(json_object_get(policy, "Role"));
	const char *attach_to = json_string_value(json_object_get(policy, "AttachTo"));

	return (!options->role || strcmp(options->role, role) == 0) &&
	       (!options->attach_to || strcmp(options->attach_to, attach_to) == 0);
}

/* Adds the role's policies that are wanted. */
static int collect(const struct config *config, enum iam_role role, const struct options *options,
		   json_t *list)
{
	json_t *policies = iam_policy(config, role), *policy;
	size_t i;

	json_array_foreach(policies, i, policy)
	{
		if (wanted(options, policy))
			json_array_append(list, policy);
	}
	json_decref(policies);
	return policies ? 0 : -ENOMEM;
}

static int print(const json_t *value, struct failure *failure)
{
	if (json_dumpf(value, stdout, JSON_INDENT(INDENT)) == 0 && putchar('\n') != EOF &&
	    fflush(stdout) == 0)
		return 0;
	failure_set(failure, FAILURE_OUTPUT, "stdout: cannot write: %s", strerror(errno));
	return -EIO;
}

static size_t count_characters(const json_t *policy)
{
	char *text = json_dumps(json_object_get(policy, "Policy"), JSON_COMPACT);
	size_t count = 0;

	for (const char *c = text; c && *c; c++)
		count += *c != ' ';
	free(text);
	return count;
}

static void warn_of_size(const json_t *list)
{
	const json_t *policy;
	size_t i;

	json_array_foreach(list, i, policy)
	{
		const size_t count = count_characters(policy);

		if (count > MANAGED_POLICY_MAX)
			fprintf(stderr,
				"mirrorcap: iam-policy: %s of %s: warning: %zu characters, and a "
				"managed policy takes %d: attach it in parts, by statement\n",
				json_string_value(json_object_get(policy, "Role")),
				json_string_value(json_object_get(policy, "AttachTo")), count,
				MANAGED_POLICY_MAX);
	}
}

/* list: given up. */
static int print_list(const struct options *options, json_t *list, struct failure *failure)
{
	size_t count = json_array_size(list);
	json_t *root = NULL;
	int rc;

	if (count == 0 || (options->document && count > 1)) {
		failure_set(failure, FAILURE_USAGE, "%zu policies fit the options", count);
		failure_set_remedy(failure, "see which there are without --document, --role and "
					    "--attach-to, and choose one");
		json_decref(list);
		return -EINVAL;
	}
	warn_of_size(list);
	if (options->document)
		root = json_incref(json_object_get(json_array_get(list, 0), "Policy"));
	else
		root = json_pack("{s:O}", "Policies", list);
	rc = root ? print(root, failure) : failure_memory(failure);
	json_decref(root);
	json_decref(list);
	return rc;
}

static int act(const struct options *options, const struct config *config, struct failure *failure)
{
	json_t *list = json_array();

	if (!list || collect(config, IAM_DEPLOYER, options, list) ||
	    collect(config, IAM_COLLECTOR, options, list)) {
		json_decref(list);
		return failure_memory(failure);
	}
	return print_list(options, list, failure);
}

int iam_policy_command(int argc, char **argv)
{
	struct options options = {0};
	struct failure failure = {0};
	struct config config = {0};
	int rc = parse(argc, argv, &options, &failure);

	if (rc)
		return fail(&failure);
	if (options.help)
		return EXIT_CODE_DONE;
	if (options.config) {
		rc = config_load(options.config, &config);
		if (rc)
			return rc == -EINVAL ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
	}
	rc = act(&options, options.config ? &config : NULL, &failure);
	config_fini(&config);
	return rc ? fail(&failure) : EXIT_CODE_DONE;
}
