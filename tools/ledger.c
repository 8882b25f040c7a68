/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirrorcap-ledger: prints the packet accounts of a running or finished capture.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/ledger_report.h"
#include "tools/option_words.h"

#define LEDGER_DIRECTORY "/run/mirrorcap"
#define USER_DIRECTORY   "$XDG_RUNTIME_DIR/mirrorcap"

enum {
	EXIT_USAGE = 2,
	WATCH_SECONDS_MAX = 86400,
};

struct options {
	const char *path; /* NULL: the newest where captures keep theirs */
	bool json;
	unsigned int watch_seconds; /* 0: once */
};

static const char usage[] =
	"usage: mirrorcap-ledger [--output json|text] [--watch SECONDS] [PATH]\n"
	"\n"
	"Prints the packet accounts of a running or finished capture. Without PATH: the newest\n"
	"ledger in " LEDGER_DIRECTORY ", of users in " USER_DIRECTORY ". Exits 1 where\n"
	"the account does not balance.\n";

static int parse_watch(const char *text, unsigned int *seconds)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || value < 1 ||
	    value > WATCH_SECONDS_MAX) {
		fprintf(stderr, "mirrorcap: --watch %s: give whole seconds, 1 to %d\n", text,
			WATCH_SECONDS_MAX);
		return -EINVAL;
	}
	*seconds = value;
	return 0;
}

/* Returns 0, 1 where help was asked for, or -EINVAL with the mistake printed. */
static int parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"output", required_argument, NULL, 'o'},
		{"watch", required_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option, rc = 0;

	opterr = 0;
	while (rc == 0 && (option = getopt_long(argc, argv, ":h", names, NULL)) >= 0) {
		if (option == 'o')
			rc = option_words_output(optarg, &options->json);
		else if (option == 'w')
			rc = parse_watch(optarg, &options->watch_seconds);
		else
			rc = option == 'h' ? 1
					   : option_words_refuse("mirrorcap-ledger", option,
								 argv[optind - 1]);
	}
	if (rc == 0 && argc - optind > 1) {
		fprintf(stderr, "mirrorcap: %s: one ledger at a time\n", argv[optind + 1]);
		rc = -EINVAL;
	}
	if (rc == 0)
		options->path = argv[optind];
	return rc;
}

static bool newer(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* The newest regular file of the directory: path receives it, size in bytes. */
static int find_newest(const char *directory, char *path, size_t size)
{
	struct timespec newest = {0};
	struct dirent *entry;
	int rc = -ENOENT;
	struct stat st;
	DIR *dir = opendir(directory);

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode) || !newer(&st.st_mtim, &newest))
			continue;
		newest = st.st_mtim;
		rc = 0;
		if (snprintf(path, size, "%s/%s", directory, entry->d_name) >= (int)size)
			rc = -ENAMETOOLONG;
	}
	closedir(dir);
	return rc;
}

/* Where a capture of the same user keeps its ledger without --ledger. size: bytes of path. */
static void default_directory(char *path, size_t size)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		snprintf(path, size, "%s", LEDGER_DIRECTORY);
	else
		snprintf(path, size, "%s/mirrorcap", runtime ? runtime : "");
}

/* The newest ledger of the default directory; prints what is wrong. size: bytes of path. */
static int find_default(char *path, size_t size)
{
	char directory[PATH_MAX];
	int rc;

	default_directory(directory, sizeof(directory));
	rc = find_newest(directory, path, size);
	if (rc < 0)
		fprintf(stderr, "mirrorcap: %s: %s: start a capture or give a PATH\n", directory,
			rc == -ENOENT ? "no ledger here" : strerror(-rc));
	return rc;
}

static void print_open_error(const char *path, int rc)
{
	if (rc == -EPROTO)
		fprintf(stderr, "mirrorcap: ledger %s: not a ledger file\n", path);
	else if (rc == -ENOTSUP)
		fprintf(stderr,
			"mirrorcap: ledger %s: another version's format: use the mirrorcap-ledger "
			"that came with its mirrorcap-capture\n",
			path);
	else
		fprintf(stderr, "mirrorcap: ledger %s: %s\n", path, strerror(-rc));
}

/* Prints one reading. Returns 0 where it balances, 1 where not, or -errno. */
static int print_once(const struct ledger *ledger, const struct options *options)
{
	struct ledger_report report;
	int rc = 0;

	ledger_report_read(&report, ledger);
	if (options->json)
		rc = ledger_report_json(&report, stdout);
	else
		ledger_report_text(&report, stdout);
	if (rc < 0)
		return rc;
	if (fflush(stdout) != 0 || ferror(stdout))
		return -errno;
	return ledger_report_balanced(&report) ? 0 : 1;
}

static int print_all(const struct ledger *ledger, const struct options *options)
{
	int rc = print_once(ledger, options);

	while (options->watch_seconds && rc >= 0) {
		sleep(options->watch_seconds);
		if (!options->json)
			fputs("\n", stdout);
		rc = print_once(ledger, options);
	}
	if (rc < 0)
		fprintf(stderr, "mirrorcap: stdout: %s\n", strerror(-rc));
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	char newest[PATH_MAX];
	struct ledger *ledger;
	int rc = parse_options(&options, argc, argv);

	if (rc < 0)
		return EXIT_USAGE;
	if (rc > 0) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (!options.path) {
		if (find_default(newest, sizeof(newest)) < 0)
			return EXIT_FAILURE;
		options.path = newest;
	}
	rc = ledger_open(&ledger, options.path);
	if (rc < 0) {
		print_open_error(options.path, rc);
		return EXIT_FAILURE;
	}
	rc = print_all(ledger, &options);
	ledger_close(ledger);
	return rc;
}
