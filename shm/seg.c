/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/seg.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/stat.h"

#define MODE 0644

static const char *const kind_names[] = {
    [PROC_NONE] = "none",
    [PROC_CHECKER] = "checker",
    [PROC_LOGGER] = "logger",
    [PROC_VRRP] = "vrrp",
    [PROC_WEB] = "web",
    [PROC_WORKER] = "worker",
};

static const struct seg nothing = {.ro_fd = -1, .rw_fd = -1};

const char *
proc_kind_name(enum proc_kind kind)
{
	return (size_t)kind < sizeof kind_names / sizeof *kind_names ? kind_names[kind] : "?";
}

static int
segment_path(char path[PATH_MAX], const char *run_dir, const char *suffix, struct err *err)
{
	if (snprintf(path, PATH_MAX, "%s/%s%s", run_dir, SHM_FILE, suffix) < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return err_addsys(err, "run directory");
}

static void *
map(int fd, size_t offset, size_t size, int prot)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED, fd, (off_t)offset);

	return p == MAP_FAILED ? NULL : p;
}

static void *
map_rw(const struct seg *seg, size_t offset, size_t size)
{
	return map(seg->rw_fd, offset, size, PROT_READ | PROT_WRITE);
}

/* The file is sparse; a write into a hole of a full tmpfs is a SIGBUS. What is certainly
 * needed is therefore taken now, when "no room" can still be said in words. */
static int
reserve(int fd, size_t offset, size_t size)
{
	if (fallocate(fd, 0, (off_t)offset, (off_t)size) == 0)
		return 0;
	/* Not every file system can; then we are no worse off than without. */
	return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -1;
}

static int
reserve_fixed(int fd)
{
	size_t tickets = sizeof((struct shm_arena *)NULL)->ticket;

	/* Head, logger and checker stand first, one behind the other. */
	if (reserve(fd, 0, offsetof(struct shm, worker)) < 0)
		return -1;
	return reserve(fd, offsetof(struct shm, arena), tickets);
}

static int
make_file(struct seg *seg, const char *path, struct err *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return err_addsys(err, "segment %s", path);
	seg->rw_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (seg->rw_fd < 0)
		return err_addsys(err, "segment %s", path);
	/* The umask must not decide whether kha stat works for everybody. */
	if (fchmod(seg->rw_fd, MODE) < 0 || ftruncate(seg->rw_fd, (off_t)SHM_SIZE) < 0)
		return err_addsys(err, "segment %s", path);
	if (reserve_fixed(seg->rw_fd) < 0)
		return err_addsys(err, "segment %s: cannot get its memory", path);
	seg->ro_fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (seg->ro_fd < 0)
		return err_addsys(err, "segment %s", path);
	seg->ro = map(seg->ro_fd, 0, SHM_SIZE, PROT_READ);
	seg->head = map_rw(seg, offsetof(struct shm, head), sizeof seg->ro->head);
	seg->arena = map_rw(seg, offsetof(struct shm, arena), sizeof seg->ro->arena);
	if (seg->ro == NULL || seg->head == NULL || seg->arena == NULL)
		return err_addsys(err, "segment %s: mmap", path);
	return 0;
}

int
seg_create(struct seg *seg, const char *run_dir, struct err *err)
{
	char fresh[PATH_MAX], path[PATH_MAX];
	int saved;

	*seg = nothing;
	if (segment_path(fresh, run_dir, ".new", err) < 0 ||
	    segment_path(path, run_dir, "", err) < 0)
		return -1;
	if (make_file(seg, fresh, err) < 0)
		goto fail;
	seg->proc = &seg->head->self;
	seg->head->layout = stat_layout_id();
	seg->head->magic = SHM_MAGIC;
	if (rename(fresh, path) < 0) {
		err_addsys(err, "segment %s", path);
		goto fail;
	}
	return 0;
fail:
	saved = errno;
	if (seg->rw_fd >= 0)
		unlink(fresh);
	seg_close(seg);
	errno = saved;
	return -1;
}

void
seg_publish(struct seg *seg)
{
	atomic_store_explicit(&seg->head->ready, 1, memory_order_release);
}

/* Why the open file is not a segment that we can read; errno says which kind of why. */
static int
check_file(int fd, const char *path, struct err *err)
{
	struct stat st;
	uint64_t start[2];

	if (fstat(fd, &st) < 0)
		return err_addsys(err, "segment %s", path);
	if (!S_ISREG(st.st_mode) || pread(fd, start, sizeof start, 0) != sizeof start ||
	    start[0] != SHM_MAGIC) {
		errno = EINVAL;
		return err_add(err, "%s is not a segment of kha", path);
	}
	if (start[1] != stat_layout_id()) {
		errno = EPROTO;
		return err_add(err,
		    "segment %s was made by another version of kha: "
		    "use the kha program that the daemon was started from",
		    path);
	}
	if (st.st_size != (off_t)SHM_SIZE) {
		errno = EINVAL;
		return err_add(err, "segment %s is damaged: %lld bytes where %zu belong", path,
		    (long long)st.st_size, SHM_SIZE);
	}
	return 0;
}

int
seg_attach(struct seg *seg, const char *run_dir, struct err *err)
{
	char path[PATH_MAX];
	int saved;

	*seg = nothing;
	if (segment_path(path, run_dir, "", err) < 0)
		return -1;
	/* O_NONBLOCK: somebody's FIFO of that name must not hold us up. */
	seg->ro_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (seg->ro_fd < 0 && errno == ENOENT)
		return err_add(err,
		    "no segment %s: kha does not run there, or never did "
		    "(-r DIR names another run directory)",
		    path);
	if (seg->ro_fd < 0)
		return err_addsys(err, "segment %s", path);
	if (check_file(seg->ro_fd, path, err) < 0)
		goto fail;
	seg->ro = map(seg->ro_fd, 0, SHM_SIZE, PROT_READ);
	if (seg->ro == NULL) {
		err_addsys(err, "segment %s: mmap", path);
		goto fail;
	}
	if (atomic_load_explicit(&seg->ro->head.r.ready, memory_order_acquire) != 1) {
		err_add(
		    err, "segment %s is not complete: kha is just starting, or failed to", path);
		errno = EAGAIN;
		goto fail;
	}
	return 0;
fail:
	saved = errno;
	seg_close(seg);
	errno = saved;
	return -1;
}

static void
unmap(void *p, size_t size)
{
	if (p != NULL)
		munmap(p, size);
}

/* All writable mappings but the arena. */
static void
drop_own(struct seg *seg)
{
	unmap(seg->head, sizeof seg->ro->head);
	unmap(seg->checker, sizeof seg->ro->checker);
	unmap(seg->logger, sizeof seg->ro->logger);
	unmap(seg->vrrp, sizeof seg->ro->vrrp);
	unmap(seg->web, sizeof seg->ro->web);
	unmap(seg->worker, sizeof seg->ro->worker[0]);
	unmap(seg->session, sizeof seg->ro->session[0]);
	seg->head = NULL;
	seg->checker = NULL;
	seg->logger = NULL;
	seg->vrrp = NULL;
	seg->web = NULL;
	seg->worker = NULL;
	seg->session = NULL;
	seg->proc = NULL;
}

static void
drop_arena(struct seg *seg)
{
	unmap(seg->arena, sizeof seg->ro->arena);
	seg->arena = NULL;
}

void
seg_close(struct seg *seg)
{
	drop_own(seg);
	drop_arena(seg);
	unmap((void *)(uintptr_t)seg->ro, SHM_SIZE);
	if (seg->ro_fd >= 0)
		close(seg->ro_fd);
	if (seg->rw_fd >= 0)
		close(seg->rw_fd);
	*seg = nothing;
}

/* Maps the region of a kind of process; its beat and ready stand at its start. */
static int
map_own(struct seg *seg, enum proc_kind kind, unsigned entry)
{
	size_t offset, size;
	void *p;

	switch (kind) {
	case PROC_CHECKER:
		offset = offsetof(struct shm, checker);
		size = sizeof seg->ro->checker;
		break;
	case PROC_LOGGER:
		offset = offsetof(struct shm, logger);
		size = sizeof seg->ro->logger;
		break;
	case PROC_VRRP:
		offset = offsetof(struct shm, vrrp);
		size = sizeof seg->ro->vrrp;
		break;
	case PROC_WEB:
		offset = offsetof(struct shm, web);
		size = sizeof seg->ro->web;
		break;
	case PROC_WORKER:
		if (entry >= ENTRY_WORKER0 && entry < SHM_ENTRIES) {
			size = sizeof seg->ro->worker[0];
			offset = offsetof(struct shm, worker) + (entry - ENTRY_WORKER0) * size;
			break;
		}
		/* fall through */
	default:
		errno = EINVAL;
		return -1;
	}
	if (reserve(seg->rw_fd, offset, size) < 0)
		return -1;
	p = map_rw(seg, offset, size);
	if (p == NULL)
		return -1;
	seg->checker = kind == PROC_CHECKER ? p : NULL;
	seg->logger = kind == PROC_LOGGER ? p : NULL;
	seg->vrrp = kind == PROC_VRRP ? p : NULL;
	seg->web = kind == PROC_WEB ? p : NULL;
	seg->worker = kind == PROC_WORKER ? p : NULL;
	seg->proc = p;
	/* Its rows are not reserved: most are never used (see worker/sessions.c). */
	if (kind != PROC_WORKER)
		return 0;
	size = sizeof seg->ro->session[0];
	seg->session =
	    map_rw(seg, offsetof(struct shm, session) + (entry - ENTRY_WORKER0) * size, size);
	return seg->session != NULL ? 0 : -1;
}

int
seg_own(struct seg *seg, enum proc_kind kind, unsigned entry, struct err *err)
{
	int result, saved;

	/* First away with everything: a failure must not leave the master's rights. */
	drop_own(seg);
	if (kind != PROC_WORKER)
		drop_arena(seg);
	result = map_own(seg, kind, entry);
	saved = errno;
	close(seg->rw_fd);
	seg->rw_fd = -1;
	if (result < 0)
		drop_arena(seg);
	errno = saved;
	if (result < 0)
		return err_addsys(
		    err, "segment: region of %s, entry %u", proc_kind_name(kind), entry);
	return 0;
}
