/* SPDX-License-Identifier: BSD-2-Clause */
/* What keys do in kha top. */
#include <string.h>

#include "master/top.h"

static const struct {
	char key;
	enum top_sort sort;
} sorts[] = {
    {'f', TOP_FILE},
    {'n', TOP_NAME},
    {'s', TOP_STATE},
    {'c', TOP_ACTIVE},
    {'r', TOP_RATE},
    {'b', TOP_BYTES},
    {'t', TOP_CHECK},
    {'e', TOP_ERRORS},
};

static void
go_to(struct top_view *v, long row)
{
	long last = v->rows > v->page ? (long)(v->rows - v->page) : 0;

	v->first = (unsigned)(row < 0 ? 0 : row > last ? last : row);
}

static void
show(struct top_view *v, enum top_pane pane)
{
	v->pane = pane;
	v->first = 0;
}

/* While a filter is typed every character belongs to it. */
static void
type(struct top_view *v, int key)
{
	size_t n = strlen(v->filter);

	v->first = 0;
	if (key == '\n' || key == '\r') {
		v->typing = false;
	} else if (key == 27) {
		v->typing = false;
		v->filter[0] = '\0';
	} else if ((key == TOP_KEY_BACKSPACE || key == 127 || key == 8) && n > 0) {
		v->filter[n - 1] = '\0';
	} else if (key >= ' ' && key < 127 && n + 1 < sizeof v->filter) {
		v->filter[n] = (char)key;
		v->filter[n + 1] = '\0';
	}
}

/* Steps that a person would choose: 100 ms, 200 ms, 500 ms, 1 s, 2 s, ... */
static unsigned
step(unsigned ms, bool longer)
{
	static const unsigned steps[] = {100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000};
	const unsigned n = sizeof steps / sizeof *steps;

	_Static_assert(TOP_INTERVAL_MIN_MS == 100 && TOP_INTERVAL_MAX_MS == 60000, "the ends");
	for (unsigned i = 0; longer && i < n; i++)
		if (steps[i] > ms)
			return steps[i];
	for (unsigned i = n; !longer && i > 0; i--)
		if (steps[i - 1] < ms)
			return steps[i - 1];
	return ms;
}

static bool
scroll(struct top_view *v, int key)
{
	long page = v->page > 1 ? (long)v->page - 1 : 1; /* one line stays for the eye */

	switch (key) {
	case TOP_KEY_UP:
	case 'k':
		go_to(v, (long)v->first - 1);
		return true;
	case TOP_KEY_DOWN:
	case 'j':
		go_to(v, (long)v->first + 1);
		return true;
	case TOP_KEY_PAGE_UP:
		go_to(v, (long)v->first - page);
		return true;
	case TOP_KEY_PAGE_DOWN:
		go_to(v, (long)v->first + page);
		return true;
	case TOP_KEY_HOME:
	case 'g':
		go_to(v, 0);
		return true;
	case TOP_KEY_END:
	case 'G':
		go_to(v, (long)v->rows);
		return true;
	default:
		return false;
	}
}

static void
choose_sort(struct top_view *v, int key)
{
	for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
		if (sorts[i].key != key)
			continue;
		/* The same again: the other way round. */
		v->reverse = v->sort == sorts[i].sort && !v->reverse;
		v->sort = sorts[i].sort;
		v->first = 0;
	}
}

enum top_act
top_key(struct top_view *v, int key)
{
	if (v->typing) {
		type(v, key);
		return TOP_DRAW;
	}
	if (key == 'q' || key == 3)
		return TOP_QUIT;
	if (v->help) { /* any key leaves it */
		v->help = false;
		return TOP_DRAW;
	}
	if (scroll(v, key))
		return TOP_DRAW;
	switch (key) {
	case '?':
	case 'h':
		v->help = true;
		return TOP_DRAW;
	case '/':
		v->typing = true;
		v->filter[0] = '\0';
		return TOP_DRAW;
	case 27:
		v->filter[0] = '\0';
		return TOP_DRAW;
	case '\t':
		show(v, (v->pane + 1) % TOP_PANES);
		return TOP_DRAW;
	case '1':
	case '2':
	case '3':
		show(v, (enum top_pane)(key - '1'));
		return TOP_DRAW;
	case '+':
	case '-':
		v->interval_ms = step(v->interval_ms, key == '+');
		return TOP_DRAW;
	case ' ':
		return TOP_READ;
	default:
		choose_sort(v, key);
		return TOP_DRAW;
	}
}
