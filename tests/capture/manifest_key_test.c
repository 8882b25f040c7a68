/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys from files, and RFC 8032's first test vector (section 7.1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/digest.h"
#include "capture/manifest_key.h"
#include "tests/capture/recording.h"

static const char private_key[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
	"-----END PRIVATE KEY-----\n";
static const char public_key[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
				 "-----END PUBLIC KEY-----\n";
static const char public_hex[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
static const char signature_hex[] =
	"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b4"
	"6bd25bf5f0595bbe24655141438e7a100b";

/* Of another kind: an X25519 key, and one with a passphrase. */
static const char other_key[] = "-----BEGIN PRIVATE KEY-----\n"
				"MC4CAQAwBQYDK2VuBCIEIGBJ5XVLQzXuL3Zr7y9Yp5yTlQyPqZ0yHVhHyYNBMJpl\n"
				"-----END PRIVATE KEY-----\n";
static const char locked_key[] =
	"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
	"MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhmEY+CrlmIrwICCAAw\n"
	"DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMzLi27OdGBjd34xYK79oS0EQLIb\n"
	"KITpWm8KhWsQ6ytz060FTORxpwcZDGvYv/6ggavEa5mYeu3CHIvbdd/ilVMDwYA3\n"
	"+Ua+retaNHG5tTSQZxc=\n"
	"-----END ENCRYPTED PRIVATE KEY-----\n";

static char directory[RECORDING_PATH_BYTES];

static int make_directory(void **state)
{
	recording_directory(NULL, directory);
	return chdir(directory);
}

static int remove_directory(void **state)
{
	if (chdir("..") < 0)
		return -1;
	recording_remove(directory);
	return 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void signs_as_the_standard_does(void **state)
{
	uint8_t public[MANIFEST_KEY_BYTES], signature[MANIFEST_SIGNATURE_BYTES];
	char error[MANIFEST_KEY_ERROR_BYTES], text[2 * MANIFEST_SIGNATURE_BYTES + 1];
	struct manifest_key *key;

	put("key", private_key, 0600);
	put("key.pub", public_key, 0644);
	assert_int_equal(manifest_key_read(&key, "key", error), 0);
	digest_hex(manifest_key_public(key), MANIFEST_KEY_BYTES, text);
	assert_string_equal(text, public_hex);
	assert_int_equal(manifest_key_sign(key, "", 0, signature), 0);
	digest_hex(signature, sizeof(signature), text);
	assert_string_equal(text, signature_hex);
	assert_int_equal(manifest_key_read_public(public, "key.pub", error), 0);
	assert_memory_equal(public, manifest_key_public(key), sizeof(public));
	assert_true(manifest_key_verify(public, "", 0, signature));
	assert_false(manifest_key_verify(public, "x", 1, signature));
	signature[0] ^= 1;
	assert_false(manifest_key_verify(public, "", 0, signature));
	signature[0] ^= 1;
	public[0] ^= 1;
	assert_false(manifest_key_verify(public, "", 0, signature));
	manifest_key_free(key);
	manifest_key_free(NULL);
}

static void refuses_what_is_no_key(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{"", "is no key"},
		{"no key\n", "is no private key in PEM"},
		{public_key, "is no private key in PEM"},
		{locked_key, "is no private key in PEM without a passphrase"},
		{other_key, "is a key of another kind"},
	};
	char error[MANIFEST_KEY_ERROR_BYTES];
	struct manifest_key *key;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put("wrong", cases[i].text, 0600);
		assert_int_equal(manifest_key_read(&key, "wrong", error), -EINVAL);
		if (!strstr(error, cases[i].error))
			fail_msg("%s: not about '%s'", error, cases[i].error);
	}
	assert_int_equal(manifest_key_read(&key, "none", error), -ENOENT);
	assert_int_equal(manifest_key_read(&key, ".", error), -EINVAL);
	assert_non_null(strstr(error, "regular"));
}

static void refuses_a_key_that_others_may_read(void **state)
{
	static const struct {
		mode_t mode;
		int rc;
	} cases[] = {
		{0600, 0},       {0400, 0},       {0640, 0},       {0440, 0},
		{0604, -EACCES}, {0644, -EACCES}, {0660, -EACCES}, {0602, -EACCES},
	};
	char error[MANIFEST_KEY_ERROR_BYTES];
	struct manifest_key *key;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put("key", private_key, cases[i].mode);
		assert_int_equal(manifest_key_read(&key, "key", error), cases[i].rc);
		if (cases[i].rc)
			assert_non_null(strstr(error, "chmod 600"));
		else
			manifest_key_free(key);
	}
}

static void a_public_key_is_no_private_one(void **state)
{
	uint8_t public[MANIFEST_KEY_BYTES];
	char error[MANIFEST_KEY_ERROR_BYTES];

	put("key", private_key, 0600);
	assert_int_equal(manifest_key_read_public(public, "key", error), -EINVAL);
	assert_non_null(strstr(error, "openssl pkey"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_as_the_standard_does),
		cmocka_unit_test(refuses_what_is_no_key),
		cmocka_unit_test(refuses_a_key_that_others_may_read),
		cmocka_unit_test(a_public_key_is_no_private_one),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
