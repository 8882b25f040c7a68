/* SPDX-License-Identifier: Apache-2.0 */
/* A small file as a text: tokens, settings, what is kept over runs. */
#ifndef PROVISION_FILE_TEXT_H
#define PROVISION_FILE_TEXT_H

#include <stddef.h>

#include "provision/aws/buffer.h"

/*
 * Reads the whole file; blanks and line breaks at its end are dropped. text: appended to;
 * buffer_fini() wipes it.
 * Returns 0, or -errno: -ENOENT, -EACCES, -EISDIR …, -EFBIG (more than max bytes), -ENOMEM.
 */
int file_text_read(const char *path, size_t max, struct buffer *text);

/* Writes all of it, however often that takes. Returns 0 or -errno. */
int file_text_write(int fd, const char *text, size_t length);

#endif
