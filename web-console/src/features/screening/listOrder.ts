// Sorts a worklist into what comes first, what is for today and what is done, and finds people in it.
import type { Entry } from '@/api/outbox';
import type { Target, Timestamp } from '@/api/types';

export type Done = { key: string; name: string; entry?: Entry; receipt?: string; at?: Timestamp };
export type Parts = { overdue: Target[]; today: Target[]; done: Done[] };

export function sortTargets(targets: Target[], entries: readonly Entry[], today: string, search: string): Parts {
  const byTarget = new Map<string, Entry>();
  for (const entry of entries) if (entry.what === 'screening' && entry.target_id) byTarget.set(entry.target_id, entry);
  const wanted = search.trim().toLowerCase();
  const found = (target: Target) => {
    const { name, address, phone_tail: tail } = target.person;
    return wanted === '' || [name, address ?? '', tail ?? ''].some((field) => field.toLowerCase().includes(wanted));
  };
  const parts: Parts = { overdue: [], today: [], done: [] };
  for (const target of targets) {
    if (!found(target)) continue;
    const entry = byTarget.get(target.id);
    if (entry !== undefined || target.state === 'done') parts.done.push(doneOf(target, entry));
    else if (target.due_on < today) parts.overdue.push(target);
    else parts.today.push(target);
  }
  const byDue = (a: Target, b: Target) => a.due_on.localeCompare(b.due_on) || a.id.localeCompare(b.id);
  parts.overdue.sort(byDue);
  parts.today.sort(byDue);
  parts.done.sort((a, b) => rank(a) - rank(b) || (b.at ?? '').localeCompare(a.at ?? ''));
  return parts;
}

function doneOf(target: Target, entry: Entry | undefined): Done {
  const done = target.done ?? undefined;
  return {
    key: target.id,
    name: target.person.name,
    entry: entry?.state === 'received' && done !== undefined ? undefined : entry,
    receipt: done?.receipt ?? entry?.receipt,
    at: entry?.received_at ?? done?.received_at ?? entry?.saved_at,
  };
}

// What needs a person stands above what is on its way, and that above what has arrived.
function rank(done: Done): number {
  if (done.entry?.state === 'refused') return 0;
  return done.entry?.state === 'waiting' ? 1 : 2;
}

export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}
