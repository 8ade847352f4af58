// Every command of the board: the button, the key, the list under "?" and what may be done, from one object each.
import type { Alarm, Priority, Uuid } from '@/api/types';
import type { Text } from '@/i18n/text';
import { type Command, defineCommands } from '@/ui/commands';
import type { Verb } from './useAlarmCommands';

export type Form = 'note' | 'close' | 'cannot-reach' | 'shelve' | null;
export type BoardContext = {
  text: Text;
  me: Uuid;
  permissions: readonly string[];
  alarm: Alarm | undefined;
  top: Alarm | undefined;
  busy: boolean;
  run: (alarm: Alarm, verb: Verb, body?: Record<string, unknown>) => void;
  open: (form: Form) => void;
  claim: (alarm: Alarm) => void;
  move: (by: 1 | -1) => void;
  filter: (priority: Priority) => void;
  mute: () => void;
  help: () => void;
  otherTab: () => void;
};

type BoardCommand = Command<BoardContext>;
const holder = (alarm: Alarm) => (alarm.acknowledged ?? alarm.claimed)?.by_id;

function onAlarm(
  action: string,
  check: (alarm: Alarm, context: BoardContext) => true | string | false,
): BoardCommand['may'] {
  return (context) => {
    if (context.alarm === undefined || context.alarm.state === 'closed') return false;
    if (!context.permissions.includes(action)) return context.text.common.notAllowed;
    return context.busy ? context.text.dispatch.delivering : check(context.alarm, context);
  };
}

export const claimTop: BoardCommand = {
  id: 'claim-top',
  label: ({ text }) => text.dispatch.claimTop,
  keys: [' '],
  may: ({ top, text, permissions }) => {
    if (!permissions.includes('alarm_claim')) return text.common.notAllowed;
    return top === undefined ? text.dispatch.nothingToClaim : true;
  },
  run: ({ top, claim }) => top && claim(top),
};
export const acknowledge: BoardCommand = {
  id: 'acknowledge',
  label: ({ text }) => text.dispatch.acknowledge,
  keys: ['a'],
  may: onAlarm('alarm_acknowledge', (alarm, { me, text }) => {
    if (alarm.state === 'raised') return text.dispatch.claimFirst;
    if (alarm.state === 'acknowledged') return text.dispatch.isAcknowledged;
    return holder(alarm) === me ? true : text.dispatch.heldBy(alarm.claimed?.by ?? '');
  }),
  run: ({ alarm, run }) => alarm && run(alarm, 'acknowledge'),
};
export const note: BoardCommand = {
  id: 'note',
  label: ({ text }) => text.dispatch.note,
  keys: ['n'],
  may: ({ alarm, permissions }) =>
    alarm !== undefined && alarm.state !== 'closed' && permissions.includes('alarm_note'),
  run: ({ open }) => open('note'),
};
export const escalate: BoardCommand = {
  id: 'escalate',
  label: ({ text }) => text.dispatch.escalate,
  keys: ['e'],
  may: onAlarm('alarm_escalate', () => true),
  run: ({ alarm, run }) => alarm && run(alarm, 'escalate'),
};
export const cannotReach: BoardCommand = {
  id: 'cannot-reach',
  label: ({ text }) => text.dispatch.cannotReach,
  keys: ['u'],
  may: onAlarm('alarm_cannot_reach', (alarm, { me, text }) => (holder(alarm) === me ? true : text.dispatch.claimFirst)),
  run: ({ open }) => open('cannot-reach'),
};
export const release: BoardCommand = {
  id: 'release',
  label: ({ text }) => text.dispatch.release,
  keys: ['r'],
  may: onAlarm('alarm_release', (alarm, { me, text }) => (holder(alarm) === me ? true : text.dispatch.notYours)),
  run: ({ alarm, run }) => alarm && run(alarm, 'release'),
};
export const shelve: BoardCommand = {
  id: 'shelve',
  label: ({ text, alarm }) => (isShelved(alarm) ? text.dispatch.unshelve : text.dispatch.shelve),
  keys: ['h'],
  may: onAlarm('alarm_shelve', (alarm, { text }) => {
    if (alarm.priority === 'P1') return text.dispatch.neverShelved;
    return alarm.state === 'raised' ? true : text.dispatch.onlyUnclaimed;
  }),
  run: ({ alarm, open, run }) => {
    if (alarm !== undefined && isShelved(alarm)) run(alarm, 'unshelve');
    else open('shelve');
  },
};
export const close: BoardCommand = {
  id: 'close',
  label: ({ text }) => text.dispatch.close,
  keys: ['x'],
  may: onAlarm('alarm_close', (alarm, { text }) =>
    alarm.state === 'acknowledged' ? true : text.dispatch.acknowledgeFirst,
  ),
  run: ({ open }) => open('close'),
};

function isShelved(alarm: Alarm | undefined): boolean {
  return alarm?.shelved_until != null;
}

const priorityKey = (n: 1 | 2 | 3 | 4): BoardCommand => ({
  id: `only-p${n}`,
  label: ({ text }) => text.dispatch.onlyPriority(`P${n}`),
  keys: [String(n)],
  may: () => true,
  run: ({ filter }) => filter(`P${n}`),
});

export const boardCommands = defineCommands<BoardContext>([
  claimTop,
  acknowledge,
  note,
  escalate,
  cannotReach,
  release,
  shelve,
  close,
  {
    id: 'down',
    label: ({ text }) => text.dispatch.moveDown,
    keys: ['j', 'ArrowDown'],
    shown: 'J ↓',
    may: () => true,
    run: ({ move }) => move(1),
  },
  {
    id: 'up',
    label: ({ text }) => text.dispatch.moveUp,
    keys: ['k', 'ArrowUp'],
    shown: 'K ↑',
    may: () => true,
    run: ({ move }) => move(-1),
  },
  priorityKey(1),
  priorityKey(2),
  priorityKey(3),
  priorityKey(4),
  {
    id: 'tab',
    label: ({ text }) => text.dispatch.otherTab,
    keys: ['t'],
    may: () => true,
    run: ({ otherTab }) => otherTab(),
  },
  { id: 'mute', label: ({ text }) => text.dispatch.mute, keys: ['m'], may: () => true, run: ({ mute }) => mute() },
  { id: 'help', label: ({ text }) => text.dispatch.allKeys, keys: ['?'], may: () => true, run: ({ help }) => help() },
]);

export function keyLabel(command: BoardCommand, text: Text): string {
  const key = command.shown ?? command.keys[0] ?? '';
  return key === ' ' ? text.dispatch.spaceKey : key.length === 1 ? key.toUpperCase() : key;
}
