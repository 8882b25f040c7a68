/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program under test: its wall clock is what the kernel's is and as many seconds
 * more as MIRRORCAP_CLOCK, a file, says, from the moment that it is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now);

static time_t read_shift(void)
{
	const char *path = getenv("MIRRORCAP_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char text[32] = "";

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, now);
	int saved = errno;

	if (rc == 0 && clock == CLOCK_REALTIME)
		now->tv_sec += read_shift();
	errno = saved;
	return rc;
}
