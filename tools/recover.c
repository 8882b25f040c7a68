/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirrorcap-recover: makes complete files of what captures that were cut short have left.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/custody.h"
#include "capture/recover.h"
#include "tools/option_words.h"

enum {
	EXIT_USAGE = 2,
};

struct options {
	bool json;
	bool dry_run;
	bool no_manifests;
	const char *sign; /* NULL: manifests are not signed */
	const char *path;
};

/* What has been done so far. */
struct result {
	const struct options *options;
	json_t *files;           /* NULL: text */
	struct custody *custody; /* NULL: no manifests */
	bool failed;
};

static const char usage[] =
	"usage: mirrorcap-recover [--dry-run] [--manifest sha256|none] [--sign KEY]\n"
	"                         [--output json|text] DIRECTORY|FILE.part\n"
	"\n"
	"Makes complete files of the NAME.part files that captures which were cut short have left\n"
	"in a directory and in those in it; files of a running capture are left alone. What is no\n"
	"record goes to a file beside it, NAME.tail. A recovered file gets its manifest, signed with\n"
	"--sign, none with --manifest none. --dry-run says what would be done. Exits 1 where a file\n"
	"could not be recovered.\n";

static int take_path(struct options *options, int count, char **words)
{
	if (count == 0)
		fputs("mirrorcap: no directory: say where captures wrote\n", stderr);
	else if (count > 1)
		fprintf(stderr, "mirrorcap: %s: one directory at a time\n", words[1]);
	else
		options->path = words[0];
	return count == 1 ? 0 : -EINVAL;
}

static int take_manifest(struct options *options)
{
	options->no_manifests = strcmp(optarg, "none") == 0;
	if (options->no_manifests || strcmp(optarg, "sha256") == 0)
		return 0;
	fprintf(stderr, "mirrorcap: --manifest %s: use sha256 or none\n", optarg);
	return -EINVAL;
}

/* Returns 0, 1 where help was asked for, or -EINVAL with the mistake printed. */
static int parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"output", required_argument, NULL, 'o'},   {"dry-run", no_argument, NULL, 'n'},
		{"manifest", required_argument, NULL, 'm'}, {"sign", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},           {0},
	};
	int option, rc = 0;

	opterr = 0;
	while (rc == 0 && (option = getopt_long(argc, argv, ":h", names, NULL)) >= 0) {
		if (option == 'o')
			rc = option_words_output(optarg, &options->json);
		else if (option == 'n')
			options->dry_run = true;
		else if (option == 'm')
			rc = take_manifest(options);
		else if (option == 's')
			options->sign = optarg;
		else
			rc = option == 'h' ? 1
					   : option_words_refuse("mirrorcap-recover", option,
								 argv[optind - 1]);
	}
	return rc ? rc : take_path(options, argc - optind, argv + optind);
}

static json_t *name_or_null(const char *name)
{
	/* A name is bytes; what is no UTF-8 has no place in JSON. */
	json_t *string = name[0] ? json_string(name) : NULL;

	return string ? string : json_null();
}

static void add_json(struct result *result, const struct recover_file *file)
{
	static const char *const states[] = {
		[RECOVER_DONE] = "recovered", [RECOVER_SET_ASIDE] = "set_aside",
		[RECOVER_LIVE] = "live",      [RECOVER_FOREIGN] = "foreign",
		[RECOVER_FAILED] = "failed",
	};
	static const char *const ends[] = {
		[RECOVER_WHOLE] = "whole", [RECOVER_ZEROS] = "zeros",     [RECOVER_CUT] = "cut",
		[RECOVER_HOLE] = "hole",   [RECOVER_DAMAGED] = "damaged",
	};
	bool known = file->state == RECOVER_DONE;
	json_t *object =
		json_pack("{s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:s?, s:s?}", "part",
			  name_or_null(file->part), "state", states[file->state], "path",
			  name_or_null(file->path), "tail", name_or_null(file->tail), "bytes",
			  (json_int_t)file->bytes, "committed_bytes", (json_int_t)file->committed,
			  "packets_after_committed", (json_int_t)file->packets, "trimmed_bytes",
			  (json_int_t)file->trimmed, "zero_bytes", (json_int_t)file->zeros, "end",
			  known ? ends[file->end] : NULL, "error",
			  file->error ? strerror(-file->error) : NULL);

	if (json_array_append_new(result->files, object) < 0)
		result->failed = true;
}

static void report(void *context, const struct recover_file *file)
{
	struct result *result = context;
	bool failed = file->state == RECOVER_FAILED;
	char text[RECOVER_TEXT_BYTES];

	result->failed |= failed;
	if (file->state == RECOVER_DONE)
		custody_recovered(result->custody, file->path);
	if (result->files)
		add_json(result, file);
	if (!result->files || failed)
		fprintf(failed ? stderr : stdout, "%s%s\n", failed ? "mirrorcap: " : "",
			recover_text(file, result->options->dry_run, text, sizeof(text)));
}

/* Takes the files. Returns 0, or -EIO where it cannot be written. */
static int print_json(const struct result *result)
{
	json_t *object = json_pack("{s:i, s:b, s:O}", "version", 1, "dry_run",
				   result->options->dry_run, "files", result->files);
	int rc = object ? json_dumpf(object, stdout, JSON_COMPACT) : -1;

	json_decref(object);
	putchar('\n');
	return rc < 0 ? -EIO : 0;
}

static int recover_path(struct result *result)
{
	const struct options *options = result->options;
	struct recover_file file;
	struct stat st;

	if (stat(options->path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return recover_directory(options->path, options->dry_run, report, result);
	if (strlen(options->path) < 5 ||
	    strcmp(options->path + strlen(options->path) - 5, ".part") != 0)
		return -ENOTDIR;
	if (recover_file(&file, options->path, options->dry_run))
		report(result, &file);
	return 0;
}

static void report_custody(void *context, const struct custody_news *news)
{
	struct result *result = context;
	char text[CUSTODY_TEXT_BYTES];

	result->failed |= news->event == CUSTODY_FAILED;
	fprintf(stderr, "mirrorcap: custody: %s\n", custody_text(news, text, sizeof(text)));
}

/* Recovers all, with manifests where they are to be. Returns 0 or -errno. */
static int recover_with_manifests(struct result *result, const struct manifest_key *key)
{
	const struct options *options = result->options;
	struct custody_config config = {
		.key = key,
		.sync = true,
		.report = report_custody,
		.context = result,
	};
	int err = 0;

	if (!options->no_manifests && !options->dry_run)
		err = custody_start(&result->custody, &config);
	if (!err)
		err = recover_path(result);
	result->failed |= custody_stop(result->custody, UINT64_MAX) > 0;
	custody_free(result->custody);
	return err;
}

/* Returns the exit code. */
static int run(const struct options *options, const struct manifest_key *key)
{
	struct result result = {.options = options};
	int err = 0;

	if (options->json)
		result.files = json_array();
	if (options->json && !result.files)
		err = -ENOMEM;
	if (!err)
		err = recover_with_manifests(&result, key);
	if (err)
		fprintf(stderr, "mirrorcap: %s: %s: give the directory that captures wrote to\n",
			options->path, strerror(-err));
	if (result.files && print_json(&result) < 0)
		err = -EIO;
	json_decref(result.files);
	if (fflush(stdout) == EOF) {
		fputs("mirrorcap: standard output: cannot be written\n", stderr);
		err = -EIO;
	}
	return err || result.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	char error[MANIFEST_KEY_ERROR_BYTES];
	struct manifest_key *key = NULL;
	int rc = parse_options(&options, argc, argv);

	if (rc < 0)
		return EXIT_USAGE;
	if (rc > 0) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (options.sign && manifest_key_read(&key, options.sign, error) < 0) {
		fprintf(stderr, "mirrorcap: --sign %s: %s\n", options.sign, error);
		return EXIT_USAGE;
	}
	rc = run(&options, key);
	manifest_key_free(key);
	return rc;
}
