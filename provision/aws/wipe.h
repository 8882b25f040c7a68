/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allocator for libraries through which secrets pass (JSON, XML, HTTP): what is freed or moved is
 * overwritten first. Blocks are malloc()'s own, so that a library may be given it at any time and
 * mixed with free().
 */
#ifndef PROVISION_WIPE_H
#define PROVISION_WIPE_H

#include <stddef.h>

void wipe_free(void *block);
void *wipe_realloc(void *block, size_t size);

/* Overwrites and frees a text; sets it to NULL. */
void wipe_text(char **text);

#endif
