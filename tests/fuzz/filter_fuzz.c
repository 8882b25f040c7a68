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

/* What bpf_filter() knows; with anything else it ends the process. */
static const uint8_t codes[] = {
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_H | BPF_ABS,
	BPF_LD | BPF_B | BPF_ABS,
	BPF_LD | BPF_W | BPF_IND,
	BPF_LD | BPF_H | BPF_IND,
	BPF_LD | BPF_B | BPF_IND,
	BPF_LD | BPF_W | BPF_LEN,
	BPF_LD | BPF_IMM,
	BPF_LD | BPF_MEM,
	BPF_LDX | BPF_W | BPF_LEN,
	BPF_LDX | BPF_B | BPF_MSH,
	BPF_LDX | BPF_IMM,
	BPF_LDX | BPF_MEM,
	BPF_ST,
	BPF_STX,
	BPF_JMP | BPF_JA,
	BPF_JMP | BPF_JEQ | BPF_K,
	BPF_JMP | BPF_JGT | BPF_K,
	BPF_JMP | BPF_JGE | BPF_K,
	BPF_JMP | BPF_JSET | BPF_K,
	BPF_JMP | BPF_JEQ | BPF_X,
	BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JGE | BPF_X,
	BPF_JMP | BPF_JSET | BPF_X,
	BPF_ALU | BPF_ADD | BPF_X,
	BPF_ALU | BPF_SUB | BPF_X,
	BPF_ALU | BPF_MUL | BPF_X,
	BPF_ALU | BPF_DIV | BPF_X,
	BPF_ALU | BPF_MOD | BPF_X,
	BPF_ALU | BPF_AND | BPF_X,
	BPF_ALU | BPF_OR | BPF_X,
	BPF_ALU | BPF_XOR | BPF_X,
	BPF_ALU | BPF_LSH | BPF_X,
	BPF_ALU | BPF_RSH | BPF_X,
	BPF_ALU | BPF_ADD,
	BPF_ALU | BPF_SUB | BPF_K,
	BPF_ALU | BPF_MUL | BPF_K,
	BPF_ALU | BPF_DIV | BPF_K,
	BPF_ALU | BPF_MOD | BPF_K,
	BPF_ALU | BPF_AND | BPF_K,
	BPF_ALU | BPF_OR | BPF_K,
	BPF_ALU | BPF_XOR | BPF_K,
	BPF_ALU | BPF_LSH | BPF_K,
	BPF_ALU | BPF_RSH | BPF_K,
	BPF_ALU | BPF_NEG,
	BPF_MISC | BPF_TAX,
	BPF_MISC | BPF_TXA,
	BPF_RET | BPF_A,
	BPF_RET | BPF_K,
};

/* The nearest instruction that is valid there: known, and going on within the program. */
static void repair(struct bpf_insn *in, uint32_t left)
{
	if (!memchr(codes, in->code & 0xff, sizeof(codes)))
		in->code = codes[in->code % sizeof(codes)];
	in->code &= 0xff;
	if (in->code == (BPF_JMP | BPF_JA))
		in->k %= left;
	else if (BPF_CLASS(in->code) == BPF_ST || BPF_CLASS(in->code) == BPF_STX ||
		 (BPF_CLASS(in->code) <= BPF_LDX && BPF_MODE(in->code) == BPF_MEM))
		in->k %= BPF_MEMWORDS;
	if (BPF_CLASS(in->code) == BPF_JMP) {
		in->jt = (uint8_t)(in->jt % left);
		in->jf = (uint8_t)(in->jf % left);
	}
}

/* The scratch memory begins as 0 here, since bpf_filter()'s begins as anything. */
static void check_program(const uint8_t *data, size_t size)
{
	struct bpf_insn whole[BPF_MEMWORDS + PROGRAM_MAX], *instructions = whole + BPF_MEMWORDS;
	struct bpf_program program = {.bf_insns = whole};

	program.bf_len = size ? data[0] % PROGRAM_MAX + 1 : 0;
	if (!size || size - 1 < program.bf_len * sizeof(*instructions))
		return;
	memcpy(instructions, data + 1, program.bf_len * sizeof(*instructions));
	data += 1 + program.bf_len * sizeof(*instructions);
	size -= 1 + program.bf_len * sizeof(*instructions);
	for (uint32_t i = 0; i + 1 < program.bf_len; i++)
		repair(&instructions[i], program.bf_len - i - 1);
	instructions[program.bf_len - 1] = (struct bpf_insn)BPF_STMT(BPF_RET | BPF_A, 0);
	for (uint32_t i = 0; i < BPF_MEMWORDS; i++)
		whole[i] = (struct bpf_insn)BPF_STMT(BPF_ST, i);
	program.bf_len += BPF_MEMWORDS;
	if (bpf_validate(whole, (int)program.bf_len))
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
