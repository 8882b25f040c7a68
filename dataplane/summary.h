/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The summary at a capture's end: the account, per session and per file.
 * The JSON form is a contract: docs/design.md, "Summary".
 */
#ifndef DATAPLANE_SUMMARY_H
#define DATAPLANE_SUMMARY_H

#include <stdio.h>

#include "dataplane/pipeline.h"

/* Writes the summary after pipeline_finish(). Returns 0, or -errno where the stream fails. */
int summary_json(const struct pipeline *pipeline, FILE *stream);
int summary_text(const struct pipeline *pipeline, FILE *stream);

/* True where packets were lost: no_buffer, write_failed, or the NIC or kernel missed some. */
bool summary_lost(const struct pipeline *pipeline);

#endif
