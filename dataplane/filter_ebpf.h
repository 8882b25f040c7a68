/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translation of a filter: from the classic BPF that libpcap compiles to eBPF that DPDK's
 * compiler (rte_bpf, 22.11) gets right. What it gets wrong is not used:
 *
 *	packet loads	Its BPF_ABS and BPF_IND read a frame in an mbuf, by 64-bit offsets that may be
 *			negative, with a data_len of 16 bits. Here: plain loads behind checks of our own.
 *	JSET		With an immediate below 128 it emits a short operand for a long one.
 *	compares	They are of 64 bits, an immediate above INT32_MAX is taken for negative.
 *	jumps back	The short form reaches two bytes less than it believes: one exit, at the end.
 *	a first jump	It is measured wrongly in the first pass: loads stand before it.
 *	the stack	Saving registers for it moves all code by bytes that the first pass does not
 *			know: jumps may then be left at another length than was laid out for them.
 *			Scratch memory is in the argument, and no register needs to be saved.
 *	shifts		A register's upper bits are ignored; classic BPF shifts everything out.
 *
 * rte_bpf_convert() is not used either: its indirect loads take the wrong register. What is left:
 * the layout counts as settled when two passes have one size, which long and short jumps could have
 * by chance. That no test has met it is no proof: each program's own is filter_check's.
 */
#ifndef DATAPLANE_FILTER_EBPF_H
#define DATAPLANE_FILTER_EBPF_H

#include <stdint.h>

struct bpf_insn;
struct ebpf_insn;

/*
 * What a translated program's argument points to. To DPDK's verifier it is an mbuf, since that is
 * the only argument in which it knows a pointer to follow (buf_addr, the first field). The lengths
 * lie where an mbuf has its flags, the program's memory behind where an mbuf ends. What the
 * verifier believes about the frame's size (FILTER_FRAME_MAX) says nothing: the program checks each
 * load against caplen.
 */
struct filter_input {
	const uint8_t *frame; /* caplen bytes */
	uint64_t unused[2];   /* fields whose type the verifier knows; never read */
	uint32_t caplen;
	uint32_t len; /* of the whole frame */
	uint64_t unused_line[12];
	uint32_t memory[16]; /* the classic machine's scratch memory; begins as anything */
};

#define FILTER_FRAME_MAX (UINT64_C(1) << 33)

struct filter_ebpf {
	struct ebpf_insn *code;
	uint32_t count;
};

/*
 * Translates a classic program of count instructions. The result, to be freed with
 * filter_ebpf_fini(), returns in R0 what bpf_filter() does. Returns 0, -ENOMEM, or -ENOTSUP: the
 * program has a loop (protochain), a constant offset above 32 KiB, is too long, reads
 * scratch memory that it may not have written, or has what libpcap does not generate.
 */
int filter_ebpf_init(struct filter_ebpf *ebpf, const struct bpf_insn *classic, uint32_t count);
void filter_ebpf_fini(struct filter_ebpf *ebpf);

/* The bytes that a classic load takes from the frame: 1, 2 or 4. */
uint32_t filter_load_bytes(uint16_t code);

#endif
