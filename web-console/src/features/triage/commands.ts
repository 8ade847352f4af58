// What can be done with a triage item: one object per command, for button, key and help.
import type { QueueItem } from '@/api/types';
import type { Text } from '@/i18n/text';
import { type Command, defineCommands } from '@/ui/commands';

export type TriageForm = 'change' | 'contacted' | 'close' | 'second' | null;
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
  label: ({ text }) => text.triage.setContacted,
  keys: ['c'],
  may: onItem('queue_contacted', (item, { text }) => (item.contacted_at ? text.triage.contacted : true)),
  run: ({ open }) => open('contacted'),
};
export const close: TriageCommand = {
  id: 'close',
  label: ({ text }) => text.triage.close,
  keys: ['x'],
  may: onItem('queue_close', (item, { text }) => (item.state === 'open' ? text.triage.confirmFirst : true)),
  run: ({ open }) => open('close'),
};

export const triageCommands = defineCommands<TriageContext>([confirm, change, second, contacted, close]);
