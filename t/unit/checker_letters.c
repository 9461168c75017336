/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/checker_letters.h"

bool
feed(struct verdict *v, char letter, struct mono now)
{
	bool changed;

	switch (letter) {
	case 'p':
		return verdict_result(v, RESULT_L7OK, now);
	case 'n':
		return verdict_result(v, RESULT_L7STS, now);
	case 'd':
		return verdict_result(v, RESULT_L4CON, now);
	case 'r':
		changed = verdict_result(v, RESULT_L4CON, now);
		return verdict_refused(v, now) || changed;
	case '+':
		return false;
	case 'm':
		return verdict_result(v, RESULT_L7TOUT, now);
	case 's':
		return verdict_result(v, RESULT_SOCKERR, now);
	default:
		verdict_poke(v);
		return false;
	}
}

char
letter_of(enum server_state s)
{
	switch (s) {
	case STATE_UP:
		return 'U';
	case STATE_DOWN:
		return 'D';
	case STATE_NOTREADY:
		return 'N';
	case STATE_HUNG:
		return 'H';
	default:
		return '?';
	}
}

char
hex(int n)
{
	return n >= 0 && n < 16 ? "0123456789abcdef"[n] : '?';
}
