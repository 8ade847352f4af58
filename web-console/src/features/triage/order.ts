// How the triage queue stands: by deadline; what is overdue first.
import type { QueueItem } from '@/api/types';

export function byDeadline(a: QueueItem, b: QueueItem): number {
  return (a.due_at ?? '9999').localeCompare(b.due_at ?? '9999') || b.tier - a.tier || a.id.localeCompare(b.id);
}
export function isOverdue(item: QueueItem, now: number): boolean {
  return item.due_at !== null && Date.parse(item.due_at) < now && !item.contacted_at;
}
export function dueWithin(items: QueueItem[], now: number, ms: number): number {
  return items.filter(
    (item) => item.due_at !== null && Date.parse(item.due_at) >= now && Date.parse(item.due_at) - now < ms,
  ).length;
}
