/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/session_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct session entry(uint32_t vni, const char *source)
{
	struct session session = {.virtual_network_id = vni, .has_source = source != NULL};

	if (source)
		assert_int_equal(session_source_parse(source, &session.source), 0);
	return session;
}

static void expect(const struct session_table *table, uint32_t vni, const char *source,
		   enum session_verdict verdict, uint32_t session)
{
	uint32_t found = UINT32_MAX;
	struct in6_addr address;

	assert_int_equal(session_source_parse(source, &address), 0);
	assert_int_equal(session_table_find(table, vni, &address, &found), verdict);
	if (verdict == SESSION_FOUND)
		assert_int_equal(found, session);
}

static void test_find(void **state)
{
	struct session sessions[] = {
		entry(1, NULL), entry(2, "10.0.0.1"), entry(2, "10.0.0.2"), entry(3, "10.0.0.1"),
		entry(3, NULL), entry(2, "fd00::1"),  entry(0, NULL),       entry(0xffffff, NULL),
	};
	struct session_map map = {.sessions = sessions, .count = 8};
	struct session_table *table = session_table_new(&map);

	assert_non_null(table);
	expect(table, 1, "192.0.2.7", SESSION_FOUND, 0);
	expect(table, 2, "10.0.0.1", SESSION_FOUND, 1);
	expect(table, 2, "10.0.0.2", SESSION_FOUND, 2);
	expect(table, 2, "fd00::1", SESSION_FOUND, 5);
	expect(table, 2, "10.0.0.3", SESSION_SOURCE_DENIED, 0);
	expect(table, 2, "fd00::2", SESSION_SOURCE_DENIED, 0);
	expect(table, 3, "10.0.0.1", SESSION_FOUND, 3);
	expect(table, 3, "10.0.0.9", SESSION_FOUND, 4);
	expect(table, 0, "10.0.0.1", SESSION_FOUND, 6);
	expect(table, 0xffffff, "10.0.0.1", SESSION_FOUND, 7);
	expect(table, 4, "10.0.0.1", SESSION_UNKNOWN_VNI, 0);
	assert_int_equal(session_table_of_vni(table, 1), 0);
	assert_int_equal(session_table_of_vni(table, 2), SESSION_NONE);
	assert_int_equal(session_table_of_vni(table, 3), SESSION_NONE);
	assert_int_equal(session_table_of_vni(table, 4), SESSION_NONE);
	session_table_free(table);
}

/* 10,000 sessions, half of them sharing VNIs: each is found, and their neighbours are not. */
static void test_many(void **state)
{
	enum { COUNT = 10000 };
	struct session_map map = {.sessions = calloc(COUNT, sizeof(struct session)),
				  .count = COUNT};
	struct session_table *table;
	uint32_t found;

	for (uint32_t i = 0; i < COUNT; i++) {
		struct session *session = &map.sessions[i];

		session->virtual_network_id = i < COUNT / 2 ? i * 3 : 0xfff000;
		session->has_source = i >= COUNT / 2;
		session->source.s6_addr[14] = (uint8_t)(i >> 8);
		session->source.s6_addr[15] = (uint8_t)i;
	}
	table = session_table_new(&map);
	assert_non_null(table);
	for (uint32_t i = 0; i < COUNT; i++) {
		struct session *session = &map.sessions[i];

		assert_int_equal(session_table_find(table, session->virtual_network_id,
						    &session->source, &found),
				 SESSION_FOUND);
		assert_int_equal(found, i);
		assert_int_equal(session_table_of_vni(table, session->virtual_network_id),
				 session->has_source ? SESSION_NONE : i);
		session->source.s6_addr[0] = 1;
		assert_int_equal(session_table_find(table, 0xfff000, &session->source, &found),
				 SESSION_SOURCE_DENIED);
		assert_int_equal(session_table_find(table, i * 3 + 1, &session->source, &found),
				 SESSION_UNKNOWN_VNI);
	}
	session_table_free(table);
	free(map.sessions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("session_table", tests, NULL, NULL);
}
