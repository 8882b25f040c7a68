/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters as machine code against libpcap's interpreter: any expression, or any program, over
 * frames that are aimed at it and over the input's own, which ends where its memory does.
 *
 * Input: an expression up to the first newline, then a frame; or a byte 1 and a count, as many
 * classic instructions of 8 bytes, then a frame.
 */
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include <rte_bpf.h>
#include <rte_log.h>

#include "capture/pcap_format.h"
#include "dataplane/filter_ebpf.h"
#include "dataplane/filter_frames.h"
#include "dataplane/filter_jit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	EXPRESSION_MAX = 200, /* libpcap's optimizer may take minutes for a longer one */
	PROGRAM_MAX = 64,
	FRAMES = 200,
};

/* Names in expressions are not looked up: a fuzzer talks to nobody. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **result)
{
	return EAI_NONAME;
}

int getnetbyname_r(const char *name, struct netent *entry, char *buffer, size_t bytes,
		   struct netent **result, int *error)
{
	*result = NULL;
	*error = HOST_NOT_FOUND;
	return 0;
}

static void differ(const struct bpf_program *program)
{
	bpf_dump(program, 1);
	abort();
}

static void check_frame(const struct bpf_program *program, filter_code code, const uint8_t *bytes,
			uint32_t caplen, uint32_t len)
{
	uint8_t *copy = malloc(caplen ? caplen : 1);
	struct filter_input input = {.frame = copy, .caplen = caplen, .len = len};

	if (!copy)
		return;
	memcpy(copy, bytes, caplen);
	/* The verdict as a number, which is more than whether it matches. */
	if (bpf_filter(program->bf_insns, copy, len, caplen) != code(&input))
		differ(program);
	free(copy);
}

static void check_aimed(const struct bpf_program *program, filter_code code)
{
	struct filter_frames *frames = filter_frames_new(program->bf_insns, program->bf_len);
	struct filter_frame frame;
	uint32_t step;

	if (!frames)
		return;
	step = filter_frames_count(frames) / FRAMES + 1;
	for (uint32_t i = 0; i < filter_frames_count(frames); i += step) {
		filter_frames_make(frames, i, &frame);
		check_frame(program, code, frame.bytes, frame.caplen, frame.len);
	}
	filter_frames_free(frames);
}

static void check(const struct bpf_program *program, const uint8_t *frame, uint32_t bytes)
{
	struct rte_bpf *bpf;
	filter_code code;

	rte_log_set_level_pattern("lib.bpf", RTE_LOG_EMERG);
	code = filter_jit(program, &bpf);
	if (code) {
		check_aimed(program, code);
		for (uint32_t caplen = bytes; caplen > 0; caplen -= 1 + caplen / 8)
			check_frame(program, code, frame, caplen, bytes + caplen % 3);
	}
	rte_bpf_destroy(bpf);
}

static void check_expression(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	char text[EXPRESSION_MAX + 1] = "";
	struct bpf_program program;
	pcap_t *pcap;

	if (!end || end - data > EXPRESSION_MAX)
		return;
	memcpy(text, data, (size_t)(end - data));
	pcap = pcap_open_dead(DLT_EN10MB, PCAP_MAX_SNAPLEN);
	if (pcap && pcap_compile(pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) == 0) {
		check(&program, end + 1, (uint32_t)(data + size - end - 1));
		pcap_freecode(&program);
	}
	if (pcap)
		pcap_close(pcap);
}

/* Loops would not end in the interpreter, and its scratch memory begins as anything. */
static bool runs_to_an_end(const struct bpf_insn *program, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (program[i].code == (BPF_JMP | BPF_JA) && program[i].k >= count)
			return false;
	return bpf_validate(program, (int)count);
}

static void check_program(const uint8_t *data, size_t size)
{
	struct bpf_insn instructions[PROGRAM_MAX];
	struct bpf_program program = {.bf_insns = instructions};

	program.bf_len = size ? data[0] % PROGRAM_MAX + 1 : 0;
	if (!size || size - 1 < program.bf_len * sizeof(*instructions))
		return;
	memcpy(instructions, data + 1, program.bf_len * sizeof(*instructions));
	data += 1 + program.bf_len * sizeof(*instructions);
	size -= 1 + program.bf_len * sizeof(*instructions);
	if (runs_to_an_end(instructions, program.bf_len))
		check(&program, data, (uint32_t)size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4096)
		return 0;
	if (size && data[0] == 1)
		check_program(data + 1, size - 1);
	else
		check_expression(data, size);
	return 0;
}
