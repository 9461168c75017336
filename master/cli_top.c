/* SPDX-License-Identifier: BSD-2-Clause */
/* kha top: the segment, looked at again and again. It asks no process. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/cli.h"
#include "master/cli_top_look.h"
#include "master/cli_top_screen.h"
#include "master/top.h"
#include "shm/dump.h"

/* The first rates come after so long: nobody waits for them. */
#define FIRST_MS 1000

static const char usage[] =
    "usage: kha top [-b] [-n N] [-d SEC] [-p servers|vips|workers] [-o ORDER] [-r DIR]\n"
    "Shows servers, VIPs or workers with rates, again and again; ? lists the keys. Works while the\n"
    "daemon hangs; when another one is started it follows.\n"
    "  -b         batch: for scripts and files, no terminal is needed\n"
    "  -n N       end after N screens\n"
    "  -d SEC     seconds from one look to the next (0.1 to 86400), default 2\n"
    "  -p PANE    what is shown first\n"
    "  -o ORDER   file (default), name, state, connections, rate, bytes, check or errors\n"
    "  -r DIR     run directory of the daemon; default $KHA_RUN_DIR, else /run/kha\n"
    "exit code: 0 good, 1 error, 2 usage, 3 no daemon runs\n";

struct options {
	const char *run_dir;
	bool batch;
	unsigned long screens; /* 0: no end */
	struct top_view view;
};

/* ---- the command line ---- */

static int
bad_word(const char *what, const char *word, const char *(*name)(int), int n)
{
	const char *names[TOP_SORTS], *near; /* there are fewer panes */

	for (int i = 0; i < n; i++)
		names[i] = name(i);
	near = cli_nearest(word, names, (size_t)n);
	if (near != NULL)
		return cli_misused("top", "no %s \"%s\": did you mean \"%s\"?", what, word, near);
	return cli_misused("top", "no %s \"%s\"", what, word);
}

static const char *
sort_name(int i)
{
	return top_sort_name((enum top_sort)i);
}

static const char *
pane_name(int i)
{
	return top_pane_name((enum top_pane)i);
}

static int
parse_option(struct options *o, int option, char **argv)
{
	double s;
	char *end;

	switch (option) {
	case 'b':
		o->batch = true;
		return CLI_OK;
	case 'r':
		o->run_dir = optarg;
		return CLI_OK;
	case 'd':
		if (!cli_seconds(optarg, &s))
			return cli_misused(
			    "top", "-d %s is not a number of seconds from 0.1 to 86400", optarg);
		o->view.interval_ms = (unsigned)(s * 1000 + 0.5);
		return CLI_OK;
	case 'n':
		errno = 0;
		o->screens = strtoul(optarg, &end, 10);
		if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || errno != 0 ||
		    o->screens == 0)
			return cli_misused("top", "-n %s is not a number from 1 on", optarg);
		return CLI_OK;
	case 'p':
		return top_pane_parse(optarg, &o->view.pane)
			   ? CLI_OK
			   : bad_word("pane", optarg, pane_name, TOP_PANES);
	case 'o':
		return top_sort_parse(optarg, &o->view.sort)
			   ? CLI_OK
			   : bad_word("order", optarg, sort_name, TOP_SORTS);
	default:
		return cli_bad_option("top", option, argv);
	}
}

/* CLI_OK, CLI_USAGE, or -1: only help was wanted, and is printed. */
static int
parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
	int c, result = CLI_OK;

	*o = (struct options){.view.interval_ms = 2000};
	optind = 0;
	opterr = 0;
	while (
	    result == CLI_OK && (c = getopt_long(argc, argv, ":bn:d:p:o:r:h", longs, NULL)) != -1) {
		if (c == 'h')
			return fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? CLI_FAILED : -1;
		result = parse_option(o, c, argv);
	}
	if (result == CLI_OK && optind < argc)
		result = cli_misused("top", "%s is one word too many", argv[optind]);
	return result;
}

static int
out_of_memory(void)
{
	fprintf(stderr, "kha top: out of memory\n");
	return CLI_FAILED;
}

/* ---- batch ---- */

static void
put_line(void *arg, unsigned y, unsigned x, const char *text, enum tone tone)
{
	unsigned *at = arg;

	(void)x;
	(void)tone;
	for (; *at < y; ++*at)
		putchar('\n');
	fputs(text, stdout);
}

static int
batch(struct options *o, struct looks *l)
{
	unsigned y;
	struct dump_look paper;
	struct top_frame f;

	cli_look(&paper);
	for (unsigned long i = 0; o->screens == 0 || i < o->screens; i++) {
		cli_sleep(o->view.interval_ms / 1000.0); /* each screen has rates */
		looks_again(l);
		f = (struct top_frame){l->now, l->before, l->notice};
		y = 0;
		if (top_draw(&f, &o->view, paper.width != 0 ? paper.width : DUMP_WIDTH, 0, put_line,
			&y) < 0)
			return out_of_memory();
		printf("\n\n");
		if (ferror(stdout) || fflush(stdout) != 0) {
			perror("kha top: standard output");
			return CLI_FAILED;
		}
	}
	return l->gone ? CLI_NO_DAEMON : CLI_OK;
}

/* ---- live ---- */

static volatile sig_atomic_t ended_by, resized;

static void
on_signal(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else
		ended_by = sig;
}

/* They come while we wait for keys, never in the middle of a picture. *open: the mask for waiting.
 * Before the screen is opened: curses leaves handlers alone that it finds. */
static void
catch_signals(sigset_t *open)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};
	struct sigaction sa = {.sa_handler = on_signal};
	sigset_t closed;

	sigemptyset(&closed);
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
		sigaction(caught[i], &sa, NULL);
		sigaddset(&closed, caught[i]);
	}
	sigprocmask(SIG_BLOCK, &closed, open);
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
		sigdelset(open, caught[i]);
}

static int
draw(struct options *o, const struct looks *l)
{
	const struct top_frame f = {l->now, l->before, l->notice};
	unsigned width, height;
	int result;

	screen_size(&width, &height);
	screen_begin();
	result = top_draw(&f, &o->view, width, height, screen_put, NULL);
	screen_show();
	return result;
}

/* Waits until `next`, or for keys. *terminal: false when it is gone. */
static enum top_act
keys(struct options *o, struct mono next, const sigset_t *open, bool *terminal)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	int64_t ms = mono_diff_ms(mono_now(), next);
	const struct timespec wait = {ms > 0 ? ms / 1000 : 0, ms > 0 ? ms % 1000 * 1000000 : 0};
	enum top_act act = TOP_DRAW, one;
	int key, n = 0;

	if (ppoll(&p, 1, &wait, open) <= 0)
		return TOP_DRAW;
	for (; (key = screen_key()) >= 0; n++) {
		one = top_key(&o->view, key);
		if (one > act)
			act = one;
	}
	/* Something to read that is nothing: the end of the terminal. */
	*terminal = n > 0;
	return act;
}

/* CLI_OK: the person or -n ended it, or a signal did. -1: no memory. */
static int
turn(struct options *o, struct looks *l, const sigset_t *open)
{
	unsigned first_ms = o->view.interval_ms < FIRST_MS ? o->view.interval_ms : FIRST_MS;
	struct mono looked = mono_now(), next = mono_add_ms(looked, first_ms);
	unsigned long screens = 0;
	bool terminal = true;
	enum top_act act;

	while (ended_by == 0 && terminal) {
		if (resized) {
			resized = 0;
			screen_resize();
		}
		if (draw(o, l) < 0)
			return -1;
		act = keys(o, next, open, &terminal);
		if (act == TOP_QUIT)
			return CLI_OK;
		/* The interval may have changed. */
		if (next.us > mono_add_ms(looked, o->view.interval_ms).us)
			next = mono_add_ms(looked, o->view.interval_ms);
		if (act != TOP_READ && mono_now().us < next.us)
			continue;
		if (++screens == o->screens)
			return CLI_OK;
		looks_again(l);
		looked = mono_now();
		next = mono_add_ms(looked, o->view.interval_ms);
	}
	if (!terminal)
		ended_by = SIGHUP; /* which is on its way, or was ignored */
	return CLI_OK;
}

static int
live(struct options *o, struct looks *l)
{
	struct dump_look terminal;
	sigset_t open;
	int result;

	cli_look(&terminal);
	if (!terminal.screen || isatty(STDIN_FILENO) != 1) {
		fprintf(stderr, "kha top: no terminal: kha top -b needs none\n");
		return CLI_FAILED;
	}
	catch_signals(&open);
	if (!screen_open(terminal.color)) {
		fprintf(stderr, "kha top: terminal \"%s\" is unknown: set TERM, or use -b\n",
		    getenv("TERM") != NULL ? getenv("TERM") : "");
		return CLI_FAILED;
	}
	result = turn(o, l, &open);
	screen_close();
	if (result < 0)
		return out_of_memory();
	/* ^C is one way to leave; of other signals the caller shall hear. */
	if (ended_by != 0 && ended_by != SIGINT) {
		signal(ended_by, SIG_DFL);
		sigprocmask(SIG_SETMASK, &open, NULL);
		raise(ended_by);
	}
	return result == CLI_OK && l->gone ? CLI_NO_DAEMON : result;
}

int
cli_top(int argc, char **argv)
{
	struct looks l = {0};
	struct options o;
	int result = parse(&o, argc, argv);

	if (result != CLI_OK)
		return result < 0 ? CLI_OK : result;
	l.run_dir = cli_run_dir(o.run_dir);
	result = cli_dump("top", l.run_dir, &l.now);
	if (l.now == NULL)
		return result;
	if (l.now->daemon == DAEMON_GONE)
		looks_again(&l);
	result = o.batch ? batch(&o, &l) : live(&o, &l);
	looks_end(&l);
	return result;
}
