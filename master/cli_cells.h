/* SPDX-License-Identifier: BSD-2-Clause */
/* A server in one row, as kha status and kha server show it. */
#ifndef KHA_MASTER_CLI_CELLS_H
#define KHA_MASTER_CLI_CELLS_H

#include "shm/fmt.h"

/* The row of headings; `first` stands above the names. */
void cli_cells_head(struct grid *g, const char *first);

/* The row of table.server[server], its name as given. */
void cli_cells(struct grid *g, const struct dump *d, unsigned server, const char *name);

/* A line of kha status and kha vip: state, and who has it: this node, the owner that was heard, or
 * nobody that we know. */
void cli_vip_line(const struct dump *d, const struct shm_vip *v, const struct dump_look *look);

/* Prints a table as wide as the screen allows. -1: memory ran out while it was filled. */
int cli_print_grid(struct grid *g, const struct dump_look *look);

/* Prints a sentence, on a screen broken at its width. */
void cli_sentence(const struct dump_look *look, enum tone tone, unsigned indent, const char *text);

#endif
