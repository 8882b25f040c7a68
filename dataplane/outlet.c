/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/outlet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int fail(char *error, int rc, const char *object, const char *what)
{
	snprintf(error, OUTLET_ERROR_BYTES, "%s: %s", object, what);
	return rc;
}

const char *outlet_name(const struct output *output)
{
	if (output->path)
		return output->path;
	return output->kind == OUTPUT_NULL ? "null:" : "standard output";
}

const char *outlet_remedy(int rc)
{
	switch (rc) {
	case -EEXIST:
		return "exists already: choose another name, move it away or use --force";
	case -EBUSY:
		return "its .part file is there, of a capture that runs or one that could not be "
		       "recovered: wait for it, or move the .part file away";
	case -ENOENT:
		return "the directory does not exist: create it first";
	case -ENOTDIR:
		return "a part of the path is not a directory";
	case -EACCES:
	case -EPERM:
		return "not writable: check the directory's owner and mode";
	case -EROFS:
		return "on a read-only file system";
	case -ENOSPC:
		return "no space left on the device: free some first";
	default:
		return strerror(-rc);
	}
}

static int open_directories(struct outlet *outlet, const struct options *options, uint32_t streams)
{
	const struct session *sessions = options->map.sessions;

	outlet->directories = calloc(streams, sizeof(struct segment_directory *));
	for (uint32_t i = 0; outlet->directories && i < streams; i++) {
		outlet->directories[i] = segment_directory_new(
			options->output.path, options->combined ? "all" : sessions[i].name);
		if (!outlet->directories[i])
			return -ENOMEM;
		segment_directory_set_suffix(outlet->directories[i],
					     (struct suffix){options->format, options->level != 0});
	}
	return outlet->directories ? 0 : -ENOMEM;
}

int outlet_open(struct outlet *outlet, const struct options *options, uint32_t streams, char *error)
{
	int rc = output_prepare(&options->output, options->force);

	if (rc == 0)
		rc = writer_choose(&options->output, &outlet->method);
	if (options->level)
		outlet->method = WRITER_PWRITE;
	if (rc == 0 && options->output.kind == OUTPUT_DIRECTORY)
		rc = open_directories(outlet, options, streams);
	return rc < 0 ? fail(error, rc, outlet_name(&options->output), outlet_remedy(rc)) : 0;
}

static int open_named_ledger(struct outlet *outlet, const struct options *options, char *error)
{
	int rc;

	snprintf(outlet->ledger_path, sizeof(outlet->ledger_path), "%s", options->ledger);
	rc = ledger_create(&outlet->ledger, options->ledger, options->workers, &options->map);
	if (rc == -EEXIST)
		return fail(error, rc, options->ledger,
			    "the account of another capture: choose another name for --ledger");
	return rc < 0 ? fail(error, rc, options->ledger, outlet_remedy(rc)) : 0;
}

int outlet_open_ledger(struct outlet *outlet, const struct options *options, char *error)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char directory[SEGMENT_PATH_BYTES / 2] = "/run/mirrorcap";
	int rc;

	if (options->ledger)
		return open_named_ledger(outlet, options, error);
	if (geteuid() != 0)
		snprintf(directory, sizeof(directory), "%s/mirrorcap", runtime ? runtime : "");
	mkdir(directory, 0750);
	snprintf(outlet->ledger_path, sizeof(outlet->ledger_path), "%s/%lld-%ld.ledger", directory,
		 (long long)time(NULL), (long)getpid());
	if (ledger_create(&outlet->ledger, outlet->ledger_path, options->workers, &options->map) ==
	    0)
		return 0;
	outlet->ledger_path[0] = '\0';
	rc = ledger_create(&outlet->ledger, NULL, options->workers, &options->map);
	return rc < 0 ? fail(error, rc, "ledger", strerror(-rc)) : 0;
}

void outlet_close(struct outlet *outlet, uint32_t streams)
{
	for (uint32_t i = 0; outlet->directories && i < streams; i++)
		segment_directory_free(outlet->directories[i]);
	free(outlet->directories);
	ledger_close(outlet->ledger);
}
