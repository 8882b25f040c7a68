/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a capture file's name ends in: .pcap or .pcapng, and .zst behind it where it is compressed.
 */
#ifndef CAPTURE_SUFFIX_H
#define CAPTURE_SUFFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/pcap_format.h"

struct suffix {
	enum pcap_format format;
	bool compressed;
};

/* The text, with its dots. */
const char *suffix_text(struct suffix suffix);

/*
 * Finds the suffix that the name's first `length` bytes end in. Returns where it begins, and what
 * it says in *suffix (may be NULL); or NULL where they end in none.
 */
const char *suffix_find(const char *name, size_t length, struct suffix *suffix);

#endif
