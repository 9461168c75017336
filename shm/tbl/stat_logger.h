/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of the logger. Columns as in stat_worker.h. */
STAT(lines, COUNTER, NONE, "log_lines", "Lines received from all processes")
STAT(dropped, COUNTER, NONE, "", "Lines that a log target did not take in time")
