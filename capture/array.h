/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays that grow.
 */
#ifndef CAPTURE_ARRAY_H
#define CAPTURE_ARRAY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Returns the array with room for one more than `count` elements of `bytes` bytes each, or NULL when
 * out of memory: the array is then as before. *room: how many there is room for.
 */
void *array_grow(void *array, uint32_t count, uint32_t *room, size_t bytes);

#endif
