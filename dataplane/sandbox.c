/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <linux/bpf.h>

/* New rings could open sockets behind seccomp's back; the writers' exist and are restricted. */
static int refuse_rings(scmp_filter_ctx filter)
{
	int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(io_uring_setup), 0);

	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(io_uring_register),
				      0);
	return rc;
}

/* Local sockets only: the readiness notification and vhost's go through one. */
static int refuse_sockets(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
				SCMP_A0_32(SCMP_CMP_NE, (uint32_t)AF_UNIX));
}

/*
 * With CAP_BPF, a program in the kernel could do what is refused here. The xdp port's runs by now:
 * it is only looked at, and its link closed.
 */
static int refuse_programs(scmp_filter_ctx filter)
{
	static const uint32_t commands[] = {
		BPF_MAP_CREATE,  BPF_MAP_UPDATE_ELEM, BPF_PROG_LOAD,   BPF_RAW_TRACEPOINT_OPEN,
		BPF_PROG_ATTACH, BPF_LINK_CREATE,     BPF_LINK_UPDATE, BPF_OBJ_PIN,
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(bpf), 1,
				      SCMP_A0_32(SCMP_CMP_EQ, commands[i]));
	return rc;
}

int sandbox_close(bool secret)
{
	scmp_filter_ctx filter;
	int rc;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (secret && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return -ENOMEM;
	/* Threads of the EAL and the writers run already. */
	rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = refuse_sockets(filter);
	if (rc == 0)
		rc = refuse_rings(filter);
	if (rc == 0)
		rc = refuse_programs(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}
