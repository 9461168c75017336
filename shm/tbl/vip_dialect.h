/* SPDX-License-Identifier: BSD-2-Clause */
/* What the checksum of version 3 over IPv4 covers beside the message. DIALECT(name, counter, "help").
 * RFC5798 is also the name for version 2 and for IPv6, where there is but one way. */
DIALECT(RFC5798, checksum_rfc5798, "Checksums with the pseudo header of RFC 5798")
DIALECT(RFC9568, checksum_rfc9568, "Checksums of the message alone, as RFC 9568 has them")
DIALECT(GROUP, checksum_group, "Unicast with a pseudo header that names 224.0.0.18, as old Keepalived")
