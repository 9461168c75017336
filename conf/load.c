/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/check.h"
#include "conf/read.h"

/* Everything of one conf_load(), so that it can be given up at any point. */
struct loading {
	struct conf_reader r;
	struct conf_mem *mem;	 /* of the result; freed when there is none */
	struct conf_mem scratch; /* text, tree and messages */
	jmp_buf oom;
};

static void
secrets_are_private(struct conf_reader *r, const char *path)
{
	bool secret = *r->conf->status.password != '\0';
	struct stat st;

	for (unsigned i = 0; i < r->conf->n_vips; i++)
		secret |= *r->conf->vips[i].password != '\0';
	if (secret && strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & S_IROTH) != 0)
		conf_say(&r->warnings, 0, NULL,
		    "holds a password, and everybody may read it: chmod o-r %s", path);
}

static int
file_line(const struct conf_reader *r, int line)
{
	conf_text_where(&r->text, line, &line);
	return line;
}

/* Lines of the text with its includes become those of the files. */
static void
settle_lines(struct conf_reader *r)
{
	struct conf *c = r->conf;

	for (unsigned i = 0; i < c->n_nodes; i++)
		c->nodes[i].line = file_line(r, c->nodes[i].line);
	for (unsigned i = 0; i < c->n_vips; i++) {
		struct conf_track *t = &c->vips[i].track;

		c->vips[i].line = file_line(r, c->vips[i].line);
		for (unsigned k = 0; k < t->n_scripts; k++)
			t->scripts[k].line = file_line(r, t->scripts[k].line);
	}
	for (unsigned i = 0; i < c->n_services; i++) {
		struct conf_service *s = &c->services[i];

		s->line = file_line(r, s->line);
		for (unsigned k = 0; k < s->n_servers; k++)
			s->servers[k].line = file_line(r, s->servers[k].line);
	}
}

static void
load(struct loading *l, const char *path, const char *node, struct err *errors)
{
	struct conf_reader *r = &l->r;
	char real[PATH_MAX];

	r->mem = l->mem;
	r->scratch = &l->scratch;
	r->errors.mem = r->warnings.mem = &l->scratch;
	r->node = node;
	r->conf = conf_alloc(l->mem, sizeof *r->conf);
	r->conf->mem = l->mem;
	r->conf->self = -1;
	if (conf_text_read(&r->text, &l->scratch, path, errors) < 0)
		return;
	r->root = conf_parse(&r->text, &l->scratch, &r->errors);
	if (r->root == NULL)
		return;
	r->conf->path = conf_strdup(
	    l->mem, strcmp(path, "-") == 0 || realpath(path, real) == NULL ? path : real);
	conf_read(r);
	conf_find_self(r);
	conf_check(r);
	secrets_are_private(r, path);
	settle_lines(r);
}

/* false: there was no memory; what *l holds is then only good to be freed. */
static bool
guarded(
    struct loading *l, const char *path, const char *node, struct err *errors, struct err *warnings)
{
	unsigned before = errors->count;

	l->mem->oom = l->scratch.oom = &l->oom;
	if (setjmp(l->oom) != 0)
		return false;
	load(l, path, node, errors);
	conf_says_tell(&l->r.errors, &l->r.text, errors);
	/* Who has errors to mend is spared the rest. */
	if (errors->count == before)
		conf_says_tell(&l->r.warnings, &l->r.text, warnings);
	return true;
}

struct conf *
conf_load(const char *path, const char *node, struct err *errors, struct err *warnings)
{
	struct loading *l = calloc(1, sizeof *l);
	struct conf_mem *mem = calloc(1, sizeof *mem);
	unsigned before = errors->count;
	struct conf *conf = NULL;

	if (l == NULL || mem == NULL) {
		err_add(errors, "%s: no memory", path);
		free(l);
		free(mem);
		return NULL;
	}
	l->mem = mem;
	if (!guarded(l, path, node, errors, warnings))
		err_add(errors, "%s: no memory", path);
	if (errors->count == before) {
		conf = l->r.conf;
		mem->oom = NULL;
	} else {
		conf_mem_free(mem);
		free(mem);
	}
	conf_mem_free(&l->scratch);
	free(l);
	return conf;
}

void
conf_free(struct conf *conf)
{
	struct conf_mem *mem;

	if (conf == NULL)
		return;
	/* conf itself is a piece of it. */
	mem = conf->mem;
	conf_mem_free(mem);
	free(mem);
}
