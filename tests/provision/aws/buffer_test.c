/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/buffer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "provision/aws/uri.h"

static void grows(void **state)
{
	struct buffer buffer = {0};
	char expected[5001] = "";

	assert_string_equal(buffer_string(&buffer), "");
	for (int i = 0; i < 1000; i++) {
		buffer_format(&buffer, "%03d", i);
		buffer_text(&buffer, ",");
		buffer_append(&buffer, "\0", 1);
	}
	assert_int_equal(buffer.length, 5000);
	memset(expected, 0, sizeof(expected));
	assert_memory_equal(buffer.data + 4995, "999,\0", 5);
	assert_int_equal(buffer.data[5000], 0);
	assert_int_equal(buffer_error(&buffer), 0);
	buffer_truncate(&buffer, 3);
	assert_string_equal(buffer.data, "000");
	/* What was cut is gone, not only hidden. */
	assert_memory_equal(buffer.data + 3, expected, 4997);
	buffer_truncate(&buffer, 4);
	assert_int_equal(buffer.length, 3);
	buffer_fini(&buffer);
	assert_null(buffer.data);
}

static void remembers_failure(void **state)
{
	struct buffer buffer = {0};

	buffer_text(&buffer, "good");
	buffer_append(&buffer, "x", SIZE_MAX / 2);
	assert_int_equal(buffer_error(&buffer), -ENOMEM);
	buffer_text(&buffer, "more");
	buffer_format(&buffer, "%d", 1);
	assert_string_equal(buffer_string(&buffer), "good");
	buffer_fini(&buffer);
	assert_int_equal(buffer_error(&buffer), 0);
}

static void encodes_and_decodes_every_byte(void **state)
{
	struct buffer encoded = {0}, decoded = {0};
	char bytes[256];

	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	uri_encode(&encoded, bytes, sizeof(bytes), "");
	/* 66 unreserved bytes stay. */
	assert_int_equal(encoded.length, 66 + 190 * 3);
	assert_non_null(strstr(encoded.data, "%2F0123456789%3A"));
	uri_decode(&decoded, encoded.data, encoded.length);
	assert_int_equal(decoded.length, 256);
	assert_memory_equal(decoded.data, bytes, 256);
	buffer_fini(&decoded);
	buffer_fini(&encoded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(remembers_failure),
		cmocka_unit_test(encodes_and_decodes_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
