/* SPDX-License-Identifier: BSD-2-Clause */
/* The web process: status page, /metrics and the answers for other machines. It reads the segment and
 * changes nothing. Everything else here is private to it. */
#ifndef KHA_WEB_WEB_H
#define KHA_WEB_WEB_H

#include "base/err.h"

struct conf;
struct heritage;

/* Can the files of `status` be read (password, certificate, key), and are they what they should be? For
 * whoever may still open them. -1: all reasons are in err. */
int web_check(const struct conf *conf, struct err *err);

/* Reads these files for good, before root and privileges go. */
int web_prepare(const struct heritage *h, struct err *err);

/* After web_prepare(). h->listeners are those of the page and of the monitor URL, told apart by
 * `service`: enum web_listens. Runs until WANT_STOP; returns the exit code of the process. */
int web_main(const struct heritage *h);

enum web_listens { WEB_STATUS, WEB_MONITOR };

#endif
