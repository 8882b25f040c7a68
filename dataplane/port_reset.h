/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reset of a device that asks for one (ENA does when it has stopped working), step by step:
 *
 *	running → quiescing → resetting → running
 *	                    ↖ pause ↙   → failed
 *
 * The workers are led out of the device before it is touched and back in when it receives again.
 * What is done to a device stands behind a table of functions, so that no step needs one to be
 * tested.
 */
#ifndef DATAPLANE_PORT_RESET_H
#define DATAPLANE_PORT_RESET_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PORT_RESET_TRIES = 5,
	PORT_RESET_PAUSE_MS = 1000, /* between them */
	/* For the workers to leave: far more than a worker sleeps. One that does not is not waited
	 * for, or the capture would hang. */
	PORT_RESET_QUIESCE_MS = 2000,
};

enum port_reset_state {
	PORT_RESET_RUNNING,
	PORT_RESET_QUIESCING,
	PORT_RESET_PAUSING,
	PORT_RESET_FAILED,
};

/* What is done to the device; control thread. */
struct port_reset_ops {
	uint64_t (*now_ns)(void *device); /* of a clock that is never set */
	void (*quiesce)(void *device);    /* tells the workers to leave it alone */
	bool (*quiet)(void *device);      /* true once none of them uses it */
	int (*reset)(void *device);       /* stops it and puts it into its first state; -errno */
	int (*restart)(void *device);     /* configures and starts it as at first; -errno */
	void (*resume)(void *device);     /* lets the workers in again */
};

/* All but `wanted`: control thread. All zero but for ops and device: running. */
struct port_reset {
	const struct port_reset_ops *ops;
	void *device;
	bool wanted; /* any thread writes */
	enum port_reset_state state;
	uint32_t tries;    /* that failed, of the reset under way */
	uint64_t since_ns; /* when it was begun */
	uint64_t again_ns; /* while pausing: when to try again */
	int failed;        /* -errno: why there is no hope */
	uint32_t count;    /* resets that were done */
	uint64_t gap_ns;   /* how long nothing was received, all of them together */
};

/* Asks for a reset; any thread. One more wish while one is under way is a reset of its own. */
void port_reset_want(struct port_reset *reset);

/*
 * Does what can be done now without waiting for anybody; often (every 10 ms). Returns the state.
 * Once it is PORT_RESET_FAILED the workers stay outside and nothing more is done.
 */
enum port_reset_state port_reset_step(struct port_reset *reset);

#endif
