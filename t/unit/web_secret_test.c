/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "web/secret.h"

static char none[] = "";

/* A file of its own with this text; its path, for the length of a test. */
static char *
file_with(const char *text)
{
	static char path[64];
	int fd;

	strcpy(path, "/tmp/kha-secret.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static struct conf_status
with(char *user, char *password, char *file)
{
	return (struct conf_status){.user = user,
	    .password = password,
	    .password_file = file,
	    .tls = {.cert = none, .key = none}};
}

static bool
match(const struct secrets *s, const char *user, const char *password)
{
	return secrets_match(s, user, strlen(user), password, strlen(password));
}

static void
password__that_is_right__alone_matches(void **state)
{
	char user[] = "admin", password[] = "s3cret", longest[300];
	const struct conf_status conf = with(user, password, none);
	struct secrets s;
	struct err err;

	(void)state;
	err_init(&err);
	assert_int_equal(secrets_read(&s, &conf, &err), 0);
	assert_true(s.wanted);
	assert_true(match(&s, "admin", "s3cret"));
	assert_false(match(&s, "admin", "s3cre"));
	assert_false(match(&s, "admin", "s3crets"));
	assert_false(match(&s, "admin", ""));
	assert_false(match(&s, "", "s3cret"));
	assert_false(match(&s, "Admin", "s3cret"));
	assert_false(match(&s, "s3cret", "admin"));
	/* What lies behind a 0 counts too. */
	assert_false(secrets_match(&s, "admin", 5, "s3cret\0x", 8));
	memset(longest, 'x', sizeof longest);
	assert_false(secrets_match(&s, "admin", 5, longest, sizeof longest));
	memcpy(longest, "s3cret", 7);
	memset(longest + 6, 0, sizeof longest - 6);
	assert_false(secrets_match(&s, "admin", 5, longest, sizeof longest));
	secrets_free(&s);
	assert_false(s.wanted);
}

static void
password_file__is_its_first_line(void **state)
{
	static const struct {
		const char *text, *password, *error;
	} row[] = {
	    {"s3cret\n", "s3cret", NULL},
	    {"s3cret\r\nmore\n", "s3cret", NULL},
	    {"with blank ", "with blank ", NULL},
	    {"\nsecond\n", NULL, "first line"},
	    {"", NULL, "is empty"},
	};
	char user[] = "admin";
	struct secrets s;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		char *path = file_with(row[i].text);
		const struct conf_status conf = with(user, none, path);

		err_init(&err);
		if (row[i].error == NULL) {
			assert_int_equal(secrets_read(&s, &conf, &err), 0);
			assert_true(match(&s, "admin", row[i].password));
			secrets_free(&s);
		} else {
			assert_int_equal(secrets_read(&s, &conf, &err), -1);
			assert_non_null(strstr(err_end(&err), row[i].error));
			assert_non_null(strstr(err_end(&err), path));
		}
		unlink(path);
	}
}

static void
files__that_are_wrong__are_all_named(void **state)
{
	char absent[] = "/nonexistent/password", user[] = "u";
	struct conf_status conf = with(user, none, absent);
	char cert[64];
	struct secrets s;
	struct err err;

	(void)state;
	conf.tls.cert = strcpy(cert, file_with("no pem\n"));
	conf.tls.key = absent;
	err_init(&err);
	assert_int_equal(secrets_read(&s, &conf, &err), -1);
	assert_int_equal(err.count, 3);
	assert_non_null(
	    strstr(err_end(&err), "status.password_file: /nonexistent/password: No such"));
	assert_non_null(strstr(err_end(&err), "status.tls.cert: "));
	assert_non_null(strstr(err_end(&err), "is not PEM"));
	assert_non_null(strstr(err_end(&err), "status.tls.key: /nonexistent/password: No such"));
	unlink(cert);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(password__that_is_right__alone_matches),
	    cmocka_unit_test(password_file__is_its_first_line),
	    cmocka_unit_test(files__that_are_wrong__are_all_named),
	};

	return cmocka_run_group_tests_name("web/secret", tests, NULL, NULL);
}
