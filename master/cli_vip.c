/* SPDX-License-Identifier: BSD-2-Clause */
/* kha vip: where the VIPs are, and moving them. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/near.h"
#include "master/cli.h"
#include "master/cli_call.h"
#include "master/cli_cells.h"
#include "master/ctl.h"
#include "shm/dump.h"

#define ANSWER_MS 15000

static const char usage[] =
    "usage: kha vip [NAME] [status|take|release|ready] [-r DIR]\n"
    "Shows the VIPs of this node, or moves one; no connect fails meanwhile. NAME may be an address,\n"
    "and be left out when there is one VIP.\n"
    "  take     serve here first, then outbid the owner, of whatever make\n"
    "  release  give it to another node and stay out of the election until \"ready\", or until\n"
    "           nobody else is heard; refused when nobody takes over\n"
    "  ready    take part again\n"
    "  -r DIR   run directory of the daemon; default $KHA_RUN_DIR, else /run/kha\n"
    "exit code: 0 good, 1 refused, 2 usage, 3 no daemon runs\n";

/* VIP_NOTHING: none of them; *show: it is "status". */
static enum vip_verb
verb_of(const char *word, bool *show)
{
	*show = strcmp(word, "status") == 0;
	for (int v = VIP_NOTHING + 1; v < VIP_VERBS; v++)
		if (strcmp(word, vip_verb_name((enum vip_verb)v)) == 0)
			return (enum vip_verb)v;
	return VIP_NOTHING;
}

static int
no_verb(const char *word)
{
	static const char *const names[] = {"status", "take", "release", "ready"};
	const char *near = conf_nearest(word, names, sizeof names / sizeof *names);

	if (near != NULL)
		return cli_misused("vip", "no verb \"%s\": did you mean \"%s\"?", word, near);
	return cli_misused("vip", "no verb \"%s\": status, take, release or ready", word);
}

static int
show(const char *run_dir, const char *name)
{
	struct dump_look look;
	struct dump *d;
	const char *why = "";
	int result = cli_dump("vip", run_dir, &d), one = -1;

	if (result != CLI_OK)
		return result;
	cli_look(&look);
	if (name != NULL)
		one = vip_which(d->vip, d->n_vips, name, &why);
	if (name != NULL && one < 0) {
		fprintf(stderr, "kha vip: %s: %s\n", name, why);
		result = CLI_FAILED;
	} else {
		for (unsigned i = 0; i < d->n_vips; i++)
			if (one < 0 || (unsigned)one == i)
				cli_vip_line(d, &d->vip[i], &look);
		if (d->n_vips == 0)
			printf("there is no VIP\n");
		result = d->daemon == DAEMON_GONE ? CLI_NO_DAEMON : CLI_OK;
	}
	free(d);
	return result;
}

static int
send_order(const char *run_dir, const struct vip_order *order)
{
	char request[CTL_REQUEST];
	size_t head = (size_t)snprintf(request, sizeof request, "%s ", ctl_verb_name(CTL_VIP));

	return cli_ask(
	    "kha vip", run_dir, request, head + vip_order_print(order, request + head), ANSWER_MS);
}

int
cli_vip(int argc, char **argv)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
	struct vip_order order = {.verb = VIP_NOTHING, .vip = "-"};
	const char *run_dir = NULL, *name = NULL;
	bool status = false;
	int c, n;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":r:h", longs, NULL)) != -1) {
		if (c == 'h')
			return fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? CLI_FAILED
									       : CLI_OK;
		if (c != 'r')
			return cli_bad_option("vip", c, argv);
		run_dir = optarg;
	}
	n = argc - optind;
	if (n > 2)
		return cli_misused("vip", "%s is one word too many", argv[optind + 2]);
	if (n > 0)
		order.verb = verb_of(argv[argc - 1], &status);
	if (n == 2 && order.verb == VIP_NOTHING && !status)
		return no_verb(argv[argc - 1]);
	if (n == 2 || (n == 1 && order.verb == VIP_NOTHING && !status))
		name = argv[optind];
	if (order.verb == VIP_NOTHING)
		return show(cli_run_dir(run_dir), name);
	if (name != NULL && (strlen(name) >= sizeof order.vip || strchr(name, ' ') != NULL))
		return cli_misused("vip", "\"%s\" is no name of a VIP", name);
	if (name != NULL)
		snprintf(order.vip, sizeof order.vip, "%s", name);
	return send_order(cli_run_dir(run_dir), &order);
}
