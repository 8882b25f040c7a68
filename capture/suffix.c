/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/suffix.h"

#include <string.h>

static const char *const texts[][2] = {
	[PCAP_CLASSIC] = {".pcap", ".pcap.zst"},
	[PCAP_NG] = {".pcapng", ".pcapng.zst"},
};

const char *suffix_text(struct suffix suffix)
{
	return texts[suffix.format][suffix.compressed];
}

static bool ends_in(const char *name, size_t length, const char *text)
{
	size_t bytes = strlen(text);

	return length >= bytes && memcmp(name + length - bytes, text, bytes) == 0;
}

const char *suffix_find(const char *name, size_t length, struct suffix *suffix)
{
	for (int i = 0; i < 4; i++) {
		struct suffix found = {i / 2 ? PCAP_NG : PCAP_CLASSIC, i % 2};
		const char *text = suffix_text(found);

		if (!ends_in(name, length, text))
			continue;
		if (suffix)
			*suffix = found;
		return name + length - strlen(text);
	}
	return NULL;
}
