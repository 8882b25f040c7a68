/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/rotation.h"

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t rotation_end(const struct rotation *rotation, uint64_t first_ns)
{
	uint64_t end = UINT64_MAX;

	if (rotation->duration_ns)
		end = add_saturating(first_ns, rotation->duration_ns);
	if (rotation->interval_ns) {
		uint64_t begin = first_ns - first_ns % rotation->interval_ns;
		uint64_t next = add_saturating(begin, rotation->interval_ns);

		end = next < end ? next : end;
	}
	return end;
}
