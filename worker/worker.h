/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker process: the data path. Everything else in this folder is private to it. */
#ifndef KHA_WORKER_WORKER_H
#define KHA_WORKER_WORKER_H

struct heritage;

/* Runs until WANT_STOP, or WANT_DRAIN and empty. Returns the exit code of the process. */
int worker_main(const struct heritage *h);

/* The engine that workers of this configuration will use on this machine: "epoll" or "uring".
 * Constant. */
const char *worker_engine_name(int conf_engine);

#endif
