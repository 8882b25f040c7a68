/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real directories, files that were published by hand, and a check of its own by the rules.
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
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture/custody.h"
#include "tests/capture/custody_chain_check.h"
#include "tests/capture/recording.h"

static char base[RECORDING_PATH_BYTES];

struct told {
	uint32_t heads, waiting, failed, damaged, shared;
	int error;
	bool single;
	struct digest head;
};

static void note(void *context, const struct custody_news *news)
{
	struct told *told = context;

	switch (news->event) {
	case CUSTODY_HEAD:
		told->heads++;
		told->head = *news->head;
		break;
	case CUSTODY_WAITING:
		__atomic_add_fetch(&told->waiting, 1, __ATOMIC_RELAXED);
		break;
	case CUSTODY_FAILED:
		told->failed++;
		told->error = news->error;
		told->single = news->single;
		break;
	case CUSTODY_DAMAGED:
		told->damaged++;
		break;
	case CUSTODY_SHARED:
		told->shared++;
		break;
	}
}

static int make_directory(void **state)
{
	recording_directory(NULL, base);
	if (chdir(base) < 0 || mkdir("out", 0700) < 0)
		return -1;
	return mkdir("out/web", 0700);
}

static int remove_directory(void **state)
{
	if (chdir("..") < 0)
		return -1;
	recording_remove(base);
	return 0;
}

/* The n-th file's name; its START is n seconds after a full hour. */
static const char *name_of(unsigned int n)
{
	static char names[4][96];
	static unsigned int next;
	char *name = names[next++ % 4];

	snprintf(name, sizeof(names[0]), "20260102T03%02u%02u.000000000Z-w0-%06u.pcap", n / 60,
		 n % 60, n);
	return name;
}

static const char *path_of(const char *directory, const char *name, const char *suffix)
{
	static char paths[4][512];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s%s", directory, name, suffix);
	return path;
}

/* A classic pcap file of so many records, a second apart. Returns its size. */
static uint64_t put(const char *path, uint32_t records)
{
	uint8_t bytes[PCAP_FILE_HEADER_BYTES + 16 * (PCAP_RECORD_HEADER_BYTES + 4)] = {0};
	uint64_t length = PCAP_FILE_HEADER_BYTES;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0 && records <= 16);
	pcap_format_file_header(bytes, PCAP_NS, 65535);
	for (uint32_t i = 0; i < records; i++) {
		pcap_format_record_header(
			bytes + length,
			pcap_format_stamp(PCAP_NS, (1767323045ull + i) * 1000000000), 4, 4);
		length += PCAP_RECORD_HEADER_BYTES + 4;
	}
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
	return length;
}

static struct segment_directory *web;

static struct custody *begin(struct told *told, const struct manifest_key *key)
{
	struct custody_config config = {
		.key = key,
		.directories = &web,
		.directory_count = 1,
		.report = note,
		.context = told,
	};
	struct custody *custody;

	*told = (struct told){0};
	web = segment_directory_new("out", "web");
	assert_int_equal(custody_start(&custody, &config), 0);
	return custody;
}

static uint64_t end(struct custody *custody)
{
	uint64_t left = custody_stop(custody, 20000000000);

	custody_free(custody);
	segment_directory_free(web);
	return left;
}

static void publish(struct custody *custody, unsigned int n)
{
	const char *path = path_of("out/web", name_of(n), "");

	custody_published(custody, path, put(path, 2), NULL, false);
}

/* As retention does. */
static void put_aside(unsigned int n)
{
	rename(path_of("out/web", name_of(n), MANIFEST_SUFFIX),
	       path_of("out/web", name_of(n), MANIFEST_PRUNED_SUFFIX));
	assert_int_equal(unlink(path_of("out/web", name_of(n), "")), 0);
}

static void prune(struct custody *custody, unsigned int n)
{
	put_aside(n);
	custody_pruned(custody, path_of("out/web", name_of(n), ""));
}

/* Waits until this file has a manifest. */
static void await(unsigned int n)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	for (int i = 0; access(path_of("out/web", name_of(n), MANIFEST_SUFFIX), F_OK) < 0; i++) {
		assert_true(i < 5000);
		nanosleep(&pause, NULL);
	}
}

static void check_clean(uint32_t manifests)
{
	struct chain_check check;

	chain_check_directory(&check, "out/web");
	if (check.wrong[0])
		fail_msg("%s", check.wrong);
	assert_int_equal(check.bare, 0);
	assert_int_equal(check.count, manifests);
	chain_check_fini(&check);
	assert_int_equal(system("ls out/web | grep -q pruned"), 256);
}

static void check_wrong(const char *text)
{
	struct chain_check check;

	chain_check_directory(&check, "out/web");
	if (!strstr(check.wrong, text))
		fail_msg("'%s': not about '%s'", check.wrong, text);
	chain_check_fini(&check);
}

static void a_chain_goes_on_over_restarts(void **state)
{
	struct chain_check check;
	struct told told;

	for (unsigned int run = 0; run < 3; run++) {
		struct custody *custody = begin(&told, NULL);

		for (unsigned int i = 0; i < 5; i++)
			publish(custody, 10 * run + i);
		assert_true(end(custody) == 0);
		assert_true(told.heads >= 1);
	}
	check_clean(15);
	chain_check_directory(&check, "out/web");
	assert_true(chain_check_find(&check, name_of(24))->sequence == 15);
	assert_true(chain_check_find(&check, name_of(0))->sequence == 1);
	assert_true(chain_check_find(&check, name_of(0))->packets == MANIFEST_UNKNOWN);
	for (uint32_t i = 0; i < check.count; i++)
		if (check.manifests[i].sequence == 15)
			assert_true(digest_equal(&check.digests[i], &told.head));
	chain_check_fini(&check);
	/* The judge can be displeased. */
	assert_int_equal(unlink(path_of("out/web", name_of(2), "")), 0);
	check_wrong("is not there");
	assert_int_equal(unlink(path_of("out/web", name_of(2), MANIFEST_SUFFIX)), 0);
	check_wrong("has gone");
}

static void what_retention_removes_is_on_record(void **state)
{
	struct custody *custody;
	struct chain_check check;
	struct told told;

	custody = begin(&told, NULL);
	for (unsigned int i = 0; i < 6; i++)
		publish(custody, i);
	await(5);
	prune(custody, 0);
	prune(custody, 1);
	publish(custody, 6); /* has them on record */
	await(6);
	prune(custody, 2);
	assert_true(end(custody) == 0); /* a link has */
	check_clean(5);
	chain_check_directory(&check, "out/web");
	assert_int_equal(chain_check_find(&check, name_of(6))->pruned_count, 2);
	assert_int_equal(chain_check_pruned(&check, name_of(2))->reason, MANIFEST_RETENTION);
	assert_true(chain_check_pruned(&check, name_of(2))->sequence == 3);
	chain_check_fini(&check);
}

/* All that is left of an idle stream is a link, and that goes when it is not needed. */
static void links_go_when_nothing_needs_them(void **state)
{
	struct custody *custody;
	struct told told;

	for (unsigned int run = 0; run < 3; run++) {
		custody = begin(&told, NULL);
		publish(custody, run);
		await(run);
		prune(custody, run);
		assert_true(end(custody) == 0);
		check_clean(1);
	}
	custody = begin(&told, NULL);
	publish(custody, 9);
	assert_true(end(custody) == 0);
	check_clean(1);
}

/* The one that has others' removal on record is removed before what comes after those. */
static void a_record_outlives_its_manifest(void **state)
{
	struct custody *custody;
	struct told told;

	custody = begin(&told, NULL);
	for (unsigned int i = 10; i < 16; i++)
		publish(custody, i);
	await(15);
	prune(custody, 10);
	prune(custody, 12);
	publish(custody, 5); /* recovered late: the oldest by name */
	await(5);
	prune(custody, 5);
	publish(custody, 16);
	assert_true(end(custody) == 0);
	check_clean(5);
}

static void what_was_under_way_in_a_crash_is_unconfirmed(void **state)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	struct chain_check check;
	struct custody *custody;
	struct told told;

	custody = begin(&told, NULL);
	for (unsigned int i = 0; i < 3; i++)
		publish(custody, i);
	assert_true(end(custody) == 0);
	put_aside(0);
	put_aside(2);    /* the newest: the chain goes on from there all the same */
	check_wrong(""); /* whatever it says now */
	nanosleep(&pause, NULL);
	custody = begin(&told, NULL);
	publish(custody, 3);
	assert_true(end(custody) == 0);
	check_clean(2);
	chain_check_directory(&check, "out/web");
	assert_int_equal(chain_check_pruned(&check, name_of(2))->reason, MANIFEST_UNCONFIRMED);
	assert_true(chain_check_find(&check, name_of(3))->sequence == 4);
	chain_check_fini(&check);
}

/* Its manifest was put aside, and then the process was killed; or somebody does as if. */
static void a_file_that_is_there_was_not_removed(void **state)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	struct chain_check check;
	struct custody *custody;
	struct told told;

	custody = begin(&told, NULL);
	for (unsigned int i = 0; i < 3; i++)
		publish(custody, i);
	assert_true(end(custody) == 0);
	for (unsigned int i = 0; i < 3; i += 2) /* also the newest */
		assert_int_equal(rename(path_of("out/web", name_of(i), MANIFEST_SUFFIX),
					path_of("out/web", name_of(i), MANIFEST_PRUNED_SUFFIX)),
				 0);
	nanosleep(&pause, NULL);
	custody = begin(&told, NULL);
	publish(custody, 3);
	assert_true(end(custody) == 0);
	check_clean(4);
	chain_check_directory(&check, "out/web");
	assert_true(chain_check_find(&check, name_of(0))->sequence == 1);
	assert_true(chain_check_find(&check, name_of(3))->sequence == 4);
	assert_int_equal(chain_check_find(&check, name_of(3))->pruned_count, 0);
	chain_check_fini(&check);
}

/* What a run that has ended did not get to finish; another one's that is at work stays. */
static void half_a_manifest_is_removed(void **state)
{
	static const char left[] = MANIFEST_SUFFIX ".part";
	static const char link[] = "out/web/chain-0123456789abcdef-000000000001.manifest.json.part";
	const struct timespec pause = {.tv_nsec = 20000000};
	struct custody *custody;
	struct told told;

	put(path_of("out/web", name_of(0), left), 0);
	put("out/web/notes.manifest.json.part", 0);
	put(link, 0);
	nanosleep(&pause, NULL);
	custody = begin(&told, NULL);
	put(path_of("out/web", name_of(1), left), 0);
	publish(custody, 2);
	assert_true(end(custody) == 0);
	assert_int_equal(access(path_of("out/web", name_of(0), left), F_OK), -1);
	assert_int_equal(access(link, F_OK), -1);
	assert_int_equal(access(path_of("out/web", name_of(1), left), F_OK), 0);
	assert_int_equal(access("out/web/notes.manifest.json.part", F_OK), 0);
}

/* Also where nothing else happens in that directory. */
static void an_idle_directory_gets_its_record(void **state)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	struct custody *custody;
	struct told told;

	custody = begin(&told, NULL);
	for (unsigned int i = 0; i < 3; i++)
		publish(custody, i);
	assert_true(end(custody) == 0);
	put_aside(0);
	nanosleep(&pause, NULL);
	assert_true(end(begin(&told, NULL)) == 0);
	check_clean(3);
}

static void what_others_remove_is_not_excused(void **state)
{
	struct custody *custody;
	struct told told;

	custody = begin(&told, NULL);
	for (unsigned int i = 0; i < 4; i++)
		publish(custody, i);
	assert_true(end(custody) == 0);
	assert_int_equal(unlink(path_of("out/web", name_of(1), "")), 0);
	custody = begin(&told, NULL);
	publish(custody, 4);
	assert_true(end(custody) == 0);
	check_wrong("is not there");
	assert_int_equal(unlink(path_of("out/web", name_of(1), MANIFEST_SUFFIX)), 0);
	custody = begin(&told, NULL);
	publish(custody, 5);
	assert_true(end(custody) == 0);
	check_wrong("has gone");
}

static void files_of_earlier_runs_get_theirs(void **state)
{
	static const char recovered[] = "20260102T030006.000000000Z-w0-000006.recovered.pcap";
	struct chain_check check;
	struct custody *custody;
	struct told told;

	put(path_of("out/web", name_of(1), ""), 3);
	put(path_of("out/web", name_of(2), ""), 0);
	put(path_of("out/web", recovered, ""), 2);
	put("out/web/somebody's.pcap", 1);
	assert_int_equal(truncate(path_of("out/web", recovered, ""), 50), 0); /* cut */
	custody = begin(&told, NULL);
	publish(custody, 7);
	assert_true(end(custody) == 0);
	check_clean(4);
	chain_check_directory(&check, "out/web");
	assert_true(chain_check_find(&check, name_of(1))->late);
	assert_true(chain_check_find(&check, name_of(1))->packets == 3);
	assert_true(chain_check_find(&check, name_of(1))->last_ns == 1767323047000000000);
	assert_true(chain_check_find(&check, name_of(2))->packets == 0);
	assert_true(chain_check_find(&check, name_of(2))->first_ns == MANIFEST_UNKNOWN);
	assert_true(chain_check_find(&check, recovered)->recovered);
	assert_true(chain_check_find(&check, recovered)->packets == MANIFEST_UNKNOWN);
	assert_false(chain_check_find(&check, name_of(7))->late);
	chain_check_fini(&check);
}

/* Before its manifest was made: there will be none, but a record. */
static void a_file_may_go_before_its_turn(void **state)
{
	struct chain_check check;
	struct custody *custody;
	struct told told;

	put(path_of("out/web", name_of(0), ""), 1);
	custody = begin(&told, NULL);
	put_aside(0);
	custody_pruned(custody, path_of("out/web", name_of(0), ""));
	publish(custody, 1);
	assert_true(end(custody) == 0);
	check_clean(1 + (access("out/web", F_OK) < 0));
	chain_check_directory(&check, "out/web");
	assert_non_null(chain_check_pruned(&check, name_of(0)));
	chain_check_fini(&check);
}

static void a_damaged_manifest_is_told(void **state)
{
	struct custody *custody;
	struct told told;

	custody = begin(&told, NULL);
	publish(custody, 0);
	publish(custody, 1);
	assert_true(end(custody) == 0);
	assert_int_equal(truncate(path_of("out/web", name_of(1), MANIFEST_SUFFIX), 100), 0);
	custody = begin(&told, NULL);
	publish(custody, 2);
	assert_true(end(custody) == 0);
	assert_int_equal(told.damaged, 1);
	check_wrong(name_of(1));
}

static void another_process_has_its_own_chains(void **state)
{
	int fd = open("out", O_RDONLY | O_DIRECTORY);
	struct chain_check check;
	struct custody *custody;
	struct told told;

	custody = begin(&told, NULL);
	publish(custody, 0);
	assert_true(end(custody) == 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0); /* of another open file: as if */
	put(path_of("out/web", name_of(1), ""), 1);        /* theirs, pending */
	custody = begin(&told, NULL);
	publish(custody, 2);
	publish(custody, 3);
	assert_true(end(custody) == 0);
	assert_int_equal(told.shared, 1);
	close(fd);
	chain_check_directory(&check, "out/web");
	assert_string_equal(check.wrong, "");
	assert_int_equal(check.bare, 1);
	assert_true(chain_check_find(&check, name_of(2))->sequence == 1);
	assert_true(chain_check_find(&check, name_of(3))->sequence == 2);
	chain_check_fini(&check);
}

/* Who holds the lock does not go on with a chain that the other one has begun in the meantime. */
static void another_process_keeps_its_chains(void **state)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	struct segment_directory *owners_web;
	struct custody *owner, *other;
	struct chain_check check;
	struct told told, others;

	owner = begin(&told, NULL);
	owners_web = web;
	other = begin(&others, NULL);
	publish(other, 0);
	publish(other, 1);
	assert_true(end(other) == 0);
	assert_int_equal(others.shared, 1);
	web = owners_web;
	other = begin(&others, NULL);
	publish(owner, 2); /* it reads the directory now */
	await(2);
	publish(other, 3); /* a chain that the owner has not seen */
	await(3);
	prune(owner, 1);
	prune(owner, 3);
	assert_true(end(other) == 0);
	web = owners_web;
	assert_true(end(owner) == 0);
	chain_check_directory(&check, "out/web");
	assert_true(chain_check_find(&check, name_of(2))->sequence == 1);
	assert_null(chain_check_pruned(&check, name_of(1)));
	assert_null(chain_check_pruned(&check, name_of(3)));
	chain_check_fini(&check);
	nanosleep(&pause, NULL);
	assert_true(end(begin(&told, NULL)) == 0); /* alone, it records what they left */
	chain_check_directory(&check, "out/web");
	assert_string_equal(check.wrong, "");
	assert_non_null(chain_check_pruned(&check, name_of(1)));
	assert_non_null(chain_check_pruned(&check, name_of(3)));
	chain_check_fini(&check);
}

static void a_single_file_is_a_chain_of_one(void **state)
{
	char error[MANIFEST_ERROR_BYTES];
	struct manifest manifest;
	struct custody *custody;
	struct digest digest;
	struct told told;

	custody = begin(&told, NULL);
	custody_published(custody, "out/one.pcap", put("out/one.pcap", 1), NULL, false);
	assert_true(end(custody) == 0);
	assert_int_equal(manifest_read(&manifest, "out/one.pcap" MANIFEST_SUFFIX, &digest, NULL,
				       NULL, error),
			 0);
	assert_true(manifest.sequence == 1 && !manifest.has_previous);
	assert_string_equal(manifest.file, "one.pcap");
	manifest_fini(&manifest);
	/* Only asked to, it replaces one. */
	custody = begin(&told, NULL);
	custody_published(custody, "out/one.pcap", 44, NULL, false);
	assert_true(end(custody) == 1);
	assert_int_equal(told.error, -EEXIST);
	assert_true(told.single);
	custody = begin(&told, NULL);
	custody_published(custody, "out/one.pcap", 44, NULL, true);
	assert_true(end(custody) == 0);
}

static void without_space_manifests_wait(void **state)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	struct custody *custody;
	struct told told;
	char ballast[4096];
	int fd;

	assert_int_equal(rmdir("out/web"), 0);
	if (mount("none", "out", "tmpfs", 0, "size=64k") < 0) {
		assert_int_equal(mkdir("out/web", 0700), 0);
		return;
	}
	assert_int_equal(mkdir("out/web", 0700), 0);
	custody = begin(&told, NULL);
	publish(custody, 0);
	await(0);
	publish(custody, 1);
	await(1);
	fd = open("out/ballast", O_WRONLY | O_CREAT, 0600);
	put(path_of("out/web", name_of(2), ""), 2);
	memset(ballast, 1, sizeof(ballast));
	while (write(fd, ballast, sizeof(ballast)) > 0)
		;
	custody_published(custody, path_of("out/web", name_of(2), ""), 64, NULL, false);
	for (int i = 0; !__atomic_load_n(&told.waiting, __ATOMIC_RELAXED); i++) {
		assert_true(i < 5000);
		nanosleep(&pause, NULL);
	}
	close(fd);
	assert_int_equal(unlink("out/ballast"), 0);
	await(2);
	assert_true(end(custody) == 0);
	check_clean(3);
	assert_int_equal(told.waiting, 1);
	assert_int_equal(umount("out"), 0);
}

static void signs_each(void **state)
{
	static const char pem[] =
		"-----BEGIN PRIVATE KEY-----\n"
		"MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
		"-----END PRIVATE KEY-----\n";
	char error[MANIFEST_ERROR_BYTES], *text;
	struct manifest_key *key;
	struct manifest manifest;
	struct custody *custody;
	struct digest digest;
	struct told told;
	size_t length;
	int fd = open("key", O_WRONLY | O_CREAT, 0600);

	assert_int_equal(write(fd, pem, strlen(pem)), strlen(pem));
	close(fd);
	assert_int_equal(manifest_key_read(&key, "key", error), 0);
	custody = begin(&told, key);
	publish(custody, 0);
	assert_true(end(custody) == 0);
	check_clean(1);
	assert_int_equal(manifest_read(&manifest, path_of("out/web", name_of(0), MANIFEST_SUFFIX),
				       &digest, &text, &length, error),
			 0);
	assert_true(manifest_verify(&manifest, text, length));
	manifest_fini(&manifest);
	manifest_key_free(key);
	free(text);
}

/*
 * A file that is to be read back waits while the writers need the disk, and what is behind it in
 * the queue with it; what was before it has its manifest.
 */
static void nothing_is_read_back_while_writers_wait(void **state)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct chunk chunk = {0};
	struct custody *custody;
	struct told told;
	struct custody_draft *draft = custody_draft_new(&chunk, NULL, 0);
	const char *path = path_of("out/web", name_of(0), "");
	uint8_t header[PCAP_FILE_HEADER_BYTES];

	custody = begin(&told, NULL);
	custody_hold_off(custody);
	/* Nothing of the first is to be read. */
	pcap_format_file_header(header, PCAP_NS, 65535);
	custody_draft_hash(draft, header, 0, sizeof(header), true);
	assert_int_equal(custody_draft_close(draft), 0);
	custody_published(custody, path, put(path, 0), draft, false);
	publish(custody, 1);
	for (int i = 0; i < 20; i++) {
		custody_hold_off(custody);
		nanosleep(&pause, NULL);
	}
	assert_int_equal(access(path_of("out/web", name_of(0), MANIFEST_SUFFIX), F_OK), 0);
	assert_int_equal(access(path_of("out/web", name_of(1), MANIFEST_SUFFIX), F_OK), -1);
	await(1); /* half a second later */
	custody_hold_off(custody);
	publish(custody, 2);
	assert_true(end(custody) == 0); /* at the end nothing waits */
	check_clean(3);
}

/* Two files each, in one go. */
static void many_streams(void **state)
{
	struct custody *custody;
	struct told told;
	char path[256];

	custody = begin(&told, NULL);
	for (unsigned int i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "out/s%u", i);
		assert_int_equal(mkdir(path, 0700), 0);
		for (unsigned int n = 0; n < 2; n++) {
			const char *file = path_of(path, name_of(n), "");

			custody_published(custody, file, put(file, 1), NULL, false);
		}
	}
	assert_true(end(custody) == 0);
	assert_int_equal(told.failed, 0);
	for (unsigned int i = 0; i < 500; i += 7) {
		struct chain_check check;

		snprintf(path, sizeof(path), "out/s%u", i);
		chain_check_directory(&check, path);
		assert_string_equal(check.wrong, "");
		assert_int_equal(check.count, 2);
		chain_check_fini(&check);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_chain_goes_on_over_restarts),
		TEST(what_retention_removes_is_on_record),
		TEST(links_go_when_nothing_needs_them),
		TEST(a_record_outlives_its_manifest),
		TEST(what_was_under_way_in_a_crash_is_unconfirmed),
		TEST(a_file_that_is_there_was_not_removed),
		TEST(half_a_manifest_is_removed),
		TEST(an_idle_directory_gets_its_record),
		TEST(what_others_remove_is_not_excused),
		TEST(files_of_earlier_runs_get_theirs),
		TEST(a_file_may_go_before_its_turn),
		TEST(a_damaged_manifest_is_told),
		TEST(another_process_has_its_own_chains),
		TEST(another_process_keeps_its_chains),
		TEST(a_single_file_is_a_chain_of_one),
		TEST(without_space_manifests_wait),
		TEST(signs_each),
		TEST(nothing_is_read_back_while_writers_wait),
		TEST(many_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
