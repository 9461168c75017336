/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/checker_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "checker/checker.h"
#include "t/unit/checker_peer.h"
#include "t/unit/checker_pki.h"

#define GENERATION 7

static void
add_server(struct world *w, unsigned i, const struct addr *a)
{
	struct shm_server *row = &w->table.server[i];

	snprintf(w->names[i], sizeof w->names[i], "cp-%u", i + 1);
	w->servers[i] = (struct conf_server){.line = 8, .name = w->names[i], .addr = *a};
	snprintf(row->name, sizeof row->name, "%s", w->names[i]);
	row->addr = *a;
	row->state = ROW_ACTIVE;
	row->id = 100 + i;
	row->weight = 100;
	row->position = i;
}

void
world_open(struct world *w, const struct addr *servers, unsigned n)
{
	struct shm_proc *proc;
	struct conf_check *check;

	memset(w, 0, sizeof *w);
	fixture_open(&w->f);
	proc = w->f.seg.head->proc;
	w->conf = peer_conf(&servers[0]);
	w->conf->services[0].servers = w->servers;
	w->conf->services[0].n_servers = n;
	check = &w->conf->services[0].check;
	check->interval = 60;
	check->fast_interval = 20;
	check->down_interval = 40;
	w->table.n_services = 1;
	w->table.n_servers = n;
	snprintf(w->table.service[0].name, SHM_NAME, "api");
	w->table.service[0].state = ROW_ACTIVE;
	w->table.service[0].id = 9;
	for (unsigned i = 0; i < n; i++)
		add_server(w, i, &servers[i]);
	table_publish(&w->f.seg, &w->table);
	for (unsigned i = 0; i < SHM_ENTRIES; i++)
		w->wake_fds[i] = -1;
	w->wake_fds[ENTRY_CHECKER] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->wake_fds[ENTRY_WORKER0] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, w->log_fds), 0);
	proc[ENTRY_CHECKER].kind = PROC_CHECKER;
	fixture_worker(&w->f, ENTRY_WORKER0, 0, getpid());
	w->h = (struct heritage){
	    .conf = w->conf,
	    .seg = &w->f.seg,
	    .entry = ENTRY_CHECKER,
	    .generation = GENERATION,
	    .wake_fd = w->wake_fds[ENTRY_CHECKER],
	    .wake_fds = w->wake_fds,
	    .log_read_fd = -1,
	};
}

void
world_close(struct world *w)
{
	assert_int_equal(w->pid, 0);
	close(w->wake_fds[ENTRY_CHECKER]);
	close(w->wake_fds[ENTRY_WORKER0]);
	close(w->log_fds[0]);
	close(w->log_fds[1]);
	free(w->log);
	fixture_close(&w->f);
}

void
world_wake(struct world *w)
{
	uint64_t one = 1;

	assert_int_equal(write(w->wake_fds[ENTRY_CHECKER], &one, sizeof one), sizeof one);
}

void
world_publish(struct world *w)
{
	table_publish(&w->f.seg, &w->table);
	world_wake(w);
}

static _Noreturn void
child(struct world *w)
{
	struct err err;

	err_init(&err);
	log_init("checker", LOG_LEVEL_DEBUG);
	log_to(w->log_fds[1], NULL);
	if (seg_own(&w->f.seg, PROC_CHECKER, ENTRY_CHECKER, &err) != 0 ||
	    checker_prepare(w->conf, &err) != 0) {
		fprintf(stderr, "%s\n", err_end(&err));
		_exit(98);
	}
	exit(checker_main(&w->h)); /* not _exit: the sanitizers speak at exit */
}

void
world_start(struct world *w, bool cold)
{
	w->h.cold = cold;
	atomic_store(&w->f.seg.head->proc[ENTRY_CHECKER].want, WANT_RUN);
	w->pid = fixture_fork();
	if (w->pid == 0)
		child(w);
}

void
world_stop(struct world *w)
{
	atomic_store(&w->f.seg.head->proc[ENTRY_CHECKER].want, WANT_STOP);
	world_wake(w);
	assert_int_equal(fixture_wait(w->pid), 0);
	w->pid = 0;
	assert_int_equal(seg_proc(&w->f.seg, ENTRY_CHECKER)->ready, 0);
}

void
world_kill(struct world *w)
{
	assert_int_equal(kill(w->pid, SIGKILL), 0);
	assert_int_equal(fixture_wait(w->pid), 256 + SIGKILL);
	w->pid = 0;
	seg_reap(&w->f.seg, ENTRY_CHECKER);
}

/* ---- what there is ---- */

struct shm_health
cell_of(struct world *w, unsigned server)
{
	struct shm_health cell = {.state = SERVER_STATES};

	/* Another try later is as good as any here. */
	while (!SEQ_LOAD(&w->f.seg.ro->checker.r.health[server], &cell))
		poll(NULL, 0, 1);
	return cell;
}

uint64_t
checks_of(struct world *w, unsigned server)
{
	return STAT_GET(&w->f.seg.ro->checker.r.stat[server], checks);
}

static void
read_log(struct world *w)
{
	struct {
		struct log_head head;
		char text[LOG_LINE + 1];
	} line;
	ssize_t n;
	size_t len;

	while ((n = recv(w->log_fds[0], &line, sizeof line - 1, 0)) > 0) {
		((char *)&line)[n] = '\0';
		len = strlen(line.text) + 16;
		w->log = realloc(w->log, w->log_len + len);
		assert_non_null(w->log);
		w->log_len += (size_t)snprintf(w->log + w->log_len, len, "%s %s\n",
		    log_level_name(line.head.level), line.text);
	}
}

unsigned
logged(struct world *w, const char *text)
{
	unsigned n = 0;
	const char *at;

	read_log(w);
	for (at = w->log; at != NULL && (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

/* ---- waiting ---- */

struct wanted {
	unsigned server;
	int state, result; /* -1: any */
	uint64_t checks;
	const char *text; /* in the log, NULL: none */
	unsigned times;	  /* that it is there at least */
	bool ready;
};

static bool
holds(struct world *w, const struct wanted *x)
{
	struct shm_health cell = cell_of(w, x->server);

	/* An empty cell reads as UP: it must be about the server that the table has there. */
	if ((x->state >= 0 || x->result >= 0) && cell.id != w->table.server[x->server].id)
		return false;
	return (x->state < 0 || cell.state == x->state) &&
	       (x->result < 0 || cell.result == x->result) &&
	       checks_of(w, x->server) >= x->checks &&
	       (x->text == NULL || logged(w, x->text) >= x->times) &&
	       (!x->ready || seg_proc(&w->f.seg, ENTRY_CHECKER)->ready == GENERATION);
}

static void
await(struct world *w, struct wanted x)
{
	struct mono end = mono_add_ms(mono_now(), WORLD_AWAIT_MS);
	struct shm_health cell;

	while (!holds(w, &x)) {
		if (mono_now().us > end.us) {
			cell = cell_of(w, x.server);
			read_log(w);
			fail_msg("server %u is %s, %s \"%s\", warn %u, after %d ms; log:\n%s",
			    x.server, server_state_name(cell.state), check_result_name(cell.result),
			    cell.text, cell.warn, WORLD_AWAIT_MS, w->log != NULL ? w->log : "");
		}
		if (w->pid != 0 && waitpid(w->pid, NULL, WNOHANG) != 0) {
			w->pid = 0;
			fail_msg("the checker died");
		}
		poll(NULL, 0, 1);
	}
}

void
await_ready(struct world *w)
{
	await(w, (struct wanted){.state = -1, .result = -1, .ready = true});
}

void
await_state(struct world *w, unsigned server, enum server_state state)
{
	await(w, (struct wanted){.server = server, .state = state, .result = -1});
}

void
await_result(struct world *w, unsigned server, enum check_result result)
{
	await(w, (struct wanted){.server = server, .state = -1, .result = result});
}

void
await_checks(struct world *w, unsigned server, uint64_t n)
{
	await(w, (struct wanted){.server = server, .state = -1, .result = -1, .checks = n});
}

void
await_log(struct world *w, const char *text)
{
	await_logs(w, text, 1);
}

void
await_logs(struct world *w, const char *text, unsigned n)
{
	await(w, (struct wanted){.state = -1, .result = -1, .text = text, .times = n});
}
