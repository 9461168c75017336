/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/listen_option.h"

#include <errno.h>
#include <stdio.h>

#include "master/holder.h"

#define LISTEN_NAME 96 /* bytes of an option's name */

bool
listen_option_at(const struct conf *conf, unsigned i, struct listen_option *o)
{
	const struct conf_status *status = &conf->status;

	*o = (struct listen_option){.web = WEB_STATUS};
	if (i < conf->n_services) {
		o->service = &conf->services[i];
		o->listens = &o->service->listen;
	} else if (i == conf->n_services) {
		o->listens = &status->listen;
	} else if (i == conf->n_services + 1) {
		o->listens = &status->monitor.listen;
		o->web = WEB_MONITOR;
	}
	return o->listens != NULL;
}

bool
listen_option_of(const struct conf *conf, const struct addr *addr, struct listen_option *o)
{
	for (unsigned k = 0; listen_option_at(conf, k, o); k++)
		for (unsigned i = 0; i < o->listens->n; i++)
			if (addr_equal(&o->listens->v[i].addr, addr))
				return true;
	return false;
}

/* "service api", and "services.api.listen". */
static void
name_option(const struct listen_option *o, char who[LISTEN_NAME], char path[LISTEN_NAME])
{
	if (o->service != NULL) {
		snprintf(who, LISTEN_NAME, "service %s", o->service->name);
		snprintf(path, LISTEN_NAME, "services.%s.listen", o->service->name);
	} else {
		const char *group = o->web == WEB_MONITOR ? "status.monitor" : "status";

		snprintf(who, LISTEN_NAME, "%s", group);
		snprintf(path, LISTEN_NAME, "%s.listen", group);
	}
}

static unsigned
unprivileged_start(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	unsigned start = 1024;

	if (f == NULL)
		return start;
	if (fscanf(f, "%u", &start) != 1)
		start = 1024;
	fclose(f);
	return start;
}

void
listen_explain(const struct addr *addr, const struct conf *conf, int error, struct err *err)
{
	char text[ADDR_TEXT], other[ADDR_TEXT], name[LISTEN_NAME], path[LISTEN_NAME];
	struct listen_option o;
	struct holder h;

	if (!listen_option_of(conf, addr, &o))
		return;
	name_option(&o, name, path);

	addr_print(addr, text, sizeof text);
	errno = error;
	if (error == EADDRINUSE && holder_find(addr, &h)) {
		addr_print(&h.addr, other, sizeof other);
		if (h.pid == 0)
			err_add(err,
			    "%s: cannot listen on %s: another process listens on %s "
			    "(as root, ss -ltnp shows which one)",
			    name, text, other);
		else
			err_add(err,
			    "%s: cannot listen on %s: %s (pid %d) listens on %s; stop it, "
			    "or change %s",
			    name, text, h.program, (int)h.pid, other, path);
	} else if (error == EACCES && addr_port(addr) < unprivileged_start()) {
		err_addsys(err,
		    "%s: cannot listen on %s (ports below %u need root or "
		    "CAP_NET_BIND_SERVICE)",
		    name, text, unprivileged_start());
	} else if (error == EACCES) {
		err_addsys(err,
		    "%s: cannot listen on %s (SELinux? semanage port -a -t http_port_t "
		    "-p tcp %u)",
		    name, text, addr_port(addr));
	} else {
		err_addsys(err, "%s: cannot listen on %s", name, text);
	}
}
