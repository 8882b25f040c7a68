/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirrorcap-run: a capture and its session as one. The capture receives before the session exists,
 * and goes on for a moment after it was deleted, so that no mirrored packet is missed.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "provision/aws/client.h"
#include "provision/aws/failure.h"
#include "tools/run_capture.h"
#include "tools/run_options.h"
#include "tools/run_session.h"
#include "tools/run_stop.h"

enum {
	DRAIN_MS = 1000, /* what was mirrored before the delete is under way no longer than this */
	LINE_BYTES = 2048,
	VNI_BYTES = 40,
};

static enum run_exit fail(const struct failure *failure)
{
	char line[LINE_BYTES];

	failure_format(failure, line, sizeof(line));
	fprintf(stderr, "mirrorcap: run: %s\n", line);
	return failure->kind == FAILURE_USAGE ? RUN_USAGE : RUN_FAILED;
}

/* The capture's exit code becomes the run's. */
static int judge_capture(const struct run_capture *capture)
{
	if (WIFEXITED(capture->status))
		return WEXITSTATUS(capture->status);
	fprintf(stderr,
		"mirrorcap: run: capture: killed by signal %d (%s): what it had written is in its "
		".part files\n",
		WTERMSIG(capture->status), strsignal(WTERMSIG(capture->status)));
	return RUN_FAILED;
}

/* The session's time. Returns RUN_DONE or RUN_FAILED. */
static enum run_exit hold_session(const struct run_options *options, struct client *client,
				  struct run_capture *capture)
{
	enum run_exit result = RUN_DONE;
	struct run_session session;
	struct failure failure;

	if (run_session_begin(&session, client, options, &failure))
		return fail(&failure);
	run_capture_wait(capture, &run_stop_asked, -1);
	if (run_session_end(&session, &failure))
		result = fail(&failure);
	if (session.deleted)
		run_capture_wait(capture, &run_stop_hurried, DRAIN_MS);
	return result;
}

static int supervise(const struct run_options *options, struct client *client,
		     struct run_capture *capture)
{
	enum run_exit result = RUN_DONE;
	int capture_result;

	if (run_capture_wait(capture, &run_stop_asked, -1) == RUN_CAPTURE_READY)
		result = hold_session(options, client, capture);
	else
		fputs("mirrorcap: run: capture did not come to receive: no session was created\n",
		      stderr);
	run_capture_stop(capture);
	capture_result = judge_capture(capture);
	return result == RUN_DONE ? capture_result : (int)result;
}

/* The capture's --vni, from the session. */
static void format_vni(const struct mirror_session_spec *spec, char text[VNI_BYTES])
{
	if (spec->packet_length && spec->packet_length <= SESSION_MAX_LENGTH)
		snprintf(text, VNI_BYTES, "%" PRIu32 ",length=%" PRIu32, spec->virtual_network_id,
			 spec->packet_length);
	else
		snprintf(text, VNI_BYTES, "%" PRIu32, spec->virtual_network_id);
}

static int start_capture(const struct run_options *options, struct run_capture *capture)
{
	const char **argv = calloc(options->capture_count + 4, sizeof(*argv));
	char vni[VNI_BYTES];
	size_t used = 0;
	int rc;

	if (!argv)
		return -ENOMEM;
	argv[used++] = "mirrorcap-capture";
	if (!options->map.count) {
		format_vni(&options->session.create.spec, vni);
		argv[used++] = "--vni";
		argv[used++] = vni;
	}
	memcpy(argv + used, options->capture, options->capture_count * sizeof(*argv));
	rc = run_capture_start(capture, argv);
	free(argv);
	return rc;
}

static int run(struct run_options *options, struct client *client)
{
	struct mirror_session_spec *spec = &options->session.create.spec;
	struct run_capture capture;
	struct failure failure;
	int rc;

	if (run_session_choose_vni(client, spec, &failure))
		return fail(&failure);
	rc = start_capture(options, &capture);
	if (rc < 0) {
		fprintf(stderr,
			"mirrorcap: run: mirrorcap-capture: cannot be started: %s: is mirrorcap "
			"installed completely?\n",
			strerror(-rc));
		return RUN_FAILED;
	}
	fprintf(stderr, "mirrorcap: run: started capture (pid %d) for VNI %" PRIu32 "\n",
		(int)capture.pid, spec->virtual_network_id);
	rc = supervise(options, client, &capture);
	run_capture_fini(&capture);
	return rc;
}

static int run_with_client(struct run_options *options)
{
	struct client *client;
	struct failure failure;
	int result;

	run_stop_catch();
	options->session.client.stop = &run_stop_asked;
	if (client_new(&options->session.client, &client, &failure))
		return fail(&failure);
	result = run(options, client);
	client_free(client);
	return result;
}

int main(int argc, char **argv)
{
	char warning[SESSION_OPTIONS_WARNING_BYTES];
	struct run_options options;
	struct failure failure = {0};
	int result;

	/* Keys are in memory: neither a core file nor another process of the user gets them. */
	prctl(PR_SET_DUMPABLE, 0);
	if (run_options_parse(&options, argc, argv, warning, &failure))
		result = fail(&failure);
	else if (options.help)
		result = run_options_help() == 0 ? RUN_DONE : RUN_FAILED;
	else {
		if (*warning)
			fprintf(stderr, "mirrorcap: run: warning: %s\n", warning);
		result = run_with_client(&options);
	}
	run_options_fini(&options);
	return result;
}
