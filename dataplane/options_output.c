/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options: the files, their form, rotation, retention and safety.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/zstd_writer.h"
#include "dataplane/options_internal.h"
#include "dataplane/units.h"

static int take_output(struct parse *parse, const char *value)
{
	if (output_parse(value, &parse->options->output) < 0)
		return options_error("-w", value,
				     "use an existing directory, a path that ends in / or .pcap, "
				     "- or null:");
	return OPTIONS_GO_ON;
}

static int take_split(struct parse *parse, const char *value)
{
	static const char *const splits[] = {"session", "none", NULL};
	int word = 0, rc = options_word("--split", value, splits, &word);

	parse->split = value;
	parse->options->combined = word == 1;
	return rc;
}

static int take_format(struct parse *parse, const char *value)
{
	static const char *const formats[] = {"pcap", "pcapng", NULL};
	int word = 0, rc = options_word("-F", value, formats, &word);

	parse->format = value;
	parse->options->format = word ? PCAP_NG : PCAP_CLASSIC;
	return rc;
}

/* zstd[:LEVEL] */
static int take_compress(struct parse *parse, const char *value)
{
	static const char name[] = "zstd";
	size_t length = strlen(name);
	const char *level = value + length;
	char *end;
	long number;

	if (strncmp(value, name, length) != 0 || (*level && *level != ':'))
		return options_error("--compress", value, "use zstd or zstd:LEVEL");
	parse->options->level = ZSTD_WRITER_LEVEL;
	if (!*level)
		return OPTIONS_GO_ON;
	number = strtol(level + 1, &end, 10);
	if (end == level + 1 || *end || number == 0 || number < ZSTD_WRITER_LEVEL_MIN ||
	    number > ZSTD_WRITER_LEVEL_MAX)
		return options_error("--compress", value,
				     "use a level from -50 (fastest) to 19 (smallest), not 0");
	parse->options->level = (int)number;
	return OPTIONS_GO_ON;
}

static int take_time(struct parse *parse, const char *value)
{
	static const char *const times[] = {"ns", "us", NULL};
	int word = 0, rc = options_word("--time", value, times, &word);

	parse->options->precision = word ? PCAP_US : PCAP_NS;
	return rc;
}

static int take_rotation(struct parse *parse, const char *text)
{
	struct options *options = parse->options;
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
		return options_error(
			"-b", text,
			"use filesize:KB, duration:S, interval:S, packets:N or files:N");
	return OPTIONS_GO_ON;
}

static int take_retain(struct parse *parse, const char *value)
{
	struct retain_options *retain = &parse->options->retain;

	if (retain_parse(value, &retain->overall, &retain->free) < 0)
		return options_error("--retain", value,
				     "use size:SIZE, age:TIME, files:N, free:SIZE or free:N%, "
				     "separated by commas");
	return OPTIONS_GO_ON;
}

static int take_retain_session(struct parse *parse, const char *value)
{
	if (retain_parse(value, &parse->options->retain.session, NULL) < 0)
		return options_error("--retain-session", value,
				     "use size:SIZE, age:TIME or files:N, separated by commas");
	return OPTIONS_GO_ON;
}

static int take_free_floor(struct parse *parse, const char *value)
{
	parse->floor = value;
	if (retain_parse_space(value, &parse->options->retain.floor) < 0)
		return options_error("--free-floor", value, "use a size, N% or 0");
	return OPTIONS_GO_ON;
}

static int take_sync(struct parse *parse, const char *value)
{
	static const char *const syncs[] = {"interval", "segment", "none", NULL};
	int word = 0, rc = options_word("--sync", value, syncs, &word);

	parse->options->sync = (enum writer_sync_mode)word;
	return rc;
}

static int take_flush_interval(struct parse *parse, const char *value)
{
	return options_duration("--flush-interval", value, &parse->options->flush_ns);
}

static int take_manifest(struct parse *parse, const char *value)
{
	static const char *const words[] = {"sha256", "none", NULL};
	int word = 0, rc = options_word("--manifest", value, words, &word);

	parse->options->no_manifests = word == 1;
	return rc;
}

static int take_sign(struct parse *parse, const char *value)
{
	parse->sign = value;
	return OPTIONS_GO_ON;
}

static int take_force(struct parse *parse, const char *value)
{
	parse->options->force = true;
	return OPTIONS_GO_ON;
}

const struct option_row options_output[] = {
	{.letter = 'w', .take = take_output},
	{.name = "split", .take = take_split},
	{.letter = 'F', .take = take_format},
	{.name = "time", .take = take_time},
	{.name = "compress", .take = take_compress},
	{.letter = 'b', .take = take_rotation},
	{.name = "retain", .take = take_retain},
	{.name = "retain-session", .take = take_retain_session},
	{.name = "free-floor", .take = take_free_floor},
	{.name = "sync", .take = take_sync},
	{.name = "flush-interval", .take = take_flush_interval},
	{.name = "manifest", .take = take_manifest},
	{.name = "sign", .take = take_sign},
	{.name = "force", .flag = true, .take = take_force},
	{0},
};

bool options_one_file(const struct options *options)
{
	return options->output.kind == OUTPUT_FILE || options->output.kind == OUTPUT_STDOUT;
}

static bool rotates(const struct rotation *rotation)
{
	return rotation->filesize_bytes || rotation->duration_ns || rotation->interval_ns ||
	       rotation->packets;
}

static int check_retention(const struct parse *parse)
{
	const struct options *options = parse->options;
	bool directory = options->output.kind == OUTPUT_DIRECTORY;

	if (retain_removes(&options->retain) && !directory)
		return options_error("--retain", "with one output",
				     "no file of it can go: use -w DIRECTORY/");
	if (parse->floor && !directory)
		return options_error("--free-floor", parse->floor,
				     "one output cannot pause: use -w DIRECTORY/");
	if (retain_frees_too_late(&options->retain))
		return options_error("--retain", "free",
				     "writing stops before: use more than --free-floor");
	return OPTIONS_GO_ON;
}

/* A file's name says its format, and the other options must not say otherwise. */
static int check_format(const struct parse *parse)
{
	struct options *options = parse->options;

	if (options->output.kind == OUTPUT_FILE && !parse->format)
		options->format = options->output.suffix.format;
	if (options->output.suffix.compressed && !options->level)
		options->level = ZSTD_WRITER_LEVEL;
	if (options->output.kind == OUTPUT_FILE && options->level &&
	    !options->output.suffix.compressed)
		return options_error("--compress", options->output.path,
				     "the file's name says otherwise: end it in .zst");
	if (options->output.kind == OUTPUT_FILE && options->format != options->output.suffix.format)
		return options_error("-F", parse->format,
				     "the file's name says otherwise: change it");
	if (options->format == PCAP_NG && options->precision == PCAP_US)
		return options_error("--time", "us", "pcapng has nanoseconds: leave it out");
	return OPTIONS_GO_ON;
}

static int read_key(struct parse *parse)
{
	char error[MANIFEST_KEY_ERROR_BYTES];

	if (!parse->sign)
		return OPTIONS_GO_ON;
	if (parse->options->no_manifests || !parse->options->output.path)
		return options_error("--sign", parse->sign,
				     "there are no manifests to sign: leave it out");
	if (manifest_key_read(&parse->options->key, parse->sign, error) < 0)
		return options_error("--sign", parse->sign, error);
	return OPTIONS_GO_ON;
}

int options_check_output(struct parse *parse)
{
	struct options *options = parse->options;
	bool one_file = options_one_file(options);
	int rc;

	if (!options->output.path && options->output.kind == OUTPUT_DIRECTORY)
		return options_error("-w", "OUT", "missing: say where packets go");
	if (one_file && parse->split && !options->combined)
		return options_error("--split", parse->split,
				     "one file holds all sessions: use -w DIRECTORY/");
	if (one_file && rotates(&options->rotation))
		return options_error("-b", "with one file", "cannot rotate: use -w DIRECTORY/");
	options->combined |= one_file;
	rc = check_retention(parse);
	if (rc == OPTIONS_GO_ON)
		rc = check_format(parse);
	return rc == OPTIONS_GO_ON ? read_key(parse) : rc;
}
