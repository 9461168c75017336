/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
pidfile_make_dir(const char *run_dir, struct err *err)
{
	struct stat st;

	if (mkdir(run_dir, 0755) == 0) {
		/* The umask must not decide whether kha stat works for everybody. */
		if (chmod(run_dir, 0755) == 0)
			return 0;
		return err_addsys(err, "run directory %s", run_dir);
	}
	if (errno != EEXIST)
		return err_addsys(err,
		    "run directory %s cannot be made (make it for this user, or set "
		    "global.run_dir)",
		    run_dir);
	if (stat(run_dir, &st) < 0)
		return err_addsys(err, "run directory %s", run_dir);
	if (!S_ISDIR(st.st_mode))
		return err_add(err,
		    "run directory %s is not a directory: remove it, or set global.run_dir",
		    run_dir);
	if (access(run_dir, W_OK | X_OK) < 0)
		return err_addsys(err,
		    "run directory %s is not writable for this user (chown it, or set "
		    "global.run_dir)",
		    run_dir);
	return 0;
}

/* 1: locked. 0: somebody else has it, *holder is its pid (0: gone meanwhile). -1: errno. */
static int
lock(int fd, pid_t *holder)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_SETLK, &l) == 0)
		return 1;
	if (errno != EACCES && errno != EAGAIN)
		return -1;
	if (fcntl(fd, F_GETLK, &l) < 0)
		return -1;
	*holder = l.l_type == F_UNLCK ? 0 : l.l_pid;
	return 0;
}

/* Is the file that we locked still the one of that name? Its last owner may have removed it
 * between our open and our lock. */
static bool
same_file(const struct pidfile *p)
{
	struct stat ours, named;

	return fstat(p->fd, &ours) == 0 && stat(p->path, &named) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static int
write_pid(struct pidfile *p, struct err *err)
{
	char text[16];
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid());

	if (fchmod(p->fd, 0644) == 0 && ftruncate(p->fd, 0) == 0 &&
	    pwrite(p->fd, text, (size_t)n, 0) == n)
		return 0;
	return err_addsys(err, "pid file %s", p->path);
}

int
pidfile_take(struct pidfile *p, const char *run_dir, struct err *err)
{
	pid_t holder = 0;
	int got;

	snprintf(p->path, sizeof p->path, "%s/kha.pid", run_dir);
	for (;;) {
		p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (p->fd < 0)
			return err_addsys(err,
			    "pid file %s (it belongs to another user? remove it, or set "
			    "global.run_dir)",
			    p->path);
		got = lock(p->fd, &holder);
		if (got == 1 && same_file(p)) {
			if (write_pid(p, err) == 0)
				return 0;
			break;
		}
		if (got < 0) {
			err_addsys(err, "pid file %s: cannot be locked", p->path);
			break;
		}
		if (got == 0 && holder != 0) {
			err_add(err,
			    "run directory %s is that of a running kha, pid %d (kha -s reload -r "
			    "%s makes it read its file again)",
			    run_dir, (int)holder, run_dir);
			break;
		}
		close(p->fd);
	}
	close(p->fd);
	p->fd = -1;
	return -1;
}

void
pidfile_drop(struct pidfile *p)
{
	if (p->fd < 0)
		return;
	/* First the name, while the lock still keeps others away from it. */
	unlink(p->path);
	close(p->fd);
	p->fd = -1;
}
