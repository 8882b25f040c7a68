/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/drop_reason.h"

const char *drop_reason_name(enum drop_reason reason)
{
	static const char *const names[] = {
#define X(name, text, meaning) #text,
		DROP_REASONS(X)
#undef X
	};

	return names[reason];
}

const char *drop_reason_meaning(enum drop_reason reason)
{
	static const char *const meanings[] = {
#define X(name, text, meaning) meaning,
		DROP_REASONS(X)
#undef X
	};

	return meanings[reason];
}
