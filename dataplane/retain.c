/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/retain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/units.h"

enum {
	VALUE_BYTES = 32,
	PERCENT_MAX = 99,
};

int retain_parse_space(const char *text, struct free_space *space)
{
	size_t length = strlen(text);
	char number[VALUE_BYTES];
	uint64_t value;

	*space = (struct free_space){0};
	if (strcmp(text, "0") == 0)
		return 0;
	if (!length || text[length - 1] != '%')
		return units_bytes(text, 1, &space->bytes);
	if (length > sizeof(number))
		return -EINVAL;
	snprintf(number, sizeof(number), "%.*s", (int)length - 1, text);
	if (units_number(number, 0, PERCENT_MAX, &value) < 0)
		return -EINVAL;
	space->percent = (uint32_t)value;
	return 0;
}

/* Moves the value behind KEY: of the text up to the next comma into value. */
static bool take_value(const char **text, const char *key, char value[VALUE_BYTES])
{
	size_t key_length = strlen(key);
	size_t length;

	if (strncmp(*text, key, key_length) != 0 || (*text)[key_length] != ':')
		return false;
	*text += key_length + 1;
	length = strcspn(*text, ",");
	if (length >= VALUE_BYTES)
		return false;
	snprintf(value, VALUE_BYTES, "%.*s", (int)length, *text);
	*text += length;
	return true;
}

static int parse_one(const char **text, struct retention_limits *limits, struct free_space *free)
{
	char value[VALUE_BYTES];

	if (take_value(text, "size", value))
		return units_bytes(value, 1, &limits->bytes);
	if (take_value(text, "age", value))
		return units_duration(value, &limits->age_ns);
	if (take_value(text, "files", value))
		return units_number(value, 1, UINT64_MAX, &limits->files);
	if (free && take_value(text, "free", value))
		return retain_parse_space(value, free);
	return -EINVAL;
}

int retain_parse(const char *text, struct retention_limits *limits, struct free_space *free)
{
	int rc = parse_one(&text, limits, free);

	while (rc == 0 && *text == ',') {
		text++;
		rc = parse_one(&text, limits, free);
	}
	return rc;
}

static bool limits_some(const struct retention_limits *limits)
{
	return limits->bytes || limits->age_ns || limits->files;
}

static bool asks_for_some(const struct free_space *space)
{
	return space->bytes || space->percent;
}

bool retain_removes(const struct retain_options *options)
{
	return limits_some(&options->session) || limits_some(&options->overall) ||
	       asks_for_some(&options->free);
}

/* A size and a share cannot be compared without the file system. */
bool retain_frees_too_late(const struct retain_options *options)
{
	const struct free_space *free = &options->free, *floor = &options->floor;

	if (free->percent && floor->percent)
		return free->percent <= floor->percent;
	return free->bytes && floor->bytes && free->bytes <= floor->bytes;
}

static void report(void *context, const struct retention_removal *removal)
{
	struct retain *retain = context;

	if (!removal->error) {
		retain->files++;
		retain->bytes += removal->bytes;
		custody_pruned(retain->custody, removal->path);
	} else if (removal->error == -EBUSY) {
		fprintf(stderr,
			"mirrorcap: %s: is to be deleted, but somebody holds a lock on it: "
			"tried again later\n",
			removal->path);
	} else {
		fprintf(stderr,
			"mirrorcap: %s: old files cannot be deleted: %s: tried again "
			"later, check owner and mode\n",
			removal->path, strerror(-removal->error));
	}
}

int retain_start(struct retain *retain, const struct retain_options *options, const char *out,
		 struct segment_directory *const *directories, uint32_t count,
		 struct custody *custody)
{
	struct retention_config config = {
		.out = out,
		.directories = directories,
		.directory_count = count,
		.session = options->session,
		.overall = options->overall,
		.free = options->free,
		.report = report,
		.context = retain,
	};
	int rc = 0;

	retain->custody = custody;
	if (asks_for_some(&options->floor))
		rc = free_space_watch_start(&retain->space, out, &options->floor);
	if (rc == 0 && retain_removes(options))
		rc = retention_start(&retain->retention, &config);
	return rc;
}

void retain_stop(struct retain *retain)
{
	free_space_watch_stop(retain->space);
	retention_stop(retain->retention);
	retain->space = NULL;
	retain->retention = NULL;
	if (retain->files)
		fprintf(stderr, "mirrorcap: retention: %llu files deleted (%llu bytes)\n",
			(unsigned long long)retain->files, (unsigned long long)retain->bytes);
	retain->files = 0;
}
