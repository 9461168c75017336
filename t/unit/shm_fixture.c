/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/shm_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/session.h"
#include "shm/table.h"

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fixture: %s: %s\n", what, strerror(errno));
	exit(99);
}

void
fixture_open(struct fixture *f)
{
	const char *tmp = getenv("TMPDIR");
	struct err err;

	snprintf(f->dir, sizeof f->dir, "%s/kha-shm-XXXXXX", tmp != NULL ? tmp : "/tmp");
	need(mkdtemp(f->dir) != NULL, f->dir);
	err_init(&err);
	need(seg_create(&f->seg, f->dir, &err) == 0, err_end(&err));
	f->all = mmap(NULL, SHM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, f->seg.rw_fd, 0);
	need(f->all != MAP_FAILED, "mmap");
}

void
fixture_close(struct fixture *f)
{
	char path[256];

	munmap(f->all, SHM_SIZE);
	seg_close(&f->seg);
	snprintf(path, sizeof path, "%s/%s", f->dir, SHM_FILE);
	unlink(path);
	need(rmdir(f->dir) == 0, f->dir); /* seg_create() left nothing else behind */
}

pid_t
fixture_fork(void)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	need(pid >= 0, "fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(99);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGABRT, SIG_DFL);
	return 0;
}

int
fixture_wait(pid_t pid)
{
	int status;

	need(waitpid(pid, &status, 0) == pid, "waitpid");
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

void
fixture_worker(struct fixture *f, unsigned entry, unsigned slot, pid_t pid)
{
	struct shm_proc *p = &f->seg.head->proc[entry];

	p->slot = slot;
	p->generation = 2;
	p->want = WANT_RUN;
	p->started_us = FIXTURE_NOW_US - INT64_C(60000000);
	p->pid = pid;
	p->kind = PROC_WORKER;
}

static void
set_server(struct shm_table *t, unsigned i, const char *name, const char *addr, uint32_t service)
{
	struct shm_server *s = &t->server[i];

	snprintf(s->name, sizeof s->name, "%s", name);
	need(addr_parse(&s->addr, addr, false) == NULL, addr);
	s->state = ROW_ACTIVE;
	s->id = i + 1;
	s->service = service;
	s->weight = 100;
	s->position = i;
	s->set_admin =
	    (struct shm_setting){ADMIN_READY, .base = SETTING_NONE, .timed = SETTING_NONE};
	s->set_weight = (struct shm_setting){100, .base = SETTING_NONE, .timed = SETTING_NONE};
}

static void
sample_tables(struct fixture *f)
{
	static struct shm_table t;
	struct shm_info info = {
	    .pid = 4242,
	    .generation = 2,
	    .start_wall_ms = FIXTURE_WALL_MS - 10920000,
	    .start_us = FIXTURE_NOW_US - INT64_C(10920000000), /* 3 h 2 min */
	    .reload_wall_ms = FIXTURE_WALL_MS - 310000,
	    .reload_ok_wall_ms = FIXTURE_WALL_MS - 310000,
	    .reload_ok = 1,
	    .workers = 2,
	    .max_connections = 20000,
	    .sandboxed = 1,
	    .engine = "epoll",
	    .node = "lb-1",
	    .version = "0.1.0",
	    .config = "/etc/kha/kha.conf",
	};

	memset(&t, 0, sizeof t);
	t.n_services = 2;
	t.n_servers = 6;
	for (unsigned i = 0; i < 2; i++) {
		snprintf(t.service[i].name, SHM_NAME, "%s", i == 0 ? "api" : "web");
		t.service[i].state = ROW_ACTIVE;
		t.service[i].id = i + 1;
	}
	t.service[1].balance = BALANCE_ROUNDROBIN;
	t.service[1].max_connections = 500;
	/* Index 0 is a cp-1 that left the file; index 3 is the one that came back. */
	set_server(&t, 0, "cp-1", "10.0.0.11:6443", 0);
	t.server[0].state = ROW_REMOVED;
	set_server(&t, 1, "cp-2", "10.0.0.12:6443", 0);
	set_server(&t, 2, "cp-3", "[fd00::13]:6443", 0);
	set_server(&t, 3, "cp-1", "10.0.0.21:6443", 0);
	t.server[3].position = 0;
	t.server[3].max_connections = 250;
	set_server(&t, 4, "spare", "10.0.0.14:6443", 0);
	t.server[4].backup = 1;
	t.server[4].weight = t.server[4].set_weight.file = 50;
	set_server(&t, 5, "a\"b,c\\d", "10.0.1.1:443", 1);
	table_publish(&f->seg, &t);
	info_store(&f->seg, &info);
}

static void
set_health(struct fixture *f, unsigned i, enum server_state state, enum check_result result,
    unsigned code, const char *text)
{
	struct shm_health h = {
	    .id = i + 1,
	    .state = (uint8_t)state,
	    .result = (uint8_t)result,
	    .code = (uint16_t)code,
	    .health = state == STATE_UP ? 4 : 0,
	    .rise = 2,
	    .fall = 3,
	    .check_ms = 7,
	    .since_us = FIXTURE_NOW_US - INT64_C(125000000),
	    .since_wall_ms = FIXTURE_WALL_MS - 125000,
	    .checked_us = FIXTURE_NOW_US - INT64_C(1500000),
	};

	if (state == STATE_UP) {
		h.cert_not_after = 1731536000;
		snprintf(h.cert_names, sizeof h.cert_names, "kubernetes,10.0.0.1\033");
	}
	snprintf(h.text, sizeof h.text, "%s", text);
	health_store(&f->seg, i, &h, true);
}

static void
sample_counters(struct fixture *f)
{
	struct stat_slab *w0 = &f->all->worker[0].r.stat, *w1 = &f->all->worker[1].r.stat;

	f->all->worker[0].r.kept_on = 1;
	w0->worker.accepted = 100;
	w0->worker.active = 12;
	w0->worker.close_done = 80;
	w0->worker.close_client_reset = 8;
	w0->worker.bytes_in = 5000;
	w0->worker.bytes_out = 3 * 1024 * 1024;
	w0->service[0].accepted = 100;
	w0->service[0].active = 12;
	w0->service[0].bytes_in = 5000;
	w0->service[0].bytes_out = 3 * 1024 * 1024;
	w0->server[1].picked = 60;
	w0->server[1].connected = 59;
	w0->server[1].active = 12;
	w0->server[1].connect_failed = 1;
	w0->server[1].connect_ms = 1234;
	w0->server[1].bytes_out = 3 * 1024 * 1024;
	w0->server[1].last_byte = FIXTURE_NOW_US / 1000 - 2500;
	w0->server[0].connected = 30;
	w1->server[3].connected = 10;
	w1->worker.accepted = 10;
	w1->worker.active = 3;
	w1->worker.close_done = 7;
	w1->worker.log_dropped = 2;
	f->all->checker.r.stat[2].checks = 50;
	f->all->checker.r.stat[2].failures = 5;
	f->all->checker.r.stat[2].up_down = 2;
	f->all->checker.r.stat[2].downtime_ms = 60000;
	f->all->checker.r.log_dropped = 1;
	f->all->logger.r.stat.lines = 500;
	f->seg.head->master.child_started = 4;
	f->seg.head->master.reload_ok = 1;
}

void
fixture_sample(struct fixture *f)
{
	struct shm_proc *p = f->seg.head->proc;

	f->seg.checker = &f->all->checker.r;
	sample_tables(f);
	set_health(f, 1, STATE_UP, RESULT_L7OK, 200, "GET /readyz: 200 OK");
	set_health(f, 2, STATE_DOWN, RESULT_L4CON, 111, "connection refused, \"twice\"");
	set_health(f, 3, STATE_UP, RESULT_L7OKC, 401, "GET /readyz: 401 Unauthorized");
	f->seg.checker->health[3].words[offsetof(struct shm_health, warn) / 8] |=
	    (uint64_t)HEALTH_WARN_AUTH << offsetof(struct shm_health, warn) % 8 * 8;
	set_health(f, 4, STATE_UP, RESULT_L4OK, 0, "");
	set_health(f, 5, STATE_NOTREADY, RESULT_L7STS, 503, "GET /: 503\033[2J\xff");
	f->seg.checker = NULL;
	p[ENTRY_CHECKER].kind = PROC_CHECKER;
	p[ENTRY_CHECKER].pid = 4243;
	p[ENTRY_LOGGER].kind = PROC_LOGGER;
	p[ENTRY_LOGGER].pid = 4244;
	fixture_worker(f, ENTRY_WORKER0, 0, 4245);
	fixture_worker(f, ENTRY_WORKER0 + 1, 0, 4246);
	p[ENTRY_WORKER0 + 1].want = WANT_DRAIN;
	p[ENTRY_WORKER0 + 1].generation = 1;
	f->all->checker.r.proc.beat_us = FIXTURE_NOW_US - 100000;
	f->all->checker.r.proc.ready = 1;
	f->all->logger.r.proc.beat_us = FIXTURE_NOW_US - 50000;
	f->all->logger.r.proc.ready = 1;
	f->all->worker[0].r.proc.beat_us = FIXTURE_NOW_US - 20000;
	f->all->worker[0].r.proc.ready = 2;
	f->all->worker[1].r.proc.beat_us = FIXTURE_NOW_US - INT64_C(7200000);
	f->all->worker[1].r.proc.ready = 1;
	f->seg.head->self.beat_us = FIXTURE_NOW_US - 30000;
	sample_counters(f);
	seg_publish(&f->seg);
}

static struct shm_end
end(const char *text)
{
	struct shm_end e;
	struct addr a;

	need(addr_parse(&a, text, false) == NULL, text);
	session_pack(&e, &a);
	return e;
}

void
fixture_session(struct fixture *f, unsigned worker, unsigned row, uint64_t serial, unsigned server,
    const char *client, const char *own, int64_t now_us)
{
	struct shm_worker *w = &f->all->worker[worker].r;
	struct shm_session *s = &f->all->session[worker].r.row[row];
	const struct shm_who who = {.serial = serial,
	    .started_us = now_us - (int64_t)serial * 1000000,
	    .server_id = server + 1,
	    .server = (uint16_t)server,
	    .service = server == 5,
	    .state = SESSION_OPEN,
	    .client = end(client),
	    .own = end(own)};

	s->bytes[0] = serial * 10;
	s->bytes[1] = serial * 100;
	s->last_ms = (uint64_t)(now_us / 1000) - 300;
	seq_store(&s->seq, s->words, &who, sizeof who);
	if (w->session_top <= row)
		w->session_top = row + 1;
}

struct dump *
fixture_dump(struct fixture *f)
{
	struct dump *d;
	struct err err;

	err_init(&err);
	d = dump_take(&f->seg, (struct mono){FIXTURE_NOW_US}, FIXTURE_WALL_MS, &err);
	need(d != NULL, "dump_take");
	d->daemon = DAEMON_RUNS; /* pid 4242 is nobody's, or somebody's */
	return d;
}

char *
fixture_text(const struct dump *d, const struct dump *before, enum dump_format format)
{
	char *text = NULL;
	struct err err;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	need(mem != NULL, "open_memstream");
	err_init(&err);
	need(dump_print(d, before, format, NULL, mem, &err) == 0, err_end(&err));
	fclose(mem);
	return text;
}

void
fixture_vip(struct fixture *f)
{
	struct shm_vip v = {
	    .name = "web",
	    .n_addresses = 2,
	    .state = 2, /* MASTER */
	    .vrid = 47,
	    .version = 3,
	    .priority = 254,
	    .base_priority = 244,
	    .owner_priority = 100,
	    .n_peers = 1,
	    .present = 1,
	    .advert_ms = 1000,
	    .lifetime_ms = 3000,
	    .since_us = FIXTURE_NOW_US - 5000000,
	    .heard_us = FIXTURE_NOW_US - 250000,
	    .leased_us = FIXTURE_NOW_US - 100000,
	    .interface = "eth0",
	    .reason = "no advert came in time",
	    .degraded = "Adverts with another password\033",
	};

	(void)addr_parse(&v.address[0], "192.0.2.10", false);
	(void)addr_parse(&v.address[1], "2001:db8::10", false);
	(void)addr_parse(&v.owner, "192.0.2.2", false);
	SEQ_STORE(&f->all->vrrp.r.vip[3], &v);
	f->all->vrrp.r.stat[3].adverts_sent = 77;
	f->all->vrrp.r.stat[3].rejected_password = 4;
}

/* Every counter of a struct. */
static void
fill_words(void *slab, size_t size, uint64_t n)
{
	for (size_t i = 0; i < size / 8; i++)
		memcpy((char *)slab + i * 8, &n, 8);
}

void
fixture_crowd(struct fixture *f)
{
	static const uint64_t huge = UINT64_C(1234567890123456789);
	static struct shm_table t;
	char name[SHM_NAME], addr[ADDR_TEXT];

	fixture_sample(f);
	fixture_vip(f);
	memset(&t, 0, sizeof t);
	t.n_services = 3;
	t.n_servers = 200;
	for (unsigned i = 0; i < t.n_services; i++) {
		snprintf(t.service[i].name, SHM_NAME, "%u-%061u", i % 10, i % 10);
		t.service[i].state = ROW_ACTIVE;
		t.service[i].id = i + 1;
	}
	f->seg.checker = &f->all->checker.r;
	for (unsigned i = 0; i < t.n_servers; i++) {
		snprintf(name, sizeof name,
		    "kube-apiserver-of-a-cluster-with-a-rather-long-name-00000000%03u",
		    (unsigned)(uint8_t)i);
		snprintf(addr, sizeof addr, "[2001:db8:1111:2222:3333:4444:5555:%04x]:65535",
		    i + 0x1000);
		set_server(&t, i, name, addr, i % 3);
		set_health(f, i, i % 5 == 4 ? STATE_DOWN : STATE_UP, RESULT_L7OKC, 401,
		    "a text that says much, as some servers do when they are asked for their health");
	}
	table_publish(&f->seg, &t);
	f->seg.checker = NULL;
	fill_words(&f->all->worker[0].r.stat, sizeof f->all->worker[0].r.stat, huge);
	fill_words(f->all->checker.r.stat, sizeof f->all->checker.r.stat, huge);
	fill_words(&f->all->vrrp.r.stat[3], sizeof f->all->vrrp.r.stat[3], huge);
}
