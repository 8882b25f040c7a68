/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

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
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}
