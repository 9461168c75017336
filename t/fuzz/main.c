/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replays a corpus through a fuzz target without libFuzzer: each file of the folders that are
 * named (or each file) once whole, and once for every prefix of at most 200 bytes, so that each
 * place where input may end is tried. TAP on standard output; a target that finds something aborts.
 *	o/std/t/fuzz/conf t/fuzz/conf.in
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (1 << 20)
#define PREFIXES 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned n_files;

/* A copy of its own, so that a sanitizer sees reading behind the end. */
static void
run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
replay(const char *path)
{
	static uint8_t data[FILE_MAX];
	FILE *in = fopen(path, "rb");
	size_t size;

	if (in == NULL) {
		perror(path);
		exit(1);
	}
	size = fread(data, 1, sizeof data, in);
	fclose(in);
	/* Whoever reads the output of a crash wants to know the file. */
	printf("ok %u - %s\n", ++n_files, path);
	fflush(stdout);
	run(data, size);
	for (size_t n = 0; n < size && n < PREFIXES; n++)
		run(data, n);
}

static void
replay_all(const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort);
	char path[PATH_MAX];

	if (n < 0) {
		perror(dir);
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			replay(path);
		free(names[i]);
	}
	free(names);
}

int
main(int argc, char **argv)
{
	struct stat st;

	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			replay_all(argv[i]);
		else
			replay(argv[i]);
	}
	if (n_files == 0) {
		fprintf(stderr, "usage: %s DIR|FILE...: there was no file\n", argv[0]);
		return 1;
	}
	printf("1..%u\n", n_files);
	return 0;
}
