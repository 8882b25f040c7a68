/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirrorcap-verify: are captured files what their manifests say, and all there?
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/manifest_key.h"
#include "tools/option_words.h"
#include "tools/verify_run.h"

enum {
	EXIT_USAGE = 2,
	EXIT_UNPROVEN = 3,
	HEADS_MAX = 1024,
};

struct arguments {
	struct verify_options verify;
	const char *key_path;
	uint8_t key[MANIFEST_KEY_BYTES];
	struct digest heads[HEADS_MAX];
	bool json;
};

static const char usage[] =
	"usage: mirrorcap-verify [--head HASH]... [--key PUBLIC.pem] [--output json|text]\n"
	"                        DIRECTORY|FILE\n"
	"\n"
	"Checks captured files against their manifests: hashes, the chains that the manifests form,\n"
	"and signatures. --head: the newest manifest's hash, as the capture logged it: then what is\n"
	"missing at a chain's end is noticed, too. --key: all must be signed with this key. Exits 0\n"
	"where nothing is wrong, 1 where something is or could not be read, 3 where nothing is\n"
	"wrong, but something is unproven: a file without a manifest, or a removal that nobody\n"
	"has confirmed.\n";

static int add_head(struct arguments *arguments, const char *text)
{
	struct verify_options *options = &arguments->verify;

	if (options->head_count == HEADS_MAX) {
		fprintf(stderr, "mirrorcap: --head: no more than %d\n", HEADS_MAX);
		return -EINVAL;
	}
	if (digest_unhex(text, arguments->heads[options->head_count].bytes, DIGEST_BYTES)) {
		fprintf(stderr,
			"mirrorcap: --head %s: give a SHA-256 as 64 lower-case hexadecimal "
			"digits\n",
			text);
		return -EINVAL;
	}
	options->head_count++;
	return 0;
}

static int take_path(struct verify_options *options, int count, char **words)
{
	if (count == 0)
		fputs("mirrorcap: no directory: say where captures wrote\n", stderr);
	else if (count > 1)
		fprintf(stderr, "mirrorcap: %s: one directory or file at a time\n", words[1]);
	else
		options->path = words[0];
	return count == 1 ? 0 : -EINVAL;
}

/* Returns 0, 1 where help was asked for, or -EINVAL with the mistake printed. */
static int parse_options(struct arguments *arguments, int argc, char **argv)
{
	static const struct option names[] = {
		{"head", required_argument, NULL, 'e'},
		{"key", required_argument, NULL, 'k'},
		{"output", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option, rc = 0;

	opterr = 0;
	arguments->verify.heads = arguments->heads;
	while (rc == 0 && (option = getopt_long(argc, argv, ":h", names, NULL)) >= 0) {
		if (option == 'o')
			rc = option_words_output(optarg, &arguments->json);
		else if (option == 'e')
			rc = add_head(arguments, optarg);
		else if (option == 'k')
			arguments->key_path = optarg;
		else
			rc = option == 'h' ? 1
					   : option_words_refuse("mirrorcap-verify", option,
								 argv[optind - 1]);
	}
	return rc ? rc : take_path(&arguments->verify, argc - optind, argv + optind);
}

static int read_key(struct arguments *arguments)
{
	char error[MANIFEST_KEY_ERROR_BYTES];

	if (!arguments->key_path)
		return 0;
	if (manifest_key_read_public(arguments->key, arguments->key_path, error)) {
		fprintf(stderr, "mirrorcap: --key %s: %s\n", arguments->key_path, error);
		return -EINVAL;
	}
	arguments->verify.key = arguments->key;
	return 0;
}

static int exit_code(const struct verify_report *report)
{
	static const int codes[] = {
		[VERIFY_NOTE] = EXIT_SUCCESS,
		[VERIFY_UNPROVEN] = EXIT_UNPROVEN,
		[VERIFY_WRONG] = EXIT_FAILURE,
	};

	return codes[verify_report_worst(report)];
}

static int run(struct arguments *arguments)
{
	struct verify_report *report = verify_report_new(stdout, arguments->json);
	int err = report ? 0 : -ENOMEM;
	int code = EXIT_FAILURE;

	arguments->verify.progress = isatty(STDERR_FILENO) ? STDERR_FILENO : -1;
	if (!err)
		err = verify_run(&arguments->verify, report);
	if (err == -ENOTDIR && arguments->verify.head_count) {
		fprintf(stderr,
			"mirrorcap: --head: %s is one file, and no chain is checked: give its "
			"directory\n",
			arguments->verify.path);
		code = EXIT_USAGE;
	} else if (err) {
		fprintf(stderr, "mirrorcap: %s: %s: give the directory that captures wrote to\n",
			arguments->verify.path, strerror(-err));
	} else {
		code = exit_code(report);
		err = verify_report_end(report);
		if (err) {
			fprintf(stderr, "mirrorcap: standard output: %s\n", strerror(-err));
			code = EXIT_FAILURE;
		}
	}
	verify_report_free(report);
	return code;
}

int main(int argc, char **argv)
{
	static struct arguments arguments;
	int rc = parse_options(&arguments, argc, argv);

	if (rc > 0) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (rc < 0 || read_key(&arguments) < 0)
		return EXIT_USAGE;
	return run(&arguments);
}
