/* SPDX-License-Identifier: BSD-2-Clause */
/* The start of the daemon: what is made once, in this order. What follows (results of checks,
 * workers) is the end of a reload, see master/reload.h. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "master/daemon.h"
#include "master/internal.h"
#include "master/operate.h"
#include "master/session_wait.h"
#include "master/vip_wait.h"
#include "worker/worker.h"

#define LOG_BUFFER (4 * 1024 * 1024)
/* For a kha that was just killed to let go of its addresses. */
#define PATIENCE_MS 1000

static void
on_command(void *arg, uint64_t client, const struct ctl_request *r)
{
	struct reload_job job = {.client = client, .request = *r};
	struct master *m = arg;

	switch (r->verb) {
	case CTL_RELOAD:
	case CTL_REOPEN:
		reload_request(m, &job);
		return;
	case CTL_STOP:
	case CTL_QUIT:
		/* Its reply is ctl_close(). */
		master_stop(m, r->verb == CTL_QUIT);
		return;
	case CTL_SERVER:
		operate_order(m, client, r);
		return;
	case CTL_VIP:
		vips_order(m, client, r);
		return;
	case CTL_SESSION:
		session_order(m, client, r);
		return;
	case CTL_VERBS:
		return;
	}
}

/* One datagram socket for all processes. What is on its way counts against the sender's buffer;
 * root may exceed net.core.wmem_max. */
static int
open_log(struct master *m, struct err *err)
{
	const int size = LOG_BUFFER;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, m->log_fds) < 0)
		return err_addsys(err, "log socket");
	if (setsockopt(m->log_fds[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
		(void)setsockopt(m->log_fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return 0;
}

static void
fill_info(struct master *m, const struct conf *conf)
{
	struct shm_info *i = &m->info;

	*i = (struct shm_info){
	    .pid = (int32_t)getpid(),
	    .start_wall_ms = wall_ms(),
	    .reload_ok_wall_ms = wall_ms(),
	    .start_us = mono_now().us,
	    .sandboxed = m->priv.on,
	};
	if (conf->self >= 0)
		snprintf(i->node, sizeof i->node, "%s", conf->nodes[conf->self].name);
	snprintf(i->version, sizeof i->version, "%s", KHA_VERSION);
	snprintf(i->config, sizeof i->config, "%s", conf->path);
}

static int
make_run_dir(struct master *m, struct err *err)
{
	/* One that writes the log and makes files of its own group: others may read both. */
	umask(022);
	if (pidfile_make_dir(m->run_dir, err) < 0 ||
	    pidfile_take(&m->pidfile, m->run_dir, err) < 0 ||
	    seg_create(&m->seg, m->run_dir, err) < 0)
		return -1;
	return 0;
}

int
master_boot(struct master *m, struct conf *conf, struct err *err)
{
	tzset(); /* before children lose sight of /etc/localtime */
	m->run_dir = conf->global.run_dir;
	if (make_run_dir(m, err) < 0 || open_log(m, err) < 0)
		return -1;
	log_init("master", (enum log_level)(LOG_LEVEL_ERR + conf->global.log_level));
	supervisor_init(m);
	if (preflight_files(m, conf, err) < 0 || proc_init(m, err) < 0 ||
	    reload_generation(m, conf, PATIENCE_MS, err) < 0 ||
	    reload_publish(m, conf, PUBLISH_FINAL, NULL, NULL, err) < 0)
		return -1;
	log_to(m->log_fds[1], &m->seg.head->master.log_dropped);
	if (priv_init(&m->priv, &conf->global, m->run_dir, err) < 0 ||
	    (conf->n_vips > 0 && priv_may_hold_vips(err) < 0))
		return -1;
	operate_restore(m);
	m->ctl = ctl_open(m->loop, m->run_dir, on_command, m, err);
	if (m->ctl == NULL)
		return -1;
	fill_info(m, conf);
	master_store_info(m);
	seg_beat(&m->seg, mono_now());
	seg_publish(&m->seg);
	m->check_conf = conf;
	proc_start(m, ENTRY_LOGGER, PROC_LOGGER, 0, m->next.number);
	proc_start(m, ENTRY_CHECKER, PROC_CHECKER, 0, m->next.number);
	reload_boot(m, conf);
	return 0;
}

void
master_ready(struct master *m)
{
	log_notice(
	    "kha %s ready: %u workers, up to %u connections, engine %s%s%s%s, run directory %s",
	    KHA_VERSION, m->now.workers, m->now.max_connections, m->info.engine,
	    *m->engine_why != '\0' ? " (" : "", m->engine_why, *m->engine_why != '\0' ? ")" : "",
	    m->run_dir);
	if (m->now.conf->n_nodes > 0 && m->now.conf->self < 0)
		log_warning("no address of nodes is local: serving without knowing which node "
			    "this is");
	scripts_reload(m, true);
	vips_start(m);
	webs_start(m);
	if (m->tell_fd >= 0)
		daemon_tell(m->tell_fd, 0, "");
	m->tell_fd = -1;
	supervisor_ready(m);
}

void
master_failed(struct master *m, const char *text)
{
	m->failure = strdup(text);
	m->exit_code = 1;
	master_stop(m, false);
}
