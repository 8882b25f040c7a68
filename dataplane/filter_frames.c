/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/filter_frames.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "dataplane/filter_ebpf.h"

enum {
	AIMED = 8000,       /* frames, shared by the ways out; at least one each */
	NOISE = 2000,       /* frames that are changed at random */
	STEPS_MAX = 4096,   /* of a way that is walked */
	NO_WAY = -1,        /* no instruction leads here, as to the first */
	UNKNOWN_PLACE = -1, /* a value that is not as loaded from the frame */
	LENGTH_PLACE = -2,  /* the frame's original length */
	SHORTEST_BYTES = 14,
	ADDRESSES_BYTES = 12,
};

struct filter_frames {
	const struct bpf_insn *program;
	uint32_t count;
	uint32_t goals;  /* two for each instruction: by its jt, and by its jf */
	int32_t *before; /* by instruction: the goal that leads there first */
	uint32_t aimed;
};

/* What the program would have in its registers on the way that is walked. */
struct walk {
	struct filter_frame *frame;
	uint64_t random;
	uint32_t a, x;
	uint32_t memory[BPF_MEMWORDS];
	int64_t place; /* A is what is here, by mask: an offset, or as above */
	bool steered_length;
	uint32_t bytes, mask;
	uint32_t loaded; /* where the latest load ends */
};

/* xorshift64*, which is enough to vary frames by. */
static uint32_t draw(uint64_t *random)
{
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return (uint32_t)((*random * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

static uint32_t below(uint64_t *random, uint32_t limit)
{
	return (uint32_t)(((uint64_t)draw(random) * limit) >> 32);
}

/* From the EtherType on: what real frames begin with. */
static const struct {
	uint8_t bytes;
	uint8_t head[44];
} shapes[] = {
	/* IPv4: TCP with SYN, UDP to 53, a fragment, options, ICMP */
	{24,
	 "\x08\x00\x45\x00\x00\x3c\x12\x34\x40\x00\x40\x06\x00\x00\x0a\x01\x02\x03\xc0\xa8\x01\x01"
	 "\xc0\x01"},
	{26,
	 "\x08\x00\x45\x00\x00\x3c\x00\x00\x00\x00\x40\x11\x00\x00\x0a\x01\x02\x03\x08\x08\x08\x08"
	 "\xc0\x01\x00\x35"},
	{22,
	 "\x08\x00\x45\x00\x00\x3c\x12\x34\x20\x10\x40\x11\x00\x00\x0a\x01\x02\x03\x08\x08\x08\x08"},
	{22,
	 "\x08\x00\x4f\x00\x00\x78\x12\x34\x00\x00\x01\x06\x00\x00\x0a\x01\x02\x03\xe0\x00\x00\x01"},
	{24,
	 "\x08\x00\x45\x00\x00\x54\x00\x00\x40\x00\x40\x01\x00\x00\x0a\x01\x02\x03\x0a\x01\x02\x04"
	 "\x08\x00"},
	/* IPv6: TCP, UDP, ICMPv6, hop-by-hop options, a fragment */
	{42,
	 "\x86\xdd\x60\x00\x00\x00\x00\x14\x06\x40\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00"
	 "\x00\x00\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"},
	{42,
	 "\x86\xdd\x60\x00\x00\x00\x00\x14\x11\x40\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00"
	 "\x00\x00\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"},
	{10, "\x86\xdd\x60\x00\x00\x00\x00\x14\x3a\xff"},
	{10, "\x86\xdd\x60\x00\x00\x00\x00\x14\x00\x40"},
	{10, "\x86\xdd\x60\x00\x00\x00\x00\x14\x2c\x40"},
	/* ARP, VLAN, QinQ, MPLS, PPPoE, 802.3 with LLC, VXLAN inside */
	{10, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01"},
	{6, "\x81\x00\x00\x64\x08\x00"},
	{10, "\x88\xa8\x00\x64\x81\x00\x00\x65\x86\xdd"},
	{6, "\x88\x47\x00\x40\x01\xff"},
	{10, "\x88\x64\x11\x00\x00\x01\x00\x32\x00\x21"},
	{5, "\x00\x26\x42\x42\x03"},
	{36,
	 "\x08\x00\x45\x00\x00\x6e\x00\x00\x00\x00\xff\x11\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02"
	 "\xff\x80\x12\xb5\x00\x5a\x00\x00\x08\x00\x00\x00\x00\x10\x92\x00"},
};

static void make_shape(struct filter_frame *frame, uint64_t *random)
{
	uint32_t shape = below(random, sizeof(shapes) / sizeof(*shapes));

	for (uint32_t i = 0; i < FILTER_FRAME_BYTES; i += sizeof(*random)) {
		draw(random);
		memcpy(frame->bytes + i, random, sizeof(*random));
	}
	memcpy(frame->bytes + ADDRESSES_BYTES, shapes[shape].head, shapes[shape].bytes);
	frame->caplen = SHORTEST_BYTES + below(random, FILTER_FRAME_BYTES - SHORTEST_BYTES + 1);
	frame->len = frame->caplen;
}

static uint32_t read_value(const struct filter_frame *frame, uint64_t place, uint32_t bytes)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < bytes; i++)
		value = value << 8 | frame->bytes[place + i];
	return value;
}

static void write_value(struct filter_frame *frame, uint64_t place, uint32_t bytes, uint32_t value)
{
	for (uint32_t i = bytes; i-- > 0; value >>= 8)
		frame->bytes[place + i] = (uint8_t)value;
}

static uint32_t read_place(const struct walk *w)
{
	if (w->place == LENGTH_PLACE)
		return w->frame->len;
	return read_value(w->frame, (uint64_t)w->place, w->bytes);
}

static void write_place(struct walk *w, uint32_t value)
{
	if (w->place == LENGTH_PLACE) {
		w->frame->len = value;
		w->steered_length = true;
	} else {
		write_value(w->frame, (uint64_t)w->place, w->bytes, value);
	}
}

static void walk_load(struct walk *w, uint64_t place, uint32_t bytes)
{
	w->place = UNKNOWN_PLACE;
	if (place + bytes > FILTER_FRAME_BYTES)
		return;
	/* For conditions on what is computed from it, which cannot be steered. */
	if (below(&w->random, 4) == 0)
		write_value(w->frame, place, bytes, draw(&w->random) >> below(&w->random, 32));
	w->a = read_value(w->frame, place, bytes);
	w->place = (int64_t)place;
	w->bytes = bytes;
	w->mask = UINT32_MAX;
	w->loaded = (uint32_t)(place + bytes);
}

static void walk_ld(struct walk *w, const struct bpf_insn *in)
{
	switch (BPF_MODE(in->code)) {
	case BPF_ABS:
		walk_load(w, in->k, filter_load_bytes(in->code));
		return;
	case BPF_IND:
		walk_load(w, (uint64_t)w->x + in->k, filter_load_bytes(in->code));
		return;
	case BPF_MEM:
		w->a = w->memory[in->k % BPF_MEMWORDS];
		break;
	case BPF_LEN:
		w->a = w->frame->len;
		w->place = LENGTH_PLACE;
		w->mask = UINT32_MAX;
		return;
	default:
		w->a = in->k;
	}
	w->place = UNKNOWN_PLACE;
}

static void walk_ldx(struct walk *w, const struct bpf_insn *in)
{
	switch (BPF_MODE(in->code)) {
	case BPF_MSH:
		if (in->k >= FILTER_FRAME_BYTES)
			return;
		w->x = (w->frame->bytes[in->k] & 0xfu) << 2;
		w->loaded = in->k + 1;
		return;
	case BPF_MEM:
		w->x = w->memory[in->k % BPF_MEMWORDS];
		return;
	case BPF_LEN:
		w->x = w->frame->len;
		return;
	default:
		w->x = in->k;
	}
}

static uint32_t compute(uint16_t code, uint32_t a, uint32_t b)
{
	switch (BPF_OP(code)) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_MOD:
		return b ? a % b : 0;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return b < 32 ? a << b : 0;
	case BPF_RSH:
		return b < 32 ? a >> b : 0;
	default:
		return 0 - a;
	}
}

static void walk_alu(struct walk *w, const struct bpf_insn *in)
{
	uint32_t operand = BPF_SRC(in->code) == BPF_X ? w->x : in->k;

	w->a = compute(in->code, w->a, operand);
	if (BPF_OP(in->code) == BPF_AND)
		w->mask &= operand;
	else
		w->place = UNKNOWN_PLACE;
}

static bool holds(uint16_t code, uint32_t a, uint32_t b)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	default:
		return a & b;
	}
}

/* Values around the constant first; then any, a few times. */
static uint32_t choose_value(struct walk *w, uint16_t code, uint32_t operand, bool outcome)
{
	uint32_t first = below(&w->random, 4);
	uint32_t value = operand;

	for (uint32_t i = 0; i < 16; i++) {
		value = i < 4 ? operand + ((first + i) % 4) - 1 : draw(&w->random);
		if (i == 4)
			value = 0;
		if (holds(code, value & w->mask, operand) == outcome)
			break;
	}
	return value;
}

/* Makes the condition have this outcome, where a value in the frame decides it. */
static void steer(struct walk *w, const struct bpf_insn *in, bool outcome)
{
	uint32_t operand = BPF_SRC(in->code) == BPF_X ? w->x : in->k;
	uint32_t value;

	if (BPF_OP(in->code) == BPF_JA || w->place == UNKNOWN_PLACE ||
	    holds(in->code, w->a, operand) == outcome)
		return;
	value = choose_value(w, in->code, operand, outcome);
	write_place(w, (read_place(w) & ~w->mask) | (value & w->mask));
	w->a = read_place(w) & w->mask;
}

static void walk_one(struct walk *w, const struct bpf_insn *in, bool outcome)
{
	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		walk_ld(w, in);
		return;
	case BPF_LDX:
		walk_ldx(w, in);
		return;
	case BPF_ST:
		w->memory[in->k % BPF_MEMWORDS] = w->a;
		return;
	case BPF_STX:
		w->memory[in->k % BPF_MEMWORDS] = w->x;
		return;
	case BPF_ALU:
		walk_alu(w, in);
		return;
	case BPF_JMP:
		steer(w, in, outcome);
		return;
	case BPF_MISC:
		if (BPF_MISCOP(in->code) == BPF_TAX) {
			w->x = w->a;
		} else {
			w->a = w->x;
			w->place = UNKNOWN_PLACE;
		}
		return;
	default:
		return;
	}
}

/* Walks the way to the goal's instruction and out of it as the goal says. */
static void walk_to(const struct filter_frames *frames, struct walk *w, uint32_t goal)
{
	uint32_t way[STEPS_MAX], steps = 0;

	/* Ways back are not followed, so that it ends; a longer way is walked from its middle. */
	for (int64_t at = goal; at != NO_WAY && steps < STEPS_MAX; at = frames->before[at / 2])
		way[steps++] = (uint32_t)at;
	while (steps-- > 0)
		walk_one(w, &frames->program[way[steps] / 2], way[steps] % 2 == 0);
}

/* Where a goal's way leads; the program's count where it ends. */
static uint64_t behind(const struct filter_frames *frames, uint32_t goal)
{
	uint32_t i = goal / 2;
	const struct bpf_insn *in = &frames->program[i];

	if (BPF_CLASS(in->code) == BPF_RET)
		return frames->count;
	if (BPF_CLASS(in->code) != BPF_JMP)
		return (uint64_t)i + 1;
	if (BPF_OP(in->code) == BPF_JA)
		return (uint64_t)i + 1 + in->k;
	return (uint64_t)i + 1 + (goal % 2 == 0 ? in->jt : in->jf);
}

/* Goes on from there to a return, any way. */
static void walk_on(const struct filter_frames *frames, struct walk *w, uint32_t goal)
{
	uint64_t at = behind(frames, goal);

	for (uint32_t steps = 0; at < frames->count && steps < STEPS_MAX; steps++) {
		goal = (uint32_t)at * 2 + below(&w->random, 2);
		walk_one(w, &frames->program[at], goal % 2 == 0);
		at = behind(frames, goal);
	}
}

/* Some frames end about where the latest load does, some are longer than what is there. */
static void cut(struct walk *w)
{
	struct filter_frame *frame = w->frame;
	uint32_t chance = below(&w->random, 8);

	if (chance < 2)
		frame->caplen = w->loaded + 1 - below(&w->random, w->loaded < 3 ? 1 : 4);
	else if (chance == 2)
		frame->caplen = below(&w->random, frame->caplen + 1);
	if (frame->caplen > FILTER_FRAME_BYTES)
		frame->caplen = FILTER_FRAME_BYTES;
	if (w->steered_length) {
		if (frame->caplen > frame->len)
			frame->caplen = frame->len;
		return;
	}
	frame->len = frame->caplen;
	if (below(&w->random, 4) == 0)
		frame->len += below(&w->random, 9000);
}

static void add_noise(struct walk *w)
{
	uint32_t changes = below(&w->random, 12);

	for (uint32_t i = 0; i < changes; i++)
		w->frame->bytes[below(&w->random, 80)] = (uint8_t)draw(&w->random);
}

void filter_frames_make(const struct filter_frames *frames, uint32_t i, struct filter_frame *frame)
{
	struct walk w = {
		.frame = frame,
		.random = (i + 1) * UINT64_C(0x9e3779b97f4a7c15),
		.place = UNKNOWN_PLACE,
	};

	make_shape(frame, &w.random);
	walk_to(frames, &w, i % frames->goals);
	walk_on(frames, &w, i % frames->goals);
	if (i >= frames->aimed)
		add_noise(&w);
	cut(&w);
}

uint32_t filter_frames_count(const struct filter_frames *frames)
{
	return frames->aimed + NOISE;
}

/* A way back is none: before[] then always ends at the first instruction. */
static void find_ways(struct filter_frames *frames)
{
	for (uint32_t goal = 0; goal < frames->goals; goal++) {
		uint64_t to = behind(frames, goal);

		if (to < frames->count && to > goal / 2 && frames->before[to] == NO_WAY)
			frames->before[to] = (int32_t)goal;
	}
}

struct filter_frames *filter_frames_new(const struct bpf_insn *program, uint32_t count)
{
	struct filter_frames *frames = calloc(1, sizeof(*frames));

	if (!frames)
		return NULL;
	*frames = (struct filter_frames){.program = program, .count = count, .goals = 2 * count};
	frames->before = malloc(count * sizeof(*frames->before));
	if (!frames->before) {
		free(frames);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		frames->before[i] = NO_WAY;
	frames->aimed = frames->goals > AIMED ? frames->goals : AIMED;
	find_ways(frames);
	return frames;
}

void filter_frames_free(struct filter_frames *frames)
{
	if (!frames)
		return;
	free(frames->before);
	free(frames);
}
