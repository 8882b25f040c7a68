/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/filter_ebpf.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include <rte_bpf.h>

static_assert(offsetof(struct filter_input, frame) == offsetof(struct rte_mbuf, buf_addr),
	      "the verifier knows the frame's pointer by its place");
static_assert(offsetof(struct filter_input, caplen) == offsetof(struct rte_mbuf, ol_flags),
	      "the lengths' place is no pointer's");
static_assert(offsetof(struct filter_input, memory) >= sizeof(struct rte_mbuf),
	      "the memory's place is no field's");

/*
 * Registers: only what a callee may overwrite, so that no program saves any. A and X hold 32 bits
 * and zeros above, at all times. X is x86's rcx, by which it shifts without moving registers.
 */
enum {
	A = EBPF_REG_0,
	INPUT = EBPF_REG_1,
	FRAME = EBPF_REG_2,
	CAPLEN = EBPF_REG_3,
	X = EBPF_REG_4,
	TEMP = EBPF_REG_5,
};

enum {
	PROGRAM_MAX = 1 << 16, /* classic instructions: jumps reach no further */
	PROLOGUE = 4,
	EPILOGUE = 2,
	PER_INSTRUCTION = 9, /* at most, of an indirect load */
};

/* What is known before an instruction, on every way to it. */
struct known {
	bool reached;
	bool x_small;      /* X is a header's length: at most 60 */
	uint32_t caplen;   /* at least so many bytes are there */
	uint32_t beyond_x; /* and so many from X on, where not 0 */
	uint32_t stored;   /* bit i: cell i of the scratch memory has a value */
};

struct translation {
	const struct bpf_insn *classic;
	uint32_t count;
	struct known *known; /* by classic instruction */
	struct known now;
	uint32_t reject, exit; /* starts[] of the program's end */
	uint32_t *starts;  /* classic instruction → eBPF; then where rejects and the exit are */
	uint32_t *targets; /* of an eBPF jump: an index of starts */
	struct ebpf_insn *code;
	uint32_t length;
	bool rejects;
	bool unsupported;
};

static void emit(struct translation *t, struct ebpf_insn instruction)
{
	t->code[t->length++] = instruction;
}

static void emit_immediate(struct translation *t, int operation, uint8_t dst, uint32_t value)
{
	emit(t,
	     (struct ebpf_insn){.code = (uint8_t)operation, .dst_reg = dst, .imm = (int32_t)value});
}

static void emit_register(struct translation *t, int operation, uint8_t dst, uint8_t src)
{
	emit(t, (struct ebpf_insn){.code = (uint8_t)operation, .dst_reg = dst, .src_reg = src});
}

/* operation: BPF_LDX or BPF_STX, and the size */
static void emit_memory(struct translation *t, int operation, uint8_t dst, uint8_t src,
			int32_t offset)
{
	emit(t, (struct ebpf_insn){.code = (uint8_t)(operation | BPF_MEM),
				   .dst_reg = dst,
				   .src_reg = src,
				   .off = (int16_t)offset});
}

/* The instruction just emitted jumps there. */
static void aim(struct translation *t, uint32_t target)
{
	t->targets[t->length - 1] = target;
}

static void emit_jump(struct translation *t, uint32_t target)
{
	emit(t, (struct ebpf_insn){.code = BPF_JMP | BPF_JA});
	aim(t, target);
}

static void reject_if(struct translation *t)
{
	aim(t, t->reject);
	t->rejects = true;
}

/* What is known here holds there, too, and no more than that. */
static void note_way(struct translation *t, uint32_t target)
{
	struct known *there;

	if (target >= t->count) {
		t->unsupported = true;
		return;
	}
	there = &t->known[target];
	if (!there->reached) {
		*there = t->now;
		return;
	}
	there->x_small &= t->now.x_small;
	there->stored &= t->now.stored;
	if (t->now.caplen < there->caplen)
		there->caplen = t->now.caplen;
	if (t->now.beyond_x < there->beyond_x)
		there->beyond_x = t->now.beyond_x;
}

static void changed_x(struct translation *t, bool small)
{
	t->now.beyond_x = 0;
	t->now.x_small = small;
}

uint32_t filter_load_bytes(uint16_t code)
{
	if (BPF_SIZE(code) == BPF_W)
		return 4;
	return BPF_SIZE(code) == BPF_H ? 2 : 1;
}

/* True where a load at this constant offset can be expressed. */
static bool in_reach(struct translation *t, uint32_t offset)
{
	if (offset <= INT16_MAX)
		return true;
	t->unsupported = true;
	return false;
}

static void emit_swap(struct translation *t, uint32_t bytes)
{
	if (bytes > 1)
		emit_immediate(t, BPF_ALU | EBPF_END | EBPF_TO_BE, A, bytes * 8);
}

static void need_bytes(struct translation *t, uint32_t bytes)
{
	if (t->now.caplen >= bytes)
		return;
	emit_immediate(t, BPF_JMP | EBPF_JLT | BPF_K, CAPLEN, bytes);
	reject_if(t);
	t->now.caplen = bytes;
}

static void load_absolute(struct translation *t, const struct bpf_insn *in)
{
	uint32_t bytes = filter_load_bytes(in->code);

	if (!in_reach(t, in->k))
		return;
	need_bytes(t, in->k + bytes);
	emit_memory(t, BPF_LDX | BPF_SIZE(in->code), A, FRAME, (int32_t)in->k);
	emit_swap(t, bytes);
}

/* X + constant is computed with 64 bits: it does not wrap. */
static void need_beyond_x(struct translation *t, uint32_t bytes)
{
	if (t->now.beyond_x >= bytes)
		return;
	emit_register(t, EBPF_ALU64 | EBPF_MOV | BPF_X, TEMP, X);
	emit_immediate(t, EBPF_ALU64 | BPF_ADD, TEMP, bytes);
	emit_register(t, BPF_JMP | BPF_JGT | BPF_X, TEMP, CAPLEN);
	reject_if(t);
	t->now.beyond_x = bytes;
}

static void load_indirect(struct translation *t, const struct bpf_insn *in)
{
	uint32_t bytes = filter_load_bytes(in->code);
	uint8_t index = X;

	if (!in_reach(t, in->k))
		return;
	need_beyond_x(t, in->k + bytes);
	/* For the verifier, which takes a sum of 32 bits for negative. */
	if (!t->now.x_small) {
		emit_register(t, EBPF_ALU64 | EBPF_MOV | BPF_X, TEMP, X);
		emit_immediate(t, EBPF_ALU64 | BPF_AND | BPF_K, TEMP, INT32_MAX);
		index = TEMP;
	}
	emit_register(t, EBPF_ALU64 | EBPF_MOV | BPF_X, A, FRAME);
	emit_register(t, EBPF_ALU64 | BPF_ADD | BPF_X, A, index);
	emit_memory(t, BPF_LDX | BPF_SIZE(in->code), A, A, (int32_t)in->k);
	emit_swap(t, bytes);
}

static void load_header_length(struct translation *t, const struct bpf_insn *in)
{
	if (!in_reach(t, in->k))
		return;
	need_bytes(t, in->k + 1);
	emit_memory(t, BPF_LDX | BPF_B, X, FRAME, (int32_t)in->k);
	/* Of 64 bits, since for 32 the verifier gets the range of "and" wrong. */
	emit_immediate(t, EBPF_ALU64 | BPF_AND | BPF_K, X, 0xf);
	emit_immediate(t, EBPF_ALU64 | BPF_LSH | BPF_K, X, 2);
	changed_x(t, true);
}

/* Where a cell of the scratch memory is in the input. */
static int32_t cell(struct translation *t, uint32_t index)
{
	t->unsupported |= index >= BPF_MEMWORDS;
	index %= BPF_MEMWORDS;
	return (int32_t)(offsetof(struct filter_input, memory) + index * sizeof(uint32_t));
}

static void load(struct translation *t, const struct bpf_insn *in, uint8_t dst)
{
	switch (BPF_MODE(in->code)) {
	case BPF_IMM:
		emit_immediate(t, BPF_ALU | EBPF_MOV | BPF_K, dst, in->k);
		return;
	case BPF_LEN:
		emit_memory(t, BPF_LDX | BPF_W, dst, INPUT, offsetof(struct filter_input, len));
		return;
	case BPF_MEM:
		emit_memory(t, BPF_LDX | BPF_W, dst, INPUT, cell(t, in->k));
		/* What it would be by chance in bpf_filter() is nobody's verdict. */
		if (!(t->now.stored >> in->k % BPF_MEMWORDS & 1))
			t->unsupported = true;
		return;
	default:
		t->unsupported = true;
	}
}

static void store(struct translation *t, const struct bpf_insn *in, uint8_t src)
{
	emit_memory(t, BPF_STX | BPF_W, INPUT, src, cell(t, in->k));
	t->now.stored |= 1u << in->k % BPF_MEMWORDS;
}

static void translate_ld(struct translation *t, const struct bpf_insn *in)
{
	if (BPF_MODE(in->code) == BPF_ABS)
		load_absolute(t, in);
	else if (BPF_MODE(in->code) == BPF_IND)
		load_indirect(t, in);
	else
		load(t, in, A);
}

static void translate_ldx(struct translation *t, const struct bpf_insn *in)
{
	if (BPF_MODE(in->code) == BPF_MSH) {
		load_header_length(t, in);
		return;
	}
	load(t, in, X);
	changed_x(t, false);
}

static void translate_misc(struct translation *t, const struct bpf_insn *in)
{
	if (BPF_MISCOP(in->code) == BPF_TAX) {
		emit_register(t, BPF_ALU | EBPF_MOV | BPF_X, X, A);
		changed_x(t, false);
	} else {
		emit_register(t, BPF_ALU | EBPF_MOV | BPF_X, A, X);
	}
}

static void alu_by_constant(struct translation *t, const struct bpf_insn *in)
{
	int operation = BPF_OP(in->code);
	bool divides = operation == BPF_DIV || operation == BPF_MOD;
	bool shifts = operation == BPF_LSH || operation == BPF_RSH;

	if ((divides && in->k == 0) || (shifts && in->k > 31)) {
		t->unsupported = true; /* libpcap refuses or folds them */
		return;
	}
	emit_immediate(t, BPF_ALU | operation | BPF_K, A, in->k);
}

static void alu_by_x(struct translation *t, const struct bpf_insn *in)
{
	int operation = BPF_OP(in->code);

	/* Where X is 0, a division returns 0 by itself, as in classic BPF. */
	if (operation == BPF_LSH || operation == BPF_RSH) {
		emit_immediate(t, BPF_JMP | EBPF_JLE | BPF_K, X, 31);
		t->code[t->length - 1].off = 1;
		emit_immediate(t, BPF_ALU | EBPF_MOV | BPF_K, A, 0);
	}
	emit_register(t, BPF_ALU | operation | BPF_X, A, X);
}

static void translate_alu(struct translation *t, const struct bpf_insn *in)
{
	if (BPF_OP(in->code) > BPF_XOR)
		t->unsupported = true;
	else if (BPF_OP(in->code) == BPF_NEG)
		emit_register(t, BPF_ALU | BPF_NEG, A, 0);
	else if (BPF_SRC(in->code) == BPF_K)
		alu_by_constant(t, in);
	else
		alu_by_x(t, in);
}

static void emit_compare(struct translation *t, int operation, const struct bpf_insn *in)
{
	if (BPF_SRC(in->code) == BPF_X) {
		emit_register(t, BPF_JMP | operation | BPF_X, A, X);
	} else if (operation == BPF_JSET || in->k > INT32_MAX) {
		emit_immediate(t, BPF_ALU | EBPF_MOV | BPF_K, TEMP, in->k);
		emit_register(t, BPF_JMP | operation | BPF_X, A, TEMP);
	} else {
		emit_immediate(t, BPF_JMP | operation | BPF_K, A, in->k);
	}
}

/* The comparison that holds where this one does not, or 0. */
static int inverse(int operation)
{
	switch (operation) {
	case BPF_JEQ:
		return EBPF_JNE;
	case BPF_JGT:
		return EBPF_JLE;
	case BPF_JGE:
		return EBPF_JLT;
	default:
		return 0;
	}
}

static void translate_condition(struct translation *t, uint32_t i)
{
	const struct bpf_insn *in = &t->classic[i];
	uint32_t yes = i + 1 + in->jt, no = i + 1 + in->jf;
	int operation = BPF_OP(in->code), opposite = inverse(operation);

	note_way(t, yes);
	note_way(t, no);
	if (yes == no) {
		emit_jump(t, yes);
	} else if (in->jt == 0 && opposite) {
		emit_compare(t, opposite, in);
		aim(t, no);
	} else {
		emit_compare(t, operation, in);
		aim(t, yes);
		if (in->jf)
			emit_jump(t, no);
	}
}

/* A jump back is a loop, which the verifier refuses; as an offset it is a large one. */
static void translate_jump(struct translation *t, uint32_t i)
{
	const struct bpf_insn *in = &t->classic[i];

	bool always = BPF_OP(in->code) == BPF_JA;

	if (BPF_OP(in->code) > BPF_JSET || (always && in->k >= t->count - i - 1)) {
		t->unsupported = true;
	} else if (always) {
		note_way(t, i + 1 + in->k);
		emit_jump(t, i + 1 + in->k);
	} else {
		translate_condition(t, i);
	}
}

static void translate_return(struct translation *t, const struct bpf_insn *in)
{
	if (BPF_RVAL(in->code) == BPF_K)
		emit_immediate(t, BPF_ALU | EBPF_MOV | BPF_K, A, in->k);
	else if (BPF_RVAL(in->code) != BPF_A)
		t->unsupported = true;
	emit_jump(t, t->exit);
}

static void translate_one(struct translation *t, uint32_t i)
{
	const struct bpf_insn *in = &t->classic[i];

	switch (BPF_CLASS(in->code)) {
	case BPF_JMP:
		translate_jump(t, i);
		return;
	case BPF_RET:
		translate_return(t, in);
		return;
	case BPF_LD:
		translate_ld(t, in);
		break;
	case BPF_LDX:
		translate_ldx(t, in);
		break;
	case BPF_ST:
		store(t, in, A);
		break;
	case BPF_STX:
		store(t, in, X);
		break;
	case BPF_ALU:
		translate_alu(t, in);
		break;
	default:
		translate_misc(t, in);
	}
	note_way(t, i + 1);
}

/* Instructions that nothing leads to are left out: the verifier refuses them. */
static void translate_all(struct translation *t)
{
	emit_memory(t, BPF_LDX | EBPF_DW, FRAME, INPUT, offsetof(struct filter_input, frame));
	emit_memory(t, BPF_LDX | BPF_W, CAPLEN, INPUT, offsetof(struct filter_input, caplen));
	emit_immediate(t, BPF_ALU | EBPF_MOV | BPF_K, A, 0);
	emit_immediate(t, BPF_ALU | EBPF_MOV | BPF_K, X, 0);
	t->known[0].reached = true;
	for (uint32_t i = 0; i < t->count && !t->unsupported; i++) {
		t->starts[i] = t->length;
		t->now = t->known[i];
		if (t->now.reached)
			translate_one(t, i);
	}
	t->starts[t->reject] = t->length;
	if (t->rejects)
		emit_immediate(t, BPF_ALU | EBPF_MOV | BPF_K, A, 0);
	t->starts[t->exit] = t->length;
	emit(t, (struct ebpf_insn){.code = BPF_JMP | EBPF_EXIT});
}

static void resolve_jumps(struct translation *t)
{
	for (uint32_t i = 0; i < t->length && !t->unsupported; i++) {
		uint32_t offset;

		if (t->targets[i] == UINT32_MAX)
			continue;
		offset = t->starts[t->targets[i]] - i - 1;
		if (offset > INT16_MAX)
			t->unsupported = true;
		t->code[i].off = (int16_t)offset;
	}
}

int filter_ebpf_init(struct filter_ebpf *ebpf, const struct bpf_insn *classic, uint32_t count)
{
	uint32_t room = PROLOGUE + count * PER_INSTRUCTION + EPILOGUE;
	struct translation t = {
		.classic = classic, .count = count, .reject = count, .exit = count + 1};
	int rc = -ENOMEM;

	*ebpf = (struct filter_ebpf){0};
	if (count == 0 || count > PROGRAM_MAX)
		return -ENOTSUP;
	t.known = calloc(count, sizeof(*t.known));
	t.starts = calloc(count + 2, sizeof(*t.starts));
	t.targets = malloc(room * sizeof(*t.targets));
	t.code = calloc(room, sizeof(*t.code));
	if (t.known && t.starts && t.targets && t.code) {
		for (uint32_t i = 0; i < room; i++)
			t.targets[i] = UINT32_MAX;
		translate_all(&t);
		resolve_jumps(&t);
		rc = t.unsupported ? -ENOTSUP : 0;
	}
	if (rc == 0)
		*ebpf = (struct filter_ebpf){.code = t.code, .count = t.length};
	else
		free(t.code);
	free(t.targets);
	free(t.starts);
	free(t.known);
	return rc;
}

void filter_ebpf_fini(struct filter_ebpf *ebpf)
{
	free(ebpf->code);
	*ebpf = (struct filter_ebpf){0};
}
