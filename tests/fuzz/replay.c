/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz harness over every file of a corpus directory, without a fuzzer.
 * An empty or missing corpus is a failure: a replay of nothing proves nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	struct stat st;
	uint8_t *data;
	FILE *file = fopen(path, "rb");

	if (!file || fstat(fileno(file), &st) < 0) {
		perror(path);
		return -1;
	}
	/* Exactly as large as the input, so that a sanitizer sees one byte too many. */
	data = malloc(st.st_size ? (size_t)st.st_size : 1);
	if (!data || fread(data, 1, st.st_size, file) != (size_t)st.st_size) {
		perror(path);
		return -1;
	}
	LLVMFuzzerTestOneInput(data, st.st_size);
	free(data);
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	unsigned int replayed = 0;
	char path[4096];
	DIR *dir;

	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
		return 2;
	}
	dir = opendir(argv[1]);
	if (!dir) {
		perror(argv[1]);
		return 1;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		if (replay_file(path) < 0)
			return 1;
		replayed++;
	}
	closedir(dir);
	printf("%s: %u inputs replayed\n", argv[1], replayed);
	return replayed ? 0 : 1;
}
