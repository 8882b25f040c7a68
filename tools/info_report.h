/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two forms of what there is to say about capture files: a text table and JSON. Files are
 * printed as they come; only sums are kept, by session name.
 */
#ifndef TOOLS_INFO_REPORT_H
#define TOOLS_INFO_REPORT_H

#include <stdio.h>

#include "tools/info_file.h"

struct info_report;

/* Begins a report on out (borrowed). Returns NULL when out of memory. info_report_free(). */
struct info_report *info_report_new(FILE *out, bool json);
void info_report_free(struct info_report *report);

/* Prints one file. Returns 0 or -ENOMEM. */
int info_report_file(struct info_report *report, const struct info_file *file);

/* Prints the sums. Returns 0, or -errno where the output did not take all. */
int info_report_end(struct info_report *report);

#endif
