/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever somebody asks for: a document, or AWS CLI's shorthand, as the input of every operation.
 * What the check lets pass must encode.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provision/api/operation.h"
#include "provision/commands/shorthand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_input(const struct operation *operation, const json_t *input)
{
	struct failure failure = {0};
	struct query query;
	int rc = shape_check(operation->input, input, &failure);

	assert(!rc || failure.kind == FAILURE_USAGE);
	/* Longer names than a request takes need more elements than a test has. */
	operation_encode(operation, input, &query);
	assert(!query.body.failed);
	query_fini(&query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct operation *operation;
	char *text = malloc(size + 1);

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t i = 0; (operation = operation_at(i)); i++) {
		json_t *input = NULL;

		if (shorthand_parse(operation->input, text, &input))
			continue;
		try_input(operation, input);
		json_decref(input);
	}
	free(text);
	return 0;
}
