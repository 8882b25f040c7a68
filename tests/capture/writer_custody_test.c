/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What custody is told, its thread not being there. The writer hashes what it writes while nearly
 * no chunk waits, and else leaves it to be read back, later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <malloc.h>
#include <stdlib.h>

#include "capture/custody_internal.h"
#include "tests/capture/recording.h"

enum { CHUNKS = 64 };

static char directory[RECORDING_PATH_BYTES];
static struct custody *custody;

static int set_up(void **state)
{
	recording_directory(NULL, directory);
	custody = calloc(1, sizeof(*custody));
	return custody ? 0 : -1;
}

static int tear_down(void **state)
{
	custody_free(custody);
	recording_remove(directory);
	return 0;
}

/* Chunks that wait for the writer when it begins: so many records of their size. */
static void record(uint32_t waiting, int level)
{
	struct recording_config config = {
		.method = level ? WRITER_PWRITE : WRITER_DIRECT,
		.output = {OUTPUT_DIRECTORY, directory},
		.sessions = 1,
		.chunks = CHUNKS,
		.chunk_bytes = 16384,
		.stream = {.aligned = !level, .precision = PCAP_NS, .flush_ns = UINT64_MAX},
		.level = level,
		.late = true,
		.custody = custody,
	};
	struct recording recording;

	recording_start(&recording, &config);
	for (uint32_t i = 0; i < waiting; i++)
		assert_true(recording_append(&recording, 0, 0, 12000, 12000));
	recording_start_writer(&recording);
	recording_finish(&recording);
	recording_free(&recording);
}

/* The one file's. */
static struct custody_task *told(void)
{
	struct custody_task *task = (struct custody_task *)inbox_take(&custody->inbox);

	assert_non_null(task);
	assert_null(task->entry.next);
	assert_non_null(task->draft);
	assert_true(custody->pending_files == 1);
	assert_true(custody->pending_bytes == task->unread);
	return task;
}

static void hashes_while_few_wait(void **state)
{
	struct custody_task *task;

	record(4, 0);
	task = told();
	assert_true(task->unread == 0);
	assert_true(task->draft->hashed == task->bytes);
	assert_false(custody_is_held_off(custody));
	custody_task_done(custody, task);
	assert_true(custody->pending_files == 0);
}

static void leaves_it_while_many_wait(void **state)
{
	struct custody_task *task;

	record(16, 0);
	task = told();
	assert_true(task->bytes > 16 * 12000);
	assert_true(task->unread == task->bytes);
	assert_true(custody->held_ns != 0);
	custody_task_done(custody, task);
	assert_true(custody->pending_bytes == 0);
}

/* Which is read back whatever waits; but not while much does. */
static void holds_off_for_compressed_files_too(void **state)
{
	struct custody_task *task;

	record(16, 1);
	task = told();
	assert_true(task->unread == task->bytes);
	assert_true(custody->held_ns != 0);
	custody_task_done(custody, task);
}

/* A start may find a million files without a manifest, and a full disk let them wait for days. */
static void what_waits_is_small_and_has_a_limit(void **state)
{
	static const char path[] = "out/web/20260102T030405.000000000Z-w0-000006.pcap";
	enum { FILES = 20000, BYTES = 256 };
	size_t before = mallinfo2().uordblks;

	for (uint32_t i = 0; i < FILES; i++)
		custody_recovered(custody, path);
	assert_true(custody->pending_files == FILES);
	assert_true(mallinfo2().uordblks - before < FILES * BYTES);
	custody->pending_files += CUSTODY_QUEUE - FILES - 1;
	custody_recovered(custody, path);
	assert_true(custody->missed == 0);
	custody_recovered(custody, path);
	custody_published(custody, path, 24, NULL, false);
	assert_true(custody->missed == 2);
	assert_true(custody->pending_files == CUSTODY_QUEUE);
	custody->removals = CUSTODY_QUEUE - 1;
	custody_pruned(custody, path);
	custody_pruned(custody, path);
	assert_true(custody->removals == CUSTODY_QUEUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hashes_while_few_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_it_while_many_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(holds_off_for_compressed_files_too, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_waits_is_small_and_has_a_limit, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
