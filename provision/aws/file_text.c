/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/file_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { READ_STEP = 4096 };

static int read_descriptor(int fd, size_t max, struct buffer *text)
{
	char step[READ_STEP];
	ssize_t got;

	do {
		got = read(fd, step, sizeof(step));
		if (got > 0)
			buffer_append(text, step, (size_t)got);
	} while ((got > 0 && text->length <= max) || (got < 0 && errno == EINTR));
	explicit_bzero(step, sizeof(step));
	if (got < 0)
		return -errno;
	if (text->length > max)
		return -EFBIG;
	return buffer_error(text);
}

int file_text_read(const char *path, size_t max, struct buffer *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	rc = read_descriptor(fd, max, text);
	close(fd);
	while (text->length && strchr(" \t\r\n", text->data[text->length - 1]))
		buffer_truncate(text, text->length - 1);
	return rc;
}

int file_text_write(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written ? -errno : -EIO;
		text += written;
		length -= (size_t)written;
	}
	return 0;
}
