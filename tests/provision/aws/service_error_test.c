/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/service_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *body;
	const char *code, *message, *request_id;
	const char *remedy; /* a part of it */
} table[] = {
	/* Broken, cut or foreign answers. */
	{"", "", "not an AWS error document", "header-id", "endpoint URL"},
	{"<html><body>Bad Gateway</body></html>", "", "not an AWS error", "header-id", ""},
	{"<Response><Errors><Error><Code>X</Code>", "", "not an AWS error", "header-id", ""},
	{"<Response><Errors/></Response>", "", "not an AWS error", "header-id", ""},
	{"<Response><Errors><Error><Code/></Error></Errors></Response>", "", "not an AWS error",
	 "header-id", ""},
	/* EC2's shape, as its API reference shows it. */
	{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>"
	 "<Code>InvalidTrafficMirrorSessionId.NotFound</Code><Message>The id 'tms-1' does not exist"
	 "</Message></Error></Errors><RequestID>ea966190-f9aa-478e-9ede-example</RequestID>"
	 "</Response>",
	 "InvalidTrafficMirrorSessionId.NotFound", "The id 'tms-1' does not exist",
	 "ea966190-f9aa-478e-9ede-example", "--region"},
	/* The load balancers' shape. */
	{"<ErrorResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"><Error>"
	 "<Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
	 "<RequestId>r-2</RequestId></ErrorResponse>",
	 "Throttling", "Rate exceeded", "r-2", ""},
	{"<Response><Errors><Error><Code>SignatureDoesNotMatch</Code></Error></Errors></Response>",
	 "SignatureDoesNotMatch", "", "header-id", "clock"},
	{"<Response><Errors><Error><Code>RequestExpired</Code></Error></Errors></Response>",
	 "RequestExpired", "", "header-id", "clock"},
	{"<Response><Errors><Error><Code>TrafficMirrorSessionsPerInterfaceLimitExceeded</Code>"
	 "</Error></Errors></Response>",
	 "TrafficMirrorSessionsPerInterfaceLimitExceeded", "", "header-id", "delete one"},
	{"<Response><Errors><Error><Code>InvalidParameterValue</Code><Message>Session number 1 is "
	 "already in use</Message></Error></Errors></Response>",
	 "InvalidParameterValue", "Session number 1 is already in use", "header-id",
	 "choose another --session-number"},
	{"<Response><Errors><Error><Code>SomethingNew</Code><Message>m &lt;&amp;</Message></Error>"
	 "</Errors></Response>",
	 "SomethingNew", "m <&", "header-id", ""},
};

static void decodes(void **state)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct failure failure;

		service_error_decode(table[i].body, strlen(table[i].body), 418, "header-id",
				     &failure);
		assert_int_equal(failure.kind, FAILURE_SERVICE);
		assert_int_equal(failure.http_status, 418);
		assert_string_equal(failure.code, table[i].code);
		assert_non_null(strstr(failure.message, table[i].message));
		assert_string_equal(failure.request_id, table[i].request_id);
		assert_non_null(strstr(failure.remedy, table[i].remedy));
	}
}

static void cuts_long_texts(void **state)
{
	static char body[9000];
	struct failure failure;
	size_t length;

	memset(body, 'x', sizeof(body));
	length = sizeof("<R><Error><Code>") - 1;
	memcpy(body, "<R><Error><Code>", length);
	memcpy(body + 3000, "</Code><Message>", 16);
	memcpy(body + 8900, "</Message></Error></R>", 22);
	service_error_decode(body, 8922, 400, "", &failure);
	assert_int_equal(strlen(failure.code), sizeof(failure.code) - 1);
	assert_int_equal(strlen(failure.message), sizeof(failure.message) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(cuts_long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
