/* SPDX-License-Identifier: BSD-2-Clause */
/* Health cells and the candidates rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/health.h"
#include "t/unit/shm_fixture.h"

#define NOW_MS 1000000

/*
 * A service in one word a server, separated by blanks:
 *	state	u(p) n(otready) h(ung) d(own)
 *	then	b backup, D drain, M maint, R removed, F free row, 0 weight 0,
 *		o of another service, + a byte 10,000 ms ago, - a byte 10,001 ms ago
 * Servers are 0, 1, 2, ...; positions are as listed unless the test says otherwise.
 */
struct world {
	struct shm_table t;
	uint8_t state[SHM_SERVERS];
	uint64_t last_byte_ms[SHM_SERVERS];
};

static void
apply(struct world *w, unsigned i, char c)
{
	struct shm_server *s = &w->t.server[i];

	switch (c) {
	case 'u':
		w->state[i] = STATE_UP;
		break;
	case 'n':
		w->state[i] = STATE_NOTREADY;
		break;
	case 'h':
		w->state[i] = STATE_HUNG;
		break;
	case 'd':
		w->state[i] = STATE_DOWN;
		break;
	case 'b':
		s->backup = 1;
		break;
	case 'D':
		s->admin = ADMIN_DRAIN;
		break;
	case 'M':
		s->admin = ADMIN_MAINT;
		break;
	case 'R':
		s->state = ROW_REMOVED;
		break;
	case 'F':
		s->state = ROW_FREE;
		break;
	case '0':
		s->weight = 0;
		break;
	case 'o':
		s->service = 2;
		break;
	case '+':
		w->last_byte_ms[i] = NOW_MS - FAIL_OPEN_BYTE_MS;
		break;
	case '-':
		w->last_byte_ms[i] = NOW_MS - FAIL_OPEN_BYTE_MS - 1;
		break;
	default:
		fail_msg("letter %c", c);
	}
}

static void
build(struct world *w, const char *spec)
{
	unsigned i = 0;

	memset(w, 0, sizeof *w);
	for (; *spec != '\0'; spec++) {
		struct shm_server *s = &w->t.server[i];

		if (*spec == ' ') {
			i++;
			continue;
		}
		if (w->t.n_servers == i) {
			*s = (struct shm_server){.state = ROW_ACTIVE, .service = 1, .weight = 1};
			s->position = i;
			w->t.n_servers = i + 1;
		}
		apply(w, i, *spec);
	}
}

static const char *const class_names[] = {
    [CANDIDATES_NONE] = "none",
    [CANDIDATES_UP] = "up",
    [CANDIDATES_BACKUP] = "backup",
    [CANDIDATES_FAIL_OPEN] = "fail-open",
};

/* "up 0 2" */
static void
ask(const struct world *w, char *text, size_t size)
{
	uint16_t list[SHM_SERVERS];
	unsigned n;
	enum candidates c = health_candidates(
	    &w->t, 1, w->state, w->last_byte_ms, (struct mono){NOW_MS * 1000}, list, &n);
	int len = snprintf(text, size, "%s", class_names[c]);

	for (unsigned i = 0; i < n; i++)
		len += snprintf(text + len, size - (size_t)len, " %u", list[i]);
}

static void
candidates__follow_the_rule_of_the_design(void **state)
{
	static const struct {
		const char *spec, *expect;
	} rows[] = {
	    {"u u u", "up 0 1 2"},
	    {"", "none"},
	    /* UP before everything else, whatever else would do. */
	    {"u n d+ ub", "up 0"},
	    {"n u", "up 1"},
	    {"d d u", "up 2"},
	    /* Backups only when no other is UP. */
	    {"u ub", "up 0"},
	    {"d ub ub", "backup 1 2"},
	    {"n ub", "backup 1"},
	    {"h ub", "backup 1"},
	    {"ub", "backup 0"},
	    {"d+ ub", "backup 1"},
	    /* Fail open: none UP at all; those that accept TCP or sent a byte lately. */
	    {"n n n", "fail-open 0 1 2"},
	    {"n d", "fail-open 0"},
	    {"h d", "fail-open 0"},
	    {"d+ d", "fail-open 0"},
	    {"d- d", "none"},
	    {"d d+ n", "fail-open 1 2"},
	    {"d nb", "fail-open 1"},
	    {"n nb", "fail-open 0 1"},
	    {"d d", "none"},
	    {"d db", "none"},
	    /* DRAIN, MAINT, REMOVED and weight 0 never count. */
	    {"uD u", "up 1"},
	    {"uM u", "up 1"},
	    {"uR u", "up 1"},
	    {"u0 u", "up 1"},
	    {"uF u", "up 1"},
	    {"uD", "none"},
	    {"uM nD d+R n0", "none"},
	    {"uM n", "fail-open 1"},
	    {"uD ub", "backup 1"},
	    {"ubD d", "none"},
	    /* Other services are others. */
	    {"uo n", "fail-open 1"},
	    {"uo uo", "none"},
	    {"u uo u", "up 0 2"},
	};
	struct world *w = malloc(sizeof *w);
	char got[128];

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		build(w, rows[i].spec);
		ask(w, got, sizeof got);
		if (strcmp(got, rows[i].expect) != 0)
			fail_msg("\"%s\": %s, expected %s", rows[i].spec, got, rows[i].expect);
	}
	free(w);
}

static void
candidates__are_in_the_order_of_the_file(void **state)
{
	struct world *w = malloc(sizeof *w);
	char got[128];

	(void)state;
	build(w, "u u u u");
	w->t.server[0].position = 3;
	w->t.server[1].position = 0;
	w->t.server[2].position = 2;
	w->t.server[3].position = 1;
	ask(w, got, sizeof got);
	assert_string_equal(got, "up 1 3 2 0");
	free(w);
}

static void
candidates__of_a_full_table__all_fit(void **state)
{
	struct world *w = malloc(sizeof *w);
	uint16_t list[SHM_SERVERS];
	unsigned n;

	(void)state;
	build(w, "u");
	for (unsigned i = 0; i < SHM_SERVERS; i++) {
		w->t.server[i] = w->t.server[0];
		w->t.server[i].position = SHM_SERVERS - i;
		w->state[i] = STATE_UP;
	}
	w->t.n_servers = UINT32_MAX; /* from a torn table */
	assert_int_equal(
	    health_candidates(&w->t, 1, w->state, w->last_byte_ms, (struct mono){0}, list, &n),
	    CANDIDATES_UP);
	assert_int_equal(n, SHM_SERVERS);
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		assert_int_equal(list[i], SHM_SERVERS - 1 - i);
	free(w);
}

static void
shown__operator_and_file_come_before_checks(void **state)
{
	struct shm_server s = {.state = ROW_ACTIVE, .weight = 1};

	(void)state;
	assert_int_equal(health_shown(&s, STATE_UP), STATE_UP);
	assert_int_equal(health_shown(&s, STATE_HUNG), STATE_HUNG);
	s.weight = 0;
	assert_int_equal(health_shown(&s, STATE_DOWN), STATE_DRAIN);
	s.weight = 1;
	s.admin = ADMIN_DRAIN;
	assert_int_equal(health_shown(&s, STATE_UP), STATE_DRAIN);
	s.admin = ADMIN_MAINT;
	s.weight = 0;
	assert_int_equal(health_shown(&s, STATE_UP), STATE_MAINT);
	s.state = ROW_REMOVED;
	assert_int_equal(health_shown(&s, STATE_UP), STATE_REMOVED);
}

static void
cell__is_read_back_and_counts_changes(void **state)
{
	struct shm_health h = {.id = 7, .state = STATE_UP, .result = RESULT_L7OK, .code = 200}, got;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	f.seg.checker = &f.all->checker.r;
	strcpy(h.text, "GET /readyz: 200");
	assert_int_equal(health_generation(&f.seg), 0);
	health_store(&f.seg, 3, &h, true);
	assert_int_equal(health_generation(&f.seg), 1);
	health_store(&f.seg, 3, &h, false);
	assert_int_equal(health_generation(&f.seg), 1);
	assert_true(health_load(&f.seg, 3, 7, &got));
	assert_memory_equal(&got, &h, sizeof h);
	f.seg.checker = NULL;
	fixture_close(&f);
}

static void
cell__of_another_server_or_in_the_writing__is_never_checked(void **state)
{
	struct shm_health h = {.id = 7, .state = STATE_UP, .check_ms = 5}, got;
	struct fixture f;

	(void)state;
	fixture_open(&f);
	f.seg.checker = &f.all->checker.r;
	health_store(&f.seg, 3, &h, true);
	for (uint32_t id = 8; id >= 7; id--) {
		memset(&got, 0xff, sizeof got);
		assert_false(health_load(&f.seg, 3, id, &got));
		assert_int_equal(got.id, id);
		assert_int_equal(got.state, STATE_NOTREADY);
		assert_int_equal(got.result, RESULT_INI);
		assert_int_equal(got.check_ms, -1);
		assert_int_equal(got.text[0], '\0');
		f.all->checker.r.health[3].seq.n |= 1; /* for the second round */
	}
	f.seg.checker = NULL;
	fixture_close(&f);
}

static void
names__come_from_the_rows(void **state)
{
	(void)state;
	assert_string_equal(server_state_name(STATE_NOTREADY), "NOTREADY");
	assert_string_equal(server_state_name((enum server_state)99), "?");
	assert_string_equal(server_admin_name(ADMIN_READY), "ready");
	assert_string_equal(server_admin_name(ADMIN_DRAIN), "drain");
	assert_string_equal(server_admin_name(ADMIN_MAINT), "maint");
	assert_string_equal(server_admin_name((enum server_admin)99), "?");
	assert_string_equal(check_result_name(RESULT_L7STS), "L7STS");
	assert_string_equal(check_result_name((enum check_result)200), "UNK");
	assert_string_equal(check_result_help(RESULT_L4CON), "connect failed");
	assert_true(check_result_passed(RESULT_L7OKC));
	assert_false(check_result_passed(RESULT_L7STS));
	assert_true(check_result_mute(RESULT_L6TOUT));
	assert_false(check_result_mute(RESULT_L4TOUT));
	assert_true(check_result_accepts(RESULT_L7STS));
	assert_false(check_result_accepts(RESULT_L4TOUT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(candidates__follow_the_rule_of_the_design),
	    cmocka_unit_test(candidates__are_in_the_order_of_the_file),
	    cmocka_unit_test(candidates__of_a_full_table__all_fit),
	    cmocka_unit_test(shown__operator_and_file_come_before_checks),
	    cmocka_unit_test(cell__is_read_back_and_counts_changes),
	    cmocka_unit_test(cell__of_another_server_or_in_the_writing__is_never_checked),
	    cmocka_unit_test(names__come_from_the_rows),
	};

	return cmocka_run_group_tests_name("shm/health", tests, NULL, NULL);
}
