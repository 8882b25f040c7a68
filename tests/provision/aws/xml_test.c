/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/xml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "provision/aws/buffer.h"

static int parse(const char *text, struct xml_document **document)
{
	*document = NULL;
	return xml_parse(text, strlen(text), document);
}

static void refuses_broken_documents(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} table[] = {
		{"", -EBADMSG},
		{" ", -EBADMSG},
		{"text", -EBADMSG},
		{"<a>", -EBADMSG},
		{"<a><b></a>", -EBADMSG},
		{"<a/><b/>", -EBADMSG},
		{"<a/>tail", -EBADMSG},
		{"<a x=1/>", -EBADMSG},
		{"<a>\x01</a>", -EBADMSG},
		{"<a>\xff</a>", -EBADMSG},
		{"<a>&unknown;</a>", -EBADMSG},
		{"<a>&#0;</a>", -EBADMSG},
		{"<!DOCTYPE a><a/>", -EBADMSG},
		{"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", -EBADMSG},
		{"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", -EBADMSG},
		/* Every level ten times the one below. */
		{"<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">"
		 "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;\">]>"
		 "<a>&e;&e;&e;&e;&e;</a>",
		 -EBADMSG},
		{"<?xml version=\"1.0\" encoding=\"none-such\"?><a>\xe9</a>", -EBADMSG},
	};
	struct xml_document *document;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		print_message("# %s\n", table[i].text);
		assert_int_equal(parse(table[i].text, &document), table[i].rc);
		assert_null(document);
	}
}

static void refuses_every_prefix(void **state)
{
	static const char text[] = "<?xml version=\"1.0\"?><a x=\"1\"><b>&lt;t</b><c/></a>";
	struct xml_document *document;

	for (size_t length = 0; length < sizeof(text) - 1; length++) {
		/* Of exactly that size, so that a sanitizer sees one byte too many. */
		char *copy = malloc(length ? length : 1);

		assert_non_null(copy);
		memcpy(copy, text, length);
		assert_int_equal(xml_parse(copy, length, &document), -EBADMSG);
		free(copy);
	}
	assert_int_equal(parse(text, &document), 0);
	xml_free(document);
}

static int parse_nested(int depth)
{
	struct buffer text = {0};
	struct xml_document *document = NULL;
	int rc;

	for (int i = 0; i < depth; i++)
		buffer_text(&text, "<a>");
	for (int i = 0; i < depth; i++)
		buffer_text(&text, "</a>");
	rc = xml_parse(text.data, text.length, &document);
	xml_free(document);
	buffer_fini(&text);
	return rc;
}

static void limits_depth(void **state)
{
	assert_int_equal(parse_nested(XML_MAX_DEPTH), 0);
	assert_int_equal(parse_nested(XML_MAX_DEPTH + 1), -EMSGSIZE);
	assert_int_equal(parse_nested(100000), -EMSGSIZE);
}

/* A document of one root and count times the piece. */
static int parse_repeated(const char *piece, int count)
{
	struct buffer text = {0};
	struct xml_document *document = NULL;
	int rc;

	buffer_text(&text, "<r>");
	for (int i = 0; i < count; i++)
		buffer_text(&text, piece);
	buffer_text(&text, "</r>");
	rc = xml_parse(text.data, text.length, &document);
	xml_free(document);
	buffer_fini(&text);
	return rc;
}

static void limits_elements_and_size(void **state)
{
	assert_int_equal(parse_repeated("<a/>", XML_MAX_ELEMENTS - 1), 0);
	assert_int_equal(parse_repeated("<a/>", XML_MAX_ELEMENTS), -EMSGSIZE);
	assert_int_equal(parse_repeated("<a b=''/>", XML_MAX_ELEMENTS / 2 + 1), -EMSGSIZE);
	assert_int_equal(parse_repeated("12345678", XML_MAX_BYTES / 8), -EMSGSIZE);
	assert_int_equal(parse_repeated("12345678", XML_MAX_BYTES / 8 - 1), 0);
}

static void walks(void **state)
{
	const struct xml_element *root, *item;
	struct xml_document *document;

	assert_int_equal(
		parse("<?xml version=\"1.0\"?>\n<?pi?><r xmlns=\"http://ec2/\">\n<!-- c -->"
		      " <item><n>1</n></item> <other/> <item><n>2</n></item><empty/>"
		      "<blank>  </blank><t>a &amp; b<!-- c --> &#x263A;<![CDATA[<d>]]></t>"
		      "<deep><t>no</t></deep></r>",
		      &document),
		0);
	root = xml_root(document);
	assert_true(xml_is(root, "r"));
	assert_false(xml_is(root, "R"));
	item = xml_child(root, "item");
	assert_string_equal(xml_text(item, "n"), "1");
	item = xml_next(item);
	assert_string_equal(xml_text(item, "n"), "2");
	assert_null(xml_next(item));
	assert_string_equal(xml_text(root, "empty"), "");
	assert_string_equal(xml_text(root, "blank"), "  ");
	assert_string_equal(xml_text(root, "t"), "a & b \xe2\x98\xba<d>");
	assert_string_equal(xml_text(root, "deep"), "");
	assert_null(xml_text(root, "n"));
	assert_null(xml_child(xml_child(root, "none"), "n"));
	assert_null(xml_text(NULL, "n"));
	xml_free(document);
	xml_free(NULL);
}

static void reads_numbers(void **state)
{
	static const struct {
		const char *text;
		uint32_t max;
		int rc;
		uint32_t number;
	} table[] = {
		{"<r/>", 10, -ENOENT, 0},
		{"<r><n/></r>", 10, -ENOENT, 0},
		{"<r><n>0</n></r>", 10, 0, 0},
		{"<r><n>10</n></r>", 10, 0, 10},
		{"<r><n>11</n></r>", 10, -EBADMSG, 0},
		{"<r><n>-1</n></r>", 10, -EBADMSG, 0},
		{"<r><n>+1</n></r>", 10, -EBADMSG, 0},
		{"<r><n> 1</n></r>", 10, -EBADMSG, 0},
		{"<r><n>1x</n></r>", 10, -EBADMSG, 0},
		{"<r><n>0x1</n></r>", 10, -EBADMSG, 0},
		{"<r><n>4294967295</n></r>", UINT32_MAX, 0, UINT32_MAX},
		{"<r><n>4294967296</n></r>", UINT32_MAX, -EBADMSG, 0},
		{"<r><n>99999999999999999999999999</n></r>", UINT32_MAX, -EBADMSG, 0},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct xml_document *document;
		uint32_t number = 0;

		assert_int_equal(parse(table[i].text, &document), 0);
		assert_int_equal(xml_number(xml_root(document), "n", table[i].max, &number),
				 table[i].rc);
		assert_int_equal(number, table[i].number);
		xml_free(document);
	}
}

/* libxml2 would complain of the encoding on stderr. */
static void is_silent(void **state)
{
	static const char wrong[] = "<?xml version=\"1.0\" encoding=\"EUC-JP\"?><a>\xff\xff</a>";
	struct xml_document *document = NULL;
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	long printed;

	assert_non_null(file);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	assert_int_equal(xml_parse(wrong, sizeof(wrong) - 1, &document), -EBADMSG);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	printed = lseek(fileno(file), 0, SEEK_END);
	fclose(file);
	assert_int_equal(printed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_broken_documents),
		cmocka_unit_test(refuses_every_prefix),
		cmocka_unit_test(limits_depth),
		cmocka_unit_test(limits_elements_and_size),
		cmocka_unit_test(walks),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
