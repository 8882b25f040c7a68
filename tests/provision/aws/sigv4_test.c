/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/sigv4.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sigv4_vectors.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define DATE   "20150830T123600Z"

enum { TIME = 1440938160 }; /* 2015-08-30T12:36:00Z */

static const struct sigv4_key key = {"AKIDEXAMPLE", SECRET};

static void sha256_hex(const struct buffer *data, char hex[65])
{
	unsigned char hash[32];

	assert_true(EVP_Digest(data->data, data->length, hash, NULL, EVP_sha256(), NULL));
	for (int i = 0; i < 32; i++)
		snprintf(hex + (ptrdiff_t)2 * i, 3, "%02x", hash[i]);
}

/* A published or independently computed request, with what its stages must give. */
struct vector {
	const char *name;
	struct sigv4_request request;
	const char *service;
	const char *canonical_hash; /* NULL: not published */
	const char *signature;
};

#define HEADERS(...)                               \
	(const struct http_header[]){__VA_ARGS__}, \
		sizeof((const struct http_header[]){__VA_ARGS__}) / sizeof(struct http_header)

#define SUITE_HEADERS                      \
	{"Host", "example.amazonaws.com"}, \
	{                                  \
		"X-Amz-Date", DATE         \
	}

static const char ec2_body[] =
	"Action=CreateTrafficMirrorSession&Version=2016-11-15"
	"&NetworkInterfaceId=eni-070203f901EXAMPLE&TrafficMirrorTargetId=tmt-07f75d8feeEXAMPLE"
	"&TrafficMirrorFilterId=tmf-04812ff784EXAMPLE&SessionNumber=1"
	"&ClientToken=11111111-2222-4333-8444-555555555555";

#define EC2_HEADERS                                                           \
	{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}, \
		{"host", "ec2.us-east-1.amazonaws.com"},                      \
	{                                                                     \
		"x-amz-date", DATE                                            \
	}

static const struct vector vectors[] = {
	/* EC2's own: what a real client sends. */
	{"ec2 create",
	 {"POST", "/", "", HEADERS(EC2_HEADERS), ec2_body, sizeof(ec2_body) - 1},
	 "ec2",
	 "2021c038129c251f826b44c980c77ea9f8927c1cbd32aa161f91668b0a8e9dcc",
	 "3f942a0f2808dda2b4953cfe0733944e7298c8cbeb51af2353c478ccb9a7246b"},
	{"ec2 create, its headers in another order",
	 {"POST", "/", "",
	  HEADERS({"X-Amz-Date", DATE}, {"Host", "ec2.us-east-1.amazonaws.com"},
		  {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}),
	  ec2_body, sizeof(ec2_body) - 1},
	 "ec2",
	 "2021c038129c251f826b44c980c77ea9f8927c1cbd32aa161f91668b0a8e9dcc",
	 "3f942a0f2808dda2b4953cfe0733944e7298c8cbeb51af2353c478ccb9a7246b"},
	{"ec2 create with a session token",
	 {"POST", "/", NULL,
	  HEADERS(EC2_HEADERS, {"x-amz-security-token", "SESSIONTOKENEXAMPLE=="}), ec2_body,
	  sizeof(ec2_body) - 1},
	 "ec2",
	 NULL,
	 "a34c8968699db54751b6f1f466a8d66e3bed6b5c7fb01704ce7211989b6b8737"},
	/* AWS General Reference, "Signature Version 4 signing process", iam:ListUsers. */
	{"iam list users",
	 {"GET", "/", "Action=ListUsers&Version=2010-05-08",
	  HEADERS({"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
		  {"Host", "iam.amazonaws.com"}, {"X-Amz-Date", DATE}),
	  NULL, 0},
	 "iam",
	 "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59",
	 "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
	/* AWS's Signature Version 4 test suite. */
	{"get-vanilla",
	 {"GET", "/", "", HEADERS(SUITE_HEADERS), NULL, 0},
	 "service",
	 "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
	 "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"post-vanilla",
	 {"POST", "/", "", HEADERS(SUITE_HEADERS), NULL, 0},
	 "service",
	 NULL,
	 "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{"get-vanilla-query-order-key-case",
	 {"GET", "/", "Param2=value2&Param1=value1", HEADERS(SUITE_HEADERS), NULL, 0},
	 "service",
	 NULL,
	 "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{"get-header-value-trim",
	 {"GET", "/", "",
	  HEADERS({"Host", "example.amazonaws.com"}, {"My-Header1", " value1"},
		  {"My-Header2", " \"a   b   c\""}, {"X-Amz-Date", DATE}),
	  NULL, 0},
	 "service",
	 NULL,
	 "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
	{"get-header-key-duplicate",
	 {"GET", "/", "",
	  HEADERS({"Host", "example.amazonaws.com"}, {"My-Header1", "value2"},
		  {"My-Header1", "value2"}, {"My-Header1", "value1"}, {"X-Amz-Date", DATE}),
	  NULL, 0},
	 "service",
	 NULL,
	 "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
};

static void check_vector(const struct vector *vector)
{
	const struct sigv4_scope scope = {TIME, "us-east-1", vector->service};
	struct buffer canonical = {0}, names = {0}, text = {0}, authorization = {0};
	char hash[65], signature[SIGV4_SIGNATURE_BYTES];

	print_message("# %s\n", vector->name);
	assert_int_equal(sigv4_canonical_request(&vector->request, &canonical, &names), 0);
	sha256_hex(&canonical, hash);
	if (vector->canonical_hash)
		assert_string_equal(hash, vector->canonical_hash);
	assert_int_equal(sigv4_string_to_sign(&scope, &canonical, &text), 0);
	assert_non_null(strstr(text.data, hash));
	assert_int_equal(sigv4_signature(&scope, SECRET, &text, signature), 0);
	assert_string_equal(signature, vector->signature);
	/* The stages in one give the same. */
	assert_int_equal(sigv4_sign(&vector->request, &scope, &key, &authorization), 0);
	assert_non_null(strstr(authorization.data, vector->signature));
	buffer_fini(&authorization);
	buffer_fini(&text);
	buffer_fini(&names);
	buffer_fini(&canonical);
}

static void signs_published_requests(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		check_vector(&vectors[i]);
}

static void writes_each_stage(void **state)
{
	const struct sigv4_scope scope = {TIME, "us-east-1", "ec2"};
	struct buffer canonical = {0}, names = {0}, text = {0}, authorization = {0};

	assert_int_equal(sigv4_canonical_request(&vectors[0].request, &canonical, &names), 0);
	assert_string_equal(names.data, "content-type;host;x-amz-date");
	assert_string_equal(canonical.data,
			    "POST\n/\n\n"
			    "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
			    "host:ec2.us-east-1.amazonaws.com\nx-amz-date:" DATE "\n\n"
			    "content-type;host;x-amz-date\n"
			    "c729b47c680957bfab8502cab9c2f43af9272e2c26eae104889526414b3d6356");
	assert_int_equal(sigv4_string_to_sign(&scope, &canonical, &text), 0);
	assert_string_equal(text.data,
			    "AWS4-HMAC-SHA256\n" DATE "\n20150830/us-east-1/ec2/aws4_request\n"
			    "2021c038129c251f826b44c980c77ea9f8927c1cbd32aa161f91668b0a8e9dcc");
	sigv4_authorization(&scope, "AKIDEXAMPLE", names.data, "0123", &authorization);
	assert_string_equal(authorization.data,
			    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ec2/"
			    "aws4_request, SignedHeaders=content-type;host;x-amz-date, "
			    "Signature=0123");
	buffer_fini(&authorization);
	buffer_fini(&text);
	buffer_fini(&names);
	buffer_fini(&canonical);
}

/* Gives line number of the canonical request of a request that has a host only. */
static void canonical_line(const char *path, const char *query, int number, char *line, size_t size)
{
	const struct sigv4_request request = {"GET", path, query, HEADERS({"host", "h"}), NULL, 0};
	struct buffer canonical = {0}, names = {0};
	const char *start;

	assert_int_equal(sigv4_canonical_request(&request, &canonical, &names), 0);
	start = canonical.data;
	while (number--)
		start = strchr(start, '\n') + 1;
	snprintf(line, size, "%.*s", (int)strcspn(start, "\n"), start);
	buffer_fini(&names);
	buffer_fini(&canonical);
}

static void normalises_paths(void **state)
{
	static const char *const table[][2] = {
		{"/", "/"},
		{"", "/"},
		{"//", "/"},
		{"/./", "/"},
		{"/example/..", "/"},
		{"/example1/example2/../..", "/"},
		{"/../../x", "/x"},
		{"/./example", "/example"},
		{"//example//", "/example/"},
		{"/a/b/../c/", "/a/c/"},
		{"/-._~0129azAZ", "/-._~0129azAZ"},
		/* Encoded once on the way, once more for signing. */
		{"/example%20space/", "/example%2520space/"},
		{"/\xe1\x88\xb4", "/%E1%88%B4"},
		{"/a=b,c", "/a%3Db%2Cc"},
		{"/...", "/..."},
	};
	char line[128];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		canonical_line(table[i][0], "", 1, line, sizeof(line));
		assert_string_equal(line, table[i][1]);
	}
}

static void sorts_and_encodes_parameters(void **state)
{
	static const char *const table[][2] = {
		{"", ""},
		{"b=2&a=1", "a=1&b=2"},
		{"a=2&a=1", "a=1&a=2"},
		/* By name first: '=' is above '1' in ASCII. */
		{"a1=x&a=y", "a=y&a1=x"},
		{"b&a=", "a=&b="},
		{"a=b=c", "a=b%3Dc"},
		{"&&a=1&", "a=1"},
		{"A=1&a=2", "A=1&a=2"},
		{"x=%7e%2f%2F", "x=~%2F%2F"},
		{"x=%zz%", "x=%25zz%25"},
		{"-._~=-._~", "-._~=-._~"},
		{"\xe1\x88\xb4=bar", "%E1%88%B4=bar"},
		{"x=a+b", "x=a%2Bb"},
	};
	char line[128];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		canonical_line("/", table[i][0], 2, line, sizeof(line));
		assert_string_equal(line, table[i][1]);
	}
}

static void writes_dates(void **state)
{
	char text[SIGV4_DATE_BYTES];

	sigv4_date(TIME, text);
	assert_string_equal(text, DATE);
	sigv4_date(0, text);
	assert_string_equal(text, "19700101T000000Z");
	sigv4_date(4102444799, text);
	assert_string_equal(text, "20991231T235959Z");
}

/* AWS General Reference, "Deriving the signing key", in its two versions. */
static void derives_documented_keys(void **state)
{
	static const struct {
		int64_t time;
		unsigned char key[32];
	} table[] = {
		{TIME, {0xc4, 0xaf, 0xb1, 0xcc, 0x57, 0x71, 0xd8, 0x71, 0x76, 0x3a, 0x39,
			0x3e, 0x44, 0xb7, 0x03, 0x57, 0x1b, 0x55, 0xcc, 0x28, 0x42, 0x4d,
			0x1a, 0x5e, 0x86, 0xda, 0x6e, 0xd3, 0xc1, 0x54, 0xa4, 0xb9}},
		{1329264000, /* 2012-02-15 */
		 {0xf4, 0x78, 0x0e, 0x2d, 0x9f, 0x65, 0xfa, 0x89, 0x5f, 0x9c, 0x67,
		  0xb3, 0x2c, 0xe1, 0xba, 0xf0, 0xb0, 0xd8, 0xa4, 0x35, 0x05, 0xa0,
		  0x00, 0xa1, 0xa9, 0xe0, 0x90, 0xd4, 0x14, 0xdb, 0x40, 0x4d}},
	};
	static const char text[] = "any text";

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct sigv4_scope scope = {table[i].time, "us-east-1", "iam"};
		char signature[SIGV4_SIGNATURE_BYTES], expected[65];
		struct buffer to_sign = {0};
		unsigned char mac[32];
		size_t length;

		buffer_text(&to_sign, text);
		assert_int_equal(sigv4_signature(&scope, SECRET, &to_sign, signature), 0);
		assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, table[i].key,
					  sizeof(table[i].key), (const unsigned char *)text,
					  strlen(text), mac, sizeof(mac), &length));
		for (int j = 0; j < 32; j++)
			snprintf(expected + (ptrdiff_t)2 * j, 3, "%02x", mac[j]);
		assert_string_equal(signature, expected);
		buffer_fini(&to_sign);
	}
}

/* Vectors of the user's, where there are any. */
static void signs_given_vectors(void **state)
{
	const char *directory = getenv("MIRRORCAP_SIGV4_VECTORS");

	if (!directory || !*directory) {
		print_message("# MIRRORCAP_SIGV4_VECTORS is not set: no further vectors\n");
		return;
	}
	sigv4_vectors_check(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_published_requests),
		cmocka_unit_test(writes_each_stage),
		cmocka_unit_test(normalises_paths),
		cmocka_unit_test(sorts_and_encodes_parameters),
		cmocka_unit_test(writes_dates),
		cmocka_unit_test(derives_documented_keys),
		cmocka_unit_test(signs_given_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
