/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a peer answers: the XML walk and all that decodes through it. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "provision/api/ec2.h"
#include "provision/aws/service_error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const struct xml_document *document)
{
	const struct xml_element *root = xml_root(document);
	struct mirror_session_list list = {0};
	struct mirror_session session;
	const char *token = NULL;

	if (!mirror_session_decode(xml_child(root, "trafficMirrorSession"), &session)) {
		assert(session.traffic_mirror_session_id);
		assert(session.session_number <= MIRROR_SESSION_MAX_NUMBER);
		assert(session.virtual_network_id <= 0xffffff);
		json_decref(mirror_session_json(&session));
		mirror_session_fini(&session);
	}
	ec2_decode_page(document, &list, &token);
	mirror_session_list_fini(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xml_document *document;
	struct failure failure;

	service_error_decode((const char *)data, size, 400, "", &failure);
	assert(failure.kind == FAILURE_SERVICE);
	if (xml_parse((const char *)data, size, &document))
		return 0;
	decode(document);
	xml_free(document);
	return 0;
}
