/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/config_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void replace_controls(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
	}
}

void config_report_add(struct config_report *report, unsigned int line, const char *path,
		       const char *format, ...)
{
	struct config_problem *problem = &report->problems[report->count];
	va_list args;

	if (report->count == CONFIG_PROBLEMS_MAX) {
		report->left_out++;
		return;
	}
	report->count++;
	problem->line = line;
	snprintf(problem->path, sizeof(problem->path), "%s", path);
	replace_controls(problem->path);
	va_start(args, format);
	vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	replace_controls(problem->text);
}

static int compare_lines(const void *a, const void *b)
{
	const struct config_problem *left = a, *right = b;

	return (left->line > right->line) - (left->line < right->line);
}

void config_report_sort(struct config_report *report)
{
	qsort(report->problems, report->count, sizeof(report->problems[0]), compare_lines);
}

void config_problem_format(const struct config_problem *problem, const char *file, char *text,
			   size_t size)
{
	char line[16] = "";

	if (problem->line)
		snprintf(line, sizeof(line), ":%u", problem->line);
	snprintf(text, size, "%s%s: %s%s%s", file, line, problem->path, *problem->path ? ": " : "",
		 problem->text);
}
