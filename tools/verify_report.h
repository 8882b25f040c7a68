/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verification has found: said for people as it is found, or as JSON at the end; and how far it
 * has come.
 */
#ifndef TOOLS_VERIFY_REPORT_H
#define TOOLS_VERIFY_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/verify_chain.h"

/* How bad the worst is; the exit code follows from it. */
enum verify_severity {
	VERIFY_NOTE,     /* worth knowing: what nobody claims anything of */
	VERIFY_UNPROVEN, /* nothing speaks against it, and nothing for it */
	VERIFY_WRONG,
};

/* The kinds of findings, by the names that JSON has for them. */
#define VERIFY_FINDINGS(X)                                      \
	X(FILE_ALTERED, WRONG, "file_altered")                  \
	X(FILE_SWAPPED, WRONG, "file_swapped")                  \
	X(FILE_MISSING, WRONG, "file_missing")                  \
	X(UNREADABLE, WRONG, "unreadable")                      \
	X(MANIFEST_DAMAGED, WRONG, "manifest_damaged")          \
	X(MANIFEST_MISPLACED, WRONG, "manifest_misplaced")      \
	X(CHAIN_BROKEN, WRONG, "chain_broken")                  \
	X(CHAIN_GAP, WRONG, "chain_gap")                        \
	X(CHAIN_DOUBLED, WRONG, "chain_doubled")                \
	X(HEAD_MISSING, WRONG, "head_missing")                  \
	X(SIGNATURE_WRONG, WRONG, "signature_wrong")            \
	X(SIGNATURE_MISSING, WRONG, "signature_missing")        \
	X(KEY_OTHER, WRONG, "key_other")                        \
	X(MANIFEST_MISSING, UNPROVEN, "manifest_missing")       \
	X(MANIFEST_PENDING, UNPROVEN, "manifest_pending")       \
	X(UNFINISHED, UNPROVEN, "unfinished")                   \
	X(REMOVAL_PENDING, UNPROVEN, "removal_pending")         \
	X(REMOVAL_UNCONFIRMED, UNPROVEN, "removal_unconfirmed") \
	X(HEAD_REMOVED, UNPROVEN, "head_removed")               \
	X(HEAD_REMOVED_SIGNED, NOTE, "head_removed")            \
	X(MANIFEST_LATE, NOTE, "manifest_late")                 \
	X(KEY_UNKNOWN, NOTE, "key_unknown")                     \
	X(TAIL, NOTE, "tail")                                   \
	X(FOREIGN, NOTE, "foreign")

enum verify_finding {
#define X(name, severity, text) VERIFY_##name,
	VERIFY_FINDINGS(X)
#undef X
};

enum { VERIFY_FINDING_COUNT = VERIFY_FOREIGN + 1 };

struct verify_report;

/* json: one line at the end; else text as it comes. out: borrowed. Returns NULL when out of memory. */
struct verify_report *verify_report_new(FILE *out, bool json);
void verify_report_free(struct verify_report *report);

/* path: the object that it is about. The text says what is wrong with it, and what to do. */
void verify_report_add(struct verify_report *report, enum verify_finding finding, const char *path,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A chain that was checked. */
void verify_report_chain(struct verify_report *report, const struct verify_chain *chain);

/* So many files with so many bytes have the hash that their manifests say. */
void verify_report_files(struct verify_report *report, uint64_t files, uint64_t bytes);

/* Prints the end. Returns 0 or -errno: -ENOMEM, -EIO. */
int verify_report_end(struct verify_report *report);

/* The worst so far; VERIFY_NOTE where there is none. */
enum verify_severity verify_report_worst(const struct verify_report *report);

/* How many there are of a kind. */
uint64_t verify_report_count(const struct verify_report *report, enum verify_finding finding);

#endif
