/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/listen.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/heritage.h"
#include "base/log.h"
#include "conf/conf.h"
#include "master/holder.h"
#include "master/listen_option.h"
#include "shm/table.h"
#include "web/web.h"

#define RETRY_MS       20
#define SHORT_MS       200		/* of patience, for what is not needed */
#define LISTEN_NAME    96		/* bytes of an option's name */
#define LISTEN_DEFAULT "127.0.0.1:9000" /* see conf/tbl/status.h */

static struct listen_row *
find_row(const struct listen_set *set, const struct addr *addr, unsigned slot)
{
	for (unsigned i = 0; i < set->n; i++)
		if (set->rows[i].slot == slot && addr_equal(&set->rows[i].addr, addr))
			return &set->rows[i];
	return NULL;
}

static int
set_flag(int fd, int level, int name)
{
	const int one = 1;

	return setsockopt(fd, level, name, &one, sizeof one);
}

/* A bound socket or -1 with errno. */
static int
bind_one(const struct addr *addr, bool reuseport)
{
	const int off = 0;
	int fd, saved;

	fd = socket(addr->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (set_flag(fd, SOL_SOCKET, SO_REUSEADDR) < 0 ||
	    (reuseport && set_flag(fd, SOL_SOCKET, SO_REUSEPORT) < 0))
		goto fail;
	if (addr->sa.sa_family == AF_INET6) {
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0 ||
		    set_flag(fd, IPPROTO_IPV6, IPV6_FREEBIND) < 0)
			goto fail;
	} else if (set_flag(fd, IPPROTO_IP, IP_FREEBIND) < 0) {
		goto fail;
	}
	if (bind(fd, &addr->sa, addr_len(addr)) == 0)
		return fd;
fail:
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* The same; the wildcard falls back to IPv4 where there is no IPv6. */
static int
bind_any_family(const struct addr *addr, bool reuseport)
{
	struct addr v4 = {.in = {.sin_family = AF_INET}};
	int fd = bind_one(addr, reuseport);

	if (fd >= 0 || addr->sa.sa_family != AF_INET6 || !addr_is_any(addr) ||
	    (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL))
		return fd;
	addr_set_port(&v4, addr_port(addr));
	return bind_one(&v4, reuseport);
}

/* Is the one in our way a kha that is just dying, or ourselves? */
static bool
holder_is(const struct addr *addr, bool (*test)(const struct holder *))
{
	struct holder h;

	return holder_find(addr, &h) && h.pid != 0 && test(&h);
}

static bool
is_self(const struct holder *h)
{
	return h->pid == getpid();
}

static bool
is_kha(const struct holder *h)
{
	return strcmp(h->program, "kha") == 0;
}

/* SO_REUSEPORT would let us share the port with anybody of our uid (or root) who set it too,
 * and half of the clients would go astray. A bind without it cannot succeed then. */
static int
look_for_others(const struct addr *addr, int patience_ms)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000};
	const struct mono end = mono_add_ms(mono_now(), patience_ms);
	int fd;

	for (;;) {
		fd = bind_any_family(addr, false);
		if (fd >= 0) {
			close(fd);
			return 0;
		}
		if (errno != EADDRINUSE)
			return -1;
		/* One of our own addresses that covers this one (*:port and IP:port). */
		if (holder_is(addr, is_self))
			return 0;
		if (mono_now().us >= end.us || !holder_is(addr, is_kha))
			break;
		nanosleep(&pause, NULL);
	}
	errno = EADDRINUSE;
	return -1;
}

static struct listen_row *
add_row(struct listen_set *set)
{
	unsigned room = set->room != 0 ? set->room * 2 : 16;
	struct listen_row *rows;

	if (set->n == set->room) {
		rows = realloc(set->rows, room * sizeof *rows);
		if (rows == NULL)
			return NULL;
		set->rows = rows;
		set->room = room;
	}
	return &set->rows[set->n++];
}

static int
bind_address(struct listen_set *set, const struct addr *addr, unsigned workers, int patience_ms)
{
	struct listen_row *row;
	int fd;

	if (find_row(set, addr, 0) == NULL && look_for_others(addr, patience_ms) < 0)
		return -1;
	for (unsigned slot = 0; slot < workers; slot++) {
		if (find_row(set, addr, slot) != NULL)
			continue;
		fd = bind_any_family(addr, true);
		if (fd < 0)
			return -1;
		row = add_row(set);
		if (row == NULL) {
			close(fd);
			errno = ENOMEM;
			return -1;
		}
		*row = (struct listen_row){.addr = *addr, .slot = slot, .fd = fd, .fresh = true};
	}
	return 0;
}

/* Nobody asked for the default's port, which others like too (PHP). It must not keep the daemon from
 * its work. */
static bool
nobody_asked(const struct listen_option *o)
{
	const struct conf_listens *l = o->listens;
	char text[ADDR_TEXT];

	return o->service == NULL && l->n == 1 &&
	       strcmp(addr_print(&l->v[0].addr, text, sizeof text), LISTEN_DEFAULT) == 0;
}

static void
go_without(const struct conf *conf, const struct addr *addr, int error)
{
	struct err why;

	err_init(&why);
	listen_explain(addr, conf, error, &why);
	log_warning("the status page is off: %s", err_end(&why));
}

int
listen_bind(struct listen_set *set, const struct conf *conf, unsigned workers, int patience_ms,
    struct err *err)
{
	struct listen_option o;
	int result = 0;

	for (unsigned k = 0; listen_option_at(conf, k, &o); k++)
		for (unsigned i = 0; i < o.listens->n; i++) {
			const struct addr *addr = &o.listens->v[i].addr;
			const unsigned slots = o.service != NULL ? workers : 1;
			const bool optional = nobody_asked(&o);

			if (bind_address(set, addr, slots,
				optional && patience_ms > SHORT_MS ? SHORT_MS : patience_ms) == 0)
				continue;
			if (optional) {
				go_without(conf, addr, errno);
				continue;
			}
			listen_explain(addr, conf, errno, err);
			result = -1;
		}
	if (result < 0)
		listen_rollback(set);
	return result;
}

int
listen_begin(struct listen_set *set, struct err *err)
{
	char text[ADDR_TEXT];
	struct listen_row *row;

	for (unsigned i = 0; i < set->n; i++) {
		row = &set->rows[i];
		if (row->listening)
			continue;
		if (listen(row->fd, LISTEN_BACKLOG) < 0)
			return err_addsys(
			    err, "cannot listen on %s", addr_print(&row->addr, text, sizeof text));
		row->listening = true;
	}
	return 0;
}

static void
remove_row(struct listen_set *set, unsigned i)
{
	close(set->rows[i].fd);
	set->rows[i] = set->rows[--set->n];
}

void
listen_rollback(struct listen_set *set)
{
	for (unsigned i = set->n; i-- > 0;)
		if (set->rows[i].fresh)
			remove_row(set, i);
}

void
listen_commit(struct listen_set *set, const struct conf *conf)
{
	struct listen_option o;

	for (unsigned i = set->n; i-- > 0;) {
		set->rows[i].fresh = false;
		if (!listen_option_of(conf, &set->rows[i].addr, &o))
			remove_row(set, i);
	}
}

void
listen_close(struct listen_set *set)
{
	while (set->n > 0)
		remove_row(set, set->n - 1);
	free(set->rows);
	*set = (struct listen_set){0};
}

/* Room for all rows; *n: none yet. NULL: no memory, then *n is not 0. */
static struct listener *
new_list(const struct listen_set *set, unsigned *n)
{
	struct listener *list = calloc(set->n + 1, sizeof *list);

	*n = list == NULL ? set->n + 1 : 0;
	return list;
}

static void
add_to(struct listener *list, unsigned *n, const struct listen_row *row, unsigned service)
{
	list[(*n)++] = (struct listener){
	    .fd = row->fd,
	    .service = service,
	    .slot = row->slot,
	    .addr = row->addr,
	};
}

struct listener *
listen_of_worker(const struct listen_set *set, const struct conf *conf,
    const struct shm_table *table, unsigned slot, unsigned workers, unsigned *n)
{
	struct listener *list = new_list(set, n);
	struct listen_option o;
	int index;

	for (unsigned i = 0; list != NULL && i < set->n; i++) {
		const struct listen_row *row = &set->rows[i];

		if (row->slot % workers != slot || !listen_option_of(conf, &row->addr, &o) ||
		    o.service == NULL)
			continue;
		index = table_find_service(table, o.service->name);
		if (index >= 0)
			add_to(list, n, row, (unsigned)index);
	}
	return list;
}

struct listener *
listen_of_web(const struct listen_set *set, const struct conf *conf, unsigned *n)
{
	struct listener *list = new_list(set, n);
	struct listen_option o;

	for (unsigned i = 0; list != NULL && i < set->n; i++)
		if (listen_option_of(conf, &set->rows[i].addr, &o) && o.service == NULL)
			add_to(list, n, &set->rows[i], o.web);
	return list;
}
