/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state machine: RULE(event, function in each state). The rows START, ADVERT, TIMER and STOP of INIT,
 * BACKUP and MASTER are RFC 5798 section 6.4. rule_NAME stands in life.c, backup.c, master.c or moves.c.
 * `none`: nothing beyond what election.c notes of each event (who was heard, DEGRADED, pauses).
 *
 *   event      INIT      BACKUP      MASTER      FAULT     LEAVING    RELEASED  TAKING
 */
RULE(START,     begin,    none,       none,       none,     none,      none,     none)
RULE(ADOPT,     adopt,    none,       none,       none,     none,      none,     none)
RULE(ADVERT,    none,     listen,     contest,    none,     succeeded, wait,     outbid)
RULE(REJECTED,  none,     hold,       none,       none,     succeeded, hold,     none)
RULE(PEER,      none,     none,       none,       none,     none,      none,     none)
RULE(SUCCESSOR, none,     none,       none,       none,     succeeded, none,     none)
RULE(TIMER,     none,     promote,    advertise,  none,     leave,     promote,  bid)
RULE(GROUP,     none,     follow,     none,       none,     none,      follow,   none)
RULE(PRIORITY,  set,      set,        set,        set,      set,       set,      set)
RULE(FAULT_ON,  fault,    fault,      give_up,    none,     cut,       fault,    give_up)
RULE(FAULT_OFF, no_fault, none,       none,       recover,  none,      none,     none)
RULE(RELEASE,   refuse,   step_aside, hand_over,  refuse,   none,      none,     hand_over)
RULE(READY,     none,     none,       none,       undo,     undo,      rejoin,   none)
RULE(TAKE,      refuse,   take,       none,       refuse,   refuse,    take,     none)
RULE(STOP,      end,      end,        hand_over,  end,      hurry,     end,      hand_over)
RULE(PRESENT,   sweep,    sweep,      none,       sweep,    none,      sweep,    none)
RULE(LOST,      none,     none,       restore,    none,     restore,   none,     restore)
RULE(RESUMED,   none,     relisten,   none,       none,     depart,    relisten, none)
