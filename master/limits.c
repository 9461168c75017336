/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/limits.h"

#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>

#include "shm/layout.h"

#define PER_CONNECTION 2   /* a socket towards the client, one towards the server */
#define SPLICE_PIPES   64  /* pooled by each worker, two ends each */
#define SPARE	       128 /* log, segment, epoll, timers, libraries */

unsigned
limits_other_files(unsigned listeners)
{
	return listeners + SHM_ENTRIES + 2 * SHM_WORKERS + 2 * SPLICE_PIPES + SPARE;
}

/* Files that one worker needs for its share of n connections. */
static unsigned long
files_of_share(unsigned long n, unsigned workers)
{
	unsigned long share = n;

	if (workers > 1) {
		share = (n + workers - 1) / workers;
		share += (share + 3) / 4;
		if (share > n)
			share = n;
	}
	return share * PER_CONNECTION;
}

unsigned
limits_connections(
    int configured, unsigned long files, unsigned other, unsigned workers, struct err *err)
{
	unsigned long wanted = configured < 0 ? LIMITS_AUTO : (unsigned)configured;
	unsigned long low = 0, high = wanted, mid;

	if (files_of_share(wanted, workers) + other <= files)
		return (unsigned)wanted;
	/* The most that fits; low always does, high never. */
	while (configured < 0 && high - low > 1) {
		mid = low + (high - low) / 2;
		if (files_of_share(mid, workers) + other <= files)
			low = mid;
		else
			high = mid;
	}
	if (low > 0)
		return (unsigned)low;
	if (configured < 0)
		wanted = 1;
	err_add(err,
	    "global.max_connections: %lu connections need %lu open files in each worker, the limit "
	    "is %lu: raise it (LimitNOFILE= of systemd, ulimit -n)%s",
	    wanted, files_of_share(wanted, workers) + other, files,
	    configured < 0 ? "" : ", or lower global.max_connections");
	return 0;
}

unsigned
limits_of_worker(unsigned listeners)
{
	unsigned other = limits_other_files(listeners);
	struct rlimit have = {0};

	getrlimit(RLIMIT_NOFILE, &have);
	if (have.rlim_cur > (rlim_t)UINT_MAX)
		return UINT_MAX / PER_CONNECTION;
	return have.rlim_cur >= other + PER_CONNECTION
		   ? (unsigned)(have.rlim_cur - other) / PER_CONNECTION
		   : 1;
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
limits_apply(int configured, unsigned listeners, unsigned workers, struct err *err)
{
	unsigned other = limits_other_files(listeners);
	/* As if one worker got all: after a change of their number one may have to. */
	rlim_t want =
	    (rlim_t)files_of_share(configured < 0 ? LIMITS_AUTO : (unsigned)configured, 1) + other;
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
	return limits_connections(configured, have.rlim_cur, other, workers, err);
}
