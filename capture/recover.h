/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovery: what a capture that was cut short left as NAME.part becomes a file that every reader
 * takes. It is kept up to its committed length and, beyond that, record by record as far as there
 * are records; zeros are an end. Nothing that was recorded is deleted: what is trimmed goes to a
 * file beside it.
 *
 * A compressed file is kept frame by frame: capture puts whole records in each, with a check sum.
 *
 * NAME.pcap.part becomes NAME.recovered.pcap, and what was trimmed NAME.recovered.pcap.tail; where
 * either name is in use already, NAME.recovered-2.pcap and so on. The mark is a part of the name,
 * not an attribute of the file, so that it is seen and that copies keep it.
 *
 * Safe to be cut short itself, and to be run by several at once: a .part is locked meanwhile.
 */
#ifndef CAPTURE_RECOVER_H
#define CAPTURE_RECOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/segment.h"

enum recover_state {
	RECOVER_DONE,      /* published */
	RECOVER_SET_ASIDE, /* not even the file's header, or a frame, is there: all of it is the tail */
	RECOVER_LIVE,      /* a capture writes it: untouched */
	RECOVER_FOREIGN, /* no capture file: untouched */
	RECOVER_FAILED,  /* `error`; what is not done yet is in the .part as before */
	RECOVER_GONE,    /* it has gone, or got its name, meanwhile: nothing to tell */
};

/* Why the records end where they do. */
enum recover_end {
	RECOVER_WHOLE,   /* so does the file */
	RECOVER_ZEROS,   /* nothing but zeros follows */
	RECOVER_CUT,     /* in the middle of a record or a frame */
	RECOVER_HOLE,    /* in what the disk has never got */
	RECOVER_DAMAGED, /* what follows is no record, or no frame */
};

struct recover_file {
	enum recover_state state;
	enum recover_end end;
	int error; /* -errno */
	bool compressed;
	char part[SEGMENT_PATH_BYTES]; /* as it was found */
	char path[SEGMENT_PATH_BYTES]; /* as it is published, or would be; "": not at all */
	char tail[SEGMENT_PATH_BYTES]; /* what was trimmed, or would be; "": nothing */
	uint64_t bytes;                /* kept */
	uint64_t committed;            /* of them: known to be on stable storage; 0: not said */
	uint64_t packets;              /* in the bytes kept beyond the committed ones */
	uint64_t trimmed;              /* bytes in the tail */
	uint64_t zeros;                /* bytes cut off the end that were 0 */
};

/*
 * Recovers one file. part: its path, which ends in .part. dry_run: only says what would be done.
 * Returns false where there is nothing to tell: it has gone, or got its name, meanwhile.
 */
bool recover_file(struct recover_file *file, const char *part, bool dry_run);

/* So many are recovered together at most: each holds a descriptor open meanwhile. */
enum { RECOVER_TOGETHER = 256 };

/* Begins with a file: its path goes to file->part. Returns false where it is too long. */
bool recover_begin(struct recover_file *file, const char *part);

/*
 * Recovers several, up to RECOVER_TOGETHER, that have begun; where they are more than 64, their file
 * system is synced as a whole, once for the data and once for the names: for 10,000 files a sync of
 * each would take minutes.
 *
 * A capture that was killed may hold its files a moment longer than it is there, by writes that the
 * kernel ends behind it. So files that seem to be live are tried again every RECOVER_WAIT_MS, *waits
 * times in all; what is left of them is in *waits afterwards, for the next call.
 */
enum { RECOVER_WAITS = 10, RECOVER_WAIT_MS = 50 };
void recover_files(struct recover_file *files, uint32_t count, bool dry_run, uint32_t *waits);

typedef void recover_report(void *context, const struct recover_file *file);

/*
 * Recovers every file whose name ends as a capture file's (suffix.h) and then in .part, in the
 * directory and in the directories in it, and tells of each; symbolic links are not followed.
 * Returns 0, or -errno where a directory could not be read: the others' files are recovered.
 */
int recover_directory(const char *directory, bool dry_run, recover_report *report, void *context);

/*
 * Says in one line, for people, what was done with the file. text: `bytes` long; it is enough with
 * RECOVER_TEXT_BYTES. Returns text.
 */
enum { RECOVER_TEXT_BYTES = 3 * SEGMENT_PATH_BYTES };
const char *recover_text(const struct recover_file *file, bool dry_run, char *text, size_t bytes);

#endif
