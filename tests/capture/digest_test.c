/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 by FIPS 180-4's examples, in one and in several pieces; hexadecimal text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "capture/digest.h"

static const struct {
	const char *text, *hash;
} examples[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void check(const struct digest *digest, const char *hash)
{
	char text[DIGEST_TEXT_BYTES];

	digest_hex(digest->bytes, DIGEST_BYTES, text);
	assert_string_equal(text, hash);
}

static void hashes_in_one_piece(void **state)
{
	struct digest digest;

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		assert_int_equal(digest_of(examples[i].text, strlen(examples[i].text), &digest), 0);
		check(&digest, examples[i].hash);
	}
}

static void hashes_in_pieces(void **state)
{
	struct digest_state *hash = digest_begin();
	const char *text = examples[2].text;
	struct digest digest;

	assert_non_null(hash);
	assert_int_equal(digest_add(hash, "what is forgotten", 17), 0);
	assert_int_equal(digest_restart(hash), 0);
	for (size_t i = 0; text[i]; i++)
		assert_int_equal(digest_add(hash, text + i, 1), 0);
	assert_int_equal(digest_end(hash, &digest), 0);
	check(&digest, examples[2].hash);
	digest_abandon(digest_begin());
	digest_abandon(NULL);
}

static void compares(void **state)
{
	struct digest a = {{1}}, b = {{1}};

	assert_true(digest_equal(&a, &b));
	b.bytes[DIGEST_BYTES - 1] = 1;
	assert_false(digest_equal(&a, &b));
}

static void reads_hexadecimal_to_the_letter(void **state)
{
	static const char *const wrong[] = {"",     "0",    "00f",  "00ff0", "00ff00",
					    "00FF", "00fg", " 0ff", "0x00"};
	uint8_t data[2] = {0};

	assert_int_equal(digest_unhex("09af", data, sizeof(data)), 0);
	assert_int_equal(data[0], 0x09);
	assert_int_equal(data[1], 0xaf);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(digest_unhex(wrong[i], data, sizeof(data)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_in_one_piece),
		cmocka_unit_test(hashes_in_pieces),
		cmocka_unit_test(compares),
		cmocka_unit_test(reads_hexadecimal_to_the_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
