/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to the writer: a thread beside the writer's that does one thing, again and again, when
 * the writer's thread says so. It may wait for the disk; the writer's thread goes on meanwhile.
 *
 * From writer_task_begin() until writer_task_collect() has said that it is done, what it works on
 * is the task's.
 */
#ifndef CAPTURE_WRITER_TASK_H
#define CAPTURE_WRITER_TASK_H

#include <pthread.h>
#include <stdbool.h>

enum writer_task_state {
	WRITER_TASK_IDLE,
	WRITER_TASK_BEGUN,
	WRITER_TASK_DONE,
	WRITER_TASK_END,
};

struct writer_task {
	bool started;
	void (*work)(void *argument);
	void *argument;
	int cpu;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum writer_task_state state; /* written under lock; atomic where read without */
};

/*
 * Starts the thread on this CPU, -1: on any. work(argument) is done there. task: {0}.
 * Returns 0 or -errno; writer_task_stop().
 */
int writer_task_start(struct writer_task *task, void (*work)(void *argument), void *argument,
		      int cpu);
/* Lets it finish what it does, and ends the thread. Also where it was not started. */
void writer_task_stop(struct writer_task *task);

/* Has it done once; not while it is under way, or not collected. */
void writer_task_begin(struct writer_task *task);
/* True once after each time that it was done: what it has worked on is the caller's again. */
bool writer_task_collect(struct writer_task *task);
/* Waits until it is not under way. */
void writer_task_wait(struct writer_task *task);

/* Lets the calling thread run on this CPU, -1: on any. */
void writer_task_choose_cpu(int cpu);

#endif
