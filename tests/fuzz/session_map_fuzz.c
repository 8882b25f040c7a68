/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session map's two readers. An input that begins with '{' or '[' is read as a file, any
 * other as a --vni argument. What is taken must satisfy the contract.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/session_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "session_map: %s\n", what);
	abort();
}

static void check_session(const struct session *session)
{
	require(session->virtual_network_id <= SESSION_MAX_VNI, "VNI out of range");
	require(session->packet_length <= SESSION_MAX_LENGTH, "length out of range");
	require(session->name[0] == '\0' || session_name_valid(session->name), "not a name");
}

static void check_map(struct session_map *map)
{
	char error[SESSION_ERROR_BYTES];

	for (uint32_t i = 0; i < map->count; i++)
		check_session(&map->sessions[i]);
	if (session_map_check(map, error))
		return;
	for (uint32_t i = 0; i < map->count; i++)
		require(session_name_valid(map->sessions[i].name), "no name after the check");
}

static void read_argument(const uint8_t *data, size_t size)
{
	char error[SESSION_ERROR_BYTES] = "";
	struct session_map map = {0};
	char *argument = malloc(size + 1);

	require(argument, "out of memory");
	memcpy(argument, data, size);
	argument[size] = '\0';
	if (session_map_add_argument(&map, argument, error))
		require(error[0] != '\0', "no error text");
	check_map(&map);
	session_map_fini(&map);
	free(argument);
}

static void read_file(const uint8_t *data, size_t size)
{
	char error[SESSION_ERROR_BYTES];
	char warning[SESSION_ERROR_BYTES];
	struct session_map map;
	char path[64];
	int fd = memfd_create("session_map", MFD_CLOEXEC);

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no memory file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (session_map_read(&map, path, error, warning)) {
		require(error[0] != '\0', "no error text");
	} else {
		check_map(&map);
		session_map_fini(&map);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && (data[0] == '{' || data[0] == '['))
		read_file(data, size);
	else
		read_argument(data, size);
	return 0;
}
