/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/operation_output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct operation_command *command_of(const char *noun, const char *verb)
{
	const struct operation_command *row = operation_table;

	while (row->noun && (strcmp(row->noun, noun) != 0 || strcmp(row->verb, verb) != 0))
		row++;
	assert_non_null(row->noun);
	return row;
}

/* What is printed of the output, JSON with ' for "; free() it. */
static char *print(const char *noun, const char *verb, enum operation_form form, const char *output)
{
	char *text = NULL, *copy = strdup(output);
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	json_t *value;

	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	value = json_loads(copy, 0, NULL);
	assert_non_null(value);
	assert_int_equal(operation_output(out, form, command_of(noun, verb), value), 0);
	fclose(out);
	json_decref(value);
	free(copy);
	return text;
}

static void prints_for_people(void **state)
{
	static const struct {
		const char *noun, *verb;
		enum operation_form form;
		const char *output, *text;
	} table[] = {
		{"session", "list", OPERATION_TEXT, "{'TrafficMirrorSessions':[]}",
		 "SESSION  INTERFACE  TARGET  FILTER  NUMBER  VNI  LENGTH  DESCRIPTION\n"},
		{"session", "list", OPERATION_TABLE,
		 "{'TrafficMirrorSessions':[{'TrafficMirrorSessionId':'tms-1','SessionNumber':7}]}",
		 "SESSION  INTERFACE  TARGET  FILTER  NUMBER  VNI  LENGTH  DESCRIPTION\n"
		 "tms-1    -          -       -       7       -    -       -\n"},
		{"session", "show", OPERATION_TEXT,
		 "{'TrafficMirrorSessions':[{'TrafficMirrorSessionId':'tms-1','Description':'',"
		 "'Tags':[{'Key':'a','Value':'b'},{'Key':'c','Value':''}]}]}",
		 "traffic mirror session id  tms-1\n"
		 "description                -\n"
		 "tag                        a=b\n"
		 "tag                        c=\n"},
		{"filter", "show", OPERATION_TEXT,
		 "{'TrafficMirrorFilters':[{'TrafficMirrorFilterId':'tmf-1','EgressFilterRules':[],"
		 "'NetworkServices':['amazon-dns'],'IngressFilterRules':[{'RuleNumber':10,"
		 "'RuleAction':'reject','Protocol':17,'SourceCidrBlock':'0.0.0.0/0',"
		 "'DestinationPortRange':{'FromPort':4789,'ToPort':4789}}]}]}",
		 "traffic mirror filter id  tmf-1\n"
		 "network services          amazon-dns\n"
		 "\ningress filter rules:\n"
		 "NUMBER  ACTION  PROTOCOL  SOURCE     PORTS  DESTINATION  PORTS      RULE  "
		 "DESCRIPTION\n"
		 "10      reject  17        0.0.0.0/0  -      -            4789-4789  -     -\n"},
		{"target", "create", OPERATION_TEXT,
		 "{'TrafficMirrorTarget':{'TrafficMirrorTargetId':'tmt-1'},'ClientToken':'t'}",
		 "traffic mirror target id  tmt-1\n"
		 "client token              t\n"},
		{"target-group", "health", OPERATION_TEXT,
		 "{'TargetHealthDescriptions':[{'Target':{'Id':'i-1','Port':4789},'TargetHealth':"
		 "{'State':'unhealthy.draining'}}]}",
		 "TARGET  PORT  ZONE  STATE               REASON  DESCRIPTION\n"
		 "i-1     4789  -     unhealthy.draining  -       -\n"},
		{"listener", "list", OPERATION_TEXT,
		 "{'Listeners':[{'ListenerArn':'l','Port':4789,'DefaultActions':[{'Type':"
		 "'forward','TargetGroupArn':'g'}]}]}",
		 "PROTOCOL  PORT  TARGET GROUP  ARN\n"
		 "-         4789  g             l\n"},
		{"load-balancer", "attributes", OPERATION_TEXT,
		 "{'Attributes':[{'Key':'a.b','Value':'true'},{'Key':'c','Value':''}]}",
		 "KEY  VALUE\n"
		 "a.b  true\n"
		 "c    -\n"},
		{"target-group", "modify", OPERATION_TEXT,
		 "{'Attributes':[{'Key':'a','Value':'1'},{'Key':'b','Value':'2'}]}",
		 "KEY  VALUE\n"
		 "a    1\n"
		 "b    2\n"},
		/* A create's list is of one. */
		{"listener", "create", OPERATION_TEXT, "{'Listeners':[{'ListenerArn':'l'}]}",
		 "listener arn  l\n"},
		/* Nothing to tell is nothing, as with AWS CLI. */
		{"listener", "delete", OPERATION_JSON, "{}", ""},
		{"listener", "delete", OPERATION_TABLE, "{}", ""},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *text = print(table[i].noun, table[i].verb, table[i].form, table[i].output);

		assert_string_equal(text, table[i].text);
		free(text);
	}
}

static void no_cell_reaches_the_terminal_raw(void **state)
{
	static const char *const members[] = {"TrafficMirrorSessionId", "NetworkInterfaceId",
					      "TrafficMirrorTargetId", "Description", "OwnerId"};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		char output[256], *text;

		snprintf(output, sizeof(output),
			 "{'TrafficMirrorSessions':[{'%s':'a\\u001b[2J\\nb\\u009bc\\u007f'}]}",
			 members[i]);
		text = print("session", "list", OPERATION_TEXT, output);
		assert_null(strpbrk(text, "\033\177"));
		assert_null(strstr(text, "\302\233"));
		/* The table leaves the owner out. */
		assert_int_equal(!strstr(text, "a?[2J?b?c?"), i == 4);
		/* The head and one row. */
		assert_string_equal(strchr(strchr(text, '\n') + 1, '\n'), "\n");
		free(text);
		text = print("session", "show", OPERATION_TEXT, output);
		assert_null(strpbrk(text, "\033\177"));
		assert_non_null(strstr(text, "a?[2J?b?c?"));
		free(text);
	}
}

static void columns_stand_below_each_other(void **state)
{
	char *text = print("session", "list", OPERATION_TEXT,
			   "{'TrafficMirrorSessions':[{'TrafficMirrorSessionId':'tms-0a1b2c3d'},"
			   "{'TrafficMirrorSessionId':'tms-\\u009b\\u009b1b2c'},"
			   "{'TrafficMirrorSessionId':'tms-\\u00e9'}]}");
	char *line, *rest = text;

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

/* Nor do they reach a terminal as JSON; what reads JSON gets them as they were. */
static void escapes_controls_in_json(void **state)
{
	char *text = print("session", "show", OPERATION_JSON,
			   "{'a':'\\u009b2J\\u007f\\u0080\\u0007\\u00a0\\u00e9'}");

	assert_string_equal(text, "{\n    \"a\": \"\\u009b2J\\u007f\\u0080\\u0007\xc2\xa0\xc3\xa9\""
				  "\n}\n");
	free(text);
}

static void finds_ids(void **state)
{
	json_t *one = json_pack("{s:{s:s}}", "TrafficMirrorSession", "TrafficMirrorSessionId", "a");
	json_t *list =
		json_pack("{s:[{s:s}]}", "TrafficMirrorSessions", "TrafficMirrorSessionId", "b");
	json_t *bare = json_pack("{s:s}", "TrafficMirrorSessionId", "c");
	json_t *empty = json_object();

	assert_string_equal(operation_output_id(command_of("session", "create"), one), "a");
	assert_string_equal(operation_output_id(command_of("session", "list"), list), "b");
	assert_string_equal(operation_output_id(command_of("session", "delete"), bare), "c");
	assert_null(operation_output_id(command_of("session", "create"), empty));
	assert_null(operation_output_id(command_of("listener", "delete"), empty));
	json_decref(one);
	json_decref(list);
	json_decref(bare);
	json_decref(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_for_people),
		cmocka_unit_test(no_cell_reaches_the_terminal_raw),
		cmocka_unit_test(columns_stand_below_each_other),
		cmocka_unit_test(escapes_controls_in_json),
		cmocka_unit_test(finds_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
