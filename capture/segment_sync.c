/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/segment_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/committed.h"
#include "capture/directory.h"

int segment_sync_file_system(int fd, struct segment_sync *whole)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!whole->any || whole->device != st.st_dev) {
		*whole = (struct segment_sync){.any = true, .device = st.st_dev};
		whole->error = syncfs(fd) < 0 ? -errno : 0;
	}
	return whole->error;
}

/* Returns true where the file's data are synced with those of its file system. */
static bool sync_with_others(int fd, struct segment_sync *whole)
{
	/* Of a write that failed in the page cache, only the file itself tells for certain. */
	return whole && segment_sync_file_system(fd, whole) == 0 &&
	       sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE) == 0;
}

int segment_sync_data(const struct segment *segment, struct segment_sync *whole)
{
	if (sync_with_others(segment->fd, whole))
		return 0;
	return fdatasync(segment->fd) < 0 ? -errno : 0;
}

int segment_sync_name(const struct segment *segment, struct segment_sync *whole)
{
	struct segment_directory *directory = segment->directory;
	char path[SEGMENT_PATH_BYTES];
	int err;

	if (whole && segment_sync_file_system(segment->fd, whole) == 0) {
		if (directory)
			segment_directory_synced(directory);
		return 0;
	}
	segment_path(segment, path);
	err = directory_sync_parent(path);
	return !err && directory ? segment_directory_sync(directory) : err;
}

/* With its attributes: the length that the commit before stored. */
static int sync_file(const struct segment *segment, struct segment_sync *whole)
{
	if (sync_with_others(segment->fd, whole))
		return 0;
	return fsync(segment->fd) < 0 ? -errno : 0;
}

void segment_sync_commit(struct segment_commit *commits, uint32_t count)
{
	struct segment_sync synced = {0};
	struct segment_sync *whole = count > SEGMENT_SYNC_EACH_MAX ? &synced : NULL;
	char part[SEGMENT_PATH_BYTES];

	for (uint32_t i = 0; i < count; i++)
		commits[i].error = sync_file(&commits[i].segment, whole);
	for (uint32_t i = 0; i < count; i++)
		if (commits[i].error == 0 && commits[i].first)
			commits[i].error = segment_sync_name(&commits[i].segment, whole);
	for (uint32_t i = 0; i < count; i++) {
		if (commits[i].error)
			continue;
		segment_part_path(&commits[i].segment, part);
		(void)committed_set(commits[i].segment.fd, part, commits[i].bytes);
	}
}
