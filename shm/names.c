/* SPDX-License-Identifier: BSD-2-Clause */
/* Words for what the tables hold as numbers (shm/dump.h). */
#include "shm/dump.h"

const char *
dump_serving_name(enum candidates c)
{
	static const char *const names[] = {
	    [CANDIDATES_NONE] = "NONE",
	    [CANDIDATES_UP] = "UP",
	    [CANDIDATES_BACKUP] = "BACKUP",
	    [CANDIDATES_FAIL_OPEN] = "FAIL-OPEN",
	};

	return names[c];
}

const char *
dump_balance_name(uint32_t balance)
{
	static const char *const names[] = {
	    [BALANCE_LEASTCONN] = "leastconn",
	    [BALANCE_ROUNDROBIN] = "roundrobin",
	    [BALANCE_RANDOM] = "random",
	    [BALANCE_HASH] = "hash",
	    [BALANCE_FIRST] = "first",
	};

	return balance < sizeof names / sizeof *names ? names[balance] : "?";
}

static const char *const vip_states[] = {
#define STATE(name, word, serves, help) #name,
#include "shm/tbl/vip_state.h"
#undef STATE
};
const unsigned dump_vip_states = sizeof vip_states / sizeof *vip_states;

const char *
dump_vip_state_name(uint32_t state)
{
	return state < dump_vip_states ? vip_states[state] : "?";
}

const char *
dump_vip_state_word(uint32_t state)
{
	static const char *const words[] = {
#define STATE(name, word, serves, help) word,
#include "shm/tbl/vip_state.h"
#undef STATE
	};

	return state < dump_vip_states ? words[state] : "?";
}
