/* SPDX-License-Identifier: BSD-2-Clause */
/* The file that keeps what operators said: its text, and the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/state_file.h"

#define HEAD "kha server-state 1\n# service server what file operator timed until since\n"
#define CP_1 "api cp-1 state ready drain - 0 1764000000000\n"
#define CP_2 "api cp-2 weight 100 80 20 1764003600000 0\n"

static struct state_file s;
static struct err err;
static char dir[64], path[128], bad[128], fresh[128];

static int
parse(const char *text)
{
	err_init(&err);
	return state_file_parse(text, strlen(text), &s, &err);
}

static void
parse__each_line__is_what_an_operator_said(void **state)
{
	(void)state;
	assert_int_equal(parse(HEAD CP_1 CP_2 "end\n"), 0);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.entry[0].service, "api");
	assert_string_equal(s.entry[0].server, "cp-1");
	assert_int_equal(s.entry[0].what, STATE_OF_ADMIN);
	assert_int_equal(s.entry[0].file, ADMIN_READY);
	assert_int_equal(s.entry[0].base, ADMIN_DRAIN);
	assert_int_equal(s.entry[0].timed, SETTING_NONE);
	assert_int_equal(s.entry[0].since_wall_ms, 1764000000000);
	assert_int_equal(s.entry[1].what, STATE_OF_WEIGHT);
	assert_int_equal(s.entry[1].base, 80);
	assert_int_equal(s.entry[1].timed, 20);
	assert_int_equal(s.entry[1].until_wall_ms, 1764003600000);
	assert_int_equal(parse(HEAD "end\n"), 0);
	assert_int_equal(s.n, 0);
}

static void
parse__broken__says_where_and_why(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
	    {"", "line 1: it does not begin as such a file does"},
	    {"services = ( );\n", "line 1: it does not begin as such a file does"},
	    {"kha server-state 1", "line 1: it does not begin as such a file does"},
	    {"kha server-state 2\nend\n", "line 1: it has format 2, this version knows 1"},
	    {HEAD CP_1, "it is cut: the last line is not \"end\""},
	    {HEAD CP_1 "api cp-2 wei", "it is cut: the last line is not \"end\""},
	    {HEAD "end\n" CP_1, "line 4: there is more"},
	    {HEAD CP_1 "api cp-2 weight 100 80\nend\n", "line 4: there are not 8 words"},
	    {HEAD CP_1 CP_1 "end\n", "line 4: this stands in a line before"},
	    {HEAD "api a/b weight 1 2 - 0 0\nend\n", "line 3: a name is none"},
	    {HEAD "api cp-1 backup 1 0 - 0 0\nend\n",
		"line 3: the third word is neither \"state\" nor \"weight\""},
	    {HEAD "api cp-1 weight 100 257 - 0 0\nend\n", "line 3: a value is none"},
	    {HEAD "api cp-1 state ready up - 0 0\nend\n", "line 3: a value is none"},
	    {HEAD "api cp-1 state - drain - 0 0\nend\n", "line 3: a value is none"},
	    {HEAD "api cp-1 state ready - - 0 0\nend\n", "line 3: the operator said nothing"},
	    {HEAD "api cp-1 state ready - drain 0 0\nend\n", "line 3: a time is none"},
	    {HEAD "api cp-1 state ready drain - 5 0\nend\n", "line 3: a time is none"},
	    {HEAD "api cp-1 state ready drain - 0 -1\nend\n", "line 3: a time is none"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(parse(rows[i].text), -1);
		assert_string_equal(err_end(&err), rows[i].says);
	}
}

static int
make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/kha-state.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/%s", dir, STATE_FILE);
	snprintf(bad, sizeof bad, "%s/%s", dir, STATE_FILE_BAD);
	snprintf(fresh, sizeof fresh, "%s/%s", dir, STATE_FILE_NEW);
	err_init(&err);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	unlink(bad);
	assert_int_equal(rmdir(dir), 0); /* nothing else was left behind */
	return 0;
}

static void
put(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static void
disk__written__is_read_again_and_for_us_alone(void **state)
{
	struct stat st;
	FILE *left;

	(void)state;
	assert_int_equal(state_file_read(dir, &s, &err), 0);
	assert_int_equal(parse(HEAD CP_1 CP_2 "end\n"), 0);
	left = fopen(fresh, "w"); /* of a writer that was killed */
	assert_non_null(left);
	fclose(left);
	assert_int_equal(state_file_write(dir, &s), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	memset(&s, 0, sizeof s);
	assert_int_equal(state_file_read(dir, &s, &err), 1);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.entry[1].timed, 20);
	s.n = 0;
	assert_int_equal(state_file_write(dir, &s), 0);
	assert_int_equal(state_file_read(dir, &s, &err), 1);
	assert_int_equal(s.n, 0);
}

static void
disk__not_to_be_trusted__is_not_read(void **state)
{
	(void)state;
	put(HEAD CP_1 "end\n", 0666);
	assert_int_equal(state_file_read(dir, &s, &err), -1);
	assert_non_null(strstr(err_end(&err), "others than kha may have written it"));
	assert_int_equal(s.n, 0);
	put(HEAD CP_1, 0600);
	err_init(&err);
	assert_int_equal(state_file_read(dir, &s, &err), -1);
	assert_int_equal(s.n, 0); /* nothing of it */
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	err_init(&err);
	assert_int_equal(state_file_read(dir, &s, &err), -1);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	err_init(&err);
	assert_int_equal(state_file_read(dir, &s, &err), -1); /* and does not wait */
	assert_string_equal(err_end(&err), "it is no file");
}

static void
disk__put_aside__is_not_lost(void **state)
{
	(void)state;
	put("garbage", 0600);
	assert_int_equal(state_file_put_aside(dir), 0);
	assert_int_equal(access(bad, F_OK), 0);
	assert_int_equal(state_file_read(dir, &s, &err), 0);
	assert_int_equal(state_file_put_aside(dir), -1);
	assert_int_equal(errno, ENOENT);
}

static void
disk__that_refuses__says_why_and_keeps_the_old_one(void **state)
{
	(void)state;
	assert_int_equal(state_file_write("/nonexistent", &s), ENOENT);
	assert_int_equal(parse(HEAD CP_1 "end\n"), 0);
	assert_int_equal(state_file_write(dir, &s), 0);
	/* The name of the new one is taken by what cannot be removed as a file. */
	assert_int_equal(mkdir(fresh, 0700), 0);
	s.n = 0;
	assert_int_equal(state_file_write(dir, &s), EEXIST);
	assert_int_equal(rmdir(fresh), 0);
	assert_int_equal(state_file_read(dir, &s, &err), 1);
	assert_int_equal(s.n, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parse__each_line__is_what_an_operator_said),
	    cmocka_unit_test(parse__broken__says_where_and_why),
	    cmocka_unit_test_setup_teardown(
		disk__written__is_read_again_and_for_us_alone, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(
		disk__not_to_be_trusted__is_not_read, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(disk__put_aside__is_not_lost, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(
		disk__that_refuses__says_why_and_keeps_the_old_one, make_dir, remove_dir),
	};

	return cmocka_run_group_tests_name("master/state_file", tests, NULL, NULL);
}
