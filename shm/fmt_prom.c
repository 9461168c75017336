/* SPDX-License-Identifier: BSD-2-Clause */
/* kha stat -f prometheus and /metrics: text exposition format 0.0.4. All samples of a
 * metric stand together, below its HELP and TYPE. */
#include <inttypes.h>
#include <string.h>

#include "shm/prom.h"

static void
value(const struct prom *p, const struct stat_desc *desc, uint64_t v)
{
	if (desc->unit == STAT_MSEC)
		prom_seconds(p, v);
	else
		prom_whole(p, v);
}

static void
single(struct prom *p, enum stat_kind kind, const char *name, uint64_t v, const char *help)
{
	prom_metric(p, kind, name, help);
	prom_sample(p, PROM_NO_LABELS);
	prom_whole(p, v);
}

/* A set of which there is one on the node. */
static void
node_set(struct prom *p, enum stat_scope scope, const void *slab)
{
	const struct stat_set *set = &stat_sets[scope];

	for (unsigned i = 0; i < set->n; i++) {
		if (set->rows[i].prom[0] == '\0')
			continue;
		prom_metric(p, set->rows[i].kind, set->rows[i].prom, set->rows[i].help);
		prom_sample(p, PROM_NO_LABELS);
		value(p, &set->rows[i], stat_row(slab, i));
	}
}

static const char *
service_name(const struct dump *d, unsigned s)
{
	return d->table.service[d->services[s].index].name;
}

static void
service_set(struct prom *p)
{
	const struct stat_set *set = &stat_sets[STAT_SET_SERVICE];
	const struct dump *d = p->d;

	for (unsigned i = 0; i < set->n; i++) {
		prom_metric(p, set->rows[i].kind, set->rows[i].prom, set->rows[i].help);
		for (unsigned s = 0; s < d->n_services; s++) {
			prom_sample(p, PROM_LABELS({"service", service_name(d, s)}));
			value(p, &set->rows[i], stat_row(&d->sum.service[d->services[s].index], i));
		}
	}
}

static uint64_t
service_fail_open(const struct dump_service *s)
{
	return s->serving == CANDIDATES_FAIL_OPEN;
}

static uint64_t
service_active_servers(const struct dump_service *s)
{
	return s->up;
}

static uint64_t
service_backup_servers(const struct dump_service *s)
{
	return s->backups_up;
}

static uint64_t
service_candidates(const struct dump_service *s)
{
	return s->candidates;
}

static void
service_gauges(struct prom *p)
{
	static const struct {
		const char *name, *help;
		uint64_t (*get)(const struct dump_service *s);
	} gauges[] = {
	    {"service_fail_open", "1: no server is UP, those that may still work are used",
		service_fail_open},
	    {"service_active_servers", "Servers that are UP and no backup", service_active_servers},
	    {"service_backup_servers", "Backup servers that are UP", service_backup_servers},
	    {"service_candidate_servers", "Servers that get new connections", service_candidates},
	};

	for (unsigned i = 0; i < sizeof gauges / sizeof *gauges; i++) {
		prom_metric(p, STAT_GAUGE, gauges[i].name, gauges[i].help);
		for (unsigned s = 0; s < p->d->n_services; s++) {
			prom_sample(p, PROM_LABELS({"service", service_name(p->d, s)}));
			prom_whole(p, gauges[i].get(&p->d->services[s]));
		}
	}
}

/* Calls fn for each server that is listed, with the names of both. */
static void
each_server(const struct prom *p,
    void (*fn)(
	const struct prom *p, const struct prom_label labels[2], unsigned server, const void *arg),
    const void *arg)
{
	const struct dump *d = p->d;

	for (unsigned s = 0; s < d->n_services; s++)
		for (unsigned k = 0; k < d->services[s].n; k++) {
			unsigned i = d->servers[d->services[s].first + k];
			const struct prom_label labels[2] = {
			    {"service", service_name(d, s)}, {"server", d->table.server[i].name}};

			fn(p, labels, i, arg);
		}
}

/* arg: the row, of the server's or the checker's set. */
static void
server_sample(
    const struct prom *p, const struct prom_label labels[2], unsigned server, const void *arg)
{
	const struct stat_desc *row = arg;
	const struct stat_set *own = &stat_sets[STAT_SET_SERVER];
	const struct stat_set *check = &stat_sets[STAT_SET_CHECK];
	bool is_own = row >= own->rows && row < own->rows + own->n;
	const void *slab =
	    is_own ? (const void *)&p->d->sum.server[server] : (const void *)&p->d->check[server];

	prom_sample(p, PROM_LABELS(labels[0], labels[1]));
	value(p, row, stat_row(slab, (unsigned)(row - (is_own ? own : check)->rows)));
}

static void
server_set(struct prom *p, enum stat_scope scope)
{
	const struct stat_set *set = &stat_sets[scope];

	for (unsigned i = 0; i < set->n; i++) {
		if (set->rows[i].prom[0] == '\0')
			continue;
		prom_metric(p, set->rows[i].kind, set->rows[i].prom, set->rows[i].help);
		each_server(p, server_sample, &set->rows[i]);
	}
}

static void
sample_status(const struct prom *p, const struct prom_label l[2], unsigned server, const void *arg)
{
	(void)arg;
	for (int s = 0; s < SERVER_STATES; s++) {
		prom_sample(
		    p, PROM_LABELS(l[0], l[1], {"state", server_state_name((enum server_state)s)}));
		prom_whole(p, p->d->shown[server] == s);
	}
}

static void
sample_check_status(
    const struct prom *p, const struct prom_label l[2], unsigned server, const void *arg)
{
	(void)arg;
	for (int r = 0; r < CHECK_RESULTS; r++) {
		prom_sample(
		    p, PROM_LABELS(l[0], l[1], {"state", check_result_name((enum check_result)r)}));
		prom_whole(p, p->d->health[server].result == r);
	}
}

static bool
check_code(const struct dump *d, unsigned server, uint64_t *v)
{
	*v = d->health[server].code;
	return fmt_code_is_http(&d->health[server]);
}

static bool
check_duration(const struct dump *d, unsigned server, uint64_t *v)
{
	*v = (uint64_t)d->health[server].check_ms;
	return d->health[server].check_ms >= 0;
}

static bool
weight(const struct dump *d, unsigned server, uint64_t *v)
{
	*v = d->table.server[server].weight;
	return true;
}

static bool
cert_not_after(const struct dump *d, unsigned server, uint64_t *v)
{
	*v = (uint64_t)d->health[server].cert_not_after;
	return d->health[server].cert_not_after > 0;
}

/* get: false, there is no value and no sample. */
static const struct server_gauge {
	struct stat_desc desc;
	bool (*get)(const struct dump *d, unsigned server, uint64_t *v);
} server_gauges[] = {
    {{.prom = "server_check_code", .help = "HTTP status of the last health check"}, check_code},
    {{.prom = "server_check_duration_seconds",
	 .unit = STAT_MSEC,
	 .help = "Duration of the last health check"},
	check_duration},
    {{.prom = "server_weight", .help = "Weight in effect"}, weight},
    {{.prom = "server_cert_not_after_timestamp_seconds",
	 .help = "End of the certificate that the server showed to the health check"},
	cert_not_after},
};

static void
sample_gauge(const struct prom *p, const struct prom_label l[2], unsigned server, const void *arg)
{
	const struct server_gauge *gauge = arg;
	uint64_t v;

	if (!gauge->get(p->d, server, &v))
		return;
	prom_sample(p, PROM_LABELS(l[0], l[1]));
	value(p, &gauge->desc, v);
}

static void
server_states(struct prom *p)
{
	prom_metric(
	    p, STAT_GAUGE, "server_status", "State of the server, 1 on the one that it is in");
	each_server(p, sample_status, NULL);
	prom_metric(p, STAT_GAUGE, "server_check_status",
	    "Result of the last health check, 1 on the one that it was");
	each_server(p, sample_check_status, NULL);
	for (unsigned i = 0; i < sizeof server_gauges / sizeof *server_gauges; i++) {
		prom_metric(p, STAT_GAUGE, server_gauges[i].desc.prom, server_gauges[i].desc.help);
		each_server(p, sample_gauge, &server_gauges[i]);
	}
}

static void
vips(struct prom *p)
{
	const struct stat_set *set = &stat_sets[STAT_SET_VIP];
	const struct dump *d = p->d;

	prom_metric(
	    p, STAT_GAUGE, "vip_state", "State of the VIP here, 1 on the one that it is in");
	for (unsigned i = 0; i < d->n_vips; i++)
		for (unsigned k = 0; k < dump_vip_states; k++) {
			prom_sample(p, PROM_LABELS({"vip", d->vip[i].name},
					   {"state", dump_vip_state_name(k)}));
			prom_whole(p, d->vip[i].state == k);
		}
	prom_metric(p, STAT_GAUGE, "vip_owner", "1: this node holds the addresses of the VIP");
	for (unsigned i = 0; i < d->n_vips; i++) {
		prom_sample(p, PROM_LABELS({"vip", d->vip[i].name}));
		prom_whole(p, d->vip[i].present);
	}
	for (unsigned r = 0; r < set->n; r++) {
		if (set->rows[r].prom[0] == '\0')
			continue;
		prom_metric(p, set->rows[r].kind, set->rows[r].prom, set->rows[r].help);
		for (unsigned i = 0; i < d->n_vips; i++) {
			prom_sample(p, PROM_LABELS({"vip", d->vip[i].name}));
			value(p, &set->rows[r], stat_row(&d->vip_stat[i], r));
		}
	}
}

static void
closed(struct prom *p)
{
	prom_metric(p, STAT_COUNTER, "connections_closed", "Connections closed, by reason");
	for (int r = 0; r < CLOSE_REASONS; r++) {
		prom_sample(p, PROM_LABELS({"reason", close_name((enum close_reason)r)}));
		prom_whole(
		    p, stat_row(close_counter((struct stat_worker *)(uintptr_t)&p->d->sum.worker,
				    (enum close_reason)r),
			   0));
	}
}

static void
processes(struct prom *p)
{
	const struct dump *d = p->d;
	const struct fmt_procs w = fmt_count(d, PROC_WORKER);
	char slot[16], generation[16];

	prom_metric(p, STAT_GAUGE, "workers", "Worker processes by what they do");
	prom_sample(p, PROM_LABELS({"state", "ready"}));
	prom_whole(p, w.ready);
	prom_sample(p, PROM_LABELS({"state", "starting"}));
	prom_whole(p, w.n - w.ready - w.draining);
	prom_sample(p, PROM_LABELS({"state", "draining"}));
	prom_whole(p, w.draining);
	prom_metric(p, STAT_GAUGE, "process_heartbeat_age_seconds",
	    "Time since the process last turned its loop");
	if (d->beat_us != 0) {
		prom_sample(
		    p, PROM_LABELS({"process", "master"}, {"slot", "0"}, {"generation", "0"}));
		prom_seconds(p, (uint64_t)fmt_age_ms(d, d->beat_us));
	}
	for (unsigned i = 0; i < d->n_procs; i++) {
		const struct dump_proc *q = &d->proc[i];

		if (q->pid == 0 || q->beat_us == 0)
			continue;
		snprintf(slot, sizeof slot, "%" PRIu32, q->slot);
		snprintf(generation, sizeof generation, "%" PRIu32, q->generation);
		prom_sample(p, PROM_LABELS({"process", proc_kind_name((enum proc_kind)q->kind)},
				   {"slot", slot}, {"generation", generation}));
		prom_seconds(p, (uint64_t)fmt_age_ms(d, q->beat_us));
	}
}

static void
node(struct prom *p)
{
	const struct shm_info *info = &p->d->info;
	char layout[20];

	snprintf(layout, sizeof layout, "%016" PRIx64, p->d->layout);
	prom_metric(
	    p, STAT_GAUGE, "build_info", "Version of kha and layout id of its segment, always 1");
	prom_sample(p, PROM_LABELS({"version", info->version}, {"layout", layout}));
	prom_whole(p, 1);
	single(p, STAT_GAUGE, "up", p->d->daemon == DAEMON_RUNS,
	    "1: the daemon runs and its master answers");
	prom_metric(p, STAT_GAUGE, "start_time_seconds", "When the daemon started, since 1970");
	prom_sample(p, PROM_NO_LABELS);
	prom_seconds(p, (uint64_t)info->start_wall_ms);
	single(p, STAT_GAUGE, "generation", info->generation, "Generation of the present workers");
	single(p, STAT_GAUGE, "max_connections", info->max_connections,
	    "Connections that the node takes at most");
	single(p, STAT_GAUGE, "config_last_reload_successful",
	    info->reload_wall_ms == 0 || info->reload_ok != 0,
	    "1: the last reload, or the start when there was none, succeeded");
	prom_metric(p, STAT_GAUGE, "config_last_reload_success_timestamp_seconds",
	    "When a configuration was last loaded, since 1970");
	prom_sample(p, PROM_NO_LABELS);
	prom_seconds(p, (uint64_t)info->reload_ok_wall_ms);
	single(p, STAT_COUNTER, "log_dropped", p->d->log_dropped,
	    "Log lines lost anywhere between a process and a log target");
}

int
fmt_prometheus(const struct dump *d, FILE *out)
{
	struct prom p = {.d = d, .out = out};

	node(&p);
	processes(&p);
	node_set(&p, STAT_SET_WORKER, &d->sum.worker);
	closed(&p);
	node_set(&p, STAT_SET_MASTER, &d->master);
	node_set(&p, STAT_SET_LOGGER, &d->logger);
	node_set(&p, STAT_SET_WEB, &d->web);
	service_set(&p);
	service_gauges(&p);
	server_set(&p, STAT_SET_SERVER);
	server_set(&p, STAT_SET_CHECK);
	server_states(&p);
	if (d->n_vips > 0)
		vips(&p);
	return 0;
}
