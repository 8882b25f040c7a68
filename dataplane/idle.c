/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/idle.h"

#include <sys/prctl.h>
#include <time.h>

#include <rte_pause.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

void idle_init(struct idle *idle, enum idle_wish wish)
{
	*idle = (struct idle){.wish = wish, .blocks = true, .most_ns = UINT64_MAX};
}

void idle_add(struct idle *idle, int fd, uint32_t slots)
{
	idle->fds[idle->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
	if (fd >= 0)
		return;
	idle->blocks = false;
	if (idle_most_ns(slots) < idle->most_ns)
		idle->most_ns = idle_most_ns(slots);
}

uint64_t idle_most_ns(uint32_t slots)
{
	return slots / 2 * NS_PER_S / IDLE_PEAK_PPS;
}

uint64_t idle_next_ns(struct idle *idle)
{
	uint32_t doublings;
	uint64_t ns;

	if (idle->empty < UINT32_MAX)
		idle->empty++;
	if (idle->empty < IDLE_ROUNDS || idle->wish == IDLE_POLL)
		return 0;
	if (idle->blocks)
		return IDLE_BLOCK_MS * NS_PER_MS;
	if (idle->wish != IDLE_SLEEP)
		return 0;
	doublings = idle->empty - IDLE_ROUNDS;
	ns = (uint64_t)IDLE_FIRST_SLEEP_NS << (doublings < 32 ? doublings : 32);
	return ns < idle->most_ns ? ns : idle->most_ns;
}

void idle_wait(struct idle *idle)
{
	uint64_t ns = idle_next_ns(idle);
	struct timespec sleep = {.tv_nsec = (long)ns};

	if (!ns)
		rte_pause();
	else if (idle->blocks)
		poll(idle->fds, idle->count, IDLE_BLOCK_MS);
	else
		nanosleep(&sleep, NULL);
}

void idle_sharpen(void)
{
	/* The kernel adds 50 us to each sleep otherwise, to wake up several threads at once. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}
