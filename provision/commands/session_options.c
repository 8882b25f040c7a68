/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/session_options.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/session_map.h"

enum {
	MIN_LENGTH_IPV4 = 35, /* AWS's documented minima */
	MIN_LENGTH_IPV6 = 55,
	MAX_TAGS = 50,
	SHORTEST_ID = 8,
	LONGEST_ID = 17,
};

enum option_value {
	OPTION_INTERFACE = SESSION_OPTIONS_BASE,
	OPTION_TARGET,
	OPTION_FILTER,
	OPTION_NUMBER,
	OPTION_LENGTH,
	OPTION_VNI,
	OPTION_DESCRIPTION,
	OPTION_TAG,
	OPTION_TOKEN,
	OPTION_REGION,
	OPTION_ENDPOINT,
	OPTION_PROFILE,
	OPTION_END,
};

/* The one table: getopt_long(), usage and the messages read it. In the order of the enum. */
static const struct row {
	const char *name;
	const char *argument; /* NULL: takes none */
	bool needed;
	const char *help;
} rows[] = {
	{"network-interface-id", "ENI", true, "the source: the interface to mirror"},
	{"traffic-mirror-target-id", "TMT", true, "where the copies go"},
	{"traffic-mirror-filter-id", "TMF", true, "which packets are copied"},
	{"session-number", "N", true,
	 "1 to 32766; the interface's lowest matching session mirrors a packet"},
	{"packet-length", "BYTES", false,
	 "cut copies to this length after the VXLAN header (default: whole)"},
	{"virtual-network-id", "VNI", false, "0 to 16777215 (default: AWS chooses)"},
	{"description", "TEXT", false, "a description"},
	{"tag", "KEY=VALUE", false, "a tag of the session; may be repeated"},
	{"client-token", "TOKEN", false,
	 "makes repeated commands create one session (default: random)"},
	{"region", "REGION", false, "default: AWS_REGION, the profile, the instance's own"},
	{"endpoint-url", "URL", false,
	 "of every service (default: AWS_ENDPOINT_URL_EC2, then the region's)"},
	{"profile", "NAME", false, "default: AWS_PROFILE"},
};

_Static_assert(sizeof(rows) / sizeof(rows[0]) == OPTION_END - SESSION_OPTIONS_BASE,
	       "a row for each option");
_Static_assert(OPTION_END - SESSION_OPTIONS_BASE < SESSION_OPTIONS_MAX, "room for the table");

static const struct row *row_of(int value)
{
	return &rows[value - SESSION_OPTIONS_BASE];
}

bool session_options_owns(int value)
{
	return value >= SESSION_OPTIONS_BASE && value < OPTION_END;
}

size_t session_options_getopt(struct option *table, size_t room)
{
	size_t count = 0;

	for (int value = SESSION_OPTIONS_BASE; value < OPTION_END; value++) {
		const struct row *row = row_of(value);

		if (count + 1 >= room)
			break;
		table[count++] = (struct option){
			.name = row->name,
			.has_arg = row->argument ? required_argument : no_argument,
			.val = value,
		};
	}
	table[count] = (struct option){0};
	return count;
}

void session_options_help(struct buffer *text)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		char option[64];

		snprintf(option, sizeof(option), "--%s %s", row->name,
			 row->argument ? row->argument : "");
		buffer_format(text, "  %-34s  %s%s\n", option, row->help,
			      row->needed ? " (needed)" : "");
	}
}

/* Reading values. */

static int refuse(int value, const char *argument, const char *what, const char *remedy,
		  struct failure *failure)
{
	failure_set(failure, FAILURE_USAGE, "--%s '%s': %s", row_of(value)->name, argument, what);
	failure_set_remedy(failure, "%s", remedy);
	return -EINVAL;
}

static bool alphanumeric(const char *text)
{
	for (; *text; text++) {
		if (!((*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
		      (*text >= 'A' && *text <= 'Z')))
			return false;
	}
	return true;
}

/* AWS's ids end in 8 or 17 lower case hexadecimal digits; those of its documents in EXAMPLE. */
static bool id_valid(const char *id, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(id, prefix, length) != 0)
		return false;
	id += length;
	return strlen(id) >= SHORTEST_ID && strlen(id) <= LONGEST_ID && alphanumeric(id);
}

static int set_id(const char **id, int value, const char *prefix, const char *argument,
		  struct failure *failure)
{
	char remedy[64];

	if (!id_valid(argument, prefix)) {
		snprintf(remedy, sizeof(remedy), "give one such as %s0123456789abcdef0", prefix);
		return refuse(value, argument, "not an id of this kind", remedy, failure);
	}
	*id = argument;
	return 0;
}

/* Digits alone: no sign, blanks or base. */
static bool parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > max)
			return false;
	}
	*number = (uint32_t)value;
	return value >= min;
}

static int set_number(uint32_t *number, int value, uint32_t min, uint32_t max, const char *argument,
		      struct failure *failure)
{
	char remedy[64];

	if (parse_number(argument, min, max, number))
		return 0;
	snprintf(remedy, sizeof(remedy), "give a whole number from %u to %u", min, max);
	return refuse(value, argument, "not in its range", remedy, failure);
}

static int set_token(struct ec2_create *create, const char *argument, struct failure *failure)
{
	size_t length = strlen(argument);
	bool printable = true;

	for (const char *c = argument; *c; c++)
		printable &= *c >= 0x21 && *c <= 0x7e;
	if (!length || length >= OPERATION_TOKEN_BYTES || !printable)
		return refuse(OPTION_TOKEN, argument, "not a client token",
			      "give 1 to 64 printable ASCII characters", failure);
	create->client_token = argument;
	return 0;
}

static int add_tag(struct session_options *options, const char *argument, struct failure *failure)
{
	struct mirror_session_spec *spec = &options->create.spec;
	const char *equals = strchr(argument, '=');
	struct mirror_session_tag *tags;

	if (!equals || equals == argument)
		return refuse(OPTION_TAG, argument, "not a tag", "give KEY=VALUE", failure);
	if (spec->tag_count == MAX_TAGS)
		return refuse(OPTION_TAG, argument, "one too many", "give at most 50", failure);
	tags = reallocarray(options->tags, spec->tag_count + 1, sizeof(*tags));
	if (!tags)
		return failure_memory(failure);
	options->tags = tags;
	spec->tags = tags;
	tags += spec->tag_count++;
	tags->key = strndup(argument, (size_t)(equals - argument));
	tags->value = strdup(equals + 1);
	return tags->key && tags->value ? 0 : failure_memory(failure);
}

static int set_client_text(const char **text, int value, const char *argument,
			   struct failure *failure)
{
	if (!*argument)
		return refuse(value, argument, "is empty", "leave it out for the default", failure);
	*text = argument;
	return 0;
}

int session_options_set(struct session_options *options, int value, const char *argument,
			struct failure *failure)
{
	struct ec2_create *create = &options->create;
	struct mirror_session_spec *spec = &create->spec;

	switch ((enum option_value)value) {
	case OPTION_INTERFACE:
		return set_id(&spec->network_interface_id, value, "eni-", argument, failure);
	case OPTION_TARGET:
		return set_id(&spec->traffic_mirror_target_id, value, "tmt-", argument, failure);
	case OPTION_FILTER:
		return set_id(&spec->traffic_mirror_filter_id, value, "tmf-", argument, failure);
	case OPTION_NUMBER:
		return set_number(&spec->session_number, value, MIRROR_SESSION_MIN_NUMBER,
				  MIRROR_SESSION_MAX_NUMBER, argument, failure);
	case OPTION_LENGTH:
		return set_number(&spec->packet_length, value, 1, INT32_MAX, argument, failure);
	case OPTION_VNI:
		spec->has_virtual_network_id = true;
		return set_number(&spec->virtual_network_id, value, 0, SESSION_MAX_VNI, argument,
				  failure);
	case OPTION_DESCRIPTION:
		spec->description = argument;
		return 0;
	case OPTION_TAG:
		return add_tag(options, argument, failure);
	case OPTION_TOKEN:
		return set_token(create, argument, failure);
	case OPTION_REGION:
		return set_client_text(&options->client.region, value, argument, failure);
	case OPTION_ENDPOINT:
		return set_client_text(&options->client.endpoint_url, value, argument, failure);
	case OPTION_PROFILE:
		return set_client_text(&options->client.profile, value, argument, failure);
	case OPTION_END:
		break;
	}
	return -EINVAL;
}

/* The whole. */

static bool given(const struct session_options *options, int value)
{
	const struct mirror_session_spec *spec = &options->create.spec;

	switch ((enum option_value)value) {
	case OPTION_INTERFACE:
		return spec->network_interface_id;
	case OPTION_TARGET:
		return spec->traffic_mirror_target_id;
	case OPTION_FILTER:
		return spec->traffic_mirror_filter_id;
	case OPTION_NUMBER:
		return spec->session_number;
	default:
		return true;
	}
}

static int check_missing(const struct session_options *options, struct failure *failure)
{
	struct buffer missing = {0};
	int rc = 0;

	for (int value = SESSION_OPTIONS_BASE; value < OPTION_END; value++) {
		const struct row *row = row_of(value);

		if (row->needed && !given(options, value))
			buffer_format(&missing, "%s--%s %s", missing.length ? ", " : "", row->name,
				      row->argument);
	}
	if (missing.failed) {
		rc = failure_memory(failure);
	} else if (missing.length) {
		failure_set(failure, FAILURE_USAGE, "missing %s", missing.data);
		failure_set_remedy(failure, "--help tells what each one is");
		rc = -EINVAL;
	}
	buffer_fini(&missing);
	return rc;
}

void session_options_warn_length(uint32_t length, char *warning)
{
	warning[0] = '\0';
	if (length && length < MIN_LENGTH_IPV4)
		snprintf(warning, SESSION_OPTIONS_WARNING_BYTES,
			 "--packet-length %u: below AWS's documented minimum of %d for IPv4 and %d "
			 "for IPv6: EC2 may refuse it",
			 length, MIN_LENGTH_IPV4, MIN_LENGTH_IPV6);
	else if (length && length < MIN_LENGTH_IPV6)
		snprintf(warning, SESSION_OPTIONS_WARNING_BYTES,
			 "--packet-length %u: below AWS's documented minimum of %d for IPv6: give "
			 "at least that where the source speaks IPv6",
			 length, MIN_LENGTH_IPV6);
}

int session_options_check(const struct session_options *options, char *warning,
			  struct failure *failure)
{
	session_options_warn_length(options->create.spec.packet_length, warning);
	return check_missing(options, failure);
}

void session_options_fini(struct session_options *options)
{
	for (size_t i = 0; i < options->create.spec.tag_count; i++) {
		free(options->tags[i].key);
		free(options->tags[i].value);
	}
	free(options->tags);
	*options = (struct session_options){0};
}
