/* SPDX-License-Identifier: BSD-2-Clause */
/* One master for each run directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/pidfile.h"

static char dir[32];

static int
make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/kha-pid.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
remove_dir(void **state)
{
	(void)state;
	return rmdir(dir); /* fails when something was left in it */
}

/* What a second process hears that wants the same directory. */
static int
try_in_child(char *text, size_t size)
{
	struct pidfile p = {.fd = -1};
	struct err err;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		err_init(&err);
		status = pidfile_take(&p, dir, &err);
		(void)!write(fds[1], err_end(&err), strlen(err_end(&err)));
		_exit(status == 0 ? 0 : 1);
	}
	close(fds[1]);
	n = read(fds[0], text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void
pidfile__taken__holds_our_pid(void **state)
{
	char path[64], text[32] = "", want[32];
	struct pidfile p;
	struct err err;
	FILE *f;

	(void)state;
	err_init(&err);
	assert_int_equal(pidfile_take(&p, dir, &err), 0);
	snprintf(path, sizeof path, "%s/kha.pid", dir);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof text, f));
	/* Closing any descriptor of the file gives a POSIX lock back: not part of this test. */
	snprintf(want, sizeof want, "%d\n", (int)getpid());
	assert_string_equal(text, want);
	fclose(f);
	pidfile_drop(&p);
	pidfile_drop(&p);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void
pidfile__second_master__is_refused_with_the_pid(void **state)
{
	char text[512], want[32];
	struct pidfile p;
	struct err err;

	(void)state;
	err_init(&err);
	assert_int_equal(pidfile_take(&p, dir, &err), 0);
	assert_int_equal(try_in_child(text, sizeof text), 1);
	snprintf(want, sizeof want, "pid %d", (int)getpid());
	assert_non_null(strstr(text, want));
	assert_non_null(strstr(text, dir));
	pidfile_drop(&p);
}

static void
pidfile__master_died__is_free_at_once(void **state)
{
	char text[512];
	struct pidfile p;
	struct err err;

	(void)state;
	/* The child ends without giving it back, as after SIGKILL. */
	assert_int_equal(try_in_child(text, sizeof text), 0);
	err_init(&err);
	assert_int_equal(pidfile_take(&p, dir, &err), 0);
	pidfile_drop(&p);
}

static void
run_dir__absent__is_made_for_everybody_to_read(void **state)
{
	char path[64];
	struct stat st;
	struct err err;
	mode_t before = umask(077);

	(void)state;
	err_init(&err);
	snprintf(path, sizeof path, "%s/run", dir);
	assert_int_equal(pidfile_make_dir(path, &err), 0);
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(pidfile_make_dir(path, &err), 0);
	rmdir(path);
}

static void
run_dir__impossible__is_named_with_a_cure(void **state)
{
	char path[64];
	struct err err;
	FILE *f;

	(void)state;
	err_init(&err);
	snprintf(path, sizeof path, "%s/no/run", dir);
	assert_int_equal(pidfile_make_dir(path, &err), -1);
	assert_non_null(strstr(err_end(&err), path));
	assert_non_null(strstr(err_end(&err), "global.run_dir"));
	err_init(&err);
	snprintf(path, sizeof path, "%s/file", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(pidfile_make_dir(path, &err), -1);
	assert_non_null(strstr(err_end(&err), "not a directory"));
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pidfile__taken__holds_our_pid),
	    cmocka_unit_test(pidfile__second_master__is_refused_with_the_pid),
	    cmocka_unit_test(pidfile__master_died__is_free_at_once),
	    cmocka_unit_test(run_dir__absent__is_made_for_everybody_to_read),
	    cmocka_unit_test(run_dir__impossible__is_named_with_a_cure),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
