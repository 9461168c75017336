/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/limits.h"

#include <stdio.h>
#include <sys/resource.h>

#include "shm/layout.h"

#define PER_CONNECTION 2 /* a socket towards the client, one towards the server */
#define SPLICE_PIPES 64	 /* pooled by each worker, two ends each */
#define SPARE 128	 /* log, segment, epoll, timers, libraries */

unsigned
limits_other_files(unsigned listeners)
{
	return listeners + SHM_ENTRIES + 2 * SPLICE_PIPES + SPARE;
}

unsigned
limits_connections(int configured, unsigned long files, unsigned other, struct err *err)
{
	unsigned long fit = files > other ? (files - other) / PER_CONNECTION : 0;
	unsigned wanted = configured < 0 ? LIMITS_AUTO : (unsigned)configured;

	if (wanted <= fit)
		return wanted;
	if (configured < 0 && fit > 0)
		return (unsigned)fit;
	err_add(err,
	    "global.max_connections: %u connections need %lu open files in each process, the limit "
	    "is %lu: raise it (LimitNOFILE= of systemd, ulimit -n)%s",
	    configured < 0 ? 1 : wanted,
	    (unsigned long)(configured < 0 ? 1 : wanted) * PER_CONNECTION + other, files,
	    configured < 0 ? "" : ", or lower global.max_connections");
	return 0;
}

static unsigned long
system_limit(void)
{
	FILE *f = fopen("/proc/sys/fs/nr_open", "re");
	unsigned long n = 1048576; /* its default */

	if (f == NULL)
		return n;
	if (fscanf(f, "%lu", &n) != 1)
		n = 1048576;
	fclose(f);
	return n;
}

unsigned
limits_apply(int configured, unsigned listeners, struct err *err)
{
	unsigned other = limits_other_files(listeners);
	rlim_t want = (rlim_t)(configured < 0 ? LIMITS_AUTO : (unsigned)configured) * PER_CONNECTION +
		      other;
	struct rlimit have = {0}, more;

	if (want > system_limit())
		want = system_limit();
	getrlimit(RLIMIT_NOFILE, &have);
	if (have.rlim_cur < want) {
		more = have;
		more.rlim_cur = want;
		if (more.rlim_max < want)
			more.rlim_max = want; /* root only */
		if (setrlimit(RLIMIT_NOFILE, &more) < 0) {
			more = have;
			more.rlim_cur = have.rlim_max;
			setrlimit(RLIMIT_NOFILE, &more);
		}
		getrlimit(RLIMIT_NOFILE, &have);
	}
	return limits_connections(configured, have.rlim_cur, other, err);
}
