/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "capture/custody_draft.h"

static uint8_t bytes[3 * CHUNK_BLOCK];

static void check_hash(struct custody_draft *draft, uint64_t length)
{
	struct digest expected, digest;

	assert_true(draft->hashed == length);
	assert_int_equal(digest_of(bytes, length, &expected), 0);
	assert_int_equal(digest_end(draft->digest, &digest), 0);
	draft->digest = NULL;
	assert_true(digest_equal(&digest, &expected));
}

/* As the writer gets them: a flushed block comes again with the next chunk. */
static void hashes_what_overlaps_once(void **state)
{
	struct chunk chunk = {.session = 3, .first_ns = 5};
	struct custody_draft *draft = custody_draft_new(&chunk, NULL, 0);

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	custody_draft_hash(draft, bytes, 0, 100, true);
	custody_draft_hash(draft, bytes, 0, 5000, true);
	custody_draft_hash(draft, bytes, 0, 5000, true);
	custody_draft_hash(draft, bytes + CHUNK_BLOCK, CHUNK_BLOCK, 9000, true);
	assert_false(draft->behind);
	check_hash(draft, 9000);
	custody_draft_free(draft);
}

/* Without the time for one piece, those after it cannot be hashed either. */
static void leaves_the_rest_to_be_read(void **state)
{
	struct chunk chunk = {0};
	struct custody_draft *draft = custody_draft_new(&chunk, NULL, 0);

	custody_draft_hash(draft, bytes, 0, 4096, true);
	custody_draft_hash(draft, bytes + 4096, 4096, 8192, false);
	custody_draft_hash(draft, bytes + 4096, 4096, 9000, true);
	assert_true(draft->behind);
	check_hash(draft, 4096);
	custody_draft_free(draft);
	draft = custody_draft_new(&chunk, NULL, 0);
	custody_draft_hash(draft, bytes + 4096, 4096, 9000, true);
	assert_true(draft->behind);
	check_hash(draft, 0);
	custody_draft_free(draft);
	custody_draft_free(NULL);
}

static void counts_its_one_session(void **state)
{
	struct chunk chunk = {.session = 3, .first_ns = 5};
	struct custody_draft *draft = custody_draft_new(&chunk, NULL, 0);

	chunk.records = 2;
	chunk.last_ns = 8;
	custody_draft_count(draft, &chunk);
	chunk.records = 0; /* its time is not a record's */
	chunk.last_ns = 9;
	custody_draft_count(draft, &chunk);
	assert_int_equal(custody_draft_close(draft), 0);
	assert_true(draft->first_ns == 5 && draft->last_ns == 8 && draft->packets == 2);
	assert_int_equal(draft->count, 1);
	assert_int_equal(draft->counts[0].session, 3);
	assert_true(draft->counts[0].packets == 2);
	custody_draft_free(draft);
}

static void counts_what_several_sessions_grew_by(void **state)
{
	struct ledger_session_writer sessions[4] = {{.written = 10}, {.written = 20}, {0}, {0}};
	struct chunk_record log[1];
	struct chunk chunk = {.log = log};
	struct custody_draft *draft = custody_draft_new(&chunk, sessions, 4);

	sessions[1].written += 5;
	sessions[3].written += 7;
	chunk.records = 12;
	custody_draft_count(draft, &chunk);
	assert_int_equal(custody_draft_close(draft), 0);
	sessions[0].written++; /* the next file's */
	assert_int_equal(draft->count, 2);
	assert_int_equal(draft->counts[0].session, 1);
	assert_true(draft->counts[0].packets == 5);
	assert_int_equal(draft->counts[1].session, 3);
	assert_true(draft->counts[1].packets == 7);
	custody_draft_free(draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_what_overlaps_once),
		cmocka_unit_test(leaves_the_rest_to_be_read),
		cmocka_unit_test(counts_its_one_session),
		cmocka_unit_test(counts_what_several_sessions_grew_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
