/* SPDX-License-Identifier: BSD-2-Clause */
/* What an open connection is about. STATE(NAME, "word", "help"). */
STATE(GREETING, "hello", "a PROXY header or a ClientHello has to come first")
STATE(QUEUED, "queue", "it waits for a place or a token")
STATE(CONNECTING, "connect", "its server is being connected")
STATE(OPEN, "open", "bytes flow both ways")
STATE(HALF_CLOSED, "half", "one side has ended in good order")
STATE(FLUSHING, "flush", "one side sent RST, what was queued goes out first")
