/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reset of a device, with a device of the test's own that notes what is done to it:
 * Q quiesce, R reset, S restart, G resume.
 */
#include "dataplane/port_reset.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000ull

struct fake {
	uint64_t now_ns;
	uint64_t reset_takes_ns;
	bool quiet;
	int reset_failures;   /* how often reset() is still to fail */
	int restart_failures; /* likewise */
	int rc;               /* by which they do */
	bool wish_in_reset;   /* one more reset is asked for during the reset */
	char done[64];
	struct port_reset reset;
};

static void note(struct fake *fake, char what)
{
	size_t length = strlen(fake->done);

	assert_true(length + 1 < sizeof(fake->done));
	fake->done[length] = what;
}

static uint64_t fake_now_ns(void *device)
{
	return ((struct fake *)device)->now_ns;
}

static void fake_quiesce(void *device)
{
	note(device, 'Q');
}

static bool fake_quiet(void *device)
{
	return ((struct fake *)device)->quiet;
}

static int fake_reset(void *device)
{
	struct fake *fake = device;

	assert_true(fake->quiet); /* never under a worker's hands */
	note(fake, 'R');
	fake->now_ns += fake->reset_takes_ns;
	if (fake->wish_in_reset)
		port_reset_want(&fake->reset);
	fake->wish_in_reset = false;
	return fake->reset_failures > 0 && fake->reset_failures-- ? fake->rc : 0;
}

static int fake_restart(void *device)
{
	struct fake *fake = device;

	note(fake, 'S');
	return fake->restart_failures > 0 && fake->restart_failures-- ? fake->rc : 0;
}

static void fake_resume(void *device)
{
	note(device, 'G');
}

static const struct port_reset_ops fake_ops = {
	.now_ns = fake_now_ns,
	.quiesce = fake_quiesce,
	.quiet = fake_quiet,
	.reset = fake_reset,
	.restart = fake_restart,
	.resume = fake_resume,
};

static void begin(struct fake *fake, bool quiet)
{
	*fake = (struct fake){
		.now_ns = 7000 * MS, .quiet = quiet, .rc = -EIO, .reset_takes_ns = 3 * MS};
	fake->reset = (struct port_reset){.ops = &fake_ops, .device = fake};
}

static enum port_reset_state step(struct fake *fake, uint64_t later_ms)
{
	fake->now_ns += later_ms * MS;
	return port_reset_step(&fake->reset);
}

static void test_nothing_wanted(void **state)
{
	struct fake fake;

	begin(&fake, true);
	assert_int_equal(step(&fake, 10), PORT_RESET_RUNNING);
	assert_string_equal(fake.done, "");
	assert_int_equal(fake.reset.count, 0);
	assert_int_equal(fake.reset.gap_ns, 0);
}

/* The device is not touched before the last worker has left it; the gap begins with the wish. */
static void test_waits_for_workers(void **state)
{
	struct fake fake;

	begin(&fake, false);
	port_reset_want(&fake.reset);
	assert_int_equal(step(&fake, 0), PORT_RESET_QUIESCING);
	assert_int_equal(step(&fake, 10), PORT_RESET_QUIESCING);
	assert_string_equal(fake.done, "Q");
	fake.quiet = true;
	assert_int_equal(step(&fake, 10), PORT_RESET_RUNNING);
	assert_string_equal(fake.done, "QRSG");
	assert_int_equal(fake.reset.count, 1);
	assert_int_equal(fake.reset.gap_ns, 23 * MS);
	assert_int_equal(step(&fake, 10), PORT_RESET_RUNNING);
	assert_string_equal(fake.done, "QRSG");
}

/* A worker that never leaves: given up, the device untouched, the worker left outside. */
static void test_worker_stays(void **state)
{
	struct fake fake;

	begin(&fake, false);
	port_reset_want(&fake.reset);
	step(&fake, 0);
	assert_int_equal(step(&fake, PORT_RESET_QUIESCE_MS - 1), PORT_RESET_QUIESCING);
	assert_int_equal(step(&fake, 1), PORT_RESET_FAILED);
	assert_int_equal(fake.reset.failed, -ETIMEDOUT);
	assert_string_equal(fake.done, "Q");
	fake.quiet = true;
	assert_int_equal(step(&fake, 10), PORT_RESET_FAILED);
	assert_string_equal(fake.done, "Q");
}

/* What fails is tried again, from the reset on, after a pause; the gap is all of it. */
static void test_tried_again(void **state)
{
	static const struct {
		int reset_failures, restart_failures;
		const char *done;
	} cases[] = {{1, 0, "QRRSG"}, {0, 1, "QRSRSG"}, {2, 1, "QRRRSRSG"}};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int failures = cases[i].reset_failures + cases[i].restart_failures;
		struct fake fake;

		begin(&fake, true);
		fake.reset_failures = cases[i].reset_failures;
		fake.restart_failures = cases[i].restart_failures;
		port_reset_want(&fake.reset);
		assert_int_equal(step(&fake, 0), PORT_RESET_PAUSING);
		assert_int_equal(step(&fake, PORT_RESET_PAUSE_MS - 1), PORT_RESET_PAUSING);
		/* Nothing during the pause. */
		assert_string_equal(fake.done, cases[i].reset_failures ? "QR" : "QRS");
		step(&fake, 1);
		for (int n = 1; n < failures; n++)
			step(&fake, PORT_RESET_PAUSE_MS);
		assert_string_equal(fake.done, cases[i].done);
		assert_int_equal(fake.reset.state, PORT_RESET_RUNNING);
		assert_int_equal(fake.reset.count, 1);
		assert_int_equal(fake.reset.gap_ns, (uint64_t)failures * PORT_RESET_PAUSE_MS * MS +
							    (uint64_t)(failures + 1) * 3 * MS);
	}
}

static void test_hopeless(void **state)
{
	struct fake fake;

	begin(&fake, true);
	fake.restart_failures = 99;
	port_reset_want(&fake.reset);
	for (int i = 1; i < PORT_RESET_TRIES; i++)
		assert_int_equal(step(&fake, PORT_RESET_PAUSE_MS), PORT_RESET_PAUSING);
	assert_int_equal(step(&fake, PORT_RESET_PAUSE_MS), PORT_RESET_FAILED);
	assert_int_equal(fake.reset.failed, -EIO);
	assert_int_equal(fake.reset.count, 0);
	assert_string_equal(fake.done, "QRSRSRSRSRS"); /* never resumed */
	port_reset_want(&fake.reset);
	assert_int_equal(step(&fake, PORT_RESET_PAUSE_MS), PORT_RESET_FAILED);
	assert_string_equal(fake.done, "QRSRSRSRSRS");
}

/* A driver that cannot do it will not learn it. */
static void test_not_supported(void **state)
{
	struct fake fake;

	begin(&fake, true);
	fake.reset_failures = 1;
	fake.rc = -ENOTSUP;
	port_reset_want(&fake.reset);
	assert_int_equal(step(&fake, 0), PORT_RESET_FAILED);
	assert_int_equal(fake.reset.failed, -ENOTSUP);
	assert_string_equal(fake.done, "QR");
}

/* Tries are counted for each reset anew, gaps are added up. */
static void test_several(void **state)
{
	struct fake fake;

	begin(&fake, true);
	for (int i = 1; i <= 3; i++) {
		fake.reset_failures = PORT_RESET_TRIES - 1;
		port_reset_want(&fake.reset);
		for (int n = 0; n < PORT_RESET_TRIES; n++)
			step(&fake, PORT_RESET_PAUSE_MS);
		assert_int_equal(fake.reset.state, PORT_RESET_RUNNING);
		assert_int_equal(fake.reset.count, i);
		assert_int_equal(fake.reset.gap_ns,
				 (uint64_t)i * (4 * PORT_RESET_PAUSE_MS + 5 * 3) * MS);
	}
}

/* The device asks again while it is reset: what it is after that is not what it asked about. */
static void test_wish_during_reset(void **state)
{
	struct fake fake;

	begin(&fake, true);
	fake.wish_in_reset = true;
	port_reset_want(&fake.reset);
	assert_int_equal(step(&fake, 0), PORT_RESET_RUNNING);
	assert_string_equal(fake.done, "QRSG");
	assert_int_equal(step(&fake, 10), PORT_RESET_RUNNING);
	assert_string_equal(fake.done, "QRSGQRSG");
	assert_int_equal(fake.reset.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_wanted), cmocka_unit_test(test_waits_for_workers),
		cmocka_unit_test(test_worker_stays),   cmocka_unit_test(test_tried_again),
		cmocka_unit_test(test_hopeless),       cmocka_unit_test(test_not_supported),
		cmocka_unit_test(test_several),        cmocka_unit_test(test_wish_during_reset),
	};

	return cmocka_run_group_tests_name("port_reset", tests, NULL, NULL);
}
