/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provision/aws/file_text.h"
#include "provision/deploy/journal_record.h"

enum { DIRECTORY_MODE = 0700, FILE_MODE = 0600, WARNING_BYTES = 2 * PATH_MAX + 512 };

struct journal {
	char path[PATH_MAX];
	char warning[WARNING_BYTES];
	json_t *records; /* identity → its last record */
	int lock_fd;
	int fd;    /* -1 before the file is open */
	int error; /* of the first write that failed */
};

/* Places. */

int journal_default_directory(char *path, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int length;

	if (geteuid() == 0)
		length = snprintf(path, size, "/var/lib/mirrorcap");
	else if (state && *state == '/')
		length = snprintf(path, size, "%s/mirrorcap", state);
	else if (home && *home == '/')
		length = snprintf(path, size, "%s/.local/state/mirrorcap", home);
	else
		return -ENOENT;
	return length < (int)size ? 0 : -ENAMETOOLONG;
}

/* As `mkdir -p`. */
static int make_directory(const char *directory)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s", directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	for (char *slash = path + 1; *slash; slash++) {
		if (*slash != '/')
			continue;
		*slash = '\0';
		if (mkdir(path, DIRECTORY_MODE) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, DIRECTORY_MODE) && errno != EEXIST ? -errno : 0;
}

static int sync_parent(const char *path)
{
	char directory[PATH_MAX];
	int fd, rc;

	snprintf(directory, sizeof(directory), "%s", path);
	*strrchr(directory, '/') = '\0';
	fd = open(*directory ? directory : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fsync(fd) ? -errno : 0;
	close(fd);
	return rc;
}

static int fail(int rc, const char *path, const char *what, struct failure *failure)
{
	failure_set(failure, FAILURE_SYSTEM, "journal %s: %s: %s", path, what, strerror(-rc));
	failure_set_remedy(failure, rc == -ENOSPC || rc == -EDQUOT
					    ? "make room there or give another --state-dir"
					    : "give another --state-dir");
	return rc;
}

/* The lock. */

static int refuse_second(int fd, const char *path, struct failure *failure)
{
	char pid[32] = "";
	ssize_t length = pread(fd, pid, sizeof(pid) - 1, 0);

	if (length > 0)
		pid[strspn(pid, "0123456789")] = '\0';
	failure_set(failure, FAILURE_SYSTEM,
		    "%s: another apply or destroy of this deployment is at work%s%s", path,
		    *pid ? ", pid " : "", pid);
	failure_set_remedy(failure, "wait until it ends");
	return -EBUSY;
}

/* The lock has a file of its own: the journal's changes its inode with each rewrite. */
static int lock(struct journal *journal, const char *path, struct failure *failure)
{
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char pid[32];
	int length;

	journal->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (journal->lock_fd < 0)
		return fail(-errno, path, "cannot open", failure);
	if (fcntl(journal->lock_fd, F_OFD_SETLK, &range)) {
		if (errno == EAGAIN || errno == EACCES)
			return refuse_second(journal->lock_fd, path, failure);
		return fail(-errno, path, "cannot lock", failure);
	}
	/* For the other one's message only. */
	length = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (!ftruncate(journal->lock_fd, 0) &&
	    pwrite(journal->lock_fd, pid, (size_t)length, 0) == length)
		return 0;
	return fail(-errno, path, "cannot write", failure);
}

/* Reading. */

static void keep_aside(struct journal *journal, const char *why)
{
	char aside[PATH_MAX + 64];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(aside, sizeof(aside), "%s.damaged-%" PRId64 "-%09ld", journal->path,
		 (int64_t)now.tv_sec, now.tv_nsec);
	if (rename(journal->path, aside))
		snprintf(aside, sizeof(aside), "nowhere (%s)", strerror(errno));
	snprintf(journal->warning, sizeof(journal->warning),
		 "journal %s: %s: kept as %s; goes on with what could be read, AWS is asked for "
		 "the rest",
		 journal->path, why, aside);
}

/* Takes over each line's record; what cannot be read becomes a warning. */
static int read_lines(struct journal *journal, FILE *file)
{
	char *line = NULL, why[64] = "";
	size_t room = 0, number = 0;
	bool damaged = false;
	ssize_t length;
	int rc = 0;

	while (rc != -ENOMEM && (length = getline(&line, &room, file)) >= 0) {
		number++;
		rc = journal_record_read(journal->records, line, (size_t)length);
		if (rc != -EBADMSG || damaged)
			continue;
		/* Without its newline it is the last, torn by a crash: nothing had followed. */
		damaged = line[length - 1] == '\n';
		snprintf(why, sizeof(why), "line %zu is damaged", number);
	}
	free(line);
	if (ferror(file)) {
		damaged = true;
		snprintf(why, sizeof(why), "cannot read");
	}
	if (damaged)
		keep_aside(journal, why);
	return rc == -ENOMEM ? rc : 0;
}

static int read_journal(struct journal *journal)
{
	/* O_NONBLOCK: a pipe without a writer would wait for one. */
	int fd = open(journal->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	struct stat st;
	int rc;

	if (!file && errno == ENOENT)
		return 0;
	if (!file || fstat(fileno(file), &st) || !S_ISREG(st.st_mode)) {
		keep_aside(journal, "cannot read");
		if (file)
			fclose(file);
		return 0;
	}
	rc = read_lines(journal, file);
	fclose(file);
	return rc;
}

/* Writing. */

static int write_records(const json_t *records, int fd)
{
	struct buffer text = {0};
	const char *identity;
	json_t *record;
	int rc;

	json_object_foreach((json_t *)records, identity, record)
	{
		if (journal_record_time(record) + JOURNAL_KEEP_SECONDS < time(NULL))
			continue;
		journal_record_write(identity, record, &text);
	}
	rc = buffer_error(&text);
	if (!rc)
		rc = file_text_write(fd, buffer_string(&text), text.length);
	buffer_fini(&text);
	if (!rc && fsync(fd))
		rc = -errno;
	return rc;
}

/* The new file replaces the old one whole, and is then appended to. */
static int rewrite(struct journal *journal)
{
	char path[PATH_MAX + 8];
	int rc;

	snprintf(path, sizeof(path), "%s.new", journal->path);
	journal->fd = open(
		path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		FILE_MODE);
	if (journal->fd < 0)
		return -errno;
	rc = write_records(journal->records, journal->fd);
	if (!rc && rename(path, journal->path))
		rc = -errno;
	return rc ? rc : sync_parent(journal->path);
}

static int append(struct journal *journal, const char *identity, json_t *record)
{
	struct buffer text = {0};

	if (!record || json_object_set_new(journal->records, identity, record))
		return journal->error ? journal->error : -ENOMEM;
	if (journal->error)
		return journal->error;
	journal_record_write(identity, record, &text);
	journal->error = buffer_error(&text);
	if (!journal->error)
		journal->error = file_text_write(journal->fd, buffer_string(&text), text.length);
	if (!journal->error && fdatasync(journal->fd))
		journal->error = -errno;
	buffer_fini(&text);
	return journal->error;
}

/* The whole. */

int journal_open(const char *directory, const char *deployment, struct journal **result,
		 struct failure *failure)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	char lock_path[PATH_MAX];
	int rc;

	if (!journal)
		return failure_memory(failure);
	journal->lock_fd = journal->fd = -1;
	journal->records = json_object();
	rc = journal->records ? 0 : failure_memory(failure);
	if (!rc && (snprintf(journal->path, PATH_MAX, "%s/%s.journal", directory, deployment) >=
			    PATH_MAX ||
		    snprintf(lock_path, PATH_MAX, "%s/%s.lock", directory, deployment) >= PATH_MAX))
		rc = fail(-ENAMETOOLONG, directory, "cannot open", failure);
	if (!rc) {
		rc = make_directory(directory);
		if (rc)
			fail(rc, directory, "cannot make the directory", failure);
	}
	if (!rc)
		rc = lock(journal, lock_path, failure);
	if (!rc) {
		rc = read_journal(journal);
		if (!rc)
			rc = rewrite(journal);
		if (rc)
			fail(rc, journal->path, "cannot write", failure);
	}
	if (rc)
		journal_close(journal);
	else
		*result = journal;
	return rc;
}

const char *journal_warning(const struct journal *journal)
{
	return *journal->warning ? journal->warning : NULL;
}

bool journal_find(const struct journal *journal, const char *identity, struct journal_entry *entry)
{
	const json_t *record = json_object_get(journal->records, identity);

	if (!record)
		return false;
	journal_record_entry(record, entry);
	return true;
}

int journal_intend(struct journal *journal, const char *identity, uint32_t generation,
		   const char *token)
{
	struct journal_entry entry = {.id = ""};

	/* The same token is to return the same thing, which does not get younger by it. */
	if (!journal_find(journal, identity, &entry) || entry.generation != generation ||
	    !*entry.id) {
		entry.id = "";
		entry.time = 0;
	}
	entry.state = JOURNAL_INTENDED;
	entry.generation = generation;
	entry.token = token;
	return append(journal, identity, journal_record_new(&entry));
}

int journal_created(struct journal *journal, const char *identity, const char *id)
{
	struct journal_entry entry = {.token = "", .id = ""};

	journal_find(journal, identity, &entry);
	if (strcmp(entry.id, id) != 0)
		entry.time = 0;
	entry.state = JOURNAL_CREATED;
	entry.id = id;
	return append(journal, identity, journal_record_new(&entry));
}

int journal_deleted(struct journal *journal, const char *identity)
{
	struct journal_entry entry = {.state = JOURNAL_CREATED, .token = ""};

	journal_find(journal, identity, &entry);
	/* Told twice, it is still the same deletion. */
	if (entry.state == JOURNAL_DELETED)
		return journal->error;
	entry.state = JOURNAL_DELETED;
	entry.generation++;
	entry.token = entry.id = "";
	entry.time = 0;
	return append(journal, identity, journal_record_new(&entry));
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->fd >= 0)
		close(journal->fd);
	if (journal->lock_fd >= 0)
		close(journal->lock_fd);
	json_decref(journal->records);
	free(journal);
}
