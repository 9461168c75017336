/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker process: the data path. Everything else in this folder is private to it. */
#ifndef KHA_WORKER_WORKER_H
#define KHA_WORKER_WORKER_H

#include <stddef.h>

#include "base/err.h"

struct heritage;

/* Before privileges are dropped: memory and engine. -1 with a sentence. */
int worker_prepare(const struct heritage *h, struct err *err);

/* The engine that worker_prepare() took: that of the heritage, or epoll when that failed and the
 * configuration leaves the choice. */
const char *worker_engine(void);

/* Runs until WANT_STOP, or WANT_DRAIN and empty. Returns the exit code of the process. */
int worker_main(const struct heritage *h);

/* The engine for workers of this configuration on this machine: "epoll" or "uring", constant; why:
 * what the operator may want to know about it ("" when nothing), size bytes. Tries it out. NULL
 * with a sentence: engine = "uring", and it is not possible here. */
const char *worker_engine_choose(int conf_engine, char *why, size_t size, struct err *err);

#endif
