// What can be done with a triage item: one object per command, for button, key and help.
import type { QueueItem } from '@/api/types';
import type { Text } from '@/i18n/text';
import { type Command, defineCommands } from '@/ui/commands';

export type TriageForm = 'change' | 'contacted' | 'attempted' | 'close' | 'second' | null;
export type TriageContext = {
  text: Text;
  me: string;
  permissions: readonly string[];
  item: QueueItem | undefined;
  busy: boolean;
  confirm: (item: QueueItem) => void;
  open: (form: TriageForm) => void;
};
type TriageCommand = Command<TriageContext>;

function onItem(
  action: string,
  check: (item: QueueItem, context: TriageContext) => true | string | false,
): TriageCommand['may'] {
  return (context) => {
    if (context.item === undefined || context.item.state === 'closed') return false;
    if (!context.permissions.includes(action)) return context.text.common.notAllowed;
    return context.busy ? context.text.dispatch.delivering : check(context.item, context);
  };
}

/** The button names what the contact completes. */
export function contactLabel(item: QueueItem | undefined, text: Text): string {
  const t = text.triage;
  if (item?.stage === 'follow_up') return t.setFollowedUp(item.follow_up);
  return item?.stage === 'interview' ? t.setInterviewed : t.setContacted;
}

export const confirm: TriageCommand = {
  id: 'confirm',
  label: ({ text }) => text.triage.confirm,
  keys: ['a'],
  may: onItem('queue_confirm', (item, { text }) => (item.state === 'confirmed' ? text.triage.isConfirmed : true)),
  run: ({ item, confirm: run }) => item && run(item),
};
export const change: TriageCommand = {
  id: 'change',
  label: ({ text }) => text.triage.change,
  keys: ['r'],
  may: onItem('queue_change', () => true),
  run: ({ open }) => open('change'),
};
export const second: TriageCommand = {
  id: 'second',
  label: ({ text }) => text.triage.second,
  keys: ['s'],
  may: onItem('queue_second', (item) => item.second_person != null),
  run: ({ open }) => open('second'),
};
export const contacted: TriageCommand = {
  id: 'contacted',
  label: ({ text, item }) => contactLabel(item, text),
  keys: ['c'],
  may: onItem('queue_contacted', () => true),
  run: ({ open }) => open('contacted'),
};
export const attempted: TriageCommand = {
  id: 'attempted',
  label: ({ text }) => text.triage.setAttempted,
  keys: ['n'],
  may: onItem('queue_contacted', () => true),
  run: ({ open }) => open('attempted'),
};
export const close: TriageCommand = {
  id: 'close',
  label: ({ text }) => text.triage.close,
  keys: ['x'],
  may: onItem('queue_close', (item, { text }) => (item.state === 'open' ? text.triage.confirmFirst : true)),
  run: ({ open }) => open('close'),
};

export const triageCommands = defineCommands<TriageContext>([confirm, change, second, contacted, attempted, close]);
