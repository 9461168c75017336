/* SPDX-License-Identifier: BSD-2-Clause */
/* Seqlocked records between processes, one of which may be killed at any instruction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shm/table.h"
#include "t/unit/shm_fixture.h"

#define READERS	   2
#define UPDATES	   10000000
#define GIVE_UP_MS 24000 /* a test that waits longer for a fact has failed */

/* What the readers tell the test. */
struct notes {
	_Atomic bool stop;
	_Atomic uint64_t reads[READERS], noes[READERS], changes[READERS], torn[READERS];
};

static struct fixture f;
static struct notes *notes;
static struct mono started;

static int
setup(void **state)
{
	(void)state;
	fixture_open(&f);
	notes =
	    mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	started = mono_now();
	srand(7);
	return notes == MAP_FAILED ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	munmap(notes, sizeof *notes);
	fixture_close(&f);
	return 0;
}

static bool
late(void)
{
	return mono_diff_ms(started, mono_now()) > GIVE_UP_MS;
}

static void
add(_Atomic uint64_t *n)
{
	atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

/* In a child: gives up what only the master may write, becomes the process of `entry`. */
static void
become(enum proc_kind kind, unsigned entry)
{
	struct err err;

	munmap(f.all, SHM_SIZE);
	err_init(&err);
	if (seg_own(&f.seg, kind, entry, &err) != 0)
		_exit(97);
}

static void
kill_and_wait(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(fixture_wait(pid), 256 + SIGKILL);
}

/* A cell of which every part follows from k. */
static void
fill(struct shm_health *h, uint64_t k)
{
	h->id = 1;
	h->state = (uint8_t)(k % SERVER_STATES);
	h->code = (uint16_t)k;
	h->health = (int32_t)k;
	h->since_us = (int64_t)k;
	h->since_wall_ms = (int64_t)~k;
	h->checked_us = (int64_t)(k * 3);
	h->cert_not_after = (int64_t)(k ^ 0x5555);
	memset(h->text, 'a' + (int)(k % 26), sizeof h->text);
}

static bool
is_torn(const struct shm_health *h)
{
	struct shm_health expect = {0};

	fill(&expect, (uint64_t)h->since_us);
	expect.result = h->result;
	return memcmp(h, &expect, sizeof expect) != 0;
}

static _Noreturn void
read_cell(unsigned reader, bool check)
{
	struct shm_health h;
	int64_t last = -1;

	while (!notes->stop) {
		if (!health_load(&f.seg, 0, 1, &h)) {
			add(&notes->noes[reader]);
			continue;
		}
		add(&notes->reads[reader]);
		if (h.since_us != last)
			add(&notes->changes[reader]);
		last = h.since_us;
		if (check && is_torn(&h))
			add(&notes->torn[reader]);
	}
	_exit(0);
}

static bool
readers_saw(uint64_t changes)
{
	for (unsigned i = 0; i < READERS; i++)
		if (notes->changes[i] < changes)
			return false;
	return true;
}

static void
readers__against_a_writer_that_never_pauses__see_no_torn_cell(void **state)
{
	struct shm_health h = {0};
	pid_t pid[READERS];
	uint64_t k = 0;

	(void)state;
	f.seg.checker = &f.all->checker.r;
	for (unsigned i = 0; i < READERS; i++)
		if ((pid[i] = fixture_fork()) == 0)
			read_cell(i, true);
	/* On a busy machine readers may need longer to have seen something. */
	while (k < UPDATES || !(readers_saw(1000) || late())) {
		fill(&h, ++k);
		health_store(&f.seg, 0, &h, true);
	}
	notes->stop = true;
	f.seg.checker = NULL;
	for (unsigned i = 0; i < READERS; i++) {
		assert_int_equal(fixture_wait(pid[i]), 0);
		print_message("reader %u: %" PRIu64 " reads, %" PRIu64 " different, %" PRIu64
			      " torn, %" PRIu64 " times told no, of %" PRIu64 " updates\n",
		    i, notes->reads[i], notes->changes[i], notes->torn[i], notes->noes[i], k);
		assert_int_equal(notes->torn[i], 0);
		assert_true(notes->changes[i] >= 1000);
	}
	assert_int_equal(health_generation(&f.seg), k);
}

static _Noreturn void
read_table(void)
{
	struct shm_table *t = malloc(sizeof *t);
	uint64_t last = 0;

	while (!notes->stop) {
		if (!table_snapshot(&f.seg, t)) {
			add(&notes->noes[0]);
			continue;
		}
		add(&notes->reads[0]);
		if (t->generation != last)
			add(&notes->changes[0]);
		last = t->generation;
		for (unsigned i = 0; i < SHM_SERVERS; i++)
			if (t->server[i].id != (uint32_t)t->generation)
				add(&notes->torn[0]);
	}
	_exit(0);
}

static void
table__published_all_the_time__is_never_seen_mixed(void **state)
{
	struct shm_table *t = calloc(1, sizeof *t);
	uint64_t k = 0;
	pid_t pid;

	(void)state;
	table_publish(&f.seg, t);
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		t->server[i].id = 2;
	table_publish(&f.seg, t);
	if ((pid = fixture_fork()) == 0)
		read_table();
	for (k = 2; k < 2000 || (notes->changes[0] < 200 && !late()); k++) {
		for (unsigned i = 0; i < SHM_SERVERS; i++)
			t->server[i].id = (uint32_t)k + 1;
		table_publish(&f.seg, t);
		sched_yield();
		/* The master never publishes twice within the time of a copy (100 us from
		 * one core to the other); some pause is needed for a reader ever to
		 * succeed. */
		for (volatile int spin = 0; spin < 300000; spin++)
			;
	}
	notes->stop = true;
	assert_int_equal(fixture_wait(pid), 0);
	print_message("%" PRIu64 " publications, %" PRIu64 " reads, %" PRIu64 " different, %" PRIu64
		      " torn, %" PRIu64 " times told no\n",
	    k, notes->reads[0], notes->changes[0], notes->torn[0], notes->noes[0]);
	assert_int_equal(notes->torn[0], 0);
	assert_true(notes->changes[0] >= 200);
	free(t);
}

static _Noreturn void
write_cells(void)
{
	struct shm_health h = {0};

	become(PROC_CHECKER, ENTRY_CHECKER);
	for (uint64_t k = 1;; k++) {
		fill(&h, k);
		health_store(&f.seg, (unsigned)(k % 2), &h, true);
	}
}

static bool
is_odd(unsigned cell)
{
	return f.seg.ro->checker.r.health[cell].seq.n % 2 == 1;
}

static void
writer__killed_in_the_middle__leaves_readers_going_and_is_repaired(void **state)
{
	unsigned odd = 0, kills = 0;
	struct shm_health h;
	pid_t reader, writer;
	uint64_t before;

	(void)state;
	if ((reader = fixture_fork()) == 0)
		read_cell(0, false);
	while (odd < 100 && !late()) {
		before = health_generation(&f.seg);
		if ((writer = fixture_fork()) == 0)
			write_cells();
		while (health_generation(&f.seg) < before + 10 + (unsigned)rand() % 1000)
			;
		kill_and_wait(writer);
		kills++;
		if (is_odd(0)) {
			odd++;
			assert_false(health_load(&f.seg, 0, 1, &h));
			assert_true(health_load(&f.seg, 1, 1, &h));
			assert_false(is_torn(&h));
			/* The reader is told no, again and again, and hangs nowhere. */
			before = notes->noes[0];
			while (notes->noes[0] < before + 10)
				assert_false(late());
		}
		seg_reap(&f.seg, ENTRY_CHECKER);
		assert_false(is_odd(0) || is_odd(1));
		assert_true(health_load(&f.seg, 0, 1, &h));
		assert_true(health_load(&f.seg, 1, 1, &h));
		before = notes->reads[0];
		while (notes->reads[0] < before + 10)
			assert_false(late());
	}
	notes->stop = true;
	assert_int_equal(fixture_wait(reader), 0);
	print_message("%u kills, %u of them in the middle of the cell that is read: %" PRIu64
		      " reads, %" PRIu64 " times told no\n",
	    kills, odd, notes->reads[0], notes->noes[0]);
	assert_true(odd >= 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		readers__against_a_writer_that_never_pauses__see_no_torn_cell, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		table__published_all_the_time__is_never_seen_mixed, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		writer__killed_in_the_middle__leaves_readers_going_and_is_repaired, setup,
		teardown),
	};

	return cmocka_run_group_tests_name("shm/seqlock", tests, NULL, NULL);
}
