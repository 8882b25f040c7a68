/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options: CPUs, queues and memory.
 */
#include <stdio.h>

#include "dataplane/options_internal.h"
#include "dataplane/units.h"
#include "dataplane/worker.h"

static int take_workers(struct parse *parse, const char *value)
{
	return options_number("--workers", value, OPTIONS_WORKERS_MAX, &parse->options->workers);
}

static int take_queues(struct parse *parse, const char *value)
{
	return options_number("--queues", value, OPTIONS_WORKERS_MAX, &parse->options->queues);
}

static int take_lcores(struct parse *parse, const char *value)
{
	struct options *options = parse->options;

	parse->lcores = value;
	if (units_cpus(value, options->cpus, OPTIONS_WORKERS_MAX, &options->cpu_count) < 0)
		return options_error("--lcores", value,
				     "use CPU numbers such as 2-5,8; 64 at most");
	return OPTIONS_GO_ON;
}

static int take_idle(struct parse *parse, const char *value)
{
	static const char *const wishes[] = {"poll", "sleep", NULL};
	int word = 0, rc = options_word("--idle", value, wishes, &word);

	parse->options->idle = word ? IDLE_SLEEP : IDLE_POLL;
	return rc;
}

static int take_buffer(struct parse *parse, const char *value)
{
	if (units_bytes(value, 1, &parse->options->buffer_bytes) < 0)
		return options_error("--buffer", value, "use a size such as 512M");
	return OPTIONS_GO_ON;
}

const struct option_row options_resources[] = {
	{.name = "workers", .take = take_workers}, {.name = "queues", .take = take_queues},
	{.name = "lcores", .take = take_lcores},   {.name = "idle", .take = take_idle},
	{.name = "buffer", .take = take_buffer},   {0},
};

static bool has_file_port(const struct options *options)
{
	for (uint32_t i = 0; i < options->port_count; i++)
		if (options->ports[i].kind == PORT_FILE)
			return true;
	return false;
}

/* Without --queues it is the devices that decide: ports_open() then looks. */
static int check_queues(const struct options *options)
{
	uint32_t queues = options->queues * options->port_count;
	uint32_t most = options->workers * WORKER_SOURCES_MAX;
	char number[16], remedy[160];

	if (queues > most) {
		snprintf(number, sizeof(number), "%u", options->queues);
		snprintf(remedy, sizeof(remedy),
			 "%u ports have %u queues then, but %u worker%s %u at most (%d each): use "
			 "--queues %u or --workers %u",
			 options->port_count, queues, options->workers,
			 options->workers == 1 ? " polls" : "s poll", most, WORKER_SOURCES_MAX,
			 most / options->port_count, (queues - 1) / WORKER_SOURCES_MAX + 1);
		return options_error("--queues", number, remedy);
	}
	if (queues < options->workers) {
		snprintf(number, sizeof(number), "%u", options->workers);
		snprintf(remedy, sizeof(remedy),
			 "a worker needs a queue, but --queues %u makes %u in all: use --queues %u "
			 "or --workers %u",
			 options->queues, queues, (options->workers - 1) / options->port_count + 1,
			 queues);
		return options_error("--workers", number, remedy);
	}
	return OPTIONS_GO_ON;
}

int options_check_resources(struct parse *parse)
{
	struct options *options = parse->options;
	char remedy[128];

	if (options_one_file(options) && options->workers > 1)
		return options_error("--workers", "above 1",
				     "one file has one worker: use -w DIRECTORY/");
	if (has_file_port(options) && (options->port_count > 1 || options->workers > 1))
		return options_error(
			"port", "pcap:FILE",
			"a file is read alone and by one worker: leave the others out");
	if (options->cpu_count && options->cpu_count < options->workers) {
		snprintf(remedy, sizeof(remedy),
			 "%u CPU%s for %u workers: give %u, or --workers %u", options->cpu_count,
			 options->cpu_count == 1 ? "" : "s", options->workers, options->workers,
			 options->cpu_count);
		return options_error("--lcores", parse->lcores, remedy);
	}
	return options->queues ? check_queues(options) : OPTIONS_GO_ON;
}
