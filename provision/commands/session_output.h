/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `mirrorcap session` prints on stdout: JSON in AWS CLI's shape, or text for people, with
 * control characters that came from elsewhere replaced.
 */
#ifndef PROVISION_SESSION_OUTPUT_H
#define PROVISION_SESSION_OUTPUT_H

#include <stdio.h>

#include "provision/api/ec2.h"
#include "provision/commands/session_options.h"

/* All return 0 or -errno of the write, -ENOMEM. */

/* {"TrafficMirrorSession": {…}, "ClientToken": "…"}, or one field on a line. */
int session_output_created(FILE *out, enum session_output form, const struct ec2_created *created);

/* {"TrafficMirrorSessions": [{…}]}, or one field on a line. */
int session_output_session(FILE *out, enum session_output form,
			   const struct mirror_session *session);

/* {"TrafficMirrorSessions": [{…}, …]}, or a table. */
int session_output_list(FILE *out, enum session_output form,
			const struct mirror_session_list *list);

/* {"TrafficMirrorSessionId": "…"}, or the id. */
int session_output_deleted(FILE *out, enum session_output form, const char *id);

#endif
