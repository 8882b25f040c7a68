/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories, as far as names in them have to outlast a crash.
 */
#ifndef CAPTURE_DIRECTORY_H
#define CAPTURE_DIRECTORY_H

/*
 * Syncs the directory that path is in: path's name, or that it is gone, then outlasts a crash.
 * Returns 0 or -errno.
 */
int directory_sync_parent(const char *path);

/* rename(2) that never overwrites: -EEXIST where the new name is in use. Returns 0 or -errno. */
int directory_rename(const char *old, const char *new);

#endif
