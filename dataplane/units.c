/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CPUS = 4096 }; /* more than any machine has */

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit sizes[] = {
	{"kB", 1000},        {"MB", 1000000},     {"GB", 1000000000},  {"TB", 1000000000000},
	{"K", 1ull << 10},   {"M", 1ull << 20},   {"G", 1ull << 30},   {"T", 1ull << 40},
	{"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40},
};

static const struct unit times[] = {
	{"", 1000000000},   {"ms", 1000000},      {"s", 1000000000},
	{"m", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000},
};

int units_number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	char *end;

	/* strtoull takes signs and blanks, which no number here has. */
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || *end || *value < least || *value > most)
		return -EINVAL;
	return 0;
}

static int find_unit(const struct unit *units, size_t count, const char *suffix, uint64_t *factor)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(units[i].suffix, suffix))
			continue;
		*factor = units[i].factor;
		return 0;
	}
	return -EINVAL;
}

int units_bytes(const char *text, uint64_t plain, uint64_t *bytes)
{
	uint64_t number, factor = plain;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || !number)
		return -EINVAL;
	if (*end && find_unit(sizes, sizeof(sizes) / sizeof(*sizes), end, &factor) < 0)
		return -EINVAL;
	return __builtin_mul_overflow(number, factor, bytes) ? -EINVAL : 0;
}

int units_duration(const char *text, uint64_t *ns)
{
	uint64_t factor;
	double number;
	char *end;

	if (!isdigit((unsigned char)text[0]) || strspn(text, "0123456789.") > 15)
		return -EINVAL;
	number = strtod(text, &end);
	if (end != text + strspn(text, "0123456789."))
		return -EINVAL; /* hexadecimal, an exponent, two points */
	if (find_unit(times, sizeof(times) / sizeof(*times), end, &factor) < 0)
		return -EINVAL;
	number *= (double)factor;
	if (number < 1.0 || number > 9e18)
		return -EINVAL;
	*ns = (uint64_t)number;
	return 0;
}

/* Digits at the start of text, and nothing that strtoul() takes beside them. Returns their end. */
static const char *read_cpu(const char *text, unsigned long *cpu)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return NULL;
	*cpu = strtoul(text, &end, 10);
	return *cpu < CPUS ? end : NULL;
}

/* One number or range. Returns its end, or NULL. */
static const char *read_range(const char *text, unsigned long *first, unsigned long *last)
{
	const char *end = read_cpu(text, first);

	if (!end)
		return NULL;
	*last = *first;
	if (*end == '-')
		end = read_cpu(end + 1, last);
	return *first <= *last ? end : NULL;
}

int units_cpus(const char *text, int *cpus, uint32_t most, uint32_t *count)
{
	unsigned long first, last;

	for (*count = 0;; text++) {
		text = read_range(text, &first, &last);
		if (!text || last - first >= most - *count)
			return -EINVAL;
		while (first <= last)
			cpus[(*count)++] = (int)first++;
		if (!*text)
			return 0;
		if (*text != ',')
			return -EINVAL;
	}
}
