/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "t/unit/shm_fixture.h"
#include "web/html.h"
#include "web/page.h"

static struct fixture f;
static struct dump *d;
static struct history history;

static int
open_sample(void **state)
{
	(void)state;
	memset(&history, 0, sizeof history);
	fixture_open(&f);
	fixture_sample(&f);
	fixture_vip(&f);
	d = fixture_dump(&f);
	return 0;
}

static int
close_sample(void **state)
{
	(void)state;
	free(d);
	fixture_close(&f);
	return 0;
}

/* free() it. */
static char *
page(const struct dump *before, int refresh_ms, bool still)
{
	const struct page p = {d, before, &history, "/stats", refresh_ms, still};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	page_write(&p, out);
	fclose(out);
	return text;
}

static unsigned
count(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)) != NULL; text += strlen(word))
		n++;
	return n;
}

/* Each element that is opened is closed, in order. */
static void
assert_well_formed(const char *text)
{
	static const char *const empty[] = {"meta", "link", "path", "!DOCTYPE"};
	char open[32][16];
	unsigned depth = 0;

	while ((text = strchr(text, '<')) != NULL) {
		char name[16] = "";
		bool closes = text[1] == '/', alone = false;

		sscanf(text + 1 + closes, "%15[A-Za-z0-9!]", name);
		text = strchr(text, '>');
		assert_non_null(text);
		for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
			alone = alone || strcmp(name, empty[i]) == 0;
		if (alone)
			continue;
		if (!closes) {
			assert_true(depth < 32);
			strcpy(open[depth++], name);
			continue;
		}
		assert_true(depth > 0);
		if (strcmp(open[--depth], name) != 0)
			fail_msg("</%s> closes <%s>: %.60s", name, open[depth], text);
	}
	assert_int_equal(depth, 0);
}

static void
assert_shown(const char *text, const char *name)
{
	char *html = NULL;
	size_t size;
	FILE *out = open_memstream(&html, &size);

	html_text(out, name);
	fclose(out);
	if (strstr(text, html) == NULL)
		fail_msg("%s is not on the page", html);
	free(html);
}

static void
page__of_the_sample__shows_all_and_is_well_formed(void **state)
{
	char *text = page(NULL, 5000, false);

	(void)state;
	assert_well_formed(text);
	for (unsigned i = 0; i < d->n_services; i++) {
		const struct dump_service *s = &d->services[i];

		assert_shown(text, d->table.service[s->index].name);
		for (unsigned k = 0; k < s->n; k++)
			assert_shown(text, d->table.server[d->servers[s->first + k]].name);
	}
	assert_non_null(strstr(text, ">DOWN<"));
	/* In the colours of kha stat. */
	assert_non_null(strstr(text, "class=\"down\">FAIL-OPEN<"));
	assert_non_null(strstr(text, ">MASTER<"));
	assert_non_null(strstr(text, d->vip[0].name));
	assert_non_null(strstr(text, "class=\"warnings\""));
	/* Rows have as many cells as their heading. */
	assert_int_equal(
	    count(text, "<td"), 9 * d->n_vips + 13 * count(text, "class=\"t n\"") + 6 * d->n_procs);
	assert_int_equal(count(text, "class=\"t n\""), d->services[0].n + d->services[1].n);
	/* Nothing that runs, nothing from elsewhere. */
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "://"));
	assert_null(strstr(text, " style="));
	assert_null(strstr(text, " on"
				 "click"));
	free(text);
}

static void
page__reloads_itself__unless_told_not_to(void **state)
{
	char *text = page(NULL, 4001, false);

	(void)state;
	assert_non_null(strstr(text, "http-equiv=\"refresh\" content=\"5\""));
	assert_non_null(strstr(text, ">pause<"));
	free(text);
	text = page(NULL, 5000, true);
	assert_null(strstr(text, "http-equiv"));
	assert_non_null(strstr(text, ">resume<"));
	free(text);
	text = page(NULL, 0, false);
	assert_null(strstr(text, "http-equiv"));
	assert_null(strstr(text, ">pause<"));
	free(text);
}

static void
text__of_any_kind__is_only_text(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	html_text(out, "<b a=\"1\" c='2'>&amp;</b>");
	fclose(out);
	assert_string_equal(text, "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
	free(text);
	snprintf(d->vip[0].reason, sizeof d->vip[0].reason, "<script>alert(1)</script>");
	snprintf(d->info.config, sizeof d->info.config, "/etc/\"><img src=x>");
	text = page(NULL, 5000, false);
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "<img"));
	assert_well_formed(text);
	free(text);
}

static void
rates__need_an_older_copy_of_the_same_server(void **state)
{
	unsigned first = d->servers[d->services[0].first];
	struct dump *before = malloc(sizeof *before);
	char *text;

	(void)state;
	assert_non_null(before);
	*before = *d;
	before->now.us -= 4 * 1000000;
	STAT_ADD(&d->sum.server[first], connected, 30);
	text = page(before, 0, false);
	assert_non_null(strstr(text, "data-l=\"new/s\" class=\"s\"><span>7.5</span>"));
	free(text);
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		before->table.server[i].id++;
	text = page(before, 0, false);
	assert_null(strstr(text, ">7.5<"));
	assert_non_null(strstr(text, "data-l=\"new/s\" class=\"s\"><span>-</span>"));
	free(text);
	free(before);
}

static void
history__of_a_server__is_its_own_and_has_an_end(void **state)
{
	unsigned first = d->servers[d->services[0].first];
	const struct series *s;

	(void)state;
	assert_null(history_server(&history, d, first));
	for (unsigned i = 0; i < HISTORY_POINTS + 5; i++) {
		STAT_SET(&d->sum.server[first], active, i);
		STAT_ADD(&d->sum.server[first], connected, 20);
		d->health[first].check_ms = (int)i + 1;
		assert_true(history_is_due(&history, d->now));
		history_take(&history, d);
		assert_false(history_is_due(&history, d->now));
		history_take(&history, d); /* nothing: too early */
		d->now.us += HISTORY_MS * 1000;
	}
	s = history_server(&history, d, first);
	assert_non_null(s);
	assert_int_equal(s->n, HISTORY_POINTS);
	assert_int_equal(history_at(&history, s, HISTORY_ACTIVE, 0), 5);
	assert_int_equal(
	    history_at(&history, s, HISTORY_ACTIVE, HISTORY_POINTS - 1), HISTORY_POINTS + 4);
	assert_int_equal(
	    history_at(&history, s, HISTORY_RATE, HISTORY_POINTS - 1), 20); /* tenths */
	assert_int_equal(history_at(&history, s, HISTORY_CHECK, 0), 6);
	/* Another server in the same row. */
	d->table.server[first].id += 1000;
	assert_null(history_server(&history, d, first));
	history_take(&history, d);
	s = history_server(&history, d, first);
	assert_int_equal(s->n, 1);
	assert_int_equal(history_at(&history, s, HISTORY_RATE, 0), 0);
	/* Who stood still has seen nothing in between. */
	d->now.us += 4 * HISTORY_MS * 1000;
	history_take(&history, d);
	assert_int_equal(history_server(&history, d, first)->n, 1);
}

static void
curve__ends_at_the_right_edge_with_the_newest(void **state)
{
	unsigned first = d->servers[d->services[0].first];
	static const unsigned values[] = {0, 9, 18};
	char *text;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		STAT_SET(&d->sum.server[first], active, values[i]);
		history_take(&history, d);
		d->now.us += HISTORY_MS * 1000;
	}
	text = page(NULL, 0, false);
	assert_non_null(strstr(
	    text, "<title>connections: now 18, at most 18</title><path d=\"M87 19h1V10h1V1h1\"/>"));
	assert_well_formed(text);
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_sample, close_sample)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(page__of_the_sample__shows_all_and_is_well_formed),
	    TEST(page__reloads_itself__unless_told_not_to),
	    TEST(text__of_any_kind__is_only_text),
	    TEST(rates__need_an_older_copy_of_the_same_server),
	    TEST(history__of_a_server__is_its_own_and_has_an_end),
	    TEST(curve__ends_at_the_right_edge_with_the_newest),
	};

	return cmocka_run_group_tests_name("web/page", tests, NULL, NULL);
}
