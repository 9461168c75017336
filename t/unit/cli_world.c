/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/cli_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/cli.h"
#include "shm/table.h"

struct fixture f;
char out[262144], err[4096];

void
cli_world_slurp(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, size - 1, file);
	text[n] = '\0';
	fclose(file);
}

static void
redirect(int fd, const char *path)
{
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (to < 0 || dup2(to, fd) < 0)
		_exit(96);
	close(to);
}

void
cli_world_paths(char o[256], char e[256])
{
	snprintf(o, 256, "%s.out", f.dir);
	snprintf(e, 256, "%s.err", f.dir);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {{"stat", cli_stat}, {"status", cli_status}, {"server", cli_server},
    {"session", cli_session}, {"top", cli_top}};

pid_t
cli_start(const char *line)
{
	char *argv[16], buf[512], o[256], e[256], *save = NULL;
	int argc = 0;
	pid_t pid = fixture_fork();

	if (pid > 0)
		return pid;
	cli_world_paths(o, e);
	redirect(STDOUT_FILENO, o);
	redirect(STDERR_FILENO, e);
	snprintf(buf, sizeof buf, "%s", line);
	for (char *w = strtok_r(buf, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		argv[argc++] = strcmp(w, "@") == 0 ? f.dir : w;
	argv[argc] = NULL;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(argv[0], verbs[i].name) == 0)
			exit(verbs[i].run(argc, argv));
	_exit(97);
}

int
cli_run(const char *line)
{
	char o[256], e[256];
	int result = fixture_wait(cli_start(line));

	cli_world_paths(o, e);
	cli_world_slurp(o, out, sizeof out);
	cli_world_slurp(e, err, sizeof err);
	return result;
}

void
cli_world_pid(pid_t pid, int64_t start_us)
{
	struct shm_info info;

	assert_true(info_load(&f.seg, &info));
	info.pid = (int32_t)pid;
	info.start_us = start_us;
	info_store(&f.seg, &info);
	f.seg.head->self.beat_us = mono_now().us;
}

int
cli_world_open(void **state)
{
	(void)state;
	unsetenv("KHA_RUN_DIR");
	unsetenv("COLUMNS");
	fixture_open(&f);
	fixture_sample(&f);
	cli_world_pid(getpid(), mono_now().us);
	return 0;
}

int
cli_world_close(void **state)
{
	char o[256], e[256];

	(void)state;
	cli_world_paths(o, e);
	unlink(o);
	unlink(e);
	fixture_close(&f);
	return 0;
}
