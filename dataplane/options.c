/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/decap.h"
#include "dataplane/options_usage.h"
#include "dataplane/units.h"
#include "dataplane/worker.h"

enum {
	EXIT_USAGE = 2,
	GO_ON = -1,
	DEFAULT_BUFFER_MIB = 256,
	DEFAULT_FLUSH_NS = 1000000000,
	DEFAULT_FLOOR_PERCENT = 5,
};

enum long_option {
	OPTION_VNI = 256,
	OPTION_SESSIONS,
	OPTION_TIME,
	OPTION_SPLIT,
	OPTION_RETAIN,
	OPTION_RETAIN_SESSION,
	OPTION_FREE_FLOOR,
	OPTION_SYNC,
	OPTION_FLUSH_INTERVAL,
	OPTION_QUEUES,
	OPTION_WORKERS,
	OPTION_LCORES,
	OPTION_SUMMARY,
	OPTION_STATS,
	OPTION_LEDGER,
	OPTION_BUFFER,
	OPTION_VXLAN_PORT,
	OPTION_FORCE,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{"vni", required_argument, NULL, OPTION_VNI},
	{"sessions", required_argument, NULL, OPTION_SESSIONS},
	{"time", required_argument, NULL, OPTION_TIME},
	{"split", required_argument, NULL, OPTION_SPLIT},
	{"retain", required_argument, NULL, OPTION_RETAIN},
	{"retain-session", required_argument, NULL, OPTION_RETAIN_SESSION},
	{"free-floor", required_argument, NULL, OPTION_FREE_FLOOR},
	{"sync", required_argument, NULL, OPTION_SYNC},
	{"flush-interval", required_argument, NULL, OPTION_FLUSH_INTERVAL},
	{"queues", required_argument, NULL, OPTION_QUEUES},
	{"workers", required_argument, NULL, OPTION_WORKERS},
	{"lcores", required_argument, NULL, OPTION_LCORES},
	{"summary", required_argument, NULL, OPTION_SUMMARY},
	{"stats", required_argument, NULL, OPTION_STATS},
	{"ledger", required_argument, NULL, OPTION_LEDGER},
	{"buffer", required_argument, NULL, OPTION_BUFFER},
	{"vxlan-port", required_argument, NULL, OPTION_VXLAN_PORT},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{0},
};

/* What reading the command line needs beside its result. */
struct parse {
	struct options *options;
	const char *sessions; /* --sessions */
	const char *split;
	const char *format; /* -F */
	const char *floor;  /* --free-floor */
};

static int usage_error(const char *object, const char *value, const char *remedy)
{
	fprintf(stderr, "mirrorcap: %s %s: %s\n", object, value, remedy);
	return EXIT_USAGE;
}

static int add_port(struct options *options, const char *text)
{
	char error[PORT_ERROR_BYTES];

	if (options->port_count == OPTIONS_PORTS_MAX)
		return usage_error("-i", text, "too many ports: 16 at most");
	if (port_spec_parse(text, &options->ports[options->port_count], error) < 0)
		return usage_error("port", text, error);
	options->port_count++;
	return GO_ON;
}

static int add_vni(struct options *options, const char *text)
{
	char error[SESSION_ERROR_BYTES];

	if (session_map_add_argument(&options->map, text, error) < 0)
		return usage_error("--vni", text, error);
	return GO_ON;
}

/* One -b KEY:VALUE. */
static int set_rotation(struct options *options, const char *text)
{
	struct rotation *rotation = &options->rotation;
	const char *value = strchr(text, ':');
	size_t key = value ? (size_t)(value - text) : 0;
	int rc = -EINVAL;

	value = value ? value + 1 : text;
	if (key == 8 && !strncmp(text, "filesize", key))
		rc = units_bytes(value, 1000, &rotation->filesize_bytes);
	else if (key == 8 && !strncmp(text, "duration", key))
		rc = units_duration(value, &rotation->duration_ns);
	else if (key == 8 && !strncmp(text, "interval", key))
		rc = units_duration(value, &rotation->interval_ns);
	else if (key == 7 && !strncmp(text, "packets", key))
		rc = units_number(value, 1, UINT64_MAX, &rotation->packets);
	else if (key == 5 && !strncmp(text, "files", key))
		rc = units_number(value, 1, UINT64_MAX, &options->retain.session.files);
	if (rc < 0)
		return usage_error("-b", text,
				   "use filesize:KB, duration:S, interval:S, packets:N or files:N");
	return GO_ON;
}

static int take_retention(struct parse *parse, int option, const char *value)
{
	struct retain_options *retain = &parse->options->retain;

	switch (option) {
	case OPTION_RETAIN:
		return retain_parse(value, &retain->overall, &retain->free) < 0
			       ? usage_error("--retain", value,
					     "use size:SIZE, age:TIME, files:N, free:SIZE or "
					     "free:N%, separated by commas")
			       : GO_ON;
	case OPTION_RETAIN_SESSION:
		return retain_parse(value, &retain->session, NULL) < 0
			       ? usage_error("--retain-session", value,
					     "use size:SIZE, age:TIME or files:N, separated by "
					     "commas")
			       : GO_ON;
	default: /* OPTION_FREE_FLOOR */
		parse->floor = value;
		return retain_parse_space(value, &retain->floor) < 0
			       ? usage_error("--free-floor", value, "use a size, N% or 0")
			       : GO_ON;
	}
}

/* One -a KEY:VALUE. */
static int set_stop(struct options *options, const char *text)
{
	int rc = -EINVAL;

	if (!strncmp(text, "duration:", 9))
		rc = units_duration(text + 9, &options->stop_after_ns);
	else if (!strncmp(text, "packets:", 8))
		rc = units_number(text + 8, 1, INT64_MAX, &options->stop_after_packets);
	return rc < 0 ? usage_error("-a", text, "use duration:S or packets:N") : GO_ON;
}

static int set_output(struct options *options, const char *text)
{
	if (output_parse(text, &options->output) < 0)
		return usage_error("-w", text,
				   "use an existing directory, a path that ends in / or .pcap, "
				   "- or null:");
	return GO_ON;
}

static int set_number(const char *name, const char *text, uint64_t most, uint32_t *out)
{
	char remedy[64];
	uint64_t value;

	if (units_number(text, 1, most, &value) < 0) {
		snprintf(remedy, sizeof(remedy), "use a number from 1 to %llu",
			 (unsigned long long)most);
		return usage_error(name, text, remedy);
	}
	*out = (uint32_t)value;
	return GO_ON;
}

static int set_cpus(struct options *options, const char *text)
{
	if (units_cpus(text, options->cpus, OPTIONS_WORKERS_MAX, &options->cpu_count) < 0)
		return usage_error("--lcores", text, "use CPU numbers such as 2-5,8; 64 at most");
	return GO_ON;
}

/* The value's place among the words (a NULL ends them), or -1. */
static int one_of(const char *value, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(value, words[i]))
			return i;
	return -1;
}

static int set_word(const char *name, const char *value, const char *const *words, int *out)
{
	char remedy[64] = "use ";

	*out = one_of(value, words);
	if (*out >= 0)
		return GO_ON;
	for (int i = 0; words[i]; i++)
		snprintf(remedy + strlen(remedy), sizeof(remedy) - strlen(remedy), "%s%s",
			 i ? " or " : "", words[i]);
	return usage_error(name, value, remedy);
}

static int take_input(struct parse *parse, int option, char *value)
{
	struct options *options = parse->options;
	uint32_t number = 0;
	int rc;

	switch (option) {
	case 'i':
		return add_port(options, value);
	case OPTION_VNI:
		return add_vni(options, value);
	case OPTION_SESSIONS:
		parse->sessions = value;
		return GO_ON;
	case 'f':
		options->filter = value;
		return GO_ON;
	case 's':
		return set_number("-s", value, PCAP_MAX_SNAPLEN, &options->snaplen);
	default: /* OPTION_VXLAN_PORT */
		rc = set_number("--vxlan-port", value, UINT16_MAX, &number);
		options->vxlan_port = (uint16_t)number;
		return rc;
	}
}

static int take_output(struct parse *parse, int option, char *value)
{
	static const char *const formats[] = {"pcap", "pcapng", NULL};
	static const char *const times[] = {"ns", "us", NULL};
	static const char *const syncs[] = {"interval", "segment", "none", NULL};
	static const char *const splits[] = {"session", "none", NULL};
	struct options *options = parse->options;
	int word = 0, rc;

	switch (option) {
	case 'w':
		return set_output(options, value);
	case 'b':
		return set_rotation(options, value);
	case 'F':
		parse->format = value;
		rc = set_word("-F", value, formats, &word);
		options->format = word ? PCAP_NG : PCAP_CLASSIC;
		return rc;
	case OPTION_TIME:
		rc = set_word("--time", value, times, &word);
		options->precision = word ? PCAP_US : PCAP_NS;
		return rc;
	case OPTION_SYNC:
		rc = set_word("--sync", value, syncs, &word);
		options->sync = (enum writer_sync_mode)word;
		return rc;
	case OPTION_FLUSH_INTERVAL:
		return units_duration(value, &options->flush_ns) < 0
			       ? usage_error("--flush-interval", value, "use a time in seconds")
			       : GO_ON;
	case OPTION_SPLIT:
		parse->split = value;
		rc = set_word("--split", value, splits, &word);
		options->combined = word == 1;
		return rc;
	default: /* OPTION_FORCE */
		options->force = true;
		return GO_ON;
	}
}

static int take_run(struct parse *parse, int option, char *value)
{
	static const char *const forms[] = {"text", "json", "none", NULL};
	struct options *options = parse->options;
	int word = 0, rc;

	switch (option) {
	case 'a':
		return set_stop(options, value);
	case OPTION_SUMMARY:
		rc = set_word("--summary", value, forms, &word);
		options->summary = (enum summary_form)word;
		return rc;
	case OPTION_STATS:
		return units_duration(value, &options->stats_ns) < 0
			       ? usage_error("--stats", value, "use a time in seconds")
			       : GO_ON;
	case OPTION_LEDGER:
		options->ledger = value;
		return GO_ON;
	case OPTION_WORKERS:
		return set_number("--workers", value, OPTIONS_WORKERS_MAX, &options->workers);
	case OPTION_QUEUES:
		return set_number("--queues", value, OPTIONS_WORKERS_MAX, &options->queues);
	case OPTION_LCORES:
		return set_cpus(options, value);
	default: /* OPTION_BUFFER */
		return units_bytes(value, 1, &options->buffer_bytes) < 0
			       ? usage_error("--buffer", value, "use a size such as 512M")
			       : GO_ON;
	}
}

static int take(struct parse *parse, int option, char *value)
{
	switch (option) {
	case 'i':
	case 'f':
	case 's':
	case OPTION_VNI:
	case OPTION_SESSIONS:
	case OPTION_VXLAN_PORT:
		return take_input(parse, option, value);
	case 'w':
	case 'b':
	case 'F':
	case OPTION_TIME:
	case OPTION_SPLIT:
	case OPTION_SYNC:
	case OPTION_FLUSH_INTERVAL:
	case OPTION_FORCE:
		return take_output(parse, option, value);
	case OPTION_RETAIN:
	case OPTION_RETAIN_SESSION:
	case OPTION_FREE_FLOOR:
		return take_retention(parse, option, value);
	case 'h':
	case OPTION_HELP:
		fputs(options_usage, stdout);
		return 0;
	case OPTION_VERSION:
		puts("mirrorcap " MIRRORCAP_VERSION);
		return 0;
	case '?':
	case ':':
		fputs("mirrorcap: see mirrorcap capture --help\n", stderr);
		return EXIT_USAGE;
	default:
		return take_run(parse, option, value);
	}
}

static int read_sessions(struct parse *parse)
{
	char error[SESSION_ERROR_BYTES] = "", warning[SESSION_ERROR_BYTES] = "";
	struct session_map *map = &parse->options->map;
	const char *object = parse->sessions ? parse->sessions : "--vni";

	if (parse->sessions && map->count)
		return usage_error("--sessions", parse->sessions,
				   "give either --sessions or --vni, not both");
	if (!parse->sessions && !map->count)
		return usage_error("sessions", "none",
				   "say what to record with --vni or --sessions");
	if ((parse->sessions && session_map_read(map, parse->sessions, error, warning) < 0) ||
	    session_map_check(map, error) < 0)
		return usage_error("session map", object, error);
	if (warning[0])
		fprintf(stderr, "mirrorcap: session map %s: %s\n", object, warning);
	return GO_ON;
}

static bool rotates(const struct rotation *rotation)
{
	return rotation->filesize_bytes || rotation->duration_ns || rotation->interval_ns ||
	       rotation->packets;
}

static bool has_file_port(const struct options *options)
{
	for (uint32_t i = 0; i < options->port_count; i++)
		if (options->ports[i].kind == PORT_FILE)
			return true;
	return false;
}

/* A file's name says its format, and the other options must not say otherwise. */
static int check_format(const struct parse *parse)
{
	struct options *options = parse->options;

	if (options->output.kind == OUTPUT_FILE && !parse->format)
		options->format = options->output.format;
	if (options->output.kind == OUTPUT_FILE && options->format != options->output.format)
		return usage_error("-F", parse->format,
				   "the file's name says otherwise: change it");
	if (options->format == PCAP_NG && options->precision == PCAP_US)
		return usage_error("--time", "us", "pcapng has nanoseconds: leave it out");
	return GO_ON;
}

static int check_retention(const struct parse *parse)
{
	const struct options *options = parse->options;
	bool directory = options->output.kind == OUTPUT_DIRECTORY;

	if (retain_removes(&options->retain) && !directory)
		return usage_error("--retain", "with one output",
				   "no file of it can go: use -w DIRECTORY/");
	if (parse->floor && !directory)
		return usage_error("--free-floor", parse->floor,
				   "one output cannot pause: use -w DIRECTORY/");
	if (retain_frees_too_late(&options->retain))
		return usage_error("--retain", "free",
				   "writing stops before: use more than --free-floor");
	return GO_ON;
}

/* What holds between options, once all are read. */
static int check(struct parse *parse)
{
	struct options *options = parse->options;
	bool one_file =
		options->output.kind == OUTPUT_FILE || options->output.kind == OUTPUT_STDOUT;

	if (!options->port_count)
		return usage_error("-i", "PORT", "missing: say where packets come from");
	if (!options->output.path && options->output.kind == OUTPUT_DIRECTORY)
		return usage_error("-w", "OUT", "missing: say where packets go");
	if (one_file && parse->split && !options->combined)
		return usage_error("--split", parse->split,
				   "one file holds all sessions: use -w DIRECTORY/");
	if (one_file && options->workers > 1)
		return usage_error("--workers", "above 1",
				   "one file has one worker: use -w DIRECTORY/");
	if (one_file && rotates(&options->rotation))
		return usage_error("-b", "with one file", "cannot rotate: use -w DIRECTORY/");
	if (has_file_port(options) && (options->port_count > 1 || options->workers > 1))
		return usage_error("port", "pcap:FILE",
				   "a file is read alone and by one worker: leave the others out");
	if (options->cpu_count && options->cpu_count < options->workers)
		return usage_error("--lcores", "LIST", "fewer CPUs than --workers");
	options->combined |= one_file;
	if (!options->queues)
		options->queues = has_file_port(options) ? 1 : options->workers;
	if (options->queues * options->port_count > options->workers * WORKER_SOURCES_MAX)
		return usage_error("--queues", "too many",
				   "a worker polls 64 at most: raise --workers");
	if (options->queues * options->port_count < options->workers)
		return usage_error("--workers", "above queues",
				   "a worker needs a queue: raise --queues");
	if (check_retention(parse) != GO_ON || check_format(parse) != GO_ON)
		return EXIT_USAGE;
	return read_sessions(parse);
}

int options_parse(int argc, char **argv, struct options *options)
{
	struct parse parse = {.options = options};
	int option, rc = GO_ON;

	*options = (struct options){.workers = 1,
				    .vxlan_port = DECAP_VXLAN_PORT,
				    .flush_ns = DEFAULT_FLUSH_NS,
				    .retain.floor.percent = DEFAULT_FLOOR_PERCENT,
				    .buffer_bytes = (uint64_t)DEFAULT_BUFFER_MIB << 20};
	while (rc == GO_ON &&
	       (option = getopt_long(argc, argv, "+hi:w:f:s:F:b:a:", long_options, NULL)) != -1)
		rc = take(&parse, option, optarg);
	if (rc == GO_ON && optind < argc && strcmp(argv[optind - 1], "--"))
		rc = usage_error("argument", argv[optind],
				 "not an option: EAL arguments come after --");
	options->eal = argv + optind;
	options->eal_count = argc - optind;
	if (rc == GO_ON)
		rc = check(&parse);
	if (rc != GO_ON)
		options_fini(options);
	return rc;
}

void options_fini(struct options *options)
{
	for (uint32_t i = 0; i < options->port_count; i++)
		port_spec_fini(&options->ports[i]);
	session_map_fini(&options->map);
}
