/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of AWS's Security Token Service (API 2011-06-15): credentials of a role, and who
 * one is. Encoding and decoding only; the caller sends.
 */
#ifndef PROVISION_STS_H
#define PROVISION_STS_H

#include <stdint.h>

#include "provision/aws/credentials.h"
#include "provision/aws/failure.h"
#include "provision/aws/query.h"
#include "provision/aws/xml.h"

/* All borrowed. */
struct sts_role {
	const char *role_arn;
	const char *session_name;  /* NULL: "mirrorcap" */
	const char *external_id;   /* NULL for none */
	uint32_t duration_seconds; /* 0: STS's default, one hour */
};

/* Who signs. All owned; sts_identity_fini(). */
struct sts_identity {
	char *account;
	char *arn;
	char *user_id;
};

/* Each starts the query; query_fini() is the caller's. */
void sts_encode_assume_role(struct query *query, const struct sts_role *role);
void sts_encode_web_identity(struct query *query, const struct sts_role *role,
			     const char *web_identity_token);
void sts_encode_caller_identity(struct query *query);

/*
 * Reads the answer to either way of assuming a role. credentials: zeroed; credentials_fini() in
 * any case. Returns 0, or -errno with failure set: -EPROTO, -EINVAL, -ENOMEM.
 */
int sts_decode_credentials(const struct xml_document *document, struct credentials *credentials,
			   struct failure *failure);

/* identity: needs no initialisation. Returns 0, or -EPROTO, -ENOMEM with failure set. */
int sts_decode_caller_identity(const struct xml_document *document, struct sts_identity *identity,
			       struct failure *failure);

void sts_identity_fini(struct sts_identity *identity);

#endif
