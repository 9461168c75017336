/* SPDX-License-Identifier: BSD-2-Clause */
#include "checker/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checker/checker.h"
#include "checker/tls.h"

struct service_plan {
	struct tls_ctx *tls;
	struct http_expect expect;
};

/* What checker_prepare() hands to checker_main() beyond the loss of privileges. */
static struct {
	const struct conf *conf;
	struct service_plan *services;
} prepared;

static bool
uses_tls(const struct conf_check *check)
{
	return check->type == CHECK_HTTPS || check->type == CHECK_TLS;
}

static bool
uses_http(const struct conf_check *check)
{
	return check->type == CHECK_HTTPS || check->type == CHECK_HTTP;
}

/* Default ports are not named (RFC 9110 section 7.2). */
static const char *
host_header(const struct conf_check *check, const struct addr *addr, char *buf, size_t size)
{
	struct addr bare = *addr;
	char ip[ADDR_TEXT];

	if (check->host[0] != '\0')
		return check->host;
	if (addr_port(addr) != (check->type == CHECK_HTTPS ? 443 : 80))
		return addr_print(addr, buf, size);
	addr_set_port(&bare, 0);
	addr_print(&bare, ip, sizeof ip);
	snprintf(buf, size, bare.sa.sa_family == AF_INET6 ? "[%s]" : "%s", ip);
	return buf;
}

static int
prepare_http(
    struct service_plan *sp, const struct conf_check *check, const char *where, struct err *err)
{
	char probe[HTTP_REQUEST];
	const char *why;
	int result = 0;

	if (http_request(probe, sizeof probe, check->path,
		check->host[0] != '\0' ? check->host : "-", false) < 0)
		result = err_add(err,
		    "%s.check: path must begin with \"/\", and path and host must be "
		    "visible ASCII without blanks",
		    where);
	for (unsigned i = 0; i < check->expect.n; i++) {
		why = http_expect_add(&sp->expect, check->expect.v[i]);
		if (why != NULL)
			result = err_add(
			    err, "%s.check.expect: \"%s\": %s", where, check->expect.v[i], why);
	}
	return result;
}

static int
prepare_service(struct service_plan *sp, const struct conf *conf, unsigned i, struct err *err)
{
	const struct conf_service *svc = &conf->services[i];
	char where[4400];
	int result = 0;

	snprintf(where, sizeof where, "%s:%d: services.%s", conf->path, svc->line, svc->name);
	if (uses_http(&svc->check))
		result = prepare_http(sp, &svc->check, where, err);
	if (uses_tls(&svc->check)) {
		sp->tls = tls_ctx_new(&svc->check, where, err);
		if (sp->tls == NULL)
			result = -1;
	}
	return result;
}

void
plan_forget(void)
{
	for (unsigned i = 0; prepared.conf != NULL && i < prepared.conf->n_services; i++)
		tls_ctx_free(prepared.services[i].tls);
	free(prepared.services);
	prepared.services = NULL;
	prepared.conf = NULL;
}

int
plan_prepare(const struct conf *conf, struct err *err)
{
	int result = 0;

	plan_forget();
	tls_init();
	prepared.services = calloc(conf->n_services + 1, sizeof *prepared.services);
	if (prepared.services == NULL)
		return err_addsys(err, "checks");
	prepared.conf = conf;
	for (unsigned i = 0; i < conf->n_services; i++)
		if (prepare_service(&prepared.services[i], conf, i, err) < 0)
			result = -1;
	if (result < 0)
		plan_forget();
	return result;
}

int
checker_prepare(const struct conf *conf, struct err *err)
{
	return plan_prepare(conf, err);
}

const struct conf *
plan_conf(void)
{
	return prepared.conf;
}

void
plan_make(struct plan *plan, unsigned service, const struct addr *server)
{
	const struct conf_service *svc = &prepared.conf->services[service];
	const struct conf_check *check = &svc->check;
	char host[ADDR_TEXT];
	int len;

	memset(plan, 0, sizeof *plan);
	plan->check = check;
	plan->addr = *server;
	plan->source = &svc->source;
	/* As HAProxy does: a port of its own for checks is one without the protocol. */
	if (check->port > 0)
		addr_set_port(&plan->addr, (uint16_t)check->port);
	else
		plan->proxy = svc->proxy_protocol.send;
	plan->tls = prepared.services[service].tls;
	plan->expect = &prepared.services[service].expect;
	if (!uses_http(check))
		return;
	for (int keep = 0; keep < 2; keep++) {
		len = http_request(plan->request[keep], sizeof plan->request[keep], check->path,
		    host_header(check, &plan->addr, host, sizeof host), keep != 0);
		/* prepare_http() has tried path and host; an address is as good. */
		plan->request_len[keep] = len > 0 ? len : 0;
	}
}
