/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that a program of the user's prints. It is started without a shell, with the terminal's
 * stderr, so that it can explain itself there; what it prints on stdout is shown to nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "provision/aws/credentials_json.h"
#include "provision/aws/credentials_sources.h"
#include "provision/aws/exchange.h"
#include "provision/aws/words.h"

#define ORIGIN "credential_process"

enum {
	TIMEOUT_MS = 60000, /* it may ask a person for a code */
	STEP_MS = 50,
	MAX_OUTPUT_BYTES = 64 << 10,
	READ_STEP = 4096,
	FIRST_FREE_FD = 3,
};

/* Token and Expiration are there for keys that end. */
static const struct credentials_shape process_shape = {
	"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", false, false, false,
};

/* A running program. */
struct program {
	const struct credentials_context *context;
	const char *name; /* borrowed: its first word. The others may be secrets */
	pid_t pid;
	int output;    /* the read end; non-blocking */
	int waited_ms; /* of TIMEOUT_MS */
};

static int fail(const struct program *program, int rc, const char *what, struct failure *failure)
{
	failure_set(failure, FAILURE_CREDENTIALS, "profile '%s': credential_process %s: %s",
		    program->context->profile, program->name, what);
	failure_set_remedy(failure, "run it by hand; see credential_process in aws help "
				    "config-vars");
	return rc;
}

/* Starting. */

static int set_actions(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
		       int output)
{
	sigset_t defaults, none;
	int rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (!rc)
		rc = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn_file_actions_addclosefrom_np(actions, FIRST_FREE_FD);
	sigfillset(&defaults);
	if (!rc)
		rc = posix_spawnattr_setsigdefault(attributes, &defaults);
	/* Who calls may be holding signals back; the program must die of them. */
	sigemptyset(&none);
	if (!rc)
		rc = posix_spawnattr_setsigmask(attributes, &none);
	if (!rc)
		rc = posix_spawnattr_setflags(attributes,
					      POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return rc;
}

/* Returns 0 or an errno. */
static int spawn(char *const argv[], int output, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc)
		return rc;
	rc = posix_spawnattr_init(&attributes);
	if (rc) {
		posix_spawn_file_actions_destroy(&actions);
		return rc;
	}
	rc = set_actions(&actions, &attributes, output);
	if (!rc)
		rc = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int start(struct program *program, char *const argv[], struct failure *failure)
{
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC))
		return fail(program, -errno, strerror(errno), failure);
	rc = spawn(argv, ends[1], &program->pid);
	close(ends[1]);
	if (rc) {
		close(ends[0]);
		return fail(program, -EINVAL, strerror(rc), failure);
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	program->output = ends[0];
	return 0;
}

/* Listening. */

/* One step of the time that it has. Returns 0, or -errno with failure set when that is over. */
static int spend_step(struct program *program, struct failure *failure)
{
	program->waited_ms += STEP_MS;
	if (program->waited_ms > TIMEOUT_MS)
		return fail(program, -ETIMEDOUT, "not done within 60 seconds", failure);
	return exchange_pause(program->context->exchange, 0, failure);
}

/* What has arrived. Returns 1, 0 at the end of the output, or -errno with failure set. */
static int read_some(struct program *program, struct buffer *output, struct failure *failure)
{
	char step[READ_STEP];
	ssize_t got = read(program->output, step, sizeof(step));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (got < 0)
		return fail(program, -errno, strerror(errno), failure);
	buffer_append(output, step, (size_t)got);
	explicit_bzero(step, sizeof(step));
	if (output->failed)
		return failure_memory(failure);
	if (output->length > MAX_OUTPUT_BYTES)
		return fail(program, -EMSGSIZE, "prints more than 64 KiB", failure);
	return got > 0;
}

static int read_all(struct program *program, struct buffer *output, struct failure *failure)
{
	struct pollfd wait = {.fd = program->output, .events = POLLIN};
	int rc;

	for (;;) {
		if (poll(&wait, 1, STEP_MS) <= 0) {
			rc = spend_step(program, failure);
			if (rc)
				return rc;
			continue;
		}
		rc = read_some(program, output, failure);
		if (rc <= 0)
			return rc;
	}
}

/* Waits for its end; kills it where it takes too long. */
static int reap(struct program *program, int *status, struct failure *failure)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	pid_t ended;
	int rc = 0;

	for (;;) {
		ended = waitpid(program->pid, status, rc ? 0 : WNOHANG);
		if (ended == program->pid || (ended < 0 && errno != EINTR))
			return rc;
		rc = spend_step(program, failure);
		if (rc)
			kill(program->pid, SIGKILL);
		else
			nanosleep(&step, NULL);
	}
}

static int judge_end(const struct program *program, int status, struct failure *failure)
{
	char what[64];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		snprintf(what, sizeof(what), "exit status %d", WEXITSTATUS(status));
	else
		snprintf(what, sizeof(what), "killed by signal %d", WTERMSIG(status));
	return fail(program, -EPROTO, what, failure);
}

static int run(struct program *program, char *const argv[], struct buffer *output,
	       struct failure *failure)
{
	int status = 0, rc = start(program, argv, failure);

	if (rc)
		return rc;
	rc = read_all(program, output, failure);
	close(program->output);
	if (rc) {
		kill(program->pid, SIGKILL);
		waitpid(program->pid, &status, 0);
		return rc;
	}
	rc = reap(program, &status, failure);
	return rc ? rc : judge_end(program, status, failure);
}

/* Its answer. */

static int take_output(const struct program *program, const struct buffer *output,
		       struct credentials *credentials, struct failure *failure)
{
	json_t *document;
	int rc = credentials_json_parse(buffer_string(output), output->length, ORIGIN, &document,
					failure);

	if (rc)
		return fail(program, rc, "prints no JSON object", failure);
	if (json_integer_value(json_object_get(document, "Version")) != 1)
		rc = fail(program, -EPROTO, "prints no \"Version\": 1", failure);
	else
		rc = credentials_json_take(document, &process_shape, ORIGIN, credentials, failure);
	json_decref(document);
	return rc;
}

int credentials_process(const struct credentials_context *context, struct credentials *credentials,
			struct failure *failure)
{
	const char *command =
		profiles_value(context->profiles, context->profile, "credential_process");
	struct program program = {.context = context, .name = "", .output = -1};
	struct buffer output = {0};
	struct words words;
	int rc;

	if (!command) {
		failure_set(failure, FAILURE_CREDENTIALS, "no credential_process in profile '%s'",
			    context->profile);
		return -ENOENT;
	}
	rc = words_split(command, &words);
	if (rc == -ENOMEM)
		return failure_memory(failure);
	if (rc || !words.count) {
		words_fini(&words);
		return fail(&program, -EINVAL, "a quotation or backslash without an end", failure);
	}
	program.name = words.list[0];
	rc = run(&program, words.list, &output, failure);
	if (!rc)
		rc = take_output(&program, &output, credentials, failure);
	buffer_fini(&output);
	words_fini(&words);
	return rc;
}
