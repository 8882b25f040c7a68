/* SPDX-License-Identifier: Apache-2.0 */
/* The functions behind the rows of credentials_sources; see there for their contract. */
#ifndef PROVISION_CREDENTIALS_SOURCES_H
#define PROVISION_CREDENTIALS_SOURCES_H

#include "provision/aws/credentials.h"

/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION. */
int credentials_env(const struct credentials_context *context, struct credentials *credentials,
		    struct failure *failure);

/* A profile's role_arn with source_profile or credential_source. */
int credentials_role(const struct credentials_context *context, struct credentials *credentials,
		     struct failure *failure);

/* AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or a profile's keys of these names. */
int credentials_web_identity(const struct credentials_context *context,
			     struct credentials *credentials, struct failure *failure);

/* A profile's sso_session or sso_start_url, with the token that `aws sso login` left. */
int credentials_sso(const struct credentials_context *context, struct credentials *credentials,
		    struct failure *failure);

/* Keys in ~/.aws/credentials. */
int credentials_shared_file(const struct credentials_context *context,
			    struct credentials *credentials, struct failure *failure);

/* A profile's credential_process. */
int credentials_process(const struct credentials_context *context, struct credentials *credentials,
			struct failure *failure);

/* Keys in ~/.aws/config. */
int credentials_config_file(const struct credentials_context *context,
			    struct credentials *credentials, struct failure *failure);

/* AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI. */
int credentials_container(const struct credentials_context *context,
			  struct credentials *credentials, struct failure *failure);

/* The instance's role. */
int credentials_instance(const struct credentials_context *context, struct credentials *credentials,
			 struct failure *failure);

#endif
