/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/writer_task.h"

#include <sched.h>

/* The thread that starts the writer may be pinned, to a core that polls: leave it. */
void writer_task_choose_cpu(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (cpu < 0 || i == cpu)
			CPU_SET(i, &cpus);
	/* Refused: it runs where it is, only slower. */
	(void)pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
}

/* lock is held. */
static void set_state(struct writer_task *task, enum writer_task_state state)
{
	__atomic_store_n(&task->state, state, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&task->changed);
}

static void *run(void *argument)
{
	struct writer_task *task = argument;

	writer_task_choose_cpu(task->cpu);
	pthread_mutex_lock(&task->lock);
	while (task->state != WRITER_TASK_END) {
		if (task->state != WRITER_TASK_BEGUN) {
			pthread_cond_wait(&task->changed, &task->lock);
			continue;
		}
		pthread_mutex_unlock(&task->lock);
		task->work(task->argument);
		pthread_mutex_lock(&task->lock);
		set_state(task, WRITER_TASK_DONE);
	}
	pthread_mutex_unlock(&task->lock);
	return NULL;
}

int writer_task_start(struct writer_task *task, void (*work)(void *argument), void *argument,
		      int cpu)
{
	int err;

	task->work = work;
	task->argument = argument;
	task->cpu = cpu;
	pthread_mutex_init(&task->lock, NULL);
	pthread_cond_init(&task->changed, NULL);
	err = -pthread_create(&task->thread, NULL, run, task);
	task->started = err == 0;
	if (err) {
		pthread_cond_destroy(&task->changed);
		pthread_mutex_destroy(&task->lock);
	}
	return err;
}

static void change_state(struct writer_task *task, enum writer_task_state state)
{
	pthread_mutex_lock(&task->lock);
	set_state(task, state);
	pthread_mutex_unlock(&task->lock);
}

void writer_task_stop(struct writer_task *task)
{
	if (!task->started)
		return;
	writer_task_wait(task);
	change_state(task, WRITER_TASK_END);
	pthread_join(task->thread, NULL);
	pthread_cond_destroy(&task->changed);
	pthread_mutex_destroy(&task->lock);
	task->started = false;
}

void writer_task_begin(struct writer_task *task)
{
	change_state(task, WRITER_TASK_BEGUN);
}

bool writer_task_collect(struct writer_task *task)
{
	if (__atomic_load_n(&task->state, __ATOMIC_ACQUIRE) != WRITER_TASK_DONE)
		return false;
	change_state(task, WRITER_TASK_IDLE);
	return true;
}

void writer_task_wait(struct writer_task *task)
{
	if (!task->started)
		return;
	pthread_mutex_lock(&task->lock);
	while (task->state == WRITER_TASK_BEGUN)
		pthread_cond_wait(&task->changed, &task->lock);
	pthread_mutex_unlock(&task->lock);
}
