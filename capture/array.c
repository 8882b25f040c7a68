/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/array.h"

#include <stdlib.h>

enum { FIRST_ROOM = 16 };

void *array_grow(void *array, uint32_t count, uint32_t *room, size_t bytes)
{
	uint32_t more = *room ? *room * 2 : FIRST_ROOM;
	void *grown;

	if (count < *room)
		return array;
	grown = realloc(array, more * bytes);
	if (grown)
		*room = more;
	return grown;
}
