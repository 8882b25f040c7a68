/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/filter_check.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include <rte_log.h>

#include "dataplane/filter_ebpf.h"
#include "dataplane/filter_frames.h"

/* The child's exit codes. */
enum result {
	AGREES,
	DIFFERS,
	NO_CODE,
	NO_MEMORY,
};

/* Returns the end of readable memory, FILTER_FRAME_BYTES or more of it, or NULL. */
static uint8_t *map_to_edge(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *memory =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + page, page, PROT_NONE) < 0)
		return NULL;
	return memory + page;
}

static bool agrees(const struct bpf_program *program, filter_code code,
		   const struct filter_frame *frame, uint8_t *edge)
{
	const uint8_t *bytes = edge - frame->caplen;
	struct filter_input input = {.frame = bytes, .caplen = frame->caplen, .len = frame->len};

	memcpy(edge - frame->caplen, frame->bytes, frame->caplen);
	return (bpf_filter(program->bf_insns, bytes, frame->len, frame->caplen) != 0) ==
	       (code(&input) != 0);
}

static enum result compare(const struct bpf_program *program, filter_compiler compile)
{
	struct filter_frames *frames = filter_frames_new(program->bf_insns, program->bf_len);
	uint8_t *edge = map_to_edge();
	struct filter_frame frame;
	struct rte_bpf *bpf;
	filter_code code;

	if (!frames || !edge)
		return NO_MEMORY;
	code = compile(program, &bpf);
	if (!code)
		return NO_CODE;
	for (uint32_t i = 0; i < filter_frames_count(frames); i++) {
		filter_frames_make(frames, i, &frame);
		if (!agrees(program, code, &frame, edge))
			return DIFFERS;
	}
	return AGREES;
}

/* Everything that the child holds ends with it. */
static void run_child(const struct bpf_program *program, filter_compiler compile)
{
	const int ends[] = {SIGALRM, SIGXCPU, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
	const struct rlimit time = {FILTER_CHECK_CPU_SECONDS, FILTER_CHECK_CPU_SECONDS + 1};
	const struct rlimit no_core = {0};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		signal(ends[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_CPU, &time);
	alarm(FILTER_CHECK_SECONDS);
	/* What it comes to is said once, by the parent. */
	rte_log_set_level_pattern("lib.bpf", RTE_LOG_EMERG);
	_exit(compare(program, compile));
}

static const char *verdict(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGALRM
			       ? "compiling it and trying it out took too long"
			       : "its machine code crashed when it was tried out";
	switch (WEXITSTATUS(status)) {
	case AGREES:
		return NULL;
	case DIFFERS:
		return "its machine code gave a wrong verdict when it was tried out";
	case NO_CODE:
		return "it cannot be compiled to machine code";
	case NO_MEMORY:
		return "there was no memory to try its machine code out";
	default:
		return "the process that tried its machine code out ended early";
	}
}

const char *filter_check(const struct bpf_program *program, filter_compiler compile)
{
	pid_t child;
	int status;

	/* Whoever started this process may ignore it, and a child would leave no status. */
	signal(SIGCHLD, SIG_DFL);
	child = fork();
	if (child == 0)
		run_child(program, compile);
	if (child < 0)
		return "no process could be started to try its machine code out";
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return "the process that tried its machine code out got lost";
	return verdict(status);
}
