/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of one server, kept by the checker. Columns as in stat_service.h. */
STAT(checks, COUNTER, NONE, "server_checks", "", "Health checks finished")
STAT(failures, COUNTER, NONE, "server_check_failures", "chkfail", "Health checks that failed")
STAT(up_down, COUNTER, NONE, "server_check_up_down", "chkdown", "Times the server left UP")
STAT(downtime_ms, COUNTER, MSEC, "server_downtime_seconds", "downtime", "Time not UP, without the present time")
