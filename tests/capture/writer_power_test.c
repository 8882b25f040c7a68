/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power failures. What the writer and its syncs do to files is logged while they work: this
 * program's pwrite(), fsync() and so on stand before the C library's. Then power fails at random
 * points of the log, again and again: of what was not synced by then any subset of blocks is on the
 * disk, in any version that a block had since: every subset where they are few, random ones else. From
 * that, recovery must make files that hold every record that was synced, and nothing that was not
 * written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pcap/pcap.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "capture/committed.h"
#include "capture/recover.h"
#include "tests/capture/recording.h"

enum {
	EVENTS_MAX = 200000,
	FILE_MAX = 1 << 19,
	FILES_MAX = 256,
	TOGETHER = 70, /* more than are synced one by one */
	BLOCKS_MAX = FILE_MAX / CHUNK_BLOCK,
	SECTOR = 512,
	FAILURES = 1000,
	CHOICES_MAX = 9, /* of which every subset is tried */
	ALL_FILES = -1,
	SECOND = 1000000000,
};

enum call { CALL_WRITE, CALL_RESERVE, CALL_SYNC, CALL_MARK, CALL_CUT, CALL_NAME };

/* A call, from the moment that it begins to the one that it ends: both are places in the log. */
struct event {
	enum call call;
	int file;
	uint32_t begun, ended; /* ended 0: not yet */
	uint64_t offset, bytes;
	uint8_t *data;
};

static struct event events[EVENTS_MAX];
static uint32_t event_count;
static uint32_t moments; /* begins and ends, counted together */
static ino_t files[FILES_MAX];
static int file_count;
static bool logging;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Which of the logged files it is; -2: none of them. */
static int number_of(int fd)
{
	struct stat st;

	if (!logging || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -2;
	for (int i = 0; i < file_count; i++)
		if (files[i] == st.st_ino)
			return i;
	assert_true(file_count < FILES_MAX);
	files[file_count] = st.st_ino;
	return file_count++;
}

static struct event *begin(enum call call, int fd)
{
	struct event *event = NULL;
	int file;

	pthread_mutex_lock(&lock);
	file = fd == ALL_FILES ? ALL_FILES : number_of(fd);
	if (logging && file >= ALL_FILES && event_count < EVENTS_MAX) {
		event = &events[event_count++];
		*event = (struct event){.call = call, .file = file, .begun = ++moments};
	}
	pthread_mutex_unlock(&lock);
	return event;
}

static void end(struct event *event)
{
	if (!event)
		return;
	pthread_mutex_lock(&lock);
	event->ended = ++moments;
	pthread_mutex_unlock(&lock);
}

/* So that writes go on while a sync does. */
static void take_time(void)
{
	const struct timespec pause = {.tv_nsec = 300000};

	if (logging)
		nanosleep(&pause, NULL);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	struct event *event = begin(CALL_WRITE, fd);
	ssize_t written;

	if (event) {
		event->offset = (uint64_t)offset;
		event->bytes = bytes;
		event->data = malloc(bytes);
		memcpy(event->data, data, bytes);
	}
	written = syscall(SYS_pwrite64, fd, data, bytes, offset);
	end(event);
	return written;
}

static int sync_call(long number, int fd, int logged)
{
	struct event *event = begin(CALL_SYNC, logged);
	int rc;

	take_time();
	rc = (int)syscall(number, fd);
	end(event);
	return rc;
}

int fsync(int fd)
{
	return sync_call(SYS_fsync, fd, fd);
}

int fdatasync(int fd)
{
	return sync_call(SYS_fdatasync, fd, fd);
}

int syncfs(int fd)
{
	return sync_call(SYS_syncfs, fd, ALL_FILES);
}

int fallocate(int fd, int mode, off_t offset, off_t bytes)
{
	struct event *event = begin(CALL_RESERVE, fd);
	int rc = (int)syscall(SYS_fallocate, fd, mode, offset, bytes);

	if (event) {
		event->offset = (uint64_t)offset;
		event->bytes = (uint64_t)bytes;
	}
	end(event);
	return rc;
}

/* In memory nothing would be reserved. */
int fstatfs(int fd, struct statfs *space)
{
	int rc = (int)syscall(SYS_fstatfs, fd, space);

	space->f_type = EXT4_SUPER_MAGIC;
	return rc;
}

int ftruncate(int fd, off_t length)
{
	struct event *event = begin(CALL_CUT, fd);
	int rc = (int)syscall(SYS_ftruncate, fd, length);

	if (event)
		event->bytes = (uint64_t)length;
	end(event);
	return rc;
}

int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	struct event *event = begin(CALL_MARK, fd);
	int rc = (int)syscall(SYS_fsetxattr, fd, name, value, size, flags);

	if (event)
		event->bytes = strtoull(value, NULL, 10);
	end(event);
	return rc;
}

int renameat2(int old_directory, const char *old, int new_directory, const char *new,
	      unsigned int flags)
{
	int fd = open(old, O_RDONLY);
	struct event *event = begin(CALL_NAME, fd);
	int rc = (int)syscall(SYS_renameat2, old_directory, old, new_directory, new, flags);

	end(event);
	close(fd);
	return rc;
}

static char directory[RECORDING_PATH_BYTES];

static int make_directory(void **state)
{
	recording_directory("/dev/shm", directory);
	return chdir(directory);
}

static int remove_directory(void **state)
{
	if (chdir("/") < 0)
		return -1;
	recording_remove(directory);
	return 0;
}

/* Records of all sizes, flushed often, a few files for each of the sessions. */
static void record(uint32_t sessions, uint32_t records)
{
	struct recording_config config = {
		.method = WRITER_PWRITE,
		.output = {OUTPUT_DIRECTORY, "."},
		.sessions = sessions,
		.chunks = 64,
		.chunk_bytes = 16384,
		.reserve_bytes = 1 << 17,
		.stream = {.aligned = true,
			   .precision = PCAP_NS,
			   .rotation = {.filesize_bytes = 200000},
			   .flush_ns = SECOND / 200},
		.shared = true,
	};
	struct recording recording;
	uint32_t random = 7;

	recording_start(&recording, &config);
	logging = true;
	for (uint32_t i = 0; i < records; i++) {
		uint32_t session = recording_random(&random, sessions);
		uint32_t caplen =
			recording_random(&random, 8) ? recording_random(&random, 400) + 1 : 5000;

		recording.now_ns += recording_random(&random, SECOND / 1000);
		recording_append_surely(&recording, session, session, caplen, caplen);
		if (i % 4 == 0)
			recording_tick(&recording);
		if (i % 64 == 0)
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	recording_finish(&recording);
	logging = false;
	recording_check_all(&recording);
	recording_free(&recording);
	assert_true(event_count < EVENTS_MAX);
}

/* Had a sync of the event's file, begun after it, ended by then? */
static bool is_durable(const struct event *event, uint32_t moment)
{
	if (event->ended == 0 || event->ended > moment)
		return false;
	for (uint32_t i = 0; i < event_count; i++) {
		const struct event *sync = &events[i];

		if (sync->call == CALL_SYNC && sync->begun > event->ended && sync->ended &&
		    sync->ended <= moment && (sync->file == event->file || sync->file == ALL_FILES))
			return true;
	}
	return false;
}

/* What a file is like after the failure. */
struct disk {
	uint8_t data[FILE_MAX];
	bool there[BLOCKS_MAX]; /* some version of the block got to the disk */
	uint64_t size;
	uint64_t mark; /* 0: none */
};

static struct disk disk;
static uint8_t truth[FILE_MAX]; /* the file as it was in the end */

/* What happens to what was not synced: at random, or by the bits of a number. */
struct fate {
	uint32_t random;
	bool given;
	uint32_t bits;
	uint32_t choices; /* so many were asked for */
};

static bool gets_to_the_disk(struct fate *fate)
{
	uint32_t choice;

	if (!fate->given)
		return recording_random(&fate->random, 2);
	choice = fate->choices++;
	/* Those that no bit is left for are counted: there are too many to try them all. */
	return choice < 32 && (fate->bits >> choice & 1);
}

/* torn: a block is written sector by sector. */
static void put_block(uint64_t offset, const uint8_t *from, bool durable, bool torn,
		      struct fate *fate)
{
	for (uint32_t i = 0; i < CHUNK_BLOCK; i += SECTOR)
		if (durable || !torn || gets_to_the_disk(fate))
			memcpy(disk.data + offset + i, from + i, SECTOR);
	disk.there[offset / CHUNK_BLOCK] = true;
	if (offset + CHUNK_BLOCK > disk.size)
		disk.size = offset + CHUNK_BLOCK;
}

static void replay_write(const struct event *event, bool durable, bool torn, struct fate *fate)
{
	assert_true(event->offset + event->bytes <= FILE_MAX);
	for (uint64_t i = 0; i < event->bytes; i += CHUNK_BLOCK)
		if (durable || gets_to_the_disk(fate))
			put_block(event->offset + i, event->data + i, durable, torn, fate);
}

/* Longer, with nothing in it: what was reserved and not written to is a hole. */
static void reserve(uint64_t end)
{
	assert_true(end <= FILE_MAX);
	if (end > disk.size)
		disk.size = end;
}

/* The file as the failure may have left it. Returns false where it has its name by then. */
static bool fail_power(int file, uint32_t moment, bool torn, struct fate *fate)
{
	memset(&disk, 0, sizeof(disk));
	for (uint32_t i = 0; i < event_count; i++) {
		const struct event *event = &events[i];
		bool durable;

		if (event->file != file || event->begun > moment)
			continue;
		durable = is_durable(event, moment);
		if (event->call == CALL_WRITE)
			replay_write(event, durable, torn, fate);
		else if (event->call == CALL_RESERVE && (durable || gets_to_the_disk(fate)))
			reserve(event->offset + event->bytes);
		else if (event->call == CALL_MARK && (durable || gets_to_the_disk(fate)))
			disk.mark = event->bytes;
		else if (event->call == CALL_CUT || event->call == CALL_NAME)
			return false;
	}
	return true;
}

/* Where the records that were synced by then end: every byte before it is durable. */
static uint64_t synced_end(int file, uint32_t moment)
{
	static uint8_t known[FILE_MAX];
	uint64_t safe = 0;
	uint64_t at = PCAP_FILE_HEADER_BYTES;

	memset(known, 0, sizeof(known));
	for (uint32_t i = 0; i < event_count; i++) {
		const struct event *event = &events[i];

		if (event->call != CALL_WRITE || event->file != file || !is_durable(event, moment))
			continue;
		/* Bytes that are as they will be: a padded block is written again. */
		for (uint64_t j = 0; j < event->bytes; j++)
			known[event->offset + j] = event->data[j] == truth[event->offset + j];
	}
	while (safe < FILE_MAX && known[safe])
		safe++;
	while (at + PCAP_RECORD_HEADER_BYTES <= safe) {
		uint32_t caplen;

		memcpy(&caplen, truth + at + 8, sizeof(caplen));
		if (caplen == 0 || at + PCAP_RECORD_HEADER_BYTES + caplen > safe)
			break;
		at += PCAP_RECORD_HEADER_BYTES + caplen;
	}
	return safe < PCAP_FILE_HEADER_BYTES ? 0 : at;
}

static void write_disk(const char *part)
{
	int fd = open(part, O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	for (uint64_t i = 0; i < disk.size; i += CHUNK_BLOCK)
		if (disk.there[i / CHUNK_BLOCK])
			assert_int_equal(pwrite(fd, disk.data + i, CHUNK_BLOCK, (off_t)i),
					 CHUNK_BLOCK);
	assert_int_equal(ftruncate(fd, (off_t)disk.size), 0);
	if (disk.mark)
		assert_int_equal(committed_set(fd, part, disk.mark), 0);
	close(fd);
}

static void check_readable(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int status;

	if (!pcap)
		fail_msg("%s: %s", path, error);
	while ((status = pcap_next_ex(pcap, &header, &data)) == 1)
		;
	assert_int_equal(status, PCAP_ERROR_BREAK);
	pcap_close(pcap);
}

static void check_recovery(int file, uint32_t moment, bool torn)
{
	static struct recover_file recovered;
	static uint8_t found[FILE_MAX];
	uint64_t safe = synced_end(file, moment);
	int fd;

	/* The committed length is true, whatever else is. */
	assert_true(disk.mark <= safe);
	assert_memory_equal(disk.data, truth, disk.mark);
	if (disk.size == 0)
		return;
	write_disk("p.pcap.part");
	assert_true(recover_file(&recovered, "p.pcap.part", false));
	if (recovered.state == RECOVER_SET_ASIDE) {
		assert_int_equal(safe, 0);
		assert_int_equal(unlink(recovered.tail), 0);
		return;
	}
	assert_int_equal(recovered.state, RECOVER_DONE);
	assert_true(recovered.bytes >= safe);
	fd = open(recovered.path, O_RDONLY);
	assert_int_equal(read(fd, found, sizeof(found)), recovered.bytes);
	close(fd);
	/* A block that is torn in the middle of a record is not seen to be. */
	assert_memory_equal(found, truth, torn ? safe : recovered.bytes);
	check_readable(recovered.path);
	assert_int_equal(unlink(recovered.path), 0);
	if (recovered.trimmed)
		assert_int_equal(unlink(recovered.tail), 0);
}

/* The file as all its writes make it. */
static void find_truth(int file)
{
	memset(truth, 0, sizeof(truth));
	for (uint32_t i = 0; i < event_count; i++)
		if (events[i].call == CALL_WRITE && events[i].file == file)
			memcpy(truth + events[i].offset, events[i].data, events[i].bytes);
}

static uint32_t count_calls(enum call call)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < event_count; i++)
		count += events[i].call == call;
	return count;
}

static void start_log(void)
{
	for (uint32_t i = 0; i < event_count; i++)
		free(events[i].data);
	event_count = 0;
	moments = 0;
	file_count = 0;
}

static void fail_at_random(uint32_t sessions, uint32_t records, uint32_t failures)
{
	struct fate fate = {.random = sessions};
	uint32_t checked = 0;

	start_log();
	record(sessions, records);
	assert_true(count_calls(CALL_MARK) > 20);
	assert_true(count_calls(CALL_RESERVE) > 5 || sessions > 3);
	print_message("# %u writes, %u syncs, %u committed lengths\n", count_calls(CALL_WRITE),
		      count_calls(CALL_SYNC), count_calls(CALL_MARK));
	for (uint32_t i = 0; i < failures; i++) {
		int file = (int)recording_random(&fate.random, (uint32_t)file_count);
		uint32_t moment = recording_random(&fate.random, moments) + 1;
		bool torn = i % 4 == 3;

		if (!fail_power(file, moment, torn, &fate))
			continue;
		find_truth(file);
		check_recovery(file, moment, torn);
		checked++;
	}
	assert_true(checked > failures / 10);
}

static void what_was_synced_survives(void **state)
{
	fail_at_random(3, 3000, FAILURES);
}

/* All that the failure may have left of the file. Returns how many that are; 0: too many. */
static uint32_t fail_in_every_way(int file, uint32_t moment)
{
	struct fate fate = {.given = true};
	uint32_t count;

	if (!fail_power(file, moment, false, &fate) || fate.choices > CHOICES_MAX)
		return 0;
	count = 1u << fate.choices;
	for (uint32_t bits = 0; bits < count; bits++) {
		fate = (struct fate){.given = true, .bits = bits};
		assert_true(fail_power(file, moment, false, &fate));
		check_recovery(file, moment, false);
	}
	return count;
}

static void every_subset_since_the_last_sync(void **state)
{
	uint32_t subsets = 0, cases = 0, most = 0;

	start_log();
	record(1, 600);
	for (uint32_t moment = 1; moment <= moments; moment += 3) {
		int file = (int)(moment % (uint32_t)file_count);
		uint32_t count;

		find_truth(file);
		count = fail_in_every_way(file, moment);
		subsets += count;
		cases += count > 0;
		most = count > most ? count : most;
	}
	print_message("# %u moments, %u subsets in all\n", cases, subsets);
	assert_true(cases > 20 && most >= 8);
}

/* So many that the file system is synced instead of each of them. */
static void what_was_synced_together_survives(void **state)
{
	fail_at_random(TOGETHER, 3000, FAILURES / 3);
}

/* A name stands for all of a file: cut, and then synced, before it got it. */
static void a_name_comes_last(void **state)
{
	uint32_t named = 0;

	start_log();
	record(3, 2000);
	for (uint32_t i = 0; i < event_count; i++) {
		const struct event *name = &events[i];

		if (name->call != CALL_NAME)
			continue;
		named++;
		for (uint32_t j = 0; j < event_count; j++)
			if (events[j].file == name->file &&
			    (events[j].call == CALL_WRITE || events[j].call == CALL_CUT))
				assert_true(is_durable(&events[j], name->begun));
	}
	assert_true(named >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_synced_survives, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(every_subset_since_the_last_sync, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(what_was_synced_together_survives, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_name_comes_last, make_directory,
						remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
