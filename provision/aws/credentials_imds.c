/* SPDX-License-Identifier: Apache-2.0 */
/* The role of the instance, from its metadata service. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provision/aws/credentials_json.h"
#include "provision/aws/credentials_sources.h"

#define ORIGIN    "instance metadata"
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"

static int bad_document(const char *what, struct failure *failure)
{
	int rc = credentials_json_bad(ORIGIN, what, failure);

	failure_set_remedy(failure, "check the instance profile's role and its trust policy");
	return rc;
}

static int take_role(const json_t *document, struct credentials *credentials,
		     struct failure *failure)
{
	const char *code = credentials_json_text(document, "Code");
	const char *message = credentials_json_text(document, "Message");
	char what[512];

	/* The service reports a role that cannot be assumed with status 200. */
	if (code && strcmp(code, "Success") != 0) {
		snprintf(what, sizeof(what), "%s: %s", code, message ? message : "no message");
		return bad_document(what, failure);
	}
	return credentials_json_take(document, &credentials_json_role, ORIGIN, credentials,
				     failure);
}

static int parse_role(const struct buffer *text, struct credentials *credentials,
		      struct failure *failure)
{
	json_t *document;
	int rc = credentials_json_parse(buffer_string(text), text->length, ORIGIN, &document,
					failure);

	if (rc)
		return rc;
	rc = take_role(document, credentials, failure);
	json_decref(document);
	return rc;
}

/* The list of roles is one name on a line; it becomes part of a path. */
static bool trim_role(struct buffer *role)
{
	buffer_truncate(role, strcspn(buffer_string(role), "\r\n"));
	return role->length && !strpbrk(role->data, "/ ?#%");
}

int credentials_instance(const struct credentials_context *context, struct credentials *credentials,
			 struct failure *failure)
{
	struct buffer role = {0}, path = {0}, text = {0};
	int rc = imds_get(context->imds, ROLE_PATH, &role, failure);

	if (rc == -ENOENT)
		failure_set(failure, FAILURE_CREDENTIALS,
			    "instance metadata: the instance has no role");
	/* Elsewhere than on EC2 the service is simply not there. */
	if (rc == -EHOSTUNREACH || rc == -ENODEV)
		rc = -ENOENT;
	if (rc)
		goto out;
	if (!trim_role(&role)) {
		rc = bad_document("the list of roles is not a name", failure);
		goto out;
	}
	buffer_format(&path, ROLE_PATH "%s", role.data);
	if (path.failed) {
		rc = failure_memory(failure);
		goto out;
	}
	rc = imds_get(context->imds, path.data, &text, failure);
	if (!rc)
		rc = parse_role(&text, credentials, failure);
	else if (rc == -ENOENT)
		rc = bad_document("the instance's role vanished", failure);
out:
	buffer_fini(&text);
	buffer_fini(&path);
	buffer_fini(&role);
	return rc;
}
