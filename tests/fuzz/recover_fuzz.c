/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovery of any bytes whatever. The first two bytes of the input say how much of the rest was
 * committed (0: not said), in units of 16 bytes after a file header. What comes out must satisfy
 * the contract: every byte is kept, trimmed or a zero at the end; what is committed is kept; what
 * is published is read to its end; and recovering that again changes nothing.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/committed.h"
#include "capture/pcap_reader.h"
#include "capture/recover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH_BYTES = 128 };

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "recover: %s\n", what);
	abort();
}

static void create(const char *part, const uint8_t *data, size_t size, uint64_t committed)
{
	int fd = open(part, O_RDWR | O_CREAT | O_TRUNC, 0600);

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no file");
	if (committed && committed_set(fd, part, committed) < 0)
		require(false, "no mark");
	close(fd);
}

static void check_file(const char *path, const uint8_t *data, uint64_t bytes)
{
	uint8_t *found = malloc(bytes + 1);
	int fd = open(path, O_RDONLY);

	require(found && fd >= 0, "a file is missing");
	require(read(fd, found, bytes + 1) == (ssize_t)bytes, "a file has another size");
	require(memcmp(found, data, bytes) == 0, "a file has other bytes");
	close(fd);
	free(found);
}

/* A file whose records begin to make sense before the mark may make none in it. */
static void check_readable(const struct recover_file *file)
{
	struct pcap_reader *reader;
	struct pcap_record record;
	uint64_t end;
	int rc;

	if (file->committed)
		return;
	require(pcap_reader_open(&reader, file->path, 4096) == 0,
		"what is published has no header");
	while ((rc = pcap_reader_next(reader, &record)) == 1)
		require(file->compressed || record.end <= file->bytes, "a record beyond the end");
	require(rc == 0, "what is published cannot be read");
	/* Whole frames need not hold whole records where others have made them. */
	require(file->compressed ||
			(pcap_reader_end(reader, &end) == PCAP_END_WHOLE && end == file->bytes),
		"what is published is not whole");
	pcap_reader_close(reader);
}

static void check(const struct recover_file *file, const uint8_t *data, size_t size)
{
	if (file->state == RECOVER_DONE) {
		require(file->bytes + file->trimmed + file->zeros == size, "bytes are missing");
		require(file->bytes >= file->committed, "committed bytes are not kept");
		for (size_t i = size - file->zeros; i < size; i++)
			require(data[i] == 0, "what was cut off was not 0");
		check_file(file->path, data, file->bytes);
		check_readable(file);
		if (file->trimmed)
			check_file(file->tail, data + file->bytes, file->trimmed);
	} else if (file->state == RECOVER_SET_ASIDE) {
		check_file(file->tail, data, size);
	} else {
		require(file->state == RECOVER_FOREIGN || size == 0, "recovery failed");
		check_file(file->part, data, size);
	}
}

static void clean_up(const struct recover_file *file)
{
	(void)unlink(file->part);
	if (file->path[0])
		(void)unlink(file->path);
	if (file->tail[0])
		(void)unlink(file->tail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct recover_file file;
	char text[RECOVER_TEXT_BYTES];
	char part[PATH_BYTES];
	uint64_t committed;

	if (size < 2)
		return 0;
	committed = data[0] | (uint64_t)data[1] << 8;
	committed = committed ? PCAP_FILE_HEADER_BYTES + (committed - 1) * 16 : 0;
	data += 2;
	size -= 2;
	snprintf(part, sizeof(part), "/dev/shm/mirrorcap-recover-%d.pcap.part", (int)getpid());
	create(part, data, size, committed);
	require(recover_file(&file, part, false), "nothing was found");
	check(&file, data, size);
	require(recover_text(&file, false, text, sizeof(text))[0] != '\0', "nothing is told");
	clean_up(&file);
	return 0;
}
