/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "conf/lex.h"

struct reading {
	struct conf_text *text;
	struct conf_mem *mem;
	struct err *err;
	size_t room; /* bytes of text->buf */
	unsigned span_room;
	int line;			  /* of the text, the one being written */
	char *bufs[CONF_INCLUDE_MAX + 1]; /* one file at each depth is being read */
};

/* One file on the way from the main one to the present one. */
struct file {
	const struct file *by; /* includes this one; NULL: nobody */
	int by_line;
	const char *name;
	bool std_in;
	int depth;
};

static int
append(struct reading *r, const char *bytes, size_t n)
{
	struct conf_text *t = r->text;
	char *larger;

	if (t->len + n >= CONF_TEXT_MAX)
		return err_add(r->err,
		    "%s: is larger than %d kB with all it includes: is it "
		    "a configuration?",
		    t->file, CONF_TEXT_MAX / 1024);
	if (t->len + n >= r->room) {
		r->room = (t->len + n + 1) * 2;
		larger = conf_alloc(r->mem, r->room);
		memcpy(larger, t->buf, t->len);
		t->buf = larger;
	}
	memcpy(t->buf + t->len, bytes, n);
	t->len += n;
	t->buf[t->len] = '\0';
	for (size_t i = 0; i < n; i++)
		r->line += bytes[i] == '\n';
	return 0;
}

/* What follows is line `line` of `file`. */
static void
mark(struct reading *r, const char *file, int line)
{
	struct conf_text *t = r->text;
	struct conf_span *larger;

	if (t->n_spans == r->span_room) {
		r->span_room = r->span_room * 2 + 8;
		larger = conf_alloc(r->mem, r->span_room * sizeof *larger);
		if (t->n_spans > 0)
			memcpy(larger, t->spans, t->n_spans * sizeof *larger);
		t->spans = larger;
	}
	t->spans[t->n_spans++] = (struct conf_span){r->line, file, line};
}

/* All bytes of a descriptor up to the limit. -1: errno. */
static int
read_all(int fd, char *buf, size_t *len)
{
	ssize_t n;

	*len = 0;
	while (*len < CONF_TEXT_MAX && (n = read(fd, buf + *len, CONF_TEXT_MAX - *len)) != 0) {
		if (n > 0)
			*len += (size_t)n;
		else if (errno != EINTR)
			return -1;
	}
	buf[*len] = '\0';
	return 0;
}

/* "dir/a.conf" and "b.conf" give "dir/b.conf". The token is @include "b.conf". */
static const char *
included_name(struct reading *r, const char *by, const char *token, size_t len)
{
	const char *quote = memchr(token, '"', len), *slash = strrchr(by, '/');
	char *name = conf_memdup(r->mem, quote + 1, len - (size_t)(quote - token) - 2);
	char *to = name;

	for (const char *from = name; *from != '\0'; from++) {
		if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	*to = '\0';
	if (*name == '/' || slash == NULL)
		return name;
	return conf_format(r->mem, "%.*s%s", (int)(slash - by) + 1, by, name);
}

static int read_file(struct reading *r, const struct file *f);

static int
include(struct reading *r, const struct file *by, const char *buf, struct conf_token t)
{
	struct file f = {.by = by, .by_line = t.line, .depth = by->depth + 1};

	f.name = included_name(r, by->name, buf + t.start, t.len);
	for (const struct file *up = by; up != NULL; up = up->by)
		if (strcmp(up->name, f.name) == 0)
			return err_add(r->err, "%s:%d: @include \"%s\": the file includes itself",
			    by->name, t.line, f.name);
	if (f.depth > CONF_INCLUDE_MAX)
		return err_add(r->err, "%s:%d: @include \"%s\": more than %d files inside files",
		    by->name, t.line, f.name, CONF_INCLUDE_MAX);
	if (read_file(r, &f) < 0 || append(r, "\n", 1) < 0)
		return -1;
	mark(r, by->name, t.line);
	return 0;
}

/* Appends the text of one file, its includes replaced. */
static int
expand(struct reading *r, const struct file *f, const char *buf)
{
	struct conf_lex lex;
	struct conf_token t;
	size_t done = 0;

	mark(r, f->name, 1);
	conf_lex_init(&lex, buf);
	while ((t = conf_lex_next(&lex)).kind != TOKEN_END) {
		if (t.kind == TOKEN_OPEN_STRING)
			return err_add(r->err, "%s:%d: a quote (\") is not closed on its line",
			    f->name, t.line);
		if (t.kind == TOKEN_OPEN_COMMENT)
			return err_add(r->err,
			    "%s:%d: the comment that begins here with /* never "
			    "ends: */ is missing",
			    f->name, t.line);
		if (t.kind != TOKEN_INCLUDE)
			continue;
		if (append(r, buf + done, t.start - done) < 0 || include(r, f, buf, t) < 0)
			return -1;
		done = t.start + t.len;
	}
	return append(r, buf + done, lex.pos - done);
}

static int
read_file(struct reading *r, const struct file *f)
{
	size_t len = 0, line = 1;
	char *buf = r->bufs[f->depth];
	int fd = STDIN_FILENO, saved, rc = -1;

	/* Before the file is open: conf_alloc() may jump. */
	if (buf == NULL)
		buf = r->bufs[f->depth] = conf_alloc(r->mem, CONF_TEXT_MAX + 1);
	if (!f->std_in)
		fd = open(f->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0)
		rc = read_all(fd, buf, &len);
	saved = errno;
	if (fd >= 0 && !f->std_in)
		close(fd);
	errno = saved;
	if (rc < 0 && f->by == NULL)
		return err_addsys(r->err, "%s: cannot be read", f->name);
	if (rc < 0)
		return err_addsys(r->err, "%s:%d: @include \"%s\" cannot be read", f->by->name,
		    f->by_line, f->name);
	if (strlen(buf) != len) {
		for (size_t i = 0; buf[i] != '\0'; i++)
			line += buf[i] == '\n';
		return err_add(r->err, "%s:%zu: has a byte 0: not a text file", f->name, line);
	}
	/* The byte order mark that some editors write. */
	if (strncmp(buf, "\xef\xbb\xbf", 3) == 0)
		buf += 3;
	return expand(r, f, buf);
}

int
conf_text_read(struct conf_text *text, struct conf_mem *mem, const char *path, struct err *err)
{
	struct reading r = {.text = text, .mem = mem, .err = err, .line = 1};
	struct file f = {.name = path, .std_in = strcmp(path, "-") == 0};

	if (f.std_in)
		f.name = "stdin";
	memset(text, 0, sizeof *text);
	text->buf = conf_alloc(mem, 1);
	text->file = f.name;
	return read_file(&r, &f);
}

const char *
conf_text_where(const struct conf_text *text, int line, int *file_line)
{
	const struct conf_span *s = text->spans;
	unsigned n = text->n_spans;

	if (n == 0) {
		*file_line = line;
		return text->file;
	}
	/* The last span that begins at or before the line: halve what may be. */
	while (n > 1) {
		if (s[n / 2].first <= line) {
			s += n / 2;
			n -= n / 2;
		} else {
			n /= 2;
		}
	}
	*file_line = s->line + line - s->first;
	return s->file;
}
