/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/sts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERSION      "2011-06-15"
#define SESSION_NAME "mirrorcap"

static void encode_role(struct query *query, const char *action, const struct sts_role *role)
{
	query_init(query, action, VERSION);
	query_add(query, role->role_arn, "RoleArn");
	query_add(query, role->session_name ? role->session_name : SESSION_NAME, "RoleSessionName");
	if (role->duration_seconds)
		query_add_number(query, "DurationSeconds", role->duration_seconds);
}

void sts_encode_assume_role(struct query *query, const struct sts_role *role)
{
	encode_role(query, "AssumeRole", role);
	query_add(query, role->external_id, "ExternalId");
}

void sts_encode_web_identity(struct query *query, const struct sts_role *role,
			     const char *web_identity_token)
{
	encode_role(query, "AssumeRoleWithWebIdentity", role);
	query_add(query, web_identity_token, "WebIdentityToken");
}

void sts_encode_caller_identity(struct query *query)
{
	query_init(query, "GetCallerIdentity", VERSION);
}

static int bad_answer(const char *what, struct failure *failure)
{
	failure_set(failure, FAILURE_RESPONSE, "STS: the answer %s", what);
	failure_set_remedy(failure, "check AWS_ENDPOINT_URL_STS and HTTPS_PROXY");
	return -EPROTO;
}

int sts_decode_credentials(const struct xml_document *document, struct credentials *credentials,
			   struct failure *failure)
{
	const struct xml_element *root = xml_root(document), *result, *keys;
	const char *id, *secret, *token, *expiration;

	result = xml_child(root, xml_is(root, "AssumeRoleResponse")
					 ? "AssumeRoleResult"
					 : "AssumeRoleWithWebIdentityResult");
	keys = xml_child(result, "Credentials");
	id = xml_text(keys, "AccessKeyId");
	secret = xml_text(keys, "SecretAccessKey");
	token = xml_text(keys, "SessionToken");
	expiration = xml_text(keys, "Expiration");
	if (!id || !secret || !token || !expiration)
		return bad_answer("lacks AccessKeyId, SecretAccessKey, SessionToken or Expiration",
				  failure);
	credentials->expires_at = credentials_parse_time(expiration);
	if (!credentials->expires_at)
		return bad_answer("has an Expiration that is not a time", failure);
	return credentials_set(credentials, id, secret, token, "STS", failure);
}

void sts_identity_fini(struct sts_identity *identity)
{
	free(identity->account);
	free(identity->arn);
	free(identity->user_id);
	*identity = (struct sts_identity){0};
}

/* They are shown on terminals. */
static bool printable(const char *text)
{
	while (*text >= 0x20 && *text < 0x7f)
		text++;
	return !*text;
}

int sts_decode_caller_identity(const struct xml_document *document, struct sts_identity *identity,
			       struct failure *failure)
{
	const struct xml_element *result = xml_child(xml_root(document), "GetCallerIdentityResult");
	const char *account = xml_text(result, "Account");
	const char *arn = xml_text(result, "Arn");
	const char *user_id = xml_text(result, "UserId");

	*identity = (struct sts_identity){0};
	if (!account || !arn || !user_id || !*account || !*arn || !*user_id)
		return bad_answer("lacks Account, Arn or UserId", failure);
	if (!printable(account) || !printable(arn) || !printable(user_id))
		return bad_answer("has control characters in Account, Arn or UserId", failure);
	identity->account = strdup(account);
	identity->arn = strdup(arn);
	identity->user_id = strdup(user_id);
	if (identity->account && identity->arn && identity->user_id)
		return 0;
	sts_identity_fini(identity);
	return failure_memory(failure);
}
