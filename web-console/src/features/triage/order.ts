// How the triage queue stands: by deadline; what is overdue first.
import type { QueueItem } from '@/api/types';
import type { Text } from '@/i18n/text';

export function byDeadline(a: QueueItem, b: QueueItem): number {
  return (a.due_at ?? '9999').localeCompare(b.due_at ?? '9999') || b.tier - a.tier || a.id.localeCompare(b.id);
}
export function isOverdue(item: QueueItem, now: number): boolean {
  return item.due_at !== null && Date.parse(item.due_at) < now;
}
export function dueWithin(items: QueueItem[], now: number, ms: number): number {
  return items.filter(
    (item) => item.due_at !== null && Date.parse(item.due_at) >= now && Date.parse(item.due_at) - now < ms,
  ).length;
}
/** What the item waits for. */
export function stageWords(item: QueueItem, t: Text['triage']): string {
  return item.stage === 'follow_up' ? t.followUp(item.follow_up, item.follow_ups) : t.stages[item.stage];
}
