/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translation, by programs that libpcap's compiler would not write: each verdict is that of
 * the classic machine, computed by hand, and bpf_filter()'s.
 */
#include "dataplane/filter_ebpf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include <rte_bpf.h>

#include "dataplane/filter_jit.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

enum { PROGRAM_MAX = 8 };

#define LDH(offset)            BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offset)
#define LDW(offset)            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define LDI(value)             BPF_STMT(BPF_LD | BPF_IMM, value)
#define MSH(offset)            BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, offset)
#define LDXI(value)            BPF_STMT(BPF_LDX | BPF_IMM, value)
#define ALU(operation)         BPF_STMT(BPF_ALU | (operation), 0)
#define ALUK(operation, value) BPF_STMT(BPF_ALU | (operation) | BPF_K, value)
#define TAX                    BPF_STMT(BPF_MISC | BPF_TAX, 0)
#define TXA                    BPF_STMT(BPF_MISC | BPF_TXA, 0)
#define RETK(value)            BPF_STMT(BPF_RET | BPF_K, value)
#define RETA                   BPF_STMT(BPF_RET | BPF_A, 0)

static const uint8_t frame[16] = {0x00, 0x01, 0x02, 0x03, 0xf4, 0x05, 0x06, 0x07,
				  0x08, 0x09, 0x0a, 0x0b, 0xff, 0xff, 0xff, 0xff};

struct row {
	const char *name;
	struct bpf_insn program[PROGRAM_MAX];
	uint32_t result;
};

static const struct row rows[] = {
	{"constant", {RETK(7)}, 7},
	{"A begins as 0", {RETA}, 0},
	{"X begins as 0", {LDI(5), TXA, RETA}, 0},
	{"word", {LDW(2), RETA}, 0x0203f405},
	{"half", {LDH(4), RETA}, 0xf405},
	{"byte", {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 4), RETA}, 0xf4},
	{"the last word", {LDW(12), RETA}, 0xffffffff},
	{"a word beyond the end", {LDI(1), LDW(13), RETK(1)}, 0},
	{"a half beyond the end", {LDI(1), LDH(15), RETK(1)}, 0},
	{"a byte beyond the end", {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 16), RETK(1)}, 0},
	{"the length", {BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), RETA}, 9000},
	{"the length to X", {BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), TXA, RETA}, 9000},
	{"indirect", {LDXI(3), BPF_STMT(BPF_LD | BPF_H | BPF_IND, 1), RETA}, 0xf405},
	{"indirect, last", {LDXI(12), BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RETA}, 0xffffffff},
	{"indirect, beyond", {LDXI(12), BPF_STMT(BPF_LD | BPF_W | BPF_IND, 1), RETK(1)}, 0},
	{"indirect, wraps", {LDXI(0xffffffff), BPF_STMT(BPF_LD | BPF_B | BPF_IND, 2), RETK(1)}, 0},
	{"indirect after a change of X",
	 {LDXI(0), BPF_STMT(BPF_LD | BPF_W | BPF_IND, 8), LDXI(9),
	  BPF_STMT(BPF_LD | BPF_W | BPF_IND, 4), RETK(1)},
	 0},
	{"header length", {MSH(3), TXA, RETA}, 12},
	{"header length, low half only", {MSH(4), TXA, RETA}, 16},
	{"header length, beyond", {MSH(16), RETK(1)}, 0},
	{"header length, then beyond", {MSH(3), BPF_STMT(BPF_LD | BPF_W | BPF_IND, 1), RETK(1)}, 0},
	{"scratch memory",
	 {LDI(0x89abcdef), BPF_STMT(BPF_ST, 0), LDXI(2), BPF_STMT(BPF_STX, 15), LDI(0),
	  BPF_STMT(BPF_LDX | BPF_MEM, 0), TXA, RETA},
	 0x89abcdef},
	{"scratch memory, another cell",
	 {LDXI(2), BPF_STMT(BPF_STX, 15), LDI(1), BPF_STMT(BPF_ST, 14),
	  BPF_STMT(BPF_LD | BPF_MEM, 15), RETA},
	 2},
	{"add wraps", {LDI(0xffffffff), ALUK(BPF_ADD, 2), RETA}, 1},
	{"sub wraps", {LDI(1), ALUK(BPF_SUB, 2), RETA}, 0xffffffff},
	{"mul wraps", {LDI(0x10001), ALUK(BPF_MUL, 0x10001), RETA}, 0x20001},
	{"mul by X", {LDI(7), LDXI(6), ALU(BPF_MUL | BPF_X), RETA}, 42},
	{"div", {LDI(0xfffffffe), ALUK(BPF_DIV, 2), RETA}, 0x7fffffff},
	{"div, large", {LDI(0xffffffff), ALUK(BPF_DIV, 0x80000000), RETA}, 1},
	{"div by X", {LDI(43), LDXI(6), ALU(BPF_DIV | BPF_X), RETA}, 7},
	{"div by X of 0", {LDI(43), MSH(0), ALU(BPF_DIV | BPF_X), RETK(1)}, 0},
	{"mod", {LDI(0xffffffff), ALUK(BPF_MOD, 10), RETA}, 5},
	{"mod by X", {LDI(43), LDXI(6), ALU(BPF_MOD | BPF_X), RETA}, 1},
	{"mod by X of 0", {LDI(43), MSH(0), ALU(BPF_MOD | BPF_X), RETK(1)}, 0},
	{"loads after mul", {LDI(3), ALUK(BPF_MUL, 2), LDW(12), RETA}, 0xffffffff},
	{"loads beyond after mul", {LDI(3), ALUK(BPF_MUL, 2), LDW(13), RETK(1)}, 0},
	{"and", {LDW(12), ALUK(BPF_AND, 0xf0f0f0f0), RETA}, 0xf0f0f0f0},
	{"or", {LDI(1), ALUK(BPF_OR, 0x80000000), RETA}, 0x80000001},
	{"xor", {LDI(1), LDXI(0x80000001), ALU(BPF_XOR | BPF_X), RETA}, 0x80000000},
	{"neg", {LDI(1), ALU(BPF_NEG), RETA}, 0xffffffff},
	{"lsh", {LDI(3), ALUK(BPF_LSH, 31), RETA}, 0x80000000},
	{"rsh", {LDW(12), ALUK(BPF_RSH, 31), RETA}, 1},
	{"lsh by X", {LDI(3), LDXI(31), ALU(BPF_LSH | BPF_X), RETA}, 0x80000000},
	{"lsh by X of 32", {LDI(3), LDXI(32), ALU(BPF_LSH | BPF_X), RETA}, 0},
	{"rsh by X", {LDI(0x80000000), LDXI(31), ALU(BPF_RSH | BPF_X), RETA}, 1},
	{"rsh by X of 33", {LDI(0x80000000), LDXI(33), ALU(BPF_RSH | BPF_X), RETA}, 0},
	{"rsh by X of 2^32 - 1", {LDI(1), LDXI(0xffffffff), ALU(BPF_RSH | BPF_X), RETA}, 0},
};

#define JUMP(operation, value, yes, no) BPF_JUMP(BPF_JMP | (operation), value, yes, no)

/* The value of A, a condition on it, whether it holds. X is 5. */
static const struct {
	uint32_t a;
	uint16_t operation;
	uint32_t k;
	bool holds;
} conditions[] = {
	{5, BPF_JEQ, 5, true},
	{5, BPF_JEQ, 6, false},
	{0xffffffff, BPF_JEQ, 0xffffffff, true},
	{0x80000000, BPF_JEQ, 0x80000000, true},
	{0x7fffffff, BPF_JEQ, 0x80000000, false},
	{6, BPF_JGT, 5, true},
	{5, BPF_JGT, 5, false},
	{0xffffffff, BPF_JGT, 5, true},
	{0x80000000, BPF_JGT, 0x7fffffff, true},
	{0xffffffff, BPF_JGT, 0xfffffffe, true},
	{0x7fffffff, BPF_JGT, 0xfffffffe, false},
	{5, BPF_JGE, 5, true},
	{4, BPF_JGE, 5, false},
	{0x80000000, BPF_JGE, 0x80000000, true},
	{1, BPF_JGE, 0x80000000, false},
	{2, BPF_JSET, 2, true},
	{1, BPF_JSET, 2, false},
	{0x80, BPF_JSET, 0x80, true},
	{0x100, BPF_JSET, 0xff, false},
	{0x80000000, BPF_JSET, 0xffffff80, true},
	{0x7f, BPF_JSET, 0xffffff80, false},
	{5, BPF_JEQ | BPF_X, 0, true},
	{4, BPF_JGE | BPF_X, 0, false},
	{0xfffffff0, BPF_JGT | BPF_X, 0, true},
	{8, BPF_JSET | BPF_X, 0, false},
	{4, BPF_JSET | BPF_X, 0, true},
};

static uint32_t length_of(const struct bpf_insn *program)
{
	uint32_t length = PROGRAM_MAX;

	while (BPF_CLASS(program[length - 1].code) != BPF_RET)
		length--;
	return length;
}

static void check(const char *name, struct bpf_insn *program, uint32_t count, uint32_t expected)
{
	struct filter_input input = {.frame = frame, .caplen = sizeof(frame), .len = 9000};
	const struct bpf_program whole = {.bf_insns = program, .bf_len = count};
	struct rte_bpf *bpf;
	filter_code code = filter_jit(&whole, &bpf);
	uint64_t result;

	if (!code)
		fail_msg("%s: not compiled", name);
	assert_int_equal(bpf_filter(program, frame, 9000, sizeof(frame)), expected);
	result = code ? code(&input) : 0;
	if (result != expected)
		fail_msg("%s: %llx instead of %x", name, (unsigned long long)result, expected);
	rte_bpf_destroy(bpf);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct row row = rows[i];

		check(row.name, row.program, length_of(row.program), row.result);
	}
}

/* Each condition in the three forms that a jump takes: on no, on yes, and both ways. */
static void test_conditions(void **state)
{
	static const uint8_t ways[][2] = {{0, 1}, {1, 0}, {2, 1}};

	for (size_t i = 0; i < LENGTH(conditions) * LENGTH(ways); i++) {
		size_t c = i / LENGTH(ways);
		const uint8_t *way = ways[i % LENGTH(ways)];
		struct bpf_insn program[] = {
			LDI(conditions[c].a),
			LDXI(5),
			JUMP(conditions[c].operation, conditions[c].k, way[0], way[1]),
			RETK(10),
			RETK(11),
			RETK(12),
		};

		check("condition", program, LENGTH(program),
		      10u + way[conditions[c].holds ? 0 : 1]);
	}
}

/* What is known about the frame's bytes on one way is not taken for known on another. */
static void test_joins(void **state)
{
	struct bpf_insn skips_check[] = {
		LDH(0), JUMP(BPF_JEQ, 1, 1, 0), LDW(12), BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 15),
		RETA,
	};
	struct bpf_insn checks_less[] = {
		LDH(0), JUMP(BPF_JEQ, 1, 1, 0), LDW(12), LDW(13), RETK(1),
	};
	struct bpf_insn changes_x[] = {
		MSH(3),    BPF_STMT(BPF_LD | BPF_B | BPF_IND, 3), JUMP(BPF_JEQ, 0xff, 0, 1),
		LDXI(100), BPF_STMT(BPF_LD | BPF_B | BPF_IND, 2), RETK(1),
	};
	struct bpf_insn same_target[] = {LDI(1), JUMP(BPF_JEQ, 1, 1, 1), RETK(1), RETK(2)};
	struct bpf_insn unreachable[] = {BPF_STMT(BPF_JMP | BPF_JA, 1), RETK(1), RETK(2)};

	check("skips a check", skips_check, LENGTH(skips_check), 0xff);
	check("checks less", checks_less, LENGTH(checks_less), 0);
	check("changes X", changes_x, LENGTH(changes_x), 0);
	check("same target", same_target, LENGTH(same_target), 2);
	check("unreachable", unreachable, LENGTH(unreachable), 2);
}

static void test_refused(void **state)
{
	static const struct bpf_insn programs[][3] = {
		{BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), RETK(1), RETK(1)}, /* a loop */
		{BPF_STMT(BPF_JMP | BPF_JA, 2), RETK(1), RETK(1)},          /* behind the end */
		{JUMP(BPF_JEQ, 0, 2, 0), RETK(1), RETK(1)},
		{JUMP(BPF_JEQ, 0, 0, 2), RETK(1), RETK(1)},
		{LDI(1), LDI(1), LDI(1)}, /* no end */
		{LDW(32768), RETK(1), RETK(1)},
		{LDW(0xfffff000), RETK(1), RETK(1)},
		{BPF_STMT(BPF_LD | BPF_B | BPF_IND, 32768), RETK(1), RETK(1)},
		{BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 32768), RETK(1), RETK(1)},
		{BPF_STMT(BPF_ST, 16), RETK(1), RETK(1)},
		{BPF_STMT(BPF_LD | BPF_MEM, 16), RETK(1), RETK(1)},
		{BPF_STMT(BPF_LD | BPF_MEM, 0), RETK(1), RETK(1)}, /* never stored */
		{BPF_STMT(BPF_ST, 1), BPF_STMT(BPF_LDX | BPF_MEM, 0), RETK(1)},
		{ALUK(BPF_DIV, 0), RETK(1), RETK(1)},
		{ALUK(BPF_MOD, 0), RETK(1), RETK(1)},
		{ALUK(BPF_LSH, 32), RETK(1), RETK(1)},
		{ALUK(0xb0, 1), RETK(1), RETK(1)},
		{JUMP(0x50, 1, 0, 0), RETK(1), RETK(1)},
		{BPF_STMT(BPF_RET | BPF_X, 0), RETK(1), RETK(1)},
		{BPF_STMT(BPF_LDX | BPF_ABS, 0), RETK(1), RETK(1)},
	};
	static const struct bpf_insn stored_on_one_way[] = {
		JUMP(BPF_JEQ, 0, 0, 1),
		BPF_STMT(BPF_ST, 0),
		BPF_STMT(BPF_LD | BPF_MEM, 0),
		RETA,
	};
	struct filter_ebpf ebpf;

	for (size_t i = 0; i < LENGTH(programs); i++) {
		if (filter_ebpf_init(&ebpf, programs[i], 3) != -ENOTSUP)
			fail_msg("program %zu is translated", i);
		assert_null(ebpf.code);
	}
	assert_int_equal(filter_ebpf_init(&ebpf, programs[0], 0), -ENOTSUP);
	assert_int_equal(filter_ebpf_init(&ebpf, stored_on_one_way, 4), -ENOTSUP);
}

/* Jumps reach 32 KiB of eBPF instructions; what is longer is refused. */
static void test_long(void **state)
{
	static struct bpf_insn program[30000];
	static const struct {
		uint32_t count;
		bool refused;
	} lengths[] = {{15000, false}, {30000, true}};

	for (size_t i = 0; i < LENGTH(lengths); i++) {
		uint32_t count = lengths[i].count;
		struct filter_ebpf ebpf;

		for (uint32_t j = 0; j < count; j++)
			program[j] = (struct bpf_insn)ALUK(BPF_ADD, 1);
		for (uint32_t j = 1; j < count; j += 2)
			program[j] = (struct bpf_insn)LDW(12 + j % 4);
		program[0] = (struct bpf_insn)LDW(12);
		program[count - 1] = (struct bpf_insn)RETA;
		assert_int_equal(filter_ebpf_init(&ebpf, program, count),
				 lengths[i].refused ? -ENOTSUP : 0);
		filter_ebpf_fini(&ebpf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),  cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_joins), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
