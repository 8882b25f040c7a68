/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options: where packets come from, and which of them are recorded.
 */
#include <stdio.h>

#include "dataplane/options_internal.h"

static int take_port(struct parse *parse, const char *value)
{
	struct options *options = parse->options;
	char error[PORT_ERROR_BYTES];

	if (options->port_count == OPTIONS_PORTS_MAX)
		return options_error("-i", value, "too many ports: 16 at most");
	if (port_spec_parse(value, &options->ports[options->port_count], error) < 0)
		return options_error("port", value, error);
	options->port_count++;
	return OPTIONS_GO_ON;
}

static int take_vxlan_port(struct parse *parse, const char *value)
{
	uint32_t number = 0;
	int rc = options_number("--vxlan-port", value, UINT16_MAX, &number);

	parse->options->vxlan_port = (uint16_t)number;
	return rc;
}

static int take_vni(struct parse *parse, const char *value)
{
	char error[SESSION_ERROR_BYTES];

	if (session_map_add_argument(&parse->options->map, value, error) < 0)
		return options_error("--vni", value, error);
	return OPTIONS_GO_ON;
}

static int take_sessions(struct parse *parse, const char *value)
{
	parse->sessions = value;
	return OPTIONS_GO_ON;
}

static int take_filter(struct parse *parse, const char *value)
{
	parse->options->filter = value;
	return OPTIONS_GO_ON;
}

static int take_snaplen(struct parse *parse, const char *value)
{
	return options_number("-s", value, PCAP_MAX_SNAPLEN, &parse->options->snaplen);
}

const struct option_row options_input[] = {
	{.letter = 'i', .take = take_port},
	{.name = "vxlan-port", .take = take_vxlan_port},
	{.name = "vni", .take = take_vni},
	{.name = "sessions", .take = take_sessions},
	{.letter = 'f', .take = take_filter},
	{.letter = 's', .take = take_snaplen},
	{0},
};

int options_check_input(struct parse *parse)
{
	if (!parse->options->port_count)
		return options_error("-i", "PORT", "missing: say where packets come from");
	return OPTIONS_GO_ON;
}

int options_read_sessions(struct parse *parse)
{
	char error[SESSION_ERROR_BYTES] = "", warning[SESSION_ERROR_BYTES] = "";
	struct session_map *map = &parse->options->map;
	const char *object = parse->sessions ? parse->sessions : "--vni";

	if (parse->sessions && map->count)
		return options_error("--sessions", parse->sessions,
				     "give either --sessions or --vni, not both");
	if (!parse->sessions && !map->count)
		return options_error("sessions", "none",
				     "say what to record with --vni or --sessions");
	if ((parse->sessions && session_map_read(map, parse->sessions, error, warning) < 0) ||
	    session_map_check(map, error) < 0)
		return options_error("session map", object, error);
	if (warning[0])
		fprintf(stderr, "mirrorcap: session map %s: %s\n", object, warning);
	return OPTIONS_GO_ON;
}
