/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a peer answers: the XML walk and all that decodes through it. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "provision/api/operation.h"
#include "provision/aws/service_error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every operation tries; at most one has that root. */
static void decode(const struct xml_document *document)
{
	const struct operation *operation;

	for (size_t i = 0; (operation = operation_at(i)); i++) {
		json_t *output = NULL;

		if (operation_decode(operation, document, &output))
			continue;
		assert(!operation->items ||
		       json_is_array(json_object_get(output, operation->items)));
		json_decref(output);
	}
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
