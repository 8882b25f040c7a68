/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/config_load.h"

#include <errno.h>
#include <stdio.h>

#include "provision/deploy/config_yaml.h"

enum { LINE_BYTES = 1024 };

int config_load(const char *path, struct config *config)
{
	struct config_report report;
	char line[LINE_BYTES];
	int rc = config_yaml_read(path, config, &report);

	for (size_t i = 0; i < report.count; i++) {
		config_problem_format(&report.problems[i], path, line, sizeof(line));
		fprintf(stderr, "mirrorcap: %s\n", line);
	}
	if (report.left_out)
		fprintf(stderr, "mirrorcap: %s: and %zu more: mend these first\n", path,
			report.left_out);
	if (rc == -ENOMEM)
		fprintf(stderr, "mirrorcap: %s: out of memory\n", path);
	return rc;
}
