/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is answered with credentials: JSON of four kinds, and STS's XML. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "provision/aws/credentials_json.h"
#include "provision/aws/sts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken becomes parts of headers. */
static void check(const struct credentials *credentials)
{
	const char *const texts[] = {credentials->access_key_id, credentials->secret_access_key,
				     credentials->session_token ? credentials->session_token : "-"};

	for (size_t i = 0; i < 3; i++) {
		assert(texts[i] && *texts[i]);
		assert(!strpbrk(texts[i], "\r\n \t"));
	}
	assert(credentials->expires_at >= 0);
}

static void take(const json_t *object, const struct credentials_shape *shape)
{
	struct credentials credentials = {0};
	struct failure failure;

	if (!credentials_json_take(object, shape, "fuzz", &credentials, &failure))
		check(&credentials);
	credentials_fini(&credentials);
}

static void read_json(const char *text, size_t length)
{
	static const struct credentials_shape process = {
		"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", false, false};
	static const struct credentials_shape sso = {
		"accessKeyId", "secretAccessKey", "sessionToken", "expiration", true, true};
	struct failure failure;
	json_t *document;

	if (credentials_json_parse(text, length, "fuzz", &document, &failure)) {
		assert(failure.kind == FAILURE_CREDENTIALS);
		return;
	}
	take(document, &credentials_json_role);
	take(document, &process);
	take(json_object_get(document, "roleCredentials"), &sso);
	json_decref(document);
}

static void read_xml(const char *text, size_t length)
{
	struct credentials credentials = {0};
	struct sts_identity identity;
	struct xml_document *document;
	struct failure failure;

	if (xml_parse(text, length, &document))
		return;
	if (!sts_decode_credentials(document, &credentials, &failure))
		check(&credentials);
	credentials_fini(&credentials);
	if (!sts_decode_caller_identity(document, &identity, &failure))
		sts_identity_fini(&identity);
	xml_free(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_json((const char *)data, size);
	read_xml((const char *)data, size);
	return 0;
}
