/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which frames the XDP program takes: the code as C, over every shape, and the program that is
 * made of it, run by the kernel over the same frames.
 */
#include "dataplane/xdp_steer.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/xdp_program.h"
#include "tests/dataplane/shapes.h"

enum {
	CUT_MOST = 450,     /* longer than all headers of all shapes */
	KERNEL_LEAST = 14,  /* BPF_PROG_TEST_RUN's limits of a frame */
	KERNEL_MOST = 3072, /* a page, less what XDP and the kernel keep of it */
};

static struct frame packet;

/* The first len bytes of the packet, in a copy of just those: a sanitizer sees one too many. */
static bool steer(uint32_t len, uint16_t port)
{
	uint8_t *bytes = malloc(len ? len : 1);
	bool taken;

	memcpy(bytes, packet.bytes, len);
	taken = steer_frame(bytes, bytes + len, port);
	free(bytes);
	return taken;
}

static void test_shapes(void **state)
{
	for (uint32_t i = 0; i < shape_count; i++) {
		shapes[i].build(&packet);
		if (steer(packet.len, DECAP_VXLAN_PORT) != shapes[i].taken)
			fail_msg("%s: not %s", shapes[i].name,
				 shapes[i].taken ? "taken" : "passed");
	}
}

/* What can be recorded, or counted as without a VNI, is taken, however short it was cut. */
static void test_nothing_lost(void **state)
{
	for (uint32_t i = 0; i < shape_count; i++) {
		shapes[i].build(&packet);
		for (uint32_t len = 0; len <= packet.len && len <= CUT_MOST; len++) {
			struct decap d;
			enum decap_verdict verdict =
				decap_packet(packet.bytes, len, len, DECAP_VXLAN_PORT, &d);
			bool ours = verdict == DECAP_FRAME || verdict == DECAP_NO_VNI;

			if (ours && !steer(len, DECAP_VXLAN_PORT))
				fail_msg("%s, %u bytes of it: passed", shapes[i].name, len);
		}
	}
}

static void test_port(void **state)
{
	shape_plain(&packet);
	assert_false(steer(packet.len, 8472));
	shape_patch16(&packet, UDP_AT + 2, 8472);
	assert_true(steer(packet.len, 8472));
	assert_false(steer(packet.len, DECAP_VXLAN_PORT));
	/* The load balancer's port stays, whatever VXLAN's is. */
	shape_geneve_ipv4(&packet);
	assert_true(steer(packet.len, 8472));
}

/* The program's verdict about the packet's first len bytes. */
static bool kernel_takes(const struct xdp_program *program, uint32_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet.bytes, .data_size_in = len);

	assert_int_equal(bpf_prog_test_run_opts(xdp_program_fd(program), &run), 0);
	assert_true(run.retval == XDP_PASS || run.retval == XDP_DROP);
	return run.retval == XDP_DROP; /* no channel has a socket here */
}

static uint64_t compare_cuts(const struct xdp_program *program, const struct shape *shape,
			     uint16_t port)
{
	uint64_t count = 0;

	shape->build(&packet);
	for (uint32_t len = KERNEL_LEAST; len <= packet.len && len <= KERNEL_MOST;
	     len += len < CUT_MOST ? 1 : 499) {
		bool taken = kernel_takes(program, len);

		if (taken != steer(len, port))
			fail_msg("%s, %u bytes, port %u: the kernel %s it", shape->name, len, port,
				 taken ? "takes" : "passes");
		count += taken;
	}
	return count;
}

static void test_kernel(void **state)
{
	static const uint16_t ports[] = {DECAP_VXLAN_PORT, 4790};

	for (int i = 0; i < 2; i++) {
		struct xdp_program *program = NULL;
		uint64_t taken = 0;

		assert_int_equal(xdp_program_load(&program, ports[i]), 0);
		for (uint32_t s = 0; s < shape_count; s++)
			taken += compare_cuts(program, &shapes[s], ports[i]);
		assert_true(taken > 0);
		/* Nobody received them: each is counted. */
		assert_int_equal(xdp_program_unserved(program), taken);
		xdp_program_free(program);
	}
}

/* Whether this process may load programs. */
static bool may_load(void)
{
	struct xdp_program *program = NULL;
	int rc = xdp_program_load(&program, DECAP_VXLAN_PORT);

	xdp_program_free(program);
	return rc != -EPERM;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_nothing_lost),
		cmocka_unit_test(test_port),
		cmocka_unit_test(test_kernel),
	};
	const struct CMUnitTest unprivileged[] = {tests[0], tests[1], tests[2]};

	if (may_load())
		return cmocka_run_group_tests_name("xdp_steer", tests, NULL, NULL);
	puts("# without CAP_BPF: the kernel does not run the program, C alone is judged");
	return cmocka_run_group_tests_name("xdp_steer", unprivileged, NULL, NULL);
}
