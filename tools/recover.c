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

#include "capture/recover.h"
#include "tools/option_words.h"

enum {
	EXIT_USAGE = 2,
};

struct options {
	bool json;
	bool dry_run;
	const char *path;
};

/* What has been done so far. */
struct result {
	const struct options *options;
	json_t *files; /* NULL: text */
	bool failed;
};

static const char usage[] =
	"usage: mirrorcap-recover [--dry-run] [--output json|text] DIRECTORY|FILE.part\n"
	"\n"
	"Makes complete files of the NAME.part files that captures which were cut short have left\n"
	"in a directory and in those in it; files of a running capture are left alone. What is no\n"
	"record goes to a file beside it, NAME.tail. --dry-run says what would be done. Exits 1\n"
	"where a file could not be recovered.\n";

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

/* Returns 0, 1 where help was asked for, or -EINVAL with the mistake printed. */
static int parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"output", required_argument, NULL, 'o'},
		{"dry-run", no_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option, rc = 0;

	opterr = 0;
	while (rc == 0 && (option = getopt_long(argc, argv, ":h", names, NULL)) >= 0) {
		if (option == 'o')
			rc = option_words_output(optarg, &options->json);
		else if (option == 'n')
			options->dry_run = true;
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

/* Returns the exit code. */
static int run(const struct options *options)
{
	struct result result = {.options = options};
	int err = 0;

	if (options->json)
		result.files = json_array();
	if (options->json && !result.files)
		err = -ENOMEM;
	if (!err)
		err = recover_path(&result);
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
	int rc = parse_options(&options, argc, argv);

	if (rc < 0)
		return EXIT_USAGE;
	if (rc > 0) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	return run(&options);
}
