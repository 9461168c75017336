#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What single tricks of io_uring and TCP save (t/tools/ringtrial.c), on one core. ROUNDS: how many rounds.
# With TCP_FASTOPEN switched on for both sides, which servers rarely do.
. "$(dirname "$0")/lib.sh"
story "tricks of io_uring and TCP, each alone"

cores || { not_ok "needs two cores"; finish; }
namespace_tune
echo 3 >/proc/sys/net/ipv4/tcp_fastopen
check "all trials" taskset -c "$PROXY_CORE" "$TOOLS/ringtrial" "${ROUNDS:-15}"
finish
