/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/decap.h"
#include "dataplane/options_internal.h"
#include "dataplane/options_usage.h"
#include "dataplane/units.h"

enum {
	ROWS_MAX = 64,
	ROW_VALUE = 256, /* getopt's value of row 0: above all letters */
	DEFAULT_BUFFER_MIB = 256,
	DEFAULT_FLUSH_NS = 1000000000,
	DEFAULT_FLOOR_PERCENT = 5,
};

static int take_stop(struct parse *parse, const char *value)
{
	struct options *options = parse->options;
	int rc = -EINVAL;

	if (!strncmp(value, "duration:", 9))
		rc = units_duration(value + 9, &options->stop_after_ns);
	else if (!strncmp(value, "packets:", 8))
		rc = units_number(value + 8, 1, INT64_MAX, &options->stop_after_packets);
	return rc < 0 ? options_error("-a", value, "use duration:S or packets:N") : OPTIONS_GO_ON;
}

static int take_summary(struct parse *parse, const char *value)
{
	static const char *const forms[] = {"text", "json", "none", NULL};
	int word = 0, rc = options_word("--summary", value, forms, &word);

	parse->options->summary = (enum summary_form)word;
	return rc;
}

static int take_stats(struct parse *parse, const char *value)
{
	return options_duration("--stats", value, &parse->options->stats_ns);
}

static int take_ledger(struct parse *parse, const char *value)
{
	parse->options->ledger = value;
	return OPTIONS_GO_ON;
}

static int take_help(struct parse *parse, const char *value)
{
	fputs(options_usage, stdout);
	return 0;
}

static int take_version(struct parse *parse, const char *value)
{
	puts("mirrorcap " MIRRORCAP_VERSION);
	return 0;
}

/* End and report; what is about nothing else. */
static const struct option_row options_report[] = {
	{.letter = 'a', .take = take_stop},
	{.name = "summary", .take = take_summary},
	{.name = "stats", .take = take_stats},
	{.name = "ledger", .take = take_ledger},
	{.name = "help", .letter = 'h', .flag = true, .take = take_help},
	{.name = "version", .flag = true, .take = take_version},
	{0},
};

/* All parts' rows, and what getopt makes of them. */
struct table {
	const struct option_row *rows[ROWS_MAX];
	int count;
	struct option names[ROWS_MAX]; /* a {0} ends them */
	char letters[2 * ROWS_MAX + 2];
};

static void add_rows(struct table *table, const struct option_row *row)
{
	struct option *name = table->names;
	size_t used = strlen(table->letters);

	while (name->name)
		name++;
	for (; row->take; row++) {
		assert(table->count < ROWS_MAX - 1);
		if (row->name)
			*name++ = (struct option){row->name,
						  row->flag ? no_argument : required_argument, NULL,
						  ROW_VALUE + table->count};
		if (row->letter) {
			table->letters[used++] = row->letter;
			if (!row->flag)
				table->letters[used++] = ':';
		}
		table->rows[table->count++] = row;
	}
}

static void make_table(struct table *table)
{
	*table = (struct table){.letters = "+"}; /* the first word that is no option ends them */
	add_rows(table, options_input);
	add_rows(table, options_output);
	add_rows(table, options_resources);
	add_rows(table, options_report);
}

/* The row of what getopt returned, or NULL where that is an error, which it has told of. */
static const struct option_row *find_row(const struct table *table, int option)
{
	if (option >= ROW_VALUE)
		return table->rows[option - ROW_VALUE];
	for (int i = 0; i < table->count; i++)
		if (table->rows[i]->letter == option)
			return table->rows[i];
	return NULL;
}

static int take_all(struct parse *parse, int argc, char **argv)
{
	struct table table;
	int option, rc = OPTIONS_GO_ON;

	make_table(&table);
	while (rc == OPTIONS_GO_ON &&
	       (option = getopt_long(argc, argv, table.letters, table.names, NULL)) != -1) {
		const struct option_row *row = find_row(&table, option);

		if (!row)
			fputs("mirrorcap: see mirrorcap capture --help\n", stderr);
		rc = row ? row->take(parse, optarg) : OPTIONS_USAGE;
	}
	if (rc == OPTIONS_GO_ON && optind < argc && strcmp(argv[optind - 1], "--"))
		rc = options_error("argument", argv[optind],
				   "not an option: EAL arguments come after --");
	return rc;
}

int options_parse(int argc, char **argv, struct options *options)
{
	static int (*const checks[])(struct parse *) = {options_check_input, options_check_output,
							options_check_resources,
							options_read_sessions};
	struct parse parse = {.options = options};
	int rc;

	*options = (struct options){.workers = 1,
				    .vxlan_port = DECAP_VXLAN_PORT,
				    .flush_ns = DEFAULT_FLUSH_NS,
				    .retain.floor.percent = DEFAULT_FLOOR_PERCENT,
				    .buffer_bytes = (uint64_t)DEFAULT_BUFFER_MIB << 20};
	rc = take_all(&parse, argc, argv);
	options->eal = argv + optind;
	options->eal_count = argc - optind;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && rc == OPTIONS_GO_ON; i++)
		rc = checks[i](&parse);
	if (rc != OPTIONS_GO_ON)
		options_fini(options);
	return rc;
}

void options_fini(struct options *options)
{
	for (uint32_t i = 0; i < options->port_count; i++)
		port_spec_fini(&options->ports[i]);
	session_map_fini(&options->map);
	manifest_key_free(options->key);
}
