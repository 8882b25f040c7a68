/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is printed about a ledger is what its slots hold, summed over workers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ledger_report.h"

static struct ledger *two_workers(void)
{
	char error[SESSION_ERROR_BYTES];
	struct session_map map = {0};
	struct ledger *ledger;

	assert_int_equal(session_map_add_argument(&map, "7,length=128,name=web", error), 0);
	assert_int_equal(session_map_add_argument(&map, "8,source=10.0.0.5", error), 0);
	assert_int_equal(session_map_check(&map, error), 0);
	assert_int_equal(ledger_create(&ledger, NULL, 2, &map), 0);
	session_map_fini(&map);

	ledger_worker(ledger, 0)->received = 100;
	ledger_worker(ledger, 0)->accepted = 90;
	ledger_worker(ledger, 0)->dropped[DROP_NO_VNI] = 10;
	ledger_worker(ledger, 1)->received = 20;
	ledger_worker(ledger, 1)->accepted = 17;
	ledger_worker(ledger, 1)->dropped[DROP_NO_VNI] = 2;
	ledger_worker(ledger, 1)->dropped[DROP_NO_BUFFER] = 1;
	ledger_worker(ledger, 1)->clipped = 4;
	ledger_writer(ledger, 0)->written = 80;
	ledger_writer(ledger, 0)->write_failed = 3;
	ledger_writer(ledger, 0)->bytes = 8000;
	ledger_writer(ledger, 1)->written = 17;
	ledger_session_worker(ledger, 0)[0].whole = 60;
	ledger_session_worker(ledger, 1)[0].whole = 5;
	ledger_session_writer(ledger, 0)[0].written = 80;
	ledger_session_writer(ledger, 1)[0].written = 17;
	ledger_nic(ledger)->missed = 12;
	ledger_nic(ledger)->errors = LEDGER_UNKNOWN;
	ledger_custody(ledger)->pending_files = 3;
	return ledger;
}

static char *text_of(const struct ledger *ledger)
{
	struct ledger_report report;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	ledger_report_read(&report, ledger);
	ledger_report_text(&report, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static json_t *json_of(const struct ledger *ledger)
{
	struct ledger_report report;
	json_error_t error;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	json_t *json;

	assert_non_null(out);
	ledger_report_read(&report, ledger);
	assert_int_equal(ledger_report_json(&report, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_ptr_equal(strchr(text, '\n'), text + bytes - 1);
	json = json_loads(text, 0, &error);
	assert_non_null(json);
	free(text);
	return json;
}

static json_int_t number(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void json_sums_the_slots(void **state)
{
	struct ledger *ledger = two_workers();
	json_t *json = json_of(ledger);
	json_t *dropped = json_object_get(json, "dropped");
	json_t *nic = json_object_get(json, "nic");

	assert_int_equal(number(json, "received"), 120);
	assert_int_equal(number(json, "written"), 97);
	assert_int_equal(number(json, "in_flight"), 7);
	assert_int_equal(number(json, "clipped"), 4);
	assert_int_equal(number(dropped, "no_vni"), 12);
	assert_int_equal(number(dropped, "no_buffer"), 1);
	assert_int_equal(number(dropped, "write_failed"), 3);
	assert_int_equal(json_object_size(dropped), DROP_REASON_COUNT);
	assert_int_equal(number(nic, "missed"), 12);
	assert_true(json_is_null(json_object_get(nic, "errors")));
	assert_int_equal(number(json_object_get(json, "custody"), "pending_files"), 3);
	assert_true(json_is_null(json_object_get(json_object_get(json, "custody"), "manifests")));
	assert_true(json_is_true(json_object_get(json, "balanced")));
	assert_true(json_is_false(json_object_get(json, "torn")));
	json_decref(json);
	ledger_close(ledger);
}

static void json_names_the_sessions(void **state)
{
	struct ledger *ledger = two_workers();
	json_t *json = json_of(ledger);
	json_t *sessions = json_object_get(json, "sessions");
	json_t *web = json_array_get(sessions, 0), *other = json_array_get(sessions, 1);

	assert_int_equal(json_array_size(sessions), 2);
	assert_string_equal(json_string_value(json_object_get(web, "name")), "web");
	assert_int_equal(number(web, "virtual_network_id"), 7);
	assert_int_equal(number(web, "packet_length"), 128);
	assert_true(json_is_null(json_object_get(web, "source_ip")));
	assert_int_equal(number(web, "written"), 97);
	assert_int_equal(number(web, "whole"), 65);
	assert_string_equal(json_string_value(json_object_get(other, "source_ip")), "10.0.0.5");
	assert_true(json_is_null(json_object_get(other, "packet_length")));
	json_decref(json);
	ledger_close(ledger);
}

static void text_tells_what_is_not_zero(void **state)
{
	struct ledger *ledger = two_workers();
	char *text = text_of(ledger);

	assert_non_null(strstr(text, "no free chunk: the disk is slower than the traffic"));
	assert_null(strstr(text, drop_reason_name(DROP_FRAGMENT)));
	assert_non_null(strstr(text, "NIC missed                    12\n"));
	assert_non_null(strstr(text, "NIC errors               unknown\n"));
	assert_non_null(strstr(text, "web "));
	assert_non_null(strstr(text, "without packets: 1\n"));
	assert_non_null(strstr(text, "\nbalanced: "));
	free(text);
	ledger_close(ledger);
}

static void failures_and_clock_steps_are_told(void **state)
{
	struct ledger *ledger = two_workers();
	char *text = text_of(ledger);
	json_t *json = json_of(ledger);

	assert_null(strstr(text, "files that failed"));
	assert_null(strstr(text, "clock"));
	assert_true(json_is_null(json_object_get(json_object_get(json, "storage"), "last_error")));
	assert_true(json_is_null(json_object_get(json_object_get(json, "clock"), "last_step_ns")));
	free(text);
	json_decref(json);
	ledger_writer(ledger, 1)->failures = 3;
	ledger_writer(ledger, 1)->failing = 2;
	ledger_writer(ledger, 1)->last_error = ENOSPC;
	*ledger_clock(ledger) = (struct ledger_clock){1, -1500000000, 1700000000000000000};
	text = text_of(ledger);
	json = json_of(ledger);
	assert_non_null(strstr(text, "files that failed               3\n"));
	assert_non_null(strstr(text, "failing now                  2  sessions or streams; the "
				     "latest error: No space left on device\n"));
	assert_non_null(strstr(text, "clock steps                    1\n"));
	assert_non_null(strstr(text, "the latest: -1.500 s, to 1700000000.000 s since 1970\n"));
	assert_int_equal(number(json_object_get(json, "storage"), "failing_streams"), 2);
	assert_int_equal(number(json_object_get(json, "storage"), "failures"), 3);
	assert_int_equal(number(json_object_get(json, "clock"), "steps"), 1);
	assert_true(number(json_object_get(json, "clock"), "last_step_ns") == -1500000000);
	assert_true(number(json_object_get(json, "clock"), "last_step_to_ns") ==
		    1700000000000000000);
	free(text);
	json_decref(json);
	ledger_close(ledger);
}

static void a_lost_packet_is_not_balanced(void **state)
{
	struct ledger *ledger = two_workers();
	char *text;
	json_t *json;

	ledger_worker(ledger, 0)->received++;
	text = text_of(ledger);
	json = json_of(ledger);
	assert_non_null(strstr(text, "\nNOT BALANCED: "));
	assert_true(json_is_false(json_object_get(json, "balanced")));
	json_decref(json);
	free(text);
	ledger_close(ledger);
}

static void a_torn_slot_is_said(void **state)
{
	struct ledger *ledger = two_workers();
	char *text;

	ledger_begin(&ledger_worker(ledger, 0)->sequence);
	text = text_of(ledger);
	assert_non_null(strstr(text, "ended in the middle of a count"));
	free(text);
	ledger_close(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_sums_the_slots),
		cmocka_unit_test(json_names_the_sessions),
		cmocka_unit_test(text_tells_what_is_not_zero),
		cmocka_unit_test(failures_and_clock_steps_are_told),
		cmocka_unit_test(a_lost_packet_is_not_balanced),
		cmocka_unit_test(a_torn_slot_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
