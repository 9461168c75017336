/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/which.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conf/near.h"

/* Of several that are meant so many are named. */
#define NAMED 8

const char *
which_name(const struct shm_table *t, unsigned row, char buf[WHICH_TEXT])
{
	const struct shm_server *s = &t->server[row];

	snprintf(buf, WHICH_TEXT, "%s/%s", t->service[s->service].name, s->name);
	return buf;
}

struct wanted {
	char service[SHM_NAME]; /* "": any */
	const char *name;
	bool is_addr;
	struct addr addr;
};

/* False: the part before the slash is no name. */
static bool
take_apart(const char *word, struct wanted *w)
{
	const char *slash = strchr(word, '/');
	size_t n = slash != NULL ? (size_t)(slash - word) : 0;

	memset(w, 0, sizeof *w);
	if (slash != NULL && (n == 0 || n >= sizeof w->service))
		return false;
	memcpy(w->service, word, n);
	w->name = slash != NULL ? slash + 1 : word;
	w->is_addr = addr_parse(&w->addr, w->name, false) == NULL;
	return true;
}

static bool
means(const struct wanted *w, const struct shm_table *t, unsigned row)
{
	const struct shm_server *s = &t->server[row];

	if (w->service[0] != '\0' && strcmp(w->service, t->service[s->service].name) != 0)
		return false;
	if (strcmp(w->name, s->name) == 0)
		return true;
	if (!w->is_addr)
		return false;
	return addr_port(&w->addr) != 0 ? addr_equal(&w->addr, &s->addr)
					: addr_equal_ip(&w->addr, &s->addr);
}

/* A name is meant before an address: "192.0.2.1:6443" may be the name of one server and the address
 * of another. */
static bool
by_name(const struct wanted *w, const struct shm_server *s)
{
	return strcmp(w->name, s->name) == 0;
}

static unsigned
find(const struct wanted *w, const struct shm_table *t, enum row_state state,
    uint16_t list[SHM_SERVERS])
{
	unsigned n = 0, named = 0;

	for (unsigned i = 0; i < t->n_servers; i++) {
		if (t->server[i].state != state || !means(w, t, i))
			continue;
		if (by_name(w, &t->server[i]) && named++ == 0)
			n = 0;
		if (named == 0 || by_name(w, &t->server[i]))
			list[n++] = (uint16_t)i;
	}
	return n;
}

/* Of rows of one server that came and went, the newest. */
static unsigned
newest(const struct shm_table *t, uint16_t list[SHM_SERVERS], unsigned n)
{
	char a[WHICH_TEXT], b[WHICH_TEXT];

	for (unsigned i = 1; i < n; i++)
		if (strcmp(which_name(t, list[0], a), which_name(t, list[i], b)) != 0)
			return n;
	for (unsigned i = 1; i < n; i++)
		if (t->server[list[i]].id > t->server[list[0]].id)
			list[0] = list[i];
	return n > 0 ? 1 : 0;
}

static int
say_several(
    const struct shm_table *t, const char *word, const uint16_t list[], unsigned n, struct err *err)
{
	char text[NAMED * (WHICH_TEXT + 4)] = "", name[WHICH_TEXT];
	size_t len = 0;

	for (unsigned i = 0; i < n && i < NAMED; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i == 0 ? "" : " or ",
		    which_name(t, list[i], name));
	return err_add(err, "\"%s\" may be one of %u servers: say %s%s", word, n, text,
	    n > NAMED ? " ..." : "");
}

static int
say_none(const struct shm_table *t, const char *word, struct err *err)
{
	static char full[SHM_SERVERS][WHICH_TEXT]; /* large */
	const char *names[SHM_SERVERS], *near;
	unsigned n = 0;

	for (unsigned i = 0; i < t->n_servers; i++) {
		if (t->server[i].state != ROW_ACTIVE)
			continue;
		/* Only like with like: a slash is no slip. */
		names[n++] =
		    strchr(word, '/') != NULL ? which_name(t, i, full[i]) : t->server[i].name;
	}
	near = conf_nearest(word, names, n);
	if (near != NULL)
		return err_add(err, "no server \"%s\"; did you mean \"%s\"?", word, near);
	return err_add(err, "no server \"%s\" (kha server lists all)", word);
}

int
which_server(const struct shm_table *t, const char *word, struct err *err)
{
	uint16_t list[SHM_SERVERS];
	struct wanted w;
	unsigned n = 0;

	if (take_apart(word, &w)) {
		n = find(&w, t, ROW_ACTIVE, list);
		if (n == 0)
			n = newest(t, list, find(&w, t, ROW_REMOVED, list));
	}
	if (n == 1)
		return list[0];
	return n == 0 ? say_none(t, word, err) : say_several(t, word, list, n, err);
}
