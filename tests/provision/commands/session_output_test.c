/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/session_output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the table of these sessions says; free() it. */
static char *table_of(struct mirror_session *sessions, size_t count)
{
	const struct mirror_session_list list = {sessions, count};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(session_output_list(out, SESSION_OUTPUT_TEXT, &list), 0);
	fclose(out);
	print_message("%s", text);
	return text;
}

static void no_cell_reaches_the_terminal_raw(void **state)
{
	char evil[] = "a\033[2J\nb\302\233c\177";
	char *cells[6] = {0};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct mirror_session session = {0};
		char *text;

		memset(cells, 0, sizeof(cells));
		cells[i] = evil;
		session.traffic_mirror_session_id = cells[0];
		session.network_interface_id = cells[1];
		session.traffic_mirror_target_id = cells[2];
		session.traffic_mirror_filter_id = cells[3];
		session.description = cells[4];
		session.owner_id = cells[5]; /* the table leaves it out */
		text = table_of(&session, 1);
		assert_null(strpbrk(text, "\033\177"));
		assert_null(strstr(text, "\302\233"));
		assert_int_equal(!strstr(text, "a?[2J?b?c?"), i == 5);
		/* The head and one row. */
		assert_string_equal(strchr(strchr(text, '\n') + 1, '\n'), "\n");
		free(text);
	}
}

static void columns_stand_below_each_other(void **state)
{
	char plain[] = "tms-0a1b2c3d", evil[] = "tms-\302\233\302\2331b2c",
	     accent[] = "tms-\303\251";
	char *const ids[] = {plain, evil, accent};
	struct mirror_session sessions[3] = {0};
	char *text, *line, *rest;

	for (int i = 0; i < 3; i++)
		sessions[i].traffic_mirror_session_id = ids[i];
	text = table_of(sessions, 3);
	rest = text;
	line = strsep(&rest, "\n");
	assert_int_equal(strstr(line, "INTERFACE") - line, 14);
	line = strsep(&rest, "\n");
	assert_int_equal(strstr(line, "  -") - line, 12);
	line = strsep(&rest, "\n");
	assert_int_equal(strstr(line, "-  ") - line, 14);
	line = strsep(&rest, "\n");
	/* One character of two bytes. */
	assert_int_equal(strstr(line, "-  ") - line, 15);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_cell_reaches_the_terminal_raw),
		cmocka_unit_test(columns_stand_below_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
