/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a configuration file: all of it, not only the first, since a file is mended
 * in one go. Plain memory: nothing to free.
 */
#ifndef PROVISION_CONFIG_REPORT_H
#define PROVISION_CONFIG_REPORT_H

#include <stdbool.h>
#include <stddef.h>

enum {
	CONFIG_PROBLEMS_MAX = 20,
	CONFIG_PATH_BYTES = 192,
	CONFIG_PROBLEM_BYTES = 448,
};

struct config_problem {
	unsigned int line;               /* from 1; 0: the file as a whole, or not known yet */
	char path[CONFIG_PATH_BYTES];    /* "sessions[2].packet_length"; "" at the top */
	char text[CONFIG_PROBLEM_BYTES]; /* "what is wrong: what to do" */
};

/* Zeroed is empty. */
struct config_report {
	struct config_problem problems[CONFIG_PROBLEMS_MAX];
	size_t count;
	size_t left_out; /* found when the report was full */
};

/* Adds a problem. Control characters, which the file may hold, become '?'. */
void config_report_add(struct config_report *report, unsigned int line, const char *path,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* How many were added, shown or not. */
static inline size_t config_report_found(const struct config_report *report)
{
	return report->count + report->left_out;
}

/* Brings the problems into the file's order. */
void config_report_sort(struct config_report *report);

/*
 * Writes one line without a newline: "FILE:LINE: PATH: TEXT".
 * size: bytes of text, at least 1; a longer line is cut.
 */
void config_problem_format(const struct config_problem *problem, const char *file, char *text,
			   size_t size);

#endif
