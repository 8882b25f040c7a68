/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/info_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/capture_files.h"

enum { READ_BYTES = 1 << 20 };

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* Makes as many sessions as there are interfaces by now; their names come at the end. */
static int grow_sessions(struct info_file *file, uint32_t count)
{
	struct info_session *grown = realloc(file->sessions, count * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	memset(grown + file->session_count, 0, (count - file->session_count) * sizeof(*grown));
	file->sessions = grown;
	file->session_count = count;
	return 0;
}

static void count_record(struct info_counts *counts, const struct pcap_record *record)
{
	counts->packets++;
	counts->bytes += record->caplen;
	counts->original_bytes += record->len;
	counts->cut += record->caplen < record->len;
	if (!record->has_time)
		return;
	if (!counts->timed || record->time_ns < counts->first_ns)
		counts->first_ns = record->time_ns;
	if (!counts->timed || record->time_ns > counts->last_ns)
		counts->last_ns = record->time_ns;
	counts->timed = true;
}

void info_counts_add(struct info_counts *total, const struct info_counts *counts)
{
	total->packets += counts->packets;
	total->bytes += counts->bytes;
	total->original_bytes += counts->original_bytes;
	total->cut += counts->cut;
	if (!counts->timed)
		return;
	if (!total->timed || counts->first_ns < total->first_ns)
		total->first_ns = counts->first_ns;
	if (!total->timed || counts->last_ns > total->last_ns)
		total->last_ns = counts->last_ns;
	total->timed = true;
}

static int read_records(struct info_file *file, struct pcap_reader *reader)
{
	struct pcap_record record;
	uint64_t before_ns = 0;
	int rc;

	while ((rc = pcap_reader_next(reader, &record)) > 0) {
		/* Room for as many again: a section header may be followed by 10,000. */
		if (record.interface >= file->session_count &&
		    grow_sessions(file, 2 * record.interface + 1) < 0)
			return -ENOMEM;
		file->sessions[record.interface].packets++;
		file->sessions[record.interface].bytes += record.caplen;
		count_record(&file->counts, &record);
		if (record.has_time && record.time_ns < before_ns)
			file->ordered = false;
		before_ns = record.time_ns;
	}
	return rc;
}

static int describe_session(struct info_session *session, const struct pcap_interface *interface)
{
	session->name = copy(interface->name);
	session->description = copy(interface->description);
	session->filter = copy(interface->filter);
	session->link_type = interface->link_type;
	session->snaplen = interface->snaplen;
	session->dropped = interface->dropped;
	if ((interface->name && !session->name) ||
	    (interface->description && !session->description) ||
	    (interface->filter && !session->filter))
		return -ENOMEM;
	return 0;
}

static int describe_sessions(struct info_file *file, const struct pcap_reader *reader)
{
	uint32_t count = pcap_reader_interfaces(reader);
	char name[NAME_MAX + 1];
	int err = 0;

	if (count > file->session_count)
		err = grow_sessions(file, count);
	if (err)
		return err;
	file->session_count = count;
	for (uint32_t i = 0; !err && i < count; i++)
		err = describe_session(&file->sessions[i], pcap_reader_interface(reader, i));
	/* A file of one session that does not say so itself lies in the session's directory. */
	if (!err && count == 1 && !file->sessions[0].name &&
	    capture_files_session(file->path, name, sizeof(name))) {
		file->sessions[0].name = strdup(name);
		err = file->sessions[0].name ? 0 : -ENOMEM;
	}
	return err;
}

/* A capture holds its open files under a write lock. */
static bool is_held(const char *path)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool held;

	if (fd < 0)
		return false;
	held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_WRLCK;
	close(fd);
	return held;
}

int info_file_read(struct info_file *file, const char *path)
{
	struct pcap_reader *reader;
	int err;

	*file = (struct info_file){
		.path = path,
		.ordered = true,
		.part = capture_files_is_part(path),
	};
	file->open = file->part && is_held(path);
	file->error = pcap_reader_open(&reader, path, READ_BYTES);
	if (file->error)
		return file->error == -ENOMEM ? -ENOMEM : 0;
	file->format = pcap_reader_format(reader);
	file->precision = pcap_reader_precision(reader);
	file->compressed = pcap_reader_compressed(reader);
	file->file_bytes = pcap_reader_file_bytes(reader);
	file->error = read_records(file, reader);
	file->end = pcap_reader_end(reader, &file->good_end);
	file->comment = copy(pcap_reader_comment(reader));
	err = describe_sessions(file, reader);
	if (file->error == -ENOMEM || (pcap_reader_comment(reader) && !file->comment))
		err = -ENOMEM;
	pcap_reader_close(reader);
	return err;
}

void info_file_fini(struct info_file *file)
{
	for (uint32_t i = 0; i < file->session_count; i++) {
		free(file->sessions[i].name);
		free(file->sessions[i].description);
		free(file->sessions[i].filter);
	}
	free(file->sessions);
	free(file->comment);
}

uint64_t info_file_tail_bytes(const struct info_file *file)
{
	if (file->error || file->end == PCAP_END_WHOLE || file->compressed ||
	    file->file_bytes < file->good_end)
		return 0;
	return file->file_bytes - file->good_end;
}

const char *info_file_health(const struct info_file *file)
{
	static const char *const ends[] = {
		[PCAP_END_WHOLE] = "whole",
		[PCAP_END_CUT] = "cut",
		[PCAP_END_ZEROS] = "zeros",
		[PCAP_END_DAMAGED] = "damaged",
	};

	switch (file->error) {
	case 0:
		return ends[file->end];
	case -ENODATA:
		return "empty";
	case -EPROTO:
		return "not a capture file";
	case -ENOTSUP:
		return "another version of the format";
	case -EFBIG:
		return "compressed with a window above 8 MiB";
	case -EINVAL:
		return "not a regular file";
	default:
		return "unreadable";
	}
}

bool info_file_healthy(const struct info_file *file)
{
	if (file->open)
		return file->error == 0 || file->error == -ENODATA;
	return file->error == 0 && file->end == PCAP_END_WHOLE && !file->part;
}
