/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a capture goes: the forms that -w OUT takes.
 */
#ifndef CAPTURE_OUTPUT_H
#define CAPTURE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/suffix.h"

enum output_kind {
	OUTPUT_DIRECTORY, /* OUT/SESSION/START-wW-SEQ.pcap; rotation allowed */
	OUTPUT_FILE,      /* one file, all sessions, one worker */
	OUTPUT_STDOUT,    /* "-" */
	OUTPUT_NULL,      /* "null:": through the writer, then discarded */
};

struct output {
	enum output_kind kind;
	const char *path;     /* borrowed from the argument; NULL for stdout and null: */
	struct suffix suffix; /* what the name of an OUTPUT_FILE says */
};

/* Files: not a pipe, nor null: */
static inline bool output_makes_files(const struct output *out)
{
	return out->kind == OUTPUT_DIRECTORY || out->kind == OUTPUT_FILE;
}

/*
 * Reads the argument of -w. An existing directory, or a path that ends in '/', is a directory;
 * a path that ends as a capture file's name (suffix.h) is a file; "-" and "null:" stand for themselves.
 * Returns 0, or -EINVAL for anything else.
 * *out borrows arg.
 */
int output_parse(const char *arg, struct output *out);

/*
 * Makes the output ready before any packet: creates the directory's last component where the
 * argument ends in '/', and proves by a trial that a file can be created there. An existing
 * file is an error unless force is set (then it stays until the new one replaces it at the end).
 * Returns 0 or -errno: -EEXIST, -ENOENT, -EACCES, -ENOTDIR, -ENOSPC, …; -EBUSY where PATH.part
 * exists: another capture is writing it, or a crashed one left it.
 */
int output_prepare(const struct output *out, bool force);

/*
 * Copies the directory that the output's files are made in to directory, which has `bytes` bytes.
 * For OUTPUT_DIRECTORY and OUTPUT_FILE only. Returns 0 or -ENAMETOOLONG.
 */
int output_directory(const struct output *out, char *directory, size_t bytes);

/*
 * Opens a new file without a name in directory, for reading and writing; it is gone when closed.
 * flags: more of open(2)'s flags, such as O_DIRECT. Returns the descriptor or -errno.
 */
int output_open_unnamed(const char *directory, int flags);

#endif
