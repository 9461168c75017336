/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file that keeps what operators said about servers over a restart: DIR/server-state, DIR being
 * the state directory ($STATE_DIRECTORY, as systemd sets it) or the run directory. Text:
 *
 *	kha server-state 1
 *	# service server what file operator timed until since
 *	api cp-1 state ready drain - 0 1764000000000
 *	api cp-2 weight 100 80 20 1764003600000 1764000000000
 *	end
 *
 * One line for each struct shm_setting in which the operator has a say: the value that the file had
 * then, what was said for good and what for a time ("-": nothing), the end of that time and
 * the moment since when it holds, in milliseconds since 1970. Lines that begin with "#" are for
 * people. Another number in the first line is another format.
 */
#ifndef KHA_MASTER_STATE_FILE_H
#define KHA_MASTER_STATE_FILE_H

#include <stdio.h>

#include "base/err.h"
#include "shm/layout.h"

#define STATE_FILE	"server-state"
#define STATE_FILE_NEW	".server-state.new" /* while it is written */
#define STATE_FILE_BAD	"server-state.bad"  /* what was put aside */
#define STATE_FILE_SIZE (1024 * 1024)

enum state_what { STATE_OF_ADMIN, STATE_OF_WEIGHT, STATE_WHATS };

struct state_entry {
	char service[SHM_NAME], server[SHM_NAME];
	enum state_what what;
	uint32_t file, base, timed; /* as in struct shm_setting */
	int64_t until_wall_ms;	    /* 0 exactly when nothing is timed */
	int64_t since_wall_ms;	    /* 0: since ever */
};

struct state_file {
	unsigned n;
	struct state_entry entry[2 * SHM_SERVERS];
};

/* Pure. -1 with a sentence: what is wrong and in which line. */
int state_file_parse(const char *text, size_t n, struct state_file *s, struct err *err);
/* Errors are those of the stream. */
void state_file_print(const struct state_file *s, FILE *out);

/* 1: read. 0: there is none. -1 with a sentence: it is broken, another format, or not ours. */
int state_file_read(const char *dir, struct state_file *s, struct err *err);
/* Renames what is there to STATE_FILE_BAD. 0 or -1 with errno. */
int state_file_put_aside(const char *dir);
/* Replaces it as a whole, and on the disk, when this returns 0; else errno. Blocks. */
int state_file_write(const char *dir, const struct state_file *s);

#endif
