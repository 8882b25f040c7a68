/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest's text: what it says comes back, and nothing else is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/manifest.h"
#include "tests/capture/recording.h"

static const char private_key[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
	"-----END PRIVATE KEY-----\n";

static const char file_text[] =
	"{\"version\":1,\"type\":\"mirrorcap manifest\",\"file\":\"a \\\"b\\\".pcap\",\"sha256\":"
	"\"0101010101010101010101010101010101010101010101010101010101010101\",\"bytes\":1000,"
	"\"packets\":10,\"first_ns\":1767323045000000000,\"last_ns\":1767323046000000000,"
	"\"recovered\":false,\"late\":true,\"sessions\":[{\"virtual_network_id\":7,\"source_ip\":"
	"\"10.0.0.5\",\"name\":\"web\",\"packets\":9},{\"virtual_network_id\":16777215,\"source_ip\":"
	"null,\"name\":\"vni-16777215\",\"packets\":null}],\"ledger\":{\"received\":30,\"written\":20,"
	"\"dropped\":{\"not_vxlan\":4,\"no_buffer\":6},\"missed\":null},\"clock\":{\"synchronized\":"
	"true,\"max_error_us\":500,\"steps\":2},\"program\":\"mirrorcap 0.1.0\",\"host\":\"h\\u0001\","
	"\"configuration\":\"0202020202020202020202020202020202020202020202020202020202020202\","
	"\"created_ns\":1767323047000000000,\"chain\":{\"id\":\"03030303030303030303030303030303\","
	"\"worker\":3,\"sequence\":17,\"previous\":"
	"\"0404040404040404040404040404040404040404040404040404040404040404\"},\"pruned\":[{\"file\":"
	"\"old.pcap\",\"sequence\":3,\"manifest\":"
	"\"0505050505050505050505050505050505050505050505050505050505050505\",\"reason\":\"retention\","
	"\"time_ns\":1},{\"file\":\"bare.pcap\",\"sequence\":null,\"manifest\":null,\"reason\":"
	"\"unconfirmed\",\"time_ns\":2},{\"file\":null,\"sequence\":4,\"manifest\":"
	"\"0505050505050505050505050505050505050505050505050505050505050505\",\"reason\":\"link\","
	"\"time_ns\":3}],\"public_key\":null,\"signature\":null}\n";

/* All that can be unknown is. */
static const char link_text[] =
	"{\"version\":1,\"type\":\"mirrorcap manifest\",\"file\":null,\"sha256\":null,\"bytes\":null,"
	"\"packets\":null,\"first_ns\":null,\"last_ns\":null,\"recovered\":false,\"late\":false,"
	"\"sessions\":null,\"ledger\":null,\"clock\":null,\"program\":\"\",\"host\":\"\","
	"\"configuration\":null,\"created_ns\":0,\"chain\":{\"id\":"
	"\"00000000000000000000000000000000\",\"worker\":0,\"sequence\":1,\"previous\":null},"
	"\"pruned\":[],\"public_key\":null,\"signature\":null}\n";

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

static void put(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	close(fd);
}

static struct manifest_key *make_key(void)
{
	char error[MANIFEST_KEY_ERROR_BYTES];
	struct manifest_key *key;

	put("key", private_key, strlen(private_key));
	assert_int_equal(manifest_key_read(&key, "key", error), 0);
	return key;
}

static void take(struct manifest *manifest, const char *text, size_t length)
{
	char error[MANIFEST_ERROR_BYTES] = "";

	if (manifest_parse(manifest, text, length, error))
		fail_msg("%s: %s", text, error);
}

static void tells_what_it_was_told(void **state)
{
	struct manifest manifest;
	size_t length;
	char *text;

	take(&manifest, file_text, strlen(file_text));
	assert_string_equal(manifest.file, "a \"b\".pcap");
	assert_true(manifest.bytes == 1000 && manifest.packets == 10);
	assert_true(manifest.first_ns == 1767323045000000000 && manifest.late);
	assert_int_equal(manifest.session_count, 2);
	assert_true(manifest.sessions[0].has_source && manifest.sessions[0].packets == 9);
	assert_true(manifest.sessions[1].packets == MANIFEST_UNKNOWN);
	assert_int_equal(manifest.account.dropped_count, 2);
	assert_string_equal(manifest.account.dropped[1].reason, "no_buffer");
	assert_true(manifest.account.missed == MANIFEST_UNKNOWN);
	assert_true(manifest.clock.synchronized && manifest.clock.steps == 2);
	assert_true(manifest.sequence == 17 && manifest.has_previous && manifest.worker == 3);
	assert_int_equal(manifest.pruned_count, 3);
	assert_int_equal(manifest.pruned[1].reason, MANIFEST_UNCONFIRMED);
	assert_true(manifest.pruned[1].sequence == MANIFEST_UNKNOWN);
	assert_null(manifest.pruned[2].file);
	text = manifest_text(&manifest, NULL, &length);
	assert_non_null(text);
	assert_int_equal(length, strlen(text));
	assert_string_equal(text, file_text);
	free(text);
	manifest_fini(&manifest);
}

static void a_link_without_a_file_knows_nothing(void **state)
{
	struct manifest manifest;
	size_t length;
	char *text;

	take(&manifest, link_text, strlen(link_text));
	assert_null(manifest.file);
	assert_false(manifest.sessions_known || manifest.account.known || manifest.clock.known);
	assert_true(manifest.packets == MANIFEST_UNKNOWN && !manifest.has_previous);
	manifest.packets = 5; /* of no file */
	text = manifest_text(&manifest, NULL, &length);
	assert_string_equal(text, link_text);
	free(text);
	manifest_fini(&manifest);
}

/* Each is file_text with one thing in it changed. */
static const struct {
	const char *from, *to, *error;
} changes[] = {
	{"\"version\":1", "\"version\":2", "$.version"},
	{"\"version\":1,", "", "$.version: is missing"},
	{"mirrorcap manifest", "mirrorcap letter", "$.type"},
	{"\"a \\\"b\\\".pcap\"", "\"../a.pcap\"", "$.file"},
	{"\"a \\\"b\\\".pcap\"", "\"..\"", "$.file"},
	{"\"a \\\"b\\\".pcap\"", "\"\"", "$.file"},
	{"\"a \\\"b\\\".pcap\"", "7", "$.file"},
	{"\"a \\\"b\\\".pcap\"", "null", "$.sha256: goes with a file"},
	{"\"0101", "\"01", "$.sha256"},
	{"\"0101", "\"0A01", "$.sha256"},
	{"\"bytes\":1000", "\"bytes\":null", "$.bytes: goes with a file"},
	{"\"bytes\":1000", "\"bytes\":-1", "$.bytes"},
	{"\"bytes\":1000", "\"bytes\":1e3", "$.bytes"},
	{"\"bytes\":1000", "\"bytes\":01000", "byte"},
	{"\"packets\":10", "\"packets\":10,\"packets\":10", "byte"},
	{"\"packets\":10", "\"packets\":18446744073709551615", "byte"},
	{"\"recovered\":false", "\"recovered\":0", "$.recovered"},
	{"\"virtual_network_id\":7", "\"virtual_network_id\":16777216", "$.sessions[0]"},
	{"10.0.0.5", "10.0.0", "$.sessions[0].source_ip"},
	{"10.0.0.5", "010.0.0.5", "$.sessions[0].source_ip"},
	{"10.0.0.5", "::ffff:10.0.0.5", "not in the form"},
	{"vni-16777215", "../x", "$.sessions[1].name"},
	{"\"sessions\":[", "\"sessions\":[7,", "$.sessions[0]"},
	{"not_vxlan", "not vxlan", "$.ledger.dropped"},
	{"\"no_buffer\":6", "\"no_buffer\":null", "$.ledger.dropped.no_buffer"},
	{"\"received\":30,", "", "$.ledger.received: is missing"},
	{"\"steps\":2", "\"steps\":null", "$.clock.steps"},
	{"\"id\":\"03", "\"id\":\"", "$.chain.id"},
	{"\"sequence\":17", "\"sequence\":0", "$.chain.sequence"},
	{"\"sequence\":17", "\"sequence\":1", "$.chain.previous"},
	{"\"04040404", "\"x4040404", "$.chain.previous"},
	{"\"file\":\"old.pcap\"", "\"file\":\"/old.pcap\"", "$.pruned[0].file"},
	{"\"sequence\":3", "\"sequence\":null", "$.pruned[0].manifest: goes with"},
	{"\"unconfirmed\"", "\"lost\"", "$.pruned[1].reason"},
	{"\"public_key\":null",
	 "\"public_key\":\"0606060606060606060606060606060606060606060606060606060606060606\"",
	 "$.signature"},
	{"\"signature\":null", "\"signature\":\"00\"", "$.signature"},
	{"{\"version\":1,", "{ \"version\":1,", "not in the form"},
	{"\"recovered\":false,\"late\":true", "\"late\":true,\"recovered\":false",
	 "not in the form"},
	{"\"host\":\"h", "\"host\":\"\\u0068", "not in the form"},
	{"\"pruned\":[", "\"more\":1,\"pruned\":[", "not in the form"},
	{"\"steps\":2", "\"steps\":2,\"more\":1", "not in the form"},
	{"null}\n", "null}", "not in the form"},
	{"null}\n", "null}\n\n", "not in the form"},
	{"null}\n", "null}\nx", "byte"},
	{"null}\n", "null\n", "byte"},
};

static void takes_nothing_but_its_form(void **state)
{
	char text[sizeof(file_text) + 256], error[MANIFEST_ERROR_BYTES];
	struct manifest manifest;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *at = strstr(file_text, changes[i].from);

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - file_text), file_text,
			 changes[i].to, at + strlen(changes[i].from));
		assert_int_equal(manifest_parse(&manifest, text, strlen(text), error), -EINVAL);
		if (!strstr(error, changes[i].error))
			fail_msg("%s for %s: not about '%s'", error, changes[i].to,
				 changes[i].error);
	}
}

static void takes_no_part_of_it(void **state)
{
	char error[MANIFEST_ERROR_BYTES];
	struct manifest manifest;

	for (size_t length = 0; length < strlen(file_text); length++)
		assert_int_equal(manifest_parse(&manifest, file_text, length, error), -EINVAL);
	assert_int_equal(manifest_parse(&manifest, "[]", 2, error), -EINVAL);
	assert_int_equal(manifest_parse(&manifest, "null", 4, error), -EINVAL);
}

static void a_signature_is_over_all_before_it(void **state)
{
	struct manifest_key *key = make_key();
	struct manifest manifest, forged;
	size_t length;
	char *text;

	take(&manifest, file_text, strlen(file_text));
	assert_false(manifest_verify(&manifest, file_text, strlen(file_text)));
	text = manifest_text(&manifest, key, &length);
	manifest_fini(&manifest);
	take(&manifest, text, length);
	assert_true(manifest.is_signed);
	assert_memory_equal(manifest.key, manifest_key_public(key), MANIFEST_KEY_BYTES);
	assert_true(manifest_verify(&manifest, text, length));
	/* Any byte of what it says. */
	*strchr(strstr(text, "\"bytes\":1000"), '1') = '2';
	take(&forged, text, length);
	assert_false(manifest_verify(&forged, text, length));
	*strchr(strstr(text, "\"bytes\":2000"), '2') = '1';
	text[length - 4] = text[length - 4] == '0' ? '1' : '0';
	manifest_fini(&forged);
	take(&forged, text, length);
	assert_false(manifest_verify(&forged, text, length));
	manifest_fini(&forged);
	manifest_fini(&manifest);
	manifest_key_free(key);
	free(text);
}

static void is_read_from_a_file_alone(void **state)
{
	char error[MANIFEST_ERROR_BYTES];
	struct digest digest, expected;
	struct manifest manifest;
	size_t length;
	char *text;

	put("m", file_text, strlen(file_text));
	assert_int_equal(manifest_read(&manifest, "m", &digest, &text, &length, error), 0);
	assert_int_equal(length, strlen(file_text));
	assert_memory_equal(text, file_text, length);
	assert_int_equal(digest_of(file_text, length, &expected), 0);
	assert_true(digest_equal(&digest, &expected));
	free(text);
	manifest_fini(&manifest);
	assert_int_equal(symlink("m", "link"), 0);
	assert_int_equal(manifest_read(&manifest, "link", &digest, NULL, NULL, error), -ELOOP);
	assert_int_equal(manifest_read(&manifest, "none", &digest, NULL, NULL, error), -ENOENT);
	assert_int_equal(manifest_read(&manifest, ".", &digest, NULL, NULL, error), -EINVAL);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(manifest_read(&manifest, "pipe", &digest, NULL, NULL, error), -EINVAL);
	put("m", file_text, strlen(file_text) - 1);
	assert_int_equal(manifest_read(&manifest, "m", &digest, NULL, NULL, error), -EINVAL);
}

static void a_name_that_is_no_text_has_none(void **state)
{
	struct manifest manifest = {.file = (char *)"\xff.pcap", .sequence = 1};
	size_t length;

	assert_null(manifest_text(&manifest, NULL, &length));
}

static void links_have_names_of_their_own(void **state)
{
	static const char *const wrong[] = {
		"chain-0303030303030303-000000000017.manifest.json.pruned",
		"chain-0303030303030303-00000000017.manifest.json",
		"chain-0303030303030303-00000000000000000017.manifest.json",
		"chain-030303030303030-0000000000017.manifest.json",
		"chain-030303030303030G-000000000017.manifest.json",
		"chain-030303030303030",
		"chain-0303030303030303-",
		"a.pcap.manifest.json",
		"",
	};
	struct manifest manifest;
	char name[MANIFEST_FILE_BYTES];

	take(&manifest, file_text, strlen(file_text));
	manifest_link_name(&manifest, name);
	assert_string_equal(name, "chain-0303030303030303-000000000017.manifest.json");
	assert_true(manifest_is_link_name(name));
	manifest.sequence = INT64_MAX;
	manifest_link_name(&manifest, name);
	assert_true(manifest_is_link_name(name));
	manifest_fini(&manifest);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(manifest_is_link_name(wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_it_was_told),
		cmocka_unit_test(a_link_without_a_file_knows_nothing),
		cmocka_unit_test(takes_nothing_but_its_form),
		cmocka_unit_test(takes_no_part_of_it),
		cmocka_unit_test(a_signature_is_over_all_before_it),
		cmocka_unit_test(is_read_from_a_file_alone),
		cmocka_unit_test(a_name_that_is_no_text_has_none),
		cmocka_unit_test(links_have_names_of_their_own),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
