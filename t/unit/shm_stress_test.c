/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits and sums while workers are killed, at any instruction and by the thousand. */
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
#include <sys/mman.h>
#include <unistd.h>

#include "shm/limit.h"
#include "t/unit/shm_fixture.h"

#define CHILDREN   3
#define LIMIT	   2
#define GIVE_UP_MS 120000 /* a test that waits longer for a fact has failed */

/* What the processes of a test tell each other, beside the segment. */
struct notes {
	_Atomic bool stop;
	_Atomic uint64_t turns[CHILDREN]; /* loops done */
	_Atomic uint64_t full[CHILDREN], two_holders[CHILDREN];
	_Atomic uint64_t accepted[CHILDREN];
	_Atomic uint32_t holder[LIMIT]; /* by word: who says that it holds it, + 1 */
	_Atomic uint64_t sums, sum_noes, steps_back;
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

static struct shm_limit *
the_limit(void)
{
	return &f.seg.arena->server_limit[3];
}

static _Noreturn void
take_and_give(unsigned child)
{
	const uint32_t me = child + 1;
	unsigned seed = (unsigned)getpid();
	int word;

	become(PROC_WORKER, ENTRY_WORKER0 + child);
	for (;; add(&notes->turns[child])) {
		word =
		    limit_take(the_limit(), LIMIT, ENTRY_WORKER0 + child, (unsigned)rand_r(&seed));
		if (word < 0) {
			add(&notes->full[child]);
			sched_yield(); /* let a holder go on */
			continue;
		}
		if (word >= LIMIT || atomic_exchange(&notes->holder[word], me) != 0)
			add(&notes->two_holders[child]);
		for (volatile int work = rand_r(&seed) % 64; work > 0; work--)
			;
		atomic_store(&notes->holder[word], 0);
		limit_give(the_limit(), word);
	}
}

static pid_t
start(unsigned child, void (*run)(unsigned child))
{
	pid_t pid;

	fixture_worker(&f, ENTRY_WORKER0 + child, child, 1);
	if ((pid = fixture_fork()) == 0)
		run(child);
	return pid;
}

/* Waits for the child to have done something, and then not always the same time. */
static void
let_work(unsigned child)
{
	uint64_t before = notes->turns[child];

	while (notes->turns[child] < before + 5) {
		assert_false(late());
		sched_yield();
	}
	for (volatile int spin = rand() % 2000; spin > 0; spin--)
		;
}

/* Words of the limit that `child` owns, by the segment's account. */
static unsigned
owned(unsigned child)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LIMIT; i++)
		n += the_limit()->word[i] == ENTRY_WORKER0 + child + 1;
	return n;
}

static void
bury(unsigned child, pid_t pid)
{
	uint32_t me;

	kill_and_wait(pid);
	for (unsigned i = 0; i < LIMIT; i++) {
		me = child + 1;
		atomic_compare_exchange_strong(&notes->holder[i], &me, 0);
	}
}

static void
limit__whose_holders_are_killed_3000_times__leaks_no_slot(void **state)
{
	uint64_t full = 0, two_holders = 0;
	unsigned kills, holding = 0;
	pid_t pid[CHILDREN];

	(void)state;
	for (unsigned i = 0; i < CHILDREN; i++)
		pid[i] = start(i, take_and_give);
	for (kills = 0; kills < 3000; kills++) {
		unsigned child = (unsigned)rand() % CHILDREN;

		let_work(child);
		bury(child, pid[child]);
		holding += owned(child) > 0;
		seg_reap(&f.seg, ENTRY_WORKER0 + child);
		assert_int_equal(owned(child), 0);
		assert_true(limit_held(the_limit()) <= LIMIT);
		pid[child] = start(child, take_and_give);
	}
	for (unsigned i = 0; i < CHILDREN; i++) {
		bury(i, pid[i]);
		seg_reap(&f.seg, ENTRY_WORKER0 + i);
		full += notes->full[i];
		two_holders += notes->two_holders[i];
	}
	print_message("%u kills, %u of them of a holder; %" PRIu64 " times full, %" PRIu64
		      " times more than %d holders\n",
	    kills, holding, full, two_holders, LIMIT);
	assert_int_equal(two_holders, 0);
	assert_int_equal(limit_held(the_limit()), 0);
	assert_true(holding >= 300);
	assert_true(full > 0);
}

/* ---- sums ---- */

static _Noreturn void
count(unsigned child)
{
	struct stat_slab *s;

	become(PROC_WORKER, ENTRY_WORKER0 + child);
	s = &f.seg.worker->stat;
	for (uint64_t k = 0;; k++) {
		STAT_ADD(&s->worker, accepted, 1);
		STAT_ADD(&s->worker, active, 1);
		STAT_ADD(&s->service[1], accepted, 1);
		STAT_ADD(&s->server[k % SHM_SERVERS], bytes_in, k);
		STAT_SET(&s->server[k % SHM_SERVERS], last_byte, mono_ms(mono_now()));
		add(&notes->accepted[child]);
		if (k % 8 == 0)
			continue; /* stays open */
		STAT_ADD(&s->worker, close_done, 1);
		STAT_ADD(&s->worker, active, -1);
		add(&notes->turns[child]);
	}
}

/* No counter and no stamp of `now` is smaller than in `then`. */
static bool
steps_back(const struct stat_slab *now, const struct stat_slab *then)
{
	const struct stat_set *set = &stat_sets[STAT_SET_WORKER];

	for (unsigned i = 0; i < set->n; i++)
		if (set->rows[i].kind != STAT_GAUGE &&
		    stat_row(&now->worker, i) < stat_row(&then->worker, i))
			return true;
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		if (STAT_GET(&now->server[i], bytes_in) < STAT_GET(&then->server[i], bytes_in) ||
		    STAT_GET(&now->server[i], last_byte) < STAT_GET(&then->server[i], last_byte))
			return true;
	return STAT_GET(&now->service[1], accepted) < STAT_GET(&then->service[1], accepted);
}

static _Noreturn void
sum_up(void)
{
	struct stat_slab *sums = calloc(2, sizeof *sums);

	for (unsigned i = 0; !notes->stop;) {
		if (!stat_sum(&f.seg, &sums[i % 2])) {
			add(&notes->sum_noes);
			continue;
		}
		add(&notes->sums);
		if (i > 0 && steps_back(&sums[i % 2], &sums[(i + 1) % 2]))
			add(&notes->steps_back);
		i++;
	}
	_exit(0);
}

static void
totals__while_workers_are_killed_and_reaped__never_step_back(void **state)
{
	struct stat_slab *sum = calloc(1, sizeof *sum);
	uint64_t counted = 0, closed = 0, died = 0;
	pid_t reader, pid[CHILDREN];
	unsigned kills;

	(void)state;
	for (unsigned i = 0; i < CHILDREN; i++)
		pid[i] = start(i, count);
	if ((reader = fixture_fork()) == 0)
		sum_up();
	for (kills = 0; kills < 500 || (notes->sums < 2000 && !late()); kills++) {
		unsigned child = (unsigned)rand() % CHILDREN;

		let_work(child);
		kill_and_wait(pid[child]);
		died += seg_reap(&f.seg, ENTRY_WORKER0 + child);
		if (kills % 2 == 0) /* as when a generation ends and another slot begins */
			f.seg.head->proc[ENTRY_WORKER0 + child].kind = PROC_NONE;
		pid[child] = start(child, count);
	}
	for (unsigned i = 0; i < CHILDREN; i++) {
		kill_and_wait(pid[i]);
		died += seg_reap(&f.seg, ENTRY_WORKER0 + i);
		counted += notes->accepted[i];
	}
	notes->stop = true;
	assert_int_equal(fixture_wait(reader), 0);
	assert_true(stat_sum(&f.seg, sum));
	for (int r = 0; r < CLOSE_REASONS; r++)
		closed += *close_counter(&sum->worker, (enum close_reason)r);
	print_message("%u kills, %" PRIu64 " sums, %" PRIu64 " times told no, %" PRIu64
		      " steps back; %" PRIu64 " accepted, %" PRIu64 " died\n",
	    kills, notes->sums, notes->sum_noes, notes->steps_back,
	    STAT_GET(&sum->worker, accepted), died);
	assert_int_equal(notes->steps_back, 0);
	assert_true(notes->sums >= 2000);
	assert_int_equal(STAT_GET(&sum->worker, accepted), closed);
	assert_int_equal(STAT_GET(&sum->worker, close_worker_died), died);
	assert_int_equal(STAT_GET(&sum->worker, active), 0);
	/* Nothing was lost: each child may have died between its counter and its note. */
	assert_in_range(STAT_GET(&sum->worker, accepted) - counted, 0, kills + CHILDREN);
	free(sum);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		limit__whose_holders_are_killed_3000_times__leaks_no_slot, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		totals__while_workers_are_killed_and_reaped__never_step_back, setup, teardown),
	};

	return cmocka_run_group_tests_name("shm/stress", tests, NULL, NULL);
}
