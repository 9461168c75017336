/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/pin.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "base/cpus.h"
#include "base/heritage.h"
#include "base/log.h"
#include "conf/conf.h"
#include "shm/seg.h"

#define CPUS_TEXT 64

static void
say_kept_on(const struct heritage *h, uint32_t cpu_and_one)
{
	atomic_store_explicit(&h->seg->worker->kept_on, cpu_and_one, memory_order_relaxed);
}

/* The kernel would let us have CPUs outside of the affinity that we were started with: whoever set
 * that (systemd, taskset) wants them for something else. */
static void
say_not_ours(int cpu, const cpu_set_t *may)
{
	char text[CPUS_TEXT];

	log_warning("runs on any CPU that kha may use: CPU %d of global.worker_cpus is not among "
		    "them (%s); change worker_cpus, or what allows CPUs (CPUAffinity= or "
		    "AllowedCPUs= of systemd, taskset, cpuset), then reload",
	    cpu, cpus_print(may, text, sizeof text));
}

void
pin_worker(const struct heritage *h)
{
	struct cpus cpus;
	cpu_set_t may, one;
	int cpu;

	say_kept_on(h, 0);
	if (cpus_parse(&cpus, h->conf->global.worker_cpus) != NULL || cpus.how == CPUS_NONE)
		return;
	if (sched_getaffinity(0, sizeof may, &may) != 0) {
		log_warning(
		    "runs on any CPU: global.worker_cpus: sched_getaffinity: %s", strerror(errno));
		return;
	}
	cpu = cpus_of(&cpus, &may, h->slot);
	if (cpu < 0 || !CPU_ISSET(cpu, &may)) {
		say_not_ours(cpu, &may);
		return;
	}
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof one, &one) == 0)
		say_kept_on(h, (uint32_t)cpu + 1);
	else
		log_warning("runs on any CPU: CPU %d of global.worker_cpus is refused: %s; is it "
			    "offline, or does a seccomp profile forbid sched_setaffinity?",
		    cpu, strerror(errno));
}
