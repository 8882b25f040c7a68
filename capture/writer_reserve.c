/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes files longer ahead of the writes. A direct write that extends a file excludes all others to
 * it and is waited for, by ext4, in a thread of the kernel's that may take the receive core; within
 * a file many go on side by side. What was reserved and not used is cut off when the segment ends;
 * after a crash recovery takes it for what it is, a hole.
 *
 * A file's final size is not known, but where it ends at the latest if files end by their size:
 * what is cut off costs the disk as much as a file that is deleted. Reserved is as much as it has, or
 * as the stream's segment before it suggests. So slow streams reserve nothing, and fast ones seldom.
 */
#include <linux/magic.h>
#include <sys/vfs.h>

#include "capture/writer_internal.h"

enum {
	LEAST_CHUNKS = 4, /* less is not worth a change to the file system */
	AHEAD_PART = 4,   /* of a reservation: left when the next is made */
	FREE_PART = 16,   /* of the free space: reserved, and not used yet, by all open segments */
};

/* How much to reserve next, from begin on. */
static uint64_t choose_bytes(const struct writer *writer, const struct writer_stream *stream,
			     uint64_t begin)
{
	uint64_t filesize = writer->config.filesize_bytes;
	uint64_t left = filesize > begin ? filesize - begin : 0;
	uint64_t expected = stream->bytes_before + stream->bytes_before / 2;
	uint64_t bytes = stream->submitted_end;

	if (expected > 2 * bytes)
		bytes = expected - bytes;
	if (bytes > writer->config.reserve_bytes)
		bytes = writer->config.reserve_bytes;
	if (filesize && bytes > left)
		bytes = (left + CHUNK_BLOCK - 1) / CHUNK_BLOCK * CHUNK_BLOCK;
	return bytes;
}

/* How much of it may be taken from the file system. */
static uint64_t limit_bytes(const struct writer *writer, int fd, uint64_t bytes)
{
	struct statfs space;
	uint64_t most;

	/* In memory, blocks are filled when they are reserved. */
	if (fstatfs(fd, &space) < 0 || space.f_type == TMPFS_MAGIC)
		return 0;
	most = (uint64_t)space.f_bavail * (uint64_t)space.f_bsize / FREE_PART / writer->open_count;
	return bytes < most ? bytes : most;
}

void writer_reserve_due(struct writer *writer, struct writer_stream *stream)
{
	uint64_t least = (uint64_t)LEAST_CHUNKS * chunk_pool_bytes(writer->config.pool);
	uint64_t begin = stream->reserved_end;
	uint64_t bytes;

	if (begin < stream->submitted_end)
		begin = stream->submitted_end;
	bytes = choose_bytes(writer, stream, begin);
	if (stream->reserving || stream->unreserved || bytes < least ||
	    begin - stream->submitted_end > bytes / AHEAD_PART)
		return;
	bytes = limit_bytes(writer, stream->segment.fd, bytes);
	bytes -= bytes % CHUNK_BLOCK;
	stream->unreserved = bytes < least;
	if (stream->unreserved)
		return;
	stream->reserving = begin + bytes;
	stream->under_way++;
	writer->under_way++;
	writer->ops->reserve(writer->backend,
			     chunk_pool_count(writer->config.pool) +
				     (uint32_t)(stream - writer->streams),
			     stream->segment.fd, begin, bytes);
}

void writer_reserve_end(struct writer_stream *stream, int error)
{
	/* No space, or a file system that cannot: writes go on without. */
	if (error)
		stream->unreserved = true;
	else
		stream->reserved_end = stream->reserving;
	stream->reserving = 0;
}
