/* SPDX-License-Identifier: Apache-2.0 */
/* What held keys holds zeros when it is given back: the linker puts a watch before free(). */
#include "provision/aws/wipe.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "provision/aws/buffer.h"
#include "provision/aws/credentials.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG"

/* Volatile: the compiler knows what free() can see. */
static volatile unsigned int watched, leaked;
static volatile bool watching;

void __real_free(void *block);
void __wrap_free(void *block);

void __wrap_free(void *block)
{
	if (watching && block) {
		watched++;
		leaked += memmem(block, malloc_usable_size(block), "Jalr", 4) != NULL;
	}
	__real_free(block);
}

static void watch(void)
{
	watched = leaked = 0;
	watching = true;
}

/* blocks: given back at least. */
static void check(unsigned int blocks)
{
	watching = false;
	assert_true(watched >= blocks);
	assert_int_equal(leaked, 0);
}

static void sees_what_is_left(void **state)
{
	char *text = strdup(SECRET);

	watch();
	free(text);
	watching = false;
	assert_int_equal(leaked, 1);
}

static void wipes_texts(void **state)
{
	char *text = strdup(SECRET), *none = NULL;

	watch();
	wipe_text(&text);
	wipe_text(&none);
	check(1);
	assert_null(text);
}

static void wipes_blocks(void **state)
{
	char *block = strdup(SECRET);

	watch();
	block = wipe_realloc(block, 4096);
	assert_string_equal(block, SECRET);
	block = wipe_realloc(block, 2);
	assert_memory_equal(block, SECRET, 2);
	wipe_free(block);
	wipe_free(NULL);
	check(3);
}

static void wipes_buffers(void **state)
{
	struct buffer buffer = {0};

	watch();
	for (int i = 0; i < 100; i++)
		buffer_text(&buffer, SECRET);
	buffer_truncate(&buffer, 1);
	assert_null(memmem(buffer.data, buffer.capacity, "Jalr", 4));
	buffer_text(&buffer, SECRET);
	buffer_fini(&buffer);
	check(4);
}

static void wipes_credentials(void **state)
{
	struct credentials credentials = {0};
	struct failure failure;

	assert_int_equal(
		credentials_set(&credentials, "AKID", SECRET, "token" SECRET, "test", &failure), 0);
	watch();
	credentials_fini(&credentials);
	check(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_what_is_left), cmocka_unit_test(wipes_texts),
		cmocka_unit_test(wipes_blocks),      cmocka_unit_test(wipes_buffers),
		cmocka_unit_test(wipes_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
