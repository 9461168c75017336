/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of the master. Columns as in stat_worker.h. */
STAT(child_started, COUNTER, NONE, "child_starts", "Child processes started")
STAT(child_died, COUNTER, NONE, "child_deaths", "Child processes that ended without being told to")
STAT(child_hung, COUNTER, NONE, "child_hangs", "Child processes killed for a heartbeat older than 2 s")
STAT(reload_ok, COUNTER, NONE, "config_reloads", "Reloads that succeeded")
STAT(reload_failed, COUNTER, NONE, "config_reload_failures", "Reloads that were refused or failed")
STAT(log_dropped, COUNTER, NONE, "", "Log lines of the master lost")
