/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker on a CPU of its own (global.worker_cpus). */
#ifndef KHA_WORKER_PIN_H
#define KHA_WORKER_PIN_H

struct heritage;

/* Keeps this process on its CPU, and says in the segment which that is. What cannot be is a warning:
 * the worker then runs on any. Before the sandbox, which forbids it. */
void pin_worker(const struct heritage *h);

#endif
