/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/session_map_command.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provision/commands/command_options.h"
#include "provision/commands/config_load.h"
#include "provision/commands/exit_code.h"
#include "provision/deploy/config_value.h"
#include "provision/deploy/map_build.h"
#include "provision/deploy/map_keep.h"
#include "provision/deploy/scope.h"

enum {
	LINE_BYTES = 2048,
	WATCH_MAX_SECONDS = 86400,
	SLICE_MS = 100, /* how late a stop may be noticed while waiting */
};

struct options {
	const char *target, *config, *path, *watch;
	uint32_t watch_seconds; /* 0: once */
	bool accept_shrink, help;
	struct client_options client;
};

/* What lives from round to round. */
struct watcher {
	const struct options *options;
	struct config config; /* of one account, where only a target was given */
	struct scopes scopes;
	bool open;
	char told[LINE_BYTES];  /* the last failure */
	struct buffer warnings; /* the last ones */
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = 1;
}

/* Options. */

static int print_help(const struct command_option *table, size_t count)
{
	printf("usage: mirrorcap session-map (--traffic-mirror-target-id TMT | --config FILE) "
	       "-w MAP\n                             [OPTIONS]\n\n"
	       "Writes the session map that `mirrorcap capture --sessions` reads, from what EC2 "
	       "says\nabout a target's or a deployment's sessions. Only reads at AWS.\n\n");
	command_options_help(table, count);
	printf("\nAn answer without sessions, or with fewer than half of the map's, leaves the map "
	       "as it is.\n");
	return 0;
}

static int usage(struct failure *failure, const char *message, const char *remedy)
{
	failure_set(failure, FAILURE_USAGE, "%s", message);
	failure_set_remedy(failure, "%s", remedy);
	return -EINVAL;
}

/* "30s", "5m", "1h", "30". */
static int parse_watch(struct options *options, struct failure *failure)
{
	static const char units[] = "smh";
	static const uint32_t seconds[] = {1, 60, 3600};
	char number[16];
	size_t length = strlen(options->watch);
	const char *unit = strchr(units, options->watch[length - 1]);
	uint32_t value, scale = unit ? seconds[unit - units] : 1;

	snprintf(number, sizeof(number), "%.*s", (int)(length - (unit ? 1 : 0)), options->watch);
	if (length >= sizeof(number) || config_number(number, 1, WATCH_MAX_SECONDS, &value) ||
	    value > WATCH_MAX_SECONDS / scale)
		return usage(failure, "--watch: not a time from 1s to 24h",
			     "give one such as 30s or 5m");
	options->watch_seconds = value * scale;
	return 0;
}

static int check(struct options *options, struct failure *failure)
{
	if (!options->target == !options->config)
		return usage(failure, "whose sessions?",
			     "give --traffic-mirror-target-id TMT or --config FILE");
	if (options->target && !config_text_valid(&config_text_target_id, options->target))
		return usage(failure, "--traffic-mirror-target-id: not a mirror target id",
			     config_text_target_id.remedy);
	if (!options->path)
		return usage(failure, "missing --write MAP", "give the session map's path");
	return options->watch ? parse_watch(options, failure) : 0;
}

static int parse(int argc, char **argv, struct options *options, struct failure *failure)
{
	const struct command_option table[] = {
		{"traffic-mirror-target-id", 0, "TMT", "the sessions that mirror to this target",
		 &options->target, NULL},
		{"config", 'c', "FILE", "the sessions of this configuration's deployment",
		 &options->config, NULL},
		{"write", 'w', "MAP", "the session map (JSON)", &options->path, NULL},
		{"watch", 0, "TIME", "keep it current: ask again every TIME, such as 30s",
		 &options->watch, NULL},
		{"accept-shrink", 0, NULL, "also write an empty or sharply smaller answer", NULL,
		 &options->accept_shrink},
		{"region", 0, "REGION", "default: environment, profile, instance",
		 &options->client.region, NULL},
		{"profile", 0, "NAME", "of AWS's shared files", &options->client.profile, NULL},
		{"endpoint-url", 0, "URL", "of every service, instead of AWS's",
		 &options->client.endpoint_url, NULL},
	};
	const size_t count = sizeof(table) / sizeof(table[0]);
	int rc = command_options_parse(table, count, argc, argv, &options->help, failure);

	if (rc)
		return rc;
	return options->help ? print_help(table, count) : check(options, failure);
}

/* One round. */

static void say(const struct watcher *watcher, const char *text)
{
	fprintf(stderr, "mirrorcap: session-map: %s: %s\n", watcher->options->path, text);
}

/* In a watch, the same failure is told once and not every 30 s. */
static void tell_failure(struct watcher *watcher, const struct failure *failure)
{
	struct failure plain = *failure;
	char line[LINE_BYTES];

	plain.request_id[0] = '\0';
	failure_format(&plain, line, sizeof(line));
	if (strcmp(line, watcher->told) == 0)
		return;
	snprintf(watcher->told, sizeof(watcher->told), "%s", line);
	failure_format(failure, line, sizeof(line));
	say(watcher, line);
}

/* One line of the text; control characters, which a peer may have sent, become '?'. */
static void tell_warning(const struct watcher *watcher, const char *text, size_t length)
{
	fprintf(stderr, "mirrorcap: session-map: %s: warning: ", watcher->options->path);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		fputc(c < ' ' || c == 0x7f ? '?' : c, stderr);
	}
	fputc('\n', stderr);
}

/* warnings: taken over, so that the same ones are told once. */
static void tell_warnings(struct watcher *watcher, struct buffer *warnings)
{
	const char *text = buffer_string(warnings);

	if (strcmp(text, buffer_string(&watcher->warnings)) == 0)
		return;
	while (*text) {
		size_t length = strcspn(text, "\n");

		tell_warning(watcher, text, length);
		text += length + (text[length] == '\n');
	}
	buffer_fini(&watcher->warnings);
	watcher->warnings = *warnings;
	*warnings = (struct buffer){0};
}

static void close_scopes(struct watcher *watcher)
{
	if (watcher->open)
		scopes_fini(&watcher->scopes);
	watcher->open = false;
}

/* Every account must be in reach: a part of the sessions is no map. */
static int open_scopes(struct watcher *watcher, struct failure *failure)
{
	int rc;

	if (watcher->open)
		return 0;
	rc = scopes_open(&watcher->config, &watcher->options->client, &watcher->scopes, failure);
	if (rc)
		return rc;
	watcher->open = true;
	for (size_t i = 0; i < watcher->scopes.count; i++) {
		const struct scope *scope = &watcher->scopes.scopes[i];

		if (!scope->failure)
			continue;
		failure_set(failure, FAILURE_CREDENTIALS, "account %s: %s", scope->account->name,
			    scope->failure);
		close_scopes(watcher);
		return -EIO;
	}
	return 0;
}

static int fetch(struct watcher *watcher, struct map_facts *facts, struct failure *failure)
{
	const struct map_query query = {
		.traffic_mirror_target_id = watcher->options->target,
		.deployment = watcher->config.deployment,
	};
	int rc = open_scopes(watcher, failure);

	for (size_t i = 0; !rc && i < watcher->scopes.count; i++)
		rc = map_fetch(watcher->scopes.scopes[i].client, &query, facts, failure);
	return rc;
}

static int refuse_answer(struct failure *failure, uint32_t now, uint32_t before)
{
	if (before == 0) {
		failure_set(failure, FAILURE_RESPONSE, "AWS knows no session: nothing is written");
		failure_set_remedy(failure, "see mirrorcap session list; or create sessions first");
	} else {
		failure_set(failure, FAILURE_RESPONSE,
			    "AWS knows %u sessions, the map has %u: it is kept", now, before);
		failure_set_remedy(failure, "if they were really deleted, give --accept-shrink");
	}
	return -EAGAIN;
}

static int keep(struct watcher *watcher, const struct session_map *map, struct failure *failure)
{
	const struct options *options = watcher->options;
	char error[SESSION_ERROR_BYTES], line[64];
	enum map_outcome outcome;
	uint32_t before;
	int rc = map_keep(options->path, map, options->accept_shrink, &outcome, &before, error);

	if (rc) {
		failure_set(failure, FAILURE_OUTPUT, "%s", error);
		failure_set_remedy(
			failure, rc == -EEXIST
					 ? "remove it, or give another -w"
					 : "give another -w, or make room and rights for it there");
		return rc;
	}
	if (outcome == MAP_KEPT)
		return refuse_answer(failure, map->count, before);
	if (outcome == MAP_UNCHANGED && options->watch && !watcher->told[0])
		return 0;
	snprintf(line, sizeof(line), "%u sessions%s", map->count,
		 outcome == MAP_UNCHANGED ? ", unchanged" : "");
	say(watcher, line);
	watcher->told[0] = '\0';
	return 0;
}

static int update(struct watcher *watcher, struct map_facts *facts, struct failure *failure)
{
	char error[SESSION_ERROR_BYTES];
	struct buffer warnings = {0};
	struct session_map map;
	int rc = map_keep_addresses(watcher->options->path, facts->addresses);

	if (rc)
		return failure_memory(failure);
	rc = map_build(facts, &map, &warnings, error);
	if (rc) {
		failure_set(failure, FAILURE_RESPONSE, "the sessions make no map: %s", error);
		failure_set_remedy(failure, "give one of them another name or VirtualNetworkId");
	} else {
		tell_warnings(watcher, &warnings);
		rc = keep(watcher, &map, failure);
		session_map_fini(&map);
	}
	buffer_fini(&warnings);
	return rc;
}

static int one_round(struct watcher *watcher, struct failure *failure)
{
	struct map_facts facts = {0};
	int rc = fetch(watcher, &facts, failure);

	if (!rc)
		rc = update(watcher, &facts, failure);
	map_facts_fini(&facts);
	if (rc && !stopped)
		tell_failure(watcher, failure);
	return rc;
}

/* The whole. */

static void wait_until(const struct timespec *end)
{
	const struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};
	struct timespec now;

	do {
		nanosleep(&slice, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!stopped && (now.tv_sec < end->tv_sec ||
			      (now.tv_sec == end->tv_sec && now.tv_nsec < end->tv_nsec)));
}

static int watch(struct watcher *watcher)
{
	const struct options *options = watcher->options;

	for (;;) {
		struct failure failure = {0};
		struct timespec next;
		int rc;

		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_sec += options->watch_seconds;
		rc = one_round(watcher, &failure);
		if (stopped)
			return options->watch ? EXIT_CODE_DONE : EXIT_CODE_FAILED;
		/* What a person must mend is not mended by asking again. */
		if (rc && failure.kind == FAILURE_USAGE)
			return EXIT_CODE_USAGE;
		if (!options->watch || rc == -EEXIST)
			return rc ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
		wait_until(&next);
	}
}

static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int run(const struct options *options)
{
	struct config_account own = {.name = CONFIG_ACCOUNT_DEFAULT};
	struct watcher watcher = {.options = options};
	int code = options->config ? config_load(options->config, &watcher.config) : 0;

	if (code)
		return code == -EINVAL ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
	if (!options->config) {
		watcher.config.accounts = &own;
		watcher.config.account_count = 1;
	}
	catch_signals();
	code = watch(&watcher);
	close_scopes(&watcher);
	buffer_fini(&watcher.warnings);
	config_fini(&watcher.config);
	return code;
}

int session_map_command(int argc, char **argv)
{
	struct options options = {.client.stop = &stopped};
	struct failure failure = {0};
	char line[LINE_BYTES], path[PATH_MAX];

	if (parse(argc, argv, &options, &failure)) {
		failure_format(&failure, line, sizeof(line));
		fprintf(stderr, "mirrorcap: session-map: %s\n", line);
		return EXIT_CODE_USAGE;
	}
	if (options.help)
		return EXIT_CODE_DONE;
	/* Of a link, what it leads to is replaced. */
	if (realpath(options.path, path))
		options.path = path;
	return run(&options);
}
