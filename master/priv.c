/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/priv.h"

#include <cap-ng.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "shm/seg.h"

#define END (-1)

/* Memory, time, signals, the loop, and sockets that are there: everybody. */
static const int calls_common[] = {SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
    SCMP_SYS(fcntl), SCMP_SYS(ioctl), SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap),
    SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(getrusage), SCMP_SYS(getrlimit),
    SCMP_SYS(sched_yield), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack),
    SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(shutdown), END};
/* Loops of libraries are made when the process is in its sandbox already. */
static const int calls_loop[] = {SCMP_SYS(epoll_create1), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(connect),
    END};
static const int calls_epoll[] = {SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(listen),
    SCMP_SYS(connect), SCMP_SYS(splice), SCMP_SYS(pipe2), END};
/* bind: addresses of `source` */
static const int calls_checker[] = {SCMP_SYS(epoll_create1), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(connect),
    SCMP_SYS(bind), END};
/* The library has a loop of its own, and the dump asks whether the master's pid lives. */
static const int calls_web[] = {SCMP_SYS(epoll_create1), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(accept4),
    SCMP_SYS(sendfile), END};
/* The ring connects. It was made before, and no other can be. */
static const int calls_uring[] = {SCMP_SYS(io_uring_enter), SCMP_SYS(accept4), SCMP_SYS(bind),
    SCMP_SYS(listen), SCMP_SYS(splice), SCMP_SYS(pipe2), END};

/* Libraries look at files at odd moments and can live without: refused, not killed. */
static const int calls_refused[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(prctl),
    SCMP_SYS(prlimit64), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_setaffinity), END};

/* vrrp alone keeps capabilities. The logger stays out of the empty directory: it
 * connects to /dev/log again when syslog was restarted. */
static const struct row {
	enum proc_kind kind;
	const char *engine; /* of workers */
	bool empty_dir;
	int domain; /* of sockets beside AF_INET and AF_INET6 */
	const int *calls;
} rows[] = {
    {PROC_WORKER, "epoll", true, AF_UNSPEC, calls_epoll},
    {PROC_WORKER, "uring", true, AF_UNSPEC, calls_uring},
    {PROC_CHECKER, "", true, AF_UNSPEC, calls_checker},
    {PROC_VRRP, "", true, AF_NETLINK, calls_checker},
    {PROC_WEB, "", true, AF_UNSPEC, calls_web},
    {PROC_LOGGER, "", false, AF_UNIX, calls_loop},
};

static bool
number(const char *text, unsigned long *n)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	*n = strtoul(text, &end, 10);
	return *end == '\0';
}

static int
find_user(struct priv *p, const char *name, struct err *err)
{
	const struct passwd *pw;
	unsigned long n;

	if (number(name, &n)) {
		p->uid = (uid_t)n;
		return 0;
	}
	pw = getpwnam(name);
	if (pw == NULL) {
		pw = getpwnam("nobody");
		if (pw == NULL)
			return err_add(
			    err, "global.user: there is no user %s, and no nobody", name);
		log_warning("user %s is absent, taking nobody (useradd -r -M -s /usr/sbin/nologin "
			    "%s)",
		    name, name);
	}
	p->uid = pw->pw_uid;
	return 0;
}

static int
find_group(struct priv *p, const char *name, struct err *err)
{
	const struct group *gr;
	unsigned long n;

	if (number(name, &n)) {
		p->gid = (gid_t)n;
		return 0;
	}
	gr = getgrnam(name);
	if (gr == NULL) {
		gr = getgrnam("nogroup");
		if (gr == NULL)
			gr = getgrnam("nobody");
		if (gr == NULL)
			return err_add(
			    err, "global.group: there is no group %s, and no nogroup", name);
		log_warning(
		    "group %s is absent, taking %s (groupadd -r %s)", name, gr->gr_name, name);
	}
	p->gid = gr->gr_gid;
	return 0;
}

/* A directory without a name stays empty whatever happens around it. */
static int
make_empty_dir(struct priv *p, const char *run_dir, struct err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/empty", run_dir);
	if (mkdir(path, 0555) < 0 && errno != EEXIST)
		return err_addsys(err, "%s", path);
	p->empty_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->empty_fd < 0 || rmdir(path) < 0)
		return err_addsys(err, "%s: must be an empty directory", path);
	return 0;
}

int
priv_init(struct priv *p, const struct conf_global *g, const char *run_dir, struct err *err)
{
	static const struct {
		int cap;
		const char *name;
	} needed[] = {
	    {CAP_SETUID, "CAP_SETUID"},
	    {CAP_SETGID, "CAP_SETGID"},
	    {CAP_SYS_CHROOT, "CAP_SYS_CHROOT"},
	};

	*p = (struct priv){.empty_fd = -1};
	if (!g->sandbox) {
		log_notice("sandbox is off: children keep user, directory and system calls");
		return 0;
	}
	if (geteuid() != 0) {
		log_notice("not root, so no sandbox: children stay uid %d", (int)geteuid());
		return 0;
	}
	capng_get_caps_process();
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!capng_have_capability(CAPNG_EFFECTIVE, (unsigned)needed[i].cap))
			return err_add(err,
			    "the sandbox needs %s, which was taken from this root: give it back, "
			    "or set global.sandbox = false",
			    needed[i].name);
	if (find_user(p, g->user, err) < 0 || find_group(p, g->group, err) < 0 ||
	    make_empty_dir(p, run_dir, err) < 0)
		return -1;
	p->on = true;
	return 0;
}

static int
allow(scmp_filter_ctx ctx, const int *calls)
{
	int rc = 0;

	for (; *calls != END && rc == 0; calls++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, *calls, 0);
	return rc;
}

static int
allow_socket(scmp_filter_ctx ctx, int domain)
{
	return seccomp_rule_add(
	    ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)domain));
}

/* The rest kills the process: the master counts it, and the kernel's audit line names the
 * call. */
static int
filter_calls(const struct row *row, struct err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (ctx == NULL)
		return err_add(err, "seccomp: no memory");
	rc = allow(ctx, calls_common);
	if (rc == 0)
		rc = allow(ctx, row->calls);
	for (const int *c = calls_refused; *c != END && rc == 0; c++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), *c, 0);
	if (rc == 0)
		rc = allow_socket(ctx, AF_INET);
	if (rc == 0)
		rc = allow_socket(ctx, AF_INET6);
	if (rc == 0 && row->domain != AF_UNSPEC)
		rc = allow_socket(ctx, row->domain);
	/* Whether a pid lives: a question, no signal. */
	if (rc == 0 && row->kind == PROC_WEB)
		rc = seccomp_rule_add(
		    ctx, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, SCMP_A1(SCMP_CMP_EQ, 0));
	/* abort() */
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	errno = -rc;
	if (rc != 0)
		return err_addsys(
		    err, "system call filter (kernel without seccomp? set global.sandbox = false)");
	return 0;
}

/* engine NULL: any, for what is the same in all rows of a kind. */
static const struct row *
row_of(enum proc_kind kind, const char *engine)
{
	const struct row *row = rows;

	/* Each kind has one, see master/proc.c, and workers one for each engine. */
	while (row->kind != kind || (engine != NULL && strcmp(row->engine, engine) != 0))
		row++;
	return row;
}

int
priv_drop_user(const struct priv *p, enum proc_kind kind, struct err *err)
{
	int rc;

	if (!p->on)
		return 0;
	if (row_of(kind, NULL)->empty_dir && (fchdir(p->empty_fd) < 0 || chroot(".") < 0))
		return err_addsys(err, "sandbox: chroot");
	close(p->empty_fd);
	capng_clear(CAPNG_SELECT_BOTH);
	/* Each address that it adds is checked against what the process has then (netlink(7)). */
	if (kind == PROC_VRRP)
		capng_updatev(CAPNG_ADD, (capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
		    CAP_NET_ADMIN, CAP_NET_RAW, -1);
	rc = capng_change_id((int)p->uid, (int)p->gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	if (rc < 0)
		return err_add(err, "sandbox: cannot become uid %d, gid %d (capng_change_id %d)",
		    (int)p->uid, (int)p->gid, rc);
	return 0;
}

int
priv_drop_calls(const struct priv *p, enum proc_kind kind, const char *engine, struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_addsys(err, "sandbox: no_new_privs");
	return p->on ? filter_calls(row_of(kind, engine), err) : 0;
}

int
priv_may_hold_vips(struct err *err)
{
	capng_get_caps_process();
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) &&
	    capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW))
		return 0;
	return err_add(
	    err, "vips need CAP_NET_ADMIN and CAP_NET_RAW: run as root, or without vips");
}
