/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon. */
#ifndef KHA_MASTER_MASTER_H
#define KHA_MASTER_MASTER_H

#include <stdbool.h>

struct conf;

#ifndef KHA_VERSION
#	define KHA_VERSION "0.1-dev"
#endif

struct master_options {
	const char *node; /* of -n, or NULL */
	bool background;  /* -D */
};

/* Runs the daemon with this configuration, which belongs to it from now on. Returns the exit
 * code of the program: in the foreground at its end; in the background, in the calling process,
 * as soon as it is ready or has failed (and then has said why on stderr). */
int master_main(struct conf *conf, const struct master_options *opt);

#endif
