/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/retention.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/inbox.h"
#include "capture/manifest.h"
#include "capture/retention_clock.h"
#include "capture/retention_index.h"

enum {
	NICE = 19,         /* whatever else wants the CPU goes first */
	FAILURES_MAX = 16, /* in one round: a directory that refuses would refuse all its files */
};

#define NS_PER_S  1000000000ull
#define PAUSE_NS  100000000L     /* between looks at what was published */
#define ROUND_NS  NS_PER_S       /* between rounds without anything new */
#define EXPIRE_NS (5 * NS_PER_S) /* between looks at all files' ages */
#define RETRY_NS  (5 * NS_PER_S) /* for a file that could not be removed */
/* So much longer than the last search of the disk took, one can wait for the next: 5 % of a CPU. */
#define SEARCH_SHARE 20

/* A published file on its way from a writer. */
struct news {
	struct inbox_entry entry; /* first */
	uint64_t bytes;
	char path[];
};

struct retention {
	struct retention_config config;
	struct retention_index index;
	struct retention_clock clock;
	struct inbox news;               /* from the writers */
	bool missed;                     /* atomic; there was no memory for news: the disk tells */
	bool stopping;                   /* atomic */
	uint64_t now_ns;                 /* monotonic, of this round */
	uint64_t searched_ns, search_ns; /* when the disk was looked at, and how long that took */
	uint64_t round_ns, expired_ns, freed_ns;
	uint32_t failures; /* in this round */
	pthread_t thread;
};

static uint64_t time_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void retention_published(struct retention *retention, const char *path, uint64_t bytes)
{
	size_t length = strlen(path) + 1;
	struct news *news;

	if (!retention)
		return;
	news = malloc(sizeof(*news) + length);
	if (!news) {
		__atomic_store_n(&retention->missed, true, __ATOMIC_RELAXED);
		return;
	}
	news->bytes = bytes;
	memcpy(news->path, path, length);
	inbox_put(&retention->news, &news->entry);
}

/* Returns false where there was none. */
static bool take_news(struct retention *r)
{
	struct inbox_entry *entry = inbox_take(&r->news);
	uint64_t now_ns = time_ns(CLOCK_REALTIME);
	bool some = entry != NULL;

	while (entry) {
		struct news *news = (struct news *)entry;

		entry = entry->next;
		retention_index_add(&r->index, news->path, news->bytes, now_ns);
		free(news);
	}
	return some;
}

static void tell_unreadable(struct retention *r)
{
	for (uint32_t i = 0; i < r->index.own; i++) {
		const struct retention_directory *directory = &r->index.directories[i];
		struct retention_removal removal = {
			.path = directory->path,
			.error = directory->error,
		};

		if (directory->error_new)
			r->config.report(r->config.context, &removal);
	}
}

static void search(struct retention *r)
{
	uint64_t began_ns = time_ns(CLOCK_MONOTONIC);

	__atomic_store_n(&r->missed, false, __ATOMIC_RELAXED);
	retention_index_search(&r->index);
	r->searched_ns = time_ns(CLOCK_MONOTONIC);
	r->search_ns = r->searched_ns - began_ns;
	tell_unreadable(r);
}

static bool over(const struct retention_limits *limits, uint64_t files, uint64_t bytes)
{
	return (limits->files && files > limits->files) || (limits->bytes && bytes > limits->bytes);
}

static bool over_in(const struct retention *r, const struct retention_directory *directory)
{
	return directory->own && over(&r->config.session, directory->kept, directory->bytes);
}

/* Is somebody at work on it? Any lock of the kinds that fcntl(2) knows says so. */
static int check_locks(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	/* A file system that knows no locks has none. */
	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		return errno == EINVAL || errno == ENOLCK || errno == EOPNOTSUPP ? 0 : -errno;
	return lock.l_type == F_UNLCK ? 0 : -EBUSY;
}

/*
 * Its manifest goes with a file, but not without a trace: it is put aside before, so that also
 * whoever finds the file gone after a crash knows by whom. Put back is only what was put aside here
 * and now, and not where the file is gone: another process removes it, too, and is to record that.
 */
static int unlink_with_manifest(const char *path)
{
	char manifest[SEGMENT_PATH_BYTES + RETENTION_NAME_BYTES + sizeof(MANIFEST_SUFFIX)];
	char aside[SEGMENT_PATH_BYTES + RETENTION_NAME_BYTES + sizeof(MANIFEST_PRUNED_SUFFIX)];
	bool moved;
	int err = 0;

	snprintf(manifest, sizeof(manifest), "%s" MANIFEST_SUFFIX, path);
	snprintf(aside, sizeof(aside), "%s" MANIFEST_PRUNED_SUFFIX, path);
	moved = rename(manifest, aside) == 0;
	if (!moved && errno != ENOENT)
		return -errno;
	if (unlink(path) < 0)
		err = -errno;
	if (moved && err && err != -ENOENT)
		(void)rename(aside, manifest);
	return err;
}

/* Returns 0, or -errno where the file stays; -ENOENT where there is none. */
static int remove_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	int err;

	if (fd < 0)
		return -errno;
	err = fstat(fd, &st) < 0 ? -errno : check_locks(fd);
	if (!err && !S_ISREG(st.st_mode))
		err = -ENOENT; /* another thing by now, and not ours */
	close(fd);
	return err ? err : unlink_with_manifest(path);
}

/* Returns how many bytes it has freed. */
static uint64_t remove_file(struct retention *r, struct retention_directory *directory,
			    struct retention_file *file)
{
	char path[SEGMENT_PATH_BYTES + RETENTION_NAME_BYTES];
	struct retention_removal removal = {.path = path, .bytes = file->bytes};

	snprintf(path, sizeof(path), "%s/%s", directory->path, file->name);
	removal.error = remove_path(path);
	if (!removal.error || removal.error == -ENOENT) {
		retention_index_drop(directory, file);
		if (!removal.error)
			r->config.report(r->config.context, &removal);
		return removal.error ? 0 : file->bytes;
	}
	r->failures++;
	if (file->error != removal.error)
		r->config.report(r->config.context, &removal);
	file->error = removal.error;
	file->retry_ns = r->now_ns + RETRY_NS;
	return 0;
}

static void keep_to_session_limits(struct retention *r, struct retention_directory *directory)
{
	struct retention_file *file;

	while (over_in(r, directory) && r->failures < FAILURES_MAX &&
	       (file = retention_index_next(directory, r->now_ns)))
		remove_file(r, directory, file);
}

/* The directory with the oldest of all files that can be considered, or NULL. */
static struct retention_directory *find_oldest(struct retention *r, struct retention_file **oldest)
{
	struct retention_directory *found = NULL;

	for (uint32_t i = 0; i < r->index.count; i++) {
		struct retention_directory *directory = &r->index.directories[i];
		struct retention_file *file = retention_index_next(directory, r->now_ns);

		if (!file || (found && strcmp(file->name, (*oldest)->name) >= 0))
			continue;
		found = directory;
		*oldest = file;
	}
	return found;
}

/* How much is to be freed. Not asked too often: some file systems free what is gone a bit later. */
static uint64_t missing(const struct retention *r)
{
	if ((!r->config.free.bytes && !r->config.free.percent) ||
	    r->now_ns - r->freed_ns < ROUND_NS)
		return 0;
	return free_space_missing(r->config.out, &r->config.free);
}

static void keep_to_overall_limits(struct retention *r)
{
	uint64_t files, total, freed = 0, wanted = missing(r);
	struct retention_directory *directory;
	struct retention_file *file;

	if (wanted)
		r->freed_ns = r->now_ns;
	retention_index_total(&r->index, &files, &total);
	while ((freed < wanted || over(&r->config.overall, files, total)) &&
	       r->failures < FAILURES_MAX && (directory = find_oldest(r, &file))) {
		files -= directory->kept;
		total -= directory->bytes;
		freed += remove_file(r, directory, file);
		files += directory->kept;
		total += directory->bytes;
	}
}

static uint64_t smaller_age(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a + b;
	return a < b ? a : b;
}

/* Each file by its own time: names are in the order of beginnings. */
static void expire_in(struct retention *r, struct retention_directory *directory)
{
	uint64_t age_ns = r->config.overall.age_ns;

	if (directory->own)
		age_ns = smaller_age(age_ns, r->config.session.age_ns);
	for (uint32_t i = 0; age_ns && i < directory->count && r->failures < FAILURES_MAX; i++) {
		struct retention_file *file = &directory->files[i];

		if (!file->gone && file->retry_ns <= r->now_ns &&
		    retention_clock_age(&r->clock, file->changed_ns) > age_ns)
			remove_file(r, directory, file);
	}
}

static void expire(struct retention *r)
{
	for (uint32_t i = 0; i < r->index.count; i++)
		expire_in(r, &r->index.directories[i]);
	r->expired_ns = r->now_ns;
}

/* By what is known, is anything to be removed? */
static bool is_due(const struct retention *r)
{
	uint64_t files, bytes;

	retention_index_total(&r->index, &files, &bytes);
	if (missing(r) || over(&r->config.overall, files, bytes))
		return true;
	for (uint32_t i = 0; i < r->index.own; i++)
		if (over_in(r, &r->index.directories[i]))
			return true;
	return false;
}

/*
 * An index that is not fresh is no reason to remove a file: others may have removed some, and
 * what is left be within the limits.
 */
static bool is_stale(const struct retention *r)
{
	uint64_t age_ns = r->now_ns - r->searched_ns;

	return age_ns >= ROUND_NS && age_ns / SEARCH_SHARE >= r->search_ns;
}

static void make_round(struct retention *r)
{
	r->failures = 0;
	r->round_ns = r->now_ns;
	if (__atomic_load_n(&r->missed, __ATOMIC_RELAXED) || (is_due(r) && is_stale(r)))
		search(r);
	for (uint32_t i = 0; i < r->index.own; i++)
		keep_to_session_limits(r, &r->index.directories[i]);
	keep_to_overall_limits(r);
	if (r->now_ns - r->expired_ns >= EXPIRE_NS)
		expire(r);
	retention_index_compact(&r->index);
}

static void *run(void *argument)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct retention *r = argument;
	bool stopping = false;

	/* Of this thread alone; refused, it is only less polite. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	search(r);
	while (!stopping) {
		/* Looked at first: what was published before the stop is then seen below. */
		stopping = __atomic_load_n(&r->stopping, __ATOMIC_ACQUIRE);
		r->now_ns = time_ns(CLOCK_MONOTONIC);
		retention_clock_look(&r->clock, time_ns(CLOCK_REALTIME), time_ns(CLOCK_BOOTTIME));
		if (take_news(r) || stopping || r->now_ns - r->round_ns >= ROUND_NS)
			make_round(r);
		if (!stopping)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

static void free_all(struct retention *r)
{
	(void)take_news(r);
	retention_index_fini(&r->index);
	free(r);
}

int retention_start(struct retention **retention, const struct retention_config *config)
{
	const struct retention_limits *overall = &config->overall;
	bool all = overall->bytes || overall->age_ns || overall->files || config->free.bytes ||
		   config->free.percent;
	struct retention *r = calloc(1, sizeof(*r));
	sigset_t set, before;
	int err;

	if (!r)
		return -ENOMEM;
	r->config = *config;
	err = retention_index_init(&r->index, config->out, config->directories,
				   config->directory_count, all);
	if (!err) {
		sigfillset(&set);
		pthread_sigmask(SIG_SETMASK, &set, &before);
		err = -pthread_create(&r->thread, NULL, run, r);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	if (err)
		free_all(r);
	else
		*retention = r;
	return err;
}

void retention_stop(struct retention *retention)
{
	if (!retention)
		return;
	__atomic_store_n(&retention->stopping, true, __ATOMIC_RELEASE);
	pthread_join(retention->thread, NULL);
	free_all(retention);
}
