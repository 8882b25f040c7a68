/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirrorcap-info: says what is in capture files, and whether they are whole.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/capture_files.h"
#include "tools/info_report.h"
#include "tools/option_words.h"

enum {
	EXIT_USAGE = 2,
};

struct options {
	bool json;
	char **paths; /* NULL-terminated */
};

struct walk {
	struct info_report *report;
	bool healthy;
};

static const char usage[] =
	"usage: mirrorcap-info [--output json|text] FILE|DIRECTORY…\n"
	"\n"
	"Prints packets, bytes, times, sessions, cut packets and health of capture files (pcap and\n"
	"pcapng), those in and below a directory included. Exits 1 where a file is not whole.\n";

/* Returns 0, 1 where help was asked for, or -EINVAL with the mistake printed. */
static int parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"output", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option, rc = 0;

	opterr = 0;
	while (rc == 0 && (option = getopt_long(argc, argv, ":h", names, NULL)) >= 0) {
		if (option == 'o')
			rc = option_words_output(optarg, &options->json);
		else
			rc = option == 'h' ? 1
					   : option_words_refuse("mirrorcap-info", option,
								 argv[optind - 1]);
	}
	if (rc == 0 && optind == argc) {
		fputs("mirrorcap: no file: give capture files or directories\n", stderr);
		rc = -EINVAL;
	}
	options->paths = argv + optind;
	return rc;
}

/* A capture that runs has renamed it since its directory was read: it is found under its name. */
static bool published_meanwhile(const char *path, const struct info_file *file)
{
	return file->error == -ENOENT && file->part;
}

static int report_file(void *context, const char *path, int error)
{
	struct walk *walk = context;
	struct info_file file = {.path = path, .error = error};
	char *name = NULL;
	int err = 0;

	if (!error)
		err = info_file_read(&file, path);
	if (!err && published_meanwhile(path, &file)) {
		info_file_fini(&file);
		name = strndup(path, strlen(path) - strlen(".part"));
		err = name ? info_file_read(&file, name) : -ENOMEM;
	}
	if (!err && file.error)
		fprintf(stderr, "mirrorcap: %s: %s\n", file.path,
			strcmp(info_file_health(&file), "unreadable") == 0
				? strerror(-file.error)
				: info_file_health(&file));
	if (!err)
		err = info_report_file(walk->report, &file);
	walk->healthy &= info_file_healthy(&file);
	info_file_fini(&file);
	free(name);
	return err;
}

/* Returns the exit code. */
static int report_all(const struct options *options)
{
	struct walk walk = {.report = info_report_new(stdout, options->json), .healthy = true};
	int err = walk.report ? 0 : -ENOMEM;

	for (char **path = options->paths; !err && *path; path++)
		err = capture_files_walk(*path, true, report_file, &walk);
	if (!err)
		err = info_report_end(walk.report);
	info_report_free(walk.report);
	if (err)
		fprintf(stderr, "mirrorcap: info: %s\n", strerror(-err));
	return err || !walk.healthy ? EXIT_FAILURE : EXIT_SUCCESS;
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
	return report_all(&options);
}
