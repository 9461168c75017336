/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of a member of `track.scripts`; columns as in global.h. */
OPT(STRING, command, 1, 1023, "\"\"", NOW, LIVE, "Program and arguments, run without a shell")
OPT(STRING, user, 1, 32, "\"nobody\"", NOW, LIVE, "User it runs as")
OPT(MSEC, interval, 100, 3600000, "\"2s\"", NOW, LIVE, "Time between two starts")
OPT(MSEC, timeout, 100, 3600000, "\"2s\"", NOW, LIVE, "After this it is killed and counts as failed")
OPT(INT, rise, 1, 255, "1", NOW, LIVE, "Successes in a row until it counts as good")
OPT(INT, fall, 1, 255, "2", NOW, LIVE, "Failures in a row until it counts as failed")
OPT(INT, weight, -253, 253, "0", NOW, LIVE,
    "Added to the priority: positive while good, negative while failed; 0: failed means FAULT")
