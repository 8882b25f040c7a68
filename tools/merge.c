/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirrorcap-merge: one capture file out of several, by time.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/segment.h"
#include "capture/suffix.h"
#include "tools/capture_files.h"
#include "tools/merge_run.h"
#include "tools/option_words.h"

enum {
	EXIT_USAGE = 2,
	DESCRIPTORS_OTHER = 32, /* not for files to merge */
};

struct options {
	const char *out; /* "-": stdout */
	enum pcap_format format;
	bool force;
	char **paths; /* NULL-terminated */
};

/* What is put together from the arguments. */
struct collection {
	struct merge_inputs *inputs;
	const char *argument;
	const char *out;
	uint32_t parts; /* unfinished files that were left out */
};

static volatile sig_atomic_t stopped;

static const char usage[] =
	"usage: mirrorcap-merge -w OUT [-F pcap|pcapng] [--force] FILE|DIRECTORY…\n"
	"\n"
	"Writes the packets of capture files (pcap and pcapng), those in and below a directory\n"
	"included, to one file in the order of their times. OUT: a file, pcapng where its name ends\n"
	"in .pcapng, or - for standard output.\n";

static int complain(const char *object, const char *what)
{
	fprintf(stderr, "mirrorcap: %s: %s\n", object, what);
	return -EINVAL;
}

/* format: of -F, NULL where it was not given. */
static int check_options(struct options *options, const char *format)
{
	struct suffix suffix = {0};

	if (!options->out)
		return complain("no output", "give -w OUT");
	if (!*options->paths)
		return complain("no file", "give capture files or directories");
	(void)suffix_find(options->out, strlen(options->out), &suffix);
	if (suffix.compressed)
		return complain(options->out,
				"merge does not compress: name it without .zst, then zstd it");
	if (!format)
		format = suffix.format == PCAP_NG ? "pcapng" : "pcap";
	options->format = strcmp(format, "pcapng") == 0 ? PCAP_NG : PCAP_CLASSIC;
	if (options->format == PCAP_CLASSIC && strcmp(format, "pcap") != 0)
		return complain("-F", "give pcap or pcapng");
	if (options->format == PCAP_CLASSIC && suffix.format == PCAP_NG)
		return complain(options->out,
				"the name says pcapng: leave -F out or name it .pcap");
	return 0;
}

/* Returns 0, 1 where help was asked for, or -EINVAL with the mistake printed. */
static int parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"force", no_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const char *format = NULL;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":w:F:h", names, NULL)) >= 0) {
		if (option == 'w')
			options->out = optarg;
		else if (option == 'F')
			format = optarg;
		else if (option == 'f')
			options->force = true;
		else
			break;
	}
	if (option == 'h')
		return 1;
	if (option >= 0) {
		option_words_refuse("mirrorcap-merge", option, argv[optind - 1]);
		return -EINVAL;
	}
	options->paths = argv + optind;
	return check_options(options, format);
}

/* An output that is among the inputs would be doubled by every run. */
static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int collect_file(void *context, const char *path, int error)
{
	struct collection *collection = context;

	if (error) {
		fprintf(stderr, "mirrorcap: %s: %s\n", path, strerror(-error));
		return error;
	}
	if (capture_files_is_part(path) && strcmp(path, collection->argument) != 0) {
		collection->parts++;
		return 0;
	}
	if (same_file(path, collection->out))
		return complain(path, "it is to be merged into itself: give another -w OUT");
	if (merge_inputs_add(collection->inputs, path) < 0) {
		fprintf(stderr, "mirrorcap: %s: out of memory\n", path);
		return -ENOMEM;
	}
	return 0;
}

/* Returns 0 or -errno, with the mistake printed. */
static int collect(struct merge_inputs *inputs, const struct options *options)
{
	struct collection collection = {.inputs = inputs, .out = options->out};

	for (char **path = options->paths; *path; path++) {
		uint32_t before = merge_inputs_count(inputs) + collection.parts;
		int err;

		collection.argument = *path;
		err = capture_files_walk(*path, true, collect_file, &collection);
		if (err)
			return err;
		if (merge_inputs_count(inputs) + collection.parts == before)
			return complain(*path, "no capture files in it");
	}
	if (collection.parts)
		fprintf(stderr, "mirrorcap: %u unfinished files (.part) left out\n",
			(unsigned int)collection.parts);
	return merge_inputs_count(inputs) ? 0 : complain("no file", "only unfinished ones");
}

static void tell_incomplete(const struct merge_input *input, enum pcap_reader_end end)
{
	fprintf(stderr, "mirrorcap: %s: %s: merged up to there\n", input->path,
		end == PCAP_END_CUT ? "its last record is cut off" : "damaged");
}

static void stop(int signal)
{
	stopped = signal;
}

static void catch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = stop};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
}

/* As many as are allowed; returns how many the inputs may have. */
static uint32_t raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= DESCRIPTORS_OTHER)
		return 0;
	return limit.rlim_cur > UINT32_MAX ? UINT32_MAX
					   : (uint32_t)limit.rlim_cur - DESCRIPTORS_OTHER;
}

static const char *explain(int err)
{
	switch (err) {
	case -ENODATA:
		return "empty: not a capture file";
	case -EPROTO:
		return "not a capture file";
	case -ENOTSUP:
		return "another version of the format";
	case -EFBIG:
		return "compressed with a window above 8 MiB: decompress it with zstd first";
	case -EINVAL:
		return "not a regular file";
	case -ESTALE:
		return "somebody is writing it: merge again when it is closed";
	case -EXDEV:
		return "of another link type than the first file: use -F pcapng";
	case -ERANGE:
		return "a time after 2106, which pcap cannot hold: use -F pcapng";
	default:
		return strerror(-err);
	}
}

/* Opens the output. Returns 0 or -errno, with what is wrong printed. */
static int open_output(struct segment *segment, const struct options *options)
{
	struct stat st;
	int err = 0;

	if (strcmp(options->out, "-") == 0) {
		*segment = (struct segment){.fd = STDOUT_FILENO};
		return 0;
	}
	if (lstat(options->out, &st) == 0 && (!options->force || !S_ISREG(st.st_mode)))
		return complain(options->out,
				options->force ? "not a regular file" : "it exists: use --force");
	err = segment_open_file(segment, options->out, options->force, false);
	if (err == -EEXIST || err == -EBUSY)
		fprintf(stderr, "mirrorcap: %s.part: %s\n", options->out,
			err == -EBUSY ? "another program is writing it: wait, or use another -w OUT"
				      : "a rest of a crash: remove it, or use another -w OUT");
	else if (err)
		fprintf(stderr, "mirrorcap: %s: %s\n", options->out, strerror(-err));
	return err;
}

/* What is not complete never gets a name. */
static int discard_output(struct segment *segment)
{
	char part[SEGMENT_PATH_BYTES];

	if (!segment->file)
		return 0;
	segment_part_path(segment, part);
	if (unlink(part) < 0)
		fprintf(stderr, "mirrorcap: %s: %s: remove it\n", part, strerror(errno));
	return close(segment->fd);
}

/* Returns 0 or -errno, with what is wrong printed. */
static int merge_into(struct segment *segment, struct merge_run *run, const char *out)
{
	int err = merge_run(run);

	if (err == -EINTR)
		fputs("mirrorcap: merge: interrupted: nothing was written\n", stderr);
	else if (err)
		fprintf(stderr, "mirrorcap: %s: %s\n", run->failed ? run->failed : out,
			run->failed ? explain(err) : strerror(-err));
	if (err) {
		discard_output(segment);
		return err;
	}
	if (segment->file)
		err = segment_publish(segment, run->bytes);
	if (err)
		fprintf(stderr, "mirrorcap: %s: %s%s\n", out, strerror(-err),
			segment->named ? "" : ": the packets are in its .part");
	return err;
}

static int merge(const struct options *options)
{
	struct merge_run run = {
		.inputs = merge_inputs_new(),
		.descriptors = raise_descriptors(),
		.format = options->format,
		.incomplete = tell_incomplete,
		.stop = &stopped,
	};
	struct segment segment;
	int err = run.inputs ? collect(run.inputs, options) : -ENOMEM;

	catch_signals();
	if (!err)
		err = open_output(&segment, options);
	if (!err) {
		run.fd = segment.fd;
		err = merge_into(&segment, &run, options->out);
	}
	merge_inputs_free(run.inputs);
	if (err == 0)
		fprintf(stderr, "mirrorcap: %s: %llu packets, %llu bytes\n", options->out,
			(unsigned long long)run.packets, (unsigned long long)run.bytes);
	return err || run.damaged ? EXIT_FAILURE : EXIT_SUCCESS;
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
	return merge(&options);
}
