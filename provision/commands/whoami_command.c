/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/whoami_command.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "provision/aws/client.h"
#include "provision/aws/sts.h"
#include "provision/commands/exit_code.h"

enum {
	LINE_BYTES = 2048,
	TIME_BYTES = 32,
	JSON_FORM = JSON_INDENT(4) | JSON_PRESERVE_ORDER,
};

/* Texts are borrowed from argv. */
struct whoami_options {
	struct client_options client;
	bool json;
	bool help;
};

/* What is printed. All borrowed. */
struct whoami {
	const struct client *client;
	const struct sts_identity *identity;
	char expiration[TIME_BYTES]; /* "" for never */
};

static const char *const services[] = {"ec2", "elasticloadbalancing", "sts"};

#define SERVICES (sizeof(services) / sizeof(services[0]))

static void print_usage(FILE *out)
{
	fputs("usage: mirrorcap whoami [OPTIONS]\n\n"
	      "  --region REGION      default: AWS_REGION, AWS_DEFAULT_REGION, the profile, the "
	      "instance\n"
	      "  --profile NAME       default: AWS_PROFILE\n"
	      "  --endpoint-url URL   default: AWS_ENDPOINT_URL…, the profile, the region\n"
	      "  --output FORM        text (default) or json\n"
	      "  --help\n",
	      out);
}

static int fail(const struct failure *failure)
{
	char line[LINE_BYTES];

	failure_format(failure, line, sizeof(line));
	fprintf(stderr, "mirrorcap: whoami: %s\n", line);
	return failure->kind == FAILURE_USAGE ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
}

/* Arguments. */

static int usage(const char *word, const char *what, struct failure *failure)
{
	failure_set(failure, FAILURE_USAGE, "%s: %s", word, what);
	failure_set_remedy(failure, "see mirrorcap whoami --help");
	return -EINVAL;
}

static int set_output(struct whoami_options *options, const char *form, struct failure *failure)
{
	options->json = strcmp(form, "json") == 0;
	if (options->json || strcmp(form, "text") == 0)
		return 0;
	return usage("--output", "takes text or json", failure);
}

static int set_option(struct whoami_options *options, int value, const char *argument,
		      struct failure *failure)
{
	switch (value) {
	case 'r':
		options->client.region = argument;
		return 0;
	case 'p':
		options->client.profile = argument;
		return 0;
	case 'e':
		options->client.endpoint_url = argument;
		return 0;
	case 'o':
		return set_output(options, argument, failure);
	default:
		options->help = true;
		return 0;
	}
}

static int parse_options(int argc, char **argv, struct whoami_options *options,
			 struct failure *failure)
{
	static const struct option table[] = {
		{"region", required_argument, NULL, 'r'},
		{"profile", required_argument, NULL, 'p'},
		{"endpoint-url", required_argument, NULL, 'e'},
		{"output", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int value, rc = 0;

	opterr = 0;
	while (!rc && (value = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
		if (value == ':')
			return usage(argv[optind - 1], "needs a value", failure);
		if (value == '?')
			return usage(argv[optind - 1], "no such option", failure);
		rc = set_option(options, value, optarg, failure);
	}
	if (!rc && !options->help && optind < argc)
		return usage(argv[optind], "not an option", failure);
	return rc;
}

/* Printing. */

static json_t *make_endpoints(const struct client *client)
{
	json_t *endpoints = json_object();

	for (size_t i = 0; endpoints && i < SERVICES; i++)
		json_object_set_new(endpoints, services[i],
				    json_pack("{s:s, s:s}", "Url",
					      client_endpoint(client, services[i]), "Source",
					      client_endpoint_source(client, services[i])));
	return endpoints;
}

/* The identity as `aws sts get-caller-identity` has it. */
static json_t *make_object(const struct whoami *whoami)
{
	const struct sts_identity *identity = whoami->identity;
	const struct client *client = whoami->client;

	return json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s*}, s:{s:s, s:s}, s:o}", "UserId",
			 identity->user_id, "Account", identity->account, "Arn", identity->arn,
			 "Credentials", "Source", client_credentials_source(client), "Profile",
			 client_profile(client), "Expiration",
			 whoami->expiration[0] ? whoami->expiration : NULL, "Region", "Name",
			 client_region(client), "Source", client_region_source(client), "Endpoints",
			 make_endpoints(client));
}

static void print_json(const struct whoami *whoami)
{
	json_t *object = make_object(whoami);

	if (object && !json_dumpf(object, stdout, JSON_FORM))
		fputc('\n', stdout);
	else
		errno = object ? EIO : ENOMEM;
	json_decref(object);
}

static void print_text(const struct whoami *whoami)
{
	const struct client *client = whoami->client;

	printf("%-22s%s\n", "account", whoami->identity->account);
	printf("%-22s%s\n", "arn", whoami->identity->arn);
	printf("%-22s%s\n", "user id", whoami->identity->user_id);
	printf("%-22s%s\n", "credentials", client_credentials_source(client));
	printf("%-22s%s\n", "expiration", whoami->expiration[0] ? whoami->expiration : "none");
	printf("%-22s%s\n", "profile", client_profile(client));
	printf("%-22s%s (%s)\n", "region", client_region(client), client_region_source(client));
	for (size_t i = 0; i < SERVICES; i++)
		printf("%-22s%s (%s)\n", services[i], client_endpoint(client, services[i]),
		       client_endpoint_source(client, services[i]));
}

static int print(const struct whoami_options *options, const struct client *client,
		 const struct sts_identity *identity, struct failure *failure)
{
	const time_t expiration = (time_t)client_credentials_expiration(client);
	struct whoami whoami = {.client = client, .identity = identity};
	struct tm utc;

	if (expiration)
		strftime(whoami.expiration, sizeof(whoami.expiration), "%Y-%m-%dT%H:%M:%SZ",
			 gmtime_r(&expiration, &utc));
	errno = 0;
	if (options->json)
		print_json(&whoami);
	else
		print_text(&whoami);
	if (!errno && !fflush(stdout) && !ferror(stdout))
		return 0;
	failure_set(failure, FAILURE_OUTPUT, "stdout: %s", strerror(errno ? errno : EIO));
	return -EIO;
}

/* Asking. */

static int ask(struct client *client, struct sts_identity *identity, struct failure *failure)
{
	struct xml_document *document;
	struct query query;
	int rc;

	sts_encode_caller_identity(&query);
	rc = client_call(client, "sts", &query, &document, failure);
	query_fini(&query);
	if (rc) {
		failure_prefix(failure, "credentials (%s): ", client_credentials_source(client));
		return rc;
	}
	rc = sts_decode_caller_identity(document, identity, failure);
	xml_free(document);
	return rc;
}

static int act(const struct whoami_options *options, struct failure *failure)
{
	struct sts_identity identity = {0};
	struct client *client;
	int rc = client_new(&options->client, &client, failure);

	if (rc)
		return rc;
	rc = ask(client, &identity, failure);
	if (!rc)
		rc = print(options, client, &identity, failure);
	sts_identity_fini(&identity);
	client_free(client);
	return rc;
}

int whoami_command(int argc, char **argv)
{
	struct whoami_options options = {0};
	struct failure failure = {0};

	if (parse_options(argc, argv, &options, &failure))
		return fail(&failure);
	if (options.help) {
		print_usage(stdout);
		return EXIT_CODE_DONE;
	}
	return act(&options, &failure) ? fail(&failure) : EXIT_CODE_DONE;
}
