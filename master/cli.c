/* SPDX-License-Identifier: BSD-2-Clause */
/* What the verbs have in common. */
#include "master/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "shm/dump.h"

#define RUN_DIR "/run/kha"
#define WORD	32
/* More is no screen. */
#define CLI_WIDTH_MAX 10000

const char *
cli_run_dir(const char *option)
{
	const char *env = getenv("KHA_RUN_DIR");

	if (option != NULL)
		return option;
	return env != NULL && env[0] != '\0' ? env : RUN_DIR;
}

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Letters to insert, delete, replace or swap with a neighbour to make b of a. */
static unsigned
distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned cost[WORD + 1][WORD + 1], replace;

	if (la > WORD || lb > WORD)
		return WORD;
	for (size_t i = 0; i <= la; i++)
		for (size_t k = 0; k <= lb; k++) {
			if (i == 0 || k == 0) {
				cost[i][k] = (unsigned)(i + k);
				continue;
			}
			replace = cost[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
			cost[i][k] = least(cost[i - 1][k] + 1, cost[i][k - 1] + 1, replace);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
			    cost[i - 2][k - 2] + 1 < cost[i][k])
				cost[i][k] = cost[i - 2][k - 2] + 1;
		}
	return cost[la][lb];
}

const char *
cli_nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	unsigned best_distance = WORD, d;

	for (size_t i = 0; i < n; i++) {
		/* What was begun and not finished is near, however much is missing. */
		if (strlen(word) >= 2 && strncmp(names[i], word, strlen(word)) == 0)
			return names[i];
		d = distance(word, names[i]);
		if (d < best_distance && d <= 1 + strlen(names[i]) / 4) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}

int
cli_misused(const char *verb, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "kha %s: ", verb);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (kha %s --help shows how it is used)\n", verb);
	return CLI_USAGE;
}

int
cli_bad_option(const char *verb, int got, char *const *argv)
{
	if (got == ':')
		return cli_misused(verb, "option -%c needs a value", optopt);
	if (optopt != 0)
		return cli_misused(verb, "unknown option -%c", optopt);
	return cli_misused(verb, "unknown option %s", argv[optind - 1]);
}

bool
cli_seconds(const char *word, double *s)
{
	char *end;

	*s = strtod(word, &end);
	/* Written so that "nan" fails too. */
	return end != word && *end == '\0' && *s >= 0.1 && *s <= 86400;
}

void
cli_sleep(double s)
{
	struct timespec ts = {.tv_sec = (time_t)s};

	ts.tv_nsec = (long)((s - (double)ts.tv_sec) * 1e9);
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

void
cli_look(struct dump_look *look)
{
	const char *columns = getenv("COLUMNS"), *term = getenv("TERM");
	long width = columns != NULL ? strtol(columns, NULL, 10) : 0;
	struct winsize size = {0};

	*look = (struct dump_look){.screen = isatty(STDOUT_FILENO) == 1};
	if (width <= 0 && look->screen && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width > 0 && width <= CLI_WIDTH_MAX)
		look->width = (unsigned)width;
	/* https://no-color.org */
	look->color =
	    look->screen && !is_set("NO_COLOR") && !(term != NULL && strcmp(term, "dumb") == 0);
}

int
cli_attach(const char *verb, struct seg *seg, const char *run_dir)
{
	struct err err;
	int why;

	err_init(&err);
	if (seg_attach(seg, run_dir, &err) == 0)
		return CLI_OK;
	why = errno;
	fprintf(stderr, "kha %s: %s\n", verb, err_end(&err));
	return why == ENOENT || why == EAGAIN ? CLI_NO_DAEMON : CLI_FAILED;
}

int
cli_dump(const char *verb, const char *run_dir, struct dump **d)
{
	struct err err;
	struct seg seg;
	int result = cli_attach(verb, &seg, run_dir);

	*d = NULL;
	if (result != CLI_OK)
		return result;
	err_init(&err);
	*d = dump_take(&seg, mono_now(), wall_ms(), &err);
	seg_close(&seg);
	if (*d == NULL) {
		fprintf(stderr, "kha %s: %s\n", verb, err_end(&err));
		return CLI_FAILED;
	}
	return CLI_OK;
}
