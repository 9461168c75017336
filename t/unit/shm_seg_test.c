/* SPDX-License-Identifier: BSD-2-Clause */
/* Making, mapping and protecting the segment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/stat.h"
#include "t/unit/shm_fixture.h"

static void
segment__created__is_sparse_private_to_writers_and_not_ready(void **state)
{
	struct fixture f;
	struct seg reader;
	struct stat st;
	struct err err;

	(void)state;
	umask(077);
	fixture_open(&f);
	assert_int_equal(fstat(f.seg.ro_fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_size, SHM_SIZE);
	assert_true(st.st_blocks * 512 < 2 * 1024 * 1024);
	assert_true(f.seg.ro->head.r.magic == SHM_MAGIC);
	assert_ptr_equal(f.seg.proc, &f.seg.head->self);
	err_init(&err);
	assert_int_equal(seg_attach(&reader, f.dir, &err), -1);
	assert_int_equal(errno, EAGAIN);
	assert_non_null(strstr(err_end(&err), "is not complete: kha is just starting"));
	seg_publish(&f.seg);
	assert_int_equal(seg_attach(&reader, f.dir, &err), 0);
	assert_null(reader.head);
	assert_null(reader.arena);
	assert_null(reader.proc);
	assert_int_equal(reader.rw_fd, -1);
	seg_beat(&reader, mono_now()); /* does nothing, and no harm */
	seg_close(&reader);
	fixture_close(&f);
}

static void
segment__absent__is_explained(void **state)
{
	struct seg seg;
	struct err err;

	(void)state;
	err_init(&err);
	assert_int_equal(seg_attach(&seg, "/nonexistent/kha", &err), -1);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(err_end(&err),
	    "no segment /nonexistent/kha/kha.shm: kha does not run there, or never did "
	    "(-r DIR names another run directory)");
	seg_close(&seg); /* of what never opened */
}

static void
segment__of_another_layout_or_of_nobody__is_refused(void **state)
{
	char path[256];
	struct fixture f;
	struct seg reader;
	struct err err;
	int fd;

	(void)state;
	fixture_open(&f);
	seg_publish(&f.seg);
	f.seg.head->layout++;
	err_init(&err);
	assert_int_equal(seg_attach(&reader, f.dir, &err), -1);
	assert_int_equal(errno, EPROTO);
	assert_non_null(strstr(err_end(&err), "was made by another version of kha"));
	f.seg.head->layout--;
	f.seg.head->magic = 0;
	err_init(&err);
	assert_int_equal(seg_attach(&reader, f.dir, &err), -1);
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(err_end(&err), "kha.shm is not a segment of kha"));
	f.seg.head->magic = SHM_MAGIC;
	munmap(f.all, SHM_SIZE);
	assert_int_equal(ftruncate(f.seg.rw_fd, SHM_PAGE), 0);
	err_init(&err);
	assert_int_equal(seg_attach(&reader, f.dir, &err), -1);
	assert_non_null(strstr(err_end(&err), "is damaged: 4096 bytes where"));
	/* A directory, an empty file and a FIFO of that name. */
	snprintf(path, sizeof path, "%s/%s", f.dir, SHM_FILE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(seg_attach(&reader, f.dir, &err), -1);
	assert_int_equal(rmdir(path), 0);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(seg_attach(&reader, f.dir, &err), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(seg_attach(&reader, f.dir, &err), -1);
	assert_int_equal(errno, EINVAL);
	f.all = mmap(NULL, SHM_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fixture_close(&f);
}

static void
segment__where_nobody_may_write__is_refused_and_leaves_nothing(void **state)
{
	struct seg seg;
	struct err err;

	(void)state;
	err_init(&err);
	assert_int_equal(seg_create(&seg, "/proc/self", &err), -1);
	assert_non_null(strstr(err_end(&err), "segment /proc/self/kha.shm.new: "));
	assert_int_equal(seg.ro_fd, -1);
	assert_int_equal(seg_create(&seg, "/nonexistent", &err), -1);
	assert_int_equal(errno, ENOENT);
}

static void
segment__of_a_restarted_daemon__replaces_the_old_one_whole(void **state)
{
	struct fixture f;
	struct seg second, reader;
	struct err err;

	(void)state;
	fixture_open(&f);
	f.seg.head->master.reload_ok = 7;
	seg_publish(&f.seg);
	err_init(&err);
	assert_int_equal(seg_attach(&reader, f.dir, &err), 0);
	assert_int_equal(seg_create(&second, f.dir, &err), 0);
	/* Who has the old one keeps it; the new one starts at zero. */
	assert_int_equal(STAT_GET(&reader.ro->head.r.master, reload_ok), 7);
	assert_int_equal(STAT_GET(&second.ro->head.r.master, reload_ok), 0);
	seg_close(&reader);
	assert_int_equal(seg_attach(&reader, f.dir, &err), -1);
	assert_int_equal(errno, EAGAIN);
	seg_publish(&second);
	assert_int_equal(seg_attach(&reader, f.dir, &err), 0);
	seg_close(&reader);
	seg_close(&second);
	fixture_close(&f);
}

/* Bytes of the segment that this process may write, by the kernel's own account. */
static size_t
writable_bytes(void)
{
	unsigned long from, to;
	char line[512], prot[8];
	size_t sum = 0;
	FILE *maps = fopen("/proc/self/maps", "re");

	if (maps == NULL)
		_exit(98);
	while (fgets(line, sizeof line, maps) != NULL)
		if (strstr(line, SHM_FILE) != NULL &&
		    sscanf(line, "%lx-%lx %7s", &from, &to, prot) == 3 && prot[1] == 'w')
			sum += to - from;
	fclose(maps);
	return sum;
}

static void
own(struct fixture *f, enum proc_kind kind, unsigned entry)
{
	struct err err;

	munmap(f->all, SHM_SIZE); /* the fixture's own, which no process of kha has */
	err_init(&err);
	if (seg_own(&f->seg, kind, entry, &err) != 0)
		_exit(97);
}

static void
child__after_seg_own__may_write_its_region_and_nothing_else(void **state)
{
	static const struct {
		enum proc_kind kind;
		unsigned entry;
		size_t size;
	} rows[] = {
	    {PROC_CHECKER, ENTRY_CHECKER, sizeof(((struct shm *)NULL)->checker)},
	    {PROC_LOGGER, ENTRY_LOGGER, sizeof(((struct shm *)NULL)->logger)},
	    {PROC_WORKER, ENTRY_WORKER0 + 3,
		sizeof(((struct shm *)NULL)->worker[0]) + sizeof(((struct shm *)NULL)->session[0]) +
		    sizeof(((struct shm *)NULL)->arena)},
	};
	struct fixture f;
	pid_t pid;

	(void)state;
	fixture_open(&f);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		pid = fixture_fork();
		if (pid == 0) {
			own(&f, rows[i].kind, rows[i].entry);
			seg_beat(&f.seg, (struct mono){12345});
			seg_ready(&f.seg, 6);
			_exit(writable_bytes() == rows[i].size && f.seg.rw_fd == -1 &&
				      f.seg.head == NULL
				  ? 0
				  : 1);
		}
		assert_int_equal(fixture_wait(pid), 0);
		assert_int_equal(seg_proc(&f.seg, rows[i].entry)->beat_us, 12345);
		assert_int_equal(seg_proc(&f.seg, rows[i].entry)->ready, 6);
	}
	assert_int_equal(f.seg.ro->worker[2].r.proc.ready, 0);
	fixture_close(&f);
}

static void
child__of_a_kind_without_region__keeps_no_rights(void **state)
{
	struct fixture f;
	struct err err;
	pid_t pid;

	(void)state;
	fixture_open(&f);
	pid = fixture_fork();
	if (pid == 0) {
		munmap(f.all, SHM_SIZE);
		err_init(&err);
		_exit(seg_own(&f.seg, PROC_WORKER, ENTRY_CHECKER, &err) == -1 && errno == EINVAL &&
			      err.count == 1 && writable_bytes() == 0
			  ? 0
			  : 1);
	}
	assert_int_equal(fixture_wait(pid), 0);
	fixture_close(&f);
}

/* What a stray pointer does: writes through the read-only mapping. */
static int
write_through(struct fixture *f, size_t offset, bool mprotect_first)
{
	volatile char *p = (volatile char *)(uintptr_t)f->seg.ro + offset;
	void *page = (void *)((uintptr_t)p / SHM_PAGE * SHM_PAGE);
	pid_t pid = fixture_fork();

	if (pid > 0)
		return fixture_wait(pid);
	own(f, PROC_WORKER, ENTRY_WORKER0);
	if (mprotect_first &&
	    (mprotect(page, SHM_PAGE, PROT_READ | PROT_WRITE) == 0 || errno != EACCES))
		_exit(1);
	*p = 1;
	_exit(2);
}

static void
child__that_writes_a_foreign_region__faults_even_after_mprotect(void **state)
{
	const size_t regions[] = {
	    offsetof(struct shm, head), offsetof(struct shm, logger), offsetof(struct shm, checker),
	    offsetof(struct shm, worker) + sizeof(((struct shm *)NULL)->worker[0]),
	    offsetof(struct shm, worker), /* its own, but through the read-only mapping */
	};
	struct fixture f;

	(void)state;
	fixture_open(&f);
	for (unsigned i = 0; i < sizeof regions / sizeof *regions; i++) {
		assert_int_equal(write_through(&f, regions[i], false), 256 + SIGSEGV);
		assert_int_equal(write_through(&f, regions[i], true), 256 + SIGSEGV);
	}
	fixture_close(&f);
}

static void
entries__without_region__are_null(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f);
	assert_ptr_equal(seg_proc(&f.seg, ENTRY_WEB), &f.seg.ro->web.r.proc);
	assert_null(seg_proc(&f.seg, SHM_ENTRIES));
	assert_null(seg_worker(&f.seg, ENTRY_CHECKER));
	assert_null(seg_worker(&f.seg, SHM_ENTRIES));
	assert_ptr_equal(seg_worker(&f.seg, SHM_ENTRIES - 1),
	    &f.seg.ro->worker[SHM_WORKERS * SHM_GENERATIONS - 1]);
	assert_string_equal(proc_kind_name(PROC_WORKER), "worker");
	assert_string_equal(proc_kind_name((enum proc_kind)77), "?");
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(segment__created__is_sparse_private_to_writers_and_not_ready),
	    cmocka_unit_test(segment__absent__is_explained),
	    cmocka_unit_test(segment__of_another_layout_or_of_nobody__is_refused),
	    cmocka_unit_test(segment__where_nobody_may_write__is_refused_and_leaves_nothing),
	    cmocka_unit_test(segment__of_a_restarted_daemon__replaces_the_old_one_whole),
	    cmocka_unit_test(child__after_seg_own__may_write_its_region_and_nothing_else),
	    cmocka_unit_test(child__of_a_kind_without_region__keeps_no_rights),
	    cmocka_unit_test(child__that_writes_a_foreign_region__faults_even_after_mprotect),
	    cmocka_unit_test(entries__without_region__are_null),
	};

	return cmocka_run_group_tests_name("shm/seg", tests, NULL, NULL);
}
