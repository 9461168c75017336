/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/order.h"
#include "master/setting.h"
#include "shm/health.h"

#define FORMAT	 1
#define HEAD	 "kha server-state "
#define END	 "end"
#define WORDS	 8
#define TIME_MAX INT64_C(253402300799999) /* the last millisecond of the year 9999 */

static const char *const whats[STATE_WHATS] = {
    [STATE_OF_ADMIN] = "state",
    [STATE_OF_WEIGHT] = "weight",
};

/* ---- reading ---- */

/* A piece of the text, not terminated. */
struct word {
	const char *at;
	size_t n;
};

static bool
is(struct word w, const char *text)
{
	return w.n == strlen(text) && memcmp(w.at, text, w.n) == 0;
}

/* A whole number as it is printed: no sign, no leading zero. */
static bool
number(struct word w, int64_t most, int64_t *value)
{
	if (w.n == 0 || w.n > 15 || (w.n > 1 && w.at[0] == '0'))
		return false;
	*value = 0;
	for (size_t i = 0; i < w.n; i++) {
		if (w.at[i] < '0' || w.at[i] > '9')
			return false;
		*value = *value * 10 + (w.at[i] - '0');
	}
	return *value <= most;
}

static bool
name(struct word w, char to[SHM_NAME])
{
	if (w.n == 0 || w.n >= SHM_NAME)
		return false;
	for (size_t i = 0; i < w.n; i++)
		if ((unsigned char)w.at[i] <= ' ' || w.at[i] == 0x7f || w.at[i] == '/')
			return false;
	memcpy(to, w.at, w.n);
	to[w.n] = '\0';
	return true;
}

static bool
value(struct word w, enum state_what what, bool none_ok, uint32_t *to)
{
	int64_t n;

	*to = SETTING_NONE;
	if (none_ok && is(w, "-"))
		return true;
	if (what == STATE_OF_WEIGHT && number(w, WEIGHT_MAX, &n))
		*to = (uint32_t)n;
	for (uint32_t a = ADMIN_READY; what == STATE_OF_ADMIN && a <= ADMIN_MAINT; a++)
		if (is(w, server_admin_name(a)))
			*to = a;
	return *to != SETTING_NONE;
}

static bool
known(const struct state_file *s, const struct state_entry *e)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->entry[i].what == e->what && strcmp(s->entry[i].server, e->server) == 0 &&
		    strcmp(s->entry[i].service, e->service) == 0)
			return true;
	return false;
}

/* NULL, or what is wrong. */
static const char *
read_entry(struct word line, struct state_file *s)
{
	const char *end = line.at + line.n;
	struct word w[WORDS] = {{NULL, 0}};
	struct state_entry *e;
	unsigned n = 0;

	for (const char *at = line.at; at <= end && n <= WORDS; n++) {
		const char *to = memchr(at, ' ', (size_t)(end - at));

		to = to != NULL ? to : end;
		if (n < WORDS)
			w[n] = (struct word){at, (size_t)(to - at)};
		at = to + 1;
	}
	if (n != WORDS)
		return "there are not 8 words";
	if (s->n == sizeof s->entry / sizeof *s->entry)
		return "there are too many lines";
	e = &s->entry[s->n];
	*e = (struct state_entry){0};
	if (!name(w[0], e->service) || !name(w[1], e->server))
		return "a name is none";
	while (e->what < STATE_WHATS && !is(w[2], whats[e->what]))
		e->what++;
	if (e->what == STATE_WHATS)
		return "the third word is neither \"state\" nor \"weight\"";
	if (!value(w[3], e->what, false, &e->file) || !value(w[4], e->what, true, &e->base) ||
	    !value(w[5], e->what, true, &e->timed))
		return "a value is none";
	if (e->base == SETTING_NONE && e->timed == SETTING_NONE)
		return "the operator said nothing";
	if (!number(w[6], TIME_MAX, &e->until_wall_ms) ||
	    !number(w[7], TIME_MAX, &e->since_wall_ms) ||
	    (e->timed != SETTING_NONE) != (e->until_wall_ms != 0))
		return "a time is none";
	if (known(s, e))
		return "this stands in a line before";
	s->n++;
	return NULL;
}

/* The next line, without its end; false: there is no whole one. */
static bool
next_line(const char **at, const char *end, struct word *line)
{
	const char *nl = memchr(*at, '\n', (size_t)(end - *at));

	if (nl == NULL)
		return false;
	*line = (struct word){*at, (size_t)(nl - *at)};
	*at = nl + 1;
	return true;
}

int
state_file_parse(const char *text, size_t n, struct state_file *s, struct err *err)
{
	const char *at = text, *end = text + n, *wrong;
	struct word line;
	int64_t format;

	s->n = 0;
	if (!next_line(&at, end, &line) || line.n < strlen(HEAD) ||
	    memcmp(line.at, HEAD, strlen(HEAD)) != 0 ||
	    !number((struct word){line.at + strlen(HEAD), line.n - strlen(HEAD)}, 1000000, &format))
		return err_add(err, "line 1: it does not begin as such a file does");
	if (format != FORMAT)
		return err_add(
		    err, "line 1: it has format %d, this version knows %d", (int)format, FORMAT);
	for (unsigned row = 2; next_line(&at, end, &line); row++) {
		if (line.n > 0 && line.at[0] == '#')
			continue;
		if (is(line, END))
			return at == end ? 0 : err_add(err, "line %u: there is more", row + 1);
		wrong = read_entry(line, s);
		if (wrong != NULL)
			return err_add(err, "line %u: %s", row, wrong);
	}
	return err_add(err, "it is cut: the last line is not \"" END "\"");
}

/* ---- writing ---- */

static void
print_value(enum state_what what, uint32_t v, FILE *out)
{
	if (v == SETTING_NONE)
		fputs(" -", out);
	else if (what == STATE_OF_ADMIN)
		fprintf(out, " %s", server_admin_name(v));
	else
		fprintf(out, " %" PRIu32, v);
}

void
state_file_print(const struct state_file *s, FILE *out)
{
	fprintf(out, HEAD "%d\n# service server what file operator timed until since\n", FORMAT);
	for (unsigned i = 0; i < s->n; i++) {
		const struct state_entry *e = &s->entry[i];

		fprintf(out, "%s %s %s", e->service, e->server, whats[e->what]);
		print_value(e->what, e->file, out);
		print_value(e->what, e->base, out);
		print_value(e->what, e->timed, out);
		fprintf(out, " %" PRId64 " %" PRId64 "\n", e->until_wall_ms, e->since_wall_ms);
	}
	fputs(END "\n", out);
}

/* ---- the disk ---- */

static int
open_dir(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Somebody else may have put it there to be obeyed. */
static bool
is_ours(int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		err_addsys(err, "it cannot be read");
	else if (!S_ISREG(st.st_mode))
		err_add(err, "it is no file");
	else if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022) != 0)
		err_add(err, "others than kha may have written it (uid %u, mode %04o)",
		    (unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
	else if (st.st_size > STATE_FILE_SIZE)
		err_add(err, "it is too large: %lld bytes", (long long)st.st_size);
	else
		return true;
	return false;
}

static int
read_all(int fd, struct state_file *s, struct err *err)
{
	char *text = malloc(STATE_FILE_SIZE);
	size_t n = 0;
	ssize_t got = -1;
	int result;

	if (text == NULL)
		return err_addsys(err, "it cannot be read");
	while (n < STATE_FILE_SIZE && (got = read(fd, text + n, STATE_FILE_SIZE - n)) > 0)
		n += (size_t)got;
	result = got < 0 ? err_addsys(err, "it cannot be read") : state_file_parse(text, n, s, err);
	free(text);
	return result;
}

int
state_file_read(const char *dir, struct state_file *s, struct err *err)
{
	int dir_fd = open_dir(dir), fd, result = -1;

	s->n = 0;
	if (dir_fd < 0)
		return errno == ENOENT ? 0 : err_addsys(err, "it cannot be opened");
	/* Never waits, whatever it is. */
	fd = openat(dir_fd, STATE_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		result = 0;
	else if (fd < 0)
		err_addsys(err, "it cannot be opened");
	else if (is_ours(fd, err) && read_all(fd, s, err) == 0)
		result = 1;
	if (fd >= 0)
		close(fd);
	close(dir_fd);
	if (result < 0)
		s->n = 0;
	return result;
}

int
state_file_put_aside(const char *dir)
{
	int dir_fd = open_dir(dir), result, saved;

	if (dir_fd < 0)
		return -1;
	result = renameat(dir_fd, STATE_FILE, dir_fd, STATE_FILE_BAD);
	saved = errno;
	close(dir_fd);
	errno = saved;
	return result;
}

/* 0, or -1 with errno. Takes fd. */
static int
write_all(int fd, const struct state_file *s)
{
	FILE *out = fdopen(fd, "w");
	int saved = 0;

	if (out == NULL) {
		close(fd);
		return -1;
	}
	state_file_print(s, out);
	if (ferror(out) || fflush(out) != 0 || fsync(fd) < 0)
		saved = errno != 0 ? errno : EIO;
	if (fclose(out) != 0 && saved == 0)
		saved = errno;
	errno = saved;
	return saved == 0 ? 0 : -1;
}

int
state_file_write(const char *dir, const struct state_file *s)
{
	int dir_fd = open_dir(dir), fd, result = 0;

	if (dir_fd < 0)
		return errno;
	(void)unlinkat(dir_fd, STATE_FILE_NEW, 0); /* of one that was killed */
	fd = openat(
	    dir_fd, STATE_FILE_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write_all(fd, s) < 0 ||
	    renameat(dir_fd, STATE_FILE_NEW, dir_fd, STATE_FILE) < 0)
		result = errno;
	/* The name, too. */
	if (result == 0 && fsync(dir_fd) < 0)
		result = errno;
	if (result != 0)
		(void)unlinkat(dir_fd, STATE_FILE_NEW, 0);
	close(dir_fd);
	return result;
}
