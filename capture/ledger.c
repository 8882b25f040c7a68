/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file's layout is in docs/ledger.md. Everything follows from the version, the number of
 * workers and the number of sessions, so an opener computes the header it expects and compares.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/ledger.h"

enum {
	LEDGER_MODE = 0640,
	MAX_WORKERS = 1024,
	HEADER_BYTES = 4096, /* the header's part of the file, mostly unused */
	ALIGNMENT = 128,     /* of every part: no two threads write one cache line */
};

struct ledger_header {
	uint64_t magic; /* stored last: a file that is still being made is not a ledger */
	uint32_t version;
	uint32_t header_bytes;
	uint64_t file_bytes;
	uint32_t workers;
	uint32_t sessions;
	uint32_t drop_reasons;
	uint32_t worker_bytes; /* size of one element of each part */
	uint32_t writer_bytes;
	uint32_t identity_bytes;
	uint32_t session_worker_bytes;
	uint32_t session_writer_bytes;
	uint64_t worker_offset;
	uint64_t writer_offset;
	uint64_t nic_offset;
	uint64_t identity_offset;
	uint64_t session_worker_offset;
	uint64_t session_worker_stride; /* from one worker's array to the next one's */
	uint64_t session_writer_offset;
	uint64_t session_writer_stride;
};

/* A session as the file holds it. */
struct ledger_identity {
	uint32_t virtual_network_id;
	uint32_t packet_length;
	uint8_t has_source;
	uint8_t reserved[3];
	uint8_t source[16];
	char name[SESSION_NAME_BYTES];
	uint8_t padding[35];
};

_Static_assert(sizeof(struct ledger_worker) == 128, "docs/ledger.md gives the layout");
_Static_assert(sizeof(struct ledger_writer) == 128, "docs/ledger.md gives the layout");
_Static_assert(sizeof(struct ledger_identity) == 128, "docs/ledger.md gives the layout");
_Static_assert(sizeof(struct ledger_header) == 120, "docs/ledger.md gives the layout");

/* The part that is no worker's and no session's. */
struct ledger_control {
	struct ledger_nic nic;
	struct ledger_clock clock;
	uint64_t padding[2];
	struct ledger_custody custody; /* another thread's: in a cache line of its own */
};

_Static_assert(offsetof(struct ledger_control, clock) == 24, "docs/ledger.md gives the layout");
_Static_assert(offsetof(struct ledger_control, custody) == 64, "docs/ledger.md gives the layout");
_Static_assert(sizeof(struct ledger_control) <= ALIGNMENT, "docs/ledger.md gives the layout");

struct ledger {
	uint8_t *base; /* the mapping */
	struct ledger_header header;
	struct session *sessions;
};

static uint64_t align(uint64_t bytes)
{
	return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Where everything is in a ledger of this size. */
static struct ledger_header lay_out(uint32_t workers, uint32_t sessions)
{
	struct ledger_header header = {
		.magic = LEDGER_MAGIC,
		.version = LEDGER_VERSION,
		.header_bytes = HEADER_BYTES,
		.workers = workers,
		.sessions = sessions,
		.drop_reasons = DROP_REASON_COUNT,
		.worker_bytes = sizeof(struct ledger_worker),
		.writer_bytes = sizeof(struct ledger_writer),
		.identity_bytes = sizeof(struct ledger_identity),
		.session_worker_bytes = sizeof(struct ledger_session_worker),
		.session_writer_bytes = sizeof(struct ledger_session_writer),
		.worker_offset = HEADER_BYTES,
	};

	header.writer_offset =
		header.worker_offset + align(workers * (uint64_t)header.worker_bytes);
	header.nic_offset = header.writer_offset + align(workers * (uint64_t)header.writer_bytes);
	header.identity_offset = header.nic_offset + align(sizeof(struct ledger_control));
	header.session_worker_offset =
		header.identity_offset + align(sessions * (uint64_t)header.identity_bytes);
	header.session_worker_stride = align(sessions * (uint64_t)header.session_worker_bytes);
	header.session_writer_offset =
		header.session_worker_offset + workers * header.session_worker_stride;
	header.session_writer_stride = align(sessions * (uint64_t)header.session_writer_bytes);
	header.file_bytes = header.session_writer_offset + workers * header.session_writer_stride;
	return header;
}

static struct ledger *ledger_new(const struct ledger_header *header)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return NULL;
	ledger->header = *header;
	ledger->sessions = calloc(header->sessions ? header->sessions : 1, sizeof(struct session));
	if (!ledger->sessions) {
		free(ledger);
		return NULL;
	}
	return ledger;
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	if (ledger->base)
		munmap(ledger->base, ledger->header.file_bytes);
	free(ledger->sessions);
	free(ledger);
}

/* Maps fd, or anonymous memory for -1. */
static int map_ledger(struct ledger *ledger, int fd, int protection)
{
	int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
	void *base = mmap(NULL, ledger->header.file_bytes, protection, flags, fd, 0);

	if (base == MAP_FAILED)
		return -errno;
	ledger->base = base;
	return 0;
}

static struct ledger_identity *identities(const struct ledger *ledger)
{
	return (struct ledger_identity *)(ledger->base + ledger->header.identity_offset);
}

/* Fills in the parts that do not change, the magic last. */
static void fill(struct ledger *ledger, const struct session_map *map)
{
	struct ledger_header header = ledger->header;

	for (uint32_t i = 0; i < header.sessions; i++) {
		struct session *session = &ledger->sessions[i];
		struct ledger_identity *identity = &identities(ledger)[i];

		*session = map->sessions[i];
		session->traffic_mirror_session_id = NULL;
		session->network_interface_id = NULL;
		identity->virtual_network_id = session->virtual_network_id;
		identity->packet_length = session->packet_length;
		identity->has_source = session->has_source;
		memcpy(identity->source, &session->source, sizeof(identity->source));
		memcpy(identity->name, session->name, sizeof(identity->name));
	}
	*ledger_nic(ledger) = (struct ledger_nic){LEDGER_UNKNOWN, LEDGER_UNKNOWN, LEDGER_UNKNOWN};
	*ledger_custody(ledger) = (struct ledger_custody){LEDGER_UNKNOWN, LEDGER_UNKNOWN,
							  LEDGER_UNKNOWN, LEDGER_UNKNOWN};
	header.magic = 0;
	memcpy(ledger->base, &header, sizeof(header));
	__atomic_store_n((uint64_t *)ledger->base, LEDGER_MAGIC, __ATOMIC_RELEASE);
}

/* Allocates the file's blocks: a full disk shows now, not as SIGBUS at a counter. */
static int allocate(int fd, uint64_t bytes)
{
	return -posix_fallocate(fd, 0, (off_t)bytes);
}

static int create_file(struct ledger *ledger, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, LEDGER_MODE);
	int err;

	if (fd < 0)
		return -errno;
	err = allocate(fd, ledger->header.file_bytes);
	if (!err)
		err = map_ledger(ledger, fd, PROT_READ | PROT_WRITE);
	if (err)
		unlink(path);
	close(fd);
	return err;
}

int ledger_create(struct ledger **ledger, const char *path, uint32_t workers,
		  const struct session_map *map)
{
	struct ledger_header header;
	struct ledger *created;
	int err;

	if (workers == 0 || workers > MAX_WORKERS || map->count > SESSION_MAP_MAX)
		return -EINVAL;
	header = lay_out(workers, map->count);
	created = ledger_new(&header);
	if (!created)
		return -ENOMEM;
	err = path ? create_file(created, path) : map_ledger(created, -1, PROT_READ | PROT_WRITE);
	if (err) {
		ledger_close(created);
		return err;
	}
	fill(created, map);
	*ledger = created;
	return 0;
}

/* Reads the header and checks it against what its own numbers imply. */
static int read_header(int fd, struct ledger_header *header)
{
	struct ledger_header expected;
	struct stat st;
	ssize_t length = pread(fd, header, sizeof(*header), 0);

	if (length < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (length != sizeof(*header) || !S_ISREG(st.st_mode) || header->magic != LEDGER_MAGIC)
		return -EPROTO;
	if (header->version != LEDGER_VERSION)
		return -ENOTSUP;
	if (header->workers == 0 || header->workers > MAX_WORKERS ||
	    header->sessions > SESSION_MAP_MAX)
		return -EPROTO;
	expected = lay_out(header->workers, header->sessions);
	if (memcmp(header, &expected, sizeof(expected)) != 0 ||
	    (uint64_t)st.st_size < expected.file_bytes)
		return -EPROTO;
	return 0;
}

/* Copies the sessions out of the mapping: what is checked here cannot change afterwards. */
static int read_identities(struct ledger *ledger)
{
	for (uint32_t i = 0; i < ledger->header.sessions; i++) {
		struct ledger_identity identity = identities(ledger)[i];
		struct session *session = &ledger->sessions[i];

		if (!memchr(identity.name, '\0', sizeof(identity.name)) ||
		    (identity.name[0] && !session_name_valid(identity.name)) ||
		    identity.virtual_network_id > SESSION_MAX_VNI || identity.has_source > 1)
			return -EPROTO;
		session->virtual_network_id = identity.virtual_network_id;
		session->packet_length = identity.packet_length;
		session->has_source = identity.has_source;
		memcpy(&session->source, identity.source, sizeof(session->source));
		memcpy(session->name, identity.name, sizeof(session->name));
	}
	return 0;
}

static int open_fd(struct ledger **ledger, int fd)
{
	struct ledger_header header;
	struct ledger *opened;
	int err = read_header(fd, &header);

	if (err)
		return err;
	opened = ledger_new(&header);
	if (!opened)
		return -ENOMEM;
	err = map_ledger(opened, fd, PROT_READ);
	if (!err)
		err = read_identities(opened);
	if (err) {
		ledger_close(opened);
		return err;
	}
	*ledger = opened;
	return 0;
}

int ledger_open(struct ledger **ledger, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	err = open_fd(ledger, fd);
	close(fd);
	return err;
}

uint32_t ledger_workers(const struct ledger *ledger)
{
	return ledger->header.workers;
}

uint32_t ledger_sessions(const struct ledger *ledger)
{
	return ledger->header.sessions;
}

struct ledger_worker *ledger_worker(struct ledger *ledger, uint32_t worker)
{
	return (struct ledger_worker *)(ledger->base + ledger->header.worker_offset) + worker;
}

struct ledger_writer *ledger_writer(struct ledger *ledger, uint32_t worker)
{
	return (struct ledger_writer *)(ledger->base + ledger->header.writer_offset) + worker;
}

struct ledger_nic *ledger_nic(struct ledger *ledger)
{
	return (struct ledger_nic *)(ledger->base + ledger->header.nic_offset);
}

struct ledger_custody *ledger_custody(struct ledger *ledger)
{
	return (struct ledger_custody *)(ledger->base + ledger->header.nic_offset +
					 offsetof(struct ledger_control, custody));
}

struct ledger_clock *ledger_clock(struct ledger *ledger)
{
	return (struct ledger_clock *)(ledger->base + ledger->header.nic_offset +
				       offsetof(struct ledger_control, clock));
}

struct ledger_session_worker *ledger_session_worker(struct ledger *ledger, uint32_t worker)
{
	return (struct ledger_session_worker *)(ledger->base +
						ledger->header.session_worker_offset +
						worker * ledger->header.session_worker_stride);
}

struct ledger_session_writer *ledger_session_writer(struct ledger *ledger, uint32_t worker)
{
	return (struct ledger_session_writer *)(ledger->base +
						ledger->header.session_writer_offset +
						worker * ledger->header.session_writer_stride);
}

const struct session *ledger_session(const struct ledger *ledger, uint32_t session)
{
	return &ledger->sessions[session];
}
