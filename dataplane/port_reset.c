/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/port_reset.h"

#include <errno.h>

#define NS_PER_MS 1000000ull

void port_reset_want(struct port_reset *reset)
{
	__atomic_store_n(&reset->wanted, true, __ATOMIC_RELEASE);
}

static void fail(struct port_reset *reset, int rc)
{
	reset->failed = rc;
	reset->state = PORT_RESET_FAILED;
}

static void begin(struct port_reset *reset)
{
	reset->since_ns = reset->ops->now_ns(reset->device);
	reset->tries = 0;
	reset->state = PORT_RESET_QUIESCING;
	reset->ops->quiesce(reset->device);
}

static void finish(struct port_reset *reset)
{
	reset->ops->resume(reset->device);
	reset->gap_ns += reset->ops->now_ns(reset->device) - reset->since_ns;
	reset->count++;
	reset->state = PORT_RESET_RUNNING;
}

/* Nobody uses the device. */
static void try(struct port_reset *reset)
{
	int rc = reset->ops->reset(reset->device);

	if (rc == 0)
		rc = reset->ops->restart(reset->device);
	if (rc == 0) {
		finish(reset);
	} else if (rc == -ENOTSUP || ++reset->tries == PORT_RESET_TRIES) {
		fail(reset, rc);
	} else {
		reset->again_ns =
			reset->ops->now_ns(reset->device) + PORT_RESET_PAUSE_MS * NS_PER_MS;
		reset->state = PORT_RESET_PAUSING;
	}
}

static void wait_for_workers(struct port_reset *reset)
{
	uint64_t waited_ns = reset->ops->now_ns(reset->device) - reset->since_ns;

	if (reset->ops->quiet(reset->device))
		try(reset);
	else if (waited_ns >= PORT_RESET_QUIESCE_MS * NS_PER_MS)
		fail(reset, -ETIMEDOUT);
}

enum port_reset_state port_reset_step(struct port_reset *reset)
{
	/* Taken before the reset: a wish that comes during it is for the state after it. */
	if (reset->state == PORT_RESET_RUNNING &&
	    __atomic_exchange_n(&reset->wanted, false, __ATOMIC_ACQ_REL))
		begin(reset);
	if (reset->state == PORT_RESET_QUIESCING)
		wait_for_workers(reset);
	else if (reset->state == PORT_RESET_PAUSING &&
		 reset->ops->now_ns(reset->device) >= reset->again_ns)
		try(reset);
	return reset->state;
}
